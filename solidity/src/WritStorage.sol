// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {AccountState, Configuration, Mode} from "./interfaces/WritTypes.sol";

/// @title What the module keeps per account
/// @notice Eight slots at keccak(account ‖ slot)+n, which ERC-7562 counts as the account's own. Uninstalling clears the flags
/// and what is under way; revision, sequence, configurationNonce and lastOutflowBlock only ever grow, so that nothing that
/// was signed for an earlier installation counts for a later one.
abstract contract WritStorage {
    struct Account {
        // slot 0
        address owner;
        uint8 threshold;
        uint8 leastOperators;
        uint8 level;
        Mode mode;
        uint64 revision;
        // slot 1
        address operatorSet;
        uint64 epoch;
        uint32 exitDelay;
        // slot 2
        bytes32 policy;
        // slot 3
        address entryPoint;
        uint8 flags;
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
    /// @dev The EntryPoint tells which operation it executes (v0.9).
    uint8 internal constant TELLS_OPERATION = 8;

    mapping(address account => Account) internal accounts;

    /// @dev Whether the account has the module as validator, without which every function stands aside.
    function _installed(Account storage account) internal view returns (bool) {
        return account.flags & VALIDATOR != 0;
    }

    /// @dev Execution only: reads the clock.
    function _exited(Account storage account) internal view returns (bool) {
        uint256 exitAt = account.exitAt;
        return exitAt != 0 && block.timestamp >= exitAt;
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
