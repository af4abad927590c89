// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Collections} from "./Collections.sol";
import {SET} from "./Layout.sol";
import {Operands} from "./Operands.sol";
import {FAULT_DIVISION, FAULT_OVERFLOW, Outcome} from "./Outcome.sol";
import {Values} from "./Values.sol";

/// @title Instructions on integers with a sign and 256 bits
library Arithmetic {
    /// @dev `ADD a b c`
    function add_(uint256 word) internal pure {
        (uint256 left, uint256 right) = (Operands.readB(word), Operands.readC(word));
        Operands.writeA(word, left == 0 || right == 0 ? 0 : _add(left, right, false));
    }

    /// @dev `SUB a b c`, of integers or sets
    function sub_(uint256 word) internal pure {
        (uint256 left, uint256 right) = (Operands.readB(word), Operands.readC(word));
        if (left != 0 && right != 0 && Values.kind(left) == SET && Values.kind(right) == SET) {
            Collections.difference(word);
        } else {
            Operands.writeA(word, left == 0 || right == 0 ? 0 : _add(left, right, true));
        }
    }

    /// @dev `MUL a b c`
    function mul_(uint256 word) internal pure {
        (uint256 left, uint256 right) = (Operands.readB(word), Operands.readC(word));
        uint256 value;
        if (left != 0 && right != 0) {
            (bool leftSign, uint256 x) = Values.integer(left);
            (bool rightSign, uint256 y) = Values.integer(right);
            uint256 product;
            bool overflow;
            assembly ("memory-safe") {
                product := mul(x, y)
                overflow := iszero(or(iszero(x), eq(div(product, x), y)))
            }
            if (overflow) Outcome.fault(FAULT_OVERFLOW);
            value = Values.write(leftSign != rightSign, product);
        }
        Operands.writeA(word, value);
    }

    /// @dev `MOD a b c`
    function mod_(uint256 word) internal pure {
        (uint256 left, uint256 right) = (Operands.readB(word), Operands.readC(word));
        uint256 value;
        if (left != 0 && right != 0) {
            (bool sign, uint256 x) = Values.integer(left);
            (, uint256 y) = Values.integer(right);
            if (y == 0) Outcome.fault(FAULT_DIVISION);
            value = Values.write(sign, x % y);
        }
        Operands.writeA(word, value);
    }

    /// @dev `ABS a b`
    function abs(uint256 word) internal pure {
        uint256 value = Operands.readB(word);
        if (value != 0) {
            (, uint256 magnitude) = Values.integer(value);
            value = Values.write(false, magnitude);
        }
        Operands.writeA(word, value);
    }

    /// @notice The sum of two integers; an error if it needs more than 256 bits.
    function sum(bool leftSign, uint256 left, bool rightSign, uint256 right)
        internal
        pure
        returns (bool sign, uint256 magnitude)
    {
        bool overflow;
        assembly ("memory-safe") {
            sign := leftSign
            switch eq(leftSign, rightSign)
            case 1 {
                magnitude := add(left, right)
                overflow := lt(magnitude, left)
            }
            default {
                magnitude := sub(left, right)
                if lt(left, right) {
                    sign := rightSign
                    magnitude := sub(right, left)
                }
            }
        }
        if (overflow) Outcome.fault(FAULT_OVERFLOW);
    }

    function _add(uint256 left, uint256 right, bool negated) private pure returns (uint256) {
        (bool leftSign, uint256 x) = Values.integer(left);
        (bool rightSign, uint256 y) = Values.integer(right);
        (bool sign, uint256 magnitude) = sum(leftSign, x, rightSign != negated, y);
        return Values.write(sign, magnitude);
    }
}
