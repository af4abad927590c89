//! The ERC-7562 rules that a single operation's trace decides, as a pure function.
//!
//! ```text
//! OpTrace ──frames──> opcodes.rs   OP-011 012 013 020 080
//!    │                creation.rs  OP-031 032, EREP-060 061
//!    │                calls.rs     OP-041 042 051..055 061 062
//!    │                storage.rs   STO-010 021 022 031 032 033, OP-070
//!    │                entity.rs    EREP-050, COD-010
//!    │                authorization.rs  AUTH-020 030
//!    │                limits.rs    LIM-020 030
//!    └─ RuleContext: stakes, constants        └──> Vec<Violation>, sorted
//! ```
//!
//! There is one function per rule, and [`RULES`] maps each id to it. Rules come in two kinds. A
//! prohibition looks at the whole trace and reports what it forbids. A permission is an exception to
//! prohibitions: it is asked about one access, and answers whether it covers that access. An access
//! that no rule permits is reported under the rule that came closest to permitting it, so that the
//! message says what would have to change.
//!
//! Invariants:
//! * The same trace and context give the same violations in the same order; nothing else is read.
//! * Stakes that the context does not know count as no stake; whatever no rule permits is forbidden.
//! * Code reached by CALL, DELEGATECALL or as a constructor is judged alike: by the frame's entity.

use alloy::primitives::Address;
use writ_types::{Constants, Entity, EntityKind, RuleId, StakeInfo, Violation};

use crate::trace::{FrameTrace, OpTrace, Phase};

mod authorization;
mod calls;
mod creation;
mod entity;
mod limits;
mod opcodes;
mod storage;

pub use entity::{code_digest, context_length};

/// What the rules need to know besides the trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleContext {
    /// Stakes of the sender, factory and paymaster at the simulated block. An address that is missing
    /// here is not staked.
    pub stakes: Vec<StakeInfo>,
    /// The chain's constants.
    pub constants: Constants,
}

impl RuleContext {
    /// Whether `address` is staked by the standard of the mempool.
    pub fn is_staked(&self, address: Address) -> bool {
        let Constants { min_stake_value, min_unstake_delay, .. } = self.constants;
        self.stakes.iter().any(|stake| {
            stake.address == address && stake.is_staked(min_stake_value, min_unstake_delay)
        })
    }
}

/// How a rule is applied.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// Reports everything in the trace that it forbids.
    Forbids(fn(&OpTrace, &RuleContext, &mut Vec<Violation>)),
    /// An exception that the prohibition with this id asks for.
    ExceptionTo(RuleId),
}

/// Every rule of this module by id. Exceptions have a function of their own beside the prohibition that
/// asks for them.
pub const RULES: &[(RuleId, Rule)] = &[
    (RuleId::Op011, Rule::Forbids(opcodes::op_011)),
    (RuleId::Op012, Rule::Forbids(opcodes::op_012)),
    (RuleId::Op013, Rule::Forbids(opcodes::op_013)),
    (RuleId::Op020, Rule::Forbids(opcodes::op_020)),
    (RuleId::Op031, Rule::Forbids(creation::op_031)),
    (RuleId::Op032, Rule::Forbids(creation::op_032)),
    (RuleId::Op041, Rule::Forbids(calls::op_041)),
    (RuleId::Op042, Rule::ExceptionTo(RuleId::Op041)),
    (RuleId::Op051, Rule::ExceptionTo(RuleId::Op054)),
    (RuleId::Op052, Rule::ExceptionTo(RuleId::Op054)),
    (RuleId::Op053, Rule::ExceptionTo(RuleId::Op054)),
    (RuleId::Op054, Rule::Forbids(calls::op_054)),
    (RuleId::Op055, Rule::ExceptionTo(RuleId::Op054)),
    (RuleId::Op061, Rule::Forbids(calls::op_061)),
    (RuleId::Op062, Rule::Forbids(calls::op_062)),
    (RuleId::Op070, Rule::Forbids(storage::op_070)),
    (RuleId::Op080, Rule::Forbids(opcodes::op_080)),
    (RuleId::Sto010, Rule::Forbids(storage::sto_durable)),
    (RuleId::Sto021, Rule::ExceptionTo(RuleId::Sto010)),
    (RuleId::Sto022, Rule::ExceptionTo(RuleId::Sto010)),
    (RuleId::Sto031, Rule::ExceptionTo(RuleId::Sto010)),
    (RuleId::Sto032, Rule::ExceptionTo(RuleId::Sto010)),
    (RuleId::Sto033, Rule::ExceptionTo(RuleId::Sto010)),
    (RuleId::Erep050, Rule::Forbids(entity::erep_050)),
    (RuleId::Erep060, Rule::ExceptionTo(RuleId::Op031)),
    (RuleId::Erep061, Rule::ExceptionTo(RuleId::Op032)),
    (RuleId::Auth020, Rule::Forbids(authorization::auth_020)),
    (RuleId::Auth030, Rule::Forbids(authorization::auth_030)),
    (RuleId::Lim020, Rule::Forbids(limits::lim_020)),
    (RuleId::Lim030, Rule::Forbids(limits::lim_030)),
];

/// Judges one operation: every violation of [`RULES`], sorted, without repetitions.
pub fn check(trace: &OpTrace, context: &RuleContext) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (_, rule) in RULES {
        if let Rule::Forbids(judge) = rule {
            judge(trace, context, &mut violations);
        }
    }
    violations.sort_unstable();
    violations.dedup();
    violations
}

/// The entity on whose account a frame runs.
fn entity_of(trace: &OpTrace, frame: &FrameTrace) -> Entity {
    let kind = match frame.phase {
        Phase::Paymaster | Phase::PostOp => EntityKind::Paymaster,
        // The initialisation call of an EIP-7702 account goes to the account itself.
        Phase::Deploy if frame.entity != trace.sender => EntityKind::Factory,
        Phase::Deploy | Phase::Account | Phase::Execution => EntityKind::Account,
    };
    Entity { kind, address: frame.entity }
}

/// A violation by the entity of `frame`, found at `address`.
fn violation(
    rule: RuleId,
    trace: &OpTrace,
    frame: &FrameTrace,
    address: Address,
    detail: impl Into<String>,
) -> Violation {
    Violation::new(rule, entity_of(trace, frame), detail).at(address)
}

/// Name of an opcode for messages.
fn opcode_name(opcode: u8) -> String {
    revm::bytecode::opcode::OpCode::new(opcode)
        .map_or_else(|| format!("0x{opcode:02x}"), |known| known.as_str().to_owned())
}
