// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {GuardedVaultFixture} from "./GuardedVault.t.sol";
import {CallAction} from "writ/interfaces/GuardedTypes.sol";
import {Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @title Gas of whole transactions with a vault, guarded by 3 of 5, next to the vault before it was guarded
/// @notice Kept in solidity/snapshots and compared at every run. The second of its kind is what counts: what is written once
/// is written.
contract GuardedGasTest is GuardedVaultFixture {
    string private constant GROUP = "guarded-vault";

    function test_gas() public {
        uint256 deposit = _deposit();
        uint256 redeem = _redeem();
        vm.snapshotValue(GROUP, "deposit, before", deposit);
        vm.snapshotValue(GROUP, "redeem, before", redeem);

        Configuration memory c = guardConfiguration();
        c.mode = Mode.Off;
        upgrade(c);
        _record("deposit, Off", _deposit(), deposit);
        _record("redeem, which is open", _redeem(), redeem);

        _next(Mode.Observe);
        _record("deposit, Observe, nothing attested", _deposit(), deposit);

        _next(Mode.Enforce);
        bytes memory data = abi.encodeCall(vault.deposit, (10, alice));
        for (uint64 i = 0; i < 2; ++i) {
            bytes[] memory both = presentAndCall(alice, i, data);
            vm.prank(alice);
            vault.multicall(both);
        }
        _record("deposit, presented by multicall", vm.lastCallGas().gasTotalUsed, deposit);

        uint256 post;
        for (uint64 i = 2; i < 4; ++i) {
            CallAction memory action = actionOf(address(vault), alice, 0, data, POSTED);
            action.nonce = i;
            (bool success,) = address(vault).call(posting(action));
            assertTrue(success);
            post = vm.lastCallGas().gasTotalUsed;
            vm.prank(alice);
            vault.deposit(10, alice);
        }
        _record("deposit, posted before", vm.lastCallGas().gasTotalUsed, deposit);
        vm.snapshotValue(GROUP, "post", post);
    }

    function _record(string memory what, uint256 gas, uint256 before) private {
        vm.snapshotValue(GROUP, what, gas);
        vm.snapshotValue(GROUP, string.concat(what, ", difference"), gas - before);
    }

    function _next(Mode mode) private {
        (Configuration memory c,) = vault.writConfiguration();
        c.mode = mode;
        vm.prank(admin);
        vault.configureWrit(c, policies(), "");
    }

    function _deposit() private returns (uint256) {
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(alice);
            vault.deposit(10, alice);
        }
        return vm.lastCallGas().gasTotalUsed;
    }

    function _redeem() private returns (uint256) {
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(alice);
            vault.redeem(5, alice, alice);
        }
        return vm.lastCallGas().gasTotalUsed;
    }
}
