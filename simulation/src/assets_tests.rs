#![allow(clippy::unwrap_used)]

use super::*;
use crate::effects::{NativeTransfer, TokenStandard, TokenTransfer, Withdrawal};

const ACCOUNT: Address = Address::repeat_byte(0xac);
const OTHER: Address = Address::repeat_byte(0x01);
const A: Address = Address::repeat_byte(0xaa);
const B: Address = Address::repeat_byte(0xbb);
const ENTRY_POINT: Address = Address::repeat_byte(0xe1);

fn transfer(standard: TokenStandard, from: Address, to: Address, amount: u64) -> TokenTransfer {
    let (id, amount) = (U256::from(7), U256::from(amount));
    let id = if standard == TokenStandard::Erc20 { U256::ZERO } else { id };
    TokenTransfer { token: A, standard, from, to, id, amount }
}

fn approval(kind: ApprovalKind, spender: Address, amount: u64) -> Approval {
    let id = if kind == ApprovalKind::Token { U256::from(7) } else { U256::ZERO };
    Approval { token: A, owner: ACCOUNT, spender, amount: U256::from(amount), id, kind }
}

fn moved(effects: &Effects, calls: &[Vec<u8>]) -> Result<Vec<(Asset, u64)>, UnboundedGrant> {
    let calls = calls.iter().map(|data| AssetCall { to: A, data });
    let moved = effects.moved(ACCOUNT, ENTRY_POINT, calls)?;
    Ok(moved.into_iter().map(|(asset, amount)| (asset, amount.to())).collect())
}

fn tokens(tokens: Vec<TokenTransfer>) -> Effects {
    Effects { tokens, ..Effects::default() }
}

fn approvals(approvals: Vec<Approval>) -> Effects {
    Effects { approvals, ..Effects::default() }
}

const ALLOWANCE: Asset = Asset::Allowance { token: A, spender: B };
const OPERATOR: Asset = Asset::Operator { token: A, operator: B };
const NATIVE: (Asset, u64) = (Asset::Native, 0);

fn coin(id: u64) -> Asset {
    Asset::Erc1155 { token: A, id: U256::from(id) }
}

#[test]
fn every_standard_is_netted_by_itself() {
    use TokenStandard::{Erc20, Erc721, Erc1155};

    for (standard, asset) in
        [(Erc20, Asset::Erc20(A)), (Erc721, Asset::Erc721(A)), (Erc1155, coin(7))]
    {
        let out = transfer(standard, ACCOUNT, OTHER, 5);
        let back = transfer(standard, OTHER, ACCOUNT, 2);
        let others = transfer(standard, OTHER, B, 9);
        let told = moved(&tokens(vec![out, back, others]), &[]);
        assert_eq!(told, Ok(vec![NATIVE, (asset, 3)]));
        assert_eq!(moved(&tokens(vec![back, others]), &[]), Ok(vec![NATIVE]));
        let own = transfer(standard, ACCOUNT, ACCOUNT, 5);
        assert_eq!(moved(&tokens(vec![own]), &[]), Ok(vec![NATIVE, (asset, 0)]));
    }
    let native = NativeTransfer { from: ACCOUNT, to: OTHER, amount: U256::from(4) };
    let withdrawal = Withdrawal { entry_point: B, account: ACCOUNT, amount: U256::from(3) };
    let others = Withdrawal { account: OTHER, ..withdrawal };
    let effects = Effects {
        native: vec![native],
        withdrawals: vec![withdrawal, others, withdrawal],
        ..Effects::default()
    };
    assert_eq!(moved(&effects, &[]), Ok(vec![(Asset::Native, 4), (Asset::Deposit(B), 6)]));
}

#[test]
fn the_last_approval_counts_and_revocations_grant_nothing() {
    let allow = |amount| approval(ApprovalKind::Allowance, B, amount);
    assert_eq!(moved(&approvals(vec![allow(5)]), &[]), Ok(vec![NATIVE, (ALLOWANCE, 5)]));
    let less = approvals(vec![allow(5), allow(2)]);
    assert_eq!(moved(&less, &[]), Ok(vec![NATIVE, (ALLOWANCE, 2)]));
    // Approved and used up: still listed, so that nothing is left of it.
    let used = approvals(vec![allow(5), allow(0)]);
    assert_eq!(moved(&used, &[]), Ok(vec![NATIVE, (ALLOWANCE, 0)]));
    assert_eq!(moved(&approvals(vec![allow(0)]), &[]), Ok(vec![NATIVE]));
    let theirs = approvals(vec![Approval { owner: OTHER, ..allow(5) }]);
    assert_eq!(moved(&theirs, &[]), Ok(vec![NATIVE]));
    let all = approval(ApprovalKind::Operator, B, u64::MAX);
    assert_eq!(moved(&approvals(vec![all]), &[]), Ok(vec![NATIVE, (OPERATOR, 1)]));
    let nobody = approvals(vec![approval(ApprovalKind::Allowance, Address::ZERO, 1)]);
    assert_eq!(moved(&nobody, &[]), Err(UnboundedGrant::Nobody { token: A }));
}

#[test]
fn what_no_bound_measures_is_named() {
    let one = approval(ApprovalKind::Token, B, 1);
    let refused = Err(UnboundedGrant::Token { token: A, id: U256::from(7), spender: B });
    assert_eq!(moved(&approvals(vec![one]), &[]), refused);
    let revoked = approval(ApprovalKind::Token, Address::ZERO, 1);
    assert_eq!(moved(&approvals(vec![one, revoked]), &[]), Ok(vec![NATIVE]));
    assert_eq!(moved(&approvals(vec![revoked, one]), &[]), refused);
    // Sold: the approval went with the token, unless the token came back.
    let out = transfer(TokenStandard::Erc721, ACCOUNT, OTHER, 1);
    let back = transfer(TokenStandard::Erc721, OTHER, ACCOUNT, 1);
    let sold = Effects { tokens: vec![out], ..approvals(vec![one]) };
    assert_eq!(moved(&sold, &[]), Ok(vec![NATIVE, (Asset::Erc721(A), 1)]));
    let returned = Effects { tokens: vec![out, back], ..approvals(vec![one]) };
    assert_eq!(moved(&returned, &[]), refused);
    let another = TokenTransfer { id: U256::from(8), ..out };
    let another = Effects { tokens: vec![another], ..approvals(vec![one]) };
    assert_eq!(moved(&another, &[]), refused);

    let through = approval(ApprovalKind::Permit2, B, 5);
    let refused = Err(UnboundedGrant::Permit2 { token: A, spender: B });
    assert_eq!(moved(&approvals(vec![through]), &[]), refused);
    let taken_back = approval(ApprovalKind::Permit2, B, 0);
    assert_eq!(moved(&approvals(vec![through, taken_back]), &[]), Ok(vec![NATIVE]));
}

#[test]
fn calls_are_held_at_nothing_even_when_nothing_was_seen() {
    let none = Effects::default();
    let (from, to, value) = (ACCOUNT, B, U256::from(5));
    let data = alloy::primitives::Bytes::from_static(&[1]);
    let id = U256::from(7);
    let called: Vec<(Vec<u8>, Vec<Asset>)> = vec![
        (transferCall { to, value }.abi_encode(), vec![Asset::Erc20(A)]),
        (transferFromCall { from, to, value }.abi_encode(), vec![Asset::Erc20(A)]),
        (transferFromCall { from: OTHER, to, value }.abi_encode(), vec![]),
        (approveCall { spender: B, value }.abi_encode(), vec![ALLOWANCE]),
        (approveCall { spender: B, value: U256::ZERO }.abi_encode(), vec![]),
        (increaseAllowanceCall { spender: B, value }.abi_encode(), vec![ALLOWANCE]),
        (setApprovalForAllCall { operator: B, approved: true }.abi_encode(), vec![OPERATOR]),
        (setApprovalForAllCall { operator: B, approved: false }.abi_encode(), vec![]),
        (Erc721::safeTransferFromCall { from, to, id }.abi_encode(), vec![Asset::Erc721(A)]),
        (
            Erc721WithData::safeTransferFromCall { from, to, id, data: data.clone() }.abi_encode(),
            vec![Asset::Erc721(A)],
        ),
        (
            Erc1155::safeTransferFromCall { from, to, id, value, data: data.clone() }.abi_encode(),
            vec![coin(7)],
        ),
        (
            Erc1155::safeBatchTransferFromCall {
                from,
                to,
                ids: vec![id, U256::from(3), id],
                values: vec![],
                data,
            }
            .abi_encode(),
            vec![coin(3), coin(7)],
        ),
        // Not an EntryPoint that is known.
        (withdrawToCall { to, value }.abi_encode(), vec![]),
        (vec![1, 2, 3], vec![]),
        (transferCall::SELECTOR.to_vec(), vec![]),
    ];
    for (data, assets) in called {
        let expected: Vec<_> =
            std::iter::once(NATIVE).chain(assets.into_iter().map(|asset| (asset, 0))).collect();
        assert_eq!(moved(&none, std::slice::from_ref(&data)), Ok(expected), "{data:02x?}");
    }
    let withdraw = withdrawToCall { to, value }.abi_encode();
    let call = AssetCall { to: ENTRY_POINT, data: &withdraw };
    let told = none.moved(ACCOUNT, ENTRY_POINT, [call]).unwrap();
    assert!(told.contains_key(&Asset::Deposit(ENTRY_POINT)));

    let nobody = approveCall { spender: Address::ZERO, value }.abi_encode();
    assert_eq!(moved(&none, &[nobody]), Err(UnboundedGrant::Nobody { token: A }));
    let amount = alloy::primitives::aliases::U160::from(1);
    let through =
        Permit2::approveCall { token: OTHER, spender: B, amount, expiration: Default::default() };
    let refused = Err(UnboundedGrant::Permit2 { token: OTHER, spender: B });
    assert_eq!(moved(&none, &[through.abi_encode()]), refused);
}

#[test]
fn shared_selectors_mean_what_the_logs_tell() {
    let value = U256::from(7);
    let send = transferFromCall { from: ACCOUNT, to: B, value }.abi_encode();
    let out = tokens(vec![transfer(TokenStandard::Erc721, ACCOUNT, B, 1)]);
    assert_eq!(moved(&out, &[send]), Ok(vec![NATIVE, (Asset::Erc721(A), 1)]));
    let approve = approveCall { spender: B, value }.abi_encode();
    let one = approvals(vec![approval(ApprovalKind::Token, B, 1)]);
    let sold = Effects { approvals: one.approvals, ..out };
    assert_eq!(moved(&sold, &[approve]), Ok(vec![NATIVE, (Asset::Erc721(A), 1)]));
}
