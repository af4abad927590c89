// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Deterministic} from "./Deterministic.sol";
import {OperatorSets} from "writ/libraries/OperatorSets.sol";

/// @title Deploys the module and an operator set, at the same addresses on every chain
/// @notice `OPERATORS=0x…,0x… forge script script/Deploy.s.sol --rpc-url … --broadcast`. What stands already is left alone,
/// so that it can be run again. Without `OPERATORS` only the module is deployed.
contract Deploy is Deterministic {
    error OperatorCount(uint256 count);
    error OperatorZero(uint256 index);
    error OperatorRepeated(uint256 first, uint256 second);

    function run() external returns (address module, address operatorSet) {
        address[] memory operators = vm.envOr("OPERATORS", ",", new address[](0));
        vm.startBroadcast();
        module = deployModule();
        if (operators.length != 0) operatorSet = deployOperatorSet(operators);
        vm.stopBroadcast();
    }

    /// @notice Deploys the module unless it stands.
    function deployModule() public returns (address) {
        return _deploy("WritModule", vm.getCode("WritModule.sol:WritModule"));
    }

    /// @notice Deploys the data contract of these operators, in this order, unless it stands.
    function deployOperatorSet(address[] memory operators) public returns (address) {
        if (operators.length == 0 || operators.length > OperatorSets.MOST) {
            revert OperatorCount(operators.length);
        }
        for (uint256 i = 0; i < operators.length; ++i) {
            if (operators[i] == address(0)) revert OperatorZero(i);
            for (uint256 j = 0; j < i; ++j) {
                if (operators[j] == operators[i]) revert OperatorRepeated(j, i);
            }
        }
        return _deploy("operator set", OperatorSets.creationCode(operators));
    }
}
