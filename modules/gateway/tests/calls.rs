//! Questions about calls off the ERC-4337 path, to operators that sign, deny, lie and fail.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use common::{CHAIN, MODULE, NOW, World, block, dead_endpoint};
use jsonrpsee::{
    server::{RpcModule, ServerBuilder, ServerHandle},
    types::ErrorObjectOwned,
};
use writ_attestation::{
    Action, Attestation, Bound, Bounds, CallContext, Denial, Domain, OperatorKey, call_action,
    reasons_hash, verify_call,
    wire::{Allow, CODE_OPERATOR, CallAttestRequest, Deny, OperatorFault, OperatorResponse},
};
use writ_gateway::{
    CallAsk, DecisionStore, Gateway, GatewayError, GatewayOptions, OperatorEndpoint, Outcome,
    Verdict,
};
use writ_types::{
    AttestableCall, CallPath, ContractCall, EntryPointVersion, ProtectedCall, SafeOperation,
    SafeTransaction,
};

/// How an operator answers.
#[derive(Clone, Copy, Debug)]
enum Answer {
    Honest,
    Denies,
    /// Changes the call that it signs about.
    Changes(fn(&mut ContractCall)),
    /// Signs for how the attestation comes otherwise.
    OtherPath,
    /// Signs about a user operation.
    Operation,
    /// Signs what the contracts refuse: a sequence.
    Sequence,
    /// Signs in the domain of another contract.
    OtherDomain,
    Faults,
}

struct Operator {
    key: Arc<OperatorKey>,
    index: u8,
    answer: Mutex<Answer>,
    asked: AtomicUsize,
    policy: (B256, u64, u64),
}

impl Operator {
    fn respond(&self, request: &CallAttestRequest) -> Result<OperatorResponse, ErrorObjectOwned> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = *self.answer.lock().unwrap();
        let mut call = AttestableCall::from_rpc(&request.call).unwrap();
        assert_eq!(call.chain_id, Some(CHAIN), "the chain is always named");
        match (answer, &mut call.call) {
            (Answer::Changes(change), ProtectedCall::Contract(call)) => change(call),
            (Answer::OtherPath, _) => call.path = CallPath::Posted,
            (Answer::Faults, _) => {
                let fault = OperatorFault::Busy;
                return Err(ErrorObjectOwned::owned(CODE_OPERATOR, "busy", Some(fault)));
            }
            _ => {}
        }
        let action = match answer {
            Answer::Operation => Action::from(writ_attestation::action_of(
                &common::operation(0),
                EntryPointVersion::V08.canonical_address(),
                B256::ZERO,
                1,
            )),
            _ => call_action(&call, CHAIN).into(),
        };
        let evidence = Bytes::from(request.call.to_string().into_bytes());
        let (policy, revision, epoch) = self.policy;
        let module = if matches!(answer, Answer::OtherDomain) { Address::ZERO } else { MODULE };
        let domain = Domain::new(CHAIN, module);
        if matches!(answer, Answer::Denies) {
            let reasons = vec!["not among those who may call".to_owned()];
            let denial = Denial {
                action: action.hash(),
                policy,
                evidence: keccak256(&evidence),
                revision,
                block_number: request.block.number,
                block_hash: request.block.hash,
                reasons: reasons_hash(&reasons),
            };
            let signature = self.key.sign(denial.digest(&domain), self.index);
            return Ok(OperatorResponse::Deny(Deny {
                denial,
                action,
                reasons,
                evidence,
                signature,
            }));
        }
        let bounds = Bounds::new(vec![Bound::native(1)]).unwrap();
        let attestation = Attestation {
            action: action.hash(),
            policy,
            evidence: keccak256(&evidence),
            bounds: bounds.hash(),
            revision,
            epoch,
            sequence: u64::from(matches!(answer, Answer::Sequence)),
            level: 1,
            block_number: request.block.number,
            block_hash: request.block.hash,
            valid_after: NOW - 1,
            valid_until: NOW + 300,
        };
        let signature = self.key.sign(attestation.digest(&domain).unwrap(), self.index);
        Ok(OperatorResponse::Allow(Allow { attestation, action, bounds, evidence, signature }))
    }
}

struct Ground {
    world: World,
    gateway: Arc<Gateway>,
    operators: Vec<(Arc<Operator>, SocketAddr, ServerHandle)>,
    _folder: tempfile::TempDir,
}

impl Ground {
    /// Two of three, who answer so.
    async fn new(answers: [Answer; 3]) -> Self {
        let mut world = World::new(2, 3);
        world.view.policy.configuration.reads_history = false;
        let (mut operators, mut endpoints) = (Vec::new(), Vec::new());
        for (index, (key, answer)) in world.keys.iter().zip(answers).enumerate() {
            let policy = &world.view.policy;
            let operator = Arc::new(Operator {
                key: key.clone(),
                index: index as u8,
                answer: Mutex::new(answer),
                asked: AtomicUsize::new(0),
                policy: (
                    policy.configuration.policy,
                    policy.state.revision,
                    policy.configuration.epoch,
                ),
            });
            let server = ServerBuilder::new().build("127.0.0.1:0").await.unwrap();
            let address = server.local_addr().unwrap();
            let mut module = RpcModule::new(operator.clone());
            module
                .register_method("operator_attestCall", |params, operator, _| {
                    let request: CallAttestRequest = params.one()?;
                    operator.respond(&request)
                })
                .unwrap();
            endpoints.push(OperatorEndpoint {
                url: format!("http://{address}"),
                address: Some(key.address()),
            });
            operators.push((operator, address, server.start(module)));
        }
        let folder = tempfile::tempdir().unwrap();
        let store = DecisionStore::open(&folder.path().join("decisions")).unwrap();
        let options = GatewayOptions {
            operators: endpoints,
            time: Duration::from_millis(900),
            pause: Duration::from_millis(40),
            ..Default::default()
        };
        let gateway = Gateway::new(options, store).unwrap();
        Self { world, gateway, operators, _folder: folder }
    }

    fn ask(&self, call: ProtectedCall, number: u64) -> CallAsk {
        CallAsk {
            call: AttestableCall { chain_id: None, path: CallPath::Presented, call },
            chain_id: CHAIN,
            account: self.world.view.clone(),
            block: block(number),
            now: NOW,
            facts: Default::default(),
        }
    }

    fn asked(&self) -> usize {
        self.operators.iter().map(|(operator, ..)| operator.asked.load(Ordering::SeqCst)).sum()
    }

    async fn outcomes(&self, ask: &CallAsk) -> Vec<Outcome> {
        match self.gateway.attest_call(ask).await {
            Err(GatewayError::NoQuorum(failed)) => {
                failed.outcomes.into_iter().map(|one| one.outcome).collect()
            }
            other => panic!("no quorum was expected: {other:?}"),
        }
    }
}

fn call() -> ContractCall {
    ContractCall {
        contract: MODULE,
        caller: Address::repeat_byte(0xca),
        value: U256::from(3),
        data: vec![1, 2, 3, 4].into(),
        context: B256::ZERO,
        nonce: 7,
    }
}

#[tokio::test]
async fn a_quorum_is_collected_checked_recorded_and_given_again() {
    let ground = Ground::new([Answer::Honest, Answer::Denies, Answer::Honest]).await;
    let ask = ground.ask(ProtectedCall::Contract(call()), 7);
    let (suffix, signers) = ground.gateway.attest_call(&ask).await.unwrap();
    assert_eq!(signers, [ground.world.keys[0].address(), ground.world.keys[2].address()]);
    let context = CallContext {
        domain: Domain::new(CHAIN, MODULE),
        policy: &ask.account.policy,
        operators: &ask.account.operators,
        now: NOW,
    };
    assert_eq!(verify_call(&ask.action(), &suffix, &context).unwrap(), signers);

    let store = ground.gateway.decisions();
    let decision = store.get(ask.action().hash()).unwrap().unwrap();
    assert_eq!(decision.action, ask.action().into());
    assert_eq!(decision.user_op_hash, None);
    assert!(matches!(&decision.verdict, Verdict::Allowed { .. }));
    assert_eq!(store.get(suffix.evidence).unwrap(), Some(decision));

    // The same question, blocks later: nobody is asked.
    let before = ground.asked();
    let again = ground.ask(ProtectedCall::Contract(call()), 9);
    assert_eq!(ground.gateway.attest_call(&again).await.unwrap().0, suffix);
    assert_eq!(ground.asked(), before);
    // Another call of the same nonce is asked about.
    let other = ContractCall { value: U256::from(4), ..call() };
    let other = ground.ask(ProtectedCall::Contract(other), 9);
    assert_ne!(ground.gateway.attest_call(&other).await.unwrap().0, suffix);
    assert!(ground.asked() > before);
}

#[tokio::test]
async fn a_safes_decision_is_found_by_its_hash() {
    let ground = Ground::new([Answer::Honest; 3]).await;
    let transaction = SafeTransaction {
        safe: Address::repeat_byte(0x5a),
        to: Address::repeat_byte(0x70),
        value: U256::ONE,
        data: Bytes::new(),
        operation: SafeOperation::Call,
        safe_tx_gas: U256::ZERO,
        base_gas: U256::ZERO,
        gas_price: U256::ZERO,
        gas_token: Address::ZERO,
        refund_receiver: Address::ZERO,
        nonce: 0,
        signatures: vec![1; 65].into(),
        safe_tx_hash: None,
    };
    let hash = transaction.hash(CHAIN);
    let ask = ground.ask(ProtectedCall::Safe(transaction), 7);
    let (suffix, _) = ground.gateway.attest_call(&ask).await.unwrap();
    let decision = ground.gateway.decisions().get(hash).unwrap().unwrap();
    assert_eq!(decision.evidence_hash, suffix.evidence);
}

#[tokio::test]
async fn answers_about_anything_else_do_not_count_and_are_named() {
    for (answer, field) in [
        (Answer::Changes(|call| call.value = U256::MAX), "value"),
        (Answer::Changes(|call| call.caller = Address::ZERO), "caller"),
        (Answer::Changes(|call| call.data = Bytes::new()), "callData"),
        (Answer::Changes(|call| call.nonce = 8), "nonce"),
        (Answer::Changes(|call| call.context = B256::repeat_byte(1)), "context"),
        (Answer::Changes(|call| call.contract = Address::ZERO), "account"),
        (Answer::OtherPath, "path"),
        (Answer::Operation, "action"),
        (Answer::Sequence, "sequence"),
    ] {
        let ground = Ground::new([answer, Answer::Honest, Answer::Faults]).await;
        let outcomes = ground.outcomes(&ground.ask(ProtectedCall::Contract(call()), 7)).await;
        let Outcome::Lied(lie) = &outcomes[0] else { panic!("{outcomes:?}") };
        assert!(lie.to_string().contains(&format!("its {field} ")), "{field}: {lie}");
        assert!(matches!(outcomes[1], Outcome::Allowed(_)));
    }
    let ground = Ground::new([Answer::OtherDomain, Answer::Honest, Answer::Faults]).await;
    let outcomes = ground.outcomes(&ground.ask(ProtectedCall::Contract(call()), 7)).await;
    assert!(matches!(&outcomes[0], Outcome::Lied(lie) if lie.to_string().contains("signature")));
}

#[tokio::test]
async fn denials_and_silence_are_told_apart() {
    let ground = Ground::new([Answer::Denies, Answer::Honest, Answer::Denies]).await;
    let ask = ground.ask(ProtectedCall::Contract(call()), 7);
    let Err(GatewayError::Denied { reasons, evidence }) = ground.gateway.attest_call(&ask).await
    else {
        panic!("a denial was expected");
    };
    assert_eq!(reasons, ["not among those who may call"]);
    let decision = ground.gateway.decisions().by_evidence(evidence).unwrap().unwrap();
    assert!(matches!(decision.verdict, Verdict::Denied { .. }));

    let ground = Ground::new([Answer::Honest; 3]).await;
    for (_, _, handle) in &ground.operators[1..] {
        handle.stop().unwrap();
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let outcomes = ground.outcomes(&ground.ask(ProtectedCall::Contract(call()), 7)).await;
    assert!(matches!(outcomes[0], Outcome::Allowed(_)));
    assert!(matches!(outcomes[2], Outcome::Unreachable(_)), "{outcomes:?}");

    // Operators of a version that knows nothing of calls.
    let folder = tempfile::tempdir().unwrap();
    let store = DecisionStore::open(folder.path()).unwrap();
    let world = World::new(1, 1);
    let old = common::TestOperator::start(&world, 0, common::Behaviour::Honest).await;
    let operators = vec![old.endpoint(), dead_endpoint(None).await];
    let options =
        GatewayOptions { operators, time: Duration::from_millis(500), ..Default::default() };
    let gateway = Gateway::new(options, store).unwrap();
    let ask = CallAsk { account: world.view.clone(), ..ask };
    let Err(GatewayError::NoQuorum(failed)) = gateway.attest_call(&ask).await else {
        panic!("no quorum was expected");
    };
    assert!(failed.to_string().contains("Method not found"), "{failed}");
}
