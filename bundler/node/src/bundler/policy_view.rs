//! `writ_getPolicy`: an account's configuration and what its policies mean, in words.

use alloy::primitives::{Address, keccak256};
use serde_json::json;
use writ_attestation::PolicyReference;
use writ_evidence::{AccountError, AccountReader};
use writ_gateway::BundlerPolicy;
use writ_policy::{Limits, PolicyStore, json_view};
use writ_rpc::{AttestedBlock, PolicyEntry, PolicyView};
use writ_simulation::PinnedBlock;
use writ_types::{ErrorCode, Refusal};

use super::enforcement::Enforcement;

/// Looks at the modules in order and shows the first that the account has installed.
pub(super) async fn policy_view(
    accounts: &AccountReader,
    enforcement: &Enforcement,
    modules: &[Address],
    policies: &PolicyStore,
    own: Option<&BundlerPolicy>,
    block: &PinnedBlock,
    account: Address,
) -> Result<PolicyView, Refusal> {
    let mut view = PolicyView {
        account,
        module: None,
        configuration: None,
        policies: Vec::new(),
        bundler_policies: own
            .map(|own| own.terms().policies.iter())
            .into_iter()
            .flatten()
            .map(|reference| policy_entry(policies, reference))
            .collect(),
        enforcement: None,
        block: AttestedBlock { number: block.number(), hash: block.hash() },
    };
    for module in modules.iter().copied() {
        match accounts.read(block, module, account).await {
            Ok(found) => {
                view.module = Some(module);
                view.configuration = Some(json!({
                    "configuration": found.policy.configuration,
                    "state": found.policy.state,
                }));
                view.policies = found
                    .references
                    .iter()
                    .map(|reference| policy_entry(policies, reference))
                    .collect();
                view.enforcement = Some(enforcement.view(block, module, account).await);
                return Ok(view);
            }
            Err(
                AccountError::NotDeployed
                | AccountError::NotInstalled { .. }
                | AccountError::Off
                | AccountError::Exited { .. },
            ) => {}
            Err(AccountError::Node(error)) => {
                return Err(Refusal::new(ErrorCode::ResourceUnavailable, error.to_string()));
            }
            Err(error) => return Err(Refusal::new(ErrorCode::Internal, error.to_string())),
        }
    }
    Ok(view)
}

fn policy_entry(policies: &PolicyStore, reference: &PolicyReference) -> PolicyEntry {
    let parameters_hash = keccak256(&reference.parameters);
    let known = policies.get(reference.policy_id);
    let parameters =
        known.and_then(|policy| policy.parameters_from_encoding(&reference.parameters).ok());
    PolicyEntry {
        policy_id: reference.policy_id,
        name: known.map(|policy| policy.manifest().name.clone()),
        parameters_hash,
        parameters: writ_policy::decode(&reference.parameters, &Limits::default())
            .ok()
            .map(|value| json_view(&value)),
        description: match (known, &parameters) {
            (Some(policy), Some(parameters)) => policy.describe(parameters),
            (Some(_), None) => vec!["the parameters do not fit the policy's schema".to_owned()],
            (None, _) => vec!["this bundler does not have the policy".to_owned()],
        },
        required_facts: known
            .and_then(|policy| policy.manifest().as_value().get("requiredFacts"))
            .map(json_view),
    }
}
