//! The most fuel of one instruction, from the shapes of its operands: section 5 of the specification.

use super::shape::Shape;
use crate::vm::fuel::{
    self, CUT, DIGITS, HALVING, ITEM, LOOKED_AT, LOOKUP, ORDERED, STEP, SUMMED, TEXT, TEXT_WORD,
};

const fn words(bytes: u64) -> u64 {
    bytes.div_ceil(32)
}

fn sum(parts: &[u64]) -> u64 {
    parts.iter().fold(0, |total, part| total.saturating_add(*part))
}

pub(super) fn write(bytes: u64) -> u64 {
    sum(&[1, words(bytes).saturating_mul(2)])
}

pub(super) fn write_container(shape: &Shape, places: u64) -> u64 {
    sum(&[write(shape.bytes), places.saturating_mul(3)])
}

pub(super) fn equal(left: &Shape, right: &Shape) -> u64 {
    sum(&[1, words(left.bytes.min(right.bytes)), 6])
}

pub(super) fn order(left: &Shape, right: &Shape) -> u64 {
    ordered(left).min(ordered(right))
}

/// Whatever a value is ordered against.
fn ordered(shape: &Shape) -> u64 {
    if shape.bytes == u64::MAX {
        return u64::MAX;
    }
    // Every value takes a byte at least.
    let by_bytes = shape.bytes.saturating_mul(ORDERED).saturating_add(text_words(shape.bytes));
    let items = match shape.count {
        0 => 0,
        count => {
            let key = if shape.key > 0 { sum(&[ORDERED, text_words(shape.key)]) } else { 0 };
            count.saturating_mul(sum(&[ordered(&shape.item()), key]))
        }
    };
    let own = sum(&[ORDERED, text_words(shape.bytes)]);
    own.max(sum(&[ORDERED, items])).min(sum(&[ORDERED, by_bytes, text_words(shape.bytes)]))
}

fn text_words(bytes: u64) -> u64 {
    words(bytes).saturating_mul(TEXT_WORD)
}

/// Going through a container for an item that equals `key`.
pub(super) fn lookup(container: &Shape, key: &Shape) -> u64 {
    let compared = equal(key, &Shape::scalar(container.key.max(container.item().bytes)));
    let each = sum(&[LOOKED_AT, compared]).max(STEP);
    sum(&[LOOKUP, container.count.saturating_mul(each)])
}

/// A search in a builder of so many items, and adding one there.
pub(super) fn include(count: u64, item: &Shape, new: &Shape) -> u64 {
    let steps = u64::from(u64::BITS - count.leading_zeros());
    sum(&[steps.saturating_mul(sum(&[HALVING, order(item, new)])), insert(count)])
}

/// Adding to a builder before at most so many places.
pub(super) fn insert(places: u64) -> u64 {
    sum(&[fuel::insert(0), words(places.saturating_mul(4))])
}

pub(super) fn sort(list: &Shape) -> u64 {
    let each = sum(&[ITEM, include(list.count, &list.item(), &list.item())]);
    sum(&[ITEM, list.count.saturating_mul(each), write_container(list, list.count)])
}

pub(super) fn keys(object: &Shape, keys: &Shape) -> u64 {
    sum(&[ITEM, object.count.saturating_mul(ITEM), write_container(keys, object.count)])
}

pub(super) fn merge(left: &Shape, right: &Shape, result: &Shape) -> u64 {
    let each = sum(&[ITEM, order(&left.item(), &right.item())]);
    let steps = left.count.saturating_add(right.count);
    sum(&[ITEM, steps.saturating_mul(each), write_container(result, steps)])
}

pub(super) fn extreme(list: &Shape) -> u64 {
    list.count.saturating_mul(sum(&[ITEM, order(&list.item(), &list.item())]))
}

pub(super) fn total(list: &Shape) -> u64 {
    sum(&[list.count.saturating_mul(SUMMED), write(33)])
}

pub(super) fn count(value: &Shape) -> u64 {
    sum(&[text_words(value.bytes), write(33)])
}

pub(super) fn concatenate(result: &Shape) -> u64 {
    sum(&[ITEM, write(result.bytes)])
}

pub(super) fn lower(text: &Shape) -> u64 {
    sum(&[1, text_words(text.bytes), write(text.bytes)])
}

pub(super) fn join(list: &Shape, result: &Shape) -> u64 {
    sum(&[list.count.saturating_mul(ITEM), write_container(result, list.count)])
}

pub(super) fn format() -> u64 {
    sum(&[DIGITS, write(84)])
}

pub(super) fn cut(text: &Shape, part: &Shape) -> u64 {
    sum(&[CUT, text.bytes, part.bytes, write(text.bytes)])
}

pub(super) fn part(text: &Shape, part: &Shape) -> u64 {
    sum(&[TEXT, words(text.bytes), words(part.bytes), write(text.bytes)])
}

pub(super) fn contains(text: &Shape, piece: &Shape) -> u64 {
    let each = sum(&[1, words(piece.bytes.min(text.bytes))]);
    sum(&[part(text, piece), text.bytes.saturating_mul(each)])
}
