//! Actions, EIP-712 digests, quorum signatures, the signature suffix and its verification.
