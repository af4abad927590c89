use std::{collections::BTreeMap, fs, path::Path};

use super::*;
use crate::{Limits, check_input, decode_json};

/// A user operation, and a call that comes through no EntryPoint.
const EXAMPLES: [&str; 2] =
    ["modules/policy/tests/vectors/input.json", "docs/examples/policy-input-call.json"];

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect(path)
}

fn validator() -> jsonschema::Validator {
    jsonschema::draft202012::options().build(&input_schema()).expect("a schema")
}

#[test]
fn the_published_schema_is_this_one() {
    let path = root().join("docs/policy-input.schema.json");
    let text = serde_json::to_string_pretty(&input_schema()).expect("JSON") + "\n";
    if std::env::var_os("WRIT_WRITE_DOCS").is_some() {
        fs::write(&path, &text).expect("docs can be written");
    }
    let published = fs::read_to_string(&path).expect("docs/policy-input.schema.json");
    assert_eq!(published, text, "run this test with WRIT_WRITE_DOCS=true");
}

#[test]
fn the_examples_are_valid_and_accepted() {
    let validator = validator();
    for path in EXAMPLES {
        let text = read(path);
        let problems: Vec<_> = validator
            .iter_errors(&serde_json::from_str(&text).expect(path))
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(problems, Vec::<String>::new(), "{path}");
        let document = decode_json(&text, &Limits::INPUT).expect(path);
        assert_eq!(check_input(&document), Ok(()), "{path}");
    }
}

/// Whatever one field is replaced by or missing, schema and check say the same, but for what only the check can see.
#[test]
fn schema_and_check_agree_on_changed_examples() {
    let validator = validator();
    let substitutes = [
        json!(null),
        json!(true),
        json!(-1),
        json!(7),
        json!(""),
        json!("0x"),
        json!("0xAA"),
        json!("erc20"),
        json!("0x1111111111111111111111111111111111111111"),
        json!([]),
        json!({}),
    ];
    let (mut both, mut neither) = (0, 0);
    for path in EXAMPLES {
        let example: Json = serde_json::from_str(&read(path)).expect(path);
        let mut places = Vec::new();
        pointers(&example, "", &mut places);
        assert!(places.len() > 70, "{}", places.len());
        for place in places {
            // Order, which a schema cannot express, and values of any kind, of which JSON has more.
            let apart = place.starts_with("/bounds")
                || (place.contains("/args/") || place.starts_with("/facts"))
                    && place.contains("/value")
                || place.starts_with("/history")
                    && (place.ends_with("/asset") || place.ends_with("/counterparty"));
            if apart {
                continue;
            }
            for substitute in substitutes.iter().map(Some).chain([None]) {
                let mut changed = example.clone();
                replace(&mut changed, &place, substitute);
                let valid = validator.is_valid(&changed);
                let accepted = decode_json(&changed.to_string(), &Limits::INPUT)
                    .is_ok_and(|document| check_input(&document).is_ok());
                assert_eq!(valid, accepted, "{place}: {substitute:?}");
                if valid { both += 1 } else { neither += 1 }
            }
        }
    }
    assert!(both > 100 && neither > 500, "{both} {neither}");
}

fn pointers(value: &Json, prefix: &str, into: &mut Vec<String>) {
    let mut under = |name: &str, value: &Json| {
        let place = format!("{prefix}/{name}");
        into.push(place.clone());
        pointers(value, &place, into);
    };
    match value {
        Json::Object(fields) => fields.iter().for_each(|(name, value)| under(name, value)),
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| under(&index.to_string(), value));
        }
        _ => {}
    }
}

fn replace(document: &mut Json, place: &str, substitute: Option<&Json>) {
    let (parent, name) = place.rsplit_once('/').expect("a pointer");
    match (document.pointer_mut(parent).expect("a parent"), substitute) {
        (Json::Object(fields), Some(value)) => drop(fields.insert(name.to_owned(), value.clone())),
        (Json::Object(fields), None) => drop(fields.remove(name)),
        (Json::Array(items), Some(value)) => {
            items[name.parse::<usize>().expect("an index")] = value.clone();
        }
        (Json::Array(items), None) => drop(items.remove(name.parse().expect("an index"))),
        _ => panic!("{place}"),
    }
}

/// Every leaf says where it comes from, by a name that the document describes.
#[test]
fn every_leaf_has_a_provenance() {
    fn walk(schema: &Json, path: &str, into: &mut BTreeMap<String, String>) {
        if let Some(properties) = schema["properties"].as_object() {
            for (name, schema) in properties {
                assert!(schema["description"].is_string(), "{path}.{name}");
                walk(schema, &format!("{path}.{name}"), into);
            }
        } else if let Some(kinds) = schema["additionalProperties"]["oneOf"].as_array() {
            kinds.iter().for_each(|kind| walk(kind, &format!("{path}{{}}"), into));
        } else if schema["items"].is_object() {
            walk(&schema["items"], &format!("{path}[]"), into);
        } else {
            let provenance = schema["x-provenance"].as_str();
            into.insert(path.to_owned(), provenance.expect(path).to_owned());
        }
    }
    let mut leaves = BTreeMap::new();
    walk(&input_schema(), "", &mut leaves);
    for (leaf, provenance) in [
        (".version", "format"),
        (".chain.block.hash", "attestation"),
        (".chain.block.timestamp", "state"),
        (".account.balance", "state"),
        (".calls[].args[].value", "action"),
        (".bounds[].maxOut", "attestation"),
        (".effects.created[]", "simulation"),
        (".history.sequence", "attestation"),
        (".history.hour.operations", "logs"),
        (".history.week.counterparties[].amount", "logs"),
        (".calls[].pinned.function", "action"),
        (".facts{}.value", "issuer"),
    ] {
        assert_eq!(leaves.get(leaf).map(String::as_str), Some(provenance), "{leaf}");
    }
    let text = read("docs/policy-input.md");
    for provenance in leaves.values() {
        assert!(text.contains(&format!("| `{provenance}` |")), "{provenance} is not described");
    }
}
