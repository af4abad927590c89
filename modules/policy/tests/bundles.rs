//! Bundles and stores that are not what they should be.

use std::{collections::BTreeMap, fs, path::Path};

use writ_policy::{
    Bundle, BundleError, CompiledPolicy, ENGINE, Limits, MANIFEST_FILE, PolicyStore, StoreError,
    Value, decode_json, read_files,
};

type Files = BTreeMap<String, Vec<u8>>;

fn files() -> Files {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/counterparty");
    read_files(&folder).expect("the policy in the tree")
}

/// The bundle with one text of one file replaced; packed again if `pack`.
fn changed(file: &str, from: &str, to: &str, pack: bool) -> Files {
    let mut files = files();
    let text = String::from_utf8(files[file].clone()).expect("text");
    assert!(text.contains(from), "{from}");
    files.insert(file.to_owned(), text.replacen(from, to, 1).into_bytes());
    if pack {
        let manifest = Bundle::pack(&files).expect("packs").as_value().to_json();
        files.insert(MANIFEST_FILE.to_owned(), manifest.into_bytes());
    }
    files
}

/// The bundle for regorus alone, packed again without a look at its code.
fn unprovable(mut files: Files) -> Files {
    let text = String::from_utf8(files[MANIFEST_FILE].clone()).expect("text");
    let manifest = decode_json(&text, &Limits::PARAMETERS).expect("a manifest");
    let Value::Object(mut fields) = manifest else { panic!("an object") };
    fields.remove("program");
    fields.insert("engine".to_owned(), ENGINE.into());
    fields.insert("provable".to_owned(), false.into());
    let text = Value::Object(fields).to_json();
    files.insert(MANIFEST_FILE.to_owned(), text.into_bytes());
    let manifest = Bundle::pack(&files).expect("packs").as_value().to_json();
    files.insert(MANIFEST_FILE.to_owned(), manifest.into_bytes());
    files
}

#[test]
fn a_policy_names_the_program_that_its_code_compiles_to() {
    let policy = load(&files()).expect("loads");
    let program = policy.program().expect("provable");
    assert_eq!(policy.manifest().program, Some(program.hash()));
    let alone = load(&unprovable(files())).expect("loads");
    assert!(alone.program().is_none());
    assert_ne!(alone.policy_id(), policy.policy_id());
    // Another program than the code's: somebody else's, or another release's.
    let digit = program.hash().to_string().chars().nth(2).expect("a digit");
    let other = if digit == '0' { '1' } else { '0' };
    let from = format!("\"program\": \"0x{digit}");
    let to = format!("\"program\": \"0x{other}");
    let error = load(&changed(MANIFEST_FILE, &from, &to, false)).expect_err("another program");
    assert!(matches!(error, BundleError::Program { .. }), "{error}");
}

fn load(files: &Files) -> Result<CompiledPolicy, BundleError> {
    CompiledPolicy::compile(Bundle::from_files(files)?)
}

#[test]
fn the_id_is_reproducible_and_covers_every_file() {
    let original = load(&files()).expect("loads").policy_id();
    assert_eq!(load(&files()).expect("loads again").policy_id(), original);
    // Another order of fields and other white space are the same manifest.
    let mut respelled = files();
    let manifest = Bundle::from_files(&respelled).expect("loads").manifest().as_value().to_json();
    respelled.insert(MANIFEST_FILE.to_owned(), format!("\n {manifest} ").into_bytes());
    assert_eq!(load(&respelled).expect("loads").policy_id(), original);

    for (file, from, to) in [
        ("counterparty.rego", "may not be called", "must not be called"),
        ("schema.json", "\"maximum\": 86400", "\"maximum\": 86401"),
        ("words.json", "may be called.", "may be used."),
        (MANIFEST_FILE, "1.0.0", "1.0.1"),
    ] {
        assert_ne!(load(&changed(file, from, to, true)).expect(file).policy_id(), original);
    }
    // Tests and texts for readers are not part of the policy.
    let mut with_more = changed("counterparty_test.rego", "test_known_parties", "test_other", true);
    with_more.insert("notes.json".to_owned(), b"{}".to_vec());
    assert_eq!(load(&with_more).expect("loads").policy_id(), original);
}

#[test]
fn tampering_is_found() {
    for (file, from, to) in [
        ("counterparty.rego", "address in denied", "address in recipients"),
        ("schema.json", "86400", "86401"),
        ("words.json", "Nobody", "Somebody"),
    ] {
        let error = load(&changed(file, from, to, false)).expect_err(file);
        assert!(
            matches!(&error, BundleError::Hash { file: named, .. } if named == file),
            "{error}"
        );
    }
}

#[test]
fn incomplete_bundles_are_refused() {
    for file in [MANIFEST_FILE, "counterparty.rego", "schema.json", "words.json"] {
        let mut files = files();
        files.remove(file);
        assert_eq!(load(&files).expect_err(file), BundleError::Missing(file.to_owned()));
    }
    let mut extra = files();
    extra.insert("extra.rego".to_owned(), b"package writ.counterparty\n".to_vec());
    assert_eq!(load(&extra).expect_err("extra"), BundleError::Unnamed("extra.rego".to_owned()));
    let mut binary = files();
    binary.insert("counterparty_test.rego".to_owned(), vec![0xff]);
    assert!(matches!(load(&binary), Err(BundleError::Utf8(_))));
    let many: Files = (0..33).map(|n| (format!("{n}.json"), Vec::new())).collect();
    assert_eq!(load(&many).expect_err("many"), BundleError::TooManyFiles(33));
}

#[test]
fn what_is_not_built_is_refused_by_name() {
    for (from, to, named) in [
        ("\"format\": 1", "\"format\": 2", "format"),
        ("policyvm-1", "policyvm-2", "policyvm-2"),
        ("policyvm-1", "regorus-strict", "provable"),
        ("\"provable\": true", "\"provable\": false", "provable"),
        ("\"program\": \"0x", "\"program\": \"0", "program"),
        ("\"quorum\"", "\"quorum+tee\"", "quorum+tee"),
        ("\"requiredFacts\": []", "\"requiredFacts\": [\"kyc\"]", "requiredFacts"),
        ("\"name\": \"counterparty\"", "\"name\": \"Counter Party\"", "name"),
        ("\"version\": \"1.0.0\"", "\"version\": \"\"", "version"),
        ("data.writ.counterparty.decision", "counterparty", "entry"),
        ("data.writ.counterparty.decision", "data.writ.count[0].x", "entry"),
        ("\"readsHistory\": false", "\"readsHistory\": 0", "readsHistory"),
        ("\"format\": 1", "\"format\": 1, \"unbounded\": true", "unbounded"),
        ("words.json", "../words.json", "files"),
        ("words.json", "words.txt", "files"),
    ] {
        let error = load(&changed(MANIFEST_FILE, from, to, false)).expect_err(to);
        let BundleError::Manifest(error) = error else { panic!("{to}: {error}") };
        assert!(error.to_string().contains(named), "{to}: {error}");
    }
}

/// Without, nothing binds one decision to the next, and the history is empty whatever happened.
#[test]
fn a_policy_that_may_read_history_says_that_it_does() {
    let with = |condition: &str, reads: bool| {
        let rule = format!("\nidle if {{\n\t{condition}\n}}\n");
        let mut files = files();
        let text = [&files["counterparty.rego"][..], rule.as_bytes()].concat();
        files.insert("counterparty.rego".to_owned(), text);
        let manifest = String::from_utf8(files[MANIFEST_FILE].clone()).expect("text");
        let manifest =
            manifest.replace("\"readsHistory\": false", &format!("\"readsHistory\": {reads}"));
        files.insert(MANIFEST_FILE.to_owned(), manifest.into_bytes());
        load(&unprovable(files))
    };
    for reading in [
        "input.history.day.operations > 1",
        "input[\"history\"].day.operations > 1",
        "input.history.sequence > 1",
        "count(input.history.week.spent) > 1",
        "every entry in input.history.hour.spent { entry.amount > 1 }",
        "some name in [\"history\"]; input[name].sequence > 1",
        "some name; input[name].sequence > 1",
        "whole := input; whole.history.sequence > 1",
        "count(input) > 1",
        "some value in input; value.sequence > 1",
        "input == data.parameters",
    ] {
        let error = with(reading, false).expect_err(reading);
        let BundleError::History(at) = &error else { panic!("{reading}: {error}") };
        assert_eq!(at.file, "counterparty.rego", "{error}");
        assert!(with(reading, true).is_ok(), "{reading}");
    }
    for other in [
        "input.version > 1",
        "input[\"version\"] > 1",
        "input.calls[0].value > 1",
        "input.facts.history > 1",
        "data.parameters.history > 1",
        "some call in input.calls; call.function == \"history\"",
    ] {
        assert!(with(other, false).is_ok(), "{other}");
    }
}

#[test]
fn an_entry_that_does_not_exist_does_not_compile() {
    let missing = changed(MANIFEST_FILE, "counterparty.decision", "counterparty.nothing", false);
    assert!(load(&missing).is_err());
}

#[test]
fn foreign_code_is_refused_with_its_place() {
    for (to, because) in [
        ("time.now_ns() > 0", "clock"),
        ("http.send({}).status == 200", "network"),
        ("1 / 2 > 0", "cross-multiply"),
        ("input == null", "null"),
        ("data.writ.counterparty.refusals", "itself"),
        ("[[[[[[[[[1]]]]]]]]] == []", "nested"),
    ] {
        let files = changed("counterparty.rego", "not executes", to, false);
        // When it is packed, and by whoever loads what somebody else has packed.
        for error in [Bundle::pack(&files).expect_err(to), load(&unprovable(files)).expect_err(to)]
        {
            let BundleError::Source(error) = error else { panic!("{to}: {error}") };
            assert!(error.problem.contains(because), "{to}: {error}");
            assert_eq!(error.file, "counterparty.rego");
            assert!(error.line > 1, "{error}");
        }
    }
}

fn write(folder: &Path, files: &Files) {
    fs::create_dir_all(folder).expect("a folder");
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).expect("a file");
    }
}

#[test]
fn a_store_is_right_as_a_whole_or_not_used() {
    let root = tempfile::tempdir().expect("a folder");
    let id = load(&files()).expect("loads").policy_id();
    assert_eq!(PolicyStore::open(root.path()).expect("empty").policies().count(), 0);

    // By id, and folders without a manifest are nobody's business.
    let by_id = root.path().join(id.to_string());
    write(&by_id, &files());
    fs::create_dir(root.path().join("notes")).expect("a folder");
    let store = PolicyStore::open(root.path()).expect("opens");
    assert!(store.get(id).is_some());

    // Under another id.
    let misnamed = root.path().join(format!("0x{}", "11".repeat(32)));
    fs::rename(&by_id, &misnamed).expect("renames");
    assert!(matches!(PolicyStore::open(root.path()), Err(StoreError::Misnamed(..))));

    // Twice.
    fs::rename(&misnamed, &by_id).expect("renames");
    write(&root.path().join("again"), &files());
    assert!(matches!(PolicyStore::open(root.path()), Err(StoreError::Twice(..))));

    // Tampered with.
    fs::write(root.path().join("again/schema.json"), b"{}").expect("writes");
    let error = PolicyStore::open(root.path()).expect_err("tampered with");
    assert!(error.to_string().contains("again"), "{error}");

    // A file without end is not read to its end.
    fs::write(root.path().join("again/schema.json"), vec![b' '; 300 * 1024]).expect("writes");
    assert!(matches!(PolicyStore::open(root.path()), Err(StoreError::TooLong(_))));

    assert!(matches!(PolicyStore::open(&root.path().join("absent")), Err(StoreError::Read(..))));
}
