//! Whose storage validation may use: STO-010, STO-021, STO-022, STO-031, STO-032, STO-033, OP-070.
//!
//! Each rule is asked about each access in turn and answers with a [`Verdict`]. The EntryPoint's own storage is
//! not judged here: it changes only through calls that OP-054 allows.

use alloy::primitives::Address;
use writ_types::{RuleId, Violation};

use super::{RuleContext, violation};
use crate::trace::{FrameTrace, OpTrace, Phase, StorageAccess, StorageUse};

/// What one rule says about one access.
enum Verdict {
    /// The rule is about something else.
    Silent,
    /// The rule allows it.
    Permits,
    /// The rule is about such accesses, but its condition is not met.
    Refuses(&'static str),
    /// The same, and a stake would meet it.
    NeedsStake(&'static str),
}

use Verdict::{NeedsStake, Permits, Refuses, Silent};

/// One access, with all that the rules may consult.
struct Access<'a> {
    trace: &'a OpTrace,
    frame: &'a FrameTrace,
    used: &'a StorageUse,
    writes: bool,
    staked: bool,
    context: &'a RuleContext,
}

impl Access<'_> {
    fn is_associated(&self, owner: Address) -> bool {
        self.trace.is_associated(owner, self.used.slot)
    }

    /// Whether the storage belongs to none of the operation's entities.
    fn in_non_entity(&self) -> bool {
        let address = self.used.address;
        address != self.trace.sender
            && Some(address) != self.trace.factory
            && Some(address) != self.trace.paymaster
    }
}

type StorageRule = fn(&Access<'_>) -> Verdict;

/// The storage rules in the order in which a refusal is reported: the most specific one first.
const ORDER: [(RuleId, StorageRule); 6] = [
    (RuleId::Sto010, sto_010),
    (RuleId::Sto031, sto_031),
    (RuleId::Sto021, sto_021),
    (RuleId::Sto022, sto_022),
    (RuleId::Sto032, sto_032),
    (RuleId::Sto033, sto_033),
];

/// STO-010: the account's own storage may always be used.
fn sto_010(access: &Access<'_>) -> Verdict {
    if access.used.address == access.trace.sender { Permits } else { Silent }
}

/// STO-021: slots associated with the account, in a contract that is no entity of the operation, may be used if
/// the account already exists.
fn sto_021(access: &Access<'_>) -> Verdict {
    let associated = access.is_associated(access.trace.sender) && access.in_non_entity();
    if associated && !is_being_created(access.trace) { Permits } else { Silent }
}

/// STO-022: when the operation creates the account, such slots may be used only if the factory is staked.
fn sto_022(access: &Access<'_>) -> Verdict {
    let associated = access.is_associated(access.trace.sender) && access.in_non_entity();
    if !associated || !is_being_created(access.trace) {
        Silent
    } else if access.trace.factory.is_some_and(|factory| access.context.is_staked(factory)) {
        Permits
    } else {
        NeedsStake(
            "uses a slot associated with an account under creation, by a factory without stake",
        )
    }
}

/// Whether a factory is to create the sender. EntryPoint v0.9 ignores the factory of an existing sender.
fn is_being_created(trace: &OpTrace) -> bool {
    trace.factory.is_some() && !trace.sender_existed
}

/// STO-031: a staked factory or paymaster may use its own storage.
fn sto_031(access: &Access<'_>) -> Verdict {
    if access.used.address != access.frame.entity || access.frame.phase == Phase::Account {
        Silent
    } else if access.staked {
        Permits
    } else {
        NeedsStake("uses its own storage but is not staked")
    }
}

/// STO-032: a staked entity may use slots associated with itself in any contract that is no entity.
fn sto_032(access: &Access<'_>) -> Verdict {
    if !access.is_associated(access.frame.entity) || !access.in_non_entity() {
        Silent
    } else if access.staked {
        Permits
    } else {
        NeedsStake("uses a slot associated with itself but is not staked")
    }
}

/// STO-033: a staked entity may read any storage of a contract that is no entity. It is the last and widest
/// permission, so whatever is still undecided is refused under its id.
fn sto_033(access: &Access<'_>) -> Verdict {
    if !access.in_non_entity() {
        Refuses("uses the storage of another entity")
    } else if access.writes {
        Refuses("writes a slot of another contract that is not associated with it or the account")
    } else if access.staked {
        Permits
    } else {
        NeedsStake("reads storage of another contract but is not staked")
    }
}

/// Judges the accesses of one kind: durable or transient.
fn judge(trace: &OpTrace, context: &RuleContext, violations: &mut Vec<Violation>, transient: bool) {
    let (read, write) = if transient {
        (StorageAccess::TRANSIENT_READ, StorageAccess::TRANSIENT_WRITE)
    } else {
        (StorageAccess::READ, StorageAccess::WRITE)
    };
    for frame in trace.frames() {
        let staked = context.is_staked(frame.entity);
        for used in &frame.storage {
            let writes = used.access.contains(write);
            let is_kind = writes || used.access.contains(read);
            if !is_kind || used.address == trace.entry_point.address {
                continue;
            }
            let access = Access { trace, frame, used, writes, staked, context };
            if let Some((rule, reason, stake)) = refusal(&access) {
                let kind = if transient { "transient slot" } else { "slot" };
                let detail = format!("{reason} ({kind} {:#x})", used.slot);
                let mut found = violation(rule, trace, frame, used.address, detail);
                found.required = stake.then_some(context.constants.min_stake_value);
                violations.push(found);
            }
        }
    }
}

/// The first rule to refuse an access that no rule permits, and whether a stake would change that.
fn refusal(access: &Access<'_>) -> Option<(RuleId, &'static str, bool)> {
    let mut first = None;
    for (id, rule) in ORDER {
        match rule(access) {
            Permits => return None,
            Refuses(reason) => first = first.or(Some((id, reason, false))),
            NeedsStake(reason) => first = first.or(Some((id, reason, true))),
            Silent => {}
        }
    }
    first
}

/// All storage rules, over SLOAD and SSTORE.
pub(super) fn sto_durable(trace: &OpTrace, context: &RuleContext, violations: &mut Vec<Violation>) {
    judge(trace, context, violations, false);
}

/// OP-070: TLOAD and TSTORE are judged by the very same rules as SLOAD and SSTORE, and reported under them.
pub(super) fn op_070(trace: &OpTrace, context: &RuleContext, violations: &mut Vec<Violation>) {
    judge(trace, context, violations, true);
}
