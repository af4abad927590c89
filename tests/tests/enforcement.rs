//! `writ_getPolicy` says what can go around the module: on real accounts of published kinds, by the lens.

use alloy::{
    primitives::{Address, Bytes, U256},
    sol_types::{SolCall, SolValue},
};
use serde_json::{Value, json};
use writ_attestation::AccountKind;
use writ_bindings::{
    Erc7579Account, MODE_OBSERVE, PlainOwnerValidator, WritModule, installation_data,
};
use writ_tests::{Node, Place, World, create_account, ether};
use writ_types::{EntryPoint, EntryPointVersion};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");

struct Stage {
    world: World,
    node: Node,
}

impl Stage {
    async fn new() -> Self {
        let world = World::start(PROGRAM).await;
        let node = Node::new(world.network.chain.url().clone());
        Self { world, node }
    }

    /// An account of this kind, configured as the world's is, but for the EntryPoint and what `change` does.
    fn account(
        &mut self,
        kind: AccountKind,
        version: EntryPointVersion,
        change: impl FnOnce(&mut WritModule::Configuration),
    ) -> Address {
        let entry_point = EntryPoint::canonical(version);
        let mut configuration = self.world.network.stage.configuration_v08.clone();
        configuration.entryPoint = entry_point.address;
        change(&mut configuration);
        let data = installation_data(&configuration, &self.world.network.limits.references());
        create_account(&mut self.node, kind, entry_point, data)
    }

    async fn enforcement(&self, account: Address) -> Value {
        let view = self.world.must("writ_getPolicy", json!([account])).await;
        assert!(!view["module"].is_null(), "{view}");
        view["enforcement"].clone()
    }

    /// A call that the account makes to itself.
    async fn by_itself(&self, account: Address, data: Bytes) {
        self.node.set_balance(account, ether(1)).await;
        self.node.must("anvil_impersonateAccount", json!([account])).await;
        let call = json!({"from": account, "to": account, "data": data, "gas": "0x100000"});
        self.node.transact(call).await;
        self.node.must("anvil_stopImpersonatingAccount", json!([account])).await;
    }
}

fn path<'a>(enforcement: &'a Value, name: &str) -> &'a Value {
    let paths = enforcement["paths"].as_array().expect("paths");
    paths.iter().find(|path| path["path"] == name).expect(name)
}

/// The paths that speak against enforcement.
fn not_closed(enforcement: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let paths = enforcement["paths"].as_array().expect("paths").iter();
    paths
        .filter(|path| path["verdict"] == "open" || path["verdict"] == "unverifiable")
        .map(|path| (text(&path["path"]), text(&path["verdict"])))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enforced_account_says_so_and_another_says_which_path_is_open() {
    let mut stage = Stage::new().await;

    let nexus = stage.account(AccountKind::Nexus, EntryPointVersion::V08, |_| {});
    let told = stage.enforcement(nexus).await;
    assert_eq!(told["enforced"], true, "{told}");
    assert_eq!(told["kind"], "Nexus 1.0.0");
    assert_eq!(told["candidates"]["source"], "events");
    assert_eq!(told["paths"].as_array().map(Vec::len), Some(22));
    assert_eq!(not_closed(&told), []);
    assert_eq!(path(&told, "Hook")["verdict"], "closed");
    assert_eq!(path(&told, "RootKey")["verdict"], "notApplicable");
    assert_eq!(path(&told, "Hook").get("reason"), None, "nothing is said against what is closed");
    // The same again: from what is kept, and with another block.
    assert_eq!(stage.enforcement(nexus).await, told);
    stage.node.mine(3).await;
    assert_eq!(stage.enforcement(nexus).await["enforced"], true);

    let observed =
        stage.account(AccountKind::Nexus, EntryPointVersion::V08, |next| next.mode = MODE_OBSERVE);
    let told = stage.enforcement(observed).await;
    assert_eq!(told["enforced"], false, "{told}");
    assert_eq!(not_closed(&told), [("Mode".to_owned(), "open".to_owned())]);
    assert_eq!(path(&told, "Mode")["reason"], "not Enforce");
    assert_eq!(path(&told, "Mode")["title"], "mode");

    // The code of the development account was never published: nothing that rests on it is called closed.
    let told = stage.enforcement(stage.world.network.stage.account_v08).await;
    assert_eq!((&told["enforced"], &told["kind"]), (&json!(false), &json!("unknown")), "{told}");
    assert_eq!(path(&told, "AccountCode")["verdict"], "unverifiable");
    assert_eq!(path(&told, "OtherValidator")["verdict"], "unverifiable");

    let view = stage.world.must("writ_getPolicy", json!([Address::repeat_byte(3)])).await;
    assert!(view["enforcement"].is_null(), "{view}");
}

#[tokio::test(flavor = "multi_thread")]
async fn candidates_come_from_the_accounts_events() {
    let mut stage = Stage::new().await;
    let kernel = stage.account(AccountKind::Kernel, EntryPointVersion::V08, |_| {});
    let told = stage.enforcement(kernel).await;
    assert_eq!(told["kind"], "Kernel 0.3.1", "{told}");
    assert_eq!(path(&told, "OtherValidator")["verdict"], "closed", "{told}");
    // Events do not tell of permissions that were installed without a function.
    assert_eq!(path(&told, "OtherValidatorSignature")["verdict"], "unverifiable");
    assert_eq!(told["enforced"], false);

    // Another validator, with no hook; the account was looked at before, and is looked at again.
    let plain = Place::create(&mut stage.node, PlainOwnerValidator::BYTECODE.clone());
    let owner = Bytes::from(Address::repeat_byte(7).abi_encode());
    let data = (owner, Bytes::new(), Bytes::new()).abi_encode_params();
    let data = [Address::with_last_byte(1).as_slice(), &data].concat();
    let install = Erc7579Account::installModuleCall {
        moduleTypeId: U256::from(1),
        module: plain,
        initData: data.into(),
    };
    stage.by_itself(kernel, install.abi_encode().into()).await;
    let told = stage.enforcement(kernel).await;
    let other = path(&told, "OtherValidator");
    assert_eq!(other["verdict"], "open", "{told}");
    assert_eq!(other["subject"], json!(plain.to_checksum(None)), "{told}");
    let reason = "Kernel: a validator or permission is installed under another hook or none";
    assert_eq!(other["reason"], reason);
    assert_eq!(path(&told, "OtherValidatorSignature")["verdict"], "open");
}
