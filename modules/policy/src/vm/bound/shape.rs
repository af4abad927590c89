//! How large a value can be.

use std::{collections::BTreeMap, rc::Rc};

use super::InputSize;
use crate::{Limits, MAX_DEPTH, Value, encoding::encode_bare};

/// What bounds the values that something can have; undefined fits every shape.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Bytes of the encoding.
    pub(super) bytes: u64,
    /// Items, or an object's entries.
    pub(super) count: u64,
    /// Bytes of a key's encoding.
    pub(super) key: u64,
    /// Of every item or value of an entry; `None` of what has items is anything.
    item: Option<Rc<Self>>,
    /// Of each value by its key, if every container here is an object and these are all its keys.
    fields: Option<Rc<BTreeMap<String, Self>>>,
}

/// The most parts of a schema that are read.
const MAX_PARTS: usize = 1_024;
/// Bytes before a container's items.
const HEAD: u64 = 9;

impl Shape {
    /// Whatever there is, without bound.
    pub(super) fn top() -> Self {
        Self { bytes: u64::MAX, count: u64::MAX, key: u64::MAX, item: None, fields: None }
    }

    /// A boolean, an integer or a text of at most so many encoded bytes.
    pub(super) fn scalar(bytes: u64) -> Self {
        Self { bytes, ..Self::default() }
    }

    pub(super) fn integer() -> Self {
        Self::scalar(33)
    }

    /// An array or a set.
    pub(super) fn list(count: u64, item: Self) -> Self {
        let bytes = HEAD.saturating_add(count.saturating_mul(item.bytes));
        Self { bytes, count, key: 0, item: Some(Rc::new(item)), fields: None }
    }

    /// An object of any keys.
    pub(super) fn map(count: u64, key: u64, item: Self) -> Self {
        let entry = key.saturating_add(item.bytes);
        let bytes = HEAD.saturating_add(count.saturating_mul(entry));
        Self { bytes, count, key, item: Some(Rc::new(item)), fields: None }
    }

    /// An object of these keys, each of which may be missing.
    pub(super) fn record(fields: BTreeMap<String, Self>) -> Self {
        let mut shape = Self { bytes: HEAD, count: fields.len() as u64, ..Self::default() };
        let mut item = Self::default();
        for (name, field) in &fields {
            let key = 5 + name.len() as u64;
            shape.bytes = shape.bytes.saturating_add(key).saturating_add(field.bytes);
            shape.key = shape.key.max(key);
            item = item.join(field);
        }
        shape.item = Some(Rc::new(item));
        shape.fields = Some(Rc::new(fields));
        shape
    }

    /// Of exactly this value.
    pub(crate) fn of_value(value: &Value) -> Self {
        match value {
            Value::Array(items) => Self::items(items.iter(), items.len()),
            Value::Set(items) => Self::items(items.iter(), items.len()),
            Value::Object(fields) => Self::record(
                fields.iter().map(|(name, field)| (name.clone(), Self::of_value(field))).collect(),
            ),
            scalar => Self::scalar(encode_bare(scalar).len() as u64),
        }
    }

    fn items<'a>(items: impl Iterator<Item = &'a Value>, count: usize) -> Self {
        let item = items.fold(Self::default(), |item, next| item.join(&Self::of_value(next)));
        Self::list(count as u64, item)
    }

    /// Of every input of this size.
    pub(crate) fn of_input(size: &InputSize) -> Self {
        let scalar = Self::scalar(33.max(size.text.saturating_add(5)).min(size.bytes));
        (0..MAX_DEPTH).fold(scalar.clone(), |item, _| {
            let key = scalar.bytes;
            Self::map(size.items, key, item).join(&scalar).within(size.bytes)
        })
    }

    /// Of every value that fits a JSON Schema of parameters.
    pub(crate) fn of_schema(schema: &Value) -> Self {
        let most = Limits::PARAMETERS.bytes as u64;
        Self::read(schema, schema, &mut MAX_PARTS.clone()).within(most)
    }

    /// Of a part of a schema, of which at most `left` are read, since it may refer to itself. What it
    /// does not say has only the limits of parameters.
    fn read(root: &Value, schema: &Value, left: &mut usize) -> Self {
        let limits = Limits::PARAMETERS;
        let unknown = || {
            let any = InputSize {
                bytes: limits.bytes as u64,
                items: limits.values as u64,
                text: limits.bytes as u64,
            };
            Self::of_input(&any)
        };
        let Some(less) = left.checked_sub(1) else { return unknown() };
        *left = less;
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return values.iter().fold(Self::default(), |all, one| all.join(&Self::of_value(one)));
        }
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            let target = name
                .strip_prefix("#/")
                .and_then(|path| path.split('/').try_fold(root, |at, step| at.get(step)));
            return target.map_or_else(unknown, |target| Self::read(root, target, left));
        }
        let number = |name: &str| schema.get(name)?.as_integer()?.to_u64();
        match schema.get("type").and_then(Value::as_str) {
            Some("boolean") => Self::scalar(1),
            Some("integer") => Self::integer(),
            Some("string") => {
                // A character has at most four bytes.
                let length = number("maxLength").map(|most| most.saturating_mul(4));
                let pattern = schema.get("pattern").and_then(Value::as_str).and_then(longest);
                let most = limits.bytes as u64;
                let text = length.unwrap_or(most).min(pattern.unwrap_or(most)).min(most);
                Self::scalar(5 + text)
            }
            Some("array") => {
                let items = schema.get("items").filter(|_| schema.get("prefixItems").is_none());
                let item = items.map_or_else(unknown, |items| Self::read(root, items, left));
                let most = limits.values as u64;
                Self::list(number("maxItems").unwrap_or(most).min(most), item)
                    .within(limits.bytes as u64)
            }
            Some("object")
                if schema.get("additionalProperties").and_then(Value::as_bool) == Some(false)
                    && schema.get("patternProperties").is_none() =>
            {
                let properties = schema.get("properties").and_then(Value::as_object);
                let read = |(name, field): (&String, &Value)| {
                    (name.clone(), Self::read(root, field, left))
                };
                Self::record(properties.into_iter().flatten().map(read).collect())
                    .within(limits.bytes as u64)
            }
            _ => unknown(),
        }
    }

    /// The same of at most so many bytes, in which there are no more items either.
    fn within(mut self, bytes: u64) -> Self {
        self.bytes = self.bytes.min(bytes);
        self.count = self.count.min(bytes);
        self
    }

    /// What is of one shape or the other.
    pub(super) fn join(&self, other: &Self) -> Self {
        let item = match (&self.item, &other.item) {
            (Some(one), Some(two)) if Rc::ptr_eq(one, two) => Some(Rc::clone(one)),
            (Some(one), Some(two)) => Some(Rc::new(one.join(two))),
            (one, None) if other.count == 0 => one.clone(),
            (None, two) if self.count == 0 => two.clone(),
            _ => None,
        };
        let fields = match (&self.fields, &other.fields) {
            (Some(one), Some(two)) if Rc::ptr_eq(one, two) => Some(Rc::clone(one)),
            (Some(one), Some(two)) => {
                let mut fields = BTreeMap::clone(one);
                for (name, field) in two.iter() {
                    let joined = fields.get(name).map_or_else(|| field.clone(), |f| f.join(field));
                    fields.insert(name.clone(), joined);
                }
                Some(Rc::new(fields))
            }
            (one, None) if other.count == 0 => one.clone(),
            (None, two) if self.count == 0 => two.clone(),
            _ => None,
        };
        Self {
            bytes: self.bytes.max(other.bytes),
            count: self.count.max(other.count),
            key: self.key.max(other.key),
            item,
            fields,
        }
    }

    /// Of any item.
    pub(super) fn item(&self) -> Self {
        match &self.item {
            Some(item) => Self::clone(item),
            None if self.count > 0 => Self::top(),
            None => Self::default(),
        }
    }

    /// Of what stands at this key.
    pub(super) fn field(&self, name: &str) -> Self {
        match &self.fields {
            Some(fields) => fields.get(name).cloned().unwrap_or_default(),
            None => self.item(),
        }
    }

    /// Of any key: an index, a member, a name.
    pub(super) fn any_key(&self) -> Self {
        Self::scalar(self.key.max(33)).join(&self.item())
    }
}

/// The most bytes of a text that matches a pattern from its beginning to its end.
fn longest(pattern: &str) -> Option<u64> {
    use regex_syntax::hir::Look;
    let hir = regex_syntax::parse(pattern).ok()?;
    let properties = hir.properties();
    let whole = properties.look_set_prefix().contains(Look::Start)
        && properties.look_set_suffix().contains(Look::End);
    whole.then(|| properties.maximum_len()).flatten().map(|most| most as u64)
}
