// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {IStatelessValidator} from "../interfaces/IStatelessValidator.sol";
import {IWritOwnerValidator} from "../interfaces/IWritOwnerValidator.sol";
import {P256Validator} from "./P256Validator.sol";
import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {WebAuthn} from "@openzeppelin/contracts/utils/cryptography/WebAuthn.sol";

/// @title WebAuthnOwner
/// @notice An owner with a passkey: the assertion of a WebAuthn authenticator whose challenge is the hash.
///
/// ```
/// data       x(32) ‖ y(32) ‖ rpIdHash(32) ‖ verified(1)     1: the authenticator must have verified its user (UV)
/// signature  r(32) ‖ s(32) ‖ length(2) ‖ authenticatorData(length) ‖ rest of clientDataJSON
/// ```
///
/// Type and challenge are not looked for in the client's JSON: its beginning is *built*, as WebAuthn Level 2 has clients
/// serialise it (5.8.1.1) and verifiers without a parser compare it (5.8.1.2), and only what follows is carried:
///
/// ```
/// {"type":"webauthn.get","challenge":"<the hash, base64url, 43 characters>"<rest: ,"origin":"…","crossOrigin":false}>
/// ```
///
/// so that nothing else can pass for either, and a stub's cost is the real one's without knowing the hash. Checked besides:
/// the relying party (`rpIdHash`), that a user was present (UP), UV where demanded, and that no key is backed up (BS) which
/// cannot be (BE). Not checked: origin, crossOrigin and topOrigin, which are the authenticator's and the relying party's to keep;
/// the signature counter, which would take storage; extensions; attestation of the authenticator.
///
/// Libraries that verify whole assertions stop at the first check that fails, so that a stub would cost less than what it
/// stands for, and ask the precompile on chains that have none.
contract WebAuthnOwner is P256Validator {
    uint256 private constant DATA = 97;
    /// @dev Up to where the authenticator's data begins.
    uint256 private constant HEAD = 66;
    /// @dev rpIdHash(32) ‖ flags(1) ‖ signCount(4)
    uint256 private constant LEAST_AUTHENTICATOR_DATA = 37;

    bytes private constant BEFORE_CHALLENGE = '{"type":"webauthn.get","challenge":"';
    bytes private constant AFTER_CHALLENGE = '"';

    /// @inheritdoc IStatelessValidator
    /// @notice False for whatever is malformed.
    /// @dev 7562: no storage; calls precompile 2, and 0x100 or, on the library's route, 5.
    function validateSignatureWithData(bytes32 hash, bytes calldata signature, bytes calldata data)
        external
        view
        returns (bool)
    {
        if (data.length != DATA || signature.length < HEAD) return false;
        uint256 end = HEAD + uint16(bytes2(signature[64:]));
        if (end < HEAD + LEAST_AUTHENTICATOR_DATA || signature.length < end) return false;

        bytes calldata authenticatorData = signature[HEAD:end];
        // No check is skipped because another failed: a stub for a stranger's relying party costs the same.
        bool verified = _verify(
            _message(hash, authenticatorData, signature[end:]),
            bytes32(signature),
            bytes32(signature[32:]),
            bytes32(data),
            bytes32(data[32:])
        );
        return verified && bytes32(authenticatorData) == bytes32(data[64:])
            && _allowed(authenticatorData[32], uint8(data[96]));
    }

    /// @inheritdoc IWritOwnerValidator
    /// @dev 7562: no storage.
    function checkData(bytes calldata data) external pure returns (bytes32 key) {
        if (data.length != DATA) revert OwnerDataLength(data.length);
        if (bytes32(data[64:]) == 0) revert RelyingPartyMissing();
        if (uint8(data[96]) > 1) revert InvalidFlags(uint8(data[96]));
        return _checkKey(bytes32(data), bytes32(data[32:]));
    }

    /// @dev What the authenticator signs: SHA-256 of `authenticatorData ‖ SHA-256 of clientDataJSON`.
    function _message(bytes32 hash, bytes calldata authenticatorData, bytes calldata rest)
        private
        pure
        returns (bytes32)
    {
        bytes memory challenge = bytes(Base64.encodeURL(abi.encode(hash)));
        bytes32 clientData =
            sha256(bytes.concat(BEFORE_CHALLENGE, challenge, AFTER_CHALLENGE, rest));
        return sha256(bytes.concat(authenticatorData, clientData));
    }

    /// @dev Whether the authenticator's flags are enough for an owner of whom `verified` is demanded.
    function _allowed(bytes1 flags, uint8 verified) private pure returns (bool) {
        if (verified > 1) return false;
        bytes1 required = WebAuthn.AUTH_DATA_FLAGS_UP;
        if (verified == 1) required |= WebAuthn.AUTH_DATA_FLAGS_UV;
        bool backedUp = flags & WebAuthn.AUTH_DATA_FLAGS_BS != 0;
        bool eligible = flags & WebAuthn.AUTH_DATA_FLAGS_BE != 0;
        return flags & required == required && (eligible || !backedUp);
    }
}
