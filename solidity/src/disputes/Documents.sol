// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {OBJECT, POSITIVE, STRING} from "../policyvm/Layout.sol";
import {Values} from "../policyvm/Values.sol";

/// @title Reads values in their canonical encoding, in memory
/// @notice A *place* is the memory address where a value's encoding begins; 0 is none, and nothing is read from it.
/// @dev What is not canonical is read as something, within the memory and gas of the call. It can only be what those whom it
/// is held against have signed.
library Documents {
    uint256 internal constant TRUE = 1;

    /// @notice The place of the value in `document`, behind the version byte.
    function open(bytes memory document) internal pure returns (uint256 place) {
        assembly ("memory-safe") {
            place := add(document, 33)
        }
    }

    /// @notice The value of an object's field; 0 if `object` is none or has no such field.
    /// @param name At most 32 bytes, not empty.
    function field(uint256 object, bytes32 name) internal pure returns (uint256 place) {
        if (object == 0 || Values.kind(object) != OBJECT) return 0;
        unchecked {
            uint256 key = object + 9;
            for (uint256 left = Values.count(object); left != 0; --left) {
                uint256 value = key + Values.size(key);
                if (isText(key, name)) return value;
                key = value + Values.size(value);
            }
        }
        return 0;
    }

    /// @notice Whether the string `text`, of 1 to 32 bytes, stands at `place`.
    function isText(uint256 place, bytes32 text) internal pure returns (bool same) {
        if (place == 0 || Values.kind(place) != STRING) return false;
        uint256 length = Values.length(place);
        if (length == 0 || length > 32) return false;
        assembly ("memory-safe") {
            let bits := shl(3, length)
            let found := shl(sub(256, bits), shr(sub(256, bits), mload(add(place, 5))))
            // The last byte is there, so that the two are of one length.
            same := and(eq(found, text), iszero(iszero(byte(sub(length, 1), text))))
        }
    }

    /// @notice The integer at `place`, if there is one that is not negative.
    function natural(uint256 place) internal pure returns (bool known, uint256 value) {
        if (place == 0 || Values.kind(place) != POSITIVE) return (false, 0);
        assembly ("memory-safe") {
            value := mload(add(place, 1))
        }
        return (true, value);
    }

    /// @notice The address that the string at `place` is, if it is one: 40 digits, with or without `0x` or `0X`.
    function account(uint256 place) internal pure returns (bool known, address value) {
        uint256 number;
        (known, number) = _digits(place, 40);
        value = address(uint160(number));
    }

    /// @notice The word that the string at `place` is, if it is `0x` and 64 digits.
    function word(uint256 place) internal pure returns (bool known, uint256 value) {
        if (place == 0 || Values.length(place) != 66) return (false, 0);
        return _digits(place, 64);
    }

    /// @dev So many hexadecimal digits, small or capital, behind an optional `0x`.
    function _digits(uint256 place, uint256 count) private pure returns (bool, uint256 number) {
        if (place == 0 || Values.kind(place) != STRING) return (false, 0);
        uint256 length = Values.length(place);
        uint256 at = place + 5;
        if (length == count + 2) {
            uint256 prefix;
            assembly ("memory-safe") {
                prefix := shr(240, mload(at))
            }
            if (prefix | 0x20 != 0x3078) return (false, 0);
            at += 2;
        } else if (length != count) {
            return (false, 0);
        }
        unchecked {
            for (uint256 end = at + count; at < end; ++at) {
                uint256 digit;
                assembly ("memory-safe") {
                    digit := byte(0, mload(at))
                }
                if (digit >= 0x30 && digit <= 0x39) {
                    digit -= 0x30;
                } else {
                    // a to f, A to F
                    digit |= 0x20;
                    if (digit < 0x61 || digit > 0x66) return (false, 0);
                    digit -= 0x57;
                }
                number = (number << 4) | digit;
            }
        }
        return (true, number);
    }
}
