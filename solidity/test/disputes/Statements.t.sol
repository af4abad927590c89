// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {CaseVector, Claim, DisputesTest} from "./DisputesTest.sol";
import {ActionKind, Ground} from "writ/disputes/DisputeTypes.sol";
import {IWritDisputes} from "writ/disputes/IWritDisputes.sol";

/// @title A statement that contradicts its own evidence costs its signers their bonds
contract StatementsTest is DisputesTest {
    Claim private claim;

    function setUp() public override {
        super.setUp();
        claim = claimOf(named("agent-spending"));
    }

    function _sign() private {
        Claim memory signed = claim;
        sign(signed);
        claim = signed;
    }

    function test_whatIsCopiedRightStands() public {
        statementStands(claim);
        claim.kind = ActionKind.None;
        claim.members = "";
        statementStands(claim);
    }

    // ------------------------------------------------------------------ the attestation's own members

    function test_theChain() public {
        vm.chainId(2);
        statementDisproves(claim, "chain.id");
    }

    function testFuzz_theBlock(uint64 number, bytes32 hash) public {
        vm.assume(number != 120 && hash != bytes32(uint256(0xb1)));
        uint256 before = vm.snapshotState();
        claim.signed.attestation.blockNumber = number;
        statementDisproves(claim, "chain.block.number");
        vm.revertToState(before);
        claim.signed.attestation.blockHash = hash;
        statementDisproves(claim, "chain.block.hash");
    }

    function test_theWindow() public {
        claim.signed.attestation.validAfter = DECIDED_AT;
        claim.signed.attestation.validUntil = DECIDED_AT + 1 days;
        _sign();
        statementStands(claim);
        uint256 before = vm.snapshotState();
        claim.signed.attestation.validUntil = DECIDED_AT + 1 days + 1;
        statementDisproves(claim, "chain.block.timestamp");
        vm.revertToState(before);
        claim.signed.attestation.validAfter = DECIDED_AT + 1;
        statementDisproves(claim, "chain.block.timestamp");
    }

    function testFuzz_theSequence(uint64 sequence) public {
        vm.assume(sequence != 3);
        claim.signed.attestation.sequence = sequence;
        statementDisproves(claim, "history.sequence");
    }

    function testFuzz_theBounds(bytes32 bounds) public {
        vm.assume(bounds != claim.signed.attestation.bounds);
        claim.signed.attestation.bounds = bounds;
        statementDisproves(claim, "bounds");
    }

    /// @dev What evidence does not hold cannot contradict it.
    function testFuzz_whatTheEvidenceDoesNotHold(uint64 revision, uint8 level) public {
        claim.signed.attestation.revision = revision;
        claim.signed.attestation.level = level;
        _sign();
        statementStands(claim);
    }

    // ------------------------------------------------------------------ the action of an operation

    function _with(uint256 member, bytes32 value, bytes32 leaf) private {
        uint256 before = vm.snapshotState();
        _set(member, value, OPERATION_TYPE);
        statementDisproves(claim, leaf);
        vm.revertToState(before);
    }

    function _set(uint256 member, bytes32 value, bytes32 typeHash) private {
        bytes memory members = claim.members;
        assembly ("memory-safe") {
            mstore(add(add(members, 32), shl(5, member)), value)
        }
        claim.members = members;
        claim.signed.attestation.action = keccak256(bytes.concat(typeHash, members));
    }

    function testFuzz_theOperation(uint256 value) public {
        value = bound(value, 2_000_000_000_000_001, type(uint128).max);
        _with(0, bytes32(value), "account.address");
        _with(1, bytes32(value), "operation.entryPoint");
        _with(2, bytes32((value << 64) | 7), "operation.nonce.key");
        _with(2, bytes32(uint256(8)), "operation.nonce.sequence");
        _with(6, bytes32(value), "account.codeHash");
        _with(7, bytes32(value), "operation.callGasLimit");
        _with(8, bytes32(value), "operation.maxCost");
    }

    /// @dev The document names hashes of nothing that it shows.
    function test_whatTheOperationHoldsBeside() public {
        for (uint256 member = 3; member < 6; ++member) {
            uint256 before = vm.snapshotState();
            _set(member, keccak256("other"), OPERATION_TYPE);
            _sign();
            statementStands(claim);
            vm.revertToState(before);
        }
    }

    function test_aPaymasterAndAFactoryThatAreInvented() public {
        bytes[2] memory names = [bytes("paymaster"), bytes("factory")];
        bytes32[2] memory leaves = [bytes32("operation.paymaster"), bytes32("operation.factory")];
        for (uint256 i = 0; i < 2; ++i) {
            uint256 before = vm.snapshotState();
            uint256 at = _find(claim.evidence, names[i]) + names[i].length + 5;
            // The last digit of the address.
            claim.evidence[at + 41] = "1";
            claim.signed.attestation.evidence = keccak256(claim.evidence);
            statementDisproves(claim, leaves[i]);
            vm.revertToState(before);
        }
    }

    function test_anActionOfAnotherKind() public {
        claim = claimOf(named("a call"));
        statementDisproves(claim, "action");
    }

    // ------------------------------------------------------------------ the action of a call

    function _call() private {
        claim = claimOf(named("a call"));
        claim.kind = ActionKind.Call;
        claim.members = callMembers();
        claim.signed.attestation.action = keccak256(bytes.concat(CALL_TYPE, claim.members));
        _sign();
    }

    function test_aCallThatIsCopiedRightStands() public {
        _call();
        statementStands(claim);
    }

    function test_theCall() public {
        bytes32[9] memory leaves = [
            bytes32("account.address"),
            "action.caller",
            "action.target",
            0,
            0,
            "action.path",
            "action.operation",
            "action.context",
            "action.nonce"
        ];
        for (uint256 member = 0; member < 9; ++member) {
            uint256 before = vm.snapshotState();
            _call();
            _set(member, bytes32(uint256(1)), CALL_TYPE);
            _sign();
            if (leaves[member] == 0) statementStands(claim);
            else statementDisproves(claim, leaves[member]);
            vm.revertToState(before);
        }
    }

    function test_theEnforcerOfACall() public {
        _call();
        claim.signed.enforcer = address(0xed);
        statementDisproves(claim, "action.enforcer");
    }

    function test_refusesMembersOfAnotherAction() public {
        claim.members = callMembers();
        vm.expectPartialRevert(IWritDisputes.ActionMismatch.selector);
        challengeStatement(claim);
        claim.members = bytes.concat(operationMembers(), hex"00");
        vm.expectPartialRevert(IWritDisputes.ActionMismatch.selector);
        challengeStatement(claim);
        claim.members = "";
        claim.signed.attestation.action = keccak256(bytes.concat(OPERATION_TYPE));
        _sign();
        vm.expectPartialRevert(IWritDisputes.ActionMismatch.selector);
        challengeStatement(claim);
    }

    // ------------------------------------------------------------------ what is not there, and what nobody can read

    /// @dev A later version of the document may have it elsewhere.
    function test_aLeafThatIsNotThereContradictsNothing() public {
        bytes[4] memory names =
            [bytes("sequence"), bytes("bounds"), bytes("codeHash"), bytes("block")];
        for (uint256 i = 0; i < 4; ++i) {
            uint256 before = vm.snapshotState();
            uint256 at = _find(claim.evidence, names[i]);
            // Every occurrence of it.
            while (at != 0) {
                claim.evidence[at] = "Z";
                at = _find(claim.evidence, names[i]);
            }
            claim.signed.attestation.evidence = keccak256(claim.evidence);
            claim.signed.attestation.sequence = 9;
            claim.signed.attestation.bounds = 0;
            if (i != 0) claim.signed.attestation.sequence = 3;
            if (i != 1) {
                claim.signed.attestation.bounds = keccak256(named("agent-spending").bounds);
            }
            _sign();
            statementStands(claim);
            vm.revertToState(before);
        }
    }

    /// @dev What its leaves mean is not known here.
    function test_aLaterVersionContradictsNothing() public {
        uint256 at = _find(claim.evidence, "version") + 7;
        assertEq(claim.evidence[at], bytes1(0x02));
        claim.signed.attestation.blockNumber += 1;
        claim.signed.attestation.validUntil += 1 days;
        for (uint8 version = 0; version < 4; ++version) {
            uint256 before = vm.snapshotState();
            claim.evidence[at + 32] = bytes1(version);
            claim.signed.attestation.evidence = keccak256(claim.evidence);
            _sign();
            if (version == 0 || version == 3) {
                statementStands(claim);
                stands(claim);
            } else {
                statementDisproves(claim, "chain.block.number");
            }
            vm.revertToState(before);
        }
    }

    function test_evidenceThatIsNoEncoding() public {
        _sign();
        vm.expectRevert(IWritDisputes.EncodingStands.selector);
        court.disproveEncoding(claim.signed, claim.evidence, reporter);
        assertUntouched();

        // The keys of the document are not in order any more.
        claim.evidence[_find(claim.evidence, "account")] = "z";
        claim.signed.attestation.evidence = keccak256(claim.evidence);
        _sign();
        vm.expectEmit(address(court));
        emit IWritDisputes.Disproved(digestOf(claim.signed), Ground.Encoding, 0, reporter, 2 * BOND);
        assertEq(court.disproveEncoding(claim.signed, claim.evidence, reporter), 2 * BOND);
        assertTaken();
    }

    function test_tooLittleGasIsNoEncodingThatFails() public {
        bytes memory data = abi.encodeCall(
            IWritDisputes.disproveEncoding, (claim.signed, claim.evidence, reporter)
        );
        for (uint256 gas_ = 30_000; gas_ < 1_000_000; gas_ += 10_007) {
            (bool success,) = address(court).call{gas: gas_}(data);
            assertFalse(success);
        }
        assertUntouched();
    }

    function test_evidenceThatIsTooLongIsNotLookedAt() public {
        claim.evidence = bytes.concat(hex"02", new bytes(1 << 20));
        claim.signed.attestation.evidence = keccak256(claim.evidence);
        _sign();
        vm.expectPartialRevert(IWritDisputes.EvidenceTooLong.selector);
        court.disproveEncoding(claim.signed, claim.evidence, reporter);
    }

    function _find(bytes memory text, bytes memory what) private pure returns (uint256) {
        uint256 size = what.length;
        bytes32 hash = keccak256(what);
        for (uint256 at = 0; at + size <= text.length; ++at) {
            bytes32 found;
            assembly ("memory-safe") {
                found := keccak256(add(add(text, 32), at), size)
            }
            if (found == hash) return at;
        }
        return 0;
    }
}
