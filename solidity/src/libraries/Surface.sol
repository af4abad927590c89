// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {SafeSlots} from "./SafeSlots.sol";

/// @dev What accounts tell of themselves. Each kind knows some of it.
interface ITellsOfItself {
    function getImplementation() external view returns (address);
    function masterCopy() external view returns (address);
    function rootValidator() external view returns (bytes21);
    function getActiveHook() external view returns (address);
    function owner() external view returns (address);
    function getOwners() external view returns (address[] memory);
    function getThreshold() external view returns (uint256);
    function getValidatorsPaginated(address start, uint256 size) external view;
    function getExecutorsPaginated(address start, uint256 size) external view;
    function getModulesPaginated(address start, uint256 size) external view;
    function getStorageAt(uint256 offset, uint256 words) external view returns (bytes memory);
}

/// @title What an account says of its own making: its implementation, its modules, its owners
/// @notice Each question is asked of each account, and no answer is an answer too. Compared before and after a frame that
/// delegates, in which code that the attested calldata does not show can write the account's storage.
///
/// It finds what was changed by mistake or without care for it. Code that a delegatecall puts in the place of the account's own can
/// answer as the former did: what may be delegated to at all is for the policy to say.
///
/// What no function tells is not compared: validators of a Kernel beside the root one, its executors and selectors; the lists
/// of OpenZeppelin's account; what lies behind the first 64 of a list.
library Surface {
    /// @dev Per question, for one word and for a list: bounds on what an account burns that does not know the question. A
    /// Safe7579 asks its hook first, which cannot be asked in a static call, and burns all.
    uint256 private constant WORD_GAS = 30_000;
    uint256 private constant LIST_GAS = 300_000;
    /// @dev How many bytes of an answer count.
    uint256 private constant MOST = 4096;

    address private constant FIRST = address(1);
    uint256 private constant PAGE = 64;

    /// @notice A hash over every answer.
    function take(address account) internal view returns (bytes32 surface) {
        surface = _word(account, surface, ITellsOfItself.getImplementation.selector);
        surface = _word(account, surface, ITellsOfItself.masterCopy.selector);
        surface = _word(account, surface, ITellsOfItself.rootValidator.selector);
        surface = _word(account, surface, ITellsOfItself.getActiveHook.selector);
        surface = _word(account, surface, ITellsOfItself.owner.selector);
        surface = _word(account, surface, ITellsOfItself.getThreshold.selector);
        surface = _ask(account, surface, ITellsOfItself.getOwners.selector, 0, 0, 0x04, LIST_GAS);
        surface = _list(account, surface, ITellsOfItself.getValidatorsPaginated.selector);
        surface = _list(account, surface, ITellsOfItself.getExecutorsPaginated.selector);
        surface = _list(account, surface, ITellsOfItself.getModulesPaginated.selector);
        surface = _slot(account, surface, SafeSlots.GUARD);
        surface = _slot(account, surface, SafeSlots.MODULE_GUARD);
        surface = _slot(account, surface, SafeSlots.FALLBACK_HANDLER);
    }

    function _word(address account, bytes32 surface, bytes4 selector)
        private
        view
        returns (bytes32)
    {
        return _ask(account, surface, selector, 0, 0, 0x04, WORD_GAS);
    }

    function _list(address account, bytes32 surface, bytes4 selector)
        private
        view
        returns (bytes32)
    {
        return _ask(account, surface, selector, uint160(FIRST), PAGE, 0x44, LIST_GAS);
    }

    function _slot(address account, bytes32 surface, bytes32 slot) private view returns (bytes32) {
        return _ask(
            account, surface, ITellsOfItself.getStorageAt.selector, uint256(slot), 1, 0x44, WORD_GAS
        );
    }

    /// @dev keccak(surface so far ‖ whether it answered ‖ length ‖ answer).
    function _ask(
        address account,
        bytes32 surface,
        bytes4 selector,
        uint256 first,
        uint256 second,
        uint256 size,
        uint256 gasLimit
    ) private view returns (bytes32 next) {
        assembly ("memory-safe") {
            // Behind what is allocated, and not kept.
            let m := mload(0x40)
            mstore(m, selector)
            mstore(add(m, 0x04), first)
            mstore(add(m, 0x24), second)
            let answered := staticcall(gasLimit, account, m, size, 0, 0)
            let length := returndatasize()
            if gt(length, MOST) { length := MOST }
            mstore(m, surface)
            mstore(add(m, 0x20), answered)
            mstore(add(m, 0x40), returndatasize())
            returndatacopy(add(m, 0x60), 0, length)
            next := keccak256(m, add(0x60, length))
        }
    }
}
