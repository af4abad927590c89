// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {WritVerifier} from "./WritVerifier.sol";
import {IWritModule} from "./interfaces/IWritModule.sol";
import {Mode} from "./interfaces/WritTypes.sol";
import {Attested} from "./libraries/Attested.sol";
import {Flags} from "./libraries/Flags.sol";
import {Frames} from "./libraries/Frames.sol";
import {Head} from "./libraries/Head.sol";
import {OperationAction} from "./libraries/OperationAction.sol";
import {Operations} from "./libraries/Operations.sol";
import {Owners} from "./libraries/Owners.sol";
import {Record} from "./libraries/Records.sol";
import {Suffix} from "./libraries/Suffix.sol";
import {Tickets} from "./libraries/Tickets.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

/// @title The validator: owner, quorum, ticket
abstract contract WritValidator is WritVerifier {
    uint256 private constant FAILED = 1;

    /// @notice Gives the attestation's validity window; 1 when the owner's or the quorum's signatures are wrong; reverts by
    /// name on everything else that is wrong. Never reads the clock.
    /// @dev 7562: slots 0 to 4 associated with the sender, transient slots associated with it, the code of its configuration's
    /// record, and the sender's code hash; with an owner's validator that contract, and the code of its data.
    function validateUserOp(PackedUserOperation calldata userOp, bytes32 userOpHash)
        external
        returns (uint256)
    {
        if (userOp.sender != msg.sender) revert SenderMismatch(userOp.sender, msg.sender);
        Account storage account = accounts[msg.sender];
        Head head = account.settings.head();
        bool usual = head.isUsual();
        if (!usual && !head.has(Flags.INSTALLED)) return FAILED;

        (bool attached, bytes calldata ownerSignature, bytes calldata body) =
            Suffix.split(Operations.signature(userOp));
        Record record = _record(head);
        bool owned = Owners.signedOperation(head, record, userOpHash, ownerSignature);

        if (!usual && head.isIn(Mode.Off)) return owned ? 0 : FAILED;
        if (Frames.commitment(account) != 0) revert FrameOpen();
        if (!usual && head.isIn(Mode.Observe)) {
            _observe(account, head, userOp, userOpHash, attached, body);
            return owned ? 0 : FAILED;
        }
        if (!attached) {
            if (!head.has(Flags.EXIT_ANNOUNCED)) revert AttestationRequired();
            // Whether the announced exit has come is for the EntryPoint to see: it alone may read the clock.
            return _window(owned, account.settings.exitAt, 0);
        }
        (bool valid, bytes32 frameHash, Attested attested, bytes calldata bounds) =
            _verifyOperation(account, head, record, userOp, body);
        if (!valid) return FAILED;
        // Also without the owner's signature: the EntryPoint refuses the operation for it, and where only a stub signature
        // exists (estimation) the execution shall still be seen.
        bytes32 name = head.has(Flags.ENTRY_POINT_V09) ? userOpHash : frameHash;
        if (!_mint(account, head, name, userOp.nonce, attested, bounds)) {
            revert TicketAlreadyLive();
        }
        return _window(owned, attested.validAfter(), attested.validUntil());
    }

    /// @notice Refused whatever it is: a signature that moves funds outside of an attested execution defeats the policy.
    /// @dev 7562: no storage. Never reverts, also for ERC-7739's detection call.
    function isValidSignatureWithSender(address, bytes32, bytes calldata)
        external
        pure
        returns (bytes4)
    {
        return 0xffffffff;
    }

    /// @notice As `IWritModule` says.
    /// @dev 7562: as `validateUserOp`, without transient storage.
    function checkAttestation(PackedUserOperation calldata userOp)
        external
        view
        returns (bool valid)
    {
        Account storage account = accounts[userOp.sender];
        Head head = account.settings.head();
        if (!head.has(Flags.INSTALLED)) revert NotInstalled(userOp.sender);
        (bool attached,, bytes calldata body) = Suffix.split(Operations.signature(userOp));
        if (!attached) revert AttestationRequired();
        (valid,,,) = _verifyOperation(account, head, _record(head), userOp, body);
    }

    /// @dev Never reverts for the attestation's sake: says what Enforce would say, and mints when it would.
    function _observe(
        Account storage account,
        Head head,
        PackedUserOperation calldata userOp,
        bytes32 userOpHash,
        bool attached,
        bytes calldata body
    ) private {
        bytes4 reason;
        if (!attached) {
            reason = AttestationRequired.selector;
        } else {
            try this.checkAttestation(userOp) returns (bool valid) {
                if (!valid) {
                    reason = InvalidQuorum.selector;
                } else {
                    (Attested attested, bytes calldata bounds,) = Suffix.decode(body);
                    bytes calldata callData = Operations.callData(userOp);
                    bytes32 name = head.has(Flags.ENTRY_POINT_V09)
                        ? userOpHash
                        : OperationAction.frameHash(callData);
                    if (!_mint(account, head, name, userOp.nonce, attested, bounds)) {
                        reason = TicketAlreadyLive.selector;
                    }
                }
            } catch (bytes memory failure) {
                reason = failure.length < 4 ? MalformedAttestation.selector : bytes4(failure);
            }
        }
        if (reason != 0) emit IWritModule.WouldBlock(msg.sender, reason);
    }

    function _mint(
        Account storage account,
        Head head,
        bytes32 name,
        uint256 nonce,
        Attested attested,
        bytes calldata bounds
    ) private returns (bool) {
        (bool minted, uint256 slot) = Tickets.mint(
            msg.sender,
            name,
            nonce >> 64,
            attested.revision(),
            attested.sequence(),
            Suffix.sizeOf(bounds),
            bounds
        );
        if (!minted) return false;
        if (head.has(Flags.FOLLOWS)) {
            Tickets.keepSigners(slot, uint64(attested.epoch()), Suffix.signers(bounds));
        }
        // Here and not in execution: what reverts later has still used its number.
        if (head.has(Flags.READS_HISTORY)) account.sequence = uint64(attested.sequence()) + 1;
        return true;
    }

    /// @dev ERC-4337's validation data.
    function _window(bool owned, uint256 validAfter, uint256 validUntil)
        private
        pure
        returns (uint256)
    {
        return (validAfter << 208) | (validUntil << 160) | (owned ? 0 : FAILED);
    }
}
