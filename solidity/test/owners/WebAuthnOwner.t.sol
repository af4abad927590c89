// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Assertion, Passkeys} from "../utils/Passkeys.sol";
import {IP256Validator, OwnersTest} from "./OwnersTest.sol";
import {WebAuthn} from "solady/utils/WebAuthn.sol";
import {IWritOwnerErrors} from "writ/interfaces/IWritOwnerValidator.sol";

/// @title Passkeys, on either route
abstract contract WebAuthnOwnerLaws is OwnersTest {
    IP256Validator internal validator;
    uint256 internal secret = Passkeys.key(1);
    bytes32 internal hash = keccak256("operation");

    function precompiled() internal pure virtual returns (bool);

    function setUp() public {
        validator = webAuthnOwner();
        assertEq(validator.PRECOMPILED(), precompiled());
    }

    // ------------------------------------------------------------------ what is accepted

    function test_acceptsAnAssertionOfThisHashOnly(uint256 seed, bytes32 signed, bytes32 other)
        public
        view
    {
        uint256 key = Passkeys.key(seed);
        vm.assume(signed != other && key != secret);
        bytes memory signature = Passkeys.encode(Passkeys.assertion(key, RELYING_PARTY, signed));
        assertTrue(valid(signed, signature, webAuthnData(key, true)));
        assertTrue(valid(signed, signature, webAuthnData(key, false)));
        assertFalse(valid(other, signature, webAuthnData(key, true)));
        assertFalse(valid(signed, signature, webAuthnData(secret, true)));
    }

    /// @dev What clients are seen to write behind the challenge.
    function test_acceptsWhateverTheClientAddsBehindTheChallenge() public view {
        string[5] memory rests = [
            ',"origin":"https://wallet.example"}',
            ',"origin":"https://wallet.example","crossOrigin":false,"other_keys_can_be_added_here":"do not compare clientDataJSON against a template."}',
            ',"origin":"android:apk-key-hash:abc","androidPackageName":"example.wallet"}',
            ',"origin":"https://wallet.example","crossOrigin":true,"topOrigin":"https://shop.example"}',
            "}"
        ];
        for (uint256 i = 0; i < rests.length; ++i) {
            Assertion memory a = assertion();
            a.rest = rests[i];
            assertTrue(accepts(a));
        }
    }

    function test_acceptsExtensionsBehindTheAuthenticatorsData(bytes memory extensions)
        public
        view
    {
        vm.assume(extensions.length < 1000);
        Assertion memory a = assertion();
        a.authenticatorData = bytes.concat(a.authenticatorData, extensions);
        assertTrue(accepts(a));
    }

    function test_acceptsAnyValueOfTheCounter(uint32 counter) public view {
        Assertion memory a = assertion();
        a.authenticatorData = abi.encodePacked(cut(a.authenticatorData, 33), counter);
        assertTrue(accepts(a));
    }

    // ------------------------------------------------------------------ what is not

    function test_refusesAnotherChallenge(bytes32 other) public view {
        vm.assume(other != hash);
        Assertion memory a = assertion();
        a.challenge = Passkeys.base64url(other);
        assertFalse(accepts(a));
    }

    function test_refusesOtherSpellingsOfTheChallenge() public view {
        Assertion memory a = assertion();
        a.challenge = string.concat(a.challenge, "=");
        assertFalse(accepts(a));
        a.challenge = vm.toBase64(abi.encode(hash));
        assertFalse(accepts(a));
        a.challenge = vm.toString(hash);
        assertFalse(accepts(a));
        a.challenge = "";
        assertFalse(accepts(a));
    }

    function test_refusesOtherTypes() public view {
        string[5] memory befores = [
            '{"type":"webauthn.create","challenge":"',
            '{"type":"payment.get","challenge":"',
            '{"type":"","challenge":"',
            '{"challenge":"',
            '{"type":"webauthn.get", "challenge":"'
        ];
        for (uint256 i = 0; i < befores.length; ++i) {
            Assertion memory a = assertion();
            a.before = befores[i];
            assertFalse(accepts(a));
        }
    }

    /// @dev Where type and challenge are looked for by index, what matches may stand somewhere else.
    function test_refusesTypeAndChallengeThatStandElsewhere() public view {
        string memory wanted =
            string.concat('"type":"webauthn.get","challenge":"', Passkeys.base64url(hash), '"');
        Assertion memory a = assertion();
        a.before = '{"type":"webauthn.create","challenge":"';
        a.challenge = Passkeys.base64url(keccak256("harmless"));
        a.rest = string.concat(",", wanted, ',"origin":"https://wallet.example"}');
        assertFalse(accepts(a));

        a = assertion();
        a.before = "";
        a.challenge =
            string.concat('{"extensions":{', wanted, '},"type":"webauthn.create","challenge":"');
        assertFalse(accepts(a));

        // The right challenge follows a wrong one.
        a = assertion();
        a.before = '{"type":"webauthn.get","challenge":"AAAA","challenge":"';
        assertFalse(accepts(a));
    }

    function test_refusesWithoutAUsersPresence(uint8 flags) public view {
        assertFalse(accepts(flagged(flags & ~Passkeys.UP), true));
        assertFalse(accepts(flagged(flags & ~Passkeys.UP), false));
    }

    function test_refusesWithoutVerificationOnlyWhereItIsDemanded(uint8 flags) public view {
        flags = (flags | Passkeys.UP | Passkeys.BE) & ~Passkeys.UV;
        assertFalse(accepts(flagged(flags), true));
        assertTrue(accepts(flagged(flags), false));
        assertTrue(accepts(flagged(flags | Passkeys.UV), true));
    }

    function test_refusesAKeyThatIsBackedUpAndCannotBe(uint8 flags) public view {
        flags |= Passkeys.UP | Passkeys.UV;
        assertFalse(accepts(flagged((flags & ~Passkeys.BE) | Passkeys.BS), false));
        assertTrue(accepts(flagged(flags & ~Passkeys.BE & ~Passkeys.BS), false));
        assertTrue(accepts(flagged(flags | Passkeys.BE), false));
    }

    function test_refusesOtherRelyingParties(string memory other) public view {
        vm.assume(keccak256(bytes(other)) != keccak256(bytes(RELYING_PARTY)));
        Assertion memory a = assertion();
        a.authenticatorData = Passkeys.authenticatorData(other, Passkeys.UP | Passkeys.UV);
        assertFalse(accepts(a));
    }

    function test_refusesTruncatedAuthenticatorData(uint256 length) public view {
        Assertion memory a = assertion();
        a.authenticatorData = cut(a.authenticatorData, bound(length, 0, 36));
        assertFalse(accepts(a));
    }

    /// @dev A length that lies moves bytes between the two parts, and neither is what was signed any more.
    function test_refusesLengthsThatLie(uint16 length) public view {
        bytes memory signature = Passkeys.encode(assertion());
        vm.assume(length != 37);
        signature[64] = bytes1(uint8(length >> 8));
        signature[65] = bytes1(uint8(length));
        assertFalse(valid(hash, signature, webAuthnData(secret, true)));
    }

    function test_refusesSignaturesThatEndEarlyOrLate(uint256 length) public view {
        bytes memory signature = Passkeys.encode(assertion());
        bytes memory data = webAuthnData(secret, true);
        assertTrue(valid(hash, signature, data));
        assertFalse(valid(hash, cut(signature, bound(length, 0, signature.length - 1)), data));
        assertFalse(valid(hash, bytes.concat(signature, hex"00"), data));
        assertFalse(valid(hash, "", data));
    }

    function test_noBitOfSignatureOrDataIsIdle(uint256 bit) public view {
        bytes memory signature = Passkeys.encode(assertion());
        bytes memory data = webAuthnData(secret, true);
        assertFalse(valid(hash, flip(signature, bit), data));
        if (bit % (97 * 8) != 96 * 8) assertFalse(valid(hash, signature, flip(data, bit)));
    }

    function test_refusesTheOtherSignatureOfTheSameAssertion() public view {
        bytes memory signature = Passkeys.encode(assertion());
        bytes memory data = webAuthnData(secret, true);
        assertTrue(valid(hash, signature, data));
        uint256 s;
        assembly ("memory-safe") {
            s := sub(
                0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
                mload(add(signature, 64))
            )
            mstore(add(signature, 64), s)
        }
        assertGt(s, Passkeys.ORDER / 2);
        assertFalse(valid(hash, signature, data));
    }

    function test_aPlainSignatureIsNoAssertion() public view {
        bytes memory plain = Passkeys.sign(secret, hash);
        assertFalse(valid(hash, plain, webAuthnData(secret, false)));
        assertFalse(valid(hash, bytes.concat(plain, bytes2(0)), webAuthnData(secret, false)));
    }

    function test_neverRevertsOnWhatStrangersSend(
        bytes32 signed,
        bytes memory signature,
        bytes memory data
    ) public view {
        assertFalse(valid(signed, signature, data));
        assertFalse(valid(signed, signature, webAuthnData(secret, true)));
        bytes memory whole = bytes.concat(Passkeys.encode(assertion()), signature);
        assertEq(valid(hash, whole, webAuthnData(secret, true)), signature.length == 0);
    }

    // ------------------------------------------------------------------ data

    function test_refusesDataOfOtherLengths(uint256 length) public {
        bytes memory data = webAuthnData(secret, true);
        bytes memory signature = Passkeys.encode(assertion());
        length = bound(length, 0, 96);
        assertFalse(valid(hash, signature, cut(data, length)));
        vm.expectRevert(abi.encodeWithSelector(IWritOwnerErrors.OwnerDataLength.selector, length));
        validator.checkData(cut(data, length));
        assertFalse(valid(hash, signature, bytes.concat(data, hex"01")));
        vm.expectRevert(abi.encodeWithSelector(IWritOwnerErrors.OwnerDataLength.selector, 98));
        validator.checkData(bytes.concat(data, hex"01"));
    }

    function test_checkDataRefusesByName(uint8 flags) public {
        bytes memory data = webAuthnData(secret, true);
        flags = uint8(bound(flags, 2, 255));
        data[96] = bytes1(flags);
        assertFalse(valid(hash, Passkeys.encode(assertion()), data));
        vm.expectRevert(abi.encodeWithSelector(IWritOwnerErrors.InvalidFlags.selector, flags));
        validator.checkData(data);

        (bytes32 x, bytes32 y) = Passkeys.publicKey(secret);
        vm.expectRevert(IWritOwnerErrors.RelyingPartyMissing.selector);
        validator.checkData(abi.encodePacked(x, y, bytes32(0), true));

        bytes32 wrong = bytes32(uint256(y) ^ 1);
        vm.expectRevert(
            abi.encodeWithSelector(IWritOwnerErrors.InvalidPublicKey.selector, x, wrong)
        );
        validator.checkData(abi.encodePacked(x, wrong, bytes32("party"), true));
        vm.expectRevert(abi.encodeWithSelector(IWritOwnerErrors.InvalidPublicKey.selector, 0, 0));
        validator.checkData(abi.encodePacked(bytes32(0), bytes32(0), bytes32("party"), true));
    }

    function test_checkDataNamesTheKeyWhateverElseIsDemandedOfIt() public {
        bytes32 key = validator.checkData(webAuthnData(secret, true));
        assertEq(validator.checkData(webAuthnData(secret, false)), key);
        assertEq(p256Owner().checkData(p256Data(secret, true)), key);
        assertNotEq(validator.checkData(webAuthnData(Passkeys.key(2), true)), key);
    }

    function test_touchesNoStorage() public {
        bytes memory signature = Passkeys.encode(assertion());
        vm.startStateDiffRecording();
        assertTrue(valid(hash, signature, webAuthnData(secret, true)));
        assertEq(storageAccesses(), 0);
    }

    // ------------------------------------------------------------------ helpers

    function assertion() internal view returns (Assertion memory) {
        return Passkeys.assertion(secret, RELYING_PARTY, hash);
    }

    function flagged(uint8 flags) internal view returns (Assertion memory a) {
        a = assertion();
        a.authenticatorData = Passkeys.authenticatorData(RELYING_PARTY, flags);
    }

    function accepts(Assertion memory a) internal view returns (bool) {
        return accepts(a, true);
    }

    function accepts(Assertion memory a, bool verified) internal view returns (bool) {
        return valid(hash, Passkeys.encode(a), webAuthnData(secret, verified));
    }

    function valid(bytes32 signed, bytes memory signature, bytes memory data)
        internal
        view
        returns (bool)
    {
        return validator.validateSignatureWithData(signed, signature, data);
    }
}

/// forge-config: default.fuzz.runs = 64
contract WebAuthnOwnerByLibraryTest is WebAuthnOwnerLaws {
    function precompiled() internal pure override returns (bool) {
        return false;
    }
}

/// forge-config: default.evm_version = "osaka"
contract WebAuthnOwnerByPrecompileTest is WebAuthnOwnerLaws {
    function precompiled() internal pure override returns (bool) {
        return true;
    }

    /// @dev Beside another implementation, which looks for type and challenge by index, and at no backup flags.
    function test_agreesWithALibrary(uint8 flags, bool verified, uint256 bit) public view {
        Assertion memory a = flagged(flags);
        bytes memory signature = Passkeys.encode(a);
        if (bit % 4 == 0) signature = flip(signature, (bit / 4) % 512);
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        (bytes32 x, bytes32 y) = Passkeys.publicKey(secret);
        bool expected = WebAuthn.verify(
            abi.encode(hash),
            verified,
            a.authenticatorData,
            Passkeys.clientDataJSON(a),
            23,
            1,
            r,
            s,
            x,
            y
        );
        bool backedUpOnly = flags & Passkeys.BE == 0 && flags & Passkeys.BS != 0;
        assertEq(valid(hash, signature, webAuthnData(secret, verified)), expected && !backedUpOnly);
    }
}
