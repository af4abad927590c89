//! How the rest of the node talks to the builder.

use alloy::primitives::TxHash;
use tokio::sync::{mpsc, oneshot};
use writ_simulation::NodeError;

use crate::{BuilderError, BundlingMode, FeeRules, GasPrices, Health, Lookup, chain::Chain};

/// What the builder can be asked.
#[derive(Debug)]
pub(crate) enum Request {
    /// Build and send a bundle now; answered with its transaction.
    SendNow(oneshot::Sender<Result<Option<TxHash>, BuilderError>>),
    /// Change the mode.
    SetMode(BundlingMode),
}

/// A handle on a running builder. Clones reach the same one.
#[derive(Clone, Debug)]
pub struct BuilderHandle {
    pub(crate) requests: mpsc::Sender<Request>,
    pub(crate) chain: Chain,
    pub(crate) fees: FeeRules,
    pub(crate) health: Health,
    pub(crate) lookup: Lookup,
}

impl BuilderHandle {
    /// Builds and sends a bundle now, whatever the mode, after the one in flight; its transaction, or `None` when there
    /// was nothing to include or another bundle did not settle in time. Answers when it has settled, or did not within
    /// [`BuilderConfig::settle_limit`](crate::BuilderConfig::settle_limit).
    ///
    /// # Errors
    /// What stopped the builder on the way.
    pub async fn send_bundle_now(&self) -> Result<Option<TxHash>, BuilderError> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(Request::SendNow(answer)).await.map_err(|_| BuilderError::Stopped)?;
        answered.await.map_err(|_| BuilderError::Stopped)?
    }

    /// Changes when bundles are built.
    ///
    /// # Errors
    /// When the builder has stopped.
    pub async fn set_mode(&self, mode: BundlingMode) -> Result<(), BuilderError> {
        self.requests.send(Request::SetMode(mode)).await.map_err(|_| BuilderError::Stopped)
    }

    /// What wallets should offer now.
    ///
    /// # Errors
    /// When the node does not answer.
    pub async fn prices(&self) -> Result<GasPrices, NodeError> {
        self.chain.prices(&self.fees).await
    }

    /// What is wrong right now.
    #[must_use]
    pub const fn health(&self) -> &Health {
        &self.health
    }

    /// Answers about single operations.
    #[must_use]
    pub const fn lookup(&self) -> &Lookup {
        &self.lookup
    }
}
