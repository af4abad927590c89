//! Facts decide: by credential, by a second person's statement, by what a contract says; and arguments by pinned names.

#![allow(clippy::unwrap_used)]

mod common;
#[path = "common/issuer.rs"]
mod issuer;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    providers::{Provider, ext::AnvilApi},
    signers::local::PrivateKeySigner,
    sol_types::{SolCall, SolValue},
};
use common::{Chain, RECIPIENT, store_bundle};
use issuer::{Credential, Key, SECRET, state};
use serde_json::{Value, json};
use writ_attestation::wire::{Allow, AttestRequest, OperatorFault, OperatorResponse};
use writ_bindings::DevToken;
use writ_evidence::Execution;
use writ_facts::Statement;
use writ_operator::Operator;
use writ_policy::{Limits, MANIFEST_FILE, Parameters, decode, read_files};
use writ_types::{EntryPointVersion, PresentedFacts, UserOperation};

/// A policy of the tree in a store of the test's own, its manifest changed.
fn from_tree(
    store: &Path,
    name: &str,
    change: impl FnOnce(&mut Value),
    parameters: &Value,
) -> Parameters {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies").join(name);
    let mut files = read_files(&folder).unwrap();
    let mut manifest: Value = serde_json::from_slice(&files[MANIFEST_FILE]).unwrap();
    change(&mut manifest);
    files.insert(MANIFEST_FILE.to_owned(), manifest.to_string().into_bytes());
    store_bundle(store, name, files).parameters_from_json(&parameters.to_string()).unwrap()
}

async fn chain(policy: impl FnOnce(&Path) -> Parameters) -> Chain {
    let folder = tempfile::tempdir().unwrap();
    let store: PathBuf = folder.path().join("policies");
    let parameters = vec![policy(&store)];
    Chain::start_with(EntryPointVersion::V08, folder, store, parameters).await
}

async fn timestamp(chain: &Chain) -> u64 {
    let block = chain.provider.get_block(alloy::eips::BlockId::latest()).await.unwrap().unwrap();
    block.header.timestamp
}

async fn with(chain: &Chain, operation: &UserOperation, facts: PresentedFacts) -> AttestRequest {
    AttestRequest { facts, ..chain.request(operation).await }
}

async fn reasons(operator: &Operator, request: &AttestRequest) -> Vec<String> {
    match operator.attest(request).await.unwrap() {
        OperatorResponse::Deny(deny) => deny.reasons,
        OperatorResponse::Allow(allow) => panic!("allowed: {:?}", allow.bounds),
    }
}

fn document(allow: &Allow) -> String {
    decode(&allow.evidence, &Limits::INPUT).unwrap().to_json()
}

/// Attested by two operators and executed.
async fn execute(chain: &Chain, operation: &UserOperation, request: &AttestRequest) -> Allow {
    let (first, second) = (chain.operator(1).await, chain.operator(2).await);
    let answers = [first.attest(request).await.unwrap(), second.attest(request).await.unwrap()];
    let attested = chain.attested(operation, &answers);
    assert!(chain.handle_ops(std::slice::from_ref(&attested)).await.status());
    let [OperatorResponse::Allow(one), OperatorResponse::Allow(two)] = answers else { panic!() };
    assert_eq!((&one.attestation, &one.evidence), (&two.attestation, &two.evidence));
    one
}

fn approver() -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(0x5e)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_person_approves_what_is_above_the_limit() {
    let owner = PrivateKeySigner::from_bytes(&B256::repeat_byte(0x0e)).unwrap();
    // The owner put itself on the list, in vain.
    let parameters = json!({
        "approvers": [format!("{:?}", approver().address()), format!("{:?}", owner.address())],
        "limits": [{"kind": "native", "asset": format!("{:?}", Address::ZERO), "above": 10}], "validFor": 250,
    });
    let chain = chain(|store| from_tree(store, "two-person-approval", |_| {}, &parameters)).await;
    let operator = chain.operator(0).await;
    let chain_id = chain.anvil.chain_id();

    let small = chain.send_native(0, 0, 10);
    let answer = operator.attest(&chain.request(&small).await).await.unwrap();
    assert!(matches!(answer, OperatorResponse::Allow(_)), "{answer:?}");

    let large = chain.send_native(1, 0, 11);
    let asked = operator.evaluate(&chain.request(&large).await).await.unwrap();
    assert!(!asked.allow);
    assert!(
        asked.reasons[0].ends_with("11 would leave, the approval is missing"),
        "{:?}",
        asked.reasons
    );
    let now = timestamp(&chain).await;
    let approval = |change: &dyn Fn(&mut Statement)| {
        let mut statement = Statement {
            issuer: approver().address(),
            account: chain.account,
            action: asked.action,
            name: "approval".to_owned(),
            value: format!(
                r#"[{{"asset":"{0:?}","id":0,"kind":"native","maxOut":11,"spender":"{0:?}"}}]"#,
                Address::ZERO
            ),
            validAfter: now - 5,
            validUntil: now + 100,
            id: B256::repeat_byte(1),
        };
        change(&mut statement);
        statement
    };
    let stated = |change: &dyn Fn(&mut Statement)| state(&approval(change), chain_id, &approver());

    // Each differs from the good one in one thing.
    type Change = fn(&mut Statement, u64);
    let refused: [(Change, &str); 7] = [
        (|statement, now| statement.validUntil = now, "the approval is expired"),
        (|statement, now| statement.validAfter = now + 400, "the approval is not-yet-valid"),
        (|statement, _| statement.account = RECIPIENT, "the approval is other-subject"),
        (|statement, _| statement.action = B256::repeat_byte(7), "the approval is other-subject"),
        (|statement, _| statement.action = B256::ZERO, "the approval is other-subject"),
        (|statement, _| statement.issuer = RECIPIENT, "the approval is unknown-issuer"),
        (
            |statement, _| statement.value = statement.value.replace("11", "10"),
            "more than what was approved",
        ),
    ];
    for (change, reason) in refused {
        let facts = stated(&|statement| change(statement, now));
        let told = reasons(&operator, &with(&chain, &large, facts).await).await;
        assert!(told.iter().any(|told| told.contains(reason)), "{reason}: {told:?}");
    }
    let own = approval(&|statement| statement.issuer = owner.address());
    let facts = state(&own, chain_id, &owner);
    let told = reasons(&operator, &with(&chain, &large, facts).await).await;
    assert!(told[0].ends_with("the approval is unknown-issuer"), "{told:?}");
    let facts = state(&approval(&|_| {}), chain_id + 1, &approver());
    let told = reasons(&operator, &with(&chain, &large, facts).await).await;
    assert!(told[0].ends_with("the approval is bad-signature"), "{told:?}");
    // An approval of one operation is none of another, which moves the same.
    let other = chain.send_native(2, 0, 11);
    let told = reasons(&operator, &with(&chain, &other, stated(&|_| {})).await).await;
    assert!(told[0].ends_with("the approval is other-subject"), "{told:?}");

    // The good one: the chain takes it, and the attestation holds no longer than the approval.
    let request = with(&chain, &large, stated(&|_| {})).await;
    let allow = execute(&chain, &large, &request).await;
    assert_eq!(allow.attestation.valid_until, now + 100);
    let shown = document(&allow);
    assert!(shown.contains(&format!(r#""issuer":"{:?}""#, approver().address())), "{shown}");
    assert!(shown.contains(r#""kind":"statement""#) && shown.contains(r#""proof":"0x"#), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_says_who_is_behind_the_account() {
    let parameters = json!({"countries": ["FR"], "validFor": 300});
    let issuers = json!([{"iss": "https://issuer.example", "jwk": Key::new(1).jwk()}]);
    let pin = |manifest: &mut Value| manifest["requiredFacts"][0]["issuers"] = issuers;
    let chain = chain(|store| from_tree(store, "jurisdiction-and-age", pin, &parameters)).await;
    let operator = chain.operator(0).await;
    let now = timestamp(&chain).await;
    let good = || Credential {
        issuer: Key::new(1),
        holder: Key::new(2),
        account: chain.account,
        chain_id: chain.anvil.chain_id(),
        bound_to: chain.configuration().policy,
        now,
        lasts: 200,
        adult: true,
        status: 0,
    };
    let operation = chain.send_native(0, 0, 1);

    let none = reasons(&operator, &chain.request(&operation).await).await;
    assert_eq!(
        none,
        [
            "fact person is not verified: missing",
            "the credential of the person behind the account is missing"
        ]
    );
    type Change = fn(&mut Credential);
    let refused: [(Change, &str); 7] = [
        (|credential| credential.lasts = 0, "expired"),
        (|credential| credential.lasts = 20, "expired"),
        (|credential| credential.status = 1, "revoked"),
        (|credential| credential.account = RECIPIENT, "other-subject"),
        (|credential| credential.bound_to = B256::ZERO, "other-subject"),
        (|credential| credential.issuer = Key::new(3), "bad-signature"),
        (|credential| credential.now += 1_000, "not-yet-valid"),
    ];
    for (change, status) in refused {
        let mut credential = good();
        change(&mut credential);
        let told = reasons(&operator, &with(&chain, &operation, credential.present()).await).await;
        assert!(told[0].starts_with(&format!("fact person is not verified: {status}")), "{told:?}");
        let request = with(&chain, &operation, credential.present()).await;
        let asked = operator.evaluate(&request).await.unwrap();
        assert!(!asked.input.to_string().contains(SECRET), "nobody asked for it");
    }
    let minor = Credential { adult: false, ..good() };
    let told = reasons(&operator, &with(&chain, &operation, minor.present()).await).await;
    assert_eq!(told, ["the credential does not say that its holder is an adult"]);

    let request = with(&chain, &operation, good().present()).await;
    let allow = execute(&chain, &operation, &request).await;
    assert_eq!(allow.attestation.valid_until, now + 200, "no longer than the credential");
    let shown = document(&allow);
    assert!(shown.contains(r#""value":{"adult":true,"country":"FR"}"#), "{shown}");
    assert!(!shown.contains(SECRET) && !shown.contains("birthdate"), "{shown}");
    // Of what was presented nothing is in the operators' logs beyond that.
    assert!(!format!("{request:?}").contains(SECRET));
}

const PINNED: &str = r#"package writ.pinned

import rego.v1

decision := {"allow": count(reasons) == 0, "reasons": reasons}

reasons contains "not a holder" if not input.facts.holding.value >= 1000

reasons contains "an unknown function" if {
	some call in input.calls
	not call.pinned.function == "mint(address,uint256)"
}

reasons contains "mints too much" if {
	some call in input.calls
	some arg in call.pinned.args
	arg.name == "amount"
	arg.value > 5
}
"#;

fn pinned(store: &Path, token: Address, contract: Address) -> Parameters {
    let manifest = json!({
        "format": 1, "name": "pinned", "version": "1.0.0", "engine": "policyvm-1", "entry": "data.writ.pinned.decision",
        "provable": true, "level": "quorum", "readsHistory": false, "files": {},
        "functions": [{"name": "mint", "targets": [format!("{token:?}")], "inputs": [
            {"name": "to", "type": "address"}, {"name": "amount", "type": "uint256"},
        ]}],
        "requiredFacts": [{
            "name": "holding", "kind": "contract-state", "required": true, "maxAge": 40, "chainId": 31_337,
            "contract": format!("{contract:?}"), "function": {
                "name": "balanceOf", "inputs": [{"name": "who", "type": "address"}], "outputs": [{"type": "uint256"}],
            },
            "arguments": ["account"],
        }],
    });
    let schema = json!({"type": "object", "additionalProperties": false});
    let files: BTreeMap<String, Vec<u8>> = [
        (MANIFEST_FILE, manifest.to_string()),
        ("schema.json", schema.to_string()),
        ("words.json", r#"[{"text": "Holders may mint."}]"#.to_owned()),
        ("pinned.rego", PINNED.to_owned()),
    ]
    .map(|(name, text)| (name.to_owned(), text.into_bytes()))
    .into();
    store_bundle(store, "pinned", files).parameters_from_json("{}").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn contracts_state_facts_and_functions_have_pinned_names() {
    let token = writ_bindings::deterministic_address(B256::ZERO, &common::token_creation());
    let chain = chain(|store| pinned(store, token, token)).await;
    let operator = chain.operator(0).await;
    let mint =
        |amount: u64| DevToken::mintCall { to: RECIPIENT, amount: U256::from(amount) }.abi_encode();
    let call = |data: Vec<u8>| Execution { target: token, value: U256::ZERO, data: data.into() };

    let large = chain.operation(0, 0, &[call(mint(6))]);
    assert_eq!(reasons(&operator, &chain.request(&large).await).await, ["mints too much"]);
    let unknown = chain.send_native(0, 0, 0);
    assert_eq!(reasons(&operator, &chain.request(&unknown).await).await, ["an unknown function"]);
    // Appended bytes, and dirty ones in an address, are what the token ignores or not: nobody guesses.
    let mut longer = mint(6);
    longer.push(0);
    let mut dirty = mint(5);
    dirty[4] = 1;
    for data in [longer, dirty] {
        let operation = chain.operation(0, 0, &[call(data)]);
        let fault = operator.attest(&chain.request(&operation).await).await.unwrap_err();
        let OperatorFault::Refused { reason } = fault else { panic!("{fault:?}") };
        assert!(
            reason.contains("mint(address,uint256)") && reason.contains("canonical"),
            "{reason}"
        );
    }

    let good = chain.operation(0, 0, &[call(mint(5))]);
    let now = timestamp(&chain).await;
    let request = chain.request(&good).await;
    let allow = execute(&chain, &good, &request).await;
    assert_eq!(allow.attestation.valid_until, now + 40, "what was read counts for so long");
    let shown = document(&allow);
    assert!(
        shown.contains(r#""value":1000"#) && shown.contains(r#""kind":"contract-state""#),
        "{shown}"
    );
    assert!(shown.contains(r#""pinned":{"args":[{"name":"to""#), "{shown}");

    // What holds at one block does not at the next: the token's balances are a mapping in its first slot.
    let slot = keccak256((chain.account, U256::ZERO).abi_encode());
    chain.provider.anvil_set_storage_at(token, slot.into(), B256::with_last_byte(9)).await.unwrap();
    chain.mine(1).await;
    let next = chain.operation(0, 1, &[call(mint(5))]);
    assert_eq!(reasons(&operator, &chain.request(&next).await).await, ["not a holder"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_that_does_not_answer_states_nothing() {
    let token = writ_bindings::deterministic_address(B256::ZERO, &common::token_creation());
    for contract in [RECIPIENT, writ_bindings::DETERMINISTIC_DEPLOYER] {
        let chain = chain(|store| pinned(store, token, contract)).await;
        let operator = chain.operator(0).await;
        let data: Bytes =
            DevToken::mintCall { to: RECIPIENT, amount: U256::ONE }.abi_encode().into();
        let call = Execution { target: token, value: U256::ZERO, data };
        let told = reasons(&operator, &chain.request(&chain.operation(0, 0, &[call])).await).await;
        assert!(told[0].starts_with("fact holding is not verified: unreadable"), "{told:?}");
        assert_eq!(told[1], "not a holder");
    }
}
