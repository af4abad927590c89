//! What can go wrong between us and the node.

use alloy::transports::TransportError;
use alloy_json_rpc::{ErrorPayload, RpcError};

/// A request to the node that was not answered as needed. Nothing is known about the chain then,
/// so every caller fails closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// No usable answer after every retry: connection refused, timeout, HTTP error, cut answer.
    #[error("the node at {endpoint} cannot be reached: {detail} (tried {attempts} times)")]
    Unreachable {
        /// Scheme, host and port of the node; never its path or credentials.
        endpoint: String,
        /// The last attempt's error.
        detail: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// The node does not have the block, or no longer regards it as canonical: it lags behind, has
    /// reorganised, or has pruned the state.
    #[error("the node does not serve block {block}: {detail}")]
    UnknownBlock {
        /// The block asked for.
        block: String,
        /// What the node said.
        detail: String,
    },
    /// The node answered with a JSON-RPC error.
    #[error("{method} failed at the node with {code}: {message}")]
    Rpc {
        /// The method.
        method: String,
        /// JSON-RPC error code.
        code: i64,
        /// The node's words.
        message: String,
    },
    /// The node's answer is not what the method returns.
    #[error("{method} was answered with something else than it returns: {detail}")]
    Malformed {
        /// The method.
        method: String,
        /// What is wrong with the answer.
        detail: String,
    },
    /// The node is on another chain than before.
    #[error("the node is on chain {found}, expected {expected}")]
    WrongChain {
        /// Chain id expected.
        expected: u64,
        /// Chain id found.
        found: u64,
    },
}

impl NodeError {
    /// Whether the same request may succeed later without anybody changing it.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::UnknownBlock { .. })
    }

    /// Whether the node does not know the method (or refuses it to us), so that asking again is in vain.
    pub(super) fn is_unknown_method(&self) -> bool {
        const METHOD_NOT_FOUND: i64 = -32601;
        const METHOD_NOT_SUPPORTED: i64 = -32004;
        matches!(self, Self::Rpc { code: METHOD_NOT_FOUND | METHOD_NOT_SUPPORTED, .. })
    }

    /// Sorts a transport's error. `block` names the block whose state was asked for, if any.
    pub(super) fn from_transport(
        error: TransportError,
        method: &str,
        block: Option<&str>,
        endpoint: &str,
        attempts: u32,
    ) -> Self {
        match error {
            RpcError::ErrorResp(payload) => Self::from_payload(&payload, method, block),
            RpcError::NullResp => {
                Self::Malformed { method: method.to_owned(), detail: "null".to_owned() }
            }
            RpcError::DeserError { err, .. } => {
                Self::Malformed { method: method.to_owned(), detail: err.to_string() }
            }
            other => Self::Unreachable {
                endpoint: endpoint.to_owned(),
                detail: bounded(&other.to_string()),
                attempts,
            },
        }
    }

    fn from_payload(payload: &ErrorPayload, method: &str, block: Option<&str>) -> Self {
        let message = bounded(&payload.message);
        match block {
            Some(block)
                if payload.code == RESOURCE_NOT_FOUND || speaks_of_missing_block(&message) =>
            {
                Self::UnknownBlock { block: block.to_owned(), detail: message }
            }
            _ => Self::Rpc { method: method.to_owned(), code: payload.code, message },
        }
    }
}

/// EIP-1474; what anvil says of a block hash that it does not have.
const RESOURCE_NOT_FOUND: i64 = -32001;

/// Node implementations agree on no code for "I do not have that state"; their texts do share words.
fn speaks_of_missing_block(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let names_block = ["block", "header", "state", "canonical", "trie"];
    let says_missing = [
        "not found",
        "unknown",
        "missing",
        "out of range",
        "not available",
        "pruned",
        "not currently canonical",
        "not canonical",
        "could not find",
        "unavailable",
        "outofrange",
        "unsupported block",
        "height",
    ];
    names_block.iter().any(|word| message.contains(word))
        && says_missing.iter().any(|word| message.contains(word))
}

/// A stranger's text, cut to a length that is fit for a log line.
fn bounded(text: &str) -> String {
    const MOST: usize = 300;
    match text.char_indices().nth(MOST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_common_nodes_about_missing_blocks_are_recognised() {
        for text in [
            "header not found",
            "block not found: hash 0x12",
            "Unknown block",
            "hash 0x12 is not currently canonical",
            "missing trie node abc (path ) state 0x is not available",
            "BlockOutOfRangeError: block height is 3 but requested was 9",
        ] {
            assert!(speaks_of_missing_block(text), "{text}");
        }
        for text in ["execution reverted", "invalid params", "method eth_foo not found"] {
            assert!(!speaks_of_missing_block(text), "{text}");
        }
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        let cut = bounded(&"ä".repeat(1000));
        assert_eq!(cut.chars().count(), 301);
        assert_eq!(bounded("short"), "short");
    }
}
