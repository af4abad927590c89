// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Decision} from "./utils/Attestor.sol";
import {WritTest} from "./utils/WritTest.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

contract ValidationTest is WritTest {
    function test_attestedTransferRuns() public {
        send(attested(operation(account, 0, sendNative(0.5 ether))));
        assertEq(recipient.balance, 0.5 ether);
    }

    function test_attestedTokenTransferRuns() public {
        send(attested(operation(account, 0, sendToken(500))));
        assertEq(token.balanceOf(recipient), 500);
    }
}
