// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {RawAccount, Sequence, TwoBundles} from "./mocks/Mocks.sol";
import {Decision} from "./utils/Attestor.sol";
import {EntryPoints, IEntryPointExtra} from "./utils/EntryPoints.sol";
import {WritTest} from "./utils/WritTest.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";

/// @title One ticket, one operation, one transaction
abstract contract TicketsSuite is WritTest {
    function bounded(uint32 key, uint256 value, uint128 maxOut)
        internal
        view
        returns (PackedUserOperation memory op)
    {
        op = operation(account, key, sendNative(value));
        Decision memory d = decision(op);
        d.bounds = bounds(maxOut, 0);
        op = attach(op, d);
    }

    /// @dev Two operations of one sender, validated together: each runs under its own bounds, whatever the order.
    function testFuzz_neverExchanged(
        uint64 first,
        uint64 second,
        uint64 firstBound,
        uint64 secondBound,
        uint32 firstKey,
        uint32 secondKey
    ) public {
        vm.assume(firstKey != secondKey && first != second);
        send(two(bounded(firstKey, first, firstBound), bounded(secondKey, second, secondBound)));
        uint256 expected =
            (first <= firstBound ? first : 0) + (second <= secondBound ? uint256(second) : 0);
        assertEq(recipient.balance, expected);
    }

    function test_theSameCalldataTwiceInOneBundleIsRefused() public {
        PackedUserOperation memory small = bounded(0, 1 ether, 0);
        PackedUserOperation memory large = bounded(1, 1 ether, 1 ether);
        bytes memory reason = abi.encodePacked(IWritErrors.TicketAlreadyLive.selector);
        sendRefused(two(small, large), 1, reason);
        sendRefused(two(large, small), 1, reason);
        // One after the other they run, each under its own bounds.
        send(small);
        assertEq(recipient.balance, 0);
        send(large);
        assertEq(recipient.balance, 1 ether);
    }

    function test_oneLiveTicketPerNonceKey() public {
        PackedUserOperation memory first = bounded(0, 1, 1);
        PackedUserOperation memory second = operation(account, 0, sendNative(2));
        second.nonce += 1;
        second = attested(second);
        sendRefused(two(first, second), 1, abi.encodePacked(IWritErrors.TicketAlreadyLive.selector));
        send(first);
        send(second);
        assertEq(recipient.balance, 3);
    }

    /// @dev Transient storage is per transaction, and each outer call here is one.
    function test_neverOutlivesItsTransaction() public {
        PackedUserOperation memory op = bounded(0, 1, 1);
        bytes32 hash = entryPoint.getUserOpHash(op);
        vm.prank(address(account));
        assertEq(uint160(module.validateUserOp(op, hash)), 0, "minted");
        vm.prank(address(entryPoint));
        (bool success, bytes memory reason) = address(account).call(op.callData);
        assertFalse(success);
        assertEq(reason, abi.encodePacked(IWritErrors.NoTicket.selector));
        send(op);
        assertEq(recipient.balance, 1);
    }

    /// @dev Minted for one account and asked for by another, in one transaction.
    function test_anotherAccountsTicketIsNone() public {
        RawAccount minter = _raw();
        RawAccount thief = _raw();
        PackedUserOperation memory op;
        op.sender = address(minter);
        op.callData = hex"01020304";
        op = attested(op);
        bytes memory mint = abi.encodeCall(
            minter.forward, (address(module), abi.encodeCall(module.validateUserOp, (op, 0)))
        );
        bytes memory spend = abi.encodeCall(
            minter.forward,
            (
                address(module),
                abi.encodeCall(module.preCheck, (address(entryPoint), 0, op.callData))
            )
        );
        Sequence sequence = new Sequence();
        vm.expectRevert(IWritErrors.NoTicket.selector);
        sequence.run(address(minter), mint, address(thief), spend);
        vm.expectRevert(IWritErrors.NoTicket.selector);
        sequence.run(address(minter), "", address(minter), spend);
        sequence.run(address(minter), mint, address(minter), spend);
    }

    /// @dev Spent, a ticket stays spent: neither it nor another of its name is minted in the same transaction.
    function test_aSpentTicketIsNotMintedAgain() public {
        RawAccount raw = _raw();
        PackedUserOperation memory op;
        op.sender = address(raw);
        op.callData = hex"01020304";
        op = attested(op);
        bytes memory mint = abi.encodeCall(module.validateUserOp, (op, 0));
        Sequence sequence = new Sequence();
        sequence.runFrame(raw, module, mint, address(entryPoint), op.callData, "");
        vm.expectRevert(IWritErrors.TicketAlreadyLive.selector);
        sequence.runFrame(raw, module, mint, address(entryPoint), op.callData, mint);
    }

    function _raw() private returns (RawAccount raw) {
        raw = new RawAccount();
        raw.forward(
            address(module),
            abi.encodeCall(module.onInstall, (abi.encode(configuration(), policies())))
        );
        vm.deal(address(raw), 1 ether);
    }

    /// @dev What a revert rolls back is still guarded: the same calldata is not validated twice in a transaction.
    function test_aRolledBackTicketServesNoOtherOperation() public {
        if (!bundledByContracts()) return;
        PackedUserOperation memory failing = bounded(0, 1 ether, 0);
        PackedUserOperation memory same = bounded(1, 1 ether, 1 ether);
        PackedUserOperation memory another = bounded(2, 2 ether, 2 ether);
        TwoBundles contractBundler = new TwoBundles();

        bytes[] memory bundles = new bytes[](2);
        bundles[0] =
            abi.encodeCall(entryPoint.handleOps, (one(failing), payable(address(contractBundler))));
        bundles[1] =
            abi.encodeCall(entryPoint.handleOps, (one(same), payable(address(contractBundler))));
        vm.expectRevert();
        contractBundler.run(address(entryPoint), bundles);

        bundles[1] =
            abi.encodeCall(entryPoint.handleOps, (one(another), payable(address(contractBundler))));
        contractBundler.run(address(entryPoint), bundles);
        assertEq(recipient.balance, 2 ether);
    }

    function test_noOperationRunsTwice() public {
        PackedUserOperation memory op = bounded(0, 1, 1);
        send(op);
        vm.prank(bundler, bundler);
        vm.expectRevert();
        entryPoint.handleOps(one(op), bundler);
        assertEq(recipient.balance, 1);
        send(bounded(0, 1, 1));
        assertEq(recipient.balance, 2);
    }

    function bundledByContracts() internal pure virtual returns (bool) {
        return true;
    }
}

contract TicketsV07Test is TicketsSuite {}

contract TicketsV08Test is TicketsSuite {
    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        return EntryPoints.deployV08();
    }

    /// @dev From v0.8 on a bundler is an account without code.
    function bundledByContracts() internal pure override returns (bool) {
        return false;
    }
}
