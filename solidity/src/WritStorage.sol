// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {AccountState, Configuration, Mode} from "./interfaces/WritTypes.sol";
import {Head} from "./libraries/Head.sol";
import {ERC4337Utils} from "@openzeppelin/contracts/account/utils/ERC4337Utils.sol";

/// @title What the module keeps per account
/// @notice Eight slots at keccak(account ‖ slot)+n, which ERC-7562 counts as the account's own. Uninstalling clears the flags
/// and what is under way; revision, sequence, configurationNonce and lastOutflowBlock only ever grow, so that nothing that
/// was signed for an earlier installation counts for a later one.
abstract contract WritStorage {
    struct Account {
        // slot 0: all that most paths need, read at once by `_head`
        address owner;
        uint8 threshold;
        uint8 level;
        Mode mode;
        uint8 flags;
        uint64 revision;
        // slot 1
        address operatorSet;
        uint64 epoch;
        uint32 exitDelay;
        // slot 2
        bytes32 policy;
        // slot 3: read only for an EntryPoint without a flag, and once an exit is announced
        address entryPoint;
        uint8 leastOperators;
        uint48 exitAt;
        // slot 4
        uint64 sequence;
        uint48 configuredAt;
        uint48 lastOutflowBlock;
        uint64 configurationNonce;
        uint32 outflowGap;
        // slot 5
        bytes32 operatorSetCodeHash;
        // slot 6
        bytes32 pendingConfiguration;
        // slot 7
        uint48 pendingReadyAt;
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

    mapping(address account => Account) internal accounts;

    /// @dev One storage read for six fields.
    function _head(Account storage account) internal view returns (Head head) {
        assembly ("memory-safe") {
            head := sload(account.slot)
        }
    }

    /// @dev One storage read for both, which the compiler would read one by one.
    function _operatorSet(Account storage account)
        internal
        view
        returns (address operatorSet, uint64 epoch)
    {
        assembly ("memory-safe") {
            let word := sload(add(account.slot, 1))
            operatorSet := shr(96, shl(96, word))
            epoch := shr(192, shl(32, word))
        }
    }

    /// @dev Execution only: reads the clock.
    function _exited(Account storage account, Head head) internal view returns (bool) {
        return head.has(EXIT_ANNOUNCED) && block.timestamp >= account.exitAt;
    }

    function _entryPoint(Account storage account, Head head) internal view returns (address) {
        if (head.has(ENTRY_POINT_V07)) {
            return address(ERC4337Utils.ENTRYPOINT_V07);
        }
        if (head.has(ENTRY_POINT_V08)) return address(ERC4337Utils.ENTRYPOINT_V08);
        if (head.has(ENTRY_POINT_V09)) return address(ERC4337Utils.ENTRYPOINT_V09);
        return account.entryPoint;
    }

    /// @dev By address: in validation an EntryPoint may not be asked what it is (OP-054).
    function _entryPointFlag(address entryPoint) internal pure returns (uint8) {
        if (entryPoint == address(ERC4337Utils.ENTRYPOINT_V07)) return ENTRY_POINT_V07;
        if (entryPoint == address(ERC4337Utils.ENTRYPOINT_V08)) return ENTRY_POINT_V08;
        if (entryPoint == address(ERC4337Utils.ENTRYPOINT_V09)) return ENTRY_POINT_V09;
        return 0;
    }

    function _configuration(Account storage account)
        internal
        view
        returns (Configuration memory configuration)
    {
        configuration.owner = account.owner;
        configuration.entryPoint = account.entryPoint;
        configuration.operatorSet = account.operatorSet;
        configuration.operatorSetCodeHash = account.operatorSetCodeHash;
        configuration.policy = account.policy;
        configuration.threshold = account.threshold;
        configuration.leastOperators = account.leastOperators;
        configuration.level = account.level;
        configuration.mode = account.mode;
        configuration.exitDelay = account.exitDelay;
        configuration.epoch = account.epoch;
        configuration.readsHistory = account.flags & READS_HISTORY != 0;
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
