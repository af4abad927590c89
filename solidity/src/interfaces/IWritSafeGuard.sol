// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ISafeModuleGuard, ISafeTransactionGuard} from "../safe/ISafe.sol";
import {GuardState} from "./GuardedTypes.sol";
import {IWritErrors} from "./IWritErrors.sol";
import {IWritSettingsEvents} from "./IWritSettingsEvents.sol";
import {SafeCall} from "./SafeTypes.sol";
import {Configuration, PolicyReference} from "./WritTypes.sol";

/// @title WritSafeGuard: transaction guard and module guard of Safes at one address
/// @notice A Safe that sets it executes what a quorum of operators attested, and nothing else. The attestation of a call
///
/// - stands behind the owners' signatures in `execTransaction`, where the Safe reads nothing (path 1),
/// - or was presented before, in the same transaction (path 1),
/// - or was posted, at any time before (path 2).
///
/// The Safe itself changes settings, by owners' transactions to this contract, which need no attestation. It strengthens at
/// once, weakens with a quorum's attestation or after the exit delay, and leaves after the exit delay without any operator.
interface IWritSafeGuard is
    ISafeTransactionGuard,
    ISafeModuleGuard,
    IWritErrors,
    IWritSettingsEvents
{
    // ------------------------------------------------------------------ errors

    /// @notice The Safe enforces, and nothing admits this call. With the operators' consent to exactly this it would run.
    error CallNotAttested(SafeCall call);

    /// @notice What was posted for this call ran out.
    error AttestationExpired(uint48 validUntil, uint256 timestamp);

    /// @notice The nonce was used or invalidated.
    error NonceUsed(address caller, uint64 nonce);

    /// @notice The execution changed what only a call of the Safe to itself may change, or what nothing may change before an exit.
    /// @param what "fallbackHandler", "singleton", "owners", "threshold", "modules" or "nonce".
    error SafeChanged(bytes32 what);

    // ------------------------------------------------------------------ events

    /// @notice A call was admitted.
    /// @param path 1 with the call or presented, 2 posted.
    event CallAdmitted(
        address indexed safe,
        address indexed caller,
        address indexed target,
        uint64 nonce,
        uint8 path,
        bytes32 callData
    );

    /// @notice An attestation was posted, and waits for its call.
    event AttestationPosted(
        address indexed safe, address indexed caller, uint48 validUntil, SafeCall attested
    );

    /// @notice A Safe gave up nonces of one of its modules.
    event NoncesInvalidated(
        address indexed safe, address indexed caller, uint256 word, uint256 mask
    );

    /// @notice Every attestation of the Safe under an earlier revision is void.
    event AttestationsRevoked(address indexed safe, uint64 revision);

    /// @notice In Observe: Enforce would have refused with this error.
    event CallWouldBlock(address indexed safe, address indexed caller, bytes4 reason);

    // ------------------------------------------------------------------ attestations

    /// @notice Admits one call that comes later in this transaction. Anyone may present, since modules that exist already know
    /// nothing of it. In Off it does nothing; in Observe it refuses nothing.
    /// @dev What it admits is gone with the transaction; its nonce is used up by the call, not by presenting.
    /// @param attestation A suffix (body, length, magic) over the CallAction with path 1.
    function present(SafeCall calldata call, bytes calldata attestation) external;

    /// @notice Keeps an attestation until its call comes. Anyone may post. In Off it does nothing; in Observe it refuses nothing.
    /// @dev One waits per call: of two the one that lasts longer is kept, so that nobody can stand in the way of another's by
    /// posting first, and posting again changes nothing.
    /// @param attestation A suffix (body, length, magic) over the CallAction with path 2.
    function post(SafeCall calldata call, bytes calldata attestation) external;

    /// @notice Refuses with the error with which Enforce would refuse the attestation now.
    /// @param path 1 with the call or presented, 2 posted.
    function checkCall(SafeCall calldata call, uint8 path, bytes calldata attestation) external view;

    /// @notice The same for the signatures of an owners' transaction, as `execTransaction` takes them.
    /// @return attached Whether an attestation stands behind them; if not, nothing was checked.
    function checkAttached(SafeCall calldata call, bytes calldata signatures)
        external
        view
        returns (bool attached);

    /// @notice Which of 256 nonces of a module of a Safe are used or invalidated. Owners' transactions use the Safe's own nonce.
    function nonceBitmap(address safe, address caller, uint256 word) external view returns (uint256);

    // ------------------------------------------------------------------ settings, by the Safe itself

    /// @notice Changes the sender's configuration: at once where that strengthens or where nothing is demanded (before the first
    /// one, in Off, after an exit), at once with a quorum's ConfigurationAction attestation, otherwise `exitDelay` from now.
    /// @param next The configuration to come; owner, ownerValidator, entryPoint and registry zero.
    /// @param policies The policies behind `next.policy`, with their parameters.
    /// @param attestation A suffix (body, length, magic) over the ConfigurationAction, or empty.
    function configure(
        Configuration calldata next,
        PolicyReference[] calldata policies,
        bytes calldata attestation
    ) external;

    /// @notice Applies a scheduled configuration after its delay. Anyone may call.
    function applyConfiguration(
        address safe,
        Configuration calldata next,
        PolicyReference[] calldata policies
    ) external;

    /// @notice Withdraws the sender's scheduled configuration.
    function cancelConfiguration() external;

    /// @notice Voids every outstanding attestation of the sender at once.
    function revokeAttestations() external;

    /// @notice Gives up nonces of a module of the sender: the bits of `mask` in word `nonce >> 8`. For good.
    function invalidateNonces(address caller, uint256 word, uint256 mask) external;

    /// @notice Starts the delay after which nothing is demanded of the sender any more. Needs no operator.
    function announceExit() external;

    /// @notice Withdraws the announcement, also after the delay.
    function cancelExit() external;

    // ------------------------------------------------------------------ questions

    /// @notice Everything that is known of a Safe, except which nonces are used.
    function configurationOf(address safe)
        external
        view
        returns (Configuration memory configuration, GuardState memory state);

    /// @notice What is enforced of a Safe now. Only where both are true, nothing executes past the operators.
    /// @return transactions Owners' transactions: the mode is Enforce, no exit has come, and this is the Safe's guard.
    /// @return modules Modules' transactions: the same, and this is its module guard, in a version that knows one (1.5.0).
    function enforcementOf(address safe) external view returns (bool transactions, bool modules);

    /// @notice EIP-712 domain separator of this contract on this chain.
    function domainSeparator() external view returns (bytes32);

    /// @notice The ERC-7579 adapter whose validation passes without attestation; zero when there is none.
    function ADAPTER() external view returns (address);

    /// @notice The WritModule whose frames admit what the adapter executes.
    function MODULE() external view returns (address);

    /// @notice The adapter's EntryPoint, which it pays for operations.
    function ENTRY_POINT() external view returns (address);
}
