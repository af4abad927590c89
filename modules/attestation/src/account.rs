//! An account's configuration, as `WritModule.configurationOf` returns it.

use alloy::{
    primitives::{Address, B256, Bytes, keccak256},
    sol,
    sol_types::{SolCall, SolValue},
};
use serde::{Deserialize, Serialize};

pub(crate) mod abi {
    #![allow(missing_docs, unreachable_pub)]
    use super::sol;

    sol! {
        enum Mode { Off, Observe, Enforce }

        struct Configuration {
            address owner;
            address ownerValidator;
            address entryPoint;
            address registry;
            address operatorSet;
            bytes32 operatorSetCodeHash;
            bytes32 policy;
            uint8 threshold;
            uint8 leastOperators;
            uint8 level;
            Mode mode;
            uint32 exitDelay;
            uint64 epoch;
            bool readsHistory;
        }

        struct AccountState {
            uint64 revision;
            uint64 sequence;
            uint48 configuredAt;
            uint48 lastOutflowBlock;
            uint64 configurationNonce;
            uint48 exitAt;
            bytes32 pendingConfiguration;
            uint48 pendingReadyAt;
            bool validatorInstalled;
            bool hookInstalled;
            uint48 formerUntil;
        }

        function configurationOf(address account) external view returns (Configuration configuration, AccountState state);
    }
}

/// How the module treats an operation without an attestation.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Not looked at.
    #[default]
    Off,
    /// Let through, and logged.
    Observe,
    /// Refused.
    Enforce,
}

/// What the owner configured. Mirrors the contract's struct field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Configuration {
    /// The key that signs operations; with an `owner_validator` the data contract that says who does.
    pub owner: Address,
    /// The ERC-7780 stateless validator of the owner's signatures; zero: `owner` is an ECDSA key.
    pub owner_validator: Address,
    /// The only EntryPoint that may validate.
    pub entry_point: Address,
    /// The operator registry whose epochs the account follows; zero for none.
    pub registry: Address,
    /// The data contract with the operators' addresses.
    pub operator_set: Address,
    /// Its code hash.
    pub operator_set_code_hash: B256,
    /// Commitment to the ordered list of policies and parameters.
    pub policy: B256,
    /// Signatures that an attestation has, exactly.
    pub threshold: u8,
    /// Fewest operators that a set may have.
    pub least_operators: u8,
    /// Verification level.
    pub level: u8,
    /// Off, observe or enforce.
    pub mode: Mode,
    /// Seconds between announcing a weakening, or the exit, and its effect.
    pub exit_delay: u32,
    /// Epoch of the operator set.
    pub epoch: u64,
    /// Whether a policy reads the account's history.
    pub reads_history: bool,
}

/// What the module keeps beside the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountState {
    /// Goes up with every effective change of the configuration.
    pub revision: u64,
    /// Attested actions so far, for policies that read history.
    pub sequence: u64,
    /// Block that holds the policies: in the account's `ConfigurationSet` event, or in a `ConfigurationPublished` one.
    pub configured_at: u64,
    /// Block of the last `Outflow` event; 0 when there is none.
    pub last_outflow_block: u64,
    /// Next nonce of an owner-signed configuration message.
    pub configuration_nonce: u64,
    /// When an announced exit takes effect (Unix seconds); 0 when none is announced.
    pub exit_at: u64,
    /// Hash of a scheduled configuration; zero when there is none.
    pub pending_configuration: B256,
    /// When it may be applied (Unix seconds).
    pub pending_ready_at: u64,
    /// Whether the account has the module as a validator.
    pub validator_installed: bool,
    /// Whether the account has the module as its hook.
    pub hook_installed: bool,
    /// Until when the former epoch's operators count as well (Unix seconds); 0 when there is none.
    pub former_until: u64,
}

/// The return data of `configurationOf` is not what the contract returns.
#[derive(Debug, thiserror::Error)]
#[error("configurationOf returned {length} bytes that do not decode: {reason}")]
pub struct AccountError {
    length: usize,
    reason: String,
}

/// An account's configuration and state at one block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountPolicy {
    /// What the owner configured.
    pub configuration: Configuration,
    /// What the module keeps beside it.
    pub state: AccountState,
}

impl AccountPolicy {
    /// Calldata of `configurationOf(account)`, to be sent to the module.
    pub fn call(account: Address) -> Bytes {
        abi::configurationOfCall { account }.abi_encode().into()
    }

    /// Decodes what that call returned.
    pub fn decode(returned: &[u8]) -> Result<Self, AccountError> {
        let decoded = abi::configurationOfCall::abi_decode_returns_validate(returned)
            .map_err(|error| AccountError { length: returned.len(), reason: error.to_string() })?;
        let (c, s) = (decoded.configuration, decoded.state);
        Ok(Self {
            configuration: c.into(),
            state: AccountState {
                revision: s.revision,
                sequence: s.sequence,
                configured_at: s.configuredAt.to(),
                last_outflow_block: s.lastOutflowBlock.to(),
                configuration_nonce: s.configurationNonce,
                exit_at: s.exitAt.to(),
                pending_configuration: s.pendingConfiguration,
                pending_ready_at: s.pendingReadyAt.to(),
                validator_installed: s.validatorInstalled,
                hook_installed: s.hookInstalled,
                former_until: s.formerUntil.to(),
            },
        })
    }

    /// Encodes the pair as `configurationOf` returns it, for tests of readers.
    pub fn encode(&self) -> Bytes {
        use alloy::primitives::aliases::U48;
        let state = &self.state;
        let words = abi::AccountState {
            revision: state.revision,
            sequence: state.sequence,
            configuredAt: U48::saturating_from(state.configured_at),
            lastOutflowBlock: U48::saturating_from(state.last_outflow_block),
            configurationNonce: state.configuration_nonce,
            exitAt: U48::saturating_from(state.exit_at),
            pendingConfiguration: state.pending_configuration,
            pendingReadyAt: U48::saturating_from(state.pending_ready_at),
            validatorInstalled: state.validator_installed,
            hookInstalled: state.hook_installed,
            formerUntil: U48::saturating_from(state.former_until),
        };
        (self.configuration.abi(), words).abi_encode().into()
    }

    /// Whether the account has the module, in either role.
    pub const fn is_installed(&self) -> bool {
        self.state.validator_installed || self.state.hook_installed
    }

    /// Whether the module looks at this account's operations.
    pub fn is_active(&self) -> bool {
        self.is_installed() && self.configuration.mode != Mode::Off
    }

    /// Whether an announced exit has taken effect at `now`: the module then steps aside.
    pub const fn has_exited(&self, now: u64) -> bool {
        self.state.exit_at != 0 && self.state.exit_at <= now
    }

    /// The sequence that the next attested operation must have, after `pending` others that are still in the pool.
    pub const fn next_sequence(&self, pending: u64) -> u64 {
        if self.configuration.reads_history {
            self.state.sequence.saturating_add(pending)
        } else {
            0
        }
    }
}

impl From<abi::Configuration> for Configuration {
    fn from(c: abi::Configuration) -> Self {
        Self {
            owner: c.owner,
            owner_validator: c.ownerValidator,
            entry_point: c.entryPoint,
            registry: c.registry,
            operator_set: c.operatorSet,
            operator_set_code_hash: c.operatorSetCodeHash,
            policy: c.policy,
            threshold: c.threshold,
            least_operators: c.leastOperators,
            level: c.level,
            mode: match c.mode {
                abi::Mode::Observe => Mode::Observe,
                abi::Mode::Enforce => Mode::Enforce,
                _ => Mode::Off,
            },
            exit_delay: c.exitDelay,
            epoch: c.epoch,
            reads_history: c.readsHistory,
        }
    }
}

impl Configuration {
    /// `keccak256(abi.encode(configuration))`.
    pub fn hash(&self) -> B256 {
        keccak256(self.encode())
    }

    /// `abi.encode(configuration)`, fourteen words.
    pub fn encode(&self) -> Vec<u8> {
        self.abi().abi_encode()
    }

    fn abi(&self) -> abi::Configuration {
        abi::Configuration {
            owner: self.owner,
            ownerValidator: self.owner_validator,
            entryPoint: self.entry_point,
            registry: self.registry,
            operatorSet: self.operator_set,
            operatorSetCodeHash: self.operator_set_code_hash,
            policy: self.policy,
            threshold: self.threshold,
            leastOperators: self.least_operators,
            level: self.level,
            mode: match self.mode {
                Mode::Off => abi::Mode::Off,
                Mode::Observe => abi::Mode::Observe,
                Mode::Enforce => abi::Mode::Enforce,
            },
            exitDelay: self.exit_delay,
            epoch: self.epoch,
            readsHistory: self.reads_history,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> AccountPolicy {
        AccountPolicy {
            configuration: Configuration {
                owner: Address::repeat_byte(1),
                owner_validator: Address::repeat_byte(6),
                entry_point: Address::repeat_byte(2),
                registry: Address::repeat_byte(7),
                operator_set: Address::repeat_byte(3),
                operator_set_code_hash: B256::repeat_byte(4),
                policy: B256::repeat_byte(5),
                threshold: 2,
                least_operators: 3,
                level: 1,
                mode: Mode::Enforce,
                exit_delay: 86_400,
                epoch: 7,
                reads_history: true,
            },
            state: AccountState {
                revision: 9,
                sequence: 4,
                exit_at: 50,
                hook_installed: true,
                ..Default::default()
            },
        }
    }

    #[test]
    fn decodes_what_the_contract_returns() {
        let policy = example();
        let bytes = policy.encode();
        assert_eq!(bytes.len(), 25 * 32);
        assert_eq!(AccountPolicy::decode(&bytes).unwrap(), policy);
        assert!(AccountPolicy::decode(&bytes[..bytes.len() - 1]).is_err());
        assert!(AccountPolicy::decode(&[]).is_err());
        let mut bad_mode = bytes.to_vec();
        bad_mode[11 * 32 - 1] = 3;
        assert!(AccountPolicy::decode(&bad_mode).is_err());
    }

    #[test]
    fn sequence_counts_only_for_history() {
        let mut policy = example();
        assert_eq!(policy.next_sequence(0), 4);
        assert_eq!(policy.next_sequence(2), 6);
        policy.configuration.reads_history = false;
        assert_eq!(policy.next_sequence(2), 0);
    }

    #[test]
    fn exits_at_the_announced_second() {
        let mut policy = example();
        assert!(!policy.has_exited(49));
        assert!(policy.has_exited(50));
        policy.state.exit_at = 0;
        assert!(!policy.has_exited(u64::MAX));
    }

    #[test]
    fn the_hash_covers_every_field() {
        let base = example().configuration;
        let mut changed = base.clone();
        changed.exit_delay += 1;
        assert_ne!(base.hash(), changed.hash());
        assert_eq!(base.hash(), example().configuration.hash());
    }
}
