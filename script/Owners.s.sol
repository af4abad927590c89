// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Deploy} from "./Deploy.s.sol";
import {console} from "forge-std/Script.sol";
import {OwnerData} from "writ/libraries/OwnerData.sol";

/// @title Deploys the owner checks, and owners for them, at the same addresses on every chain
/// @notice `forge script script/Owners.s.sol --sig 'validators()' --rpc-url … --broadcast` for the checks, once per chain;
/// `--sig 'owner(address,bytes)' VALIDATOR DATA` for an owner, whose address goes into the configuration. What stands already
/// is left alone. docs/owners.md has the formats.
contract Owners is Deploy {
    /// @notice Deploys the four owner checks unless they stand.
    function validators() external returns (address[] memory deployed) {
        string[4] memory names = ["P256Owner", "WebAuthnOwner", "WeightedOwners", "ContractOwner"];
        deployed = new address[](names.length);
        vm.startBroadcast();
        for (uint256 i = 0; i < names.length; ++i) {
            bytes memory code = vm.getCode(string.concat(names[i], ".sol:", names[i]));
            deployed[i] = _deploy(names[i], code);
        }
        vm.stopBroadcast();
    }

    /// @notice Deploys the data contract of an owner unless it stands, after its validator found the data usable.
    function owner(address validator, bytes calldata data) external returns (address deployed) {
        bytes32 key = OwnerData.check(validator, data);
        console.log("key behind the owner: %s", vm.toString(key));
        vm.startBroadcast();
        deployed = _deploy("owner", OwnerData.creationCode(data));
        vm.stopBroadcast();
    }
}
