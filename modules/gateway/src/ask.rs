//! One question to the operators.

use std::sync::Arc;

use alloy::primitives::{Address, B256, keccak256};
use serde_json::Value;
use writ_attestation::{
    Action, AttestationError, DetachedTerms, Domain, Suffix, UserOperationAction, Verified,
    action_of, max_cost_of, verify,
    wire::{AttestRequest, BlockRef},
};
use writ_types::{PresentedFacts, UserOperation};

use crate::{
    AccountView, Lie,
    check::{hashes, same},
    gateway::context,
    question::Question,
};

/// What a gateway needs to know to ask for one operation.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The operation with the owner's signature and no suffix; for a detached attestation, as it will be sent.
    pub operation: UserOperation,
    /// Its hash; decisions are found by it.
    pub user_op_hash: B256,
    /// Its EntryPoint.
    pub entry_point: Address,
    /// The chain.
    pub chain_id: u64,
    /// The account at `block`.
    pub account: AccountView,
    /// The terms of a detached attestation, whose `account` then stands for them.
    pub detached: Option<Arc<DetachedTerms>>,
    /// The sequence that the chain will require, predecessors counted.
    pub sequence: u64,
    /// The block to decide at, unless a decision about the same is live at another.
    pub block: BlockRef,
    /// The account's own operations ahead in the pool, suffixes included, in order.
    pub predecessors: Vec<UserOperation>,
    /// The time, Unix seconds: the greater of the clock and the block's timestamp.
    pub now: u64,
    /// What issuers stated; sent to the operators, kept nowhere.
    pub facts: PresentedFacts,
}

impl Ask {
    /// Chain and enforcing contract.
    pub const fn domain(&self) -> Domain {
        Domain::new(self.chain_id, self.account.module)
    }

    /// The action that operators are to sign.
    pub fn action(&self) -> UserOperationAction {
        self.action_with(max_cost_of(&self.operation))
    }

    /// The action with another attested cost.
    pub(crate) fn action_with(&self, max_cost: u128) -> UserOperationAction {
        action_of(&self.operation, self.entry_point, self.account.account_code, max_cost)
    }
}

impl Question for Ask {
    type Request = AttestRequest;
    type Verified = Verified;

    const ATTEST: &'static str = "operator_attest";

    fn account(&self) -> &AccountView {
        &self.account
    }

    fn domain(&self) -> Domain {
        Self::domain(self)
    }

    fn block(&self) -> BlockRef {
        self.block
    }

    fn now(&self) -> u64 {
        self.now
    }

    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn user_op_hash(&self) -> Option<B256> {
        Some(self.user_op_hash)
    }

    fn slot(&self) -> B256 {
        let operation = &self.operation;
        keccak256(
            [
                self.domain().separator().as_slice(),
                operation.sender.as_slice(),
                self.entry_point.as_slice(),
                &operation.nonce.to_be_bytes::<32>(),
            ]
            .concat(),
        )
    }

    fn subject(&self) -> B256 {
        let AccountView { policy, .. } = &self.account;
        keccak256(
            [
                self.slot().as_slice(),
                self.action().hash().as_slice(),
                policy.configuration.hash().as_slice(),
                &policy.state.revision.to_be_bytes(),
                &self.sequence.to_be_bytes(),
            ]
            .concat(),
        )
    }

    fn request(&self, block: BlockRef) -> AttestRequest {
        let rpc = |operation: &UserOperation| -> Value { operation.to_rpc() };
        AttestRequest {
            operation: rpc(&self.operation),
            entry_point: self.entry_point,
            module: self.account.module,
            detached: self.detached.as_deref().cloned(),
            block,
            predecessors: self.predecessors.iter().map(rpc).collect(),
            facts: self.facts.clone(),
        }
    }

    fn check_action(&self, action: &Action, signed: B256) -> Result<(), Lie> {
        hashes("action", action.hash() == signed)?;
        let action = action.as_user_operation().ok_or(Lie::Field { field: "action" })?;
        let max_cost =
            u128::try_from(action.max_cost).map_err(|_| Lie::Field { field: "maxCost" })?;
        let ours = self.action_with(max_cost);
        same("account", action.account == ours.account)?;
        same("entryPoint", action.entry_point == ours.entry_point)?;
        same("nonce", action.nonce == ours.nonce)?;
        same("initCode", action.init_code == ours.init_code)?;
        same("callData", action.call_data == ours.call_data)?;
        same("paymasterAndData", action.paymaster_and_data == ours.paymaster_and_data)?;
        same("accountCode", action.account_code == ours.account_code)?;
        same("callGasLimit", action.call_gas_limit == ours.call_gas_limit)?;
        let required = self.operation.required_prefund();
        if action.max_cost < required {
            return Err(Lie::MaxCost { attested: action.max_cost, required });
        }
        Ok(())
    }

    fn max_cost(&self, action: &Action) -> u128 {
        // Checked: it fits.
        action.as_user_operation().map_or(0, |action| action.max_cost.saturating_to())
    }

    fn verify(&self, suffix: &Suffix) -> Result<Verified, AttestationError> {
        verify(&self.operation, suffix, &context(self))
    }
}
