//! The bounds list: the most of each asset that may leave the account in one execution frame.
//!
//! ```text
//! size byte: how many entries (lower four bits), how many of them are longer (upper four)
//! entry:     kind(1) ‖ asset(20) ‖ maxOut(16)               kinds 0 to 3
//!            kind(1) ‖ asset(20) ‖ maxOut(16) ‖ extra(32)   kinds 4 to 6: token id, spender, operator
//! ```

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use serde::{Deserialize, Serialize};
use writ_types::{Asset, AssetKind};

/// Most entries that a bounds list may have.
pub const MAX_BOUNDS: usize = 8;

/// Bytes of one packed entry: kind ‖ asset ‖ maxOut.
pub const BOUND_LEN: usize = 1 + 20 + 16;

/// Bytes that an entry of the longer kinds has more.
pub const EXTRA_LEN: usize = 32;

/// Bytes of the longest list: the native bound is always there, and is not of the longer kinds.
pub const MAX_BOUNDS_LEN: usize = packed_len(MAX_BOUNDS, MAX_BOUNDS - 1);

/// `maxOut` of an allowance that may grow without limit.
pub const ANY: u128 = u128::MAX;

/// Bytes of a packed list of `count` entries, `longer` of which are of the longer kinds.
pub(crate) const fn packed_len(count: usize, longer: usize) -> usize {
    BOUND_LEN * count + EXTRA_LEN * longer
}

/// The most of one asset that may leave the account, or be granted by it, net.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Json", into = "Json")]
pub struct Bound {
    /// What is bounded.
    pub asset: Asset,
    /// Most units that may leave; of an allowance or an operator, by how much it may grow. [`ANY`] of an allowance is
    /// without limit.
    pub max_out: u128,
}

impl Bound {
    /// A limit on `asset`.
    pub const fn new(asset: Asset, max_out: u128) -> Self {
        Self { asset, max_out }
    }

    /// A limit on the native currency, in wei.
    pub const fn native(max_out: u128) -> Self {
        Self::new(Asset::Native, max_out)
    }

    /// A limit on an ERC-20 token.
    pub const fn erc20(token: Address, max_out: u128) -> Self {
        Self::new(Asset::Erc20(token), max_out)
    }

    /// As wide as a bound on `asset` goes: for simulations in which nothing is to be held back.
    pub const fn widest(asset: Asset) -> Self {
        let max_out = if matches!(asset, Asset::Operator { .. }) { 1 } else { u128::MAX };
        Self::new(asset, max_out)
    }

    /// Whether the module lets this much through.
    pub fn admits(&self, amount: U256) -> bool {
        let unlimited = matches!(self.asset, Asset::Allowance { .. }) && self.max_out == ANY;
        unlimited || amount <= U256::from(self.max_out)
    }
}

/// Why a list is not a bounds list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BoundsError {
    /// The list is empty.
    #[error("the bounds list is empty; it needs the native bound at least")]
    Missing,
    /// More than [`MAX_BOUNDS`] entries.
    #[error("the bounds list has {0} entries; at most {MAX_BOUNDS} are accepted")]
    TooMany(usize),
    /// The size byte counts more longer entries than can be: the native one is not of them.
    #[error("the bounds list has {count} entries, and {longer} of them cannot be longer ones")]
    Longer {
        /// Entries.
        count: usize,
        /// How many of them are said to be longer.
        longer: usize,
    },
    /// The bytes are not as many as the size byte says.
    #[error("the bounds list takes {expected} bytes and has {given}")]
    Length {
        /// What the size byte says.
        expected: usize,
        /// What is there.
        given: usize,
    },
    /// The first entry is not the native one.
    #[error("the first bound must be the native one (kind 0, zero address)")]
    NativeFirst,
    /// A native entry with an asset, or another one without.
    #[error("bound {0} has an asset address that does not fit its kind")]
    Asset(usize),
    /// A spender or operator that is no address, or the zero address.
    #[error("bound {0} names a spender or operator that is not an address")]
    Grantee(usize),
    /// An operator is allowed or not: there is nothing beyond 1.
    #[error("bound {index} lets an operator grow by {max_out}; at most 1 is accepted")]
    Operator {
        /// Position in the list.
        index: usize,
        /// What it says.
        max_out: u128,
    },
    /// Entries are not strictly ascending by (kind, asset, extra).
    #[error(
        "bound {0} is not above the one before it; entries ascend strictly by (kind, asset, extra)"
    )]
    NotAscending(usize),
    /// A kind that the place does not have.
    #[error(
        "bound {index} has kind {kind}; 0 to 3 are accepted in the shorter entries and 4 to 6 in the longer ones"
    )]
    Kind {
        /// Position in the list.
        index: usize,
        /// The kind byte.
        kind: u8,
    },
}

/// A list of 1 to [`MAX_BOUNDS`] bounds, strictly ascending by (kind, asset, extra), the native one first.
///
/// The only way to get one is through its checks, so that what is signed, packed and enforced always has this shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<Bound>", into = "Vec<Bound>")]
pub struct Bounds(Vec<Bound>);

impl Bounds {
    /// Takes `list` as it is, or says what is wrong with it.
    pub fn new(list: Vec<Bound>) -> Result<Self, BoundsError> {
        if list.len() > MAX_BOUNDS {
            return Err(BoundsError::TooMany(list.len()));
        }
        let first = list.first().ok_or(BoundsError::Missing)?;
        if first.asset != Asset::Native {
            return Err(BoundsError::NativeFirst);
        }
        for (index, bound) in list.iter().enumerate() {
            check(index, bound)?;
            if index > 0 && list[index - 1].asset >= bound.asset {
                return Err(BoundsError::NotAscending(index));
            }
        }
        Ok(Self(list))
    }

    /// Decodes the packed form, whose size byte is `size`; `bytes` must be exactly whole entries.
    pub fn unpack(size: u8, bytes: &[u8]) -> Result<Self, BoundsError> {
        let (count, longer) = sizes(size)?;
        let expected = packed_len(count, longer);
        if bytes.len() != expected {
            return Err(BoundsError::Length { expected, given: bytes.len() });
        }
        let (shorter, rest) = bytes.split_at(BOUND_LEN * (count - longer));
        let entries = shorter.chunks(BOUND_LEN).chain(rest.chunks(BOUND_LEN + EXTRA_LEN));
        let list = entries.enumerate().map(|(index, entry)| unpack_entry(index, entry));
        Self::new(list.collect::<Result<_, _>>()?)
    }

    /// How many bytes a list with this size byte takes.
    ///
    /// # Errors
    /// When no list has this size byte.
    pub fn packed_len(size: u8) -> Result<usize, BoundsError> {
        sizes(size).map(|(count, longer)| packed_len(count, longer))
    }

    /// The byte that goes before the packed form.
    pub fn size(&self) -> u8 {
        // Both at most eight.
        (self.longer() << 4 | self.0.len()) as u8
    }

    /// How many entries are of the longer kinds.
    pub(crate) fn longer(&self) -> usize {
        self.0.iter().filter(|bound| bound.asset.extra().is_some()).count()
    }

    /// The packed form, without its size byte.
    pub fn pack(&self) -> Bytes {
        let mut bytes = Vec::with_capacity(packed_len(self.0.len(), self.longer()));
        for Bound { asset, max_out } in &self.0 {
            bytes.push(asset.kind() as u8);
            bytes.extend_from_slice(asset.contract().as_slice());
            bytes.extend_from_slice(&max_out.to_be_bytes());
            bytes.extend(asset.extra().into_iter().flatten());
        }
        bytes.into()
    }

    /// keccak256 of the packed form: the attestation's `bounds`.
    pub fn hash(&self) -> B256 {
        keccak256(self.pack())
    }

    /// The entries in order.
    pub fn as_slice(&self) -> &[Bound] {
        &self.0
    }

    /// The bound on `asset`, if there is one.
    pub fn on(&self, asset: Asset) -> Option<&Bound> {
        self.0.iter().find(|bound| bound.asset == asset)
    }
}

/// Entries and longer entries of a size byte.
fn sizes(size: u8) -> Result<(usize, usize), BoundsError> {
    let (count, longer) = (usize::from(size & 15), usize::from(size >> 4));
    match count {
        0 => Err(BoundsError::Missing),
        1..=MAX_BOUNDS if longer < count => Ok((count, longer)),
        1..=MAX_BOUNDS => Err(BoundsError::Longer { count, longer }),
        _ => Err(BoundsError::TooMany(count)),
    }
}

fn unpack_entry(index: usize, entry: &[u8]) -> Result<Bound, BoundsError> {
    let kind = entry[0];
    let refused = BoundsError::Kind { index, kind };
    let contract = Address::from_slice(&entry[1..21]);
    let max_out = U256::from_be_slice(&entry[21..BOUND_LEN]).to();
    let extra = U256::from_be_slice(&entry[BOUND_LEN..]);
    let is_longer = entry.len() > BOUND_LEN;
    let grantee = || match extra.to_be_bytes::<32>().split_first_chunk::<12>() {
        Some(([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], address)) => Ok(Address::from_slice(address)),
        _ => Err(BoundsError::Grantee(index)),
    };
    let asset = match AssetKind::from_u8(kind).ok_or(refused)? {
        AssetKind::Native if contract.is_zero() => Asset::Native,
        AssetKind::Native => return Err(BoundsError::Asset(index)),
        AssetKind::Erc20 => Asset::Erc20(contract),
        AssetKind::Erc721 => Asset::Erc721(contract),
        AssetKind::Deposit => Asset::Deposit(contract),
        AssetKind::Erc1155 => Asset::Erc1155 { token: contract, id: extra },
        AssetKind::Allowance => Asset::Allowance { token: contract, spender: grantee()? },
        AssetKind::Operator => Asset::Operator { token: contract, operator: grantee()? },
    };
    if asset.extra().is_some() != is_longer {
        return Err(refused);
    }
    Ok(Bound { asset, max_out })
}

/// What holds for each entry by itself.
fn check(index: usize, Bound { asset, max_out }: &Bound) -> Result<(), BoundsError> {
    if *asset != Asset::Native && asset.contract().is_zero() {
        return Err(BoundsError::Asset(index));
    }
    if asset.kind().is_granted() && asset.grantee().is_zero() {
        return Err(BoundsError::Grantee(index));
    }
    if matches!(asset, Asset::Operator { .. }) && *max_out > 1 {
        return Err(BoundsError::Operator { index, max_out: *max_out });
    }
    Ok(())
}

impl TryFrom<Vec<Bound>> for Bounds {
    type Error = BoundsError;

    fn try_from(list: Vec<Bound>) -> Result<Self, Self::Error> {
        Self::new(list)
    }
}

impl From<Bounds> for Vec<Bound> {
    fn from(bounds: Bounds) -> Self {
        bounds.0
    }
}

/// A bound as JSON: what its kind does not have is absent.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Json {
    kind: AssetKind,
    asset: Address,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<U256>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spender: Option<Address>,
    #[serde(with = "alloy::serde::quantity")]
    max_out: u128,
}

impl From<Bound> for Json {
    fn from(Bound { asset, max_out }: Bound) -> Self {
        let kind = asset.kind();
        Self {
            kind,
            asset: asset.contract(),
            id: (kind == AssetKind::Erc1155).then(|| asset.id()),
            spender: kind.is_granted().then(|| asset.grantee()),
            max_out,
        }
    }
}

impl TryFrom<Json> for Bound {
    type Error = String;

    fn try_from(json: Json) -> Result<Self, String> {
        let Json { kind, asset: token, id, spender, max_out } = json;
        let asset = match (kind, id, spender) {
            (AssetKind::Native, None, None) if token.is_zero() => Asset::Native,
            (AssetKind::Erc20, None, None) => Asset::Erc20(token),
            (AssetKind::Erc721, None, None) => Asset::Erc721(token),
            (AssetKind::Deposit, None, None) => Asset::Deposit(token),
            (AssetKind::Erc1155, Some(id), None) => Asset::Erc1155 { token, id },
            (AssetKind::Allowance, None, Some(spender)) => Asset::Allowance { token, spender },
            (AssetKind::Operator, None, Some(operator)) => Asset::Operator { token, operator },
            _ => return Err(format!("the fields of the bound do not fit kind {}", kind.as_str())),
        };
        Ok(Self { asset, max_out })
    }
}

#[cfg(test)]
#[path = "bound_tests.rs"]
mod tests;
