// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Builder, Builders} from "./Builders.sol";
import {Fuel, INSERTED, PACK, PACKED} from "./Fuel.sol";
import {ARRAY, Layout, STRING} from "./Layout.sol";
import {Operands} from "./Operands.sol";
import {FAULT_KEY, Outcome} from "./Outcome.sol";
import {PlaceLists} from "./PlaceLists.sol";
import {Values} from "./Values.sol";

/// @title Instructions that build containers
library Building {
    /// @dev `OPEN a b`
    function open(uint256 word) internal pure {
        Operands.writeA(word, Builder.unwrap(Builders.open(Operands.b(word))));
    }

    /// @dev `PUSH a b`
    function push(uint256 word) internal pure {
        uint256 value = Operands.readB(word);
        if (value == 0) return;
        Builder builder = Builder.wrap(Operands.readA(word));
        if (Builder.unwrap(builder) == 0) Fuel.spend(INSERTED);
        else Operands.writeA(word, Builder.unwrap(builder.push(value)));
    }

    /// @dev `PUT a b c`
    function put(uint256 word) internal pure {
        uint256 key = Operands.readB(word);
        uint256 value = Operands.readC(word);
        if (key == 0 || value == 0) return;
        if (Values.kind(key) != STRING) Outcome.fault(FAULT_KEY);
        Builder builder = Builder.wrap(Operands.readA(word));
        if (Builder.unwrap(builder) == 0) Fuel.spend(INSERTED);
        else Operands.writeA(word, Builder.unwrap(builder.put(key, value)));
    }

    /// @dev `SEAL a b`
    function seal(uint256 word) internal pure {
        Builder builder = Builder.wrap(Operands.readB(word));
        Operands.writeA(word, Builder.unwrap(builder) == 0 ? 0 : builder.seal());
    }

    /// @dev `PACK a b c`
    function pack(uint256 word) internal pure {
        unchecked {
            (uint256 count, uint256 list) = Operands.list(Operands.b(word));
            Fuel.pay(PACK + PACKED * count);
            uint256 end = list + 2 * count;
            for (uint256 at = list; at < end; at += 2) {
                if (Operands.read(at) == 0) {
                    Operands.writeA(word, 0);
                    return;
                }
            }
            if (Operands.c(word) == 0) return Operands.writeA(word, _array(list, count));
            Builder builder = Builders.open(Operands.c(word)).room(count);
            if (Operands.c(word) == 2) {
                for (; list < end; list += 4) {
                    uint256 key = Operands.read(list);
                    if (Values.kind(key) != STRING) Outcome.fault(FAULT_KEY);
                    builder = builder.put(key, Operands.read(list + 2));
                }
            } else {
                for (; list < end; list += 2) {
                    builder = builder.push(Operands.read(list));
                }
            }
            Operands.writeA(word, builder.seal());
        }
    }

    /// @dev An array of `count` defined registers.
    function _array(uint256 registers, uint256 count) private pure returns (uint256) {
        unchecked {
            Fuel.pay(INSERTED * count);
            uint256 list = Layout.reserve(4 * count + 32);
            uint256 size;
            for (uint256 i = 0; i < count; ++i) {
                uint256 value = Operands.read(registers + 2 * i);
                size += Values.size(value);
                assembly ("memory-safe") {
                    mstore(add(list, shl(2, i)), shl(224, value))
                }
            }
            return PlaceLists.write(ARRAY, list, count, size);
        }
    }
}
