//! Equality and order of values.

use std::cmp::Ordering;

use super::{
    fault::Fault,
    fuel::{self, words},
    heap::{Heap, Place},
    machine::Machine,
};
use crate::encoding::tag;

/// The deepest nesting of values that are ordered.
const MAX_ORDER_DEPTH: u32 = 64;

impl Machine {
    /// Whether two values are equal: whether their encodings are.
    pub(super) fn equal(&mut self, left: Place, right: Place) -> Result<bool, Fault> {
        let size = self.heap.size(left);
        if size != self.heap.size(right) {
            self.fuel.charge(1)?;
            return Ok(false);
        }
        self.fuel.charge(fuel::equal(size))?;
        Ok(left == right || self.heap.slice(left, size) == self.heap.slice(right, size))
    }

    /// The order of two values, as in Rego.
    pub(super) fn order(&mut self, left: Place, right: Place) -> Result<Ordering, Fault> {
        self.order_below(left, right, MAX_ORDER_DEPTH)
    }

    fn order_below(&mut self, left: Place, right: Place, depth: u32) -> Result<Ordering, Fault> {
        self.fuel.charge(fuel::ORDERED)?;
        let (a, b) = (self.heap.tag(left), self.heap.tag(right));
        let integers = |tag: u8| tag == tag::POSITIVE || tag == tag::NEGATIVE;
        if integers(a) && integers(b) {
            return Ok(self.integer(left)?.cmp(&self.integer(right)?));
        }
        if a != b {
            // The engines that Rego has do not agree on which of the two comes first.
            let unclear = a.min(b) == tag::OBJECT && a.max(b) == tag::SET;
            return if unclear { Err(Fault::Type) } else { Ok(a.cmp(&b)) };
        }
        match a {
            tag::STRING => {
                let (a, b) = (self.heap.number(left + 1), self.heap.number(right + 1));
                self.fuel.charge(fuel::TEXT_WORD * words(a.min(b) as usize))?;
                Ok(self.heap.text(left).cmp(self.heap.text(right)))
            }
            tag::ARRAY | tag::OBJECT | tag::SET => {
                let depth = depth.checked_sub(1).ok_or(Fault::Depth)?;
                self.order_items(left, right, a == tag::OBJECT, depth)
            }
            _ => Ok(Ordering::Equal),
        }
    }

    fn order_items(
        &mut self,
        left: Place,
        right: Place,
        pairs: bool,
        depth: u32,
    ) -> Result<Ordering, Fault> {
        let (a, b) = (self.heap.count(left), self.heap.count(right));
        let (mut left, mut right) = (Heap::first(left), Heap::first(right));
        let items = u64::from(a.min(b)) * if pairs { 2 } else { 1 };
        for _ in 0..items {
            let order = self.order_below(left, right, depth)?;
            if order.is_ne() {
                return Ok(order);
            }
            left = self.heap.after(left);
            right = self.heap.after(right);
        }
        Ok(a.cmp(&b))
    }
}
