//! JSON-RPC traits and server.
