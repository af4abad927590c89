// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Bounds} from "./Bounds.sol";
import {Ticket, Tickets} from "./Tickets.sol";

/// @title What `preCheck` hands to `postCheck` through the account:
/// `ticket ‖ measured amount of each bound ‖ bounds behind the native one [‖ surface]`
/// @notice One word for the ticket and each amount, then the packed bounds, filled up to a word; and where the ticket says
/// that the frame delegates, what the account answered of itself (`Surface`). Cheaper through the account than through
/// transient storage; a `Frames` commitment holds the account to it.
library Measured {
    /// @notice Measures every bound of a spent ticket. Leaves a word of memory free before what it returns.
    /// @param slot Where the ticket is.
    function take(Ticket spent, uint256 slot, address account)
        internal
        view
        returns (bytes memory hookData)
    {
        hookData = spent.size() == 1 ? _native(spent, account) : _all(spent, slot, account);
    }

    function _all(Ticket spent, uint256 slot, address account)
        private
        view
        returns (bytes memory hookData)
    {
        unchecked {
            (uint256 count, uint256 size) = Bounds.length(spent.size());
            uint256 words = (size - Bounds.SIZE + 31) / 32;
            uint256 at;
            assembly ("memory-safe") {
                hookData := add(mload(0x40), 32)
                at := add(hookData, 32)
                mstore(at, spent)
                mstore(add(at, 32), balance(account))
                let length := mul(32, add(add(count, words), 1))
                mstore(hookData, length)
                mstore(0x40, add(at, length))
            }
            uint256 position = bounds(hookData, count);
            Tickets.loadBounds(slot, position, words);
            for (uint256 i = 1; i < count; ++i) {
                (uint8 kind, address asset,, uint256 extra, uint256 next) = Bounds.read(position);
                uint256 measured = Bounds.measure(kind, asset, extra, account);
                position = next;
                assembly ("memory-safe") {
                    mstore(add(at, mul(32, add(i, 1))), measured)
                }
            }
        }
    }

    /// @dev The same of the native bound alone.
    function _native(Ticket spent, address account) private view returns (bytes memory hookData) {
        assembly ("memory-safe") {
            hookData := add(mload(0x40), 0x20)
            mstore(hookData, 0x40)
            mstore(add(hookData, 0x20), spent)
            mstore(add(hookData, 0x40), balance(account))
            mstore(0x40, add(hookData, 0x60))
        }
    }

    /// @notice Appends what the account answered of itself. `hookData` is the last that was allocated.
    function append(bytes memory hookData, bytes32 answered) internal pure {
        assembly ("memory-safe") {
            let length := mload(hookData)
            mstore(add(add(hookData, 32), length), answered)
            mstore(hookData, add(length, 32))
            mstore(0x40, add(add(hookData, 64), length))
        }
    }

    // The caller checked that this module made `hookData`, so every index below the count lies inside.

    function ticket(bytes memory hookData) internal pure returns (Ticket spent) {
        assembly ("memory-safe") {
            spent := mload(add(hookData, 32))
        }
    }

    /// @notice The amount before, of the bound at `index`.
    function amount(bytes memory hookData, uint256 index) internal pure returns (uint256 measured) {
        assembly ("memory-safe") {
            measured := mload(add(hookData, mul(32, add(index, 2))))
        }
    }

    /// @notice Where the bounds behind the native one begin in memory.
    function bounds(bytes memory hookData, uint256 count) internal pure returns (uint256 position) {
        assembly ("memory-safe") {
            position := add(hookData, mul(32, add(count, 2)))
        }
    }

    /// @notice What `append` appended.
    function surface(bytes memory hookData) internal pure returns (bytes32 answered) {
        assembly ("memory-safe") {
            answered := mload(add(hookData, mload(hookData)))
        }
    }
}
