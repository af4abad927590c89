#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use alloy::primitives::{Address, B256, U256};

use super::{
    model::{ACCOUNT, Chain, FRIEND, SHOP, TOKEN, spent},
    *,
};

const HOUR: u64 = Window::Hour.seconds();
const DAY: u64 = Window::Day.seconds();
const WEEK: u64 = Window::Week.seconds();

async fn read(chain: &Chain) -> Result<Vec<OutflowBlock>, HistoryError<Infallible>> {
    read_history(chain, None, chain.head()).await
}

async fn history(chain: &Chain) -> History {
    History::of(&read(chain).await.unwrap(), chain.head().timestamp)
}

fn paid(spending: &Spending) -> Vec<(Address, Address, u64)> {
    let listed = spending.counterparties().into_iter();
    listed.map(|paid| (paid.asset, paid.counterparty, paid.amount.to())).collect()
}

#[tokio::test]
async fn sums_each_window_and_stops_at_its_edge() {
    let mut chain = Chain::default();
    for (seconds, amount) in [(0, 10_000), (1, 1_000), (WEEK - DAY - 1, 100), (1, 10)] {
        chain.spend(1, seconds, amount);
    }
    for (seconds, amount) in [(DAY - HOUR - 1, 7), (1, 5)] {
        chain.spend(1, seconds, amount);
    }
    let newest = vec![spent(TOKEN, 1, &[(FRIEND, 1)]), spent(Address::ZERO, 9, &[])];
    chain.mine(1, HOUR - 1, &[newest]);
    // Now the second is one second younger than a week, the fourth than a day, the sixth than an hour.
    let history = history(&chain).await;
    let sums = |spending: &Spending| (spending.operations, spending.spent[&TOKEN].to::<u64>());
    assert_eq!(sums(&history.hour), (2, 6));
    assert_eq!(sums(&history.day), (4, 23));
    assert_eq!(sums(&history.week), (6, 1_123));
    assert_eq!(history.hour.spent[&Address::ZERO], U256::from(9));
    assert_eq!(paid(&history.hour), [(Address::ZERO, Address::ZERO, 9), (TOKEN, FRIEND, 6)]);
    // A second later each window has one less.
    chain.mine(1, 1, &[]);
    let history = self::history(&chain).await;
    assert_eq!(
        [&history.hour, &history.day, &history.week].map(|window| window.operations),
        [1, 3, 5]
    );
}

#[tokio::test]
async fn an_empty_list_asks_nobody() {
    let mut chain = Chain::default();
    chain.mine(5, 0, &[]);
    assert_eq!(history(&chain).await, History::default());
    assert!(chain.asked().is_empty());
}

#[tokio::test]
async fn jumps_over_blocks_without_events() {
    let mut chain = Chain::default();
    chain.spend(10, 0, 1);
    chain.spend(89_990, 5, 1);
    chain.spend(1, 5, 1);
    assert_eq!(history(&chain).await.day.operations, 3);
    assert_eq!(chain.asked(), [(88_002, 90_001), (0, 10)]);
}

#[tokio::test]
async fn a_left_out_event_is_noticed() {
    for hidden in 0..3 {
        let mut chain = Chain::default();
        for _ in 0..3 {
            chain.spend(7, 9, 1);
        }
        let head = chain.head();
        assert!(read(&chain).await.is_ok());
        let block = chain.blocks[hidden].number;
        chain.blocks[hidden].outflows.clear();
        let error = read_history(&chain, None, head).await.unwrap_err();
        assert!(matches!(error, HistoryError::Missing { block: missing } if missing == block));
    }
}

#[tokio::test]
async fn contradictions_are_errors() {
    let refused = async |change: fn(&mut Vec<OutflowLog>)| {
        let mut chain = Chain::default();
        chain.spend(10, 0, 1);
        chain.mine(10, 9, &[vec![spent(TOKEN, 1, &[])], vec![spent(TOKEN, 1, &[])]]);
        let head = chain.head();
        change(&mut chain.blocks[1].outflows);
        read_history(&chain, None, head).await.unwrap_err()
    };
    for change in [
        |events: &mut Vec<OutflowLog>| events[0].previous_block = 21,
        |events: &mut Vec<OutflowLog>| events[1].previous_block = 9,
        |events: &mut Vec<OutflowLog>| events[1].timestamp -= 1,
        |events: &mut Vec<OutflowLog>| events.iter_mut().for_each(|event| event.timestamp += 1),
    ] {
        let error = refused(change).await;
        assert!(matches!(error, HistoryError::Inconsistent { block: 20, .. }), "{error}");
    }
    let error = refused(|events| events[1].block_hash = B256::ZERO).await;
    assert!(matches!(error, HistoryError::Reorganised { block: 20 }), "{error}");
    // Back in the list, forth in time.
    let error = refused(|events| events.iter_mut().for_each(|event| event.timestamp -= 10)).await;
    assert!(matches!(error, HistoryError::Inconsistent { block: 10, .. }), "{error}");

    let mut chain = Chain::default();
    chain.spend(10, 0, 1);
    let head = HistoryHead { block_number: 9, ..chain.head() };
    let error = read_history(&chain, None, head).await.unwrap_err();
    assert!(matches!(error, HistoryError::Inconsistent { block: 10, .. }));
}

/// Links that say nothing: of a frame without history, and behind the first event of a block after a long gap.
#[tokio::test]
async fn the_first_event_with_a_link_counts() {
    let mut chain = Chain::default();
    chain.spend(10, 0, 1);
    let three =
        [vec![spent(TOKEN, 1, &[])], vec![spent(TOKEN, 1, &[])], vec![spent(TOKEN, 1, &[])]];
    let block = chain.mine(10, 9, &three);
    chain.blocks[1].outflows[0].previous_block = 0;
    chain.blocks[1].outflows[2].previous_block = block;
    assert_eq!(history(&chain).await.day.operations, 4);
}

#[tokio::test]
async fn a_history_without_end_is_refused() {
    let mut chain = Chain::default();
    for _ in 0..=MAX_RANGES {
        chain.spend(RANGE, 1, 1);
    }
    let error = read(&chain).await.unwrap_err();
    assert!(matches!(error, HistoryError::TooFar), "{error}");
    chain.blocks.remove(0);
    chain.blocks[0].outflows[0].previous_block = 0;
    assert!(read(&chain).await.is_ok());

    let most = usize::try_from(MAX_EVENTS).unwrap();
    let mut chain = Chain::default();
    chain.mine(1, 0, &vec![vec![spent(TOKEN, 1, &[])]; most]);
    assert!(read(&chain).await.is_ok());
    chain.spend(1, 1, 1);
    assert!(matches!(read(&chain).await, Err(HistoryError::TooLong)));
    // What is older than a week is not counted.
    chain.spend(1, WEEK - 1, 1);
    assert_eq!(history(&chain).await.week.operations, 2);
}

#[tokio::test]
async fn counterparties_are_who_the_tokens_say() {
    let mut chain = Chain::default();
    let other = Address::repeat_byte(0xbb);
    let first = vec![
        spent(TOKEN, 100, &[(FRIEND, 60), (SHOP, 30), (FRIEND, 10)]),
        // Silent: nobody knows.
        spent(other, 7, &[]),
        spent(Address::ZERO, 5, &[]),
    ];
    // More than left: what came back is not told from what did not. To itself, and of nothing, is no payment.
    let second = vec![spent(TOKEN, 50, &[(SHOP, 80), (ACCOUNT, 900), (SHOP, 0)])];
    // Less than left.
    let third = vec![spent(TOKEN, 20, &[(FRIEND, 5)])];
    chain.mine(1, 0, &[first, second, third]);
    // Of transactions in which nothing of it left, and of tokens of which nothing left.
    let stray = chain.blocks[0].transfers[0];
    let transfers = &mut chain.blocks[0].transfers;
    transfers.push(TransferLog { transaction: B256::ZERO, ..stray });
    transfers.push(TransferLog { token: SHOP, ..stray });
    let history = history(&chain).await;
    assert_eq!(
        paid(&history.day),
        [
            (Address::ZERO, Address::ZERO, 5),
            (TOKEN, Address::ZERO, 15),
            (TOKEN, FRIEND, 75),
            (TOKEN, SHOP, 110),
            (other, Address::ZERO, 7),
        ]
    );
    assert_eq!(history.day.spent[&TOKEN], U256::from(170));
}

/// A token may log any number of transfers in the account's name.
#[tokio::test]
async fn too_many_transfers_are_to_somebody_unknown() {
    let told = |count: usize| spent(TOKEN, 1_000, &vec![(FRIEND, 1); count]);
    let mut chain = Chain::default();
    chain.mine(1, 0, &[vec![told(MAX_BLOCK_TRANSFERS)]]);
    let all = MAX_BLOCK_TRANSFERS as u64;
    let explained = [(TOKEN, Address::ZERO, 1_000 - all), (TOKEN, FRIEND, all)];
    assert_eq!(paid(&history(&chain).await.day), explained);
    chain.mine(1, 1, &[vec![told(MAX_BLOCK_TRANSFERS + 1)]]);
    let explained = [(TOKEN, Address::ZERO, 2_000 - all), (TOKEN, FRIEND, all)];
    assert_eq!(paid(&history(&chain).await.day), explained);
    // In between, where nothing left, they change nothing.
    chain.mine(1, 1, &[]);
    let stray = TransferLog { transaction: B256::ZERO, block: 3, ..chain.blocks[0].transfers[0] };
    let stray = TransferLog { block_hash: chain.blocks[2].hash, ..stray };
    chain.blocks[2].transfers = vec![stray; MAX_RANGE_TRANSFERS];
    chain.spend(1, 1, 2);
    let explained = [(TOKEN, Address::ZERO, 2_000 - all), (TOKEN, FRIEND, all + 2)];
    assert_eq!(paid(&history(&chain).await.day), explained);
}

#[test]
fn no_more_counterparties_are_listed_than_fit_and_none_is_understated() {
    let mut spending = Spending::default();
    let payee = |number: usize| Address::from_word(U256::from(number + 1).into());
    for number in 0..MAX_COUNTERPARTIES + 3 {
        let amount = U256::from(100 - number);
        spending.spent.entry(TOKEN).and_modify(|sum| *sum += amount).or_insert(amount);
        spending.paid.insert((TOKEN, payee(number)), amount);
    }
    spending.paid.insert((SHOP, Address::ZERO), U256::from(1));
    let listed = spending.counterparties();
    assert!(listed.is_sorted());
    assert_eq!(listed.len(), MAX_COUNTERPARTIES + 2);
    let unknown = listed.iter().find(|entry| entry.asset == TOKEN).unwrap();
    // The three smallest: 36, 35 and 34.
    assert_eq!((unknown.counterparty, unknown.amount), (Address::ZERO, U256::from(105)));
    let sum = |asset: Address| -> U256 {
        listed.iter().filter(|entry| entry.asset == asset).map(|entry| entry.amount).sum()
    };
    assert_eq!(sum(TOKEN), spending.spent[&TOKEN]);
    for ((asset, to), amount) in &spending.paid {
        let under = |name: Address| -> U256 {
            let entry = listed.iter().find(|it| it.asset == *asset && it.counterparty == name);
            entry.map_or(U256::ZERO, |entry| entry.amount)
        };
        assert!(under(*to) + under(Address::ZERO) >= *amount);
    }
}

#[test]
fn what_comes_before_counts_for_everybody() {
    let mut history = History::default();
    history.expect(&[(TOKEN, U256::from(5)), (Address::ZERO, U256::ZERO)]);
    for window in Window::ALL {
        let spending = history.window(window);
        assert_eq!((spending.operations, spending.spent.len()), (1, 1), "{}", window.name());
        assert_eq!(paid(spending), [(TOKEN, Address::ZERO, 5)]);
    }
    assert_eq!(history.check(), Ok(()));
    let many: Vec<_> = (1..=MAX_ASSETS + 1)
        .map(|number| (Address::from_word(U256::from(number).into()), U256::ONE))
        .collect();
    let mut history = History::default();
    history.expect(&many[1..]);
    assert_eq!(history.check(), Ok(()));
    history.day.spent.insert(many[0].0, U256::ONE);
    let refused = TooManyAssets { window: Window::Day, count: MAX_ASSETS + 1 };
    assert_eq!(history.check(), Err(refused));
}
