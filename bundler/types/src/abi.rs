//! The Solidity types of the EntryPoints' own interface, as far as operations need them.

#![allow(missing_docs, unreachable_pub)]

use alloy::sol;

sol! {
    #[derive(Debug)]
    struct AbiLegacyOperation {
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

    #[derive(Debug)]
    struct AbiPackedOperation {
        address sender;
        uint256 nonce;
        bytes initCode;
        bytes callData;
        bytes32 accountGasLimits;
        uint256 preVerificationGas;
        bytes32 gasFees;
        bytes paymasterAndData;
        bytes signature;
    }

    #[derive(Debug)]
    interface LegacyEntryPoint {
        function handleOps(AbiLegacyOperation[] ops, address beneficiary);
        function getUserOpHash(AbiLegacyOperation op) returns (bytes32);
    }

    #[derive(Debug)]
    interface PackedEntryPoint {
        function handleOps(AbiPackedOperation[] ops, address beneficiary);
        function getUserOpHash(AbiPackedOperation op) returns (bytes32);
    }
}
