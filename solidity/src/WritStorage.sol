// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {AccountState, Configuration, Mode} from "./interfaces/WritTypes.sol";
import {Head} from "./libraries/Head.sol";
import {Kinds} from "./libraries/Kinds.sol";
import {Questions} from "./libraries/Questions.sol";
import {Record, Records} from "./libraries/Records.sol";
import {ERC4337Utils} from "@openzeppelin/contracts/account/utils/ERC4337Utils.sol";

/// @title What the module keeps per account
/// @notice Four slots at keccak(account ‖ slot)+n, which ERC-7562 counts as the account's own, and the configuration as code
/// (`Records`). Uninstalling clears the flags and what is under way; revision, sequence, configurationNonce and
/// lastOutflowBlock only ever grow, so that nothing that was signed for an earlier installation counts for a later one.
abstract contract WritStorage {
    struct Account {
        // slot 0: all that most paths need, read at once by `_head`
        address record;
        uint8 operators;
        uint8 threshold;
        Mode mode;
        uint8 flags;
        uint64 revision;
        // slot 1: read by validation only when history is kept, or once an exit is announced
        uint64 sequence;
        uint48 configuredAt;
        uint48 lastOutflowBlock;
        uint32 outflowGap;
        uint48 exitAt;
        // slot 2
        uint64 configurationNonce;
        uint48 pendingReadyAt;
        uint8 kind;
        // slot 3
        bytes32 pendingConfiguration;
    }

    uint8 internal constant VALIDATOR = 1;
    uint8 internal constant HOOK = 2;
    uint8 internal constant READS_HISTORY = 4;
    uint8 internal constant EXIT_ANNOUNCED = 8;
    /// @dev The configured EntryPoint is the published one of this version, which saves reading its address.
    uint8 internal constant ENTRY_POINT_V07 = 16;
    uint8 internal constant ENTRY_POINT_V08 = 32;
    /// @dev This one also tells which operation it executes.
    uint8 internal constant ENTRY_POINT_V09 = 64;
    /// @dev The account is of one of the `Kinds` that are not plain, and says in slot 2 of which.
    uint8 internal constant ADAPTED = 128;

    mapping(address account => Account) internal accounts;

    /// @dev One storage read for six fields.
    function _head(Account storage account) internal view returns (Head head) {
        assembly ("memory-safe") {
            head := sload(account.slot)
        }
    }

    /// @dev The configuration in force, and its operators.
    function _record(Head head) internal view returns (Record) {
        return Records.load(head.record(), head.operators());
    }

    /// @dev Execution only: reads the clock.
    function _exited(Account storage account, Head head) internal view returns (bool) {
        return head.has(EXIT_ANNOUNCED) && block.timestamp >= account.exitAt;
    }

    function _isOfKind(Account storage account, Head head, uint8 kind)
        internal
        view
        returns (bool)
    {
        return head.has(ADAPTED) && account.kind == kind;
    }

    /// @dev Whether an account that denied the usual question has the module as its hook nevertheless.
    function _isAdaptedHook(Account storage account, Head head, uint256 gasLimit)
        internal
        view
        returns (bool)
    {
        if (!head.has(ADAPTED)) return false;
        return account.kind == Kinds.KERNEL
            ? Questions.isRootOfKernel(msg.sender, gasLimit)
            : Questions.isHookOfSafe7579(msg.sender, gasLimit);
    }

    function _entryPoint(Head head) internal view returns (address) {
        if (head.has(ENTRY_POINT_V07)) {
            return address(ERC4337Utils.ENTRYPOINT_V07);
        }
        if (head.has(ENTRY_POINT_V08)) return address(ERC4337Utils.ENTRYPOINT_V08);
        if (head.has(ENTRY_POINT_V09)) return address(ERC4337Utils.ENTRYPOINT_V09);
        return Records.entryPoint(head.record());
    }

    /// @dev By address: in validation an EntryPoint may not be asked what it is (OP-054).
    function _entryPointFlag(address entryPoint) internal pure returns (uint8) {
        if (entryPoint == address(ERC4337Utils.ENTRYPOINT_V07)) return ENTRY_POINT_V07;
        if (entryPoint == address(ERC4337Utils.ENTRYPOINT_V08)) return ENTRY_POINT_V08;
        if (entryPoint == address(ERC4337Utils.ENTRYPOINT_V09)) return ENTRY_POINT_V09;
        return 0;
    }

    /// @dev All zero for an account that never installed the module.
    function _configuration(Account storage account) internal view returns (Configuration memory) {
        return _record(_head(account)).configuration();
    }

    function _state(Account storage account) internal view returns (AccountState memory state) {
        state.revision = account.revision;
        state.sequence = account.sequence;
        state.configuredAt = account.configuredAt;
        state.lastOutflowBlock = account.lastOutflowBlock;
        state.configurationNonce = account.configurationNonce;
        state.exitAt = account.exitAt;
        state.pendingConfiguration = account.pendingConfiguration;
        state.pendingReadyAt = account.pendingReadyAt;
        state.validatorInstalled = account.flags & VALIDATOR != 0;
        state.hookInstalled = account.flags & HOOK != 0;
    }
}
