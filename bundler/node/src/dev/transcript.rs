//! What the demonstration claims, written so that a script can check it from the chain alone.

use alloy::primitives::{Address, B256, FixedBytes, U256};
use serde::Serialize;

/// Everything claimed, and where to check it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Transcript {
    /// JSON-RPC URL of the node.
    pub node: String,
    /// The Writ module.
    pub module: Address,
    /// The token that is moved.
    pub token: Address,
    /// Most of the token that one operation may move, in its smallest unit.
    pub per_operation: U256,
    /// Most of the token that may leave in a day, in its smallest unit.
    pub per_day: U256,
    /// The accounts under the policy.
    pub accounts: Vec<Address>,
    /// The claims, in the order in which they were made.
    pub claims: Vec<Claim>,
}

/// One claim.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "claim", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Claim {
    /// The operation ran in this transaction and moved exactly this much.
    Included {
        /// What it shows.
        title: String,
        /// Its userOpHash.
        user_op_hash: B256,
        /// The transaction.
        transaction: B256,
        /// The EntryPoint.
        entry_point: Address,
        /// The account.
        account: Address,
        /// Who received the tokens.
        recipient: Address,
        /// How much, in the token's smallest unit.
        amount: U256,
    },
    /// The operation is nowhere on the chain.
    NeverIncluded {
        /// What it shows.
        title: String,
        /// Its userOpHash.
        user_op_hash: B256,
        /// The EntryPoint.
        entry_point: Address,
    },
    /// The transaction was mined and reverted with exactly this error of the EntryPoint.
    RefusedOnChain {
        /// What it shows.
        title: String,
        /// The userOpHash of the refused operation.
        user_op_hash: B256,
        /// The transaction.
        transaction: B256,
        /// The EntryPoint.
        entry_point: Address,
        /// The EntryPoint's code, such as `AA23`.
        code: String,
        /// Selector of the module's error; none where validation returned a failure instead.
        #[serde(skip_serializing_if = "Option::is_none")]
        selector: Option<FixedBytes<4>>,
    },
}
