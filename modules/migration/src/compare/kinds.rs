//! Types, all the way into them.

use super::{Comparison, Region, Spot};
use crate::{
    finding::{Kind, Severity},
    layout::{Shape, Type, TypeId},
    limits,
};

impl<'a> Comparison<'a> {
    /// Finds what of `old` would be read differently as `new`. With `append` there is room of its own behind it.
    pub(super) fn kinds(&mut self, old: &TypeId, new: &TypeId, append: bool, at: &Spot<'_>) {
        let pair = (old.clone(), new.clone(), append);
        if self.full() || self.equal.contains(&pair) || self.open.contains(&pair) {
            return;
        }
        let (Some(had), Some(has)) = (self.old.kind(old), self.new.kind(new)) else {
            return self.unknown(at, "the compiler does not say what the type is");
        };
        if self.open.len() >= limits::TYPE_DEPTH {
            return self.unknown(at, "the type is nested too deeply to be followed");
        }
        let mark = self.findings.len();
        self.open.push(pair.clone());
        self.pair(had, has, append, at);
        self.open.pop();
        if self.findings.len() == mark {
            self.equal.insert(pair);
        }
    }

    fn pair(&mut self, had: &'a Type, has: &'a Type, append: bool, at: &Spot<'_>) {
        match (&had.shape, &has.shape) {
            (Shape::Elementary, Shape::Elementary) if had.label == has.label => {}
            (Shape::Bytes, Shape::Bytes) if had.label == has.label => {}
            (Shape::Contract, Shape::Contract) => {}
            // A contract is kept as its address.
            (Shape::Contract, Shape::Elementary) if has.label == "address" => {}
            (Shape::Elementary, Shape::Contract) if had.label == "address" => {}
            (Shape::ExternalFunction, Shape::ExternalFunction) => {}
            (Shape::InternalFunction, Shape::InternalFunction) => self.say(
                Kind::InternalFunction,
                Severity::Unsafe,
                at,
                "what is stored is a position in the old code; the new code would jump to whatever stands there".to_owned(),
                "do not keep internal functions in storage",
            ),
            (Shape::Alias(under), Shape::Alias(now)) if under == now && had.bytes == has.bytes => {}
            (Shape::Enum(old), Shape::Enum(new)) => self.members(old, new, had, has, at),
            (Shape::Struct(old), Shape::Struct(new)) => {
                let mark = self.findings.len();
                let region = Region {
                    path: format!("{}.", at.label),
                    base: at.base,
                    append,
                    ..at.region.clone()
                };
                self.fields(old, new, &region);
                if !append && had.bytes != has.bytes && self.findings.len() == mark {
                    self.resized(had, has, at);
                }
            }
            (Shape::Mapping(key, value), Shape::Mapping(new_key, new_value)) => {
                self.kinds(key, new_key, false, &at.inside("[key]"));
                self.kinds(value, new_value, true, &at.inside("[]"));
            }
            (Shape::DynamicArray(element), Shape::DynamicArray(new)) => {
                self.kinds(element, new, false, &at.inside("[]"));
            }
            (Shape::Array(element, length), Shape::Array(new, now)) => {
                if now < length || (now > length && !append) {
                    let consequence = if now < length {
                        format!("elements from {now} on are no longer read, and what follows moves")
                    } else {
                        "it reaches over what follows it, or moves that".to_owned()
                    };
                    let remedy = format!("keep it {length} elements long");
                    self.say(Kind::ArrayResized, Severity::Unsafe, at, consequence, remedy);
                }
                self.kinds(element, new, false, &at.inside("[]"));
            }
            (Shape::Unknown, _) | (_, Shape::Unknown) => {
                self.unknown(at, "the compiler does not say what the type is made of");
            }
            _ => self.retyped(had, has, at),
        }
    }

    fn members(&mut self, old: &[String], new: &[String], had: &Type, has: &Type, at: &Spot<'_>) {
        if had.bytes != has.bytes {
            return self.resized(had, has, at);
        }
        let differs = old.iter().enumerate().find(|(index, name)| new.get(*index) != Some(*name));
        if let Some((index, name)) = differs {
            let consequence = new.get(index).map_or_else(
                || format!("what is stored as `{name}` would revert when it is read"),
                |other| format!("what is stored as `{name}` would be read as `{other}`"),
            );
            self.say(
                Kind::EnumMembers,
                Severity::Unsafe,
                at,
                consequence,
                "keep the members and their order; add new ones at the end",
            );
        }
    }

    fn retyped(&mut self, had: &Type, has: &Type, at: &Spot<'_>) {
        if had.bytes != has.bytes {
            return self.resized(had, has, at);
        }
        self.say(
            Kind::Retyped,
            Severity::Unsafe,
            at,
            format!("what is stored as `{}` would be read as `{}`", had.label, has.label),
            format!(
                "keep `{0}`; if every stored value means the same, say so at the variable: `/// @custom:oz-retyped-from {0}`",
                had.label
            ),
        );
    }

    fn resized(&mut self, had: &Type, has: &Type, at: &Spot<'_>) {
        self.say(
            Kind::Resized,
            Severity::Unsafe,
            at,
            format!(
                "`{}` takes {} bytes and `{}` {}: other bytes would be read than were written",
                had.label, had.bytes, has.label, has.bytes
            ),
            format!("keep `{}`", had.label),
        );
    }

    fn unknown(&mut self, at: &Spot<'_>, what: &str) {
        let remedy = "compare it by hand";
        self.say(Kind::Unknown, Severity::Unverified, at, what.to_owned(), remedy);
    }

    fn say(
        &mut self,
        kind: Kind,
        severity: Severity,
        at: &Spot<'_>,
        consequence: String,
        remedy: impl Into<String>,
    ) {
        let (before, after) = (Some(at.before.clone()), Some(at.after.clone()));
        self.find(at.region, kind, severity, at.label.clone(), before, after, consequence, remedy);
    }
}

impl Spot<'_> {
    /// A part of the value that lies behind a hash, or is one of many.
    fn inside(&self, part: &str) -> Self {
        Self { label: format!("{}{part}", self.label), base: None, ..self.clone() }
    }
}
