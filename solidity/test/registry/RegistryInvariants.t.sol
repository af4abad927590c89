// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {RegistryTest} from "./RegistryTest.sol";
import {Operator, Seat, SigningKey, Standing} from "writ/interfaces/OperatorTypes.sol";

/// @notice Does at random what operators, owner, guardian and disputes do, and counts what should come of it.
abstract contract RegistryActors is RegistryTest {
    uint256 internal constant OPERATORS = 7;

    /// How many keys number `i` has shown.
    uint256[OPERATORS] internal shown;
    address[] internal allSigners;
    address[] internal creditors;
    /// What of an epoch must never change.
    mapping(uint64 epoch => bytes32) internal published;
    mapping(uint64 epoch => uint256) internal revokedBefore;
    uint64 internal latestBefore;

    /// What should have been impossible.
    uint256 public breaches;
    /// What was refused although it should have been possible.
    uint256 public hindered;
    uint256 public publications;
    uint256 public withdrawals;
    uint256 public revocations;
    uint256 public forfeitures;

    function prepare() internal {
        for (uint256 i = 0; i < OPERATORS; ++i) {
            joinOne(i, 0);
            creditors.push(operatorAt(i));
        }
        creditors.push(beneficiary);
        creditors.push(stranger);
        vm.warp(block.timestamp + JOIN_DELAY);
        publishSome(0x1f, 3);
    }

    function _nextKey(uint256 i) private returns (uint256 key) {
        key = keyAt(i, shown[i]++);
        allSigners.push(vm.addr(key));
    }

    function _joined(uint256 i) private returns (bool) {
        return operator_(i).signer != address(0);
    }

    // ------------------------------------------------------------------ operators

    function joinOne(uint256 i, uint64 more) public {
        i %= OPERATORS;
        if (_joined(i) || registry.paused()) return;
        uint256 key = _nextKey(i);
        bytes memory proof_ = proof(operatorAt(i), key);
        uint256 value = BOND + more;
        vm.deal(operatorAt(i), operatorAt(i).balance + value);
        vm.prank(operatorAt(i));
        registry.join{value: value}(vm.addr(key), "", proof_);
    }

    function addBondOne(uint256 i, uint64 value) public {
        i %= OPERATORS;
        if (!_joined(i) || operator_(i).leftAt != 0) return;
        vm.deal(operatorAt(i), operatorAt(i).balance + value);
        vm.prank(operatorAt(i));
        registry.addBond{value: value}();
    }

    function rotateOne(uint256 i) public {
        i %= OPERATORS;
        if (!_joined(i) || operator_(i).leftAt != 0) return;
        uint256 key = _nextKey(i);
        bytes memory proof_ = proof(operatorAt(i), key);
        vm.prank(operatorAt(i));
        registry.rotate(vm.addr(key), proof_);
    }

    /// @dev Paused or not.
    function leaveOne(uint256 i) public {
        i %= OPERATORS;
        if (!_joined(i) || operator_(i).leftAt != 0) return;
        vm.prank(operatorAt(i));
        (bool success,) = address(registry).call(abi.encodeCall(registry.leave, ()));
        if (!success) ++hindered;
    }

    /// @dev Tries it at any time. What it should be allowed to is told from the sets, not asked of the registry.
    function withdrawOne(uint256 i) public {
        i %= OPERATORS;
        if (!_joined(i)) return;
        address operator = operatorAt(i);
        Operator memory before = operator_(i);
        bool free = before.leftAt != 0 && _servedUntil(operator) <= block.timestamp;
        uint256 balance = operator.balance;
        vm.prank(operator);
        (bool success,) = address(registry).call(abi.encodeCall(registry.withdraw, (operator)));
        if (success && !free) ++breaches;
        if (success && operator.balance != balance + before.bond) ++breaches;
        if (success) ++withdrawals;
    }

    /// @dev From when on nothing that any key of an operator signs can count, and the leave delay has passed.
    function _servedUntil(address operator) private view returns (uint256 until) {
        until = registry.operatorOf(operator).leftAt;
        uint64 latest = registry.latestEpoch();
        for (uint256 i = 0; i < allSigners.length; ++i) {
            SigningKey memory key = registry.keyOf(allSigners[i]);
            if (key.operator != operator) continue;
            Seat[] memory seats = registry.seatsOf(allSigners[i]);
            for (uint256 j = 0; j < seats.length; ++j) {
                uint256 counts = type(uint128).max;
                if (seats[j].epoch < latest) {
                    (,,, uint48 at) = registry.operatorEpoch(seats[j].epoch + 1);
                    counts = uint256(at) + COVERED + GRACE;
                }
                bool bit = registry.revokedSigners(seats[j].epoch) >> seats[j].index & 1 == 1;
                if (bit && key.revokedAt < counts) counts = key.revokedAt;
                if (counts > until) until = counts;
            }
        }
        until += LEAVE_DELAY;
    }

    // ------------------------------------------------------------------ owner, guardian, disputes

    /// @dev The keys of the operators in `mask`, with any threshold.
    function publishSome(uint256 mask, uint8 threshold) public {
        address[] memory signers = new address[](OPERATORS);
        uint256 count;
        for (uint256 i = 0; i < OPERATORS; ++i) {
            if (mask >> i & 1 == 1) signers[count++] = registry.signerOf(operatorAt(i));
        }
        _publish(signers, count, uint8(bound(threshold, 0, OPERATORS)));
    }

    /// @dev Any keys that were ever shown, twice as well.
    function publishAny(uint256 seed, uint8 count, uint8 threshold) public {
        count = uint8(bound(count, 1, 4));
        address[] memory signers = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            signers[i] = allSigners[(seed >> (16 * i)) % allSigners.length];
        }
        _publish(signers, count, uint8(bound(threshold, 0, OPERATORS)));
    }

    function _publish(address[] memory signers, uint256 count, uint8 threshold) private {
        assembly {
            mstore(signers, count)
        }
        bool fine = count != 0 && threshold >= 2 && threshold <= count && 2 * threshold > count;
        for (uint256 i = 0; i < count; ++i) {
            fine = fine && _mayBeIn(signers[i]);
            for (uint256 j = 0; j < i; ++j) {
                fine = fine
                    && registry.keyOf(signers[i]).operator != registry.keyOf(signers[j]).operator;
            }
        }
        uint64 epoch = registry.latestEpoch() + 1;
        bool paused = registry.paused();
        vm.prank(owner);
        (bool success,) =
            address(registry).call(abi.encodeCall(registry.publish, (epoch, signers, threshold)));
        if (success != (fine && !paused)) ++breaches;
        if (!success) return;
        ++publications;
        if (keccak256(abi.encode(setOf(epoch))) != keccak256(abi.encode(signers))) ++breaches;
        (,, uint8 least, uint48 at) = registry.operatorEpoch(epoch);
        if (least != threshold || at != block.timestamp) ++breaches;
        published[epoch] = _digest(epoch);
    }

    /// @dev From the operator's record, and not from the registry's judgement.
    function _mayBeIn(address signer) private view returns (bool) {
        SigningKey memory key = registry.keyOf(signer);
        Operator memory o = registry.operatorOf(key.operator);
        if (key.operator == address(0) || key.revokedAt != 0) return false;
        if (block.timestamp < key.eligibleFrom || o.bond < BOND || o.leftAt != 0) return false;
        bool replaced = o.nextSigner != address(0)
            && registry.keyOf(o.nextSigner).eligibleFrom <= block.timestamp;
        return signer == (replaced ? o.nextSigner : o.signer);
    }

    function revokeOne(uint256 which, bool byOperator) public {
        address signer = allSigners[which % allSigners.length];
        SigningKey memory key = registry.keyOf(signer);
        if (key.revokedAt != 0) return;
        vm.prank(byOperator ? key.operator : guardian);
        (bool success,) = address(registry).call(abi.encodeCall(registry.revoke, (signer)));
        if (!success) ++hindered;
        ++revocations;
    }

    function forfeitOne(uint256 i, uint128 amount, bool reported) public {
        i %= OPERATORS;
        uint256 bond = operator_(i).bond;
        if (amount == 0 || bond == 0) return;
        amount = uint128(bound(amount, 1, BOND / 3));
        vm.prank(disputes);
        registry.forfeit(operatorAt(i), amount, reported ? stranger : address(0));
        ++forfeitures;
    }

    function collectOne(uint256 which) public {
        address who = creditors[which % creditors.length];
        uint256 due = registry.owed(who);
        if (due == 0) return;
        uint256 before = who.balance;
        registry.collect(who);
        if (who.balance != before + due) ++breaches;
    }

    function pauseOrNot() public {
        bool paused = registry.paused();
        vm.prank(paused ? owner : guardian);
        if (paused) registry.unpause();
        else registry.pause();
    }

    function time(uint32 seconds_) public {
        vm.warp(block.timestamp + bound(seconds_, 1, 12 days));
    }

    // ------------------------------------------------------------------ laws

    function _digest(uint64 epoch) internal view returns (bytes32) {
        (address operatorSet, bytes32 codeHash, uint8 least, uint48 at) =
            registry.operatorEpoch(epoch);
        return keccak256(abi.encode(operatorSet, operatorSet.code, codeHash, least, at));
    }

    function held() internal returns (uint256 sum) {
        for (uint256 i = 0; i < OPERATORS; ++i) {
            sum += operator_(i).bond;
        }
        for (uint256 i = 0; i < creditors.length; ++i) {
            sum += registry.owed(creditors[i]);
        }
    }

    /// @dev Whatever happened before, and with nobody's help: an operator gets its bond back.
    function getsOut(uint256 i) internal returns (bool) {
        address operator = operatorAt(i);
        if (!_joined(i)) return true;
        vm.startPrank(operator);
        if (operator_(i).leftAt == 0) registry.leave();
        address seated = operator_(i).seatedSigner;
        if (seated != address(0) && registry.keyOf(seated).revokedAt == 0) registry.revoke(seated);
        uint48 readyAt = registry.withdrawableAt(operator);
        if (readyAt > block.timestamp + COVERED + GRACE + LEAVE_DELAY) return false;
        if (readyAt > block.timestamp) vm.warp(readyAt);
        uint256 bond = operator_(i).bond;
        uint256 before = operator.balance;
        registry.withdraw(operator);
        vm.stopPrank();
        return operator.balance == before + bond;
    }
}

/// @dev The actors are the test contract itself: its size is not limited, and each call that they make is a transaction.
contract RegistryInvariantsTest is RegistryActors {
    function setUp() public override {
        super.setUp();
        prepare();
        targetContract(address(this));
        bytes4[] memory selectors = new bytes4[](13);
        selectors[0] = this.joinOne.selector;
        selectors[1] = this.addBondOne.selector;
        selectors[2] = this.rotateOne.selector;
        selectors[3] = this.leaveOne.selector;
        selectors[4] = this.withdrawOne.selector;
        selectors[5] = this.publishSome.selector;
        selectors[6] = this.publishAny.selector;
        selectors[7] = this.revokeOne.selector;
        selectors[8] = this.forfeitOne.selector;
        selectors[9] = this.collectOne.selector;
        selectors[10] = this.pauseOrNot.selector;
        selectors[11] = this.time.selector;
        // Time is what most of it waits for.
        selectors[12] = this.time.selector;
        targetSelector(FuzzSelector(address(this), selectors));
    }

    /// @notice That the actors do what they are there for: without this the invariants could hold for nothing.
    function test_theActorsAct() public {
        assertEq(publications, 1);
        assertEq(setOf(1), signersOf(5));
        publishAny(0, 1, 2);
        publishSome(0x1f, 2);
        publishSome(0x1f, 6);
        assertEq(publications, 1);
        rotateOne(0);
        leaveOne(1);
        withdrawOne(1);
        pauseOrNot();
        publishSome(0x3c, 3);
        assertEq(publications, 1);
        pauseOrNot();
        publishSome(0x3c, 3);
        assertEq(publications, 2);
        vm.warp(block.timestamp + COVERED + GRACE + LEAVE_DELAY - 1);
        withdrawOne(1);
        assertEq(withdrawals, 0);
        vm.warp(block.timestamp + 1);
        withdrawOne(1);
        assertEq(withdrawals, 1);
        joinOne(1, 5);
        forfeitOne(2, 3 ether, true);
        collectOne(7);
        collectOne(8);
        assertEq(beneficiary.balance + stranger.balance, 3 ether);
        revokeOne(3, true);
        revokeOne(4, false);
        assertEq(registry.revokedSigners(1), 0x18);
        assertEq(registry.revokedSigners(2), 0x6);
        assertEq(breaches + hindered, 0);
        assertEq(revocations + forfeitures, 3);
        assertEq(held(), address(registry).balance);
        for (uint256 i = 0; i < OPERATORS; ++i) {
            assertTrue(getsOut(i));
        }
    }

    /// @notice No set held anybody who may not be in one, or a threshold too low; nobody took out a bond that still stood for
    /// something; and leaving and revoking work in every state, paused or not.
    function invariant_nothingImpossibleHappenedAndNobodyWasHindered() public view {
        assertEq(breaches, 0);
        assertEq(hindered, 0);
    }

    /// @notice What is held is exactly what is somebody's.
    function invariant_bondsAreCovered() public {
        assertEq(address(registry).balance, held());
    }

    /// @notice Epochs only grow, one by one; what was published stays; bits are only added, and are those of revoked keys.
    function invariant_historyStays() public {
        uint64 latest = registry.latestEpoch();
        assertGe(latest, latestBefore);
        assertEq(latest, publications);
        latestBefore = latest;
        for (uint64 epoch = 1; epoch <= latest; ++epoch) {
            assertEq(_digest(epoch), published[epoch]);
            uint256 revoked = registry.revokedSigners(epoch);
            assertEq(revoked & revokedBefore[epoch], revokedBefore[epoch]);
            revokedBefore[epoch] = revoked;
            address[] memory signers = setOf(epoch);
            uint256 expected;
            for (uint256 i = 0; i < signers.length; ++i) {
                if (registry.keyOf(signers[i]).revokedAt != 0) expected |= uint256(1) << i;
            }
            assertEq(revoked, expected);
        }
    }

    /// @notice Whatever owner, guardian and disputes do or do not do: everybody gets out.
    function invariant_everybodyGetsOut() public {
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < OPERATORS; ++i) {
            assertTrue(getsOut(i));
        }
        vm.revertToState(snapshot);
    }
}
