//! From a received operation to the pool, and its re-check.
