//! The contracts of this repository, with their creation code (`BYTECODE`).

#![allow(missing_docs)]

use alloy::sol;

sol! {
    #[sol(rpc, all_derives)]
    WritModule,
    "abi/WritModule.json"
}

sol! {
    /// What a live SimpleAccount of EntryPoint v0.7 or later is upgraded to: the module built in.
    #[sol(rpc)]
    WritSimpleAccount,
    "abi/WritSimpleAccount.json"
}

sol! {
    /// What an EIP-7702 account delegates to: the module built in.
    #[sol(rpc)]
    WritDelegate,
    "abi/WritDelegate.json"
}

sol! {
    /// What a guarded contract offers beside its own functions.
    #[sol(all_derives)]
    IWritGuarded,
    "abi/IWritGuarded.json"
}

sol! {
    #[sol(all_derives)]
    WritSafeGuard,
    "abi/WritSafeGuard.json"
}

sol! {
    /// Development only: an ERC-4626 vault that is guarded.
    DevGuardedVault,
    "abi/DevGuardedVault.json"
}

sol! {
    /// Development only: OpenZeppelin's ERC-7579 account with hooks, for any EntryPoint.
    #[sol(rpc)]
    DevAccount,
    "abi/DevAccount.json"
}

sol! {
    /// Development only: a token that anyone can mint.
    #[sol(rpc)]
    DevToken,
    "abi/DevToken.json"
}

sol! {
    /// Tests only: ERC-721 tokens for everyone.
    #[sol(rpc)]
    Cards,
    "abi/Cards.json"
}

sol! {
    /// Tests only: ERC-1155 tokens for everyone.
    #[sol(rpc)]
    Coins,
    "abi/Coins.json"
}

sol! {
    /// Development only: pays for anybody, under every EntryPoint version.
    #[sol(rpc)]
    DevPaymaster,
    "abi/DevPaymaster.json"
}

sol! {
    /// Development only: an owner's signature behind the validity window to return.
    #[sol(rpc)]
    DevWindowValidator,
    "abi/DevWindowValidator.json"
}

sol! {
    /// Development only: an owner's signature and nothing else, the baseline for gas.
    #[sol(rpc)]
    PlainOwnerValidator,
    "abi/PlainOwnerValidator.json"
}

/// `Mode.Off`: operations are not looked at.
pub const MODE_OFF: u8 = 0;
/// `Mode.Observe`: unattested operations pass and are logged.
pub const MODE_OBSERVE: u8 = 1;
/// `Mode.Enforce`: unattested operations are refused.
pub const MODE_ENFORCE: u8 = 2;
