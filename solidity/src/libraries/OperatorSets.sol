// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritErrors} from "../interfaces/IWritErrors.sol";
import {DataContracts} from "./DataContracts.sol";

/// @title Operator sets held as code: `0x00 ‖ address(20)·n`
/// @notice What configurations name and operators publish. A configuration's record (`Records`) holds a copy, which is what
/// validation reads. The leading zero is STOP, so that such a contract can never run, and hence never change.
library OperatorSets {
    uint256 internal constant MOST = 255;

    /// @notice The whole code of a set, leading zero included.
    function read(address operatorSet) internal view returns (bytes memory code) {
        return operatorSet.code;
    }

    /// @notice How many operators the code of a set holds.
    function count(bytes memory code) internal pure returns (uint256) {
        return code.length == 0 ? 0 : (code.length - 1) / 20;
    }

    /// @notice Checks once, when a configuration is set, what validation relies on ever after.
    /// @dev Quadratic in the number of operators, outside of validation.
    function check(address operatorSet, bytes32 codeHash, uint256 least) internal view {
        if (operatorSet.codehash != codeHash) {
            revert IWritErrors.OperatorSetCodeHashMismatch(codeHash, operatorSet.codehash);
        }
        bytes memory code = read(operatorSet);
        uint256 operators = count(code);
        if (
            code.length < 21 || code[0] != 0 || (code.length - 1) % 20 != 0 || operators > MOST
                || operators < least
        ) revert IWritErrors.InvalidOperatorSet(operatorSet);

        address[] memory seen = new address[](operators);
        for (uint256 i = 0; i < operators; ++i) {
            address operator = at(code, i);
            if (operator == address(0)) revert IWritErrors.InvalidOperatorSet(operatorSet);
            for (uint256 j = 0; j < i; ++j) {
                if (seen[j] == operator) revert IWritErrors.InvalidOperatorSet(operatorSet);
            }
            seen[i] = operator;
        }
    }

    /// @notice One operator. The caller keeps `index` inside.
    function at(bytes memory code, uint256 index) internal pure returns (address operator) {
        assembly ("memory-safe") {
            operator := shr(96, mload(add(add(code, 33), mul(index, 20))))
        }
    }

    /// @notice What to deploy for a set of operators, in the order given.
    function creationCode(address[] memory operators) internal pure returns (bytes memory) {
        bytes memory data = "";
        for (uint256 i = 0; i < operators.length; ++i) {
            data = bytes.concat(data, bytes20(operators[i]));
        }
        return DataContracts.creationCode(data);
    }
}
