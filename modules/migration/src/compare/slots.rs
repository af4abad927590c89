//! Namespaces and slots that the code names itself: check C2.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::U256;

use super::{Comparison, Region};
use crate::{
    finding::{Check, Kind, Place, Severity},
    layout::{ContractLayout, Location, Namespace},
    solc::namespace_slot,
};

const FORMULA: &str = "erc7201:";

impl Namespace {
    /// What it is called in a report.
    fn region(&self) -> String {
        self.id.clone().unwrap_or_else(|| format!("struct {}", self.label))
    }

    /// Where the annotation says that it lies, if the formula is known.
    fn declared(&self) -> Option<U256> {
        self.id.as_ref()?.strip_prefix(FORMULA).map(namespace_slot)
    }

    /// Where it lies: where code puts it, else where its annotation says.
    pub(super) fn slots(&self) -> BTreeSet<U256> {
        if self.locations.is_empty() {
            return self.declared().into_iter().collect();
        }
        self.locations.iter().map(|location| location.slot).collect()
    }

    pub(super) fn place(&self, slot: U256) -> Place {
        Place {
            slot: format!("{slot:#x}"),
            offset: 0,
            bytes: self.bytes.to_string(),
            kind: format!("struct {}", self.label),
            source: self.source.clone(),
        }
    }
}

fn word(slot: U256, label: Option<&String>) -> Place {
    Place {
        slot: format!("{slot:#x}"),
        offset: 0,
        bytes: "32".to_owned(),
        kind: label.cloned().unwrap_or_else(|| "word".to_owned()),
        source: None,
    }
}

/// The slots that a layout names, by the name of their constant.
fn constants(layout: &ContractLayout) -> BTreeMap<&str, BTreeSet<U256>> {
    let mut all: BTreeMap<&str, BTreeSet<U256>> = BTreeMap::new();
    let locations = layout.namespaces.iter().flat_map(|namespace| &namespace.locations);
    for location in locations.chain(layout.raw.iter().map(|raw| &raw.location)) {
        if let Some(name) = &location.constant {
            all.entry(name).or_default().insert(location.slot);
        }
    }
    all
}

impl<'a> Comparison<'a> {
    pub(super) fn namespaces(&mut self) {
        let (old, new) = (self.old, self.new);
        for namespace in &new.namespaces {
            self.constant(namespace);
        }
        let mut seen = BTreeSet::new();
        for namespace in &new.namespaces {
            if let Some(id) = &namespace.id
                && !seen.insert(id)
            {
                let region = Region::top(Check::C2, id.clone());
                let after = namespace.slots().first().map(|slot| namespace.place(*slot));
                self.find(
                    &region,
                    Kind::NamespaceDuplicated,
                    Severity::Unsafe,
                    namespace.label.clone(),
                    None,
                    after,
                    "two structs have the same namespace: each would overwrite the other"
                        .to_owned(),
                    "give each struct an id of its own",
                );
            }
        }
        for namespace in &old.namespaces {
            if namespace.id.is_some() {
                self.namespace(namespace);
            } else {
                for location in &namespace.locations {
                    self.pointer(namespace, location);
                }
            }
        }
    }

    /// A namespace's constant against its annotation.
    fn constant(&mut self, namespace: &'a Namespace) {
        let Some(id) = &namespace.id else { return };
        let region = Region::top(Check::C2, id.clone());
        let label = namespace.label.clone();
        let Some(declared) = namespace.declared() else {
            let severity = if namespace.locations.is_empty() {
                Severity::Unverified
            } else {
                Severity::Notice
            };
            self.find(
                &region,
                Kind::NamespaceFormula,
                severity,
                label,
                None,
                None,
                format!("`{id}` has a formula that is not known; only `{FORMULA}<id>` can be compared with the code"),
                format!("write `@custom:storage-location {FORMULA}<id>`"),
            );
            return;
        };
        if namespace.locations.is_empty() {
            // If no slot is computed, nothing can place it: the struct is not used.
            let severity =
                if self.new.computed.is_empty() { Severity::Notice } else { Severity::Unverified };
            let after = Some(namespace.place(declared));
            let consequence =
                "no code was found that places the struct; it is compared where its annotation says".to_owned();
            let remedy = "place it with `$.slot := CONSTANT`";
            self.find(
                &region,
                Kind::NamespaceUnplaced,
                severity,
                label,
                None,
                after,
                consequence,
                remedy,
            );
            return;
        }
        for location in namespace.locations.iter().filter(|location| location.slot != declared) {
            let lived = self
                .old
                .namespaces
                .iter()
                .any(|before| before.id == namespace.id && before.slots() == namespace.slots());
            // A contract that lives with a wrong constant has to keep it.
            let severity = if lived { Severity::Notice } else { Severity::Unsafe };
            let name = location.constant.as_deref().unwrap_or("the code");
            self.find(
                &region,
                Kind::NamespaceConstant,
                severity,
                label.clone(),
                Some(namespace.place(declared)),
                Some(namespace.place(location.slot)),
                format!("{name} puts the struct at {:#x}, and its annotation means {declared:#x}: whoever goes by the annotation looks at the wrong place, and two structs with one constant overwrite each other", location.slot),
                if lived {
                    "keep the constant, since values are stored there, and correct the annotation".to_owned()
                } else {
                    format!("set the constant to {declared:#x}, or correct the annotation")
                },
            );
        }
    }

    fn namespace(&mut self, before: &'a Namespace) {
        let region = Region::top(Check::C2, before.region());
        let slots = before.slots();
        let first = slots.first().copied().unwrap_or_default();
        let mut same = self.new.namespaces.iter().filter(|new| new.id == before.id);
        let first_of_id = same.clone().next();
        let Some(after) = same.find(|new| new.label == before.label).or(first_of_id) else {
            self.compared += 1;
            let heir = self.new.namespaces.iter().find(|new| new.slots().contains(&first));
            let consequence = heir.map_or_else(
                || "nothing reads what is stored in it any more".to_owned(),
                |heir| format!("what is stored in it would be read as `{}`", heir.region()),
            );
            self.find(
                &region,
                Kind::NamespaceDeleted,
                Severity::Unsafe,
                before.label.clone(),
                Some(before.place(first)),
                heir.map(|heir| heir.place(first)),
                consequence,
                format!(
                    "keep the struct with `@custom:storage-location {}`, even if nothing uses it",
                    before.region()
                ),
            );
            return;
        };
        let now = after.slots();
        if let Some(lost) = slots.difference(&now).next() {
            let to = now.first().copied().unwrap_or_default();
            self.find(
                &region,
                Kind::NamespaceMoved,
                Severity::Unsafe,
                before.label.clone(),
                Some(before.place(*lost)),
                Some(after.place(to)),
                format!("everything in it would be read from {to:#x}, where nothing is stored; the values stay at {lost:#x}"),
                format!("keep the constant at {lost:#x}"),
            );
        }
        let region = Region { base: Some(first), ..region };
        self.fields(&before.fields, &after.fields, &region);
    }

    /// A struct without annotation, at one slot.
    fn pointer(&mut self, before: &'a Namespace, location: &Location) {
        let slot = location.slot;
        let mut heirs = self.new.namespaces.iter().filter(|new| new.slots().contains(&slot));
        let first = heirs.clone().next();
        let heir = heirs.find(|new| new.label == before.label).or(first);
        if let Some(after) = heir {
            let region =
                Region { base: Some(slot), ..Region::top(Check::C2, format!("slot {slot:#x}")) };
            self.fields(&before.fields, &after.fields, &region);
        } else if !self.new.raw.iter().any(|raw| raw.location.slot == slot) {
            self.lost(location, before.place(slot));
        }
    }

    /// Slots that are used as they are.
    pub(super) fn raw(&mut self) {
        let (old, new) = (self.old, self.new);
        for raw in &old.raw {
            self.compared += 1;
            let slot = raw.location.slot;
            let now = new.raw.iter().filter(|now| now.location.slot == slot);
            let labels: Vec<&String> = now.clone().filter_map(|now| now.label.as_ref()).collect();
            let used = now.clone().next().is_some()
                || new.namespaces.iter().any(|namespace| namespace.slots().contains(&slot));
            // A variable's slot by its number is the variable's.
            let variable = old.variables.iter().any(|field| {
                let (begin, end) = old.range(field);
                begin.slot <= slot && (slot < end.slot || (slot == end.slot && end.offset > 0))
            });
            if !used {
                if !variable {
                    self.lost(&raw.location, word(slot, raw.label.as_ref()));
                }
            } else if let Some(label) = &raw.label
                && !labels.is_empty()
            {
                let region = Region::top(Check::C2, format!("slot {slot:#x}"));
                let (before, after) = (word(slot, Some(label)), word(slot, Some(labels[0])));
                let name = raw.location.constant.clone().unwrap_or_else(|| format!("{slot:#x}"));
                if !labels.contains(&label) {
                    let consequence =
                        format!("what is stored as `{label}` would be read as `{}`", labels[0]);
                    self.find(
                        &region,
                        Kind::Retyped,
                        Severity::Unsafe,
                        name,
                        Some(before),
                        Some(after),
                        consequence,
                        format!("keep `{label}`"),
                    );
                } else if label.contains("struct ") {
                    let consequence =
                        "a storage pointer to structs within another type cannot be followed"
                            .to_owned();
                    self.find(
                        &region,
                        Kind::Unknown,
                        Severity::Unverified,
                        name,
                        Some(before),
                        Some(after),
                        consequence,
                        "put it into a struct of its own",
                    );
                }
            }
        }
    }

    fn lost(&mut self, location: &Location, before: Place) {
        let slot = location.slot;
        let region = Region::top(Check::C2, format!("slot {slot:#x}"));
        let label = location.constant.clone().unwrap_or_else(|| format!("{slot:#x}"));
        let now = location.constant.as_deref().and_then(|name| {
            constants(self.new).get(name).and_then(|slots| slots.first().copied())
        });
        match now {
            Some(to) => self.find(
                &region,
                Kind::SlotMoved,
                Severity::Unsafe,
                label,
                Some(before),
                Some(word(to, None)),
                format!("it would be read from {to:#x}; its value stays at {slot:#x}"),
                format!("keep the constant at {slot:#x}"),
            ),
            None => self.find(
                &region,
                Kind::SlotDeleted,
                Severity::Unsafe,
                label,
                Some(before),
                None,
                "nothing that the comparison can follow reads the slot any more".to_owned(),
                "keep what reads the slot, even if nothing uses it",
            ),
        }
    }

    /// Slots that are computed by the same code from the same constants are the same.
    pub(super) fn computed(&mut self) {
        let known: BTreeSet<_> = self.old.computed.iter().map(|one| one.fingerprint).collect();
        let now: BTreeSet<_> = self.new.computed.iter().map(|one| one.fingerprint).collect();
        self.compared += known.len();
        let gone = self.old.computed.iter().filter(|one| !now.contains(&one.fingerprint));
        let added = self.new.computed.iter().filter(|one| !known.contains(&one.fingerprint));
        for (one, after) in gone.map(|one| (one, false)).chain(added.map(|one| (one, true))) {
            let place = Place {
                slot: "computed".to_owned(),
                offset: 0,
                bytes: "32".to_owned(),
                kind: "word".to_owned(),
                source: one.source.clone(),
            };
            let (before, after) = if after { (None, Some(place)) } else { (Some(place), None) };
            let consequence = "it uses slots that are computed while it runs, by code that is not the same before and after: whether they are the same slots cannot be compared".to_owned();
            self.find(
                &Region::top(Check::C2, "computed"),
                Kind::SlotComputed,
                Severity::Unverified,
                one.function.clone(),
                before,
                after,
                consequence,
                "compare the function and what it calls by hand, and run it on a fork",
            );
        }
    }
}
