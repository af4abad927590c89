//! From the crates' own types to what the RPC answers.

use alloy::primitives::{Address, Bytes, U256};
use writ_attestation::{Bounds, CallAction, wire::BlockRef};
use writ_gateway::{Decision, Verdict};
use writ_pool::{PoolOperation, StatusRecord};
use writ_rpc::{AttestedBlock, Bound, CallActionView, OperationStatus};
use writ_simulation::Overrides;
use writ_types::AssetKind;

/// State that the caller wants pretended, as the simulation takes it.
///
/// Replacing all of an account's storage is refused: a simulation reads the rest from the chain.
pub(super) fn overrides(
    given: writ_rpc::StateOverrides,
) -> Result<Overrides, writ_types::FieldError> {
    let mut overrides = Overrides::new();
    for (address, change) in given {
        if change.state.is_some() {
            return Err(writ_types::FieldError::new(
                format!("stateOverride.{address}.state"),
                "replacing all storage is not supported: give the slots in stateDiff",
            ));
        }
        if let Some(balance) = change.balance {
            overrides = overrides.with_balance(address, balance);
        }
        if let Some(nonce) = change.nonce {
            overrides = overrides.with_nonce(address, nonce);
        }
        if let Some(code) = change.code {
            overrides = overrides.with_code(address, code);
        }
        for (slot, value) in change.state_diff {
            overrides = overrides.with_storage(address, slot.into(), value.into());
        }
    }
    Ok(overrides)
}

pub(super) fn bounds(bounds: &Bounds) -> Vec<Bound> {
    bounds
        .as_slice()
        .iter()
        .map(|bound| {
            let (asset, kind) = (bound.asset, bound.asset.kind());
            Bound {
                kind: kind as u8,
                asset: asset.contract(),
                id: (kind == AssetKind::Erc1155).then(|| asset.id()),
                spender: kind.is_granted().then(|| asset.grantee()),
                max_out: U256::from(bound.max_out),
            }
        })
        .collect()
}

pub(super) const fn block(block: BlockRef) -> AttestedBlock {
    AttestedBlock { number: block.number, hash: block.hash }
}

/// The action of a call as the RPC shows it.
pub(super) const fn call_action(action: &CallAction) -> CallActionView {
    CallActionView {
        account: action.account,
        caller: action.caller,
        target: action.target,
        value: action.value,
        call_data: action.call_data,
        path: action.path,
        operation: action.operation,
        context: action.context,
        nonce: action.nonce,
    }
}

/// A recorded decision as the RPC shows it.
pub(super) fn decision(decision: Decision) -> writ_rpc::Decision {
    let mut shown = writ_rpc::Decision {
        decision: writ_rpc::Verdict::Deny,
        evidence: decision.evidence_hash,
        document: Some(decision.evidence),
        user_op_hash: decision.user_op_hash,
        call_action: decision.action.as_call().map(call_action),
        policy: decision.policy,
        reasons: Vec::new(),
        bounds: Vec::new(),
        block: block(decision.block),
        valid_after: 0,
        valid_until: 0,
        signers: Vec::new(),
        signatures: Vec::new(),
    };
    let mut sign = |operator: Address, signature: Bytes| {
        shown.signers.push(operator);
        shown.signatures.push(signature);
    };
    match decision.verdict {
        Verdict::Allowed { attestation, bounds: list, signers, .. } => {
            for signed in signers {
                sign(signed.operator, signed.signature.pack().to_vec().into());
            }
            shown.decision = writ_rpc::Verdict::Allow;
            shown.bounds = bounds(&list);
            shown.valid_after = attestation.valid_after;
            shown.valid_until = attestation.valid_until;
        }
        Verdict::Denied { reasons, denials } => {
            for signed in denials {
                sign(signed.operator, signed.signature.pack().to_vec().into());
            }
            shown.reasons = reasons;
        }
    }
    shown
}

/// Where an operation is, as the RPC shows it.
pub(super) fn status(record: StatusRecord, operation: Option<&PoolOperation>) -> OperationStatus {
    let block_number = match record.status {
        writ_pool::Status::Included { block_number, .. }
        | writ_pool::Status::Failed { block_number, .. } => Some(block_number),
        _ => None,
    };
    OperationStatus {
        status: record.status.name().to_owned(),
        reason: record.reason,
        transaction_hash: record.status.transaction(),
        block_number,
        gate: operation.map(|operation| {
            match (&operation.gate, &operation.detached) {
                (Some(_), _) => "enforced",
                (None, Some(_)) => "gated",
                (None, None) => "none",
            }
            .to_owned()
        }),
        decisions: operation.map_or_else(Vec::new, |operation| {
            let enforced = operation.gate.iter().map(|gate| gate.evidence);
            enforced.chain(operation.detached.iter().map(|detached| detached.evidence)).collect()
        }),
    }
}
