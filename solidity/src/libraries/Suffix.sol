// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritErrors} from "../interfaces/IWritErrors.sol";
import {Attested, AttestedFields} from "./Attested.sol";
import {Bounds} from "./Bounds.sol";

/// @title An attestation at the end of a signature
/// @notice `<owner's signature> ‖ body ‖ uint16 length ‖ magic`, the body being
/// `fields(127) ‖ size byte ‖ bounds ‖ k ‖ signatures(65·k)`, the size byte and the bounds being those of `Bounds`. Every byte
/// has one place: nothing is skipped, nothing is left.
library Suffix {
    /// @dev The first eight bytes of keccak256("WritAttestation").
    bytes8 internal constant MAGIC = 0x668a63987bdc83a5;
    uint256 internal constant TAIL = 10;

    uint256 private constant VERSION_AND_SCHEME = 0x0101;

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
        returns (Attested attested, bytes calldata bounds, bytes calldata signatures)
    {
        uint256 head = _word(body, 0);
        if (body.length <= COUNT_OF_BOUNDS || head >> 240 != VERSION_AND_SCHEME) {
            _refuse(body.length, head);
        }
        unchecked {
            uint256 size = _word(body, COUNT_OF_BOUNDS) >> 248;
            Bounds.checkSize(size);
            (, uint256 inBytes) = Bounds.length(size);
            uint256 afterBounds = COUNT_OF_BOUNDS + 1 + inBytes;
            // Outside of a body that ends before it, which the comparison then tells as well.
            uint256 length = SIGNATURE * (_word(body, afterBounds) >> 248);
            if (body.length != afterBounds + 1 + length) {
                revert IWritErrors.MalformedAttestation();
            }
            // Inside, by the comparison above.
            assembly ("memory-safe") {
                bounds.offset := add(body.offset, 128)
                bounds.length := inBytes
                signatures.offset := add(add(body.offset, afterBounds), 1)
                signatures.length := length
            }
            Bounds.check(bounds, size);
        }

        uint256 allocated = AttestedFields.SIZE;
        assembly ("memory-safe") {
            attested := mload(0x40)
            mstore(0x40, add(attested, allocated))
            let at := body.offset
            mstore(add(attested, 0x60), calldataload(add(at, 95))) // evidence
            mstore(add(attested, 0xa0), shr(192, shl(24, head))) // revision
            mstore(add(attested, 0xc0), shr(192, shl(88, head))) // epoch
            mstore(add(attested, 0xe0), shr(192, shl(152, head))) // sequence
            mstore(add(attested, 0x100), byte(2, head)) // level
            mstore(add(attested, 0x120), shr(192, calldataload(add(at, 27)))) // blockNumber
            mstore(add(attested, 0x140), calldataload(add(at, 35))) // blockHash
            let window := calldataload(add(at, 67))
            mstore(add(attested, 0x160), shr(208, window)) // validAfter
            mstore(add(attested, 0x180), shr(208, shl(48, window))) // validUntil
            mstore(add(attested, 0x1a0), shr(128, shl(96, window))) // maxCost
        }
    }

    /// @notice The size byte of a list of bounds in a body: it comes before it.
    function sizeOf(bytes calldata bounds) internal pure returns (uint256 size) {
        assembly ("memory-safe") {
            size := and(calldataload(sub(bounds.offset, 32)), 0xff)
        }
    }

    /// @notice Who signed, as bits by their index, of a checked list of bounds in a body: the signatures come behind it.
    function signers(bytes calldata bounds) internal pure returns (uint256 bitmap) {
        assembly ("memory-safe") {
            let at := add(bounds.offset, bounds.length)
            let end := add(add(at, 1), mul(byte(0, calldataload(at)), 65))
            for { at := add(at, 1) } lt(at, end) { at := add(at, 65) } {
                bitmap := or(bitmap, shl(byte(0, calldataload(at)), 1))
            }
        }
    }

    /// @dev Names what is wrong at the beginning of a body.
    function _refuse(uint256 length, uint256 head) private pure {
        if (length == 0) revert IWritErrors.MalformedAttestation();
        uint8 version = uint8(head >> 248);
        if (version != VERSION_AND_SCHEME >> 8) revert IWritErrors.UnsupportedVersion(version);
        if (length <= COUNT_OF_BOUNDS) revert IWritErrors.MalformedAttestation();
        revert IWritErrors.UnsupportedScheme(uint8(head >> 240));
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
