// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {SafeSlots} from "../libraries/SafeSlots.sol";
import {ISafe} from "./ISafe.sol";

/// @title What of a Safe must outlast an execution, as words that are compared before and after
/// @notice A call of the Safe to itself changes exactly the setting that its calldata names: of those, only what would open a way
/// past the guard is compared (`doors`). Code that the Safe delegates to can write whatever it likes, so that there everything is
/// compared that the Safe can be asked (`everything`). A plain call to somebody else reaches no setting, except through
/// transactions of their own, which are checked themselves.
///
/// What lies in the Safe's mappings and is in none of its lists cannot be asked for: code that is delegated to and means harm can
/// write a hidden owner or module. Which code the Safe delegates to is for the policy to say.
library SafeState {
    /// @dev What the words are, by their index.
    uint256 internal constant HANDLER_WORD = 0;
    uint256 internal constant GUARD_WORD = 1;
    uint256 internal constant MODULE_GUARD_WORD = 2;
    uint256 private constant SINGLETON_WORD = 3;
    uint256 private constant OWNERS_WORD = 4;
    uint256 private constant THRESHOLD_WORD = 5;
    uint256 private constant MODULES_WORD = 6;
    uint256 private constant NONCE_WORD = 7;

    uint256 private constant DOORS = 3;
    uint256 private constant EVERYTHING = 8;

    /// @dev Where the list of modules begins.
    address private constant FIRST = address(1);
    uint256 private constant PAGE = 64;

    /// @notice One word of the Safe's storage.
    function word(address safe, bytes32 slot) internal view returns (bytes32) {
        return bytes32(ISafe(safe).getStorageAt(uint256(slot), 1));
    }

    /// @notice Guard, module guard, and the handler that anyone can make the Safe call.
    function doors(address safe) internal view returns (bytes32[] memory words) {
        words = new bytes32[](DOORS);
        _readDoors(safe, words);
    }

    function everything(address safe) internal view returns (bytes32[] memory words) {
        words = new bytes32[](EVERYTHING);
        words[SINGLETON_WORD] = bytes32(uint256(uint160(ISafe(safe).masterCopy())));
        _readDoors(safe, words);
        _readRest(safe, words);
    }

    /// @notice What is not as it was, by name; 0 when everything is.
    /// @param before What `doors` or `everything` gave before.
    /// @param guard This contract, which may take the place of a guard, and of no guard.
    function changed(address safe, bytes32[] memory before, address guard)
        internal
        view
        returns (bytes32)
    {
        bytes32[] memory words = new bytes32[](before.length);
        if (before.length == EVERYTHING) {
            // First, and alone: other code may answer the other questions as it likes.
            words[SINGLETON_WORD] = bytes32(uint256(uint160(ISafe(safe).masterCopy())));
            if (words[SINGLETON_WORD] != before[SINGLETON_WORD]) return "singleton";
        }
        _readDoors(safe, words);
        bytes32 self = bytes32(uint256(uint160(guard)));
        if (words[GUARD_WORD] != before[GUARD_WORD] && words[GUARD_WORD] != self) return "guard";
        if (
            words[MODULE_GUARD_WORD] != before[MODULE_GUARD_WORD]
                && words[MODULE_GUARD_WORD] != self
        ) return "moduleGuard";
        if (words[HANDLER_WORD] != before[HANDLER_WORD]) return "fallbackHandler";
        if (before.length != EVERYTHING) return 0;

        _readRest(safe, words);
        if (words[OWNERS_WORD] != before[OWNERS_WORD]) return "owners";
        if (words[THRESHOLD_WORD] != before[THRESHOLD_WORD]) return "threshold";
        if (words[MODULES_WORD] != before[MODULES_WORD]) return "modules";
        // It only ever grows: a nonce that comes again would let a transaction run again.
        if (words[NONCE_WORD] < before[NONCE_WORD]) return "nonce";
        return 0;
    }

    function _readDoors(address safe, bytes32[] memory words) private view {
        words[HANDLER_WORD] = word(safe, SafeSlots.FALLBACK_HANDLER);
        words[GUARD_WORD] = word(safe, SafeSlots.GUARD);
        words[MODULE_GUARD_WORD] = word(safe, SafeSlots.MODULE_GUARD);
    }

    function _readRest(address safe, bytes32[] memory words) private view {
        words[OWNERS_WORD] = keccak256(abi.encode(ISafe(safe).getOwners()));
        words[THRESHOLD_WORD] = bytes32(ISafe(safe).getThreshold());
        (address[] memory modules, address next) = ISafe(safe).getModulesPaginated(FIRST, PAGE);
        words[MODULES_WORD] = keccak256(abi.encode(modules, next));
        words[NONCE_WORD] = bytes32(ISafe(safe).nonce());
    }
}
