// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {GuardedVaultFixture} from "./GuardedVault.t.sol";
import {Call} from "./mocks/Guarded.sol";
import {Vm} from "forge-std/Vm.sol";
import {CallAction, GuardState} from "writ/interfaces/GuardedTypes.sol";
import {IWritGuarded} from "writ/interfaces/IWritGuarded.sol";
import {Configuration} from "writ/interfaces/WritTypes.sol";

/// @notice Does at random what callers, operators, the owner and thieves do to one vault, and counts what should come of it.
abstract contract GuardedActors is GuardedVaultFixture {
    /// @dev An attestation that operators gave, how it is brought, and the call that it is for.
    struct Issued {
        bytes bring;
        bytes data;
        uint8 path;
    }

    Issued[] internal issued;
    /// How often the vault said that it admitted a nonce.
    mapping(uint64 nonce => uint256) internal admitted;
    uint256 public admissions;
    /// Guarded calls that went through while the vault enforced.
    uint256 public runs;
    uint256 public refusals;
    uint256 public exits;
    /// What should have been impossible.
    uint256 public breaches;

    function prepare() internal {
        upgrade(guardConfiguration());
        for (uint256 i = 0; i < 2; ++i) {
            address who = i == 0 ? address(caller) : address(stranger);
            token.mint(who, type(uint64).max);
            vm.prank(who);
            token.approve(address(vault), type(uint256).max);
        }
    }

    function guard() internal view returns (GuardState memory s) {
        (, s) = vault.writConfiguration();
    }

    function enforced() public view returns (bool) {
        uint48 exitAt = guard().exitAt;
        return exitAt == 0 || block.timestamp < exitAt;
    }

    /// @dev One transaction. What it admitted is counted by the vault's own word, and held against the guarded calls in it.
    function _run(address from, Call[] memory list, uint256 guarded)
        private
        returns (bool success)
    {
        bool enforcing = enforced();
        vm.recordLogs();
        (success,) = from.call(abi.encodeCall(caller.run, (list)));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        if (!success) {
            ++refusals;
            return false;
        }
        uint256 before = admissions;
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IWritGuarded.CallAdmitted.selector) continue;
            (uint64 nonce,,) = abi.decode(logs[i].data, (uint64, uint8, bytes32));
            if (++admitted[nonce] != 1) ++breaches;
            ++admissions;
        }
        if (!enforcing) return true;
        runs += guarded;
        if (admissions - before != guarded) ++breaches;
    }

    function _list(bytes memory a, bytes memory b) private view returns (Call[] memory list) {
        uint256 count = (a.length == 0 ? 0 : 1) + (b.length == 0 ? 0 : 1);
        list = new Call[](count);
        if (a.length != 0) list[0] = Call(address(vault), 0, a);
        if (b.length != 0) list[count - 1] = Call(address(vault), 0, b);
    }

    function _any(uint256 which) private view returns (Issued memory) {
        return issued[which % issued.length];
    }

    // ------------------------------------------------------------------ what should work

    /// @dev Few amounts, so that attestations for the same call meet.
    function issue(uint8 amount, bool post, bool mint) public {
        bytes memory data = mint
            ? abi.encodeCall(vault.mint, (1 + amount % 4, address(caller)))
            : abi.encodeCall(vault.deposit, (10 + amount % 4, address(caller)));
        CallAction memory action =
            actionOf(address(vault), address(caller), 0, data, post ? POSTED : PRESENTED);
        action.nonce = issued.length;
        issued.push(Issued(post ? posting(action) : presenting(action), data, action.path));
    }

    function issueAndRun(uint8 amount, bool post) public {
        issue(amount, post, false);
        Issued memory last = issued[issued.length - 1];
        if (!_run(address(caller), _list(last.bring, last.data), 1)) ++breaches;
    }

    /// @dev Again and again, in any order, old ones as well.
    function bringAndRun(uint256 which) public {
        if (issued.length == 0) return;
        Issued memory one = _any(which);
        _run(address(caller), _list(one.bring, one.data), 1);
    }

    function bringAndRunTwice(uint256 which) public {
        if (issued.length == 0) return;
        Issued memory one = _any(which);
        Call[] memory list = new Call[](3);
        list[0] = Call(address(vault), 0, one.bring);
        (list[1], list[2]) = (Call(address(vault), 0, one.data), Call(address(vault), 0, one.data));
        _run(address(caller), list, 2);
    }

    function bring(uint256 which) public {
        if (issued.length == 0) return;
        Issued memory one = _any(which);
        address from = one.path == POSTED ? address(stranger) : address(caller);
        _run(from, _list(one.bring, ""), 0);
    }

    function runWhatWaits(uint256 which) public {
        if (issued.length == 0) return;
        _run(address(caller), _list("", _any(which).data), 1);
    }

    function withdraw(uint256 shares) public {
        uint256 held = vault.balanceOf(address(caller));
        if (held == 0) return;
        bytes memory data = abi.encodeCall(
            vault.redeem, (bound(shares, 1, held), address(caller), address(caller))
        );
        if (!_run(address(caller), _list("", data), 0)) ++breaches;
        ++exits;
    }

    // ------------------------------------------------------------------ what should not

    function steal(uint256 which, bool bringing) public {
        if (issued.length == 0 || !enforced()) return;
        Issued memory one = _any(which);
        bytes memory first = bringing && one.path == POSTED ? one.bring : bytes("");
        if (_run(address(stranger), _list(first, one.data), 0)) ++breaches;
    }

    function runUnattested(uint64 amount, bool transfer) public {
        if (!enforced()) return;
        bytes memory data = transfer
            ? abi.encodeCall(vault.transfer, (address(stranger), amount % 3))
            : abi.encodeCall(vault.deposit, (1000 + amount % 1000, address(caller)));
        if (_run(address(caller), _list("", data), 0)) ++breaches;
    }

    function runAnother(uint256 which) public {
        if (issued.length == 0 || !enforced()) return;
        bytes memory data = abi.encodeCall(vault.deposit, (2000, address(caller)));
        if (_run(address(caller), _list(_any(which).bring, data), 0)) ++breaches;
    }

    // ------------------------------------------------------------------ settings and time

    function invalidate(uint256 which) public {
        if (issued.length == 0) return;
        uint256 nonce = which % issued.length;
        vm.prank(address(caller));
        vault.invalidateNonces(nonce >> 8, 1 << (nonce & 0xff));
    }

    function revoke() public {
        vm.prank(admin);
        vault.revokeAttestations();
    }

    function weaken(uint8 threshold) public {
        (Configuration memory next,) = vault.writConfiguration();
        next.threshold = uint8(bound(threshold, 1, 2));
        uint64 revision = guard().revision;
        vm.prank(admin);
        vault.configureWrit(next, policies(), "");
        if (guard().revision != revision) ++breaches;
        vm.warp(block.timestamp + 12 hours);
        (bool success,) =
            address(vault).call(abi.encodeCall(vault.applyWritConfiguration, (next, policies())));
        if (success) ++breaches;
    }

    function announceOrCancel() public {
        bool announced = guard().exitAt != 0;
        vm.prank(admin);
        if (announced) vault.cancelWritExit();
        else vault.announceWritExit();
    }

    function time(uint32 seconds_) public {
        vm.warp(block.timestamp + bound(seconds_, 1, 300));
    }

    // ------------------------------------------------------------------ ways out

    function everybodyGetsOut() internal returns (bool) {
        address[3] memory holders = [alice, bob, address(caller)];
        for (uint256 i = 0; i < holders.length; ++i) {
            uint256 shares = vault.balanceOf(holders[i]);
            uint256 before = token.balanceOf(holders[i]);
            vm.prank(holders[i]);
            uint256 assets = vault.redeem(shares, holders[i], holders[i]);
            if (token.balanceOf(holders[i]) != before + assets) return false;
        }
        return vault.totalSupply() == 0;
    }

    /// @dev The owner alone gets the vault out of its policy within the delay.
    function ownerGetsOut() internal returns (bool) {
        if (guard().exitAt == 0) {
            vm.prank(admin);
            vault.announceWritExit();
        }
        uint48 exitAt = guard().exitAt;
        if (exitAt > block.timestamp + 2 days) return false;
        if (block.timestamp < exitAt) vm.warp(exitAt);
        vm.prank(alice);
        vault.deposit(10, alice);
        return true;
    }
}

/// @dev The actors are the test contract itself, so that each call that they make is a transaction.
contract GuardedInvariantsTest is GuardedActors {
    function setUp() public override {
        super.setUp();
        prepare();
        targetContract(address(this));
        bytes4[] memory selectors = new bytes4[](15);
        selectors[0] = this.issue.selector;
        selectors[1] = this.issueAndRun.selector;
        selectors[2] = this.bringAndRun.selector;
        selectors[3] = this.bringAndRunTwice.selector;
        selectors[4] = this.bring.selector;
        selectors[5] = this.runWhatWaits.selector;
        selectors[6] = this.withdraw.selector;
        selectors[7] = this.steal.selector;
        selectors[8] = this.runUnattested.selector;
        selectors[9] = this.runAnother.selector;
        selectors[10] = this.invalidate.selector;
        selectors[11] = this.revoke.selector;
        selectors[12] = this.weaken.selector;
        selectors[13] = this.announceOrCancel.selector;
        selectors[14] = this.time.selector;
        targetSelector(FuzzSelector(address(this), selectors));
    }

    /// @notice That the actors do what they are there for: without this the invariants could hold for nothing.
    function test_theActorsAct() public {
        issueAndRun(1, false);
        issueAndRun(1, true);
        assertEq(runs, 2);
        bringAndRun(0);
        bringAndRun(1);
        assertEq(refusals, 2);
        issue(2, true, true);
        bring(2);
        steal(2, false);
        assertEq(refusals, 3);
        runWhatWaits(2);
        assertEq(runs, 3);
        issue(3, false, false);
        bringAndRunTwice(3);
        bring(3);
        runWhatWaits(3);
        runUnattested(5, true);
        runUnattested(5, false);
        runAnother(3);
        assertEq(refusals, 8);
        bringAndRun(3);
        assertEq(runs, 4);
        issue(0, true, false);
        bring(4);
        invalidate(4);
        runWhatWaits(4);
        assertEq(refusals, 9);
        weaken(1);
        issue(0, true, false);
        bring(5);
        revoke();
        runWhatWaits(5);
        assertEq(refusals, 10);
        withdraw(1);
        assertEq(exits, 1);
        assertEq(admissions, 4);
        assertEq(breaches, 0);
        assertTrue(ownerGetsOut());
        assertTrue(everybodyGetsOut());
    }

    /// @notice While it enforces, the vault runs exactly as many guarded calls as it admitted attestations, each once.
    function invariant_oneAttestationOneCall() public view {
        assertEq(breaches, 0);
        assertEq(admissions, runs);
    }

    /// @notice Holders get everything out, in every state and without anybody's consent.
    function invariant_exitsAreOpen() public {
        uint256 snapshot = vm.snapshotState();
        assertTrue(everybodyGetsOut());
        vm.revertToState(snapshot);
    }

    /// @notice The owner ends the policy within the delay, in every state and without any operator.
    function invariant_ownerGetsOut() public {
        uint256 snapshot = vm.snapshotState();
        assertTrue(ownerGetsOut());
        vm.revertToState(snapshot);
    }
}
