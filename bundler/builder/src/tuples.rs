//! EIP-7702 tuples of a bundle: those that the chain would skip are left out, or take their operation with them.
//!
//! A tuple is bound to the account's nonce, which the account's own transactions raise. An operation whose tuple went
//! stale would fail in every bundle, so it has to be found before one is built, or the builder tries it for ever.

use std::{collections::HashSet, sync::Arc};

use alloy::primitives::B256;
use writ_admission::{Admission, AdmissionError, TupleUse};
use writ_pool::PoolOperation;
use writ_simulation::PinnedBlock;

/// Candidates by what becomes of their tuples.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// Those whose delegation will be in force, as they are pooled.
    pub(crate) ready: Vec<Arc<PoolOperation>>,
    /// Those of them whose tuple the chain would skip: their account is delegated as it says already.
    pub(crate) superfluous: HashSet<B256>,
    /// Those whose delegation cannot be had any more.
    pub(crate) spoiled: Vec<(Arc<PoolOperation>, AdmissionError)>,
}

/// Looks at every candidate's delegation at this block.
///
/// # Errors
/// When the state cannot be had.
pub(crate) async fn settle(
    admission: &Admission,
    candidates: Vec<Arc<PoolOperation>>,
    block: &PinnedBlock,
) -> Result<Settled, AdmissionError> {
    let mut settled = Settled::default();
    for pooled in candidates {
        match admission.tuple_use(&pooled, block).await {
            Ok(TupleUse::AsIs) => settled.ready.push(pooled),
            Ok(TupleUse::Superfluous) => {
                settled.superfluous.insert(pooled.hash);
                settled.ready.push(pooled);
            }
            Err(error) if error.is_transient() => return Err(error),
            Err(error) => settled.spoiled.push((pooled, error)),
        }
    }
    Ok(settled)
}

/// The operations as they go into a bundle: without tuples that the chain would skip. Of those that one account brings
/// it is all but the first, which raises the account's nonce.
///
/// They name the same delegate (AUTH-040), and all tuples apply before the first operation runs. Only the bundle is
/// without them: the pool keeps every operation as it came.
pub(crate) fn bundled(
    chosen: &[Arc<PoolOperation>],
    superfluous: &HashSet<B256>,
) -> Vec<Arc<PoolOperation>> {
    let mut delegated = HashSet::new();
    chosen
        .iter()
        .map(|pooled| {
            let operation = &pooled.operation;
            let skipped = operation.authorization.is_some()
                && (superfluous.contains(&pooled.hash) || !delegated.insert(operation.sender));
            if skipped { without_tuple(pooled) } else { pooled.clone() }
        })
        .collect()
}

fn without_tuple(pooled: &PoolOperation) -> Arc<PoolOperation> {
    let mut pooled = pooled.clone();
    pooled.operation.authorization = None;
    Arc::new(pooled)
}

#[cfg(test)]
mod tests {
    use alloy::{
        eips::eip7702::{Authorization, SignedAuthorization},
        primitives::{Address, Bytes, U256},
    };
    use writ_types::{EntryPoint, EntryPointVersion, UserOperation};

    use super::*;

    fn pooled(sender: u8, nonce: u64, tuple: bool) -> Arc<PoolOperation> {
        let inner =
            Authorization { chain_id: U256::ZERO, address: Address::repeat_byte(7), nonce: 0 };
        let tuple = tuple
            .then(|| SignedAuthorization::new_unchecked(inner, 0, U256::from(1), U256::from(1)));
        let operation = UserOperation {
            version: EntryPointVersion::V08,
            sender: Address::repeat_byte(sender),
            nonce: U256::from(nonce),
            factory: None,
            call_data: Bytes::new(),
            call_gas_limit: 1,
            verification_gas_limit: 1,
            pre_verification_gas: U256::ZERO,
            max_fee_per_gas: 1,
            max_priority_fee_per_gas: 1,
            paymaster: None,
            signature: Bytes::new(),
            authorization: tuple,
        };
        let entry_point = EntryPoint::canonical(EntryPointVersion::V08);
        Arc::new(PoolOperation::new(operation, entry_point, B256::repeat_byte(sender)))
    }

    #[test]
    fn each_account_brings_one_tuple_and_nothing_else_changes() {
        let chosen = vec![
            pooled(1, 0, false),
            pooled(1, 1, true),
            pooled(2, 0, true),
            pooled(1, 2, true),
            pooled(3, 0, false),
            pooled(4, 0, true),
        ];
        let superfluous = HashSet::from([B256::repeat_byte(4)]);
        let left = bundled(&chosen, &superfluous);
        let tuples: Vec<_> = left.iter().map(|one| one.operation.authorization.is_some()).collect();
        assert_eq!(tuples, [false, true, true, false, false, false]);
        for (before, after) in chosen.iter().zip(&left) {
            let mut before = (**before).clone();
            before.operation.authorization = after.operation.authorization.clone();
            assert_eq!(before, **after);
        }
    }
}
