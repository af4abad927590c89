//! Typed Rust bindings of Writ's contracts and of the contracts that Writ talks to.
//!
//! ```text
//!  solidity/src ── forge build ──> solidity/out ── script/toolchain/bindings.mjs ──> abi/*.json (committed)
//!                                                                                │
//!                            sol! ───────────────────────────────────────────────┘
//!                             │
//!        WritModule, WritLens, DevAccount, …: calls, events, errors, creation code
//! ```
//!
//! Invariants: the committed artifacts are what the sources compile to (`tests/drift.rs`); the interfaces of EntryPoint,
//! ERC-7579 and ERC-20 are Writ's own definitions, so nothing with another licence is linked.

mod deployment;
pub mod entry_point;
pub mod erc20;
pub mod erc7579;
mod module;
mod tools;

pub use deployment::{
    DETERMINISTIC_DEPLOYER, SALT, built_in_creation_code, configuration_hash,
    deterministic_address, deterministic_calldata, dev_account_creation_code, dev_configuration,
    dev_policy, installation_data, module_address, module_creation_code,
};
pub use entry_point::{EntryPoint, EntryPointV06};
pub use erc20::Erc20;
pub use erc7579::Erc7579Account;
pub use module::{
    Cards, Coins, DevAccount, DevGuardedVault, DevPaymaster, DevToken, DevWindowValidator,
    IWritGuarded, MODE_ENFORCE, MODE_OBSERVE, MODE_OFF, PlainOwnerValidator, WritDelegate,
    WritModule, WritSafeGuard, WritSimpleAccount,
};
pub use tools::{
    ContractOwner, PolicyCheck, PolicyRegistry, PolicyVM, WeightedOwners, WritDisputes, WritLens,
    WritOperatorRegistry,
};
