// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @notice One call that a Safe makes. With the path it is what a quorum attests, as a `CallAction`.
struct SafeCall {
    /// Whose policy decides, and who makes the call.
    address safe;
    /// Who asks the Safe for it: the module, or the Safe itself where its owners do.
    address caller;
    /// Who is called, or delegated to.
    address target;
    /// Wei that go with it.
    uint256 value;
    /// keccak256 of the calldata.
    bytes32 callData;
    /// 0 a call, 1 a delegatecall.
    uint8 operation;
    /// Of the owners: the safeTxHash, which binds gas and refund as well. Of a module: 0.
    bytes32 context;
    /// Of the owners: the Safe's own nonce of the transaction. Of a module: single use among the nonces of that module.
    uint64 nonce;
}
