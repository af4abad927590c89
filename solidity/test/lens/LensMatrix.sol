// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Matrix} from "../accounts/Matrix.sol";
import {Outcome, Path, Paths} from "../accounts/Path.sol";
import {Attestor} from "../utils/Attestor.sol";
import {Configuration, Mode} from "writ/interfaces/WritTypes.sol";
import {
    EnforcementPath,
    Evidence,
    Finding,
    IWritLens,
    KnownKind,
    Report,
    Source,
    Verdict,
    Vouched
} from "writ/lens/IWritLens.sol";

/// @title What the lens says of every kind, against what the matrix finds by trying
/// @notice Whenever the matrix tried a path, the lens is asked about the account as the attempt left it.
abstract contract LensMatrix is Matrix {
    IWritLens internal lens;
    /// @dev What the next question rests on, beside what is the same for all.
    Source internal source = Source.Traces;
    address[] internal validators;
    bytes4[] internal permissions;
    address[] internal executors;
    address[] internal handlers;
    bytes4[] internal selectors;
    Vouched[] internal vouched;
    address internal guard;
    address internal moduleGuard;

    uint256 internal constant ROWS = uint256(type(EnforcementPath).max) + 1;
    bytes32 internal constant ERC1967 =
        0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;

    function kind() internal pure virtual returns (KnownKind);

    function vouch() internal virtual {}

    function setUp() public virtual override {
        super.setUp();
        lens = IWritLens(vm.deployCode("WritLens.sol:WritLens"));
        vouch();
        // Whatever a path may install. What is not installed makes no difference.
        validators = [address(module), address(yes)];
        executors = [address(executor)];
        // In ascending order.
        selectors = [ASKED, writer.write.selector];
        if (writer.write.selector < ASKED) selectors = [writer.write.selector, ASKED];
    }

    function evidence() internal view returns (Evidence memory e) {
        e.implementation = address(uint160(uint256(vm.load(address(account), ERC1967))));
        e.guard = guard;
        e.moduleGuard = moduleGuard;
        e.source = source;
        e.validators = validators;
        e.permissions = permissions;
        e.executors = executors;
        e.handlers = handlers;
        e.selectors = selectors;
        e.vouched = vouched;
    }

    function report() internal view returns (Report memory) {
        return lens.verifyEnforcement(address(account), address(module), evidence());
    }

    function verdict(EnforcementPath row) internal view returns (Verdict) {
        return report().findings[uint256(row)].verdict;
    }

    // ------------------------------------------------------------------ the matrix, seen through the lens

    function rowOf(Path path) internal pure returns (bool, EnforcementPath) {
        if (path == Path.UninstallHook) return (true, EnforcementPath.Hook);
        if (path == Path.UninstallHookBySelfCall) return (true, EnforcementPath.Hook);
        if (path == Path.UninstallOtherHook) return (true, EnforcementPath.Hook);
        if (path == Path.ReplaceHook) return (true, EnforcementPath.Hook);
        if (path == Path.EmergencyUninstall) return (true, EnforcementPath.Hook);
        if (path == Path.UninstallValidator) return (true, EnforcementPath.Validator);
        if (path == Path.ChangeRootValidator) return (true, EnforcementPath.RootValidator);
        if (path == Path.OtherValidator) return (true, EnforcementPath.OtherValidator);
        if (path == Path.OtherValidatorUnhooked) return (true, EnforcementPath.OtherValidator);
        if (path == Path.SignatureByOtherValidator) {
            return (true, EnforcementPath.OtherValidatorSignature);
        }
        if (path == Path.UninstallHookByOther) {
            return (true, EnforcementPath.OtherValidatorUninstall);
        }
        if (path == Path.EmergencyUninstallByOther) {
            return (true, EnforcementPath.OtherValidatorEmergency);
        }
        if (path == Path.Executor || path == Path.ExecutorInFrame) {
            return (true, EnforcementPath.Executor);
        }
        if (path == Path.ExecutorUnhooked) return (true, EnforcementPath.Executor);
        if (path == Path.Fallback) return (true, EnforcementPath.FallbackHandler);
        if (path == Path.FallbackUnhooked) return (true, EnforcementPath.FallbackHandler);
        if (path == Path.FallbackDelegatecall) return (true, EnforcementPath.FallbackDelegatecall);
        if (path == Path.Upgrade) return (true, EnforcementPath.Upgrade);
        if (path == Path.OwnersTransaction) return (true, EnforcementPath.OwnersTransaction);
        if (path == Path.AccountModule) return (true, EnforcementPath.AccountModule);
        return (false, EnforcementPath.AccountCode);
    }

    /// @dev A path of Kernel's alone has the row of the path that every kind has.
    function isSpecial(Path path) internal pure returns (bool) {
        return path == Path.OtherValidatorUnhooked || path == Path.ExecutorUnhooked
            || path == Path.FallbackUnhooked;
    }

    function afterTrying(Path path, Outcome foreseen) internal override {
        (bool has, EnforcementPath row) = rowOf(path);
        if (!has) return;
        if (foreseen == Outcome.NotApplicable) {
            if (!isSpecial(path)) assertVerdict(row, Verdict.NotApplicable);
            return;
        }
        if (row == EnforcementPath.FallbackHandler) handlers = [address(handler)];
        assertVerdict(row, foreseen == Outcome.Open ? Verdict.Open : Verdict.Closed);
        delete handlers;
    }

    function assertVerdict(EnforcementPath row, Verdict expected) internal view {
        assertEq(name(verdict(row)), name(expected), vm.toString(uint256(row)));
    }

    // ------------------------------------------------------------------ as installed

    /// @dev Rows of an account that has nothing but the module, where they are not closed.
    function fresh(EnforcementPath row) internal view virtual returns (Verdict) {
        if (row == EnforcementPath.RootKey) return Verdict.NotApplicable;
        if (row == EnforcementPath.RevertedTicket && isV09()) return Verdict.NotApplicable;
        if (row == EnforcementPath.RootValidator) return _fact(Path.ChangeRootValidator);
        if (row == EnforcementPath.Upgrade) return _fact(Path.Upgrade);
        if (row == EnforcementPath.OwnersTransaction) return _fact(Path.OwnersTransaction);
        if (row == EnforcementPath.AccountModule) return _fact(Path.AccountModule);
        // The same kinds have it.
        if (row == EnforcementPath.OwnersSignature) return _fact(Path.OwnersTransaction);
        return Verdict.Closed;
    }

    function _fact(Path path) private view returns (Verdict) {
        (Outcome outcome,) = facts.fact(path);
        if (outcome == Outcome.NotApplicable) return Verdict.NotApplicable;
        return outcome == Outcome.Open ? Verdict.Open : Verdict.Closed;
    }

    function isV09() internal view returns (bool) {
        return address(entryPoint) == 0x433709009B8330FDa32311DF1C2AFA402eD8D009;
    }

    function test_anAccountThatHasNothingElse() public view {
        Report memory r = report();
        assertEq(uint8(r.kind), uint8(kind()));
        assertEq(r.findings.length, ROWS);
        assertEq(r.codeHash, r.implementation.codehash);
        bool all = true;
        for (uint256 i = 0; i < ROWS; ++i) {
            EnforcementPath row = EnforcementPath(i);
            assertEq(uint8(r.findings[i].path), i);
            assertEq(name(r.findings[i].verdict), name(fresh(row)), vm.toString(i));
            all = all && (fresh(row) == Verdict.Closed || fresh(row) == Verdict.NotApplicable);
        }
        assertEq(r.enforced, all);
    }

    // ------------------------------------------------------------------ what is wrong, and nothing else

    /// @dev Every other row is as it is for an account that has nothing else.
    function onlyThis(EnforcementPath row, Verdict expected, address subject) internal view {
        EnforcementPath[] memory rows = new EnforcementPath[](1);
        rows[0] = row;
        only(rows, expected, subject);
    }

    function only(EnforcementPath[] memory rows, Verdict expected, address subject) internal view {
        Report memory r = report();
        assertFalse(r.enforced);
        for (uint256 i = 0; i < ROWS; ++i) {
            Finding memory f = r.findings[i];
            bool named;
            for (uint256 j = 0; j < rows.length; ++j) {
                named = named || uint256(rows[j]) == i;
            }
            if (named) assertEq(f.subject, subject, vm.toString(i));
            Verdict wanted = named ? expected : fresh(EnforcementPath(i));
            assertEq(name(f.verdict), name(wanted), vm.toString(i));
        }
    }

    function test_observing() public {
        Configuration memory c = configuration();
        c.mode = Mode.Observe;
        account = newAccount(c);
        onlyThis(EnforcementPath.Mode, Verdict.Open, address(0));
        c.mode = Mode.Off;
        account = newAccount(c);
        onlyThis(EnforcementPath.Mode, Verdict.Open, address(0));
    }

    function test_anExitThatIsAnnouncedAndOneThatElapsed() public {
        announce();
        onlyThis(EnforcementPath.Exit, Verdict.Open, address(0));
        vm.warp(block.timestamp + 2 days + 1);
        onlyThis(EnforcementPath.Exit, Verdict.Open, address(0));
    }

    function test_aConfigurationThatIsScheduled() public {
        Configuration memory c = configuration();
        c.mode = Mode.Off;
        uint256 nonce = state(address(account)).configurationNonce;
        bytes32 typeHash =
            keccak256("Configure(address account,bytes32 configuration,uint256 nonce)");
        bytes32 structHash =
            keccak256(abi.encode(typeHash, account, keccak256(abi.encode(c)), nonce));
        bytes memory signature =
            ownerSignature(Attestor.typed(address(module), block.chainid, structHash));
        module.configure(address(account), c, policies(), nonce, signature, "");
        onlyThis(EnforcementPath.PendingConfiguration, Verdict.Open, address(0));
    }

    function test_anOperatorSetThatIsNotWhatItWas() public {
        vm.etch(operatorSet, bytes.concat(operatorSet.code, hex"00"));
        onlyThis(EnforcementPath.OperatorSet, Verdict.Open, operatorSet);
        vm.etch(operatorSet, "");
        onlyThis(EnforcementPath.OperatorSet, Verdict.Open, operatorSet);
    }

    function test_anotherEntryPointThanTheConfiguredOne() public {
        Configuration memory c = configuration();
        address served = c.entryPoint;
        c.entryPoint = address(0x1234567890123456789012345678901234567890);
        vm.etch(c.entryPoint, hex"00");
        account = newAccount(c);
        onlyThis(EnforcementPath.EntryPoint, Verdict.Open, served);
    }

    function test_aModuleThatTheAccountDoesNotHave() public {
        address other = vm.deployCode("WritModule.sol:WritModule");
        Report memory r = lens.verifyEnforcement(address(account), other, evidence());
        assertFalse(r.enforced);
        assertTrue(r.findings[uint256(EnforcementPath.Validator)].verdict == Verdict.Open);
        Finding memory hook = r.findings[uint256(EnforcementPath.Hook)];
        assertTrue(hook.verdict == Verdict.Open);
        assertTrue(r.findings[uint256(EnforcementPath.Mode)].verdict == Verdict.Open);
    }

    function test_aModuleThatIsNone() public view {
        Report memory r = lens.verifyEnforcement(address(account), address(token), evidence());
        assertFalse(r.enforced);
        assertTrue(r.findings[uint256(EnforcementPath.Mode)].verdict == Verdict.Unverifiable);
        assertTrue(r.findings[uint256(EnforcementPath.Exit)].verdict == Verdict.Unverifiable);
        assertTrue(r.findings[uint256(EnforcementPath.Validator)].verdict == Verdict.Open);
    }

    function name(Verdict v) internal pure returns (string memory) {
        if (v == Verdict.Unverifiable) return "unverifiable";
        if (v == Verdict.Open) return "open";
        return v == Verdict.Closed ? "closed" : "not applicable";
    }
}
