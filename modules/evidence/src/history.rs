//! What an account spent before, from the module's own `Outflow` events.
//!
//! ```text
//! state.lastOutflowBlock ─> events of that block ─ previousBlock ─> events of that block ─ … ─> older than a day, or 0
//! ```
//!
//! The events form a list that is linked backwards by block number, and its head is in the state that the
//! decision is pinned to. So a node that leaves out logs is noticed: a block that the list names and that has no
//! event is an error, never an empty history.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
};

use alloy::primitives::{Address, U256};

/// Length of the window, in seconds.
pub const DAY: u64 = 86_400;

/// Blocks asked for at once.
const RANGE: u64 = 2_000;

/// Most ranges fetched for one account.
const MAX_RANGES: usize = 64;

/// Most events in one window.
const MAX_EVENTS: usize = 4_096;

/// An `Outflow` event of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outflow {
    /// Number of the block that holds it.
    pub block: u64,
    /// The asset; zero for native currency.
    pub asset: Address,
    /// Net decrease, in the asset's smallest unit.
    pub amount: U256,
    /// Number of the attested action.
    pub sequence: u64,
    /// Timestamp of its block, in seconds.
    pub timestamp: u64,
    /// The last block before this one with such an event; 0 for none.
    pub previous_block: u64,
}

/// Where `Outflow` events come from.
pub trait OutflowSource {
    /// Why events could not be had.
    type Error: std::error::Error + Send + Sync + 'static;

    /// All events of `module` for `account` in the blocks `from..=to`.
    fn outflows(
        &self,
        module: Address,
        account: Address,
        from: u64,
        to: u64,
    ) -> impl Future<Output = Result<Vec<Outflow>, Self::Error>> + Send;
}

/// Spending within one window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spending {
    /// Attested operations that moved something out.
    pub operations: u64,
    /// Net amounts that left, by asset.
    pub spent: BTreeMap<Address, U256>,
}

impl Spending {
    /// Adds an amount. Sums saturate, which no ledger reaches.
    pub fn add(&mut self, asset: Address, amount: U256) {
        let sum = self.spent.entry(asset).or_default();
        *sum = sum.saturating_add(amount);
    }
}

/// Where the list begins and the window ends.
#[derive(Clone, Copy, Debug)]
pub struct HistoryHead {
    /// The module whose events are read.
    pub module: Address,
    /// The account.
    pub account: Address,
    /// `lastOutflowBlock` in the pinned state; 0 for none.
    pub last_outflow_block: u64,
    /// Number of the pinned block.
    pub block_number: u64,
    /// Timestamp of the pinned block.
    pub timestamp: u64,
}

/// Why a history could not be had completely.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError<E> {
    /// The source failed.
    #[error("the module's events could not be read: {0}")]
    Source(#[source] E),
    /// The list names a block whose events the node did not return.
    #[error(
        "the node has no outflow event of the account in block {block}, which the module's state names"
    )]
    Missing {
        /// The block.
        block: u64,
    },
    /// Events contradict each other, or the state.
    #[error("the outflow events of block {block} are inconsistent: {what}")]
    Inconsistent {
        /// The block.
        block: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// More than is read for one decision.
    #[error(
        "the account's history of one day is too long: more than {MAX_EVENTS} events or {MAX_RANGES} ranges"
    )]
    TooLong,
}

/// Reads the spending in the [`DAY`] that ends at the pinned block: events with
/// `timestamp - DAY < event.timestamp <= timestamp`.
///
/// # Errors
///
/// [`HistoryError`] when the list is not complete or longer than what is read for one decision.
pub async fn read_day<S: OutflowSource>(
    source: &S,
    head: HistoryHead,
) -> Result<Spending, HistoryError<S::Error>> {
    let mut spending = Spending::default();
    let mut sequences = BTreeSet::new();
    let mut fetched: BTreeMap<u64, Vec<Outflow>> = BTreeMap::new();
    let (mut covered_from, mut ranges, mut events) = (u64::MAX, 0usize, 0usize);
    let mut block = head.last_outflow_block;
    if block > head.block_number {
        return Err(HistoryError::Inconsistent { block, what: "it is after the pinned block" });
    }
    while block != 0 {
        if block < covered_from {
            ranges += 1;
            if ranges > MAX_RANGES {
                return Err(HistoryError::TooLong);
            }
            covered_from = block.saturating_sub(RANGE - 1);
            let found = source.outflows(head.module, head.account, covered_from, block);
            let found = found.await.map_err(HistoryError::Source)?;
            events += found.len();
            if events > MAX_EVENTS {
                return Err(HistoryError::TooLong);
            }
            for event in found {
                fetched.entry(event.block).or_default().push(event);
            }
        }
        let here = fetched.remove(&block).ok_or(HistoryError::Missing { block })?;
        let (timestamp, previous) = link(block, &here)?;
        if timestamp > head.timestamp {
            return Err(HistoryError::Inconsistent {
                block,
                what: "its time is after the pinned block's",
            });
        }
        if timestamp.saturating_add(DAY) <= head.timestamp {
            break;
        }
        for event in here {
            spending.add(event.asset, event.amount);
            sequences.insert(event.sequence);
        }
        block = previous;
    }
    spending.operations = sequences.len() as u64;
    Ok(spending)
}

/// The time of a block's events and the block before them in the list.
///
/// An event without a link is of a frame that kept no history (the configuration changed within the block). One
/// that names its own block comes after the first of its block when the gap before was too long to be kept.
fn link<E>(block: u64, events: &[Outflow]) -> Result<(u64, u64), HistoryError<E>> {
    let wrong = |what| HistoryError::Inconsistent { block, what };
    let first = events.first().ok_or(HistoryError::Missing { block })?;
    let mut previous = 0;
    for event in events {
        if event.timestamp != first.timestamp {
            return Err(wrong("times differ"));
        }
        if event.previous_block > block {
            return Err(wrong("the list does not go back"));
        }
        if event.previous_block == 0 || event.previous_block == block {
            continue;
        }
        if previous != 0 && event.previous_block != previous {
            return Err(wrong("links differ"));
        }
        previous = event.previous_block;
    }
    Ok((first.timestamp, previous))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{convert::Infallible, sync::Mutex};

    use super::*;

    #[derive(Default)]
    struct Events {
        events: Vec<Outflow>,
        asked: Mutex<Vec<(u64, u64)>>,
    }

    impl OutflowSource for Events {
        type Error = Infallible;

        async fn outflows(
            &self,
            _: Address,
            _: Address,
            from: u64,
            to: u64,
        ) -> Result<Vec<Outflow>, Infallible> {
            self.asked.lock().unwrap().push((from, to));
            Ok(self.events.iter().filter(|e| (from..=to).contains(&e.block)).copied().collect())
        }
    }

    const A: Address = Address::repeat_byte(0xaa);
    const NOW: u64 = 1_000_000;

    fn event(block: u64, timestamp: u64, amount: u64, previous_block: u64) -> Outflow {
        Outflow {
            block,
            asset: A,
            amount: U256::from(amount),
            sequence: block,
            timestamp,
            previous_block,
        }
    }

    fn head(last_outflow_block: u64) -> HistoryHead {
        HistoryHead {
            module: Address::ZERO,
            account: Address::ZERO,
            last_outflow_block,
            block_number: 100_000,
            timestamp: NOW,
        }
    }

    async fn read(events: &[Outflow], last: u64) -> Result<Spending, HistoryError<Infallible>> {
        read_day(&Events { events: events.to_vec(), ..Default::default() }, head(last)).await
    }

    #[tokio::test]
    async fn sums_the_window_and_stops_at_its_edge() {
        let events = [
            event(10, NOW - DAY, 1_000, 3),
            event(20, NOW - DAY + 1, 5, 10),
            event(30, NOW, 7, 20),
            Outflow { asset: Address::ZERO, ..event(30, NOW, 9, 20) },
        ];
        let spending = read(&events, 30).await.unwrap();
        assert_eq!(spending.operations, 2);
        assert_eq!(spending.spent[&A], U256::from(12));
        assert_eq!(spending.spent[&Address::ZERO], U256::from(9));
    }

    #[tokio::test]
    async fn an_empty_list_asks_nobody() {
        let source = Events::default();
        assert_eq!(read_day(&source, head(0)).await.unwrap(), Spending::default());
        assert!(source.asked.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn jumps_over_blocks_without_events() {
        let source = Events {
            events: vec![
                event(10, NOW - 9, 1, 0),
                event(90_000, NOW - 5, 1, 10),
                event(90_001, NOW, 1, 90_000),
            ],
            ..Default::default()
        };
        let spending = read_day(&source, head(90_001)).await.unwrap();
        assert_eq!(spending.operations, 3);
        assert_eq!(*source.asked.lock().unwrap(), vec![(88_002, 90_001), (0, 10)]);
    }

    #[tokio::test]
    async fn a_left_out_event_is_noticed() {
        let complete = [event(10, NOW - 9, 1, 0), event(20, NOW - 5, 1, 10), event(30, NOW, 1, 20)];
        assert!(read(&complete, 30).await.is_ok());
        for hidden in 0..3 {
            let mut events = complete.to_vec();
            let block = events.remove(hidden).block;
            let error = read(&events, 30).await.unwrap_err();
            assert!(matches!(error, HistoryError::Missing { block: missing } if missing == block));
        }
    }

    #[tokio::test]
    async fn contradictions_are_errors() {
        let forward = [event(30, NOW, 1, 31)];
        let split = [event(30, NOW, 1, 20), event(30, NOW, 1, 10)];
        let times = [event(30, NOW, 1, 0), event(30, NOW - 1, 1, 0)];
        let future = [event(30, NOW + 1, 1, 0)];
        for events in [&forward[..], &split, &times, &future] {
            let error = read(events, 30).await.unwrap_err();
            assert!(matches!(error, HistoryError::Inconsistent { block: 30, .. }), "{error}");
        }
        assert!(matches!(read(&[], 100_001).await, Err(HistoryError::Inconsistent { .. })));
    }

    #[tokio::test]
    async fn a_history_without_end_is_refused() {
        let far: Vec<_> = (1..=MAX_RANGES as u64 + 1)
            .map(|n| event(n * (RANGE + 1), NOW, 1, (n - 1) * (RANGE + 1)))
            .collect();
        let source = Events { events: far.clone(), ..Default::default() };
        let head = HistoryHead { block_number: u64::MAX, ..head(far.last().unwrap().block) };
        assert!(matches!(read_day(&source, head).await, Err(HistoryError::TooLong)));
        let many = vec![event(30, NOW, 1, 0); MAX_EVENTS + 1];
        assert!(matches!(read(&many, 30).await, Err(HistoryError::TooLong)));
        assert!(read(&many[1..], 30).await.is_ok());
    }
}
