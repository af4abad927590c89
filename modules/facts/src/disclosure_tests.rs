#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::testing::{disclosure, encoded, item, value};

fn opened(claims: &Json, texts: &[&str]) -> Result<Value, String> {
    open(value(claims), texts).map_err(|error| error.to_string())
}

/// RFC 9901, sections 4.2.1 to 4.2.3.
#[test]
fn the_rfcs_disclosures_have_their_digests() {
    let field = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0";
    assert_eq!(jwt::digest(field), "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0");
    let read_field = read(field).unwrap();
    assert_eq!(
        (read_field.name.as_deref(), read_field.value),
        (Some("family_name"), Value::from("Möbius"))
    );
    let one = "WyJsa2x4RjVqTVlsR1RQVW92TU5JdkNBIiwgIkZSIl0";
    assert_eq!(jwt::digest(one), "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOhs");
    let claims =
        json!({"_sd": [jwt::digest(field)], "nationalities": ["DE", {"...": jwt::digest(one)}]});
    let expected = json!({"family_name": "Möbius", "nationalities": ["DE", "FR"]});
    assert_eq!(opened(&claims, &[field, one]).unwrap(), value(&expected));
}

#[test]
fn what_is_nested_opens_from_outside_in() {
    let (street, street_digest) = disclosure("street", json!("Main"));
    let (address, address_digest) =
        disclosure("address", json!({"_sd": [street_digest], "country": "FR"}));
    let (inner, inner_digest) = item(json!(["b"]));
    let (list, list_digest) = disclosure("list", json!(["a", {"...": inner_digest}]));
    let claims =
        json!({"_sd": [address_digest, list_digest, jwt::digest("decoy")], "_sd_alg": "sha-256"});
    let all = [street.as_str(), &address, &inner, &list];
    let expected = json!({"address": {"street": "Main", "country": "FR"}, "list": ["a", ["b"]]});
    assert_eq!(opened(&claims, &all).unwrap(), value(&expected));
    // In any order, and what is inside only with what is around it.
    assert!(opened(&claims, &[&list, &inner, &address, &street]).is_ok());
    assert!(opened(&claims, &[&address]).is_ok());
    assert!(opened(&claims, &[&street]).unwrap_err().contains("not of this credential"));
}

#[test]
fn a_digest_stands_once_and_a_disclosure_belongs_somewhere() {
    let (text, digest) = disclosure("a", json!(1));
    let claims = json!({"_sd": [digest]});
    assert!(opened(&claims, &[&text, &text]).unwrap_err().contains("shown twice"));
    assert!(opened(&json!({}), &[&text]).unwrap_err().contains("not of this credential"));
    let twice = json!({"_sd": [digest, digest]});
    assert!(opened(&twice, &[&text]).unwrap_err().contains("stands twice"));
    let elsewhere = json!({"_sd": [digest], "b": {"_sd": [digest]}});
    assert!(opened(&elsewhere, &[]).unwrap_err().contains("stands twice"));
    let there = json!({"_sd": [digest], "a": 2});
    assert!(opened(&there, &[&text]).unwrap_err().contains("there already"));
    // Two disclosures of one name.
    let (other, other_digest) = encoded(&json!(["another salt", "a", 2]));
    let both = json!({"_sd": [digest, other_digest]});
    assert!(opened(&both, &[&text, &other]).unwrap_err().contains("there already"));
}

#[test]
fn what_is_no_disclosure_is_refused() {
    for text in ["", "!", "W10", "eyJhIjoxfQ"] {
        assert!(opened(&json!({}), &[text]).unwrap_err().contains("disclosure 0"), "{text}");
    }
    for (wrong, problem) in [
        (json!(["salt"]), "not an array"),
        (json!([1, "a", 2]), "not an array"),
        (json!(["salt", 1, 2]), "name"),
        (json!(["salt", "_sd", []]), "reserved"),
        (json!(["salt", "...", 1]), "reserved"),
        (json!(["salt", "a", 1, 2]), "not an array"),
        (json!(["salt", "a", 1.5]), "no fraction"),
    ] {
        let (text, digest) = encoded(&wrong);
        let error = opened(&json!({"_sd": [digest]}), &[&text]).unwrap_err();
        assert!(error.contains(problem), "{wrong}: {error}");
    }
    let (field, field_digest) = disclosure("a", json!(1));
    let (one, one_digest) = item(json!(1));
    assert!(
        opened(&json!({"x": [{"...": field_digest}]}), &[&field]).unwrap_err().contains("belongs")
    );
    assert!(opened(&json!({"_sd": [one_digest]}), &[&one]).unwrap_err().contains("belongs"));
    for claims in [
        json!({"_sd": "x"}),
        json!({"_sd": [1]}),
        json!({"a": {"...": "x"}}),
        json!({"_sd_alg": "sha-512"}),
        json!({"a": [{"...": 1}]}),
    ] {
        assert!(opened(&claims, &[]).is_err(), "{claims}");
    }
}

#[test]
fn depth_and_count_are_bounded() {
    let (mut text, mut digest) = disclosure("x", json!(1));
    let mut texts = vec![text.clone()];
    for index in 0..20 {
        (text, digest) = disclosure(&format!("n{index}"), json!({"_sd": [digest]}));
        texts.push(text.clone());
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    assert!(opened(&json!({"_sd": [digest]}), &texts).unwrap_err().contains("deeper than 16"));
    let many = vec!["x"; MAX_DISCLOSURES + 1];
    assert!(opened(&json!({}), &many).unwrap_err().contains("more than 64"));
    let digests: Vec<String> = (0..1_025).map(|index| index.to_string()).collect();
    assert!(opened(&json!({"_sd": digests}), &[]).unwrap_err().contains("more than 1024"));
}

proptest! {
    /// Whatever is hidden stays hidden, and whatever is shown comes back, in its place.
    #[test]
    fn exactly_what_is_shown_is_there(values in prop::collection::vec((any::<u32>(), any::<bool>()), 0..20)) {
        let all: Vec<_> = values.iter().enumerate().map(|(index, (value, _))| disclosure(&format!("c{index}"), json!(value))).collect();
        let claims = json!({"_sd": all.iter().map(|(_, digest)| digest).collect::<Vec<_>>()});
        let shown = values.iter().zip(&all).filter(|((_, shown), _)| *shown);
        let texts: Vec<&str> = shown.clone().map(|(_, (text, _))| text.as_str()).collect();
        let expected: serde_json::Map<String, Json> = values.iter().enumerate().filter(|(_, (_, shown))| *shown)
            .map(|(index, (value, _))| (format!("c{index}"), json!(value))).collect();
        prop_assert_eq!(opened(&claims, &texts).unwrap(), value(&Json::Object(expected)));
    }
}
