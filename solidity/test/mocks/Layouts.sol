// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {WritGuardedStorage} from "writ/WritGuardedStorage.sol";

/// @notice What a guarded contract keeps in its namespace, as a variable, so that the compiler tells its layout.
contract GuardedNamespace is WritGuardedStorage {
    Guard internal guard;
}
