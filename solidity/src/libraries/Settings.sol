// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritErrors} from "../interfaces/IWritErrors.sol";
import {IWritSettingsEvents} from "../interfaces/IWritSettingsEvents.sol";
import {Configuration, Mode, PolicyReference} from "../interfaces/WritTypes.sol";
import {Attestations} from "./Attestations.sol";
import {ConfigurationRules} from "./ConfigurationRules.sol";
import {Digests} from "./Digests.sol";
import {Flags} from "./Flags.sol";
import {Head} from "./Head.sol";
import {OperatorSets} from "./OperatorSets.sol";
import {Record, Records} from "./Records.sol";

/// @notice What every enforcing contract keeps of what it protects: the configuration in force, as code (`Records`), and
/// what is under way. Revision and nonce only ever grow, so that nothing that was signed before counts for a later life.
struct SettingsState {
    // slot 0: all that most paths need, read at once as a `Head`
    address record;
    uint8 operators;
    uint8 threshold;
    Mode mode;
    uint16 flags;
    uint56 revision;
    // slot 1: read on the way in only once an exit is announced
    uint64 configurationNonce;
    uint48 configuredAt;
    uint48 exitAt;
    uint48 pendingReadyAt;
    // slot 2
    bytes32 pendingConfiguration;
}

using Settings for SettingsState global;

/// @title The steps by which settings change
/// @notice Strengthening at once. Weakening at once with a quorum's attestation, or after the exit delay. Leaving after the
/// exit delay, without any operator. Who may begin each of them is for the enforcing contract to say, and `subject` is what
/// it protects: the account, or the guarded contract.
library Settings {
    /// @notice One storage read for six fields.
    function head(SettingsState storage state) internal view returns (Head word) {
        assembly ("memory-safe") {
            word := sload(state.slot)
        }
    }

    /// @notice The configuration in force, with its operators.
    function loadRecord(SettingsState storage state) internal view returns (Record) {
        Head word = state.head();
        return Records.load(word.record(), word.operators());
    }

    /// @notice Whether an announced exit has come. Not for validation: reads the clock.
    function exited(SettingsState storage state, Head word) internal view returns (bool) {
        return word.has(Flags.EXIT_ANNOUNCED) && block.timestamp >= state.exitAt;
    }

    /// @notice Changes the configuration to one that was checked, or schedules it.
    /// @param nonce The number of this change, which its attestation names.
    /// @param attestation A suffix over the ConfigurationAction, or empty.
    function configure(
        SettingsState storage state,
        address subject,
        Configuration memory next,
        PolicyReference[] memory policies,
        uint64 nonce,
        bytes calldata attestation
    ) internal {
        Record record = state.loadRecord();
        Configuration memory current = record.configuration();
        bytes32 currentHash = Digests.configurationHash(current);
        bytes32 nextHash = Digests.configurationHash(next);
        if (nextHash == currentHash) revert IWritErrors.ConfigurationUnchanged();

        if (attestation.length != 0) {
            bytes32 action = Digests.configurationAction(subject, currentHash, nextHash, nonce);
            Attestations.requireAlone(state.head(), record, action, attestation);
        } else if (!ConfigurationRules.strengthens(current, next)) {
            state.dropPending(subject);
            uint48 readyAt = uint48(block.timestamp) + current.exitDelay;
            state.pendingConfiguration = nextHash;
            state.pendingReadyAt = readyAt;
            emit IWritSettingsEvents.ConfigurationScheduled(subject, nextHash, readyAt, next);
            return;
        }
        state.put(subject, next, policies);
    }

    /// @notice Takes what was scheduled, once its delay has passed.
    function takePending(SettingsState storage state, Configuration memory scheduled) internal {
        bytes32 hash = Digests.configurationHash(scheduled);
        if (hash != state.pendingConfiguration) {
            revert IWritErrors.NotPending(hash, state.pendingConfiguration);
        }
        if (block.timestamp < state.pendingReadyAt) {
            revert IWritErrors.NotReady(state.pendingReadyAt, block.timestamp);
        }
        state.pendingConfiguration = 0;
        state.pendingReadyAt = 0;
    }

    /// @notice Withdraws what is scheduled.
    function cancelPending(SettingsState storage state, address subject) internal {
        if (state.pendingConfiguration == 0) revert IWritErrors.NotPending(0, 0);
        state.dropPending(subject);
    }

    /// @notice Starts the delay after which nothing is demanded any more.
    function announceExit(SettingsState storage state, address subject) internal {
        if (state.exitAt != 0) revert IWritErrors.ExitAlreadyAnnounced(state.exitAt);
        uint48 exitAt = uint48(block.timestamp) + state.loadRecord().exitDelay();
        state.exitAt = exitAt;
        state.flags |= uint16(Flags.EXIT_ANNOUNCED);
        emit IWritSettingsEvents.ExitAnnounced(subject, exitAt);
    }

    /// @notice Withdraws the announcement, also after the delay.
    function cancelExit(SettingsState storage state, address subject) internal {
        if (state.exitAt == 0) revert IWritErrors.ExitNotAnnounced();
        state.dropExit(subject);
    }

    /// @notice Puts a checked configuration in force: the next revision, so that every outstanding attestation is void.
    function put(
        SettingsState storage state,
        address subject,
        Configuration memory next,
        PolicyReference[] memory policies
    ) internal {
        uint64 revision = state.adopt(subject, next, Records.write(next));
        state.configuredAt = uint48(block.number);
        emit IWritSettingsEvents.ConfigurationSet(subject, revision, next, policies);
    }

    /// @dev The part of it that validation may do as well.
    function adopt(
        SettingsState storage state,
        address subject,
        Configuration memory next,
        address record
    ) internal returns (uint64 revision) {
        // What was scheduled or announced against the former configuration does not reach into the next one.
        state.dropPending(subject);
        if (next.mode == Mode.Enforce && state.mode != Mode.Enforce) state.dropExit(subject);

        revision = ++state.revision;
        state.record = record;
        state.operators = uint8(Records.operatorsOf(record));
        state.threshold = next.threshold;
        state.mode = next.mode;
        state.flags = Flags.configured(state.flags, next);
    }

    function dropPending(SettingsState storage state, address subject) internal {
        bytes32 pending = state.pendingConfiguration;
        if (pending == 0) return;
        state.pendingConfiguration = 0;
        state.pendingReadyAt = 0;
        emit IWritSettingsEvents.ConfigurationCancelled(subject, pending);
    }

    function dropExit(SettingsState storage state, address subject) internal {
        if (state.exitAt == 0) return;
        state.exitAt = 0;
        state.flags &= ~uint16(Flags.EXIT_ANNOUNCED);
        emit IWritSettingsEvents.ExitCancelled(subject);
    }
}
