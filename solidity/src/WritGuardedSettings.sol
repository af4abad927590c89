// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {WritGuardedStorage} from "./WritGuardedStorage.sol";
import {GuardState} from "./interfaces/GuardedTypes.sol";
import {IWritGuarded} from "./interfaces/IWritGuarded.sol";
import {Configuration, PolicyReference} from "./interfaces/WritTypes.sol";
import {Attestations} from "./libraries/Attestations.sol";
import {Attested} from "./libraries/Attested.sol";
import {ConfigurationRules} from "./libraries/ConfigurationRules.sol";
import {Domain} from "./libraries/Domain.sol";
import {Flags} from "./libraries/Flags.sol";
import {Head} from "./libraries/Head.sol";
import {Record, Records} from "./libraries/Records.sol";
import {SettingsState} from "./libraries/Settings.sol";

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
        SettingsState storage settings = _writGuard().settings;
        if (settings.revision != 0) revert AlreadyInstalled(address(this));
        ConfigurationRules.checkGuarded(first, policies);
        settings.flags = uint16(Flags.INSTALLED);
        settings.put(address(this), first, policies);
    }

    /// @inheritdoc IWritGuarded
    /// @dev 7562: not called in validation.
    function configureWrit(
        Configuration calldata next,
        PolicyReference[] calldata policies,
        bytes calldata attestation
    ) external {
        SettingsState storage settings = _writAuthorized();
        ConfigurationRules.checkGuarded(next, policies);
        settings.configure(
            address(this), next, policies, settings.configurationNonce++, attestation
        );
    }

    /// @inheritdoc IWritGuarded
    /// @dev 7562: not called in validation.
    function applyWritConfiguration(
        Configuration calldata next,
        PolicyReference[] calldata policies
    ) external {
        SettingsState storage settings = _writInstalled().settings;
        settings.takePending(next);
        ConfigurationRules.checkGuarded(next, policies);
        settings.put(address(this), next, policies);
    }

    /// @inheritdoc IWritGuarded
    /// @dev 7562: not called in validation.
    function cancelWritConfiguration() external {
        _writAuthorized().cancelPending(address(this));
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
        _writAuthorized().announceExit(address(this));
    }

    /// @inheritdoc IWritGuarded
    /// @dev 7562: not called in validation.
    function cancelWritExit() external {
        _writAuthorized().cancelExit(address(this));
    }

    /// @inheritdoc IWritGuarded
    /// @dev 7562: not called in validation.
    function writConfiguration()
        external
        view
        returns (Configuration memory configuration, GuardState memory state)
    {
        SettingsState storage settings = _writGuard().settings;
        configuration = settings.loadRecord().configuration();
        state = GuardState(
            settings.revision,
            settings.configurationNonce,
            settings.configuredAt,
            settings.exitAt,
            settings.pendingConfiguration,
            settings.pendingReadyAt
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
        emit AttestationsRevoked(++_writGuard().settings.revision);
    }

    /// @dev Refuses unless the quorum of the configuration in force attested the action, for now.
    function _writRequireQuorum(Head head, bytes32 action, bytes calldata attestation)
        internal
        view
        returns (Attested given, bytes calldata bounds)
    {
        Record record = Records.load(head.record(), head.operators());
        return Attestations.requireAlone(head, record, action, attestation);
    }

    /// @dev The guard, if it was ever configured.
    function _writInstalled() internal view returns (Guard storage guard) {
        guard = _writGuard();
        if (guard.settings.revision == 0) revert NotInstalled(address(this));
    }

    function _writAuthorized() private returns (SettingsState storage) {
        _authorizeWrit(msg.sender);
        return _writInstalled().settings;
    }
}
