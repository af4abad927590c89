// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {RegistryParameters} from "../interfaces/OperatorTypes.sol";
import {RegistryBonds} from "./RegistryBonds.sol";
import {RegistryRoles} from "./RegistryRoles.sol";
import {RegistryStorage} from "./RegistryStorage.sol";

/// @title WritOperatorRegistry
/// @notice Operators, their bonds and keys, and epoch after epoch the set of those who may attest.
///
/// ```
/// join ─> join delay ─> in the sets that the owner publishes ─> leave ─> sets replaced ─> leave delay ─> withdraw
///                             │
///                             └─ data contract `0x00 ‖ address(20)·n` <── sync ── accounts that follow
/// ```
///
/// It can be changed by nobody: it is no proxy, delegates nothing, and what it was made with is part of its code. What was
/// published stays as it is; signatures can be taken out of it by revocation, and never put in.
contract WritOperatorRegistry is RegistryBonds {
    /// @param owner A timelock: it publishes sets and forfeits bonds.
    /// @param guardian Who revokes keys and pauses; zero for nobody.
    /// @param given What the registry is made with.
    constructor(address owner, address guardian, RegistryParameters memory given)
        RegistryStorage(given)
        RegistryRoles(owner, guardian)
    {}
}
