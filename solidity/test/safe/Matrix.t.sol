// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Published} from "../accounts/Published.sol";
import {OpenExecutor} from "../mocks/Mocks.sol";
import {IDevAccount} from "../utils/Contracts.sol";
import {IPublishedSafe} from "../utils/Safes.sol";
import {FormerHandler} from "./Mocks.sol";
import {SafeFixture} from "./Safe7579Test.sol";
import {SafeKindOf} from "./SafePath.sol";
import {SafeWays} from "./SafeWays.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {Configuration} from "writ/interfaces/WritTypes.sol";

contract Safe15Matrix is SafeWays {
    function kind() internal pure override returns (SafeKindOf) {
        return SafeKindOf.Safe15;
    }

    function test_isWhatItSays() public view {
        assertEq(safe.VERSION(), "1.5.0");
    }
}

contract Safe141Matrix is SafeWays {
    function setUp() public override {
        if (!vm.exists(Published.FOLDER)) {
            require(!vm.envOr("WRIT_FORBID_SKIP", false), "what this Safe needs is not there");
            vm.skip(true, string.concat("no ", Published.FOLDER));
        }
        super.setUp();
    }

    function kind() internal pure override returns (SafeKindOf) {
        return SafeKindOf.Safe141;
    }

    function deploySingleton() internal override returns (address) {
        return Published.create("Safe7579Precompiles", "SAFE_SINGLETON_BYTECODE", "");
    }

    function deployHandler() internal override returns (address) {
        return address(new FormerHandler());
    }

    function hasModuleGuard() internal pure override returns (bool) {
        return false;
    }

    function test_isWhatItSays() public view {
        assertEq(safe.VERSION(), "1.4.1");
    }

    function test_modulesAreReportedOpen() public view {
        (bool transactions, bool modules) = guard.enforcementOf(address(safe));
        assertTrue(transactions && !modules);
    }
}

contract Safe7579OnSafe15Matrix is SafeFixture, SafeWays {
    function setUp() public override(SafeFixture, SafeWays) {
        super.setUp();
    }

    function kind() internal pure override returns (SafeKindOf) {
        return SafeKindOf.Safe7579;
    }

    function again(Configuration memory c) internal override {
        safe = newModularSafe();
        account = IDevAccount(payable(address(safe)));
        fund(address(safe));
        install(c);
    }

    function attestedOperation() internal override returns (bool) {
        return runs(sendNative(1)) && recipient.balance == 1;
    }

    function userOperation() internal override returns (bool) {
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.signature = ownerSigns(op);
        return ran(op) && recipient.balance == 1;
    }

    function adaptersExecutor() internal override returns (bool) {
        OpenExecutor executor = new OpenExecutor();
        if (!installExecutor(address(executor))) return false;
        try executor.run(address(account), SINGLE, abi.encodePacked(recipient, uint256(1))) {
            return recipient.balance == 1;
        } catch {
            return false;
        }
    }

    function uninstallHookByOther() internal override returns (bool) {
        installYes();
        byOther(uninstallHook());
        return !hasHook();
    }

    /// @dev No validator named: the adapter falls to the owners.
    function signs(bytes32 hash, bytes memory signature) internal view override returns (bool) {
        try safe.isValidSignature(hash, bytes.concat(bytes20(0), signature)) returns (
            bytes4 answer
        ) {
            return answer == 0x1626ba7e;
        } catch {
            return false;
        }
    }
}
