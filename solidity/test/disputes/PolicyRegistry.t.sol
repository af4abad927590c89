// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Assembler, Draft, Op} from "../policyvm/Assembler.sol";
import {Encode} from "../policyvm/Encode.sol";
import {DisputesTest, PolicyVector} from "./DisputesTest.sol";
import {IPolicyRegistry} from "writ/disputes/IPolicyRegistry.sol";
import {IPolicyCheck} from "writ/policyvm/IPolicyCheck.sol";

/// @title Anyone registers a policy, once and for ever, and only what its id says
contract PolicyRegistryTest is DisputesTest {
    using Assembler for Draft;

    bytes private program;

    function setUp() public override {
        super.setUp();
        Draft memory draft;
        draft.rule(2, 0);
        draft.add(Op.RET, 1, 0, 0);
        program = draft.assemble();
    }

    function _manifest(string memory engine, bool provable, string memory hash)
        private
        pure
        returns (bytes memory)
    {
        bytes[] memory fields = new bytes[](6);
        (fields[0], fields[1]) = (Encode.text("engine"), Encode.text(engine));
        (fields[2], fields[3]) = (Encode.text("program"), Encode.text(hash));
        (fields[4], fields[5]) = (Encode.text("provable"), Encode.boolean(provable));
        return bytes.concat(hex"02", Encode.object(fields));
    }

    function _manifest() private view returns (bytes memory) {
        return _manifest("policyvm-1", true, vm.toString(keccak256(program)));
    }

    function test_keepsEveryPolicyOfTheTree() public view {
        PolicyVector[] memory all = policyVectors();
        assertGt(all.length, 2);
        for (uint256 i = 0; i < all.length; ++i) {
            PolicyVector memory v = all[i];
            assertEq(v.policyId, keccak256(v.manifest));
            assertEq(policies.programOf(v.policyId).code, bytes.concat(hex"00", v.program));
            assertEq(policies.manifestOf(v.policyId).code, bytes.concat(hex"00", v.manifest));
        }
    }

    function test_anyoneRegisters() public {
        bytes memory manifest = _manifest();
        bytes32 policyId = keccak256(manifest);
        assertEq(policies.programOf(policyId), address(0));
        vm.prank(stranger);
        assertEq(policies.register(manifest, program), policyId);
        assertEq(policies.programOf(policyId).code, bytes.concat(hex"00", program));
    }

    function test_neverTwice() public {
        bytes memory manifest = _manifest();
        policies.register(manifest, program);
        address kept = policies.programOf(keccak256(manifest));
        vm.expectRevert(
            abi.encodeWithSelector(IPolicyRegistry.AlreadyRegistered.selector, keccak256(manifest))
        );
        policies.register(manifest, program);
        assertEq(policies.programOf(keccak256(manifest)), kept);
    }

    function test_policiesWithOneProgramShareIt() public {
        bytes memory manifest = _manifest();
        policies.register(manifest, program);
        bytes[] memory fields = new bytes[](8);
        (fields[0], fields[1]) = (Encode.text("engine"), Encode.text("policyvm-1"));
        (fields[2], fields[3]) = (Encode.text("name"), Encode.text("other"));
        (fields[4], fields[5]) =
        (Encode.text("program"), Encode.text(vm.toString(keccak256(program))));
        (fields[6], fields[7]) = (Encode.text("provable"), Encode.boolean(true));
        bytes memory other = bytes.concat(hex"02", Encode.object(fields));
        policies.register(other, program);
        assertEq(policies.programOf(keccak256(other)), policies.programOf(keccak256(manifest)));
    }

    /// @dev A program that was put there by somebody else is the same one, since its address says which.
    function test_refusesAnotherProgram() public {
        bytes memory other = policyVectors()[0].program;
        vm.expectRevert(
            abi.encodeWithSelector(
                IPolicyRegistry.ProgramMismatch.selector, keccak256(program), keccak256(other)
            )
        );
        policies.register(_manifest(), other);
    }

    function test_refusesProgramsThatAreInvalid() public {
        program = hex"02";
        vm.expectRevert(abi.encodeWithSelector(IPolicyCheck.UnknownProgramVersion.selector, 2));
        policies.register(_manifest(), program);
        program = "";
        vm.expectRevert();
        policies.register(_manifest(), program);
        program = bytes.concat(policyVectors()[0].program, hex"00");
        vm.expectRevert();
        policies.register(_manifest(), program);
    }

    function test_refusesWhatPolicyVMDoesNotDecide() public {
        string memory hash = vm.toString(keccak256(program));
        bytes[4] memory manifests = [
            _manifest("regorus-strict", true, hash),
            _manifest("policyvm-2", true, hash),
            _manifest("policyvm-1", false, hash),
            _manifest("policyvm-1", true, "0x00")
        ];
        for (uint256 i = 0; i < manifests.length; ++i) {
            vm.expectRevert(IPolicyRegistry.NotProvable.selector);
            policies.register(manifests[i], program);
        }
        vm.expectRevert(IPolicyRegistry.NotProvable.selector);
        policies.register(hex"0201", program);
        vm.expectRevert(IPolicyRegistry.NotProvable.selector);
        policies.register(bytes.concat(hex"02", Encode.object(Encode.list())), program);
    }

    function test_refusesManifestsThatAreNotCanonical() public {
        bytes memory manifest = _manifest();
        bytes[4] memory wrong = [
            bytes(""),
            bytes(hex"02"),
            bytes.concat(manifest, hex"00"),
            bytes.concat(hex"01", Encode.boolean(true))
        ];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(IPolicyRegistry.ManifestNotCanonical.selector);
            policies.register(wrong[i], program);
        }
        // One key twice: which of the two counts?
        bytes[] memory fields = new bytes[](4);
        (fields[0], fields[1]) = (Encode.text("engine"), Encode.text("policyvm-1"));
        (fields[2], fields[3]) = (Encode.text("engine"), Encode.text("policyvm-1"));
        vm.expectRevert(IPolicyRegistry.ManifestNotCanonical.selector);
        policies.register(bytes.concat(hex"02", Encode.object(fields)), program);
    }

    function test_whatIsKeptBeforeIsWhatIsRegistered() public {
        vm.prank(stranger);
        address kept = policies.keep(program);
        assertEq(policies.keep(program), kept);
        bytes memory manifest = _manifest();
        assertEq(policies.programOf(keccak256(manifest)), address(0));
        policies.register(manifest, program);
        assertEq(policies.programOf(keccak256(manifest)), kept);
        assertEq(kept.code, bytes.concat(hex"00", program));
        // What is kept need not be a program, and counts for nothing then.
        address nothing = policies.keep(hex"02");
        assertEq(nothing.code, hex"0002");
        assertEq(policies.keep("").code, hex"00");
    }

    function test_refusesWhatDoesNotFitIntoCode() public {
        bytes memory long = abi.encodeWithSelector(IPolicyRegistry.TooLong.selector, 24_576, 24_575);
        vm.expectRevert(long);
        policies.keep(new bytes(24_576));
        // As many as two bytes of length could mean by less.
        vm.expectRevert(abi.encodeWithSelector(IPolicyRegistry.TooLong.selector, 65_537, 24_575));
        policies.keep(new bytes(65_537));
        assertEq(policies.keep(new bytes(24_575)).code.length, 24_576);
        vm.expectRevert(abi.encodeWithSelector(IPolicyRegistry.TooLong.selector, 24_576, 24_575));
        policies.register(new bytes(24_576), program);
    }

    function testFuzz_refusesDamage(uint256 at, uint8 bit) public {
        PolicyVector memory v = policyVectors()[0];
        at = bound(at, 0, v.program.length - 1);
        v.program[at] ^= bytes1(uint8(1) << (bit % 8));
        bytes memory manifest = bytes(v.manifest);
        vm.expectRevert();
        policies.register(manifest, v.program);
    }
}
