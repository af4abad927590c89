//! Which operations to bundle first.

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc};

use alloy::primitives::Address;

use crate::{PoolOperation, Status, index::Index};

/// An operation that may run now, with what decides its turn.
type Ready = (u128, Reverse<u64>, Arc<PoolOperation>);

/// Pending operations for one EntryPoint, best paying first, at most `limit`.
///
/// The order of nonces is kept: an operation comes after the one that precedes it in its queue, and not at
/// all when that one is held or in a transaction already, or when the sequence has a gap before it. Equal
/// fees: who came first.
pub(crate) fn best(
    index: &Index,
    entry_point: Address,
    base_fee: u128,
    limit: usize,
) -> Vec<Arc<PoolOperation>> {
    // The part of each queue that may run now, last one first, so that the next is popped off the end.
    let mut ready: Vec<Vec<Ready>> = Vec::new();
    for queue in index.queues(entry_point) {
        let mut run = Vec::new();
        let mut expected = None;
        for live in index.queue(queue) {
            let sequence = live.operation.operation.nonce_sequence();
            let gap = expected.is_some_and(|expected| expected != sequence);
            if gap || live.status != Status::Pending {
                break;
            }
            let fee = live.operation.operation.effective_priority_fee(base_fee);
            run.push((fee, Reverse(live.arrival), live.operation.clone()));
            expected = sequence.checked_add(1);
        }
        run.reverse();
        ready.push(run);
    }
    let head = |runs: &[Vec<Ready>], run: usize| {
        runs[run].last().map(|(fee, arrival, _)| (*fee, *arrival, run))
    };
    let mut heap: BinaryHeap<_> = (0..ready.len()).filter_map(|run| head(&ready, run)).collect();
    let mut chosen = Vec::new();
    while chosen.len() < limit {
        let Some((_, _, run)) = heap.pop() else { break };
        if let Some((_, _, operation)) = ready[run].pop() {
            chosen.push(operation);
        }
        heap.extend(head(&ready, run));
    }
    chosen
}
