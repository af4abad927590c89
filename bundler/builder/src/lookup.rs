//! Answers about single operations: where they are, what became of them.

use std::sync::Arc;

use alloy::{
    consensus::Transaction,
    eips::eip7702::SignedAuthorization,
    primitives::{Address, B256},
};
use serde::Serialize;
use serde_json::Value;
use writ_pool::{Inclusion, Pool, StatusRecord};
use writ_types::{EntryPoint, UserOperation, decode_handle_ops};

use crate::{BuilderError, blocking::with_pool, chain::Chain};

/// An operation with its place on the chain, as `eth_getUserOperationByHash` returns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FoundOperation {
    /// The operation in its RPC form.
    pub user_operation: Value,
    /// The EntryPoint.
    pub entry_point: Address,
    /// The block it is in; `None` while it waits.
    pub block_number: Option<u64>,
    /// Hash of that block.
    pub block_hash: Option<B256>,
    /// The transaction it is in.
    pub transaction_hash: Option<B256>,
}

/// Looks operations up.
#[derive(Clone, Debug)]
pub struct Lookup {
    pool: Arc<Pool>,
    chain: Chain,
    entry_points: Vec<EntryPoint>,
}

impl Lookup {
    pub(crate) const fn new(pool: Arc<Pool>, chain: Chain, entry_points: Vec<EntryPoint>) -> Self {
        Self { pool, chain, entry_points }
    }

    /// Where the operation is in its life; `None` when it is not known (any more).
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn status(&self, hash: B256) -> Result<Option<StatusRecord>, BuilderError> {
        with_pool(&self.pool, move |pool| pool.status(hash)).await
    }

    /// The receipt in the form of `eth_getUserOperationReceipt`; `None` until the operation is included.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn receipt(&self, hash: B256) -> Result<Option<Value>, BuilderError> {
        let inclusion = with_pool(&self.pool, move |pool| pool.inclusion(hash)).await?;
        Ok(inclusion.and_then(|inclusion| serde_json::from_str(&inclusion.receipt).ok()))
    }

    /// The operation with its place on the chain, which is `None` while it waits. A dropped one is not found.
    ///
    /// # Errors
    /// When the store cannot be read, or the node is needed and does not answer.
    pub async fn operation(&self, hash: B256) -> Result<Option<FoundOperation>, BuilderError> {
        let (inclusion, pooled) =
            with_pool(&self.pool, move |pool| Ok((pool.inclusion(hash)?, pool.operation(hash)?)))
                .await?;
        let Some(inclusion) = inclusion else {
            let live = self.pool.get(hash);
            return Ok(live.map(|pooled| FoundOperation {
                user_operation: pooled.operation.to_rpc(),
                entry_point: pooled.entry_point.address,
                block_number: None,
                block_hash: None,
                transaction_hash: None,
            }));
        };
        let user_operation = match pooled {
            Some(pooled) => Some(pooled.operation.to_rpc()),
            None => self.read_from_chain(&inclusion).await?.map(|operation| operation.to_rpc()),
        };
        Ok(user_operation.map(|user_operation| FoundOperation {
            user_operation,
            entry_point: inclusion.entry_point,
            block_number: Some(inclusion.block_number),
            block_hash: Some(inclusion.block_hash),
            transaction_hash: Some(inclusion.transaction),
        }))
    }

    /// The operation out of the transaction's own calldata, when somebody else included it.
    async fn read_from_chain(
        &self,
        inclusion: &Inclusion,
    ) -> Result<Option<UserOperation>, BuilderError> {
        let at = inclusion.entry_point;
        let Some(entry_point) = self.entry_points.iter().find(|known| known.address == at) else {
            return Ok(None);
        };
        let Some(transaction) = self.chain.transaction(inclusion.transaction).await? else {
            return Ok(None);
        };
        let chain_id = self.chain.chain_id().await?;
        let Ok((operations, _)) = decode_handle_ops(transaction.input(), entry_point.version)
        else {
            return Ok(None);
        };
        let tuples = transaction.authorization_list().unwrap_or_default();
        let own = |operation: &UserOperation| operation.sender == inclusion.sender;
        for mut operation in operations.into_iter().filter(own) {
            operation.authorization = tuple_of(tuples, operation.sender);
            // What the chain hashed is the delegate, not the marker.
            let delegate = if operation.is_eip7702() && operation.authorization.is_none() {
                self.chain.delegate(operation.sender, inclusion.block_number).await?
            } else {
                None
            };
            if operation.hash(at, chain_id, delegate) == Ok(inclusion.hash) {
                return Ok(Some(operation));
            }
        }
        Ok(None)
    }
}

/// The tuple that `sender` signed among a transaction's.
fn tuple_of(tuples: &[SignedAuthorization], sender: Address) -> Option<SignedAuthorization> {
    let signed = |tuple: &&SignedAuthorization| {
        tuple.recover_authority().is_ok_and(|authority| authority == sender)
    };
    tuples.iter().find(signed).cloned()
}
