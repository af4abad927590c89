// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {GuardState} from "../interfaces/GuardedTypes.sol";
import {IWritSafeGuard} from "../interfaces/IWritSafeGuard.sol";
import {Configuration, Mode, PolicyReference} from "../interfaces/WritTypes.sol";
import {ConfigurationRules} from "../libraries/ConfigurationRules.sol";
import {Domain} from "../libraries/Domain.sol";
import {Flags} from "../libraries/Flags.sol";
import {Head} from "../libraries/Head.sol";
import {SafeSlots} from "../libraries/SafeSlots.sol";
import {SettingsState} from "../libraries/Settings.sol";
import {ISafe} from "./ISafe.sol";
import {SafeState} from "./SafeState.sol";
import {WritSafeStorage} from "./WritSafeStorage.sol";

/// @title Who may change what of a guarded Safe
/// @notice The Safe itself, which is its owners: every function here is about the sender, except where it says a Safe. The guard
/// lets owners' transactions that call them pass without attestation, whatever state the operators are in.
abstract contract WritSafeSettings is WritSafeStorage, IWritSafeGuard {
    /// @inheritdoc IWritSafeGuard
    /// @dev 7562: not called in validation.
    function configure(
        Configuration calldata next,
        PolicyReference[] calldata policies,
        bytes calldata attestation
    ) external {
        SettingsState storage settings = safes[msg.sender].settings;
        ConfigurationRules.checkGuarded(next, policies);
        uint64 nonce = settings.configurationNonce++;
        if (!_standsAside(settings, settings.head())) {
            return settings.configure(msg.sender, next, policies, nonce, attestation);
        }
        // Nothing is demanded that this could weaken, so it takes effect at once, and ends an exit that has come.
        settings.flags |= uint16(Flags.INSTALLED);
        settings.put(msg.sender, next, policies);
        settings.dropExit(msg.sender);
    }

    /// @inheritdoc IWritSafeGuard
    /// @dev 7562: not called in validation.
    function applyConfiguration(
        address safe,
        Configuration calldata next,
        PolicyReference[] calldata policies
    ) external {
        SettingsState storage settings = _configured(safe);
        settings.takePending(next);
        ConfigurationRules.checkGuarded(next, policies);
        settings.put(safe, next, policies);
    }

    /// @inheritdoc IWritSafeGuard
    /// @dev 7562: not called in validation.
    function cancelConfiguration() external {
        _configured(msg.sender).cancelPending(msg.sender);
    }

    /// @inheritdoc IWritSafeGuard
    /// @dev 7562: not called in validation.
    function revokeAttestations() external {
        emit AttestationsRevoked(msg.sender, ++_configured(msg.sender).revision);
    }

    /// @inheritdoc IWritSafeGuard
    /// @dev 7562: not called in validation.
    function invalidateNonces(address caller, uint256 word, uint256 mask) external {
        safes[msg.sender].nonces[caller][word] |= mask;
        emit NoncesInvalidated(msg.sender, caller, word, mask);
    }

    /// @inheritdoc IWritSafeGuard
    /// @dev 7562: not called in validation.
    function announceExit() external {
        _configured(msg.sender).announceExit(msg.sender);
    }

    /// @inheritdoc IWritSafeGuard
    /// @dev 7562: not called in validation.
    function cancelExit() external {
        _configured(msg.sender).cancelExit(msg.sender);
    }

    /// @inheritdoc IWritSafeGuard
    /// @dev 7562: not called in validation.
    function nonceBitmap(address safe, address caller, uint256 word)
        external
        view
        returns (uint256)
    {
        return safes[safe].nonces[caller][word];
    }

    /// @inheritdoc IWritSafeGuard
    /// @dev 7562: not called in validation.
    function configurationOf(address safe)
        external
        view
        returns (Configuration memory configuration, GuardState memory state)
    {
        SettingsState storage settings = safes[safe].settings;
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

    /// @inheritdoc IWritSafeGuard
    /// @dev 7562: not called in validation.
    function enforcementOf(address safe) external view returns (bool transactions, bool modules) {
        SettingsState storage settings = safes[safe].settings;
        Head head = settings.head();
        if (!head.isIn(Mode.Enforce) || settings.exited(head)) return (false, false);
        transactions =
            SafeState.word(safe, SafeSlots.GUARD) == bytes32(uint256(uint160(address(this))));
        // An older Safe asks no module guard, whatever lies in that slot; of a newer one nothing is known here.
        modules = SafeState.word(safe, SafeSlots.MODULE_GUARD)
                == bytes32(uint256(uint160(address(this))))
            && keccak256(bytes(ISafe(safe).VERSION())) == keccak256("1.5.0");
    }

    /// @inheritdoc IWritSafeGuard
    /// @dev 7562: no storage.
    function domainSeparator() external view returns (bytes32) {
        return Domain.separator();
    }

    /// @dev Whether a call of the owners' to this contract changes settings, for which no operator is needed.
    function _isSetting(bytes4 selector) internal pure returns (bool) {
        return selector == IWritSafeGuard.configure.selector
            || selector == IWritSafeGuard.applyConfiguration.selector
            || selector == IWritSafeGuard.cancelConfiguration.selector
            || selector == IWritSafeGuard.revokeAttestations.selector
            || selector == IWritSafeGuard.invalidateNonces.selector
            || selector == IWritSafeGuard.announceExit.selector
            || selector == IWritSafeGuard.cancelExit.selector;
    }

    function _configured(address safe) private view returns (SettingsState storage settings) {
        settings = safes[safe].settings;
        if (settings.revision == 0) revert NotInstalled(safe);
    }
}
