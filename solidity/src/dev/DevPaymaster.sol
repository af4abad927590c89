// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @notice What a paymaster calls on any EntryPoint to be staked.
interface IStakes {
    function addStake(uint32 unstakeDelaySec) external payable;
}

/// @notice The operation of EntryPoint v0.6.
struct UserOperation {
    address sender;
    uint256 nonce;
    bytes initCode;
    bytes callData;
    uint256 callGasLimit;
    uint256 verificationGasLimit;
    uint256 preVerificationGas;
    uint256 maxFeePerGas;
    uint256 maxPriorityFeePerGas;
    bytes paymasterAndData;
    bytes signature;
}

/// @title DevPaymaster
/// @notice DEVELOPMENT ONLY. Pays for anybody, under every EntryPoint version, as the operation's own paymaster data says:
/// nothing, or a word that is returned as validationData and then the context for `postOp`. A paymaster signature
/// (EntryPoint v0.9), where there is one, must be the signer's over the userOpHash.
contract DevPaymaster {
    bytes8 private constant SIGNATURE_MAGIC = 0x22e325a297439656;
    uint256 private constant SIGNATURE_FAILED = 1;

    /// @notice Who gives the paymaster's signatures.
    address public immutable signer;

    /// @notice `postOp` was called with this context.
    event Settled(uint8 mode, bytes context, uint256 actualGasCost);

    /// @notice The context said that `postOp` is to fail.
    error SettlementRefused(uint256 actualGasCost);

    /// @param signer_ Who gives the paymaster's signatures.
    constructor(address signer_) {
        signer = signer_;
    }

    /// @notice Stakes what is sent along, so that a context may be returned (ERC-7562 EREP-050).
    /// @dev 7562: not called in validation.
    function addStake(IStakes entryPoint, uint32 unstakeDelaySec) external payable {
        entryPoint.addStake{value: msg.value}(unstakeDelaySec);
    }

    /// @notice EntryPoint v0.7 and later.
    /// @dev 7562: no storage.
    function validatePaymasterUserOp(
        PackedUserOperation calldata userOp,
        bytes32 userOpHash,
        uint256
    ) external view returns (bytes memory context, uint256 validationData) {
        bytes calldata data = userOp.paymasterAndData[52:];
        bool valid = true;
        if (data.length >= 10 && bytes8(data[data.length - 8:]) == SIGNATURE_MAGIC) {
            uint256 end = data.length - 10;
            uint256 start = end - uint16(bytes2(data[end:end + 2]));
            valid = _signed(userOpHash, data[start:end]);
            data = data[:start];
        }
        return _answer(data, valid);
    }

    /// @notice EntryPoint v0.6.
    /// @dev 7562: no storage.
    function validatePaymasterUserOp(UserOperation calldata userOp, bytes32, uint256)
        external
        pure
        returns (bytes memory context, uint256 validationData)
    {
        return _answer(userOp.paymasterAndData[20:], true);
    }

    /// @notice EntryPoint v0.7 and later.
    /// @dev 7562: not called in validation.
    function postOp(uint8 mode, bytes calldata context, uint256 actualGasCost, uint256) external {
        _settle(mode, context, actualGasCost);
    }

    /// @notice EntryPoint v0.6.
    /// @dev 7562: not called in validation.
    function postOp(uint8 mode, bytes calldata context, uint256 actualGasCost) external {
        _settle(mode, context, actualGasCost);
    }

    function _answer(bytes calldata data, bool valid)
        private
        pure
        returns (bytes memory context, uint256 validationData)
    {
        if (data.length >= 32) {
            context = data[32:];
            validationData = uint256(bytes32(data[:32]));
        }
        if (!valid) validationData |= SIGNATURE_FAILED;
    }

    function _settle(uint8 mode, bytes calldata context, uint256 actualGasCost) private {
        if (keccak256(context) == keccak256("refuse")) revert SettlementRefused(actualGasCost);
        emit Settled(mode, context, actualGasCost);
    }

    function _signed(bytes32 hash, bytes calldata signature) private view returns (bool) {
        (address recovered, ECDSA.RecoverError error,) = ECDSA.tryRecoverCalldata(hash, signature);
        return error == ECDSA.RecoverError.NoError && recovered == signer;
    }
}
