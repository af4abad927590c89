//! Builds the policy input: call decoding, effects, history, account reader.
