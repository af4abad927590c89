// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Decision} from "./utils/Attestor.sol";
import {IDevAccount} from "./utils/Contracts.sol";
import {WritTest} from "./utils/WritTest.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {Configuration} from "writ/interfaces/WritTypes.sol";

/// @title A configuration is kept as code, once per content, and read back as it was set
contract RecordsTest is WritTest {
    function test_holdsTheConfigurationAndItsOperators() public view {
        bytes memory expected = bytes.concat(hex"00", abi.encode(configuration()), operatorSet.code);
        assertEq(recordOf(address(account)).code, expected);
    }

    function test_accountsOfTheSameConfigurationShareOne() public {
        Configuration memory c = configuration();
        address record = recordOf(address(account));
        assertEq(recordOf(address(newAccount(c))), record);
        c.exitDelay += 1;
        IDevAccount other = newAccount(c);
        assertNotEq(recordOf(address(other)), record);
        // Each validates under its own.
        send(attested(operation(other, 0, sendNative(1))));
        send(attested(operation(account, 0, sendNative(1))));
        assertEq(recipient.balance, 2);
    }

    /// @dev The first byte is STOP: nothing that is called there runs, whatever a configuration spells as code.
    function test_isNeverRun() public {
        address record = recordOf(address(account));
        bytes32 hash = record.codehash;
        (bool success, bytes memory answer) = record.call{value: 0}(hex"41c0e1b5");
        assertTrue(success);
        assertEq(answer.length, 0);
        assertEq(record.codehash, hash);
    }

    /// @dev What is read back is what was set, whatever it was, for sets of every size.
    function testFuzz_readsBackWhatWasSet(
        uint8 operators,
        uint8 threshold,
        uint32 exitDelay,
        uint64 epoch,
        bool readsHistory
    ) public {
        uint256 count = bound(operators, 1, 40);
        operatorKeys = newKeys("record", count);
        operatorSet = deploySet(operatorKeys);
        Configuration memory c = configuration();
        c.threshold = uint8(bound(threshold, 1, count < 32 ? count : 32));
        c.leastOperators = uint8(count);
        c.exitDelay = uint32(bound(exitDelay, 0, 365 days));
        c.epoch = epoch;
        c.readsHistory = readsHistory;
        account = newAccount(c);
        assertEq(abi.encode(current(address(account))), abi.encode(c));

        // The last operator of the set counts, and the one behind it does not exist.
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.accountGasLimits = bytes32((uint256(2_000_000) << 128) | 1_000_000);
        Decision memory d = decision(op);
        for (uint256 i = 0; i < c.threshold; ++i) {
            d.signers[i] = uint8(count - c.threshold + i);
        }
        send(attach(op, d));
        assertEq(recipient.balance, 1);

        op = operation(account, 0, sendNative(1));
        op.accountGasLimits = bytes32((uint256(2_000_000) << 128) | 1_000_000);
        d = decision(op);
        d.signers[c.threshold - 1] = uint8(count);
        sendRefused(
            attach(op, d),
            abi.encodeWithSelector(IWritErrors.UnknownSigner.selector, uint8(count), count)
        );
    }
}
