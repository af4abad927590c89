// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    IERC7579Hook,
    IERC7579Module,
    IERC7579Validator,
    MODULE_TYPE_HOOK,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @notice A validator that lets everything pass, and remembers which signature reached it.
contract YesValidator is IERC7579Validator {
    bytes public signature;

    function onInstall(bytes calldata) external {}
    function onUninstall(bytes calldata) external {}

    function isModuleType(uint256 moduleTypeId) external pure returns (bool) {
        return moduleTypeId == MODULE_TYPE_VALIDATOR;
    }

    /// @dev Nexus asks every validator that it is initialized with.
    function isInitialized(address) external pure returns (bool) {
        return true;
    }

    function validateUserOp(PackedUserOperation calldata userOp, bytes32)
        external
        returns (uint256)
    {
        signature = userOp.signature;
        return 0;
    }

    function isValidSignatureWithSender(address, bytes32, bytes calldata)
        external
        pure
        returns (bytes4)
    {
        return 0x1626ba7e;
    }
}

/// @notice A hook that remembers what it saw last.
contract RecordingHook is IERC7579Hook {
    address public sender;
    uint256 public value;
    bytes public data;

    function onInstall(bytes calldata) external {}
    function onUninstall(bytes calldata) external {}

    function isModuleType(uint256 moduleTypeId) external pure returns (bool) {
        return moduleTypeId == MODULE_TYPE_HOOK;
    }

    /// @dev Kernel tells only a hook which says no that it was installed.
    function isInitialized(address) external pure returns (bool) {
        return false;
    }

    function preCheck(address msgSender, uint256 value_, bytes calldata msgData)
        external
        returns (bytes memory)
    {
        (sender, value, data) = (msgSender, value_, msgData);
        return "";
    }

    function postCheck(bytes calldata) external {}
}

/// @notice What an upgrade must not lead to: an account that lets anyone act for it.
contract BareAccount {
    /// @dev UUPS asks what it upgrades to.
    function proxiableUUID() external pure returns (bytes32) {
        return 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;
    }

    fallback() external payable {}
    receive() external payable {}
}
