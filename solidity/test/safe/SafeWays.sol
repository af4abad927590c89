// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {SlotWriter} from "../mocks/Mocks.sol";
import {Attestor} from "../utils/Attestor.sol";
import {Safes} from "../utils/Safes.sol";
import {SafeKindOf, SafeOutcome, SafePath, SafePaths} from "./SafePath.sol";
import {SafeTest, SafeTx} from "./SafeTest.sol";
import {Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @title Every path on every kind of Safe: what really happens, against what is written down
/// @notice A path tells whether something went through. What did not is tried again on a Safe that the guard only observes: if it
/// goes through there, it is the guard that closed it.
abstract contract SafeWays is SafeTest {
    SlotWriter internal writer;

    function kind() internal pure virtual returns (SafeKindOf);

    function setUp() public virtual override {
        super.setUp();
        writer = new SlotWriter();
    }

    /// @dev Another Safe of the kind, in this mode.
    function again(Configuration memory c) internal virtual {
        safe = newSafe();
        install(c);
    }

    function _check(SafePath path, function() internal returns (bool) tried) internal {
        (SafeOutcome foreseen, string memory why) = SafePaths.fact(kind(), path);
        if (foreseen == SafeOutcome.NotApplicable) {
            assertNotEq(why, "", SafePaths.title(path));
            return;
        }
        uint256 before = vm.snapshotState();
        SafeOutcome found;
        if (tried()) {
            found = SafePaths.wanted(path) ? SafeOutcome.Works : SafeOutcome.Open;
        } else {
            vm.revertToState(before);
            Configuration memory c = guardConfiguration();
            c.mode = Mode.Observe;
            again(c);
            found = tried() ? SafeOutcome.Closed : SafeOutcome.Refused;
        }
        assertEq(SafePaths.word(path, found), SafePaths.word(path, foreseen), SafePaths.title(path));
    }

    // ------------------------------------------------------------------ wanted

    function test_attested() public {
        _check(SafePath.Attested, _attested);
    }

    function _attested() private returns (bool) {
        return run(pay(1)) && recipient.balance == 1;
    }

    function test_attestedPosted() public {
        _check(SafePath.AttestedPosted, _attestedPosted);
    }

    function _attestedPosted() private returns (bool) {
        post(callOf(pay(1)));
        return execute(pay(1)) && recipient.balance == 1;
    }

    function test_attestedBatch() public {
        _check(SafePath.AttestedBatch, _attestedBatch);
    }

    function _attestedBatch() private returns (bool) {
        return run(batch(Safes.part(CALL, recipient, 1, ""))) && recipient.balance == 1;
    }

    function test_attestedSelfCall() public {
        _check(SafePath.AttestedSelfCall, _attestedSelfCall);
    }

    function _attestedSelfCall() private returns (bool) {
        address third = makeAddr("third owner");
        return
            run(self(abi.encodeCall(safe.addOwnerWithThreshold, (third, 2)))) && safe.isOwner(third);
    }

    function test_attestedModule() public {
        _check(SafePath.AttestedModule, _attestedModule);
    }

    function _attestedModule() private returns (bool) {
        postFor(recipient, 1, "", CALL, 0);
        return byModule(recipient, 1, "", CALL) && recipient.balance == 1;
    }

    function test_attestedOperation() public {
        _check(SafePath.AttestedOperation, attestedOperation);
    }

    function attestedOperation() internal virtual returns (bool) {
        revert("no such path");
    }

    function test_exitAfterDelay() public {
        _check(SafePath.ExitAfterDelay, _exitAfterDelay);
    }

    function _exitAfterDelay() private returns (bool) {
        if (!execute(setting(abi.encodeCall(guard.announceExit, ())))) return false;
        if (_owners()) return false;
        vm.warp(block.timestamp + 2 days);
        if (hasModuleGuard() && !execute(self(abi.encodeCall(safe.setModuleGuard, (address(0)))))) {
            return false;
        }
        return execute(self(abi.encodeCall(safe.setGuard, (address(0))))) && _owners()
            && slotOf(safe, GUARD_SLOT) == address(0)
            && slotOf(safe, MODULE_GUARD_SLOT) == address(0);
    }

    function test_leaveByQuorum() public {
        _check(SafePath.LeaveByQuorum, _leaveByQuorum);
    }

    function _leaveByQuorum() private returns (bool) {
        Configuration memory next = configured();
        next.mode = Mode.Off;
        bytes32 action = Attestor.configurationAction(
            address(safe), configured(), next, guardState().configurationNonce
        );
        bytes memory given = Attestor.close(Attestor.body(decide(), action, operatorKeys));
        return execute(setting(abi.encodeCall(guard.configure, (next, policies(), given))))
            && execute(self(abi.encodeCall(safe.setGuard, (address(0)))));
    }

    // ------------------------------------------------------------------ what nobody shall get through

    function test_owners() public {
        _check(SafePath.Owners, _owners);
    }

    function _owners() private returns (bool) {
        uint256 before = recipient.balance;
        return execute(pay(1)) && recipient.balance == before + 1;
    }

    function test_ownersDelegatecall() public {
        _check(SafePath.OwnersDelegatecall, _ownersDelegatecall);
    }

    function _ownersDelegatecall() private returns (bool) {
        return execute(batch(Safes.part(CALL, recipient, 1, ""))) && recipient.balance == 1;
    }

    function test_otherTransaction() public {
        _check(SafePath.OtherTransaction, _otherTransaction);
    }

    function _otherTransaction() private returns (bool) {
        SafeTx memory t = pay(2);
        return send(safe, exec(t, bytes.concat(signed(t), attestation(pay(1)))));
    }

    function test_refund() public {
        _check(SafePath.Refund, _refund);
    }

    function _refund() private returns (bool) {
        SafeTx memory t = pay(1);
        bytes memory forAnother = attestation(t);
        (t.gasPrice, t.gasToken, t.refundReceiver) = (1, address(token), relayer);
        return
            send(safe, exec(t, bytes.concat(signed(t), forAnother))) && token.balanceOf(relayer) > 0;
    }

    function test_boundExceeded() public {
        _check(SafePath.BoundExceeded, _boundExceeded);
    }

    function _boundExceeded() private returns (bool) {
        return run(pay(2 ether));
    }

    function test_boundExceededByDelegatecall() public {
        _check(SafePath.BoundExceededByDelegatecall, _boundExceededByDelegatecall);
    }

    function _boundExceededByDelegatecall() private returns (bool) {
        return run(batch(Safes.part(CALL, recipient, 2 ether, "")));
    }

    function test_module() public {
        _check(SafePath.Module, _module);
    }

    function _module() private returns (bool) {
        return _byModule(safeModule, recipient, 1, "", CALL) && recipient.balance == 1;
    }

    function test_moduleDelegatecall() public {
        _check(SafePath.ModuleDelegatecall, _moduleDelegatecall);
    }

    function _moduleDelegatecall() private returns (bool) {
        bytes memory write = abi.encodeCall(writer.write, (uint256(keccak256("free")), 1));
        return _byModule(safeModule, address(writer), 0, write, DELEGATECALL);
    }

    function test_newModule() public {
        _check(SafePath.NewModule, _newModule);
    }

    function _newModule() private returns (bool) {
        address other = makeAddr("new module");
        SafeTx memory t = self(abi.encodeCall(safe.enableModule, (other)));
        send(safe, exec(t, bytes.concat(signed(t), attestation(t))));
        return _byModule(other, recipient, 1, "", CALL) && recipient.balance == 1;
    }

    function test_userOperation() public {
        _check(SafePath.UserOperation, userOperation);
    }

    function userOperation() internal virtual returns (bool) {
        revert("no such path");
    }

    function test_adaptersExecutor() public {
        _check(SafePath.AdaptersExecutor, adaptersExecutor);
    }

    function adaptersExecutor() internal virtual returns (bool) {
        revert("no such path");
    }

    function test_removeGuard() public {
        _check(SafePath.RemoveGuard, _removeGuard);
    }

    function _removeGuard() private returns (bool) {
        run(self(abi.encodeCall(safe.setGuard, (address(0)))));
        return slotOf(safe, GUARD_SLOT) == address(0);
    }

    function test_removeModuleGuard() public {
        _check(SafePath.RemoveModuleGuard, _removeModuleGuard);
    }

    function _removeModuleGuard() private returns (bool) {
        run(self(abi.encodeCall(safe.setModuleGuard, (address(0)))));
        return slotOf(safe, MODULE_GUARD_SLOT) == address(0);
    }

    function test_removeGuardByDelegatecall() public {
        _check(SafePath.RemoveGuardByDelegatecall, _removeGuardByDelegatecall);
    }

    function _removeGuardByDelegatecall() private returns (bool) {
        run(_writing(uint256(keccak256(bytes(GUARD_SLOT))), 0));
        return slotOf(safe, GUARD_SLOT) == address(0);
    }

    function test_removeGuardByModule() public {
        _check(SafePath.RemoveGuardByModule, _removeGuardByModule);
    }

    function _removeGuardByModule() private returns (bool) {
        bytes memory removing = abi.encodeCall(safe.setGuard, (address(0)));
        if (hasModuleGuard()) postFor(address(safe), 0, removing, CALL, 0);
        _byModule(safeModule, address(safe), 0, removing, CALL);
        return slotOf(safe, GUARD_SLOT) == address(0);
    }

    function test_uninstallHookByOther() public {
        _check(SafePath.UninstallHookByOther, uninstallHookByOther);
    }

    function uninstallHookByOther() internal virtual returns (bool) {
        revert("no such path");
    }

    function test_handler() public {
        _check(SafePath.Handler, _handler);
    }

    function _handler() private returns (bool) {
        run(self(abi.encodeCall(safe.setFallbackHandler, (address(token)))));
        (bool success,) =
            address(safe).call(abi.encodeCall(token.transfer, (recipient, uint256(5))));
        return success && token.balanceOf(recipient) == 5;
    }

    function test_upgrade() public {
        _check(SafePath.Upgrade, _upgrade);
    }

    function _upgrade() private returns (bool) {
        run(_writing(0, uint160(address(writer))));
        return vm.load(address(safe), 0) == bytes32(uint256(uint160(address(writer))));
    }

    function test_ownersByDelegatecall() public {
        _check(SafePath.OwnersByDelegatecall, _ownersByDelegatecall);
    }

    function _ownersByDelegatecall() private returns (bool) {
        address third = makeAddr("third owner");
        bytes memory adding = abi.encodeCall(safe.addOwnerWithThreshold, (third, 1));
        run(batch(Safes.part(CALL, address(safe), 0, adding)));
        return safe.isOwner(third);
    }

    function test_signature() public {
        _check(SafePath.Signature, _signature);
    }

    function _signature() private view returns (bool) {
        bytes32 hash = keccak256("permit");
        return signs(hash, sign(messageHash(abi.encode(hash))));
    }

    function signs(bytes32 hash, bytes memory signature) internal view virtual returns (bool) {
        return safe.isValidSignature(hash, signature) == 0x1626ba7e;
    }

    // ------------------------------------------------------------------ parts

    /// @dev What owners sign of a message of the Safe.
    function messageHash(bytes memory message) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(uint256 chainId,address verifyingContract)"),
                block.chainid,
                safe
            )
        );
        bytes32 structHash =
            keccak256(abi.encode(keccak256("SafeMessage(bytes message)"), keccak256(message)));
        return keccak256(bytes.concat(hex"1901", domain, structHash));
    }

    function _byModule(address who, address to, uint256 value, bytes memory data, uint8 operation)
        private
        returns (bool)
    {
        vm.prank(who);
        try safe.execTransactionFromModule(to, value, data, operation) returns (bool success) {
            return success;
        } catch {
            return false;
        }
    }

    function _writing(uint256 slot, uint256 value) private view returns (SafeTx memory) {
        bytes memory data = abi.encodeCall(writer.write, (slot, value));
        return transaction(address(writer), 0, data, DELEGATECALL);
    }
}
