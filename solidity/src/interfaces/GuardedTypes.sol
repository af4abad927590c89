// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @notice EIP-712 CallAction: one call that does not come through an EntryPoint.
struct CallAction {
    /// Whose policy decides.
    address account;
    /// Who calls: `msg.sender`.
    address caller;
    /// Who is called.
    address target;
    /// Wei that come with the call.
    uint256 value;
    /// keccak256 of the whole calldata.
    bytes32 callData;
    /// How the attestation comes: 1 presented or attached, 2 posted.
    uint8 path;
    /// 0, a call; 1, a delegatecall, of a guarded Safe alone.
    uint8 operation;
    /// What else the guarded contract binds; 0 unless it says so.
    bytes32 context;
    /// Single use among the caller's nonces.
    uint256 nonce;
}

/// @notice What of a CallAction the guarded contract cannot know before the call comes.
struct GuardedCall {
    /// Wei that will come with the call.
    uint256 value;
    /// keccak256 of the whole calldata.
    bytes32 callData;
    /// What else the guarded contract binds; 0 unless it says so.
    bytes32 context;
    /// Single use among the caller's nonces.
    uint64 nonce;
}

/// @notice What a guarded contract keeps beside its configuration.
struct GuardState {
    /// Grows with every effective change and every revocation; an attestation counts for one revision only. Never reset.
    uint64 revision;
    /// Nonce of the next ConfigurationAction. Never reset.
    uint64 configurationNonce;
    /// Block of the last effective change, whose logs hold the `ConfigurationSet` event.
    uint48 configuredAt;
    /// When the announced exit takes effect; 0 when none is announced.
    uint48 exitAt;
    /// Hash of the scheduled configuration; 0 when none is scheduled.
    bytes32 pendingConfiguration;
    /// When the scheduled configuration can be applied; 0 when none is scheduled.
    uint48 pendingReadyAt;
}
