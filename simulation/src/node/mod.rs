//! The chain node: plain `eth_*` JSON-RPC over HTTP, bounded, counted and retried in one place.
//!
//! Nothing here needs a debug API, and nothing rests on the node executing an EntryPoint.

mod client;
mod error;
mod reads;
mod transport;

pub use client::{NodeClient, NodeOptions};
pub use error::NodeError;
pub use reads::{StateRead, StateValue};
pub use transport::NodeStats;
