//! What is right is right, what is wrong is wrong in the way that can be proven, and what cannot be judged says so.

use std::{collections::BTreeMap, path::Path};

use alloy::{
    primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, address, keccak256},
    sol_types::SolCall,
};
use serde_json::{Value as Json, json};
use writ_attestation::{
    Action, Attestation, CallAction, Denial, Domain, OperatorSignature, PolicyReference,
    UserOperationAction,
};
use writ_bindings::WritDisputes;
use writ_challenger::{
    Claim, ClaimError, Judgement, Shortfall, UnprovableReason, Wrong, bounds_of, challenge, judge,
    twofold,
};
use writ_policy::{
    Bundle, CompiledPolicy, Limits, MANIFEST_FILE, PolicyStore, decode_json, encode,
};

const INPUT: &str = include_str!("../../policy/tests/vectors/input.json");
const PARAMETERS: &str = include_str!("../../policy/tests/vectors/agent-spending.parameters.json");
const TIMESTAMP: u64 = 1_790_000_000;
const ENFORCER: Address = Address::repeat_byte(0xec);

fn store() -> PolicyStore {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    PolicyStore::open(&folder).expect("the policies in the tree")
}

/// A policy outside the provable profile.
fn strict(decision: &str) -> CompiledPolicy {
    let manifest = r#"{"format": 1, "name": "strict", "version": "1", "engine": "regorus-strict", "provable": false,
        "level": "quorum", "entry": "data.writ.t.decision", "readsHistory": false, "requiredFacts": [], "files": {}}"#;
    let source = format!("package writ.t\n\nimport rego.v1\n\ndecision := {decision}\n");
    let mut files: BTreeMap<String, Vec<u8>> = [
        (MANIFEST_FILE, manifest.to_owned()),
        ("t.rego", source),
        ("schema.json", r#"{"type": "object"}"#.to_owned()),
        ("words.json", r#"[{"text": "strict"}]"#.to_owned()),
    ]
    .into_iter()
    .map(|(name, text)| (name.to_owned(), text.into_bytes()))
    .collect();
    let manifest = Bundle::pack(&files).expect("packs");
    files.insert(MANIFEST_FILE.to_owned(), manifest.as_value().to_json().into_bytes());
    CompiledPolicy::compile(Bundle::from_files(&files).expect("a bundle")).expect("compiles")
}

fn reference(policy: &CompiledPolicy, parameters: &str) -> PolicyReference {
    let parameters = policy.parameters_from_json(parameters).expect("parameters");
    PolicyReference {
        policy_id: policy.policy_id(),
        parameters: parameters.encoded().to_vec().into(),
    }
}

fn operation() -> UserOperationAction {
    UserOperationAction {
        account: Address::repeat_byte(0xaa),
        entry_point: address!("4337084d9e255ff0702461cf8895ce9e3b5ff108"),
        nonce: U256::from(7),
        init_code: KECCAK256_EMPTY,
        call_data: keccak256("calldata"),
        paymaster_and_data: KECCAK256_EMPTY,
        account_code: B256::from(U256::from(0xc0)),
        call_gas_limit: 200_000,
        max_cost: U256::from(2_000_000_000_000_000_u64),
    }
}

/// As honest operators attest the example under `agent-spending`, once `change` was made to the document.
fn claim(change: impl FnOnce(&mut Json)) -> Claim {
    let mut document: Json = serde_json::from_str(INPUT).expect("the example");
    change(&mut document);
    let document = decode_json(&document.to_string(), &Limits::INPUT).expect("decodes");
    let evidence = Bytes::from(encode(&document));
    let action = Action::from(operation());
    let store = store();
    let policies = vec![reference(store.by_name("agent-spending").expect("it"), PARAMETERS)];
    let mut claim = Claim {
        domain: Domain::new(31_337, ENFORCER),
        attestation: Attestation {
            action: action.hash(),
            policy: B256::ZERO,
            evidence: keccak256(&evidence),
            bounds: bounds_of(&document).expect("bounds").hash(),
            revision: 5,
            epoch: 1,
            sequence: 3,
            level: 1,
            block_number: 120,
            block_hash: B256::from(U256::from(0xb1)),
            valid_after: TIMESTAMP - 1,
            valid_until: TIMESTAMP + 300,
        },
        action,
        evidence,
        policies,
        signatures: vec![OperatorSignature { index: 1, r: B256::ZERO, vs: B256::ZERO }],
    };
    claim.attestation.policy = claim.commitment();
    claim
}

fn good() -> Claim {
    claim(|_| ())
}

fn judged(claim: &Claim) -> Judgement {
    judge(claim, &store()).expect("it can be judged")
}

/// A change, and the leaf that then contradicts.
type Change<T> = (fn(&mut T), &'static str);

#[test]
fn what_the_policies_allow_is_right() {
    assert_eq!(judged(&good()), Judgement::Right);
}

#[test]
fn what_a_policy_denies_is_wrong_with_its_reasons() {
    let claim = claim(|document| document["effects"]["reverted"] = true.into());
    let Judgement::Wrong(Wrong::Decision { index: 0, shortfall: Shortfall::Denied(reasons) }) =
        judged(&claim)
    else {
        panic!("{:?}", judged(&claim));
    };
    assert!(reasons[0].contains("reverts"), "{reasons:?}");
}

#[test]
fn what_stands_for_longer_than_the_policy_lets_it_is_wrong() {
    let mut claim = good();
    claim.attestation.valid_until += 1;
    let shortfall = Shortfall::ValidFor(300);
    assert_eq!(judged(&claim), Judgement::Wrong(Wrong::Decision { index: 0, shortfall }));
}

#[test]
fn what_is_copied_wrongly_is_wrong_by_its_leaf() {
    let attestations: [Change<Attestation>; 7] = [
        (|one| one.block_number += 1, "chain.block.number"),
        (|one| one.block_hash = B256::ZERO, "chain.block.hash"),
        (|one| one.valid_after = TIMESTAMP + 1, "chain.block.timestamp"),
        (|one| one.valid_until = TIMESTAMP + 86_401, "chain.block.timestamp"),
        (|one| one.sequence += 1, "history.sequence"),
        (|one| one.sequence = u64::MAX, "history.sequence"),
        (|one| one.bounds = B256::ZERO, "bounds"),
    ];
    for (change, leaf) in attestations {
        let mut claim = good();
        change(&mut claim.attestation);
        assert_eq!(judged(&claim), Judgement::Wrong(Wrong::Statement(leaf)));
    }
    let actions: [Change<UserOperationAction>; 8] = [
        (|one| one.account = ENFORCER, "account.address"),
        (|one| one.account_code = B256::ZERO, "account.codeHash"),
        (|one| one.entry_point = ENFORCER, "operation.entryPoint"),
        (|one| one.nonce += U256::from(1) << 64, "operation.nonce.key"),
        (|one| one.nonce += U256::from(1), "operation.nonce.sequence"),
        (|one| one.call_gas_limit += 1, "operation.callGasLimit"),
        (|one| one.max_cost += U256::from(1), "operation.maxCost"),
        (|one| one.max_cost = U256::MAX, "operation.maxCost"),
    ];
    for (change, leaf) in actions {
        let mut action = operation();
        change(&mut action);
        let mut claim = good();
        claim.action = action.into();
        claim.attestation.action = claim.action.hash();
        assert_eq!(judged(&claim), Judgement::Wrong(Wrong::Statement(leaf)));
    }
    let mut claim = good();
    claim.domain.chain_id = 1;
    assert_eq!(judged(&claim), Judgement::Wrong(Wrong::Statement("chain.id")));
}

#[test]
fn what_the_operation_does_not_have_is_invented() {
    let somebody = json!("0x4444444444444444444444444444444444444444");
    for (name, leaf) in [("paymaster", "operation.paymaster"), ("factory", "operation.factory")] {
        let claim = claim(|document| document["operation"][name] = somebody.clone());
        assert_eq!(judged(&claim), Judgement::Wrong(Wrong::Statement(leaf)));
    }
}

fn of_call() -> (Claim, CallAction) {
    let action = CallAction {
        account: Address::repeat_byte(0xaa),
        caller: Address::repeat_byte(0xca),
        target: ENFORCER,
        value: U256::ZERO,
        call_data: keccak256("calldata"),
        path: 2,
        operation: 0,
        context: B256::from(U256::from(0xc7)),
        nonce: U256::from(9),
    };
    let mut claim = claim(|document| {
        document["action"] = json!({
            "enforcer": ENFORCER, "caller": action.caller, "target": action.target, "path": "posted",
            "operation": "call", "context": action.context, "nonce": 9,
        });
        for name in ["enforcer", "caller", "target"] {
            let text = document["action"][name].as_str().expect("text").to_lowercase();
            document["action"][name] = text.into();
        }
    });
    claim.action = action.into();
    claim.attestation.action = claim.action.hash();
    (claim, action)
}

#[test]
fn calls_are_compared_leaf_by_leaf() {
    let (claim, action) = of_call();
    assert_eq!(judged(&claim), Judgement::Right);
    let changes: [Change<CallAction>; 7] = [
        (|one| one.account = ENFORCER, "account.address"),
        (|one| one.caller = ENFORCER, "action.caller"),
        (|one| one.target = Address::ZERO, "action.target"),
        (|one| one.path = 1, "action.path"),
        (|one| one.operation = 1, "action.operation"),
        (|one| one.context = B256::ZERO, "action.context"),
        (|one| one.nonce = U256::from(8), "action.nonce"),
    ];
    for (change, leaf) in changes {
        let (mut claim, mut action) = (claim.clone(), action);
        change(&mut action);
        claim.action = action.into();
        claim.attestation.action = claim.action.hash();
        assert_eq!(judged(&claim), Judgement::Wrong(Wrong::Statement(leaf)));
    }
    let mut other = claim.clone();
    other.domain.module = Address::ZERO;
    assert_eq!(judged(&other), Judgement::Wrong(Wrong::Statement("action.enforcer")));
    // The evidence of a call is none of an operation.
    let mut other = claim;
    other.action = operation().into();
    other.attestation.action = other.action.hash();
    assert_eq!(judged(&other), Judgement::Wrong(Wrong::Statement("action")));
}

#[test]
fn a_later_version_of_the_document_contradicts_nothing() {
    let mut claim = claim(|document| document["version"] = 3.into());
    claim.attestation.block_number += 1;
    claim.attestation.valid_until += 86_400;
    assert_eq!(judged(&claim), Judgement::Right);
}

#[test]
fn evidence_that_nobody_can_read_is_wrong() {
    let mut claim = good();
    let mut evidence = claim.evidence.to_vec();
    evidence.push(0);
    claim.evidence = evidence.into();
    claim.attestation.evidence = keccak256(&claim.evidence);
    assert!(matches!(judged(&claim), Judgement::Wrong(Wrong::Encoding(_))));
    // Of another version nobody here knows.
    let mut evidence = claim.evidence.to_vec();
    evidence[0] = 3;
    claim.evidence = evidence.into();
    claim.attestation.evidence = keccak256(&claim.evidence);
    assert_eq!(judge(&claim, &store()), Err(ClaimError::Encoding));
}

#[test]
fn what_cannot_be_re_executed_is_never_right() {
    let mut store = store();
    for (decision, allows) in
        [(r#"{"allow": true, "reasons": []}"#, true), (r#"{"allow": false, "reasons": []}"#, false)]
    {
        let policy = strict(decision);
        let mut claim = good();
        claim.policies.push(reference(&policy, "{}"));
        claim.attestation.policy = claim.commitment();
        let unknown = judge(&claim, &store).expect("judged");
        let Judgement::Unprovable(found) = unknown else { panic!("{unknown:?}") };
        assert_eq!((found[0].index, &found[0].reason), (1, &UnprovableReason::Unknown));
        store.insert(policy);
        let outside = judge(&claim, &store).expect("judged");
        let Judgement::Unprovable(found) = outside else { panic!("{outside:?}") };
        assert_eq!(found[0].reason, UnprovableReason::OutsideProfile(Some(allows)));
        assert_eq!(found.len(), 1);
    }
}

#[test]
fn a_provable_policy_beside_another_is_still_proven() {
    let policy = strict(r#"{"allow": true, "reasons": []}"#);
    let mut claim = claim(|document| document["effects"]["reverted"] = true.into());
    claim.policies.insert(0, reference(&policy, "{}"));
    claim.attestation.policy = claim.commitment();
    let found = judged(&claim);
    assert!(matches!(found, Judgement::Wrong(Wrong::Decision { index: 1, .. })), "{found:?}");
}

#[test]
fn parameters_that_the_policy_does_not_take_are_not_judged() {
    let mut claim = good();
    claim.policies[0].parameters = Bytes::from_static(&[2, 1]);
    claim.attestation.policy = claim.commitment();
    let found = judged(&claim);
    let Judgement::Unprovable(found) = found else { panic!("{found:?}") };
    assert!(matches!(found[0].reason, UnprovableReason::Parameters(_)), "{found:?}");
}

#[test]
fn parts_that_do_not_belong_together_are_refused() {
    let refused = |change: fn(&mut Claim)| {
        let mut claim = good();
        change(&mut claim);
        judge(&claim, &store()).expect_err("refused")
    };
    assert!(matches!(refused(|claim| claim.evidence = Bytes::new()), ClaimError::Evidence { .. }));
    assert!(matches!(refused(|claim| claim.policies.clear()), ClaimError::Policies { .. }));
    let other = |claim: &mut Claim| claim.action = of_call().1.into();
    assert!(matches!(refused(other), ClaimError::Action { .. }));
    assert_eq!(refused(|claim| claim.attestation.valid_until = 1 << 48), ClaimError::Window);
}

#[test]
fn the_proof_says_what_was_signed() {
    let claim = claim(|document| document["effects"]["reverted"] = true.into());
    let Judgement::Wrong(wrong) = judged(&claim) else { panic!("wrong") };
    let reporter = Address::repeat_byte(0x0f);
    let call = challenge(&claim, &wrong, reporter).expect("a proof");
    let call = WritDisputes::disproveDecisionCall::abi_decode_validate(&call).expect("decodes");
    assert_eq!((call.reporter, call.index), (reporter, U256::ZERO));
    assert_eq!(keccak256(&call.evidence), call.signed.attestation.evidence);
    assert_eq!(keccak256(&call.parameters), call.policies[0].parametersHash);
    assert_eq!(call.signed.signatures.len(), 65);
    assert_eq!(call.signed.enforcer, ENFORCER);

    let (of_call, _) = of_call();
    let call = challenge(&of_call, &Wrong::Statement("bounds"), reporter).expect("a proof");
    let call = WritDisputes::disproveStatementCall::abi_decode_validate(&call).expect("decodes");
    assert_eq!((call.kind, call.members.len()), (2, 9 * 32));
    let call = challenge(&claim, &Wrong::Statement("bounds"), reporter).expect("a proof");
    let call = WritDisputes::disproveStatementCall::abi_decode_validate(&call).expect("decodes");
    assert_eq!((call.kind, call.members.len()), (1, 9 * 32));

    let denial = Denial {
        action: claim.attestation.action,
        policy: claim.attestation.policy,
        evidence: claim.attestation.evidence,
        revision: 5,
        block_number: 120,
        block_hash: B256::ZERO,
        reasons: B256::ZERO,
    };
    let call = twofold(&claim, &denial, &claim.domain, &claim.signatures, reporter);
    let call = WritDisputes::disproveTwofoldCall::abi_decode_validate(&call.expect("a proof"))
        .expect("decodes");
    assert_eq!(call.denied.denial.evidence, claim.attestation.evidence);
    assert_eq!(call.denied.signatures, call.signed.signatures);
}
