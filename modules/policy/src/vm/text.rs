//! Functions of text. All but counting, joining and comparing handle ASCII only.

use super::{
    fault::Fault,
    fuel::{self, words},
    heap::{Heap, Place, boolean},
    machine::Machine,
    opcode::Op,
};
use crate::encoding::tag;

impl Machine {
    fn string(&self, value: Place) -> Result<&[u8], Fault> {
        match self.heap.tag(value) {
            tag::STRING => Ok(self.heap.text(value)),
            _ => Err(Fault::Type),
        }
    }

    fn ascii(&self, value: Place) -> Result<&[u8], Fault> {
        let text = self.string(value)?;
        if text.is_ascii() { Ok(text) } else { Err(Fault::Text) }
    }

    pub(super) fn text_function(
        &mut self,
        op: Op,
        left: Place,
        right: Place,
    ) -> Result<Place, Fault> {
        match op {
            Op::Join => self.join(left, right),
            Op::Format => self.format(left, right),
            Op::Trim | Op::Triml | Op::Trimr => self.trim(op, left, right),
            _ => {
                let (text, part) = (self.string(left)?.len(), self.string(right)?.len());
                self.fuel.charge(fuel::TEXT + words(text) + words(part))?;
                if op == Op::Contains && part <= text {
                    self.fuel.charge((text - part + 1) as u64 * (1 + words(part)))?;
                }
                let (whole, piece) = (self.heap.text(left), self.heap.text(right));
                match op {
                    Op::Starts => Ok(boolean(whole.starts_with(piece))),
                    Op::Ends => Ok(boolean(whole.ends_with(piece))),
                    Op::Contains => Ok(boolean(contains(whole, piece))),
                    Op::Trimp if whole.starts_with(piece) => {
                        self.write_part(left, part, text - part)
                    }
                    Op::Trims if whole.ends_with(piece) => self.write_part(left, 0, text - part),
                    _ => Ok(left),
                }
            }
        }
    }

    pub(super) fn lower(&mut self, value: Place) -> Result<Place, Fault> {
        let size = self.string(value)?.len();
        self.fuel.charge(1 + fuel::TEXT_WORD * words(size))?;
        let text = self.ascii(value)?.to_ascii_lowercase();
        self.write_text(&text)
    }

    /// The strings of a collection with a delimiter between them.
    fn join(&mut self, delimiter: Place, collection: Place) -> Result<Place, Fault> {
        let between = self.string(delimiter)?.len();
        if !matches!(self.heap.tag(collection), tag::ARRAY | tag::SET) {
            return Err(Fault::Type);
        }
        let count = self.heap.count(collection);
        let mut length = between * count.saturating_sub(1) as usize;
        let mut item = Heap::first(collection);
        for _ in 0..count {
            self.fuel.charge(fuel::ITEM)?;
            length += self.string(item)?.len();
            item = self.heap.after(item);
        }
        self.fuel.charge(fuel::write_container(5 + length, count as usize))?;
        let at = self.text_head(length);
        let mut item = Heap::first(collection);
        for index in 0..count {
            if index > 0 {
                self.heap.copy(delimiter + 5, between);
            }
            let after = self.heap.after(item);
            self.heap.copy(item + 5, (after - item) as usize - 5);
            item = after;
        }
        Ok(at)
    }

    /// An integer's decimal digits.
    fn format(&mut self, value: Place, base: Place) -> Result<Place, Fault> {
        let integer = self.integer(value)?;
        if self.integer(base)?.to_u64() != Some(10) {
            return Err(Fault::Type);
        }
        self.fuel.charge(fuel::DIGITS)?;
        self.write_text(integer.to_string().as_bytes())
    }

    fn trim(&mut self, op: Op, value: Place, characters: Place) -> Result<Place, Fault> {
        let touched = self.string(value)?.len() + self.string(characters)?.len();
        self.fuel.charge(fuel::CUT + touched as u64)?;
        let (text, characters) = (self.ascii(value)?, self.ascii(characters)?);
        let cut = characters.iter().fold(0_u128, |cut, byte| cut | 1 << byte);
        let kept = |byte: &u8| cut >> byte & 1 == 0;
        let from = match op {
            Op::Trimr => 0,
            _ => text.iter().position(kept).unwrap_or(text.len()),
        };
        let to = match op {
            Op::Triml => text.len(),
            _ => text.iter().rposition(kept).map_or(from, |last| last + 1),
        };
        let length = to.saturating_sub(from);
        self.write_part(value, from, length)
    }

    /// `SUBSTR`: text, offset, length.
    pub(super) fn substring(
        &mut self,
        [value, offset, length]: [Place; 3],
    ) -> Result<Place, Fault> {
        let size = self.string(value)?.len();
        let (offset, length) = (self.integer(offset)?, self.integer(length)?);
        self.fuel.charge(fuel::CUT + words(size))?;
        self.ascii(value)?;
        if offset.is_negative() {
            return Err(Fault::Type);
        }
        let clamp = |integer: crate::Integer| {
            integer.to_u64().and_then(|n| usize::try_from(n).ok()).map_or(size, |n| n.min(size))
        };
        let from = clamp(offset);
        let rest = size - from;
        let length = if length.is_negative() { rest } else { clamp(length).min(rest) };
        self.write_part(value, from, length)
    }

    /// A new string of a part of another.
    fn write_part(&mut self, value: Place, from: usize, length: usize) -> Result<Place, Fault> {
        self.fuel.charge(fuel::write(5 + length))?;
        let at = self.text_head(length);
        self.heap.copy(value + 5 + from as Place, length);
        Ok(at)
    }

    fn write_text(&mut self, text: &[u8]) -> Result<Place, Fault> {
        self.fuel.charge(fuel::write(5 + text.len()))?;
        let at = self.text_head(text.len());
        self.heap.extend(text);
        Ok(at)
    }

    fn text_head(&mut self, length: usize) -> Place {
        let at = self.heap.end();
        self.heap.extend(&[tag::STRING]);
        self.heap.extend(&(length as u32).to_be_bytes());
        at
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}
