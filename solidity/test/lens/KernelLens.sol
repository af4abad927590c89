// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IKernel, KernelKind, ValidationConfig, ValidationId} from "../accounts/kinds/Kernel.sol";
import {Vm} from "forge-std/Vm.sol";
import {EnforcementPath, Finding, Report, Source, Verdict} from "writ/lens/IWritLens.sol";

/// @dev Signs everything, as a part of a permission.
contract YesSigner {
    function onInstall(bytes calldata) external {}

    function isInitialized(address) external pure returns (bool) {
        return false;
    }

    function isModuleType(uint256) external pure returns (bool) {
        return true;
    }
}

/// @title What only Kernel can be wrong with
abstract contract KernelLens is KernelKind {
    function test_anExecutorWithoutTheHook() public {
        assertTrue(runs(installationUnder(NO_HOOK, 2, address(executor), "")));
        onlyThis(EnforcementPath.Executor, Verdict.Open, address(executor));
    }

    function test_aFallbackWithoutTheHook() public {
        bytes memory data = fallbackData(ASKED, CALL_TYPE_SINGLE);
        assertTrue(runs(installationUnder(NO_HOOK, 3, address(handler), data)));
        onlyThis(EnforcementPath.FallbackHandler, Verdict.Open, address(handler));
        assertEq(report().findings[uint256(EnforcementPath.FallbackHandler)].selector, ASKED);
    }

    function test_aDelegatingFallbackWithoutTheHook() public {
        bytes4 selector = writer.write.selector;
        bytes memory data = fallbackData(selector, CALL_TYPE_DELEGATE);
        assertTrue(runs(installationUnder(NO_HOOK, 3, address(writer), data)));
        onlyThis(EnforcementPath.FallbackDelegatecall, Verdict.Open, address(writer));
        assertEq(
            report().findings[uint256(EnforcementPath.FallbackDelegatecall)].selector, selector
        );
    }

    /// @dev Its event names no selector: it may be there once more than the candidates tell.
    function test_aHandlerWithoutASelector() public {
        installFallback(ASKED, address(handler), CALL_TYPE_SINGLE);
        handlers = [address(handler)];
        test_anAccountThatHasNothingElse();
        handlers = [address(handler), address(handler)];
        EnforcementPath[] memory both = new EnforcementPath[](2);
        both[0] = EnforcementPath.FallbackHandler;
        both[1] = EnforcementPath.FallbackDelegatecall;
        only(both, Verdict.Unverifiable, address(handler));
        handlers = [address(handler)];
        delete selectors;
        only(both, Verdict.Unverifiable, address(handler));
    }

    function test_aValidatorWithoutTheHook() public {
        assertTrue(runs(installationUnder(NO_HOOK, 1, address(yes), "")));
        Finding memory found = report().findings[uint256(EnforcementPath.OtherValidator)];
        assertEq(name(found.verdict), "open");
        assertEq(found.subject, address(yes));
    }

    /// @dev `0x02 ‖ permission`. It can sign from then on, and no log names it: only who saw every call knows.
    function test_aPermissionThatNoEventNames() public {
        bytes4 permission = 0x01020304;
        bytes[] memory parts = new bytes[](1);
        parts[0] = abi.encodePacked(bytes2(0), address(new YesSigner()));
        ValidationId[] memory ids = new ValidationId[](1);
        ids[0] = ValidationId.wrap(bytes21(abi.encodePacked(hex"02", permission)));
        ValidationConfig[] memory configs = new ValidationConfig[](1);
        configs[0] = ValidationConfig(IKernel(address(account)).currentNonce(), NO_HOOK);
        bytes[] memory data = new bytes[](1);
        data[0] = abi.encode(parts);
        vm.recordLogs();
        vm.prank(address(account));
        IKernel(address(account)).installValidations(ids, configs, data, new bytes[](1));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            bytes memory all = abi.encode(logs[i].topics, logs[i].data);
            assertEq(vm.indexOf(vm.toString(all), "01020304"), type(uint256).max);
        }
        source = Source.Events;
        assertVerdict(EnforcementPath.OtherValidatorSignature, Verdict.Unverifiable);
        permissions = [permission];
        Finding memory found = report().findings[uint256(EnforcementPath.OtherValidator)];
        assertEq(name(found.verdict), "open");
        assertEq(found.selector, permission);
        assertVerdict(EnforcementPath.OtherValidatorSignature, Verdict.Open);
    }

    /// @dev The root can be followed by another while the module stays installed.
    function test_anotherRoot() public {
        announce();
        vm.warp(block.timestamp + 2 days + 1);
        assertTrue(unattested(toOtherRoot()));
        Report memory r = report();
        Finding memory root = r.findings[uint256(EnforcementPath.RootValidator)];
        assertEq(name(root.verdict), "open");
        assertEq(root.subject, address(yes));
        assertFalse(r.enforced);
    }
}
