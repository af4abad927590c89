//! Admission of operations of an account that enforces a policy, on a real chain, with a quorum that really signs.

#[path = "../../builder/tests/common/anvil.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the builder's tests")]
mod anvil;

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use alloy::{
    primitives::{Address, B256, Bytes, U256, address, b256},
    rpc::types::TransactionReceipt,
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::SolCall,
};
use anvil::Anvil;
use serde_json::{Value, json};
use tempfile::TempDir;
use writ_admission::{Admission, AdmissionParts, AdmissionRules, Sending};
use writ_attestation::{
    Attestation, Bound, Bounds, Domain, OperatorKey, OperatorSet, Suffix, action_of, attach,
    largest_suffix,
};
use writ_bindings::{
    DETERMINISTIC_DEPLOYER, EntryPoint as EntryPointContract, Erc7579Account, MODE_ENFORCE,
    WritModule, deterministic_address, deterministic_calldata, dev_account_creation_code,
    installation_data, module_address, module_creation_code,
};
use writ_gateway::{AccountReader, Gate, GateOptions, Standing};
use writ_pool::{Pool, PoolConfig};
use writ_simulation::{
    NodeClient, Overrides, Simulator, StateOptions, StateProvider,
    data_availability::DataAvailability,
};
use writ_types::{
    EntryPoint, EntryPointVersion, GasSchedule, PartialUserOperation, Refusal, UserOperation,
};

const ENTRY_POINT: EntryPoint = EntryPoint::canonical(EntryPointVersion::V08);
const CHAIN: u64 = 31_337;
const RICH: Address = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
const SALT: B256 = b256!("0a59dbff790c23c976a548690c27297883cc66b4c67024f9117b0238995e35e9");
const ETHER: u64 = 1_000_000_000_000_000_000;

struct Scene {
    _anvil: Anvil,
    _folder: TempDir,
    admission: Admission,
    owner: PrivateKeySigner,
    account: Address,
    operators: Vec<OperatorKey>,
}

async fn send(node: &NodeClient, to: Address, data: Bytes, value: u64) {
    let transaction = json!([{"from": RICH, "to": to, "data": data, "value": U256::from(value), "gas": "0xe4e1c0"}]);
    let hash: B256 = node.request("eth_sendTransaction", transaction).await.expect("sent");
    let _: Value = node.request("evm_mine", json!([])).await.expect("mined");
    let receipt: Option<TransactionReceipt> =
        node.request("eth_getTransactionReceipt", json!([hash])).await.expect("answered");
    assert!(receipt.expect("mined").status(), "the set-up's transaction to {to} reverted");
}

async fn create(node: &NodeClient, salt: B256, code: &[u8]) -> Address {
    send(node, DETERMINISTIC_DEPLOYER, deterministic_calldata(salt, code), 0).await;
    deterministic_address(salt, code)
}

impl Scene {
    /// An account that demands two of three operators.
    async fn new() -> Self {
        Self::under(AdmissionRules::default()).await
    }

    /// The same, judged by these rules.
    async fn under(rules: AdmissionRules) -> Self {
        let anvil = Anvil::start(&[], None).await;
        let node = anvil.node();
        let artifact = anvil::root()
            .join("node_modules/@account-abstraction/contracts-v08/artifacts/EntryPoint.json");
        let text = std::fs::read_to_string(&artifact)
            .unwrap_or_else(|error| panic!("{}: {error}; run `npm ci`", artifact.display()));
        let artifact: Value = serde_json::from_str(&text).expect("an artifact");
        let code: Bytes = artifact["bytecode"].as_str().expect("code").parse().expect("hex");
        assert_eq!(create(&node, SALT, &code).await, ENTRY_POINT.address);
        assert_eq!(create(&node, B256::ZERO, &module_creation_code()).await, module_address());

        let operators: Vec<_> = (1..=3)
            .map(|tag: u8| {
                OperatorKey::from_hex(&format!("{:064x}", 0x900 + u32::from(tag))).expect("a key")
            })
            .collect();
        let set =
            OperatorSet::new(operators.iter().map(OperatorKey::address).collect()).expect("a set");
        create(&node, B256::ZERO, &set.creation_code()).await;
        let owner = PrivateKeySigner::random();
        let reference = WritModule::PolicyReference {
            policyId: B256::repeat_byte(7),
            parameters: Bytes::from_static(&[1, 2, 3]),
        };
        let commitment =
            vec![(reference.policyId, alloy::primitives::keccak256(&reference.parameters))];
        let configuration = WritModule::Configuration {
            owner: owner.address(),
            ownerValidator: Address::ZERO,
            entryPoint: ENTRY_POINT.address,
            registry: Address::ZERO,
            operatorSet: set.address(),
            operatorSetCodeHash: set.code_hash(),
            policy: alloy::primitives::keccak256(alloy::sol_types::SolValue::abi_encode(
                &commitment,
            )),
            threshold: 2,
            leastOperators: 3,
            level: 1,
            mode: MODE_ENFORCE,
            exitDelay: 3_600,
            epoch: 0,
            readsHistory: true,
        };
        let data = installation_data(&configuration, &[reference]);
        let module = module_address();
        let account = create(
            &node,
            B256::ZERO,
            &dev_account_creation_code(ENTRY_POINT.address, module, data, module),
        )
        .await;
        send(&node, account, Bytes::new(), ETHER).await;
        let deposit = EntryPointContract::depositToCall { account };
        send(&node, ENTRY_POINT.address, deposit.abi_encode().into(), ETHER).await;

        let folder = TempDir::new().expect("a folder");
        let simulator = Simulator::default();
        let accounts = AccountReader::new(simulator.clone(), vec![module]);
        let parts = AdmissionParts {
            state: StateProvider::new(node.clone(), StateOptions::default()),
            simulator,
            gate: Arc::new(Gate::new(GateOptions::default(), accounts, node.clone(), None)),
            pool: Arc::new(Pool::open(folder.path(), PoolConfig::new(CHAIN)).expect("a pool")),
            entry_points: vec![ENTRY_POINT],
        };
        let admission = Admission::new(parts, rules);
        Self { _anvil: anvil, _folder: folder, admission, owner, account, operators }
    }

    /// An operation of the module's first nonce key, signed by the owner.
    fn operation(&self, sequence: u64, value: u64) -> UserOperation {
        self.operation_of_key(0, sequence, value)
    }

    /// An operation of one of the module's nonce keys: the address, and four bytes of the wallet's choice.
    fn operation_of_key(&self, key: u32, sequence: u64, value: u64) -> UserOperation {
        let friend = Address::repeat_byte(0xf1);
        let call = [friend.as_slice(), &U256::from(value).to_be_bytes::<32>()].concat();
        let call = Erc7579Account::executeCall { mode: B256::ZERO, executionCalldata: call.into() };
        let module = U256::from_be_slice(module_address().as_slice()) << 96;
        let key = module | (U256::from(key) << 64);
        let mut operation = UserOperation {
            version: EntryPointVersion::V08,
            sender: self.account,
            nonce: key | U256::from(sequence),
            factory: None,
            call_data: call.abi_encode().into(),
            call_gas_limit: 300_000,
            verification_gas_limit: 400_000,
            pre_verification_gas: U256::ZERO,
            max_fee_per_gas: 20_000_000_000,
            max_priority_fee_per_gas: 2_000_000_000,
            paymaster: None,
            signature: Bytes::from(vec![0xee; 65]),
            authorization: None,
        };
        operation.pre_verification_gas = GasSchedule::default()
            .pre_verification_gas_for_estimate(&operation, 65 + largest_suffix(2));
        self.sign(operation)
    }

    fn sign(&self, mut operation: UserOperation) -> UserOperation {
        let hash = operation.hash(ENTRY_POINT.address, CHAIN, None).expect("a hash");
        operation.signature =
            self.owner.sign_hash_sync(&hash).expect("signs").as_bytes().to_vec().into();
        operation
    }

    /// What the quorum would sign about the operation now.
    async fn suffix(
        &self,
        operation: &UserOperation,
        sequence: u64,
        change: impl Fn(&mut Attestation),
    ) -> Suffix {
        let block = self.admission.state().latest().await.expect("a block");
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970")
            .as_secs()
            .max(block.timestamp());
        let standing =
            self.admission.gate().accounts().read(&block, operation, now).await.expect("readable");
        let Standing::Bound { account: view, .. } = standing else {
            panic!("the module looks at the account")
        };
        let max_cost = operation.required_prefund().to::<u128>();
        let bounds = Bounds::new(vec![Bound::native(1_000)]).expect("bounds");
        let mut attestation = Attestation {
            action: action_of(operation, ENTRY_POINT.address, view.account_code, max_cost).hash(),
            policy: view.policy.configuration.policy,
            evidence: B256::repeat_byte(9),
            bounds: bounds.hash(),
            revision: view.policy.state.revision,
            epoch: 0,
            sequence,
            level: 1,
            block_number: block.number(),
            block_hash: block.hash(),
            valid_after: block.timestamp() - 1,
            valid_until: now + 600,
        };
        change(&mut attestation);
        let digest = attestation.digest(&Domain::new(CHAIN, view.module)).expect("a window");
        let signatures =
            [0u8, 2].map(|index| self.operators[usize::from(index)].sign(digest, index)).to_vec();
        Suffix::new(&attestation, max_cost, bounds, signatures)
    }

    async fn attested(&self, operation: &UserOperation, sequence: u64) -> UserOperation {
        let suffix = self.suffix(operation, sequence, |_| {}).await;
        with(operation, &suffix)
    }

    async fn admit(&self, operation: UserOperation) -> Result<B256, Refusal> {
        self.admission.admit(operation, ENTRY_POINT.address).await.map_err(Refusal::from)
    }

    async fn refused(&self, operation: UserOperation) -> (i32, Option<String>) {
        let refusal = self.admit(operation).await.expect_err("must be refused");
        (refusal.code.code(), refusal.data.check.clone())
    }
}

fn with(operation: &UserOperation, suffix: &Suffix) -> UserOperation {
    let mut attested = operation.clone();
    attested.signature = attach(&operation.signature, suffix).expect("fits");
    attested
}

fn check(name: &str) -> (i32, Option<String>) {
    (-32531, Some(name.to_owned()))
}

/// By one account, with as much gas as it takes.
fn sending() -> Sending {
    let account = Address::repeat_byte(0xb0);
    Sending { origin: account, beneficiary: account, gas: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quorums_attestation_is_admitted_and_nothing_less() {
    let scene = Scene::new().await;
    let operation = scene.operation(0, 1);

    // Nobody is asked about what could not be included anyway.
    let mut forged = operation.clone();
    forged.signature = PrivateKeySigner::random()
        .sign_hash_sync(&B256::ZERO)
        .expect("signs")
        .as_bytes()
        .to_vec()
        .into();
    assert_eq!(scene.refused(forged).await, (-32507, None));
    let far = scene.operation(5, 1);
    assert_eq!(scene.refused(far).await, (-32500, None));
    // This bundler asks no operators at all.
    assert_eq!(scene.refused(operation.clone()).await, (-32530, None));

    // Every check by its name.
    let good = scene.suffix(&operation, 0, |_| {}).await;
    let moved = with(&scene.operation(0, 2), &good);
    assert_eq!(scene.refused(moved).await, check("signature"));
    let mut fewer = good.clone();
    fewer.signatures.pop();
    assert_eq!(scene.refused(with(&operation, &fewer)).await, check("tooFewSignatures"));
    let mut more = good.clone();
    more.signatures.push(more.signatures[0]);
    assert_eq!(scene.refused(with(&operation, &more)).await.0, -32531);
    let stale = scene.suffix(&operation, 0, |attestation| attestation.revision += 1).await;
    assert_eq!(scene.refused(with(&operation, &stale)).await, check("revision"));
    let skipping = scene.suffix(&operation, 1, |_| {}).await;
    assert_eq!(scene.refused(with(&operation, &skipping)).await, check("sequence"));
    let over = scene
        .suffix(&operation, 0, |attestation| attestation.valid_until = attestation.valid_after + 2)
        .await;
    assert_eq!(scene.refused(with(&operation, &over)).await, (-32533, Some("expired".into())));
    let mut twice = with(&operation, &good);
    twice.signature = [twice.signature.as_ref(), &good.encode().expect("encodes")].concat().into();
    assert_eq!(scene.refused(twice).await, check("twoSuffixes"));
    assert!(scene.admission.pool().is_empty());

    // The control, and the poisoned ones above did not keep it out.
    let hash = scene.admit(with(&operation, &good)).await.expect("admitted");
    let pooled = scene.admission.pool().get(hash).expect("pooled");
    assert!(pooled.attested);
    assert_eq!(
        pooled.gate.as_ref().map(|gate| (gate.sequence, gate.evidence)),
        Some((0, B256::repeat_byte(9)))
    );

    // One operation per key can be in a bundle; that of another key counts the pooled one ahead of it.
    let same_key = scene.operation(1, 1);
    let busy = scene.admit(scene.attested(&same_key, 1).await).await.expect_err("one per key");
    assert_eq!((busy.code.code(), busy.data.field.as_deref()), (-32500, Some("nonce")));
    let same_call = scene.operation_of_key(1, 0, 1);
    let busy = scene.admit(scene.attested(&same_call, 1).await).await.expect_err("one per call");
    assert_eq!(busy.code.code(), -32500);
    // One that has no attestation yet is judged behind the pooled one, up to where operators would be asked.
    assert_eq!(scene.refused(scene.operation_of_key(2, 0, 3)).await, (-32530, None));
    let next = scene.operation_of_key(1, 0, 2);
    assert_eq!(scene.refused(scene.attested(&next, 0).await).await, check("sequence"));
    scene.admit(scene.attested(&next, 1).await).await.expect("admitted");

    // Before a bundle both are looked at again, in order and together.
    let block = scene.admission.state().latest().await.expect("a block");
    let mut both = scene.admission.pool().best(ENTRY_POINT.address, block.base_fee().into(), 10);
    both.sort_by_key(|pooled| pooled.gate.as_ref().map(|gate| gate.sequence));
    let sending = sending();
    let passed =
        scene.admission.check_bundle(ENTRY_POINT, &both, &block, sending).await.expect("judged");
    assert_eq!(passed.expect("passes").verdicts.len(), 2);
    let alone = [both[1].clone()];
    let fault =
        scene.admission.check_bundle(ENTRY_POINT, &alone, &block, sending).await.expect("judged");
    let fault = Refusal::from(fault.expect_err("its sequence has not come").error);
    assert_eq!(fault.data.check.as_deref(), Some("sequence"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_estimate_without_attestation_is_enough_for_one_with() {
    let scene = Scene::new().await;
    let operation = scene.operation(0, 1);
    let mut partial = PartialUserOperation::from(operation.clone());
    partial.call_gas_limit = None;
    partial.verification_gas_limit = None;
    partial.pre_verification_gas = None;
    // A stub, as wallets send it.
    partial.signature = Some(
        scene
            .owner
            .sign_hash_sync(&B256::repeat_byte(1))
            .expect("signs")
            .as_bytes()
            .to_vec()
            .into(),
    );
    let estimate = scene
        .admission
        .estimate(partial, ENTRY_POINT.address, Overrides::default())
        .await
        .expect("never fails for lack of an attestation");
    let mut exact = operation;
    estimate.apply(&mut exact);
    let exact = scene.sign(exact);
    println!("estimated {:?}", estimate.limits());
    scene.admit(scene.attested(&exact, 0).await).await.expect("the estimate is enough");
}

/// The OP stack's own contracts as they were published, with an L1 that is dear.
async fn place_op_stack(node: &NodeClient) {
    let oracle = "0x420000000000000000000000000000000000000F";
    let l1_block = "0x4200000000000000000000000000000000000015";
    let code = |name: &str| {
        let path = anvil::root().join("simulation/tests/fixtures/op-stack").join(name);
        std::fs::read_to_string(path).expect("the fixture").trim().to_owned()
    };
    let word = |value: U256| B256::from(value.to_be_bytes());
    let scalars = (U256::from(5_227) << 96_usize) | (U256::from(1_014_213) << 64_usize);
    for (address, name) in [(oracle, "GasPriceOracle.hex"), (l1_block, "L1Block.hex")] {
        let _: Value =
            node.request("anvil_setCode", json!([address, code(name)])).await.expect("set");
    }
    for (address, slot, value) in [
        (oracle, 0, U256::from(0x0101)),
        (l1_block, 1, U256::from(30_000_000_000_000_u64)),
        (l1_block, 3, scalars),
        (l1_block, 7, U256::from(1)),
    ] {
        let set = json!([address, format!("{slot:#x}"), word(value)]);
        let _: Value = node.request("anvil_setStorageAt", set).await.expect("set");
    }
    let _: Value = node.request("evm_mine", json!([])).await.expect("mined");
}

/// NodeInterface exists in Nitro nodes only: in its place stands a contract that asks 100 gas per byte.
async fn place_node_interface(node: &NodeClient) {
    // CALLDATASIZE, PUSH1 100, MUL, PUSH0, MSTORE, BASEFEE, PUSH1 32, MSTORE, PUSH1 96, PUSH0, RETURN
    let set =
        json!(["0x00000000000000000000000000000000000000C8", "0x366064025f524860205260605ff3"]);
    let _: Value = node.request("anvil_setCode", set).await.expect("set");
    let _: Value = node.request("evm_mine", json!([])).await.expect("mined");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_rollup_pre_verification_gas_pays_for_publishing_the_bytes() {
    for kind in [DataAvailability::OpStack, DataAvailability::Arbitrum] {
        let rules = AdmissionRules { data_availability: kind, ..AdmissionRules::default() };
        let scene = Scene::under(rules).await;
        let node = scene.admission.state().client().clone();
        // A chain of another kind is told at the start.
        scene.admission.check_data_availability().await.expect_err("nobody answers here");
        match kind {
            DataAvailability::OpStack => place_op_stack(&node).await,
            _ => place_node_interface(&node).await,
        }
        scene.admission.check_data_availability().await.expect("the chain tells its price");

        let operation = scene.operation(0, 1);
        let mut partial = PartialUserOperation::from(operation.clone());
        partial.pre_verification_gas = None;
        let entry_point = ENTRY_POINT.address;
        let estimate = scene.admission.estimate(partial, entry_point, Overrides::default());
        let estimate = estimate.await.expect("estimated");
        let bytes = operation.pre_verification_gas;
        let data = estimate.pre_verification_gas - bytes;
        assert!(data > U256::from(10_000), "{kind:?}: {data} more than the bytes' {bytes}");

        let refusal = scene.admit(operation.clone()).await.expect_err("pays for its bytes only");
        assert_eq!(refusal.code.code(), -32602);
        assert_eq!(refusal.data.field.as_deref(), Some("preVerificationGas"));
        assert!(refusal.data.required.is_some_and(|required| required > bytes));

        let mut paying = operation;
        estimate.apply(&mut paying);
        let paying = scene.sign(paying);
        let hash = scene.admit(scene.attested(&paying, 0).await).await.expect("what was estimated");

        // A bundle's gas limit leaves room for it where the chain counts it there.
        let pooled = scene.admission.pool().get(hash).expect("pooled");
        let block = scene.admission.state().latest().await.expect("a block");
        let sending = sending();
        let bundle = scene.admission.check_bundle(ENTRY_POINT, &[pooled], &block, sending).await;
        let passed = bundle.expect("judged").expect("passes");
        assert_eq!(passed.data_gas > 10_000, kind == DataAvailability::Arbitrum);
    }
}
