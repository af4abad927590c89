//! The engine against the real EntryPoints: in memory, and on anvil through a proxy that rejects
//! every debug method and every `eth_call` to an EntryPoint.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod anvil;
mod bundles;
mod code;
mod effects;
mod frames;
mod node;
mod proxy;
mod windows;
