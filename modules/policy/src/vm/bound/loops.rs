//! Which instructions of a rule are repeated, and by which `NEXT`.

use std::ops::Range;

use crate::vm::{Instruction, Op, opcode::Operand};

/// A loop: from its `NEXT` to the last jump back there. It goes round once for each item.
#[derive(Clone, Debug)]
pub(super) struct Loop {
    /// Its instructions, the first of which is the `NEXT`.
    pub(super) range: Range<usize>,
    /// The iterator's register.
    pub(super) iterator: u16,
}

/// Where an instruction may jump to.
fn target(instruction: &Instruction) -> Option<usize> {
    let values = [instruction.a, instruction.b, instruction.c];
    instruction
        .op
        .operands()
        .into_iter()
        .zip(values)
        .find_map(|(operand, value)| (operand == Operand::Target).then_some(usize::from(value)))
}

/// The loops of the instructions in `rule`, `None` if there are jumps back that are not of this form:
/// to a `NEXT` that leaves the loop at its end, whose iterator is not begun anew inside, and which is
/// the only way in. Loops are one in the other or apart.
pub(super) fn find(code: &[Instruction], rule: Range<usize>) -> Option<Vec<Loop>> {
    let jumps: Vec<(usize, usize)> =
        rule.filter_map(|at| code.get(at).and_then(target).map(|target| (at, target))).collect();
    let mut loops: Vec<Loop> = Vec::new();
    for (at, back) in jumps.iter().filter(|(at, target)| target <= at) {
        let next = code.get(*back).filter(|instruction| instruction.op == Op::Next)?;
        match loops.iter_mut().find(|found| found.range.start == *back) {
            Some(found) => found.range.end = found.range.end.max(at + 1),
            None => loops.push(Loop { range: *back..at + 1, iterator: next.a }),
        }
    }
    for one in &loops {
        let range = &one.range;
        let exit = code.get(range.start).map(|next| usize::from(next.c))?;
        let begun = code
            .get(range.clone())?
            .iter()
            .any(|instruction| instruction.op == Op::Iter && instruction.a == one.iterator);
        let entered = jumps.iter().any(|(at, target)| {
            !range.contains(at) && range.contains(target) && *target != range.start
        });
        let crossed = loops.iter().any(|two| {
            let apart = two.range.end <= range.start || range.end <= two.range.start;
            let inside = |a: &Range<usize>, b: &Range<usize>| b.start <= a.start && a.end <= b.end;
            !apart && !inside(range, &two.range) && !inside(&two.range, range)
        });
        if range.contains(&exit) || begun || entered || crossed {
            return None;
        }
    }
    Some(loops)
}
