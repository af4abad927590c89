//! Which new field is which old one.

use std::collections::HashMap;

use super::Region;
use crate::layout::{Bytes, ContractLayout, Field};

/// Old fields and the new ones that are the same variable.
pub(super) struct Matching {
    /// For each old field, the new one.
    pub(super) to: Vec<Option<usize>>,
    /// For each new field, the old one.
    pub(super) from: Vec<Option<usize>>,
}

impl Matching {
    /// By name or by the name that an annotation gives. Where several have it: at the same place in a contract of the same name,
    /// in a contract of that name, at the same place, anywhere. So private variables of two bases that change places are found.
    pub(super) fn of(
        (old_layout, old): (&ContractLayout, &[Field]),
        (new_layout, new): (&ContractLayout, &[Field]),
    ) -> Self {
        let mut named: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, field) in new.iter().enumerate() {
            if !new_layout.is_gap(field) {
                named.entry(&field.label).or_default().push(index);
                if let Some(former) =
                    field.renamed_from.as_deref().filter(|name| *name != field.label)
                {
                    named.entry(former).or_default().push(index);
                }
            }
        }
        let mut matching = Self { to: vec![None; old.len()], from: vec![None; new.len()] };
        let same_place = |a: &Field, b: &Field| (a.slot, a.offset) == (b.slot, b.offset);
        type Rule<'r> = &'r dyn Fn(&Field, &Field) -> bool;
        let rules: [Rule<'_>; 4] = [
            &|a, b| a.contract == b.contract && same_place(a, b),
            &|a, b| a.contract == b.contract,
            &same_place,
            &|_, _| true,
        ];
        for rule in rules {
            for (index, field) in old.iter().enumerate() {
                if matching.to[index].is_some() || old_layout.is_gap(field) {
                    continue;
                }
                let candidates = named.get(field.label.as_str()).into_iter().flatten().copied();
                let found = candidates
                    .filter(|candidate| matching.from[*candidate].is_none())
                    .find(|candidate| rule(field, &new[*candidate]));
                if let Some(found) = found {
                    matching.to[index] = Some(found);
                    matching.from[found] = Some(index);
                }
            }
        }
        matching
    }

    /// For each old field whether it kept its order among those that are still there.
    pub(super) fn in_order(&self, new: &[Field]) -> Vec<bool> {
        // The longest increasing subsequence of new places, in the order of the old ones.
        let mut tails: Vec<(Bytes, usize)> = Vec::new();
        let mut before: Vec<Option<usize>> = vec![None; self.to.len()];
        for (index, target) in self.to.iter().enumerate() {
            let Some(target) = target else { continue };
            let place = Bytes::at(new[*target].slot, new[*target].offset);
            let at = tails.partition_point(|(tail, _)| *tail < place);
            before[index] = at.checked_sub(1).map(|last| tails[last].1);
            if at == tails.len() {
                tails.push((place, index));
            } else {
                tails[at] = (place, index);
            }
        }
        let mut kept = vec![false; self.to.len()];
        let mut next = tails.last().map(|(_, index)| *index);
        while let Some(index) = next {
            kept[index] = true;
            next = before[index];
        }
        kept
    }
}

/// The fields of a layout by where they lie.
pub(super) struct Map<'f> {
    entries: Vec<(Bytes, Bytes, &'f Field)>,
}

impl<'f> Map<'f> {
    /// Gaps hold nothing and are left out.
    pub(super) fn of(layout: &ContractLayout, fields: &'f [Field]) -> Self {
        let mut entries: Vec<_> = fields
            .iter()
            .filter(|field| !layout.is_gap(field))
            .map(|field| {
                let (begin, end) = layout.range(field);
                (begin, end, field)
            })
            .collect();
        entries.sort_by_key(|(begin, ..)| *begin);
        Self { entries }
    }

    /// Those that share a byte with a range. No two of one layout overlap.
    pub(super) fn overlapping(&self, begin: Bytes, end: Bytes) -> impl Iterator<Item = &'f Field> {
        let first = self.entries.partition_point(|(_, other, _)| *other <= begin);
        self.entries[first..].iter().take_while(move |(other, ..)| *other < end).map(|(.., f)| *f)
    }

    /// What is stored in a range today, for people.
    pub(super) fn words(&self, begin: Bytes, end: Bytes, region: &Region) -> String {
        let names: Vec<String> = self
            .overlapping(begin, end)
            .take(3)
            .map(|field| format!("`{}{}`", region.path, field.label))
            .collect();
        if names.is_empty() {
            "where nothing is stored today".to_owned()
        } else {
            format!("where {} is stored today", names.join(", "))
        }
    }
}
