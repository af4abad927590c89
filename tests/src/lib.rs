//! End to end: real node, real EntryPoints, real accounts, real wallet clients.
//!
//! ```text
//! test ── World ─┬─ anvil (child)        EntryPoints v0.7 and v0.8, module, token, two accounts
//!                ├─ operator ×3 (child)  2 of 3 must sign
//!                ├─ bundler (child)      <── JSON-RPC, GET /health
//!                └─ a folder of its own  keys, stores, logs: gone with the World
//! ```
//!
//! ```text
//! test ── Ground ─┬─ anvil (child)       all four EntryPoints, SimpleAccount's factories, paymaster, token
//!                 └─ bundler (child)     --gate=off, told of no EntryPoint
//! ```
//!
//! Invariants: everything listens on loopback only; every child ends with its [`World`] or [`Ground`], also when the
//! test panics; every wait is bounded.

mod account;
mod ground;
mod http;
mod modular;
mod node;
mod owners;
mod plain;
mod process;
mod protected;
mod quorum;
mod rpc;
mod world;

pub use account::{Account, key};
pub use ground::{Ground, ether, execute, paymaster};
pub use http::{Answer, get, get_text, post, post_too_long};
pub use modular::{
    Place, Staged, built_in_encodings, create_account, delegate_key, execute_in, funded_wallet,
    initialize_delegate, installation, installed_wallet, module_key, nonce_of, single, under_hook,
    versions_of,
};
pub use node::{Node, RICH};
pub use owners::{
    asking, clone_of, contract_owner, creation_of, deploy_deterministically, index_of, owner_data,
    signature_of, stub, wallet, weighted, weighted_owners,
};
pub use plain::{plain_account, v08_wallet};
pub use process::{SOON, complaint, writ};
pub use protected::{Protected, SafeVersion};
pub use quorum::Quorum;
pub use rpc::Rpc;
pub use world::{INCLUSION_LIMIT, World, eventually, root};
