#![allow(clippy::unwrap_used)]

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use miniz_oxide::deflate::compress_to_vec_zlib;
use serde_json::{Value as Json, json};

use super::*;
use crate::testing::{NOW, Private, STATUS_URI, Scene, value};

fn list(bits: u8, lst: &str) -> Json {
    json!({"iat": NOW - 10, "ttl": 600, "sub": STATUS_URI, "status_list": {"bits": bits, "lst": lst}})
}

fn packed(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(compress_to_vec_zlib(bytes, 9))
}

fn entries(bits: u8, lst: &str, count: u64) -> Vec<u8> {
    (0..count).map(|index| entry(&value(&list(bits, lst)), index).unwrap()).collect()
}

/// draft-ietf-oauth-status-list, section 4.1 and 4.2.
#[test]
fn the_drafts_lists_are_read() {
    assert_eq!(entries(1, "eNrbuRgAAhcBXQ", 16), [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]);
    assert_eq!(entries(2, "eNo76fITAAPfAgc", 12), [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]);
}

#[test]
fn every_width_is_read() {
    assert_eq!(entries(4, &packed(&[0x21, 0x43]), 4), [1, 2, 3, 4]);
    assert_eq!(entries(8, &packed(&[7, 255]), 2), [7, 255]);
    for bits in [0, 3, 9] {
        assert!(entry(&value(&list(bits, &packed(&[0]))), 0).is_err(), "{bits}");
    }
    assert!(matches!(entry(&value(&list(1, &packed(&[0]))), 8), Err(FactError::StatusUnknown(_))));
    assert!(matches!(
        entry(&value(&list(1, &packed(&[0]))), u64::MAX),
        Err(FactError::StatusUnknown(_))
    ));
}

#[test]
fn a_list_that_inflates_without_end_is_refused() {
    let bomb = packed(&vec![0; MAX_INFLATED + 1]);
    assert!(bomb.len() < 4_096, "it is small before");
    assert!(matches!(entry(&value(&list(1, &bomb)), 0), Err(FactError::Malformed(_))));
    let most = packed(&vec![0; MAX_INFLATED]);
    assert_eq!(entry(&value(&list(1, &most)), 8 * MAX_INFLATED as u64 - 1).unwrap(), 0);
    for wrong in ["", "AAAA", "!"] {
        assert!(entry(&value(&list(1, wrong)), 0).is_err(), "{wrong}");
    }
}

fn scene(bytes: &[u8], change: impl FnOnce(&mut Json)) -> Scene {
    let mut scene = Scene::new(Private::p256(1));
    scene.claims["status"] = json!({"status_list": {"idx": 1, "uri": STATUS_URI}});
    let mut claims = list(2, &packed(bytes));
    change(&mut claims);
    scene.status_list = Some(scene.issuer.token("statuslist+jwt", &claims));
    scene
}

#[test]
fn a_credential_counts_while_its_list_says_so() {
    let good = scene(&[0b1111_0011], |_| {});
    assert_eq!(good.verify().unwrap().valid_until, NOW + 590);
    for (byte, word) in [(0b0100, "revoked"), (0b1000, "revoked"), (0b1100, "status-unknown")] {
        assert_eq!(scene(&[byte], |_| {}).refused(), word);
    }
    assert_eq!(
        scene(&[0], |list| list["exp"] = json!(NOW + 60)).verify().unwrap().valid_until,
        NOW + 60
    );
}

#[test]
fn an_old_foreign_or_missing_list_is_no_list() {
    assert_eq!(scene(&[0], |list| list["ttl"] = json!(10)).refused(), "expired");
    assert_eq!(scene(&[0], |list| list["exp"] = json!(NOW)).refused(), "expired");
    assert_eq!(scene(&[0], |list| list["ttl"] = json!(0)).refused(), "malformed");
    assert_eq!(scene(&[0], |list| list["iat"] = json!(NOW + 301)).refused(), "not-yet-valid");
    assert_eq!(
        scene(&[0], |list| list["sub"] = json!("https://other.example")).refused(),
        "status-unknown"
    );
    let endless = |list: &mut Json| drop(list.as_object_mut().unwrap().remove("ttl"));
    assert_eq!(scene(&[0], endless).refused(), "status-unknown");

    let mut missing = scene(&[0], |_| {});
    missing.status_list = None;
    assert_eq!(missing.refused(), "status-unknown");
    let mut foreign = scene(&[0], |_| {});
    foreign.status_list = Some(Private::p256(8).token("statuslist+jwt", &list(2, &packed(&[0]))));
    assert_eq!(foreign.refused(), "bad-signature");
    let mut typ = scene(&[0], |_| {});
    typ.status_list = Some(typ.issuer.token("dc+sd-jwt", &list(2, &packed(&[0]))));
    assert_eq!(typ.refused(), "malformed");
    let mut kind = scene(&[0], |_| {});
    kind.claims["status"] = json!({"other": {}});
    assert_eq!(kind.refused(), "status-unknown");
    kind.claims["status"] = json!({"status_list": {"idx": -1, "uri": STATUS_URI}});
    assert_eq!(kind.refused(), "malformed");
}

#[test]
fn a_policy_can_insist_on_a_status() {
    let mut without = Scene::new(Private::p256(1));
    without.verify().unwrap();
    without.requirement["status"] = json!("required");
    assert_eq!(without.refused(), "status-unknown");
}
