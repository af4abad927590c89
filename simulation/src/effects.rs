//! What execution did, as raw facts: transfers, approvals, delegate calls, creations, and what the sender called.
//!
//! Taken from calls and logs of frames that were kept; whatever a reverted frame did is gone, except that the sender
//! called something: in another state the same call might not revert. Logs
//! are claims of the contract that emits them: a token that lies about its transfers is believed
//! here, and bounded by the hook on chain.

use alloy::primitives::{Address, Bytes, U256};
use serde::{Deserialize, Serialize};
use writ_types::Asset;

/// Effects of one execution frame, each list in order of execution.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Effects {
    /// Native currency moved by calls, creations and SELFDESTRUCT.
    pub native: Vec<NativeTransfer>,
    /// Token transfers, from logs.
    pub tokens: Vec<TokenTransfer>,
    /// Approvals, from logs.
    pub approvals: Vec<Approval>,
    /// What was taken out of deposits, from the logs of EntryPoints.
    pub withdrawals: Vec<Withdrawal>,
    /// DELEGATECALL and CALLCODE, except those by which the sender runs its own code for what it was called with: a proxy that
    /// hands on its calldata unchanged to the contract that also validated, and what `executeUserOp` wraps.
    pub delegate_calls: Vec<DelegateCall>,
    /// Contracts created.
    pub created: Vec<Address>,
    /// Every address called, created or delegated to, sorted, without repetitions.
    pub touched: Vec<Address>,
    /// Every CALL that the sender made, whether it succeeded or not.
    pub calls: Vec<SenderCall>,
}

impl Effects {
    /// Native currency that left `account` minus what came in; `None` when more came in.
    pub fn native_outflow(&self, account: Address) -> Option<U256> {
        net(self.native.iter().map(|moved| (moved.from, moved.to, moved.amount)), account)
    }

    /// What of a token left `account` minus what came in, as its logs tell; `None` when more came in, and for assets that
    /// are no tokens. Of an ERC-721, how many.
    pub fn token_outflow(&self, asset: Asset, account: Address) -> Option<U256> {
        let moves = self.tokens.iter().filter(|moved| moved.asset() == asset);
        net(moves.map(|moved| (moved.from, moved.to, moved.amount)), account)
    }
}

/// Sums saturate: a lying token may claim amounts that no ledger can hold.
fn net(moves: impl Iterator<Item = (Address, Address, U256)>, account: Address) -> Option<U256> {
    let (mut out, mut back) = (U256::ZERO, U256::ZERO);
    for (from, to, amount) in moves {
        if from == account {
            out = out.saturating_add(amount);
        }
        if to == account {
            back = back.saturating_add(amount);
        }
    }
    out.checked_sub(back)
}

/// A CALL made by the sender's account, by whatever code runs in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SenderCall {
    /// Who was called.
    pub to: Address,
    /// Wei sent along.
    pub value: U256,
    /// The calldata; `None` beyond [`Limits::call_data`](crate::Limits::call_data).
    pub data: Option<Bytes>,
}

/// Native currency moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NativeTransfer {
    /// Payer.
    pub from: Address,
    /// Payee.
    pub to: Address,
    /// Wei, never zero.
    pub amount: U256,
}

/// Which token standard a log belongs to, told by its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenStandard {
    /// `Transfer` with the amount in data.
    Erc20,
    /// `Transfer` with an indexed token id.
    Erc721,
    /// `TransferSingle` or `TransferBatch`.
    Erc1155,
}

/// A token transfer, as the token's log tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenTransfer {
    /// The contract that emitted the log.
    pub token: Address,
    /// Shape of the log.
    pub standard: TokenStandard,
    /// Payer; zero when minted.
    pub from: Address,
    /// Payee; zero when burned.
    pub to: Address,
    /// Token id; zero for ERC-20.
    pub id: U256,
    /// Amount; one for ERC-721.
    pub amount: U256,
}

impl TokenTransfer {
    /// What was moved.
    pub const fn asset(&self) -> Asset {
        match self.standard {
            TokenStandard::Erc20 => Asset::Erc20(self.token),
            TokenStandard::Erc721 => Asset::Erc721(self.token),
            TokenStandard::Erc1155 => Asset::Erc1155 { token: self.token, id: self.id },
        }
    }
}

/// What an approval lets the spender do, told by the log's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApprovalKind {
    /// Take `amount` of an ERC-20.
    Allowance,
    /// Take the ERC-721 token `id`.
    Token,
    /// Move everything that the owner has at an ERC-721 or ERC-1155 contract.
    Operator,
    /// Take `amount` of an ERC-20 through Permit2.
    Permit2,
}

/// An approval, as the token's log tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// The contract that emitted the log; through Permit2, the token that the log names.
    pub token: Address,
    /// Whose tokens.
    pub owner: Address,
    /// Who may move them; zero takes the approval of an ERC-721 token back.
    pub spender: Address,
    /// The allowance. Of one ERC-721 token 1. Of an operator maximum or zero.
    pub amount: U256,
    /// ERC-721 token id; zero otherwise.
    pub id: U256,
    /// What it allows.
    pub kind: ApprovalKind,
}

impl Approval {
    /// Whether it gives something to the spender, rather than taking it back.
    pub fn grants(&self) -> bool {
        !self.amount.is_zero() && (self.kind != ApprovalKind::Token || !self.spender.is_zero())
    }
}

/// Wei taken out of a deposit, as the EntryPoint's log tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Withdrawal {
    /// The EntryPoint: the simulation's own, or one at its canonical address.
    pub entry_point: Address,
    /// Whose deposit.
    pub account: Address,
    /// Wei.
    pub amount: U256,
}

/// Code of `to` run on the storage of `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DelegateCall {
    /// Whose storage and balance.
    pub from: Address,
    /// Whose code.
    pub to: Address,
}
