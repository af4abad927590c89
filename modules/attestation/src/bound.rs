//! The bounds list: the most of each asset that may leave the account in one execution frame.

use alloy::primitives::{Address, B256, Bytes, keccak256};
use serde::{Deserialize, Serialize};

/// Most entries that a bounds list may have.
pub const MAX_BOUNDS: usize = 8;

/// Bytes of one packed entry: kind ‖ asset ‖ maxOut.
pub const BOUND_LEN: usize = 1 + 20 + 16;

/// What kind of asset a bound limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum BoundKind {
    /// The chain's native currency; the asset is the zero address.
    Native = 0,
    /// An ERC-20 token; the asset is the token contract.
    Erc20 = 1,
}

impl BoundKind {
    /// The kind that `byte` stands for on the wire.
    pub const fn from_u8(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Native),
            1 => Some(Self::Erc20),
            _ => None,
        }
    }
}

/// The most of one asset that may leave the account, net.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bound {
    /// Kind of the asset.
    pub kind: BoundKind,
    /// The token; the zero address for [`BoundKind::Native`].
    pub asset: Address,
    /// Most units of the asset's smallest denomination that may leave.
    #[serde(with = "alloy::serde::quantity")]
    pub max_out: u128,
}

impl Bound {
    /// A limit on the native currency, in wei.
    pub const fn native(max_out: u128) -> Self {
        Self { kind: BoundKind::Native, asset: Address::ZERO, max_out }
    }

    /// A limit on an ERC-20 token.
    pub const fn erc20(token: Address, max_out: u128) -> Self {
        Self { kind: BoundKind::Erc20, asset: token, max_out }
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
    /// The first entry is not the native one.
    #[error("the first bound must be the native one (kind 0, zero address)")]
    NativeFirst,
    /// A native entry with an asset, or a token entry without one.
    #[error("bound {0} has an asset address that does not fit its kind")]
    Asset(usize),
    /// Entries are not strictly ascending by (kind, asset).
    #[error("bound {0} is not above the one before it; entries ascend strictly by (kind, asset)")]
    NotAscending(usize),
    /// A kind that version 1 does not know.
    #[error("bound {index} has kind {kind}; only 0 (native) and 1 (erc20) are accepted")]
    Kind {
        /// Position in the list.
        index: usize,
        /// The kind byte.
        kind: u8,
    },
}

/// A list of 1 to [`MAX_BOUNDS`] bounds, strictly ascending by (kind, asset), the native one first.
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
        if first.kind != BoundKind::Native {
            return Err(BoundsError::NativeFirst);
        }
        for (index, bound) in list.iter().enumerate() {
            if (bound.kind == BoundKind::Native) != bound.asset.is_zero() {
                return Err(BoundsError::Asset(index));
            }
            if index > 0
                && (list[index - 1].kind, list[index - 1].asset) >= (bound.kind, bound.asset)
            {
                return Err(BoundsError::NotAscending(index));
            }
        }
        Ok(Self(list))
    }

    /// Decodes the packed form; `bytes` must be exactly whole entries.
    pub fn unpack(bytes: &[u8]) -> Result<Self, BoundsError> {
        let (entries, rest) = bytes.as_chunks::<BOUND_LEN>();
        if !rest.is_empty() || entries.is_empty() {
            return Err(BoundsError::Missing);
        }
        let mut list = Vec::with_capacity(entries.len().min(MAX_BOUNDS));
        for (index, entry) in entries.iter().enumerate() {
            if index == MAX_BOUNDS {
                return Err(BoundsError::TooMany(entries.len()));
            }
            let kind =
                BoundKind::from_u8(entry[0]).ok_or(BoundsError::Kind { index, kind: entry[0] })?;
            let mut max_out = [0; 16];
            max_out.copy_from_slice(&entry[21..]);
            list.push(Bound {
                kind,
                asset: Address::from_slice(&entry[1..21]),
                max_out: u128::from_be_bytes(max_out),
            });
        }
        Self::new(list)
    }

    /// The packed form: kind(1) ‖ asset(20) ‖ maxOut(16) per entry.
    pub fn pack(&self) -> Bytes {
        let mut bytes = Vec::with_capacity(self.0.len() * BOUND_LEN);
        for bound in &self.0 {
            bytes.push(bound.kind as u8);
            bytes.extend_from_slice(bound.asset.as_slice());
            bytes.extend_from_slice(&bound.max_out.to_be_bytes());
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

#[cfg(test)]
mod tests {
    use alloy::primitives::address;

    use super::*;

    const A: Address = address!("00000000000000000000000000000000000000aa");
    const B: Address = address!("00000000000000000000000000000000000000bb");

    #[test]
    fn accepts_and_packs_a_good_list() {
        let bounds =
            Bounds::new(vec![Bound::native(5), Bound::erc20(A, 7), Bound::erc20(B, 0)]).unwrap();
        let packed = bounds.pack();
        assert_eq!(packed.len(), 3 * BOUND_LEN);
        assert_eq!(packed[36], 5);
        assert_eq!(packed[37], 1);
        assert_eq!(Bounds::unpack(&packed).unwrap(), bounds);
        assert_eq!(bounds.hash(), keccak256(packed));
    }

    #[test]
    fn refuses_every_other_shape() {
        assert_eq!(Bounds::new(vec![]), Err(BoundsError::Missing));
        assert_eq!(Bounds::new(vec![Bound::erc20(A, 1)]), Err(BoundsError::NativeFirst));
        assert_eq!(
            Bounds::new(vec![Bound::native(1), Bound::native(1)]),
            Err(BoundsError::NotAscending(1))
        );
        assert_eq!(
            Bounds::new(vec![Bound::native(1), Bound::erc20(B, 1), Bound::erc20(A, 1)]),
            Err(BoundsError::NotAscending(2))
        );
        assert_eq!(
            Bounds::new(vec![Bound::native(1), Bound::erc20(A, 1), Bound::erc20(A, 2)]),
            Err(BoundsError::NotAscending(2))
        );
        assert_eq!(
            Bounds::new(vec![Bound { kind: BoundKind::Native, asset: A, max_out: 1 }]),
            Err(BoundsError::Asset(0))
        );
        assert_eq!(
            Bounds::new(vec![Bound::native(1), Bound::erc20(Address::ZERO, 1)]),
            Err(BoundsError::Asset(1))
        );
        let many = std::iter::once(Bound::native(1))
            .chain((1..=8).map(|n| Bound::erc20(Address::with_last_byte(n), 1)))
            .collect::<Vec<_>>();
        assert!(Bounds::new(many[..8].to_vec()).is_ok());
        assert_eq!(Bounds::new(many), Err(BoundsError::TooMany(9)));
    }

    #[test]
    fn refuses_unknown_kinds_and_torn_entries() {
        let mut packed = Bounds::new(vec![Bound::native(1)]).unwrap().pack().to_vec();
        assert_eq!(Bounds::unpack(&packed[..36]), Err(BoundsError::Missing));
        packed[0] = 2;
        assert_eq!(Bounds::unpack(&packed), Err(BoundsError::Kind { index: 0, kind: 2 }));
    }

    #[test]
    fn json_goes_through_the_same_checks() {
        let good = serde_json::json!([{"kind": "native", "asset": Address::ZERO, "maxOut": "0x5"}]);
        assert!(serde_json::from_value::<Bounds>(good).is_ok());
        let bad = serde_json::json!([{"kind": "erc20", "asset": A, "maxOut": "0x5"}]);
        assert!(serde_json::from_value::<Bounds>(bad).unwrap_err().to_string().contains("native"));
    }
}
