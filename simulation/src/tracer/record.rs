//! Lists that fold repetitions and are bounded.

use crate::trace::{FrameTrace, StorageUse};

/// A list grew beyond its bound: nothing is judged on a cut trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overflow;

/// Appends; at the bound, sorts and removes repetitions. When that does not free half of the list
/// the bound is exceeded (so that sorting stays rare however the records come).
#[inline]
pub(super) fn push<T: Ord>(list: &mut Vec<T>, item: T, bound: usize) -> Result<(), Overflow> {
    if list.last() == Some(&item) {
        return Ok(());
    }
    if list.len() >= bound {
        fold(list);
        if list.len() > bound / 2 {
            return Err(Overflow);
        }
    }
    list.push(item);
    Ok(())
}

/// The same for slots, where repetitions unite their accesses.
#[inline]
pub(super) fn push_slot(
    list: &mut Vec<StorageUse>,
    item: StorageUse,
    bound: usize,
) -> Result<(), Overflow> {
    if list.len() >= bound {
        fold_slots(list);
        if list.len() > bound / 2 {
            return Err(Overflow);
        }
    }
    list.push(item);
    Ok(())
}

/// Sorts and removes repetitions.
pub(super) fn fold<T: Ord>(list: &mut Vec<T>) {
    list.sort_unstable();
    list.dedup();
}

fn fold_slots(list: &mut Vec<StorageUse>) {
    list.sort_unstable();
    list.dedup_by(|later, kept| {
        let same = (later.address, later.slot) == (kept.address, kept.slot);
        if same {
            kept.access = kept.access.union(later.access);
        }
        same
    });
}

/// Brings a finished frame's lists into their documented order.
pub(super) fn finish(frame: &mut FrameTrace) {
    fold(&mut frame.opcodes);
    fold(&mut frame.code_accesses);
    fold_slots(&mut frame.storage);
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, U256};

    use super::*;
    use crate::trace::StorageAccess;

    #[test]
    fn repetitions_fold_and_distinct_records_overflow() {
        let mut list = Vec::new();
        for round in 0..1_000 {
            push(&mut list, round % 3, 8).expect("three distinct values fit");
        }
        fold(&mut list);
        assert_eq!(list, [0, 1, 2]);
        let mut list = Vec::new();
        assert!((0..9).any(|value| push(&mut list, value, 8).is_err()));
    }

    #[test]
    fn accesses_of_a_slot_unite() {
        let mut list = Vec::new();
        for round in 0..100u64 {
            let access = if round % 2 == 0 { StorageAccess::READ } else { StorageAccess::WRITE };
            let slot = U256::from(round % 2);
            let used = StorageUse { address: Address::ZERO, slot, access };
            push_slot(&mut list, used, 8).expect("two slots fit");
        }
        let again = StorageUse {
            address: Address::ZERO,
            slot: U256::ZERO,
            access: StorageAccess::TRANSIENT_READ,
        };
        push_slot(&mut list, again, 8).expect("fits");
        fold_slots(&mut list);
        assert_eq!(list.len(), 2);
        assert!(list[0].access.contains(StorageAccess::READ.union(StorageAccess::TRANSIENT_READ)));
        assert!(!list[0].access.contains(StorageAccess::WRITE));
    }
}
