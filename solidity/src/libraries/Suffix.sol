// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritErrors} from "../interfaces/IWritErrors.sol";
import {Bounds} from "./Bounds.sol";

/// @notice The fixed fields of an attestation as it travels.
struct Attested {
    uint8 level;
    uint64 revision;
    uint64 epoch;
    uint64 sequence;
    uint64 blockNumber;
    bytes32 blockHash;
    uint48 validAfter;
    uint48 validUntil;
    uint128 maxCost;
    bytes32 evidence;
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

        uint256 end = signature.length;
        if (end < TAIL) revert IWritErrors.MalformedAttestation();
        end -= TAIL;
        uint256 length = uint16(bytes2(signature[end:]));
        if (length > end) revert IWritErrors.MalformedAttestation();
        unchecked {
            owner = signature[:end - length];
            body = signature[end - length:end];
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
        unchecked {
            if (body.length == 0) revert IWritErrors.MalformedAttestation();
            if (uint8(body[0]) != VERSION) revert IWritErrors.UnsupportedVersion(uint8(body[0]));
            if (body.length <= COUNT_OF_BOUNDS) revert IWritErrors.MalformedAttestation();
            if (uint8(body[1]) != SCHEME) revert IWritErrors.UnsupportedScheme(uint8(body[1]));

            uint256 count = uint8(body[COUNT_OF_BOUNDS]);
            if (count == 0) revert IWritErrors.BoundsMissing();
            if (count > Bounds.MOST) revert IWritErrors.MalformedAttestation();
            uint256 afterBounds = COUNT_OF_BOUNDS + 1 + Bounds.SIZE * count;
            if (body.length <= afterBounds) revert IWritErrors.MalformedAttestation();
            uint256 signers = uint8(body[afterBounds]);
            if (body.length != afterBounds + 1 + SIGNATURE * signers) {
                revert IWritErrors.MalformedAttestation();
            }
            bounds = body[COUNT_OF_BOUNDS + 1:afterBounds];
            signatures = body[afterBounds + 1:];
        }
        Bounds.check(bounds);

        uint256 head = _word(body, 2);
        attested.level = uint8(head >> 248);
        attested.revision = uint64(head >> 184);
        attested.epoch = uint64(head >> 120);
        attested.sequence = uint64(head >> 56);
        attested.blockNumber = uint64(_word(body, 27) >> 192);
        attested.blockHash = bytes32(_word(body, 35));
        uint256 window = _word(body, 67);
        attested.validAfter = uint48(window >> 208);
        attested.validUntil = uint48(window >> 160);
        attested.maxCost = uint128(window >> 32);
        attested.evidence = bytes32(_word(body, 95));
    }

    function _endsInMagic(bytes calldata data) private pure returns (bool) {
        return data.length >= 8 && bytes8(data[data.length - 8:]) == MAGIC;
    }

    /// @dev The caller checked that `offset + 32` lies inside.
    function _word(bytes calldata data, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, offset))
        }
    }
}
