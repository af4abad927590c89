//! Accounts that follow the real registry are moved by `writ sync`, when the module lets them and not before.

use std::{path::PathBuf, time::Duration};

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::{SolCall, SolConstructor, SolValue},
};
use serde_json::json;
use tempfile::TempDir;
use writ_bindings::{
    MODE_OBSERVE, WritModule, WritOperatorRegistry, dev_account_creation_code, installation_data,
    module_address, module_creation_code,
};
use writ_node::dev::{Chain, ChildProcess, Workplace};
use writ_policy::policy_commitment;
use writ_tests::{
    Node, Place, SOON, complaint, deploy_deterministically, ether, eventually, key, root, writ,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");
/// A contract, as the registry wants it of its owner.
const OWNER: Address = Address::repeat_byte(0x0a);
const DAY: u64 = 86_400;
const EXIT_DELAY: u64 = 3_600;

struct Stage {
    _chain: Chain,
    folder: TempDir,
    node: Node,
    registry: Address,
    signers: Vec<Address>,
    payer: PrivateKeySigner,
    key_file: PathBuf,
}

impl Stage {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("writ");
        let workplace = Workplace::open(place, root(), PROGRAM.into()).expect("a workplace");
        let chain = Chain::start(&workplace).await.unwrap_or_else(|error| panic!("{error}"));
        let mut node = Node::new(chain.url().clone());
        let module = deploy_deterministically(&mut node, &module_creation_code());
        assert_eq!(module, module_address());
        node.must("anvil_setCode", json!([OWNER, "0x00"])).await;
        let made = WritOperatorRegistry::constructorCall {
            owner: OWNER,
            guardian: Address::repeat_byte(0x9a),
            given: WritOperatorRegistry::RegistryParameters {
                leastBond: ether(1).to(),
                joinDelay: DAY as u32,
                leaveDelay: 20 * DAY as u32,
                coveredExitDelay: 7 * DAY as u32,
                grace: 3_600,
                thresholdFloor: 2,
                beneficiary: Address::repeat_byte(0xbe),
            },
        };
        let code = [&WritOperatorRegistry::BYTECODE[..], &made.abi_encode()].concat();
        let registry = Place::create(&mut node, code.into());
        let payer = key("payer");
        node.set_balance(payer.address(), ether(10)).await;
        let key_file = workplace.key_file("payer", &payer).expect("a key file");
        let mut stage =
            Self { _chain: chain, folder, node, registry, signers: vec![], payer, key_file };
        for index in 0..3 {
            stage.join(index).await;
        }
        stage.pass(DAY).await;
        stage.publish(1).await;
        stage
    }

    async fn by(&self, sender: Address, to: Address, data: Vec<u8>, value: U256) {
        self.node.set_balance(sender, ether(100)).await;
        self.node.must("anvil_impersonateAccount", json!([sender])).await;
        let data = Bytes::from(data);
        let call =
            json!({"from": sender, "to": to, "data": data, "value": value, "gas": "0x500000"});
        self.node.transact(call).await;
    }

    async fn join(&mut self, index: u8) {
        let (operator, signer) = (Address::repeat_byte(0x50 + index), key(&format!("op{index}")));
        let domain = WritOperatorRegistry::domainSeparatorCall {};
        let domain = self.node.read(self.registry, domain).await;
        let shown = keccak256(
            (keccak256("OperatorKey(address operator,address signer)"), operator, signer.address())
                .abi_encode(),
        );
        let digest = keccak256([&[0x19, 1], domain.as_slice(), shown.as_slice()].concat());
        let call = WritOperatorRegistry::joinCall {
            signer: signer.address(),
            metadata: String::new(),
            proof: signer.sign_hash_sync(&digest).expect("signed").as_bytes().into(),
        };
        self.by(operator, self.registry, call.abi_encode(), ether(1)).await;
        self.signers.push(signer.address());
    }

    /// The next epoch, with the operators in another order than before.
    async fn publish(&self, epoch: u64) {
        let mut signers = self.signers.clone();
        signers.rotate_left(epoch as usize % 3);
        let call = WritOperatorRegistry::publishCall { epoch, signers, leastThreshold: 2 };
        self.by(OWNER, self.registry, call.abi_encode(), U256::ZERO).await;
    }

    async fn pass(&self, seconds: u64) {
        self.node.must("evm_increaseTime", json!([seconds])).await;
        self.node.mine(1).await;
    }

    async fn account(&mut self, follows: bool) -> Address {
        let call = WritOperatorRegistry::operatorEpochCall { epoch: 1 };
        let epoch = self.node.read(self.registry, call).await;
        let policy = WritModule::PolicyReference {
            policyId: B256::repeat_byte(1),
            parameters: Bytes::new(),
        };
        let configuration = WritModule::Configuration {
            owner: Address::repeat_byte(0x0e),
            ownerValidator: Address::ZERO,
            entryPoint: Address::repeat_byte(0xe0),
            registry: if follows { self.registry } else { Address::ZERO },
            operatorSet: epoch.operatorSet,
            operatorSetCodeHash: epoch.codeHash,
            policy: policy_commitment(&[(policy.policyId, keccak256([]))]),
            threshold: 2,
            leastOperators: 3,
            level: 1,
            mode: MODE_OBSERVE,
            exitDelay: EXIT_DELAY as u32,
            epoch: 1,
            readsHistory: false,
        };
        let module = module_address();
        let data = installation_data(&configuration, &[policy]);
        let code = dev_account_creation_code(Address::repeat_byte(0xe0), module, data, module);
        Place::create(&mut self.node, code)
    }

    async fn epoch(&self, account: Address) -> u64 {
        let call = WritModule::configurationOfCall { account };
        self.node.read(module_address(), call).await.configuration.epoch
    }

    fn arguments(&self, accounts: &[Address], more: &[&str]) -> Vec<String> {
        let accounts: Vec<_> = accounts.iter().map(ToString::to_string).collect();
        let mut arguments = vec![
            "sync".to_owned(),
            format!("--node-url={}", self.node.url()),
            format!("--module={}", module_address()),
            format!("--accounts={}", accounts.join(",")),
        ];
        arguments.extend(more.iter().map(|&more| more.to_owned()));
        arguments
    }

    fn sending(&self, accounts: &[Address], more: &[&str]) -> Vec<String> {
        let mut arguments = self.arguments(accounts, more);
        arguments.push("--send".to_owned());
        arguments.push(format!("--signer-key-file={}", self.key_file.display()));
        arguments
    }

    /// What it says, which must succeed.
    async fn says(&self, arguments: &[String]) -> String {
        let output = writ(PROGRAM, arguments, None).await;
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_moved_when_its_exit_delay_has_passed_and_once() {
    let mut stage = Stage::new().await;
    let account = stage.account(true).await;
    let fixed = stage.account(false).await;
    let nobody = Address::repeat_byte(0xdd);

    // Nothing to do.
    let said = stage.says(&stage.sending(&[account, fixed, nobody, account], &[])).await;
    assert!(said.contains(&format!("{account}: is on epoch 1, the newest")), "{said}");
    assert!(said.contains(&format!("{fixed}: follows no registry")), "{said}");
    assert!(said.contains(&format!("{nobody}: does not have the module")), "{said}");
    assert_eq!(said.lines().count(), 3, "each once: {said}");

    // Too early.
    stage.publish(2).await;
    let said = stage.says(&stage.sending(&[account], &[])).await;
    assert!(said.contains("is on epoch 1, and cannot be moved to 2 yet: it can be from"), "{said}");
    assert_eq!(stage.node.account_nonce(stage.payer.address()).await, 0);

    // A dry run prints the call, and needs no key.
    stage.pass(EXIT_DELAY + 1).await;
    let said = stage.says(&stage.arguments(&[account, fixed], &[])).await;
    let call = Bytes::from(WritModule::syncCall { account, epoch: 2 }.abi_encode());
    assert!(said.contains(&format!("to   {}\ndata {call}\n", module_address())), "{said}");
    assert_eq!(stage.epoch(account).await, 1);

    // Not at that price.
    let dear = writ(PROGRAM, &stage.sending(&[account], &["--max-fee-per-gas=1"]), None).await;
    assert!(complaint(&dear).contains("1 of the accounts"), "{dear:?}");
    assert!(String::from_utf8_lossy(&dear.stdout).contains("--max-fee-per-gas is 1"), "{dear:?}");
    assert_eq!(stage.epoch(account).await, 1);

    let said = stage.says(&stage.sending(&[account, fixed], &[])).await;
    assert!(said.contains(&format!("{account}: is on epoch 2, by transaction 0x")), "{said}");
    assert_eq!(stage.epoch(account).await, 2);
    assert_eq!(stage.node.account_nonce(stage.payer.address()).await, 1);
    // Again: nothing.
    let said = stage.says(&stage.sending(&[account], &[])).await;
    assert!(said.contains("is on epoch 2, the newest"), "{said}");
    assert_eq!(stage.node.account_nonce(stage.payer.address()).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_epoch_that_is_ready_is_taken() {
    let mut stage = Stage::new().await;
    let account = stage.account(true).await;
    stage.publish(2).await;
    stage.publish(3).await;
    stage.pass(EXIT_DELAY + 1).await;
    stage.publish(4).await;
    let said = stage.says(&stage.sending(&[account], &[])).await;
    assert!(said.contains("can be moved to 3; not to 4 yet: it can be from second"), "{said}");
    assert_eq!(stage.epoch(account).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_twice() {
    let mut stage = Stage::new().await;
    let account = stage.account(true).await;
    stage.publish(2).await;
    stage.pass(EXIT_DELAY + 1).await;
    stage.node.must("evm_setAutomine", json!([false])).await;
    let sending = stage.sending(&[account], &["--wait=1"]);
    let first = writ(PROGRAM, &sending, None).await;
    complaint(&first);
    let said = String::from_utf8_lossy(&first.stdout).into_owned();
    assert!(said.contains("was sent and is not mined yet"), "{said}");
    let second = writ(PROGRAM, &sending, None).await;
    complaint(&second);
    let said = String::from_utf8_lossy(&second.stdout).into_owned();
    assert!(said.contains("wait to be mined"), "{said}");
    stage.node.mine(1).await;
    let said = stage.says(&sending).await;
    assert!(said.contains("is on epoch 2, the newest"), "{said}");
    assert_eq!(stage.node.account_nonce(stage.payer.address()).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn as_a_keeper_it_waits_and_moves() {
    let mut stage = Stage::new().await;
    let account = stage.account(true).await;
    let arguments = stage.sending(&[account], &["--every=1"]);
    let log = stage.folder.path().join("keeper.log");
    let mut keeper =
        ChildProcess::start("keeper", PROGRAM.as_ref(), &arguments, log.clone()).expect("started");
    let says = |part: &'static str| {
        let log = log.clone();
        eventually(part, SOON, move || {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            async move { text.contains(part).then_some(()) }
        })
    };
    says("is on epoch 1, the newest").await;
    stage.publish(2).await;
    says("cannot be moved to 2 yet").await;
    stage.pass(EXIT_DELAY + 1).await;
    says("is on epoch 2, by transaction").await;
    assert_eq!(stage.epoch(account).await, 2);
    keeper.end(Duration::from_secs(20)).await.expect("it ends when it is told to");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_is_said() {
    let mut stage = Stage::new().await;
    let account = stage.account(true).await;
    let unsigned = stage.arguments(&[account], &["--send"]);
    assert!(complaint(&writ(PROGRAM, &unsigned, None).await).contains("who sends?"));
    let many: Vec<_> = (0..257u64).map(|n| Address::from_word(U256::from(n + 1).into())).collect();
    let many = stage.arguments(&many, &[]);
    assert!(complaint(&writ(PROGRAM, &many, None).await).contains("at most 256"));
    // A contract that is no module: the others are looked at all the same.
    let mut wrong = stage.arguments(&[account], &[]);
    wrong[2] = format!("--module={}", stage.registry);
    let output = writ(PROGRAM, &wrong, None).await;
    complaint(&output);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("does not answer like a Writ module"), "{said}");
}
