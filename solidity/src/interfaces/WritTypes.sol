// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @notice How the module treats an operation that no quorum attested.
enum Mode {
    /// Not looked at.
    Off,
    /// Let through, and logged.
    Observe,
    /// Refused.
    Enforce
}

/// @notice What an account's owner configured. `keccak256(abi.encode(Configuration))` names it.
struct Configuration {
    /// The key that signs operations and settings.
    address owner;
    /// The only EntryPoint whose operations are attested.
    address entryPoint;
    /// The data contract that holds the operators' addresses.
    address operatorSet;
    /// Code hash of that contract, so that a set is named by what it holds.
    bytes32 operatorSetCodeHash;
    /// Commitment to the ordered policies and their parameters.
    bytes32 policy;
    /// How many operators must sign: exactly this many, 1 to 32.
    uint8 threshold;
    /// How many operators the set must have at least.
    uint8 leastOperators;
    /// Verification level; 1 (quorum) is built.
    uint8 level;
    /// How unattested operations are treated.
    Mode mode;
    /// Seconds that weakening and leaving take without operators.
    uint32 exitDelay;
    /// Epoch of the operator set.
    uint64 epoch;
    /// Whether the policies read history: then attested operations are numbered without gaps.
    bool readsHistory;
}

/// @notice One policy of an account: the policy's hash and the canonical encoding of this account's parameters.
struct PolicyReference {
    bytes32 policyId;
    bytes parameters;
}

/// @notice What the module keeps for an account beside its configuration.
struct AccountState {
    /// Grows with every effective change; an attestation counts for one revision only. Never reset.
    uint64 revision;
    /// Number that the next attested operation must carry when `readsHistory`. Never reset.
    uint64 sequence;
    /// Block of the last effective change, whose logs hold the `ConfigurationSet` event.
    uint48 configuredAt;
    /// Last block with an `Outflow` event while `readsHistory`. Never reset.
    uint48 lastOutflowBlock;
    /// Nonce of the next signed setting. Never reset.
    uint64 configurationNonce;
    /// When the announced exit takes effect; 0 when none is announced.
    uint48 exitAt;
    /// Hash of the scheduled configuration; 0 when none is scheduled.
    bytes32 pendingConfiguration;
    /// When the scheduled configuration can be applied; 0 when none is scheduled.
    uint48 pendingReadyAt;
    /// Whether the account installed the module as validator.
    bool validatorInstalled;
    /// Whether the account installed the module as hook.
    bool hookInstalled;
}

/// @notice The most of one asset that may leave the account in one execution.
struct Bound {
    /// 0 native (asset is the zero address), 1 ERC-20.
    uint8 kind;
    address asset;
    uint128 maxOut;
}
