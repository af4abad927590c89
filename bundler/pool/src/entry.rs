//! What the pool keeps for one operation.

use alloy::primitives::{Address, B256, Bytes, U256};
use serde::{Deserialize, Serialize};
use writ_types::{EntityKind, EntryPoint, EntryPointVersion, UserOperation};

/// What the gate found out about an operation's attestation, as far as it is needed later: for the re-check
/// before a bundle, and to answer who allowed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateRecord {
    /// Hash of the canonical evidence; the key for `writ_getDecision`.
    pub evidence: B256,
    /// Policy commitment that was attested.
    pub policy: B256,
    /// Operator set that signed.
    pub operator_set: Address,
    /// Configuration revision that was attested.
    pub revision: u64,
    /// Operator set epoch that was attested.
    pub epoch: u64,
    /// Outflow sequence that was attested; zero for policies without history.
    pub sequence: u64,
    /// Block the decision was made at.
    pub block_number: u64,
    /// Its hash; a reorganisation that removes it voids the decision.
    pub block_hash: B256,
    /// First second of validity.
    pub valid_after: u64,
    /// Last second of validity.
    pub valid_until: u64,
}

/// An attestation under the bundler's own policy: kept beside the operation, never put on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetachedRecord {
    /// Hash of the canonical evidence; the key for `writ_getDecision`.
    pub evidence: B256,
    /// Policy commitment that was attested.
    pub policy: B256,
    /// The attestation, in the form that a suffix has.
    pub attestation: Bytes,
    /// What the account called in the simulation that was decided on.
    pub conduct: B256,
}

/// One storage slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot {
    /// The contract.
    pub address: Address,
    /// The slot.
    pub slot: U256,
}

/// When the operation itself (account and paymaster, without the attestation) is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validity {
    /// First second, or block.
    pub after: u64,
    /// Last second, or block.
    pub until: u64,
    /// Block numbers instead of seconds (EntryPoint v0.9).
    pub in_blocks: bool,
}

impl Default for Validity {
    fn default() -> Self {
        Self { after: 0, until: u64::MAX, in_blocks: false }
    }
}

/// Gas that the validation of each entity used, deployment apart from the account's own validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ValidationGas {
    /// The factory's frame.
    pub factory: u64,
    /// `validateUserOp`.
    pub account: u64,
    /// `validatePaymasterUserOp`.
    pub paymaster: u64,
}

/// What the last validation found that ERC-7562 wants to know later: for reputation, for the limits of the pool, and
/// for comparing with the next validation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// Block at which the operation was admitted (GREP-020 lets it live for so many more).
    pub admitted_at: u64,
    /// Whether the factory is staked.
    pub staked_factory: bool,
    /// Whether the paymaster is staked.
    pub staked_paymaster: bool,
    /// The paymaster's deposit at the EntryPoint, in wei; `None` where nobody looked (EREP-010).
    pub paymaster_deposit: Option<U256>,
    /// Bytes of the paymaster's context (EREP-055, LIM-050).
    pub context_length: usize,
    /// Gas of the validation frames (EREP-070).
    pub gas: ValidationGas,
    /// Addresses that validation called or looked at, the entities among them and the EntryPoint not, sorted.
    pub visited: Vec<Address>,
    /// Addresses that validation created, sorted.
    pub created: Vec<Address>,
    /// Digest of all state that the validation's result rests on, as it stood at the simulated block. `None`: it rests
    /// on more than can be compared, so that it has to be simulated again.
    pub state: Option<B256>,
}

/// A pooled operation, and what its simulation and the gate found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolOperation {
    /// The operation, in the bytes that will go on chain.
    pub operation: UserOperation,
    /// The EntryPoint it is for.
    pub entry_point: EntryPoint,
    /// Its userOpHash.
    pub hash: B256,
    /// Whether it carries an attestation that was verified.
    pub attested: bool,
    /// The verified attestation.
    pub gate: Option<GateRecord>,
    /// The verified attestation under the bundler's own policy, where it has one.
    pub detached: Option<DetachedRecord>,
    /// The operation's own time range.
    pub validity: Validity,
    /// Whether the sender is staked, and so is not limited in number.
    pub sender_staked: bool,
    /// Storage that validation touched outside the EntryPoint, so that an unrelated block need not lead
    /// to another simulation. Empty: unknown, simulate always.
    pub touched: Vec<Slot>,
    /// Digest of the code of everything validation visited (ERC-7562 COD-010).
    pub code_digest: Option<B256>,
    /// Block at which it was last simulated.
    pub simulated_at: u64,
    /// Unix seconds at which it arrived.
    pub received_at: u64,
    /// What the last validation found for later.
    pub facts: Facts,
}

impl PoolOperation {
    /// An operation about which nothing more is known.
    pub fn new(operation: UserOperation, entry_point: EntryPoint, hash: B256) -> Self {
        Self {
            operation,
            entry_point,
            hash,
            attested: false,
            gate: None,
            detached: None,
            validity: Validity::default(),
            sender_staked: false,
            touched: Vec::new(),
            code_digest: None,
            simulated_at: 0,
            received_at: 0,
            facts: Facts::default(),
        }
    }

    /// Whether the entity in this part is staked, as far as was looked.
    pub const fn is_staked(&self, kind: EntityKind) -> bool {
        match kind {
            EntityKind::Account => self.sender_staked,
            EntityKind::Factory => self.facts.staked_factory,
            EntityKind::Paymaster => self.facts.staked_paymaster,
            EntityKind::Aggregator => false,
        }
    }

    /// Whether the factory that the operation names has a part in it. EntryPoint v0.9 ignores the factory of a sender that
    /// exists: anybody could name it, and it must not pay for that.
    pub fn factory_acts(&self) -> bool {
        self.operation.version != EntryPointVersion::V09
            || self.facts.created.contains(&self.operation.sender)
    }

    /// The addresses for which the operation counts as seen: its paymaster, and whoever else is staked. (The sender or
    /// factory without a stake has no reputation: anybody could ruin it.)
    pub(crate) fn reputable(&self) -> Vec<Address> {
        let counts = |kind| match kind {
            EntityKind::Paymaster => true,
            EntityKind::Factory => self.is_staked(kind) && self.factory_acts(),
            EntityKind::Account | EntityKind::Aggregator => self.is_staked(kind),
        };
        let entities = self.operation.entities().filter(|entity| counts(entity.kind));
        let mut addresses: Vec<Address> = entities.map(|entity| entity.address).collect();
        addresses.sort_unstable();
        addresses.dedup();
        addresses
    }

    /// The place that only one live operation can have.
    pub(crate) fn place(&self) -> Place {
        Place {
            queue: Queue {
                entry_point: self.entry_point.address,
                sender: self.operation.sender,
                key: self.operation.nonce >> 64,
            },
            sequence: self.operation.nonce_sequence(),
        }
    }
}

/// Operations that have to run in order: one EntryPoint, one sender, one nonce key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Queue {
    pub(crate) entry_point: Address,
    pub(crate) sender: Address,
    pub(crate) key: U256,
}

/// A queue and a position in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) queue: Queue,
    pub(crate) sequence: u64,
}

/// The form in which an operation is stored: its JSON stands for itself, so that a database can be read
/// by any later version that still reads ERC-7769.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredOperation {
    pub(crate) arrival: u64,
    pub(crate) entry_point: EntryPoint,
    pub(crate) operation: String,
    pub(crate) attested: bool,
    pub(crate) gate: Option<GateRecord>,
    pub(crate) detached: Option<DetachedRecord>,
    pub(crate) validity: Validity,
    pub(crate) sender_staked: bool,
    pub(crate) touched: Vec<Slot>,
    pub(crate) code_digest: Option<B256>,
    pub(crate) simulated_at: u64,
    pub(crate) received_at: u64,
}

impl StoredOperation {
    pub(crate) fn new(entry: &PoolOperation, arrival: u64) -> Self {
        Self {
            arrival,
            entry_point: entry.entry_point,
            operation: entry.operation.to_rpc().to_string(),
            attested: entry.attested,
            gate: entry.gate.clone(),
            detached: entry.detached.clone(),
            validity: entry.validity,
            sender_staked: entry.sender_staked,
            touched: entry.touched.clone(),
            code_digest: entry.code_digest,
            simulated_at: entry.simulated_at,
            received_at: entry.received_at,
        }
    }

    /// The operation again, or what is wrong with the stored bytes.
    pub(crate) fn into_entry(self, hash: B256, facts: Facts) -> Result<PoolOperation, String> {
        let json = serde_json::from_str(&self.operation).map_err(|error| error.to_string())?;
        // It was accepted once; a limit that was lowered since then must not make it unreadable.
        let limits = writ_types::ParseLimits { max_packed_size: usize::MAX };
        let operation = UserOperation::from_rpc_with(&json, self.entry_point.version, &limits)
            .map_err(|error| error.to_string())?;
        Ok(PoolOperation {
            operation,
            entry_point: self.entry_point,
            hash,
            attested: self.attested,
            gate: self.gate,
            detached: self.detached,
            validity: self.validity,
            sender_staked: self.sender_staked,
            touched: self.touched,
            code_digest: self.code_digest,
            simulated_at: self.simulated_at,
            received_at: self.received_at,
            facts,
        })
    }
}

/// What is stored beside an operation: its facts, and for whom it counts as seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct StoredFacts {
    pub(crate) facts: Facts,
    pub(crate) seen: Vec<Address>,
}
