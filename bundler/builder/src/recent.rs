//! The chain's last blocks as we saw them, to notice when some of them are gone.

use std::collections::VecDeque;

use alloy::primitives::B256;

/// A block's place in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Height.
    pub number: u64,
    /// Hash.
    pub hash: B256,
    /// Hash of the block before.
    pub parent: B256,
}

/// How the chain moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advance {
    /// Blocks that are no longer part of it, newest first.
    pub orphaned: Vec<Link>,
    /// Blocks that are new, oldest first.
    pub added: Vec<Link>,
}

/// A window of consecutive blocks, the newest last.
#[derive(Clone, Debug)]
pub struct Recent {
    links: VecDeque<Link>,
    depth: usize,
}

impl Recent {
    /// An empty window of at most `depth` blocks.
    #[must_use]
    pub fn new(depth: usize) -> Self {
        Self { links: VecDeque::new(), depth: depth.max(1) }
    }

    /// The newest block.
    #[must_use]
    pub fn head(&self) -> Option<&Link> {
        self.links.back()
    }

    /// Whether the block is in the window.
    #[must_use]
    pub fn contains(&self, hash: &B256) -> bool {
        self.links.iter().any(|link| link.hash == *hash)
    }

    /// Whether `branch`, newest first, reaches back far enough for [`Self::advance`]: to a known block, below the
    /// window, or over its whole depth.
    #[must_use]
    pub fn is_joined(&self, branch: &[Link]) -> bool {
        let Some(oldest) = branch.last() else { return false };
        self.links.is_empty()
            || self.contains(&oldest.parent)
            || self.contains(&oldest.hash)
            || branch.len() >= self.depth
            || oldest.number == 0
    }

    /// Moves the window to a new head, given the branch that leads to it, newest first.
    ///
    /// Blocks above the fork are orphaned. When the branch joins nowhere (we were away for longer than the window,
    /// or the chain was replaced) everything that the branch does not contain counts as orphaned.
    pub fn advance(&mut self, branch: &[Link]) -> Advance {
        let mut advance = Advance::default();
        let new: Vec<Link> =
            branch.iter().take_while(|link| !self.contains(&link.hash)).copied().collect();
        let fork = match (new.last(), branch.first()) {
            (Some(oldest), _) => oldest.parent,
            (None, Some(head)) => head.hash,
            (None, None) => return advance,
        };
        let lowest = new.last().map_or(u64::MAX, |link| link.number);
        while let Some(last) = self.links.back().copied() {
            // A gap below the new blocks is no fork: what lies under it may still be canonical.
            let is_gap = !self.contains(&fork) && last.number < lowest.saturating_sub(1);
            if last.hash == fork || is_gap {
                break;
            }
            advance.orphaned.push(last);
            self.links.pop_back();
        }
        if self.links.back().is_some_and(|last| last.hash != fork) {
            self.links.clear();
        }
        advance.added = new;
        advance.added.reverse();
        self.links.extend(&advance.added);
        while self.links.len() > self.depth {
            self.links.pop_front();
        }
        advance
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Block `number` on branch `branch`; branches share their blocks below `fork`.
    fn link(number: u64, branch: u8, fork: u64) -> Link {
        let hash = |number: u64| {
            let mut hash = B256::ZERO;
            hash.0[..8].copy_from_slice(&number.to_be_bytes());
            hash.0[8] = if number < fork { 0 } else { branch };
            hash
        };
        Link { number, hash: hash(number), parent: hash(number.wrapping_sub(1)) }
    }

    fn branch(from: u64, to: u64, name: u8, fork: u64) -> Vec<Link> {
        (from..=to).rev().map(|number| link(number, name, fork)).collect()
    }

    #[test]
    fn follows_a_growing_chain() {
        let mut recent = Recent::new(64);
        assert_eq!(recent.advance(&branch(10, 10, 0, 0)).added, branch(10, 10, 0, 0));
        let advance = recent.advance(&branch(11, 12, 0, 0));
        assert_eq!(advance.added.len(), 2);
        assert_eq!(advance.orphaned, []);
        assert_eq!(recent.head(), Some(&link(12, 0, 0)));
        assert_eq!(recent.advance(&branch(12, 12, 0, 0)), Advance::default());
    }

    #[test]
    fn a_reorganisation_orphans_what_is_above_the_fork() {
        let mut recent = Recent::new(64);
        recent.advance(&branch(1, 10, 0, 100));
        let other = branch(9, 11, 1, 9);
        assert!(recent.is_joined(&other));
        assert!(!recent.is_joined(&other[..2]));
        let advance = recent.advance(&other);
        assert_eq!(advance.orphaned, branch(9, 10, 0, 100));
        assert_eq!(advance.added.len(), 3);
        assert_eq!(recent.head(), other.first());
    }

    #[test]
    fn a_shorter_chain_orphans_too() {
        let mut recent = Recent::new(64);
        recent.advance(&branch(1, 10, 0, 100));
        let advance = recent.advance(&branch(8, 8, 0, 100));
        assert_eq!(advance.orphaned, branch(9, 10, 0, 100));
        assert_eq!(recent.head(), Some(&link(8, 0, 100)));
    }

    #[test]
    fn a_gap_is_no_fork() {
        let mut recent = Recent::new(4);
        recent.advance(&branch(1, 4, 0, 100));
        let advance = recent.advance(&branch(20, 23, 0, 100));
        assert_eq!(advance.orphaned, []);
        assert_eq!(advance.added.len(), 4);
    }

    proptest! {
        #[test]
        fn the_window_is_always_a_chain_that_ends_in_the_head(moves in prop::collection::vec((1..6u64, 0..8u64), 1..30)) {
            let mut recent = Recent::new(16);
            let mut chain: Vec<Link> = branch(0, 3, 0, 0);
            chain.reverse();
            recent.advance(&branch(0, 3, 0, 0));
            for (name, (grow, cut)) in moves.into_iter().enumerate() {
                let keep = chain.len().saturating_sub(usize::try_from(cut).unwrap()).max(1);
                let keep = keep.min(chain.len());
                let orphaned: Vec<Link> = chain.drain(keep..).rev().collect();
                for _ in 0..grow {
                    let last = *chain.last().unwrap();
                    let mut hash = B256::repeat_byte(u8::try_from(name).unwrap() + 1);
                    hash.0[..8].copy_from_slice(&(last.number + 1).to_be_bytes());
                    chain.push(Link { number: last.number + 1, hash, parent: last.hash });
                }
                let mut walked = Vec::new();
                for link in chain.iter().rev() {
                    walked.push(*link);
                    if recent.is_joined(&walked) { break; }
                }
                // What was forgotten at the low end cannot be told from new.
                let fork_is_known = recent.contains(&chain[keep - 1].hash);
                let advance = recent.advance(&walked);
                if fork_is_known {
                    prop_assert_eq!(advance.orphaned, orphaned);
                    prop_assert_eq!(advance.added.len() as u64, grow);
                }
                prop_assert_eq!(recent.head(), chain.last());
                let links: Vec<_> = recent.links.iter().collect();
                prop_assert!(links.windows(2).all(|pair| pair[1].parent == pair[0].hash));
                prop_assert!(links.len() <= 16);
            }
        }
    }
}
