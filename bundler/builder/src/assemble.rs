//! From pooled operations to a bundle that passes as a whole.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use alloy::{
    eips::eip7702::SignedAuthorization,
    primitives::{Address, B256},
};
use writ_admission::{Admission, AdmissionError, BundleFault, Renewal, after_validation};
use writ_pool::{Pool, PoolError, PoolOperation, Sanction};
use writ_simulation::PinnedBlock;
use writ_types::{Constants, EntryPoint, Refusal};

use crate::{
    BuilderConfig, BuilderError, Call, Fees, GasPrices,
    blocking::with_pool,
    company::Company,
    final_check::{self, Passing},
    tuples::{self, Settled},
};

/// Bytes of `handleOps` calldata around the operations: selector, offset, beneficiary, length. (An operation encoded by
/// itself has an offset before it; so it has in the array.)
const BYTES_AROUND: usize = 100;

/// A bundle, checked and ready to be signed.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    pub(crate) operations: Vec<B256>,
    pub(crate) call: Call,
    pub(crate) authorizations: Vec<SignedAuthorization>,
    pub(crate) fees: Fees,
}

/// Builds bundles.
#[derive(Debug)]
pub(crate) struct Assembler {
    pub(crate) admission: Admission,
    pub(crate) origin: Address,
    pub(crate) beneficiary: Address,
    /// EntryPoint to begin with, so that each gets its turn.
    pub(crate) turn: usize,
    /// How often each operation was in a bundle that reverted on the chain.
    pub(crate) reverts: HashMap<B256, u8>,
}

impl Assembler {
    /// The best bundle of the next EntryPoint that has one.
    pub(crate) async fn assemble(
        &mut self,
        block: &PinnedBlock,
        prices: &GasPrices,
        config: &BuilderConfig,
    ) -> Result<Option<Bundle>, BuilderError> {
        let entry_points = self.admission.entry_points().to_vec();
        for step in 0..entry_points.len() {
            let place = (self.turn + step) % entry_points.len();
            if let Some(bundle) = self.of(entry_points[place], block, prices, config).await? {
                self.turn = place + 1;
                return Ok(Some(bundle));
            }
        }
        Ok(None)
    }

    async fn of(
        &self,
        entry_point: EntryPoint,
        block: &PinnedBlock,
        prices: &GasPrices,
        config: &BuilderConfig,
    ) -> Result<Option<Bundle>, BuilderError> {
        let pool = self.admission.pool().clone();
        let base_fee = prices.base_fee_per_gas;
        let mut candidates = pool.best(entry_point.address, base_fee, config.max_operations * 4);
        candidates.retain(|pooled| {
            pooled.operation.effective_priority_fee(base_fee) >= config.fees.min_priority_fee
        });
        let Settled { ready: mut candidates, superfluous, spoiled } =
            tuples::settle(&self.admission, candidates, block).await?;
        for (pooled, error) in spoiled {
            let sanctions = after_validation(&error, &pooled);
            drop_operation(&pool, &pooled, error, sanctions).await?;
        }
        let mut excluded = HashSet::new();
        let mut validated = HashSet::new();
        let constants = self.admission.rules().constants;
        let mut limits = Limits::new(config, &constants, block.header().gas_limit);
        loop {
            let mut company = Company::new(&constants, &pool);
            let chosen = select(&candidates, &excluded, &limits, &mut company);
            if chosen.is_empty() {
                return Ok(None);
            }
            let mut renewal = Round { candidates: &mut candidates, excluded: &mut excluded };
            if self.validate_again(&pool, &chosen, &mut validated, &mut renewal, block).await? {
                continue;
            }
            let sends = (self.origin, self.beneficiary);
            let bundled = tuples::bundled(&chosen, &superfluous);
            match final_check::check(&self.admission, entry_point, &bundled, block, sends).await {
                Ok(Ok(passing)) => {
                    let (at, sanctions) = (entry_point.address, passing.check.sanctions.clone());
                    if !sanctions.is_empty() {
                        with_pool(&pool, move |pool| pool.sanction(at, &sanctions)).await?;
                    }
                    return Ok(Some(finish(entry_point, &bundled, passing, prices, config)));
                }
                Err(error) if error.is_transient() => return Err(error.into()),
                // Too much for one simulation: fewer at a time, and one that is too much alone goes.
                Err(_) if chosen.len() > 1 => limits.operations = chosen.len() / 2,
                Err(error) => {
                    excluded.insert(chosen[0].hash);
                    drop_operation(&pool, &chosen[0], error, Vec::new()).await?;
                }
                Ok(Err(fault)) => {
                    let culprit = chosen[fault.index].clone();
                    excluded.insert(culprit.hash);
                    let alone = chosen.len() == 1;
                    self.expel(&pool, &culprit, fault, alone, block).await?;
                }
            }
        }
    }

    /// The second validation of those of `chosen` that were not validated on this block yet. Whether some of them
    /// failed, and were dropped, or turned out different, so that the choice has to be made again.
    async fn validate_again(
        &self,
        pool: &Arc<Pool>,
        chosen: &[Arc<PoolOperation>],
        validated: &mut HashSet<B256>,
        round: &mut Round<'_>,
        block: &PinnedBlock,
    ) -> Result<bool, BuilderError> {
        let mut changed = false;
        if chosen.iter().any(|pooled| !validated.contains(&pooled.hash)) {
            self.admission.prefetch_again(chosen, block).await?;
        }
        for pooled in chosen {
            if !validated.insert(pooled.hash) {
                continue;
            }
            match self.admission.validate_again(pooled, block).await {
                Ok(Renewal::Unchanged) => {}
                Ok(Renewal::Renewed(renewed)) => {
                    changed |= round.replace(&renewed);
                    let refreshed = with_pool(pool, move |pool| pool.refresh(*renewed)).await;
                    if !matches!(refreshed, Ok(()) | Err(BuilderError::Pool(PoolError::Unknown(_))))
                    {
                        return refreshed.map(|()| changed);
                    }
                }
                Err(error) if error.is_transient() => return Err(error.into()),
                Err(error) => {
                    // What comes after it in its queue is not judged without it: it waits.
                    round.excluded.insert(pooled.hash);
                    let sanctions = after_validation(&error, pooled);
                    drop_operation(pool, pooled, error, sanctions).await?;
                    return Ok(true);
                }
            }
        }
        Ok(changed)
    }

    /// Drops an operation that fails by itself, or that breaks the bundle by a revert although it had passed by itself;
    /// one that only does not get along with the others stays for later.
    async fn expel(
        &self,
        pool: &Arc<Pool>,
        culprit: &Arc<PoolOperation>,
        fault: BundleFault,
        alone: bool,
        block: &PinnedBlock,
    ) -> Result<(), BuilderError> {
        let BundleFault { error, sanctions, .. } = fault;
        if !sanctions.is_empty() {
            return drop_operation(pool, culprit, error, sanctions).await;
        }
        let error = if alone {
            error
        } else {
            match self.admission.revalidate(culprit, block).await {
                Ok(_) => {
                    tracing::info!(hash = %culprit.hash, %error, "left for another bundle");
                    return Ok(());
                }
                Err(error) if error.is_transient() => return Err(error.into()),
                Err(error) => error,
            }
        };
        let sanctions = after_validation(&error, culprit);
        drop_operation(pool, culprit, error, sanctions).await
    }
}

fn finish(
    entry_point: EntryPoint,
    chosen: &[Arc<PoolOperation>],
    passing: Passing,
    prices: &GasPrices,
    config: &BuilderConfig,
) -> Bundle {
    let Passing { operations, input, gas, .. } = passing;
    // Nobody in the bundle pays less per gas than the bundle does, up to the floor that admission demands.
    let tip = operations
        .iter()
        .map(|operation| operation.effective_priority_fee(prices.base_fee_per_gas))
        .min();
    let mut fees = prices.bundle(&config.fees);
    fees.max_priority_fee_per_gas = fees
        .max_priority_fee_per_gas
        .min(tip.unwrap_or(0))
        .max(config.fees.min_priority_fee.min(fees.max_fee_per_gas));
    Bundle {
        operations: chosen.iter().map(|pooled| pooled.hash).collect(),
        call: Call { to: entry_point.address, input, gas },
        authorizations: operations
            .into_iter()
            .filter_map(|operation| operation.authorization)
            .collect(),
        fees,
    }
}

/// Candidates of one EntryPoint while a bundle is made of them.
struct Round<'a> {
    candidates: &'a mut [Arc<PoolOperation>],
    excluded: &'a mut HashSet<B256>,
}

impl Round<'_> {
    /// Puts a renewed operation in its place. Whether it differs in what decides with whom it can be in a bundle.
    fn replace(&mut self, renewed: &PoolOperation) -> bool {
        let place = self.candidates.iter_mut().find(|pooled| pooled.hash == renewed.hash);
        let Some(place) = place else { return false };
        *place = Arc::new(renewed.clone());
        true
    }
}

/// Drops an operation with the words and the code that its sender would have been refused with, and in the same event
/// lets its entities' reputation pay for it.
pub(crate) async fn drop_operation(
    pool: &Arc<Pool>,
    pooled: &PoolOperation,
    error: AdmissionError,
    sanctions: Vec<Sanction>,
) -> Result<(), BuilderError> {
    let (hash, at) = (pooled.hash, pooled.entry_point.address);
    let refusal = Refusal::from(error);
    let reason = format!("{} ({})", refusal.message, refusal.code);
    metrics::counter!("writ_operations_dropped_total").increment(1);
    tracing::info!(%hash, %reason, ?sanctions, "operation dropped");
    with_pool(pool, move |pool| match pool.remove_with(hash, &reason, &sanctions) {
        // It went another way in the meantime (included, replaced); a ban stands all the same.
        Err(PoolError::Unknown(_) | PoolError::Transition { .. }) => pool.sanction(at, &sanctions),
        other => other,
    })
    .await
}

/// Bounds of one bundle.
#[derive(Clone, Copy, Debug)]
struct Limits {
    operations: usize,
    gas: u64,
    bytes: usize,
}

impl Limits {
    /// The configuration's, below the block's gas and MAX_BUNDLE_SIZE (LIM-040).
    fn new(config: &BuilderConfig, constants: &Constants, block_gas: u64) -> Self {
        Self {
            operations: config.max_operations,
            gas: config.max_gas.min(block_gas),
            bytes: config.max_bytes.min(constants.max_bundle_size),
        }
    }
}

/// The first operations that fit and get along, in order. When one is left out, so is what comes after it in its queue.
fn select(
    candidates: &[Arc<PoolOperation>],
    excluded: &HashSet<B256>,
    limits: &Limits,
    company: &mut Company<'_>,
) -> Vec<Arc<PoolOperation>> {
    let mut chosen: Vec<Arc<PoolOperation>> = Vec::new();
    let mut closed = HashSet::new();
    let (mut gas, mut bytes) = (0u64, BYTES_AROUND);
    for pooled in candidates {
        let operation = &pooled.operation;
        let queue = (operation.sender, operation.nonce_key());
        let more_gas = gas.saturating_add(operation.total_gas_limit().saturating_to());
        let more_bytes = bytes.saturating_add(operation.packed_size());
        let fits = chosen.len() < limits.operations
            && more_gas <= limits.gas
            && more_bytes <= limits.bytes;
        let may = !closed.contains(&queue) && !excluded.contains(&pooled.hash) && fits;
        if !may || !company.join(pooled) {
            closed.insert(queue);
            continue;
        }
        (gas, bytes) = (more_gas, more_bytes);
        chosen.push(pooled.clone());
    }
    in_order_of_history(chosen)
}

/// Puts each sender's attested operations in the order of its history, in the places that they have together.
fn in_order_of_history(mut chosen: Vec<Arc<PoolOperation>>) -> Vec<Arc<PoolOperation>> {
    let mut places: HashMap<Address, Vec<usize>> = HashMap::new();
    for (place, pooled) in chosen.iter().enumerate() {
        places.entry(pooled.operation.sender).or_default().push(place);
    }
    for places in places.into_values().filter(|places| places.len() > 1) {
        let mut own: Vec<_> = places.iter().map(|place| chosen[*place].clone()).collect();
        own.sort_by_key(|pooled| pooled.gate.as_ref().map_or(0, |gate| gate.sequence));
        for (place, pooled) in places.into_iter().zip(own) {
            chosen[place] = pooled;
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Bytes, U256};
    use writ_pool::GateRecord;
    use writ_types::{EntryPointVersion, UserOperation, handle_ops_calldata};

    use super::*;

    fn pooled(tag: u8, sender: u8, key: u64, sequence: u64, gas: u128) -> Arc<PoolOperation> {
        let operation = UserOperation {
            version: EntryPointVersion::V08,
            sender: Address::repeat_byte(sender),
            nonce: (U256::from(key) << 64) | U256::from(sequence),
            factory: None,
            call_data: Bytes::new(),
            call_gas_limit: gas,
            verification_gas_limit: 0,
            pre_verification_gas: U256::ZERO,
            max_fee_per_gas: 1,
            max_priority_fee_per_gas: 1,
            paymaster: None,
            signature: Bytes::new(),
            authorization: None,
        };
        let entry_point = EntryPoint::canonical(EntryPointVersion::V08);
        Arc::new(PoolOperation::new(operation, entry_point, B256::repeat_byte(tag)))
    }

    /// What is selected when nobody's reputation is known.
    fn select(
        candidates: &[Arc<PoolOperation>],
        excluded: &HashSet<B256>,
        limits: &Limits,
    ) -> Vec<Arc<PoolOperation>> {
        let folder = tempfile::tempdir().expect("a folder");
        let pool = Pool::open(folder.path(), writ_pool::PoolConfig::new(1)).expect("a pool");
        super::select(candidates, excluded, limits, &mut Company::new(&Constants::TEXT, &pool))
    }

    fn tags(chosen: &[Arc<PoolOperation>]) -> Vec<u8> {
        chosen.iter().map(|pooled| pooled.hash[0]).collect()
    }

    const WIDE: Limits = Limits { operations: 10, gas: 1_000, bytes: 100_000 };

    #[test]
    fn what_does_not_fit_takes_its_queue_with_it() {
        let candidates = [
            pooled(1, 1, 0, 0, 600),
            pooled(2, 2, 0, 0, 600),
            pooled(3, 2, 0, 1, 100),
            pooled(4, 3, 0, 0, 100),
        ];
        assert_eq!(tags(&select(&candidates, &HashSet::new(), &WIDE)), [1, 4]);
        let few = Limits { operations: 1, ..WIDE };
        assert_eq!(tags(&select(&candidates, &HashSet::new(), &few)), [1]);
    }

    /// What fits into calldata of so many bytes.
    fn fitting(bytes: usize) -> Vec<u8> {
        let candidates = [pooled(1, 1, 0, 0, 1), pooled(2, 2, 0, 0, 1)];
        tags(&select(&candidates, &HashSet::new(), &Limits { bytes, ..WIDE }))
    }

    /// Bytes of the calldata of both.
    fn size_of_two() -> usize {
        let operations =
            [pooled(1, 1, 0, 0, 1), pooled(2, 2, 0, 0, 1)].map(|pooled| pooled.operation.clone());
        handle_ops_calldata(&operations, Address::ZERO).expect("encodes").len()
    }

    #[test]
    fn lim_040_a_bundles_calldata_may_be_exactly_so_long() {
        assert_eq!(fitting(size_of_two()), [1, 2]);
    }

    #[test]
    fn lim_040_a_byte_more_is_too_long() {
        assert_eq!(fitting(size_of_two() - 1), [1]);
        let config = BuilderConfig { max_bytes: usize::MAX, ..BuilderConfig::default() };
        assert_eq!(Limits::new(&config, &Constants::TEXT, 1).bytes, 262_144);
    }

    #[test]
    fn what_is_excluded_takes_its_queue_with_it_too() {
        let candidates = [pooled(1, 1, 0, 0, 1), pooled(2, 1, 0, 1, 1), pooled(3, 1, 7, 0, 1)];
        let excluded = HashSet::from([B256::repeat_byte(1)]);
        assert_eq!(tags(&select(&candidates, &excluded, &WIDE)), [3]);
    }

    #[test]
    fn one_history_has_one_order() {
        let attested = |tag, key, sequence| {
            let mut operation = (*pooled(tag, 1, key, 0, 1)).clone();
            operation.gate = Some(GateRecord {
                evidence: B256::ZERO,
                policy: B256::ZERO,
                operator_set: Address::ZERO,
                revision: 0,
                epoch: 0,
                sequence,
                block_number: 0,
                block_hash: B256::ZERO,
                valid_after: 0,
                valid_until: 0,
            });
            Arc::new(operation)
        };
        let candidates = [attested(1, 0, 6), pooled(2, 2, 0, 0, 1), attested(3, 1, 5)];
        assert_eq!(tags(&select(&candidates, &HashSet::new(), &WIDE)), [3, 2, 1]);
    }
}
