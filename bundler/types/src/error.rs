//! Refusals: the code, the words and the data that an RPC error carries.

use std::fmt;

use alloy::primitives::{Address, B256, Bytes, U256};
use serde::{Deserialize, Serialize};

use crate::{Entity, EntityKind, FieldError, RuleId, UserOperation, Violation};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal;)*) => {
        /// JSON-RPC error codes: the standard's, ERC-7769's, and Writ's own from -32530.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode { $($(#[$doc])* $variant,)* }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The number on the wire.
            pub const fn code(self) -> i32 {
                match self { $(Self::$variant => $code),* }
            }
        }
    };
}

codes! {
    /// The request is no JSON.
    Parse = -32700;
    /// The request is no JSON-RPC.
    InvalidRequest = -32600;
    /// There is no such method.
    MethodNotFound = -32601;
    /// A parameter or a field of the operation is wrong; also: replacement under-priced, already known.
    InvalidFields = -32602;
    /// A fault of this bundler.
    Internal = -32603;
    /// Something this bundler depends on cannot be reached (EIP-1474).
    ResourceUnavailable = -32002;
    /// A limit of this bundler is reached (EIP-1474).
    LimitExceeded = -32005;
    /// The EntryPoint rejected creation or validation of the account.
    RejectedByEntryPoint = -32500;
    /// The paymaster rejected the operation.
    RejectedByPaymaster = -32501;
    /// An ERC-7562 rule is broken.
    RuleViolated = -32502;
    /// The operation's own time or block range excludes now, or ends too soon.
    OutOfTimeRange = -32503;
    /// An entity is throttled or banned.
    Throttled = -32504;
    /// An entity's stake or unstake delay is too low.
    StakeTooLow = -32505;
    /// Aggregators are not supported.
    UnsupportedAggregator = -32506;
    /// The account says that the signature is wrong.
    InvalidSignature = -32507;
    /// The paymaster's deposit does not cover its pooled operations.
    PaymasterDepositTooLow = -32508;
    /// The execution phase reverts (while estimating or evaluating).
    ExecutionReverted = -32521;
    /// The account (or this bundler) demands an attestation that cannot be obtained here.
    AttestationRequired = -32530;
    /// The attestation is wrong; `check` says in what.
    AttestationInvalid = -32531;
    /// The policy denied; `reasons` says why.
    PolicyDenied = -32532;
    /// The attestation has expired or is about to.
    AttestationExpired = -32533;
    /// Not enough operators answered in time.
    NoQuorum = -32534;
}

impl ErrorCode {
    /// The code with this number, if it is one of ours.
    pub fn from_code(code: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.code() == code)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code().fmt(f)
    }
}

/// The `data` of an error object: what a program can act on. Absent members are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ErrorData {
    /// The field of the request that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The ERC-7562 rule that is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleId>,
    /// The part whose fault it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entity: Option<EntityKind>,
    /// The address whose fault it is, or that was touched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// All violations, when several rules are broken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Violation>,
    /// The EntryPoint's code, such as `AA23`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aa_code: Option<String>,
    /// What was reverted with, as bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revert_data: Option<Bytes>,
    /// The same, decoded into words, where it could be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revert_reason: Option<String>,
    /// The value that would have been enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<U256>,
    /// The value that was there instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<U256>,
    /// The policy's reasons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// The check that the attestation failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// The decision's evidence, for `writ_getDecision`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<B256>,
    /// Start of the time (or block) range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_after: Option<U256>,
    /// End of the time (or block) range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<U256>,
    /// The paymaster, where ERC-7769 demands it under this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paymaster: Option<Address>,
    /// The aggregator that is not supported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aggregator: Option<Address>,
    /// Least stake, in wei.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_stake: Option<U256>,
    /// Least unstake delay, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_unstake_delay: Option<U256>,
    /// The operation that stands in the way: the one to replace, or the same one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_op_hash: Option<B256>,
    /// Block from which trying again makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_block: Option<u64>,
}

/// Why a request is refused, in the form in which it reaches the sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({code})")]
pub struct Refusal {
    /// What kind of refusal.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
    /// For programs. Boxed: most functions that can refuse do not.
    pub data: Box<ErrorData>,
}

impl Refusal {
    /// A refusal without data.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: Box::default() }
    }

    /// The refusal with data set by `change`.
    ///
    /// ```
    /// use writ_types::{ErrorCode, Refusal};
    /// let refusal = Refusal::new(ErrorCode::PolicyDenied, "denied by policy")
    ///     .with(|data| data.reasons = vec!["over the daily limit".into()]);
    /// assert_eq!(refusal.data.reasons.len(), 1);
    /// ```
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut ErrorData)) -> Self {
        change(&mut self.data);
        self
    }

    /// The refusal with entity and address set, and `paymaster` where ERC-7769 wants it.
    #[must_use]
    pub fn about(self, entity: Entity) -> Self {
        self.with(|data| {
            data.entity = Some(entity.kind);
            data.address = Some(entity.address);
            match entity.kind {
                EntityKind::Paymaster => data.paymaster = Some(entity.address),
                EntityKind::Aggregator => data.aggregator = Some(entity.address),
                EntityKind::Account | EntityKind::Factory => {}
            }
        })
    }

    /// A refusal for broken rules; `None` when there are none. The first in order gives code and message:
    /// -32505 when it is about missing stake or an unstaked entity (EREP-040, SREP-010), else -32502.
    pub fn from_violations(mut violations: Vec<Violation>) -> Option<Self> {
        violations.sort();
        violations.dedup();
        let first = violations.first()?.clone();
        let code = match first.rule {
            RuleId::Erep040 | RuleId::Srep010 => ErrorCode::StakeTooLow,
            _ => ErrorCode::RuleViolated,
        };
        let refusal = Self::new(code, first.to_string()).about(first.entity).with(|data| {
            data.rule = Some(first.rule);
            data.address = Some(first.address.unwrap_or(first.entity.address));
            data.required = first.required;
            data.violations = violations;
        });
        Some(refusal)
    }

    /// Whether the operation's entities are to blame. Everything from -32530 on is policy, and the rest is
    /// the request's or this bundler's own affair: neither may touch ERC-7562 reputation.
    pub fn is_entity_fault(&self) -> bool {
        matches!(
            self.code,
            ErrorCode::RejectedByEntryPoint
                | ErrorCode::RejectedByPaymaster
                | ErrorCode::RuleViolated
                | ErrorCode::InvalidSignature
        )
    }
}

impl From<FieldError> for Refusal {
    fn from(error: FieldError) -> Self {
        Self::new(ErrorCode::InvalidFields, error.to_string())
            .with(|data| data.field = Some(error.field))
    }
}

impl UserOperation {
    /// Checks that the EIP-7702 tuple is for this chain (or every chain).
    ///
    /// # Errors
    /// Names `eip7702Auth.chainId`.
    pub fn check_authorization_chain(&self, chain_id: u64) -> Result<(), FieldError> {
        match &self.authorization {
            Some(tuple)
                if !tuple.chain_id().is_zero() && *tuple.chain_id() != U256::from(chain_id) =>
            {
                Err(FieldError::new(
                    "eip7702Auth.chainId",
                    format!("invalid chainid {}; {chain_id} or 0 is accepted", tuple.chain_id()),
                ))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_read_back() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_code(code.code()), Some(*code));
        }
        assert_eq!(ErrorCode::from_code(1), None);
    }

    #[test]
    fn data_leaves_out_what_is_absent() {
        let refusal = Refusal::new(ErrorCode::RejectedByPaymaster, "AA33 reverted")
            .about(Entity::new(EntityKind::Paymaster, Address::repeat_byte(1)))
            .with(|data| data.aa_code = Some("AA33".into()));
        let json = serde_json::to_value(&refusal.data).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "entity": "paymaster",
                "address": "0x0101010101010101010101010101010101010101",
                "paymaster": "0x0101010101010101010101010101010101010101",
                "aaCode": "AA33",
            })
        );
        assert_eq!(serde_json::from_value::<ErrorData>(json).unwrap(), *refusal.data);
        assert_eq!(serde_json::to_value(ErrorData::default()).unwrap(), serde_json::json!({}));
    }

    #[test]
    fn the_first_violation_speaks() {
        let entity = Entity::new(EntityKind::Account, Address::ZERO);
        let make = |rule| Violation::new(rule, entity, "x");
        let refusal =
            Refusal::from_violations(vec![make(RuleId::Sto010), make(RuleId::Op011)]).unwrap();
        assert_eq!(refusal.code, ErrorCode::RuleViolated);
        assert_eq!(refusal.data.rule, Some(RuleId::Op011));
        assert_eq!(refusal.data.violations.len(), 2);
        assert!(Refusal::from_violations(vec![]).is_none());
        let unstaked = Refusal::from_violations(vec![make(RuleId::Erep040)]).unwrap();
        assert_eq!(unstaked.code, ErrorCode::StakeTooLow);
    }

    #[test]
    fn policy_is_nobodys_reputation() {
        for code in ErrorCode::ALL {
            let refusal = Refusal::new(*code, "");
            if (-32534..=-32530).contains(&code.code()) {
                assert!(!refusal.is_entity_fault());
            }
        }
        assert!(Refusal::new(ErrorCode::RejectedByEntryPoint, "").is_entity_fault());
    }
}
