//! The kinds of accounts on which an attestation can be placed.

/// A kind of ERC-7579 account: how it names its validator, and what it shows to its hook.
///
/// docs/accounts.md says how each of them behaves, and `forge test --mc Matrix` holds the published bytecode to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AccountKind {
    /// OpenZeppelin's `AccountERC7579Hooked`, version 1.
    OpenZeppelin,
    /// The reference account of ERC-7579, `MSAAdvanced` with a hook.
    Reference,
    /// Nexus 1.0.0.
    Nexus,
    /// Safe7579 1.0.0, an adapter on a Safe.
    Safe7579,
    /// Kernel 0.3.1.
    Kernel,
}

impl AccountKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::OpenZeppelin, Self::Reference, Self::Nexus, Self::Safe7579, Self::Kernel];

    /// What such an account calls itself (ERC-7579 `accountId()`), version included: another version may read nonces in
    /// another way.
    pub const fn account_id(self) -> &'static str {
        match self {
            // The plain AccountERC7579 has no hook: nothing would enforce the bounds.
            Self::OpenZeppelin => "@openzeppelin/contracts.AccountERC7579Hooked.v1.0.0",
            Self::Reference => "uMSA.advanced/withHook.v0.1",
            Self::Nexus => "biconomy.nexus.1.0.0",
            Self::Safe7579 => "rhinestone.safe7579.v1.0.0",
            Self::Kernel => "kernel.advanced.v0.3.1",
        }
    }

    /// The kind of an account that calls itself `id`.
    pub fn from_account_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.account_id() == id)
    }

    /// The name in the input document of a policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenZeppelin => "erc7579-openzeppelin",
            Self::Reference => "erc7579-reference",
            Self::Nexus => "erc7579-nexus",
            Self::Safe7579 => "erc7579-safe7579",
            Self::Kernel => "erc7579-kernel",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_known_by_its_whole_id_and_no_other_is() {
        for kind in AccountKind::ALL {
            assert_eq!(AccountKind::from_account_id(kind.account_id()), Some(kind));
            let longer = format!("{}.1", kind.account_id());
            assert_eq!(AccountKind::from_account_id(&longer), None);
        }
        for other in [
            "",
            "@openzeppelin/contracts.AccountERC7579.v1.0.0",
            "uMSA.advanced.v0.1",
            "biconomy.nexus.1.2.0",
            "rhinestone.safe7579.v1.0.1",
            "kernel.advanced.v0.3.2",
            "Kernel.advanced.v0.3.1",
        ] {
            assert_eq!(AccountKind::from_account_id(other), None);
        }
    }
}
