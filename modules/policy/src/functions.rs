//! The functions whose arguments a policy wants to see by name: part of its manifest, and so of its id.

use std::collections::BTreeSet;

use alloy::primitives::{Address, FixedBytes};

use crate::{AbiFunction, Value};

/// The most functions that a manifest pins.
pub const MAX_FUNCTIONS: usize = 64;
/// The most targets of one function.
const MAX_TARGETS: usize = 64;

/// Functions that every policy sees decoded, whatever it pins.
pub const STANDARD_FUNCTIONS: [&str; 10] = [
    "transfer(address,uint256)",
    "approve(address,uint256)",
    "transferFrom(address,address,uint256)",
    "increaseAllowance(address,uint256)",
    "setApprovalForAll(address,bool)",
    "withdrawTo(address,uint256)",
    "safeTransferFrom(address,address,uint256)",
    "safeTransferFrom(address,address,uint256,bytes)",
    "safeTransferFrom(address,address,uint256,uint256,bytes)",
    "safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)",
];

/// A function that a policy pins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinnedFunction {
    /// Its signature, with the parameters' names.
    pub function: AbiFunction,
    /// The contracts where it is this function; empty: wherever its selector is called.
    pub targets: BTreeSet<Address>,
}

impl PinnedFunction {
    /// Reads a function as its JSON ABI has it, with `targets` beside; without `targets` it holds everywhere.
    pub(crate) fn from_value(value: &Value) -> Result<Self, String> {
        let mut fields = value.as_object().ok_or("an object was expected")?.clone();
        let listed = fields.remove("targets");
        let function = AbiFunction::from_value(&Value::Object(fields))?;
        if STANDARD_FUNCTIONS.contains(&function.signature.as_str()) {
            return Err(format!("{} is always decoded, leave it out", function.signature));
        }
        let mut targets = BTreeSet::new();
        if let Some(listed) = listed {
            let listed = listed.as_array().ok_or("targets is not an array")?;
            if listed.is_empty() || listed.len() > MAX_TARGETS {
                return Err(format!(
                    "1 to {MAX_TARGETS} targets are accepted; without targets it holds everywhere"
                ));
            }
            for target in listed {
                let address = lowercase_address(target)
                    .ok_or_else(|| format!("target {target} is not a lowercase address"))?;
                if !targets.insert(address) {
                    return Err(format!("target {address:?} is named twice"));
                }
            }
        }
        Ok(Self { function, targets })
    }

    /// Whether it holds at `target`.
    pub fn holds_at(&self, target: Address) -> bool {
        self.targets.is_empty() || self.targets.contains(&target)
    }

    fn meets(&self, other: &Self) -> bool {
        self.function.selector == other.function.selector
            && (self.targets.is_empty()
                || other.targets.is_empty()
                || !self.targets.is_disjoint(&other.targets))
    }
}

/// Two functions where there can be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{one} and {other} are pinned for the same selector {selector} and contract, with other names or types"
)]
pub struct FunctionConflict {
    /// The selector.
    pub selector: FixedBytes<4>,
    /// One signature.
    pub one: String,
    /// The other; the same when only names differ.
    pub other: String,
}

/// The functions that a set of policies pins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionTable {
    functions: Vec<PinnedFunction>,
}

impl FunctionTable {
    /// All of them together.
    ///
    /// # Errors
    /// When two that differ hold for the same selector at the same contract: nobody could say which of them a call is of.
    pub fn new(
        functions: impl IntoIterator<Item = PinnedFunction>,
    ) -> Result<Self, FunctionConflict> {
        let mut table = Self::default();
        for pinned in functions {
            let differs =
                |known: &&PinnedFunction| known.meets(&pinned) && known.function != pinned.function;
            if let Some(known) = table.functions.iter().find(differs) {
                return Err(FunctionConflict {
                    selector: pinned.function.selector,
                    one: known.function.signature.clone(),
                    other: pinned.function.signature,
                });
            }
            if !table.functions.contains(&pinned) {
                table.functions.push(pinned);
            }
        }
        Ok(table)
    }

    /// What is called at `target` by `selector`.
    pub fn find(&self, target: Address, selector: [u8; 4]) -> Option<&AbiFunction> {
        self.functions
            .iter()
            .find(|pinned| pinned.function.selector == selector && pinned.holds_at(target))
            .map(|pinned| &pinned.function)
    }
}

/// An address as policies write it.
pub(crate) fn lowercase_address(value: &Value) -> Option<Address> {
    let text = value.as_str()?;
    let lowercase = text.len() == 42 && !text.bytes().any(|byte| byte.is_ascii_uppercase());
    if lowercase && text.starts_with("0x") { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value as Json, json};

    use super::*;
    use crate::{Limits, decode_json};

    fn read(json: &Json) -> Result<PinnedFunction, String> {
        PinnedFunction::from_value(&decode_json(&json.to_string(), &Limits::PARAMETERS).unwrap())
    }

    fn mint(name: &str) -> Json {
        json!({"name": "mint", "inputs": [{"name": name, "type": "address"}]})
    }

    fn at(name: &str, target: u8) -> PinnedFunction {
        let mut json = mint(name);
        json["targets"] = json!([format!("{:?}", Address::repeat_byte(target))]);
        read(&json).unwrap()
    }

    #[test]
    fn a_function_is_found_where_it_holds() {
        let here = at("to", 1);
        let burn = json!({"name": "burn", "inputs": [{"name": "amount", "type": "uint256"}]});
        let everywhere = read(&burn).unwrap();
        let table = FunctionTable::new([here.clone(), everywhere.clone(), here.clone()]).unwrap();
        let find = |pinned: &PinnedFunction, target: u8| {
            table.find(Address::repeat_byte(target), pinned.function.selector.0)
        };
        assert_eq!(find(&here, 1), Some(&here.function));
        assert_eq!(find(&here, 2), None);
        assert_eq!(find(&everywhere, 9), Some(&everywhere.function));
    }

    #[test]
    fn two_names_for_one_thing_are_refused() {
        let one = at("to", 1);
        let other = at("who", 1);
        let error = FunctionTable::new([one.clone(), other]).unwrap_err();
        assert_eq!(error.selector, one.function.selector);
        assert!(error.to_string().contains("mint(address)"));
        let elsewhere = at("who", 2);
        assert!(FunctionTable::new([one.clone(), elsewhere]).is_ok());
        let everywhere = read(&mint("who")).unwrap();
        assert!(FunctionTable::new([one, everywhere]).is_err());
    }

    #[test]
    fn what_cannot_be_pinned_is_refused_by_name() {
        let targets = |targets: Json| {
            let mut json = mint("to");
            json["targets"] = targets;
            json
        };
        let transfer =
            json!([{"name": "to", "type": "address"}, {"name": "value", "type": "uint256"}]);
        let zero = format!("{:?}", Address::ZERO);
        for (json, problem) in [
            (json!([]), "object"),
            (json!({}), "name"),
            (json!({"name": "f", "inputs": [], "target": []}), "target"),
            (targets(json!([])), "everywhere"),
            (targets(json!("x")), "not an array"),
            (targets(json!(["0x00"])), "lowercase address"),
            (targets(json!([zero, zero])), "twice"),
            (json!({"name": "transfer", "inputs": transfer}), "always decoded"),
        ] {
            let error = read(&json).unwrap_err();
            assert!(error.contains(problem), "{json}: {error}");
        }
    }
}
