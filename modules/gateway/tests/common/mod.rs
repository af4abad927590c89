//! Operators that really sign, behind real HTTP servers, and behave as each test says.

#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

pub mod chain;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use alloy::{
    primitives::{Address, B256, Bytes, U256, bytes, keccak256},
    sol_types::SolValue,
};
use jsonrpsee::{
    server::{RpcModule, ServerBuilder, ServerConfig, ServerHandle},
    types::ErrorObjectOwned,
};
use serde_json::Value;
use writ_attestation::{
    AccountKind, AccountPolicy, AccountState, Attestation, Bound, Bounds, Configuration, Denial,
    DetachedTerms, Domain, Mode, OperatorKey, OperatorSet, action_of, max_cost_of, reasons_hash,
    wire::{
        Allow, AttestRequest, BlockRef, CODE_OPERATOR, Deny, Evaluation, Identity, OperatorFault,
        OperatorResponse,
    },
};
use writ_gateway::{
    AccountView, Ask, BundlerPolicy, DecisionStore, Gateway, GatewayOptions, OperatorEndpoint,
};
use writ_simulation::SenderCall;
use writ_types::{EntryPointVersion, UserOperation};

pub const NOW: u64 = 1_800_000_000;
pub const VERSION: EntryPointVersion = EntryPointVersion::V08;
pub const CHAIN: u64 = 31_337;
pub const MODULE: Address = Address::repeat_byte(0x33);
pub const ACCOUNT: Address = Address::repeat_byte(0x5e);

/// How an operator behaves.
#[derive(Clone, Debug)]
pub enum Behaviour {
    Honest,
    Denies(&'static str),
    /// Does not have the block for this many requests.
    Lags(usize),
    /// Never has the block.
    Reorganised,
    Slow(Duration),
    /// Signs about another operation, and says so.
    SignsAnotherNonce,
    /// Claims the right action and signs another digest.
    SignsAnotherDigest,
    /// Signs with a key that is not in the set.
    SignsWithStrangeKey,
    /// Signs with the key of the operator at this index.
    SignsAs(u8),
    /// Answers evidence that does not hash to what it signed.
    SwapsEvidence,
    /// Signs a window of a year.
    SignsForAYear,
    /// Signs for another revision.
    SignsAnotherRevision,
    /// Denies with reasons that it did not sign.
    SwapsReasons,
    /// Answers three megabytes.
    Floods,
    /// Answers something that is no response.
    Babbles,
    /// Fails with a fault.
    Faults(OperatorFault),
}

pub struct World {
    pub keys: Vec<Arc<OperatorKey>>,
    pub view: AccountView,
}

impl World {
    pub fn new(k: u8, n: u8) -> Self {
        let keys: Vec<_> = (1..=n)
            .map(|i| {
                Arc::new(OperatorKey::from_hex(&format!("{:064x}", u64::from(i) + 0x7000)).unwrap())
            })
            .collect();
        let operators = OperatorSet::new(keys.iter().map(|key| key.address()).collect()).unwrap();
        let policy = AccountPolicy {
            configuration: Configuration {
                owner: Address::repeat_byte(0x0a),
                owner_validator: Address::ZERO,
                entry_point: VERSION.canonical_address(),
                registry: Address::ZERO,
                operator_set: operators.address(),
                operator_set_code_hash: operators.code_hash(),
                policy: B256::repeat_byte(0x77),
                threshold: k,
                least_operators: n,
                level: 1,
                mode: Mode::Enforce,
                exit_delay: 86_400,
                epoch: 3,
                reads_history: true,
            },
            state: AccountState {
                revision: 5,
                sequence: 11,
                validator_installed: true,
                hook_installed: true,
                ..Default::default()
            },
        };
        let view = AccountView {
            module: MODULE,
            policy,
            operators,
            account_code: keccak256(account_code()),
        };
        Self { keys, view }
    }

    /// A world in which the same operators decide about what the bundler demands of `ACCOUNT`.
    pub fn detached(k: u8, n: u8) -> (Self, BundlerPolicy) {
        let mut world = Self::new(k, n);
        let operators = world.keys.iter().map(|key| key.address()).collect();
        let terms = DetachedTerms { policies: Vec::new(), operators };
        let commitment = B256::repeat_byte(0x78);
        world.view.module = Address::ZERO;
        world.view.policy = AccountPolicy::detached(
            VERSION.canonical_address(),
            commitment,
            k,
            &world.view.operators,
        );
        (world, BundlerPolicy::new(terms, commitment, k).unwrap())
    }

    /// A question about `operation` at block `number`.
    pub fn ask(&self, operation: UserOperation, number: u64) -> Ask {
        let entry_point = VERSION.canonical_address();
        Ask {
            user_op_hash: operation.hash(entry_point, CHAIN, None).unwrap(),
            operation,
            entry_point,
            chain_id: CHAIN,
            sequence: self.view.policy.next_sequence(0),
            account: self.view.clone(),
            detached: None,
            block: block(number),
            predecessors: vec![],
            now: NOW,
            facts: Default::default(),
        }
    }

    /// Starts one operator per behaviour, and a gateway that knows them all by address.
    pub async fn gateway(
        &self,
        behaviours: &[Behaviour],
    ) -> (Arc<Gateway>, Vec<TestOperator>, tempfile::TempDir) {
        self.gateway_with(behaviours, GatewayOptions::default()).await
    }

    pub async fn gateway_with(
        &self,
        behaviours: &[Behaviour],
        options: GatewayOptions,
    ) -> (Arc<Gateway>, Vec<TestOperator>, tempfile::TempDir) {
        let mut operators = Vec::new();
        for (index, behaviour) in behaviours.iter().enumerate() {
            operators.push(TestOperator::start(self, index as u8, behaviour.clone()).await);
        }
        let endpoints = operators.iter().map(TestOperator::endpoint).collect();
        let folder = tempfile::tempdir().unwrap();
        let store = DecisionStore::open(&folder.path().join("decisions")).unwrap();
        let gateway =
            Gateway::new(GatewayOptions { operators: endpoints, ..options }, store).unwrap();
        (gateway, operators, folder)
    }
}

/// The account's code: it calls itself an account of OpenZeppelin's.
pub fn account_code() -> Bytes {
    account_of(AccountKind::OpenZeppelin.account_id())
}

/// Code that answers `id` to `accountId()`, and to everything else.
pub fn account_of(id: &str) -> Bytes {
    chain::returns(&(id.to_owned(),).abi_encode_params())
}

pub fn block(number: u64) -> BlockRef {
    BlockRef { number, hash: keccak256(number.to_be_bytes()) }
}

/// An operation whose nonce key names the module.
pub fn operation(sequence: u64) -> UserOperation {
    let mut nonce = [0; 32];
    nonce[..20].copy_from_slice(MODULE.as_slice());
    UserOperation {
        version: VERSION,
        sender: ACCOUNT,
        nonce: U256::from_be_bytes(nonce) + U256::from(sequence),
        factory: None,
        call_data: bytes!("e9ae5c53000102"),
        call_gas_limit: 100_000,
        verification_gas_limit: 200_000,
        pre_verification_gas: U256::from(60_000),
        max_fee_per_gas: 3_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        paymaster: None,
        signature: vec![0x51; 65].into(),
        authorization: None,
    }
}

/// A port that nobody listens on.
pub async fn dead_endpoint(operator: Option<Address>) -> OperatorEndpoint {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    OperatorEndpoint { url: format!("http://{address}"), address: operator }
}

struct State {
    index: u8,
    keys: Vec<Arc<OperatorKey>>,
    view: AccountView,
    behaviour: Mutex<Behaviour>,
    calls: AtomicUsize,
    /// The live allow per nonce, as real operators keep it.
    live: Mutex<HashMap<U256, (AttestRequest, Allow)>>,
}

pub struct TestOperator {
    state: Arc<State>,
    address: SocketAddr,
    handle: ServerHandle,
}

impl TestOperator {
    pub async fn start(world: &World, index: u8, behaviour: Behaviour) -> Self {
        let state = Arc::new(State {
            index,
            keys: world.keys.clone(),
            view: world.view.clone(),
            behaviour: Mutex::new(behaviour),
            calls: AtomicUsize::new(0),
            live: Mutex::default(),
        });
        let config = ServerConfig::builder().http_only().max_response_body_size(1 << 23).build();
        let server = ServerBuilder::new().set_config(config).build("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        let mut module = RpcModule::new(state.clone());
        module
            .register_async_method("operator_attest", |params, state, _| async move {
                let request: AttestRequest = params.one()?;
                state.attest(request).await
            })
            .unwrap();
        module
            .register_async_method("operator_evaluate", |params, state, _| async move {
                let request: AttestRequest = params.one()?;
                Ok::<_, ErrorObjectOwned>(state.evaluate(&request))
            })
            .unwrap();
        module
            .register_method("operator_identity", |_, state, _| {
                Ok::<_, ErrorObjectOwned>(Identity {
                    address: state.keys[usize::from(state.index)].address(),
                    chain_id: CHAIN,
                    version: "test".into(),
                })
            })
            .unwrap();
        Self { state, address, handle: server.start(module) }
    }

    pub fn endpoint(&self) -> OperatorEndpoint {
        let operator = self.state.keys[usize::from(self.state.index)].address();
        OperatorEndpoint { url: format!("http://{}", self.address), address: Some(operator) }
    }

    pub fn calls(&self) -> usize {
        self.state.calls.load(Ordering::SeqCst)
    }

    pub fn behave(&self, behaviour: Behaviour) {
        *self.state.behaviour.lock().unwrap() = behaviour;
    }

    /// Forgets its live allows, as when they have expired.
    pub fn forget(&self) {
        self.state.live.lock().unwrap().clear();
    }

    pub fn stop(&self) {
        self.handle.stop().unwrap();
    }
}

fn fault(fault: &OperatorFault) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(CODE_OPERATOR, fault.kind(), Some(fault))
}

impl State {
    async fn attest(&self, request: AttestRequest) -> Result<Value, ErrorObjectOwned> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let behaviour = self.behaviour.lock().unwrap().clone();
        let unknown = OperatorFault::BlockUnknown { hash: request.block.hash };
        let response = match behaviour {
            Behaviour::Honest => self.honest(&request)?,
            Behaviour::Lags(calls) if call < calls => return Err(fault(&unknown)),
            Behaviour::Lags(_) => self.honest(&request)?,
            Behaviour::Reorganised => return Err(fault(&unknown)),
            Behaviour::Slow(time) => {
                tokio::time::sleep(time).await;
                self.honest(&request)?
            }
            Behaviour::Denies(reason) => self.deny(&request, reason),
            Behaviour::SwapsReasons => {
                let OperatorResponse::Deny(deny) = self.deny(&request, "one") else {
                    unreachable!()
                };
                OperatorResponse::Deny(Deny { reasons: vec!["another".into()], ..deny })
            }
            Behaviour::SignsAnotherNonce => {
                let mut other = operation_of(&request);
                other.nonce += U256::ONE;
                self.allow(
                    &AttestRequest { operation: other.to_rpc(), ..request },
                    |_| (),
                    |_| (),
                    None,
                )
            }
            Behaviour::SignsAnotherDigest => {
                self.allow(&request, |signed| signed.evidence = B256::ZERO, |_| (), None)
            }
            Behaviour::SignsWithStrangeKey => {
                let stranger = OperatorKey::random();
                self.allow(&request, |_| (), |_| (), Some((&stranger, self.index)))
            }
            Behaviour::SignsAs(index) => {
                self.allow(&request, |_| (), |_| (), Some((&self.keys[usize::from(index)], index)))
            }
            Behaviour::SwapsEvidence => {
                let OperatorResponse::Allow(allow) = self.honest(&request)? else { unreachable!() };
                OperatorResponse::Allow(Allow { evidence: bytes!("00"), ..allow })
            }
            Behaviour::SignsForAYear => {
                self.allow(&request, |_| (), |a| a.valid_until += 365 * 86_400, None)
            }
            Behaviour::SignsAnotherRevision => {
                self.allow(&request, |_| (), |a| a.revision += 1, None)
            }
            Behaviour::Floods => return Ok(Value::String("x".repeat(3 << 20))),
            Behaviour::Babbles => return Ok(serde_json::json!({"decision": "maybe"})),
            Behaviour::Faults(one) => return Err(fault(&one)),
        };
        Ok(serde_json::to_value(response).unwrap())
    }

    fn honest(&self, request: &AttestRequest) -> Result<OperatorResponse, ErrorObjectOwned> {
        let nonce = operation_of(request).nonce;
        let mut live = self.live.lock().unwrap();
        if let Some((asked, allow)) = live.get(&nonce) {
            if asked == request {
                return Ok(OperatorResponse::Allow(allow.clone()));
            }
            return Err(fault(&OperatorFault::LiveAllow {
                block_number: asked.block.number,
                block_hash: asked.block.hash,
                valid_until: allow.attestation.valid_until,
            }));
        }
        let response = self.allow(request, |_| (), |_| (), None);
        if let OperatorResponse::Allow(allow) = &response {
            live.insert(nonce, (request.clone(), allow.clone()));
        }
        Ok(response)
    }

    /// An allow; `sign` changes what is signed and not what is said, `both` changes both.
    fn allow(
        &self,
        request: &AttestRequest,
        sign: impl Fn(&mut Attestation),
        both: impl Fn(&mut Attestation),
        signer: Option<(&OperatorKey, u8)>,
    ) -> OperatorResponse {
        let operation = operation_of(request);
        let action = action_of(
            &operation,
            request.entry_point,
            self.view.account_code,
            max_cost_of(&operation),
        );
        let evidence = evidence(request);
        let bounds = Bounds::new(vec![Bound::native(1_000)]).unwrap();
        let policy = &self.view.policy;
        let mut attestation = Attestation {
            action: action.hash(),
            policy: policy.configuration.policy,
            evidence: keccak256(&evidence),
            bounds: bounds.hash(),
            revision: policy.state.revision,
            epoch: policy.configuration.epoch,
            sequence: policy.next_sequence(request.predecessors.len() as u64),
            level: 1,
            block_number: request.block.number,
            block_hash: request.block.hash,
            valid_after: NOW - 1,
            valid_until: NOW + 300,
        };
        both(&mut attestation);
        let mut signed = attestation;
        sign(&mut signed);
        let digest = signed.digest(&Domain::new(CHAIN, request.module)).unwrap();
        let (key, index) = signer.unwrap_or((&self.keys[usize::from(self.index)], self.index));
        OperatorResponse::Allow(Allow {
            attestation,
            action: action.into(),
            bounds,
            evidence,
            signature: key.sign(digest, index),
        })
    }

    fn deny(&self, request: &AttestRequest, reason: &str) -> OperatorResponse {
        let operation = operation_of(request);
        let action = action_of(
            &operation,
            request.entry_point,
            self.view.account_code,
            max_cost_of(&operation),
        );
        let evidence = evidence(request);
        let reasons = vec![reason.to_owned()];
        let denial = Denial {
            action: action.hash(),
            policy: self.view.policy.configuration.policy,
            evidence: keccak256(&evidence),
            revision: self.view.policy.state.revision,
            block_number: request.block.number,
            block_hash: request.block.hash,
            reasons: reasons_hash(&reasons),
        };
        let digest = denial.digest(&Domain::new(CHAIN, request.module));
        let signature = self.keys[usize::from(self.index)].sign(digest, self.index);
        OperatorResponse::Deny(Deny { denial, action: action.into(), reasons, evidence, signature })
    }

    fn evaluate(&self, request: &AttestRequest) -> Evaluation {
        let denies = matches!(*self.behaviour.lock().unwrap(), Behaviour::Denies(_));
        Evaluation {
            allow: !denies,
            reasons: if denies { vec!["no".into()] } else { vec![] },
            action: keccak256(operation_of(request).to_rpc().to_string()),
            bounds: None,
            evidence: keccak256(evidence(request)),
            input: Value::Null,
            owner_signature_checked: false,
        }
    }
}

fn operation_of(request: &AttestRequest) -> UserOperation {
    UserOperation::from_rpc(&request.operation, VERSION).unwrap()
}

/// What everybody's evidence is: a function of request and block. Under detached terms it says that the account sends
/// its nonce's sequence and five wei.
fn evidence(request: &AttestRequest) -> Bytes {
    if request.detached.is_none() {
        return serde_json::to_vec(request).unwrap().into();
    }
    let operation = operation_of(request);
    let SenderCall { to, value, data } = sends(operation.nonce_sequence() + 5);
    let call = writ_policy::Value::object([
        ("to", to.into()),
        ("value", value.into()),
        ("data", writ_policy::Value::hex(data.unwrap())),
    ]);
    let document = writ_policy::Value::object([
        ("calls", writ_policy::Value::array([call])),
        ("block", request.block.hash.into()),
    ]);
    writ_policy::encode(&document).into()
}

/// A call that sends wei to somebody.
pub fn sends(wei: u64) -> SenderCall {
    let data = Some(Bytes::from_static(&[0xda, 0x7a]));
    SenderCall { to: Address::repeat_byte(0x77), value: U256::from(wei), data }
}
