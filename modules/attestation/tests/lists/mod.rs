//! Packed bounds lists, good and hostile, with the verdict that Rust and Solidity have to share.

use alloy::{
    hex,
    primitives::{Address, U256, keccak256},
};
use serde_json::{Value, json};
use writ_attestation::{Bound, Bounds, BoundsError};
use writ_types::Asset;

/// How many good lists there are; each is also spoilt in several ways.
const LISTS: u64 = 36;

/// Numbers that look random and are the same everywhere.
struct Dice(U256);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = keccak256(self.0.to_be_bytes::<32>()).into();
        (self.0 % U256::from(end)).to()
    }

    fn address(&mut self) -> Address {
        Address::repeat_byte(1 + self.below(3) as u8)
    }

    fn asset(&mut self) -> Asset {
        let (token, other) = (self.address(), self.address());
        match self.below(6) {
            0 => Asset::Erc20(token),
            1 => Asset::Erc721(token),
            2 => Asset::Deposit(token),
            3 => Asset::Erc1155 { token, id: U256::from(self.below(3)) },
            4 => Asset::Allowance { token, spender: other },
            _ => Asset::Operator { token, operator: other },
        }
    }

    fn list(&mut self) -> Bounds {
        let count = self.below(5);
        let assets: std::collections::BTreeSet<_> = (0..count).map(|_| self.asset()).collect();
        let others = assets.into_iter().map(|asset| Bound::new(asset, u128::from(self.below(2))));
        Bounds::new(std::iter::once(Bound::native(7)).chain(others).collect()).unwrap()
    }
}

/// The size byte and the list behind it.
fn bytes(bounds: &Bounds) -> Vec<u8> {
    [&[bounds.size()], &bounds.pack()[..]].concat()
}

fn verdict(list: &[u8]) -> Result<Bounds, BoundsError> {
    let (size, rest) = list.split_first().ok_or(BoundsError::Missing)?;
    Bounds::unpack(*size, rest)
}

/// Lists that are accepted and lists that are refused, none twice.
pub(crate) fn all() -> Value {
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    let mut dice = Dice(U256::ZERO);
    let mut sort = |list: Vec<u8>| {
        let text = hex::encode_prefixed(&list);
        let lists = if verdict(&list).is_ok() { &mut accepted } else { &mut refused };
        if !lists.contains(&text) {
            lists.push(text);
        }
    };
    for _ in 0..LISTS {
        let good = dice.list();
        let list = bytes(&good);
        sort(list.clone());
        // A byte of an entry's head or tail changed, to something that may have a meaning there.
        for _ in 0..4 {
            let mut changed = list.clone();
            let at = 1 + dice.below(changed.len() as u64 - 1) as usize;
            changed[at] = [0, 1, 2, 4, 5, 6, 7, 0xff][dice.below(8) as usize];
            sort(changed);
        }
        // Another kind at the beginning of the second entry.
        if list.len() > 38 {
            let mut changed = list.clone();
            changed[38] = dice.below(9) as u8;
            sort(changed);
        }
        // Another size byte, and as many bytes as it says.
        let mut resized = list.clone();
        resized[0] = dice.below(256) as u8;
        if let Ok(length) = Bounds::packed_len(resized[0]) {
            resized.resize(1 + length, 1);
        }
        sort(resized);
        // A byte more, and one less.
        sort([&list[..], &[0]].concat());
        sort(list[..list.len() - 1].to_vec());
    }
    json!({"accepted": accepted, "refused": refused})
}
