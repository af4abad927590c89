//! What the methods return.

use alloy::primitives::{Address, B256, Bytes, U256};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::enforcement::EnforcementView;

/// Addresses as clients compare them: with their checksum.
pub(crate) fn checksummed<S: Serializer>(
    address: &Address,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&address.to_checksum(None))
}

pub(crate) fn checksummed_option<S: Serializer>(
    address: &Option<Address>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    address.map(|address| address.to_checksum(None)).serialize(serializer)
}

/// ERC-7769 has a string in this place.
fn empty_when_absent<S: Serializer>(
    text: &Option<String>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(text.as_deref().unwrap_or_default())
}

fn checksummed_list<S: Serializer>(list: &[Address], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(list.iter().map(|address| address.to_checksum(None)))
}

/// Result of `eth_estimateUserOperationGas`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GasEstimate {
    /// For `preVerificationGas`.
    pub pre_verification_gas: U256,
    /// For `verificationGasLimit`, the quorum check included.
    pub verification_gas_limit: U256,
    /// For `callGasLimit`.
    pub call_gas_limit: U256,
    /// For `paymasterVerificationGasLimit`; only with a paymaster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paymaster_verification_gas_limit: Option<U256>,
    /// For `paymasterPostOpGasLimit`; only with a paymaster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paymaster_post_op_gas_limit: Option<U256>,
}

/// Result of `eth_getUserOperationByHash`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserOperationByHash {
    /// The operation, as [`writ_types::UserOperation::to_rpc`] writes it.
    pub user_operation: Value,
    /// The EntryPoint.
    #[serde(serialize_with = "checksummed")]
    pub entry_point: Address,
    /// The block it is in; `None` while it is pending.
    #[serde(with = "alloy::serde::quantity::opt")]
    pub block_number: Option<u64>,
    /// Hash of that block.
    pub block_hash: Option<B256>,
    /// The bundle transaction.
    pub transaction_hash: Option<B256>,
}

/// Result of `eth_getUserOperationReceipt`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserOperationReceipt {
    /// The operation.
    pub user_op_hash: B256,
    /// The EntryPoint.
    #[serde(serialize_with = "checksummed")]
    pub entry_point: Address,
    /// The account.
    #[serde(serialize_with = "checksummed")]
    pub sender: Address,
    /// Its nonce.
    pub nonce: U256,
    /// Who paid; left out when the account did.
    #[serde(
        serialize_with = "checksummed_option",
        skip_serializing_if = "Option::is_none",
        default
    )]
    pub paymaster: Option<Address>,
    /// What was paid, in wei.
    pub actual_gas_cost: U256,
    /// Gas that was paid for, `preVerificationGas` included.
    pub actual_gas_used: U256,
    /// Whether the execution phase succeeded.
    pub success: bool,
    /// Why it did not: the revert data, decoded where it could be. On the wire always a string.
    #[serde(serialize_with = "empty_when_absent")]
    pub reason: Option<String>,
    /// The logs of this operation only, as the node returns logs.
    pub logs: Vec<Value>,
    /// The receipt of the bundle transaction, as the node returns it.
    pub receipt: Value,
}

/// One price level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GasPrice {
    /// For `maxFeePerGas`, in wei.
    pub max_fee_per_gas: U256,
    /// For `maxPriorityFeePerGas`, in wei.
    pub max_priority_fee_per_gas: U256,
}

/// Result of `writ_getUserOperationGasPrice`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GasPrices {
    /// Cheap, and accepted.
    pub slow: GasPrice,
    /// For the next few blocks.
    pub standard: GasPrice,
    /// For the next block.
    pub fast: GasPrice,
}

/// Result of `writ_getUserOperationStatus`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationStatus {
    /// `received`, `pending`, `submitted`, `included`, `failed` or `dropped`.
    pub status: String,
    /// What led there.
    pub reason: String,
    /// The bundle transaction it is or was in.
    pub transaction_hash: Option<B256>,
    /// The block it is in.
    #[serde(with = "alloy::serde::quantity::opt")]
    pub block_number: Option<u64>,
    /// How the gate let it pass: `enforced` (the module checks the attestation on chain), `gated` (only
    /// this bundler checked one), or `none` (nothing demands one).
    #[serde(default)]
    pub gate: Option<String>,
    /// Evidence hashes of the decisions it passed on, for `writ_getDecision`: the account's own policy's first, then the
    /// bundler's.
    #[serde(default)]
    pub decisions: Vec<B256>,
}

/// The block something was decided at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttestedBlock {
    /// Height.
    #[serde(with = "alloy::serde::quantity")]
    pub number: u64,
    /// Hash.
    pub hash: B256,
}

/// One policy of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyEntry {
    /// Hash of the policy's manifest.
    pub policy_id: B256,
    /// The policy's name, where this bundler has the policy.
    pub name: Option<String>,
    /// Hash of the parameters.
    pub parameters_hash: B256,
    /// The parameters as JSON, where they could be decoded.
    pub parameters: Option<Value>,
    /// What it allows under these parameters, in words, a line each.
    pub description: Vec<String>,
    /// The facts that it asks for, as its manifest has them, where this bundler has the policy.
    pub required_facts: Option<Value>,
}

/// Result of `writ_getPolicy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyView {
    /// The account.
    #[serde(serialize_with = "checksummed")]
    pub account: Address,
    /// The module it is configured in; `None`: no policy.
    #[serde(serialize_with = "checksummed_option")]
    pub module: Option<Address>,
    /// The configuration, as the module holds it.
    pub configuration: Option<Value>,
    /// Its policies, in order; all must allow.
    pub policies: Vec<PolicyEntry>,
    /// What this bundler demands of every operation beside it, in order; empty: nothing of its own.
    #[serde(default)]
    pub bundler_policies: Vec<PolicyEntry>,
    /// What can go around the module, path by path; `None` where there is no module.
    pub enforcement: Option<EnforcementView>,
    /// The block this was read at.
    pub block: AttestedBlock,
}

/// The most of one asset that may leave the account, or by how much something may grow that it grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bound {
    /// 0: native, 1: ERC-20, 2: ERC-721 (how many), 3: deposit at an EntryPoint, 4: ERC-1155, 5: allowance, 6: operator.
    pub kind: u8,
    /// The contract; zero for native.
    #[serde(serialize_with = "checksummed")]
    pub asset: Address,
    /// Which token of an ERC-1155.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<U256>,
    /// Whose allowance, or which operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spender: Option<Address>,
    /// The most, in its smallest unit.
    pub max_out: U256,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// The policy allows.
    Allow,
    /// The policy denies.
    Deny,
    /// Neither the account nor this bundler demands a policy.
    NotRequired,
}

/// Result of `writ_evaluate`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// The verdict.
    pub decision: Verdict,
    /// The policy's reasons.
    pub reasons: Vec<String>,
    /// What may leave the account.
    pub bounds: Vec<Bound>,
    /// What the simulation saw the operation do.
    pub effects: Value,
    /// Always false: a stub signature is as good as any here.
    pub signature_checked: bool,
    /// The block it was evaluated at.
    pub block: AttestedBlock,
    /// Hash of the action that was decided about: what a fact is bound to that counts for it alone.
    pub action: Option<B256>,
    /// Hash of the evidence, where there is any.
    pub evidence: Option<B256>,
}

/// Result of `writ_getDecision`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The verdict; never `notRequired`.
    pub decision: Verdict,
    /// Hash of the evidence.
    pub evidence: B256,
    /// The evidence itself: the canonical encoding of the policy's whole input.
    pub document: Option<Bytes>,
    /// The operation it was about; null for a call that came through no EntryPoint.
    pub user_op_hash: Option<B256>,
    /// The action that was decided on, of such a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_action: Option<CallActionView>,
    /// Policy commitment.
    pub policy: B256,
    /// The policy's reasons.
    pub reasons: Vec<String>,
    /// What may leave the account.
    pub bounds: Vec<Bound>,
    /// The block it was decided at.
    pub block: AttestedBlock,
    /// First second of validity.
    #[serde(with = "alloy::serde::quantity")]
    pub valid_after: u64,
    /// Last second of validity.
    #[serde(with = "alloy::serde::quantity")]
    pub valid_until: u64,
    /// Operators whose signatures were verified.
    #[serde(serialize_with = "checksummed_list")]
    pub signers: Vec<Address>,
    /// Their signatures, as they travel in the suffix.
    pub signatures: Vec<Bytes>,
}

/// The EIP-712 `CallAction` that is attested, field by field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallActionView {
    /// Whose policy decides: the guarded contract, or the Safe.
    #[serde(serialize_with = "checksummed")]
    pub account: Address,
    /// Who calls the contract; who asks the Safe.
    #[serde(serialize_with = "checksummed")]
    pub caller: Address,
    /// Who is called.
    #[serde(serialize_with = "checksummed")]
    pub target: Address,
    /// Wei that go along.
    pub value: U256,
    /// keccak256 of the calldata.
    pub call_data: B256,
    /// 1 presented or attached, 2 posted.
    pub path: u8,
    /// 0 a call, 1 a delegatecall.
    pub operation: u8,
    /// What else is bound; of a Safe's owners the safeTxHash.
    pub context: B256,
    /// Single use.
    pub nonce: U256,
}

/// A transaction, except who sends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadyCall {
    /// Whom to call.
    #[serde(serialize_with = "checksummed")]
    pub to: Address,
    /// With what.
    pub data: Bytes,
}

/// Result of `writ_attestCall`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttestedCall {
    /// The contract that enforces it: the guarded contract, or the Safe's guard.
    #[serde(serialize_with = "checksummed")]
    pub enforcer: Address,
    /// What is attested.
    pub action: CallActionView,
    /// Its EIP-712 hash.
    pub action_hash: B256,
    /// The attestation, as `present`, `post` and the guard of Safes take it.
    pub attestation: Bytes,
    /// What brings it: the call of `present` or `post`; the whole `execTransaction` where it stands behind the owners'
    /// signatures.
    pub transaction: ReadyCall,
    /// The owners' signatures with the attestation behind them, where it stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signatures: Option<Bytes>,
    /// Policy commitment.
    pub policy: B256,
    /// Hash of the evidence, for `writ_getDecision`.
    pub evidence: B256,
    /// What may leave the account.
    pub bounds: Vec<Bound>,
    /// The block it was decided at.
    pub block: AttestedBlock,
    /// The first second after which it counts.
    #[serde(with = "alloy::serde::quantity")]
    pub valid_after: u64,
    /// The last second at which it does.
    #[serde(with = "alloy::serde::quantity")]
    pub valid_until: u64,
    /// Who signed.
    #[serde(serialize_with = "checksummed_list")]
    pub signers: Vec<Address>,
}
