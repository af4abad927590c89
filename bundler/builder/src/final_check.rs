//! A bundle's last check, with the very gas limit that its transaction will have.

use std::sync::Arc;

use alloy::primitives::{Address, Bytes};
use writ_admission::{Admission, AdmissionError, BundleCheck, BundleFault, Sending};
use writ_pool::PoolOperation;
use writ_simulation::PinnedBlock;
use writ_types::{EntryPoint, UserOperation, handle_ops_calldata};

use crate::transaction::bundle_gas;

/// A bundle that passes, in the bytes and with the gas limit that it will be sent with.
#[derive(Clone, Debug)]
pub(crate) struct Passing {
    pub(crate) operations: Vec<UserOperation>,
    pub(crate) input: Bytes,
    pub(crate) gas: u64,
    pub(crate) check: BundleCheck,
}

/// Checks operations as the transaction that they would be.
///
/// A gas limit that turns out too low is this bundler's mistake, and no operation's: what reverts is looked at once more
/// with all the gas there is, before anybody is blamed.
///
/// # Errors
/// As [`Admission::check_bundle`].
pub(crate) async fn check(
    admission: &Admission,
    entry_point: EntryPoint,
    bundled: &[Arc<PoolOperation>],
    block: &PinnedBlock,
    (origin, beneficiary): (Address, Address),
) -> Result<Result<Passing, BundleFault>, AdmissionError> {
    let operations: Vec<UserOperation> =
        bundled.iter().map(|pooled| pooled.operation.clone()).collect();
    let input = handle_ops_calldata(&operations, beneficiary)
        .map_err(|error| AdmissionError::Internal(error.to_string()))?;
    let mut gas = bundle_gas(&operations, &input, 0);
    let sending = Sending { origin, beneficiary, gas: Some(gas) };
    let mut checked = admission.check_bundle(entry_point, bundled, block, sending).await;
    if reverts(&checked) {
        let sending = Sending { gas: None, ..sending };
        checked = admission.check_bundle(entry_point, bundled, block, sending).await;
        if let Ok(Ok(check)) = &checked {
            tracing::warn!(gas, used = check.gas_used, "a bundle needs more gas than was counted");
            gas = bundle_gas(&operations, &input, check.gas_used);
        }
    }
    Ok(checked?.map(|check| Passing {
        gas: gas.saturating_add(check.data_gas),
        operations,
        input,
        check,
    }))
}

/// Whether what went wrong may come of too little gas.
fn reverts(checked: &Result<Result<BundleCheck, BundleFault>, AdmissionError>) -> bool {
    use AdmissionError::{BundleCall, HandleOps, Rejected, Reverted};
    let error = match checked {
        Ok(Ok(_)) => return false,
        Ok(Err(fault)) => &fault.error,
        Err(error) => error,
    };
    matches!(error, BundleCall(_) | HandleOps { .. } | Rejected(_) | Reverted(_))
}
