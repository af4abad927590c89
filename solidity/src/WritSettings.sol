// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {WritVerifier} from "./WritVerifier.sol";
import {IWritModule} from "./interfaces/IWritModule.sol";
import {IWritOperatorRegistry} from "./interfaces/IWritOperatorRegistry.sol";
import {AccountState, Configuration, PolicyReference} from "./interfaces/WritTypes.sol";
import {AttestationRules} from "./libraries/AttestationRules.sol";
import {Attested} from "./libraries/Attested.sol";
import {ConfigurationRules} from "./libraries/ConfigurationRules.sol";
import {Digests} from "./libraries/Digests.sol";
import {Domain} from "./libraries/Domain.sol";
import {Epochs} from "./libraries/Epochs.sol";
import {Flags} from "./libraries/Flags.sol";
import {Frames} from "./libraries/Frames.sol";
import {Head} from "./libraries/Head.sol";
import {Kinds} from "./libraries/Kinds.sol";
import {Operations} from "./libraries/Operations.sol";
import {Owners} from "./libraries/Owners.sol";
import {Questions} from "./libraries/Questions.sol";
import {Record, Records} from "./libraries/Records.sol";
import {SettingsState} from "./libraries/Settings.sol";
import {Suffix} from "./libraries/Suffix.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    MODULE_TYPE_HOOK,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @title Installation of the module, and who may change what
/// @notice The owner strengthens at once. Weakening needs a quorum's attestation or the exit delay, and leaving needs the
/// exit delay only. No setting looks at its caller: an attested call authorizes none of them.
/// @dev Runs by delegatecall of `WritModule`, whose storage and address it has. Called itself it changes nothing that anybody
/// reads. `IWritModule` says what the functions do.
contract WritSettings is WritVerifier {
    /// @dev Gas for asking the account what it still has installed; removal never depends on the answer.
    uint256 private constant QUESTION_GAS = 50_000;

    /// @notice The longest validity window of an attestation, in seconds.
    uint48 public constant MAX_VALIDITY = AttestationRules.MAX_VALIDITY;

    // ------------------------------------------------------------------ installation

    /// @notice As validator: `abi.encode(Configuration, PolicyReference[])`, canonically, or `abi.encode(address)` of a
    /// published record. As hook, afterwards: empty, or one zero byte by an account under construction, which cannot be asked
    /// of which kind it is and says that it is of the plain one.
    /// @dev 7562: writes slots associated with the account. With a record that is all, beside reading the record's code and
    /// asking the account what it is, so that the operation which deploys an account can install the module as well. A whole
    /// configuration is checked and written: NUMBER, CREATE2, a registry's storage, for installing in execution.
    function onInstall(bytes calldata data) external {
        Account storage account = accounts[msg.sender];
        SettingsState storage settings = account.settings;
        if (data.length < 2) return _installHook(account, data);
        if (settings.flags & Flags.INSTALLED != 0) revert AlreadyInstalled(msg.sender);
        // An announcement of an earlier life must not be waiting when this one begins.
        settings.dropExit(msg.sender);
        settings.flags |= uint16(Flags.INSTALLED);
        if (data.length == 32) return _installRecord(settings, abi.decode(data, (address)));

        (Configuration memory next, PolicyReference[] memory policies) =
            abi.decode(data, (Configuration, PolicyReference[]));
        if (keccak256(abi.encode(next, policies)) != keccak256(data)) {
            revert MalformedInstallation();
        }
        ConfigurationRules.check(next, policies);
        settings.put(msg.sender, next, policies);
    }

    /// @notice Never refuses. Under enforcement the frame that removes the module without an elapsed exit is refused as a
    /// whole by `postCheck`.
    /// @dev 7562: not called in validation. The data is ignored: the account says itself what it has left.
    function onUninstall(bytes calldata) external {
        Account storage account = accounts[msg.sender];
        SettingsState storage settings = account.settings;
        uint16 flags = settings.flags;
        uint16 left = flags;
        // Every account removes a module before it tells the module so. What does not answer has removed it.
        if (flags & Flags.INSTALLED != 0 && !_reports(account, MODULE_TYPE_VALIDATOR)) {
            left &= ~uint16(Flags.INSTALLED);
        }
        if (flags & Flags.HOOK != 0 && !_reports(account, MODULE_TYPE_HOOK)) {
            left &= ~uint16(Flags.HOOK);
        }
        // An account that removes after this call, or calls without removing: both roles end.
        if (left == flags) left &= ~uint16(Flags.INSTALLED | Flags.HOOK);
        if (left == flags) return;

        settings.flags = left;
        uint64 revision = ++settings.revision;
        if (left & Flags.INSTALLED == 0) {
            if (flags & Flags.INSTALLED != 0) ++account.removals;
            settings.dropPending(msg.sender);
            settings.dropExit(msg.sender);
        }
        emit IWritModule.Removed(
            msg.sender, revision, left & Flags.INSTALLED != 0, left & Flags.HOOK != 0
        );
    }

    /// @notice As `IWritModule` says.
    /// @dev 7562: not called in validation.
    function publish(Configuration calldata configuration, PolicyReference[] calldata policies)
        external
        returns (address record)
    {
        ConfigurationRules.check(configuration, policies);
        record = Records.write(configuration);
        // Published again it is logged again, for whoever cannot look that far back.
        publishedAt[record] = uint48(block.number);
        emit IWritModule.ConfigurationPublished(
            configuration.policy, record, configuration, policies
        );
    }

    // ------------------------------------------------------------------ settings

    /// @notice As `IWritModule` says.
    /// @dev 7562: not called in validation.
    function configure(
        address account,
        Configuration calldata next,
        PolicyReference[] calldata policies,
        uint256 nonce,
        bytes calldata ownerSignature,
        bytes calldata attestation
    ) external {
        SettingsState storage settings = _installed(account);
        bytes32 digest = Digests.configure(account, Digests.configurationHash(next), nonce);
        _useOwnerSignature(settings, nonce, digest, ownerSignature);
        ConfigurationRules.check(next, policies);
        settings.configure(account, next, policies, uint64(nonce), attestation);
    }

    /// @notice As `IWritModule` says.
    /// @dev 7562: not called in validation.
    function applyConfiguration(
        address account,
        Configuration calldata next,
        PolicyReference[] calldata policies
    ) external {
        SettingsState storage settings = _installed(account);
        settings.takePending(next);
        Configuration memory checked = next;
        Configuration memory current = settings.loadRecord().configuration();
        // A registry may have been followed since: nobody goes back to a former epoch by having scheduled something in time.
        if (
            checked.registry != address(0) && checked.registry == current.registry
                && checked.epoch < current.epoch
        ) Epochs.move(checked, current.epoch);
        ConfigurationRules.check(checked, policies);
        settings.put(account, checked, policies);
    }

    /// @notice As `IWritModule` says.
    /// @dev 7562: not called in validation.
    function cancelConfiguration(address account, uint256 nonce, bytes calldata ownerSignature)
        external
    {
        _set(account, Digests.CANCEL_CONFIGURATION_TYPEHASH, nonce, ownerSignature)
            .cancelPending(account);
    }

    /// @notice As `IWritModule` says.
    /// @dev 7562: not called in validation.
    function announceExit(address account, uint256 nonce, bytes calldata ownerSignature) external {
        _set(account, Digests.ANNOUNCE_EXIT_TYPEHASH, nonce, ownerSignature).announceExit(account);
    }

    /// @notice As `IWritModule` says.
    /// @dev 7562: not called in validation.
    function cancelExit(address account, uint256 nonce, bytes calldata ownerSignature) external {
        _set(account, Digests.CANCEL_EXIT_TYPEHASH, nonce, ownerSignature).cancelExit(account);
    }

    /// @notice As `IWritModule` says.
    /// @dev 7562: not called in validation.
    function sync(address account, uint64 epoch) external {
        SettingsState storage settings = _installed(account);
        Account storage stored = accounts[account];
        Head head = settings.head();
        Configuration memory next = _record(head).configuration();
        if (next.registry == address(0)) revert FollowsNoRegistry(account);
        if (epoch <= next.epoch) revert EpochNotNewer(epoch, next.epoch);

        uint64 formerEpoch = next.epoch;
        uint256 publicFrom = Epochs.move(next, epoch);
        // Longer than its owner would need to leave.
        if (block.timestamp <= publicFrom + next.exitDelay) {
            revert NotReady(uint48(publicFrom + next.exitDelay + 1), block.timestamp);
        }
        ConfigurationRules.checkSet(next);

        uint256 grace = IWritOperatorRegistry(next.registry).grace();
        if (grace > AttestationRules.MAX_VALIDITY) grace = AttestationRules.MAX_VALIDITY;
        stored.formerRecord = head.record();
        stored.formerOperators = head.operators();
        stored.formerUntil = uint48(block.timestamp + grace);

        if (settings.configuredAt == 0) settings.configuredAt = publishedAt[head.record()];
        address record = Records.write(next);
        settings.record = record;
        settings.operators = uint8(Records.operatorsOf(record));
        settings.threshold = next.threshold;
        settings.flags |= uint16(Flags.FORMER);
        emit IWritModule.EpochFollowed(account, formerEpoch, epoch, stored.formerUntil, next);
    }

    // ------------------------------------------------------------------ views

    /// @notice As `IWritModule` says.
    /// @dev 7562: reads a slot associated with the account.
    function isInitialized(address account) external view returns (bool) {
        return accounts[account].settings.flags & (Flags.INSTALLED | Flags.HOOK) != 0;
    }

    /// @notice As `IWritModule` says.
    /// @dev 7562: not called in validation.
    function configurationOf(address account)
        external
        view
        returns (Configuration memory configuration, AccountState memory state)
    {
        Account storage stored = accounts[account];
        SettingsState storage settings = stored.settings;
        Head head = settings.head();
        configuration = _record(head).configuration();

        state.revision = settings.revision;
        state.sequence = stored.sequence;
        state.configuredAt = settings.configuredAt;
        if (state.configuredAt == 0) state.configuredAt = publishedAt[head.record()];
        state.lastOutflowBlock = stored.lastOutflowBlock;
        state.configurationNonce = settings.configurationNonce;
        state.exitAt = settings.exitAt;
        state.pendingConfiguration = settings.pendingConfiguration;
        state.pendingReadyAt = settings.pendingReadyAt;
        state.validatorInstalled = head.has(Flags.INSTALLED);
        state.hookInstalled = head.has(Flags.HOOK);
        if (head.has(Flags.FORMER)) state.formerUntil = stored.formerUntil;
    }

    /// @notice As `IWritModule` says.
    /// @dev 7562: reads a slot associated with the account.
    function removalsOf(address account) external view returns (uint64) {
        return accounts[account].removals;
    }

    /// @notice As `IWritModule` says.
    /// @dev 7562: reads transient storage associated with the account.
    function isExecuting(address account) external view returns (bool) {
        return Frames.commitment(accounts[account]) != 0;
    }

    /// @notice As `IWritModule` says.
    /// @dev 7562: no storage.
    function domainSeparator() external view returns (bytes32) {
        return Domain.separator();
    }

    /// @notice As `IWritModule` says.
    /// @dev 7562: as `validateUserOp`, without transient storage.
    function checkAttestation(PackedUserOperation calldata userOp)
        external
        view
        returns (bool valid)
    {
        Account storage account = accounts[userOp.sender];
        Head head = account.settings.head();
        if (!head.has(Flags.INSTALLED)) revert NotInstalled(userOp.sender);
        (bool attached,, bytes calldata body) = Suffix.split(Operations.signature(userOp));
        if (!attached) revert AttestationRequired();
        (Attested attested, bytes calldata bounds, bytes calldata signatures) = Suffix.decode(body);
        (valid,) =
            _verifyOperation(account, head, _record(head), userOp, attested, bounds, signatures);
    }

    /// @notice Refused whatever it is: a signature that moves funds outside of an attested execution defeats the policy.
    /// @dev 7562: no storage. Never reverts, also for ERC-7739's detection call.
    function isValidSignatureWithSender(address, bytes32, bytes calldata)
        external
        pure
        returns (bytes4)
    {
        return 0xffffffff;
    }

    /// @notice Validator and hook.
    /// @dev 7562: no storage.
    function isModuleType(uint256 moduleTypeId) external pure returns (bool) {
        return moduleTypeId == MODULE_TYPE_VALIDATOR || moduleTypeId == MODULE_TYPE_HOOK;
    }

    // ------------------------------------------------------------------ steps

    function _installHook(Account storage account, bytes calldata data) private {
        SettingsState storage settings = account.settings;
        uint256 flags = settings.flags;
        if (flags & Flags.INSTALLED == 0) revert ValidatorFirst(msg.sender);
        if (flags & Flags.HOOK != 0) revert AlreadyInstalled(msg.sender);
        if (data.length == 1 && data[0] != 0) revert MalformedInstallation();
        // What the hook of this kind sees matters from here on. Whoever says wrongly that it is plain finds no ticket.
        uint8 kind = data.length == 0 ? Kinds.kindOf(msg.sender) : Kinds.PLAIN;
        account.kind = kind;
        flags = (flags | Flags.HOOK) & ~Flags.ADAPTED;
        settings.flags = uint16(kind == Kinds.PLAIN ? flags : flags | Flags.ADAPTED);
    }

    /// @dev What it was checked against when it was written holds ever after; what a registry says meanwhile is for `sync`.
    function _installRecord(SettingsState storage settings, address record) private {
        if (!Records.isOwn(record)) revert RecordNotPublished(record);
        Configuration memory next = Records.load(record, 0).configuration();
        uint64 revision = settings.adopt(msg.sender, next, record);
        settings.configuredAt = 0;
        emit IWritModule.RecordInstalled(msg.sender, revision, record);
    }

    /// @dev Whether the calling account still says that it has the module in a role.
    function _reports(Account storage account, uint256 moduleType) private view returns (bool) {
        if (Questions.isInstalled(msg.sender, moduleType, QUESTION_GAS)) return true;
        return moduleType == MODULE_TYPE_HOOK
            && _isAdaptedHook(account, account.settings.head(), QUESTION_GAS);
    }

    function _installed(address account) private view returns (SettingsState storage settings) {
        settings = accounts[account].settings;
        if (settings.flags & Flags.INSTALLED == 0) revert NotInstalled(account);
    }

    function _set(address account, bytes32 typeHash, uint256 nonce, bytes calldata ownerSignature)
        private
        returns (SettingsState storage settings)
    {
        settings = _installed(account);
        bytes32 digest = Digests.setting(typeHash, account, nonce);
        _useOwnerSignature(settings, nonce, digest, ownerSignature);
    }

    function _useOwnerSignature(
        SettingsState storage settings,
        uint256 nonce,
        bytes32 structHash,
        bytes calldata ownerSignature
    ) private {
        uint64 due = settings.configurationNonce;
        if (nonce != due) revert ConfigurationNonceMismatch(nonce, due);
        // Used up before the owner's validator, which is foreign code, is asked.
        settings.configurationNonce = due + 1;
        Head head = settings.head();
        if (!Owners.signed(head, _record(head), Domain.digest(structHash), ownerSignature)) {
            revert InvalidOwnerSignature();
        }
    }
}
