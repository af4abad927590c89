//! Sums over the last hour, day and week.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{Address, U256};

use super::{OutflowBlock, block::add};

/// Most assets that an account may have spent in a window. Beyond it nothing is decided.
pub const MAX_ASSETS: usize = 256;

/// Most counterparties that are listed for a window. What went to others counts as gone to somebody unknown.
pub const MAX_COUNTERPARTIES: usize = 64;

/// A stretch of time that ends at the pinned block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Window {
    /// 3,600 seconds.
    Hour,
    /// 86,400 seconds.
    Day,
    /// 604,800 seconds.
    Week,
}

impl Window {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Week];

    /// Its length in seconds.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        match self {
            Self::Hour => 3_600,
            Self::Day => 86_400,
            Self::Week => 604_800,
        }
    }

    /// Its name in the input document.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
        }
    }

    /// Whether a time is in the window that ends `now`: `now - seconds < time <= now`.
    #[must_use]
    pub const fn holds(self, time: u64, now: u64) -> bool {
        time <= now && time.saturating_add(self.seconds()) > now
    }
}

/// More assets than are shown to a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the account spent {count} assets within one {}, more than {MAX_ASSETS}", .window.name())]
pub struct TooManyAssets {
    /// Within which time.
    pub window: Window,
    /// How many.
    pub count: usize,
}

/// So much of an asset went to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counterparty {
    /// The asset; zero for native currency.
    pub asset: Address,
    /// To whom; the zero address for whom nobody knows.
    pub counterparty: Address,
    /// How much, in the asset's smallest unit.
    pub amount: U256,
}

/// Spending within one window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spending {
    /// Attested operations that moved something out.
    pub operations: u64,
    /// Net amounts that left, by asset.
    pub spent: BTreeMap<Address, U256>,
    /// The same by asset and counterparty.
    pub paid: BTreeMap<(Address, Address), U256>,
}

impl Spending {
    fn of<'a>(blocks: impl Iterator<Item = &'a OutflowBlock>) -> Self {
        let (mut spending, mut sequences) = (Self::default(), BTreeSet::new());
        for block in blocks {
            sequences.extend(block.sequences.iter().copied());
            for (asset, amount) in &block.spent {
                add(&mut spending.spent, *asset, *amount);
            }
            for (pair, amount) in &block.paid {
                add(&mut spending.paid, *pair, *amount);
            }
        }
        spending.operations = sequences.len() as u64;
        spending
    }

    /// Adds what an operation may move, to whomever.
    fn expect(&mut self, amounts: &[(Address, U256)]) {
        self.operations = self.operations.saturating_add(1);
        for (asset, amount) in amounts {
            add(&mut self.spent, *asset, *amount);
            add(&mut self.paid, (*asset, Address::ZERO), *amount);
        }
    }

    /// To whom it went, ascending by asset and counterparty: the [`MAX_COUNTERPARTIES`] that got the largest numbers, and
    /// the zero address for all others. So nobody got more than what is listed under their name and under the zero address.
    #[must_use]
    pub fn counterparties(&self) -> Vec<Counterparty> {
        let mut named: Vec<_> = self.paid.iter().filter(|((_, to), _)| !to.is_zero()).collect();
        named.sort_by(|(one, less), (other, more)| more.cmp(less).then(one.cmp(other)));
        let folded: BTreeSet<_> =
            named.into_iter().skip(MAX_COUNTERPARTIES).map(|(pair, _)| *pair).collect();
        let mut listed = BTreeMap::new();
        for (pair @ (asset, to), amount) in &self.paid {
            let to = if folded.contains(pair) { Address::ZERO } else { *to };
            add(&mut listed, (*asset, to), *amount);
        }
        let entry = |((asset, counterparty), amount)| Counterparty { asset, counterparty, amount };
        listed.into_iter().map(entry).collect()
    }
}

/// What an account spent in each window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// In the last hour.
    pub hour: Spending,
    /// In the last day.
    pub day: Spending,
    /// In the last week.
    pub week: Spending,
}

impl History {
    /// The sums of these blocks, seen from `now`.
    #[must_use]
    pub fn of(blocks: &[OutflowBlock], now: u64) -> Self {
        let sums = |window: Window| {
            Spending::of(blocks.iter().filter(|block| window.holds(block.at.timestamp, now)))
        };
        Self { hour: sums(Window::Hour), day: sums(Window::Day), week: sums(Window::Week) }
    }

    /// Adds what an operation that comes before may move: to whom is not known.
    pub fn expect(&mut self, amounts: &[(Address, U256)]) {
        for spending in [&mut self.hour, &mut self.day, &mut self.week] {
            spending.expect(amounts);
        }
    }

    /// One window.
    #[must_use]
    pub const fn window(&self, window: Window) -> &Spending {
        match window {
            Window::Hour => &self.hour,
            Window::Day => &self.day,
            Window::Week => &self.week,
        }
    }

    /// Whether it can be shown to a policy.
    ///
    /// # Errors
    ///
    /// [`TooManyAssets`] names the first window that cannot.
    pub fn check(&self) -> Result<(), TooManyAssets> {
        Window::ALL.into_iter().try_for_each(|window| {
            let count = self.window(window).spent.len();
            if count > MAX_ASSETS { Err(TooManyAssets { window, count }) } else { Ok(()) }
        })
    }
}
