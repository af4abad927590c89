//! Operators under a policy that no module enforces: any account, as the simulation sees it.

#![allow(clippy::unwrap_used)]

mod common;

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::{SolCall, SolValue},
};
use common::{Chain, RECIPIENT, amounts, operator_key, write_lone_policy};
use writ_attestation::{
    DetachedTerms, Domain, PolicyReference,
    wire::{Allow, AttestRequest, OperatorFault, OperatorResponse},
};
use writ_bindings::{
    DevToken, EntryPoint as EntryPointContract, Erc20, PlainOwnerValidator,
    dev_account_creation_code,
};
use writ_evidence::{CallType, ExecType, Execution, encode_execute};
use writ_policy::{Parameters, policy_commitment};
use writ_types::{EntryPointVersion, UserOperation};

/// An account without the module, on a chain of its own.
struct Plain {
    chain: Chain,
    validator: Address,
    account: Address,
    parameters: Parameters,
}

impl Plain {
    async fn start(version: EntryPointVersion) -> Self {
        let chain = Chain::start(version).await;
        let parameters = write_lone_policy(&chain.store);
        let validator = chain.create2(B256::ZERO, &PlainOwnerValidator::BYTECODE).await;
        let owner: Bytes = chain.owner.address().abi_encode().into();
        let creation =
            dev_account_creation_code(chain.entry_point.address, validator, owner, Address::ZERO);
        let account = chain.create2(B256::ZERO, &creation).await;
        let deposit = EntryPointContract::depositToCall { account };
        chain.send(chain.entry_point.address, deposit.abi_encode().into(), common::ETHER).await;
        let mint = DevToken::mintCall { to: account, amount: U256::from(1_000) };
        chain.send(chain.token, mint.abi_encode().into(), 0).await;
        Self { chain, validator, account, parameters }
    }

    /// A signed operation that makes these calls.
    fn operation(&self, sequence: u64, calls: &[Execution]) -> UserOperation {
        let data = encode_execute(CallType::Batch, ExecType::Default, calls);
        let mut operation = self.chain.unsigned(0, sequence, data.into());
        let mut nonce = operation.nonce.to_be_bytes::<32>();
        nonce[..20].copy_from_slice(self.validator.as_slice());
        operation.nonce = U256::from_be_bytes(nonce);
        operation.sender = self.account;
        self.chain.sign(operation)
    }

    fn pay(&self, amount: u64) -> Execution {
        let data = Erc20::transferCall { to: RECIPIENT, value: U256::from(amount) }.abi_encode();
        Execution { target: self.chain.token, value: U256::ZERO, data: data.into() }
    }

    fn terms(&self) -> DetachedTerms {
        DetachedTerms {
            policies: vec![PolicyReference {
                policy_id: self.parameters.policy_id(),
                parameters: self.parameters.encoded().to_vec().into(),
            }],
            operators: (0..3).map(|index| operator_key(index).address()).collect(),
        }
    }

    async fn request(&self, operation: &UserOperation) -> AttestRequest {
        let request = self.chain.request(operation).await;
        AttestRequest { module: Address::ZERO, detached: Some(self.terms()), ..request }
    }
}

fn allowed(answer: Result<OperatorResponse, OperatorFault>) -> Allow {
    match answer.unwrap() {
        OperatorResponse::Allow(allow) => allow,
        OperatorResponse::Deny(deny) => panic!("denied: {:?}", deny.reasons),
    }
}

fn reasons(answer: Result<OperatorResponse, OperatorFault>) -> Vec<String> {
    match answer.unwrap() {
        OperatorResponse::Deny(deny) => deny.reasons,
        OperatorResponse::Allow(allow) => panic!("allowed: {:?}", allow.bounds),
    }
}

#[tokio::test]
async fn independent_operators_sign_one_digest_over_what_the_account_does() {
    let plain = Plain::start(EntryPointVersion::V08).await;
    let chain = &plain.chain;
    let (first, second) = (chain.operator(0).await, chain.operator(1).await);
    let operation = plain.operation(0, &[plain.pay(60), plain.pay(5)]);
    let request = plain.request(&operation).await;
    let one = allowed(first.attest(&request).await);
    let two = allowed(second.attest(&request).await);
    assert_eq!((&one.attestation, &one.evidence), (&two.attestation, &two.evidence));

    let attestation = &one.attestation;
    assert_eq!(
        (attestation.revision, attestation.epoch, attestation.sequence),
        (0, 0, 0),
        "nothing on the chain stands behind it"
    );
    let pair = (plain.parameters.policy_id(), plain.parameters.hash());
    assert_eq!(attestation.policy, policy_commitment(&[pair]));
    let domain = Domain::new(chain.anvil.chain_id(), Address::ZERO);
    let digest = attestation.digest(&domain).unwrap();
    assert_eq!(one.signature.recover(digest), Some(operator_key(0).address()));
    assert_eq!(two.signature.recover(digest), Some(operator_key(1).address()));
    assert_eq!(amounts(&one.bounds), [(Address::ZERO, 0), (chain.token, 65)]);

    let document = writ_policy::decode(&one.evidence, &writ_policy::Limits::INPUT).unwrap();
    assert_eq!(document.path("account.kind").unwrap().as_str(), Some("observed"));
    let calls = document.get("calls").unwrap().as_array().unwrap();
    let functions: Vec<_> =
        calls.iter().map(|call| call.get("function").unwrap().as_str()).collect();
    assert_eq!(functions, [Some("transfer(address,uint256)"); 2]);

    // The same operation goes on the chain as it is: nothing was attached.
    assert!(chain.handle_ops(&[operation]).await.status());
}

#[tokio::test]
async fn the_policy_decides_on_what_is_done_whatever_the_calldata_says() {
    let plain = Plain::start(EntryPointVersion::V08).await;
    let operator = plain.chain.operator(0).await;
    let over = plain.operation(0, &[plain.pay(60), plain.pay(41)]);
    let said = reasons(operator.attest(&plain.request(&over).await).await);
    assert_eq!(said, ["over the limit of one operation"]);
    let stranger = Execution { target: RECIPIENT, value: U256::ZERO, data: Bytes::new() };
    let other = plain.operation(0, &[plain.pay(1), stranger]);
    let said = reasons(operator.attest(&plain.request(&other).await).await);
    assert_eq!(said, ["an unknown contract"]);
    // The control differs in that alone.
    let fine = plain.operation(0, &[plain.pay(1), plain.pay(1)]);
    allowed(operator.attest(&plain.request(&fine).await).await);
}

#[tokio::test]
async fn what_cannot_be_seen_is_not_decided() {
    let plain = Plain::start(EntryPointVersion::V08).await;
    let chain = &plain.chain;
    let operator = chain.operator(0).await;
    let reverts = plain.operation(0, &[plain.pay(1_001)]);
    let fault = operator.attest(&plain.request(&reverts).await).await.unwrap_err();
    assert!(
        matches!(&fault, OperatorFault::SimulationFailed { reason, .. } if reason.contains("reverts")),
        "{fault:?}"
    );
    let stranger = PrivateKeySigner::random();
    let mut forged = plain.operation(0, &[plain.pay(1)]);
    let hash = forged.hash(chain.entry_point.address, chain.anvil.chain_id(), None).unwrap();
    forged.signature = stranger.sign_hash_sync(&hash).unwrap().as_bytes().into();
    let request = plain.request(&forged).await;
    let fault = operator.attest(&request).await.unwrap_err();
    assert!(matches!(fault, OperatorFault::SimulationFailed { .. }), "{fault:?}");
    // What an evaluation says, nobody signs: there a stub is enough.
    let said = operator.evaluate(&request).await.unwrap();
    assert!(said.allow && !said.owner_signature_checked);
}

#[tokio::test]
async fn terms_that_cannot_be_decided_under_are_refused_by_name() {
    let plain = Plain::start(EntryPointVersion::V08).await;
    let chain = &plain.chain;
    let operator = chain.operator(0).await;
    let good = plain.request(&plain.operation(0, &[plain.pay(1)])).await;
    let with = |change: &dyn Fn(&mut DetachedTerms)| {
        let mut request = good.clone();
        change(request.detached.as_mut().unwrap());
        request
    };

    let named = AttestRequest { module: chain.module, ..good.clone() };
    let fault = operator.attest(&named).await.unwrap_err();
    assert!(matches!(&fault, OperatorFault::Refused { .. }), "{fault:?}");
    let unknown = with(&|terms| terms.policies[0].policy_id = B256::repeat_byte(9));
    let fault = operator.attest(&unknown).await.unwrap_err();
    assert!(matches!(fault, OperatorFault::UnknownPolicy { .. }), "{fault:?}");
    let misfit = with(&|terms| terms.policies[0].parameters = Bytes::from_static(&[0xff]));
    let fault = operator.attest(&misfit).await.unwrap_err();
    assert!(matches!(fault, OperatorFault::NotConfigured { .. }), "{fault:?}");
    let empty = with(&|terms| terms.policies.clear());
    let fault = operator.attest(&empty).await.unwrap_err();
    assert!(matches!(fault, OperatorFault::NotConfigured { .. }), "{fault:?}");
    let history = &chain.parameters[0];
    let reads = with(&|terms| {
        terms.policies[0] = PolicyReference {
            policy_id: history.policy_id(),
            parameters: history.encoded().to_vec().into(),
        };
    });
    let fault = operator.attest(&reads).await.unwrap_err();
    assert!(
        matches!(&fault, OperatorFault::NotConfigured { reason } if reason.contains("history")),
        "{fault:?}"
    );
    let outside = with(&|terms| terms.operators = terms.operators.split_off(1));
    let fault = operator.attest(&outside).await.unwrap_err();
    assert!(matches!(fault, OperatorFault::NotInSet { .. }), "{fault:?}");
    let twice = with(&|terms| terms.operators[1] = terms.operators[0]);
    let fault = operator.attest(&twice).await.unwrap_err();
    assert!(matches!(fault, OperatorFault::NotConfigured { .. }), "{fault:?}");

    allowed(operator.attest(&good).await);
}

#[tokio::test]
async fn one_allow_is_live_for_a_nonce_under_one_policy_and_the_accounts_own_is_apart() {
    let plain = Plain::start(EntryPointVersion::V08).await;
    let operator = plain.chain.operator(0).await;
    let first = plain.request(&plain.operation(0, &[plain.pay(1)])).await;
    let signed = allowed(operator.attest(&first).await);
    assert_eq!(allowed(operator.attest(&first).await), signed, "asked again, the same");
    let other = plain.request(&plain.operation(0, &[plain.pay(2)])).await;
    let fault = operator.attest(&other).await.unwrap_err();
    assert!(matches!(fault, OperatorFault::LiveAllow { .. }), "{fault:?}");

    // An account with the module is decided on twice, under two policies that know nothing of each other.
    let chain = &plain.chain;
    let operation = chain.send_tokens(0, 0, 7);
    let own = allowed(operator.attest(&chain.request(&operation).await).await);
    let attested = chain.attested(
        &operation,
        &[
            OperatorResponse::Allow(own),
            chain.operator(1).await.attest(&chain.request(&operation).await).await.unwrap(),
        ],
    );
    let mut terms = plain.terms();
    // Every call of the account is seen, the one to its hook too: the policy has to know the module.
    terms.policies[0].parameters = with_module(&plain).encoded().to_vec().into();
    let request = AttestRequest { detached: Some(terms), ..plain.request(&attested).await };
    let beside = allowed(operator.attest(&request).await);
    assert_eq!(beside.attestation.revision, 0);
    assert!(chain.handle_ops(&[attested]).await.status());
}

/// The same parameters with a cap for the module, which makes it a known contract.
fn with_module(plain: &Plain) -> Parameters {
    let folder = plain.chain.store.join("lone");
    let files = writ_policy::read_files(&folder).unwrap();
    let bundle = writ_policy::Bundle::from_files(&files).unwrap();
    let policy = writ_policy::CompiledPolicy::compile(bundle).unwrap();
    let json = plain.parameters.value().to_json();
    let more =
        format!(r#"{{"asset":"{:?}","perOperation":0,"perDay":0}},{{"asset":"#, plain.chain.module);
    policy.parameters_from_json(&json.replacen(r#"{"asset":"#, &more, 1)).unwrap()
}
