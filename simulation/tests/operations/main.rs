//! Operations whose accounts, factories and paymasters are assembled for the test, run through the real
//! EntryPoints: each ERC-7562 rule with contracts that do exactly what it is about, and gas estimation.

// Helpers of tests are not inside `#[test]` functions.
#![allow(clippy::unwrap_used)]

mod accuracy;
mod asm;
mod bounds;
mod case;
mod corpus;
mod estimation;
mod guarded;
mod hostile;
mod module;
mod rules_authorization;
mod rules_calls;
mod rules_creation;
mod rules_limits;
mod rules_opcodes;
mod rules_storage;
mod world;

use std::collections::BTreeSet;

use writ_simulation::rules::{RULES, Rule};
use writ_types::RuleId;

#[test]
fn every_rule_stands_in_the_table_once() {
    let listed: Vec<RuleId> = RULES.iter().map(|(id, _)| *id).collect();
    let distinct: BTreeSet<RuleId> = listed.iter().copied().collect();
    assert_eq!(distinct.len(), listed.len());
    for id in RuleId::ALL {
        let pattern = id.to_string();
        let mine = pattern.starts_with("OP-")
            || (pattern.starts_with("STO-") && !matches!(id, RuleId::Sto040 | RuleId::Sto041));
        assert!(!mine || distinct.contains(id), "{id} is missing");
    }
    for (id, rule) in RULES {
        if let Rule::ExceptionTo(prohibition) = rule {
            assert!(distinct.contains(prohibition), "{id} is an exception to nothing");
        }
    }
}
