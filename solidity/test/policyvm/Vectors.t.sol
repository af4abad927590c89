// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {GasTest} from "./GasTest.sol";
import {Answer} from "./PolicyVMTest.sol";
import {console} from "forge-std/console.sol";
import {IPolicyVM, Status} from "writ/policyvm/IPolicyVM.sol";

/// @notice One evaluation and what it came to. The members stand in the order of their names.
struct Vector {
    uint256 code;
    uint256 fuel;
    bytes input;
    uint256 limit;
    string name;
    bytes parameters;
    bytes program;
    string status;
    string value;
}

/// @title The interpreter in Rust and this one give the same answers for the same fuel
contract PolicyVMVectorsTest is GasTest {
    string private constant FILE = "modules/policy/tests/vectors/policyvm.json";
    string private constant SHAPE =
        "Vector(uint256 code,uint256 fuel,bytes input,uint256 limit,string name,bytes parameters,bytes program,string status,string value)";

    /// @dev What the file has the form of: `RET 0`, `INPUT 0, RET 0`, and too little fuel.
    string private constant SAMPLE = "["
        '{"name":"undefined","program":"0x01000000010000000100000001000000000000000000",'
        '"parameters":"0x00","input":"0x00","limit":100,"status":"undefined","value":"","code":0,"fuel":34},'
        '{"name":"input","program":"0x0100000001000000020000000200000200000000000000000000000000",'
        '"parameters":"0x00","input":"0x0400000001 61","limit":100,"status":"value","value":"0x040000000161","code":0,"fuel":45},'
        '{"name":"fuel","program":"0x01000000010000000100000001000000000000000000",'
        '"parameters":"0x00","input":"0x00","limit":10,"status":"fault","value":"","code":1,"fuel":10}'
        "]";

    function test_samples() public {
        assertEq(_check(vm.replace(SAMPLE, " ", "")), 3);
    }

    function test_theFileOfTheRustInterpreter() public {
        if (!vm.exists(FILE)) {
            console.log("SKIPPED: there is no", FILE);
            return vm.skip(true);
        }
        assertGt(_check(vm.readFile(FILE)), 0);
    }

    function _check(string memory json) private returns (uint256) {
        Vector[] memory vectors = abi.decode(vm.parseJsonTypeArray(json, "$", SHAPE), (Vector[]));
        for (uint256 i = 0; i < vectors.length; ++i) {
            Vector memory v = vectors[i];
            checker.checkProgram(v.program);
            Answer memory answer = run(v.program, v.parameters, v.input, uint64(v.limit));
            string memory status = answer.status == Status.Value
                ? "value"
                : answer.status == Status.Undefined ? "undefined" : "fault";
            assertEq(status, v.status, v.name);
            // No value is written as "" or as "0x".
            string memory value = bytes(v.value).length == 0 ? "0x" : v.value;
            assertEq(vm.toString(answer.value), value, v.name);
            assertEq(answer.code, v.code, v.name);
            assertEq(answer.fuel, v.fuel, v.name);
            (uint256 gas_,,) = measure(v.program, v.parameters, v.input, uint64(v.limit));
            assertLe(gas_, SMALL + GAS_PER_FUEL * v.fuel, v.name);
        }
        return vectors.length;
    }
}
