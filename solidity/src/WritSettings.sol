// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {WritVerifier} from "./WritVerifier.sol";
import {IWritModule} from "./interfaces/IWritModule.sol";
import {Configuration, Mode, PolicyReference} from "./interfaces/WritTypes.sol";
import {AttestationRules} from "./libraries/AttestationRules.sol";
import {Attested} from "./libraries/Attested.sol";
import {ConfigurationRules} from "./libraries/ConfigurationRules.sol";
import {Digests} from "./libraries/Digests.sol";
import {Head} from "./libraries/Head.sol";
import {OperatorSets} from "./libraries/OperatorSets.sol";
import {OwnerSignature} from "./libraries/OwnerSignature.sol";
import {Records} from "./libraries/Records.sol";

/// @title Who may change what
/// @notice The owner strengthens at once. Weakening needs a quorum's attestation or the exit delay, and leaving needs the
/// exit delay only. No function here looks at its caller: an attested call authorizes none of them.
abstract contract WritSettings is WritVerifier, IWritModule {
    /// @inheritdoc IWritModule
    /// @dev 7562: not called in validation.
    function configure(
        address account,
        Configuration calldata next,
        PolicyReference[] calldata policies,
        uint256 nonce,
        bytes calldata ownerSignature,
        bytes calldata attestation
    ) external {
        Account storage stored = _installedAccount(account);
        Configuration memory current = _configuration(stored);
        bytes32 currentHash = Digests.configurationHash(current);
        bytes32 nextHash = Digests.configurationHash(next);
        if (nextHash == currentHash) revert ConfigurationUnchanged();

        _useOwnerSignature(
            stored, nonce, Digests.configure(account, nextHash, nonce), ownerSignature
        );
        ConfigurationRules.check(next, policies);

        if (attestation.length != 0) {
            _requireQuorum(
                stored,
                Digests.configurationAction(account, currentHash, nextHash, nonce),
                attestation
            );
            _apply(account, next, policies);
        } else if (ConfigurationRules.strengthens(current, next)) {
            _apply(account, next, policies);
        } else {
            _dropPending(account, stored);
            uint48 readyAt = uint48(block.timestamp) + current.exitDelay;
            stored.pendingConfiguration = nextHash;
            stored.pendingReadyAt = readyAt;
            emit ConfigurationScheduled(account, nextHash, readyAt, next);
        }
    }

    /// @inheritdoc IWritModule
    /// @dev 7562: not called in validation.
    function applyConfiguration(
        address account,
        Configuration calldata next,
        PolicyReference[] calldata policies
    ) external {
        Account storage stored = _installedAccount(account);
        bytes32 nextHash = Digests.configurationHash(next);
        if (nextHash != stored.pendingConfiguration) {
            revert NotPending(nextHash, stored.pendingConfiguration);
        }
        if (block.timestamp < stored.pendingReadyAt) {
            revert NotReady(stored.pendingReadyAt, block.timestamp);
        }
        ConfigurationRules.check(next, policies);
        stored.pendingConfiguration = 0;
        stored.pendingReadyAt = 0;
        _apply(account, next, policies);
    }

    /// @inheritdoc IWritModule
    /// @dev 7562: not called in validation.
    function cancelConfiguration(address account, uint256 nonce, bytes calldata ownerSignature)
        external
    {
        Account storage stored =
            _set(account, Digests.CANCEL_CONFIGURATION_TYPEHASH, nonce, ownerSignature);
        if (stored.pendingConfiguration == 0) revert NotPending(0, 0);
        _dropPending(account, stored);
    }

    /// @inheritdoc IWritModule
    /// @dev 7562: not called in validation.
    function announceExit(address account, uint256 nonce, bytes calldata ownerSignature) external {
        Account storage stored =
            _set(account, Digests.ANNOUNCE_EXIT_TYPEHASH, nonce, ownerSignature);
        if (stored.exitAt != 0) revert ExitAlreadyAnnounced(stored.exitAt);
        uint48 exitAt = uint48(block.timestamp) + _record(_head(stored)).exitDelay();
        stored.exitAt = exitAt;
        stored.flags |= EXIT_ANNOUNCED;
        emit ExitAnnounced(account, exitAt);
    }

    /// @inheritdoc IWritModule
    /// @dev 7562: not called in validation.
    function cancelExit(address account, uint256 nonce, bytes calldata ownerSignature) external {
        Account storage stored = _set(account, Digests.CANCEL_EXIT_TYPEHASH, nonce, ownerSignature);
        if (stored.exitAt == 0) revert ExitNotAnnounced();
        _dropExit(account, stored);
    }

    /// @dev Puts a checked configuration in force: the next revision, so that every outstanding attestation is void.
    function _apply(address account, Configuration memory next, PolicyReference[] memory policies)
        internal
    {
        Account storage stored = accounts[account];
        // What was scheduled or announced against the former configuration does not reach into the next one.
        _dropPending(account, stored);
        if (next.mode == Mode.Enforce && stored.mode != Mode.Enforce) _dropExit(account, stored);

        uint8 flags = stored.flags & (VALIDATOR | HOOK | EXIT_ANNOUNCED | ADAPTED);
        if (next.readsHistory) flags |= READS_HISTORY;
        flags |= _entryPointFlag(next.entryPoint);

        uint64 revision = ++stored.revision;
        stored.record = Records.write(next);
        stored.operators = uint8(OperatorSets.count(OperatorSets.read(next.operatorSet)));
        stored.threshold = next.threshold;
        stored.mode = next.mode;
        stored.flags = flags;
        stored.configuredAt = uint48(block.number);
        emit ConfigurationSet(account, revision, next, policies);
    }

    function _dropPending(address account, Account storage stored) internal {
        bytes32 pending = stored.pendingConfiguration;
        if (pending == 0) return;
        stored.pendingConfiguration = 0;
        stored.pendingReadyAt = 0;
        emit ConfigurationCancelled(account, pending);
    }

    function _dropExit(address account, Account storage stored) internal {
        if (stored.exitAt == 0) return;
        stored.exitAt = 0;
        stored.flags &= ~EXIT_ANNOUNCED;
        emit ExitCancelled(account);
    }

    function _installedAccount(address account) private view returns (Account storage stored) {
        stored = accounts[account];
        if (stored.flags & VALIDATOR == 0) revert NotInstalled(account);
    }

    function _set(address account, bytes32 typeHash, uint256 nonce, bytes calldata ownerSignature)
        private
        returns (Account storage stored)
    {
        stored = _installedAccount(account);
        _useOwnerSignature(stored, nonce, Digests.setting(typeHash, account, nonce), ownerSignature);
    }

    function _useOwnerSignature(
        Account storage stored,
        uint256 nonce,
        bytes32 structHash,
        bytes calldata ownerSignature
    ) private {
        uint64 due = stored.configurationNonce;
        if (nonce != due) revert ConfigurationNonceMismatch(nonce, due);
        if (!OwnerSignature.signed(
                _record(_head(stored)).owner(), _hashTypedData(structHash), ownerSignature
            )) {
            revert InvalidOwnerSignature();
        }
        stored.configurationNonce = due + 1;
    }

    /// @dev The attestation of a setting is a suffix with nothing before it, no sequence and no cost.
    function _requireQuorum(Account storage stored, bytes32 action, bytes calldata attestation)
        private
        view
    {
        (Attested attested, bytes calldata bounds, bytes calldata signatures) =
            AttestationRules.decodeAlone(attestation);
        Head head = _head(stored);
        if (!_verify(head, _record(head), attested, action, bounds, signatures)) {
            revert InvalidQuorum();
        }
        AttestationRules.checkOpen(attested);
    }
}
