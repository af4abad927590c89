//! Every kind of change, bad and repaired, through the real compiler.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;

use writ_migration::{Kind, Report, SCHEMA, Severity};

fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn every_fixture_gets_its_verdict_and_exactly_its_findings() {
    let mut wrong = Vec::new();
    let mut kinds = BTreeSet::new();
    for (pair, report) in common::reports() {
        let found: BTreeSet<String> =
            report.findings.iter().map(|finding| word(finding.kind)).collect();
        kinds.extend(report.findings.iter().map(|finding| finding.kind));
        let expected: BTreeSet<String> = pair.expected.iter().skip(1).cloned().collect();
        let verdict = pair.expected.first().cloned().unwrap_or_default();
        // Of the repaired ones only the verdict is written down: notices may remain.
        let same = found == expected || (pair.name.ends_with("(fixed)") && verdict == "safe");
        if word(report.verdict) != verdict || !same {
            wrong.push(format!("{}: expected {:?}, got\n{report}", pair.name, pair.expected));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for kind in [Kind::Shifted, Kind::GapSize, Kind::NamespaceConstant, Kind::ProxyClash] {
        assert!(kinds.contains(&kind), "{kind:?} is in no fixture");
    }
}

#[test]
fn reports_are_a_stable_json_and_say_what_would_have_happened() {
    for (pair, report) in common::reports() {
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
        assert_eq!(report.schema, SCHEMA);
        for finding in &report.findings {
            assert!(!finding.consequence.is_empty() && !finding.remedy.is_empty(), "{finding}");
            let placed =
                finding.before.iter().chain(&finding.after).any(|place| place.source.is_some());
            let about_code = finding.region.starts_with("slot ") || finding.region == "computed";
            assert!(
                placed
                    || about_code
                    || finding.kind == Kind::BaseSlot
                    || finding.severity == Severity::Notice,
                "{}: no place in a source: {finding}",
                pair.name
            );
        }
    }
    let pike = common::reports().into_iter().find(|(pair, _)| pair.name == "pike").unwrap().1;
    let moved = pike.findings.iter().find(|finding| finding.label == "initialized").unwrap();
    assert_eq!(moved.before.as_ref().unwrap().slot, "0x0");
    assert_eq!(moved.after.as_ref().unwrap().slot, "0x1");
    assert!(moved.consequence.contains("its value stays in slot 0x0"), "{}", moved.consequence);
}
