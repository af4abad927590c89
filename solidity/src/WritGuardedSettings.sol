// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {WritGuardedStorage} from "./WritGuardedStorage.sol";
import {GuardState} from "./interfaces/GuardedTypes.sol";
import {IWritGuarded} from "./interfaces/IWritGuarded.sol";
import {Configuration, Mode, PolicyReference} from "./interfaces/WritTypes.sol";
import {AttestationRules} from "./libraries/AttestationRules.sol";
import {Attested} from "./libraries/Attested.sol";
import {ConfigurationRules} from "./libraries/ConfigurationRules.sol";
import {Digests} from "./libraries/Digests.sol";
import {Domain} from "./libraries/Domain.sol";
import {Head} from "./libraries/Head.sol";
import {OperatorSets} from "./libraries/OperatorSets.sol";
import {Quorum} from "./libraries/Quorum.sol";
import {Record, Records} from "./libraries/Records.sol";
import {EfficientHashLib} from "solady/utils/EfficientHashLib.sol";

/// @title Who may change what of a guarded contract
/// @notice As `WritSettings`, with the inheriting contract's own authority in the place of an owner's signature. An attested
/// call authorizes none of it.
abstract contract WritGuardedSettings is WritGuardedStorage, IWritGuarded {
    /// @notice Reverts unless `caller` may change the guard's settings.
    /// @dev Whoever passes can weaken the guard after the exit delay and never sooner: an owner, a timelock, a governor.
    function _authorizeWrit(address caller) internal virtual;

    /// @dev Puts the first configuration in force. For an initializer or reinitializer of the inheriting contract, which
    /// `upgradeToAndCall` or the proxy's constructor calls; it counts once in the life of the contract, whoever calls. Until
    /// then guarded functions refuse.
    function __WritGuarded_init(Configuration memory first, PolicyReference[] memory policies)
        internal
    {
        Guard storage guard = _writGuard();
        if (guard.revision != 0) revert AlreadyInstalled(address(this));
        ConfigurationRules.checkGuarded(first, policies);
        guard.flags = WRIT_GUARDED;
        _writApply(guard, first, policies);
    }

    /// @inheritdoc IWritGuarded
    /// @dev 7562: not called in validation.
    function configureWrit(
        Configuration calldata next,
        PolicyReference[] calldata policies,
        bytes calldata attestation
    ) external {
        Guard storage guard = _writAuthorized();
        Head head = _writHead(guard);
        Configuration memory current = _writConfiguration(head);
        bytes32 nextHash = Digests.configurationHash(next);
        if (nextHash == Digests.configurationHash(current)) revert ConfigurationUnchanged();
        ConfigurationRules.checkGuarded(next, policies);

        uint64 nonce = guard.configurationNonce++;
        if (attestation.length != 0) {
            _writRequireQuorum(
                head,
                Digests.configurationAction(
                    address(this), Digests.configurationHash(current), nextHash, nonce
                ),
                attestation
            );
        } else if (!ConfigurationRules.strengthens(current, next)) {
            _writDropPending(guard);
            uint48 readyAt = uint48(block.timestamp) + current.exitDelay;
            guard.pendingConfiguration = nextHash;
            guard.pendingReadyAt = readyAt;
            emit ConfigurationScheduled(address(this), nextHash, readyAt, next);
            return;
        }
        _writApply(guard, next, policies);
    }

    /// @inheritdoc IWritGuarded
    /// @dev 7562: not called in validation.
    function applyWritConfiguration(
        Configuration calldata next,
        PolicyReference[] calldata policies
    ) external {
        Guard storage guard = _writInstalled();
        bytes32 nextHash = Digests.configurationHash(next);
        if (nextHash != guard.pendingConfiguration) {
            revert NotPending(nextHash, guard.pendingConfiguration);
        }
        if (block.timestamp < guard.pendingReadyAt) {
            revert NotReady(guard.pendingReadyAt, block.timestamp);
        }
        ConfigurationRules.checkGuarded(next, policies);
        guard.pendingConfiguration = 0;
        guard.pendingReadyAt = 0;
        _writApply(guard, next, policies);
    }

    /// @inheritdoc IWritGuarded
    /// @dev 7562: not called in validation.
    function cancelWritConfiguration() external {
        Guard storage guard = _writAuthorized();
        if (guard.pendingConfiguration == 0) revert NotPending(0, 0);
        _writDropPending(guard);
    }

    /// @inheritdoc IWritGuarded
    /// @dev 7562: not called in validation.
    function revokeAttestations() external {
        _writAuthorized();
        _revokeAttestations();
    }

    /// @inheritdoc IWritGuarded
    /// @dev 7562: not called in validation.
    function announceWritExit() external {
        Guard storage guard = _writAuthorized();
        if (guard.exitAt != 0) revert ExitAlreadyAnnounced(guard.exitAt);
        uint48 exitAt = uint48(block.timestamp) + _writRecord(_writHead(guard)).exitDelay();
        guard.exitAt = exitAt;
        guard.flags |= WRIT_EXIT_ANNOUNCED;
        emit ExitAnnounced(address(this), exitAt);
    }

    /// @inheritdoc IWritGuarded
    /// @dev 7562: not called in validation.
    function cancelWritExit() external {
        Guard storage guard = _writAuthorized();
        if (guard.exitAt == 0) revert ExitNotAnnounced();
        _writDropExit(guard);
    }

    /// @inheritdoc IWritGuarded
    /// @dev 7562: not called in validation.
    function writConfiguration()
        external
        view
        returns (Configuration memory configuration, GuardState memory state)
    {
        Guard storage guard = _writGuard();
        configuration = _writConfiguration(_writHead(guard));
        state = GuardState(
            guard.revision,
            guard.configurationNonce,
            guard.configuredAt,
            guard.exitAt,
            guard.pendingConfiguration,
            guard.pendingReadyAt
        );
    }

    /// @inheritdoc IWritGuarded
    /// @dev 7562: not called in validation.
    function writDomainSeparator() external view returns (bytes32) {
        return Domain.separator();
    }

    /// @dev For the inheriting contract as well: whatever changes what its functions do, an upgrade above all, should void
    /// what was attested of the former ones.
    function _revokeAttestations() internal {
        emit AttestationsRevoked(++_writGuard().revision);
    }

    /// @dev Refuses unless the quorum of the configuration in force attested the action, for now.
    function _writRequireQuorum(Head head, bytes32 action, bytes calldata attestation)
        internal
        view
        returns (Attested given, bytes calldata bounds)
    {
        bytes calldata signatures;
        (given, bounds, signatures) = AttestationRules.decodeAlone(attestation);
        Record record = _writRecord(head);
        AttestationRules.checkCurrent(head, record, given);
        bytes32 digest = Domain.digest(
            given.hash(action, record.policy(), EfficientHashLib.hashCalldata(bounds))
        );
        if (!Quorum.verify(digest, signatures, head, record)) revert InvalidQuorum();
        AttestationRules.checkOpen(given);
    }

    /// @dev The guard, if it was ever configured.
    function _writInstalled() internal view returns (Guard storage guard) {
        guard = _writGuard();
        if (guard.revision == 0) revert NotInstalled(address(this));
    }

    function _writAuthorized() private returns (Guard storage guard) {
        _authorizeWrit(msg.sender);
        return _writInstalled();
    }

    /// @dev Puts a checked configuration in force: the next revision, so that every outstanding attestation is void.
    function _writApply(
        Guard storage guard,
        Configuration memory next,
        PolicyReference[] memory policies
    ) private {
        // What was scheduled or announced against the former configuration does not reach into the next one.
        _writDropPending(guard);
        if (next.mode == Mode.Enforce && guard.mode != Mode.Enforce) _writDropExit(guard);

        uint64 revision = ++guard.revision;
        guard.record = Records.write(next);
        guard.operators = uint8(OperatorSets.count(OperatorSets.read(next.operatorSet)));
        guard.threshold = next.threshold;
        guard.mode = next.mode;
        guard.configuredAt = uint48(block.number);
        emit ConfigurationSet(address(this), revision, next, policies);
    }

    function _writDropPending(Guard storage guard) private {
        bytes32 pending = guard.pendingConfiguration;
        if (pending == 0) return;
        guard.pendingConfiguration = 0;
        guard.pendingReadyAt = 0;
        emit ConfigurationCancelled(address(this), pending);
    }

    function _writDropExit(Guard storage guard) private {
        if (guard.exitAt == 0) return;
        guard.exitAt = 0;
        guard.flags &= ~WRIT_EXIT_ANNOUNCED;
        emit ExitCancelled(address(this));
    }
}
