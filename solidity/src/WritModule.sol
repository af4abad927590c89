// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {WritHook} from "./WritHook.sol";
import {WritValidator} from "./WritValidator.sol";
import {IWritModule} from "./interfaces/IWritModule.sol";
import {AccountState, Configuration, PolicyReference} from "./interfaces/WritTypes.sol";
import {ConfigurationRules} from "./libraries/ConfigurationRules.sol";
import {Kinds} from "./libraries/Kinds.sol";
import {Questions} from "./libraries/Questions.sol";
import {
    IERC7579Module,
    MODULE_TYPE_HOOK,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @title WritModule
/// @notice Installed as validator and as hook of an ERC-7579 account, it lets the account execute what its owner signed and
/// a quorum of operators attested, for no longer, no more and nothing else than they attested.
///
/// ```
/// EntryPoint ── validateUserOp ──> account ──> validator: owner, quorum ──> ticket (transient)
/// EntryPoint ── callData ────────> account ──> hook: spends the ticket, measures ──> call ──> measures, bounds
/// ```
///
/// It has no owner, no upgrade and no setting of its own. It trusts the account's code to call it as ERC-7579 says, which
/// is why attestations name the account's code hash.
///
/// What it does not cover:
/// - Another validator of the same account: its operations get no ticket, but before EntryPoint v0.9 an operation that
///   reverts leaves its ticket to any other with the same calldata in that transaction. Under Enforce, be the only one.
/// - Functions of the account that it does not hook: there the calldata is attested, but no bound is measured.
/// - Assets without a bound, and what a paymaster takes on its own account.
/// - Installing inside of a first operation (initCode): it reads NUMBER, creates the record and writes the account's slots,
///   which ERC-7562 allows to staked factories only, if at all. Deploy first.
/// - Other signatures of the account: ERC-1271 is refused through this module, not through others.
/// - What a kind of account has beside ERC-7579, as the owners' transactions of a Safe: docs/accounts.md lists it by kind.
contract WritModule is WritValidator, WritHook {
    /// @dev Gas for asking the account what it still has installed; removal never depends on the answer.
    uint256 private constant QUESTION_GAS = 50_000;

    /// @inheritdoc IERC7579Module
    /// @notice As validator: `abi.encode(Configuration, PolicyReference[])`, canonically. As hook, afterwards: empty.
    /// @dev 7562: writes slots associated with the account, reads the operator set's code; NUMBER and CREATE2, so that
    /// installing inside of validation (initCode) is for bundlers that permit it.
    function onInstall(bytes calldata data) external {
        Account storage account = accounts[msg.sender];
        if (data.length == 0) {
            if (account.flags & VALIDATOR == 0) revert ValidatorFirst(msg.sender);
            if (account.flags & HOOK != 0) revert AlreadyInstalled(msg.sender);
            // What the hook of this kind sees matters from here on.
            uint8 kind = Kinds.kindOf(msg.sender);
            account.kind = kind;
            uint8 flags = (account.flags | HOOK) & ~ADAPTED;
            account.flags = kind == Kinds.PLAIN ? flags : flags | ADAPTED;
            return;
        }
        if (account.flags & VALIDATOR != 0) revert AlreadyInstalled(msg.sender);
        (Configuration memory next, PolicyReference[] memory policies) =
            abi.decode(data, (Configuration, PolicyReference[]));
        if (keccak256(abi.encode(next, policies)) != keccak256(data)) {
            revert MalformedInstallation();
        }
        ConfigurationRules.check(next, policies);
        // An announcement of an earlier life must not be waiting when this one begins.
        _dropExit(msg.sender, account);
        account.flags |= VALIDATOR;
        _apply(msg.sender, next, policies);
    }

    /// @inheritdoc IERC7579Module
    /// @notice Never refuses. Under enforcement the frame that removes the module without an elapsed exit is refused as a
    /// whole by `postCheck`.
    /// @dev 7562: not called in validation. The data is ignored: the account says itself what it has left.
    function onUninstall(bytes calldata) external {
        Account storage account = accounts[msg.sender];
        uint8 flags = account.flags;
        uint8 left = flags;
        // Every account removes a module before it tells the module so. What does not answer has removed it.
        if (flags & VALIDATOR != 0 && !_reports(account, MODULE_TYPE_VALIDATOR)) {
            left &= ~VALIDATOR;
        }
        if (flags & HOOK != 0 && !_reports(account, MODULE_TYPE_HOOK)) left &= ~HOOK;
        // An account that removes after this call, or calls without removing: both roles end.
        if (left == flags) left &= ~(VALIDATOR | HOOK);
        if (left == flags) return;

        account.flags = left;
        uint64 revision = ++account.revision;
        if (left & VALIDATOR == 0) {
            _dropPending(msg.sender, account);
            _dropExit(msg.sender, account);
        }
        emit Removed(msg.sender, revision, left & VALIDATOR != 0, left & HOOK != 0);
    }

    /// @inheritdoc IERC7579Module
    /// @dev 7562: no storage.
    function isModuleType(uint256 moduleTypeId) external pure returns (bool) {
        return moduleTypeId == MODULE_TYPE_VALIDATOR || moduleTypeId == MODULE_TYPE_HOOK;
    }

    /// @inheritdoc IWritModule
    /// @dev 7562: reads a slot associated with the account.
    function isInitialized(address account) external view returns (bool) {
        return accounts[account].flags & (VALIDATOR | HOOK) != 0;
    }

    /// @inheritdoc IWritModule
    /// @dev 7562: reads slots associated with the account.
    function configurationOf(address account)
        external
        view
        returns (Configuration memory configuration, AccountState memory state)
    {
        Account storage stored = accounts[account];
        return (_configuration(stored), _state(stored));
    }

    /// @inheritdoc IWritModule
    /// @dev 7562: no storage.
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparator();
    }

    /// @dev Whether the calling account still says that it has the module in a role.
    function _reports(Account storage account, uint256 moduleType) private view returns (bool) {
        if (Questions.isInstalled(msg.sender, moduleType, QUESTION_GAS)) return true;
        return
            moduleType == MODULE_TYPE_HOOK && _isAdaptedHook(account, _head(account), QUESTION_GAS);
    }
}
