//! Every way a field can be wrong is refused, and the refusal names the field.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use writ_types::{
    EIP7702_FACTORY, EntryPointVersion, GasDefaults, PartialUserOperation, UserOperation,
};

const ADDRESS: &str = "0x1111111111111111111111111111111111111111";

fn base(version: EntryPointVersion) -> Value {
    let mut value = json!({
        "sender": ADDRESS, "nonce": "0x1", "callData": "0x01", "callGasLimit": "0x2",
        "verificationGasLimit": "0x3", "preVerificationGas": "0x4", "maxFeePerGas": "0x5",
        "maxPriorityFeePerGas": "0x6", "signature": "0x07"
    });
    if version == EntryPointVersion::V06 {
        value["initCode"] = json!("0x");
        value["paymasterAndData"] = json!("0x");
    }
    value
}

fn with(version: EntryPointVersion, changes: &[(&str, Value)]) -> Value {
    let mut value = base(version);
    for (field, change) in changes {
        value[*field] = change.clone();
    }
    value
}

/// Reads the changed operation and returns `field: reason`.
fn refused(version: EntryPointVersion, changes: &[(&str, Value)]) -> String {
    UserOperation::from_rpc(&with(version, changes), version)
        .expect_err("must be refused")
        .to_string()
}

fn accepted(version: EntryPointVersion, changes: &[(&str, Value)]) -> UserOperation {
    UserOperation::from_rpc(&with(version, changes), version).expect("must be accepted")
}

fn paymaster() -> Vec<(&'static str, Value)> {
    vec![
        ("paymaster", json!(ADDRESS)),
        ("paymasterVerificationGasLimit", json!("0x1")),
        ("paymasterPostOpGasLimit", json!("0x2")),
        ("paymasterData", json!("0xaabb")),
    ]
}

fn tuple() -> Value {
    json!({ "chainId": "0x1", "address": ADDRESS, "nonce": "0x0", "yParity": "0x1", "r": "0x1", "s": "0x2" })
}

#[test]
fn the_base_is_accepted() {
    for version in EntryPointVersion::ALL {
        accepted(version, &[]);
        assert_eq!(
            UserOperation::from_rpc(&json!([1]), version).unwrap_err().field,
            "userOperation"
        );
        assert_eq!(
            UserOperation::from_rpc(&json!(null), version).unwrap_err().field,
            "userOperation"
        );
    }
}

#[test]
fn each_common_field_is_required_and_typed() {
    for version in EntryPointVersion::ALL {
        let fields: Vec<String> = base(version).as_object().unwrap().keys().cloned().collect();
        for field in fields {
            let optional = field == "initCode" || field == "paymasterAndData";
            let mut without = base(version);
            without.as_object_mut().unwrap().remove(&field);
            match UserOperation::from_rpc(&without, version) {
                Err(error) => {
                    assert_eq!((error.field, error.reason), (field.clone(), "missing".into()));
                }
                Ok(_) => assert!(optional, "{field} is required"),
            }
            for wrong in [json!(1), json!(true), json!([]), json!({}), json!("12"), json!("0xzz")] {
                let text = refused(version, &[(&field, wrong.clone())]);
                assert!(text.starts_with(&format!("{field}: ")), "{field} = {wrong}: {text}");
            }
        }
    }
}

#[test]
fn hex_is_checked() {
    let version = EntryPointVersion::V07;
    assert!(refused(version, &[("callData", json!("0xabc"))]).contains("callData: odd number"));
    assert!(refused(version, &[("signature", json!("0x1"))]).contains("signature: odd number"));
    assert!(refused(version, &[("sender", json!("0x11"))]).contains("expected 20 bytes, found 1"));
    assert!(refused(version, &[("nonce", json!("0x"))]).contains("nonce: empty"));
    let wide = format!("0x1{}", "0".repeat(32));
    assert!(refused(version, &[("maxFeePerGas", json!(wide))]).contains("128 bits"));
    assert!(
        refused(version, &[("callData", json!(format!("0x{}", "00".repeat(9_000))))])
            .contains("9000 bytes, at most 8192")
    );
}

#[test]
fn unknown_and_foreign_fields_are_refused_by_name() {
    let (old, new) = (EntryPointVersion::V06, EntryPointVersion::V07);
    assert_eq!(refused(new, &[("callGas", json!("0x1"))]), "callGas: unknown field");
    assert!(
        refused(new, &[("initCode", json!("0x"))])
            .starts_with("initCode: a field of EntryPoint v0.6")
    );
    assert!(refused(new, &[("paymasterAndData", json!("0x"))]).contains("v0.6"));
    assert!(
        refused(old, &[("factory", json!(null))]).contains("factory: a field of EntryPoint v0.7")
    );
    assert!(refused(old, &[("paymasterData", json!("0x"))]).contains("v0.7"));
    assert!(
        refused(EntryPointVersion::V08, &[("paymasterSignature", json!("0x"))]).contains("v0.9")
    );
    let long = "x".repeat(10_000);
    assert!(refused(new, &[(long.as_str(), json!(1))]).len() < 100, "a stranger's text is cut");
}

#[test]
fn factory_and_data_come_together() {
    let version = EntryPointVersion::V07;
    assert!(refused(version, &[("factory", json!(ADDRESS))]).starts_with("factoryData: missing"));
    assert!(refused(version, &[("factoryData", json!("0x"))]).contains("without a factory"));
    let both = [("factory", json!(ADDRESS)), ("factoryData", json!("0xab"))];
    assert_eq!(accepted(version, &both).init_code().len(), 21);
    let nulls = [("factory", json!(null)), ("factoryData", json!(null))];
    assert_eq!(accepted(version, &nulls).factory, None);
}

#[test]
fn marker_is_for_versions_that_know_it() {
    assert!(
        refused(
            EntryPointVersion::V07,
            &[("factory", json!("0x7702")), ("factoryData", json!("0x"))]
        )
        .contains("v0.8")
    );
    for version in [EntryPointVersion::V08, EntryPointVersion::V09] {
        for spelling in [json!("0x7702"), json!(EIP7702_FACTORY)] {
            let operation = accepted(version, &[("factory", spelling)]);
            assert!(operation.is_eip7702());
            assert_eq!(operation.factory_address(), None);
            assert_eq!(operation.to_rpc()["factory"], json!("0x7702"));
        }
        assert!(refused(version, &[("factory", json!("0x77"))]).contains("expected 20 bytes"));
    }
}

#[test]
fn paymaster_fields_come_together() {
    let version = EntryPointVersion::V08;
    accepted(version, &paymaster());
    for missing in ["paymasterVerificationGasLimit", "paymasterPostOpGasLimit"] {
        let some: Vec<_> = paymaster().into_iter().filter(|(field, _)| *field != missing).collect();
        assert_eq!(refused(version, &some), format!("{missing}: missing"));
    }
    for orphan in ["paymasterVerificationGasLimit", "paymasterPostOpGasLimit", "paymasterData"] {
        let text = refused(version, &[(orphan, json!("0x01"))]);
        assert_eq!(text, format!("{orphan}: given without a paymaster"));
    }
}

#[test]
fn the_zero_address_is_no_paymaster() {
    const ZERO: &str = "0x0000000000000000000000000000000000000000";
    let field = |version, changes: &[(&str, Value)]| {
        let text = refused(version, changes);
        assert!(text.contains("leave it out"), "{text}");
        text.split(':').next().map(str::to_owned)
    };
    for version in EntryPointVersion::ALL {
        if !version.is_packed() {
            let changes = [("paymasterAndData", json!(format!("{ZERO}aabb")))];
            assert_eq!(field(version, &changes).as_deref(), Some("paymasterAndData"));
            continue;
        }
        let mut changes = paymaster();
        changes[0].1 = json!(ZERO);
        assert_eq!(field(version, &changes).as_deref(), Some("paymaster"));
    }
}

#[test]
fn paymaster_signature_in_each_clients_form() {
    let version = EntryPointVersion::V09;
    let magic = "22e325a297439656";
    let plain = paymaster();
    let form = |data: String, signature: Option<&str>| {
        let mut fields = plain.clone();
        fields[3].1 = json!(data);
        if let Some(signature) = signature {
            fields.push(("paymasterSignature", json!(signature)));
        }
        accepted(version, &fields)
    };
    let apart = form("0xaabb".into(), Some("0x010203"));
    let marked = form(format!("0xaabb{magic}"), Some("0x010203"));
    let joined = form(format!("0xaabb0102030003{magic}"), None);
    assert_eq!(apart, marked);
    assert_eq!(apart, joined);
    let end = format!("aabb0102030003{magic}");
    assert!(apart.paymaster_and_data().to_string().ends_with(&end));
    assert!(apart.paymaster_and_data_signed().to_string().ends_with(&format!("aabb{magic}")));

    let mut fields = plain.clone();
    fields[3].1 = json!(format!("0xaabbffff{magic}"));
    assert!(
        refused(version, &fields)
            .starts_with("paymasterData: the paymaster signature claims 65535 bytes")
    );
    // The same bytes mean nothing special to v0.8.
    accepted(EntryPointVersion::V08, &fields);
}

#[test]
fn old_form_is_address_then_data() {
    let version = EntryPointVersion::V06;
    assert!(refused(version, &[("initCode", json!("0x1122"))]).contains("initCode: 2 bytes"));
    assert!(
        refused(version, &[("paymasterAndData", json!("0x11"))])
            .contains("paymasterAndData: 1 bytes")
    );
    let operation = accepted(version, &[("initCode", json!(format!("{ADDRESS}abcd")))]);
    assert_eq!(operation.to_rpc()["initCode"], json!(format!("{ADDRESS}abcd")));
    assert!(!operation.is_eip7702());
}

#[test]
fn authorization_is_read_strictly() {
    let version = EntryPointVersion::V08;
    let good = accepted(version, &[("eip7702Auth", tuple())]);
    assert_eq!(good.authorization.as_ref().unwrap().y_parity(), 1);
    good.check_authorization_chain(1).unwrap();
    assert_eq!(good.check_authorization_chain(2).unwrap_err().field, "eip7702Auth.chainId");

    let change = |field: &str, value: Value| {
        let mut changed = tuple();
        changed[field] = value;
        changed
    };
    let fails = |value: Value| refused(version, &[("eip7702Auth", value)]);
    assert!(fails(change("yParity", json!("0x2"))).starts_with("eip7702Auth.yParity: "));
    assert!(
        fails(change("nonce", json!("0x1ffffffffffffffff")))
            .contains("eip7702Auth.nonce: does not fit in 64 bits")
    );
    assert!(fails(change("extra", json!(1))).contains("eip7702Auth.extra: unknown"));
    // Null is as good as absent.
    assert_eq!(accepted(version, &[("eip7702Auth", change("extra", json!(null)))]), good);
    assert!(fails(change("r", json!(null))).contains("eip7702Auth.r: missing"));
    assert!(fails(change("v", json!("0x1b"))).contains("eip7702Auth.v: given beside"));
    assert!(fails(json!("0x")).starts_with("eip7702Auth"));

    let mut with_v = tuple();
    with_v.as_object_mut().unwrap().remove("yParity");
    assert!(fails(with_v.clone()).contains("eip7702Auth.yParity: missing"));
    with_v["v"] = json!("0x1c");
    assert_eq!(accepted(version, &[("eip7702Auth", with_v)]), good);
}

#[test]
fn estimation_may_leave_gas_and_signatures_out() {
    let version = EntryPointVersion::V08;
    let mut value =
        json!({ "sender": ADDRESS, "nonce": "0x0", "callData": "0x", "paymaster": ADDRESS });
    let mut unsigned = tuple();
    for field in ["yParity", "r", "s"] {
        unsigned.as_object_mut().unwrap().remove(field);
    }
    value["eip7702Auth"] = unsigned;
    let partial = PartialUserOperation::from_rpc(&value, version).unwrap();
    assert_eq!(partial.call_gas_limit, None);
    let defaults =
        GasDefaults { call_gas_limit: 9, paymaster_post_op_gas_limit: 8, ..GasDefaults::default() };
    let operation = partial.complete(&defaults);
    assert_eq!(operation.call_gas_limit, 9);
    assert_eq!(operation.paymaster.unwrap().post_op_gas_limit, 8);
    assert_eq!(operation.max_fee_per_gas, 0);
    assert_eq!(partial.into_complete().unwrap_err().field, "callGasLimit");

    value["callGasLimit"] = json!("5");
    assert_eq!(PartialUserOperation::from_rpc(&value, version).unwrap_err().field, "callGasLimit");
    value["callGasLimit"] = json!("0x5");
    let given = PartialUserOperation::from_rpc(&value, version).unwrap();
    assert_eq!(given.complete(&defaults).call_gas_limit, 5, "what the sender fixed is honoured");
}
