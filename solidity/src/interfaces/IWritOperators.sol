// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritOperatorErrors} from "./IWritOperatorErrors.sol";
import {IWritOperatorRegistry} from "./IWritOperatorRegistry.sol";
import {Operator, RegistryParameters, Seat, SigningKey, Standing} from "./OperatorTypes.sol";

/// @title What operators, their owner and their guardian do at the registry
/// @notice Beside it there is what OpenZeppelin's Ownable2Step and Pausable offer: `owner`, `pendingOwner`,
/// `transferOwnership`, `acceptOwnership`, `paused`.
///
/// - The owner is a timelock. It publishes sets, forfeits bonds, names guardian and disputes, and ends a pause.
/// - The guardian revokes signing keys and pauses, both at once. It can do nothing else.
/// - Disputes, a contract that can tell wrong attestations from right ones, forfeits bonds. It can do nothing else.
/// - An operator revokes its own keys, and leaves, whatever the others do.
interface IWritOperators is IWritOperatorRegistry, IWritOperatorErrors {
    // ------------------------------------------------------------------ events

    /// @notice An operator joined.
    event Joined(
        address indexed operator,
        address indexed signer,
        uint256 bond,
        uint48 eligibleFrom,
        string metadata
    );

    /// @notice An operator showed another signing key, which takes the place of its present one at `eligibleFrom`.
    event KeyRotated(
        address indexed operator,
        address indexed former,
        address indexed signer,
        uint48 eligibleFrom
    );

    /// @notice An operator tells about itself somewhere else.
    event MetadataSet(address indexed operator, string metadata);

    /// @notice An operator added to its bond.
    event BondAdded(address indexed operator, uint256 amount, uint256 bond);

    /// @notice An operator announced that it leaves.
    event Leaving(address indexed operator, uint48 leftAt);

    /// @notice An operator took its bond out and is gone.
    event Withdrawn(address indexed operator, address to, uint256 amount);

    /// @notice Bond was taken from an operator; `reward` of it waits for the reporter and the rest for the beneficiary.
    event Forfeited(
        address indexed operator,
        address indexed by,
        address indexed reporter,
        uint256 amount,
        uint256 reward
    );

    /// @notice What waited for somebody was paid.
    event Collected(address indexed recipient, uint256 amount);

    /// @notice A set was published. `signers` are in the order of their indices.
    event EpochPublished(
        uint64 indexed epoch,
        address operatorSet,
        bytes32 codeHash,
        uint8 leastThreshold,
        address[] signers
    );

    /// @notice A key was revoked, in every epoch that it is in, for good.
    event SignerRevoked(address indexed signer, address indexed operator, address indexed by);

    /// @notice So few signers of an epoch are left that its threshold cannot be met: accounts on it can do nothing until they
    /// move to a newer epoch or their exit takes effect.
    event QuorumLost(uint64 indexed epoch, uint256 left, uint256 leastThreshold);

    /// @notice The guardian changed.
    event GuardianSet(address former, address guardian);

    /// @notice The contract that judges disputes changed.
    event DisputesSet(address former, address disputes);

    // ------------------------------------------------------------------ operators

    /// @notice Joins as operator, under the caller's address. What is sent is the bond. Not while paused.
    /// @param signer The address of the key that will sign attestations: never shown here before, and not the caller.
    /// @param metadata A URI of at most 256 bytes.
    /// @param proof The key's own signature, `r ‖ s ‖ v`, over the EIP-712 struct OperatorKey in the domain of this registry.
    function join(address signer, string calldata metadata, bytes calldata proof) external payable;

    /// @notice Shows another signing key, which takes the place of the present one after the join delay, and of a key that
    /// still waits at once. The former key stays in the sets that it is in: where it is no longer safe, revoke it too.
    function rotate(address signer, bytes calldata proof) external;

    /// @notice Adds what is sent to the caller's bond.
    function addBond() external payable;

    /// @notice Replaces the caller's metadata.
    function setMetadata(string calldata metadata) external;

    /// @notice Announces that the caller leaves: it can be in no new set. Cannot be taken back; after withdrawing anybody may
    /// join again, with another key.
    function leave() external;

    /// @notice Takes the bond out after `withdrawableAt`, and forgets the operator. Its keys stay known.
    /// @param to Who gets it.
    function withdraw(address to) external;

    // ------------------------------------------------------------------ epochs

    /// @notice Publishes the next epoch's set. Only the owner, and not while paused.
    /// @param epoch The number that is due, so that what was scheduled before another set counts no more after it.
    /// @param signers The signing keys in the order of their indices, 1 to 63, all `Eligible`.
    /// @param leastThreshold More than half of them, at least the floor, at most 32.
    function publish(uint64 epoch, address[] calldata signers, uint8 leastThreshold) external;

    /// @notice Revokes a signing key: its signatures count no more in any epoch, at once and for good. Only the guardian, the
    /// owner, and the key's operator.
    function revoke(address signer) external;

    // ------------------------------------------------------------------ bonds

    /// @notice Takes bond from an operator. Only the owner and disputes. A fourth of it goes to the reporter, if one is named,
    /// and the rest to the beneficiary, so that who reports himself loses most of it.
    /// @param amount Wei; all of the bond where that is less.
    /// @param reporter Who showed what the operator did; zero for nobody.
    /// @return taken Wei that were taken.
    function forfeit(address operator, uint256 amount, address reporter)
        external
        returns (uint256 taken);

    /// @notice Pays what waits for `recipient` to it. Anyone may call.
    function collect(address recipient) external;

    // ------------------------------------------------------------------ roles

    /// @notice Stops joining and new sets, and nothing else. Only the guardian and the owner.
    function pause() external;

    /// @notice Ends the pause. Only the owner.
    function unpause() external;

    /// @notice Names the guardian; zero for none. Only the owner.
    function setGuardian(address next) external;

    /// @notice Names the contract that judges disputes; zero for none. Only the owner.
    function setDisputes(address next) external;

    // ------------------------------------------------------------------ views

    /// @notice What the registry was made with.
    function parameters() external view returns (RegistryParameters memory);

    /// @notice Who revokes and pauses at once; zero when nobody does.
    function guardian() external view returns (address);

    /// @notice Who forfeits bonds beside the owner; zero when nobody does.
    function disputes() external view returns (address);

    /// @notice Who joined under this address; all zero when nobody did.
    function operatorOf(address operator) external view returns (Operator memory);

    /// @notice The one key of an operator that could be in a set now; zero when nobody joined.
    function signerOf(address operator) external view returns (address);

    /// @notice Whose a key is, also long after. All zero when nobody showed it.
    function keyOf(address signer) external view returns (SigningKey memory);

    /// @notice In which sets a key is, by ascending epoch; at most 128.
    function seatsOf(address signer) external view returns (Seat[] memory);

    /// @notice Whether a key could be in a set that is published now.
    function standingOf(address signer) external view returns (Standing);

    /// @notice From when on the bond can be taken out, in seconds since 1970; 2^48 - 1 when that is not known yet: the
    /// operator has not announced that it leaves, or is in the newest set and not revoked.
    function withdrawableAt(address operator) external view returns (uint48);

    /// @notice Wei that wait for somebody.
    function owed(address recipient) external view returns (uint256);

    /// @notice EIP-712 domain separator of this registry on this chain.
    function domainSeparator() external view returns (bytes32);
}
