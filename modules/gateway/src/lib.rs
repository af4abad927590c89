//! Asks operators, returns at the quorum; the bundler's gate.
