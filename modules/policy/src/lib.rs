//! Policy values, canonical encoding, policy bundles, strict Rego evaluation. No I/O, no chain.
