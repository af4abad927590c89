//! The EntryPoint contracts that Writ speaks to.

use std::{fmt, str::FromStr};

use alloy::primitives::{Address, address};
use serde::{Deserialize, Serialize};

/// A deployed version of the ERC-4337 EntryPoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EntryPointVersion {
    /// v0.6: unpacked tuple, `initCode` and `paymasterAndData` on the wire.
    #[serde(rename = "0.6")]
    V06,
    /// v0.7: packed tuple, separate factory and paymaster fields on the wire.
    #[serde(rename = "0.7")]
    V07,
    /// v0.8: EIP-712 userOpHash, native EIP-7702 accounts.
    #[serde(rename = "0.8")]
    V08,
    /// v0.9: paymaster signature suffix, block-number validity, code-less executor.
    #[serde(rename = "0.9")]
    V09,
}

/// A version string that names no EntryPoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown EntryPoint version {0:?}; one of 0.6, 0.7, 0.8, 0.9 is accepted")]
pub struct UnknownVersion(pub String);

impl EntryPointVersion {
    /// Every version, oldest first.
    pub const ALL: [Self; 4] = [Self::V06, Self::V07, Self::V08, Self::V09];

    /// The address at which this version is deployed on every chain that has it.
    pub const fn canonical_address(self) -> Address {
        match self {
            Self::V06 => address!("5FF137D4b0FDCD49DcA30c7CF57E578a026d2789"),
            Self::V07 => address!("0000000071727De22E5E9d8BAf0edAc6f37da032"),
            Self::V08 => address!("4337084D9E255Ff0702461CF8895CE9E3b5Ff108"),
            Self::V09 => address!("433709009B8330FDa32311DF1C2AFA402eD8D009"),
        }
    }

    /// The version deployed at a canonical address, if it is one.
    pub fn from_canonical_address(address: Address) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.canonical_address() == address)
    }

    /// Whether operations are the packed tuple of v0.7 and later.
    pub const fn is_packed(self) -> bool {
        !matches!(self, Self::V06)
    }

    /// Whether `factory` may be the EIP-7702 marker, and the userOpHash is EIP-712 typed data.
    pub const fn supports_eip7702(self) -> bool {
        matches!(self, Self::V08 | Self::V09)
    }

    /// Whether `paymasterAndData` may end in a paymaster signature that the hash does not cover.
    pub const fn supports_paymaster_signature(self) -> bool {
        matches!(self, Self::V09)
    }
}

impl fmt::Display for EntryPointVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V06 => "0.6",
            Self::V07 => "0.7",
            Self::V08 => "0.8",
            Self::V09 => "0.9",
        })
    }
}

impl FromStr for EntryPointVersion {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        let plain = text.strip_prefix('v').unwrap_or(text);
        Self::ALL
            .into_iter()
            .find(|version| version.to_string() == plain)
            .ok_or_else(|| UnknownVersion(text.to_owned()))
    }
}

/// One EntryPoint contract: where it is and what it understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntryPoint {
    /// Address of the contract.
    pub address: Address,
    /// Version of its code.
    pub version: EntryPointVersion,
}

impl EntryPoint {
    /// The EntryPoint of a version at its canonical address.
    pub const fn canonical(version: EntryPointVersion) -> Self {
        Self { address: version.canonical_address(), version }
    }

    /// The contract that calls factories on the EntryPoint's behalf. Every version creates it first thing
    /// in its constructor, so that it is the CREATE address of nonce 1.
    pub fn sender_creator(&self) -> Address {
        self.address.create(1)
    }
}

impl fmt::Display for EntryPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{} at {}", self.version, self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_read_back_from_their_text() {
        for version in EntryPointVersion::ALL {
            assert_eq!(version.to_string().parse(), Ok(version));
            assert_eq!(format!("v{version}").parse(), Ok(version));
            assert_eq!(
                EntryPointVersion::from_canonical_address(version.canonical_address()),
                Some(version)
            );
        }
        assert!("0.5".parse::<EntryPointVersion>().is_err());
        assert_eq!(EntryPointVersion::from_canonical_address(Address::ZERO), None);
    }

    #[test]
    fn sender_creators_are_the_deployed_ones() {
        let known = [
            address!("7fc98430eaedbb6070b35b39d798725049088348"),
            address!("efc2c1444ebcc4db75e7613d20c6a62ff67a167c"),
            address!("449ed7c3e6fee6a97311d4b55475df59c44add33"),
            address!("0A630a99Df908A81115A3022927Be82f9299987e"),
        ];
        for (version, expected) in EntryPointVersion::ALL.into_iter().zip(known) {
            assert_eq!(EntryPoint::canonical(version).sender_creator(), expected);
        }
    }
}
