//! Operators on a real chain: what they sign, what they refuse, and that the module takes it.

#![allow(clippy::unwrap_used)]

mod common;

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    providers::ext::AnvilApi,
    sol_types::SolValue,
};
use common::{Chain, ETHER, RECIPIENT, amounts, operator_key};
use writ_attestation::{
    action_of, max_cost_of, reasons_hash,
    wire::{Allow, AttestRequest, Deny, OperatorFault, OperatorResponse},
};
use writ_bindings::WritModule;
use writ_evidence::Execution;
use writ_operator::Operator;
use writ_types::{EntryPointVersion, UserOperation};

fn allowed(answer: Result<OperatorResponse, OperatorFault>) -> Allow {
    match answer.unwrap() {
        OperatorResponse::Allow(allow) => allow,
        OperatorResponse::Deny(deny) => panic!("denied: {:?}", deny.reasons),
    }
}

fn denied(answer: Result<OperatorResponse, OperatorFault>) -> Deny {
    match answer.unwrap() {
        OperatorResponse::Deny(deny) => deny,
        OperatorResponse::Allow(allow) => panic!("allowed: {:?}", allow.bounds),
    }
}

/// Asks two operators and takes both answers.
async fn quorum(operators: [&Operator; 2], request: &AttestRequest) -> [OperatorResponse; 2] {
    [operators[0].attest(request).await.unwrap(), operators[1].attest(request).await.unwrap()]
}

/// Attests with two operators and executes.
async fn execute(
    chain: &Chain,
    operators: [&Operator; 2],
    operation: &UserOperation,
) -> UserOperation {
    let request = chain.request(operation).await;
    let attested = chain.attested(operation, &quorum(operators, &request).await);
    assert!(chain.handle_ops(std::slice::from_ref(&attested)).await.status());
    attested
}

async fn decide_and_execute(version: EntryPointVersion) {
    let chain = Chain::start(version).await;
    let (first, second) = (chain.operator(0).await, chain.operator(2).await);

    // A batch that moves both assets: native to the recipient, tokens as well.
    let tokens = writ_bindings::Erc20::transferCall { to: RECIPIENT, value: U256::from(60) };
    let tokens = alloy::sol_types::SolCall::abi_encode(&tokens);
    let calls = [
        Execution { target: RECIPIENT, value: U256::from(ETHER), data: Bytes::new() },
        Execution { target: chain.token, value: U256::ZERO, data: tokens.into() },
    ];
    let operation = chain.operation(0, 0, &calls);
    let request = chain.request(&operation).await;
    let answers = quorum([&first, &second], &request).await;
    let [one, two] = answers.clone().map(|answer| allowed(Ok(answer)));

    // Independent operators sign one digest, over one evidence.
    assert_eq!((&one.attestation, &one.evidence), (&two.attestation, &two.evidence));
    assert_eq!(one.attestation.evidence, keccak256(&one.evidence));
    let digest = one.attestation.digest(&chain.domain()).unwrap();
    assert_eq!(one.signature.recover(digest), Some(operator_key(0).address()));
    assert_eq!(two.signature.recover(digest), Some(operator_key(2).address()));
    assert_eq!((one.signature.index, two.signature.index), (0, 2));

    // What is signed is what was asked.
    let code = chain.provider_code_hash(chain.account).await;
    let action = action_of(&operation, chain.entry_point.address, code, max_cost_of(&operation));
    assert_eq!(one.action, action.into());
    assert_eq!(one.attestation.action, action.hash());
    assert_eq!(amounts(&one.bounds), [(Address::ZERO, ETHER), (chain.token, 60)]);
    assert_eq!(one.attestation.bounds, one.bounds.hash());
    assert_eq!(one.attestation.block_hash, request.block.hash);
    assert_eq!(one.attestation.valid_until - one.attestation.valid_after, 301);
    let document = writ_policy::decode(&one.evidence, &writ_policy::Limits::INPUT).unwrap();
    let selector = document.get("calls").unwrap().as_array().unwrap()[1].get("function").unwrap();
    assert_eq!(selector.as_str(), Some("transfer(address,uint256)"));

    // The module takes it, and nothing else.
    assert!(!chain.handle_ops(std::slice::from_ref(&operation)).await.status());
    let attested = chain.attested(&operation, &answers);
    assert!(chain.handle_ops(&[attested]).await.status());
    assert_eq!(chain.native_balance(RECIPIENT).await, U256::from(ETHER));

    // The day: one ether is left of two, and the next operation is judged by what the chain says of the last.
    let policy = chain.account_policy().await;
    assert_eq!(policy.state.sequence, 1);
    assert!(policy.state.last_outflow_block > 0);
    let over = chain.send_native(0, 1, ETHER + 1);
    let request = chain.request(&over).await;
    let deny = denied(first.attest(&request).await);
    assert_eq!(deny.reasons, ["over the limit of one operation", "over what is left of the day"]);
    let rest = chain.send_native(0, 1, ETHER);
    execute(&chain, [&first, &second], &rest).await;
    let one_wei = chain.send_native(0, 2, 1);
    let deny = denied(second.attest(&chain.request(&one_wei).await).await);
    assert_eq!(deny.reasons, ["over what is left of the day"]);
    assert_eq!(deny.denial.reasons, reasons_hash(&deny.reasons));
    let digest = deny.denial.digest(&chain.domain());
    assert_eq!(deny.signature.recover(digest), Some(operator_key(2).address()));
    // Tokens have a day of their own: the first operation took 60 of 200.
    let tokens = chain.send_tokens(0, 2, 100);
    assert_eq!(
        amounts(&allowed(first.attest(&chain.request(&tokens).await).await).bounds)[1].1,
        100
    );

    // A day later the window is empty again.
    chain.pass(86_400).await;
    assert!(matches!(
        first.attest(&chain.request(&one_wei).await).await.unwrap(),
        OperatorResponse::Allow(_)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_operators_sign_one_digest_that_the_chain_accepts_v08() {
    decide_and_execute(EntryPointVersion::V08).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_operators_sign_one_digest_that_the_chain_accepts_v07() {
    decide_and_execute(EntryPointVersion::V07).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_operators_sign_one_digest_that_the_chain_accepts_v09() {
    if common::entry_point_creation(EntryPointVersion::V09).is_none() {
        println!("SKIPPED: the creation code of EntryPoint v0.9 is not beside the repository");
        return;
    }
    decide_and_execute(EntryPointVersion::V09).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_must_be_canonical_and_recent() {
    let chain = Chain::start(EntryPointVersion::V08).await;
    let operator = chain.operator(0).await;
    let operation = chain.send_native(0, 0, 1);
    let before = chain.request(&operation).await;

    let unknown = AttestRequest {
        block: writ_attestation::wire::BlockRef { hash: B256::repeat_byte(1), ..before.block },
        ..before.clone()
    };
    assert!(matches!(operator.attest(&unknown).await, Err(OperatorFault::BlockUnknown { .. })));
    let ahead = AttestRequest {
        block: writ_attestation::wire::BlockRef { number: before.block.number + 1, ..before.block },
        ..before.clone()
    };
    assert!(matches!(operator.attest(&ahead).await, Err(OperatorFault::BlockUnknown { .. })));
    let renumbered = AttestRequest {
        block: writ_attestation::wire::BlockRef { number: before.block.number - 1, ..before.block },
        ..before.clone()
    };
    assert!(matches!(operator.attest(&renumbered).await, Err(OperatorFault::Refused { .. })));

    // Eight blocks behind is the most.
    chain.mine(8).await;
    assert!(operator.evaluate(&before).await.is_ok());
    chain.mine(1).await;
    let fault = operator.attest(&before).await.unwrap_err();
    let oldest = (before.block.number + 1).to_string();
    assert_eq!(fault, OperatorFault::BlockTooOld { oldest });

    // A block that a reorganisation replaced, although its state is still in the operator's cache.
    let replaced = chain.request(&operation).await;
    assert!(operator.evaluate(&replaced).await.is_ok());
    chain.reorganise(2).await;
    assert!(chain.newest().await.number >= replaced.block.number);
    assert_ne!(chain.newest().await.hash, replaced.block.hash);
    assert!(matches!(operator.attest(&replaced).await, Err(OperatorFault::BlockUnknown { .. })));
    assert!(operator.attest(&chain.request(&operation).await).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_allow_is_live_and_a_restart_remembers_it() {
    let chain = Chain::start(EntryPointVersion::V08).await;
    let operator = chain.operator(0).await;
    let operation = chain.send_native(0, 0, ETHER / 2);
    let request = chain.request(&operation).await;
    let answer = operator.attest(&request).await.unwrap();
    let allow = allowed(Ok(answer.clone()));

    chain.mine(1).await;
    let elsewhere = chain.request(&operation).await;
    let live = OperatorFault::LiveAllow {
        block_number: request.block.number,
        block_hash: request.block.hash,
        valid_until: allow.attestation.valid_until,
    };
    assert_eq!(operator.attest(&elsewhere).await.unwrap_err(), live);
    // Another operation for the same nonce as well, and one with the same sequence under another key.
    let other = chain.send_native(0, 0, 1);
    assert_eq!(operator.attest(&chain.request(&other).await).await.unwrap_err(), live);
    let other = chain.send_native(7, 0, 1);
    assert_eq!(operator.attest(&chain.request(&other).await).await.unwrap_err(), live);

    drop(operator);
    let operator = chain.operator(0).await;
    assert_eq!(operator.attest(&elsewhere).await.unwrap_err(), live);
    // The same request gets the same answer, also when its block is too old by now.
    chain.mine(20).await;
    assert_eq!(operator.attest(&request).await.unwrap(), answer);
    let record = operator.decision(allow.attestation.evidence).unwrap().unwrap();
    assert_eq!((record.response, record.module), (answer, chain.module));
    assert_eq!(operator.decision(B256::ZERO).unwrap(), None);

    // Once the window is over, it can be decided again.
    chain.pass(301).await;
    assert!(operator.attest(&chain.request(&operation).await).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn predecessors_count_if_a_quorum_attested_them() {
    let chain = Chain::start(EntryPointVersion::V08).await;
    let (first, second) = (chain.operator(0).await, chain.operator(1).await);
    let ahead = chain.send_native(1, 0, ETHER);
    let request = chain.request(&ahead).await;
    let ahead = chain.attested(&ahead, &quorum([&first, &second], &request).await);

    // Not the same calldata: before EntryPoint v0.9 two such operations cannot be in one bundle.
    let operation = chain.send_native(2, 0, ETHER - 1);
    let behind = |predecessors: &[&UserOperation], block| AttestRequest {
        operation: operation.to_rpc(),
        predecessors: predecessors.iter().map(|operation| operation.to_rpc()).collect(),
        block,
        ..request.clone()
    };
    let block = chain.newest().await;

    // Poisoned in every way that a stranger has.
    let mut forged = ahead.clone();
    let mut signature = forged.signature.to_vec();
    let at = signature.len() - 20;
    signature[at] ^= 1;
    forged.signature = signature.into();
    let unattested = chain.send_native(1, 0, ETHER);
    let mut foreign = ahead.clone();
    foreign.sender = RECIPIENT;
    let mut moved = ahead.clone();
    moved.call_data = chain.send_native(1, 0, 1).call_data;
    for poisoned in [&forged, &unattested, &foreign, &moved] {
        let fault = first.attest(&behind(&[poisoned], block)).await.unwrap_err();
        let OperatorFault::Refused { reason } = fault else { panic!("{fault:?}") };
        assert!(reason.starts_with("predecessor 0"), "{reason}");
    }
    let fault = first.attest(&behind(&[&ahead, &ahead], block)).await.unwrap_err();
    assert!(matches!(fault, OperatorFault::Refused { .. }), "{fault:?}");
    assert!(matches!(
        first.attest(&behind(&[&ahead; 9], block)).await,
        Err(OperatorFault::Refused { .. })
    ));

    // The control: the real one. It takes half of the day, so one more ether fits and then nothing.
    let request = behind(&[&ahead], block);
    let answers = quorum([&first, &second], &request).await;
    let allow = allowed(Ok(answers[0].clone()));
    assert_eq!(allow.attestation.sequence, 1);
    let document = writ_policy::decode(&allow.evidence, &writ_policy::Limits::INPUT).unwrap();
    assert_eq!(document.path("history.day.operations"), Some(&writ_policy::Value::from(1_u64)));
    let operation = chain.attested(&operation, &answers);
    let third = chain.send_native(3, 0, 2);
    let request = AttestRequest {
        operation: third.to_rpc(),
        predecessors: vec![ahead.to_rpc(), operation.to_rpc()],
        ..request
    };
    assert_eq!(denied(first.attest(&request).await).reasons, ["over what is left of the day"]);

    // Both in one bundle, as they were simulated.
    assert!(chain.handle_ops(&[ahead, operation]).await.status());
    assert_eq!(chain.native_balance(RECIPIENT).await, U256::from(2 * ETHER - 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_signed_for_what_is_not_the_accounts() {
    let chain = Chain::start(EntryPointVersion::V08).await;
    let operator = chain.operator(0).await;
    let good = chain.send_native(0, 0, 1);

    // Somebody else's signature.
    let mut stub = good.clone();
    stub.signature = Bytes::from([&[1; 64][..], &[27]].concat());
    let request = chain.request(&stub).await;
    let fault = operator.attest(&request).await.unwrap_err();
    let aa_code = Some("AA24".to_owned());
    assert!(
        matches!(&fault, OperatorFault::SimulationFailed { aa_code: code, .. } if *code == aa_code),
        "{fault:?}"
    );
    let evaluation = operator.evaluate(&request).await.unwrap();
    assert!(evaluation.allow && !evaluation.owner_signature_checked);
    assert_eq!(evaluation.input["bounds"][0]["maxOut"], 1);

    // A nonce that another validator would judge.
    let mut other = good.clone();
    other.nonce = U256::ZERO;
    let fault = operator.attest(&chain.request(&chain.sign(other)).await).await.unwrap_err();
    assert!(
        matches!(&fault, OperatorFault::Refused { reason } if reason.contains("validator")),
        "{fault:?}"
    );

    // An account that does not have the module, a contract that is no module.
    let mut stranger = good.clone();
    stranger.sender = chain.token;
    let fault = operator.attest(&chain.request(&stranger).await).await.unwrap_err();
    assert!(matches!(fault, OperatorFault::NotConfigured { .. }), "{fault:?}");
    let request = AttestRequest { module: chain.token, ..chain.request(&good).await };
    let fault = operator.attest(&request).await.unwrap_err();
    assert!(
        matches!(&fault, OperatorFault::NotConfigured { reason } if reason.contains("Writ module")),
        "{fault:?}"
    );

    // An attestation that is there already; calldata that is not canonical; an unknown EntryPoint.
    let request = chain.request(&good).await;
    let second = chain.operator(1).await;
    let attested = chain.attested(&good, &quorum([&operator, &second], &request).await);
    let fault = operator.attest(&chain.request(&attested).await).await.unwrap_err();
    assert!(matches!(fault, OperatorFault::Refused { .. }), "{fault:?}");
    let mut trailing = good.call_data.to_vec();
    trailing.push(0);
    let trailing = chain.sign(chain.unsigned(0, 0, trailing.into()));
    let fault = operator.attest(&chain.request(&trailing).await).await.unwrap_err();
    assert!(
        matches!(&fault, OperatorFault::Refused { reason } if reason.contains("canonical")),
        "{fault:?}"
    );
    let request = AttestRequest { entry_point: RECIPIENT, ..request };
    assert!(matches!(operator.attest(&request).await, Err(OperatorFault::Refused { .. })));

    // An operator that the account did not choose.
    let outsider = chain.operator(9).await;
    let fault =
        outsider.attest(&chain.request(&chain.send_native(5, 0, 1)).await).await.unwrap_err();
    assert_eq!(fault, OperatorFault::NotInSet { operator: outsider.address() });

    // An operator that does not have the policy.
    let empty = chain.folder.path().join("none");
    std::fs::create_dir(&empty).unwrap();
    let mut config = chain.config(2);
    config.policies = empty;
    let ignorant = Operator::open(config).await.unwrap();
    let fault = ignorant.attest(&chain.request(&good).await).await.unwrap_err();
    assert_eq!(fault, OperatorFault::UnknownPolicy { policy_id: chain.parameters[0].policy_id() });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_becomes_another_kind_is_refused_by_what_it_calls_itself() {
    let chain = Chain::start(EntryPointVersion::V08).await;
    let operator = chain.operator(0).await;
    let good = chain.send_native(0, 0, 1);
    assert!(operator.attest(&chain.request(&good).await).await.is_ok());
    // Answers `accountId()`, and everything else, with one text.
    let answer = ("kernel.advanced.v0.3.3".to_owned(),).abi_encode_params();
    let length = u8::try_from(answer.len()).unwrap();
    let code = [&[0x60, length, 0x60, 11, 0x5f, 0x39, 0x60, length, 0x5f, 0xf3, 0x00][..], &answer];
    chain.provider.anvil_set_code(chain.account, code.concat().into()).await.unwrap();
    chain.mine(1).await;
    let other = chain.send_native(1, 0, 1);
    let fault = operator.attest(&chain.request(&other).await).await.unwrap_err();
    assert!(
        matches!(&fault, OperatorFault::NotConfigured { reason } if reason.contains("kernel.advanced.v0.3.3")),
        "{fault:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn configurations_that_enforce_nothing_get_no_signature() {
    let mut chain = Chain::start(EntryPointVersion::V08).await;
    let operator = chain.operator(0).await;
    let good = chain.configuration();
    let off = WritModule::Configuration { mode: writ_bindings::MODE_OFF, ..good.clone() };
    let forgetful = WritModule::Configuration { readsHistory: false, ..good.clone() };
    let elsewhere = WritModule::Configuration { entryPoint: RECIPIENT, ..good.clone() };
    let observed = WritModule::Configuration { mode: writ_bindings::MODE_OBSERVE, ..good.clone() };
    let module = chain.module;
    for (configuration, hook, expected) in [
        (&off, module, Some("mode is off")),
        (&good, Address::ZERO, Some("as hook")),
        (&forgetful, module, Some("readsHistory is off")),
        (&elsewhere, module, Some("is configured for EntryPoint")),
        (&observed, module, None),
    ] {
        chain.account = chain.deploy_account(configuration, hook).await;
        let operation = chain.send_native(0, 0, 0);
        let answer = operator.attest(&chain.request(&operation).await).await;
        match (answer, expected) {
            (Ok(OperatorResponse::Allow(_)), None) => {}
            (
                Err(OperatorFault::NotConfigured { reason } | OperatorFault::Refused { reason }),
                Some(expected),
            ) => assert!(reason.contains(expected), "{reason}"),
            (answer, expected) => panic!("{answer:?} instead of {expected:?}"),
        }
    }
}
