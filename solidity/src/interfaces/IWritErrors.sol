// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title Everything that the module refuses, by name and with the values
interface IWritErrors {
    // ------------------------------------------------------------------ attestation

    /// @notice The account enforces and the operation carries no attestation.
    error AttestationRequired();

    /// @notice The suffix does not parse to its last byte, or two suffixes were attached.
    error MalformedAttestation();

    /// @notice The suffix has a version that this module does not know.
    error UnsupportedVersion(uint8 version);

    /// @notice The suffix has a signature scheme that this module does not know.
    error UnsupportedScheme(uint8 scheme);

    /// @notice A bound has a kind that this module cannot measure.
    error UnsupportedBoundKind(uint8 kind);

    /// @notice Attested under another verification level than the configured one.
    error LevelMismatch(uint8 attested, uint8 current);

    /// @notice Attested under another revision of the configuration.
    error RevisionMismatch(uint64 attested, uint64 current);

    /// @notice Attested under another epoch of the operator set.
    error EpochMismatch(uint64 attested, uint64 current);

    /// @notice Not the number that is due, or a number although the policies read no history.
    error SequenceMismatch(uint64 attested, uint64 current);

    /// @notice More or fewer signatures than the threshold.
    error ThresholdMismatch(uint256 given, uint256 required);

    /// @notice Signers repeat or are out of order.
    error SignersNotAscending();

    /// @notice A signer's index lies outside of the operator set.
    error UnknownSigner(uint8 index, uint256 operators);

    /// @notice The list of bounds is empty.
    error BoundsMissing();

    /// @notice Bounds repeat, are out of order, or the native bound does not come first.
    error BoundsNotAscending();

    /// @notice The operation may cost more than was attested.
    error MaxCostExceeded(uint256 required, uint256 attested);

    /// @notice The window is empty, too long, or reaches beyond 2^47.
    error InvalidValidity();

    /// @notice The operation's own calldata calls a function of the account that no hook sees. Which those are depends on the
    /// kind of account.
    error ForbiddenCall(bytes4 selector);

    // ------------------------------------------------------------------ tickets and frames

    /// @notice A ticket for this calldata or nonce key exists already in this transaction.
    error TicketAlreadyLive();

    /// @notice Nothing is validated while the account executes, and no frame opens inside another.
    error FrameOpen();

    /// @notice No attested operation stands behind this execution.
    error NoTicket();

    /// @notice The check after execution was not preceded by the check before it.
    error NoFrame();

    /// @notice The configuration changed between validation and the end of execution.
    error RevisionChanged(uint64 attested, uint64 current);

    /// @notice More of an asset left the account than was attested.
    error BoundExceeded(uint8 kind, address asset, uint256 maxOut, uint256 actual);

    /// @notice An operator who signed was revoked since.
    error SignerRevoked();

    /// @notice The registry does not say who was revoked.
    error RegistryUnavailable();

    /// @notice A delegatecall changed the account's implementation, modules or owners.
    error AccountTampered();

    /// @notice The account's balance of an asset could not be read.
    error BalanceUnreadable(address asset);

    /// @notice The module was removed under enforcement without an elapsed exit.
    error UninstallNotAllowed();

    // ------------------------------------------------------------------ installation and settings

    /// @notice The operation is not of the account that asks.
    error SenderMismatch(address sender, address account);

    /// @notice Already installed in this role.
    error AlreadyInstalled(address account);

    /// @notice Not installed as validator.
    error NotInstalled(address account);

    /// @notice The installation data is not the canonical encoding of a configuration and its policies.
    error MalformedInstallation();

    /// @notice The hook takes no installation data, and comes after the validator.
    error ValidatorFirst(address account);

    /// @notice A field of the configuration is out of range.
    error InvalidConfiguration(bytes32 field, uint256 value);

    /// @notice The verification level is known and not built.
    error LevelNotSupported(uint8 level);

    /// @notice The contract at this address is no operator set.
    error InvalidOperatorSet(address operatorSet);

    /// @notice The operator set holds something else than its configured hash says.
    error OperatorSetCodeHashMismatch(bytes32 configured, bytes32 current);

    /// @notice The policies given are not the ones that the configuration commits to.
    error PolicyMismatch(bytes32 configured, bytes32 given);

    /// @notice The configuration is the one in force.
    error ConfigurationUnchanged();

    /// @notice Not the nonce that is due.
    error ConfigurationNonceMismatch(uint256 given, uint256 current);

    /// @notice Not signed by the configured owner.
    error InvalidOwnerSignature();

    /// @notice The quorum's signatures do not verify.
    error InvalidQuorum();

    /// @notice An attestation outside of its validity window.
    error OutsideValidity(uint48 validAfter, uint48 validUntil, uint256 timestamp);

    /// @notice Not the configuration that was scheduled.
    error NotPending(bytes32 given, bytes32 pending);

    /// @notice The delay has not passed.
    error NotReady(uint48 readyAt, uint256 timestamp);

    /// @notice What is to be installed is no record that the module wrote.
    error RecordNotPublished(address record);

    /// @notice The account's operators change by configuration alone.
    error FollowsNoRegistry(address account);

    /// @notice An account is moved to a newer epoch only.
    error EpochNotNewer(uint64 epoch, uint64 current);

    /// @notice The registry never published this epoch.
    error UnknownEpoch(uint64 epoch);

    /// @notice The registry published another set for this epoch.
    error NotTheSetOfEpoch(uint64 epoch, address operatorSet);

    /// @notice An exit is announced already.
    error ExitAlreadyAnnounced(uint48 exitAt);

    /// @notice No exit is announced.
    error ExitNotAnnounced();
}
