// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Attestor, Decision} from "./utils/Attestor.sol";
import {EntryPoints, IEntryPointExtra} from "./utils/EntryPoints.sol";
import {WritTest} from "./utils/WritTest.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {console} from "forge-std/console.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";

/// @title EntryPoint v0.9, which tells the hook what it executes
/// @notice Its final release is in no package: without the file at `EntryPoints.V09_CODE` these tests say so and stop, or
/// fail when WRIT_FORBID_SKIP is set.
contract EntryPointV09Test is WritTest {
    bool internal available;

    modifier ifAvailable() {
        if (available) {
            _;
        } else {
            require(!vm.envOr("WRIT_FORBID_SKIP", false), "EntryPoint v0.9 is not there");
            console.log("SKIPPED: no EntryPoint v0.9 at %s", EntryPoints.V09_CODE);
        }
    }

    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        available = vm.exists(EntryPoints.V09_CODE);
        return available ? EntryPoints.deployV09() : EntryPoints.deployV08();
    }

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

    function test_attestedRunsAndUnattestedDoesNot() public ifAvailable {
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.signature = ownerSigns(op);
        sendRefused(op, IWritErrors.AttestationRequired.selector);
        send(attested(op));
        assertEq(recipient.balance, 1);
    }

    function test_theSameCalldataTwiceKeepsEachTicketApart() public ifAvailable {
        // Same calldata, different bounds: only the operation's hash tells them apart.
        send(two(bounded(0, 1 ether, 0), bounded(1, 1 ether, 1 ether)));
        assertEq(recipient.balance, 1 ether);
        send(two(bounded(0, 1 ether, 1 ether), bounded(1, 1 ether, 0)));
        assertEq(recipient.balance, 2 ether);
        send(two(bounded(0, 1 ether, 1 ether), bounded(1, 1 ether, 1 ether)));
        assertEq(recipient.balance, 4 ether);
    }

    function test_oneLiveTicketPerNonceKey() public ifAvailable {
        PackedUserOperation memory first = bounded(0, 1, 1);
        PackedUserOperation memory second = operation(account, 0, sendNative(2));
        second.nonce += 1;
        second = attested(second);
        sendRefused(two(first, second), 1, abi.encodePacked(IWritErrors.TicketAlreadyLive.selector));
        send(first);
        send(second);
        assertEq(recipient.balance, 3);
    }

    /// @dev A paymaster signs after the account: its signature is outside of what was attested, its data is not.
    function test_thePaymastersSignatureIsNotAttested() public ifAvailable {
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        bytes memory head = abi.encodePacked(address(0xbeef), uint128(1), uint128(2), hex"abcd");
        bytes8 magic = bytes8(keccak256("PaymasterSignature"));
        Decision memory d = decision(op);
        d.maxCost *= 2;
        // What is attested ends in the magic alone.
        op.paymasterAndData = bytes.concat(head, magic);
        bytes memory signed = bytes.concat(new bytes(65), suffix(op, d));

        op.signature = signed;
        op.paymasterAndData = bytes.concat(head, hex"1122334455", bytes2(uint16(5)), magic);
        assertTrue(module.checkAttestation(op));
        op.paymasterAndData = bytes.concat(head, hex"6677", bytes2(uint16(2)), magic);
        assertTrue(module.checkAttestation(op));
        head[52] = 0xaa;
        op.paymasterAndData = bytes.concat(head, hex"6677", bytes2(uint16(2)), magic);
        assertFalse(module.checkAttestation(op));
        op.paymasterAndData = bytes.concat(head, bytes2(uint16(60)), magic);
        vm.expectRevert(IWritErrors.MalformedAttestation.selector);
        module.checkAttestation(op);
    }
}
