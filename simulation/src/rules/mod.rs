//! ERC-7562 rules: a pure function from an operation's trace to violations.
