// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Arithmetic} from "./Arithmetic.sol";
import {Building} from "./Building.sol";
import {Collections} from "./Collections.sol";
import {Comparison} from "./Comparison.sol";
import {Flow} from "./Flow.sol";
import {Fuel} from "./Fuel.sol";
import {IPolicyVM, Status} from "./IPolicyVM.sol";
import {Iteration} from "./Iteration.sol";
import {FUEL, HANDLERS, Layout, PC} from "./Layout.sol";
import {Loader} from "./Loader.sol";
import {Lookup} from "./Lookup.sol";
import {Text} from "./Text.sol";
import {TextParts} from "./TextParts.sol";

/// @title The interpreter of policies' programs, as a dispute runs it
/// @notice Without state, and without an instruction that could change any: what is not valid can at worst be answered wrongly,
/// to who asked. The same call has the same answer for ever.
///
///     calldata, code ─► Loader ─► memory ─► one instruction after the other ─► Outcome
///                                              │        ▲
///                                              └ handler┘  through a table of functions
///
/// @dev Compiled without the IR pipeline, which would make a chain of comparisons of each call through the table.
contract PolicyVM is IPolicyVM {
    /// @inheritdoc IPolicyVM
    function evaluate(
        address program,
        bytes calldata parameters,
        bytes calldata input,
        uint64 limit
    ) external view returns (Status, uint8, bytes memory, uint64) {
        Layout.claim();
        Loader.load(program, limit);
        uint256 at = Loader.data(parameters.length);
        assembly ("memory-safe") {
            calldatacopy(at, parameters.offset, parameters.length)
        }
        return _run(input);
    }

    /// @inheritdoc IPolicyVM
    function evaluateWith(address program, address parameters, bytes calldata input, uint64 limit)
        external
        view
        returns (Status, uint8, bytes memory, uint64)
    {
        Layout.claim();
        Loader.load(program, limit);
        // Behind the leading zero. An account without code has no parameters, which no policy takes.
        uint256 size = parameters.code.length;
        if (size != 0) --size;
        uint256 at = Loader.data(size);
        assembly ("memory-safe") {
            extcodecopy(parameters, at, 1, size)
        }
        return _run(input);
    }

    /// @dev Never comes to its end: `Outcome` ends the call.
    function _run(bytes calldata input) private pure returns (Status, uint8, bytes memory, uint64) {
        Loader.input(input);
        Loader.start();
        _handlers();
        function(uint256) internal pure spent = _spent;
        for (;;) {
            uint256 word;
            function(uint256) internal pure handler;
            assembly ("memory-safe") {
                let at := mload(PC)
                word := mload(at)
                mstore(PC, add(at, 7))
                let fuel := sub(mload(FUEL), 8)
                mstore(FUEL, fuel)
                handler := mload(add(HANDLERS, and(shr(243, word), 0xfe0)))
                if slt(fuel, 0) { handler := spent }
            }
            handler(word);
        }
        // The compiler does not see that nothing comes here.
        revert UnknownOperation();
    }

    /// @dev No fuel for another instruction.
    function _spent(uint256) private pure {
        Fuel.check();
    }

    /// @dev An operation that there is not: no valid program has it.
    function _unknown(uint256) private pure {
        revert UnknownOperation();
    }

    function _set(uint256 operation, function(uint256) internal pure handler) private pure {
        assembly ("memory-safe") {
            mstore(add(HANDLERS, shl(5, operation)), handler)
        }
    }

    /// @dev Fills the table. Of an operation's number, seven bits are looked at.
    function _handlers() private pure {
        _set(0, _unknown);
        assembly ("memory-safe") {
            for { let size := 0x20 } lt(size, 0x1000) { size := shl(1, size) } {
                mcopy(add(HANDLERS, size), HANDLERS, size)
            }
        }
        _set(0x00, Flow.ret);
        _set(0x01, Flow.lit);
        _set(0x02, Flow.input);
        _set(0x03, Flow.data);
        _set(0x04, Flow.move);
        _set(0x05, Flow.boolean);
        _set(0x06, Lookup.index);
        _set(0x07, Lookup.field);
        _set(0x08, Flow.jmp);
        _set(0x09, Flow.jt);
        _set(0x0a, Flow.jf);
        _set(0x0b, Flow.ju);
        _set(0x0c, Flow.jd);
        _set(0x0d, Flow.not_);
        _set(0x0e, Comparison.eq_);
        _set(0x0f, Comparison.ne);
        _set(0x10, Comparison.lt_);
        _set(0x11, Comparison.le);
        _set(0x12, Comparison.gt_);
        _set(0x13, Comparison.ge);
        _set(0x14, Arithmetic.add_);
        _set(0x15, Arithmetic.sub_);
        _set(0x16, Arithmetic.mul_);
        _set(0x17, Arithmetic.mod_);
        _set(0x18, Lookup.in_);
        _set(0x19, Iteration.iter);
        _set(0x1a, Iteration.next);
        _set(0x1b, Iteration.key_);
        _set(0x1c, Flow.yield);
        _set(0x1d, Building.open);
        _set(0x1e, Building.push);
        _set(0x1f, Building.put);
        _set(0x20, Building.seal);
        _set(0x21, Building.pack);
        _set(0x22, Flow.call);
        _set(0x23, Flow.def);
        _set(0x30, Collections.count);
        _set(0x31, Collections.sum);
        _set(0x32, Collections.min);
        _set(0x33, Collections.max);
        _set(0x34, Arithmetic.abs);
        _set(0x35, Text.lower);
        _set(0x36, TextParts.starts);
        _set(0x37, TextParts.ends);
        _set(0x38, TextParts.contains);
        _set(0x39, Text.join);
        _set(0x3a, Text.format);
        _set(0x3b, Text.substr);
        _set(0x3c, Text.trim);
        _set(0x3d, Text.trimLeft);
        _set(0x3e, Text.trimRight);
        _set(0x3f, TextParts.trimPrefix);
        _set(0x40, TextParts.trimSuffix);
        _set(0x41, Lookup.get);
        _set(0x42, Collections.keys);
        _set(0x43, Collections.union);
        _set(0x44, Collections.inter);
        _set(0x45, Comparison.type_);
        _set(0x46, Collections.acat);
        _set(0x47, Collections.sort);
    }
}
