//! One question about a call that comes through no EntryPoint.

use alloy::primitives::{Address, B256, keccak256};
use writ_attestation::{
    Action, AttestationError, CallAction, CallContext, Domain, Suffix, call_action, verify_call,
    wire::{BlockRef, CallAttestRequest},
};
use writ_types::{AttestableCall, PresentedFacts};

use crate::{
    AccountView, Lie,
    check::{hashes, same},
    question::Question,
};

/// What a gateway needs to know to ask for one call.
#[derive(Clone, Debug)]
pub struct CallAsk {
    /// The call.
    pub call: AttestableCall,
    /// The chain.
    pub chain_id: u64,
    /// Whose policy decides, at `block`; in the module's place who enforces it.
    pub account: AccountView,
    /// The block to decide at, unless a decision about the same is live at another.
    pub block: BlockRef,
    /// The time, Unix seconds: the greater of the clock and the block's timestamp.
    pub now: u64,
    /// What issuers stated; sent to the operators, kept nowhere.
    pub facts: PresentedFacts,
}

impl CallAsk {
    /// The action that operators are to sign.
    pub fn action(&self) -> CallAction {
        call_action(&self.call, self.chain_id)
    }
}

impl Question for CallAsk {
    type Request = CallAttestRequest;
    type Verified = Vec<Address>;

    const ATTEST: &'static str = "operator_attestCall";

    fn account(&self) -> &AccountView {
        &self.account
    }

    fn domain(&self) -> Domain {
        Domain::new(self.chain_id, self.account.module)
    }

    fn block(&self) -> BlockRef {
        self.block
    }

    fn now(&self) -> u64 {
        self.now
    }

    fn sequence(&self) -> u64 {
        0
    }

    fn user_op_hash(&self) -> Option<B256> {
        None
    }

    /// Domain, account, caller and nonce. However the attestation comes, it is used once.
    fn slot(&self) -> B256 {
        let action = self.action();
        let owners = action.caller == action.account && !action.context.is_zero();
        keccak256(
            [
                b"call",
                self.domain().separator().as_slice(),
                action.account.as_slice(),
                action.caller.as_slice(),
                &[u8::from(owners)],
                &action.nonce.to_be_bytes::<32>(),
            ]
            .concat(),
        )
    }

    fn subject(&self) -> B256 {
        let policy = &self.account.policy;
        keccak256(
            [
                self.slot().as_slice(),
                self.action().hash().as_slice(),
                policy.configuration.hash().as_slice(),
                &policy.state.revision.to_be_bytes(),
            ]
            .concat(),
        )
    }

    fn request(&self, block: BlockRef) -> CallAttestRequest {
        let call = AttestableCall { chain_id: Some(self.chain_id), ..self.call.clone() };
        CallAttestRequest { call: call.to_rpc(), block, facts: self.facts.clone() }
    }

    fn check_action(&self, action: &Action, signed: B256) -> Result<(), Lie> {
        hashes("action", action.hash() == signed)?;
        let action = action.as_call().ok_or(Lie::Field { field: "action" })?;
        let ours = self.action();
        same("account", action.account == ours.account)?;
        same("caller", action.caller == ours.caller)?;
        same("target", action.target == ours.target)?;
        same("value", action.value == ours.value)?;
        same("callData", action.call_data == ours.call_data)?;
        same("path", action.path == ours.path)?;
        same("operation", action.operation == ours.operation)?;
        same("context", action.context == ours.context)?;
        same("nonce", action.nonce == ours.nonce)
    }

    fn max_cost(&self, _: &Action) -> u128 {
        0
    }

    fn verify(&self, suffix: &Suffix) -> Result<Vec<Address>, AttestationError> {
        let context = CallContext {
            domain: self.domain(),
            policy: &self.account.policy,
            operators: &self.account.operators,
            now: self.now,
        };
        verify_call(&self.action(), suffix, &context)
    }
}
