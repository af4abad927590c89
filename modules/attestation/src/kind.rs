//! The kinds of accounts on which an attestation can be placed.

/// A kind of account: how it names its validator, and what it shows to its hook. An ERC-7579 account, or one of Writ's own that
/// have the module built in and take no other.
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
    /// `WritSimpleAccount` 1.0.0, what a live SimpleAccount is upgraded to.
    WritSimpleAccount,
    /// `WritDelegate` 1.0.0, what an EIP-7702 account delegates to.
    WritDelegate,
}

impl AccountKind {
    /// Those of ERC-7579, which take modules.
    pub const MODULAR: [Self; 5] =
        [Self::OpenZeppelin, Self::Reference, Self::Nexus, Self::Safe7579, Self::Kernel];

    /// Those that have the module built in.
    pub const BUILT_IN: [Self; 2] = [Self::WritSimpleAccount, Self::WritDelegate];

    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::OpenZeppelin,
        Self::Reference,
        Self::Nexus,
        Self::Safe7579,
        Self::Kernel,
        Self::WritSimpleAccount,
        Self::WritDelegate,
    ];

    /// Whether the module is a constant of the account's code: no nonce names it, and the account takes no other.
    pub const fn is_built_in(self) -> bool {
        matches!(self, Self::WritSimpleAccount | Self::WritDelegate)
    }

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
            Self::WritSimpleAccount => "writ.simple-account.1.0.0",
            Self::WritDelegate => "writ.delegate.1.0.0",
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
            Self::WritSimpleAccount => "writ-simple-account",
            Self::WritDelegate => "writ-delegate",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_either_takes_modules_or_has_one_built_in() {
        let (modular, built_in) = (AccountKind::MODULAR.to_vec(), AccountKind::BUILT_IN.to_vec());
        assert_eq!([modular, built_in].concat(), AccountKind::ALL);
        for kind in AccountKind::ALL {
            assert_eq!(kind.is_built_in(), AccountKind::BUILT_IN.contains(&kind));
            assert_eq!(kind.is_built_in(), !kind.name().starts_with("erc7579-"));
        }
    }

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
            "writ.simple-account.1.0.1",
            "writ.simple-account",
            "writ.delegate.1.0",
            "Writ.delegate.1.0.0",
        ] {
            assert_eq!(AccountKind::from_account_id(other), None);
        }
    }
}
