//! What a bundler needs before it can send anything: EntryPoints that are there, and an account without code.

use alloy::primitives::{Address, U256};
use serde_json::{Value, json};
use writ_tests::{Ground, SOON, complaint, ether, eventually, execute, get, writ};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");
/// The code of an account that is delegated (EIP-7702) to some address.
const DELEGATED: &str = "0xef01000000000000000000000000000000000000000001";

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bundler_stands_on_is_checked_at_start_and_afterwards() {
    let ground = Ground::start(PROGRAM).await;
    delegated_later(&ground).await;
    delegated_at_start(&ground).await;
    nobody_to_pay(&ground).await;
    // Last, since it takes the EntryPoints away.
    absent_entry_points(&ground).await;
}

async fn set_code(ground: &Ground, address: Address, code: &str) {
    ground.node.must("anvil_setCode", json!([address, code])).await;
}

async fn signer_check(ground: &Ground) -> Value {
    let health = get(&ground.url, "/health").await;
    let checks = health.body["checks"].as_array().expect("checks");
    checks.iter().find(|check| check["name"] == "signer").expect("a check of the signer").clone()
}

/// It goes on serving, says so, and sends nothing until the delegation is gone.
async fn delegated_later(ground: &Ground) {
    let version = ground.entry_points.last().expect("an EntryPoint").version;
    let account = ground.simple(version, "patient", ether(10)).await;
    let call_data = execute(Address::repeat_byte(0xf1), U256::from(1), vec![]);
    let operation = ground.ready(&account, call_data).await;
    assert_eq!(signer_check(ground).await["ok"], true);

    set_code(ground, ground.signer.address(), DELEGATED).await;
    let hash = ground.accept(&operation).await;
    let check = eventually("health turns red", SOON, || async {
        let check = signer_check(ground).await;
        (check["ok"] == false).then_some(check)
    })
    .await;
    let detail = check["detail"].as_str().expect("a sentence");
    assert!(detail.contains("has code") && detail.contains("EIP-7702"), "{detail}");
    let params = json!([hash]);
    let status = ground.bundler.must("writ_getUserOperationStatus", params).await;
    assert_eq!(status["status"], "pending", "nothing is sent and nothing is lost: {status}");

    set_code(ground, ground.signer.address(), "0x").await;
    let receipt = ground.receipt(hash).await;
    assert_eq!(receipt["success"], true, "{receipt}");
    assert_eq!(signer_check(ground).await["ok"], true);
}

async fn delegated_at_start(ground: &Ground) {
    set_code(ground, ground.signer.address(), DELEGATED).await;
    let said = complaint(&writ(PROGRAM, &ground.arguments_with(&[]), None).await);
    let account = ground.signer.address().to_string();
    for part in [&account, "has code", "EIP-7702"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    set_code(ground, ground.signer.address(), "0x").await;
}

async fn nobody_to_pay(ground: &Ground) {
    let zero = format!("--beneficiary={}", Address::ZERO);
    let said = complaint(&writ(PROGRAM, &ground.arguments_with(&[zero]), None).await);
    assert!(said.contains("--beneficiary") && said.contains("zero address"), "{said}");
}

async fn absent_entry_points(ground: &Ground) {
    let [first, others @ ..] = &ground.entry_points[..] else { panic!("EntryPoints") };
    set_code(ground, first.address, "0x").await;
    let named = format!("--entry-points={}", first.address);
    let said = complaint(&writ(PROGRAM, &ground.arguments_with(&[named]), None).await);
    let expected =
        format!("there is no contract at EntryPoint v{} at {}", first.version, first.address);
    assert!(said.contains(&expected), "{said}");
    let other = format!("--entry-points={}", Address::repeat_byte(1));
    let said = complaint(&writ(PROGRAM, &ground.arguments_with(&[other]), None).await);
    assert!(said.contains("is no canonical EntryPoint"), "{said}");

    for entry_point in others {
        set_code(ground, entry_point.address, "0x").await;
    }
    let said = complaint(&writ(PROGRAM, &ground.arguments_with(&[]), None).await);
    assert!(said.contains("has no EntryPoint"), "{said}");
}
