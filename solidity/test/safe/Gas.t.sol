// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Decision} from "../utils/Attestor.sol";
import {IPublishedSafe, Safes} from "../utils/Safes.sol";
import {SafeTest, SafeTx} from "./SafeTest.sol";
import {Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @title Gas of whole transactions of a Safe 1.5 of two owners, guarded by 3 of 5, next to the Safe without guards
/// @notice Kept in solidity/snapshots and compared at every run. The second of its kind is what counts: what is written once is
/// written.
contract SafeGasTest is SafeTest {
    string private constant GROUP = "safe";

    function test_gas() public {
        IPublishedSafe guarded = safe;
        safe = newSafe();
        uint256 native = _owners(pay(1));
        uint256 batched = _owners(_batch());
        uint256 module_ = _modules(0);
        vm.snapshotValue(GROUP, "execTransaction, no guard", native);
        vm.snapshotValue(GROUP, "MultiSend of two, no guard", batched);
        vm.snapshotValue(GROUP, "module, no guard", module_);

        Configuration memory c = guardConfiguration();
        c.mode = Mode.Off;
        install(c);
        _record("execTransaction, Off", _owners(pay(1)), native);
        _record("module, Off", _modules(0), module_);

        safe = guarded;
        _record("execTransaction, attestation attached", _attested(pay(1)), native);
        _record("MultiSend of two, attestation attached", _attested(_batch()), batched);
        for (uint256 i = 0; i < 2; ++i) {
            _post(pay(1));
        }
        _record("execTransaction, attestation posted before", vm.lastCallGas().gasTotalUsed, native);
        for (uint64 i = 0; i < 2; ++i) {
            Decision memory d = decide();
            d.bounds = onlyNative(1 ether);
            guard.post(
                moduleCall(recipient, 1, "", CALL, i),
                attest(moduleCall(recipient, 1, "", CALL, i), POSTED, d)
            );
            _modules(1);
        }
        _record("module, attestation posted before", vm.lastCallGas().gasTotalUsed, module_);
    }

    function test_size() public {
        uint256 size = address(guard).code.length;
        vm.snapshotValue(GROUP, "WritSafeGuard runtime bytes", size);
        assertLe(size, 24_576, "EIP-170");
    }

    function _record(string memory what, uint256 gas, uint256 before) private {
        vm.snapshotValue(GROUP, what, gas);
        vm.snapshotValue(GROUP, string.concat(what, ", difference"), gas - before);
    }

    function _owners(SafeTx memory t) private returns (uint256) {
        for (uint256 i = 0; i < 2; ++i) {
            assertTrue(execute(t));
        }
        return vm.lastCallGas().gasTotalUsed;
    }

    function _attested(SafeTx memory t) private returns (uint256) {
        for (uint256 i = 0; i < 2; ++i) {
            Decision memory d = decide();
            d.bounds = onlyNative(1 ether);
            assertTrue(run(t, d));
        }
        return vm.lastCallGas().gasTotalUsed;
    }

    function _post(SafeTx memory t) private {
        Decision memory d = decide();
        d.bounds = onlyNative(1 ether);
        guard.post(callOf(t), attest(callOf(t), POSTED, d));
        assertTrue(execute(t));
    }

    function _modules(uint256 times) private returns (uint256) {
        for (uint256 i = 0; i < (times == 0 ? 2 : times); ++i) {
            assertTrue(byModule(recipient, 1, "", CALL));
        }
        return vm.lastCallGas().gasTotalUsed;
    }

    function _batch() private view returns (SafeTx memory) {
        return
            batch(
                bytes.concat(Safes.part(CALL, recipient, 1, ""), Safes.part(CALL, recipient, 1, ""))
            );
    }
}
