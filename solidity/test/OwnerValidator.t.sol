// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {SettingsFixture} from "./Settings.t.sol";
import {Passkeys} from "./utils/Passkeys.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritOwnerErrors} from "writ/interfaces/IWritOwnerValidator.sol";
import {Configuration} from "writ/interfaces/WritTypes.sol";

/// @notice A stateless validator of somebody else, with a mind of its own.
contract ForeignValidator {
    uint256 internal immutable KIND;

    constructor(uint256 kind) {
        KIND = kind;
    }

    function isModuleType(uint256 moduleTypeId) external pure returns (bool) {
        return moduleTypeId == 7;
    }

    function validateSignatureWithData(bytes32 hash, bytes calldata signature, bytes calldata data)
        external
        view
        returns (uint256)
    {
        if (KIND == 0) {
            // True if the signature is the hash and the data.
            return keccak256(signature) == keccak256(abi.encodePacked(hash, data)) ? 1 : 0;
        }
        if (KIND == 1) revert("no");
        if (KIND == 2) return 2;
        // Less than a word.
        assembly ("memory-safe") {
            mstore(0x00, 1)
            return(0x00, 0x1f)
        }
    }
}

/// @title Owners behind stateless validators, through the module and the EntryPoint
contract OwnerValidatorTest is SettingsFixture {
    uint256 internal passkey = Passkeys.key(1);
    address internal webAuthn;

    string internal constant RELYING_PARTY = "wallet.example";

    function setUp() public override {
        super.setUp();
        webAuthn = deployCode("WebAuthnOwner.sol:WebAuthnOwner");
        account = newAccount(_owned(webAuthn, _passkeyData(passkey)));
    }

    function _passkeyData(uint256 key) private pure returns (bytes memory) {
        (bytes32 x, bytes32 y) = Passkeys.publicKey(key);
        return abi.encodePacked(x, y, sha256(bytes(RELYING_PARTY)), true);
    }

    function _owned(address validator, bytes memory data) private returns (Configuration memory c) {
        c = configuration();
        c.ownerValidator = validator;
        c.owner = SSTORE2.write(data);
    }

    function _assertion(uint256 key, bytes32 hash) private pure returns (bytes memory) {
        return Passkeys.encode(Passkeys.assertion(key, RELYING_PARTY, hash));
    }

    /// @dev Attested, and signed by this for an owner.
    function _operation(bytes memory signature)
        private
        view
        returns (PackedUserOperation memory op)
    {
        op = operation(account, 0, sendNative(1));
        op.signature = bytes.concat(signature, suffix(op, decision(op)));
    }

    function _hash() private view returns (bytes32) {
        return entryPoint.getUserOpHash(operation(account, 0, sendNative(1)));
    }

    function test_aPasskeyOwnsAnAccount() public {
        sendUnsigned(_operation(_assertion(Passkeys.key(2), _hash())));
        sendUnsigned(_operation(_assertion(passkey, keccak256("another"))));
        sendUnsigned(_operation(""));
        send(_operation(_assertion(passkey, _hash())));
        assertEq(recipient.balance, 1);
        // One that was attested and not signed, and one that was signed and not attested.
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.signature = _assertion(passkey, _hash());
        sendRefused(op, IWritErrors.AttestationRequired.selector);
    }

    function test_aPasskeyChangesSettings() public {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("AnnounceExit(address account,uint256 nonce)"), address(account), 0
            )
        );
        bytes32 digest = MessageHashUtils.toTypedDataHash(module.domainSeparator(), structHash);
        bytes memory byKey = ownerSets("AnnounceExit");
        vm.expectRevert(IWritErrors.InvalidOwnerSignature.selector);
        module.announceExit(address(account), 0, byKey);
        bytes memory foreign = _assertion(Passkeys.key(2), digest);
        vm.expectRevert(IWritErrors.InvalidOwnerSignature.selector);
        module.announceExit(address(account), 0, foreign);
        module.announceExit(address(account), 0, _assertion(passkey, digest));
        assertEq(state(address(account)).exitAt, block.timestamp + 2 days);

        vm.warp(block.timestamp + 2 days);
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.signature = _assertion(passkey, _hash());
        send(op);
        assertEq(recipient.balance, 1);
    }

    function test_whoSignedForOneAccountSignedForNoOther() public {
        PackedUserOperation memory op = _operation(_assertion(passkey, _hash()));
        account = newAccount(current(address(account)));
        PackedUserOperation memory other = operation(account, 0, sendNative(1));
        other.signature = bytes.concat(
            _assertion(passkey, entryPoint.getUserOpHash(op)), suffix(other, decision(other))
        );
        sendUnsigned(other);
    }

    /// @dev Changing who owns weakens: it takes the quorum or the delay, from a key to a passkey as well.
    function test_toAnotherOwnerByTheQuorumOrTheDelay() public {
        account = newAccount(configuration());
        Configuration memory next = _owned(webAuthn, _passkeyData(passkey));
        configure(next, "");
        assertEq(current(address(account)).ownerValidator, address(0), "scheduled");
        vm.warp(block.timestamp + 2 days);
        module.applyConfiguration(address(account), next, policies());
        send(_operation(_assertion(passkey, _hash())));
        assertEq(recipient.balance, 1);
    }

    // ------------------------------------------------------------------ what cannot be configured

    function _refused(Configuration memory c, bytes memory reason) private {
        vm.expectRevert(reason);
        module.onInstall(abi.encode(c, policies()));
    }

    function test_ownersThatCannotOwnAreRefused() public {
        Configuration memory c = _owned(webAuthn, _passkeyData(passkey));
        c.owner = owner;
        _refused(c, abi.encodeWithSelector(IWritOwnerErrors.NotOwnerData.selector, owner));
        // Code that runs can change what it is.
        c.owner = address(token);
        _refused(c, abi.encodeWithSelector(IWritOwnerErrors.NotOwnerData.selector, c.owner));
        c = _owned(webAuthn, "too short");
        vm.expectRevert();
        module.onInstall(abi.encode(c, policies()));
        c = _owned(address(token), _passkeyData(passkey));
        _refused(
            c,
            abi.encodeWithSelector(IWritOwnerErrors.NotAStatelessValidator.selector, address(token))
        );
        c.ownerValidator = recipient;
        _refused(
            c, abi.encodeWithSelector(IWritOwnerErrors.NotAStatelessValidator.selector, recipient)
        );
    }

    // ------------------------------------------------------------------ validators of others

    function test_aForeignValidatorIsAskedForThisHashThisSignatureAndThisData() public {
        account = newAccount(_owned(address(new ForeignValidator(0)), "whose"));
        sendUnsigned(_operation(abi.encodePacked(_hash(), "nobody")));
        sendUnsigned(_operation(abi.encodePacked(~_hash(), "whose")));
        // Not the message that a key might have signed instead.
        sendUnsigned(
            _operation(abi.encodePacked(MessageHashUtils.toEthSignedMessageHash(_hash()), "whose"))
        );
        send(_operation(abi.encodePacked(_hash(), "whose")));
        assertEq(recipient.balance, 1);
    }

    function test_onlyTrueIsTrue() public {
        for (uint256 kind = 2; kind <= 3; ++kind) {
            account = newAccount(_owned(address(new ForeignValidator(kind)), "whose"));
            sendUnsigned(_operation(abi.encodePacked(_hash(), "whose")));
        }
        assertEq(recipient.balance, 0);
    }

    /// @dev With its own reason, or none when it ran out of gas, which must not pass for a refusal.
    function test_aValidatorThatFailsFailsTheValidation() public {
        account = newAccount(_owned(address(new ForeignValidator(1)), "whose"));
        sendRefused(
            _operation(abi.encodePacked(_hash(), "whose")),
            abi.encodeWithSignature("Error(string)", "no")
        );
        account = newAccount(_owned(webAuthn, _passkeyData(passkey)));
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.accountGasLimits = bytes32((uint256(60_000) << 128) | 1_000_000);
        bytes32 hash = entryPoint.getUserOpHash(op);
        op.signature = _assertion(passkey, hash);
        op.signature = bytes.concat(op.signature, suffix(op, decision(op)));
        vm.prank(bundler, bundler);
        vm.expectRevert();
        entryPoint.handleOps(one(op), bundler);
    }

    /// @dev A validator whose code is gone says no to everything.
    function test_aValidatorWithoutCodeSaysNo() public {
        address validator = address(new ForeignValidator(0));
        account = newAccount(_owned(validator, "whose"));
        vm.etch(validator, "");
        sendUnsigned(_operation(abi.encodePacked(_hash(), "whose")));
    }
}
