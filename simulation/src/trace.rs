//! What one pass of the tracer leaves behind.
//!
//! ```text
//! Simulation
//!   └─ ops[i]: OpOutcome
//!        ├─ trace: OpTrace                 judged by the ERC-7562 rules
//!        │    ├─ deploy     FrameTrace     EntryPoint -> SenderCreator -> factory
//!        │    ├─ account    FrameTrace     EntryPoint -> sender.validateUserOp
//!        │    └─ paymaster_frame FrameTrace EntryPoint -> paymaster.validatePaymasterUserOp
//!        ├─ account, paymaster             decoded validation data
//!        ├─ execution, post_op             result and gas of the unrestricted frames
//!        └─ effects                        what execution did, reverted sub-frames removed
//! ```
//!
//! Everything here is plain data in a deterministic order: the same bytes in the same state give
//! an equal value on every machine. Lists are bounded by [`limits`](crate::Limits); a list that
//! would grow beyond its bound fails the simulation instead of being cut.

use alloy::primitives::{Address, B256, Bytes, U256};
use serde::{Deserialize, Serialize};
use writ_types::EntryPoint;

/// A part of `handleOps` that runs code chosen by one party of a user operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// The factory (or, under EIP-7702, the sender's initialisation call) through SenderCreator.
    Deploy,
    /// `validateUserOp` of the sender.
    Account,
    /// `validatePaymasterUserOp` of the paymaster.
    Paymaster,
    /// The sender's call inside `innerHandleOp`. Unrestricted by ERC-7562.
    Execution,
    /// `postOp` of the paymaster. Unrestricted by ERC-7562.
    PostOp,
}

impl Phase {
    /// Whether ERC-7562 restricts what happens in this phase.
    pub const fn is_validation(self) -> bool {
        matches!(self, Self::Deploy | Self::Account | Self::Paymaster)
    }
}

/// How a frame ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FrameStatus {
    /// STOP, RETURN or SELFDESTRUCT.
    #[default]
    Success,
    /// REVERT, or a call that could not begin (depth, balance): gas is given back.
    Revert,
    /// Out of gas, of whatever kind.
    OutOfGas,
    /// Any other exceptional halt: bad jump, stack, unassigned opcode, static violation.
    Halt,
}

impl FrameStatus {
    /// Whether the frame's state changes were kept by its caller.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Success)
    }
}

/// What stands at an address at the moment it was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CodeState {
    /// No code.
    #[default]
    None,
    /// Ordinary contract code.
    Contract,
    /// An EIP-7702 delegation to this address.
    Delegated(Address),
    /// A precompiled contract of the simulated fork.
    Precompile,
}

impl CodeState {
    /// Whether ERC-7562 counts the address as having code (precompiles have rules of their own).
    pub const fn has_code(self) -> bool {
        matches!(self, Self::Contract | Self::Delegated(_))
    }
}

/// Why an opcode was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OpcodeClass {
    /// On the list of OP-011, except CREATE, which has its own record ([`CreateUse`]).
    Banned,
    /// GAS whose next instruction is not a `*CALL` (OP-012).
    LoneGas,
    /// Not assigned in the simulated fork (OP-013).
    Unassigned,
    /// BALANCE or SELFBALANCE (OP-080).
    Balance,
}

/// One opcode of interest used by one contract. Repetitions within the frame are folded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpcodeUse {
    /// The opcode byte.
    pub opcode: u8,
    /// Why it is recorded.
    pub class: OpcodeClass,
    /// `address(this)` of the code that used it.
    pub contract: Address,
    /// Address that the code was loaded from (differs under DELEGATECALL).
    pub code: Address,
}

/// The four call instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CallKind {
    /// CALL
    Call,
    /// CALLCODE
    CallCode,
    /// DELEGATECALL
    DelegateCall,
    /// STATICCALL
    StaticCall,
}

/// A call made inside a validation frame, in order of execution. Calls whose sub-frame reverted
/// are kept: the rules judge what was attempted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallUse {
    /// Which instruction.
    pub kind: CallKind,
    /// `address(this)` of the caller.
    pub from: Address,
    /// Address that the caller's code was loaded from.
    pub from_code: Address,
    /// The address operand: callee, or for DELEGATECALL and CALLCODE the code's address.
    pub to: Address,
    /// Value moved in wei; zero for DELEGATECALL and STATICCALL.
    pub value: U256,
    /// First four bytes of the input; `None` if it is shorter.
    pub selector: Option<[u8; 4]>,
    /// Length of the input in bytes.
    pub input_len: usize,
    /// First ABI argument when it reads as an address (needed for `depositTo(sender)`).
    pub argument: Option<Address>,
    /// What stood at `to` when the call was made.
    pub target: CodeState,
    /// Depth of the calling frame below the entity's own frame, which is 0.
    pub depth: u16,
    /// How the called frame ended.
    pub status: FrameStatus,
}

/// A CREATE or CREATE2 inside a validation frame.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateUse {
    /// CREATE2 rather than CREATE.
    pub create2: bool,
    /// `address(this)` of the creator.
    pub creator: Address,
    /// Address that the creator's code was loaded from.
    pub creator_code: Address,
    /// The new contract's address; `None` when creation failed.
    pub created: Option<Address>,
    /// Depth of the creating frame below the entity's own frame, which is 0.
    pub depth: u16,
    /// How the init code ended.
    pub status: FrameStatus,
}

/// An EXTCODESIZE, EXTCODEHASH or EXTCODECOPY. Exact repetitions within the frame are folded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeAccess {
    /// The opcode byte.
    pub opcode: u8,
    /// `address(this)` of the code that used it.
    pub contract: Address,
    /// The address looked at.
    pub target: Address,
    /// Whether `target` had code (own or delegated) at that moment.
    pub has_code: bool,
    /// Whether that code was an EIP-7702 delegation (AUTH-030).
    pub delegated: bool,
    /// The instruction byte that follows (OP-051 wants EXTCODESIZE, ISZERO); STOP at the end.
    pub next_opcode: u8,
}

/// How a slot was used: a set of the four accesses.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct StorageAccess(u8);

impl StorageAccess {
    /// SLOAD
    pub const READ: Self = Self(1);
    /// SSTORE
    pub const WRITE: Self = Self(2);
    /// TLOAD
    pub const TRANSIENT_READ: Self = Self(4);
    /// TSTORE
    pub const TRANSIENT_WRITE: Self = Self(8);

    /// Whether all accesses of `other` are in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the slot, durable or transient, was written.
    pub const fn writes(self) -> bool {
        self.0 & (Self::WRITE.0 | Self::TRANSIENT_WRITE.0) != 0
    }

    /// Whether durable storage (not only transient) was used.
    pub const fn durable(self) -> bool {
        self.0 & (Self::READ.0 | Self::WRITE.0) != 0
    }
}

/// A storage slot used inside a validation frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StorageUse {
    /// Whose storage.
    pub address: Address,
    /// Which slot.
    pub slot: U256,
    /// How it was used.
    pub access: StorageAccess,
}

/// A frame that ran out of gas (plain, memory expansion, SSTORE's stipend sentry, precompile).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutOfGas {
    /// `address(this)` of the frame, or the created address's creator.
    pub contract: Address,
    /// Depth below the entity's own frame, which is 0.
    pub depth: u16,
}

/// `base = keccak256(owner ‖ …)`, computed by somebody during validation: slots
/// `base .. base + 128` are associated with `owner`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Association {
    /// Sender, factory or paymaster of the operation.
    pub owner: Address,
    /// The hash.
    pub base: U256,
}

/// The code that stands at an address visited during validation (COD-010).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeVisit {
    /// The visited address. A delegate (EIP-7702) has an entry of its own.
    pub address: Address,
    /// Hash of its own code (for a delegated account of the designation); the hash of nothing
    /// where there is no code.
    pub code_hash: B256,
}

/// One validation frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FrameTrace {
    /// Which frame.
    pub phase: Phase,
    /// Factory, sender or paymaster; under EIP-7702 initialisation the sender.
    pub entity: Address,
    /// What stood at `entity` when its frame began.
    pub entity_code: CodeState,
    /// Gas given by the EntryPoint.
    pub gas_limit: u64,
    /// Gas spent, refunds not subtracted. For a deploy frame SenderCreator's share is included.
    pub gas_used: u64,
    /// How the frame ended.
    pub status: FrameStatus,
    /// Return or revert data.
    pub output: Bytes,
    /// Opcodes of interest, sorted, without repetitions.
    pub opcodes: Vec<OpcodeUse>,
    /// Calls in order of execution.
    pub calls: Vec<CallUse>,
    /// Creations in order of execution.
    pub creates: Vec<CreateUse>,
    /// Looks at foreign code, sorted, without repetitions.
    pub code_accesses: Vec<CodeAccess>,
    /// Slots used, sorted by address and slot.
    pub storage: Vec<StorageUse>,
    /// Frames that ran out of gas.
    pub out_of_gas: Vec<OutOfGas>,
}

impl FrameTrace {
    /// An empty trace of a frame that is about to run.
    pub fn new(phase: Phase, entity: Address, entity_code: CodeState, gas_limit: u64) -> Self {
        Self {
            phase,
            entity,
            entity_code,
            gas_limit,
            gas_used: 0,
            status: FrameStatus::Success,
            output: Bytes::new(),
            opcodes: Vec::new(),
            calls: Vec::new(),
            creates: Vec::new(),
            code_accesses: Vec::new(),
            storage: Vec::new(),
            out_of_gas: Vec::new(),
        }
    }
}

/// Everything the ERC-7562 rules look at for one operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpTrace {
    /// Place in the bundle, from 0.
    pub index: usize,
    /// The EntryPoint that ran it.
    pub entry_point: EntryPoint,
    /// The SenderCreator of that EntryPoint.
    pub sender_creator: Address,
    /// The account.
    pub sender: Address,
    /// The factory, if the operation names one (the EIP-7702 marker is not a factory).
    pub factory: Option<Address>,
    /// The paymaster, if any.
    pub paymaster: Option<Address>,
    /// Whether the sender had code before the bundle began.
    pub sender_existed: bool,
    /// Deployment, if the EntryPoint called its SenderCreator.
    pub deploy: Option<FrameTrace>,
    /// The account's validation; `None` if the EntryPoint rejected before.
    pub account: Option<FrameTrace>,
    /// The paymaster's validation; `None` without a paymaster or when rejected before.
    pub paymaster_frame: Option<FrameTrace>,
    /// What the EntryPoint counted against `verificationGasLimit` (AA26, AA40). With v0.6 the paymaster's validation is
    /// part of it. `None` if it did not come to that.
    pub verification_gas: Option<CountedGas>,
    /// What it counted against `paymasterVerificationGasLimit` (AA36); `None` with v0.6.
    pub paymaster_verification_gas: Option<CountedGas>,
    /// Associated slot bases seen in any validation frame of the operation, sorted.
    pub associations: Vec<Association>,
    /// Code of every address visited in validation, sorted by address.
    pub code_visits: Vec<CodeVisit>,
}

/// A verification gas limit, and what the EntryPoint counted against it, its own work included: with a limit of that it
/// accepts, with one less it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedGas {
    /// The operation's limit. A frame may get less where the transaction has no more.
    pub limit: u64,
    /// What was counted.
    pub used: u64,
}

impl CountedGas {
    /// What is left of the limit.
    #[must_use]
    pub const fn left(self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

/// Slots `keccak256(A ‖ x) + n` are associated with A for n below this.
pub const ASSOCIATED_SLOTS: u64 = 128;

impl OpTrace {
    /// The validation frames that ran, in order of execution.
    pub fn frames(&self) -> impl Iterator<Item = &FrameTrace> {
        [&self.deploy, &self.account, &self.paymaster_frame].into_iter().flatten()
    }

    /// Whether `slot` is associated with `owner` (ERC-7562): its value is the address, or it lies
    /// less than 128 beyond a hash of something that begins with the address.
    pub fn is_associated(&self, owner: Address, slot: U256) -> bool {
        slot == U256::from_be_bytes(owner.into_word().0)
            || self.associations.iter().any(|association| {
                association.owner == owner
                    && slot.wrapping_sub(association.base) < U256::from(ASSOCIATED_SLOTS)
            })
    }

    /// Durable slots used by validation, sorted, without repetitions: when none of them and no
    /// code changed, a second validation gives the same result.
    pub fn durable_slots(&self) -> Vec<(Address, U256)> {
        let mut slots: Vec<_> = self
            .frames()
            .flat_map(|frame| &frame.storage)
            .filter(|used| used.access.durable())
            .map(|used| (used.address, used.slot))
            .collect();
        slots.sort_unstable();
        slots.dedup();
        slots
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{address, keccak256};
    use writ_types::EntryPointVersion;

    use super::*;

    const OWNER: Address = address!("00000000000000000000000000000000000a11ce");

    fn trace(associations: Vec<Association>) -> OpTrace {
        OpTrace {
            index: 0,
            entry_point: EntryPoint {
                address: Address::repeat_byte(7),
                version: EntryPointVersion::V07,
            },
            sender_creator: Address::ZERO,
            sender: OWNER,
            factory: None,
            paymaster: None,
            sender_existed: true,
            deploy: None,
            account: None,
            paymaster_frame: None,
            verification_gas: None,
            paymaster_verification_gas: None,
            associations,
            code_visits: Vec::new(),
        }
    }

    #[test]
    fn slots_are_associated_by_value_and_below_128_beyond_a_hash() {
        let base = U256::from_be_bytes(keccak256(OWNER).0);
        let trace = trace(vec![Association { owner: OWNER, base }]);
        assert!(trace.is_associated(OWNER, U256::from_be_bytes(OWNER.into_word().0)));
        assert!(trace.is_associated(OWNER, base));
        assert!(trace.is_associated(OWNER, base + U256::from(127)));
        assert!(!trace.is_associated(OWNER, base + U256::from(128)));
        assert!(!trace.is_associated(OWNER, base - U256::from(1)));
        assert!(!trace.is_associated(Address::repeat_byte(1), base));
        assert!(!trace.is_associated(OWNER, U256::ZERO));
    }

    #[test]
    fn association_at_the_end_of_the_slot_space_wraps_as_the_evm_does() {
        let trace = trace(vec![Association { owner: OWNER, base: U256::MAX }]);
        assert!(trace.is_associated(OWNER, U256::from(3)));
        assert!(!trace.is_associated(OWNER, U256::from(127)));
    }

    #[test]
    fn storage_access_sets_unite() {
        let both = StorageAccess::READ.union(StorageAccess::TRANSIENT_WRITE);
        assert!(both.contains(StorageAccess::READ) && both.writes() && both.durable());
        assert!(!both.contains(StorageAccess::WRITE));
        assert!(!StorageAccess::TRANSIENT_READ.durable());
    }
}
