// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Operate, Setting, Subject} from "../../script/Operate.s.sol";
import {SettingsFixture} from "./Settings.t.sol";
import {Attestor, Decision} from "./utils/Attestor.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";
import {IWritOperators} from "writ/interfaces/IWritOperators.sol";
import {RegistryParameters} from "writ/interfaces/OperatorTypes.sol";
import {AccountState, Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @title Accounts that follow an operator registry: moved by anyone, to newer epochs, and told at once who is revoked
contract FollowingTest is SettingsFixture {
    IWritOperators internal registry;
    uint256[] internal oldKeys;
    uint256[] internal newKeys_;
    address internal guardian = makeAddr("guardian");

    uint32 internal constant GRACE = 1 hours;

    function setUp() public override {
        super.setUp();
        RegistryParameters memory given = RegistryParameters({
            leastBond: 1 ether,
            joinDelay: 1 days,
            leaveDelay: 20 days,
            coveredExitDelay: 7 days,
            grace: GRACE,
            thresholdFloor: 2,
            beneficiary: makeAddr("beneficiary")
        });
        registry = IWritOperators(
            deployCode(
                "WritOperatorRegistry.sol:WritOperatorRegistry",
                abi.encode(address(this), guardian, given)
            )
        );
        oldKeys = newKeys("epoch one", 5);
        newKeys_ = newKeys("epoch two", 5);
        _join(oldKeys, "one");
        _join(newKeys_, "two");
        vm.warp(block.timestamp + 1 days);
        _publish(1, oldKeys, 3);
        operatorKeys = oldKeys;
        account = newAccount(following());
    }

    function following() internal view returns (Configuration memory c) {
        c = configuration();
        c.registry = address(registry);
        c.epoch = 1;
        (c.operatorSet, c.operatorSetCodeHash,,) = registry.operatorEpoch(1);
    }

    function _join(uint256[] memory keys, string memory label) private {
        for (uint256 i = 0; i < keys.length; ++i) {
            address operator = makeAddr(string.concat(label, vm.toString(i)));
            bytes32 digest = Attestor.typed(
                address(registry),
                block.chainid,
                keccak256(
                    abi.encode(
                        keccak256("OperatorKey(address operator,address signer)"),
                        operator,
                        vm.addr(keys[i])
                    )
                )
            );
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[i], digest);
            vm.deal(operator, 1 ether);
            vm.prank(operator);
            registry.join{value: 1 ether}(
                vm.addr(keys[i]), "https://operator.example", abi.encodePacked(r, s, v)
            );
        }
    }

    function _publish(uint64 epoch, uint256[] memory keys, uint8 threshold) private {
        address[] memory signers_ = new address[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            signers_[i] = vm.addr(keys[i]);
        }
        registry.publish(epoch, signers_, threshold);
    }

    /// @dev Epoch 2, public for longer than the exit delay of two days.
    function _second(uint8 threshold) private {
        _publish(2, newKeys_, threshold);
        vm.warp(block.timestamp + 2 days + 1);
    }

    function _sync() private {
        vm.prank(makeAddr("anyone"));
        module.sync(address(account), 2);
    }

    /// @dev An operation that these operators attest for this epoch.
    function _operation(uint256[] memory keys, uint64 epoch, uint256 threshold)
        private
        returns (PackedUserOperation memory op)
    {
        operatorKeys = keys;
        op = operation(account, 0, sendNative(1));
        Decision memory d = decision(op);
        d.epoch = epoch;
        d.signers = signers(threshold);
        return attach(op, d);
    }

    // ------------------------------------------------------------------ the script

    function test_theScriptPrintsTheMoveAndRefusesItTooEarly() public {
        Operate operate = new Operate();
        Subject memory subject = Subject(address(account), address(module), "", "");
        vm.expectRevert(abi.encodeWithSelector(IWritErrors.EpochNotNewer.selector, 1, 1));
        operate.following(subject, 1);
        _publish(2, newKeys_, 3);
        vm.expectPartialRevert(IWritErrors.NotReady.selector);
        operate.following(subject, 2);
        vm.warp(block.timestamp + 2 days + 1);
        Setting memory setting = operate.following(subject, 2);
        assertEq(state(address(account)).formerUntil, 0, "only tried");
        vm.prank(makeAddr("anyone"));
        (bool success,) = address(module).call(setting.data);
        assertTrue(success);
        assertEq(current(address(account)).epoch, 2);
        assertEq(abi.encode(state(address(account))), abi.encode(setting.state));
        assertEq(abi.encode(current(address(account))), abi.encode(setting.configuration));
    }

    // ------------------------------------------------------------------ configuring

    function test_followsWhatTheRegistryPublishedAndNothingElse() public {
        Configuration memory c = following();
        c.operatorSet = deploySet(newKeys_);
        c.operatorSetCodeHash = c.operatorSet.codehash;
        _installRefused(
            c,
            abi.encodeWithSelector(
                IWritErrors.NotTheSetOfEpoch.selector, 1, following().operatorSet
            )
        );

        c = following();
        c.epoch = 2;
        _installRefused(c, abi.encodeWithSelector(IWritErrors.UnknownEpoch.selector, 2));

        c = following();
        c.threshold = 2;
        _installRefused(
            c,
            abi.encodeWithSelector(
                IWritErrors.InvalidConfiguration.selector, bytes32("threshold"), 2
            )
        );

        c = following();
        c.registry = address(token);
        vm.expectRevert();
        newAccount(c);
    }

    function _installRefused(Configuration memory c, bytes memory reason) private {
        vm.expectRevert(reason);
        module.onInstall(abi.encode(c, policies()));
    }

    // ------------------------------------------------------------------ moving on

    function test_anyoneMovesAnAccountToANewerEpoch() public {
        AccountState memory before = state(address(account));
        _second(4);
        vm.expectEmit(address(module));
        Configuration memory next = following();
        next.epoch = 2;
        (next.operatorSet, next.operatorSetCodeHash,,) = registry.operatorEpoch(2);
        (next.threshold, next.leastOperators) = (4, 4);
        emit IWritModule.EpochFollowed(
            address(account), 1, 2, uint48(block.timestamp) + GRACE, next
        );
        _sync();
        assertEq(abi.encode(current(address(account))), abi.encode(next), "threshold grew");
        AccountState memory s = state(address(account));
        assertEq(s.revision, before.revision, "the revision stays");
        assertEq(s.configuredAt, before.configuredAt);
        assertEq(s.formerUntil, block.timestamp + GRACE);
        send(_operation(newKeys_, 2, 4));
        assertEq(recipient.balance, 1);
    }

    function test_onlyOnceTheSetWasPublicForLongerThanTheExitDelay() public {
        _publish(2, newKeys_, 4);
        uint48 ready = uint48(block.timestamp) + 2 days + 1;
        vm.warp(ready - 1);
        vm.expectRevert(abi.encodeWithSelector(IWritErrors.NotReady.selector, ready, ready - 1));
        module.sync(address(account), 2);
        vm.warp(ready);
        _sync();
    }

    function test_neverBackAndNeverTwice() public {
        _second(4);
        vm.expectRevert(abi.encodeWithSelector(IWritErrors.EpochNotNewer.selector, 1, 1));
        module.sync(address(account), 1);
        vm.expectRevert(abi.encodeWithSelector(IWritErrors.UnknownEpoch.selector, 3));
        module.sync(address(account), 3);
        _sync();
        vm.expectRevert(abi.encodeWithSelector(IWritErrors.EpochNotNewer.selector, 1, 2));
        module.sync(address(account), 1);
        vm.expectRevert(abi.encodeWithSelector(IWritErrors.EpochNotNewer.selector, 2, 2));
        module.sync(address(account), 2);
    }

    function test_whoFollowsNothingIsNotMoved() public {
        account = newAccount(configuration());
        _second(4);
        vm.expectRevert(
            abi.encodeWithSelector(IWritErrors.FollowsNoRegistry.selector, address(account))
        );
        module.sync(address(account), 2);
        address nobody = makeAddr("nobody");
        vm.expectRevert(abi.encodeWithSelector(IWritErrors.NotInstalled.selector, nobody));
        module.sync(nobody, 2);
    }

    function test_toASetThatIsLargeEnoughOnly() public {
        Configuration memory c = following();
        c.leastOperators = 5;
        account = newAccount(c);
        uint256[] memory few = new uint256[](4);
        for (uint256 i = 0; i < 4; ++i) {
            few[i] = newKeys_[i];
        }
        _publish(2, few, 3);
        vm.warp(block.timestamp + 2 days + 1);
        (address set,,,) = registry.operatorEpoch(2);
        vm.expectRevert(abi.encodeWithSelector(IWritErrors.InvalidOperatorSet.selector, set));
        module.sync(address(account), 2);
    }

    // ------------------------------------------------------------------ grace

    function test_theFormerOperatorsCountUntilTheirGraceEnds() public {
        _second(3);
        PackedUserOperation memory attestedBefore = _operation(oldKeys, 1, 3);
        _sync();
        send(attestedBefore);
        assertEq(recipient.balance, 1);

        // What they sign in their grace ends with it, whatever it says of itself.
        uint256 until = block.timestamp + GRACE;
        PackedUserOperation memory op = _operation(oldKeys, 1, 3);
        vm.warp(until - 60);
        Decision memory d = decision(op);
        (d.epoch, d.validUntil) = (1, uint48(until + 10 minutes));
        op = attach(op, d);
        bytes32 hash = entryPoint.getUserOpHash(op);
        uint256 snapshot = vm.snapshotState();
        vm.prank(address(account));
        uint256 validation = module.validateUserOp(op, hash);
        assertEq(uint48(validation >> 160), until);
        vm.revertToState(snapshot);

        vm.warp(until + 1);
        vm.prank(bundler, bundler);
        vm.expectRevert();
        entryPoint.handleOps(one(op), bundler);
        send(_operation(newKeys_, 2, 3));
        assertEq(recipient.balance, 2);
    }

    function test_aShorterWindowIsNotStretchedByTheGrace() public {
        _second(3);
        _sync();
        PackedUserOperation memory op = _operation(oldKeys, 1, 3);
        bytes32 hash = entryPoint.getUserOpHash(op);
        vm.prank(address(account));
        assertEq(
            uint48(module.validateUserOp(op, hash) >> 160), uint48(block.timestamp) + 10 minutes
        );
    }

    function test_anotherEpochThanTheTwoIsRefused() public {
        _second(3);
        _sync();
        sendRefused(
            _operation(newKeys_, 3, 3),
            abi.encodeWithSelector(IWritErrors.EpochMismatch.selector, uint64(3), uint64(2))
        );
        // The former operators under the new epoch's number, and the other way round.
        sendUnsigned(_operation(oldKeys, 2, 3));
        sendUnsigned(_operation(newKeys_, 1, 3));
    }

    function test_theFormerOperatorsMeetTheThresholdInForce() public {
        _second(4);
        _sync();
        sendRefused(
            _operation(oldKeys, 1, 3),
            abi.encodeWithSelector(IWritErrors.ThresholdMismatch.selector, 3, 4)
        );
        send(_operation(oldKeys, 1, 4));
    }

    function test_aNewConfigurationEndsTheGrace() public {
        _second(3);
        _sync();
        Configuration memory next = current(address(account));
        next.exitDelay = 3 days;
        configure(next, "");
        assertEq(state(address(account)).formerUntil, 0);
        sendRefused(
            _operation(oldKeys, 1, 3),
            abi.encodeWithSelector(IWritErrors.EpochMismatch.selector, uint64(1), uint64(2))
        );
    }

    // ------------------------------------------------------------------ scheduled before, applied after

    function test_whatWasScheduledDoesNotLeadBackToAFormerEpoch() public {
        _publish(2, newKeys_, 4);
        Configuration memory weaker = current(address(account));
        weaker.exitDelay = 1 days;
        configure(weaker, "");
        vm.warp(block.timestamp + 2 days + 1);
        _sync();
        module.applyConfiguration(address(account), weaker, policies());
        Configuration memory c = current(address(account));
        assertEq(c.epoch, 2);
        assertEq(c.threshold, 4);
        assertEq(c.exitDelay, 1 days);
        send(_operation(newKeys_, 2, 4));
    }

    // ------------------------------------------------------------------ revocation

    function _revoke(uint256 key) private {
        vm.prank(guardian);
        registry.revoke(vm.addr(key));
    }

    function test_aRevokedSignerStopsWhatWasAttestedAlready() public {
        PackedUserOperation memory op = _operation(oldKeys, 1, 3);
        _revoke(oldKeys[2]);
        sendReverting(op, abi.encodePacked(IWritErrors.SignerRevoked.selector));
        assertEq(recipient.balance, 0);

        // Without that signer three are left who can.
        operatorKeys = oldKeys;
        op = operation(account, 0, sendNative(1));
        Decision memory d = decision(op);
        (d.signers[0], d.signers[1], d.signers[2]) = (0, 1, 3);
        send(attach(op, d));
        assertEq(recipient.balance, 1);
    }

    function test_aRevokedSignerOfTheFormerEpochAsWell() public {
        _second(3);
        _sync();
        _revoke(oldKeys[0]);
        sendReverting(
            _operation(oldKeys, 1, 3), abi.encodePacked(IWritErrors.SignerRevoked.selector)
        );
        send(_operation(newKeys_, 2, 3));
    }

    function test_observeLogsARevokedSigner() public {
        Configuration memory c = following();
        c.mode = Mode.Observe;
        account = newAccount(c);
        PackedUserOperation memory op = _operation(oldKeys, 1, 3);
        _revoke(oldKeys[1]);
        vm.expectEmit(address(module));
        emit IWritModule.WouldBlock(address(account), IWritErrors.SignerRevoked.selector);
        send(op);
        assertEq(recipient.balance, 1);
    }

    /// @dev Whatever the registry does, nothing passes that it might have revoked, and the way out needs it not.
    function test_aRegistryThatDoesNotAnswerStopsAllButTheExit() public {
        module.announceExit(address(account), due(), ownerSets("AnnounceExit"));
        vm.etch(address(registry), hex"fe");
        sendReverting(
            _operation(oldKeys, 1, 3), abi.encodePacked(IWritErrors.RegistryUnavailable.selector)
        );
        // Two words less than a word.
        vm.etch(address(registry), hex"601f6000f3");
        sendReverting(
            _operation(oldKeys, 1, 3), abi.encodePacked(IWritErrors.RegistryUnavailable.selector)
        );
        vm.etch(address(registry), "");
        sendReverting(
            _operation(oldKeys, 1, 3), abi.encodePacked(IWritErrors.RegistryUnavailable.selector)
        );
        // Burns all that it gets.
        vm.etch(address(registry), hex"5b600056");
        sendReverting(
            _operation(oldKeys, 1, 3), abi.encodePacked(IWritErrors.RegistryUnavailable.selector)
        );
        assertEq(recipient.balance, 0);

        vm.warp(block.timestamp + 2 days);
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.signature = ownerSigns(op);
        send(op);
        assertEq(recipient.balance, 1);
    }

    /// @dev Two operations in one bundle keep their own signers.
    function test_signersAreNotExchanged() public {
        _revoke(oldKeys[0]);
        PackedUserOperation memory bad = _operation(oldKeys, 1, 3);
        operatorKeys = oldKeys;
        PackedUserOperation memory good = operation(account, 1, sendNative(2));
        Decision memory d = decision(good);
        (d.signers[0], d.signers[1], d.signers[2]) = (2, 3, 4);
        good = attach(good, d);
        send(two(bad, good));
        assertEq(recipient.balance, 2);
    }
}
