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
    function _validateUserOp(PackedUserOperation calldata userOp, bytes32 userOpHash)
        internal
        returns (uint256)
    {
        if (!Operations.isOf(userOp, msg.sender)) {
            revert SenderMismatch(userOp.sender, msg.sender);
        }
        Account storage account = accounts[msg.sender];
        Head head = account.settings.head();
        bool usual = head.isUsual();
        if (!usual) {
            if (!head.has(Flags.INSTALLED)) return FAILED;
        }

        (bool attached, bytes calldata ownerSignature, bytes calldata body) =
            Suffix.split(Operations.signature(userOp));
        Record record = _record(head);
        bool owned = Owners.signedOperation(head, record, userOpHash, ownerSignature);

        bool observed;
        if (!usual) {
            if (head.isIn(Mode.Off)) return owned ? 0 : FAILED;
            observed = head.isIn(Mode.Observe);
        }
        if (Frames.commitment(account) != 0) revert FrameOpen();
        if (observed) {
            if (!_passes(userOp, attached)) return owned ? 0 : FAILED;
        } else if (!attached) {
            if (!head.has(Flags.EXIT_ANNOUNCED)) revert AttestationRequired();
            // Whether the announced exit has come is for the EntryPoint to see: it alone may read the clock.
            return _window(owned, account.settings.exitAt, 0);
        }

        (Attested attested, bytes calldata bounds, bytes calldata signatures) = Suffix.decode(body);
        bytes32 name;
        if (observed) {
            name = OperationAction.frameHash(Operations.callData(userOp));
        } else {
            bool valid;
            (valid, name) =
                _verifyOperation(account, head, record, userOp, attested, bounds, signatures);
            if (!valid) return FAILED;
        }
        if (head.has(Flags.ENTRY_POINT_V09)) name = userOpHash;
        // Also without the owner's signature: the EntryPoint refuses the operation for it, and where only a stub signature
        // exists (estimation) the execution shall still be seen.
        if (!_mint(account, head, name, userOp.nonce, attested, bounds)) {
            if (!observed) revert TicketAlreadyLive();
            emit IWritModule.WouldBlock(msg.sender, TicketAlreadyLive.selector);
        }
        if (observed) return owned ? 0 : FAILED;
        return _window(owned, attested.validAfter(), attested.validUntil());
    }

    /// @dev In Observe: whether Enforce would find the operation attested. Never reverts for the attestation's sake, and logs
    /// what Enforce would say.
    function _passes(PackedUserOperation calldata userOp, bool attached) private returns (bool) {
        bytes4 reason;
        if (!attached) {
            reason = AttestationRequired.selector;
        } else {
            try IWritModule(address(this)).checkAttestation(userOp) returns (bool valid) {
                if (valid) return true;
                reason = InvalidQuorum.selector;
            } catch (bytes memory failure) {
                reason = failure.length < 4 ? MalformedAttestation.selector : bytes4(failure);
            }
        }
        emit IWritModule.WouldBlock(msg.sender, reason);
        return false;
    }

    function _mint(
        Account storage account,
        Head head,
        bytes32 name,
        uint256 nonce,
        Attested attested,
        bytes calldata bounds
    ) private returns (bool minted) {
        uint256 slot;
        (minted, slot) = Tickets.mint(
            msg.sender,
            name,
            nonce >> 64,
            attested.revision(),
            attested.sequence(),
            Suffix.sizeOf(bounds),
            bounds
        );
        if (head.has(Flags.FOLLOWS | Flags.READS_HISTORY)) {
            if (minted) {
                if (head.has(Flags.FOLLOWS)) {
                    Tickets.keepSigners(slot, uint64(attested.epoch()), Suffix.signers(bounds));
                }
                // Here and not in execution: what reverts later has still used its number.
                if (head.has(Flags.READS_HISTORY)) {
                    account.sequence = uint64(attested.sequence()) + 1;
                }
            }
        }
    }

    /// @dev ERC-4337's validation data.
    function _window(bool owned, uint256 validAfter, uint256 validUntil)
        private
        pure
        returns (uint256 validationData)
    {
        assembly ("memory-safe") {
            validationData := or(or(shl(208, validAfter), shl(160, validUntil)), iszero(owned))
        }
    }
}
