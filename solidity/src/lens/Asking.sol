// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title Questions that cannot hurt: bounded gas, bounded answer, and what fails is no answer
/// @notice Every function says first whether there was an answer of exactly the expected form.
library Asking {
    /// @dev Enough for a page of a list behind a proxy and a fallback handler.
    uint256 internal constant GAS = 500_000;

    /// @dev Where linked lists of modules begin and end.
    address internal constant SENTINEL = address(1);
    uint256 internal constant PAGE = 32;
    uint256 internal constant PAGES = 4;

    /// @notice The whole answer, when it is no longer than `most` bytes.
    function answer(address who, bytes memory question, uint256 most)
        internal
        view
        returns (bool answered, bytes memory result)
    {
        uint256 limit = GAS;
        assembly ("memory-safe") {
            answered := staticcall(limit, who, add(question, 0x20), mload(question), 0x00, 0x00)
            // What has no code answers nothing.
            answered := and(
                answered,
                and(iszero(iszero(extcodesize(who))), iszero(gt(returndatasize(), most)))
            )
            result := mload(0x40)
            let size := mul(answered, returndatasize())
            mstore(result, size)
            returndatacopy(add(result, 0x20), 0x00, size)
            mstore(0x40, and(add(add(result, 0x3f), size), not(0x1f)))
        }
    }

    /// @notice So many words.
    function words(address who, bytes memory question, uint256 count)
        internal
        view
        returns (bool answered, uint256[] memory result)
    {
        bytes memory raw;
        (answered, raw) = answer(who, question, 32 * count);
        answered = answered && raw.length == 32 * count;
        result = new uint256[](count);
        if (!answered) return (false, result);
        for (uint256 i = 0; i < count; ++i) {
            result[i] = _word(raw, i);
        }
    }

    function addressOf(address who, bytes memory question)
        internal
        view
        returns (bool answered, address result)
    {
        (bool some, uint256[] memory word) = words(who, question, 1);
        return some && isAddress(word[0]) ? (true, address(uint160(word[0]))) : (false, address(0));
    }

    function boolOf(address who, bytes memory question)
        internal
        view
        returns (bool answered, bool result)
    {
        (bool some, uint256[] memory word) = words(who, question, 1);
        return some && word[0] <= 1 ? (true, word[0] == 1) : (false, false);
    }

    function isAddress(uint256 word) internal pure returns (bool) {
        return word >> 160 == 0;
    }

    /// @notice A linked list, page by page, as `selector(address cursor, uint256 size)` gives it.
    /// @return complete Whether the list ended within the pages that are asked for.
    function list(address who, bytes4 selector)
        internal
        view
        returns (bool complete, address[] memory result)
    {
        result = new address[](PAGE * PAGES);
        uint256 count;
        address cursor = SENTINEL;
        for (uint256 page = 0; page < PAGES && !complete; ++page) {
            (bool answered, bytes memory raw) =
                answer(who, abi.encodeWithSelector(selector, cursor, PAGE), 32 * (3 + PAGE));
            // Offset of the list, cursor, length, entries.
            if (!answered || raw.length < 96 || _word(raw, 0) != 64) break;
            uint256 length = _word(raw, 2);
            if (length > PAGE || raw.length != 32 * (3 + length)) break;
            if (!isAddress(_word(raw, 1))) break;
            cursor = address(uint160(_word(raw, 1)));
            for (uint256 i = 0; i < length; ++i) {
                result[count++] = address(uint160(_word(raw, 3 + i)));
            }
            complete = cursor == SENTINEL || cursor == address(0);
        }
        assembly ("memory-safe") {
            mstore(result, count)
        }
    }

    function _word(bytes memory raw, uint256 index) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(raw, 0x20), mul(index, 0x20)))
        }
    }
}
