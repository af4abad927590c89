//! From a request to a handler: slots, time, parameters; whatever the methods are about.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use jsonrpsee::{RpcModule, core::RegisterMethodError, types::ErrorObjectOwned};
use serde::Serialize;
use tokio::{sync::Semaphore, time::timeout};
use writ_types::{ErrorCode, Refusal};

use crate::{error_object, params::Parameters};

/// Bounds on requests being worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodLimits {
    /// Longest time for one request.
    pub timeout: Duration,
    /// Most requests at once; further ones are refused.
    pub concurrent: usize,
}

impl Default for MethodLimits {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(20), concurrent: 256 }
    }
}

/// What every handler gets.
pub(crate) struct Context<B> {
    pub(crate) backend: Arc<B>,
    limits: MethodLimits,
    slots: Semaphore,
}

/// Methods being put together.
pub(crate) struct Methods<B>(RpcModule<Context<B>>);

impl<B: Send + Sync + 'static> Methods<B> {
    /// No methods yet, over `backend`.
    pub(crate) fn new(backend: Arc<B>, limits: MethodLimits) -> Self {
        let slots = Semaphore::new(limits.concurrent);
        Self(RpcModule::new(Context { backend, limits, slots }))
    }

    /// What was registered.
    pub(crate) fn finish(self) -> jsonrpsee::Methods {
        self.0.into()
    }

    /// Registers a method that reads its parameters and then works.
    pub(crate) fn add<R, F, W>(
        &mut self,
        name: &'static str,
        handler: F,
    ) -> Result<(), RegisterMethodError>
    where
        R: Serialize + Clone + Send + 'static,
        F: Fn(Arc<Context<B>>, Parameters) -> W + Clone + Send + Sync + 'static,
        W: Future<Output = Result<R, Refusal>> + Send + 'static,
    {
        self.0.register_async_method(name, move |params, context, _| {
            let handler = handler.clone();
            async move {
                let started = Instant::now();
                let result = bounded(&params, context, handler).await;
                if let Err(refusal) = &result {
                    tracing::debug!(method = name, %refusal, "refused");
                }
                let code = result.as_ref().err().map_or(0, |refusal| refusal.code.code());
                metrics::counter!(
                    "writ_rpc_requests_total", "method" => name, "code" => code.to_string()
                )
                .increment(1);
                metrics::histogram!("writ_rpc_request_seconds", "method" => name)
                    .record(started.elapsed());
                result.map_err(|refusal| -> ErrorObjectOwned { error_object(&refusal) })
            }
        })?;
        Ok(())
    }
}

async fn bounded<B, R, F, W>(
    params: &jsonrpsee::types::Params<'static>,
    context: Arc<Context<B>>,
    handler: F,
) -> Result<R, Refusal>
where
    F: Fn(Arc<Context<B>>, Parameters) -> W,
    W: Future<Output = Result<R, Refusal>>,
{
    let Ok(_slot) = context.slots.try_acquire() else {
        return Err(Refusal::new(ErrorCode::LimitExceeded, "busy: too many requests at once"));
    };
    let parameters = Parameters::read(params)?;
    let limit = context.limits.timeout;
    timeout(limit, handler(context.clone(), parameters)).await.unwrap_or_else(|_| {
        let message = format!("not finished within {} ms", limit.as_millis());
        Err(Refusal::new(ErrorCode::ResourceUnavailable, message))
    })
}
