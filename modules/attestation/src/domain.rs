//! The EIP-712 domain of an enforcing contract.

use alloy::{
    primitives::{Address, B256, U256},
    sol_types::Eip712Domain,
};
use serde::{Deserialize, Serialize};

/// Name in the EIP-712 domain of every contract that enforces attestations.
pub const DOMAIN_NAME: &str = "Writ";

/// Version in the EIP-712 domain.
pub const DOMAIN_VERSION: &str = "1";

/// Which contract on which chain enforces an attestation. An attestation for one domain says nothing in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Domain {
    /// EIP-155 chain id.
    #[serde(with = "alloy::serde::quantity")]
    pub chain_id: u64,
    /// The enforcing contract; the zero address for a *detached* attestation, which no contract enforces.
    pub module: Address,
}

impl Domain {
    /// The domain of `module` on `chain_id`.
    pub const fn new(chain_id: u64, module: Address) -> Self {
        Self { chain_id, module }
    }

    /// `domainSeparator` as EIP-712 defines it.
    pub fn separator(&self) -> B256 {
        self.eip712().hash_struct()
    }

    /// The domain as alloy's EIP-712 code takes it.
    pub fn eip712(&self) -> Eip712Domain {
        Eip712Domain::new(
            Some(DOMAIN_NAME.into()),
            Some(DOMAIN_VERSION.into()),
            Some(U256::from(self.chain_id)),
            Some(self.module),
            None,
        )
    }
}
