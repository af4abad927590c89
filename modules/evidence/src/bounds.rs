//! The exact bounds: what left the account in the simulation, or was granted by it, per asset.
//!
//! Only what moves is listed, and what the calls set out to move. Each entry costs gas in the execution, so whoever
//! estimates has to foresee the same list, and does so from the same logs and calls. What moves and has no bound is refused.

use alloy::primitives::{Address, U256};
use writ_attestation::{ANY, Bound, Bounds, BoundsError};
use writ_simulation::{Answers, Effects, Moved, UnboundedGrant, is_entry_point};
use writ_types::{Asset, AssetKind};

use crate::calls::Call;

/// Why the outflow of an operation cannot be bounded on chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AssetError {
    /// Something is granted that no bound measures.
    #[error(transparent)]
    Grant(#[from] UnboundedGrant),
    /// The account takes back its stake at an EntryPoint, which no bound measures.
    #[error("call {index} withdraws the account's stake at an EntryPoint, which cannot be bounded")]
    Stake {
        /// Position of the call.
        index: usize,
    },
    /// The contract does not tell how much the account has, so that the hook refuses the operation.
    #[error(
        "{contract} does not tell how much the account has of what moves there, so that it cannot be bounded"
    )]
    Unmeasurable {
        /// The token, or whatever takes calls as one.
        contract: Address,
    },
    /// More than a bound can express.
    #[error("more than 2^128-1 of {asset} leaves the account")]
    TooLarge {
        /// The asset.
        asset: Asset,
    },
    /// More assets than one attestation can bound.
    #[error("the operation moves more assets than can be bounded: {0}")]
    List(#[from] BoundsError),
}

/// Refuses calls that take the account's own stake out of an EntryPoint: only the account itself can make them.
///
/// # Errors
///
/// [`AssetError::Stake`] names the call.
pub(crate) fn keeps_stake(calls: &[Call], entry_point: Address) -> Result<(), AssetError> {
    use alloy::sol_types::SolCall;
    use writ_bindings::EntryPoint::withdrawStakeCall;

    let withdraws = |call: &Call| {
        (call.to == entry_point || is_entry_point(call.to))
            && call.selector.is_some_and(|selector| selector == withdrawStakeCall::SELECTOR)
    };
    match calls.iter().position(withdraws) {
        Some(index) => Err(AssetError::Stake { index }),
        None => Ok(()),
    }
}

/// A bound on everything that moves that holds nothing back.
///
/// # Errors
///
/// [`AssetError`] when it is too much, or too many.
pub(crate) fn widest_bounds(moved: &Moved) -> Result<Bounds, AssetError> {
    for (asset, amount) in moved {
        most(*asset, *amount)?;
    }
    Ok(Bounds::new(moved.keys().copied().map(Bound::widest).collect())?)
}

/// How much moved: native currency as it was seen, everything else as the module itself was answered when it measured, and
/// what it did not measure, because the execution reverts, as the logs tell.
///
/// # Errors
///
/// [`AssetError`] when it is too much, or too many.
pub fn exact_bounds(
    moved: &Moved,
    answers: &Answers,
    account: Address,
) -> Result<Bounds, AssetError> {
    let list = moved.iter().map(|(asset, told)| {
        let measured = answers.moved(*asset, account);
        Ok(Bound::new(*asset, most(*asset, measured.unwrap_or(*told))?))
    });
    Ok(Bounds::new(list.collect::<Result<_, AssetError>>()?)?)
}

/// The same from the logs alone, where no module measures anything.
///
/// # Errors
///
/// [`AssetError`] when something leaves that cannot be bounded.
pub(crate) fn logged_bounds(
    effects: &Effects,
    account: Address,
    entry_point: Address,
) -> Result<Bounds, AssetError> {
    exact_bounds(&effects.moved(account, entry_point, [])?, &Answers::default(), account)
}

/// `maxOut` for this much.
fn most(asset: Asset, amount: U256) -> Result<u128, AssetError> {
    match (asset.kind(), u128::try_from(amount)) {
        (AssetKind::Operator, Ok(0..=1)) => Ok(amount.to()),
        (AssetKind::Operator, _) | (AssetKind::Native, Err(_)) => {
            Err(AssetError::TooLarge { asset })
        }
        (_, Ok(fits)) => Ok(fits),
        // Whoever approves that much approves without limit.
        (AssetKind::Allowance, Err(_)) => Ok(ANY),
        (_, Err(_)) => Err(AssetError::TooLarge { asset }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use alloy::sol_types::SolCall;

    use super::*;
    use crate::calls::{CallType, ExecType, Execution, Own, decode_calls, encode_execute};

    const ACCOUNT: Address = Address::repeat_byte(0xac);
    const OTHER: Address = Address::repeat_byte(0x01);
    const A: Address = Address::repeat_byte(0xaa);

    const ALLOWANCE: Asset = Asset::Allowance { token: A, spender: OTHER };
    const OPERATOR: Asset = Asset::Operator { token: A, operator: OTHER };

    fn moved(assets: &[(Asset, U256)]) -> Moved {
        assets.iter().copied().chain([(Asset::Native, U256::from(3))]).collect()
    }

    fn exact(assets: &[(Asset, U256)]) -> Result<Vec<Bound>, AssetError> {
        let bounds = exact_bounds(&moved(assets), &Answers::default(), ACCOUNT)?;
        Ok(bounds.as_slice()[1..].to_vec())
    }

    #[test]
    fn every_kind_is_listed_in_the_order_of_the_wire() {
        let one = U256::ONE;
        let coin = Asset::Erc1155 { token: A, id: U256::from(7) };
        let all = [
            OPERATOR,
            ALLOWANCE,
            coin,
            Asset::Deposit(A),
            Asset::Erc721(A),
            Asset::Erc20(OTHER),
            Asset::Erc20(A),
        ];
        let bounds = exact(&all.map(|asset| (asset, one))).unwrap();
        let listed: Vec<_> = bounds.iter().map(|bound| bound.asset).collect();
        let mut sorted = all;
        sorted.sort();
        assert_eq!(listed, sorted);
        let nothing = exact_bounds(&moved(&[]), &Answers::default(), ACCOUNT).unwrap();
        assert_eq!(nothing.as_slice(), [Bound::native(3)]);
    }

    #[test]
    fn what_is_too_much_is_refused_and_only_allowances_are_without_limit() {
        let (most, more) = (U256::from(u128::MAX), U256::from(u128::MAX) + U256::ONE);
        for asset in [
            Asset::Native,
            Asset::Erc20(A),
            Asset::Erc721(A),
            Asset::Deposit(A),
            Asset::Erc1155 { token: A, id: U256::ZERO },
        ] {
            let of = |amount| {
                let mut list = moved(&[]);
                list.insert(asset, amount);
                (widest_bounds(&list).err(), exact_bounds(&list, &Answers::default(), ACCOUNT))
            };
            assert!(of(most).0.is_none() && of(most).1.is_ok(), "{asset}");
            let refused = AssetError::TooLarge { asset };
            assert_eq!(of(more), (Some(refused.clone()), Err(refused)), "{asset}");
        }
        assert_eq!(exact(&[(ALLOWANCE, U256::MAX)]), Ok(vec![Bound::new(ALLOWANCE, ANY)]));
        assert_eq!(exact(&[(ALLOWANCE, U256::from(5))]), Ok(vec![Bound::new(ALLOWANCE, 5)]));
        assert_eq!(exact(&[(OPERATOR, U256::ONE)]), Ok(vec![Bound::new(OPERATOR, 1)]));
        let two = exact(&[(OPERATOR, U256::from(2))]);
        assert_eq!(two, Err(AssetError::TooLarge { asset: OPERATOR }));
    }

    #[test]
    fn more_assets_than_a_list_holds_are_refused() {
        let ids = |most: u64| -> Vec<_> {
            let coin = |id| (Asset::Erc1155 { token: A, id: U256::from(id) }, U256::ZERO);
            (1..=most).map(coin).collect()
        };
        assert!(exact(&ids(7)).is_ok());
        assert_eq!(exact(&ids(8)), Err(AssetError::List(BoundsError::TooMany(9))));
        assert_eq!(widest_bounds(&moved(&ids(8))), Err(AssetError::List(BoundsError::TooMany(9))));
    }

    #[test]
    fn the_stake_stays() {
        let call = |to, data: &[u8]| {
            let call = Execution { target: to, value: U256::ZERO, data: data.to_vec().into() };
            let data = encode_execute(CallType::Single, ExecType::Default, &[call]);
            decode_calls(Own::of(ACCOUNT), &data.into()).unwrap()
        };
        let withdraw =
            writ_bindings::EntryPoint::withdrawStakeCall { withdrawAddress: OTHER }.abi_encode();
        let refused = Err(AssetError::Stake { index: 0 });
        assert_eq!(keeps_stake(&call(OTHER, &withdraw), OTHER), refused);
        let canonical = writ_types::EntryPointVersion::V07.canonical_address();
        assert_eq!(keeps_stake(&call(canonical, &withdraw), OTHER), refused);
        assert_eq!(keeps_stake(&call(A, &withdraw), OTHER), Ok(()));
        let deposit = writ_bindings::EntryPoint::depositToCall { account: ACCOUNT }.abi_encode();
        assert_eq!(keeps_stake(&call(OTHER, &deposit), OTHER), Ok(()));
    }
}
