// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Vm} from "forge-std/Vm.sol";

/// @notice All that an authenticator and its client put into an assertion, so that a test can change one thing of it.
struct Assertion {
    /// What the authenticator signs over, beside the client's data.
    bytes authenticatorData;
    /// The client's JSON up to the challenge.
    string before;
    /// The challenge as it stands in the JSON.
    string challenge;
    /// The client's JSON behind the challenge's closing quote.
    string rest;
    /// Who signs.
    uint256 key;
}

/// @title Keys over P-256 and WebAuthn assertions, written from the standards and not from the validators
library Passkeys {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    uint256 internal constant ORDER =
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551;
    uint256 internal constant FIELD =
        0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF;

    uint8 internal constant UP = 0x01;
    uint8 internal constant UV = 0x04;
    uint8 internal constant BE = 0x08;
    uint8 internal constant BS = 0x10;

    /// @dev The stub signature `r ‖ s`: `r / s` is 0xa5…a5, of which no two bits are zero, so that the library adds a point at
    /// each of its 128 steps, as often as any signature makes it.
    bytes internal constant STUB =
        hex"7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f6031a602ba2e8ba348ebd48ebd48ebd47586e39fe4cc5db2bbc696a9761bf219";

    function key(uint256 seed) internal pure returns (uint256) {
        return 1 + uint256(keccak256(abi.encode("passkey", seed))) % (ORDER - 1);
    }

    function publicKey(uint256 secret) internal pure returns (bytes32 x, bytes32 y) {
        (uint256 px, uint256 py) = VM.publicKeyP256(secret);
        return (bytes32(px), bytes32(py));
    }

    /// @notice `r ‖ s` with `s` in the lower half.
    function sign(uint256 secret, bytes32 hash) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 s) = VM.signP256(secret, hash);
        if (uint256(s) > ORDER / 2) s = bytes32(ORDER - uint256(s));
        return abi.encodePacked(r, s);
    }

    /// @notice What a browser and a platform authenticator make for a relying party.
    function assertion(uint256 secret, string memory relyingParty, bytes32 hash)
        internal
        pure
        returns (Assertion memory)
    {
        return Assertion({
            authenticatorData: authenticatorData(relyingParty, UP | UV | BE | BS),
            before: '{"type":"webauthn.get","challenge":"',
            challenge: base64url(hash),
            rest: string.concat(',"origin":"https://', relyingParty, '","crossOrigin":false}'),
            key: secret
        });
    }

    function authenticatorData(string memory relyingParty, uint8 flags)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(sha256(bytes(relyingParty)), flags, uint32(0));
    }

    /// @notice Without padding, 43 characters.
    function base64url(bytes32 hash) internal pure returns (string memory text) {
        text = VM.toBase64URL(abi.encode(hash));
        assembly ("memory-safe") {
            mstore(text, 43)
        }
    }

    function clientDataJSON(Assertion memory a) internal pure returns (string memory) {
        return string.concat(a.before, a.challenge, '"', a.rest);
    }

    /// @notice What the authenticator signs.
    function message(Assertion memory a) internal pure returns (bytes32) {
        return sha256(bytes.concat(a.authenticatorData, sha256(bytes(clientDataJSON(a)))));
    }

    /// @notice The signature that WebAuthnOwner takes.
    function encode(Assertion memory a) internal pure returns (bytes memory) {
        return bytes.concat(
            sign(a.key, message(a)),
            bytes2(uint16(a.authenticatorData.length)),
            a.authenticatorData,
            bytes(a.rest)
        );
    }
}
