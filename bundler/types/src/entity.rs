//! Who takes part in an operation, what they have at stake, and how they broke a rule.

use std::fmt;

use alloy::primitives::{Address, U256};
use serde::{Deserialize, Serialize};

use crate::{RuleId, UserOperation};

/// The part an address plays in an operation (ERC-7562).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntityKind {
    /// The sender.
    Account,
    /// The contract that deploys the sender.
    Factory,
    /// The contract that pays.
    Paymaster,
    /// The contract that checks signatures of several operations at once.
    Aggregator,
}

impl fmt::Display for EntityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Account => "account",
            Self::Factory => "factory",
            Self::Paymaster => "paymaster",
            Self::Aggregator => "aggregator",
        })
    }
}

/// An address in its part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entity {
    /// The part.
    pub kind: EntityKind,
    /// The address.
    pub address: Address,
}

impl Entity {
    /// `address` in the part `kind`.
    pub const fn new(kind: EntityKind, address: Address) -> Self {
        Self { kind, address }
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.address)
    }
}

impl UserOperation {
    /// Every entity the operation names: the account, then factory and paymaster if there are any.
    pub fn entities(&self) -> impl Iterator<Item = Entity> {
        let entity = |kind, address: Option<Address>| address.map(|a| Entity::new(kind, a));
        [
            entity(EntityKind::Account, Some(self.sender)),
            entity(EntityKind::Factory, self.factory_address()),
            entity(EntityKind::Paymaster, self.paymaster_address()),
        ]
        .into_iter()
        .flatten()
    }
}

/// What an entity has deposited as stake at the EntryPoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StakeInfo {
    /// The entity's address.
    #[serde(rename = "addr")]
    pub address: Address,
    /// Wei.
    pub stake: U256,
    /// Seconds between unlocking the stake and being able to withdraw it. Zero while nothing is locked.
    #[serde(rename = "unstakeDelaySec")]
    pub unstake_delay: u32,
}

impl StakeInfo {
    /// Whether this counts as staked (ERC-7562 SREP-010): at least `minimum` wei for at least `delay` seconds.
    pub fn is_staked(&self, minimum: U256, delay: u32) -> bool {
        self.stake >= minimum && self.unstake_delay >= delay
    }
}

/// A broken validation rule. Ordered by rule, entity, address and detail, so that a sorted list reads the
/// same on every machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Violation {
    /// The rule.
    pub rule: RuleId,
    /// Who broke it.
    pub entity: Entity,
    /// The address that was touched, called or created, where the rule is about one.
    pub address: Option<Address>,
    /// What happened, in words that continue "the account …": the opcode, the slot, the limit.
    pub detail: String,
    /// What would have been enough, where that is a number: a length, gas, or the stake in wei that allows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<U256>,
}

impl Violation {
    /// `entity` breaks `rule` by doing `detail`.
    pub fn new(rule: RuleId, entity: Entity, detail: impl Into<String>) -> Self {
        Self { rule, entity, address: None, detail: detail.into(), required: None }
    }

    /// The same, found at an address.
    #[must_use]
    pub fn at(self, address: Address) -> Self {
        Self { address: Some(address), ..self }
    }

    /// The same, with what would have been enough.
    #[must_use]
    pub fn needing(self, required: U256) -> Self {
        Self { required: Some(required), ..self }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.rule, self.entity.kind, self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EntryPointVersion, Factory, Paymaster, hash::tests::sample};
    use alloy::primitives::Bytes;

    #[test]
    fn entities_are_those_the_operation_names() {
        let mut operation = sample(EntryPointVersion::V08);
        assert_eq!(operation.entities().count(), 1);
        operation.factory = Some(Factory { address: crate::EIP7702_FACTORY, data: Bytes::new() });
        assert_eq!(operation.entities().count(), 1, "the marker is no entity");
        operation.factory = Some(Factory { address: Address::repeat_byte(2), data: Bytes::new() });
        operation.paymaster = Some(Paymaster {
            address: Address::repeat_byte(3),
            verification_gas_limit: 0,
            post_op_gas_limit: 0,
            data: Bytes::new(),
            signature: None,
        });
        let kinds: Vec<_> = operation.entities().map(|entity| entity.kind).collect();
        assert_eq!(kinds, [EntityKind::Account, EntityKind::Factory, EntityKind::Paymaster]);
    }

    #[test]
    fn stake_needs_amount_and_delay() {
        let stake = StakeInfo { address: Address::ZERO, stake: U256::from(10), unstake_delay: 100 };
        assert!(stake.is_staked(U256::from(10), 100));
        assert!(!stake.is_staked(U256::from(11), 100));
        assert!(!stake.is_staked(U256::from(10), 101));
    }

    #[test]
    fn violations_sort_the_same_everywhere() {
        let entity = Entity::new(EntityKind::Account, Address::ZERO);
        let make = |rule, detail: &str| Violation::new(rule, entity, detail);
        let mut list =
            [make(RuleId::Sto010, "a"), make(RuleId::Op011, "b"), make(RuleId::Op011, "a")];
        list.sort();
        let shown: Vec<_> = list.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["OP-011: account a", "OP-011: account b", "STO-010: account a"]);
    }
}
