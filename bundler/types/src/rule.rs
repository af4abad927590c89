//! The rules of ERC-7562, by their published ids, and local ids for those that the text gives none.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How far a rule reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RuleScope {
    /// Breaking it makes the operation invalid for every bundler.
    Network,
    /// A bundler's own protection; other bundlers may see it differently.
    Local,
    /// A definition that other rules use.
    Concept,
}

/// A text that is no published rule id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no ERC-7562 rule id")]
pub struct UnknownRule(pub String);

macro_rules! rules {
    ($($variant:ident $id:literal $scope:ident $meaning:literal;)*) => {
        /// Every rule of ERC-7562 that is in force, in the order of its text; then the rules to which the text gives
        /// no id, under ids of this bundler (`LOC-`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RuleId {
            $(#[doc = concat!("`", $id, "`: ", $meaning)] $variant,)*
        }

        impl RuleId {
            /// Every rule.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The published id, such as `OP-011`.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id),* }
            }

            /// The rule in one line.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }

            /// How far the rule reaches.
            pub const fn scope(self) -> RuleScope {
                match self { $(Self::$variant => RuleScope::$scope),* }
            }
        }
    };
}

rules! {
    Op011 "OP-011" Network "opcodes that read the block or the transaction, CREATE, INVALID and SELFDESTRUCT are blocked";
    Op012 "OP-012" Network "GAS is allowed only directly before a call";
    Op013 "OP-013" Network "opcodes that the chain has not assigned are blocked";
    Op020 "OP-020" Network "running out of gas is blocked";
    Op031 "OP-031" Network "CREATE2 is allowed once, while deploying, to create the sender";
    Op032 "OP-032" Network "with a factory, the sender itself may use CREATE";
    Op041 "OP-041" Network "calling or inspecting an address without code is blocked";
    Op042 "OP-042" Network "the factory may call and inspect the sender before it has code";
    Op051 "OP-051" Network "the EntryPoint's EXTCODESIZE may be compared with zero";
    Op052 "OP-052" Network "sender and factory may call depositTo(sender) on the EntryPoint";
    Op053 "OP-053" Network "the sender may send value to the EntryPoint's fallback";
    Op054 "OP-054" Network "every other access to the EntryPoint is blocked";
    Op055 "OP-055" Network "the sender may call incrementNonce on the EntryPoint";
    Op061 "OP-061" Network "calls with value are blocked, except to the EntryPoint";
    Op062 "OP-062" Network "only known, pure precompiles may be called";
    Op070 "OP-070" Network "transient storage is judged like storage";
    Op080 "OP-080" Network "BALANCE and SELFBALANCE are for staked entities only";
    Cod010 "COD-010" Network "code must be the same in the first and in every later validation";
    Sto010 "STO-010" Network "the account's own storage is always allowed";
    Sto021 "STO-021" Network "slots associated with an existing account are allowed in other contracts";
    Sto022 "STO-022" Network "slots associated with a new account need a staked factory";
    Sto031 "STO-031" Network "a staked entity may use its own storage";
    Sto032 "STO-032" Network "a staked entity may use slots associated with it in other contracts";
    Sto033 "STO-033" Network "a staked entity may read storage of contracts that are no entity";
    Sto040 "STO-040" Local "an address that is an entity of one pooled operation may not be the sender of another";
    Sto041 "STO-041" Local "associated storage in a contract that is the sender of another pooled operation is blocked";
    Grep010 "GREP-010" Network "operations of a banned entity are refused and removed";
    Grep020 "GREP-020" Network "a throttled entity has few operations, for few blocks";
    Grep040 "GREP-040" Network "an entity that breaks a bundle after passing validation is banned";
    Grep050 "GREP-050" Network "replacing an entity of a pooled operation takes one from its opsSeen";
    Srep010 "SREP-010" Concept "staked means: enough stake, for a long enough delay";
    Srep040 "SREP-040" Network "a staked entity in good standing is not limited";
    Urep010 "UREP-010" Network "an unstaked sender has at most four pooled operations";
    Urep020 "UREP-020" Network "an unstaked paymaster has as many pooled operations as its inclusion rate earns";
    Erep010 "EREP-010" Network "a paymaster's deposit must cover all of its pooled operations";
    Erep015 "EREP-015" Network "a failure of factory or account before a bundle takes one from the paymaster's opsSeen";
    Erep016 "EREP-016" Network "an aggregator's opsSeen is not raised for failures of the others";
    Erep020 "EREP-020" Network "a staked factory answers for the account it deploys";
    Erep030 "EREP-030" Network "a staked account answers for its other entities";
    Erep040 "EREP-040" Network "an aggregator must be staked";
    Erep050 "EREP-050" Network "an unstaked paymaster may not return a context";
    Erep055 "EREP-055" Network "a paymaster's context may not change its length before the bundle";
    Erep060 "EREP-060" Network "with a staked factory, factory and sender may use CREATE and CREATE2";
    Erep061 "EREP-061" Network "a staked factory may create through a helper contract";
    Erep070 "EREP-070" Network "a staked entity that uses much less gas in the bundle is throttled";
    Alt010 "ALT-010" Concept "a bundler subscribes to each alternative mempool it supports";
    Alt020 "ALT-020" Concept "alternative rules matter only when a canonical rule is broken";
    Alt021 "ALT-021" Concept "an operation belongs to every alternative mempool that accepts it";
    Alt030 "ALT-030" Concept "an operation is forwarded to a peer once";
    Alt040 "ALT-040" Concept "reputation is kept for each alternative mempool";
    Arep010 "AREP-010" Concept "an alternative mempool has a reputation of its own";
    Arep020 "AREP-020" Concept "an alternative mempool is throttled and banned like an entity";
    Auth010 "AUTH-010" Network "an operation has at most one EIP-7702 tuple";
    Auth020 "AUTH-020" Network "an EIP-7702 account may only be the sender";
    Auth030 "AUTH-030" Network "an EIP-7702 account is reachable only when it is the sender";
    Auth040 "AUTH-040" Network "pooled operations of one sender name the same delegate";
    Lim010 "LIM-010" Network "a packed operation has at most 8,192 bytes";
    Lim020 "LIM-020" Network "a paymaster's context has at most 2,048 bytes";
    Lim030 "LIM-030" Network "verification gas limits leave 4,000 gas unused";
    Lim040 "LIM-040" Network "a bundle's calldata has at most 262,144 bytes";
    Lim050 "LIM-050" Network "a bundle's contexts have at most 65,536 bytes together";
    Lim060 "LIM-060" Network "verification gas limits stay below 500,000";
    Lim070 "LIM-070" Network "preVerificationGas covers calldata and 50,000 gas";
    Loc010 "LOC-010" Local "an operation is validated when it arrives, again before a bundle, and once more in the traced bundle";
    Loc020 "LOC-020" Local "validation may not access another operation's sender, or what another's validation created, in the same bundle";
    Loc030 "LOC-030" Local "a paymaster's deposit must cover all of its operations in a bundle";
    Loc040 "LOC-040" Local "a bundle's revert is pinned on the last entity that the EntryPoint called before it";
    Loc050 "LOC-050" Concept "what is simulated is the EntryPoint's own handleOps, stopped before execution where only validation counts";
    Loc060 "LOC-060" Concept "an operation from a peer is judged at the block at which the peer verified it";
}

/// Ids that the text has removed, each with what became of it.
pub const REMOVED_RULES: &[(&str, &str)] = &[
    ("OP-13", "now OP-013"),
    ("GREP-030", "removed"),
    ("SREP-020", "moved to GREP-010"),
    ("SREP-030", "moved to GREP-020"),
    ("SREP-050", "moved to GREP-040"),
    ("UREP-030", "removed"),
    ("EREP-011", "removed"),
    ("AREP-030", "removed"),
];

impl RuleId {
    /// Why the rule has nothing to say about this bundler; `None` for a rule that it applies.
    pub const fn not_applicable(self) -> Option<&'static str> {
        match self {
            Self::Erep016 | Self::Erep040 => {
                Some("operations with an aggregator are refused (-32506)")
            }
            Self::Alt010
            | Self::Alt020
            | Self::Alt021
            | Self::Alt030
            | Self::Alt040
            | Self::Arep010
            | Self::Arep020 => Some("there are no alternative mempools here"),
            Self::Loc060 => Some("there is no peer-to-peer mempool here"),
            _ => None,
        }
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for RuleId {
    type Err = UnknownRule;

    fn from_str(text: &str) -> Result<Self, UnknownRule> {
        Self::ALL
            .iter()
            .copied()
            .find(|rule| rule.id() == text)
            .ok_or_else(|| UnknownRule(text.to_owned()))
    }
}

impl Serialize for RuleId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

impl<'de> Deserialize<'de> for RuleId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_read_back() {
        for rule in RuleId::ALL {
            assert_eq!(rule.to_string().parse::<RuleId>(), Ok(*rule));
            assert!(!rule.meaning().is_empty());
        }
        assert!("OP-11".parse::<RuleId>().is_err());
        assert_eq!(RuleId::ALL.len(), 69);
    }

    #[test]
    fn removed_ids_are_no_rules() {
        for (id, fate) in REMOVED_RULES {
            assert!(id.parse::<RuleId>().is_err() && !fate.is_empty(), "{id}");
        }
    }

    #[test]
    fn aggregators_alternative_mempools_and_peers_do_not_apply() {
        let excused = RuleId::ALL.iter().filter(|rule| rule.not_applicable().is_some());
        assert_eq!(excused.count(), 10);
        assert_eq!(RuleId::Erep030.not_applicable(), None);
    }

    #[test]
    fn the_enum_is_in_the_order_of_the_text() {
        assert!(RuleId::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(RuleId::Sto040.scope(), RuleScope::Local);
    }
}
