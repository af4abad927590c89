// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Attestor, Decision} from "./utils/Attestor.sol";
import {EntryPoints, IEntryPointExtra} from "./utils/EntryPoints.sol";
import {WritTest} from "./utils/WritTest.sol";
import {
    IAccount,
    IAccountExecute,
    IEntryPoint,
    PackedUserOperation
} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Vm} from "forge-std/Vm.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {Bound, Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @title Every way in which an attestation is refused
/// @notice Each test ends with its control: the same operation, the one thing put right, runs.
abstract contract ValidationSuite is WritTest {
    PackedUserOperation internal op;

    function setUp() public override {
        super.setUp();
        op = operation(account, 0, sendNative(0.5 ether));
    }

    /// @dev The decision about `op` as honest operators make it.
    function honest() internal view returns (Decision memory) {
        return decision(op);
    }

    function withSuffix(bytes memory suffix_) internal view returns (PackedUserOperation memory) {
        PackedUserOperation memory copy = op;
        copy.signature = bytes.concat(ownerSigns(op), suffix_);
        return copy;
    }

    function control() internal {
        assertEq(recipient.balance, 0);
        send(attested(op));
        assertEq(recipient.balance, 0.5 ether);
    }

    function refuses(Decision memory d, bytes memory reason) internal {
        sendRefused(withSuffix(suffix(op, d)), reason);
        control();
    }

    function refuses(Decision memory d, bytes4 reason) internal {
        refuses(d, abi.encodePacked(reason));
    }

    function failsSignature(Decision memory d) internal {
        sendUnsigned(withSuffix(suffix(op, d)));
        control();
    }

    // ------------------------------------------------------------------ presence and framing

    function test_refusesWithoutAttestation() public {
        sendRefused(withSuffix(""), IWritErrors.AttestationRequired.selector);
        control();
    }

    function test_refusesBytesAfterTheSuffix() public {
        sendRefused(
            withSuffix(bytes.concat(suffix(op, honest()), hex"00")),
            IWritErrors.AttestationRequired.selector
        );
        control();
    }

    function test_refusesTwoSuffixes() public {
        bytes memory good = suffix(op, honest());
        sendRefused(withSuffix(bytes.concat(good, good)), IWritErrors.MalformedAttestation.selector);
        control();
    }

    function test_refusesBareMagic() public {
        PackedUserOperation memory bare = op;
        bare.signature = abi.encodePacked(Attestor.MAGIC);
        sendRefused(bare, IWritErrors.MalformedAttestation.selector);
        control();
    }

    function test_refusesLengthBeyondTheSignature() public {
        sendRefused(
            withSuffix(abi.encodePacked(hex"0102", uint16(1000), Attestor.MAGIC)),
            IWritErrors.MalformedAttestation.selector
        );
        control();
    }

    function test_refusesEmptyBody() public {
        sendRefused(withSuffix(Attestor.close("")), IWritErrors.MalformedAttestation.selector);
        control();
    }

    function test_refusesEveryTruncationAndExtension() public {
        Decision memory d = honest();
        bytes memory body = Attestor.body(d, Attestor.operationAction(op, d), operatorKeys);
        for (uint256 length = 1; length < body.length; length += 7) {
            bytes memory cut = new bytes(length);
            for (uint256 i = 0; i < length; ++i) {
                cut[i] = body[i];
            }
            sendRefused(withSuffix(Attestor.close(cut)), IWritErrors.MalformedAttestation.selector);
        }
        sendRefused(
            withSuffix(Attestor.close(bytes.concat(body, hex"00"))),
            IWritErrors.MalformedAttestation.selector
        );
        control();
    }

    function test_refusesOtherVersionAndScheme() public {
        Decision memory d = honest();
        d.version = 2;
        sendRefused(
            withSuffix(suffix(op, d)),
            abi.encodeWithSelector(IWritErrors.UnsupportedVersion.selector, 2)
        );
        d.version = 1;
        d.scheme = 2;
        refuses(d, abi.encodeWithSelector(IWritErrors.UnsupportedScheme.selector, 2));
    }

    // ------------------------------------------------------------------ what the attestation says

    function test_refusesOtherLevel() public {
        Decision memory d = honest();
        d.level = 2;
        refuses(d, abi.encodeWithSelector(IWritErrors.LevelMismatch.selector, 2, 1));
    }

    function test_refusesOtherRevision() public {
        Decision memory d = honest();
        d.revision += 1;
        refuses(d, abi.encodeWithSelector(IWritErrors.RevisionMismatch.selector, 2, 1));
    }

    function test_refusesOtherEpoch() public {
        Decision memory d = honest();
        d.epoch = 8;
        refuses(d, abi.encodeWithSelector(IWritErrors.EpochMismatch.selector, 8, 7));
    }

    function test_refusesSequenceWithoutHistory() public {
        Decision memory d = honest();
        d.sequence = 1;
        refuses(d, abi.encodeWithSelector(IWritErrors.SequenceMismatch.selector, 1, 0));
    }

    function test_refusesCostAboveTheAttested() public {
        Decision memory d = honest();
        uint128 required = d.maxCost;
        d.maxCost = required - 1;
        refuses(
            d, abi.encodeWithSelector(IWritErrors.MaxCostExceeded.selector, required, required - 1)
        );
    }

    function test_feeBumpWithinTheAttestedCostNeedsNoNewAttestation() public {
        Decision memory d = honest();
        d.maxCost *= 2;
        bytes memory signed = suffix(op, d);
        op.gasFees = bytes32((uint256(2 gwei) << 128) | 4 gwei);
        send(withSuffix(signed));
        assertEq(recipient.balance, 0.5 ether);
    }

    function test_refusesWindows() public {
        bytes4 reason = IWritErrors.InvalidValidity.selector;
        Decision memory d = honest();
        d.validUntil = d.validAfter;
        sendRefused(withSuffix(suffix(op, d)), reason);
        d.validUntil = d.validAfter + 1 days + 1;
        sendRefused(withSuffix(suffix(op, d)), reason);
        d.validUntil = 1 << 47;
        d.validAfter = d.validUntil - 100;
        sendRefused(withSuffix(suffix(op, d)), reason);
        d.validAfter = uint48(block.timestamp) - 1;
        d.validUntil = d.validAfter + 1 days;
        send(withSuffix(suffix(op, d)));
        assertEq(recipient.balance, 0.5 ether);
    }

    function test_expiredIsForTheEntryPointToSee() public {
        Decision memory d = honest();
        d.validUntil = uint48(block.timestamp) - 1;
        PackedUserOperation memory late = withSuffix(suffix(op, d));
        vm.prank(bundler, bundler);
        vm.expectRevert(
            abi.encodeWithSelector(IEntryPoint.FailedOp.selector, 0, "AA22 expired or not due")
        );
        entryPoint.handleOps(one(late), bundler);
        control();
    }

    // ------------------------------------------------------------------ what the quorum signed

    function test_signedForAnotherChain() public {
        Decision memory d = honest();
        d.chainId += 1;
        failsSignature(d);
    }

    function test_signedForAnotherModule() public {
        Decision memory d = honest();
        d.module = address(0xbeef);
        failsSignature(d);
    }

    function test_signedForAnotherAccount() public {
        Decision memory d = honest();
        d.account = address(newAccount(configuration()));
        failsSignature(d);
    }

    function test_signedForAnotherEntryPoint() public {
        Decision memory d = honest();
        d.entryPoint = address(0xbeef);
        failsSignature(d);
    }

    function test_signedUnderAnotherPolicy() public {
        Decision memory d = honest();
        d.policy = keccak256("another");
        failsSignature(d);
    }

    function test_signedForAnotherNonce() public {
        bytes memory signed = suffix(op, honest());
        op.nonce = nonceOf(address(account), 1);
        sendUnsigned(withSuffix(signed));
        control();
    }

    function test_signedForOtherCalldata() public {
        bytes memory signed = suffix(op, honest());
        op.callData = sendNative(0.5 ether + 1);
        sendUnsigned(withSuffix(signed));
        op.callData = sendNative(0.5 ether);
        control();
    }

    function test_signedForAnotherCallGasLimit() public {
        bytes memory signed = suffix(op, honest());
        bytes32 limits = op.accountGasLimits;
        op.accountGasLimits = bytes32(uint256(limits) - 1);
        sendUnsigned(withSuffix(signed));
        op.accountGasLimits = limits;
        control();
    }

    function test_everySignedFieldIsBound() public {
        bytes memory body =
            Attestor.body(honest(), Attestor.operationAction(op, honest()), operatorKeys);
        // blockNumber, blockHash, evidence and maxOut: nothing else of the module looks at them.
        uint8[4] memory offsets = [34, 66, 126, 164];
        for (uint256 i = 0; i < offsets.length; ++i) {
            bytes memory changed = bytes.concat(body);
            changed[offsets[i]] = bytes1(uint8(changed[offsets[i]]) ^ 1);
            sendUnsigned(withSuffix(Attestor.close(changed)));
        }
        control();
    }

    function test_signedForOtherAccountCode() public {
        bytes memory signed = suffix(op, honest());
        bytes memory code = address(account).code;
        vm.etch(address(account), bytes.concat(code, hex"00"));
        sendUnsigned(withSuffix(signed));
        vm.etch(address(account), code);
        control();
    }

    function test_signedForAnotherPaymasterAndInitCode() public {
        PackedUserOperation memory good = attested(op);
        good.paymasterAndData = abi.encodePacked(address(0xbeef), uint128(0), uint128(0));
        assertEq(_validate(good), 1, "paymaster");
        good.paymasterAndData = "";
        good.initCode = hex"01";
        assertEq(_validate(good), 1, "initCode");
        good.initCode = "";
        assertEq(uint160(_validate(good)), 0, "control");
    }

    /// @dev As the account would ask, without an EntryPoint around it.
    function _validate(PackedUserOperation memory asked) private returns (uint256) {
        bytes32 hash = keccak256(abi.encode(asked.callData, asked.paymasterAndData, asked.initCode));
        bytes memory ownerPart = ownerSignature(hash);
        for (uint256 i = 0; i < 65; ++i) {
            asked.signature[i] = ownerPart[i];
        }
        vm.prank(address(account));
        return module.validateUserOp(asked, hash);
    }

    // ------------------------------------------------------------------ quorum

    function test_refusesFewerAndMoreThanTheThreshold() public {
        Decision memory d = honest();
        d.signers = signers(2);
        sendRefused(
            withSuffix(suffix(op, d)),
            abi.encodeWithSelector(IWritErrors.ThresholdMismatch.selector, 2, 3)
        );
        d.signers = signers(4);
        refuses(d, abi.encodeWithSelector(IWritErrors.ThresholdMismatch.selector, 4, 3));
    }

    function test_refusesRepeatedUnorderedAndUnknownSigners() public {
        Decision memory d = honest();
        d.signers[1] = 0;
        sendRefused(withSuffix(suffix(op, d)), IWritErrors.SignersNotAscending.selector);
        d.signers[0] = 2;
        d.signers[1] = 1;
        d.signers[2] = 3;
        sendRefused(withSuffix(suffix(op, d)), IWritErrors.SignersNotAscending.selector);
        d.signers[0] = 0;
        d.signers[2] = 5;
        refuses(d, abi.encodeWithSelector(IWritErrors.UnknownSigner.selector, 5, 5));
    }

    function test_anyThresholdOfTheSetWillDo() public {
        Decision memory d = honest();
        d.signers[0] = 1;
        d.signers[1] = 3;
        d.signers[2] = 4;
        send(withSuffix(suffix(op, d)));
        assertEq(recipient.balance, 0.5 ether);
    }

    function test_aStrangersSignatureIsNone() public {
        operatorKeys[2] = 0xbad;
        sendUnsigned(withSuffix(suffix(op, honest())));
        operatorKeys = newKeys("operator", 5);
        control();
    }

    /// @dev With 255 bits for it, `s` can be mirrored only where it lies next to half of the order. So an operator is made
    /// up who signs this very decision with such an `s`: d = (s·k - z) / r.
    function test_aMalleatedSignatureIsNone() public {
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        Decision memory d = honest();
        bytes32 action = Attestor.operationAction(op, d);
        Vm.Wallet memory point = vm.createWallet(uint256(keccak256("k")));
        uint256 r = point.publicKeyX;
        uint256 high = order / 2 + 1;
        uint256 key = mulmod(
            _inverse(r, order),
            addmod(
                mulmod(high, point.privateKey, order),
                order - uint256(Attestor.digest(d, action)) % order,
                order
            ),
            order
        );
        address record = recordOf(address(account));
        bytes memory code = record.code;
        bytes20 made = bytes20(vm.addr(key));
        for (uint256 i = 0; i < 20; ++i) {
            code[OPERATORS + i] = made[i];
        }
        vm.etch(record, code);

        bytes memory body = Attestor.body(d, action, operatorKeys);
        uint256 parity = point.publicKeyY & 1;
        _replaceFirstSignature(body, r, (parity << 255) | high);
        sendUnsigned(withSuffix(Attestor.close(body)));
        // The control is the same point, mirrored into the lower half.
        _replaceFirstSignature(body, r, ((1 - parity) << 255) | (order - high));
        send(withSuffix(Attestor.close(body)));
        assertEq(recipient.balance, 0.5 ether);
    }

    function _replaceFirstSignature(bytes memory body, uint256 r, uint256 vs) private pure {
        // Behind index 0 of the first of three signatures at the end.
        uint256 at = body.length - 3 * 65 + 1;
        assembly ("memory-safe") {
            mstore(add(add(body, 32), at), r)
            mstore(add(add(body, 64), at), vs)
        }
    }

    /// @dev By Fermat, for a prime modulus.
    function _inverse(uint256 value, uint256 prime) private pure returns (uint256 result) {
        result = 1;
        for (uint256 exponent = prime - 2; exponent != 0; exponent >>= 1) {
            if (exponent & 1 == 1) result = mulmod(result, value, prime);
            value = mulmod(value, value, prime);
        }
    }

    // ------------------------------------------------------------------ bounds

    function test_refusesMissingAndTooManyBounds() public {
        Decision memory d = honest();
        d.bounds = new Bound[](0);
        sendRefused(withSuffix(suffix(op, d)), IWritErrors.BoundsMissing.selector);
        d.bounds = _manyBounds(9);
        sendRefused(withSuffix(suffix(op, d)), IWritErrors.MalformedAttestation.selector);
        d.bounds = _manyBounds(8);
        send(withSuffix(suffix(op, d)));
        assertEq(recipient.balance, 0.5 ether);
    }

    function test_refusesBoundsOutOfOrder() public {
        bytes4 reason = IWritErrors.BoundsNotAscending.selector;
        Decision memory d = honest();
        d.bounds[0] = Bound(1, address(1), 0, 0);
        sendRefused(withSuffix(suffix(op, d)), reason);
        d.bounds = bounds(1 ether, 0);
        d.bounds[1] = d.bounds[0];
        sendRefused(withSuffix(suffix(op, d)), reason);
        d.bounds = bounds(1 ether, 0);
        d.bounds[0].asset = address(1);
        sendRefused(withSuffix(suffix(op, d)), reason);
        d.bounds = bounds(1 ether, 0);
        d.bounds[1].asset = address(0);
        sendRefused(withSuffix(suffix(op, d)), reason);
        d.bounds = _manyBounds(3);
        (d.bounds[1], d.bounds[2]) = (d.bounds[2], d.bounds[1]);
        refuses(d, reason);
    }

    function test_refusesUnknownBoundKinds() public {
        Decision memory d = honest();
        d.bounds[1].kind = 7;
        refuses(d, abi.encodeWithSelector(IWritErrors.UnsupportedBoundKind.selector, 7));
    }

    /// @dev Native, then so many tokens of which the account has none.
    function _manyBounds(uint256 count) private returns (Bound[] memory list) {
        list = new Bound[](count);
        list[0] = Bound(0, address(0), 1 ether, 0);
        for (uint256 i = 1; i < count; ++i) {
            address asset = address(uint160(0x1000 + i));
            vm.etch(asset, address(token).code);
            list[i] = Bound(1, asset, 0, 0);
        }
    }

    // ------------------------------------------------------------------ owner

    function test_needsTheOwner() public {
        PackedUserOperation memory stolen = attested(op);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(0xbad, entryPoint.getUserOpHash(op));
        stolen.signature = bytes.concat(abi.encodePacked(r, s, v), suffix(op, honest()));
        sendUnsigned(stolen);
        control();
    }

    function test_ownersPersonalSignatureWillDo() public {
        bytes32 hash = MessageHashUtils.toEthSignedMessageHash(entryPoint.getUserOpHash(op));
        PackedUserOperation memory signed = op;
        signed.signature = bytes.concat(ownerSignature(hash), suffix(op, honest()));
        send(signed);
        assertEq(recipient.balance, 0.5 ether);
    }

    function test_ownersSignatureHasOneLength() public {
        PackedUserOperation memory padded = op;
        padded.signature = bytes.concat(ownerSigns(op), hex"00", suffix(op, honest()));
        sendUnsigned(padded);
        control();
    }

    // ------------------------------------------------------------------ accounts

    function test_validatesForTheSenderOnly() public {
        PackedUserOperation memory good = attested(op);
        vm.prank(address(newAccount(configuration())));
        vm.expectRevert();
        module.validateUserOp(good, 0);
    }

    function test_accountsThatNeverInstalledAreNobody() public {
        PackedUserOperation memory good = attested(op);
        good.sender = address(0xcafe);
        vm.prank(address(0xcafe));
        assertEq(module.validateUserOp(good, 0), 1);
    }

    function test_refusesCallsThatNoHookSees() public {
        bytes4[2] memory selectors =
            [IAccount.validateUserOp.selector, IAccountExecute.executeUserOp.selector];
        for (uint256 i = 0; i < selectors.length; ++i) {
            PackedUserOperation memory hidden =
                operation(account, 0, abi.encodePacked(selectors[i], bytes32(0)));
            sendRefused(
                attested(hidden),
                abi.encodeWithSelector(IWritErrors.ForbiddenCall.selector, selectors[i])
            );
        }
        control();
    }

    function test_refusesEverySignatureOffChain() public view {
        bytes32 hash = keccak256("permit");
        assertEq(
            account.isValidSignature(
                hash, bytes.concat(bytes20(address(module)), ownerSignature(hash))
            ),
            bytes4(0xffffffff)
        );
        // ERC-7739's detection call.
        assertEq(
            module.isValidSignatureWithSender(address(this), bytes32(uint256(0x7739) * 1), ""),
            bytes4(0xffffffff)
        );
    }

    function test_checkAttestationSaysWhatValidationSays() public {
        PackedUserOperation memory good = attested(op);
        assertTrue(module.checkAttestation(good));
        good.callData = sendNative(1);
        assertFalse(module.checkAttestation(good));
        Decision memory d = honest();
        d.level = 2;
        PackedUserOperation memory bad = withSuffix(suffix(op, d));
        vm.expectRevert(abi.encodeWithSelector(IWritErrors.LevelMismatch.selector, 2, 1));
        module.checkAttestation(bad);
    }

    // ------------------------------------------------------------------ sequence

    function test_historyNumbersOperationsWithoutGaps() public {
        Configuration memory c = configuration();
        c.readsHistory = true;
        account = newAccount(c);
        op = operation(account, 0, sendNative(0.5 ether));
        PackedUserOperation memory second = operation(account, 1, sendNative(0.25 ether));

        Decision memory d = decision(second);
        d.sequence = 1;
        PackedUserOperation memory early = attach(second, d);
        sendRefused(early, abi.encodeWithSelector(IWritErrors.SequenceMismatch.selector, 1, 0));
        // In one bundle the second follows the first.
        send(two(attested(op), early));
        assertEq(recipient.balance, 0.75 ether);
        assertEq(state(address(account)).sequence, 2);

        PackedUserOperation memory third = operation(account, 2, sendNative(0.125 ether));
        d = decision(third);
        d.sequence = 1;
        sendRefused(
            attach(third, d), abi.encodeWithSelector(IWritErrors.SequenceMismatch.selector, 1, 2)
        );
        send(attested(third));
        assertEq(recipient.balance, 0.875 ether);
    }

    function test_aRevertedOperationHasUsedItsNumber() public {
        Configuration memory c = configuration();
        c.readsHistory = true;
        account = newAccount(c);
        send(attested(operation(account, 0, sendNative(2 ether))));
        assertEq(recipient.balance, 0, "above its bound");
        assertEq(state(address(account)).sequence, 1);
    }
}

contract ValidationV07Test is ValidationSuite {}

contract ValidationV08Test is ValidationSuite {
    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        return EntryPoints.deployV08();
    }
}
