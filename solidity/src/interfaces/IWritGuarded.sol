// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {GuardState, GuardedCall} from "./GuardedTypes.sol";
import {IWritErrors} from "./IWritErrors.sol";
import {IWritSettingsEvents} from "./IWritSettingsEvents.sol";
import {Configuration, PolicyReference} from "./WritTypes.sol";

/// @title What a guarded contract offers beside its own functions
/// @notice Its guarded functions keep their signatures: the attestation of a call comes before the call, presented by the
/// caller in the same transaction or posted by anyone at any time. Those that it does not guard need nothing.
///
/// Who may change settings is for the contract to say (`WritGuarded._authorizeWrit`). Whoever that is strengthens at once,
/// weakens with a quorum's attestation or after the exit delay, and leaves after the exit delay without any operator.
interface IWritGuarded is IWritErrors, IWritSettingsEvents {
    // ------------------------------------------------------------------ errors

    /// @notice The contract enforces, and nothing that is presented or posted under the current revision admits this call.
    error CallNotAttested(address caller, uint256 value, bytes32 callData, bytes32 context);

    /// @notice What was posted for this call ran out.
    error AttestationExpired(uint48 validUntil, uint256 timestamp);

    /// @notice The caller used or invalidated this nonce.
    error NonceUsed(address caller, uint64 nonce);

    // ------------------------------------------------------------------ events

    /// @notice A guarded call was admitted.
    /// @param path 1 presented, 2 posted.
    event CallAdmitted(address indexed caller, uint64 nonce, uint8 path, bytes32 callData);

    /// @notice An attestation was posted, and waits for its call.
    event AttestationPosted(
        address indexed caller, uint64 nonce, uint48 validUntil, GuardedCall attested
    );

    /// @notice A caller gave up nonces of its own.
    event NoncesInvalidated(address indexed caller, uint256 word, uint256 mask);

    /// @notice Every attestation under an earlier revision is void.
    event AttestationsRevoked(uint64 revision);

    /// @notice In Observe: Enforce would have refused with this error.
    event CallWouldBlock(address indexed caller, bytes4 indexed selector, bytes4 reason);

    // ------------------------------------------------------------------ attestations

    /// @notice Admits one call that the sender makes later in this transaction. In Off it does nothing; in Observe it refuses
    /// nothing.
    /// @dev What it admits is gone with the transaction; its nonce is used up by the call, not by presenting.
    /// @param expected The call that was attested.
    /// @param attestation A suffix (body, length, magic) over the CallAction with path 1.
    function present(GuardedCall calldata expected, bytes calldata attestation) external;

    /// @notice Keeps an attestation until `caller` makes the call. Anyone may post. In Off it does nothing; in Observe it
    /// refuses nothing.
    /// @dev One waits per call: of two the one that lasts longer is kept, so that nobody can stand in the way of another's by
    /// posting first, and posting again changes nothing.
    /// @param caller Who will call.
    /// @param expected The call that was attested.
    /// @param attestation A suffix (body, length, magic) over the CallAction with path 2.
    function post(address caller, GuardedCall calldata expected, bytes calldata attestation)
        external;

    /// @notice Gives up nonces of the sender: the bits of `mask` in word `nonce >> 8`. Needs nobody else, and is for good.
    function invalidateNonces(uint256 word, uint256 mask) external;

    /// @notice Which of 256 nonces of a caller are used or invalidated.
    function nonceBitmap(address caller, uint256 word) external view returns (uint256);

    /// @notice Refuses with the error with which Enforce would refuse the attestation now.
    /// @param path 1 to present, 2 to post.
    function checkCall(
        address caller,
        GuardedCall calldata expected,
        uint8 path,
        bytes calldata attestation
    ) external view;

    // ------------------------------------------------------------------ settings

    /// @notice Changes the configuration: at once where that strengthens, at once with a quorum's ConfigurationAction
    /// attestation, otherwise `exitDelay` from now. Only who is authorized.
    /// @param next The configuration to come; owner and entryPoint zero.
    /// @param policies The policies behind `next.policy`, with their parameters.
    /// @param attestation A suffix (body, length, magic) over the ConfigurationAction, or empty.
    function configureWrit(
        Configuration calldata next,
        PolicyReference[] calldata policies,
        bytes calldata attestation
    ) external;

    /// @notice Applies a scheduled configuration after its delay. Anyone may call.
    function applyWritConfiguration(
        Configuration calldata next,
        PolicyReference[] calldata policies
    ) external;

    /// @notice Withdraws the scheduled configuration. Only who is authorized.
    function cancelWritConfiguration() external;

    /// @notice Voids every outstanding attestation at once. Only who is authorized.
    function revokeAttestations() external;

    /// @notice Starts the delay after which nothing is demanded any more. Only who is authorized; needs no operator.
    function announceWritExit() external;

    /// @notice Withdraws the announcement, also after the delay. Only who is authorized.
    function cancelWritExit() external;

    /// @notice Everything that is known of the guard, except what callers have outstanding.
    function writConfiguration()
        external
        view
        returns (Configuration memory configuration, GuardState memory state);

    /// @notice EIP-712 domain separator of the guard on this chain, not of the contract's own signatures.
    function writDomainSeparator() external view returns (bytes32);
}
