// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritErrors} from "../interfaces/IWritErrors.sol";
import {Digests} from "./Digests.sol";
import {Operations} from "./Operations.sol";
import {
    IAccountExecute,
    PackedUserOperation
} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {IERC7579Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {EfficientHashLib} from "solady/utils/EfficientHashLib.sol";

/// @title What a quorum attests of a user operation
library OperationAction {
    /// @dev Ends `paymasterAndData` when a paymaster signature stands before it (EntryPoint v0.9).
    bytes8 private constant PAYMASTER_MAGIC = 0x22e325a297439656;

    /// @dev What most operations have of initCode and paymasterAndData.
    bytes32 private constant EMPTY = keccak256("");

    /// @notice hashStruct of the UserOperationAction. That the sender is an address was checked.
    function hash(
        PackedUserOperation calldata userOp,
        bytes32 callDataHash,
        bytes32 paymasterHash,
        address entryPoint,
        uint256 maxCost
    ) internal view returns (bytes32) {
        address sender = Operations.sender(userOp);
        bytes calldata initCode = Operations.initCode(userOp);
        bytes32 initCodeHash =
            initCode.length == 0 ? EMPTY : EfficientHashLib.hashCalldata(initCode);
        return EfficientHashLib.hash(
            uint256(Digests.USER_OPERATION_ACTION_TYPEHASH),
            uint160(sender),
            uint160(entryPoint),
            userOp.nonce,
            uint256(initCodeHash),
            uint256(callDataHash),
            uint256(paymasterHash),
            uint256(sender.codehash),
            uint128(uint256(userOp.accountGasLimits)),
            maxCost
        );
    }

    /// @notice The most that the EntryPoint can charge for the operation, in wei, and the hash of who pays.
    /// @dev A gas value that no EntryPoint takes, above 120 bits, costs more than anything that can be attested.
    /// @param paymasterSigns Whether the EntryPoint leaves a paymaster's signature out of the operation's hash (v0.9).
    function payment(PackedUserOperation calldata userOp, bool paymasterSigns)
        internal
        pure
        returns (uint256 prefund, bytes32 paymasterHash)
    {
        unchecked {
            uint256 limits = uint256(userOp.accountGasLimits);
            uint256 gas = userOp.preVerificationGas;
            uint256 fee = uint128(uint256(userOp.gasFees));
            uint256 all = (limits >> 128) | uint128(limits) | gas | fee;
            gas += (limits >> 128) + uint128(limits);
            bytes calldata paymaster = Operations.paymasterAndData(userOp);
            if (paymaster.length != 0) return _paid(paymaster, paymasterSigns, all, gas, fee);
            prefund = _cost(all, gas, fee);
            paymasterHash = EMPTY;
        }
    }

    function _paid(
        bytes calldata paymaster,
        bool paymasterSigns,
        uint256 all,
        uint256 gas,
        uint256 fee
    ) private pure returns (uint256 prefund, bytes32 paymasterHash) {
        unchecked {
            if (paymaster.length >= 52) {
                uint256 verification = uint128(bytes16(paymaster[20:36]));
                uint256 postOperation = uint128(bytes16(paymaster[36:52]));
                all |= verification | postOperation;
                gas += verification + postOperation;
            }
            prefund = _cost(all, gas, fee);
            paymasterHash = paymasterSigns
                ? _signedPaymasterHash(paymaster)
                : EfficientHashLib.hashCalldata(paymaster);
        }
    }

    /// @param all Everything that is in it, by or.
    function _cost(uint256 all, uint256 units, uint256 fee) private pure returns (uint256 cost) {
        assembly ("memory-safe") {
            cost := or(mul(units, fee), sub(0, gt(shr(120, all), 0)))
        }
    }

    /// @notice Whether the operation executes, which every kind of account hooks or refuses.
    function executes(bytes calldata callData) internal pure returns (bool) {
        uint256 selector;
        assembly ("memory-safe") {
            // Of less than four bytes, something of what follows: such calldata calls nothing, so that either answer does.
            selector := shr(224, calldataload(callData.offset))
        }
        return selector == uint32(IERC7579Execution.execute.selector);
    }

    /// @notice The hash of what the hook will see: what `executeUserOp` wraps, where it was let through.
    function frameHash(bytes calldata callData) internal pure returns (bytes32) {
        bool wraps = bytes4(callData) == IAccountExecute.executeUserOp.selector;
        return EfficientHashLib.hashCalldata(wraps ? callData[4:] : callData);
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
