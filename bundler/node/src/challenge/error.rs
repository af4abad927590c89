//! Why a decision was not judged, or not challenged.

use alloy::primitives::{Address, B256};
use writ_challenger::ClaimError;
use writ_simulation::{NodeError, SimulationError};

use crate::sync::SyncError;

/// Why `writ challenge` fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChallengeError {
    /// The policies cannot be read.
    #[error("{0}")]
    Policies(String),
    /// The node, or a source, does not answer.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// A contract cannot be asked.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// Too many at once.
    #[error("{0} were named, at most {1} {2} are looked at in one run")]
    TooMany(usize, usize, &'static str),
    /// The file cannot be read.
    #[error("cannot read {0}: {1}")]
    File(String, std::io::Error),
    /// The file holds something else.
    #[error("{0} holds no claim: {1}")]
    NoClaim(String, serde_json::Error),
    /// What was given does not belong together.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// The operation is not on the chain.
    #[error("operation {0} is in no block from {1} on, of an EntryPoint that is looked at")]
    UnknownOperation(B256, u64),
    /// The operation came in a transaction that is no `handleOps`.
    #[error("operation {operation} came in {transaction}, which calls no `handleOps` itself")]
    OtherCall {
        /// Its hash.
        operation: B256,
        /// The transaction.
        transaction: B256,
    },
    /// The operation carries no attestation.
    #[error("operation {0} carries no attestation")]
    NotAttested(B256),
    /// Nobody has the evidence.
    #[error("none of {1} sources has the evidence {0}: it cannot be judged")]
    EvidenceMissing(B256, usize),
    /// No configuration of the account fits what was signed.
    #[error(
        "no configuration of {account} at the modules named gives what the operators of epoch {epoch} signed: name the module, and \
         begin before the account was configured"
    )]
    Unattributed {
        /// The account.
        account: Address,
        /// The epoch that the attestation names.
        epoch: u64,
    },
    /// The disputes contract does not answer like one.
    #[error("{disputes} does not answer like a disputes contract: {reason}")]
    Disputes {
        /// Its address.
        disputes: Address,
        /// What it did.
        reason: String,
    },
    /// The proof does not go through.
    #[error("the disputes contract refuses the proof: {0}")]
    Refused(String),
    /// The key or account cannot be used.
    #[error("{0}")]
    Signer(String),
    /// Nobody signs.
    #[error(
        "who sends? Name a key with --signer-key-file, or an account that the node holds unlocked with --signer-address; with \
         --dry-run the transaction is printed"
    )]
    NoSigner,
    /// It was not sent, or not mined.
    #[error(transparent)]
    Sending(#[from] SyncError),
    /// The result cannot be printed.
    #[error("cannot print the result: {0}")]
    Output(std::io::Error),
}

impl ChallengeError {
    /// Whether the same may go well a moment later.
    pub(super) const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::EvidenceMissing(..) | Self::Node(_) | Self::Simulation(_) | Self::Sending(_)
        )
    }
}
