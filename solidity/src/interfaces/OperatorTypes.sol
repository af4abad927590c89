// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @notice What a registry is made with. None of it ever changes.
struct RegistryParameters {
    /// Wei that an operator must have as bond to be in a new set. Not zero.
    uint128 leastBond;
    /// Seconds from showing a signing key until it can be in a set. 1 second to 365 days.
    uint32 joinDelay;
    /// Seconds for which the bond stays after the operator's last signature could count. 1 second to 365 days.
    uint32 leaveDelay;
    /// The longest exit delay of accounts for which bonds are held, in seconds: that long after its successor was published a
    /// set can still be an account's. 1 second to 365 days.
    uint32 coveredExitDelay;
    /// Seconds for which an account's former set counts. At most one day.
    uint32 grace;
    /// No set can be published with a lower threshold, 1 to 32.
    uint8 thresholdFloor;
    /// Who gets what is forfeited, but for the reporter's part.
    address beneficiary;
}

/// @notice Who joined under an address.
struct Operator {
    /// Wei that are held, and can be forfeited.
    uint128 bond;
    /// When it announced that it leaves, in seconds since 1970; 0 while it stays.
    uint48 leftAt;
    /// The newest epoch whose set it is in; 0 when it is in none.
    uint64 lastEpoch;
    /// Its signing key; zero when nobody joined.
    address signer;
    /// The key that takes the place of `signer` when it becomes eligible; zero when there is none.
    address nextSigner;
    /// The key with which it is in the set of `lastEpoch`.
    address seatedSigner;
    /// Where the operator tells about itself: a URI of at most 256 bytes.
    string metadata;
}

/// @notice A signing key. Kept for good, so that nobody can ever show the same key again.
struct SigningKey {
    /// Whose key it is; zero when nobody showed it.
    address operator;
    /// From when on it can be in a new set, in seconds since 1970.
    uint48 eligibleFrom;
    /// When it was revoked, in seconds since 1970; 0 when it was not.
    uint48 revokedAt;
}

/// @notice Where in which set a signing key stands.
struct Seat {
    uint64 epoch;
    /// The index that signatures name, and the bit of `revokedSigners`.
    uint8 index;
}

/// @notice Whether a key can be in the next set, and if not, the first reason why.
enum Standing {
    /// Nobody showed it.
    Unknown,
    /// It was revoked, for good.
    Revoked,
    /// Its join delay has not passed.
    Waiting,
    /// Its operator has another key now, or withdrew.
    Replaced,
    /// Its operator announced that it leaves.
    Leaving,
    /// Less than the least bond is left.
    Underbonded,
    /// It is in as many sets as one revocation can reach: time for another key.
    WornOut,
    /// It can be.
    Eligible
}
