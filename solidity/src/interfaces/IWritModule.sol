// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritErrors} from "./IWritErrors.sol";
import {IWritSettingsEvents} from "./IWritSettingsEvents.sol";
import {AccountState, Configuration, PolicyReference} from "./WritTypes.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    IERC7579Hook,
    IERC7579Validator
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @title WritModule: validator (type 1) and hook (type 4) of ERC-7579 at one address
/// @notice An account that installs it executes what its owner signed and a quorum of operators attested, and nothing else.
interface IWritModule is IERC7579Validator, IERC7579Hook, IWritErrors, IWritSettingsEvents {
    /// @notice The account removed the module from one of its roles.
    event Removed(
        address indexed account, uint64 revision, bool validatorInstalled, bool hookInstalled
    );

    /// @notice So much of a bound asset left the account in one attested execution. Logged while the account's policies read
    /// history, and in Observe for what exceeded its bound.
    /// @param previousBlock The last block before this one with such an event; 0 when there is none or no history is kept.
    event Outflow(
        address indexed account,
        address indexed asset,
        uint8 kind,
        uint256 amount,
        uint64 sequence,
        uint48 timestamp,
        uint48 previousBlock
    );

    /// @notice In Observe: Enforce would have refused with this error.
    event WouldBlock(address indexed account, bytes4 reason);

    /// @notice A record was published, for accounts that are deployed with it. Emitted at block `configuredAt` of an account that
    /// installed it.
    event ConfigurationPublished(
        bytes32 indexed policy,
        address record,
        Configuration configuration,
        PolicyReference[] policies
    );

    /// @notice An account installed a published record.
    event RecordInstalled(address indexed account, uint64 revision, address record);

    /// @notice The account was moved to another epoch of its registry; the former one's operators count until `formerUntil`.
    event EpochFollowed(
        address indexed account,
        uint64 formerEpoch,
        uint64 epoch,
        uint48 formerUntil,
        Configuration configuration
    );

    /// @notice Checks a configuration and keeps it as code, at an address that its content alone decides. Anyone may call.
    /// @dev An account installs it by that address inside of the operation that deploys the account, where nothing of what is
    /// checked here could be.
    /// @return record What `onInstall` takes as `abi.encode(record)`.
    function publish(Configuration calldata configuration, PolicyReference[] calldata policies)
        external
        returns (address record);

    /// @notice Moves an account to a newer epoch of the registry that it follows. Anyone may call, once that epoch has been
    /// public for longer than the account's exit delay. The revision stays; the threshold grows where the epoch demands it;
    /// the former operators' attestations count until the registry's grace ends, a day at most.
    function sync(address account, uint64 epoch) external;

    /// @notice Changes the configuration. Strengthening takes effect at once; anything else takes effect at once
    /// with a quorum's ConfigurationAction attestation, or is scheduled for `exitDelay` from now.
    /// @param account The account; anyone may call for it.
    /// @param next The configuration to come.
    /// @param policies The policies behind `next.policy`, with their parameters.
    /// @param nonce The account's `configurationNonce`.
    /// @param ownerSignature The owner's over the EIP-712 struct Configure: `r ‖ s ‖ v`, or what its validator takes.
    /// @param attestation A suffix (body, length, magic) over the ConfigurationAction, or empty.
    function configure(
        address account,
        Configuration calldata next,
        PolicyReference[] calldata policies,
        uint256 nonce,
        bytes calldata ownerSignature,
        bytes calldata attestation
    ) external;

    /// @notice Applies a scheduled configuration after its delay. Anyone may call.
    function applyConfiguration(
        address account,
        Configuration calldata next,
        PolicyReference[] calldata policies
    ) external;

    /// @notice Withdraws the scheduled configuration.
    function cancelConfiguration(address account, uint256 nonce, bytes calldata ownerSignature)
        external;

    /// @notice Starts the delay after which the account is free of the module. Needs no operator.
    function announceExit(address account, uint256 nonce, bytes calldata ownerSignature) external;

    /// @notice Withdraws the announcement, also after the delay.
    function cancelExit(address account, uint256 nonce, bytes calldata ownerSignature) external;

    /// @notice Everything that is known of an account.
    function configurationOf(address account)
        external
        view
        returns (Configuration memory configuration, AccountState memory state);

    /// @notice Whether the account has the module installed in any role.
    function isInitialized(address account) external view returns (bool);

    /// @notice How often the account removed the module as validator. While it stays the same, every change of the configuration
    /// was the configured owner's.
    function removalsOf(address account) external view returns (uint64);

    /// @notice Whether the attestation of an operation verifies now, as validation would judge it.
    /// @dev Reverts with the error that validation in Enforce mode would revert with. The owner's signature, tickets and
    /// the clock are not looked at.
    /// @return True when the quorum's signatures verify.
    function checkAttestation(PackedUserOperation calldata userOp) external view returns (bool);

    /// @notice Whether an attested operation of the account is being executed.
    function isExecuting(address account) external view returns (bool);

    /// @notice The longest validity window of an attestation, in seconds.
    function MAX_VALIDITY() external view returns (uint48);

    /// @notice EIP-712 domain separator of this module on this chain.
    function domainSeparator() external view returns (bytes32);
}
