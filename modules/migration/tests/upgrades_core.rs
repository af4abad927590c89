//! At least as strict as OpenZeppelin's upgrades-core, and every difference written down in docs/migration.md.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::{collections::BTreeMap, fs};

use writ_migration::Verdict;

/// The rows of the table of differences: fixture, our verdict, theirs.
fn documented() -> BTreeMap<String, (String, String)> {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/migration.md"))
        .unwrap();
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| `")?.split('|').map(str::trim).collect();
        let [name, ours, theirs, reason, ..] = cells.as_slice() else { return None };
        assert!(reason.len() > 20, "no reason: {line}");
        let name = name.trim_end_matches('`').to_owned();
        Some((name, ((*ours).to_owned(), (*theirs).to_owned())))
    });
    rows.collect()
}

#[test]
fn it_is_at_least_as_strict_and_every_difference_has_its_reason() {
    let (sources, _) = common::fixtures();
    let compared: Vec<_> = common::reports().into_iter().filter(|(pair, _)| !pair.proxy).collect();
    let pairs: Vec<_> = compared
        .iter()
        .map(|(pair, _)| (format!("{}:Subject", pair.before), format!("{}:Subject", pair.after)))
        .collect();
    let theirs = common::upgrades_core(&sources, &pairs);
    let mut differences = BTreeMap::new();
    for ((pair, report), (verdict, why)) in compared.iter().zip(theirs) {
        let safe = report.verdict == Verdict::Safe;
        assert!(!(safe && verdict == Some(false)), "{}: upgrades-core refuses: {why}", pair.name);
        if Some(safe) != verdict {
            let ours = serde_json::to_value(report.verdict).unwrap();
            let theirs = match verdict {
                Some(true) => "safe",
                Some(false) => "unsafe",
                None => "no verdict",
            };
            differences
                .insert(pair.name.clone(), (ours.as_str().unwrap().to_owned(), theirs.to_owned()));
        }
    }
    assert_eq!(documented(), differences, "the table of docs/migration.md is not what is so");
    // Where both judge, most agree: the runs are of the same pairs.
    assert!(compared.len() > 3 * differences.len());
}
