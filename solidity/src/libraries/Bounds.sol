// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritErrors} from "../interfaces/IWritErrors.sol";

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
        // Kind and asset of each, which ascend as one number; the native bound is zero.
        uint256 previous = _id(bounds, 0);
        if (previous != 0) _refuse(previous);
        unchecked {
            for (uint256 offset = SIZE; offset < bounds.length; offset += SIZE) {
                uint256 id = _id(bounds, offset);
                if (id >> 160 != ERC20 || uint160(id) == 0 || id <= previous) _refuse(id);
                previous = id;
            }
        }
    }

    /// @notice How much of a token the account holds. Never guesses: what cannot be read is refused.
    function tokenBalance(address token, address account) internal view returns (uint256 amount) {
        bool success;
        (success, amount) = tryTokenBalance(token, account);
        if (!success) revert IWritErrors.BalanceUnreadable(token);
    }

    /// @notice The same for who may not revert. The amount means nothing without success.
    function tryTokenBalance(address token, address account)
        internal
        view
        returns (bool success, uint256 amount)
    {
        assembly ("memory-safe") {
            mstore(0x00, 0x70a08231) // balanceOf(address)
            mstore(0x20, account)
            success := staticcall(BALANCE_GAS, token, 0x1c, 0x24, 0x00, 0x20)
            success := and(success, gt(returndatasize(), 0x1f))
            amount := mload(0x00)
        }
    }

    function _id(bytes calldata bounds, uint256 offset) private pure returns (uint256 id) {
        assembly ("memory-safe") {
            id := shr(88, calldataload(add(bounds.offset, offset)))
        }
    }

    function _refuse(uint256 id) private pure {
        uint8 kind = uint8(id >> 160);
        if (kind > ERC20) revert IWritErrors.UnsupportedBoundKind(kind);
        revert IWritErrors.BoundsNotAscending();
    }
}
