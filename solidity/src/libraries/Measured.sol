// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Bounds} from "./Bounds.sol";
import {Ticket, Tickets} from "./Tickets.sol";

/// @title What `preCheck` hands to `postCheck` through the account: `ticket ‖ balance of each bound ‖ tokens' bounds`
/// @notice One word for the ticket and each balance, then the packed bounds behind the native one, filled up to a word.
/// Cheaper through the account than through transient storage; a `Frames` commitment holds the account to it.
library Measured {
    /// @notice Measures every bound of a spent ticket. Leaves a word of memory free before what it returns.
    /// @param slot Where the ticket is.
    function take(Ticket spent, uint256 slot, address account)
        internal
        view
        returns (bytes memory hookData)
    {
        unchecked {
            uint256 count = spent.count();
            uint256 words = (Bounds.SIZE * (count - 1) + 31) / 32;
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
            if (count == 1) return hookData;

            uint256 tokens = at + 32 * (count + 1);
            Tickets.loadTokens(slot, tokens, words);
            for (uint256 i = 1; i < count; ++i) {
                address asset;
                assembly ("memory-safe") {
                    // Behind the kind, in the upper 20 bytes.
                    asset := shr(96, mload(add(tokens, add(mul(sub(i, 1), 37), 1))))
                }
                uint256 held = Bounds.tokenBalance(asset, account);
                assembly ("memory-safe") {
                    mstore(add(at, mul(32, add(i, 1))), held)
                }
            }
        }
    }

    // The caller checked that this module made `hookData`, so every index below `count` lies inside.

    function ticket(bytes calldata hookData) internal pure returns (Ticket spent) {
        assembly ("memory-safe") {
            spent := calldataload(hookData.offset)
        }
    }

    /// @notice The balance before, of the bound at `index`.
    function balance(bytes calldata hookData, uint256 index) internal pure returns (uint256 held) {
        assembly ("memory-safe") {
            held := calldataload(add(hookData.offset, mul(32, add(index, 1))))
        }
    }

    /// @notice The token and the amount of the bound at `index`, which is not the native one.
    function token(bytes calldata hookData, uint256 count, uint256 index)
        internal
        pure
        returns (address asset, uint128 maxOut)
    {
        assembly ("memory-safe") {
            let position :=
                add(hookData.offset, add(mul(32, add(count, 1)), mul(37, sub(index, 1))))
            asset := shr(96, calldataload(add(position, 1)))
            maxOut := shr(128, calldataload(add(position, 21)))
        }
    }
}
