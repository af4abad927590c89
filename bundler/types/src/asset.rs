//! What of an account can be bounded: everything that the module measures before and after an execution.

use std::fmt;

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    sol,
    sol_types::SolCall,
};
use serde::{Deserialize, Serialize};

sol! {
    function balanceOf(address account);
    function allowance(address account, address spender);
    function isApprovedForAll(address account, address operator);

    interface ById {
        function balanceOf(address account, uint256 id);
    }
}

/// The kinds of [`Asset`], by their number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum AssetKind {
    /// [`Asset::Native`].
    Native = 0,
    /// [`Asset::Erc20`].
    Erc20 = 1,
    /// [`Asset::Erc721`].
    Erc721 = 2,
    /// [`Asset::Deposit`].
    Deposit = 3,
    /// [`Asset::Erc1155`].
    Erc1155 = 4,
    /// [`Asset::Allowance`].
    Allowance = 5,
    /// [`Asset::Operator`].
    Operator = 6,
}

impl AssetKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Native,
        Self::Erc20,
        Self::Erc721,
        Self::Deposit,
        Self::Erc1155,
        Self::Allowance,
        Self::Operator,
    ];

    /// The kind that `byte` stands for on the wire.
    #[must_use]
    pub fn from_u8(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }

    /// The word for it in JSON and in a policy's input.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Erc20 => "erc20",
            Self::Erc721 => "erc721",
            Self::Deposit => "deposit",
            Self::Erc1155 => "erc1155",
            Self::Allowance => "allowance",
            Self::Operator => "operator",
        }
    }

    /// Whether it is granted to others and grows, rather than held and leaves.
    #[must_use]
    pub const fn is_granted(self) -> bool {
        matches!(self, Self::Allowance | Self::Operator)
    }

    /// Whether amounts of it are money that leaves: what a day's spending counts.
    #[must_use]
    pub const fn is_spent(self) -> bool {
        matches!(self, Self::Native | Self::Erc20)
    }
}

/// Something that an account holds, or grants to others. The order is the one of a bounds list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Asset {
    /// The chain's native currency, in wei.
    Native,
    /// Units of an ERC-20 token.
    Erc20(Address),
    /// How many tokens of an ERC-721, whichever they are.
    Erc721(Address),
    /// What this EntryPoint holds for the account, in wei; its stake is not part of it.
    Deposit(Address),
    /// Units of one token of an ERC-1155.
    Erc1155 {
        /// The contract.
        token: Address,
        /// Which token of it.
        id: U256,
    },
    /// How many units of an ERC-20 token a spender may take.
    Allowance {
        /// The token.
        token: Address,
        /// Who may take.
        spender: Address,
    },
    /// Whether an operator may move everything of an ERC-721 or ERC-1155 contract: 0 or 1.
    Operator {
        /// The contract.
        token: Address,
        /// Who may move.
        operator: Address,
    },
}

impl Asset {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> AssetKind {
        match self {
            Self::Native => AssetKind::Native,
            Self::Erc20(_) => AssetKind::Erc20,
            Self::Erc721(_) => AssetKind::Erc721,
            Self::Deposit(_) => AssetKind::Deposit,
            Self::Erc1155 { .. } => AssetKind::Erc1155,
            Self::Allowance { .. } => AssetKind::Allowance,
            Self::Operator { .. } => AssetKind::Operator,
        }
    }

    /// The contract that tells how much there is; zero for native currency.
    #[must_use]
    pub const fn contract(&self) -> Address {
        match self {
            Self::Native => Address::ZERO,
            Self::Erc20(contract) | Self::Erc721(contract) | Self::Deposit(contract) => *contract,
            Self::Erc1155 { token, .. }
            | Self::Allowance { token, .. }
            | Self::Operator { token, .. } => *token,
        }
    }

    /// The token id of an ERC-1155; zero for others.
    #[must_use]
    pub const fn id(&self) -> U256 {
        match self {
            Self::Erc1155 { id, .. } => *id,
            _ => U256::ZERO,
        }
    }

    /// Who is granted something: the spender or the operator; zero for others.
    #[must_use]
    pub const fn grantee(&self) -> Address {
        match self {
            Self::Allowance { spender: grantee, .. } | Self::Operator { operator: grantee, .. } => {
                *grantee
            }
            _ => Address::ZERO,
        }
    }

    /// The word that follows an entry of a bounds list: the id, or who is granted something; none for the shorter kinds.
    #[must_use]
    pub fn extra(&self) -> Option<B256> {
        match self {
            Self::Erc1155 { id, .. } => Some((*id).into()),
            Self::Allowance { .. } | Self::Operator { .. } => Some(self.grantee().into_word()),
            _ => None,
        }
    }

    /// What the module asks [`contract`](Self::contract) to learn how much of it `account` has; none for native currency.
    #[must_use]
    pub fn question(&self, account: Address) -> Option<Bytes> {
        Some(match *self {
            Self::Native => return None,
            Self::Erc20(_) | Self::Erc721(_) | Self::Deposit(_) => {
                balanceOfCall { account }.abi_encode().into()
            }
            Self::Erc1155 { id, .. } => ById::balanceOfCall { account, id }.abi_encode().into(),
            Self::Allowance { spender, .. } => {
                allowanceCall { account, spender }.abi_encode().into()
            }
            Self::Operator { operator, .. } => {
                isApprovedForAllCall { account, operator }.abi_encode().into()
            }
        })
    }

    /// How much left, or was granted more, between two answers; zero in the harmless direction.
    #[must_use]
    pub fn moved(&self, before: U256, after: U256) -> U256 {
        if self.kind().is_granted() {
            after.saturating_sub(before)
        } else {
            before.saturating_sub(after)
        }
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native => f.write_str("native currency"),
            Self::Erc20(token) => write!(f, "{token}"),
            Self::Erc721(token) => write!(f, "the ERC-721 tokens of {token}"),
            Self::Deposit(entry_point) => write!(f, "the deposit at EntryPoint {entry_point}"),
            Self::Erc1155 { token, id } => write!(f, "ERC-1155 token {id} of {token}"),
            Self::Allowance { token, spender } => {
                write!(f, "the allowance of {spender} over {token}")
            }
            Self::Operator { token, operator } => {
                write!(f, "operator {operator} over everything of {token}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use alloy::primitives::hex;

    use super::*;

    const A: Address = Address::repeat_byte(0xaa);
    const B: Address = Address::repeat_byte(0xbb);

    fn one_of_each() -> [Asset; 7] {
        [
            Asset::Native,
            Asset::Erc20(B),
            Asset::Erc721(A),
            Asset::Deposit(A),
            Asset::Erc1155 { token: A, id: U256::from(7) },
            Asset::Allowance { token: A, spender: B },
            Asset::Operator { token: A, operator: B },
        ]
    }

    #[test]
    fn kinds_have_their_numbers_words_and_order() {
        for (number, asset) in (0u8..).zip(one_of_each()) {
            assert_eq!(asset.kind() as u8, number);
            assert_eq!(AssetKind::from_u8(number), Some(asset.kind()));
            let word = serde_json::to_value(asset.kind()).unwrap();
            assert_eq!(word, asset.kind().as_str());
        }
        assert_eq!(AssetKind::from_u8(7), None);
        assert!(one_of_each().is_sorted());
        let (low, high) = (U256::from(255), U256::from(256));
        assert!(Asset::Erc1155 { token: A, id: low } < Asset::Erc1155 { token: A, id: high });
        assert!(Asset::Erc1155 { token: A, id: high } < Asset::Erc1155 { token: B, id: low });
    }

    #[test]
    fn questions_are_the_modules() {
        let selectors = one_of_each().map(|asset| {
            let question = asset.question(A)?;
            assert_eq!(question[4..36], A.into_word()[..]);
            let extra = asset.extra().map(|word| word.to_vec()).unwrap_or_default();
            assert_eq!(question[36..], extra);
            Some(hex::encode(&question[..4]))
        });
        let known = ["70a08231", "70a08231", "70a08231", "00fdd58e", "dd62ed3e", "e985e9c5"];
        assert_eq!(selectors[0], None);
        assert_eq!(selectors[1..].iter().flatten().collect::<Vec<_>>(), known);
    }

    #[test]
    fn what_is_held_leaves_and_what_is_granted_grows() {
        let (less, more) = (U256::from(3), U256::from(10));
        for asset in one_of_each() {
            let (out, back) = if asset.kind().is_granted() { (less, more) } else { (more, less) };
            assert_eq!(asset.moved(out, back), U256::from(7), "{asset}");
            assert_eq!(asset.moved(back, out), U256::ZERO, "{asset}");
        }
    }
}
