// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Matrix} from "../accounts/Matrix.sol";
import {BareAccount} from "../accounts/Mocks.sol";
import {Outcome, Path, Paths} from "../accounts/Path.sol";
import {Attestor} from "../utils/Attestor.sol";
import {Contracts} from "../utils/Contracts.sol";
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

    /// @dev Account and module agree, on one that could say that anything was validated.
    function test_anEntryPointThatIsNotPublished() public {
        if (kind() != KnownKind.OpenZeppelin) return;
        Configuration memory c = configuration();
        c.entryPoint = makeAddr("EntryPoint");
        vm.etch(c.entryPoint, hex"00");
        account = Contracts.account(
            c.entryPoint, address(module), abi.encode(c, policies()), address(module)
        );
        delete vouched;
        vouch();
        assertVerdict(EnforcementPath.EntryPoint, Verdict.Unverifiable);
        assertFalse(report().enforced);
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

    // ------------------------------------------------------------------ another validator

    /// @dev What another validator under the module's hook opens.
    function byOtherValidator(EnforcementPath row) internal view returns (bool) {
        if (row == EnforcementPath.OtherValidatorSignature) return true;
        if (row == EnforcementPath.RevertedTicket) return !isV09();
        if (row == EnforcementPath.OtherValidatorUninstall) return kind() == KnownKind.Safe7579;
        return row == EnforcementPath.OtherValidatorEmergency && kind() == KnownKind.Nexus;
    }

    function test_anotherValidatorUnderTheHook() public {
        assertTrue(install(1, address(yes), ""));
        Report memory r = report();
        assertFalse(r.enforced);
        for (uint256 i = 0; i < ROWS; ++i) {
            bool opened = byOtherValidator(EnforcementPath(i));
            Verdict expected = opened ? Verdict.Open : fresh(EnforcementPath(i));
            assertEq(name(r.findings[i].verdict), name(expected), vm.toString(i));
            if (opened) assertEq(r.findings[i].subject, address(yes));
        }
        // The account says that it is there, whoever is a candidate.
        if (kind() == KnownKind.OpenZeppelin || kind() == KnownKind.Kernel) return;
        delete validators;
        source = Source.Partial;
        assertVerdict(EnforcementPath.OtherValidatorSignature, Verdict.Open);
    }

    function test_anExecutorUnderTheHook() public {
        assertTrue(install(2, address(executor), ""));
        test_anAccountThatHasNothingElse();
    }

    // ------------------------------------------------------------------ what the caller does not know

    /// @dev What rests on candidates.
    function restsOn(Source least, EnforcementPath row) internal view returns (bool) {
        bool signature = row == EnforcementPath.OtherValidatorSignature;
        if (kind() == KnownKind.Kernel && signature) return true;
        if (least == Source.Traces) return false;
        if (kind() == KnownKind.OpenZeppelin || kind() == KnownKind.Kernel) {
            if (signature || (row == EnforcementPath.RevertedTicket && !isV09())) return true;
        }
        if (kind() == KnownKind.Reference) return row == EnforcementPath.FallbackHandler;
        return kind() == KnownKind.Kernel
            && (row == EnforcementPath.OtherValidator
                || row == EnforcementPath.Executor
                || row == EnforcementPath.FallbackHandler
                || row == EnforcementPath.FallbackDelegatecall);
    }

    function test_whatEventsAndPartialListsDoNotProve() public {
        source = Source.Events;
        _proves(Source.Traces);
        source = Source.Partial;
        _proves(Source.Events);
    }

    function _proves(Source least) private view {
        Report memory r = report();
        for (uint256 i = 0; i < ROWS; ++i) {
            EnforcementPath row = EnforcementPath(i);
            Verdict expected = restsOn(least, row) ? Verdict.Unverifiable : fresh(row);
            assertEq(name(r.findings[i].verdict), name(expected), vm.toString(i));
        }
    }

    // ------------------------------------------------------------------ code that nobody knows

    /// @dev Nothing is left but what the module says, and that it is no EIP-7702 account.
    function assertUnknown(Evidence memory e) internal view {
        Report memory r = lens.verifyEnforcement(address(account), address(module), e);
        assertFalse(r.enforced);
        assertEq(uint8(r.kind), uint8(KnownKind.Unknown));
        for (uint256 i = 0; i < ROWS; ++i) {
            EnforcementPath row = EnforcementPath(i);
            bool told = row == EnforcementPath.Mode || row == EnforcementPath.Exit
                || row == EnforcementPath.PendingConfiguration || row == EnforcementPath.OperatorSet;
            Verdict expected = told ? Verdict.Closed : Verdict.Unverifiable;
            if (row == EnforcementPath.RootKey) expected = Verdict.NotApplicable;
            assertEq(name(r.findings[i].verdict), name(expected), vm.toString(i));
        }
    }

    function test_anImplementationThatIsNotKnown() public {
        Evidence memory e = evidence();
        if (kind() == KnownKind.OpenZeppelin) {
            e.vouched = new Vouched[](0);
            assertUnknown(e);
            return;
        }
        address bare = address(new BareAccount());
        if (kind() == KnownKind.Safe7579) {
            vm.store(address(account), 0, bytes32(uint256(uint160(bare))));
            assertUnknown(e);
            return;
        }
        address[4] memory read = [address(0), bare, address(account), address(module)];
        for (uint256 i = 0; i < read.length; ++i) {
            e.implementation = read[i];
            assertUnknown(e);
        }
    }

    function test_aReadingThatTheAccountContradicts() public {
        if (kind() == KnownKind.OpenZeppelin || kind() == KnownKind.Safe7579) return;
        Evidence memory e = evidence();
        // The published code, but not what this account runs.
        vm.store(address(account), ERC1967, bytes32(uint256(uint160(address(new BareAccount())))));
        assertUnknown(e);
    }

    function test_aProxyThatIsNotKnown() public {
        Evidence memory e = evidence();
        vm.etch(address(account), bytes.concat(address(account).code, hex"00"));
        assertUnknown(e);
    }

    // ------------------------------------------------------------------ answers that mean harm

    /// @dev Whose code the caller wrongly vouches for, so that it is asked at all.
    function test_answersThatMeanHarm() public {
        bytes[5] memory codes = [
            // Burns everything.
            bytes(hex"fe"),
            hex"5b5f56",
            // A megabyte, as an answer and as a revert.
            hex"620fffff5ff3",
            hex"620fffff5ffd",
            // Words of ones.
            hex"5f195f525f1960205260605ff3"
        ];
        for (uint256 i = 0; i < codes.length; ++i) {
            for (uint256 k = 0; k <= uint256(type(KnownKind).max); ++k) {
                vm.etch(address(account), codes[i]);
                _harmless(address(module), KnownKind(k));
            }
            // The module as well.
            address evil = makeAddr("module");
            vm.etch(evil, codes[i]);
            guard = evil;
            _harmless(evil, kind());
        }
    }

    function _harmless(address asked, KnownKind as_) private view {
        Evidence memory e = evidence();
        e.vouched = new Vouched[](1);
        e.vouched[0] = Vouched(address(account).codehash, as_);
        uint256 before = gasleft();
        Report memory r = lens.verifyEnforcement(address(account), asked, e);
        assertLt(before - gasleft(), 25_000_000);
        assertFalse(r.enforced);
    }

    function test_listsThatAreTooLongOrOutOfOrder() public {
        Evidence memory e = evidence();
        e.selectors = new bytes4[](2);
        (e.selectors[0], e.selectors[1]) = (bytes4(uint32(2)), bytes4(uint32(2)));
        _refused(e, abi.encodeWithSelector(IWritLens.SelectorsNotAscending.selector, 1));
        bytes memory tooMany = abi.encodeWithSelector(IWritLens.TooManyCandidates.selector, 65, 64);
        e = evidence();
        e.selectors = new bytes4[](65);
        _refused(e, tooMany);
        e = evidence();
        e.validators = new address[](65);
        _refused(e, tooMany);
        e = evidence();
        e.executors = new address[](65);
        _refused(e, tooMany);
        e = evidence();
        e.handlers = new address[](65);
        _refused(e, tooMany);
        e = evidence();
        e.permissions = new bytes4[](65);
        _refused(e, tooMany);
        e = evidence();
        e.vouched = new Vouched[](65);
        _refused(e, tooMany);
    }

    function _refused(Evidence memory e, bytes memory reason) private {
        vm.expectRevert(reason);
        lens.verifyEnforcement(address(account), address(module), e);
    }

    /// @dev Its key signs whatever it wants, whatever it delegates to.
    function test_anAccountWithARootKey() public {
        Evidence memory e = evidence();
        address delegate = report().implementation;
        if (kind() == KnownKind.Safe7579) return;
        vm.etch(address(account), abi.encodePacked(hex"ef0100", delegate));
        Report memory r = lens.verifyEnforcement(address(account), address(module), e);
        assertFalse(r.enforced);
        assertEq(r.implementation, delegate);
        Finding memory root = r.findings[uint256(EnforcementPath.RootKey)];
        assertEq(name(root.verdict), "open");
        assertEq(root.subject, delegate);
    }

    function name(Verdict v) internal pure returns (string memory) {
        if (v == Verdict.Unverifiable) return "unverifiable";
        if (v == Verdict.Open) return "open";
        return v == Verdict.Closed ? "closed" : "not applicable";
    }
}
