//! Parameters: what one account fills into a policy that many share.

use alloy::primitives::{B256, keccak256};

use crate::{DecodeError, EncodingError, Value, encode};

/// Parameters that fit their policy's schema, with their canonical encoding and its hash.
///
/// They are made by [`crate::CompiledPolicy`], so they cannot exist unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    policy_id: B256,
    value: Value,
    encoded: Vec<u8>,
    hash: B256,
}

/// Why parameters do not fit a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParametersError {
    /// The JSON does not decode.
    #[error("parameters, {0}")]
    Json(#[from] DecodeError),
    /// The bytes are not a canonical encoding.
    #[error("parameters: {0}")]
    Encoding(#[from] EncodingError),
    /// The schema does not accept them.
    #[error("{}", .0.join("; "))]
    Schema(Vec<String>),
    /// They were checked for another policy.
    #[error("parameters of policy {0} given to policy {1}")]
    OtherPolicy(B256, B256),
    /// The engine does not take them.
    #[error("parameters: {0}")]
    Engine(String),
}

impl Parameters {
    pub(crate) fn new(policy_id: B256, value: Value) -> Self {
        let encoded = encode(&value);
        let hash = keccak256(&encoded);
        Self { policy_id, value, encoded, hash }
    }

    /// The policy that they were checked for.
    pub const fn policy_id(&self) -> B256 {
        self.policy_id
    }

    /// The parameters as a value.
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// The canonical encoding: what is emitted on the chain when they are set.
    pub fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    /// keccak256 of the canonical encoding: what the account's configuration commits to.
    pub const fn hash(&self) -> B256 {
        self.hash
    }
}
