// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Fuel, ORDERED, TEXT_WORD} from "./Fuel.sol";
import {CHECKING, FRAMES, FUEL, OBJECT} from "./Layout.sol";
import {FAULT_DEPTH, FAULT_TYPE, Outcome} from "./Outcome.sol";
import {Values} from "./Values.sol";

/// @title The order of values, as in Rego
library Order {
    /// @dev The 64th level that is open: `FRAMES + 63 * 0x80`.
    uint256 private constant LAST = 0x21e0;

    uint256 private constant DECIDED = 0;
    uint256 private constant TEXTS = 1;
    uint256 private constant NESTED = 2;
    uint256 private constant UNCLEAR = 3;

    /// @notice The order of two values: below zero if `left` comes first, zero if they are equal.
    /// @dev Looks for a debt where it goes on for long; whoever compares in a loop looks for it as well.
    function compare(uint256 left, uint256 right) internal pure returns (int256 order) {
        uint256 open;
        assembly ("memory-safe") {
            mstore(FUEL, sub(mload(FUEL), ORDERED))
            let kind := byte(0, mload(left))
            let other := byte(0, mload(right))
            switch eq(kind, other)
            case 0 {
                order := sub(gt(kind, other), lt(kind, other))
                // Both are integers: the negative one has the higher tag, but comes first.
                if eq(shr(1, kind), 1) { if eq(shr(1, other), 1) { order := sub(0, order) } }
                if and(gt(kind, 5), gt(other, 5)) { open := UNCLEAR }
            }
            default {
                switch gt(kind, 3)
                case 0 {
                    if gt(kind, 1) {
                        let x := mload(add(left, 1))
                        let y := mload(add(right, 1))
                        order := sub(gt(x, y), lt(x, y))
                        if eq(kind, 3) { order := sub(0, order) }
                    }
                }
                default { open := add(TEXTS, gt(kind, 4)) }
            }
        }
        if (open != DECIDED) {
            if (open == TEXTS) order = _texts(left, right);
            else if (open == NESTED) order = _items(left, right);
            else _unordered();
        }
    }

    /// @dev OPA and regorus do not agree on whether an object or a set comes first.
    function _unordered() private pure {
        bool checking;
        assembly ("memory-safe") {
            checking := mload(CHECKING)
        }
        if (!checking) Outcome.fault(FAULT_TYPE);
    }

    /// @dev Two strings by their bytes. What is equal for long is stepped over by hashing.
    function _texts(uint256 left, uint256 right) private pure returns (int256 order) {
        uint256 a = Values.length(left);
        uint256 b = Values.length(right);
        uint256 shorter = a < b ? a : b;
        Fuel.pay(TEXT_WORD * Fuel.words(shorter));
        assembly ("memory-safe") {
            left := add(left, 5)
            right := add(right, 5)
            // The end of the whole words of both.
            let end := add(left, and(shorter, not(31)))
            for {} iszero(gt(add(left, 512), end)) {} {
                if xor(keccak256(left, 512), keccak256(right, 512)) { break }
                left := add(left, 512)
                right := add(right, 512)
            }
            for {} lt(left, end) {} {
                let x := mload(left)
                let y := mload(right)
                if xor(x, y) {
                    order := sub(gt(x, y), lt(x, y))
                    break
                }
                left := add(left, 32)
                right := add(right, 32)
            }
            if iszero(order) {
                let unused := sub(256, shl(3, and(shorter, 31)))
                let x := shr(unused, mload(left))
                let y := shr(unused, mload(right))
                order := sub(gt(x, y), lt(x, y))
                if iszero(order) { order := sub(gt(a, b), lt(a, b)) }
            }
        }
    }

    /// @dev Two containers of one kind, item by item, with all that is in them. The first difference at any level decides; where
    /// there is none in two containers, their counts do, and only if these are equal too, what comes behind them.
    function _items(uint256 left, uint256 right) private pure returns (int256 order) {
        uint256 frame = FRAMES - 0x80;
        uint256 open = NESTED;
        for (;;) {
            if (open == NESTED) {
                if (frame == LAST) Outcome.fault(FAULT_DEPTH);
                frame = _open(left, right, frame);
            } else if (open == TEXTS) {
                order = _texts(left, right);
                if (order != 0) return order;
            } else {
                if (open == UNCLEAR) _unordered();
                return order;
            }
            (left, right, order, frame, open) = _walk(frame);
            Fuel.check();
        }
    }

    /// @dev Opens two containers as a level above `frame`: next items, how many are to come, order of the counts.
    function _open(uint256 left, uint256 right, uint256 below)
        private
        pure
        returns (uint256 frame)
    {
        assembly ("memory-safe") {
            frame := add(below, 0x80)
            let a := mload(left)
            let pairs := eq(byte(0, a), OBJECT)
            a := and(shr(184, a), 0xffffffff)
            let b := and(shr(184, mload(right)), 0xffffffff)
            mstore(frame, add(left, 9))
            mstore(add(frame, 0x20), add(right, 9))
            mstore(add(frame, 0x60), sub(gt(a, b), lt(a, b)))
            if lt(b, a) { a := b }
            mstore(add(frame, 0x40), shl(pairs, a))
        }
    }

    /// @dev Goes through pairs of items up to one that decides, or that there is more to look at in: containers, or strings of
    /// more than a word.
    function _walk(uint256 top)
        private
        pure
        returns (uint256 left, uint256 right, int256 order, uint256 frame, uint256 open)
    {
        assembly ("memory-safe") {
            frame := top
            for {} 1 {} {
                let x := mload(add(frame, 0x40))
                if iszero(x) {
                    order := mload(add(frame, 0x60))
                    frame := sub(frame, 0x80)
                    if order { break }
                    if lt(frame, FRAMES) { break }
                    continue
                }
                mstore(add(frame, 0x40), sub(x, 1))
                x := sub(mload(FUEL), ORDERED)
                mstore(FUEL, x)
                // What is answered with a debt is not used.
                if slt(x, 0) { break }
                left := mload(frame)
                right := mload(add(frame, 0x20))
                x := mload(left)
                let y := mload(right)
                let kind := byte(0, x)
                if xor(kind, byte(0, y)) {
                    y := byte(0, y)
                    order := sub(gt(kind, y), lt(kind, y))
                    if eq(shr(1, kind), 1) { if eq(shr(1, y), 1) { order := sub(0, order) } }
                    if and(gt(kind, 5), gt(y, 5)) { open := UNCLEAR }
                    break
                }
                switch gt(kind, 3)
                case 0 {
                    let size := 1
                    if gt(kind, 1) {
                        x := mload(add(left, 1))
                        y := mload(add(right, 1))
                        if xor(x, y) {
                            order := sub(gt(x, y), lt(x, y))
                            if eq(kind, 3) { order := sub(0, order) }
                            break
                        }
                        size := 33
                    }
                    mstore(frame, add(left, size))
                    mstore(add(frame, 0x20), add(right, size))
                }
                default {
                    x := and(shr(216, x), 0xffffffff)
                    y := and(shr(216, y), 0xffffffff)
                    mstore(frame, add(left, add(5, x)))
                    mstore(add(frame, 0x20), add(right, add(5, y)))
                    if gt(kind, 4) {
                        if eq(frame, LAST) {
                            open := NESTED
                            break
                        }
                        // As `_open` does.
                        frame := add(frame, 0x80)
                        mstore(frame, add(left, 9))
                        mstore(add(frame, 0x20), add(right, 9))
                        x := and(shr(184, mload(left)), 0xffffffff)
                        y := and(shr(184, mload(right)), 0xffffffff)
                        mstore(add(frame, 0x60), sub(gt(x, y), lt(x, y)))
                        if lt(y, x) { x := y }
                        mstore(add(frame, 0x40), shl(eq(kind, OBJECT), x))
                        continue
                    }
                    let shorter := y
                    if lt(x, y) { shorter := x }
                    if gt(shorter, 32) {
                        open := TEXTS
                        break
                    }
                    mstore(FUEL, sub(mload(FUEL), mul(TEXT_WORD, gt(shorter, 0))))
                    shorter := sub(256, shl(3, shorter))
                    left := shr(shorter, mload(add(left, 5)))
                    right := shr(shorter, mload(add(right, 5)))
                    order := sub(gt(left, right), lt(left, right))
                    if iszero(order) { order := sub(gt(x, y), lt(x, y)) }
                    if order { break }
                }
            }
        }
    }
}
