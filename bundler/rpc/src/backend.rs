//! What the node implements.

use alloy::primitives::{Address, B256};
use writ_types::{
    AttestableCall, EntryPoint, ParseLimits, PartialUserOperation, PresentedFacts, Refusal,
    UserOperation,
};

use crate::{
    AttestedCall, Decision, Evaluation, GasEstimate, GasPrices, Health, OperationStatus,
    PolicyView, StateOverrides, UserOperationByHash, UserOperationReceipt,
};

/// The bundler behind the RPC. Everything it is given has been read strictly; what it returns is what the
/// client sees. A request that takes too long is dropped at an `await`: an operation that is already durable
/// then is in the pool all the same, and sending it again says "already known" with its hash.
pub trait Backend: Send + Sync + 'static {
    /// The EntryPoints served, preferred first.
    fn entry_points(&self) -> Vec<EntryPoint>;

    /// The chain served.
    fn chain_id(&self) -> u64;

    /// Name and version, for `web3_clientVersion`.
    fn client_version(&self) -> String;

    /// Bounds on operations.
    fn parse_limits(&self) -> ParseLimits {
        ParseLimits::default()
    }

    /// Validates an operation and puts it in the pool; returns its hash once it is durable.
    fn send_user_operation(
        &self,
        entry_point: EntryPoint,
        operation: UserOperation,
        facts: PresentedFacts,
    ) -> impl Future<Output = Result<B256, Refusal>> + Send;

    /// Finds gas limits with which the operation will succeed, the largest attestation included. Limits
    /// that the sender fixed are kept.
    fn estimate_user_operation_gas(
        &self,
        entry_point: EntryPoint,
        operation: PartialUserOperation,
        overrides: StateOverrides,
    ) -> impl Future<Output = Result<GasEstimate, Refusal>> + Send;

    /// An operation by its hash. `None` when it is unknown; also advisable while it is pending, because
    /// deployed clients cannot read null block numbers.
    fn user_operation_by_hash(
        &self,
        hash: B256,
    ) -> impl Future<Output = Result<Option<UserOperationByHash>, Refusal>> + Send;

    /// The receipt of an included operation.
    fn user_operation_receipt(
        &self,
        hash: B256,
    ) -> impl Future<Output = Result<Option<UserOperationReceipt>, Refusal>> + Send;

    /// The account's configuration, parameters, and what they mean.
    fn policy(&self, account: Address) -> impl Future<Output = Result<PolicyView, Refusal>> + Send;

    /// What the policy would decide. Nothing is signed; the owner's signature may be a stub.
    fn evaluate(
        &self,
        entry_point: EntryPoint,
        operation: PartialUserOperation,
        facts: PresentedFacts,
    ) -> impl Future<Output = Result<Evaluation, Refusal>> + Send;

    /// The operation with the attestation attached, ready to be sent through any bundler.
    fn attest(
        &self,
        entry_point: EntryPoint,
        operation: UserOperation,
        facts: PresentedFacts,
    ) -> impl Future<Output = Result<UserOperation, Refusal>> + Send;

    /// The attestation of a call that comes through no EntryPoint.
    fn attest_call(
        &self,
        call: AttestableCall,
        facts: PresentedFacts,
    ) -> impl Future<Output = Result<AttestedCall, Refusal>> + Send;

    /// A recorded decision, by hash of its evidence or action, by userOpHash or safeTxHash.
    fn decision(
        &self,
        hash: B256,
    ) -> impl Future<Output = Result<Option<Decision>, Refusal>> + Send;

    /// Where an operation is in its life; `None` when it is unknown.
    fn user_operation_status(
        &self,
        hash: B256,
    ) -> impl Future<Output = Result<Option<OperationStatus>, Refusal>> + Send;

    /// Prices with which an operation is included soon.
    fn gas_prices(&self) -> impl Future<Output = Result<GasPrices, Refusal>> + Send;

    /// Whether everything that serving depends on works.
    fn health(&self) -> impl Future<Output = Health> + Send;
}
