// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {RegistryTest} from "./RegistryTest.sol";

/// @notice Asks as a hook does, and says what the answer cost: everything is cold, since each call of a test is a transaction.
contract Asks {
    /// @dev Without what a caller's own compiler adds.
    function cost(address registry, bytes calldata question)
        external
        view
        returns (uint256 spent, bytes32 answer)
    {
        bytes memory data = question;
        bool success;
        assembly {
            spent := gas()
            success := staticcall(gas(), registry, add(data, 32), mload(data), 0, 32)
            spent := sub(spent, gas())
            answer := mload(0)
        }
        require(success);
    }
}

/// @title Gas of the registry's functions, and its size
/// @notice Kept in solidity/snapshots and compared at every run.
contract RegistryGasTest is RegistryTest {
    string private constant GROUP = "registry";

    function test_whatAModuleAsks() public {
        joined(5);
        publish(signersOf(5));
        Asks asks = new Asks();
        bytes memory question = abi.encodeCall(registry.revokedSigners, (1));
        (uint256 none,) = asks.cost(address(registry), question);
        vm.snapshotValue(GROUP, "revokedSigners, cold", none);
        revoke(signerAt(0));
        // What is read does not depend on how many are revoked, nor does its price.
        (uint256 one, bytes32 bitmap) = asks.cost(address(registry), question);
        assertEq(one, none);
        assertEq(bitmap, bytes32(uint256(1)));
        vm.record();
        registry.revokedSigners(1);
        (bytes32[] memory reads,) = vm.accesses(address(registry));
        assertEq(reads.length, 1);
        (uint256 epoch,) = asks.cost(address(registry), abi.encodeCall(registry.operatorEpoch, (1)));
        vm.snapshotValue(GROUP, "operatorEpoch, cold", epoch);
    }

    function test_ofPublishing() public {
        joined(63);
        _publish(5);
        _publish(21);
        _publish(63);
        publish(signersOf(63));
        vm.snapshotValue(GROUP, "publish 63 again", vm.lastCallGas().gasTotalUsed);
    }

    function test_ofOperators() public {
        join(0);
        vm.snapshotValue(GROUP, "join", vm.lastCallGas().gasTotalUsed);
        rotate(0, 1);
        vm.snapshotValue(GROUP, "rotate", vm.lastCallGas().gasTotalUsed);
        leave(0);
        vm.snapshotValue(GROUP, "leave", vm.lastCallGas().gasTotalUsed);
        vm.warp(block.timestamp + LEAVE_DELAY);
        vm.prank(operatorAt(0));
        registry.withdraw(operatorAt(0));
        vm.snapshotValue(GROUP, "withdraw", vm.lastCallGas().gasTotalUsed);
    }

    function test_ofRevoking() public {
        joined(2);
        publish(signersOf(2));
        revoke(signerAt(0));
        vm.snapshotValue(GROUP, "revoke, in 1 epoch", vm.lastCallGas().gasTotalUsed);
        address[] memory signers = new address[](2);
        (signers[0], signers[1]) = (rotate(0, 1), rotate(1, 1));
        vm.warp(block.timestamp + JOIN_DELAY);
        for (uint256 i = 0; i < 128; ++i) {
            publish(signers);
        }
        revoke(signers[0]);
        uint256 most = vm.lastCallGas().gasTotalUsed;
        vm.snapshotValue(GROUP, "revoke, in 128 epochs", most);
        assertLt(most, 5_000_000);
    }

    function test_sizes() public {
        bytes memory creation = vm.getCode("WritOperatorRegistry.sol:WritOperatorRegistry");
        vm.snapshotValue(GROUP, "creation bytes", creation.length);
        uint256 runtime = address(registry).code.length;
        vm.snapshotValue(GROUP, "runtime bytes", runtime);
        assertLt(runtime, 24_576);
    }

    function _publish(uint256 count) private {
        publish(signersOf(count));
        vm.snapshotValue(
            GROUP,
            string.concat("publish ", vm.toString(count), ", first time"),
            vm.lastCallGas().gasTotalUsed
        );
    }
}
