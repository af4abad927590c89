//! User operations in revm: block-pinned state, tracer, ERC-7562 rules, estimation, effects.
