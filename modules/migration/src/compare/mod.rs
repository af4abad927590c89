//! The comparison: by position (same bytes), by meaning (same name) and by type, all the way into it.

mod clash;
mod fields;
mod kinds;
mod matching;
mod overlaps;
mod slots;

use std::collections::HashSet;

use alloy::primitives::U256;

pub use clash::clash;

use crate::{
    finding::{Check, Finding, Kind, Place, Report, Severity},
    layout::{ContractLayout, Field, TypeId},
    limits,
};

/// Whether the code of `after` reads what the code of `before` stored: checks C1 and C2.
#[must_use]
pub fn compare(before: &ContractLayout, after: &ContractLayout) -> Report {
    let mut comparison = Comparison::new(before, after);
    comparison.base();
    comparison.fields(&before.variables, &after.variables, &Region::top(Check::C1, "storage"));
    let transient = Region { transient: true, ..Region::top(Check::C1, "transient") };
    comparison.fields(&before.transient, &after.transient, &transient);
    comparison.namespaces();
    comparison.raw();
    comparison.computed();
    comparison.overlaps();
    comparison.finish()
}

/// Where fields stand that are compared.
#[derive(Debug, Clone)]
struct Region {
    check: Check,
    name: String,
    /// What stands before a field's name: `accounts[].`.
    path: String,
    /// The slot that fields are counted from; none behind a hash.
    base: Option<U256>,
    /// Whether fields may be added behind the last.
    append: bool,
    transient: bool,
}

impl Region {
    fn top(check: Check, name: impl Into<String>) -> Self {
        Self {
            check,
            name: name.into(),
            path: String::new(),
            base: Some(U256::ZERO),
            append: true,
            transient: false,
        }
    }
}

/// One pair of fields on the way into its types.
#[derive(Debug, Clone)]
struct Spot<'r> {
    region: &'r Region,
    label: String,
    before: Place,
    after: Place,
    /// The slot of the value, where it is known.
    base: Option<U256>,
}

#[derive(Debug)]
struct Comparison<'a> {
    old: &'a ContractLayout,
    new: &'a ContractLayout,
    findings: Vec<Finding>,
    compared: usize,
    /// Pairs of types that were compared without a finding, with or without room behind them.
    equal: HashSet<(TypeId, TypeId, bool)>,
    /// Pairs under comparison: a type that holds itself behind a hash is what it is if the rest of it is.
    open: Vec<(TypeId, TypeId, bool)>,
}

impl<'a> Comparison<'a> {
    fn new(old: &'a ContractLayout, new: &'a ContractLayout) -> Self {
        Self {
            old,
            new,
            findings: Vec::new(),
            compared: 0,
            equal: HashSet::new(),
            open: Vec::new(),
        }
    }

    fn full(&self) -> bool {
        self.findings.len() >= limits::FINDINGS
    }

    fn push(&mut self, finding: Finding) {
        if !self.full() {
            self.findings.push(finding);
        }
        if self.findings.len() + 1 == limits::FINDINGS {
            self.findings.push(Finding {
                check: Check::C1,
                kind: Kind::Truncated,
                severity: Severity::Unsafe,
                region: String::new(),
                label: String::new(),
                before: None,
                after: None,
                consequence: format!("there are more than {} findings", limits::FINDINGS - 1),
                remedy: "compare the contract with the version that it replaces".to_owned(),
            });
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn find(
        &mut self,
        region: &Region,
        kind: Kind,
        severity: Severity,
        label: String,
        before: Option<Place>,
        after: Option<Place>,
        consequence: String,
        remedy: impl Into<String>,
    ) {
        // Nothing transient outlives the transaction that upgrades.
        let severity = if region.transient { Severity::Notice } else { severity };
        self.push(Finding {
            check: region.check,
            kind,
            severity,
            region: region.name.clone(),
            label,
            before,
            after,
            consequence,
            remedy: remedy.into(),
        });
    }

    /// `layout at` with another slot moves everything.
    fn base(&mut self) {
        let (Some(old), Some(new)) = (self.old.base, self.new.base) else { return };
        if old == new || self.old.variables.is_empty() {
            return;
        }
        self.find(
            &Region::top(Check::C1, "storage"),
            Kind::BaseSlot,
            Severity::Unsafe,
            self.new.contract.name.clone(),
            None,
            None,
            format!("all variables would be read from slot {new:#x} on, and are stored from slot {old:#x} on"),
            format!("keep `layout at {old:#x}`"),
        );
    }

    fn finish(self) -> Report {
        Report::of(
            self.old.contract.clone(),
            self.new.contract.clone(),
            self.compared,
            self.findings,
        )
    }
}

fn place(layout: &ContractLayout, field: &Field, base: Option<U256>) -> Place {
    let kind = layout.kind(&field.kind);
    Place {
        slot: format!("{:#x}", base.unwrap_or_default().wrapping_add(field.slot)),
        offset: field.offset,
        bytes: kind.map_or_else(String::new, |kind| kind.bytes.to_string()),
        kind: kind.map_or_else(|| field.kind.0.clone(), |kind| kind.label.clone()),
        source: field.source.clone(),
    }
}

fn spot(place: &Place) -> String {
    if place.offset == 0 {
        format!("slot {}", place.slot)
    } else {
        format!("slot {}, byte {}", place.slot, place.offset)
    }
}
