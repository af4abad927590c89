//! Checks of one operator's answer. Whatever fails here is the operator's fault, and does not count.

use alloy::primitives::{Address, B256, U256, keccak256};
use writ_attestation::{
    OperatorSignature, TIME_LIMIT, reasons_hash,
    wire::{Allow, BlockRef, Deny, MAX_REASON_LEN, MAX_REASONS},
};

use crate::question::Question;

/// Most bytes of evidence that are accepted.
const MAX_EVIDENCE: usize = 512 * 1024;

/// In what an operator's answer is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Lie {
    /// A field is not what was asked about, or not what the chain says.
    #[error("its {field} is not the one that was asked about")]
    Field {
        /// The field.
        field: &'static str,
    },
    /// A hash does not match what it should be of.
    #[error("its {field} does not hash to what was signed")]
    Hash {
        /// The field.
        field: &'static str,
    },
    /// The validity window is empty, or longer than accepted.
    #[error("its validity window {valid_after}..{valid_until} is empty or longer than {longest} s")]
    Window {
        /// Start.
        valid_after: u64,
        /// End.
        valid_until: u64,
        /// Longest span that is accepted.
        longest: u64,
    },
    /// The window ends before the operation could be included. No lie when the answer was recorded a while ago.
    #[error("its validity window ends at {valid_until}, before the operation could be included")]
    Over {
        /// End.
        valid_until: u64,
    },
    /// The attested cost does not cover the operation's prefund.
    #[error("its maxCost {attested} is below the prefund {required}")]
    MaxCost {
        /// What it says.
        attested: U256,
        /// What the operation requires.
        required: U256,
    },
    /// Evidence or reasons beyond what is accepted.
    #[error("its {field} is larger than accepted")]
    TooLarge {
        /// The field.
        field: &'static str,
    },
    /// The signature is not by the operator at its index.
    #[error("its signature does not recover to operator {index} of the set")]
    Signature {
        /// The claimed index.
        index: u8,
    },
    /// The signature is another operator's than the one that was asked.
    #[error("it answered with the signature of {signer}")]
    SomebodyElse {
        /// Whose it is.
        signer: Address,
    },
    /// Not an answer at all.
    #[error("its answer is malformed: {0}")]
    Malformed(String),
}

/// A checked answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    /// What was signed.
    pub(crate) digest: B256,
    /// Who signed it.
    pub(crate) signer: Address,
}

/// Checks an allow against the question. `expected` is the operator's address where it is known; `longest` is the longest
/// window that is accepted, `margin` how long it must still last, in seconds.
pub(crate) fn check_allow<Q: Question>(
    ask: &Q,
    block: BlockRef,
    expected: Option<Address>,
    (longest, margin): (u64, u64),
    allow: &Allow,
) -> Result<Checked, Lie> {
    let (attestation, policy) = (&allow.attestation, &ask.account().policy);
    ask.check_action(&allow.action, attestation.action)?;
    same("policy", attestation.policy == policy.configuration.policy)?;
    same("revision", attestation.revision == policy.state.revision)?;
    same("epoch", attestation.epoch == policy.configuration.epoch)?;
    same("sequence", attestation.sequence == ask.sequence())?;
    same("level", attestation.level == policy.configuration.level)?;
    same(
        "block",
        (attestation.block_number, attestation.block_hash) == (block.number, block.hash),
    )?;
    check_evidence(&allow.evidence, attestation.evidence)?;
    hashes("bounds", allow.bounds.hash() == attestation.bounds)?;
    let (valid_after, valid_until) = (attestation.valid_after, attestation.valid_until);
    let window = Lie::Window { valid_after, valid_until, longest };
    if valid_after >= valid_until
        || valid_until >= TIME_LIMIT
        || valid_until - valid_after > longest
    {
        return Err(window);
    }
    if valid_until < ask.now().saturating_add(margin) {
        return Err(Lie::Over { valid_until });
    }
    let digest = attestation.digest(&ask.domain()).ok_or(window)?;
    let signer = check_signature(ask, digest, &allow.signature, expected)?;
    Ok(Checked { digest, signer })
}

/// Checks a denial against the question.
pub(crate) fn check_deny<Q: Question>(
    ask: &Q,
    block: BlockRef,
    expected: Option<Address>,
    deny: &Deny,
) -> Result<Checked, Lie> {
    let (denial, policy) = (&deny.denial, &ask.account().policy);
    ask.check_action(&deny.action, denial.action)?;
    same("policy", denial.policy == policy.configuration.policy)?;
    same("revision", denial.revision == policy.state.revision)?;
    same("block", (denial.block_number, denial.block_hash) == (block.number, block.hash))?;
    check_evidence(&deny.evidence, denial.evidence)?;
    if deny.reasons.len() > MAX_REASONS
        || deny.reasons.iter().any(|reason| reason.len() > MAX_REASON_LEN)
    {
        return Err(Lie::TooLarge { field: "reasons" });
    }
    hashes("reasons", reasons_hash(&deny.reasons) == denial.reasons)?;
    let digest = denial.digest(&ask.domain());
    let signer = check_signature(ask, digest, &deny.signature, expected)?;
    Ok(Checked { digest, signer })
}

fn check_evidence(evidence: &[u8], signed: B256) -> Result<(), Lie> {
    if evidence.len() > MAX_EVIDENCE {
        return Err(Lie::TooLarge { field: "evidence" });
    }
    hashes("evidence", keccak256(evidence) == signed)
}

fn check_signature<Q: Question>(
    ask: &Q,
    digest: B256,
    signature: &OperatorSignature,
    expected: Option<Address>,
) -> Result<Address, Lie> {
    let index = signature.index;
    let signer = signature.recover(digest);
    match (ask.account().operators.get(index), signer) {
        (Some(operator), Some(signer)) if operator == signer => match expected {
            Some(expected) if expected != signer => Err(Lie::SomebodyElse { signer }),
            _ => Ok(signer),
        },
        _ => Err(Lie::Signature { index }),
    }
}

pub(crate) const fn same(field: &'static str, equal: bool) -> Result<(), Lie> {
    if equal { Ok(()) } else { Err(Lie::Field { field }) }
}

pub(crate) const fn hashes(field: &'static str, equal: bool) -> Result<(), Lie> {
    if equal { Ok(()) } else { Err(Lie::Hash { field }) }
}
