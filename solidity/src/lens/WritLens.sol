// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {GuardState} from "../interfaces/GuardedTypes.sol";
import {IWritModule} from "../interfaces/IWritModule.sol";
import {AccountState, Configuration} from "../interfaces/WritTypes.sol";
import {Asking} from "./Asking.sol";
import {ConfigurationRows} from "./ConfigurationRows.sol";
import {Findings} from "./Findings.sol";
import {
    EnforcementPath,
    Evidence,
    IWritLens,
    KnownKind,
    Report,
    Verdict,
    Vouched
} from "./IWritLens.sol";
import {KernelRows} from "./KernelRows.sol";
import {Known, KnownAccounts, ProxyKind} from "./KnownAccounts.sol";
import {ModularRows} from "./ModularRows.sol";
import {SafeRows} from "./SafeRows.sol";
import {Subject} from "./Subject.sol";
import {ERC4337Utils} from "@openzeppelin/contracts/account/utils/ERC4337Utils.sol";
import {IERC7579AccountConfig} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @dev What the accounts themselves tell that contradicts or completes what their code says.
interface ITellsItself {
    function entryPoint() external view returns (address);
    function getImplementation() external view returns (address);
    function masterCopy() external view returns (address);
}

/// @dev What the guard of a Safe keeps of it.
interface IGuardState {
    function configurationOf(address safe)
        external
        view
        returns (Configuration memory configuration, GuardState memory state);
}

/// @title WritLens
/// @notice Says what can go around the module on an account. It has no state, no owner and no trust in what it asks: an
/// account that runs unknown code is not asked at all, since its answers would prove nothing.
///
/// A row is closed under the condition that the others are: where the account has no hook, the row of the hook is open, and
/// the rows that the hook closes stay as they are. `enforced` is what counts.
contract WritLens is IWritLens {
    using Findings for Report;

    uint256 private constant MOST = 64;
    /// @dev For the record of a configuration with the largest operator set, several times over.
    uint256 private constant CONFIGURATION_GAS = 3_000_000;

    /// @inheritdoc IWritLens
    function verifyEnforcement(address account, address module, Evidence calldata evidence)
        external
        view
        returns (Report memory report)
    {
        _checkLists(evidence);
        report.begin();
        Subject memory s;
        (s.account, s.module, s.evidence) = (account, module, evidence);
        address delegate = KnownAccounts.delegateOf(account);
        if (delegate == address(0)) report.none(EnforcementPath.RootKey);
        else report.open(EnforcementPath.RootKey, delegate);
        _identify(report, s, delegate);

        _readConfiguration(s, report.kind);
        ConfigurationRows.fill(report, s);
        if (report.kind == KnownKind.Unknown) {
            ConfigurationRows.denied(report, s);
            return report;
        }
        if (report.kind == KnownKind.Safe) {
            SafeRows.alone(report);
        } else {
            ConfigurationRows.entryPoint(report, s);
            if (report.kind == KnownKind.Kernel) KernelRows.fill(report, s);
            else ModularRows.fill(report, s);
        }
        if (report.kind == KnownKind.Safe || report.kind == KnownKind.Safe7579) {
            SafeRows.fill(report, s);
        } else {
            SafeRows.noSafe(report);
        }
        report.enforced = report.allClosed();
    }

    /// @notice What a module tells of an account, decoded. The lens asks itself, so that an answer of another form is none.
    /// @dev 7562: not for validation. Reverts with whatever the module reverts with.
    function readConfiguration(address module, address account)
        external
        view
        returns (Configuration memory configuration, AccountState memory state)
    {
        return IWritModule(module).configurationOf(account);
    }

    /// @notice The same of a guard, which keeps the configuration of a Safe without adapter.
    /// @dev 7562: not for validation. Reverts with whatever the guard reverts with.
    function readGuard(address guard, address safe)
        external
        view
        returns (Configuration memory configuration, GuardState memory state)
    {
        return IGuardState(guard).configurationOf(safe);
    }

    function _readConfiguration(Subject memory s, KnownKind kind) private view {
        if (kind == KnownKind.Safe) {
            try this.readGuard{gas: CONFIGURATION_GAS}(s.evidence.guard, s.account) returns (
                Configuration memory configuration, GuardState memory state
            ) {
                (s.told, s.configuration) = (true, configuration);
                s.state.exitAt = state.exitAt;
                s.state.pendingConfiguration = state.pendingConfiguration;
            } catch {
                s.told = false;
            }
            return;
        }
        try this.readConfiguration{gas: CONFIGURATION_GAS}(s.module, s.account) returns (
            Configuration memory configuration, AccountState memory state
        ) {
            (s.told, s.configuration, s.state) = (true, configuration, state);
        } catch {
            s.told = false;
        }
    }

    function _checkLists(Evidence calldata evidence) private pure {
        _checkCount(evidence.validators.length);
        _checkCount(evidence.permissions.length);
        _checkCount(evidence.executors.length);
        _checkCount(evidence.handlers.length);
        _checkCount(evidence.selectors.length);
        _checkCount(evidence.vouched.length);
        // One that is given twice would count for two.
        for (uint256 i = 1; i < evidence.selectors.length; ++i) {
            if (evidence.selectors[i] <= evidence.selectors[i - 1]) {
                revert SelectorsNotAscending(i);
            }
        }
    }

    function _checkCount(uint256 count) private pure {
        if (count > MOST) revert TooManyCandidates(count, MOST);
    }

    /// @dev What the account runs. Leaves the kind unknown where anything does not fit.
    function _identify(Report memory report, Subject memory s, address delegate) private view {
        address target = _target(report, s, delegate);
        report.implementation = target;
        report.set(EnforcementPath.AccountCode, Verdict.Unverifiable, target);
        if (target.code.length == 0) return;
        report.codeHash = target.codehash;

        Known memory known = KnownAccounts.find(target);
        if (known.kind == KnownKind.Unknown) {
            known.kind = _vouched(s.evidence, target.codehash);
            // That is the kind of an adapter.
            if (known.kind == KnownKind.Safe7579) return;
            report.vouched = known.kind != KnownKind.Unknown;
        }
        if (known.kind == KnownKind.Safe) {
            (bool answered, address handler) = SafeRows.handlerOf(s.account);
            if (!answered) return;
            if (KnownAccounts.isSafe7579(handler)) {
                known.kind = KnownKind.Safe7579;
                known.entryPoint = address(ERC4337Utils.ENTRYPOINT_V07);
            } else if (_vouched(s.evidence, handler.codehash) == KnownKind.Safe7579) {
                known.kind = KnownKind.Safe7579;
                report.vouched = true;
            }
            if (known.kind == KnownKind.Safe7579) s.adapter = handler;
        }
        if (known.kind == KnownKind.Unknown) return;
        if (!report.vouched && !_saysTheSame(s.account, known.kind, target)) return;

        report.kind = known.kind;
        (s.entryPoint, s.guardsModules) = (known.entryPoint, known.guardsModules);
        if (report.vouched && known.entryPoint == address(0)) {
            (, s.entryPoint) =
                Asking.addressOf(s.account, abi.encodeCall(ITellsItself.entryPoint, ()));
        }
        report.closed(EnforcementPath.AccountCode);
    }

    function _target(Report memory report, Subject memory s, address delegate)
        private
        view
        returns (address target)
    {
        if (delegate != address(0)) return delegate;
        ProxyKind proxy = KnownAccounts.proxyOf(s.account.codehash);
        if (proxy == ProxyKind.NotKnown) return s.account;
        if (proxy == ProxyKind.Erc1967) {
            report.implementationFromCaller = true;
            return s.evidence.implementation;
        }
        (, target) = Asking.addressOf(s.account, abi.encodeCall(ITellsItself.masterCopy, ()));
    }

    function _vouched(Evidence memory evidence, bytes32 codeHash) private pure returns (KnownKind) {
        for (uint256 i = 0; i < evidence.vouched.length; ++i) {
            Vouched memory one = evidence.vouched[i];
            if (one.codeHash == codeHash) return one.kind;
        }
        return KnownKind.Unknown;
    }

    /// @dev An account that contradicts what it is said to run runs something else: the caller's reading is stale, or false.
    function _saysTheSame(address account, KnownKind kind, address target)
        private
        view
        returns (bool)
    {
        if (kind == KnownKind.Safe) return true;
        (bool answered, bytes memory id) =
            Asking.answer(account, abi.encodeCall(IERC7579AccountConfig.accountId, ()), 128);
        if (!answered || keccak256(id) != keccak256(abi.encode(_idOf(kind)))) return false;
        if (kind != KnownKind.Nexus) return true;
        address implementation;
        (answered, implementation) =
            Asking.addressOf(account, abi.encodeCall(ITellsItself.getImplementation, ()));
        // An EIP-7702 account has no such slot.
        return answered && (implementation == target || implementation == address(0));
    }

    function _idOf(KnownKind kind) private pure returns (string memory) {
        if (kind == KnownKind.Reference) return "uMSA.advanced/withHook.v0.1";
        if (kind == KnownKind.Nexus) return "biconomy.nexus.1.0.0";
        if (kind == KnownKind.Safe7579) return "rhinestone.safe7579.v1.0.0";
        return "kernel.advanced.v0.3.1";
    }
}
