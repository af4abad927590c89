//! The contracts that enforce attestations of calls: what they are asked, and what they answer.
//!
//! A guarded contract tells of itself, the guard of Safes of one Safe. Both keep what they tell in a storage layout that is
//! known (`solidity/snapshots/layouts.txt`), and the configuration as code that only they can have put where it lies
//! ([`Record`]). So whoever asks can compare what they say with what they would do.

use alloy::{
    primitives::{Address, B256, Bytes, U256, b256, keccak256},
    sol,
    sol_types::{SolCall, SolValue},
};

use writ_bindings::{IWritGuarded, WritSafeGuard};

use crate::{
    AccountPolicy, AccountState, Configuration, Domain, Mode, OperatorSet, Record, account::abi,
};

mod calls {
    #![allow(missing_docs, unreachable_pub)]
    use super::{abi::Configuration, sol};

    sol! {
        struct GuardState {
            uint64 revision;
            uint64 configurationNonce;
            uint48 configuredAt;
            uint48 exitAt;
            bytes32 pendingConfiguration;
            uint48 pendingReadyAt;
        }

    }

    /// What both answer when they are asked for their configuration.
    pub type Answer = (Configuration, GuardState);
}

/// Where a guarded contract keeps what it knows (ERC-7201 `writ.guarded`).
const GUARDED_STORAGE: B256 =
    b256!("31fa96e6be70d47e8fbb2a09a5449183930a5e9d636e568532c2afc7bcb5be00");

/// Where a Safe keeps one of its guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SafeSlot {
    /// Of the owners' transactions.
    TransactionGuard,
    /// Of the modules' transactions, from Safe 1.5.0 on.
    ModuleGuard,
}

impl SafeSlot {
    /// The storage slot.
    pub fn slot(self) -> U256 {
        keccak256(match self {
            Self::TransactionGuard => "guard_manager.guard.address",
            Self::ModuleGuard => "module_manager.module_guard.address",
        })
        .into()
    }

    /// What the guard is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TransactionGuard => "transaction guard",
            Self::ModuleGuard => "module guard",
        }
    }
}

/// A contract that enforces attestations of calls, and for whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Enforcer {
    /// A guarded contract, for itself.
    Contract(Address),
    /// A guard of Safes, for one of them.
    SafeGuard {
        /// The guard.
        guard: Address,
        /// The Safe.
        safe: Address,
    },
}

/// What a contract says of itself is not what such a contract says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnforcerError {
    /// It does not answer as one.
    #[error("it does not answer as a contract that enforces attestations of calls ({0})")]
    Answer(&'static str),
    /// It verifies in another domain.
    #[error("its EIP-712 domain is not Writ's for this contract on this chain")]
    Domain,
    /// It was never configured.
    #[error("it was never configured")]
    NotConfigured,
    /// It says what it does not keep.
    #[error("what it says of its {0} is not what it keeps")]
    Lies(&'static str),
    /// A setting that no such contract can have.
    #[error("its configuration has {0}, which none can have here")]
    Setting(&'static str),
}

impl Enforcer {
    /// The contract, whose EIP-712 domain it is.
    pub const fn contract(&self) -> Address {
        match self {
            Self::Contract(contract) | Self::SafeGuard { guard: contract, .. } => *contract,
        }
    }

    /// For whom it enforces.
    pub const fn account(&self) -> Address {
        match self {
            Self::Contract(contract) => *contract,
            Self::SafeGuard { safe, .. } => *safe,
        }
    }

    /// Calldata that asks it for the configuration.
    pub fn configuration_call(&self) -> Bytes {
        match self {
            Self::Contract(_) => IWritGuarded::writConfigurationCall {}.abi_encode(),
            Self::SafeGuard { safe, .. } => {
                WritSafeGuard::configurationOfCall { safe: *safe }.abi_encode()
            }
        }
        .into()
    }

    /// Reads what that returned. Who enforces calls is in the place of an account's module, in both of its roles.
    ///
    /// # Errors
    /// When it is no such answer, nothing was ever configured, or what was cannot be.
    pub fn decode_configuration(&self, returned: &[u8]) -> Result<AccountPolicy, EnforcerError> {
        let (configuration, state) = calls::Answer::abi_decode_params_validate(returned)
            .map_err(|_| EnforcerError::Answer("configuration"))?;
        if state.revision == 0 {
            return Err(EnforcerError::NotConfigured);
        }
        let configuration = Configuration::from(configuration);
        let none = |address: Address, what| {
            if address.is_zero() { Ok(()) } else { Err(EnforcerError::Setting(what)) }
        };
        none(configuration.owner, "an owner")?;
        none(configuration.owner_validator, "a validator of owners")?;
        none(configuration.entry_point, "an EntryPoint")?;
        none(configuration.registry, "a registry")?;
        if configuration.reads_history {
            return Err(EnforcerError::Setting("policies that read history"));
        }
        Ok(AccountPolicy {
            configuration,
            state: AccountState {
                revision: state.revision,
                configured_at: state.configuredAt.to(),
                configuration_nonce: state.configurationNonce,
                exit_at: state.exitAt.to(),
                pending_configuration: state.pendingConfiguration,
                pending_ready_at: state.pendingReadyAt.to(),
                validator_installed: true,
                hook_installed: true,
                ..AccountState::default()
            },
        })
    }

    /// Calldata that asks it for its domain separator.
    pub fn domain_call(&self) -> Bytes {
        match self {
            Self::Contract(_) => IWritGuarded::writDomainSeparatorCall {}.abi_encode(),
            Self::SafeGuard { .. } => WritSafeGuard::domainSeparatorCall {}.abi_encode(),
        }
        .into()
    }

    /// Checks what that returned.
    ///
    /// # Errors
    /// [`EnforcerError::Domain`]: whatever is signed for it would be for something else.
    pub fn check_domain(&self, returned: &[u8], chain_id: u64) -> Result<(), EnforcerError> {
        let expected = Domain::new(chain_id, self.contract()).separator();
        if returned == expected.as_slice() { Ok(()) } else { Err(EnforcerError::Domain) }
    }

    /// Calldata that asks it for the word of a caller's nonces that `nonce` lies in.
    pub fn nonce_call(&self, caller: Address, nonce: u64) -> Bytes {
        let word = U256::from(nonce >> 8);
        match self {
            Self::Contract(_) => IWritGuarded::nonceBitmapCall { caller, word }.abi_encode(),
            Self::SafeGuard { safe, .. } => {
                WritSafeGuard::nonceBitmapCall { safe: *safe, caller, word }.abi_encode()
            }
        }
        .into()
    }

    /// Whether `nonce` is used or given up, by what that returned; none where that is no word.
    pub fn is_used(returned: &[u8], nonce: u64) -> Option<bool> {
        let word: &[u8; 32] = returned.try_into().ok()?;
        Some(U256::from_be_bytes(*word).bit((nonce & 0xff) as usize))
    }

    /// Where it keeps the first word of its settings.
    pub fn head_slot(&self) -> U256 {
        match self {
            Self::Contract(_) => GUARDED_STORAGE.into(),
            // The first variable is the mapping of all Safes.
            Self::SafeGuard { safe, .. } => keccak256((*safe, U256::ZERO).abi_encode()).into(),
        }
    }

    /// The record of the configuration, which only this contract can have made.
    pub fn record(&self, configuration: &Configuration, operators: &OperatorSet) -> Record {
        Record::of(self.contract(), configuration, operators)
    }
}

/// The first word of an enforcing contract's settings, which all that it does begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettingsHead(pub U256);

impl SettingsHead {
    const MODE: usize = 176;
    const REVISION: usize = 200;

    fn byte(self, at: usize) -> u8 {
        (self.0 >> at).to_be_bytes::<32>()[31]
    }

    /// Checks that it is of this configuration, with so many operators, in this revision.
    ///
    /// # Errors
    /// [`EnforcerError::Lies`] names the part that the contract tells otherwise.
    pub fn check(
        self,
        policy: &AccountPolicy,
        operators: &OperatorSet,
        record: Address,
    ) -> Result<(), EnforcerError> {
        let same = |same: bool, what| if same { Ok(()) } else { Err(EnforcerError::Lies(what)) };
        let configuration = &policy.configuration;
        let kept = Address::from_word(B256::from(self.0 & (U256::MAX >> 96)));
        same(kept == record, "configuration")?;
        same(usize::from(self.byte(160)) == operators.len(), "operators")?;
        same(self.byte(168) == configuration.threshold, "threshold")?;
        same(self.byte(Self::MODE) == mode_byte(configuration.mode), "mode")?;
        same(self.0 >> Self::REVISION == U256::from(policy.state.revision), "revision")
    }

    /// The same word, in a mode that refuses: for simulation, where what is only observed would not show what is wrong.
    #[must_use]
    pub fn enforcing(self) -> Self {
        let cleared = self.0 & !(U256::from(0xff) << Self::MODE);
        Self(cleared | U256::from(mode_byte(Mode::Enforce)) << Self::MODE)
    }
}

const fn mode_byte(mode: Mode) -> u8 {
    match mode {
        Mode::Off => 0,
        Mode::Observe => 1,
        Mode::Enforce => 2,
    }
}

#[cfg(test)]
#[path = "enforcer_tests.rs"]
mod tests;
