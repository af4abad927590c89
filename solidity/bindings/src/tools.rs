//! Contracts that tools ask or deploy, with their creation code (`BYTECODE`).

#![allow(missing_docs)]

use alloy::sol;

sol! {
    /// What can go around the module on an account. Meant to be called without being deployed.
    #[sol(all_derives)]
    WritLens,
    "abi/WritLens.json"
}

sol! {
    #[sol(all_derives)]
    WritOperatorRegistry,
    "abi/WritOperatorRegistry.json"
}

sol! {
    /// Policies' programs as code.
    #[sol(all_derives)]
    PolicyRegistry,
    "abi/PolicyRegistry.json"
}

sol! {
    /// Where wrong attestations cost bonds.
    #[sol(all_derives)]
    WritDisputes,
    "abi/WritDisputes.json"
}

sol! {
    /// The interpreter of policies' programs.
    PolicyVM,
    "abi/PolicyVM.json"
}

sol! {
    /// Says which programs are valid and which encodings canonical.
    #[sol(all_derives)]
    PolicyCheck,
    "abi/PolicyCheck.json"
}

sol! {
    /// An owner that is a contract.
    ContractOwner,
    "abi/ContractOwner.json"
}

sol! {
    /// Several owners with weights.
    WeightedOwners,
    "abi/WeightedOwners.json"
}
