//! Looking things up in arrays, objects and sets, and functions of whole collections.

use std::cmp::Ordering;

use super::{
    fault::Fault,
    fuel::{self, words},
    heap::{Heap, Place, UNDEFINED, boolean},
    machine::Machine,
    opcode::Op,
};
use crate::{Integer, encoding::tag};

impl Machine {
    /// The item of a container at a key; undefined operands give undefined.
    pub(super) fn index(&mut self, container: Place, key: Place) -> Result<Place, Fault> {
        if container == UNDEFINED || key == UNDEFINED {
            return Ok(UNDEFINED);
        }
        self.fuel.charge(fuel::LOOKUP)?;
        match self.heap.tag(container) {
            tag::ARRAY => self.element(container, key),
            tag::OBJECT if self.heap.tag(key) == tag::STRING => self.field(container, key),
            tag::SET => {
                let mut item = Heap::first(container);
                for _ in 0..self.heap.count(container) {
                    self.fuel.charge(fuel::LOOKED_AT)?;
                    if self.equal(item, key)? {
                        return Ok(item);
                    }
                    item = self.heap.after(item);
                }
                Ok(UNDEFINED)
            }
            _ => Ok(UNDEFINED),
        }
    }

    fn element(&mut self, array: Place, key: Place) -> Result<Place, Fault> {
        if self.heap.tag(key) != tag::POSITIVE {
            return Ok(UNDEFINED);
        }
        let count = self.heap.count(array);
        let Some(index) = u32::try_from(self.heap.word(key)).ok().filter(|index| *index < count)
        else {
            return Ok(UNDEFINED);
        };
        let mut item = Heap::first(array);
        for _ in 0..index {
            self.fuel.charge(fuel::STEP)?;
            item = self.heap.after(item);
        }
        Ok(item)
    }

    /// The value of an object at a string.
    fn field(&mut self, object: Place, key: Place) -> Result<Place, Fault> {
        let mut name = Heap::first(object);
        for _ in 0..self.heap.count(object) {
            self.fuel.charge(fuel::LOOKED_AT)?;
            let value = self.heap.after(name);
            if self.equal(name, key)? {
                return Ok(value);
            }
            name = self.heap.after(value);
        }
        Ok(UNDEFINED)
    }

    /// `GET`: object, key, default.
    pub(super) fn get_or(&mut self, [object, key, default]: [Place; 3]) -> Result<Place, Fault> {
        if self.heap.tag(object) != tag::OBJECT || self.heap.tag(key) != tag::STRING {
            return Err(Fault::Type);
        }
        self.fuel.charge(fuel::LOOKUP)?;
        match self.field(object, key)? {
            UNDEFINED => Ok(default),
            value => Ok(value),
        }
    }

    /// `IN`: whether a collection has an element, value or member that equals `value`.
    pub(super) fn contains_item(
        &mut self,
        value: Place,
        collection: Place,
    ) -> Result<Place, Fault> {
        self.fuel.charge(fuel::LOOKUP)?;
        if !self.heap.is_container(collection) {
            return Ok(boolean(false));
        }
        let pairs = self.heap.tag(collection) == tag::OBJECT;
        let mut item = Heap::first(collection);
        for _ in 0..self.heap.count(collection) {
            self.fuel.charge(fuel::LOOKED_AT)?;
            if pairs {
                item = self.heap.after(item);
            }
            if self.equal(item, value)? {
                return Ok(boolean(true));
            }
            item = self.heap.after(item);
        }
        Ok(boolean(false))
    }

    pub(super) fn count(&mut self, value: Place) -> Result<Place, Fault> {
        match self.heap.tag(value) {
            tag::STRING => {
                let words = words(self.heap.number(value + 1) as usize);
                self.fuel.charge(fuel::TEXT_WORD * words)?;
                let text = self.heap.text(value);
                // Of code points beyond 16 bits the engines that Rego has do not count the same.
                if text.iter().any(|byte| *byte >= 0xf0) {
                    return Err(Fault::Text);
                }
                let points = text.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
                self.natural(points as u64)
            }
            tag::ARRAY | tag::OBJECT | tag::SET => self.natural(u64::from(self.heap.count(value))),
            _ => Err(Fault::Type),
        }
    }

    /// The items of an array or a set.
    fn sequence(&self, value: Place) -> Result<(Place, u32), Fault> {
        match self.heap.tag(value) {
            tag::ARRAY | tag::SET => Ok((Heap::first(value), self.heap.count(value))),
            _ => Err(Fault::Type),
        }
    }

    pub(super) fn sum(&mut self, value: Place) -> Result<Place, Fault> {
        let (mut item, count) = self.sequence(value)?;
        let mut total = Integer::ZERO;
        for _ in 0..count {
            self.fuel.charge(fuel::SUMMED)?;
            let next = self.integer(item)?;
            total = total.checked_add(next).ok_or(Fault::Overflow)?;
            item = self.heap.after(item);
        }
        self.write_integer(total)
    }

    /// The item that is first (`Less`) or last (`Greater`) in order.
    pub(super) fn extreme(&mut self, value: Place, wanted: Ordering) -> Result<Place, Fault> {
        let (mut item, count) = self.sequence(value)?;
        let mut best = UNDEFINED;
        for _ in 0..count {
            self.fuel.charge(fuel::ITEM)?;
            if best == UNDEFINED || self.order(item, best)? == wanted {
                best = item;
            }
            item = self.heap.after(item);
        }
        Ok(best)
    }

    pub(super) fn keys(&mut self, object: Place) -> Result<Place, Fault> {
        if self.heap.tag(object) != tag::OBJECT {
            return Err(Fault::Type);
        }
        self.fuel.charge(fuel::ITEM)?;
        let mut keys = Vec::new();
        let mut name = Heap::first(object);
        for _ in 0..self.heap.count(object) {
            self.fuel.charge(fuel::ITEM)?;
            keys.push(name);
            name = self.heap.after(self.heap.after(name));
        }
        self.write_container(tag::SET, &keys)
    }

    pub(super) fn sort(&mut self, value: Place) -> Result<Place, Fault> {
        let (mut item, count) = self.sequence(value)?;
        self.fuel.charge(fuel::ITEM)?;
        let mut sorted = Vec::new();
        for _ in 0..count {
            self.fuel.charge(fuel::ITEM)?;
            let at = match self.search(&sorted, item, 1)? {
                Ok(at) | Err(at) => at,
            };
            self.fuel.charge(fuel::insert(sorted.len() - at))?;
            sorted.insert(at, item);
            item = self.heap.after(item);
        }
        self.write_container(tag::ARRAY, &sorted)
    }

    /// Union, intersection or difference of two sets, by going through both in order.
    pub(super) fn merge(&mut self, left: Place, right: Place, op: Op) -> Result<Place, Fault> {
        if self.heap.tag(left) != tag::SET || self.heap.tag(right) != tag::SET {
            return Err(Fault::Type);
        }
        self.fuel.charge(fuel::ITEM)?;
        let (mut a, mut b) = (self.heap.count(left), self.heap.count(right));
        let (mut left, mut right) = (Heap::first(left), Heap::first(right));
        let mut members = Vec::new();
        while a > 0 || b > 0 {
            self.fuel.charge(fuel::ITEM)?;
            let order = match (a, b) {
                (0, _) => Ordering::Greater,
                (_, 0) => Ordering::Less,
                _ => self.order(left, right)?,
            };
            let keep = match op {
                Op::Union => true,
                Op::Inter => order.is_eq(),
                _ => order.is_lt(),
            };
            if keep {
                members.push(if order.is_gt() { right } else { left });
            }
            if order.is_le() {
                left = self.heap.after(left);
                a -= 1;
            }
            if order.is_ge() {
                right = self.heap.after(right);
                b -= 1;
            }
        }
        self.write_container(tag::SET, &members)
    }

    pub(super) fn array_concat(&mut self, left: Place, right: Place) -> Result<Place, Fault> {
        if self.heap.tag(left) != tag::ARRAY || self.heap.tag(right) != tag::ARRAY {
            return Err(Fault::Type);
        }
        let (first, second) = (self.heap.size(left) - 9, self.heap.size(right) - 9);
        let count = self.heap.count(left) + self.heap.count(right);
        self.fuel.charge(fuel::ITEM + fuel::write(9 + first + second))?;
        let at = self.write_head(tag::ARRAY, first + second, count);
        self.heap.copy(Heap::first(left), first);
        self.heap.copy(Heap::first(right), second);
        Ok(at)
    }
}
