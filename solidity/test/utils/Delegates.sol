// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritDelegate} from "./SimpleAccounts.sol";
import {Test} from "forge-std/Test.sol";

/// @notice Other code to delegate to: whoever calls speaks for the account.
contract OpenDelegate {
    function run(address to, uint256 value, bytes calldata data) external {
        (bool success, bytes memory result) = to.call{value: value}(data);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(result, 32), mload(result))
            }
        }
    }

    receive() external payable {}
}

/// @title Accounts made of a key, and what they delegate to
abstract contract Delegates is Test {
    mapping(address account => uint256) internal keys;
    uint256 private _created;

    function newKey() internal returns (address who) {
        uint256 key = uint256(keccak256(abi.encode("key of an EOA", _created++)));
        who = vm.addr(key);
        keys[who] = key;
    }

    /// @dev Delegates and initializes in one transaction, which somebody else sends.
    function newDelegated(IWritDelegate to, bytes memory data) internal returns (address who) {
        who = newKey();
        bytes memory signature = consents(to, who, data);
        vm.signAndAttachDelegation(address(to), keys[who]);
        IWritDelegate(who).initializeWrit(data, signature);
    }

    /// @dev What the key of `who` signs to consent.
    function consents(IWritDelegate to, address who, bytes memory data)
        internal
        view
        returns (bytes memory)
    {
        return keySigns(who, to.consentDigest(who, keccak256(data)));
    }

    function keySigns(address who, bytes32 hash) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[who], hash);
        return abi.encodePacked(r, s, v);
    }

    /// @dev In a transaction that does nothing else.
    function delegate(address who, address to) internal {
        vm.signAndAttachDelegation(to, keys[who]);
        (bool success,) = makeAddr("nobody").call("");
        assertTrue(success);
        assertEq(who.code, abi.encodePacked(hex"ef0100", to));
    }
}
