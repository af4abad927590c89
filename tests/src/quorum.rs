//! The operators' own keys in the hands of a test: attestations that are signed by a real quorum and yet wrong.

use alloy::primitives::{B256, keccak256};
use writ_attestation::{Domain, OperatorKey, Suffix, action_of, attach};
use writ_node::dev::{CHAIN_ID, Wallet};
use writ_types::UserOperation;

use crate::World;

/// The keys of all operators, in the order of the set.
#[derive(Debug)]
pub struct Quorum {
    keys: Vec<OperatorKey>,
    domain: Domain,
    policy: B256,
    account_code: B256,
}

impl Quorum {
    /// Reads the keys from the World's folder, and the code of `wallet`'s account from its chain.
    ///
    /// # Panics
    /// When one of them cannot be read.
    pub async fn of(world: &World, wallet: &Wallet) -> Self {
        let count = world.network.operators.len();
        let folder = world.folder();
        let key = |number| {
            let path = folder.join(format!("operator-{number}.key"));
            let text = std::fs::read_to_string(path).expect("a key file");
            OperatorKey::from_hex(text.trim().trim_start_matches("0x")).expect("a key")
        };
        let code = world.anvil("eth_getCode", serde_json::json!([wallet.account, "latest"])).await;
        let code: alloy::primitives::Bytes = serde_json::from_value(code).expect("code");
        Self {
            keys: (1..=count).map(key).collect(),
            domain: Domain::new(CHAIN_ID, world.network.stage.module),
            policy: world.network.stage.configuration_v08.policy,
            account_code: keccak256(&code),
        }
    }

    /// The same quorum, signing for another chain.
    #[must_use]
    pub fn on_chain(self, chain_id: u64) -> Self {
        Self { domain: Domain::new(chain_id, self.domain.module), ..self }
    }

    /// The same quorum, signing under another policy.
    #[must_use]
    pub fn under_policy(self, policy: B256) -> Self {
        Self { policy, ..self }
    }

    /// Has the operators that signed `suffix` sign what it says now, and puts it behind the owner's signature of
    /// `operation`.
    ///
    /// # Panics
    /// When `operation` is not as the owner signed it, or the suffix cannot be encoded.
    pub fn attest(
        &self,
        wallet: &Wallet,
        operation: &UserOperation,
        mut suffix: Suffix,
    ) -> UserOperation {
        let entry_point = wallet.entry_point.address;
        let action = action_of(operation, entry_point, self.account_code, suffix.max_cost);
        let attestation = suffix.attestation(action.hash(), self.policy);
        let digest = attestation.digest(&self.domain).expect("a window");
        for signature in &mut suffix.signatures {
            let index = signature.index;
            *signature = self.keys[usize::from(index)].sign(digest, index);
        }
        let signature = attach(&operation.signature, &suffix).expect("it fits");
        UserOperation { signature, ..operation.clone() }
    }
}
