// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {SlotWriter} from "../mocks/Mocks.sol";
import {Decision} from "../utils/Attestor.sol";
import {ISignMessageLib, Safes} from "../utils/Safes.sol";
import {CallsBack, Delegated, LyingSafe} from "./Mocks.sol";
import {SafeTest, SafeTx} from "./SafeTest.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritSafeGuard} from "writ/interfaces/IWritSafeGuard.sol";
import {SafeCall} from "writ/interfaces/SafeTypes.sol";

/// @title What owners, modules and attested code try in order to get past the guard or rid of it
contract SafeAttacksTest is SafeTest {
    Delegated internal delegated;
    SlotWriter internal writer;

    function setUp() public override {
        super.setUp();
        delegated = new Delegated();
        writer = new SlotWriter();
    }

    // ------------------------------------------------------------------ getting rid of the guards

    /// @dev An attested call is no consent to leave, whichever way it takes.
    function test_guardsStay() public {
        bytes[3] memory removals = [
            abi.encodeCall(safe.setGuard, (address(0))),
            abi.encodeCall(safe.setModuleGuard, (address(0))),
            abi.encodeCall(safe.setModuleGuard, (address(Safes.guard(address(0), address(0)))))
        ];
        bytes memory not = abi.encodePacked(IWritErrors.UninstallNotAllowed.selector);
        for (uint256 i = 0; i < removals.length; ++i) {
            runReverting(self(removals[i]), not);
            runReverting(batch(Safes.part(CALL, address(safe), 0, removals[i])), not);
            postFor(address(safe), 0, removals[i], CALL, uint64(i));
            moduleReverts(address(safe), 0, removals[i], CALL, not);
        }
        runReverting(_writing(keccak256(bytes(GUARD_SLOT)), 0), not);
        runReverting(_writing(keccak256(bytes(MODULE_GUARD_SLOT)), 0), not);
        // By a transaction inside of a transaction, each attested.
        SafeTx memory inner = self(removals[0]);
        uint256 nonce = safe.nonce() + 1;
        bytes memory signatures = sign(hashOf(safe, inner, nonce));
        SafeCall memory call = callOf(inner);
        (call.nonce, call.context) = (uint64(nonce), hashOf(safe, inner, nonce));
        post(call);
        runReverting(self(exec(inner, signatures)), not);
        assertEq(slotOf(safe, GUARD_SLOT), address(guard));
        assertEq(slotOf(safe, MODULE_GUARD_SLOT), address(guard));
    }

    function test_guardsCanBeSetToThemselves() public {
        assertTrue(run(self(abi.encodeCall(safe.setGuard, (address(guard))))));
        assertTrue(run(self(abi.encodeCall(safe.setModuleGuard, (address(guard))))));
        vm.store(address(safe), keccak256(bytes(MODULE_GUARD_SLOT)), 0);
        assertTrue(run(self(abi.encodeCall(safe.setModuleGuard, (address(guard))))));
        assertEq(slotOf(safe, MODULE_GUARD_SLOT), address(guard));
    }

    /// @dev Anyone can make the Safe call its handler, whatever it is, and no guard sees it.
    function test_fallbackHandlerStays() public {
        bytes memory reason = _changed("fallbackHandler");
        bytes memory data = abi.encodeCall(safe.setFallbackHandler, (address(token)));
        runReverting(self(data), reason);
        runReverting(batch(Safes.part(CALL, address(safe), 0, data)), reason);
        runReverting(_writing(keccak256(bytes(HANDLER_SLOT)), uint160(address(token))), reason);
        assertEq(slotOf(safe, HANDLER_SLOT), handler);
    }

    /// @dev Without a module guard, a module executes what it likes.
    function test_noNewModuleWithoutAModuleGuard() public {
        vm.store(address(safe), keccak256(bytes(MODULE_GUARD_SLOT)), 0);
        bytes memory enabling = abi.encodeCall(safe.enableModule, (makeAddr("new module")));
        runReverting(
            self(enabling),
            abi.encodeWithSelector(IWritErrors.ForbiddenCall.selector, safe.enableModule.selector)
        );
        runReverting(batch(Safes.part(CALL, address(safe), 0, enabling)), _changed("modules"));
        assertTrue(run(self(abi.encodeCall(safe.disableModule, (address(1), safeModule)))));
        assertFalse(safe.isModuleEnabled(safeModule));
    }

    /// @dev What is delegated to changes nothing of the Safe, by whatever means.
    function test_delegatecallChangesNoSetting() public {
        address third = makeAddr("third");
        bytes memory adding = abi.encodeCall(safe.addOwnerWithThreshold, (third, 2));
        runReverting(batch(Safes.part(CALL, address(safe), 0, adding)), _changed("owners"));
        (address first, address second) = (safe.getOwners()[0], safe.getOwners()[1]);
        bytes memory swapping = abi.encodeCall(safe.swapOwner, (first, second, third));
        runReverting(batch(Safes.part(CALL, address(safe), 0, swapping)), _changed("owners"));
        bytes memory lowering = abi.encodeCall(safe.changeThreshold, (1));
        runReverting(batch(Safes.part(CALL, address(safe), 0, lowering)), _changed("threshold"));
        bytes memory enabling = abi.encodeCall(safe.enableModule, (third));
        runReverting(batch(Safes.part(CALL, address(safe), 0, enabling)), _changed("modules"));
        runReverting(_writing(bytes32(uint256(4)), 1), _changed("threshold"));
        runReverting(_writing(bytes32(uint256(5)), 0), _changed("nonce"));
        runReverting(_writing(bytes32(uint256(0)), uint160(address(writer))), _changed("singleton"));
        // By a module as well.
        bytes memory write = abi.encodeCall(writer.write, (4, 1));
        postFor(address(writer), 0, write, DELEGATECALL, 0);
        moduleReverts(address(writer), 0, write, DELEGATECALL, _changed("threshold"));
    }

    /// @dev Code that takes the singleton's place answers every question as it likes, but not that one.
    function test_aLyingSingletonIsSeen() public {
        address lying = address(new LyingSafe(address(safe)));
        runReverting(_writing(bytes32(uint256(0)), uint160(lying)), _changed("singleton"));
    }

    // ------------------------------------------------------------------ frames

    /// @dev As the Safe, attested code closes its own frame before it takes more than it may.
    function test_closingTheFrameEarlyIsSeen() public {
        SafeTx memory t = transaction(address(delegated), 0, "", DELEGATECALL);
        // The hash is over the calldata, which therefore cannot name it: the code asks for it when it runs.
        t.data = abi.encodeCall(delegated.closeAndPay, (guard, delegated, recipient, 2 ether));
        delegated.setHash(hashOf(safe, t, safe.nonce()));
        runReverting(t, abi.encodePacked(IWritErrors.NoFrame.selector));
        assertEq(recipient.balance, 0);
    }

    /// @dev The same of a module's frame, whose number is foreseeable.
    function test_closingAModulesFrameEarlyIsSeen() public {
        delegated.setHash(bytes32(uint256(1)));
        bytes memory data =
            abi.encodeCall(delegated.closeModuleAndPay, (guard, delegated, recipient, 2 ether));
        postFor(address(delegated), 0, data, DELEGATECALL, 0);
        moduleReverts(
            address(delegated),
            0,
            data,
            DELEGATECALL,
            abi.encodePacked(IWritErrors.NoFrame.selector)
        );
    }

    /// @dev Steps that asked for nothing, made up by the Safe itself, excuse no frame.
    function test_madeUpStepsAsideExcuseNothing() public {
        SafeTx memory t = transaction(address(delegated), 0, "", DELEGATECALL);
        t.data = abi.encodeCall(delegated.stepAsideAndPay, (guard, delegated, recipient, 2 ether));
        delegated.setHash(hashOf(safe, t, safe.nonce()));
        runReverting(t, abi.encodePacked(IWritErrors.NoFrame.selector));
    }

    /// @dev A transaction inside of a transaction: each under its own attestation, the outer one's bounds over both.
    function test_nestedTransactions() public {
        SafeTx memory inner = pay(1 ether);
        uint256 nonce = safe.nonce() + 1;
        SafeCall memory call = callOf(inner);
        (call.nonce, call.context) = (uint64(nonce), hashOf(safe, inner, nonce));
        bytes memory nested =
            exec(inner, bytes.concat(sign(hashOf(safe, inner, nonce)), attest(call, PRESENTED)));
        Decision memory d = decide();
        d.bounds = onlyNative(1 ether - 1);
        runReverting(
            self(nested),
            d,
            abi.encodeWithSelector(
                IWritErrors.BoundExceeded.selector, 0, address(0), 1 ether - 1, 1 ether
            )
        );
        assertTrue(run(self(nested)));
        assertEq(recipient.balance, 1 ether);
        assertEq(safe.nonce(), nonce + 1);
    }

    /// @dev Who is paid calls back with the owners' next transaction: without an attestation of its own it is refused.
    function test_reentryNeedsAnAttestationOfItsOwn() public {
        CallsBack receiver = new CallsBack();
        SafeTx memory outer = transaction(address(receiver), 1, "", CALL);
        SafeTx memory inner = pay(5);
        uint256 nonce = safe.nonce() + 1;
        bytes memory signatures = sign(hashOf(safe, inner, nonce));
        receiver.then(address(safe), exec(inner, signatures));
        SafeCall memory call = callOf(inner);
        (call.nonce, call.context) = (uint64(nonce), hashOf(safe, inner, nonce));
        runReverting(outer, abi.encodeWithSelector(IWritSafeGuard.CallNotAttested.selector, call));
        post(call);
        assertTrue(run(outer));
        assertEq(recipient.balance, 5);
    }

    /// @dev A module is called back by who is paid: the same.
    function test_reentryByAModuleNeedsAnAttestationOfItsOwn() public {
        CallsBack receiver = new CallsBack();
        assertTrue(run(self(abi.encodeCall(safe.enableModule, (address(receiver))))));
        receiver.then(
            address(safe),
            abi.encodeCall(safe.execTransactionFromModule, (recipient, 5, bytes(""), CALL))
        );
        SafeTx memory outer = transaction(address(receiver), 1, "", CALL);
        SafeCall memory call = moduleCall(recipient, 5, "", CALL, 0);
        call.caller = address(receiver);
        runReverting(outer, abi.encodeWithSelector(IWritSafeGuard.CallNotAttested.selector, call));
        post(call);
        assertTrue(run(outer));
        assertEq(recipient.balance, 5);
    }

    /// @dev What is attested for a nonce that is over runs no second time, though the Safe's storage says that it is due: in the
    /// same transaction by code that is delegated to and puts everything back.
    function test_aNonceThatComesAgainRunsNothing() public {
        SafeTx memory old = pay(3);
        uint256 nonce = safe.nonce();
        bytes memory again = exec(old, bytes.concat(signed(old), attestation(old)));
        assertTrue(send(safe, again));

        SafeTx memory t = transaction(
            address(delegated),
            0,
            abi.encodeCall(delegated.replay, (address(safe), nonce, again)),
            DELEGATECALL
        );
        runReverting(
            t, abi.encodeWithSelector(IWritSafeGuard.NonceUsed.selector, address(safe), nonce)
        );
        // A module's delegatecall has no nonce of the Safe.
        postFor(t.to, 0, t.data, DELEGATECALL, 0);
        vm.prank(safeModule);
        assertFalse(safe.execTransactionFromModule(t.to, 0, t.data, DELEGATECALL));
        assertEq(recipient.balance, 3);
    }

    /// @dev The checks are about the sender: nobody opens or closes anything of a Safe.
    function test_strangersReachNothing() public {
        SafeTx memory t = pay(1);
        bytes32 hash = hashOf(safe, t, safe.nonce());
        vm.startPrank(relayer);
        guard.checkAfterExecution(hash, true);
        guard.checkAfterModuleExecution(bytes32(uint256(1)), true);
        guard.checkModuleTransaction(recipient, 1, "", CALL, safeModule);
        vm.stopPrank();
        assertTrue(run(t));
    }

    // ------------------------------------------------------------------ what no guard sees

    /// @dev Open: the owners' ERC-1271 signatures of the Safe, by the handler. Marking a message as signed is a delegatecall.
    function test_signaturesOfTheOwnersAreNotSeen() public {
        bytes32 hash = keccak256("permit");
        bytes32 message = keccak256(
            bytes.concat(
                hex"1901",
                keccak256(
                    abi.encode(
                        keccak256("EIP712Domain(uint256 chainId,address verifyingContract)"),
                        block.chainid,
                        safe
                    )
                ),
                keccak256(
                    abi.encode(keccak256("SafeMessage(bytes message)"), keccak256(abi.encode(hash)))
                )
            )
        );
        assertEq(safe.isValidSignature(hash, sign(message)), bytes4(0x1626ba7e));

        address library_ = Safes.create("libraries/SignMessageLib.sol/SignMessageLib");
        SafeTx memory t = transaction(
            library_,
            0,
            abi.encodeCall(ISignMessageLib.signMessage, (abi.encode(hash))),
            DELEGATECALL
        );
        refused(t);
        assertTrue(run(t));
        assertEq(safe.signedMessages(message), 1);
    }

    // ------------------------------------------------------------------ parts

    function _writing(bytes32 slot, uint256 value) private view returns (SafeTx memory) {
        bytes memory data = abi.encodeCall(writer.write, (uint256(slot), value));
        return transaction(address(writer), 0, data, DELEGATECALL);
    }

    function _changed(bytes32 what) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IWritSafeGuard.SafeChanged.selector, what);
    }
}
