// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {FUEL} from "./Layout.sol";
import {FAULT_FUEL, Outcome} from "./Outcome.sol";

/// @title Counts what an evaluation touches
/// @notice Charges are made in the order of the specification, but looked at only where it matters: before each instruction,
/// before an error is answered, and before work that is not bounded by a few words. Between those, fuel may be negative.
library Fuel {
    /// @notice The words of 32 bytes that so many bytes touch.
    function words(uint256 size) internal pure returns (uint256 count) {
        assembly ("memory-safe") {
            count := shr(5, add(size, 31))
        }
    }

    /// @notice Charges; a debt is found later.
    function spend(uint256 amount) internal pure {
        assembly ("memory-safe") {
            mstore(FUEL, sub(mload(FUEL), amount))
        }
    }

    /// @notice Ends the evaluation if there is a debt.
    function check() internal pure {
        bool debt;
        assembly ("memory-safe") {
            debt := slt(mload(FUEL), 0)
        }
        if (debt) Outcome.fault(FAULT_FUEL);
    }

    /// @notice Charges for work that comes next and is large.
    function pay(uint256 amount) internal pure {
        spend(amount);
        check();
    }
}
