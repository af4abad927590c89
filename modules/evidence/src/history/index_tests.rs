#![allow(clippy::unwrap_used)]

use std::path::Path;

use alloy::primitives::Address;
use proptest::prelude::*;

use super::{
    model::{Chain, FRIEND, SHOP, Spent, TOKEN, spent},
    *,
};

const WEEK: u64 = Window::Week.seconds();

fn open(folder: &Path, capacity: usize) -> HistoryIndex {
    HistoryIndex::open(&folder.join("history"), 1, capacity).unwrap()
}

async fn read(chain: &Chain, index: &HistoryIndex) -> Vec<OutflowBlock> {
    let indexed = read_history(chain, Some(index), chain.head()).await.unwrap();
    chain.asked();
    assert_eq!(indexed, read_history(chain, None, chain.head()).await.unwrap());
    chain.asked();
    indexed
}

async fn asked(chain: &Chain, index: &HistoryIndex) -> Vec<(u64, u64)> {
    chain.asked();
    read_history(chain, Some(index), chain.head()).await.unwrap();
    chain.asked()
}

#[tokio::test]
async fn only_what_is_new_is_asked_for_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let index = open(folder.path(), 100);
    let mut chain = Chain::default();
    for _ in 0..20 {
        chain.spend(1_000, 60, 3);
    }
    assert_eq!(asked(&chain, &index).await.len(), 10);
    assert_eq!(index.len(), 20);
    assert_eq!(asked(&chain, &index).await, []);
    chain.spend(10, 60, 4);
    assert_eq!(asked(&chain, &index).await, [(20_001, 20_010)]);
    drop(index);
    let index = open(folder.path(), 100);
    assert_eq!(index.len(), 21);
    assert_eq!(asked(&chain, &index).await, []);
    assert_eq!(read(&chain, &index).await.len(), 21);
    // Another account has nothing of it.
    let head = HistoryHead { account: SHOP, ..chain.head() };
    read_history(&chain, Some(&index), head).await.unwrap();
    assert_eq!(chain.asked().len(), 10);
}

#[tokio::test]
async fn a_reorganised_block_is_not_reached_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let index = open(folder.path(), 100);
    let mut chain = Chain::default();
    for _ in 0..5 {
        chain.spend(10, 60, 3);
    }
    read(&chain, &index).await;
    let left = chain.blocks.clone();
    chain.reorganise(2);
    chain.mine(10, 60, &[]);
    assert_eq!(read(&chain, &index).await.len(), 3);
    assert_eq!(asked(&chain, &index).await, []);
    // The same numbers, other amounts.
    chain.reorganise(1);
    chain.spend(10, 60, 1);
    chain.spend(10, 60, 1);
    let blocks = read(&chain, &index).await;
    assert_eq!(
        blocks.iter().map(|block| block.spent[&TOKEN].to::<u64>()).collect::<Vec<_>>(),
        [1, 1, 3, 3, 3]
    );
    assert_eq!(index.len(), 7);
    // And back to the branch that was left.
    chain.blocks = left;
    assert_eq!(asked(&chain, &index).await, []);
    assert_eq!(read(&chain, &index).await.len(), 5);
}

/// The node changes its mind between the logs and the look at their blocks: nothing of it is kept.
#[tokio::test]
async fn what_is_not_on_the_chain_any_more_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let index = open(folder.path(), 100);
    let mut chain = Chain::default();
    chain.spend(10, 60, 3);
    let block = chain.spend(10, 60, 3);
    let head = chain.head();
    // Its logs name a block that is not the canonical one.
    chain.blocks[1].hash = Default::default();
    let error = read_history(&chain, Some(&index), head).await.unwrap_err();
    assert!(matches!(error, HistoryError::Reorganised { block: at } if at == block), "{error}");
    assert!(index.is_empty());
}

#[tokio::test]
async fn what_is_old_goes_and_the_capacity_holds() {
    let folder = tempfile::tempdir().unwrap();
    let index = open(folder.path(), 8);
    let mut chain = Chain::default();
    for _ in 0..12 {
        chain.spend(10, 60, 3);
        read(&chain, &index).await;
        // One step may be too many until the next.
        assert!(index.len() <= 9, "{}", index.len());
    }
    // What was pushed out is read again, and the answer is the same.
    assert_eq!(read(&chain, &index).await.len(), 12);
    chain.spend(10, WEEK, 3);
    assert_eq!(read(&chain, &index).await.len(), 1);
    assert_eq!(index.len(), 1);
}

#[tokio::test]
async fn an_interrupted_walk_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let index = open(folder.path(), 10_000);
    let mut chain = Chain::default();
    for _ in 0..MAX_RANGES + 40 {
        chain.spend(RANGE, 1, 1);
    }
    let first = read_history(&chain, Some(&index), chain.head()).await;
    assert!(matches!(first, Err(HistoryError::TooFar)));
    // The last of them waits for the one before it.
    assert_eq!(index.len(), MAX_RANGES - 1);
    let blocks = read_history(&chain, Some(&index), chain.head()).await.unwrap();
    assert_eq!(blocks.len(), MAX_RANGES + 40);
    assert_eq!(index.len(), MAX_RANGES + 40);
}

#[tokio::test]
async fn an_index_belongs_to_one_chain_and_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history");
    let index = open(folder.path(), 1);
    assert!(matches!(HistoryIndex::open(&path, 1, 1), Err(IndexError::Open { .. })));
    drop(index);
    assert!(matches!(HistoryIndex::open(&path, 2, 1), Err(IndexError::Mismatch { .. })));
    assert!(HistoryIndex::open(&path, 1, 1).is_ok());
}

#[derive(Clone, Debug)]
enum Step {
    /// A block: numbers and seconds after the last, and what its operations spend.
    Mine(u64, u64, Vec<Vec<Spent>>),
    Reorganise(usize),
    Restart,
    /// Read as of so many blocks ago.
    Read(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let asset = prop_oneof![Just(TOKEN), Just(Address::ZERO), Just(SHOP)];
    let told = prop::collection::vec((prop_oneof![Just(FRIEND), Just(SHOP)], 0..50_u64), 0..3);
    let one =
        (asset, 0..100_u64, told).prop_map(|(asset, amount, told)| spent(asset, amount, &told));
    let operations = prop::collection::vec(prop::collection::vec(one, 1..3), 0..3);
    prop_oneof![
        6 => (1..3_000_u64, 0..90_000_u64, operations).prop_map(|(gap, seconds, operations)| {
            Step::Mine(gap, seconds, operations)
        }),
        2 => (1..6_usize).prop_map(Step::Reorganise),
        1 => Just(Step::Restart),
        5 => (0..4_usize).prop_map(Step::Read),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever was read before, on whatever branch, with however little room: the index changes no answer.
    #[test]
    fn indexed_is_on_demand(steps in prop::collection::vec(step(), 1..60), capacity in 0..40_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut index = Some(open(folder.path(), capacity));
        let mut chain = Chain::default();
        chain.spend(1, 0, 1);
        for step in steps {
            match step {
                Step::Mine(gap, seconds, operations) => drop(chain.mine(gap, seconds, &operations)),
                Step::Reorganise(depth) => {
                    chain.reorganise(depth.min(chain.blocks.len() - 1));
                }
                Step::Restart => {
                    drop(index.take());
                    index = Some(open(folder.path(), capacity));
                }
                Step::Read(ago) => {
                    // A decision at an older block, while the node is ahead of it.
                    let seen = chain.blocks.len() - ago.min(chain.blocks.len() - 1);
                    let newest = &chain.blocks[seen - 1];
                    let outflows = chain.blocks[..seen].iter().rev();
                    let last = outflows.clone().find(|block| !block.outflows.is_empty());
                    let head = HistoryHead {
                        last_outflow_block: last.map_or(0, |block| block.number),
                        block_number: newest.number,
                        timestamp: newest.timestamp,
                        ..chain.head()
                    };
                    let indexed = runtime.block_on(read_history(&chain, index.as_ref(), head));
                    let demanded = runtime.block_on(read_history(&chain, None, head));
                    prop_assert_eq!(indexed.unwrap(), demanded.unwrap());
                }
            }
        }
    }
}
