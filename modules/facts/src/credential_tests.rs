#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::testing::{ISSUER, NOW, Private, Scene, context, disclosure, item, value};

fn issuers() -> [Private; 3] {
    [Private::p256(1), Private::secp256k1(1), Private::ed25519(1)]
}

#[test]
fn what_is_asked_for_is_taken_and_nothing_else() {
    for issuer in issuers() {
        let scene = Scene::new(issuer);
        let fact = scene.verify().unwrap();
        assert_eq!(fact.value, value(&json!({"adult": true, "country": "FR"})));
        assert_eq!((fact.issuer.as_str(), fact.kind), (ISSUER, "sd-jwt-vc"));
        assert_eq!((fact.issued_at, fact.valid_until), (NOW - 10, NOW + 3_590));
        let shown = fact.to_value().to_json();
        assert!(!shown.contains("1990") && !shown.contains("birth"), "{shown}");
    }
}

#[test]
fn holders_may_have_keys_of_every_kind() {
    for holder in [Private::secp256k1(5), Private::ed25519(5)] {
        let mut scene = Scene::new(Private::p256(1));
        scene.claims["cnf"]["jwk"] = holder.jwk();
        scene.holder = holder;
        scene.verify().unwrap();
    }
}

#[test]
fn it_counts_no_longer_than_each_of_its_parts() {
    let mut scene = Scene::new(Private::p256(1));
    scene.claims["exp"] = json!(NOW + 100);
    assert_eq!(scene.verify().unwrap().valid_until, NOW + 100);
    scene.claims["exp"] = json!(NOW + 20);
    assert_eq!(scene.refused(), "expired", "too short for an attestation");
    scene.claims["exp"] = json!(NOW);
    assert_eq!(scene.refused(), "expired");
    scene.claims.as_object_mut().unwrap().remove("exp");
    assert_eq!(scene.verify().unwrap().valid_until, NOW + 3_590);
    scene.binding["iat"] = json!(NOW - 3_600);
    assert_eq!(scene.refused(), "expired");
    scene.binding["iat"] = json!(NOW + 301);
    assert_eq!(scene.refused(), "not-yet-valid");
    scene.binding["iat"] = json!(NOW + 300);
    assert!(scene.verify().is_ok());
    scene.claims["nbf"] = json!(NOW + 301);
    assert_eq!(scene.refused(), "not-yet-valid");
    scene.claims["nbf"] = json!("soon");
    assert_eq!(scene.refused(), "malformed");
}

#[test]
fn an_unknown_issuer_and_a_foreign_signature_are_told_apart() {
    let mut scene = Scene::new(Private::p256(1));
    scene.claims["iss"] = json!("https://other.example");
    assert_eq!(scene.refused(), "unknown-issuer");
    scene.claims.as_object_mut().unwrap().remove("iss");
    assert_eq!(scene.refused(), "unknown-issuer");
    let mut scene = Scene::new(Private::p256(1));
    scene.issuer = Private::p256(7);
    assert_eq!(scene.refused(), "bad-signature");
    // The same scalar on another curve.
    scene.issuer = Private::secp256k1(1);
    assert_eq!(scene.refused(), "bad-signature");
}

#[test]
fn the_header_cannot_choose_another_algorithm() {
    let scene = Scene::new(Private::p256(1));
    let rest = scene.credential();
    let (_, rest) = rest.split_once('~').unwrap();
    let status = |header: serde_json::Value| {
        let token = scene.issuer.token_with(&header, &scene.claims.to_string());
        scene.verify_text(format!("{token}~{rest}")).unwrap_err().status()
    };
    for alg in ["none", "HS256", "ES256K", "EdDSA", "es256", ""] {
        assert_eq!(status(json!({"alg": alg, "typ": "dc+sd-jwt"})), "bad-signature", "{alg}");
    }
    assert_eq!(status(json!({"typ": "dc+sd-jwt"})), "malformed");
    assert_eq!(status(json!({"alg": "ES256"})), "malformed");
    assert_eq!(status(json!({"alg": "ES256", "typ": "kb+jwt"})), "malformed");
    assert_eq!(
        status(json!({"alg": "ES256", "typ": "dc+sd-jwt", "crit": ["b64"], "b64": false})),
        "malformed"
    );
    // A token of one kind is none of another.
    let mut other = Scene::new(Private::p256(1));
    other.holder = Private::p256(1);
    assert_eq!(other.refused(), "bad-signature", "the issuer is not the holder");
}

#[test]
fn an_unsigned_token_is_none() {
    let scene = Scene::new(Private::p256(1));
    let text = scene.credential();
    let (token, rest) = text.split_once('~').unwrap();
    let (signed, _) = token.rsplit_once('.').unwrap();
    for signature in ["", "AA", &"A".repeat(86)] {
        let error = scene.verify_text(format!("{signed}.{signature}~{rest}")).unwrap_err();
        assert!(["malformed", "bad-signature"].contains(&error.status()), "{signature}");
    }
}

#[test]
fn it_is_shown_by_its_holder_for_this_account_only() {
    let base = || Scene::new(Private::p256(1));
    let with = |name: &str, value: serde_json::Value| {
        let mut scene = base();
        scene.binding[name] = value;
        scene.refused()
    };
    let at = context();
    assert_eq!(with("aud", json!(audience(1, at.account))), "other-subject");
    assert_eq!(with("aud", json!(audience(at.chain_id, Address::ZERO))), "other-subject");
    assert_eq!(with("aud", json!([audience(at.chain_id, at.account)])), "other-subject");
    assert_eq!(with("nonce", json!(nonce(at.action))), "other-subject");
    assert_eq!(with("sd_hash", json!("x")), "bad-signature");
    let mut scene = base();
    scene.binding.as_object_mut().unwrap().remove("iat");
    assert_eq!(scene.refused(), "malformed");
    let mut scene = base();
    scene.holder = Private::p256(9);
    assert_eq!(scene.refused(), "bad-signature");
    let mut scene = base();
    scene.claims.as_object_mut().unwrap().remove("cnf");
    assert_eq!(scene.refused(), "malformed");
    // Whoever copied the credential cannot show less, or more, of it, and not without the binding.
    let scene = base();
    let text = scene.credential();
    let mut parts: Vec<&str> = text.split('~').collect();
    let binding = parts.pop().unwrap();
    let without = format!("{}~{binding}", parts[..parts.len() - 1].join("~"));
    assert_eq!(scene.verify_text(without).unwrap_err().status(), "bad-signature");
    let unbound = text.strip_suffix(binding).unwrap().to_owned();
    assert_eq!(scene.verify_text(unbound).unwrap_err().status(), "malformed");
}

#[test]
fn bound_to_an_action_it_counts_for_no_other() {
    let mut scene = Scene::new(Private::p256(1));
    scene.requirement["binding"] = json!("action");
    assert_eq!(scene.refused(), "other-subject");
    scene.binding["nonce"] = json!(nonce(context().action));
    scene.verify().unwrap();
}

#[test]
fn claims_have_to_be_shown_whole_and_of_their_shape() {
    let mut scene = Scene::new(Private::p256(1));
    scene.claims["vct"] = json!("urn:other");
    assert_eq!(scene.refused(), "other-content");
    let mut scene = Scene::new(Private::p256(1));
    scene.disclosures.remove(1);
    assert!(scene.verify().unwrap_err().to_string().contains("claim country is not shown"));
    scene.claims["address"] = json!({"country": 7});
    assert_eq!(scene.refused(), "other-content");

    // Of two nationalities one is kept back: part of a list is not taken for the list.
    let (french, french_digest) = item(json!("FR"));
    let (german, german_digest) = item(json!("DE"));
    let mut scene = Scene::new(Private::p256(1));
    scene.claims["nationalities"] = json!([{"...": french_digest}, {"...": german_digest}]);
    scene.requirement["claims"] =
        json!({"of": {"path": ["nationalities"], "shape": {"list": "text"}}});
    scene.disclosures = vec![french.clone()];
    assert_eq!(scene.refused(), "other-content");
    scene.disclosures = vec![german, french];
    assert_eq!(scene.verify().unwrap().value, value(&json!({"of": ["FR", "DE"]})));
}

#[test]
fn what_the_verifier_goes_by_cannot_be_disclosed() {
    for name in ["exp", "nbf", "iss", "vct", "cnf", "status"] {
        let mut scene = Scene::new(Private::p256(1));
        let (text, digest) = disclosure(name, json!(1));
        scene.claims["_sd"].as_array_mut().unwrap().push(json!(digest));
        scene.disclosures.push(text);
        assert_eq!(scene.refused(), "malformed", "{name}");
    }
}

#[test]
fn json_that_has_two_meanings_is_refused() {
    let scene = Scene::new(Private::p256(1));
    let rest = scene.credential();
    let (_, rest) = rest.split_once('~').unwrap();
    let header = json!({"alg": "ES256", "typ": "dc+sd-jwt"});
    let status = |payload: &str| {
        let token = scene.issuer.token_with(&header, payload);
        scene.verify_text(format!("{token}~{rest}")).unwrap_err().status()
    };
    let inside = scene.claims.to_string();
    let with = |extra: &str| format!("{{{extra},{}", &inside[1..]);
    for extra in [
        r#""iss":"https://issuer.example""#,
        r#""a":1.5"#,
        r#""a":null"#,
        r#""a":"\ud800""#,
        &format!("\"a\":{}1{}", "[".repeat(5_000), "]".repeat(5_000)),
        &format!("\"a\":{}", "9".repeat(100)),
        &format!("\"a\":[{}1]", "1,".repeat(5_000)),
        &format!("\"a\":\"{}\"", "x".repeat(40_000)),
    ] {
        assert_eq!(status(&with(extra)), "malformed", "{}", &extra[..20.min(extra.len())]);
    }
    for payload in ["", "1", "[]", "{", "\u{7f}"] {
        assert_eq!(status(payload), "malformed", "{payload}");
    }
}

#[test]
fn nothing_that_is_hidden_reaches_an_error() {
    let mut scene = Scene::new(Private::p256(1));
    scene.disclosures.push(disclosure("secret", json!("1990-01-01")).0);
    let error = scene.verify().unwrap_err();
    assert!(!error.to_value().to_json().contains("secret"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// One character elsewhere is another credential, and refused.
    #[test]
    fn every_character_counts(at in any::<prop::sample::Index>(), by in 1_u8..64) {
        let scene = Scene::new(Private::ed25519(1));
        let mut text = scene.credential().into_bytes();
        let at = at.index(text.len());
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let place = ALPHABET.iter().position(|byte| *byte == text[at]).unwrap_or(0);
        text[at] = ALPHABET[(place + usize::from(by)) % 64];
        let text = String::from_utf8(text).unwrap();
        prop_assume!(text != scene.credential());
        prop_assert!(scene.verify_text(text).is_err());
    }

    #[test]
    fn no_text_makes_it_panic(text in "[A-Za-z0-9_.~=-]{0,300}") {
        let scene = Scene::new(Private::p256(1));
        prop_assert!(scene.verify_text(text).is_err());
    }
}
