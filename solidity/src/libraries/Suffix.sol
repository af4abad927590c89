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
        uint256 magic = uint64(MAGIC);
        bytes4 malformed = IWritErrors.MalformedAttestation.selector;
        assembly ("memory-safe") {
            // Of what is shorter than a word this reads more of the calldata before it, of which there always is enough.
            let tail := calldataload(sub(add(signature.offset, signature.length), 32))
            owner.offset := signature.offset
            owner.length := signature.length
            body.offset := signature.offset
            body.length := 0
            attached := and(gt(signature.length, 7), eq(and(tail, 0xffffffffffffffff), magic))
            if attached {
                body.length := and(shr(64, tail), 0xffff)
                owner.length := sub(sub(signature.length, TAIL), body.length)
                body.offset := add(signature.offset, owner.length)
                tail := calldataload(sub(body.offset, 32))
                // A signature that ends before its length has no room for it either.
                if or(
                    gt(add(body.length, TAIL), signature.length),
                    and(gt(owner.length, 7), eq(and(tail, 0xffffffffffffffff), magic))
                ) {
                    mstore(0x00, malformed)
                    revert(0x00, 0x04)
                }
            }
        }
    }

    /// @notice Parses a body to its last byte. The bounds come back checked, the signatures only counted.
    function decode(bytes calldata body)
        internal
        pure
        returns (Attested attested, bytes calldata bounds, bytes calldata signatures)
    {
        uint256 head = _word(body, 0);
        unchecked {
            uint256 size = _word(body, COUNT_OF_BOUNDS) >> 248;
            (, uint256 inBytes) = Bounds.length(size);
            uint256 afterBounds = COUNT_OF_BOUNDS + 1 + inBytes;
            // Outside of a body that ends before it, as may be all that was read so far: the comparison tells.
            uint256 length = SIGNATURE * (_word(body, afterBounds) >> 248);
            uint256 wrong =
                (body.length ^ (afterBounds + 1 + length)) | (head >> 240 ^ VERSION_AND_SCHEME);
            bool isSize = Bounds.isSize(size);
            assembly ("memory-safe") {
                wrong := or(wrong, iszero(isSize))
            }
            if (wrong != 0) _refuse(body.length, head, size);
            // Inside, by the comparison above.
            assembly ("memory-safe") {
                bounds.offset := add(body.offset, 128)
                bounds.length := inBytes
                signatures.offset := add(add(body.offset, afterBounds), 1)
                signatures.length := length
            }
            if (!Bounds.isNativeAlone(bounds, size)) Bounds.check(bounds, size);
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

    /// @dev Names what is wrong with a body.
    function _refuse(uint256 length, uint256 head, uint256 size) private pure {
        if (length == 0) revert IWritErrors.MalformedAttestation();
        uint8 version = uint8(head >> 248);
        if (version != VERSION_AND_SCHEME >> 8) revert IWritErrors.UnsupportedVersion(version);
        if (length <= COUNT_OF_BOUNDS) revert IWritErrors.MalformedAttestation();
        uint256 both = head >> 240;
        if (both != VERSION_AND_SCHEME) revert IWritErrors.UnsupportedScheme(uint8(both));
        if (size & 15 == 0) revert IWritErrors.BoundsMissing();
        revert IWritErrors.MalformedAttestation();
    }

    /// @dev The caller checked that the bytes which it uses of the word lie inside.
    function _word(bytes calldata data, uint256 offset) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, offset))
        }
    }
}
