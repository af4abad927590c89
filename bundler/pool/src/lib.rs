//! The durable mempool.
