// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Encoding} from "./Encoding.sol";
import {IPolicyCheck} from "./IPolicyCheck.sol";
import {Layout} from "./Layout.sol";
import {ProgramCheck} from "./ProgramCheck.sol";

/// @title Checks programs, inputs and parameters, so that the interpreter need not
/// @notice Without state. Works in memory, to which it copies what it is given.
contract PolicyCheck is IPolicyCheck {
    uint256 private constant MOST_INPUT_BYTES = 1_048_575;
    uint256 private constant MOST_INPUT_VALUES = 65_536;
    uint256 private constant MOST_PARAMETER_BYTES = 65_535;
    uint256 private constant MOST_PARAMETER_VALUES = 8192;

    /// @inheritdoc IPolicyCheck
    function checkProgram(bytes calldata program) external pure {
        ProgramCheck.check(_copy(program), program.length);
    }

    /// @inheritdoc IPolicyCheck
    function isCanonicalInput(bytes calldata value) external pure returns (bool) {
        if (value.length > MOST_INPUT_BYTES) return false;
        return Encoding.isCanonical(_copy(value), value.length, MOST_INPUT_VALUES);
    }

    /// @inheritdoc IPolicyCheck
    function isCanonicalParameters(bytes calldata value) external pure returns (bool) {
        if (value.length > MOST_PARAMETER_BYTES) return false;
        return Encoding.isCanonical(_copy(value), value.length, MOST_PARAMETER_VALUES);
    }

    /// @dev A word of zeros is behind it, so that what is read beyond the end is nothing that was there before.
    function _copy(bytes calldata value) private pure returns (uint256 at) {
        Layout.claim();
        at = Layout.reserve(((value.length + 31) & ~uint256(31)) + 64);
        assembly ("memory-safe") {
            calldatacopy(at, value.offset, value.length)
        }
    }
}
