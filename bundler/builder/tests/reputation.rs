//! Whose reputation pays for what: real accounts, factories and paymasters through the EntryPoint, on a real chain.

#[path = "../../../simulation/tests/operations/asm.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "this file uses a part of the assembler")]
mod asm;
mod common;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use asm::{Asm, account, asm, contract, factory, paymaster};
use common::{Anvil, Bundler, ENTRY_POINT, Running, config, deploy};
use revm::bytecode::opcode as op;
use serde_json::{Value, json};
use tempfile::TempDir;
use writ_admission::Renewal;
use writ_builder::{BuilderConfig, BundlingMode};
use writ_pool::ReputationStatus;
use writ_simulation::{NodeClient, PinnedBlock};
use writ_types::{EntryPointVersion, Factory, GasSchedule, Paymaster, RuleId, UserOperation};

const ACCOUNT: Address = Address::repeat_byte(0xa1);
const OTHER: Address = Address::repeat_byte(0xa2);
const THIRD: Address = Address::repeat_byte(0xa3);
const FACTORY: Address = Address::repeat_byte(0xfa);
const PAYMASTER: Address = Address::repeat_byte(0x9a);
const BYSTANDER: Address = Address::repeat_byte(0x9b);
const HELPER: Address = Address::repeat_byte(0xe1);
const TEMPLATE: Address = Address::repeat_byte(0x7e);
const SLOT: U256 = U256::ZERO;

fn ether() -> U256 {
    U256::from(10).pow(U256::from(18))
}

fn reverts() -> Asm {
    asm().push(0).push(0).op(op::REVERT)
}

/// Reverts once slot 0 of whoever runs this is set.
fn reverts_if_set() -> Asm {
    asm().push(0).op(op::SLOAD).when(reverts())
}

fn sets() -> Asm {
    asm().push(1).push(0).op(op::SSTORE)
}

/// The code that puts the template's code at a new account.
fn init_code() -> Bytes {
    asm()
        .address(TEMPLATE)
        .ops(&[op::EXTCODESIZE, op::DUP1])
        .push(0)
        .push(0)
        .address(TEMPLATE)
        .op(op::EXTCODECOPY)
        .push(0)
        .op(op::RETURN)
        .build()
}

struct Scene {
    _anvil: Anvil,
    _folder: TempDir,
    node: NodeClient,
    running: Running,
}

impl Scene {
    async fn new() -> Self {
        let anvil = Anvil::start(&[], None).await;
        let node = anvil.node();
        deploy(&node).await;
        let folder = TempDir::new().expect("a folder");
        let manual = BuilderConfig { mode: BundlingMode::Manual, ..config() };
        let running = Bundler::new(&node, folder.path(), manual).await.run();
        let scene = Self { _anvil: anvil, _folder: folder, node, running };
        // What the EntryPoint has promised in deposits that the test writes, it can pay.
        let thousand = ether() * U256::from(1_000);
        scene.request("anvil_setBalance", json!([ENTRY_POINT.address, thousand])).await;
        for bystander in [PAYMASTER, BYSTANDER] {
            scene.code(bystander, paymaster(asm(), 0)).await;
            scene.deposit(bystander, ether(), false).await;
        }
        for sender in [ACCOUNT, OTHER, THIRD] {
            scene.code(sender, account(asm())).await;
        }
        scene.mine().await;
        scene
    }

    async fn request(&self, method: &'static str, parameters: Value) {
        let _: Value = self.node.request(method, parameters).await.expect(method);
    }

    async fn mine(&self) {
        self.request("evm_mine", json!([])).await;
    }

    async fn code(&self, at: Address, code: Bytes) {
        self.request("anvil_setCode", json!([at, code])).await;
    }

    async fn set(&self, at: Address, slot: U256, value: U256) {
        self.request("anvil_setStorageAt", json!([at, B256::from(slot), B256::from(value)])).await;
    }

    /// Writes deposit and stake (one ether for a day, or none) where the EntryPoint keeps them.
    async fn deposit(&self, of: Address, wei: U256, staked: bool) {
        let key = [of.into_word().0, [0; 32]].concat();
        let first = U256::from_be_bytes(keccak256(key).0);
        let stake = U256::from(1) | (ether() << 8) | (U256::from(86_400) << 120);
        self.set(ENTRY_POINT.address, first, wei).await;
        let stake = if staked { stake } else { U256::ZERO };
        self.set(ENTRY_POINT.address, first + U256::from(1), stake).await;
    }

    async fn send(&self, operation: UserOperation) -> B256 {
        self.running.send(operation).await
    }

    /// Mines what was changed, and makes a bundle of what is pooled.
    async fn bundle(&self) -> Option<B256> {
        self.mine().await;
        self.running.handle.send_bundle_now().await.expect("answered")
    }

    async fn refused(&self, operation: UserOperation) -> (i32, Option<RuleId>) {
        let refused = self.running.admission.admit(operation, ENTRY_POINT.address).await;
        let refusal = refused.expect_err("must be refused").into_refusal();
        (refusal.code.code(), refusal.data.rule)
    }

    fn counters(&self, address: Address) -> (u64, u64) {
        let counters = self.running.pool.reputation_of(ENTRY_POINT.address, address).counters;
        (counters.seen, counters.included)
    }

    fn status(&self, address: Address) -> ReputationStatus {
        self.running.pool.reputation_of(ENTRY_POINT.address, address).status
    }

    async fn latest(&self) -> PinnedBlock {
        self.running.admission.state().latest().await.expect("a block")
    }

    /// What a second validation of a pooled operation says on the newest block, after `change`.
    async fn renewal(&self, hash: B256) -> Result<Renewal, Option<RuleId>> {
        self.mine().await;
        let pooled = self.running.pool.get(hash).expect("pooled");
        let again = self.running.admission.validate_again(&pooled, &self.latest().await).await;
        again.map_err(|error| error.into_refusal().data.rule)
    }
}

/// An operation of an account that does not look at its signature.
fn operation(sender: Address, paymaster: Option<Address>) -> UserOperation {
    let mut operation = UserOperation {
        version: EntryPointVersion::V08,
        sender,
        nonce: U256::ZERO,
        factory: None,
        call_data: Bytes::new(),
        call_gas_limit: 50_000,
        verification_gas_limit: 400_000,
        pre_verification_gas: U256::ZERO,
        max_fee_per_gas: 20_000_000_000,
        max_priority_fee_per_gas: 2_000_000_000,
        paymaster: paymaster.map(|address| Paymaster {
            address,
            verification_gas_limit: 300_000,
            post_op_gas_limit: 50_000,
            data: Bytes::new(),
            signature: None,
        }),
        signature: Bytes::from(vec![0xee; 65]),
        authorization: None,
    };
    operation.pre_verification_gas =
        GasSchedule::default().pre_verification_gas_for_estimate(&operation, 65);
    operation
}

#[tokio::test(flavor = "multi_thread")]
async fn erep_015_an_accounts_failure_takes_one_from_its_paymasters_ops_seen() {
    let scene = Scene::new().await;
    scene.code(ACCOUNT, account(reverts_if_set())).await;
    scene.mine().await;
    let hash = scene.send(operation(ACCOUNT, Some(PAYMASTER))).await;
    let included = scene.send(operation(OTHER, Some(PAYMASTER))).await;
    assert_eq!(scene.counters(PAYMASTER), (2, 0));
    scene.set(ACCOUNT, SLOT, U256::from(1)).await;
    assert!(scene.bundle().await.is_some());
    let reason = scene.running.until(hash, "dropped").await;
    assert!(reason.contains("AA23"), "{reason}");
    scene.running.until(included, "included").await;
    assert_eq!(scene.counters(PAYMASTER), (1, 1), "the other one counts, seen and included");
    scene.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn erep_020_a_staked_factory_is_banned_for_its_account() {
    let scene = Scene::new().await;
    let sender = FACTORY.create2(B256::ZERO, keccak256(init_code()));
    // The account asks a token whether it is listed there, at a slot associated with it.
    let asks = asm().push(0).push(0).push(0).push(0).push(0).address(HELPER);
    let asks = asks.ops(&[op::GAS, op::CALL, op::ISZERO]).when(reverts());
    scene.code(TEMPLATE, account(asks)).await;
    scene.code(HELPER, contract(asm().address(sender).op(op::SLOAD).when(reverts()))).await;
    scene.code(FACTORY, factory(asm(), &init_code(), asm())).await;
    scene.deposit(FACTORY, U256::ZERO, true).await;
    scene.mine().await;
    let create = |key: u64| {
        let mut create = operation(sender, Some(PAYMASTER));
        create.nonce = U256::from(key) << 64;
        create.factory = Some(Factory { address: FACTORY, data: Bytes::new() });
        create.pre_verification_gas += U256::from(20_000);
        create
    };
    let hash = scene.send(create(0)).await;
    assert_eq!((scene.counters(FACTORY), scene.counters(PAYMASTER)), ((1, 0), (1, 0)));
    scene.set(HELPER, U256::from_be_bytes(sender.into_word().0), U256::from(1)).await;
    assert_eq!(scene.bundle().await, None);
    scene.running.until(hash, "dropped").await;
    assert_eq!((scene.counters(FACTORY), scene.counters(PAYMASTER)), ((10_000, 0), (0, 0)));
    assert_eq!(scene.refused(create(1)).await, (-32504, Some(RuleId::Grep010)));
    scene.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn erep_030_a_staked_account_answers_for_its_paymaster() {
    for staked in [true, false] {
        let scene = Scene::new().await;
        scene.deposit(ACCOUNT, U256::ZERO, staked).await;
        scene.mine().await;
        let hash = scene.send(operation(ACCOUNT, Some(PAYMASTER))).await;
        let seen = u64::from(staked);
        assert_eq!((scene.counters(ACCOUNT), scene.counters(PAYMASTER)), ((seen, 0), (1, 0)));
        scene.deposit(PAYMASTER, U256::ZERO, false).await;
        assert_eq!(scene.bundle().await, None);
        scene.running.until(hash, "dropped").await;
        let paymaster = if staked { (0, 0) } else { (1, 0) };
        assert_eq!((scene.counters(ACCOUNT), scene.counters(PAYMASTER)), ((seen, 0), paymaster));
        scene.running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn grep_040_who_breaks_a_bundle_is_banned_and_the_others_go() {
    let scene = Scene::new().await;
    // It pays for one operation, and reverts for the next in the same bundle.
    scene.code(PAYMASTER, paymaster(reverts_if_set().then(sets()), 0)).await;
    scene.deposit(PAYMASTER, ether(), true).await;
    scene.mine().await;
    let one = scene.send(operation(ACCOUNT, Some(PAYMASTER))).await;
    let two = scene.send(operation(OTHER, Some(PAYMASTER))).await;
    let innocent = scene.send(operation(THIRD, Some(BYSTANDER))).await;
    assert_eq!(scene.counters(PAYMASTER), (2, 0));
    assert!(scene.bundle().await.is_some());
    let reason = scene.running.until(two, "dropped").await;
    assert!(reason.contains("AA33"), "{reason}");
    let reason = scene.running.until(one, "dropped").await;
    assert!(reason.contains("GREP-010"), "{reason}");
    scene.running.until(innocent, "included").await;
    assert_eq!((scene.counters(PAYMASTER), scene.counters(BYSTANDER)), ((10_000, 0), (1, 1)));
    let again = scene.refused(operation(ACCOUNT, Some(PAYMASTER))).await;
    assert_eq!(again, (-32504, Some(RuleId::Grep010)));
    scene.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn grep_040_nobody_is_banned_who_only_failed_alone() {
    let scene = Scene::new().await;
    scene.code(PAYMASTER, paymaster(reverts_if_set(), 0)).await;
    scene.deposit(PAYMASTER, ether(), true).await;
    scene.mine().await;
    let hash = scene.send(operation(ACCOUNT, Some(PAYMASTER))).await;
    scene.set(PAYMASTER, SLOT, U256::from(1)).await;
    assert_eq!(scene.bundle().await, None);
    let reason = scene.running.until(hash, "dropped").await;
    assert!(reason.contains("AA33"), "{reason}");
    // It was seen once and not included: that is what it loses.
    assert_eq!(scene.counters(PAYMASTER), (1, 0));
    scene.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn erep_070_a_staked_paymaster_that_saves_gas_in_the_bundle_is_throttled() {
    let scene = Scene::new().await;
    // Expensive until its slot is set, which the first operation of the bundle does.
    let shy = asm().push(0).ops(&[op::SLOAD, op::ISZERO]).when(asm().burn(3_000).then(sets()));
    scene.code(PAYMASTER, paymaster(shy, 0)).await;
    scene.deposit(PAYMASTER, ether(), true).await;
    scene.code(BYSTANDER, paymaster(asm().push(0).ops(&[op::SLOAD, op::POP]).burn(3_000), 0)).await;
    scene.deposit(BYSTANDER, ether(), true).await;
    scene.mine().await;
    let mut hashes = Vec::new();
    for (sender, paymaster) in [(ACCOUNT, PAYMASTER), (OTHER, PAYMASTER)] {
        hashes.push(scene.send(operation(sender, Some(paymaster))).await);
    }
    scene.bundle().await.expect("both go");
    for hash in hashes {
        scene.running.until(hash, "included").await;
    }
    assert_eq!(scene.status(PAYMASTER), ReputationStatus::Throttled);
    // The control: the same work twice, of which the second finds everything warm.
    let mut later = [operation(ACCOUNT, Some(BYSTANDER)), operation(OTHER, Some(BYSTANDER))];
    let mut hashes = Vec::new();
    for operation in &mut later {
        operation.nonce = U256::from(1);
        hashes.push(scene.send(operation.clone()).await);
    }
    scene.bundle().await.expect("both go");
    for hash in hashes {
        scene.running.until(hash, "included").await;
    }
    assert_eq!(scene.status(BYSTANDER), ReputationStatus::Ok);
    scene.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn erep_055_a_context_of_another_length_waits_for_another_bundle() {
    let scene = Scene::new().await;
    // No context the first time; from then on one of 32 bytes.
    let word = |value: u64| U256::from(value);
    let long = asm().return_words(&[word(0x40), word(0), word(32), word(7)]);
    let code = asm().push(0).op(op::SLOAD).when(long).then(sets());
    scene.code(PAYMASTER, paymaster(code, 0)).await;
    scene.deposit(PAYMASTER, ether(), true).await;
    scene.mine().await;
    let one = scene.send(operation(ACCOUNT, Some(PAYMASTER))).await;
    let two = scene.send(operation(OTHER, Some(PAYMASTER))).await;
    scene.bundle().await.expect("one goes");
    scene.running.until(one, "included").await;
    scene.running.until(two, "pending").await;
    assert_eq!(scene.status(PAYMASTER), ReputationStatus::Ok, "nothing reverted");
    scene.bundle().await.expect("the other goes");
    scene.running.until(two, "included").await;
    scene.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn loc_020_operations_that_touch_each_other_go_in_different_bundles() {
    let scene = Scene::new().await;
    scene.code(OTHER, account(asm().call(op::STATICCALL, ACCOUNT, 0, &[]))).await;
    scene.mine().await;
    let one = scene.send(operation(ACCOUNT, Some(PAYMASTER))).await;
    let two = scene.send(operation(OTHER, Some(PAYMASTER))).await;
    let three = scene.send(operation(THIRD, Some(PAYMASTER))).await;
    scene.bundle().await.expect("two of them go");
    scene.running.until(one, "included").await;
    scene.running.until(three, "included").await;
    scene.running.until(two, "pending").await;
    scene.bundle().await.expect("the other one goes");
    scene.running.until(two, "included").await;
    assert_eq!(scene.counters(PAYMASTER), (3, 3));
    scene.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn loc_030_a_bundle_spends_no_more_than_a_paymaster_has() {
    let scene = Scene::new().await;
    let cost = operation(ACCOUNT, Some(PAYMASTER)).required_prefund();
    scene.deposit(PAYMASTER, cost * U256::from(2), false).await;
    scene.mine().await;
    let one = scene.send(operation(ACCOUNT, Some(PAYMASTER))).await;
    let two = scene.send(operation(OTHER, Some(PAYMASTER))).await;
    // EREP-010: a third one is more than it has.
    let third = scene.refused(operation(THIRD, Some(PAYMASTER))).await;
    assert_eq!(third, (-32508, Some(RuleId::Erep010)));
    scene.deposit(PAYMASTER, cost * U256::from(2) - U256::from(1), false).await;
    scene.bundle().await.expect("one goes");
    scene.running.until(one, "included").await;
    scene.running.until(two, "pending").await;
    assert_eq!(scene.status(PAYMASTER), ReputationStatus::Ok);
    // The first one cost much less than it might have.
    scene.bundle().await.expect("the other goes");
    scene.running.until(two, "included").await;
    scene.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn loc_010_only_what_changed_is_simulated_again() {
    let scene = Scene::new().await;
    let reads = asm().push(0).ops(&[op::SLOAD, op::POP]).call(op::CALL, HELPER, 0, &[]);
    scene.code(ACCOUNT, account(reads)).await;
    scene.code(HELPER, contract(asm())).await;
    scene.mine().await;
    let hash = scene.send(operation(ACCOUNT, Some(PAYMASTER))).await;
    assert_eq!(scene.renewal(hash).await, Ok(Renewal::Unchanged), "an empty block");
    scene.set(ACCOUNT, U256::from(1), U256::from(9)).await;
    scene.set(HELPER, SLOT, U256::from(9)).await;
    assert_eq!(scene.renewal(hash).await, Ok(Renewal::Unchanged), "slots that it does not use");
    scene.set(ACCOUNT, SLOT, U256::from(9)).await;
    let renewed = match scene.renewal(hash).await {
        Ok(Renewal::Renewed(renewed)) => renewed,
        other => panic!("{other:?}"),
    };
    scene.running.pool.refresh(*renewed).expect("live");
    assert_eq!(scene.renewal(hash).await, Ok(Renewal::Unchanged), "compared with the newest");
    scene.deposit(ACCOUNT, ether(), false).await;
    assert!(matches!(scene.renewal(hash).await, Ok(Renewal::Renewed(_))), "its funds");
    scene.deposit(ACCOUNT, U256::ZERO, false).await;
    scene.deposit(PAYMASTER, ether(), true).await;
    assert!(matches!(scene.renewal(hash).await, Ok(Renewal::Renewed(_))), "who is staked");
    scene.deposit(PAYMASTER, ether(), false).await;
    assert_eq!(scene.renewal(hash).await, Ok(Renewal::Unchanged), "all as it was");
    scene.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cod_010_changed_code_drops_an_operation_before_its_bundle() {
    let scene = Scene::new().await;
    scene.code(ACCOUNT, account(asm().call(op::CALL, HELPER, 0, &[]))).await;
    scene.code(HELPER, contract(asm())).await;
    scene.mine().await;
    let hash = scene.send(operation(ACCOUNT, Some(PAYMASTER))).await;
    scene.code(THIRD, contract(asm().push(5))).await;
    assert_eq!(scene.renewal(hash).await, Ok(Renewal::Unchanged), "code that it does not visit");
    scene.code(HELPER, contract(asm().push(5))).await;
    assert_eq!(scene.renewal(hash).await, Err(Some(RuleId::Cod010)));
    assert_eq!(scene.bundle().await, None);
    let reason = scene.running.until(hash, "dropped").await;
    assert!(reason.contains("COD-010"), "{reason}");
    scene.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn srep_010_stakes_are_read_from_the_entry_point() {
    let scene = Scene::new().await;
    let status = |address| scene.running.admission.stake_of(address, ENTRY_POINT.address);
    let (stake, staked) = status(PAYMASTER).await.expect("read");
    assert_eq!((stake.address, stake.stake, stake.unstake_delay), (PAYMASTER, U256::ZERO, 0));
    assert!(!staked);
    scene.deposit(PAYMASTER, ether(), true).await;
    scene.mine().await;
    let (stake, staked) = status(PAYMASTER).await.expect("read");
    assert_eq!((stake.stake, stake.unstake_delay, staked), (ether(), 86_400, true));
    scene.running.stop().await;
}
