// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Encode} from "../policyvm/Encode.sol";
import {Vector} from "../policyvm/Vectors.t.sol";
import {CaseVector, Claim, DisputesTest} from "./DisputesTest.sol";

/// @title Every program that both interpreters are held to, as the policy of an attested decision
contract SharedTest is DisputesTest {
    string private constant FILE = "modules/policy/tests/vectors/policyvm.json";
    string private constant SHAPE =
        "Vector(uint256 code,uint256 fuel,bytes input,uint256 limit,string name,bytes parameters,bytes program,string status,string value)";

    /// @dev Only the policies of the tree decide anything: what the generated ones give is no decision.
    function test_isWrongUnlessItsAnswerAllows() public {
        Vector[] memory vectors =
            abi.decode(vm.parseJsonTypeArray(vm.readFile(FILE), "$", SHAPE), (Vector[]));
        uint256 right = 0;
        uint256 wrong = 0;
        for (uint256 i = 0; i < vectors.length; ++i) {
            Vector memory v = vectors[i];
            // Another limit is another answer.
            if (v.limit != fuelLimitVector()) continue;
            uint256 before = vm.snapshotState();
            Claim memory claim = _claim(v);
            if (_allows(v)) {
                stands(claim);
                ++right;
            } else {
                bytes32 status = keccak256(bytes(v.status));
                bytes32 what = "denied";
                if (status == keccak256("undefined")) what = "undefined";
                if (status == keccak256("fault")) what = "fault";
                disproves(claim, what);
                ++wrong;
            }
            vm.revertToState(before);
        }
        assertEq(right, 2);
        assertGt(wrong, 30);
    }

    function _claim(Vector memory v) private returns (Claim memory) {
        bytes[] memory fields = new bytes[](8);
        (fields[0], fields[1]) = (Encode.text("engine"), Encode.text("policyvm-1"));
        (fields[2], fields[3]) = (Encode.text("name"), Encode.text(v.name));
        (fields[4], fields[5]) =
        (Encode.text("program"), Encode.text(vm.toString(keccak256(v.program))));
        (fields[6], fields[7]) = (Encode.text("provable"), Encode.boolean(true));
        CaseVector memory decided;
        decided.policyId =
            policies.register(bytes.concat(hex"02", Encode.object(fields)), v.program);
        decided.parameters = bytes.concat(hex"02", v.parameters);
        decided.evidence = bytes.concat(hex"02", v.input);
        decided.validFor = 60;
        return claimOf(decided);
    }

    /// @dev By the beginning of the value: an object whose first field says so and whose reasons are an empty set.
    function _allows(Vector memory v) private pure returns (bool) {
        bytes memory value = vm.parseBytes(bytes(v.value).length < 4 ? "0x" : v.value);
        bytes memory begins = bytes.concat(
            Encode.text("allow"), hex"01", Encode.text("reasons"), Encode.set(Encode.list())
        );
        if (value.length < 9 + begins.length) return false;
        for (uint256 i = 0; i < begins.length; ++i) {
            if (value[9 + i] != begins[i]) return false;
        }
        return true;
    }
}
