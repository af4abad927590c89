// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title Where a Safe keeps who watches it and who answers for it
/// @notice What its `getStorageAt` is asked for.
library SafeSlots {
    /// @dev keccak256("guard_manager.guard.address")
    bytes32 internal constant GUARD =
        0x4a204f620c8c5ccdca3fd54d003badd85ba500436a431f0cbda4f558c93c34c8;
    /// @dev keccak256("module_manager.module_guard.address"), from version 1.5 on.
    bytes32 internal constant MODULE_GUARD =
        0xb104e0b93118902c651344349b610029d694cfdec91c589c91ebafbcd0289947;
    /// @dev keccak256("fallback_manager.handler.address")
    bytes32 internal constant FALLBACK_HANDLER =
        0x6c9a6c4a39284e37ed1cf53d337577d14212a4870fb976a4366c693b939918d5;
}
