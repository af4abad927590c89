//! The account's events, from the newest back to its first block, within bounds.
//!
//! What is not read counts as unread: an error, a bound, or a node that does not know old blocks make a scan partial, and
//! nothing more.

use std::{future::Future, time::Duration};

use alloy::{
    eips::BlockId,
    primitives::{Address, B256, Bytes},
    rpc::types::Filter,
};
use tokio::time::{Instant, timeout_at};
use writ_simulation::{NodeClient, PinnedBlock};

use super::candidates::{Event, topics};

/// How much a scan may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScanLimits {
    /// Blocks in one question for logs.
    pub(super) step: u64,
    /// Blocks in all.
    pub(super) blocks: u64,
    /// Logs in all.
    pub(super) logs: usize,
    /// Time in all.
    pub(super) time: Duration,
}

impl Default for ScanLimits {
    fn default() -> Self {
        Self { step: 5_000, blocks: 200_000, logs: 4_096, time: Duration::from_secs(3) }
    }
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scan {
    /// First block that was read; one more than the last where none was.
    pub(super) from: u64,
    /// Last block that was read.
    pub(super) to: u64,
    /// Its hash.
    to_hash: B256,
    /// Oldest first.
    pub(super) events: Vec<Event>,
    /// Why it is not all; `None` when it is.
    pub(super) partial: Option<String>,
    /// Whether reading again would not read more: it is all, or all that the bounds allow.
    settled: bool,
}

/// Why the reading ended early.
enum Stop {
    /// By a bound, as it would the next time.
    Bound(String),
    /// By something that may pass.
    Failed(String),
}

impl Scan {
    /// Every event up to the block, as far as `limits` go. What `before` read already, on the same chain, is not read again.
    pub(super) async fn of(
        client: &NodeClient,
        account: Address,
        block: &PinnedBlock,
        before: Option<Self>,
        limits: ScanLimits,
    ) -> Self {
        let deadline = Instant::now() + limits.time;
        let before = match before.filter(|before| before.settled && before.to <= block.number()) {
            Some(before) if stands(client, before.to, before.to_hash, deadline).await => {
                Some(before)
            }
            _ => None,
        };
        let floor = before.as_ref().map_or(0, |before| before.to + 1);
        let mut newest_first = Vec::new();
        let mut scan = Self {
            from: block.number() + 1,
            to: block.number(),
            to_hash: block.hash(),
            events: Vec::new(),
            partial: None,
            settled: true,
        };
        let reached = scan.read(client, account, floor, limits, deadline, &mut newest_first).await;
        let read = newest_first.into_iter().rev().flatten();
        match (reached, before) {
            (Ok(()), Some(before)) => {
                (scan.from, scan.partial) = (before.from, before.partial);
                scan.events = before.events.into_iter().chain(read).collect();
                if scan.events.len() > limits.logs {
                    scan.partial = Some(too_many(limits));
                }
            }
            (Ok(()), None) => scan.events = read.collect(),
            (Err(stop), _) => {
                let (reason, settled) = match stop {
                    Stop::Bound(reason) => (reason, true),
                    Stop::Failed(reason) => (reason, false),
                };
                (scan.partial, scan.settled) = (Some(reason), settled);
                scan.events = read.collect();
            }
        }
        // Logs are asked for by number: another branch may have answered.
        if scan.partial.is_none() && !stands(client, scan.to, scan.to_hash, deadline).await {
            scan.partial = Some("the chain changed while the events were read".to_owned());
            scan.settled = false;
        }
        scan
    }

    /// Reads back to `floor`, or to the account's first block.
    async fn read(
        &mut self,
        client: &NodeClient,
        account: Address,
        floor: u64,
        limits: ScanLimits,
        deadline: Instant,
        newest_first: &mut Vec<Vec<Event>>,
    ) -> Result<(), Stop> {
        let mut logs = 0;
        while self.from > floor {
            if self.to + 1 - self.from >= limits.blocks {
                let reason = format!("the account may be older than {} blocks", limits.blocks);
                return Err(Stop::Bound(reason));
            }
            let last = self.from - 1;
            let first = floor.max((last + 1).saturating_sub(limits.step.max(1)));
            let filter = Filter::new()
                .address(account)
                .event_signature(topics())
                .from_block(first)
                .to_block(last);
            let found = within(deadline, client.logs(&filter)).await.map_err(Stop::Failed)?;
            logs += found.len();
            if logs > limits.logs {
                return Err(Stop::Bound(too_many(limits)));
            }
            // A node that answers for another address or another block is not believed.
            let fits = found.iter().all(|log| {
                let number = log.block_number.unwrap_or_default();
                log.address() == account && !log.removed && (first..=last).contains(&number)
            });
            if !fits {
                let reason = "the node answered with logs that it was not asked for".to_owned();
                return Err(Stop::Failed(reason));
            }
            newest_first.push(found.iter().filter_map(Event::read).collect());
            self.from = first;
            if first > floor && floor == 0 && !existed(client, account, first - 1, deadline).await {
                return Ok(());
            }
        }
        Ok(())
    }
}

fn too_many(limits: ScanLimits) -> String {
    format!("the account has more than {} events", limits.logs)
}

async fn within<T, E: std::fmt::Display>(
    deadline: Instant,
    asked: impl Future<Output = Result<T, E>>,
) -> Result<T, String> {
    match in_time(deadline, asked).await {
        Some(Ok(answer)) => Ok(answer),
        Some(Err(error)) => Err(format!("the node does not tell the account's events: {error}")),
        None => Err("the node took too long to tell the account's events".to_owned()),
    }
}

/// The answer, if it comes in time. Nothing is asked any more when the time is over: a timer alone could still let it through.
async fn in_time<T>(deadline: Instant, asked: impl Future<Output = T>) -> Option<T> {
    if Instant::now() >= deadline {
        return None;
    }
    timeout_at(deadline, asked).await.ok()
}

/// Whether the account had code, and so events. A node that does not know any more proves nothing.
async fn existed(client: &NodeClient, account: Address, number: u64, deadline: Instant) -> bool {
    let asked = client.request::<_, Bytes>("eth_getCode", (account, BlockId::number(number)));
    !matches!(in_time(deadline, asked).await, Some(Ok(code)) if code.is_empty())
}

/// Whether this block is the chain's.
async fn stands(client: &NodeClient, number: u64, hash: B256, deadline: Instant) -> bool {
    let asked = client.block(BlockId::number(number));
    matches!(in_time(deadline, asked).await, Some(Ok(Some(block))) if block.header.hash == hash)
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
