//! Naming what a genuine attestation was moved away from.
//!
//! A quorum's signatures say nothing about *why* they fail to verify: the digest is simply another one. When the decision
//! that the suffix's evidence belongs to was recorded, comparing the two says which field differs.

use serde::{Deserialize, Serialize};

use crate::{
    Attestation, AttestationError, Bounds, Domain, OperatorSet, Suffix, UserOperationAction,
};

/// A field in which an operation, or the suffix on it, differs from the recorded decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each variant is the field of that name")]
pub enum Mismatch {
    Chain,
    Module,
    Account,
    EntryPoint,
    Nonce,
    InitCode,
    CallData,
    PaymasterAndData,
    AccountCode,
    CallGasLimit,
    Policy,
    MaxCost,
    Bounds,
    Revision,
    Epoch,
    Sequence,
    Level,
    Block,
    Validity,
    Signature,
}

impl Mismatch {
    /// The field's name on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::Module => "module",
            Self::Account => "account",
            Self::EntryPoint => "entryPoint",
            Self::Nonce => "nonce",
            Self::InitCode => "initCode",
            Self::CallData => "callData",
            Self::PaymasterAndData => "paymasterAndData",
            Self::AccountCode => "accountCode",
            Self::CallGasLimit => "callGasLimit",
            Self::Policy => "policy",
            Self::MaxCost => "maxCost",
            Self::Bounds => "bounds",
            Self::Revision => "revision",
            Self::Epoch => "epoch",
            Self::Sequence => "sequence",
            Self::Level => "level",
            Self::Block => "block",
            Self::Validity => "validity",
            Self::Signature => "signature",
        }
    }
}

/// What a recorded attestation was about: the pre-image of what was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// Chain and enforcing contract.
    pub domain: Domain,
    /// The action.
    pub action: UserOperationAction,
    /// The statement over it.
    pub attestation: Attestation,
    /// The bounds list behind the statement's hash.
    pub bounds: Bounds,
}

/// EIP-155 ids of chains that bundlers serve, and of their test networks.
const KNOWN_CHAINS: [u64; 24] = [
    1, 10, 56, 100, 130, 137, 324, 480, 5_000, 8_453, 31_337, 34_443, 42_161, 42_220, 43_114,
    59_144, 81_457, 84_532, 421_614, 534_352, 560_048, 7_777_777, 11_155_111, 11_155_420,
];

/// The chain that the quorum signed for, when it signed exactly this on another well-known one.
///
/// Nobody here can have the record of such a decision: it was made elsewhere. One signature is recovered per chain that is
/// tried.
pub fn other_chain(
    suffix: &Suffix,
    action: &UserOperationAction,
    policy: alloy::primitives::B256,
    domain: Domain,
    operators: &OperatorSet,
) -> Option<u64> {
    let signature = suffix.signatures.first()?;
    let operator = operators.get(signature.index)?;
    let attestation = suffix.attestation(action.hash(), policy);
    KNOWN_CHAINS.into_iter().filter(|chain_id| *chain_id != domain.chain_id).find(|chain_id| {
        let digest = attestation.digest(&Domain { chain_id: *chain_id, ..domain });
        digest.and_then(|digest| signature.recover(digest)) == Some(operator)
    })
}

/// Says in what `action` under `policy` and `domain`, carrying `suffix`, differs from what was recorded for the suffix's
/// evidence. Everything equal means that the signatures themselves were damaged.
pub fn diagnose(
    suffix: &Suffix,
    action: &UserOperationAction,
    policy: alloy::primitives::B256,
    domain: Domain,
    recorded: &Subject,
) -> AttestationError {
    let (was, signed) = (&recorded.action, &recorded.attestation);
    let checks = [
        (domain.chain_id == recorded.domain.chain_id, Mismatch::Chain),
        (domain.module == recorded.domain.module, Mismatch::Module),
        (action.account == was.account, Mismatch::Account),
        (action.entry_point == was.entry_point, Mismatch::EntryPoint),
        (action.nonce == was.nonce, Mismatch::Nonce),
        (action.init_code == was.init_code, Mismatch::InitCode),
        (action.call_data == was.call_data, Mismatch::CallData),
        (action.paymaster_and_data == was.paymaster_and_data, Mismatch::PaymasterAndData),
        (action.account_code == was.account_code, Mismatch::AccountCode),
        (action.call_gas_limit == was.call_gas_limit, Mismatch::CallGasLimit),
        (policy == signed.policy, Mismatch::Policy),
        (action.max_cost == was.max_cost, Mismatch::MaxCost),
        (suffix.bounds == recorded.bounds, Mismatch::Bounds),
        (suffix.revision == signed.revision, Mismatch::Revision),
        (suffix.epoch == signed.epoch, Mismatch::Epoch),
        (suffix.sequence == signed.sequence, Mismatch::Sequence),
        (suffix.level == signed.level, Mismatch::Level),
        (
            (suffix.block_number, suffix.block_hash) == (signed.block_number, signed.block_hash),
            Mismatch::Block,
        ),
        (
            (suffix.valid_after, suffix.valid_until) == (signed.valid_after, signed.valid_until),
            Mismatch::Validity,
        ),
    ];
    let mut fields: Vec<_> =
        checks.into_iter().filter(|(same, _)| !same).map(|(_, field)| field).collect();
    if fields.is_empty() {
        fields.push(Mismatch::Signature);
    }
    AttestationError::Moved(fields)
}
