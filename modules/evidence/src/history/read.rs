//! Walking an account's list back, through the index as far as it reaches and through the node's logs elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, B256};

use super::{
    BlockLink, HistoryError, HistoryIndex, HistorySource, MAX_EVENTS, MAX_RANGE_TRANSFERS,
    MAX_RANGES, OutflowBlock, OutflowLog, RANGE, TransferLog, Window, block::Unlinked,
    index::ListKey,
};

/// Where the list begins and the windows end.
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

/// Reads the blocks of the week that ends at the pinned block, the newest first: those with
/// `timestamp - 604,800 < time <= timestamp`. The answer is the same with and without an index.
///
/// Logs are asked for by number, so that they are the pinned block's own only if it is still canonical afterwards: that is
/// for the caller to look at.
///
/// # Errors
///
/// [`HistoryError`] when the list is not complete or longer than what is read for one decision.
pub async fn read_history<S: HistorySource>(
    source: &S,
    index: Option<&HistoryIndex>,
    head: HistoryHead,
) -> Result<Vec<OutflowBlock>, HistoryError<S::Error>> {
    let block = head.last_outflow_block;
    if block > head.block_number {
        return Err(HistoryError::Inconsistent { block, what: "it is after the pinned block" });
    }
    let mut walk = Walk::new(source, index, head);
    let walked = walk.run().await;
    // What was read before something went wrong is true as well, and the next attempt need not read it again.
    walk.keep().await?;
    walked?;
    Ok(walk.blocks)
}

/// What the node logged in one block.
#[derive(Default)]
struct Logs {
    outflows: Vec<OutflowLog>,
    transfers: Vec<TransferLog>,
}

impl Logs {
    /// The tokens whose transfers tell where they went.
    fn tokens(&self) -> impl Iterator<Item = Address> {
        let spent = self.outflows.iter().filter(|event| !event.amount.is_zero());
        spent.map(|event| event.asset).filter(|asset| !asset.is_zero())
    }
}

struct Walk<'a, S> {
    source: &'a S,
    index: Option<&'a HistoryIndex>,
    head: HistoryHead,
    list: ListKey,
    /// In the week, linked.
    blocks: Vec<OutflowBlock>,
    events: u64,
    /// The oldest block so far, of which only the number of the one before it is known.
    last: Option<OutflowBlock>,
    /// Blocks fetched and not reached yet.
    fetched: BTreeMap<u64, Logs>,
    /// Blocks from this one up were fetched.
    covered_from: u64,
    ranges: usize,
    /// Of `blocks`, those that the index does not have.
    new: Vec<OutflowBlock>,
}

impl<'a, S: HistorySource> Walk<'a, S> {
    fn new(source: &'a S, index: Option<&'a HistoryIndex>, head: HistoryHead) -> Self {
        Self {
            source,
            index,
            head,
            list: ListKey::new(head.module, head.account),
            blocks: Vec::new(),
            events: 0,
            last: None,
            fetched: BTreeMap::new(),
            covered_from: u64::MAX,
            ranges: 0,
            new: Vec::new(),
        }
    }

    async fn run(&mut self) -> Result<(), HistoryError<S::Error>> {
        let mut number = self.head.last_outflow_block;
        // Set where a block is named by hash.
        let mut named: Option<BlockLink> = None;
        while number != 0 {
            if named.is_none()
                && let Some(known) = self.indexed(number).await?
            {
                if !self.reach(known)? {
                    return Ok(());
                }
                match self.follow(known).await? {
                    None => return Ok(()),
                    Some(link) => (number, named) = (link.number, Some(link)),
                }
                continue;
            }
            if number < self.covered_from {
                self.fetch(number).await?;
            }
            let logs = self.fetched.remove(&number).unwrap_or_default();
            let mut unlinked = Unlinked::read(number, &logs.outflows)?;
            let at = unlinked.block.at;
            if named.take().is_some_and(|named| named != at) {
                return Err(HistoryError::Reorganised { block: number });
            }
            unlinked.pay(self.head.account, &logs.transfers)?;
            if !self.reach(at)? {
                return Ok(());
            }
            self.count(&unlinked.block)?;
            (self.last, number) = (Some(unlinked.block), unlinked.previous);
        }
        self.link(None);
        Ok(())
    }

    /// The canonical block with this number, if the index has it.
    async fn indexed(&self, number: u64) -> Result<Option<BlockLink>, HistoryError<S::Error>> {
        let Some(index) = self.index else { return Ok(None) };
        let known = index.at(&self.list, number).await?;
        if known.is_empty() {
            return Ok(None);
        }
        let canonical = self.source.block_hash(number).await.map_err(HistoryError::Source)?;
        Ok(known.into_iter().find(|known| Some(known.hash) == canonical))
    }

    /// Links what was read last to this block. `false` when the block is older than what is wanted.
    fn reach(&mut self, at: BlockLink) -> Result<bool, HistoryError<S::Error>> {
        let newer = self.blocks.last().map(|block| block.at);
        let newer = self.last.as_ref().map(|block| block.at).or(newer);
        let newest = newer.map_or(self.head.timestamp, |block| block.timestamp);
        if at.timestamp > newest {
            let what = "its time is after that of a later block";
            return Err(HistoryError::Inconsistent { block: at.number, what });
        }
        self.link(Some(at));
        Ok(Window::Week.holds(at.timestamp, self.head.timestamp))
    }

    fn link(&mut self, previous: Option<BlockLink>) {
        if let Some(last) = self.last.take() {
            let block = OutflowBlock { previous, ..last };
            if self.index.is_some() {
                self.new.push(block.clone());
            }
            self.blocks.push(block);
        }
    }

    /// Takes what the index has, from a block that it has. What is left to be read is the answer.
    async fn follow(
        &mut self,
        from: BlockLink,
    ) -> Result<Option<BlockLink>, HistoryError<S::Error>> {
        let Some(index) = self.index else { return Ok(Some(from)) };
        let (now, mut next) = (self.head.timestamp, Some(from));
        for block in index.chain(&self.list, from, now).await? {
            self.count(&block)?;
            next = block.previous;
            self.blocks.push(block);
        }
        Ok(next.filter(|link| Window::Week.holds(link.timestamp, now)))
    }

    fn count(&mut self, block: &OutflowBlock) -> Result<(), HistoryError<S::Error>> {
        self.events = self.events.saturating_add(block.events);
        if self.events > MAX_EVENTS { Err(HistoryError::TooLong) } else { Ok(()) }
    }

    /// Fetches a range that ends at this block, down to what the index may have.
    async fn fetch(&mut self, to: u64) -> Result<(), HistoryError<S::Error>> {
        if self.ranges >= MAX_RANGES {
            return Err(HistoryError::TooFar);
        }
        self.ranges += 1;
        self.keep().await?;
        let mut from = to.saturating_sub(RANGE - 1);
        if let Some(index) = self.index
            && let Some(known) = index.newest_below(&self.list, to).await?
        {
            from = from.max(known + 1);
        }
        let HistoryHead { module, account, .. } = self.head;
        let found = self.source.outflows(module, account, from, to).await;
        let mut fetched: BTreeMap<u64, Logs> = BTreeMap::new();
        for event in found.map_err(HistoryError::Source)? {
            fetched.entry(event.block).or_default().outflows.push(event);
        }
        self.fetch_transfers(&mut fetched).await?;
        (self.fetched, self.covered_from) = (fetched, from);
        Ok(())
    }

    /// Adds the transfers of the tokens that left in these blocks.
    async fn fetch_transfers(
        &self,
        fetched: &mut BTreeMap<u64, Logs>,
    ) -> Result<(), HistoryError<S::Error>> {
        let moving: BTreeMap<u64, BTreeSet<Address>> = fetched
            .iter()
            .map(|(number, logs)| (*number, logs.tokens().collect::<BTreeSet<_>>()))
            .filter(|(_, tokens)| !tokens.is_empty())
            .collect();
        let (Some((first, _)), Some((last, _))) =
            (moving.first_key_value(), moving.last_key_value())
        else {
            return Ok(());
        };
        let account = self.head.account;
        let all: BTreeSet<_> = moving.values().flatten().copied().collect();
        let all: Vec<_> = all.into_iter().collect();
        let found = self.source.transfers(&all, account, *first, *last).await;
        let mut transfers = found.map_err(HistoryError::Source)?;
        if transfers.len() > MAX_RANGE_TRANSFERS {
            transfers.clear();
            for (number, tokens) in &moving {
                let tokens: Vec<_> = tokens.iter().copied().collect();
                let found = self.source.transfers(&tokens, account, *number, *number).await;
                transfers.extend(found.map_err(HistoryError::Source)?);
            }
        }
        for transfer in transfers {
            if let Some(logs) = fetched.get_mut(&transfer.block) {
                logs.transfers.push(transfer);
            }
        }
        Ok(())
    }

    /// Puts what is new into the index, if the node's chain has all of it now.
    async fn keep(&mut self) -> Result<(), HistoryError<S::Error>> {
        let Some(index) = self.index else { return Ok(()) };
        let new = std::mem::take(&mut self.new);
        let links = new.iter().flat_map(|block| [Some(block.at), block.previous]).flatten();
        let links: BTreeMap<u64, B256> = links.map(|link| (link.number, link.hash)).collect();
        for (number, hash) in links {
            let canonical = self.source.block_hash(number).await.map_err(HistoryError::Source)?;
            if canonical != Some(hash) {
                return Err(HistoryError::Reorganised { block: number });
            }
        }
        Ok(index.keep(&self.list, new, self.head.timestamp).await?)
    }
}
