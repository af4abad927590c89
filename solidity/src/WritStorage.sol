// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Flags} from "./libraries/Flags.sol";
import {Head} from "./libraries/Head.sol";
import {Kinds} from "./libraries/Kinds.sol";
import {Questions} from "./libraries/Questions.sol";
import {Record, Records} from "./libraries/Records.sol";
import {SettingsState} from "./libraries/Settings.sol";
import {ERC4337Utils} from "@openzeppelin/contracts/account/utils/ERC4337Utils.sol";

/// @title What the module keeps per account
/// @notice Five slots at keccak(account ‖ slot)+n, which ERC-7562 counts as the account's own, and the configuration as code
/// (`Records`). Uninstalling clears the flags and what is under way; revision, sequence, configurationNonce,
/// removals and lastOutflowBlock only ever grow, so that nothing that was signed for an earlier installation counts for a later one.
abstract contract WritStorage {
    struct Account {
        // slots 0 to 2
        SettingsState settings;
        // slot 3: read by validation only when history is kept, or on an account of a kind of its own
        uint64 sequence;
        uint48 lastOutflowBlock;
        uint32 outflowGap;
        uint8 kind;
        // how often the module was removed as validator; never read by the module's own validation
        uint64 removals;
        // slot 4: the set before the last `sync`, and until when it counts
        address formerRecord;
        uint8 formerOperators;
        uint48 formerUntil;
    }

    mapping(address account => Account) internal accounts;

    /// @dev In which block a record was published; 0 for what was configured without. Never read by validation.
    mapping(address record => uint48) internal publishedAt;

    /// @dev The configuration in force, and its operators.
    function _record(Head head) internal view returns (Record) {
        return Records.load(head.record(), head.operators());
    }

    function _isOfKind(Account storage account, Head head, uint8 kind)
        internal
        view
        returns (bool)
    {
        return head.has(Flags.ADAPTED) && account.kind == kind;
    }

    /// @dev Whether an account that denied the usual question has the module as its hook nevertheless.
    function _isAdaptedHook(Account storage account, Head head, uint256 gasLimit)
        internal
        view
        returns (bool)
    {
        if (!head.has(Flags.ADAPTED)) return false;
        return account.kind == Kinds.KERNEL
            ? Questions.isRootOfKernel(msg.sender, gasLimit)
            : Questions.isHookOfSafe7579(msg.sender, gasLimit);
    }

    function _entryPoint(Head head) internal view returns (address entryPoint) {
        if (head.has(Flags.ENTRY_POINT_V07)) {
            entryPoint = address(ERC4337Utils.ENTRYPOINT_V07);
        } else if (head.has(Flags.ENTRY_POINT_V08)) {
            entryPoint = address(ERC4337Utils.ENTRYPOINT_V08);
        } else if (head.has(Flags.ENTRY_POINT_V09)) {
            entryPoint = address(ERC4337Utils.ENTRYPOINT_V09);
        } else {
            entryPoint = Records.entryPoint(head.record());
        }
    }
}
