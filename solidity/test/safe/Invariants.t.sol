// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {SlotWriter} from "../mocks/Mocks.sol";
import {Decision} from "../utils/Attestor.sol";
import {Safes} from "../utils/Safes.sol";
import {SafeTest, SafeTx} from "./SafeTest.sol";
import {Vm} from "forge-std/Vm.sol";
import {IWritSafeGuard} from "writ/interfaces/IWritSafeGuard.sol";
import {SafeCall} from "writ/interfaces/SafeTypes.sol";
import {Configuration} from "writ/interfaces/WritTypes.sol";

/// @notice Does at random what owners, modules, operators and thieves do to one Safe, and counts what should come of it.
/// @dev The actors are the test contract itself, so that each call that they make is a transaction.
contract SafeInvariantsTest is SafeTest {
    SlotWriter private _writer;
    /// What the operators allowed to leave, of what was admitted.
    uint256 public allowed;
    uint256 public heldAtFirst;
    uint256 public admissions;
    uint256 public executions;
    uint256 public refusals;
    /// What should have been impossible.
    uint256 public breaches;
    mapping(bytes32 nonceOfCaller => uint256) private _admitted;
    /// What the module may still run, as it was posted.
    uint256[] private _posted;
    bytes[] private _old;

    function setUp() public override {
        super.setUp();
        _writer = new SlotWriter();
        heldAtFirst = address(safe).balance;
        targetContract(address(this));
        bytes4[] memory selectors = new bytes4[](11);
        selectors[0] = this.attestedPayment.selector;
        selectors[1] = this.attestedTheft.selector;
        selectors[2] = this.unattested.selector;
        selectors[3] = this.replay.selector;
        selectors[4] = this.postForModule.selector;
        selectors[5] = this.moduleRuns.selector;
        selectors[6] = this.moduleSteals.selector;
        selectors[7] = this.removeGuards.selector;
        selectors[8] = this.weaken.selector;
        selectors[9] = this.announceOrCancel.selector;
        selectors[10] = this.revoke.selector;
        targetSelector(FuzzSelector(address(this), selectors));
    }

    /// @notice That the actors do what they are there for: without this the invariants could hold for nothing.
    function test_theActorsAct() public {
        attestedPayment(1, 5);
        attestedPayment(2, 5);
        assertEq(executions, 2);
        attestedTheft(1);
        unattested(1);
        replay(0);
        assertEq(refusals, 3);
        postForModule(3);
        moduleRuns(0);
        assertEq(executions, 3);
        moduleRuns(0);
        moduleSteals(7);
        removeGuards(0);
        removeGuards(1);
        removeGuards(2);
        assertEq(refusals, 8);
        weaken(1);
        revoke();
        announceOrCancel();
        assertGt(guardState().exitAt, 0);
        assertEq(admissions, 3);
        assertEq(breaches, 0);
        invariant_nothingPassesTheGuards();
        assertTrue(_ownersGetOut());
    }

    // ------------------------------------------------------------------ actors

    function attestedPayment(uint64 amount, uint64 more) public {
        amount = uint64(bound(amount, 1, 1e9));
        SafeTx memory t =
            more % 2 == 0 ? pay(amount) : batch(Safes.part(CALL, recipient, amount, ""));
        Decision memory d = decide();
        d.bounds = onlyNative(amount + more % 3);
        bytes memory data = exec(t, bytes.concat(signed(t), attest(callOf(t), PRESENTED, d)));
        _old.push(data);
        if (!_try(relayer, data, amount + more % 3)) ++breaches;
    }

    /// @dev Attested, but it takes more than that.
    function attestedTheft(uint64 amount) public {
        amount = uint64(bound(amount, 1, 1e9));
        SafeTx memory t = pay(amount);
        Decision memory d = decide();
        d.bounds = onlyNative(amount - 1);
        if (_try(relayer, exec(t, bytes.concat(signed(t), attest(callOf(t), PRESENTED, d))), 0)) {
            ++breaches;
        }
    }

    function unattested(uint64 amount) public {
        SafeTx memory t = pay(amount);
        if (_try(relayer, exec(t, signed(t)), 0)) ++breaches;
    }

    function replay(uint256 which) public {
        if (_old.length == 0) return;
        if (_try(relayer, _old[which % _old.length], 0)) ++breaches;
    }

    function postForModule(uint64 amount) public {
        amount = uint64(bound(amount, 1, 16));
        Decision memory d = decide();
        d.bounds = onlyNative(amount);
        SafeCall memory call = moduleCall(recipient, amount, "", CALL, uint64(_posted.length));
        guard.post(call, attest(call, POSTED, d));
        _posted.push(amount);
    }

    /// @dev Again and again, old ones as well.
    function moduleRuns(uint256 which) public {
        if (_posted.length == 0) return;
        uint256 amount = _posted[which % _posted.length];
        _try(safeModule, _moduleCall(amount), amount);
    }

    function moduleSteals(uint64 amount) public {
        if (_try(safeModule, _moduleCall(bound(amount, 17, 1e9)), 0)) ++breaches;
    }

    function removeGuards(uint256 how) public {
        bytes memory removing = how % 2 == 0
            ? abi.encodeCall(safe.setGuard, (address(0)))
            : abi.encodeCall(safe.setModuleGuard, (address(0)));
        SafeTx memory t = self(removing);
        if (how % 3 == 1) t = batch(Safes.part(CALL, address(safe), 0, removing));
        if (how % 3 == 2) {
            uint256 slot = uint256(keccak256(bytes(how % 2 == 0 ? GUARD_SLOT : MODULE_GUARD_SLOT)));
            t = transaction(
                address(_writer), 0, abi.encodeCall(_writer.write, (slot, 0)), DELEGATECALL
            );
        }
        if (_try(relayer, exec(t, bytes.concat(signed(t), attestation(t))), 0)) ++breaches;
    }

    function weaken(uint8 threshold) public {
        Configuration memory next = configured();
        next.threshold = uint8(bound(threshold, 1, 2));
        uint64 revision = guardState().revision;
        execute(setting(abi.encodeCall(guard.configure, (next, policies(), ""))));
        if (guardState().revision != revision) ++breaches;
    }

    function announceOrCancel() public {
        bytes memory data = guardState().exitAt == 0
            ? abi.encodeCall(guard.announceExit, ())
            : abi.encodeCall(guard.cancelExit, ());
        if (!execute(setting(data))) ++breaches;
    }

    function revoke() public {
        if (!execute(setting(abi.encodeCall(guard.revokeAttestations, ())))) ++breaches;
    }

    // ------------------------------------------------------------------ laws

    /// @notice What executes was admitted, each nonce once; no more leaves than was attested; and until an exit has come, both
    /// guards are there.
    /// forge-config: default.invariant.runs = 32
    function invariant_nothingPassesTheGuards() public view {
        assertEq(breaches, 0);
        assertEq(admissions, executions);
        assertLe(heldAtFirst - address(safe).balance, allowed);
        assertEq(slotOf(safe, GUARD_SLOT), address(guard));
        assertEq(slotOf(safe, MODULE_GUARD_SLOT), address(guard));
    }

    /// @notice The owners end it within the delay, in every state and without any operator.
    /// forge-config: default.invariant.runs = 8
    function invariant_ownersGetOut() public {
        uint256 snapshot = vm.snapshotState();
        assertTrue(_ownersGetOut());
        vm.revertToState(snapshot);
    }

    function _ownersGetOut() private returns (bool) {
        if (guardState().exitAt == 0 && !execute(setting(abi.encodeCall(guard.announceExit, ())))) {
            return false;
        }
        if (guardState().exitAt > block.timestamp + 2 days) return false;
        vm.warp(guardState().exitAt);
        return execute(pay(1)) && execute(self(abi.encodeCall(safe.setModuleGuard, (address(0)))))
            && execute(self(abi.encodeCall(safe.setGuard, (address(0)))));
    }

    // ------------------------------------------------------------------ parts

    /// @dev One transaction. What it admitted is counted by the guard's own word: each nonce of each caller once.
    function _try(address from, bytes memory data, uint256 mayLeave)
        private
        returns (bool success)
    {
        vm.recordLogs();
        vm.prank(from);
        (success,) = address(safe).call(data);
        if (!success) {
            ++refusals;
            return false;
        }
        ++executions;
        allowed += mayLeave;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IWritSafeGuard.CallAdmitted.selector) continue;
            (uint64 nonce,,) = abi.decode(logs[i].data, (uint64, uint8, bytes32));
            if (++_admitted[keccak256(abi.encode(logs[i].topics[2], nonce))] != 1) ++breaches;
            ++admissions;
        }
    }

    function _moduleCall(uint256 amount) private view returns (bytes memory) {
        return abi.encodeCall(safe.execTransactionFromModule, (recipient, amount, "", CALL));
    }
}
