//! Who has evidence: bundlers and operators, asked for the document behind a hash.
//!
//! What comes back is taken for it only if it has that hash: a source can keep evidence back, and cannot make any up.

use alloy::primitives::{B256, Bytes, keccak256};
use serde_json::Value;
use url::Url;
use writ_simulation::{NodeClient, NodeError, NodeOptions};

/// A service that may have evidence.
#[derive(Clone, Debug)]
pub(super) struct Source(NodeClient);

impl Source {
    pub(super) fn new(url: &Url) -> Result<Self, NodeError> {
        NodeClient::new(url.as_str(), NodeOptions::default()).map(Self)
    }

    /// The evidence with this hash, of a bundler's decisions or of an operator's log.
    async fn evidence(&self, hash: B256) -> Option<Bytes> {
        // Which of the two it is shows in what it answers.
        let ways: [(&'static str, &str); 2] =
            [("writ_getDecision", "/document"), ("operator_decision", "/response/evidence")];
        for (method, path) in ways {
            let answer = self.0.request::<_, Value>(method, (hash,)).await;
            let found = answer.ok().and_then(|answer| {
                let text = answer.pointer(path)?.as_str()?;
                text.parse::<Bytes>().ok()
            });
            if let Some(found) = found.filter(|found| keccak256(found) == hash) {
                return Some(found);
            }
        }
        None
    }
}

/// The evidence with this hash, from the first source that has it.
pub(super) async fn evidence(sources: &[Source], hash: B256) -> Option<Bytes> {
    for source in sources {
        if let Some(found) = source.evidence(hash).await {
            return Some(found);
        }
    }
    None
}
