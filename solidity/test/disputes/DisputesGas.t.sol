// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Assembler, Draft, Op} from "../policyvm/Assembler.sol";
import {Encode} from "../policyvm/Encode.sol";
import {Meter} from "../policyvm/Meter.sol";
import {CaseVector, Claim, DisputesTest, PolicyVector} from "./DisputesTest.sol";
import {console} from "forge-std/console.sol";
import {IPolicyRegistry} from "writ/disputes/IPolicyRegistry.sol";
import {IWritDisputes} from "writ/disputes/IWritDisputes.sol";
import {IPolicyVM} from "writ/policyvm/IPolicyVM.sol";

/// @title What a whole challenge costs, and where it goes
/// @notice `forge test --match-contract DisputesGasTest -vv` prints it.
contract DisputesGasTest is DisputesTest {
    using Assembler for Draft;

    function test_gasOfAChallenge() public {
        string[3] memory names = [
            "agent-spending, over the day",
            "agent-spending, 20 rows, over the day",
            "counterparty, reverted"
        ];
        for (uint256 i = 0; i < names.length; ++i) {
            uint256 before = vm.snapshotState();
            _measure(names[i]);
            vm.revertToState(before);
        }
    }

    function _measure(string memory name) private {
        CaseVector memory v = named(name);
        Claim memory claim = claimOf(v);
        bytes memory data = abi.encodeCall(
            IWritDisputes.disproveDecision,
            (claim.signed, policiesOf(claim), 0, claim.parameters, claim.evidence, reporter)
        );
        uint256 evaluation = _evaluation(v);
        // Each outer call is a transaction of its own, and its gas is counted whole.
        (bool success,) = address(court).call(data);
        assertTrue(success);
        uint256 whole = vm.lastCallGas().gasTotalUsed;
        vm.snapshotValue("disputes", string.concat("challenge: ", name), whole);
        uint256 published = _published(data);
        console.log(name);
        console.log("  whole transaction", whole);
        console.log("  21,000 and calldata", 21_000 + published, "bytes", data.length);
        console.log("  evaluation", evaluation);
        console.log("  rest", whole - 21_000 - published - evaluation);
    }

    function _evaluation(CaseVector memory v) private returns (uint256 used) {
        bytes memory parameters = _bare(v.parameters);
        bytes memory evidence = _bare(v.evidence);
        Meter meter = new Meter();
        bytes memory answer;
        (used, answer) = meter.measure(
            machine,
            abi.encodeCall(
                IPolicyVM.evaluate,
                (policies.programOf(v.policyId), parameters, evidence, uint64(fuelLimitVector()))
            )
        );
        (,,, uint64 fuel) = abi.decode(answer, (uint8, uint8, bytes, uint64));
        console.log("fuel", fuel);
    }

    function _bare(bytes memory encoded) private pure returns (bytes memory bare) {
        bare = new bytes(encoded.length - 1);
        for (uint256 i = 0; i < bare.length; ++i) {
            bare[i] = encoded[i + 1];
        }
    }

    function _published(bytes memory data) private pure returns (uint256 gas_) {
        for (uint256 i = 0; i < data.length; ++i) {
            gas_ += data[i] == 0 ? 4 : 16;
        }
    }

    /// @dev A registration is a transaction, which may have 2^24 gas at most (EIP-7825).
    function test_gasOfARegistration() public {
        IPolicyRegistry fresh =
            IPolicyRegistry(deployCode("PolicyRegistry.sol:PolicyRegistry", abi.encode(checker)));
        PolicyVector[] memory all = policyVectors();
        for (uint256 i = 0; i < all.length; ++i) {
            fresh.register(all[i].manifest, all[i].program);
            uint256 whole = vm.lastCallGas().gasTotalUsed;
            vm.snapshotValue("disputes", string.concat("register: ", all[i].name), whole);
            console.log("register", all[i].name, all[i].program.length, whole);
            assertLe(whole, 1 << 24);
        }
    }

    /// @dev As many instructions as fit into code, of those whose check takes most.
    function test_gasOfTheLargestRegistration() public {
        Draft memory draft;
        draft.rule(6, 0);
        bytes memory one = abi.encodePacked(Op.ADD, uint16(3), uint16(1), uint16(2));
        bytes memory all = new bytes(3_500 * 7);
        for (uint256 i = 0; i < all.length; ++i) {
            all[i] = one[i % 7];
        }
        draft.code = all;
        draft.add(Op.RET, 3, 0, 0);
        bytes memory program = draft.assemble();
        console.log("bytes of program", program.length);
        bytes[] memory fields = new bytes[](8);
        (fields[0], fields[1]) = (Encode.text("engine"), Encode.text("policyvm-1"));
        // As long as the manifest of a policy of many files.
        (fields[2], fields[3]) = (Encode.text("files"), Encode.text(string(new bytes(2_000))));
        (fields[4], fields[5]) =
        (Encode.text("program"), Encode.text(vm.toString(keccak256(program))));
        (fields[6], fields[7]) = (Encode.text("provable"), Encode.boolean(true));
        bytes memory manifest = bytes.concat(hex"02", Encode.object(fields));
        policies.keep(program);
        uint256 kept = vm.lastCallGas().gasTotalUsed;
        policies.register(manifest, program);
        uint256 whole = vm.lastCallGas().gasTotalUsed;
        vm.snapshotValue("disputes", "keep: the largest", kept);
        vm.snapshotValue("disputes", "register: the largest, kept before", whole);
        console.log("keep and register the largest", kept, whole);
        assertLe(whole, 1 << 24);
    }
}
