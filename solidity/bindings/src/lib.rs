//! Typed Rust bindings of Writ's contracts, generated from the compiled artifacts.
