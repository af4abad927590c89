//! Calls off the ERC-4337 path on a real chain: what operators attest, what they refuse, and that the contracts take it.

#![allow(clippy::unwrap_used)]

mod common;
#[allow(unreachable_pub)]
#[path = "common/protected.rs"]
mod protected;

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    providers::{Provider, ext::AnvilApi},
    sol_types::{SolCall, SolEvent},
};
use common::{ETHER, RECIPIENT, amounts, operator_key};
use protected::{Protected, depositCall, multiSendCall, multicallCall, redeemCall};
use writ_attestation::{
    Enforcer, call_action, reasons_hash, safe_call,
    wire::{OperatorFault, OperatorResponse},
};
use writ_bindings::{IWritGuarded, MODE_OBSERVE, WritSafeGuard};
use writ_evidence::{CallEvidenceRequest, EvidenceBuilder};
use writ_operator::Operator;
use writ_simulation::{NodeClient, NodeOptions, Simulator, StateOptions, StateProvider};
use writ_types::{
    AttestableCall, CallPath, ContractCall, ProtectedCall, SafeOperation, SafeTransaction,
};

fn guarded_call(world: &Protected, call: &AttestableCall) -> IWritGuarded::GuardedCall {
    let action = call_action(call, world.chain.anvil.chain_id());
    IWritGuarded::GuardedCall {
        value: action.value,
        callData: action.call_data,
        context: action.context,
        nonce: action.nonce.to(),
    }
}

fn contract(call: &AttestableCall) -> &ContractCall {
    match &call.call {
        ProtectedCall::Contract(call) => call,
        other => panic!("{other:?}"),
    }
}

/// The call with something else in it.
fn changed(call: &AttestableCall, change: impl FnOnce(&mut ContractCall)) -> AttestableCall {
    let mut call = call.clone();
    match &mut call.call {
        ProtectedCall::Contract(call) => change(call),
        other => panic!("{other:?}"),
    }
    call
}

async fn fault(world: &Protected, operator: &Operator, call: &AttestableCall) -> OperatorFault {
    match operator.attest_call(&world.request(call).await).await {
        Err(fault) => fault,
        Ok(answer) => panic!("{answer:?}"),
    }
}

/// Refused, or failing in simulation, with a reason that says this.
async fn refused(world: &Protected, operator: &Operator, call: &AttestableCall, words: &str) {
    let fault = fault(world, operator, call).await;
    let (OperatorFault::Refused { reason }
    | OperatorFault::NotConfigured { reason }
    | OperatorFault::SimulationFailed { reason, .. }) = &fault
    else {
        panic!("{fault:?}");
    };
    assert!(reason.contains(words), "{reason}");
}

/// Presents the attestation and makes the call, in one transaction of the caller.
fn presented_and_called(world: &Protected, call: &AttestableCall, attestation: Bytes) -> Vec<u8> {
    let present = IWritGuarded::presentCall { expected: guarded_call(world, call), attestation };
    multicallCall { data: vec![present.abi_encode().into(), contract(call).data.clone()] }
        .abi_encode()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_is_attested_presented_and_made_once() {
    let world = Protected::start().await;
    let (first, third) = (world.chain.operator(0).await, world.chain.operator(2).await);
    let (vault, customer) = (world.vault, world.customer);
    let call = world.deposit(customer, 100, CallPath::Presented);

    let bare = contract(&call).data.clone();
    assert!(!world.send_from(customer, vault, bare.clone(), 0).await.status(), "it is guarded");
    let attestation = world.attested([&first, &third], &call).await;
    let both = presented_and_called(&world, &call, attestation.clone());
    assert!(
        !world.send_from(world.stranger, vault, both.clone(), 0).await.status(),
        "it is for one caller"
    );
    let other = changed(&call, |call| {
        call.data = depositCall { assets: U256::from(101), receiver: customer }.abi_encode().into();
    });
    let moved = presented_and_called(&world, &other, attestation.clone());
    assert!(!world.send_from(customer, vault, moved, 0).await.status(), "it is for one call");
    assert!(world.send_from(customer, vault, both.clone(), 0).await.status());
    assert_eq!(world.tokens_of(vault, customer).await, U256::from(100));
    assert!(!world.send_from(customer, vault, both, 0).await.status(), "it is used up");
    assert!(!world.send_from(customer, vault, bare, 0).await.status());
    // The nonce is used, also for another call.
    refused(&world, &first, &other, "is used or given up").await;

    // Whoever put something in gets it out with nobody's consent.
    let out = redeemCall { shares: U256::from(100), receiver: customer, owner: customer };
    assert!(world.send_from(customer, vault, out.abi_encode(), 0).await.status());
    assert_eq!(world.tokens_of(world.chain.token, customer).await, U256::from(1_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_posted_attestation_waits_for_its_call() {
    let world = Protected::start().await;
    let (first, second) = (world.chain.operator(0).await, world.chain.operator(1).await);
    let (vault, customer) = (world.vault, world.customer);
    let call = world.deposit(customer, 70, CallPath::Posted);
    let attestation = world.attested([&first, &second], &call).await;
    let expected = guarded_call(&world, &call);
    // Presented it counts for nothing: how it comes is part of what was signed.
    let wrong = presented_and_called(&world, &call, attestation.clone());
    assert!(!world.send_from(customer, vault, wrong, 0).await.status());

    let post = IWritGuarded::postCall { caller: customer, expected, attestation };
    assert!(world.send_from(world.stranger, vault, post.abi_encode(), 0).await.status());
    let itself = contract(&call).data.clone();
    assert!(!world.send_from(world.stranger, vault, itself.clone(), 0).await.status());
    // While it waits, another one of the same call, which lasts longer, would take its place.
    let again = changed(&call, |call| call.nonce += 1);
    assert!(first.attest_call(&world.request(&again).await).await.is_ok());
    assert!(world.send_from(customer, vault, itself.clone(), 0).await.status());
    assert_eq!(world.tokens_of(vault, customer).await, U256::from(70));
    assert!(!world.send_from(customer, vault, itself, 0).await.status(), "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_policy_denies_is_signed_as_a_denial_and_reverts() {
    let world = Protected::start().await;
    let operator = world.chain.operator(1).await;
    let call = world.deposit(world.stranger, 5, CallPath::Presented);
    let OperatorResponse::Deny(deny) =
        operator.attest_call(&world.request(&call).await).await.unwrap()
    else {
        panic!("allowed");
    };
    assert_eq!(deny.reasons, [format!("{:?} is not among those who may call", world.stranger)]);
    assert_eq!(deny.denial.reasons, reasons_hash(&deny.reasons));
    let domain = writ_attestation::Domain::new(world.chain.anvil.chain_id(), world.vault);
    let signer = deny.signature.recover(deny.denial.digest(&domain));
    assert_eq!(signer, Some(operator_key(1).address()));
    let action = call_action(&call, world.chain.anvil.chain_id());
    assert_eq!(deny.action.as_call(), Some(&action));
    assert_eq!(deny.denial.action, action.hash());
    let itself = contract(&call).data.clone();
    assert!(!world.send_from(world.stranger, world.vault, itself, 0).await.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_looks_again_finds_the_same_evidence() {
    let world = Protected::start().await;
    let operator = world.chain.operator(0).await;
    let call = world.deposit(world.customer, 40, CallPath::Presented);
    let request = world.request(&call).await;
    let OperatorResponse::Allow(allow) = operator.attest_call(&request).await.unwrap() else {
        panic!("denied");
    };
    assert_eq!(allow.attestation.evidence, keccak256(&allow.evidence));
    assert_eq!(allow.attestation.valid_until - allow.attestation.valid_after, 251);
    assert_eq!(amounts(&allow.bounds), [(Address::ZERO, 0)], "nothing leaves the vault");
    let document = writ_policy::decode(&allow.evidence, &writ_policy::Limits::INPUT).unwrap();
    let text = document.to_json();
    for part in [
        r#""kind":"guarded-contract""#.to_owned(),
        format!(r#""caller":"{:?}""#, world.customer),
        r#""path":"presented""#.to_owned(),
        format!(r#""to":"{:?}""#, world.vault),
        format!(r#""data":"{}""#, contract(&call).data),
        format!(r#""amount":40,"from":"{:?}""#, world.customer),
        r#""delegateCalls":[]"#.to_owned(),
    ] {
        assert!(text.contains(&part), "{part}: {text}");
    }

    // An outsider with a node and the policy: the same bytes, and the same decision.
    let node = NodeClient::new(&world.chain.anvil.endpoint(), NodeOptions::default()).unwrap();
    let state = StateProvider::new(node, StateOptions::default());
    let block = state.pin(alloy::eips::BlockId::hash(request.block.hash)).await.unwrap();
    let builder = EvidenceBuilder::new(state, Simulator::default());
    let evidence = builder
        .build_call(&CallEvidenceRequest { block, call, facts: Default::default() })
        .await
        .unwrap();
    assert_eq!(evidence.encoded, allow.evidence);
    let policy = writ_policy::PolicyStore::open(&world.chain.store).unwrap();
    let policy = policy.get(world.vault_policy.policy_id()).unwrap().clone();
    let decision = policy.evaluate(&document, &world.vault_policy).unwrap();
    assert!(decision.allow);
    // And the operator tells anybody who asks for it.
    let record = operator.decision(allow.attestation.evidence).unwrap().unwrap();
    assert_eq!(record.module, world.vault);
    assert_eq!(record.response, OperatorResponse::Allow(allow));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_mean_something_else_are_refused_by_name() {
    let world = Protected::start().await;
    let operator = world.chain.operator(0).await;
    let good = world.deposit(world.customer, 10, CallPath::Presented);
    let refused = |call: AttestableCall, words: &'static str| {
        let (world, operator) = (&world, &operator);
        async move { refused(world, operator, &call, words).await }
    };
    for chain_id in [None, Some(1)] {
        refused(AttestableCall { chain_id, ..good.clone() }, "names no chain").await;
    }
    refused(
        changed(&good, |call| call.context = B256::repeat_byte(1)),
        "binds context 0x0000000000000000000000000000000000000000000000000000000000000000",
    )
    .await;
    refused(changed(&good, |call| call.value = U256::MAX), "go along").await;
    refused(changed(&good, |call| call.value = U256::ONE), "reverts").await;
    refused(changed(&good, |call| call.contract = RECIPIENT), "there is no contract").await;
    refused(changed(&good, |call| call.contract = world.chain.token), "does not answer").await;
    refused(changed(&good, |call| call.contract = world.chain.module), "does not answer").await;
    // Open functions need nothing, and get nothing.
    let views = alloy::hex!("01e1d114").to_vec();
    refused(
        world.vault_call(world.customer, views, CallPath::Presented),
        "nothing asks for an attestation",
    )
    .await;
    // It would revert for want of tokens.
    refused(world.deposit(world.customer, 5_000, CallPath::Presented), "reverts").await;
    // Parsing is the first thing: an operator is no better than the bundler in front of it.
    let mut request = world.request(&good).await;
    request.call["data"] = format!("0x{}", "00".repeat(70_000)).into();
    let fault = operator.attest_call(&request).await.unwrap_err();
    assert!(matches!(&fault, OperatorFault::Refused { reason } if reason.contains("data:")));
    request.call["data"] = "0x".into();
    request.call["policy"] = "0x".into();
    let fault = operator.attest_call(&request).await.unwrap_err();
    assert!(matches!(&fault, OperatorFault::Refused { reason } if reason.contains("policy:")));
    // Blocks as for operations.
    let mut request = world.request(&good).await;
    request.block.hash = B256::repeat_byte(7);
    let fault = operator.attest_call(&request).await.unwrap_err();
    assert!(matches!(fault, OperatorFault::BlockUnknown { .. }), "{fault:?}");
    let old = world.request(&good).await;
    world.chain.mine(20).await;
    let fault = operator.attest_call(&old).await.unwrap_err();
    assert!(matches!(fault, OperatorFault::BlockTooOld { .. }), "{fault:?}");
    // An operator outside of the set, and one in it.
    let stranger = world.chain.operator(7).await;
    let fault = stranger.attest_call(&world.request(&good).await).await.unwrap_err();
    assert!(matches!(fault, OperatorFault::NotInSet { .. }), "{fault:?}");
    assert!(operator.attest_call(&world.request(&good).await).await.is_ok());
}

/// A contract that tells of itself what it does not keep gets no signature.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_lies_about_its_settings_gets_nothing() {
    let world = Protected::start().await;
    let operator = world.chain.operator(0).await;
    let call = world.deposit(world.customer, 10, CallPath::Presented);
    let provider = &world.chain.provider;
    let slot = Enforcer::Contract(world.vault).head_slot();
    let kept = provider.get_storage_at(world.vault, slot).await.unwrap();
    for (change, words) in [
        (U256::ONE << 168, "threshold"),
        (U256::ONE << 160, "operators"),
        // As if it had never been configured, and a revision back.
        (kept, "never configured"),
    ] {
        let lie = B256::from(kept ^ change);
        provider.anvil_set_storage_at(world.vault, slot, lie).await.unwrap();
        world.chain.mine(1).await;
        refused(&world, &operator, &call, words).await;
    }
    provider.anvil_set_storage_at(world.vault, slot, kept.into()).await.unwrap();
    world.chain.mine(1).await;
    assert!(operator.attest_call(&world.request(&call).await).await.is_ok());
    // The very record is somebody else's.
    let record = Address::from_word(B256::from(kept & (U256::MAX >> 96)));
    let mut code = provider.get_code_at(record).await.unwrap().to_vec();
    let last = code.len() - 1;
    code[last] ^= 1;
    provider.anvil_set_code(record, code.into()).await.unwrap();
    world.chain.mine(1).await;
    let later = changed(&call, |call| call.nonce += 1);
    refused(&world, &operator, &later, "what it says of its configuration").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn off_and_left_contracts_are_not_decided_for() {
    let world = Protected::start().await;
    let operator = world.chain.operator(0).await;
    let call = world.deposit(world.customer, 10, CallPath::Presented);
    let announce = IWritGuarded::announceWritExitCall {}.abi_encode();
    world.chain.send(world.vault, announce.into(), 0).await;
    assert!(operator.attest_call(&world.request(&call).await).await.is_ok(), "not yet");
    world.chain.pass(3_601).await;
    let later = changed(&call, |call| call.nonce += 1);
    refused(&world, &operator, &later, "exit took effect").await;
}

/// One live allow for a nonce, whatever becomes of the operator in between.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_does_not_decide_twice_about_a_nonce() {
    let world = Protected::start().await;
    let operator = world.chain.operator(0).await;
    let call = world.deposit(world.customer, 10, CallPath::Presented);
    let request = world.request(&call).await;
    let answer = operator.attest_call(&request).await.unwrap();
    assert_eq!(operator.attest_call(&request).await.unwrap(), answer);

    let other = world.deposit(world.customer, 11, CallPath::Presented);
    let posted = AttestableCall { path: CallPath::Posted, ..call.clone() };
    drop(operator);
    let operator = world.chain.operator(0).await;
    for second in [&other, &posted] {
        let fault = fault(&world, &operator, second).await;
        assert!(matches!(fault, OperatorFault::LiveAllow { .. }), "{fault:?}");
    }
    world.chain.mine(1).await;
    let fault_at_next_block = fault(&world, &operator, &call).await;
    assert!(matches!(fault_at_next_block, OperatorFault::LiveAllow { .. }));
    assert_eq!(operator.attest_call(&request).await.unwrap(), answer, "the recorded answer stays");
    // Another nonce is another matter, and so is another caller's.
    let free = changed(&other, |call| call.nonce += 1);
    assert!(operator.attest_call(&world.request(&free).await).await.is_ok());
    // When it is over, the nonce is free again.
    world.chain.pass(260).await;
    let fresh = operator.attest_call(&world.request(&other).await).await.unwrap();
    assert!(matches!(fresh, OperatorResponse::Allow(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_observes_is_decided_on_as_if_it_refused() {
    let world = Protected::start_in(MODE_OBSERVE).await;
    let (first, second) = (world.chain.operator(0).await, world.chain.operator(1).await);
    let call = world.deposit(world.customer, 30, CallPath::Presented);
    let attestation = world.attested([&first, &second], &call).await;
    let both = presented_and_called(&world, &call, attestation);
    let receipt = world.send_from(world.customer, world.vault, both, 0).await;
    assert!(receipt.status());
    let logs = receipt.logs();
    let admitted =
        logs.iter().filter(|log| log.topic0() == Some(&IWritGuarded::CallAdmitted::SIGNATURE_HASH));
    assert_eq!(admitted.count(), 1);
    let blocked = IWritGuarded::CallWouldBlock::SIGNATURE_HASH;
    assert!(logs.iter().all(|log| log.topic0() != Some(&blocked)));
    // What Enforce would refuse is refused here as well.
    let wrong = changed(&call, |call| {
        call.nonce += 1;
        call.context = B256::repeat_byte(1);
    });
    refused(&world, &first, &wrong, "binds context").await;
    let native = world.transaction(4, RECIPIENT, ETHER, Vec::new());
    let call = world.asked(CallPath::Presented, ProtectedCall::Safe(native.clone()));
    let attestation = world.attested([&first, &second], &call).await;
    let attached = Bytes::from([&native.signatures[..], &attestation].concat());
    let receipt = world.execute(&native, &attached).await;
    assert!(receipt.status());
    let admitted = WritSafeGuard::CallAdmitted::SIGNATURE_HASH;
    assert!(receipt.logs().iter().any(|log| log.topic0() == Some(&admitted)));
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_transactions_are_attested_attached_and_posted() {
    let world = Protected::start().await;
    let (first, third) = (world.chain.operator(0).await, world.chain.operator(2).await);
    let native = world.transaction(4, RECIPIENT, ETHER, Vec::new());
    assert!(!world.execute(&native, &native.signatures).await.status(), "it is guarded");
    let hash = native.hash(world.chain.anvil.chain_id());
    let asked = SafeTransaction { safe_tx_hash: Some(hash), ..native.clone() };
    let call = world.asked(CallPath::Presented, ProtectedCall::Safe(asked));
    let attestation = world.attested([&first, &third], &call).await;
    let attached = Bytes::from([&native.signatures[..], &attestation].concat());
    // Of another transaction it is none.
    let other = world.transaction(4, RECIPIENT, ETHER + 1, Vec::new());
    let moved = Bytes::from([&other.signatures[..], &attestation].concat());
    assert!(!world.execute(&other, &moved).await.status());
    assert!(world.execute(&native, &attached).await.status());
    assert_eq!(world.chain.native_balance(RECIPIENT).await, U256::from(ETHER));
    assert!(!world.execute(&native, &attached).await.status(), "the Safe's nonce is used");
    refused(&world, &first, &call, "the Safe's nonce is 5").await;

    // A batch, whose calls the policy sees one by one, posted.
    let part = |value: u128| {
        [
            &[0u8][..],
            RECIPIENT.as_slice(),
            &U256::from(value).to_be_bytes::<32>(),
            &U256::ZERO.to_be_bytes::<32>(),
        ]
        .concat()
    };
    let batch = multiSendCall { transactions: [part(3), part(4)].concat().into() };
    let batch = world.sign(SafeTransaction {
        operation: SafeOperation::DelegateCall,
        ..world.transaction(5, world.multi_send, 0, batch.abi_encode())
    });
    let call = world.asked(CallPath::Posted, ProtectedCall::Safe(batch.clone()));
    let attestation = world.attested([&first, &third], &call).await;
    let action = call_action(&call, world.chain.anvil.chain_id());
    let post = WritSafeGuard::postCall { call: safe_call(&action), attestation };
    assert!(world.send_from(world.stranger, world.guard, post.abi_encode(), 0).await.status());
    assert!(world.execute(&batch, &batch.signatures).await.status());
    assert_eq!(world.chain.native_balance(RECIPIENT).await, U256::from(ETHER + 7));
}

#[tokio::test(flavor = "multi_thread")]
async fn modules_transactions_are_attested() {
    let world = Protected::start().await;
    let (first, second) = (world.chain.operator(0).await, world.chain.operator(1).await);
    let chain_id = world.chain.anvil.chain_id();
    let module = world.module_call(99, RECIPIENT, 5);
    assert!(!world.execute_as_module(&module).await.status(), "it is guarded");
    let call = world.asked(CallPath::Posted, ProtectedCall::SafeModule(module.clone()));
    let attestation = world.attested([&first, &second], &call).await;
    let action = safe_call(&call_action(&call, chain_id));
    let post = WritSafeGuard::postCall { call: action, attestation };
    assert!(world.send_from(world.stranger, world.guard, post.abi_encode(), 0).await.status());
    assert!(world.execute_as_module(&module).await.status());
    assert_eq!(world.chain.native_balance(RECIPIENT).await, U256::from(5));
    assert!(!world.execute_as_module(&module).await.status(), "once");
    refused(&world, &first, &call, "is used or given up").await;

    // Somebody who is no module of the Safe makes it do nothing.
    let mut nobody = world.module_call(1, RECIPIENT, 5);
    nobody.module = world.stranger;
    let call = world.asked(CallPath::Presented, ProtectedCall::SafeModule(nobody));
    refused(&world, &first, &call, "reverts").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn safes_requests_that_mean_something_else_are_refused_by_name() {
    let world = Protected::start().await;
    let operator = world.chain.operator(0).await;
    let good = world.transaction(4, RECIPIENT, 1, Vec::new());
    let ask = |transaction: SafeTransaction, words: &'static str| {
        let (world, operator) = (&world, &operator);
        async move {
            let call = world.asked(CallPath::Presented, ProtectedCall::Safe(transaction));
            refused(world, operator, &call, words).await;
        }
    };
    let wrong_hash = SafeTransaction { safe_tx_hash: Some(B256::repeat_byte(1)), ..good.clone() };
    ask(wrong_hash, "the safeTxHash of this transaction is").await;
    // Signed for another chain, by one owner, by none, by strangers.
    let foreign = {
        let hash = good.hash(1);
        let signatures: Vec<u8> = world
            .owners
            .iter()
            .flat_map(|owner| {
                alloy::signers::SignerSync::sign_hash_sync(owner, &hash).unwrap().as_bytes()
            })
            .collect();
        SafeTransaction { signatures: signatures.into(), ..good.clone() }
    };
    ask(foreign, "reverts").await;
    ask(SafeTransaction { signatures: good.signatures.slice(..65), ..good.clone() }, "reverts")
        .await;
    ask(SafeTransaction { signatures: Bytes::new(), ..good.clone() }, "reverts").await;
    ask(world.transaction(5, RECIPIENT, 1, Vec::new()), "the Safe's nonce is 4").await;
    ask(world.transaction(3, RECIPIENT, 1, Vec::new()), "the Safe's nonce is 4").await;
    ask(world.transaction(4, RECIPIENT, 11 * ETHER, Vec::new()), "go along").await;
    let refund = world.sign(SafeTransaction {
        gas_price: U256::ONE,
        gas_token: world.chain.token,
        ..good.clone()
    });
    ask(refund, "with a refund").await;
    let delegated =
        world.sign(SafeTransaction { operation: SafeOperation::DelegateCall, ..good.clone() });
    ask(delegated, "a delegatecall to").await;
    // Weakening what guards it, and its fallback handler.
    let removes = protected::setGuardCall { guard: Address::ZERO }.abi_encode();
    ask(world.transaction(4, world.safe, 0, removes), "own function").await;
    // What needs no attestation gets none.
    let exit = WritSafeGuard::announceExitCall {}.abi_encode();
    ask(world.transaction(4, world.guard, 0, exit), "nothing asks for an attestation").await;
    // An account that is no Safe, and a Safe without a guard.
    let none = world.sign(SafeTransaction { safe: world.chain.token, ..good.clone() });
    ask(none, "has no transaction guard").await;
    let unused = SafeTransaction { safe: RECIPIENT, ..good.clone() };
    ask(unused, "there is no contract").await;

    // And the policy: nobody on no list is paid.
    let stranger = world.transaction(4, world.stranger, 1, Vec::new());
    let call = world.asked(CallPath::Presented, ProtectedCall::Safe(stranger.clone()));
    let answer = operator.attest_call(&world.request(&call).await).await.unwrap();
    let OperatorResponse::Deny(deny) = answer else { panic!("{answer:?}") };
    assert!(
        deny.reasons.iter().any(|reason| reason.contains("may not receive")),
        "{:?}",
        deny.reasons
    );
    assert!(!world.execute(&stranger, &stranger.signatures).await.status());
}
