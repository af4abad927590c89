//! The exact bounds: what left the account in the simulation, per asset.
//!
//! Only assets that leave are listed. Each entry costs gas in the execution, so whoever estimates has to foresee the
//! same list, and does so from the same transfers.

use std::collections::BTreeSet;

use alloy::{
    primitives::{Address, U256},
    sol_types::SolCall,
};
use writ_attestation::{Bound, Bounds, BoundsError};
use writ_simulation::{Effects, TokenStandard};

use crate::calls::Call;

/// Why the outflow of an operation cannot be bounded on chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AssetError {
    /// An asset of a kind that the module does not measure yet leaves the account.
    #[error(
        "{standard} tokens of {token} leave the account, and only native currency and ERC-20 can be bounded"
    )]
    Unsupported {
        /// The token contract.
        token: Address,
        /// Its standard.
        standard: &'static str,
    },
    /// The account takes back what it holds at its EntryPoint, which no bound measures.
    #[error(
        "call {index} withdraws the account's deposit or stake at the EntryPoint, which cannot be bounded"
    )]
    Deposit {
        /// Position of the call.
        index: usize,
    },
    /// More than a bound can express.
    #[error("more than 2^128-1 of {asset} leaves the account")]
    TooLarge {
        /// The asset; zero for native currency.
        asset: Address,
    },
    /// More assets than one attestation can bound.
    #[error("the operation moves more assets than can be bounded: {0}")]
    List(#[from] BoundsError),
}

/// Refuses calls that move the account's own money out of the EntryPoint: only the account itself can make them.
///
/// # Errors
///
/// [`AssetError::Deposit`] names the call.
pub(crate) fn keeps_deposit(calls: &[Call], entry_point: Address) -> Result<(), AssetError> {
    use writ_bindings::EntryPoint::{withdrawStakeCall, withdrawToCall};

    let withdraws = |call: &Call| {
        call.to == entry_point
            && call.selector.is_some_and(|selector| {
                [withdrawToCall::SELECTOR, withdrawStakeCall::SELECTOR].contains(&selector.0)
            })
    };
    match calls.iter().position(withdraws) {
        Some(index) => Err(AssetError::Deposit { index }),
        None => Ok(()),
    }
}

/// The list with a listed asset's bound raised to what the module measured; none when that raises nothing.
pub(crate) fn raise(bounds: &Bounds, asset: Address, measured: U256) -> Option<Bounds> {
    let measured = u128::try_from(measured).ok()?;
    let mut list = bounds.as_slice().to_vec();
    let bound = list.iter_mut().find(|bound| bound.asset == asset && bound.max_out < measured)?;
    bound.max_out = measured;
    Bounds::new(list).ok()
}

/// Net outflow of `account` per asset, native first, and every ERC-20 token that it sent or that is listed in
/// `called`, also with zero.
///
/// # Errors
///
/// [`AssetError`] when something leaves that cannot be bounded.
pub fn exact_bounds(
    effects: &Effects,
    account: Address,
    called: impl IntoIterator<Item = Address>,
) -> Result<Bounds, AssetError> {
    for moved in effects.tokens.iter().filter(|moved| moved.from == account) {
        let standard = match moved.standard {
            TokenStandard::Erc20 => continue,
            TokenStandard::Erc721 => "ERC-721",
            TokenStandard::Erc1155 => "ERC-1155",
        };
        // A token sent to oneself has not left.
        if moved.to != account {
            return Err(AssetError::Unsupported { token: moved.token, standard });
        }
    }
    outflows(effects, account, sent_erc20(effects, account).chain(called))
}

/// The ERC-20 tokens that `account` sent, some perhaps more than once.
pub(crate) fn sent_erc20(effects: &Effects, account: Address) -> impl Iterator<Item = Address> {
    let sent = effects
        .tokens
        .iter()
        .filter(move |moved| moved.from == account && moved.standard == TokenStandard::Erc20);
    sent.map(|moved| moved.token)
}

/// Net outflow of `account`: native first, then of each of `tokens`.
pub(crate) fn outflows(
    effects: &Effects,
    account: Address,
    tokens: impl IntoIterator<Item = Address>,
) -> Result<Bounds, AssetError> {
    let tokens: BTreeSet<Address> = tokens.into_iter().collect();
    let fits =
        |asset, amount: U256| u128::try_from(amount).map_err(|_| AssetError::TooLarge { asset });
    let native = effects.native_outflow(account).unwrap_or_default();
    let mut bounds = vec![Bound::native(fits(Address::ZERO, native)?)];
    for token in tokens {
        let amount = effects.erc20_outflow(token, account).unwrap_or_default();
        bounds.push(Bound::erc20(token, fits(token, amount)?));
    }
    Ok(Bounds::new(bounds)?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use writ_simulation::{Approval, NativeTransfer, TokenTransfer};

    use super::*;
    use crate::calls::{CallType, ExecType, Execution, Own, decode_calls, encode_execute};

    const ACCOUNT: Address = Address::repeat_byte(0xac);
    const OTHER: Address = Address::repeat_byte(0x01);
    const A: Address = Address::repeat_byte(0xaa);
    const B: Address = Address::repeat_byte(0xbb);

    fn moved(token: Address, from: Address, to: Address, amount: u64) -> TokenTransfer {
        TokenTransfer {
            token,
            standard: TokenStandard::Erc20,
            from,
            to,
            id: U256::ZERO,
            amount: U256::from(amount),
        }
    }

    fn native(from: Address, to: Address, amount: u64) -> NativeTransfer {
        NativeTransfer { from, to, amount: U256::from(amount) }
    }

    #[test]
    fn nothing_moved_still_bounds_native_currency() {
        let bounds = exact_bounds(&Effects::default(), ACCOUNT, []).unwrap();
        assert_eq!(bounds.as_slice(), [Bound::native(0)]);
    }

    #[test]
    fn outflow_is_net_and_never_below_zero() {
        let effects = Effects {
            native: vec![
                native(ACCOUNT, OTHER, 10),
                native(OTHER, ACCOUNT, 4),
                native(OTHER, A, 99),
            ],
            tokens: vec![
                moved(B, ACCOUNT, OTHER, 5),
                moved(B, OTHER, ACCOUNT, 9),
                moved(A, ACCOUNT, OTHER, 3),
            ],
            ..Default::default()
        };
        let bounds = exact_bounds(&effects, ACCOUNT, []).unwrap();
        assert_eq!(bounds.as_slice(), [Bound::native(6), Bound::erc20(A, 3), Bound::erc20(B, 0)]);
    }

    #[test]
    fn called_tokens_are_held_at_zero_and_others_are_not_listed() {
        let approval = Approval {
            token: A,
            owner: ACCOUNT,
            spender: OTHER,
            amount: U256::MAX,
            id: U256::ZERO,
            all: false,
        };
        let effects = Effects {
            tokens: vec![moved(OTHER, OTHER, A, 1)],
            approvals: vec![approval],
            ..Default::default()
        };
        let bounds = exact_bounds(&effects, ACCOUNT, [B]).unwrap();
        assert_eq!(bounds.as_slice(), [Bound::native(0), Bound::erc20(B, 0)]);
    }

    #[test]
    fn a_bound_is_raised_only_to_more() {
        let bounds = Bounds::new(vec![Bound::native(5), Bound::erc20(A, 7)]).unwrap();
        let raised = raise(&bounds, A, U256::from(8)).unwrap();
        assert_eq!(raised.as_slice(), [Bound::native(5), Bound::erc20(A, 8)]);
        assert_eq!(raise(&bounds, A, U256::from(7)), None);
        assert_eq!(raise(&bounds, B, U256::from(8)), None);
        assert_eq!(raise(&bounds, A, U256::MAX), None);
    }

    #[test]
    fn the_deposit_stays() {
        let call = |to, data: &[u8]| {
            let call = Execution { target: to, value: U256::ZERO, data: data.to_vec().into() };
            let data = encode_execute(CallType::Single, ExecType::Default, &[call]);
            decode_calls(Own::of(ACCOUNT), &data.into()).unwrap()
        };
        let withdraw = writ_bindings::EntryPoint::withdrawToCall {
            withdrawAddress: OTHER,
            withdrawAmount: U256::ONE,
        };
        let withdraw = withdraw.abi_encode();
        let refused = Err(AssetError::Deposit { index: 0 });
        assert_eq!(keeps_deposit(&call(OTHER, &withdraw), OTHER), refused);
        assert_eq!(keeps_deposit(&call(A, &withdraw), OTHER), Ok(()));
        let deposit = writ_bindings::EntryPoint::depositToCall { account: ACCOUNT }.abi_encode();
        assert_eq!(keeps_deposit(&call(OTHER, &deposit), OTHER), Ok(()));
    }

    #[test]
    fn what_cannot_be_bounded_is_refused_by_name() {
        for (standard, name) in
            [(TokenStandard::Erc721, "ERC-721"), (TokenStandard::Erc1155, "ERC-1155")]
        {
            let nft = TokenTransfer { standard, ..moved(A, ACCOUNT, OTHER, 1) };
            let leaving = Effects { tokens: vec![nft], ..Default::default() };
            assert_eq!(
                exact_bounds(&leaving, ACCOUNT, []),
                Err(AssetError::Unsupported { token: A, standard: name })
            );
            let arriving = TokenTransfer { from: OTHER, to: ACCOUNT, ..nft };
            let arriving = Effects { tokens: vec![arriving], ..Default::default() };
            assert!(exact_bounds(&arriving, ACCOUNT, []).is_ok());
        }
        let amount = U256::from(u128::MAX) + U256::ONE;
        let large = Effects {
            native: vec![NativeTransfer { amount, ..native(ACCOUNT, A, 0) }],
            ..Default::default()
        };
        assert_eq!(
            exact_bounds(&large, ACCOUNT, []),
            Err(AssetError::TooLarge { asset: Address::ZERO })
        );
        let many = (1..=8).map(Address::with_last_byte);
        assert!(matches!(
            exact_bounds(&Effects::default(), ACCOUNT, many),
            Err(AssetError::List(_))
        ));
        let most = (1..=7).map(Address::with_last_byte);
        assert!(exact_bounds(&Effects::default(), ACCOUNT, most).is_ok());
    }
}
