// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Decision} from "./utils/Attestor.sol";
import {BuiltInSuite} from "./utils/BuiltInSuite.sol";
import {IDevAccount} from "./utils/Contracts.sol";
import {Delegates, OpenDelegate} from "./utils/Delegates.sol";
import {EntryPoints, IEntryPointExtra} from "./utils/EntryPoints.sol";
import {IWritDelegate, SimpleAccounts} from "./utils/SimpleAccounts.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IRootConsents} from "writ/interfaces/IRootConsents.sol";
import {IWritAccount} from "writ/interfaces/IWritAccount.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @title An EIP-7702 account: who initializes it, what was there before, what its key still can
abstract contract DelegateSuite is BuiltInSuite, Delegates {
    IWritDelegate internal implementation;

    function newAccount(Configuration memory c) internal override returns (IDevAccount created) {
        if (address(implementation) == address(0)) {
            implementation = SimpleAccounts.writDelegate(entryPoint, address(module));
        }
        created = IDevAccount(payable(newDelegated(implementation, abi.encode(c, policies()))));
        fund(address(created));
    }

    function codeName() internal pure override returns (string memory) {
        return "WritDelegate.sol:WritDelegate";
    }

    function mayTouch(address who, bytes32 slot) internal view override returns (bool) {
        return who == address(implementation) && slot == keccak256(abi.encode(account, 0));
    }

    function own() internal view returns (IWritDelegate) {
        return IWritDelegate(address(account));
    }

    function installation() internal view returns (bytes memory) {
        return abi.encode(configuration(), policies());
    }

    /// @dev One that delegates here, funded, that nobody initialized.
    function fresh() internal {
        account = IDevAccount(payable(newKey()));
        delegate(address(account), address(implementation));
        fund(address(account));
    }

    function given() internal view returns (bool consent) {
        (consent,) = implementation.consentOf(address(account));
    }

    // ------------------------------------------------------------------ initializing

    function test_nothingValidatesBeforeTheKeyConsents() public {
        fresh();
        assertFalse(own().isModuleInstalled(1, address(module), ""));
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.signature = ownerSigns(op);
        sendUnsigned(op);
        own()
            .initializeWrit(
                installation(), consents(implementation, address(account), installation())
            );
        assertTrue(own().isModuleInstalled(1, address(module), ""));
        send(attested(op));
        assertEq(recipient.balance, 1);
    }

    function test_consentIsForTheseBytesThisAccountChainAndImplementation() public {
        fresh();
        bytes memory data = installation();
        bytes memory good = consents(implementation, address(account), data);
        address other = newKey();
        delegate(other, address(implementation));
        IWritDelegate another = SimpleAccounts.writDelegate(entryPoint, address(module));

        Configuration memory hostile = configuration();
        hostile.owner = address(0xbad);
        _refused(abi.encode(hostile, policies()), good);
        _refused(
            data, keySigns(other, implementation.consentDigest(address(account), keccak256(data)))
        );
        _refused(
            data, keySigns(address(account), implementation.consentDigest(other, keccak256(data)))
        );
        _refused(data, consents(another, address(account), data));
        _refused(data, "");
        _refused(data, bytes.concat(good, hex"00"));
        vm.chainId(block.chainid + 1);
        _refused(data, good);
        vm.chainId(block.chainid - 1);
        vm.expectRevert(IRootConsents.InvalidRootSignature.selector);
        IWritDelegate(other).initializeWrit(data, good);
        own().initializeWrit(data, good);
    }

    function _refused(bytes memory data, bytes memory signature) private {
        vm.expectRevert(IRootConsents.InvalidRootSignature.selector);
        own().initializeWrit(data, signature);
        assertFalse(given());
    }

    function test_digestIsTheEip712One() public {
        fresh();
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Writ"),
                keccak256("1"),
                block.chainid,
                implementation
            )
        );
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("Initialize(address account,bytes32 installation,uint256 nonce)"),
                account,
                bytes32("installation"),
                0
            )
        );
        assertEq(
            implementation.consentDigest(address(account), "installation"),
            keccak256(abi.encodePacked(hex"1901", domain, structHash))
        );
    }

    /// @dev Whoever sends it first, the account is what its key consented to.
    function test_initializingBeforeOthersDoChangesNothing() public {
        fresh();
        bytes memory good = consents(implementation, address(account), installation());
        vm.prank(makeAddr("stranger"));
        own().initializeWrit(installation(), good);
        vm.expectRevert(abi.encodeWithSelector(IRootConsents.AlreadyInitialized.selector, account));
        own().initializeWrit(installation(), good);
        assertEq(abi.encode(current(address(account))), abi.encode(configuration()));
        assertEq(state(address(account)).revision, 1);
    }

    function test_oneConsentServesOnce() public {
        fresh();
        bytes memory off = abi.encode(inMode(Mode.Off), policies());
        bytes memory used = consents(implementation, address(account), off);
        own().initializeWrit(off, used);
        bytes memory next = consents(implementation, address(account), installation());
        // Not while it is initialized, with whatever signature.
        vm.expectRevert(abi.encodeWithSelector(IRootConsents.AlreadyInitialized.selector, account));
        own().initializeWrit(installation(), next);
        // Nor afterwards, with the one that was used.
        vm.prank(address(account));
        module.onUninstall("");
        vm.expectRevert(IRootConsents.InvalidRootSignature.selector);
        own().initializeWrit(off, used);
        own().initializeWrit(installation(), next);
        assertEq(state(address(account)).revision, 3);
        (, uint64 nonce) = implementation.consentOf(address(account));
        assertEq(nonce, 2);
    }

    function test_refusesAnotherEntryPoint() public {
        fresh();
        Configuration memory c = configuration();
        c.entryPoint = address(0xe9);
        bytes memory data = abi.encode(c, policies());
        bytes memory good = consents(implementation, address(account), data);
        vm.expectRevert(
            abi.encodeWithSelector(
                IWritAccount.EntryPointMismatch.selector, address(0xe9), entryPoint
            )
        );
        own().initializeWrit(data, good);
        assertFalse(given());
    }

    function test_implementationIsNoAccount() public {
        bytes memory data = installation();
        vm.expectRevert(
            abi.encodeWithSelector(IRootConsents.NotDelegatedHere.selector, implementation)
        );
        implementation.initializeWrit(data, new bytes(65));
        account = IDevAccount(payable(address(implementation)));
        entryPoint.depositTo{value: 1 ether}(address(account));
        PackedUserOperation memory op = operation(account, 0, sendNative(0));
        op.signature = ownerSigns(op);
        sendUnsigned(op);
    }

    function test_consentsAreKeptAtTheImplementation() public {
        bytes memory reason =
            abi.encodeWithSelector(IRootConsents.NotTheImplementation.selector, account);
        refusedTo(owner, abi.encodeCall(IRootConsents.consentOf, (address(account))), reason);
        refusedTo(owner, abi.encodeCall(IRootConsents.consentDigest, (address(account), 0)), reason);
        refusedTo(owner, abi.encodeCall(IRootConsents.giveConsent, (0, "")), reason);
        refusedTo(owner, abi.encodeCall(IRootConsents.withdrawConsent, ()), reason);
    }

    // ------------------------------------------------------------------ what other code left

    /// @dev Other code can write what it likes into the account.
    function testFuzz_storageOfTheAccountMeansNothing(bytes32 value) public {
        fresh();
        bytes32[4] memory slots = [
            bytes32(0),
            bytes32(uint256(1)),
            keccak256(abi.encode(account, 0)),
            0xf0c57e16840df040f15088dc2f81fe391c3923bec73e23a9662efc9c229c6a00
        ];
        for (uint256 i = 0; i < slots.length; ++i) {
            vm.store(address(account), slots[i], value);
        }
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.signature = ownerSigns(op);
        sendUnsigned(op);
        bytes memory good = consents(implementation, address(account), installation());
        own().initializeWrit(installation(), good);
        vm.record();
        send(attested(operation(account, 0, sendNative(1))));
        (bytes32[] memory reads, bytes32[] memory writes) = vm.accesses(address(account));
        assertEq(reads.length + writes.length, 0);
        assertEq(recipient.balance, 1);
    }

    /// @dev A configuration with an owner and operators of somebody else's.
    function leftBehind() internal returns (Configuration memory hostile) {
        account = IDevAccount(payable(newKey()));
        delegate(address(account), address(new OpenDelegate()));
        OpenDelegate former = OpenDelegate(payable(address(account)));
        hostile = configuration();
        (hostile.owner, hostile.threshold, hostile.leastOperators) = (makeAddr("hostile"), 1, 1);
        bytes memory data = abi.encode(hostile, policies());
        former.run(address(module), 0, abi.encodeCall(module.onInstall, (data)));
        former.run(address(module), 0, abi.encodeCall(module.onInstall, ("")));
        fund(address(account));
    }

    function test_aConfigurationThatOtherCodeLeftIsReplaced() public {
        leftBehind();
        delegate(address(account), address(implementation));
        assertTrue(module.isInitialized(address(account)));
        assertFalse(own().isModuleInstalled(1, address(module), ""));
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        sendUnsigned(attested(op));

        bytes memory good = consents(implementation, address(account), installation());
        own().initializeWrit(installation(), good);
        assertEq(abi.encode(current(address(account))), abi.encode(configuration()));
        assertEq(state(address(account)).revision, 3);
        send(attested(op));
        assertEq(recipient.balance, 1);
    }

    /// @dev Other code sees the signature before it is used, and may not use it up.
    function test_otherCodeGivesNoConsent() public {
        leftBehind();
        bytes memory good = consents(implementation, address(account), installation());
        OpenDelegate former = OpenDelegate(payable(address(account)));
        vm.expectRevert(abi.encodeWithSelector(IRootConsents.NotDelegatedHere.selector, account));
        former.run(
            address(implementation),
            0,
            abi.encodeCall(IRootConsents.giveConsent, (keccak256(installation()), good))
        );
        vm.signAndAttachDelegation(address(implementation), keys[address(account)]);
        own().initializeWrit(installation(), good);
        assertEq(current(address(account)).owner, owner);
    }

    // ------------------------------------------------------------------ coming and going

    function test_otherCodeVoidsAttestations() public {
        IWritDelegate another = SimpleAccounts.writDelegate(entryPoint, address(module));
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        Decision memory d = decision(op);
        // What the operators will sign of the account as it will be, but for its code.
        d.revision = 3;
        bytes memory old = suffix(op, d);
        bytes memory good = consents(another, address(account), installation());
        vm.signAndAttachDelegation(address(another), keys[address(account)]);
        own().initializeWrit(installation(), good);
        assertEq(state(address(account)).revision, 3);
        op.signature = bytes.concat(ownerSigns(op), old);
        sendUnsigned(op);
        send(attach(op, d));
        assertEq(recipient.balance, 1);
    }

    function test_theKeyTakesItsConsentBack() public {
        vm.prank(address(account), address(account));
        implementation.withdrawConsent();
        assertFalse(given());
        sendUnsigned(attested(operation(account, 0, sendNative(1))));
        // What other code does in between counts for nothing.
        delegate(address(account), address(new OpenDelegate()));
        OpenDelegate former = OpenDelegate(payable(address(account)));
        former.run(address(module), 0, abi.encodeCall(module.onUninstall, ("")));
        Configuration memory hostile = configuration();
        hostile.owner = makeAddr("hostile");
        bytes memory data = abi.encode(hostile, policies());
        former.run(address(module), 0, abi.encodeCall(module.onInstall, (data)));
        delegate(address(account), address(implementation));
        sendUnsigned(attested(operation(account, 0, sendNative(1))));

        own()
            .initializeWrit(
                installation(), consents(implementation, address(account), installation())
            );
        send(attested(operation(account, 0, sendNative(1))));
        assertEq(recipient.balance, 1);
    }

    /// @dev The key forgot to take its consent back. Everything that other code can have put in the configuration's place.
    function test_whatOtherCodeInstalledIsNotTakenOver() public {
        delegate(address(account), address(new OpenDelegate()));
        OpenDelegate former = OpenDelegate(payable(address(account)));
        former.run(address(module), 0, abi.encodeCall(module.onUninstall, ("")));
        Configuration memory weaker = configuration();
        (weaker.threshold, weaker.leastOperators) = (1, 1);
        bytes memory data = abi.encode(weaker, policies());
        former.run(address(module), 0, abi.encodeCall(module.onInstall, (data)));
        former.run(address(module), 0, abi.encodeCall(module.onInstall, ("")));
        delegate(address(account), address(implementation));

        assertTrue(module.isInitialized(address(account)));
        assertFalse(given());
        assertFalse(own().isModuleInstalled(1, address(module), ""));
        sendUnsigned(attested(operation(account, 0, sendNative(1))));
        // The consent that was used is none for it, either.
        bytes memory next = consents(implementation, address(account), installation());
        vm.expectRevert(IRootConsents.InvalidRootSignature.selector);
        own().initializeWrit(data, next);

        own().initializeWrit(installation(), next);
        assertTrue(given());
        assertEq(abi.encode(current(address(account))), abi.encode(configuration()));
        send(attested(operation(account, 0, sendNative(1))));
        assertEq(recipient.balance, 1);
    }

    /// @dev The same configuration installed again is another installation: it, too, asks for the key.
    function test_theSameInstalledAgainByOtherCodeIsNotTakenOver() public {
        delegate(address(account), address(new OpenDelegate()));
        OpenDelegate former = OpenDelegate(payable(address(account)));
        former.run(address(module), 0, abi.encodeCall(module.onUninstall, ("")));
        former.run(address(module), 0, abi.encodeCall(module.onInstall, (installation())));
        former.run(address(module), 0, abi.encodeCall(module.onInstall, ("")));
        delegate(address(account), address(implementation));
        assertFalse(given());
        sendUnsigned(attested(operation(account, 0, sendNative(1))));
    }

    /// @dev What the configured owner changed meanwhile is no other code's doing.
    function test_comesBackToWhatItsOwnerConfigured() public {
        delegate(address(account), address(new OpenDelegate()));
        Configuration memory next = configuration();
        (next.threshold, next.leastOperators) = (4, 5);
        configure(next, "");
        delegate(address(account), address(implementation));
        assertTrue(given());
        send(attested(operation(account, 0, sendNative(1))));
        assertEq(recipient.balance, 1);
    }

    function test_anOperationCannotTakeTheConsentBack() public {
        runReverting(
            executeCall(
                address(implementation), 0, abi.encodeCall(IRootConsents.withdrawConsent, ())
            ),
            abi.encodePacked(IWritErrors.UninstallNotAllowed.selector)
        );
        assertTrue(given());
        implementation.withdrawConsent();
        assertTrue(given());
    }

    function test_theKeyCannotUseTheAccountsOwnFunctions() public {
        refusedTo(address(account), sendNative(1), abi.encodePacked(IWritErrors.NoTicket.selector));
        account = newAccount(inMode(Mode.Off));
        vm.prank(address(account), address(account));
        own().execute(recipient, 1, "");
        assertEq(recipient.balance, 1);
    }

    /// @dev Contracts that ask the account, as Permit2 does of everything that has code, get no answer.
    function test_theKeysSignatureIsNoneOfTheAccounts() public {
        bytes32 hash = keccak256("what Permit2 asks about");
        bytes memory signed = keySigns(address(account), hash);
        assertFalse(SignatureChecker.isValidSignatureNow(address(account), hash, signed));
        address bare = newKey();
        assertTrue(SignatureChecker.isValidSignatureNow(bare, hash, keySigns(bare, hash)));
    }

    function test_leavingNeedsNeitherOperatorsNorKey() public {
        module.announceExit(address(account), due(), ownerSets("AnnounceExit"));
        vm.warp(NOW + 2 days + 1);
        PackedUserOperation memory op = operation(account, 0, sendNative(3 ether));
        op.signature = ownerSigns(op);
        send(op);
        assertEq(recipient.balance, 3 ether);
        op = operation(
            account, 0, executeCall(address(module), 0, abi.encodeCall(module.onUninstall, ("")))
        );
        op.signature = ownerSigns(op);
        send(op);
        assertFalse(module.isInitialized(address(account)));
        assertFalse(own().isModuleInstalled(4, address(module), ""));
        // Left to its key.
        sendUnsigned(attested(operation(account, 0, sendNative(1))));
        vm.prank(address(account), address(account));
        own().execute(recipient, 1 ether, "");
        assertEq(recipient.balance, 4 ether);
    }
}

/// forge-config: default.evm_version = "prague"
contract DelegateV07Test is DelegateSuite {}

/// forge-config: default.evm_version = "prague"
contract DelegateV08Test is DelegateSuite {
    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        return EntryPoints.deployV08();
    }

    /// @dev The EntryPoint calls the account with what follows 0x7702: not for bundlers that keep to ERC-7562, as the module's
    /// installation reads the block's number.
    function test_anOperationMayInitializeItsOwnAccount() public {
        fresh();
        bytes memory good = consents(implementation, address(account), installation());
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.initCode = abi.encodePacked(
            bytes20(hex"7702"), abi.encodeCall(IWritDelegate.initializeWrit, (installation(), good))
        );
        Decision memory d = decision(op);
        Configuration memory c = configuration();
        (d.revision, d.level, d.epoch, d.policy) = (1, c.level, c.epoch, c.policy);
        (d.entryPoint, d.signers) = (c.entryPoint, signers(c.threshold));
        send(attach(op, d));
        assertEq(recipient.balance, 1);
        assertTrue(given());
    }
}
