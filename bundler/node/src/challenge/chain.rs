//! What the chain holds of a decision: the operation, its attestation, the account's policies and the operators.
//!
//! Nothing here asks anyone who signed. From a suffix alone it is not told which policies were attested under; of all
//! configurations that the account ever had, it is the one with which the signatures are the operators'.

use alloy::{
    primitives::{Address, B256, Bytes, KECCAK256_EMPTY, keccak256},
    rpc::types::{Filter, Transaction},
    sol_types::{SolCall, SolEvent},
};
use writ_attestation::{
    Action, Domain, OperatorSet, OperatorSignature, PolicyReference, Suffix, action_of,
};
use writ_bindings::{EntryPoint, WritModule, WritOperatorRegistry};
use writ_challenger::Claim;
use writ_simulation::{NodeClient, PinnedBlock, Simulator};
use writ_types::{EntryPointVersion, UserOperation, decode_handle_ops};

use super::ChallengeError;

/// An operation as it was included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Included {
    pub(super) hash: B256,
    sender: Address,
    nonce: alloy::primitives::U256,
    entry_point: Address,
    transaction: B256,
    block: u64,
}

/// The operations that EntryPoints included in these blocks; one of them, where a hash is given.
pub(super) async fn included(
    node: &NodeClient,
    entry_points: &[Address],
    hash: Option<B256>,
    from: u64,
    to: u64,
) -> Result<Vec<Included>, ChallengeError> {
    let mut filter = Filter::new()
        .address(entry_points.to_vec())
        .event_signature(EntryPoint::UserOperationEvent::SIGNATURE_HASH)
        .from_block(from)
        .to_block(to);
    if let Some(hash) = hash {
        filter = filter.topic1(hash);
    }
    let logs = node.logs(&filter).await?;
    let found = logs.into_iter().filter_map(|log| {
        let event = EntryPoint::UserOperationEvent::decode_log_validate(&log.inner).ok()?;
        Some(Included {
            hash: event.userOpHash,
            sender: event.sender,
            nonce: event.nonce,
            entry_point: log.address(),
            transaction: log.transaction_hash?,
            block: log.block_number?,
        })
    });
    Ok(found.collect())
}

/// The operation itself, and the attestation at the end of its signature.
pub(super) async fn attested(
    node: &NodeClient,
    included: &Included,
) -> Result<(UserOperation, Suffix), ChallengeError> {
    let other =
        ChallengeError::OtherCall { operation: included.hash, transaction: included.transaction };
    let asked =
        node.request::<_, Option<Transaction>>("eth_getTransactionByHash", (included.transaction,));
    let Some(transaction) = asked.await? else { return Err(other) };
    let input = alloy::consensus::Transaction::input(&transaction).clone();
    let version = EntryPointVersion::from_canonical_address(included.entry_point)
        .unwrap_or(EntryPointVersion::V08);
    let Ok((operations, _)) = decode_handle_ops(&input, version) else { return Err(other) };
    let same = |one: &UserOperation| (one.sender, one.nonce) == (included.sender, included.nonce);
    let Some(operation) = operations.into_iter().find(same) else { return Err(other) };
    let suffix = match Suffix::split(&operation.signature) {
        Ok(Some((_, suffix))) => suffix,
        _ => return Err(ChallengeError::NotAttested(included.hash)),
    };
    Ok((operation, suffix))
}

/// Where the operators' bonds are, and whose signatures count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chain<'a> {
    pub(super) node: &'a NodeClient,
    pub(super) simulator: &'a Simulator,
    pub(super) block: &'a PinnedBlock,
    pub(super) registry: Address,
    pub(super) modules: &'a [Address],
    pub(super) from: u64,
}

impl Chain<'_> {
    /// Everything behind an operation's attestation, but for its evidence, which comes from elsewhere.
    pub(super) async fn claim(
        &self,
        included: &Included,
        operation: &UserOperation,
        suffix: Suffix,
        evidence: Bytes,
    ) -> Result<Claim, ChallengeError> {
        let account = operation.sender;
        let code = self.code_at(account, included.block).await?;
        let action =
            Action::from(action_of(operation, included.entry_point, code, suffix.max_cost));
        let operators = self.operators(suffix.epoch).await?;
        for module in self.modules {
            let domain = Domain::new(self.block.chain_id(), *module);
            for policies in self.configured(*module, account).await? {
                let claim = Claim {
                    domain,
                    attestation: suffix.attestation(action.hash(), commitment(&policies)),
                    action,
                    evidence: evidence.clone(),
                    policies,
                    signatures: suffix.signatures.clone(),
                };
                if signed(&claim, &operators) {
                    return Ok(claim);
                }
            }
        }
        Err(ChallengeError::Unattributed { account, epoch: suffix.epoch })
    }

    /// Code hash of the account in the block that included its operation.
    async fn code_at(&self, account: Address, block: u64) -> Result<B256, ChallengeError> {
        let number = alloy::primitives::U64::from(block);
        let code: Bytes = self.node.request("eth_getCode", (account, number)).await?;
        let hash = keccak256(code);
        Ok(if hash == KECCAK256_EMPTY { B256::ZERO } else { hash })
    }

    /// The epoch's set; none where the registry has no such epoch.
    async fn operators(&self, epoch: u64) -> Result<Option<OperatorSet>, ChallengeError> {
        let call = WritOperatorRegistry::operatorEpochCall { epoch }.abi_encode();
        let answer = self.simulator.call(self.block, self.registry, call.into()).await?;
        let answer = answer.ok().and_then(|answer| {
            WritOperatorRegistry::operatorEpochCall::abi_decode_returns_validate(&answer).ok()
        });
        let Some(answer) = answer else { return Ok(None) };
        let code = self.block.account(answer.operatorSet).await?.code.unwrap_or_default();
        Ok(OperatorSet::from_code(&code.original_bytes()).ok())
    }

    /// The policies of every configuration that the account had at this module, the newest first.
    async fn configured(
        &self,
        module: Address,
        account: Address,
    ) -> Result<Vec<Vec<PolicyReference>>, ChallengeError> {
        let filter = Filter::new()
            .address(module)
            .event_signature(vec![
                WritModule::ConfigurationSet::SIGNATURE_HASH,
                WritModule::ConfigurationPublished::SIGNATURE_HASH,
            ])
            .from_block(self.from)
            .to_block(self.block.number());
        let mut found: Vec<Vec<PolicyReference>> = Vec::new();
        for log in self.node.logs(&filter).await?.into_iter().rev() {
            let set = WritModule::ConfigurationSet::decode_log_validate(&log.inner);
            let policies = match set {
                // Of others: what they configured says nothing of this account.
                Ok(_) if log.topics().get(1) != Some(&account.into_word()) => continue,
                Ok(event) => event.data.policies,
                Err(_) => {
                    match WritModule::ConfigurationPublished::decode_log_validate(&log.inner) {
                        Ok(event) => event.data.policies,
                        Err(_) => continue,
                    }
                }
            };
            let policies: Vec<_> = policies
                .into_iter()
                .map(|policy| PolicyReference {
                    policy_id: policy.policyId,
                    parameters: policy.parameters,
                })
                .collect();
            if !found.contains(&policies) {
                found.push(policies);
            }
        }
        Ok(found)
    }
}

fn commitment(policies: &[PolicyReference]) -> B256 {
    let pairs: Vec<_> =
        policies.iter().map(|policy| (policy.policy_id, keccak256(&policy.parameters))).collect();
    writ_policy::policy_commitment(&pairs)
}

/// Whether every signature is of the operator at its index.
fn signed(claim: &Claim, operators: &Option<OperatorSet>) -> bool {
    let (Some(operators), Some(digest)) = (operators, claim.attestation.digest(&claim.domain))
    else {
        return false;
    };
    let by_operator = |signature: &OperatorSignature| {
        let expected = operators.get(signature.index);
        expected.is_some() && signature.recover(digest) == expected
    };
    !claim.signatures.is_empty() && claim.signatures.iter().all(by_operator)
}
