// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Vm} from "forge-std/Vm.sol";

/// @title Safe 1.5.0 from its published artifacts
/// @notice Read at run time. The package is copyleft: nothing of it is imported, linked or kept here.
library Safe150 {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    string private constant FOLDER =
        "node_modules/@safe-global/safe-smart-account/build/artifacts/contracts/";

    function singleton() internal returns (address) {
        return _create("Safe.sol/Safe.json");
    }

    function singletonL2() internal returns (address) {
        return _create("SafeL2.sol/SafeL2.json");
    }

    function factory() internal returns (address) {
        return _create("proxies/SafeProxyFactory.sol/SafeProxyFactory.json");
    }

    /// @dev Answers ERC-1271 for the owners.
    function fallbackHandler() internal returns (address) {
        return _create("handler/CompatibilityFallbackHandler.sol/CompatibilityFallbackHandler.json");
    }

    function _create(string memory artifact) private returns (address created) {
        bytes memory creation =
            VM.parseJsonBytes(VM.readFile(string.concat(FOLDER, artifact)), ".bytecode");
        assembly ("memory-safe") {
            created := create(0, add(creation, 0x20), mload(creation))
        }
        require(created != address(0), artifact);
    }
}
