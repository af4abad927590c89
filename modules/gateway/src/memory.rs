//! At which block a question was asked, while an allow for it may be live.
//!
//! Operators hold at most one live allow per nonce. If a quorum failed halfway, the ones that had allowed answer only at the
//! same block again; so do two gateways' calls that come at the same time.

use std::num::NonZeroUsize;

use alloy::primitives::B256;
use lru::LruCache;
use parking_lot::Mutex;
use writ_attestation::wire::BlockRef;

/// Questions that are remembered. The least recently asked make room.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(16_384).expect("not zero");

#[derive(Debug)]
pub(crate) struct AskedBlocks {
    blocks: Mutex<LruCache<B256, (BlockRef, u64)>>,
    /// Seconds that an allow can be live at most.
    live: u64,
}

impl AskedBlocks {
    pub(crate) fn new(live: u64) -> Self {
        Self { blocks: Mutex::new(LruCache::new(CAPACITY)), live }
    }

    /// The block to ask at: the remembered one while it counts, otherwise `fresh`, which is remembered from now on.
    pub(crate) fn block(&self, subject: B256, fresh: BlockRef, now: u64) -> BlockRef {
        let mut blocks = self.blocks.lock();
        match blocks.get(&subject) {
            Some((block, until)) if *until > now => *block,
            _ => {
                blocks.put(subject, (fresh, now.saturating_add(self.live)));
                fresh
            }
        }
    }

    pub(crate) fn set(&self, subject: B256, block: BlockRef, until: u64) {
        self.blocks.lock().put(subject, (block, until));
    }

    pub(crate) fn forget(&self, subject: B256) {
        self.blocks.lock().pop(&subject);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_counts_while_an_allow_may_be_live() {
        let asked = AskedBlocks::new(10);
        let block = |number| BlockRef { number, hash: B256::ZERO };
        let subject = B256::repeat_byte(1);
        assert_eq!(asked.block(subject, block(1), 100), block(1));
        assert_eq!(asked.block(subject, block(2), 109), block(1));
        assert_eq!(asked.block(B256::repeat_byte(2), block(2), 109), block(2));
        assert_eq!(asked.block(subject, block(3), 110), block(3));
        asked.forget(subject);
        assert_eq!(asked.block(subject, block(4), 110), block(4));
    }
}
