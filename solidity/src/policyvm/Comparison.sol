// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Equality} from "./Equality.sol";
import {Operands} from "./Operands.sol";
import {Order} from "./Order.sol";
import {Values} from "./Values.sol";

/// @title Instructions that compare
library Comparison {
    /// @dev `EQ a b c`
    function eq_(uint256 word) internal pure {
        (uint256 left, uint256 right) = (Operands.readB(word), Operands.readC(word));
        Operands.writeA(
            word, left == 0 || right == 0 ? 0 : Values.boolean(Equality.equal(left, right))
        );
    }

    /// @dev `NE a b c`
    function ne(uint256 word) internal pure {
        (uint256 left, uint256 right) = (Operands.readB(word), Operands.readC(word));
        Operands.writeA(
            word, left == 0 || right == 0 ? 0 : Values.boolean(!Equality.equal(left, right))
        );
    }

    /// @dev `LT a b c`
    function lt_(uint256 word) internal pure {
        (bool defined, int256 order) = _order(word);
        Operands.writeA(word, defined ? Values.boolean(order < 0) : 0);
    }

    /// @dev `LE a b c`
    function le(uint256 word) internal pure {
        (bool defined, int256 order) = _order(word);
        Operands.writeA(word, defined ? Values.boolean(order <= 0) : 0);
    }

    /// @dev `GT a b c`
    function gt_(uint256 word) internal pure {
        (bool defined, int256 order) = _order(word);
        Operands.writeA(word, defined ? Values.boolean(order > 0) : 0);
    }

    /// @dev `GE a b c`
    function ge(uint256 word) internal pure {
        (bool defined, int256 order) = _order(word);
        Operands.writeA(word, defined ? Values.boolean(order >= 0) : 0);
    }

    function _order(uint256 word) private pure returns (bool defined, int256 order) {
        (uint256 left, uint256 right) = (Operands.readB(word), Operands.readC(word));
        defined = left != 0 && right != 0;
        if (defined) order = Order.compare(left, right);
    }

    /// @dev `TYPE a b c`
    function type_(uint256 word) internal pure {
        uint256 value = Operands.readB(word);
        if (value != 0) {
            uint256 kind = Values.kind(value);
            // Both booleans are 1, both integers 2.
            if (kind == 0) kind = 1;
            else if (kind == 3) kind = 2;
            value = Values.boolean(kind == Operands.c(word));
        }
        Operands.writeA(word, value);
    }
}
