//! Two things at one place, within the new layout.

use alloy::primitives::U256;

use super::{Comparison, Region, matching::Map, place};
use crate::{
    finding::{Check, Kind, Place, Severity},
    layout::{Bytes, ContractLayout, Namespace},
};

/// Something that the code puts at a slot.
pub(super) struct Named<'a> {
    pub(super) label: String,
    pub(super) begin: Bytes,
    pub(super) end: Bytes,
    /// None for a word.
    pub(super) namespace: Option<&'a Namespace>,
    pub(super) place: Place,
}

/// All that a layout's code puts somewhere, by slot.
pub(super) fn named(layout: &ContractLayout) -> Vec<Named<'_>> {
    let mut all = Vec::new();
    for namespace in &layout.namespaces {
        for slot in namespace.slots() {
            let begin = Bytes::at(slot, 0);
            all.push(Named {
                label: namespace.id.clone().unwrap_or_else(|| namespace.label.clone()),
                begin,
                end: begin.plus(namespace.bytes),
                namespace: Some(namespace),
                place: namespace.place(slot),
            });
        }
    }
    for raw in &layout.raw {
        let slot = raw.location.slot;
        let begin = Bytes::at(slot, 0);
        all.push(Named {
            label: raw.location.constant.clone().unwrap_or_else(|| format!("{slot:#x}")),
            begin,
            end: begin.plus(U256::from(32)),
            namespace: None,
            place: Place {
                slot: format!("{slot:#x}"),
                offset: 0,
                bytes: "32".to_owned(),
                kind: raw.label.clone().unwrap_or_else(|| "word".to_owned()),
                source: raw.source.clone(),
            },
        });
    }
    all.sort_by_key(|one| one.begin);
    all
}

impl Comparison<'_> {
    pub(super) fn overlaps(&mut self) {
        let new = self.new;
        let all = named(new);
        let variables = Map::of(new, &new.variables);
        let region = Region::top(Check::C2, "storage");
        for one in &all {
            for field in variables.overlapping(one.begin, one.end) {
                let same = one.namespace.is_some_and(|namespace| {
                    let label = new.kind(&field.kind).map(|kind| kind.label.as_str());
                    one.begin == Bytes::at(field.slot, field.offset)
                        && label == Some(format!("struct {}", namespace.label).as_str())
                });
                if same {
                    continue;
                }
                let severity = if one.namespace.is_some() {
                    Severity::Unsafe
                } else if self.old.raw.iter().any(|raw| raw.location.slot == one.begin.slot) {
                    Severity::Notice
                } else {
                    Severity::Unverified
                };
                let before = Some(place(new, field, Some(U256::ZERO)));
                let label = one.label.clone();
                let consequence = format!(
                    "it lies where `{}` is: each would overwrite the other, unless the code means that",
                    field.label
                );
                self.find(
                    &region,
                    Kind::Overlap,
                    severity,
                    label,
                    before,
                    Some(one.place.clone()),
                    consequence,
                    "use the variable itself, or a namespace's slot",
                );
            }
        }
        let mut reach: Option<&Named<'_>> = None;
        for one in &all {
            if let Some(open) = reach
                && one.begin < open.end
                && !together(open, one)
            {
                let consequence =
                    format!("it lies where `{}` is: each would overwrite the other", open.label);
                self.find(
                    &region,
                    Kind::Overlap,
                    Severity::Unsafe,
                    one.label.clone(),
                    Some(open.place.clone()),
                    Some(one.place.clone()),
                    consequence,
                    "give each a slot of its own",
                );
            }
            if reach.is_none_or(|open| one.end > open.end) {
                reach = Some(one);
            }
        }
    }
}

/// Whether two things at one slot are meant to be one: a word and a struct, or a struct under two names of which one has no
/// annotation.
fn together(one: &Named<'_>, other: &Named<'_>) -> bool {
    let ids = |named: &Named<'_>| named.namespace.and_then(|namespace| namespace.id.clone());
    let different = match (ids(one), ids(other)) {
        // Twice the same id is found by its own rule.
        (Some(one), Some(other)) => one != other,
        _ => false,
    };
    one.begin == other.begin && !different
}
