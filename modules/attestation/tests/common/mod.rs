//! A configured account, its operators and a really attested operation.

#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

use alloy::primitives::{Address, B256, U256, bytes};
use writ_attestation::{
    AccountPolicy, AccountState, Attestation, Bound, Bounds, Configuration, Context, Domain, Mode,
    OperatorKey, OperatorSet, Suffix, action_of, max_cost_of,
};
use writ_types::{EntryPointVersion, UserOperation};

pub const NOW: u64 = 1_800_000_000;

pub struct World {
    pub keys: Vec<OperatorKey>,
    pub set: OperatorSet,
    pub policy: AccountPolicy,
    pub domain: Domain,
    pub account_code: B256,
    pub operation: UserOperation,
    pub bounds: Bounds,
}

impl World {
    /// `k` of `n`, with fixed keys.
    pub fn new(k: u8, n: u8) -> Self {
        let keys: Vec<_> = (1..=n)
            .map(|i| OperatorKey::from_hex(&format!("{:064x}", u64::from(i) + 0x1000)).unwrap())
            .collect();
        let set = OperatorSet::new(keys.iter().map(OperatorKey::address).collect()).unwrap();
        let version = EntryPointVersion::V08;
        let policy = AccountPolicy {
            configuration: Configuration {
                owner: Address::repeat_byte(0x0a),
                owner_validator: Address::ZERO,
                entry_point: version.canonical_address(),
                registry: Address::ZERO,
                operator_set: set.address(),
                operator_set_code_hash: set.code_hash(),
                policy: B256::repeat_byte(0x77),
                threshold: k,
                least_operators: n,
                level: 1,
                mode: Mode::Enforce,
                exit_delay: 86_400,
                epoch: 3,
                reads_history: true,
            },
            state: AccountState {
                revision: 5,
                sequence: 11,
                validator_installed: true,
                hook_installed: true,
                ..Default::default()
            },
        };
        Self {
            keys,
            set,
            policy,
            domain: Domain::new(31_337, Address::repeat_byte(0x33)),
            account_code: B256::repeat_byte(0xac),
            operation: operation(version),
            bounds: Bounds::new(vec![
                Bound::native(1_000),
                Bound::erc20(Address::repeat_byte(0x20), 5),
            ])
            .unwrap(),
        }
    }

    pub fn context(&self) -> Context<'_> {
        Context {
            domain: self.domain,
            entry_point: self.policy.configuration.entry_point,
            policy: &self.policy,
            operators: &self.set,
            account_code: self.account_code,
            sequence: self.policy.next_sequence(0),
            now: NOW,
        }
    }

    pub fn attestation(&self) -> Attestation {
        let action = action_of(
            &self.operation,
            self.policy.configuration.entry_point,
            self.account_code,
            max_cost_of(&self.operation),
        );
        Attestation {
            action: action.hash(),
            policy: self.policy.configuration.policy,
            evidence: B256::repeat_byte(0xee),
            bounds: self.bounds.hash(),
            revision: self.policy.state.revision,
            epoch: self.policy.configuration.epoch,
            sequence: self.policy.next_sequence(0),
            level: 1,
            block_number: 1_234,
            block_hash: B256::repeat_byte(0xb1),
            valid_after: NOW - 1,
            valid_until: NOW + 300,
        }
    }

    /// A suffix signed by the operators at `signers`.
    pub fn suffix(&self, signers: &[u8]) -> Suffix {
        let attestation = self.attestation();
        let digest = attestation.digest(&self.domain).unwrap();
        let signatures = signers
            .iter()
            .map(|index| self.keys[usize::from(*index)].sign(digest, *index))
            .collect();
        Suffix::new(&attestation, max_cost_of(&self.operation), self.bounds.clone(), signatures)
    }
}

pub fn operation(version: EntryPointVersion) -> UserOperation {
    UserOperation {
        version,
        sender: Address::repeat_byte(0x5e),
        nonce: (U256::from(0x1234_u64) << 64) + U256::from(7),
        factory: None,
        call_data: bytes!("e9ae5c53000102"),
        call_gas_limit: 100_000,
        verification_gas_limit: 200_000,
        pre_verification_gas: U256::from(60_000),
        max_fee_per_gas: 3_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        paymaster: None,
        signature: vec![0x51; 65].into(),
        authorization: None,
    }
}
