//! From the trace to the installation: `writ trace-owner` on a real node, and the scripts that read its report.

use std::{path::PathBuf, process::Output, time::Duration};

use alloy::{
    primitives::{Address, B256, Bytes, hex},
    sol_types::SolValue,
};
use tempfile::TempDir;
use tokio::process::Command;
use writ_bindings::{
    MODE_OBSERVE, PlainOwnerValidator, WritModule, dev_account_creation_code, installation_data,
    module_address, module_creation_code,
};
use writ_node::dev::{Chain, Workplace};
use writ_policy::policy_commitment;
use writ_tests::{
    Node, Place, complaint, contract_owner, creation_of, deploy_deterministically, key, owner_data,
    root, stub, wallet, writ,
};
use writ_types::{EntryPoint, EntryPointVersion};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");
/// A script may have to be compiled first.
const SCRIPT_LIMIT: Duration = Duration::from_secs(1_200);
const POLICY_ID: B256 = B256::repeat_byte(0x11);

struct Stage {
    _chain: Chain,
    _folder: TempDir,
    node: Node,
    entry_point: Address,
    operator_set: Address,
    validator: Address,
    /// Without the module.
    plain: Address,
    /// With the module, and a key for an owner.
    guarded: Address,
    reports: PathBuf,
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.reports);
    }
}

impl Stage {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("writ");
        let workplace = Workplace::open(place, root(), PROGRAM.into()).expect("a workplace");
        let chain = Chain::start(&workplace).await.unwrap_or_else(|error| panic!("{error}"));
        let mut node = Node::new(chain.url().clone());
        let entry_point =
            node.deploy_entry_point(EntryPointVersion::V08).await.expect("a package").address;
        let module = deploy_deterministically(&mut node, &module_creation_code());
        assert_eq!(module, module_address());
        let validator = contract_owner(&mut node);
        let operators = [&[0], Address::repeat_byte(1).as_slice()].concat();
        let operator_set = Place::create(&mut node, creation_of(&operators));

        let plain = Place::create(&mut node, PlainOwnerValidator::BYTECODE.clone());
        let owner = key("owner").address();
        let data = Bytes::from(owner.abi_encode());
        let plain = dev_account_creation_code(entry_point, plain, data, Address::ZERO);
        let plain = Place::create(&mut node, plain);
        let policy = WritModule::PolicyReference { policyId: POLICY_ID, parameters: Bytes::new() };
        let configuration = WritModule::Configuration {
            owner,
            ownerValidator: Address::ZERO,
            entryPoint: entry_point,
            registry: Address::ZERO,
            operatorSet: operator_set,
            operatorSetCodeHash: alloy::primitives::keccak256(&operators),
            policy: policy_commitment(&[(POLICY_ID, alloy::primitives::keccak256([]))]),
            threshold: 1,
            leastOperators: 1,
            level: 1,
            mode: MODE_OBSERVE,
            exitDelay: 3_600,
            epoch: 0,
            readsHistory: false,
        };
        let data = installation_data(&configuration, &[policy]);
        let guarded = dev_account_creation_code(entry_point, module, data, module);
        let guarded = Place::create(&mut node, guarded);
        let reports = root().canonicalize().expect("the checkout");
        let reports = reports.join(format!("owner-traces/test-{}", std::process::id()));
        Self {
            _chain: chain,
            _folder: folder,
            node,
            entry_point,
            operator_set,
            validator,
            plain,
            guarded,
            reports,
        }
    }

    /// Deploys a wallet that does `first` before it answers, and its data contract.
    fn owner(&mut self, first: &[u8]) -> Address {
        let wallet = Place::create(&mut self.node, creation_of(&wallet(first)));
        owner_data(&mut self.node, wallet.as_slice())
    }

    async fn trace(
        &self,
        account: Address,
        owner: Address,
        signature: Option<B256>,
        report: &str,
    ) -> Output {
        let mut arguments = vec![
            "trace-owner".to_owned(),
            format!("--node-url={}", self.node.url()),
            format!("--account={account}"),
            format!("--module={}", module_address()),
            format!("--entry-point={}", self.entry_point),
            format!("--owner-validator={}", self.validator),
            format!("--owner={owner}"),
            format!("--stub={}", stub()),
            format!("--report={}", self.reports.join(report).display()),
        ];
        arguments.extend(signature.map(|signature| format!("--signature={signature}")));
        writ(PROGRAM, &arguments, None).await
    }

    fn report(&self, name: &str) -> serde_json::Value {
        let text = std::fs::read_to_string(self.reports.join(name)).expect("a report");
        serde_json::from_str(&text).expect("JSON")
    }

    async fn script(
        &self,
        script: &str,
        signature: &str,
        account: Address,
        owner: Address,
        report: Option<&str>,
    ) -> (bool, String) {
        let mut command = Command::new(root().join("node_modules/.bin/forge"));
        command.current_dir(root()).kill_on_drop(true);
        command.args(["script", script, "--sig", signature, "--rpc-url", self.node.url().as_str()]);
        for (name, value) in [
            ("ACCOUNT", account.to_string()),
            ("MODULE", module_address().to_string()),
            ("ENTRY_POINT", self.entry_point.to_string()),
            ("OPERATOR_SET", self.operator_set.to_string()),
            ("OWNER", owner.to_string()),
            ("OWNER_VALIDATOR", self.validator.to_string()),
            ("THRESHOLD", "1".to_owned()),
            ("LEAST_OPERATORS", "1".to_owned()),
            ("EXIT_DELAY", "3600".to_owned()),
            ("POLICY_ID", POLICY_ID.to_string()),
            ("PARAMETERS", "0x".to_owned()),
        ] {
            command.env(name, value);
        }
        command.env_remove("WRIT_OWNER_TRACE");
        if let Some(report) = report {
            command.env("WRIT_OWNER_TRACE", self.reports.join(report));
        }
        let output = tokio::time::timeout(SCRIPT_LIMIT, command.output()).await;
        let output = output.expect("it ends").expect("forge starts: run `npm ci`");
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    async fn install(&self, owner: Address, report: Option<&str>) -> (bool, String) {
        self.script("script/Install.s.sol", "run()", self.plain, owner, report).await
    }

    async fn refused(&self, owner: Address, report: Option<&str>, error: &str) -> String {
        let (taken, said) = self.install(owner, report).await;
        assert!(!taken && said.contains(error), "{error}: {said}");
        said
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_is_installed_as_owner_after_its_trace_and_never_before() {
    let mut stage = Stage::new().await;
    let good = stage.owner(&[]);
    let said = stage.refused(good, None, "OwnerNotTraced").await;
    assert!(said.contains("writ trace-owner --node-url URL"), "{said}");

    let first = stage.trace(stage.plain, good, None, "good.json").await;
    assert!(first.status.success(), "{first:?}");
    let report = stage.report("good.json");
    assert_eq!(report["result"], "stubOnly");
    assert_eq!(report["format"], "writ.owner-trace.1");
    let hash: B256 = serde_json::from_value(report["operationHash"].clone()).expect("a hash");
    assert!(String::from_utf8_lossy(&first.stdout).contains(&hash.to_string()));
    stage.refused(good, Some("good.json"), "only the stub was traced").await;

    // A wrong signature, and the right one.
    let wrong = stage.trace(stage.plain, good, Some(B256::repeat_byte(3)), "good.json").await;
    assert!(complaint(&wrong).contains("does not accept the signature"), "{wrong:?}");
    stage.refused(good, Some("good.json"), "OwnerTraceRefused").await;
    let passed = stage.trace(stage.plain, good, Some(hash), "good.json").await;
    assert!(passed.status.success(), "{passed:?}");
    assert_eq!(stage.report("good.json")["result"], "passes");
    let (taken, said) = stage.install(good, Some("good.json")).await;
    assert!(taken && said.contains("as the callData of an operation"), "{said}");

    // The report of one owner is none of another, nor of another account.
    let clock = stage.owner(&hex!("4250"));
    stage.refused(clock, Some("good.json"), "OwnerTraceForeign").await;
    let traced = stage.trace(stage.plain, clock, None, "clock.json").await;
    let said = complaint(&traced);
    assert!(said.contains("OP-011") && said.contains("TIMESTAMP"), "{said}");
    let said = stage.refused(clock, Some("clock.json"), "OwnerViolates").await;
    assert!(said.contains("OP-011: with the stub"), "{said}");

    // The same for an account that has the module, and takes another owner.
    let configure = async |report| {
        let guarded = stage.guarded;
        stage.script("script/Operate.s.sol", "configure()", guarded, good, report).await
    };
    let (taken, said) = configure(None).await;
    assert!(!taken && said.contains("OwnerNotTraced"), "{said}");
    let (taken, said) = configure(Some("good.json")).await;
    assert!(!taken && said.contains("OwnerTraceForeign"), "{said}");
    assert!(stage.trace(stage.guarded, good, None, "guarded.json").await.status.success());
    let hash = stage.report("guarded.json")["operationHash"].clone();
    let hash = serde_json::from_value(hash).expect("a hash");
    assert!(stage.trace(stage.guarded, good, Some(hash), "guarded.json").await.status.success());
    let (taken, said) = configure(Some("guarded.json")).await;
    assert!(taken && said.contains("the owner has to sign this digest"), "{said}");
}

#[test]
fn the_entry_points_of_the_command_are_those_of_the_module() {
    // v0.6 has another validateUserOp; the command says so instead of tracing something else.
    let arguments = writ_node::owner::OwnerArguments {
        node_url: "http://127.0.0.1:1".parse().expect("a URL"),
        account: Address::ZERO,
        module: Address::ZERO,
        entry_point: EntryPoint::canonical(EntryPointVersion::V06).address,
        owner_validator: Address::ZERO,
        owner: Address::ZERO,
        stub: Bytes::new(),
        signature: None,
        block: None,
        report: PathBuf::new(),
    };
    let error = writ_node::owner::OwnerSubject::new(&arguments).expect_err("refused");
    assert!(error.to_string().contains("v0.7 or later"), "{error}");
}
