//! The operator service: evidence, decision, signing log, signature.
