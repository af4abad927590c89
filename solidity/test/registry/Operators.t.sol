// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {RegistryTest} from "./RegistryTest.sol";
import {IWritOperatorErrors} from "writ/interfaces/IWritOperatorErrors.sol";
import {IWritOperators} from "writ/interfaces/IWritOperators.sol";
import {Operator, SigningKey, Standing} from "writ/interfaces/OperatorTypes.sol";

/// @title Joining, keys, metadata, and announcing to leave
contract OperatorsTest is RegistryTest {
    string private constant ABOUT = "https://operator.example/about";

    // ------------------------------------------------------------------ joining

    function test_joinsWithABondAndAProvenKey() public {
        address operator = operatorAt(0);
        bytes memory proof_ = proof(operator, keyAt(0, 0));
        vm.deal(operator, 20 ether);
        vm.prank(operator);
        vm.expectEmit(address(registry));
        emit IWritOperators.Joined(operator, signerAt(0), 12 ether, NOW + JOIN_DELAY, ABOUT);
        registry.join{value: 12 ether}(signerAt(0), ABOUT, proof_);

        Operator memory o = registry.operatorOf(operator);
        assertEq(o.bond, 12 ether);
        assertEq(o.signer, signerAt(0));
        assertEq(o.metadata, ABOUT);
        assertEq(o.leftAt, 0);
        assertEq(o.lastEpoch, 0);
        assertEq(registry.signerOf(operator), signerAt(0));
        SigningKey memory key = registry.keyOf(signerAt(0));
        assertEq(key.operator, operator);
        assertEq(key.eligibleFrom, NOW + JOIN_DELAY);
        assertEq(key.revokedAt, 0);
        assertEq(address(registry).balance, 12 ether);
    }

    function test_aKeyIsEligibleAfterTheJoinDelayAndNotASecondBefore() public {
        assertStanding(signerAt(0), Standing.Unknown);
        join(0);
        vm.warp(NOW + JOIN_DELAY - 1);
        assertStanding(signerAt(0), Standing.Waiting);
        vm.warp(NOW + JOIN_DELAY);
        assertStanding(signerAt(0), Standing.Eligible);
    }

    function testFuzz_refusesABondBelowTheLeast(uint128 value) public {
        value = uint128(bound(value, 0, BOND - 1));
        _refused(
            signerAt(0),
            "",
            proof(operatorAt(0), keyAt(0, 0)),
            value,
            abi.encodeWithSelector(IWritOperatorErrors.BondTooSmall.selector, value, BOND)
        );
    }

    function test_nobodyJoinsTwice() public {
        address operator = join(0);
        bytes memory proof_ = proof(operator, keyAt(0, 1));
        _refused(
            vm.addr(keyAt(0, 1)),
            "",
            proof_,
            BOND,
            abi.encodeWithSelector(IWritOperatorErrors.AlreadyJoined.selector, operator)
        );
    }

    function test_nobodyShowsAKeyThatWasShownBefore() public {
        join(1);
        // The key's own signature over this operator does not help.
        _refused(
            signerAt(1),
            "",
            proof(operatorAt(0), keyAt(1, 0)),
            BOND,
            abi.encodeWithSelector(
                IWritOperatorErrors.SignerTaken.selector, signerAt(1), operatorAt(1)
            )
        );
    }

    function test_aKeyStaysTakenAfterItsOperatorIsGone() public {
        join(1);
        leave(1);
        vm.warp(NOW + LEAVE_DELAY);
        vm.prank(operatorAt(1));
        registry.withdraw(operatorAt(1));
        bytes memory taken = abi.encodeWithSelector(
            IWritOperatorErrors.SignerTaken.selector, signerAt(1), operatorAt(1)
        );
        _refused(signerAt(1), "", proof(operatorAt(0), keyAt(1, 0)), BOND, taken);

        // Nor does its own operator come back with it; with another it does.
        bytes memory proof_ = proof(operatorAt(1), keyAt(1, 0));
        vm.deal(operatorAt(1), BOND);
        vm.prank(operatorAt(1));
        vm.expectRevert(taken);
        registry.join{value: BOND}(signerAt(1), "", proof_);
        assertStanding(signerAt(1), Standing.Replaced);
        proof_ = proof(operatorAt(1), keyAt(1, 1));
        vm.prank(operatorAt(1));
        registry.join{value: BOND}(vm.addr(keyAt(1, 1)), "", proof_);
        vm.warp(block.timestamp + JOIN_DELAY);
        assertStanding(signerAt(1), Standing.Replaced);
        assertStanding(vm.addr(keyAt(1, 1)), Standing.Eligible);
    }

    function test_theKeyThatSignsIsNotTheOneThatHoldsTheBond() public {
        address operator = vm.addr(keyAt(0, 0));
        bytes memory proof_ = proof(operator, keyAt(0, 0));
        vm.deal(operator, BOND);
        vm.prank(operator);
        vm.expectRevert(
            abi.encodeWithSelector(IWritOperatorErrors.SignerIsOperator.selector, operator)
        );
        registry.join{value: BOND}(operator, "", proof_);
    }

    function test_refusesAProofOfAnotherKeyOperatorRegistryOrChain() public {
        address operator = operatorAt(0);
        address signer = signerAt(0);
        uint256 key = keyAt(0, 0);
        _refusedProof(proofOf(address(registry), block.chainid, operator, signer, keyAt(1, 0)));
        _refusedProof(proofOf(address(registry), block.chainid, operatorAt(1), signer, key));
        _refusedProof(proofOf(address(registry), block.chainid, operator, signerAt(1), key));
        _refusedProof(proofOf(address(0xbeef), block.chainid, operator, signer, key));
        _refusedProof(proofOf(address(registry), block.chainid + 1, operator, signer, key));
        _refusedProof("");
        _refusedProof(new bytes(65));
        join(0);
    }

    function test_theZeroAddressIsNobodysKey() public {
        // The precompile answers with nothing, which is not to be taken for the zero address.
        _refused(
            address(0),
            "",
            new bytes(65),
            BOND,
            abi.encodeWithSelector(
                IWritOperatorErrors.InvalidProof.selector, operatorAt(0), address(0)
            )
        );
    }

    function testFuzz_refusesADamagedProof(uint256 at, uint8 bit) public {
        bytes memory proof_ = proof(operatorAt(0), keyAt(0, 0));
        at = bound(at, 0, 64);
        proof_[at] ^= bytes1(uint8(uint256(1) << (bit % 8)));
        _refusedProof(proof_);
    }

    function test_metadataIsBounded() public {
        string memory most = string(new bytes(256));
        string memory more = string(new bytes(257));
        bytes memory refusal =
            abi.encodeWithSelector(IWritOperatorErrors.MetadataTooLong.selector, 257, 256);
        _refused(signerAt(0), more, proof(operatorAt(0), keyAt(0, 0)), BOND, refusal);
        join(0);
        vm.startPrank(operatorAt(0));
        vm.expectRevert(refusal);
        registry.setMetadata(more);
        vm.expectEmit(address(registry));
        emit IWritOperators.MetadataSet(operatorAt(0), most);
        registry.setMetadata(most);
        assertEq(registry.operatorOf(operatorAt(0)).metadata, most);
    }

    // ------------------------------------------------------------------ rotation

    function test_aNewKeyTakesThePlaceOfTheFormerWhenItIsEligible() public {
        joined(1);
        address next = vm.addr(keyAt(0, 1));
        uint48 from = uint48(block.timestamp) + JOIN_DELAY;
        bytes memory proof_ = proof(operatorAt(0), keyAt(0, 1));
        vm.prank(operatorAt(0));
        vm.expectEmit(address(registry));
        emit IWritOperators.KeyRotated(operatorAt(0), signerAt(0), next, from);
        registry.rotate(next, proof_);

        vm.warp(from - 1);
        assertStanding(signerAt(0), Standing.Eligible);
        assertStanding(next, Standing.Waiting);
        assertEq(registry.signerOf(operatorAt(0)), signerAt(0));
        vm.warp(from);
        assertStanding(signerAt(0), Standing.Replaced);
        assertStanding(next, Standing.Eligible);
        assertEq(registry.signerOf(operatorAt(0)), next);
    }

    function test_aKeyThatStillWaitsCanBeReplaced() public {
        joined(1);
        address second = rotate(0, 1);
        vm.warp(block.timestamp + JOIN_DELAY - 1);
        address third = rotate(0, 2);
        vm.warp(block.timestamp + JOIN_DELAY - 1);
        assertStanding(second, Standing.Replaced);
        assertStanding(third, Standing.Waiting);
        assertStanding(signerAt(0), Standing.Eligible);
        vm.warp(block.timestamp + 1);
        assertStanding(third, Standing.Eligible);
        // The one in force is what the next rotation replaces.
        address fourth = rotate(0, 3);
        assertStanding(third, Standing.Eligible);
        vm.warp(block.timestamp + JOIN_DELAY);
        assertStanding(third, Standing.Replaced);
        assertStanding(fourth, Standing.Eligible);
    }

    function test_rotationTakesTheSameProofAsJoining() public {
        joined(2);
        address operator = operatorAt(0);
        address next = vm.addr(keyAt(0, 1));
        bytes memory wrong = proof(operatorAt(1), keyAt(0, 1));
        vm.startPrank(operator);
        vm.expectRevert(
            abi.encodeWithSelector(IWritOperatorErrors.InvalidProof.selector, operator, next)
        );
        registry.rotate(next, wrong);
        bytes memory taken = proof(operator, keyAt(1, 0));
        vm.expectRevert(
            abi.encodeWithSelector(
                IWritOperatorErrors.SignerTaken.selector, signerAt(1), operatorAt(1)
            )
        );
        registry.rotate(signerAt(1), taken);
        bytes memory former = proof(operator, keyAt(0, 0));
        vm.expectRevert(
            abi.encodeWithSelector(IWritOperatorErrors.SignerTaken.selector, signerAt(0), operator)
        );
        registry.rotate(signerAt(0), former);
        vm.expectRevert(
            abi.encodeWithSelector(IWritOperatorErrors.SignerIsOperator.selector, operator)
        );
        registry.rotate(operator, wrong);
    }

    function test_anOperatorCannotTurnUpTwiceByRotating() public {
        joined(2);
        address next = rotate(0, 1);
        for (uint256 i = 0; i < 2; ++i) {
            // Before and after it takes the former's place, one of the two is refused.
            address[] memory both = new address[](2);
            (both[0], both[1]) = (signerAt(0), next);
            refusesToPublish(
                both,
                2,
                i == 0
                    ? notEligible(next, Standing.Waiting)
                    : notEligible(signerAt(0), Standing.Replaced)
            );
            vm.warp(block.timestamp + JOIN_DELAY);
        }
    }

    // ------------------------------------------------------------------ bond, leaving

    function test_anOperatorAddsToItsBond() public {
        join(0);
        vm.deal(operatorAt(0), 3 ether);
        vm.prank(operatorAt(0));
        vm.expectEmit(address(registry));
        emit IWritOperators.BondAdded(operatorAt(0), 3 ether, 13 ether);
        registry.addBond{value: 3 ether}();
        assertEq(operator_(0).bond, 13 ether);
        assertEq(address(registry).balance, 13 ether);
    }

    function test_moreThanABondCanHoldIsRefusedAndNotCutOff() public {
        join(0);
        uint256 value = uint256(1) << 128;
        vm.deal(operatorAt(0), value);
        vm.prank(operatorAt(0));
        vm.expectRevert();
        registry.addBond{value: value}();
        bytes memory proof_ = proof(operatorAt(1), keyAt(1, 0));
        vm.deal(operatorAt(1), value);
        vm.prank(operatorAt(1));
        vm.expectRevert();
        registry.join{value: value}(signerAt(1), "", proof_);
    }

    function test_leavingIsAnnouncedOnceAndEndsEligibilityAtOnce() public {
        joined(1);
        vm.prank(operatorAt(0));
        vm.expectEmit(address(registry));
        emit IWritOperators.Leaving(operatorAt(0), NOW + JOIN_DELAY);
        registry.leave();
        assertStanding(signerAt(0), Standing.Leaving);
        assertEq(operator_(0).leftAt, NOW + JOIN_DELAY);

        bytes memory refusal = abi.encodeWithSelector(
            IWritOperatorErrors.IsLeaving.selector, operatorAt(0), NOW + JOIN_DELAY
        );
        bytes memory proof_ = proof(operatorAt(0), keyAt(0, 1));
        vm.deal(operatorAt(0), BOND);
        vm.startPrank(operatorAt(0));
        vm.expectRevert(refusal);
        registry.leave();
        vm.expectRevert(refusal);
        registry.rotate(vm.addr(keyAt(0, 1)), proof_);
        vm.expectRevert(refusal);
        registry.addBond{value: 1}();
        vm.expectRevert(refusal);
        registry.setMetadata("");
        vm.expectRevert(
            abi.encodeWithSelector(IWritOperatorErrors.AlreadyJoined.selector, operatorAt(0))
        );
        registry.join{value: BOND}(vm.addr(keyAt(0, 1)), "", proof_);
    }

    function test_whoDidNotJoinCanDoNothing() public {
        bytes memory refusal =
            abi.encodeWithSelector(IWritOperatorErrors.NotJoined.selector, stranger);
        bytes memory proof_ = proof(stranger, keyAt(0, 0));
        vm.deal(stranger, 1);
        vm.startPrank(stranger);
        vm.expectRevert(refusal);
        registry.rotate(signerAt(0), proof_);
        vm.expectRevert(refusal);
        registry.addBond{value: 1}();
        vm.expectRevert(refusal);
        registry.setMetadata("");
        vm.expectRevert(refusal);
        registry.leave();
        vm.expectRevert(refusal);
        registry.withdraw(stranger);
        assertEq(registry.signerOf(stranger), address(0));
    }

    function test_nothingIsTakenThatNobodyAskedFor() public {
        vm.deal(stranger, 1 ether);
        vm.startPrank(stranger);
        (bool success,) = address(registry).call{value: 1}("");
        assertFalse(success);
        (success,) = address(registry).call{value: 1}(abi.encodeCall(registry.leave, ()));
        assertFalse(success);
    }

    // ------------------------------------------------------------------

    function _refusedProof(bytes memory proof_) private {
        _refused(
            signerAt(0),
            "",
            proof_,
            BOND,
            abi.encodeWithSelector(
                IWritOperatorErrors.InvalidProof.selector, operatorAt(0), signerAt(0)
            )
        );
    }

    function _refused(
        address signer,
        string memory metadata,
        bytes memory proof_,
        uint256 value,
        bytes memory refusal
    ) private {
        address operator = operatorAt(0);
        vm.deal(operator, value);
        vm.prank(operator);
        vm.expectRevert(refusal);
        registry.join{value: value}(signer, metadata, proof_);
    }
}
