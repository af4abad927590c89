// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritErrors} from "../interfaces/IWritErrors.sol";
import {Bound} from "../interfaces/WritTypes.sol";

/// @title The packed list of bounds: `kind(1) ‖ asset(20) ‖ maxOut(16)` each, strictly ascending by kind and asset
library Bounds {
    uint256 internal constant SIZE = 37;
    uint256 internal constant MOST = 8;

    uint8 internal constant NATIVE = 0;
    uint8 internal constant ERC20 = 1;

    /// @dev Gas for one `balanceOf`: generous for a proxied token, and a bound on what a hostile one can burn.
    uint256 private constant BALANCE_GAS = 500_000;

    /// @notice Refuses unknown kinds, disorder, repetition, and a list that does not begin with the native bound.
    function check(bytes calldata bounds) internal pure {
        uint256 previous;
        for (uint256 offset = 0; offset < bounds.length;) {
            uint256 word;
            assembly ("memory-safe") {
                word := calldataload(add(bounds.offset, offset))
            }
            uint8 kind = uint8(word >> 248);
            if (kind > ERC20) revert IWritErrors.UnsupportedBoundKind(kind);
            // Kind and asset, plus one so that the native bound lies above "none".
            uint256 id;
            unchecked {
                id = (word >> 88) + 1;
            }
            bool native = kind == NATIVE;
            if (
                (native != (uint160(word >> 88) == 0)) || (native != (offset == 0))
                    || id <= previous
            ) {
                revert IWritErrors.BoundsNotAscending();
            }
            previous = id;
            unchecked {
                offset += SIZE;
            }
        }
    }

    /// @notice One bound of a packed list in memory. The caller keeps `index` inside.
    function at(bytes memory bounds, uint256 index) internal pure returns (Bound memory bound) {
        uint256 word;
        uint256 amount;
        assembly ("memory-safe") {
            let position := add(add(bounds, 32), mul(index, 37))
            word := mload(position)
            // The 16 bytes of the amount end where this word ends.
            amount := mload(add(position, 5))
        }
        bound.kind = uint8(word >> 248);
        bound.asset = address(uint160(word >> 88));
        bound.maxOut = uint128(amount);
    }

    /// @notice How much of a bound's asset the account holds. Never guesses: what cannot be read is refused.
    function balance(Bound memory bound, address account) internal view returns (uint256 amount) {
        if (bound.kind == NATIVE) return account.balance;
        address asset = bound.asset;
        bool success;
        assembly ("memory-safe") {
            mstore(0x00, 0x70a08231) // balanceOf(address)
            mstore(0x20, account)
            success := staticcall(BALANCE_GAS, asset, 0x1c, 0x24, 0x00, 0x20)
            success := and(success, gt(returndatasize(), 0x1f))
            amount := mload(0x00)
        }
        if (!success) revert IWritErrors.BalanceUnreadable(asset);
    }
}
