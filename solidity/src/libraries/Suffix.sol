// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritErrors} from "../interfaces/IWritErrors.sol";
import {Bounds} from "./Bounds.sol";

/// @notice An attestation: the members of the EIP-712 struct in their order, type hash first, so that its memory is what is
/// hashed. What does not travel (action, policy, bounds' hash) is zero until verification fills it in.
struct Attested {
    bytes32 typeHash;
    bytes32 action;
    bytes32 policy;
    bytes32 evidence;
    bytes32 bounds;
    uint64 revision;
    uint64 epoch;
    uint64 sequence;
    uint8 level;
    uint64 blockNumber;
    bytes32 blockHash;
    uint48 validAfter;
    uint48 validUntil;
    // Behind the struct: hashed as part of the action.
    uint128 maxCost;
}

/// @title An attestation at the end of a signature
/// @notice `<owner's signature> ‖ body ‖ uint16 length ‖ magic`, the body being
/// `fields(127) ‖ b ‖ bounds(37·b) ‖ k ‖ signatures(65·k)`. Every byte has one place: nothing is skipped, nothing is left.
library Suffix {
    /// @dev The first eight bytes of keccak256("WritAttestation").
    bytes8 internal constant MAGIC = 0x668a63987bdc83a5;
    uint256 internal constant TAIL = 10;

    uint8 internal constant VERSION = 1;
    uint8 internal constant SCHEME = 1;

    uint256 private constant COUNT_OF_BOUNDS = 127;
    uint256 private constant SIGNATURE = 65;

    /// @notice Splits a signature into the owner's part and the attestation's body.
    /// @dev Refuses a length that reaches beyond the signature, and a second suffix inside the owner's part.
    /// @return attached Whether the signature ends in a suffix; if not, all of it is the owner's.
    function split(bytes calldata signature)
        internal
        pure
        returns (bool attached, bytes calldata owner, bytes calldata body)
    {
        owner = signature;
        body = signature[0:0];
        if (!_endsInMagic(signature)) return (false, owner, body);
        if (signature.length < TAIL) revert IWritErrors.MalformedAttestation();
        unchecked {
            uint256 end = signature.length - TAIL;
            uint256 length = _word(signature, end) >> 240;
            if (length > end) revert IWritErrors.MalformedAttestation();
            assembly ("memory-safe") {
                owner.length := sub(end, length)
                body.offset := add(signature.offset, owner.length)
                body.length := length
            }
        }
        if (_endsInMagic(owner)) revert IWritErrors.MalformedAttestation();
        attached = true;
    }

    /// @notice Parses a body to its last byte. The bounds come back checked, the signatures only counted.
    function decode(bytes calldata body)
        internal
        pure
        returns (Attested memory attested, bytes calldata bounds, bytes calldata signatures)
    {
        if (body.length == 0) revert IWritErrors.MalformedAttestation();
        uint256 head = _word(body, 0);
        uint8 version = uint8(head >> 248);
        if (version != VERSION) revert IWritErrors.UnsupportedVersion(version);
        if (body.length <= COUNT_OF_BOUNDS) revert IWritErrors.MalformedAttestation();
        uint8 scheme = uint8(head >> 240);
        if (scheme != SCHEME) revert IWritErrors.UnsupportedScheme(scheme);

        unchecked {
            uint256 count = _word(body, COUNT_OF_BOUNDS) >> 248;
            if (count == 0) revert IWritErrors.BoundsMissing();
            if (count > Bounds.MOST) revert IWritErrors.MalformedAttestation();
            uint256 afterBounds = COUNT_OF_BOUNDS + 1 + Bounds.SIZE * count;
            if (body.length <= afterBounds) revert IWritErrors.MalformedAttestation();
            uint256 length = SIGNATURE * (_word(body, afterBounds) >> 248);
            if (body.length != afterBounds + 1 + length) {
                revert IWritErrors.MalformedAttestation();
            }
            // Inside, by the comparison above.
            assembly ("memory-safe") {
                bounds.offset := add(body.offset, 128)
                bounds.length := mul(count, 37)
                signatures.offset := add(add(body.offset, afterBounds), 1)
                signatures.length := length
            }
        }
        Bounds.check(bounds);

        attested.level = uint8(head >> 232);
        attested.revision = uint64(head >> 168);
        attested.epoch = uint64(head >> 104);
        attested.sequence = uint64(head >> 40);
        attested.blockNumber = uint64(_word(body, 27) >> 192);
        attested.blockHash = bytes32(_word(body, 35));
        uint256 window = _word(body, 67);
        attested.validAfter = uint48(window >> 208);
        attested.validUntil = uint48(window >> 160);
        attested.maxCost = uint128(window >> 32);
        attested.evidence = bytes32(_word(body, 95));
    }

    function _endsInMagic(bytes calldata data) private pure returns (bool) {
        unchecked {
            return data.length >= 8 && bytes8(bytes32(_word(data, data.length - 8))) == MAGIC;
        }
    }

    /// @dev The caller checked that the bytes which it uses of the word lie inside.
    function _word(bytes calldata data, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, offset))
        }
    }
}
