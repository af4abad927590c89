//! What of an account an execution moved out or granted: the assets that bounds have to be on.
//!
//! Found in two ways. Logs tell what happened in the run. Calldata tells what the account set out to do, which in another
//! state may happen although it did not here: a call that failed, a token that says nothing of its transfers.

use std::collections::BTreeMap;

use alloy::{
    primitives::{Address, U256},
    sol,
    sol_types::SolCall,
};
use writ_types::{Asset, EntryPointVersion};

use crate::effects::{Approval, ApprovalKind, Effects, TokenStandard};

sol! {
    function transfer(address to, uint256 value);
    function transferFrom(address from, address to, uint256 value);
    function approve(address spender, uint256 value);
    function increaseAllowance(address spender, uint256 value);
    function setApprovalForAll(address operator, bool approved);
    function withdrawTo(address to, uint256 value);

    interface Erc721 {
        function safeTransferFrom(address from, address to, uint256 id);
    }
    interface Erc721WithData {
        function safeTransferFrom(address from, address to, uint256 id, bytes data);
    }
    interface Erc1155 {
        function safeTransferFrom(address from, address to, uint256 id, uint256 value, bytes data);
        function safeBatchTransferFrom(
            address from, address to, uint256[] ids, uint256[] values, bytes data
        );
    }
    interface Permit2 {
        function approve(address token, address spender, uint160 amount, uint48 expiration);
    }
}

/// What moved, by asset, the native currency always among it: net, and zero where as much came back.
pub type Moved = BTreeMap<Asset, U256>;

/// Something was granted that no bound measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnboundedGrant {
    /// One ERC-721 token, which the account still has.
    #[error(
        "{spender} is approved to take token {id} of {token}, and approvals of single ERC-721 tokens have no bound"
    )]
    Token {
        /// The contract.
        token: Address,
        /// Which token.
        id: U256,
        /// Who may take it.
        spender: Address,
    },
    /// An allowance that Permit2 keeps.
    #[error(
        "{spender} is approved to take {token} through Permit2, whose allowances have no bound"
    )]
    Permit2 {
        /// The token.
        token: Address,
        /// Who may take it.
        spender: Address,
    },
    /// The zero address, which is nobody and cannot be named in a bound.
    #[error("the zero address is approved to take {token}, which has no bound")]
    Nobody {
        /// The token.
        token: Address,
    },
}

/// Whether an EntryPoint of some version has this address on every chain.
pub fn is_entry_point(address: Address) -> bool {
    EntryPointVersion::ALL.iter().any(|version| version.canonical_address() == address)
}

/// A call by an account, as far as it is about its assets.
#[derive(Clone, Copy, Debug)]
pub struct AssetCall<'a> {
    /// Who is called.
    pub to: Address,
    /// The whole calldata.
    pub data: &'a [u8],
}

impl AssetCall<'_> {
    /// What it sets out to move out of `account`, the caller, or to grant.
    fn assets(&self, account: Address) -> Result<Vec<Asset>, UnboundedGrant> {
        let Self { to: token, data } = *self;
        let Some(selector) = data.first_chunk::<4>() else { return Ok(Vec::new()) };
        let own = |from: Address, asset: Asset| Vec::from_iter((from == account).then_some(asset));
        let granted =
            |asset: Asset, amount: U256| Vec::from_iter((!amount.is_zero()).then_some(asset));
        // What does not decode, the callee does not take either.
        let assets = match *selector {
            transferCall::SELECTOR => {
                transferCall::abi_decode(data).map(|_| vec![Asset::Erc20(token)])
            }
            transferFromCall::SELECTOR => {
                transferFromCall::abi_decode(data).map(|call| own(call.from, Asset::Erc20(token)))
            }
            approveCall::SELECTOR => approveCall::abi_decode(data)
                .map(|call| granted(Asset::Allowance { token, spender: call.spender }, call.value)),
            increaseAllowanceCall::SELECTOR => increaseAllowanceCall::abi_decode(data)
                .map(|call| granted(Asset::Allowance { token, spender: call.spender }, call.value)),
            setApprovalForAllCall::SELECTOR => {
                setApprovalForAllCall::abi_decode(data).map(|call| {
                    let asset = Asset::Operator { token, operator: call.operator };
                    granted(asset, U256::from(call.approved))
                })
            }
            withdrawToCall::SELECTOR => {
                withdrawToCall::abi_decode(data).map(|_| vec![Asset::Deposit(token)])
            }
            Erc721::safeTransferFromCall::SELECTOR => {
                Erc721::safeTransferFromCall::abi_decode(data)
                    .map(|call| own(call.from, Asset::Erc721(token)))
            }
            Erc721WithData::safeTransferFromCall::SELECTOR => {
                Erc721WithData::safeTransferFromCall::abi_decode(data)
                    .map(|call| own(call.from, Asset::Erc721(token)))
            }
            Erc1155::safeTransferFromCall::SELECTOR => {
                Erc1155::safeTransferFromCall::abi_decode(data)
                    .map(|call| own(call.from, Asset::Erc1155 { token, id: call.id }))
            }
            Erc1155::safeBatchTransferFromCall::SELECTOR => {
                Erc1155::safeBatchTransferFromCall::abi_decode(data).map(|call| {
                    let ids = call.ids.into_iter().filter(|_| call.from == account);
                    ids.map(|id| Asset::Erc1155 { token, id }).collect()
                })
            }
            Permit2::approveCall::SELECTOR => match Permit2::approveCall::abi_decode(data) {
                Ok(Permit2::approveCall { token, spender, amount, .. }) if !amount.is_zero() => {
                    return Err(UnboundedGrant::Permit2 { token, spender });
                }
                other => other.map(|_| Vec::new()),
            },
            _ => return Ok(Vec::new()),
        };
        Ok(assets.unwrap_or_default())
    }
}

impl Effects {
    /// What of `account` was moved out or granted, and what its `calls` set out to move or grant. Of an allowance as much as
    /// was approved last, which is never less than what it grew by. `entry_point` is the account's own; canonical ones are
    /// known.
    ///
    /// # Errors
    /// When something was granted that no bound measures.
    pub fn moved<'a>(
        &self,
        account: Address,
        entry_point: Address,
        calls: impl IntoIterator<Item = AssetCall<'a>>,
    ) -> Result<Moved, UnboundedGrant> {
        let mut moved = self.sent(account);
        let grants = Grants::by(account, &self.approvals);
        grants.add_to(&mut moved, || self.holders())?;
        for call in calls {
            for asset in call.assets(account)? {
                // Two standards share selectors, and what the logs tell decides.
                let meant = match asset {
                    Asset::Erc20(token) => !moved.contains_key(&Asset::Erc721(token)),
                    Asset::Deposit(at) => at == entry_point || is_entry_point(at),
                    Asset::Allowance { token, spender } => !grants.of_tokens(token, spender),
                    _ => true,
                };
                if meant {
                    moved.entry(checked(asset)?).or_default();
                }
            }
        }
        Ok(moved)
    }

    /// The calls that the account made, as far as they were kept.
    pub fn asset_calls(&self) -> impl Iterator<Item = AssetCall<'_>> {
        self.calls.iter().filter_map(|call| {
            let data = call.data.as_deref()?;
            Some(AssetCall { to: call.to, data })
        })
    }

    /// What was moved out, net.
    fn sent(&self, account: Address) -> Moved {
        let mut tokens: BTreeMap<Asset, (bool, U256, U256)> = BTreeMap::new();
        for transfer in &self.tokens {
            let (from, to) = (transfer.from == account, transfer.to == account);
            if !from && !to {
                continue;
            }
            let (sent, out, back) = tokens.entry(transfer.asset()).or_default();
            *sent |= from;
            if from {
                *out = out.saturating_add(transfer.amount);
            }
            if to {
                *back = back.saturating_add(transfer.amount);
            }
        }
        let mut moved: Moved = tokens
            .into_iter()
            .filter(|(_, (sent, ..))| *sent)
            .map(|(asset, (_, out, back))| (asset, out.saturating_sub(back)))
            .collect();
        moved.insert(Asset::Native, self.native_outflow(account).unwrap_or_default());
        for withdrawal in self.withdrawals.iter().filter(|one| one.account == account) {
            let sum = moved.entry(Asset::Deposit(withdrawal.entry_point)).or_default();
            *sum = sum.saturating_add(withdrawal.amount);
        }
        moved
    }

    /// Who an ERC-721 token went to last.
    fn holders(&self) -> BTreeMap<(Address, U256), Address> {
        let tokens = self.tokens.iter().filter(|one| one.standard == TokenStandard::Erc721);
        tokens.map(|one| ((one.token, one.id), one.to)).collect()
    }
}

/// An asset that a bound can be on: nobody is granted anything.
fn checked(asset: Asset) -> Result<Asset, UnboundedGrant> {
    if asset.kind().is_granted() && asset.grantee().is_zero() {
        return Err(UnboundedGrant::Nobody { token: asset.contract() });
    }
    Ok(asset)
}

/// What the account approved: of each the last word, and whether anything was ever granted.
struct Grants(BTreeMap<(ApprovalKind, Address, Address, U256), (bool, Approval)>);

impl Grants {
    fn by(account: Address, approvals: &[Approval]) -> Self {
        let mut grants: BTreeMap<_, (bool, Approval)> = BTreeMap::new();
        for approval in approvals.iter().filter(|approval| approval.owner == account) {
            let Approval { kind, token, spender, id, .. } = *approval;
            // One token has one spender.
            let by = if kind == ApprovalKind::Token { Address::ZERO } else { spender };
            let (granted, last) = grants.entry((kind, token, by, id)).or_insert((false, *approval));
            *granted |= approval.grants();
            *last = *approval;
        }
        Self(grants)
    }

    fn add_to(
        &self,
        moved: &mut Moved,
        holders: impl Fn() -> BTreeMap<(Address, U256), Address>,
    ) -> Result<(), UnboundedGrant> {
        let mut known = None;
        for (granted, last) in self.0.values() {
            let Approval { token, owner, spender, id, kind, amount } = *last;
            let (asset, most) = match kind {
                _ if !granted => continue,
                ApprovalKind::Allowance => (Asset::Allowance { token, spender }, U256::MAX),
                ApprovalKind::Operator => (Asset::Operator { token, operator: spender }, U256::ONE),
                ApprovalKind::Permit2 if last.grants() => {
                    return Err(UnboundedGrant::Permit2 { token, spender });
                }
                ApprovalKind::Token if last.grants() => {
                    // A token that left took its approval with it.
                    let holder = known.get_or_insert_with(&holders).get(&(token, id));
                    if holder.is_none_or(|holder| *holder == owner) {
                        return Err(UnboundedGrant::Token { token, id, spender });
                    }
                    continue;
                }
                ApprovalKind::Permit2 | ApprovalKind::Token => continue,
            };
            moved.insert(checked(asset)?, amount.min(most));
        }
        Ok(())
    }

    /// Whether an ERC-721 token of this contract was approved to `spender` last.
    fn of_tokens(&self, token: Address, spender: Address) -> bool {
        let kind = ApprovalKind::Token;
        let first = (kind, token, Address::ZERO, U256::ZERO);
        let last = (kind, token, Address::ZERO, U256::MAX);
        self.0.range(first..=last).any(|(_, (_, approval))| approval.spender == spender)
    }
}

#[cfg(test)]
#[path = "assets_tests.rs"]
mod tests;
