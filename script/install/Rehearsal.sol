// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {BuiltIn} from "./BuiltIn.sol";
import {InstallKinds} from "./InstallKinds.sol";
import {IInstall, Kind, Plan, Target} from "./Plan.sol";
import {IEntryPoint, PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {CommonBase} from "forge-std/Base.sol";
import {Vm} from "forge-std/Vm.sol";
import {IRootConsents} from "writ/interfaces/IRootConsents.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";
import {AccountState, Configuration} from "writ/interfaces/WritTypes.sol";

interface IEntryPointHash is IEntryPoint {
    event UserOperationEvent(
        bytes32 indexed userOpHash,
        address indexed sender,
        address indexed paymaster,
        uint256 nonce,
        bool success,
        uint256 actualGasCost,
        uint256 actualGasUsed
    );

    function getUserOpHash(PackedUserOperation calldata userOp) external view returns (bytes32);
}

/// @notice What was seen in a rehearsal.
struct Outcome {
    /// What the module and the account say after the installation.
    Configuration configuration;
    AccountState state;
    bool validator;
    bool hook;
    /// Whether the operation without attestation was included and did what it should.
    bool ran;
    /// Whether validator and hook logged that Enforce would refuse it.
    bool validatorWarned;
    bool hookWarned;
    /// What the EntryPoint refused it with.
    bytes reason;
}

/// @title Installs, sends an operation that no quorum attested, and tells what happened, all of it undone
contract Rehearsal is CommonBase {
    /// @dev How everything ends, so that nothing of it stays.
    error Seen(Outcome outcome);

    address private constant IDLE = 0x000000000000000000000000000000000000dEaD;
    address payable private constant BUNDLER = payable(0x00000000000000000000000000000000b00D1ee5);

    /// @notice Reverts with `Seen`, or with what the account refused the installation with.
    /// @param key What the owner signs the operation with; zero: nothing that counts.
    function rehearse(Plan calldata plan, Target calldata t, uint256 key) external {
        if (plan.calls.length != 0) _install(plan, t);
        Outcome memory outcome;
        (outcome.validator, outcome.hook) = InstallKinds.roles(plan.kind, t);
        (outcome.configuration, outcome.state) = IWritModule(t.module).configurationOf(t.account);
        _operate(plan.kind, t, key, outcome);
        revert Seen(outcome);
    }

    function _install(Plan calldata plan, Target calldata t) private {
        if (plan.kind == Kind.Delegate) vm.etch(t.account, BuiltIn.delegation(t.implementation));
        if (plan.kind == Kind.Delegate && t.consent.length == 0) return _installConsented(t);
        vm.prank(plan.sender == address(0) ? IDLE : plan.sender);
        (bool success, bytes memory reason) = t.account.call(plan.payload);
        if (!success) revert IInstall.CallFailed(t.account, plan.payload, reason);
    }

    /// @dev What the account's `initializeWrit` does, as if its key had consented.
    function _installConsented(Target calldata t) private {
        vm.prank(t.account);
        IWritModule(t.module).onUninstall("");
        vm.record();
        IRootConsents(t.implementation).consentOf(t.account);
        (bytes32[] memory reads,) = vm.accesses(t.implementation);
        // `given(8) ‖ nonce(64) ‖ removals(64)`, from the lowest bit on.
        uint256 word = uint256(vm.load(t.implementation, reads[0]));
        word &= ~(uint256(type(uint64).max) << 72);
        word |= uint256(IWritModule(t.module).removalsOf(t.account)) << 72 | 1;
        vm.store(t.implementation, reads[0], bytes32(word));
        (bool given,) = IRootConsents(t.implementation).consentOf(t.account);
        if (!given) revert IInstall.NotInstalled("the consent");
        vm.startPrank(t.account);
        IWritModule(t.module).onInstall(abi.encode(t.configuration, t.policies));
        IWritModule(t.module).onInstall("");
        vm.stopPrank();
    }

    /// @dev Without fees, so that it needs no deposit.
    function _operate(Kind kind, Target calldata t, uint256 key, Outcome memory outcome) private {
        IEntryPointHash entryPoint = IEntryPointHash(t.configuration.entryPoint);
        PackedUserOperation[] memory ops = new PackedUserOperation[](1);
        ops[0].sender = t.account;
        ops[0].nonce = entryPoint.getNonce(t.account, InstallKinds.nonceKey(kind, t.module));
        ops[0].callData = InstallKinds.idle(kind, IDLE);
        ops[0].accountGasLimits = bytes32((uint256(2_000_000) << 128) | 1_000_000);
        ops[0].preVerificationGas = 100_000;
        ops[0].signature = new bytes(65);
        if (key != 0) {
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, entryPoint.getUserOpHash(ops[0]));
            ops[0].signature = abi.encodePacked(r, s, v);
        }
        vm.recordLogs();
        vm.prank(BUNDLER, BUNDLER);
        try entryPoint.handleOps(ops, BUNDLER) {
            _read(vm.getRecordedLogs(), t, outcome);
        } catch (bytes memory reason) {
            outcome.reason = reason;
        }
    }

    function _read(Vm.Log[] memory logs, Target calldata t, Outcome memory outcome) private pure {
        bytes32 account = bytes32(uint256(uint160(t.account)));
        for (uint256 i = 0; i < logs.length; ++i) {
            bytes32[] memory topics = logs[i].topics;
            if (topics.length == 0) continue;
            if (
                logs[i].emitter == t.configuration.entryPoint
                    && topics[0] == IEntryPointHash.UserOperationEvent.selector
            ) {
                (, outcome.ran,,) = abi.decode(logs[i].data, (uint256, bool, uint256, uint256));
            } else if (
                logs[i].emitter == t.module && topics[0] == IWritModule.WouldBlock.selector
                    && topics[1] == account
            ) {
                bytes4 reason = abi.decode(logs[i].data, (bytes4));
                if (reason == IWritErrors.AttestationRequired.selector) {
                    outcome.validatorWarned = true;
                }
                if (reason == IWritErrors.NoTicket.selector) outcome.hookWarned = true;
            }
        }
    }
}
