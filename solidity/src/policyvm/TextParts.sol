// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Equality} from "./Equality.sol";
import {Fuel, TEXT} from "./Fuel.sol";
import {Operands} from "./Operands.sol";
import {StringValues} from "./StringValues.sol";
import {Values} from "./Values.sol";

/// @title Instructions that look for a part of a string
library TextParts {
    /// @dev `STARTS a b c`
    function starts(uint256 word) internal pure {
        (uint256 text, uint256 size, uint256 part, uint256 partSize) = _operands(word);
        if (text == 0) return Operands.writeA(word, 0);
        Operands.writeA(word, Values.boolean(_starts(text, size, part, partSize)));
    }

    /// @dev `ENDS a b c`
    function ends(uint256 word) internal pure {
        (uint256 text, uint256 size, uint256 part, uint256 partSize) = _operands(word);
        if (text == 0) return Operands.writeA(word, 0);
        Operands.writeA(word, Values.boolean(_ends(text, size, part, partSize)));
    }

    /// @dev `CONTAINS a b c`
    function contains(uint256 word) internal pure {
        unchecked {
            (uint256 text, uint256 size, uint256 part, uint256 partSize) = _operands(word);
            if (text == 0) return Operands.writeA(word, 0);
            bool found;
            if (partSize <= size) {
                Fuel.pay((size - partSize + 1) * (1 + Fuel.words(partSize)));
                found = _contains(text + 5, size - partSize, part + 5, partSize);
            }
            Operands.writeA(word, Values.boolean(found));
        }
    }

    /// @dev `TRIMP a b c`
    function trimPrefix(uint256 word) internal pure {
        unchecked {
            (uint256 text, uint256 size, uint256 part, uint256 partSize) = _operands(word);
            if (text != 0 && _starts(text, size, part, partSize)) {
                text = StringValues.write(text + 5 + partSize, size - partSize);
            }
            Operands.writeA(word, text);
        }
    }

    /// @dev `TRIMS a b c`
    function trimSuffix(uint256 word) internal pure {
        unchecked {
            (uint256 text, uint256 size, uint256 part, uint256 partSize) = _operands(word);
            if (text != 0 && _ends(text, size, part, partSize)) {
                text = StringValues.write(text + 5, size - partSize);
            }
            Operands.writeA(word, text);
        }
    }

    /// @dev A text and a part with their bytes, paid for. `text` is 0 if one is undefined.
    function _operands(uint256 word)
        private
        pure
        returns (uint256 text, uint256 size, uint256 part, uint256 partSize)
    {
        text = Operands.readB(word);
        part = Operands.readC(word);
        if (text == 0 || part == 0) return (0, 0, 0, 0);
        size = StringValues.length(text);
        partSize = StringValues.length(part);
        unchecked {
            Fuel.pay(TEXT + Fuel.words(size) + Fuel.words(partSize));
        }
    }

    function _starts(uint256 text, uint256 size, uint256 part, uint256 partSize)
        private
        pure
        returns (bool)
    {
        unchecked {
            return partSize <= size && Equality.same(text + 5, part + 5, partSize);
        }
    }

    function _ends(uint256 text, uint256 size, uint256 part, uint256 partSize)
        private
        pure
        returns (bool)
    {
        unchecked {
            return partSize <= size && Equality.same(text + 5 + size - partSize, part + 5, partSize);
        }
    }

    /// @dev Whether `size` bytes at `part` stand at one of the places from `at` to `at + last`.
    function _contains(uint256 at, uint256 last, uint256 part, uint256 size)
        private
        pure
        returns (bool found)
    {
        assembly ("memory-safe") {
            let first := mload(part)
            let unused := 0
            if lt(size, 32) { unused := sub(256, shl(3, size)) }
            last := add(at, last)
            let hash := 0
            if gt(size, 32) { hash := keccak256(part, size) }
            for {} iszero(gt(at, last)) { at := add(at, 1) } {
                if iszero(shr(unused, xor(mload(at), first))) {
                    found := 1
                    if hash { found := eq(keccak256(at, size), hash) }
                    if found { break }
                }
            }
        }
    }
}
