// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Install} from "../../../script/Install.s.sol";
import {IInstall, Plan, Target} from "../../../script/install/Plan.sol";
import {IDevAccount} from "../utils/Contracts.sol";
import {WritTest} from "../utils/WritTest.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {Vm} from "forge-std/Vm.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";
import {AccountState, Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @notice What is wrong with a module that is right otherwise.
enum Wrong {
    AcceptsEverything,
    AcceptsNothing,
    /// Demands attestations of whoever is not the owner.
    TrustsTheOwner,
    HooksNothing
}

/// @notice The module, but for what is wrong with it.
contract Distorted {
    IWritModule private immutable MODULE;
    Wrong private immutable WRONG;

    constructor(IWritModule module, Wrong wrong) {
        (MODULE, WRONG) = (module, wrong);
    }

    function validateUserOp(PackedUserOperation calldata op, bytes32) external returns (uint256) {
        if (WRONG == Wrong.HooksNothing) return abi.decode(_right(msg.data), (uint256));
        if (WRONG == Wrong.TrustsTheOwner && bytes32(op.signature) == 0) {
            revert IWritErrors.AttestationRequired();
        }
        return WRONG == Wrong.AcceptsNothing ? 1 : 0;
    }

    function preCheck(address, uint256, bytes calldata) external returns (bytes memory) {
        return WRONG == Wrong.HooksNothing ? bytes("") : abi.decode(_right(msg.data), (bytes));
    }

    fallback(bytes calldata data) external returns (bytes memory) {
        return _right(data);
    }

    function _right(bytes calldata data) private returns (bytes memory) {
        (bool success, bytes memory result) = address(MODULE).delegatecall(data);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
        return result;
    }
}

/// @title What the script prints for an account of any kind, and what becomes of it
abstract contract InstallSuite is WritTest {
    Install internal install;

    function setUp() public virtual override {
        super.setUp();
        install = new Install();
        account = IDevAccount(payable(bare()));
        fund(address(account));
        vm.label(address(account), "account");
    }

    /// @dev An account without the module.
    function bare() internal virtual returns (address);

    /// @dev As whoever may, with what the plan says.
    function carryOut(Target memory t, Plan memory p) internal virtual;

    function target() internal view virtual returns (Target memory t) {
        t.account = address(account);
        t.module = address(module);
        t.configuration = configuration();
        t.policies = policies();
    }

    function unattested() internal view returns (PackedUserOperation memory op) {
        op = operation(account, 0, sendNative(1));
        op.signature = ownerSigns(op);
    }

    /// @dev Kinds that do not pass on what a validator reverts with answer nothing.
    function refusal() internal pure virtual returns (bytes memory) {
        return abi.encodePacked(IWritErrors.AttestationRequired.selector);
    }

    function installAs(Target memory t) internal returns (Plan memory p) {
        p = install.plan(t);
        carryOut(t, p);
    }

    // ------------------------------------------------------------------ what is printed

    function test_whatIsPrintedDoesWhatWasRehearsed() public {
        Target memory t = target();
        Plan memory p = installAs(t);
        assertEq(abi.encode(current(address(account))), abi.encode(configuration()));
        assertEq(abi.encode(state(address(account))), abi.encode(p.state));
        assertTrue(p.state.validatorInstalled && p.state.hookInstalled);
        assertEq(p.state.revision, 1);
        sendRefused(unattested(), refusal());
        send(attested(operation(account, 0, sendNative(1))));
        assertEq(recipient.balance, 1);
    }

    function test_observationLetsThroughAndWarns() public {
        Target memory t = target();
        t.configuration.mode = Mode.Observe;
        installAs(t);
        vm.expectEmit(address(module));
        emit IWritModule.WouldBlock(address(account), IWritErrors.AttestationRequired.selector);
        send(unattested());
        assertEq(recipient.balance, 1);
    }

    function test_offIsInstalledToo() public {
        Target memory t = target();
        t.configuration.mode = Mode.Off;
        installAs(t);
        send(unattested());
        assertEq(recipient.balance, 1);
    }

    function test_planningChangesNothing() public {
        Target memory t = target();
        bytes memory wanted = abi.encode(t);
        uint256 nonce = vm.getNonce(address(account));
        bytes32 code = address(account).codehash;
        vm.startStateDiffRecording();
        Plan memory p = install.plan(t);
        Vm.AccountAccess[] memory accesses = vm.stopAndReturnStateDiff();
        for (uint256 i = 0; i < accesses.length; ++i) {
            for (uint256 j = 0; j < accesses[i].storageAccesses.length; ++j) {
                Vm.StorageAccess memory access = accesses[i].storageAccesses[j];
                assertTrue(!access.isWrite || access.reverted);
            }
        }
        assertEq(abi.encode(t), wanted, "what is wanted");
        assertEq(vm.getNonce(address(account)), nonce);
        assertEq(address(account).codehash, code);
        assertEq(state(address(account)).revision, 0);
        assertEq(abi.encode(install.plan(t)), abi.encode(p), "the same again");
    }

    /// @dev What is printed once nothing has to be signed any more.
    function printed(Target memory t, Plan memory p) internal virtual returns (string memory) {
        return install.asText(t, p);
    }

    function test_theTextHoldsEveryCall() public {
        Target memory t = target();
        Plan memory p = install.plan(t);
        string memory text = printed(t, p);
        assertGt(p.calls.length, 0);
        for (uint256 i = 0; i < p.calls.length; ++i) {
            assertTrue(vm.contains(text, vm.toString(p.calls[i])));
        }
        if (p.callData.length != 0) assertTrue(vm.contains(text, vm.toString(p.callData)));
        assertTrue(vm.contains(text, "Enforcement begins"));
        t.configuration.mode = Mode.Observe;
        assertFalse(vm.contains(install.asText(t, install.plan(t)), "Enforcement begins"));
    }

    // ------------------------------------------------------------------ again

    function test_thereIsNothingToDoTheSecondTime() public {
        Target memory t = target();
        installAs(t);
        Plan memory p = install.plan(t);
        assertEq(p.calls.length, 0);
        assertEq(p.payload, "");
        assertEq(abi.encode(p.state), abi.encode(state(address(account))));
        assertTrue(vm.contains(install.asText(t, p), "Nothing is missing"));
    }

    function test_anotherConfigurationIsForOperate() public {
        Target memory t = target();
        installAs(t);
        t.configuration.threshold = 4;
        vm.expectRevert(
            abi.encodeWithSelector(
                IInstall.OtherConfiguration.selector,
                address(account),
                keccak256(abi.encode(configuration())),
                keccak256(abi.encode(t.configuration))
            )
        );
        install.plan(t);
    }

    // ------------------------------------------------------------------ what cannot work

    function refused(Target memory t, bytes memory reason) internal {
        vm.expectRevert(reason);
        install.plan(t);
    }

    function test_refusesWhatIsNotThere() public {
        Target memory t = target();
        t.module = address(77);
        refused(t, abi.encodeWithSelector(IInstall.NoCode.selector, "module", address(77)));
        t.module = address(token);
        refused(t, abi.encodeWithSelector(IInstall.NotTheModule.selector, address(token)));
        t = target();
        t.configuration.entryPoint = address(78);
        refused(t, abi.encodeWithSelector(IInstall.NoCode.selector, "EntryPoint", address(78)));
    }

    function test_refusesAnotherEntryPoint() public {
        Target memory t = target();
        t.configuration.entryPoint = address(token);
        refused(
            t,
            abi.encodeWithSelector(
                IInstall.EntryPointMismatch.selector, address(token), address(entryPoint)
            )
        );
    }

    function test_refusesWhatTheModuleWouldRefuse() public {
        Target memory t = target();
        t.configuration.threshold = 0;
        refused(
            t,
            abi.encodeWithSelector(
                IWritErrors.InvalidConfiguration.selector, bytes32("threshold"), 0
            )
        );
    }

    function test_refusesAnOwnerWhoCannotSign() public {
        Target memory t = target();
        t.configuration.owner = address(token);
        refused(t, abi.encodeWithSelector(IInstall.OwnerCannotSign.selector, address(token)));
    }

    /// @dev The same with another module.
    function distorted(Target memory t, address wrong) internal virtual {
        t.module = wrong;
    }

    function refusedWith(Wrong wrong, Mode mode, bytes memory reason) private {
        Target memory t = target();
        t.configuration.mode = mode;
        distorted(t, address(new Distorted(module, wrong)));
        refused(t, reason);
    }

    function test_refusesAModuleWhoseValidatorDoesNotWork() public {
        bytes memory reason =
            abi.encodeWithSignature("FailedOp(uint256,string)", 0, "AA24 signature error");
        bytes memory none = abi.encodeWithSelector(IInstall.NoWorkingValidator.selector, reason);
        refusedWith(Wrong.AcceptsNothing, Mode.Off, none);
        refusedWith(Wrong.AcceptsNothing, Mode.Observe, none);
        refusedWith(
            Wrong.AcceptsNothing,
            Mode.Enforce,
            abi.encodeWithSelector(IInstall.NotRefused.selector, reason)
        );
    }

    function test_refusesAModuleThatRefusesTooLittle() public {
        bytes memory included = abi.encodeWithSelector(IInstall.NotRefused.selector, "");
        refusedWith(Wrong.AcceptsEverything, Mode.Enforce, included);
        refusedWith(Wrong.TrustsTheOwner, Mode.Enforce, included);
        refusedWith(
            Wrong.AcceptsEverything,
            Mode.Observe,
            abi.encodeWithSelector(IInstall.NotInstalled.selector, "the validator's observation")
        );
        bytes memory unhooked =
            abi.encodeWithSelector(IInstall.NotInstalled.selector, "the hook's observation");
        refusedWith(Wrong.HooksNothing, Mode.Observe, unhooked);
        refusedWith(Wrong.HooksNothing, Mode.Enforce, unhooked);
    }

    function test_tellsWhatIsScheduled() public {
        Target memory t = target();
        installAs(t);
        Configuration memory next = configuration();
        next.threshold = 2;
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Configure(address account,bytes32 configuration,uint256 nonce)"),
                account,
                keccak256(abi.encode(next)),
                0
            )
        );
        bytes memory signature = ownerSignature(
            keccak256(abi.encodePacked(hex"1901", module.domainSeparator(), structHash))
        );
        module.configure(address(account), next, policies(), 0, signature, "");
        assertTrue(vm.contains(install.asText(t, install.plan(t)), "is scheduled"));
    }

    function test_anAnnouncedExitIsCancelledFirst() public {
        Target memory t = target();
        installAs(t);
        bytes32 structHash = keccak256(
            abi.encode(keccak256("AnnounceExit(address account,uint256 nonce)"), account, 0)
        );
        bytes32 digest =
            keccak256(abi.encodePacked(hex"1901", module.domainSeparator(), structHash));
        module.announceExit(address(account), 0, ownerSignature(digest));
        refused(
            t,
            abi.encodeWithSelector(IInstall.ExitAnnounced.selector, address(account), NOW + 2 days)
        );
    }
}
