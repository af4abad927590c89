// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {Attested} from "writ/libraries/Attested.sol";
import {Bounds} from "writ/libraries/Bounds.sol";
import {Suffix} from "writ/libraries/Suffix.sol";

/// @title Every byte of a suffix has one place, for all bytes of these lengths: `make symbolic`
/// @dev Lengths and counts that the code computes offsets from are tried value by value. `DecodersTest` holds the same code
/// against a decoder in plain Solidity, with all lengths at random.
contract SuffixChecks {
    // ------------------------------------------------------------------ bounds

    /// @notice A list is accepted only if it begins with the native bound, and goes on with other kinds and assets in order.
    /// @custom:halmos --array-lengths bounds={37,74,111}
    function check_aListOfBounds(bytes calldata bounds) external view {
        uint256 count = bounds.length / Bounds.SIZE;
        bool sound = bytes21(bounds[0:21]) == 0;
        for (uint256 i = 1; i < count; ++i) {
            bytes21 id = bytes21(bounds[37 * i:37 * i + 21]);
            uint8 kind = uint8(bounds[37 * i]);
            sound = sound && kind >= Bounds.ERC20 && kind <= Bounds.DEPOSIT;
            sound = sound && bytes20(bounds[37 * i + 1:37 * i + 21]) != 0;
            sound = sound && id > bytes21(bounds[37 * i - 37:37 * i - 16]);
        }
        (bool success,) = _call(abi.encodeCall(this.checkBounds, (bounds, count)));
        assert(success == sound);
    }

    /// @notice The same of the longer kinds, which come last: in order by kind, asset and what follows.
    /// @custom:halmos --array-lengths bounds={106,175}
    function check_aListOfLongerBounds(bytes calldata bounds) external view {
        uint256 longer = (bounds.length - Bounds.SIZE) / 69;
        bool sound = bytes21(bounds[0:21]) == 0;
        for (uint256 i = 0; i < longer; ++i) {
            bytes calldata entry = bounds[37 + 69 * i:37 + 69 * (i + 1)];
            uint8 kind = uint8(entry[0]);
            uint256 extra = uint256(bytes32(entry[37:69]));
            sound = sound && kind >= Bounds.ERC1155 && kind <= Bounds.OPERATOR;
            sound = sound && bytes20(entry[1:21]) != 0;
            sound = sound && (kind == Bounds.ERC1155 || (extra != 0 && extra >> 160 == 0));
            sound = sound && (kind != Bounds.OPERATOR || uint128(bytes16(entry[21:37])) < 2);
            if (i == 0) continue;
            bytes calldata previous = bounds[37:106];
            bytes21 id = bytes21(entry[0:21]);
            sound = sound
                && (id > bytes21(previous[0:21])
                    || (id == bytes21(previous[0:21]) && extra > uint256(bytes32(previous[37:69]))));
        }
        uint256 size = longer << 4 | (longer + 1);
        (bool success,) = _call(abi.encodeCall(this.checkBounds, (bounds, size)));
        assert(success == sound);
    }

    // ------------------------------------------------------------------ split

    /// @notice Without the magic at its end a signature is the owner's as a whole.
    /// @custom:halmos --array-lengths signature={0,1,7,8,9,10,65,80}
    function check_withoutMagicAllIsTheOwners(bytes calldata signature) external view {
        if (_endsInMagic(signature, signature.length)) return;
        (bool success, bytes memory result) = _call(abi.encodeCall(this.split, (signature)));
        assert(success);
        (bool attached, uint256 owner, uint256 body, uint256 from) =
            abi.decode(result, (bool, uint256, uint256, uint256));
        assert(!attached && owner == signature.length && body == 0 && from == 0);
    }

    /// @notice With it, the length before the magic says where the body begins, the owner's part is all that comes before,
    /// and neither reaches beyond the signature. A second suffix inside the owner's part is refused.
    /// @custom:halmos --array-lengths signature={0,1,8,9,24}
    function check_theLengthSaysWhereTheBodyBegins(bytes calldata signature, uint16 length)
        external
        view
    {
        for (uint16 claimed = 0; claimed < 27; ++claimed) {
            if (length == claimed) _split(signature, claimed);
        }
        if (length == type(uint16).max) _split(signature, type(uint16).max);
    }

    /// @notice The magic without room for a length before it is malformed.
    /// @custom:halmos --loop 257
    /// @dev What is there instead of the length, the code has added to an offset before it refuses it.
    function check_magicAloneIsMalformed(bytes1 before) external view {
        _refused(abi.encodeCall(this.split, (bytes.concat(Suffix.MAGIC))));
        for (uint256 value = 0; value < 256; ++value) {
            if (uint8(before) != value) continue;
            bytes memory signature = bytes.concat(bytes1(uint8(value)), Suffix.MAGIC);
            return _refused(abi.encodeCall(this.split, (signature)));
        }
    }

    // ------------------------------------------------------------------ decode

    /// @notice A body is taken only if its length is what its counts say, to the byte, and bounds and signatures are then the
    /// bytes between, without gap or overlap.
    /// @custom:halmos --array-lengths first=127,middle={0,37,38,333},last={0,65,66,130}
    function check_aBodyIsAsLongAsItsCountsSay(
        bytes calldata first,
        uint8 bounds,
        bytes calldata middle,
        uint8 signatures,
        bytes calldata last
    ) external view {
        uint256 b = _concrete(bounds, 9);
        uint256 k = _concrete(signatures, 3);
        bytes memory body = abi.encodePacked(first, uint8(b), middle, uint8(k), last);
        (bool success, bytes memory result) = _call(abi.encodeCall(this.decode, (body)));
        if (b != 0 && b <= Bounds.MOST && middle.length == 37 * b && last.length == 65 * k) {
            (bool sound,) = _call(abi.encodeCall(this.checkBounds, (middle, b)));
            assert(success == (sound && first[0] == 0x01 && first[1] == 0x01));
        }
        if (!success) return;
        assert(first[0] == 0x01 && first[1] == 0x01);
        assert(b != 0 && b <= Bounds.MOST);
        // What follows the bounds may begin inside of either part: only the sums are certain.
        assert(body.length > 128 + 37 * b);
        uint256 count = uint8(body[128 + 37 * b]);
        assert(body.length == 128 + 37 * b + 1 + 65 * count);
        (uint256 fromBounds, uint256 boundsLength, uint256 from, uint256 length) =
            abi.decode(result, (uint256, uint256, uint256, uint256));
        assert(fromBounds == 128 && boundsLength == 37 * b);
        assert(from == 129 + 37 * b && length == 65 * count);
    }

    /// @notice What is shorter than any body is refused, whatever it holds.
    /// @custom:halmos --array-lengths body={0,1,2,126,127}
    function check_tooShortIsRefused(bytes calldata body, uint8 bounds) external view {
        (bool success,) = _call(abi.encodeCall(this.decode, (body)));
        assert(!success);
        bytes memory longer = abi.encodePacked(body, uint8(_concrete(bounds, 9)));
        (success,) = _call(abi.encodeCall(this.decode, (longer)));
        assert(!success);
    }

    // ------------------------------------------------------------------ the module's own code

    function checkBounds(bytes calldata bounds, uint256 size) external pure {
        Bounds.check(bounds, size);
    }

    function split(bytes calldata signature)
        external
        pure
        returns (bool attached, uint256 ownerLength, uint256 bodyLength, uint256 bodyFrom)
    {
        bytes calldata owner;
        bytes calldata body;
        (attached, owner, body) = Suffix.split(signature);
        assembly ("memory-safe") {
            if xor(owner.offset, signature.offset) { invalid() }
            bodyFrom := sub(body.offset, signature.offset)
        }
        return (attached, owner.length, body.length, bodyFrom);
    }

    function decode(bytes calldata body)
        external
        pure
        returns (uint256 fromBounds, uint256 boundsLength, uint256 from, uint256 length)
    {
        (, bytes calldata bounds, bytes calldata signatures) = Suffix.decode(body);
        assembly ("memory-safe") {
            fromBounds := sub(bounds.offset, body.offset)
            from := sub(signatures.offset, body.offset)
        }
        return (fromBounds, bounds.length, from, signatures.length);
    }

    // ------------------------------------------------------------------ helpers

    function _split(bytes calldata front, uint16 claimed) private view {
        bytes memory whole = abi.encodePacked(front, claimed, Suffix.MAGIC);
        bytes memory input = abi.encodeCall(this.split, (whole));
        if (claimed > front.length) return _refused(input);
        uint256 ownerLength = front.length - claimed;
        if (_endsInMagic(front, ownerLength)) return _refused(input);
        (bool success, bytes memory result) = _call(input);
        assert(success);
        (bool attached, uint256 owner, uint256 body, uint256 from) =
            abi.decode(result, (bool, uint256, uint256, uint256));
        assert(attached && owner == ownerLength && body == claimed && from == ownerLength);
    }

    function _endsInMagic(bytes calldata data, uint256 length) private pure returns (bool) {
        return length >= 8 && bytes8(data[length - 8:length]) == Suffix.MAGIC;
    }

    function _refused(bytes memory input) private view {
        (bool success, bytes memory reason) = _call(input);
        assert(!success && bytes4(reason) == IWritErrors.MalformedAttestation.selector);
    }

    function _call(bytes memory input) private view returns (bool, bytes memory) {
        return address(this).staticcall(input);
    }

    /// @dev The numbers up to `most`, and the greatest.
    function _concrete(uint8 value, uint256 most) private pure returns (uint256) {
        for (uint256 i = 0; i <= most; ++i) {
            if (value == i) return i;
        }
        return 255;
    }
}
