// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Assembler, Draft} from "./Assembler.sol";
import {Meter} from "./Meter.sol";
import {PolicyVMTest} from "./PolicyVMTest.sol";
import {console} from "forge-std/console.sol";
import {IPolicyVM} from "writ/policyvm/IPolicyVM.sol";

/// @title What evaluations take, against what section 5 of the specification says that they take at most
abstract contract GasTest is PolicyVMTest {
    using Assembler for Draft;

    uint64 internal constant FUEL_LIMIT = 140_000;
    uint256 internal constant GAS_PER_FUEL = 100;
    uint256 internal constant FIXED_GAS = 400_000;
    /// @dev What an evaluation of a program with few registers and rules takes besides.
    uint256 internal constant SMALL = 20_000;
    uint256 internal constant MOST_BYTES = 24_575;
    uint256 internal constant TRANSACTION = 1 << 24;

    Meter internal meter;

    function setUp() public virtual override {
        super.setUp();
        meter = new Meter();
    }

    /// @dev What an evaluation takes of gas, what of fuel, and its error.
    function measure(
        Draft memory draft,
        bytes memory parameters_,
        bytes memory input_,
        uint64 limit
    ) internal returns (uint256 gas_, uint64 fuel, uint8 code) {
        bytes memory program = draft.assemble();
        checker.checkProgram(program);
        return measure(program, parameters_, input_, limit);
    }

    function measure(
        bytes memory program,
        bytes memory parameters_,
        bytes memory input_,
        uint64 limit
    ) internal returns (uint256 gas_, uint64 fuel, uint8 code) {
        bytes memory answer;
        address at = publish(program);
        (gas_, answer) = meter.measure(
            address(vm_), abi.encodeCall(IPolicyVM.evaluate, (at, parameters_, input_, limit))
        );
        (, code,, fuel) = abi.decode(answer, (uint8, uint8, bytes, uint64));
    }

    /// @dev A program that uses up all fuel takes no more gas than the limit is worth.
    function exhausts(string memory name, Draft memory draft) internal {
        exhausts(name, draft, hex"00", hex"00");
    }

    function exhausts(
        string memory name,
        Draft memory draft,
        bytes memory parameters_,
        bytes memory input_
    ) internal {
        (uint256 gas_, uint64 fuel, uint8 code) = measure(draft, parameters_, input_, FUEL_LIMIT);
        console.log(name, gas_);
        assertEq(code, FUEL, name);
        assertEq(fuel, FUEL_LIMIT, name);
        // Sent in a transaction of its own: what that takes, and what it takes at least for so many bytes (EIP-7623).
        uint256 data = parameters_.length + input_.length + 1000;
        assertLe(gas_ + 16 * data, FIXED_GAS + GAS_PER_FUEL * fuel + 16_000, name);
        assertLe(21_000 + 40 * data, TRANSACTION, name);
        assertLe(21_000 + gas_ + 16 * data, TRANSACTION, name);
    }
}
