// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IKernelAccount} from "../../../script/install/Kernel.sol";
import {IInstall, Plan, Target} from "../../../script/install/Plan.sol";
import {RecordingHook, YesValidator} from "../accounts/Mocks.sol";
import {Published} from "../accounts/Published.sol";
import {IDevAccount} from "../utils/Contracts.sol";
import {EntryPoints, IEntryPointExtra} from "../utils/EntryPoints.sol";
import {InstallSuite} from "./InstallSuite.sol";
import {
    IMaker,
    KernelMaker,
    NexusMaker,
    OpenZeppelinMaker,
    ReferenceMaker,
    SafeMaker
} from "./Makers.sol";
import {AccountERC7579} from "@openzeppelin/contracts/account/extensions/draft-AccountERC7579.sol";
import {
    AccountERC7579Hooked
} from "@openzeppelin/contracts/account/extensions/draft-AccountERC7579Hooked.sol";
import {
    IAccountExecute,
    PackedUserOperation
} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {IERC7579ModuleConfig} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {AccountState, Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @notice A kind that nobody examined.
contract OtherKind is AccountERC7579Hooked {
    function accountId() public pure override returns (string memory) {
        return "somebody.else.1.0.0";
    }
}

contract WithoutHooks is AccountERC7579 {}

/// @title Accounts that take modules
abstract contract ModularInstall is InstallSuite {
    IMaker internal maker;
    YesValidator internal yes;

    function newMaker() internal virtual returns (IMaker);

    function setUp() public override {
        if (!vm.exists(Published.FOLDER) || !vm.exists(EntryPoints.V09_CODE)) {
            require(!vm.envOr("WRIT_FORBID_SKIP", false), "what this account needs is not there");
            vm.skip(true, "no published accounts");
        }
        super.setUp();
    }

    function bare() internal override returns (address) {
        yes = new YesValidator();
        maker = newMaker();
        return maker.make(address(yes), "", address(0));
    }

    function nonceOf(address who, uint32) internal view override returns (uint256) {
        return entryPoint.getNonce(who, maker.key(address(module)));
    }

    function operation(IDevAccount who, uint32 key, bytes memory accountCall)
        internal
        view
        override
        returns (PackedUserOperation memory)
    {
        return super.operation(who, key, maker.wrapped(accountCall));
    }

    function byOther(bytes memory callData) internal {
        PackedUserOperation memory op = operation(account, 0, "");
        op.callData = callData;
        op.nonce = entryPoint.getNonce(address(account), maker.key(address(yes)));
        op.signature = new bytes(65);
        send(op);
    }

    function carryOut(Target memory, Plan memory p) internal override {
        byOther(p.callData);
    }
}

/// @title Those that install by `installModule`
abstract contract InstallModuleInstall is ModularInstall {
    function test_theRestOfAHalfInstallation() public {
        Target memory t = target();
        Plan memory whole = install.plan(t);
        assertEq(whole.calls.length, 2);
        byOther(whole.calls[0]);
        assertTrue(account.isModuleInstalled(1, address(module), ""));
        assertFalse(state(address(account)).hookInstalled);

        Plan memory rest = installAs(t);
        assertEq(rest.calls.length, 1);
        assertEq(rest.calls[0], whole.calls[1]);
        assertEq(abi.encode(state(address(account))), abi.encode(rest.state));
        sendRefused(unattested(), refusal());
        send(attested(operation(account, 0, sendNative(1))));
        assertEq(install.plan(t).calls.length, 0);
    }

    function test_aHalfInstallationOfAnotherConfigurationIsRefused() public {
        Target memory t = target();
        t.configuration.mode = Mode.Observe;
        byOther(install.plan(t).calls[0]);
        vm.expectPartialRevert(IInstall.OtherConfiguration.selector);
        install.plan(target());
    }

    function test_anotherHookStaysWhereItIs() public {
        Target memory t = target();
        Plan memory p = install.plan(t);
        RecordingHook hook = new RecordingHook();
        account = IDevAccount(payable(maker.make(address(yes), "", address(hook))));
        t.account = address(account);
        vm.expectPartialRevert(IInstall.CallFailed.selector);
        install.plan(t);
        // Control: by nothing else.
        t.account = maker.make(address(yes), "", address(0));
        assertEq(install.plan(t).calls.length, p.calls.length);
    }
}

contract OpenZeppelinInstallTest is InstallModuleInstall {
    function newMaker() internal virtual override returns (IMaker) {
        return new OpenZeppelinMaker(entryPoint, module);
    }

    function test_refusesWhatIsNoSuchAccount() public {
        Target memory t = target();
        t.account = address(1);
        refused(t, abi.encodeWithSelector(IInstall.NoCode.selector, "account", address(1)));
        t.account = address(token);
        refused(t, abi.encodeWithSelector(IInstall.NotAModularAccount.selector, address(token)));
        t.account = address(new WithoutHooks());
        refused(t, abi.encodeWithSelector(IInstall.HooksNotSupported.selector, t.account));
        t.account = address(new OtherKind());
        refused(
            t,
            abi.encodeWithSelector(IInstall.UnknownKind.selector, t.account, "somebody.else.1.0.0")
        );
    }

    /// @dev Another module's address in the account's books, as a delegatecall may leave them.
    function test_whatOnlyTheAccountSaysIsRefused() public {
        Target memory t = target();
        vm.mockCall(
            address(account),
            abi.encodeCall(IERC7579ModuleConfig.isModuleInstalled, (1, address(module), "")),
            abi.encode(true)
        );
        refused(t, abi.encodeWithSelector(IInstall.RolesDisagree.selector, t.account, 1));
        vm.clearMockedCalls();
        vm.mockCall(
            address(account),
            abi.encodeCall(IERC7579ModuleConfig.isModuleInstalled, (4, address(module), "")),
            abi.encode(true)
        );
        refused(t, abi.encodeWithSelector(IInstall.RolesDisagree.selector, t.account, 4));
    }

    // ------------------------------------------------------------------ what is read back

    function tells(Configuration memory c, bool validator, bool hook) private {
        AccountState memory s;
        (s.validatorInstalled, s.hookInstalled) = (validator, hook);
        vm.mockCall(
            address(module),
            abi.encodeCall(module.configurationOf, (address(account))),
            abi.encode(c, s)
        );
    }

    function test_anythingElseThanWhatIsWantedIsRefused() public {
        Target memory t = target();
        Configuration memory other = configuration();
        other.threshold = 4;
        tells(other, false, false);
        refused(t, abi.encodeWithSelector(IInstall.NotInstalled.selector, "the configuration"));
        tells(configuration(), false, true);
        refused(t, abi.encodeWithSelector(IInstall.NotInstalled.selector, "the validator"));
        tells(configuration(), true, false);
        refused(t, abi.encodeWithSelector(IInstall.NotInstalled.selector, "the hook"));
    }

    function answers(uint256 moduleType) private {
        vm.mockCall(
            address(account),
            abi.encodeCall(
                IERC7579ModuleConfig.isModuleInstalled, (moduleType, address(module), "")
            ),
            abi.encode(false)
        );
    }

    function test_whatTheAccountDeniesIsNotInstalled() public {
        Target memory t = target();
        answers(1);
        refused(t, abi.encodeWithSelector(IInstall.NotInstalled.selector, "the validator"));
        vm.clearMockedCalls();
        answers(4);
        refused(t, abi.encodeWithSelector(IInstall.NotInstalled.selector, "the hook"));
    }
}

contract OpenZeppelinV09InstallTest is OpenZeppelinInstallTest {
    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        return EntryPoints.deployV09();
    }
}

contract ReferenceInstallTest is InstallModuleInstall {
    function newMaker() internal override returns (IMaker) {
        return new ReferenceMaker(entryPoint, module);
    }
}

contract NexusInstallTest is InstallModuleInstall {
    function newMaker() internal override returns (IMaker) {
        return new NexusMaker(entryPoint, module);
    }
}

contract NexusV08InstallTest is NexusInstallTest {
    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        return EntryPoints.deployV08();
    }
}

contract SafeInstallTest is InstallModuleInstall {
    function newMaker() internal override returns (IMaker) {
        return new SafeMaker(entryPoint, module);
    }

    function refusal() internal pure override returns (bytes memory) {
        return abi.encodeWithSignature("ExecutionFailed()");
    }
}

contract KernelInstallTest is ModularInstall {
    function newMaker() internal override returns (IMaker) {
        return new KernelMaker(entryPoint, module);
    }

    function test_isWrappedWhereTheFormerRootHasAHook() public {
        Target memory t = target();
        assertEq(install.plan(t).callData, install.plan(t).payload);
        RecordingHook hook = new RecordingHook();
        account = IDevAccount(payable(maker.make(address(yes), "", address(hook))));
        fund(address(account));
        t.account = address(account);
        Plan memory p = installAs(t);
        assertEq(p.callData, abi.encodePacked(IAccountExecute.executeUserOp.selector, p.payload));
        assertEq(hook.data(), p.payload);
        assertEq(abi.encode(state(address(account))), abi.encode(p.state));
        sendRefused(unattested(), refusal());
    }

    /// @dev The module leaves, and comes back under a nonce of Kernel's own.
    function test_comesBack() public {
        Target memory t = target();
        t.configuration.mode = Mode.Observe;
        installAs(t);
        bytes21 id = bytes21(abi.encodePacked(bytes1(0x01), address(yes)));
        leave(id);
        assertFalse(module.isInitialized(address(account)));

        Plan memory p = installAs(t);
        assertEq(p.calls.length, 2);
        assertEq(abi.encode(state(address(account))), abi.encode(p.state));
        assertEq(install.plan(t).calls.length, 0);
    }

    function test_theRestOfAHalfInstallation() public {
        Target memory t = target();
        t.configuration.mode = Mode.Observe;
        installAs(t);
        leave(bytes21(abi.encodePacked(bytes1(0x01), address(yes))));
        Plan memory p = install.plan(t);
        byOther(p.calls[0]);

        Plan memory rest = installAs(t);
        assertEq(rest.calls.length, 1);
        assertEq(rest.calls[0], p.calls[1]);
        assertEq(abi.encode(state(address(account))), abi.encode(rest.state));
        send(attested(operation(account, 0, sendNative(1))));
        assertEq(recipient.balance, 1);
    }

    function test_tellsWhatRemains() public {
        Target memory t = target();
        assertTrue(vm.contains(install.asText(t, install.plan(t)), "executor and selector"));
    }

    function leave(bytes21 next) private {
        PackedUserOperation memory op = operation(
            account,
            0,
            abi.encodeCall(IKernelAccount.changeRootValidator, (next, address(1), "", hex"00"))
        );
        op.signature = ownerSigns(op);
        send(op);
        byOther(
            abi.encodeWithSignature(
                "uninstallValidation(bytes21,bytes,bytes)",
                bytes21(abi.encodePacked(bytes1(0x01), address(module))),
                "",
                hex"ff"
            )
        );
    }
}

contract KernelV09InstallTest is KernelInstallTest {
    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        return EntryPoints.deployV09();
    }
}
