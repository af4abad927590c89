// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {WritStorage} from "./WritStorage.sol";
import {IWritErrors} from "./interfaces/IWritErrors.sol";
import {AttestationRules} from "./libraries/AttestationRules.sol";
import {Attested} from "./libraries/Attested.sol";
import {Domain} from "./libraries/Domain.sol";
import {Flags} from "./libraries/Flags.sol";
import {Head} from "./libraries/Head.sol";
import {Kinds} from "./libraries/Kinds.sol";
import {OperationAction} from "./libraries/OperationAction.sol";
import {Operations} from "./libraries/Operations.sol";
import {Quorum} from "./libraries/Quorum.sol";
import {Record, Records} from "./libraries/Records.sol";
import {
    IAccount,
    IAccountExecute,
    PackedUserOperation
} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {IERC7579ModuleConfig} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {EfficientHashLib} from "solady/utils/EfficientHashLib.sol";

/// @title Verification of attestations against an account's configuration
/// @notice What the configuration knows (EntryPoint, policy, set, threshold) is never taken from the attestation: the digest
/// is built from the configuration, so that a quorum's signature under anything else does not verify.
abstract contract WritVerifier is WritStorage, IWritErrors {
    bytes4 private constant EMERGENCY_UNINSTALL_HOOK = 0xcd64f80a; // emergencyUninstallHook(address,bytes)

    /// @dev Verifies the attestation of an operation. Reverts on staleness, false on signatures. What the former epoch's
    /// operators attested ends with their grace.
    function _verifyOperation(
        Account storage account,
        Head head,
        Record record,
        PackedUserOperation calldata userOp,
        Attested attested,
        bytes calldata bounds,
        bytes calldata signatures
    ) internal view returns (bool valid, bytes32 frameHash) {
        bytes32 action;
        (action, frameHash) = _action(account, head, record, userOp, attested);
        uint256 until = type(uint256).max;
        if (head.has(Flags.FORMER)) {
            (uint8 operators, Record former) = _former(account);
            // The set alone changed with the epoch: how many of it must sign is for the configuration in force to say.
            if (attested.epoch() != record.epoch() && attested.epoch() == former.epoch()) {
                (head, record, until) = (head.withOperators(operators), former, account.formerUntil);
            }
        }
        valid = _verify(head, record, attested, action, bounds, signatures);
        if (until != type(uint256).max) attested.endBy(until);
    }

    function _former(Account storage account)
        private
        view
        returns (uint8 operators, Record record)
    {
        operators = account.formerOperators;
        record = Records.load(account.formerRecord, operators);
    }

    /// @dev Refuses operations that call the account where no hook looks: `validateUserOp`, which would mint the ticket of an
    /// old operation; `executeUserOp`, whose frame the EntryPoint composes from other bytes, except on Kernel, which hooks what
    /// it wraps; `uninstallModule` on Safe7579; and Nexus's `emergencyUninstallHook`.
    function _checkHooked(Account storage account, Head head, bytes calldata callData)
        private
        view
    {
        bytes4 selector = bytes4(callData);
        if (selector == IERC7579ModuleConfig.uninstallModule.selector) {
            if (_isOfKind(account, head, Kinds.SAFE7579)) revert ForbiddenCall(selector);
            return;
        }
        if (
            selector == IAccountExecute.executeUserOp.selector
                && _isOfKind(account, head, Kinds.KERNEL)
        ) selector = bytes4(callData[4:]);
        if (
            selector == IAccount.validateUserOp.selector
                || selector == IAccountExecute.executeUserOp.selector
                || selector == EMERGENCY_UNINSTALL_HOOK
        ) revert ForbiddenCall(selector);
    }

    /// @dev The action that the operation is, if the attestation allows its cost and has the number that is due; and the hash
    /// of what the hook will see of it.
    function _action(
        Account storage account,
        Head head,
        Record record,
        PackedUserOperation calldata userOp,
        Attested attested
    ) private view returns (bytes32 action, bytes32 frameHash) {
        bytes calldata callData = Operations.callData(userOp);
        bytes32 callDataHash = EfficientHashLib.hashCalldata(callData);
        frameHash = callDataHash;
        if (!OperationAction.executes(callData)) {
            _checkHooked(account, head, callData);
            frameHash = OperationAction.frameHash(callData);
        }
        (uint256 prefund, bytes32 paymasterHash) =
            OperationAction.payment(userOp, head.has(Flags.ENTRY_POINT_V09));
        uint256 maxCost = attested.maxCost();
        if (prefund > maxCost) revert MaxCostExceeded(prefund, maxCost);

        uint256 due;
        if (head.has(Flags.READS_HISTORY)) due = account.sequence;
        if (attested.sequence() != due) {
            revert SequenceMismatch(uint64(attested.sequence()), uint64(due));
        }
        action =
            OperationAction.hash(userOp, callDataHash, paymasterHash, record.entryPoint(), maxCost);
    }

    /// @dev Verifies an attestation over any action under the account's configuration, the sequence aside.
    function _verify(
        Head head,
        Record record,
        Attested attested,
        bytes32 action,
        bytes calldata bounds,
        bytes calldata signatures
    ) internal view returns (bool) {
        AttestationRules.checkCurrent(head, record, attested);
        bytes32 digest = MessageHashUtils.toTypedDataHash(
            _domainSeparator(),
            attested.hash(action, record.policy(), EfficientHashLib.hashCalldata(bounds))
        );
        return Quorum.verify(digest, signatures, head, record);
    }

    /// @dev The EIP-712 domain separator of this contract on this chain.
    function _domainSeparator() internal view virtual returns (bytes32) {
        return Domain.separator();
    }
}
