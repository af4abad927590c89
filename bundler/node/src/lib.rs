//! The writ binary: configuration, wiring, subcommands.
