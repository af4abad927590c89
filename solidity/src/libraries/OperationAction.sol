// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritErrors} from "../interfaces/IWritErrors.sol";
import {Digests} from "./Digests.sol";
import {
    IAccount,
    IAccountExecute,
    PackedUserOperation
} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {EfficientHashLib} from "solady/utils/EfficientHashLib.sol";

/// @title What a quorum attests of a user operation
library OperationAction {
    /// @dev Ends `paymasterAndData` when a paymaster signature stands before it (EntryPoint v0.9).
    bytes8 private constant PAYMASTER_MAGIC = 0x22e325a297439656;

    /// @notice hashStruct of the UserOperationAction.
    /// @param paymasterSigns Whether the EntryPoint leaves a paymaster's signature out of the operation's hash (v0.9).
    function hash(
        PackedUserOperation calldata userOp,
        bytes32 callDataHash,
        address entryPoint,
        uint256 maxCost,
        bool paymasterSigns
    ) internal view returns (bytes32) {
        address sender = userOp.sender;
        bytes calldata paymaster = userOp.paymasterAndData;
        return EfficientHashLib.hash(
            uint256(Digests.USER_OPERATION_ACTION_TYPEHASH),
            uint160(sender),
            uint160(entryPoint),
            userOp.nonce,
            uint256(EfficientHashLib.hashCalldata(userOp.initCode)),
            uint256(callDataHash),
            uint256(
                paymasterSigns
                    ? _signedPaymasterHash(paymaster)
                    : EfficientHashLib.hashCalldata(paymaster)
            ),
            uint256(sender.codehash),
            uint128(uint256(userOp.accountGasLimits)),
            maxCost
        );
    }

    /// @notice The most that the EntryPoint can charge for the operation, in wei.
    /// @dev Overflow is impossible in an EntryPoint, which takes no gas value above 120 bits, and panics elsewhere.
    function requiredPrefund(PackedUserOperation calldata userOp) internal pure returns (uint256) {
        uint256 limits = uint256(userOp.accountGasLimits);
        uint256 gas = (limits >> 128) + uint128(limits) + userOp.preVerificationGas;
        bytes calldata paymaster = userOp.paymasterAndData;
        if (paymaster.length >= 52) {
            gas += uint128(bytes16(paymaster[20:36]));
            gas += uint128(bytes16(paymaster[36:52]));
        }
        return gas * uint128(uint256(userOp.gasFees));
    }

    /// @notice Refuses operations that call the account where no hook looks: `validateUserOp`, which would mint the ticket
    /// of an old operation, and `executeUserOp`, whose frame the EntryPoint composes from other bytes.
    function checkCall(bytes calldata callData) internal pure {
        if (callData.length < 4) return;
        bytes4 selector = bytes4(callData);
        if (
            selector == IAccount.validateUserOp.selector
                || selector == IAccountExecute.executeUserOp.selector
        ) revert IWritErrors.ForbiddenCall(selector);
    }

    /// @dev As EntryPoint v0.9 hashes it: without the signature and its length, with the magic.
    function _signedPaymasterHash(bytes calldata data) private pure returns (bytes32) {
        uint256 end = data.length;
        if (end < 62 || bytes8(data[end - 8:]) != PAYMASTER_MAGIC) return keccak256(data);
        uint256 length = uint16(bytes2(data[end - 10:]));
        if (length == 0) return keccak256(data);
        if (length > end - 62) revert IWritErrors.MalformedAttestation();
        return keccak256(bytes.concat(data[:end - 10 - length], PAYMASTER_MAGIC));
    }
}
