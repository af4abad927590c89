// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Script, console} from "forge-std/Script.sol";

/// @title Deploys what does not stand already, at the same address on every chain
abstract contract Deterministic is Script {
    /// @dev The deterministic deployer: calldata is the salt and the creation code.
    address public constant DEPLOYER = 0x4e59b44847b379578588920cA78FbF26c0B4956C;
    bytes32 public constant SALT = 0;

    error DeployerMissing(address deployer, uint256 chainId);
    error DeploymentFailed(address expected);

    /// @notice Where a creation code stands once deployed.
    function addressOf(bytes memory creationCode) public pure returns (address) {
        return vm.computeCreate2Address(SALT, keccak256(creationCode), DEPLOYER);
    }

    function _deploy(string memory what, bytes memory creationCode) internal returns (address at) {
        if (DEPLOYER.code.length == 0) revert DeployerMissing(DEPLOYER, block.chainid);
        at = addressOf(creationCode);
        if (at.code.length != 0) {
            console.log("%s: stands already at %s", what, at);
            return at;
        }
        (bool success,) = DEPLOYER.call(bytes.concat(SALT, creationCode));
        if (!success || at.code.length == 0) revert DeploymentFailed(at);
        console.log("%s: deployed to %s", what, at);
    }
}
