//! Fields of one region: state variables, or the members of a struct.

use std::collections::{HashMap, HashSet};

use alloy::primitives::U256;

use super::{
    Comparison, Region, Spot,
    matching::{Map, Matching},
    place, spot,
};
use crate::{
    finding::{Kind, Severity},
    layout::{Bytes, Field, Shape, TypeId},
};

impl<'a> Comparison<'a> {
    pub(super) fn fields(&mut self, old: &'a [Field], new: &'a [Field], region: &Region) {
        let (before, after) = (self.old, self.new);
        let matching = Matching::of((before, old), (after, new));
        let stored = Map::of(before, old);
        let read = Map::of(after, new);
        let at: HashMap<Bytes, usize> = new
            .iter()
            .enumerate()
            .filter(|(_, field)| !after.is_gap(field))
            .map(|(index, field)| (Bytes::at(field.slot, field.offset), index))
            .collect();
        let in_order = matching.in_order(new);
        let mut explained: HashSet<usize> = HashSet::new();
        for (index, field) in old.iter().enumerate() {
            if self.full() {
                return;
            }
            self.compared += 1;
            if before.is_gap(field) {
                self.gap(field, new, &matching, region);
                continue;
            }
            let here = Bytes::at(field.slot, field.offset);
            match matching.to[index] {
                Some(target) if Bytes::at(new[target].slot, new[target].offset) == here => {
                    self.same_place(field, &new[target], region);
                }
                Some(target) => {
                    let kind = if in_order[index] { Kind::Shifted } else { Kind::Reordered };
                    self.moved(kind, field, &new[target], &stored, region);
                }
                None => {
                    let taken = at.get(&here).copied().filter(|i| matching.from[*i].is_none());
                    match taken {
                        Some(other) if self.alike(&field.kind, &new[other].kind, region) => {
                            explained.insert(other);
                            self.renamed(field, &new[other], region);
                        }
                        _ => self.deleted(field, &read, region),
                    }
                }
            }
        }
        let end = old.iter().map(|field| before.range(field).1).max();
        for (index, field) in new.iter().enumerate() {
            let new_here = matching.from[index].is_none() && !explained.contains(&index);
            if !new_here || after.is_gap(field) {
                continue;
            }
            let (first, behind) = after.range(field);
            if stored.overlapping(first, behind).next().is_some() {
                self.inserted(field, &stored, region);
            } else if !region.append && end.is_none_or(|end| first >= end) {
                self.grown(field, region);
            }
        }
    }

    fn same_place(&mut self, old: &'a Field, new: &'a Field, region: &Region) {
        let label = format!("{}{}", region.path, new.label);
        let before = place(self.old, old, region.base);
        let after = place(self.new, new, region.base);
        if let Some(former) = &new.renamed_from
            && *former != old.label
            && new.renamed_from != old.renamed_from
        {
            self.find(
                region,
                Kind::WrongAnnotation,
                Severity::Unsafe,
                label.clone(),
                Some(before.clone()),
                Some(after.clone()),
                format!(
                    "the annotation says that it was `{former}`, and `{}` is stored there",
                    old.label
                ),
                "take the annotation away, or name what is stored there",
            );
        }
        let (had, has) = (self.old.kind(&old.kind), self.new.kind(&new.kind));
        if let (Some(former), Some(had), Some(has)) = (&new.retyped_from, had, has)
            && plain(former) == plain(&had.label)
            && plain(&had.label) != plain(&has.label)
        {
            let (severity, kind, consequence, remedy) = if had.bytes == has.bytes {
                let consequence = format!(
                    "what is stored as `{}` is read as `{}`, as the annotation says",
                    had.label, has.label
                );
                (
                    Severity::Notice,
                    Kind::Annotated,
                    consequence,
                    "nothing, if every stored value means the same",
                )
            } else {
                let consequence = format!(
                    "`{}` takes {} bytes and `{}` {}: other bytes are read than were written",
                    had.label, had.bytes, has.label, has.bytes
                );
                (
                    Severity::Unsafe,
                    Kind::Resized,
                    consequence,
                    "a type may be replaced by one of the same size",
                )
            };
            self.find(
                region,
                kind,
                severity,
                label,
                Some(before),
                Some(after),
                consequence,
                remedy,
            );
            return;
        }
        let base = region.base.map(|base| base.wrapping_add(old.slot));
        let spot = Spot { region, label, before, after, base };
        self.kinds(&old.kind, &new.kind, false, &spot);
    }

    /// Whether both are the same type; says nothing.
    fn alike(&mut self, old: &TypeId, new: &TypeId, region: &Region) -> bool {
        let mark = self.findings.len();
        let compared = self.compared;
        let nowhere = crate::finding::Place {
            slot: String::new(),
            offset: 0,
            bytes: String::new(),
            kind: String::new(),
            source: None,
        };
        let spot = Spot {
            region,
            label: String::new(),
            before: nowhere.clone(),
            after: nowhere,
            base: None,
        };
        self.kinds(old, new, false, &spot);
        let alike = self.findings[mark..].iter().all(|found| found.severity == Severity::Notice);
        self.findings.truncate(mark);
        self.compared = compared;
        alike
    }

    fn moved(&mut self, kind: Kind, old: &Field, new: &Field, stored: &Map<'_>, region: &Region) {
        let before = place(self.old, old, region.base);
        let after = place(self.new, new, region.base);
        let (begin, end) = self.new.range(new);
        let what = stored.words(begin, end, region);
        let consequence = format!(
            "it would be read from {}, {what}; its value stays in {}",
            spot(&after),
            spot(&before)
        );
        let remedy = if kind == Kind::Reordered {
            "keep the order of variables, and that of the inherited contracts"
        } else {
            "put what is new behind everything that is stored, or into a gap that shrinks by as much; take nothing away before it"
        };
        let label = format!("{}{}", region.path, new.label);
        self.find(
            region,
            kind,
            Severity::Unsafe,
            label,
            Some(before),
            Some(after),
            consequence,
            remedy,
        );
    }

    fn renamed(&mut self, old: &Field, new: &Field, region: &Region) {
        let before = place(self.old, old, region.base);
        let after = place(self.new, new, region.base);
        let consequence = format!(
            "if it is another variable than `{}`, it starts with the value of that one, which is lost",
            old.label
        );
        let remedy = if region.path.is_empty() && region.name == "storage" {
            format!("if it is the same one, say so: `/// @custom:oz-renamed-from {}`", old.label)
        } else {
            format!("keep the name `{}`: members of structs cannot be annotated", old.label)
        };
        let label = format!("{}{}", region.path, new.label);
        self.find(
            region,
            Kind::Renamed,
            Severity::Unsafe,
            label,
            Some(before),
            Some(after),
            consequence,
            remedy,
        );
    }

    fn deleted(&mut self, old: &Field, read: &Map<'_>, region: &Region) {
        let before = place(self.old, old, region.base);
        let (begin, end) = self.old.range(old);
        let names: Vec<String> = read
            .overlapping(begin, end)
            .take(3)
            .map(|field| format!("`{}{}`", region.path, field.label))
            .collect();
        let consequence = if names.is_empty() {
            "nothing reads its value any more, and whatever is put there later starts with it"
                .to_owned()
        } else {
            format!("its value would be read as {}", names.join(", "))
        };
        let label = format!("{}{}", region.path, old.label);
        let remedy = "keep the variable, even if nothing uses it";
        self.find(
            region,
            Kind::Deleted,
            Severity::Unsafe,
            label,
            Some(before),
            None,
            consequence,
            remedy,
        );
    }

    fn inserted(&mut self, new: &Field, stored: &Map<'_>, region: &Region) {
        let after = place(self.new, new, region.base);
        let (begin, end) = self.new.range(new);
        let what = stored.words(begin, end, region);
        let label = format!("{}{}", region.path, new.label);
        let consequence = format!("it is new and would start with what is there: {what}");
        let remedy =
            "put it behind everything that is stored, or into a gap that shrinks by as much";
        self.find(
            region,
            Kind::Inserted,
            Severity::Unsafe,
            label,
            None,
            Some(after),
            consequence,
            remedy,
        );
    }

    fn grown(&mut self, new: &Field, region: &Region) {
        let after = place(self.new, new, region.base);
        let label = format!("{}{}", region.path, new.label);
        let consequence =
            "the struct has no room of its own behind it: what follows it, or the next element, is or will be moved".to_owned();
        let remedy =
            "leave the struct as it is and put what is new into a variable behind all others";
        self.find(
            region,
            Kind::StructGrown,
            Severity::Unsafe,
            label,
            None,
            Some(after),
            consequence,
            remedy,
        );
    }

    /// A gap may shrink from its beginning, or end in a new variable. Its end does not move.
    fn gap(&mut self, old: &Field, new: &[Field], matching: &Matching, region: &Region) {
        let end = self.old.range(old).1;
        let gap = |field: &&Field| self.new.is_gap(field);
        let own = new
            .iter()
            .filter(gap)
            .find(|field| field.label == old.label && field.contract == old.contract);
        let ends_there = || {
            let mut new = new.iter().enumerate();
            new.find(|(index, field)| {
                matching.from[*index].is_none() && self.new.range(field).1 == end
            })
            .map(|(_, field)| field)
        };
        let named = || new.iter().filter(gap).find(|field| field.label == old.label);
        match own.or_else(ends_there).or_else(named) {
            Some(successor) if self.new.is_gap(successor) => {
                self.gap_size(old, successor, region);
            }
            Some(_) => {}
            None => {
                let label = format!("{}{}", region.path, old.label);
                let before = Some(place(self.old, old, region.base));
                let consequence = "the room is given up: whatever is added to the contract later moves what inherits it";
                let remedy = "keep the gap, shrunk by what took its place";
                self.find(
                    region,
                    Kind::GapDeleted,
                    Severity::Unsafe,
                    label,
                    before,
                    None,
                    consequence.to_owned(),
                    remedy,
                );
            }
        }
    }

    fn gap_size(&mut self, old: &Field, new: &Field, region: &Region) {
        let (begin, end) = self.old.range(old);
        let (first, last) = self.new.range(new);
        let (kind, consequence, remedy) = if last != end {
            let remedy = self.expected(new, end).map_or_else(
                || "let the gap end where it ended".to_owned(),
                |size| format!("make it {size} elements long, so that it ends where it ended"),
            );
            let consequence =
                "the gap ends elsewhere: whatever inherits the contract is or will be moved";
            (Kind::GapSize, consequence, remedy)
        } else if first < begin {
            let consequence = "the gap would reach into what is stored before it";
            (Kind::GapSize, consequence, "a gap never grows".to_owned())
        } else if first == begin && !self.same_elements(old, new, region) {
            let consequence =
                "room is counted in other elements than before, which the next version gets wrong";
            (Kind::GapRetyped, consequence, "keep the type of the gap's elements".to_owned())
        } else {
            return;
        };
        let label = format!("{}{}", region.path, old.label);
        let before = Some(place(self.old, old, region.base));
        let after = Some(place(self.new, new, region.base));
        self.find(
            region,
            kind,
            Severity::Unsafe,
            label,
            before,
            after,
            consequence.to_owned(),
            remedy,
        );
    }

    fn elements(&self, layout_new: bool, field: &Field) -> Option<&'a TypeId> {
        let layout = if layout_new { self.new } else { self.old };
        match &layout.kind(&field.kind)?.shape {
            Shape::Array(element, _) => Some(element),
            _ => None,
        }
    }

    fn same_elements(&mut self, old: &Field, new: &Field, region: &Region) -> bool {
        match (self.elements(false, old), self.elements(true, new)) {
            (Some(old), Some(new)) => self.alike(old, new, region),
            _ => false,
        }
    }

    /// How long a gap has to be to end where the old one did.
    fn expected(&self, gap: &Field, end: Bytes) -> Option<U256> {
        let kind = self.new.kind(&gap.kind)?;
        let Shape::Array(element, _) = &kind.shape else { return None };
        let (begin, _) = self.new.range(gap);
        let element = self.new.kind(element)?.bytes;
        (begin < end && end.offset == 0 && begin.offset == 0 && element == U256::from(32))
            .then(|| end.slot.saturating_sub(begin.slot))
    }
}

/// A type's label as people write it in an annotation.
fn plain(label: &str) -> String {
    label
        .split_whitespace()
        .filter(|word| {
            !["contract", "struct", "enum"].contains(&word.trim_start_matches(['(', ',']))
        })
        .collect::<Vec<_>>()
        .join(" ")
        .replace("(contract ", "(")
        .replace("(struct ", "(")
        .replace("(enum ", "(")
}
