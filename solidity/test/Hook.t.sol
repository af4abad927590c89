// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {
    AnsweringHandler,
    Callback,
    OpenExecutor,
    SlotWriter,
    UnreadableToken
} from "./mocks/Mocks.sol";
import {Decision} from "./utils/Attestor.sol";
import {EntryPoints, IEntryPointExtra} from "./utils/EntryPoints.sol";
import {WritTest} from "./utils/WritTest.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    Execution,
    IERC7579Execution,
    IERC7579ModuleConfig,
    MODULE_TYPE_EXECUTOR,
    MODULE_TYPE_FALLBACK,
    MODULE_TYPE_HOOK,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {IERC721Receiver} from "@openzeppelin/contracts/token/ERC721/IERC721Receiver.sol";
import {Vm} from "forge-std/Vm.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";
import {Bound, Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @title No ticket, no execution; no more than the bounds; and nobody gets rid of the hook on the way
abstract contract HookSuite is WritTest {
    OpenExecutor internal executor;
    AnsweringHandler internal handler;

    function setUp() public override {
        super.setUp();
        executor = new OpenExecutor();
        handler = new AnsweringHandler();
        _install(MODULE_TYPE_EXECUTOR, address(executor), "");
        _install(MODULE_TYPE_FALLBACK, address(handler), abi.encodePacked(bytes4(0xaabbccdd)));
        _install(
            MODULE_TYPE_FALLBACK,
            address(handler),
            abi.encodePacked(IERC721Receiver.onERC721Received.selector)
        );
    }

    function _install(uint256 kind, address installed, bytes memory data) private {
        send(
            attested(
                operation(
                    account,
                    0,
                    abi.encodeCall(IERC7579ModuleConfig.installModule, (kind, installed, data))
                )
            )
        );
        assertTrue(account.isModuleInstalled(kind, installed, data));
    }

    function run(bytes memory callData) internal {
        send(attested(operation(account, 0, callData)));
    }

    function reverts(bytes memory callData, bytes memory reason) internal {
        sendReverting(attested(operation(account, 0, callData)), reason);
    }

    function reverts(bytes memory callData, bytes4 reason) internal {
        reverts(callData, abi.encodePacked(reason));
    }

    function batch(address to, bytes memory data, address then, uint256 value)
        internal
        pure
        returns (bytes memory)
    {
        Execution[] memory calls = new Execution[](2);
        calls[0] = Execution(to, 0, data);
        calls[1] = Execution(then, value, "");
        return executeBatch(calls);
    }

    // ------------------------------------------------------------------ ways in

    function test_executorsNeverExecute() public {
        vm.expectRevert(IWritErrors.NoTicket.selector);
        executor.run(address(account), SINGLE, abi.encodePacked(recipient, uint256(1), ""));
        // Not even from inside of an attested execution.
        reverts(
            executeCall(
                address(executor),
                0,
                abi.encodeCall(
                    executor.run,
                    (address(account), SINGLE, abi.encodePacked(recipient, uint256(1), ""))
                )
            ),
            IWritErrors.NoTicket.selector
        );
        assertEq(recipient.balance, 0);
        run(sendNative(1));
        assertEq(recipient.balance, 1);
    }

    function test_executorsExecuteInObserve() public {
        Configuration memory c = configuration();
        c.mode = Mode.Observe;
        account = newAccount(c);
        _install(MODULE_TYPE_EXECUTOR, address(executor), "");
        vm.expectEmit(address(module));
        emit IWritModule.WouldBlock(address(account), IWritErrors.NoTicket.selector);
        executor.run(address(account), SINGLE, abi.encodePacked(recipient, uint256(1), ""));
        assertEq(recipient.balance, 1);
    }

    function test_theEntryPointNeedsATicketToo() public {
        bytes memory callData = sendNative(1);
        vm.prank(address(entryPoint));
        (bool success, bytes memory reason) = address(account).call(callData);
        assertFalse(success);
        assertEq(reason, abi.encodePacked(IWritErrors.NoTicket.selector));
        run(callData);
        assertEq(recipient.balance, 1);
    }

    function test_nestedCallsInheritTheFrame() public {
        run(executeCall(address(account), 0, sendNative(1 ether)));
        assertEq(recipient.balance, 1 ether);
        // And its bounds.
        reverts(
            executeCall(address(account), 0, sendNative(1 ether + 1)),
            abi.encodeWithSelector(
                IWritErrors.BoundExceeded.selector, 0, address(0), 1 ether, 1 ether + 1
            )
        );
    }

    function test_receiversAnswerAtAnyTimeOthersInsideAFrameOnly() public {
        IERC721Receiver(address(account)).onERC721Received(address(0), address(0), 0, "");
        assertEq(handler.calls(), 1);
        bytes memory other = abi.encodePacked(bytes4(0xaabbccdd), bytes32(0));
        (bool success, bytes memory reason) = address(account).call(other);
        assertFalse(success);
        assertEq(reason, abi.encodePacked(IWritErrors.NoTicket.selector));

        Callback callback = new Callback(other);
        run(executeCall(address(callback), 1, ""));
        assertEq(handler.calls(), 2);
    }

    function test_aCallbackCannotExecute() public {
        Callback callback = new Callback(sendNative(1));
        PackedUserOperation memory op =
            attested(operation(account, 0, executeCall(address(callback), 1, "")));
        send(op);
        assertEq(recipient.balance, 0);
    }

    // ------------------------------------------------------------------ bounds

    function test_boundsOfNative() public {
        reverts(
            sendNative(1 ether + 1),
            abi.encodeWithSelector(
                IWritErrors.BoundExceeded.selector, 0, address(0), 1 ether, 1 ether + 1
            )
        );
        assertEq(recipient.balance, 0);
        run(sendNative(1 ether));
        assertEq(recipient.balance, 1 ether);
    }

    function test_boundsOfTokens() public {
        reverts(
            sendToken(1001),
            abi.encodeWithSelector(
                IWritErrors.BoundExceeded.selector, 1, address(token), 1000, 1001
            )
        );
        assertEq(token.balanceOf(recipient), 0);
        run(sendToken(1000));
        assertEq(token.balanceOf(recipient), 1000);
    }

    function testFuzz_bounds(uint96 value, uint96 maxNative, uint64 amount, uint64 maxTokens)
        public
    {
        value = uint96(bound(value, 0, 10 ether));
        amount = uint64(bound(amount, 0, 1_000_000));
        Execution[] memory calls = new Execution[](2);
        calls[0] = Execution(recipient, value, "");
        calls[1] = Execution(address(token), 0, abi.encodeCall(token.transfer, (recipient, amount)));
        PackedUserOperation memory op = operation(account, 0, executeBatch(calls));
        Decision memory d = decision(op);
        d.bounds = bounds(maxNative, maxTokens);
        send(attach(op, d));
        bool within = value <= maxNative && amount <= maxTokens;
        assertEq(recipient.balance, within ? value : 0);
        assertEq(token.balanceOf(recipient), within ? amount : 0);
    }

    function test_whatCannotBeMeasuredIsRefused() public {
        address unreadable = address(new UnreadableToken());
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        Decision memory d = decision(op);
        d.bounds[1].asset = unreadable;
        sendReverting(
            attach(op, d),
            abi.encodeWithSelector(IWritErrors.BalanceUnreadable.selector, unreadable)
        );
        op = operation(account, 0, sendNative(1));
        d = decision(op);
        d.bounds[1].asset = address(0xdead);
        sendReverting(
            attach(op, d),
            abi.encodeWithSelector(IWritErrors.BalanceUnreadable.selector, address(0xdead))
        );
        run(sendNative(1));
        assertEq(recipient.balance, 1);
    }

    function test_outflowsAreLinkedBackwards() public {
        Configuration memory c = configuration();
        c.readsHistory = true;
        account = newAccount(c);

        vm.expectEmit(address(module));
        emit IWritModule.Outflow(address(account), address(0), 0, 5, 0, NOW, 0);
        run(sendNative(5));
        // Another one in the same block still names the block before.
        vm.expectEmit(address(module));
        emit IWritModule.Outflow(address(account), address(token), 1, 6, 1, NOW, 0);
        run(sendToken(6));
        assertEq(state(address(account)).lastOutflowBlock, 1000);

        vm.roll(1003);
        run(executeCall(recipient, 0, ""));
        assertEq(state(address(account)).lastOutflowBlock, 1000, "nothing left");
        vm.roll(1007);
        vm.expectEmit(address(module));
        emit IWritModule.Outflow(address(account), address(0), 0, 7, 3, NOW, 1000);
        run(sendNative(7));
        vm.expectEmit(address(module));
        emit IWritModule.Outflow(address(account), address(0), 0, 8, 4, NOW, 1000);
        run(sendNative(8));
        assertEq(state(address(account)).lastOutflowBlock, 1007);
    }

    // ------------------------------------------------------------------ getting rid of the hook

    function test_uninstallingUnderEnforcementIsRefused() public {
        bytes4 reason = IWritErrors.UninstallNotAllowed.selector;
        bytes memory hook = abi.encodeCall(
            IERC7579ModuleConfig.uninstallModule, (MODULE_TYPE_HOOK, address(module), "")
        );
        bytes memory validator = abi.encodeCall(
            IERC7579ModuleConfig.uninstallModule, (MODULE_TYPE_VALIDATOR, address(module), "")
        );
        reverts(hook, reason);
        reverts(validator, reason);
        reverts(executeCall(address(account), 0, hook), reason);
        reverts(batch(address(account), validator, recipient, 1), reason);
        reverts(executeCall(address(module), 0, abi.encodeCall(module.onUninstall, (""))), reason);
        assertTrue(account.isModuleInstalled(MODULE_TYPE_HOOK, address(module), ""));
        assertEq(state(address(account)).revision, 1);
        // Another module may go.
        run(
            abi.encodeCall(
                IERC7579ModuleConfig.uninstallModule, (MODULE_TYPE_EXECUTOR, address(executor), "")
            )
        );
        assertFalse(account.isModuleInstalled(MODULE_TYPE_EXECUTOR, address(executor), ""));
    }

    function test_overwritingTheHookSlotIsRefused() public {
        SlotWriter writer = new SlotWriter();
        uint256 slot = _hookSlot();
        bytes memory harmless = abi.encodePacked(
            address(writer), abi.encodeCall(writer.write, (uint256(keccak256("free")), 0))
        );
        bytes memory harmful =
            abi.encodePacked(address(writer), abi.encodeCall(writer.write, (slot, 0)));
        reverts(
            abi.encodeCall(IERC7579Execution.execute, (DELEGATE, harmful)),
            IWritErrors.UninstallNotAllowed.selector
        );
        assertEq(account.hook(), address(module));
        run(abi.encodeCall(IERC7579Execution.execute, (DELEGATE, harmless)));
    }

    function _hookSlot() private returns (uint256 slot) {
        vm.record();
        account.hook();
        (bytes32[] memory reads,) = vm.accesses(address(account));
        slot = uint256(reads[0]);
        assertEq(
            vm.load(address(account), bytes32(slot)), bytes32(uint256(uint160(address(module))))
        );
    }

    function test_closingTheFrameEarlyIsRefused() public {
        // The account can predict what preCheck measured, and hands it in itself.
        bytes memory callData;
        bytes memory hookData = new bytes(96);
        Execution[] memory calls = new Execution[](2);
        calls[0] = Execution(address(module), 0, abi.encodeCall(module.postCheck, (hookData)));
        calls[1] = Execution(recipient, 50 ether, "");
        callData = executeBatch(calls);
        reverts(callData, IWritErrors.NoFrame.selector);
        assertEq(recipient.balance, 0);
    }

    function test_postCheckWithoutAFrameIsRefused() public {
        vm.expectRevert(IWritErrors.NoFrame.selector);
        vm.prank(address(account));
        module.postCheck(abi.encode(1, 2, 3));
        vm.prank(address(account));
        module.postCheck("");
    }

    // ------------------------------------------------------------------ minting again

    function test_anOldOperationMintsNothingFromInsideAFrame() public {
        PackedUserOperation memory old = attested(operation(account, 0, sendNative(1)));
        bytes32 hash = entryPoint.getUserOpHash(old);
        send(old);
        bytes memory again = abi.encodeCall(module.validateUserOp, (old, hash));
        reverts(executeCall(address(module), 0, again), IWritErrors.FrameOpen.selector);
        // Nor its own, nor through an executor.
        vm.expectRevert(IWritErrors.NoTicket.selector);
        executor.run(address(account), SINGLE, abi.encodePacked(address(module), uint256(0), again));
        // Outside of a frame the same question is answered.
        vm.prank(address(account));
        assertEq(uint160(module.validateUserOp(old, hash)), 0);
        assertEq(recipient.balance, 1);
    }

    function test_theAccountCannotSpendAnothersTicketInsideAFrame() public {
        PackedUserOperation memory victim = attested(operation(account, 1, sendNative(2)));
        bytes memory spend =
            abi.encodeCall(module.preCheck, (address(entryPoint), 0, victim.callData));
        PackedUserOperation memory thief =
            attested(operation(account, 0, executeCall(address(module), 0, spend)));
        vm.expectEmit(address(entryPoint));
        emit UserOperationRevertReason(
            entryPoint.getUserOpHash(thief),
            address(account),
            thief.nonce,
            abi.encodePacked(IWritErrors.FrameOpen.selector)
        );
        send(two(thief, victim));
        assertEq(recipient.balance, 2, "the victim ran with its own ticket");
    }

    // ------------------------------------------------------------------ modes

    function test_offLooksAtNothing() public {
        Configuration memory c = configuration();
        c.mode = Mode.Off;
        account = newAccount(c);
        PackedUserOperation memory op = operation(account, 0, sendNative(50 ether));
        op.signature = ownerSigns(op);
        send(op);
        assertEq(recipient.balance, 50 ether);
        // A suffix does no harm; a stranger does not get in.
        send(attested(operation(account, 0, sendNative(1))));
        op = operation(account, 0, sendNative(1));
        op.signature = new bytes(65);
        sendUnsigned(op);
    }

    function test_observeNeverBlocksAndSaysWhatEnforceWould() public {
        Configuration memory c = configuration();
        c.mode = Mode.Observe;
        account = newAccount(c);

        PackedUserOperation memory op = operation(account, 0, sendNative(1 ether));
        op.signature = ownerSigns(op);
        vm.expectEmit(address(module));
        emit IWritModule.WouldBlock(address(account), IWritErrors.AttestationRequired.selector);
        vm.expectEmit(address(module));
        emit IWritModule.WouldBlock(address(account), IWritErrors.NoTicket.selector);
        send(op);

        op = operation(account, 0, sendNative(1 ether));
        Decision memory d = decision(op);
        d.level = 3;
        vm.expectEmit(address(module));
        emit IWritModule.WouldBlock(address(account), IWritErrors.LevelMismatch.selector);
        send(attach(op, d));

        op = operation(account, 0, sendNative(1 ether));
        d = decision(op);
        d.policy = 0;
        vm.expectEmit(address(module));
        emit IWritModule.WouldBlock(address(account), IWritErrors.InvalidQuorum.selector);
        send(attach(op, d));

        vm.expectEmit(address(module));
        emit IWritModule.WouldBlock(address(account), IWritErrors.BoundExceeded.selector);
        vm.expectEmit(address(module));
        emit IWritModule.Outflow(address(account), address(0), 0, 3 ether, 0, NOW, 0);
        run(sendNative(3 ether));
        assertEq(recipient.balance, 6 ether);

        // Within its attestation: not a word.
        vm.recordLogs();
        run(sendNative(1 ether));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            assertNotEq(logs[i].topics[0], IWritModule.WouldBlock.selector);
        }
    }

    function test_observeLetsTheModuleGo() public {
        Configuration memory c = configuration();
        c.mode = Mode.Observe;
        account = newAccount(c);
        run(
            abi.encodeCall(
                IERC7579ModuleConfig.uninstallModule, (MODULE_TYPE_HOOK, address(module), "")
            )
        );
        assertFalse(state(address(account)).hookInstalled);
        assertEq(account.hook(), address(0));
    }
}

contract HookV07Test is HookSuite {}

contract HookV08Test is HookSuite {
    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        return EntryPoints.deployV08();
    }
}
