//! Building arrays, sets and objects from values that already stand on the heap.
//!
//! A builder is a list of places: of the items of an array in the order in which they came, of a
//! set's members in their order, of an object's keys and values in the order of the keys. Only
//! when it is sealed are the items copied, once.

use std::cmp::Ordering;

use super::{
    fault::Fault,
    fuel,
    heap::{Place, UNDEFINED},
    machine::Machine,
};
use crate::encoding::tag;

/// The kinds of builders, as `OPEN` and `PACK` number them.
const SET: u64 = 1;
const OBJECT: u64 = 2;

impl Machine {
    /// Adds an item to an array's builder, or to a set's at its place. Builder 0 is none and keeps
    /// nothing.
    pub(super) fn push(&mut self, builder: u32, set: bool, value: Place) -> Result<(), Fault> {
        let mut items = self.take_builder(builder);
        let result = self.add(&mut items, set, value);
        self.return_builder(builder, items);
        result
    }

    fn add(&mut self, items: &mut Vec<Place>, set: bool, value: Place) -> Result<(), Fault> {
        let mut at = items.len();
        if set {
            match self.search(items, value, 1)? {
                Ok(_) => return Ok(()),
                Err(place) => at = place,
            }
        }
        self.fuel.charge(fuel::insert(items.len() - at))?;
        items.insert(at, value);
        Ok(())
    }

    /// Adds an entry to an object's builder.
    pub(super) fn put(&mut self, builder: u32, key: Place, value: Place) -> Result<(), Fault> {
        let mut items = self.take_builder(builder);
        let result = self.add_entry(&mut items, key, value);
        self.return_builder(builder, items);
        result
    }

    fn add_entry(&mut self, items: &mut Vec<Place>, key: Place, value: Place) -> Result<(), Fault> {
        if self.heap.tag(key) != tag::STRING {
            return Err(Fault::Key);
        }
        match self.search(items, key, 2)? {
            Ok(at) => {
                let former = items.get(2 * at + 1).copied().unwrap_or(UNDEFINED);
                if self.equal(former, value)? { Ok(()) } else { Err(Fault::Conflict) }
            }
            Err(at) => {
                self.fuel.charge(fuel::insert(items.len() - 2 * at))?;
                items.splice(2 * at..2 * at, [key, value]);
                Ok(())
            }
        }
    }

    /// What a builder has collected.
    pub(super) fn seal(&mut self, builder: u32, kind: u64) -> Result<Place, Fault> {
        if builder == 0 {
            return Ok(UNDEFINED);
        }
        let items = self.take_builder(builder);
        let result = self.write_container(kind_tag(kind), &items);
        self.return_builder(builder, items);
        result
    }

    /// `PACK`: undefined if any of the registers is.
    pub(super) fn pack(&mut self, list: &[u16], base: usize, kind: u64) -> Result<Place, Fault> {
        self.fuel.charge(fuel::PACK + fuel::PACKED * list.len() as u64)?;
        if list.iter().any(|register| self.get(base, *register) == UNDEFINED) {
            return Ok(UNDEFINED);
        }
        let mut items = Vec::with_capacity(list.len());
        if kind == OBJECT {
            for pair in list.chunks_exact(2) {
                if let [key, value] = pair {
                    let (key, value) = (self.get(base, *key), self.get(base, *value));
                    self.add_entry(&mut items, key, value)?;
                }
            }
        } else {
            for register in list {
                let value = self.get(base, *register);
                self.add(&mut items, kind == SET, value)?;
            }
        }
        self.write_container(kind_tag(kind), &items)
    }

    /// Finds `value` among every `step`-th of `items`, which ascend: its place, or where it goes.
    ///
    /// By halving, so that it looks at the same items everywhere.
    pub(super) fn search(
        &mut self,
        items: &[Place],
        value: Place,
        step: usize,
    ) -> Result<Result<usize, usize>, Fault> {
        let (mut low, mut high) = (0, items.len() / step);
        while low < high {
            self.fuel.charge(fuel::HALVING)?;
            let middle = low.midpoint(high);
            let item = items.get(middle * step).copied().unwrap_or(UNDEFINED);
            match self.order(item, value)? {
                Ordering::Equal => return Ok(Ok(middle)),
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
            }
        }
        Ok(Err(low))
    }

    /// Writes a container of the values at `items`, of an object keys and values in turns.
    pub(super) fn write_container(&mut self, tag: u8, items: &[Place]) -> Result<Place, Fault> {
        let length: usize = items.iter().map(|item| self.heap.size(*item)).sum();
        self.fuel.charge(fuel::write_container(9 + length, items.len()))?;
        let count = if tag == tag::OBJECT { items.len() / 2 } else { items.len() };
        let at = self.write_head(tag, length, count as u32);
        for item in items {
            let size = self.heap.size(*item);
            self.heap.copy(*item, size);
        }
        Ok(at)
    }

    /// Writes a container's first nine bytes, for items of `length` bytes together.
    pub(super) fn write_head(&mut self, tag: u8, length: usize, count: u32) -> Place {
        let at = self.heap.end();
        self.heap.extend(&[tag]);
        self.heap.extend(&((length + 4) as u32).to_be_bytes());
        self.heap.extend(&count.to_be_bytes());
        at
    }

    fn take_builder(&mut self, builder: u32) -> Vec<Place> {
        self.builder(builder).map(std::mem::take).unwrap_or_default()
    }

    fn return_builder(&mut self, builder: u32, items: Vec<Place>) {
        if let Some(place) = self.builder(builder) {
            *place = items;
        }
    }

    fn builder(&mut self, builder: u32) -> Option<&mut Vec<Place>> {
        self.builders.get_mut((builder as usize).checked_sub(1)?)
    }
}

const fn kind_tag(kind: u64) -> u8 {
    match kind {
        SET => tag::SET,
        OBJECT => tag::OBJECT,
        _ => tag::ARRAY,
    }
}
