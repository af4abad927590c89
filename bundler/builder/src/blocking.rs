//! The pool's writes wait for the disk: they run where waiting is allowed.

use std::sync::Arc;

use writ_pool::{Pool, PoolError};

use crate::BuilderError;

/// Runs `work` on a blocking thread.
pub(crate) async fn with_pool<T: Send + 'static>(
    pool: &Arc<Pool>,
    work: impl FnOnce(&Pool) -> Result<T, PoolError> + Send + 'static,
) -> Result<T, BuilderError> {
    let pool = pool.clone();
    match tokio::task::spawn_blocking(move || work(&pool)).await {
        Ok(done) => Ok(done?),
        // The runtime is being shut down.
        Err(_) => Err(BuilderError::Stopped),
    }
}
