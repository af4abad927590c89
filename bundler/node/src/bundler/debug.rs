//! The bundler behind `debug_bundler_*`.

use alloy::primitives::{Address, B256};
use writ_admission::Admission;
use writ_builder::{BuilderHandle, BundlingMode};
use writ_pool::{Counters, Pool, PoolError};
use writ_rpc::{
    Bundling, DebugBackend, ReputationEntry, ReputationSetting, ReputationStatus, StakeStatus,
    StakeView,
};
use writ_types::{EntryPoint, ErrorCode, ParseLimits, Refusal, UserOperation};

/// Everything that a tester may look at and turn.
#[derive(Debug)]
pub(super) struct NodeDebug {
    pub(super) admission: Admission,
    pub(super) builder: BuilderHandle,
}

fn internal(error: impl std::fmt::Display) -> Refusal {
    Refusal::new(ErrorCode::Internal, error.to_string())
}

impl NodeDebug {
    /// The pool may block on the disk.
    async fn with_pool<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Pool) -> Result<T, PoolError> + Send + 'static,
    ) -> Result<T, Refusal> {
        let pool = self.admission.pool().clone();
        Ok(tokio::task::spawn_blocking(move || work(&pool)).await.map_err(internal)??)
    }
}

impl DebugBackend for NodeDebug {
    fn entry_points(&self) -> Vec<EntryPoint> {
        self.admission.entry_points().to_vec()
    }

    fn parse_limits(&self) -> ParseLimits {
        ParseLimits::default()
    }

    async fn clear_mempool(&self) -> Result<(), Refusal> {
        self.with_pool(Pool::clear_operations).await
    }

    async fn clear_reputation(&self) -> Result<(), Refusal> {
        self.with_pool(Pool::clear_reputations).await
    }

    async fn dump_mempool(&self, at: EntryPoint) -> Result<Vec<UserOperation>, Refusal> {
        let pooled = self.admission.pool().all();
        let here = pooled.into_iter().filter(|(pooled, _)| pooled.entry_point == at);
        Ok(here.map(|(pooled, _)| pooled.operation.clone()).collect())
    }

    async fn dump_reputation(&self, at: EntryPoint) -> Result<Vec<ReputationEntry>, Refusal> {
        let known = self.admission.pool().reputations(at.address);
        let shown = known.into_iter().map(|entry| ReputationEntry {
            address: entry.address,
            ops_seen: entry.counters.seen,
            ops_included: entry.counters.included,
            status: match entry.status {
                writ_pool::ReputationStatus::Ok => ReputationStatus::Ok,
                writ_pool::ReputationStatus::Throttled => ReputationStatus::Throttled,
                writ_pool::ReputationStatus::Banned => ReputationStatus::Banned,
            },
        });
        Ok(shown.collect())
    }

    async fn set_reputation(
        &self,
        at: EntryPoint,
        settings: Vec<ReputationSetting>,
    ) -> Result<(), Refusal> {
        let counters: Vec<(Address, Counters)> = settings
            .into_iter()
            .map(|set| (set.address, Counters { seen: set.ops_seen, included: set.ops_included }))
            .collect();
        self.with_pool(move |pool| pool.set_reputations(at.address, &counters)).await
    }

    async fn send_bundle_now(&self) -> Result<Option<B256>, Refusal> {
        self.builder.send_bundle_now().await.map_err(internal)
    }

    async fn set_bundling(&self, bundling: Bundling) -> Result<(), Refusal> {
        let mode = match bundling {
            Bundling::Auto => BundlingMode::Auto,
            Bundling::Manual => BundlingMode::Manual,
        };
        self.builder.set_mode(mode).await.map_err(internal)
    }

    async fn stake_status(&self, addr: Address, at: EntryPoint) -> Result<StakeStatus, Refusal> {
        let (info, is_staked) = self.admission.stake_of(addr, at.address).await?;
        let stake_info =
            StakeView { addr, stake: info.stake, unstake_delay_sec: info.unstake_delay };
        Ok(StakeStatus { stake_info, is_staked })
    }

    async fn add_user_operations(
        &self,
        at: EntryPoint,
        operations: Vec<UserOperation>,
    ) -> Result<(), Refusal> {
        for operation in operations {
            self.admission.admit_unvalidated(operation, at.address).await?;
        }
        Ok(())
    }
}
