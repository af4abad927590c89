//! Policies: values, canonical encoding, bundles, and strict Rego evaluation.
pub use decision::{AssetBound, AssetKind, Decision, DenyCode, reasons_hash};
pub use encoding::{ENCODING_VERSION, EncodingError, decode, encode};
pub use integer::{Integer, IntegerError};
pub use json::{DecodeError, DecodeProblem, Limits, MAX_DEPTH, decode_json};
pub use value::Value;

#[cfg(test)]
mod arbitrary;
mod decision;
mod encoding;
mod integer;
mod json;
mod value;
