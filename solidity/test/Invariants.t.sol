// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {SettingsFixture} from "./Settings.t.sol";
import {OpenExecutor} from "./mocks/Mocks.sol";
import {Attestor, Decision} from "./utils/Attestor.sol";
import {IDevAccount} from "./utils/Contracts.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {AccountState, Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @notice Does at random what owners, operators, bundlers and thieves do to one account, and counts what should come of it.
abstract contract Actors is SettingsFixture {
    OpenExecutor internal executor;
    PackedUserOperation[] internal sent;

    /// What attested operations may have moved, and what actually left is compared with.
    uint256 public expected;
    /// Executions that should have been impossible.
    uint256 public breaches;
    uint256 public attestedRuns;
    uint256 public refusedRuns;

    /// The same of tokens.
    uint256 public expectedTokens;
    /// Sets of the first n operators, by n; of none at 0.
    address[6] internal sets;

    IDevAccount public bystander;
    bytes32 public bystanderBefore;

    function prepare() internal {
        Configuration memory c = configuration();
        c.readsHistory = true;
        account = newAccount(c);
        vm.deal(address(account), 1_000_000 ether);
        entryPoint.depositTo{value: 1000 ether}(address(account));
        executor = new OpenExecutor();
        send(
            attested(
                operation(
                    account, 0, abi.encodeCall(account.installModule, (2, address(executor), ""))
                )
            )
        );
        token.mint(address(account), type(uint128).max);
        for (uint256 n = 0; n < 6; ++n) {
            uint256[] memory keys = operatorKeys;
            assembly ("memory-safe") {
                mstore(keys, n)
            }
            sets[n] = n == 5 ? operatorSet : deploySet(keys);
        }
        bystander = newAccount(configuration());
        bystanderBefore = digestOf(address(bystander));
    }

    function digestOf(address who) public view returns (bytes32) {
        (Configuration memory c, AccountState memory s) = module.configurationOf(who);
        return keccak256(abi.encode(c, s, who.balance, token.balanceOf(who)));
    }

    function enforced() public view returns (bool) {
        AccountState memory s = state(address(account));
        return !(s.exitAt != 0 && block.timestamp >= s.exitAt);
    }

    function spent() public view returns (uint256) {
        return recipient.balance;
    }

    // ------------------------------------------------------------------ what should work

    function runAttested(uint32 key, uint64 value, uint64 maxOut) public {
        PackedUserOperation memory op = operation(account, key % 4, sendNative(value));
        Decision memory d = decision(op);
        d.bounds = bounds(maxOut, 0);
        op = attach(op, d);
        send(op);
        if (value <= maxOut || !enforced()) expected += value;
        sent.push(op);
        ++attestedRuns;
    }

    /// @dev Both assets in one batch, each under its own bound.
    function runBoth(uint64 value, uint64 maxOut, uint64 amount, uint64 maxTokens) public {
        Execution[] memory calls = new Execution[](2);
        calls[0] = Execution(recipient, value, "");
        calls[1] = Execution(address(token), 0, abi.encodeCall(token.transfer, (recipient, amount)));
        PackedUserOperation memory op = operation(account, 12, executeBatch(calls));
        Decision memory d = decision(op);
        d.bounds = bounds(maxOut, maxTokens);
        op = attach(op, d);
        send(op);
        if ((value <= maxOut && amount <= maxTokens) || !enforced()) {
            expected += value;
            expectedTokens += amount;
        }
        sent.push(op);
        ++attestedRuns;
    }

    function runTwo(uint64 a, uint64 b, uint64 maxA, uint64 maxB) public {
        if (a == b) return;
        PackedUserOperation memory first = operation(account, 10, sendNative(a));
        PackedUserOperation memory second = operation(account, 11, sendNative(b));
        Decision memory d = decision(first);
        d.bounds = bounds(maxA, 0);
        first = attach(first, d);
        d = decision(second);
        d.sequence += 1;
        d.bounds = bounds(maxB, 0);
        second = attach(second, d);
        send(two(first, second));
        if (a <= maxA || !enforced()) expected += a;
        if (b <= maxB || !enforced()) expected += b;
        ++attestedRuns;
    }

    // ------------------------------------------------------------------ what should not

    function _tried(bool success) private {
        if (success) ++breaches;
        else ++refusedRuns;
    }

    function runUnattested(uint64 value) public {
        if (!enforced()) return;
        PackedUserOperation memory op = operation(account, 20, sendNative(value));
        op.signature = ownerSigns(op);
        vm.prank(bundler, bundler);
        (bool success,) =
            address(entryPoint).call(abi.encodeCall(entryPoint.handleOps, (one(op), bundler)));
        _tried(success);
    }

    function replay(uint256 which) public {
        if (sent.length == 0) return;
        PackedUserOperation memory op = sent[which % sent.length];
        vm.prank(bundler, bundler);
        (bool success,) =
            address(entryPoint).call(abi.encodeCall(entryPoint.handleOps, (one(op), bundler)));
        _tried(success);
    }

    function moveSuffix(uint256 which, uint64 value) public {
        if (sent.length == 0 || !enforced()) return;
        PackedUserOperation memory old = sent[which % sent.length];
        PackedUserOperation memory op = operation(account, 21, sendNative(value));
        bytes memory owned = ownerSigns(op);
        op.signature = bytes.concat(old.signature);
        for (uint256 i = 0; i < 65; ++i) {
            op.signature[i] = owned[i];
        }
        vm.prank(bundler, bundler);
        (bool success,) =
            address(entryPoint).call(abi.encodeCall(entryPoint.handleOps, (one(op), bundler)));
        _tried(success);
    }

    /// @dev What was attested for one account, at another that has the same owner, operators and policy.
    function borrow(uint256 which) public {
        if (sent.length == 0) return;
        PackedUserOperation memory old = sent[which % sent.length];
        PackedUserOperation memory op = operation(bystander, 0, old.callData);
        bytes memory owned = ownerSigns(op);
        op.signature = bytes.concat(old.signature);
        for (uint256 i = 0; i < 65; ++i) {
            op.signature[i] = owned[i];
        }
        vm.prank(bundler, bundler);
        (bool success,) =
            address(entryPoint).call(abi.encodeCall(entryPoint.handleOps, (one(op), bundler)));
        _tried(success);
    }

    /// @dev Mints in one transaction, tries to spend in the next.
    function mintThenSpend(uint64 value) public {
        if (!enforced()) return;
        PackedUserOperation memory op = attested(operation(account, 22, sendNative(value)));
        bytes32 hash = entryPoint.getUserOpHash(op);
        vm.prank(address(account));
        module.validateUserOp(op, hash);
        vm.prank(address(entryPoint));
        (bool success,) = address(account).call(op.callData);
        _tried(success);
    }

    function throughExecutor(uint64 value) public {
        if (!enforced()) return;
        (bool success,) = address(executor)
            .call(
                abi.encodeCall(
                    executor.run,
                    (address(account), SINGLE, abi.encodePacked(recipient, uint256(value), ""))
                )
            );
        _tried(success);
    }

    function mintInsideAFrame(uint256 which) public {
        if (sent.length == 0 || !enforced()) return;
        PackedUserOperation memory old = sent[which % sent.length];
        bytes memory data =
            abi.encodeCall(module.validateUserOp, (old, entryPoint.getUserOpHash(old)));
        uint256 before = state(address(account)).sequence;
        send(attested(operation(account, 23, executeCall(address(module), 0, data))));
        if (state(address(account)).sequence != before + 1) ++breaches;
    }

    function uninstall(bool hook) public {
        if (!enforced()) return;
        send(
            attested(
                operation(
                    account,
                    24,
                    abi.encodeCall(account.uninstallModule, (hook ? 4 : 1, address(module), ""))
                )
            )
        );
        AccountState memory s = state(address(account));
        if (!s.hookInstalled || !s.validatorInstalled) ++breaches;
    }

    // ------------------------------------------------------------------ settings

    function strengthen(uint8 threshold, uint32 delay) public {
        Configuration memory next = current(address(account));
        next.leastOperators = uint8((next.operatorSet.code.length - 1) / 20);
        next.threshold = uint8(bound(threshold, next.threshold, next.leastOperators));
        next.exitDelay = uint32(bound(delay, next.exitDelay, 10 days));
        if (hashOf(next) == hashOf(current(address(account)))) return;
        configure(next);
    }

    function weaken(uint8 threshold, bool byQuorum) public {
        Configuration memory next = current(address(account));
        next.threshold = uint8(bound(threshold, 1, next.threshold));
        next.exitDelay = 1 days;
        if (hashOf(next) == hashOf(current(address(account)))) return;
        uint64 revision = state(address(account)).revision;
        if (byQuorum) {
            configure(next, quorumConfigures(next, settingDecision()));
        } else {
            configure(next);
            if (state(address(account)).revision != revision) ++breaches;
            vm.warp(block.timestamp + 12 hours);
            (bool success,) = address(module)
                .call(
                    abi.encodeCall(module.applyConfiguration, (address(account), next, policies()))
                );
            _tried(success);
        }
    }

    /// @dev Any set, threshold and least number, with owner and quorum agreeing: taken if it can be reached, and only then.
    function changeSet(uint8 n, uint8 threshold, uint8 least) public {
        Configuration memory next = current(address(account));
        n = n % 6;
        next.operatorSet = sets[n];
        next.operatorSetCodeHash = sets[n].codehash;
        (next.threshold, next.leastOperators) = (threshold % 7, least % 7);
        if (hashOf(next) == hashOf(current(address(account)))) return;
        bool sound = next.threshold != 0 && next.threshold <= next.leastOperators
            && next.leastOperators <= n;
        bytes memory attestation = quorumConfigures(next, settingDecision());
        bytes memory data = abi.encodeCall(
            module.configure,
            (address(account), next, policies(), due(), ownerConfigures(next), attestation)
        );
        (bool success,) = address(module).call(data);
        if (success != sound) ++breaches;
    }

    function announceOrCancel() public {
        if (state(address(account)).exitAt == 0) {
            module.announceExit(address(account), due(), ownerSets("AnnounceExit"));
        } else {
            module.cancelExit(address(account), due(), ownerSets("CancelExit"));
        }
    }

    function time(uint32 seconds_) public {
        vm.warp(block.timestamp + bound(seconds_, 1, 12 hours));
        vm.roll(block.number + 1);
    }

    // ------------------------------------------------------------------ exit

    /// @dev Whatever happened before: the owner alone gets out within the delay.
    function exitIsReachable() internal returns (bool) {
        if (state(address(account)).exitAt == 0) {
            module.announceExit(address(account), due(), ownerSets("AnnounceExit"));
        }
        uint256 exitAt = state(address(account)).exitAt;
        if (block.timestamp <= exitAt) vm.warp(exitAt + 1);
        uint256 before = recipient.balance;
        PackedUserOperation memory op = operation(account, 30, sendNative(1));
        op.signature = ownerSigns(op);
        send(op);
        return recipient.balance == before + 1;
    }

    /// @dev And takes the module off, by operations that nobody attested.
    function uninstallIsReachable() internal returns (bool) {
        if (!exitIsReachable()) return false;
        uint64 revision = state(address(account)).revision;
        for (uint256 role = 4; role != 0; role = role == 4 ? 1 : 0) {
            PackedUserOperation memory op = operation(
                account, 31, abi.encodeCall(account.uninstallModule, (role, address(module), ""))
            );
            op.signature = ownerSigns(op);
            send(op);
            if (account.isModuleInstalled(role, address(module), "")) return false;
        }
        AccountState memory s = state(address(account));
        return !s.hookInstalled && !s.validatorInstalled && s.exitAt == 0 && s.revision > revision;
    }
}

/// @dev The actors are the test contract itself: its size is not limited, and each call that they make is a transaction.
contract InvariantsTest is Actors {
    function setUp() public override {
        super.setUp();
        prepare();
        targetContract(address(this));
        bytes4[] memory selectors = new bytes4[](16);
        selectors[0] = this.runAttested.selector;
        selectors[1] = this.runTwo.selector;
        selectors[2] = this.runUnattested.selector;
        selectors[3] = this.replay.selector;
        selectors[4] = this.moveSuffix.selector;
        selectors[5] = this.mintThenSpend.selector;
        selectors[6] = this.throughExecutor.selector;
        selectors[7] = this.mintInsideAFrame.selector;
        selectors[8] = this.uninstall.selector;
        selectors[9] = this.strengthen.selector;
        selectors[10] = this.weaken.selector;
        selectors[11] = this.announceOrCancel.selector;
        selectors[12] = this.time.selector;
        selectors[13] = this.runBoth.selector;
        selectors[14] = this.borrow.selector;
        selectors[15] = this.changeSet.selector;
        targetSelector(FuzzSelector(address(this), selectors));
    }

    /// @notice That the actors do what they are there for: without this the invariants could hold for nothing.
    function test_theActorsAct() public {
        runAttested(0, 5, 5);
        runAttested(0, 6, 5);
        assertEq(spent(), 5);
        runTwo(1, 2, 1, 1);
        assertEq(spent(), 6);
        runUnattested(1);
        replay(0);
        moveSuffix(0, 1);
        mintThenSpend(1);
        throughExecutor(1);
        weaken(2, false);
        borrow(0);
        assertEq(refusedRuns, 7);
        runBoth(1, 1, 7, 7);
        runBoth(1, 1, 8, 7);
        runBoth(2, 1, 7, 7);
        assertEq(expectedTokens, 7);
        mintInsideAFrame(0);
        uninstall(true);
        strengthen(5, 3 days);
        assertEq(current(address(account)).threshold, 5);
        weaken(2, true);
        assertEq(current(address(account)).threshold, 2);
        changeSet(3, 4, 4);
        changeSet(3, 0, 3);
        changeSet(3, 3, 2);
        changeSet(0, 1, 1);
        assertEq(current(address(account)).threshold, 2);
        changeSet(4, 3, 4);
        assertEq(current(address(account)).operatorSet, sets[4]);
        assertEq(current(address(account)).threshold, 3);
        assertEq(breaches, 0);
        assertEq(spent(), expected);
        assertEq(token.balanceOf(recipient), expectedTokens);
        assertTrue(uninstallIsReachable());
    }

    /// @notice Nothing executes without its own ticket, twice, from outside, or beyond its bounds.
    function invariant_onlyWhatWasAttestedHappened() public view {
        assertEq(breaches, 0);
        assertEq(spent(), expected);
        assertEq(token.balanceOf(recipient), expectedTokens);
    }

    /// @notice As many operators as must sign are there, whoever agreed to whatever configuration.
    function invariant_theThresholdCanBeReached() public view {
        Configuration memory c = current(address(account));
        assertGe(c.threshold, 1);
        assertLe(c.threshold, c.leastOperators);
        assertLe(c.leastOperators, (c.operatorSet.code.length - 1) / 20);
        assertEq(c.operatorSet.codehash, c.operatorSetCodeHash);
    }

    /// @notice What one account does changes nothing of another.
    function invariant_othersAreUntouched() public view {
        assertEq(digestOf(address(bystander)), bystanderBefore);
    }

    /// @notice The owner alone can leave, and take the module off, from every state.
    function invariant_uninstallIsReachable() public {
        uint256 snapshot = vm.snapshotState();
        assertTrue(uninstallIsReachable());
        vm.revertToState(snapshot);
    }
}
