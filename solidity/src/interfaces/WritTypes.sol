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
    /// The key that signs operations and settings; with an `ownerValidator` the data contract `0x00 ‖ data` instead, which
    /// says who does.
    address owner;
    /// The ERC-7780 stateless validator that judges the owner's signatures; zero: `owner` is an ECDSA key.
    address ownerValidator;
    /// The only EntryPoint whose operations are attested.
    address entryPoint;
    /// The operator registry whose epochs the account follows; zero: its operators change by configuration alone.
    address registry;
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
    /// Block whose logs hold the policies with their parameters: in the `ConfigurationSet` event of the account, or in a
    /// `ConfigurationPublished` event, for what was published before it was installed.
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
    /// Until when attestations of the former epoch's operators count as well; 0 when there is none.
    uint48 formerUntil;
}

/// @notice The most of one asset that may leave the account in one execution.
struct Bound {
    /// 0 native (asset is the zero address), 1 ERC-20, 2 ERC-721 (how many), 3 deposit at the EntryPoint `asset`, 4 ERC-1155,
    /// 5 what a spender may take of an ERC-20, 6 whether an operator may move all of an ERC-721 or ERC-1155.
    uint8 kind;
    address asset;
    /// Of kinds 5 and 6 the most by which it may grow; 2^128-1 of kind 5 is without limit.
    uint128 maxOut;
    /// The id of kind 4, the spender of kind 5, the operator of kind 6; 0 and not encoded for the others.
    uint256 extra;
}
