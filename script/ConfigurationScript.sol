// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Script} from "forge-std/Script.sol";
import {Configuration, Mode, PolicyReference} from "writ/interfaces/WritTypes.sol";
import {Digests} from "writ/libraries/Digests.sol";

/// @title Reads a configuration from the environment
/// @notice ENTRY_POINT, OPERATOR_SET, OWNER, OWNER_VALIDATOR (for an owner that is no key), REGISTRY (to follow one, whose set
/// and EPOCH must then be given), THRESHOLD, LEAST_OPERATORS, MODE (0 off, 1 observe, 2 enforce), EXIT_DELAY (seconds), EPOCH,
/// READS_HISTORY, POLICY_ID, PARAMETERS.
abstract contract ConfigurationScript is Script {
    function _configuration()
        internal
        view
        returns (Configuration memory configuration, PolicyReference[] memory policies)
    {
        configuration.owner = vm.envAddress("OWNER");
        configuration.ownerValidator = vm.envOr("OWNER_VALIDATOR", address(0));
        configuration.entryPoint = vm.envAddress("ENTRY_POINT");
        configuration.registry = vm.envOr("REGISTRY", address(0));
        configuration.operatorSet = vm.envAddress("OPERATOR_SET");
        configuration.operatorSetCodeHash = configuration.operatorSet.codehash;
        configuration.threshold = uint8(vm.envUint("THRESHOLD"));
        configuration.leastOperators = uint8(vm.envUint("LEAST_OPERATORS"));
        configuration.level = 1;
        configuration.mode = Mode(vm.envOr("MODE", uint256(1)));
        configuration.exitDelay = uint32(vm.envUint("EXIT_DELAY"));
        configuration.epoch = uint64(vm.envOr("EPOCH", uint256(0)));
        configuration.readsHistory = vm.envOr("READS_HISTORY", false);
        policies = new PolicyReference[](1);
        policies[0] = PolicyReference(vm.envBytes32("POLICY_ID"), vm.envBytes("PARAMETERS"));
        configuration.policy = Digests.policyCommitment(policies);
    }
}
