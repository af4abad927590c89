// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritErrors} from "../interfaces/IWritErrors.sol";

/// @title The packed list of bounds: `kind(1) ‖ asset(20) ‖ maxOut(16)` each, and 32 bytes more of the longer kinds
/// @notice Strictly ascending by kind, asset and what follows, so that nothing is listed twice and the native bound comes
/// first. Its size byte holds how many there are in the lower four bits, and how many of them are longer in the upper four.
library Bounds {
    uint256 internal constant SIZE = 37;
    uint256 internal constant MOST = 8;

    uint8 internal constant NATIVE = 0;
    uint8 internal constant ERC20 = 1;
    /// @dev How many tokens of an ERC-721, whichever they are.
    uint8 internal constant ERC721 = 2;
    /// @dev What the EntryPoint at `asset` holds for the account.
    uint8 internal constant DEPOSIT = 3;
    /// @dev From here on 32 bytes follow: the id of an ERC-1155 token.
    uint8 internal constant ERC1155 = 4;
    /// @dev By how much the allowance of the spender that follows may grow.
    uint8 internal constant ALLOWANCE = 5;
    /// @dev By how much, 0 or 1, `isApprovedForAll` of the operator that follows may grow.
    uint8 internal constant OPERATOR = 6;

    /// @dev Of an allowance: without limit.
    uint128 internal constant ANY = type(uint128).max;

    uint256 private constant LONGER = 32;

    /// @dev Gas for one question: generous for a proxied token, and a bound on what a hostile one can burn.
    uint256 private constant QUESTION_GAS = 500_000;

    /// @notice How many bounds a size byte says, and how many bytes they take.
    function length(uint256 size) internal pure returns (uint256 count, uint256 inBytes) {
        unchecked {
            count = size & 15;
            inBytes = SIZE * count + LONGER * (size >> 4);
        }
    }

    /// @notice Whether a list can have this size byte: the native bound is always there, and is not of the longer ones.
    function isSize(uint256 size) internal pure returns (bool is_) {
        uint256 most = MOST;
        assembly ("memory-safe") {
            let count := and(size, 15)
            // More than the longer ones is also more than none.
            is_ := gt(gt(count, shr(4, size)), gt(count, most))
        }
    }

    /// @notice Whether a list of this size, checked, is the native bound and no other: what most are, and nothing to check.
    function isNativeAlone(bytes calldata bounds, uint256 size) internal pure returns (bool alone) {
        uint256 id = _id(bounds, 0);
        assembly ("memory-safe") {
            alone := and(eq(size, 1), iszero(id))
        }
    }

    /// @notice Refuses unknown kinds, disorder, repetition, and a list that does not begin with the native bound.
    /// @param size Its size byte, checked, whose length the list has.
    function check(bytes calldata bounds, uint256 size) internal pure {
        // Kind and asset of each, which ascend as one number; the native bound is zero.
        uint256 previous = _id(bounds, 0);
        if (previous != 0) _refuse(previous);
        unchecked {
            uint256 end = bounds.length - (SIZE + LONGER) * (size >> 4);
            for (uint256 offset = SIZE; offset < end; offset += SIZE) {
                uint256 id = _id(bounds, offset);
                if (id <= previous || id >> 160 == NATIVE || id >> 160 >= ERC1155) _refuse(id);
                if (uint160(id) == 0) _refuse(id);
                previous = id;
            }
            if (end != bounds.length) _checkLonger(bounds, end);
        }
    }

    function _checkLonger(bytes calldata bounds, uint256 offset) private pure {
        uint256 previous;
        uint256 previousExtra;
        for (; offset < bounds.length; offset += SIZE + LONGER) {
            uint256 id = _id(bounds, offset);
            uint256 kind = id >> 160;
            uint256 extra;
            uint256 maxOut;
            assembly ("memory-safe") {
                let entry := add(bounds.offset, offset)
                maxOut := shr(128, calldataload(add(entry, 21)))
                extra := calldataload(add(entry, 37))
            }
            if (kind < ERC1155 || kind > OPERATOR || uint160(id) == 0) _refuse(id);
            if (kind != ERC1155 && (extra == 0 || extra > type(uint160).max)) _refuse(id);
            if (kind == OPERATOR && maxOut > 1) _refuse(id);
            if (id < previous || (id == previous && extra <= previousExtra)) _refuse(id);
            (previous, previousExtra) = (id, extra);
        }
    }

    /// @notice One entry of a packed list in memory, and where the next one begins.
    function read(uint256 position)
        internal
        pure
        returns (uint8 kind, address asset, uint128 maxOut, uint256 extra, uint256 next)
    {
        assembly ("memory-safe") {
            let word := mload(position)
            kind := shr(248, word)
            asset := shr(96, shl(8, word))
            maxOut := shr(128, mload(add(position, 21)))
            next := add(position, 37)
            if gt(kind, 3) {
                extra := mload(next)
                next := add(next, 32)
            }
        }
    }

    /// @notice How much of what a bound is about the account has now. Never guesses: what cannot be read is refused.
    function measure(uint8 kind, address asset, uint256 extra, address account)
        internal
        view
        returns (uint256 amount)
    {
        bool success;
        (success, amount) = tryMeasure(kind, asset, extra, account);
        if (!success) revert IWritErrors.BalanceUnreadable(asset);
    }

    /// @notice The same for who may not revert. The amount means nothing without success.
    function tryMeasure(uint8 kind, address asset, uint256 extra, address account)
        internal
        view
        returns (bool success, uint256 amount)
    {
        assembly ("memory-safe") {
            let m := mload(0x40)
            let selector := 0x70a08231 // balanceOf(address)
            let size := 0x24
            if gt(kind, 3) {
                size := 0x44
                switch kind
                case 4 { selector := 0x00fdd58e } // balanceOf(address,uint256)
                case 5 { selector := 0xdd62ed3e } // allowance(address,address)
                default { selector := 0xe985e9c5 } // isApprovedForAll(address,address)
                mstore(add(m, 0x40), extra)
            }
            mstore(m, selector)
            mstore(add(m, 0x20), account)
            success := staticcall(QUESTION_GAS, asset, add(m, 0x1c), size, 0x00, 0x20)
            success := and(success, gt(returndatasize(), 0x1f))
            amount := mload(0x00)
        }
    }

    /// @notice How much left, or grew, between two measurements; 0 for the harmless direction.
    function moved(uint8 kind, uint256 before, uint256 now_) internal pure returns (uint256) {
        unchecked {
            if (kind >= ALLOWANCE) return now_ > before ? now_ - before : 0;
            return before > now_ ? before - now_ : 0;
        }
    }

    /// @notice Whether that is more than the bound.
    function exceeds(uint8 kind, uint256 amount, uint128 maxOut) internal pure returns (bool) {
        return amount > maxOut && !(kind == ALLOWANCE && maxOut == ANY);
    }

    function _id(bytes calldata bounds, uint256 offset) private pure returns (uint256 id) {
        assembly ("memory-safe") {
            id := shr(88, calldataload(add(bounds.offset, offset)))
        }
    }

    function _refuse(uint256 id) private pure {
        uint8 kind = uint8(id >> 160);
        if (kind > OPERATOR) revert IWritErrors.UnsupportedBoundKind(kind);
        revert IWritErrors.BoundsNotAscending();
    }
}
