use super::*;
use crate::{Limits, decode_json};

fn read(json: &str) -> Decision {
    read_decision(&decode_json(json, &Limits::INPUT).expect(json))
}

#[test]
fn an_allow_is_an_allow() {
    let decision = read(
        r#"{"allow": true, "reasons": [], "validFor": 60, "bounds":
            [{"asset": "0x1111111111111111111111111111111111111111", "kind": "erc20", "maxOut": 7},
             {"asset": "0x0000000000000000000000000000000000000000", "kind": "native", "maxOut": 0}]}"#,
    );
    assert!(decision.allow && decision.reasons.is_empty() && decision.denied.is_none());
    assert_eq!(decision.valid_for, Some(60));
    let kinds: Vec<_> = decision.bounds.iter().map(|bound| (bound.kind, bound.max_out)).collect();
    assert_eq!(kinds, [(AssetKind::Native, 0), (AssetKind::Erc20, 7)]);
}

#[test]
fn bounds_of_every_kind_are_read() {
    let decision = read(
        r#"{"allow": true, "reasons": [], "bounds": [
            {"asset": "0x1111111111111111111111111111111111111111", "kind": "operator", "maxOut": 0,
             "spender": "0x2222222222222222222222222222222222222222"},
            {"asset": "0x1111111111111111111111111111111111111111", "kind": "allowance", "maxOut": 5, "id": 0,
             "spender": "0x2222222222222222222222222222222222222222"},
            {"asset": "0x1111111111111111111111111111111111111111", "kind": "erc1155", "maxOut": 4, "id": 9},
            {"asset": "0x1111111111111111111111111111111111111111", "kind": "erc1155", "maxOut": 3, "id": 8},
            {"asset": "0x1111111111111111111111111111111111111111", "kind": "deposit", "maxOut": 2},
            {"asset": "0x1111111111111111111111111111111111111111", "kind": "erc721", "maxOut": 1}]}"#,
    );
    assert!(decision.allow, "{:?}", decision.detail);
    let read: Vec<_> =
        decision.bounds.iter().map(|bound| (bound.kind.as_str(), bound.max_out)).collect();
    let sorted = [
        ("erc721", 1),
        ("deposit", 2),
        ("erc1155", 3),
        ("erc1155", 4),
        ("allowance", 5),
        ("operator", 0),
    ];
    assert_eq!(read, sorted);
    assert_eq!(decision.bounds[3].id, U256::from(9));
    assert_eq!(decision.bounds[4].spender, Address::repeat_byte(0x22));
}

#[test]
fn an_allow_with_reasons_is_a_deny() {
    let decision = read(r#"{"allow": true, "reasons": ["but"]}"#);
    assert!(!decision.allow);
    assert_eq!(decision.denied, Some(DenyCode::Policy));
    assert_eq!(decision.reasons, ["but"]);
}

#[test]
fn a_deny_always_has_a_reason() {
    let decision = read(r#"{"allow": false, "reasons": []}"#);
    assert_eq!(decision.reasons, [DenyCode::Policy.reason()]);
    let decision = read(r#"{"allow": false, "reasons": ["b", "a", "b"], "validFor": 60}"#);
    assert_eq!(decision.reasons, ["a", "b"]);
    assert_eq!(decision.valid_for, None);
}

#[test]
fn whatever_is_not_a_decision_is_a_deny() {
    let native =
        r#"{"asset": "0x0000000000000000000000000000000000000000", "kind": "native", "maxOut": 1}"#;
    let token =
        r#"{"asset": "0x1111111111111111111111111111111111111111", "kind": "erc20", "maxOut": 1}"#;
    for json in [
        "true".to_owned(),
        "{}".to_owned(),
        r#"{"allow": true}"#.to_owned(),
        r#"{"reasons": []}"#.to_owned(),
        r#"{"allow": "true", "reasons": []}"#.to_owned(),
        r#"{"allow": 1, "reasons": []}"#.to_owned(),
        r#"{"allow": true, "reasons": "none"}"#.to_owned(),
        r#"{"allow": true, "reasons": [1]}"#.to_owned(),
        r#"{"allow": true, "reasons": {}}"#.to_owned(),
        r#"{"allow": true, "reasons": [], "valid_for": 1}"#.to_owned(),
        r#"{"allow": true, "reasons": [], "validFor": 0}"#.to_owned(),
        r#"{"allow": true, "reasons": [], "validFor": -1}"#.to_owned(),
        r#"{"allow": true, "reasons": [], "validFor": 2592001}"#.to_owned(),
        r#"{"allow": true, "reasons": [], "validFor": "60"}"#.to_owned(),
        r#"{"allow": true, "reasons": [], "bounds": {}}"#.to_owned(),
        format!(r#"{{"allow": true, "reasons": [], "bounds": [{native}, {native}]}}"#),
        format!(
            r#"{{"allow": true, "reasons": [], "bounds": [{}]}}"#,
            native.replace("native", "erc20")
        ),
        format!(
            r#"{{"allow": true, "reasons": [], "bounds": [{}]}}"#,
            native.replace("native", "erc777")
        ),
        format!(r#"{{"allow": true, "reasons": [], "bounds": [{}]}}"#, native.replace("1}", "-1}")),
        format!(
            r#"{{"allow": true, "reasons": [], "bounds": [{}]}}"#,
            native.replace("1}", "340282366920938463463374607431768211456}")
        ),
        format!(
            r#"{{"allow": true, "reasons": [], "bounds": [{}]}}"#,
            native.replace("1}", "1,\"x\":1}")
        ),
        // What a kind does not have, and what it has to have.
        format!(
            r#"{{"allow": true, "reasons": [], "bounds": [{}]}}"#,
            native.replace("1}", "1,\"id\":1}")
        ),
        format!(
            r#"{{"allow": true, "reasons": [], "bounds": [{}]}}"#,
            token.replace("erc20", "allowance")
        ),
        format!(
            r#"{{"allow": true, "reasons": [], "bounds": [{}]}}"#,
            token.replace("}", r#","spender":"0x2222222222222222222222222222222222222222"}"#)
        ),
    ] {
        let decision = read(&json);
        assert!(!decision.allow, "{json}");
        assert_eq!(decision.denied, Some(DenyCode::MalformedResult), "{json}");
        assert_eq!(decision.reasons, [DenyCode::MalformedResult.reason()], "{json}");
        assert!(decision.detail.is_some(), "{json}");
    }
}

#[test]
fn reasons_are_bounded_in_number_and_length() {
    let reasons: Vec<String> = (0..100).map(|n| format!("\"{n:03}\"")).collect();
    let decision = read(&format!(r#"{{"allow": false, "reasons": [{}]}}"#, reasons.join(",")));
    assert_eq!(decision.reasons.len(), MAX_REASONS);
    assert_eq!(decision.reasons[31], "and 69 further reasons");

    let long = format!(r#"{{"allow": false, "reasons": ["{}"]}}"#, "é".repeat(1000));
    let decision = read(&long);
    assert!(decision.reasons[0].len() <= MAX_REASON_BYTES);
    assert!(decision.reasons[0].ends_with("é…"));
}
