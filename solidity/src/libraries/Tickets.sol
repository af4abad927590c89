// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Bounds} from "./Bounds.sol";

/// @notice What validation leaves for execution, in one word:
/// `sequence(56) ‖ revision(56) ‖ most native currency(128) ‖ count of bounds(8) ‖ status(8)`.
/// @dev Two counters that grow by one at a time never come near 2^56.
type Ticket is uint256;

using TicketFields for Ticket global;

/// @title The fields of a `Ticket`
library TicketFields {
    function sequence(Ticket ticket) internal pure returns (uint64) {
        return uint64(Ticket.unwrap(ticket) >> 200);
    }

    function revision(Ticket ticket) internal pure returns (uint64) {
        return uint64(uint56(Ticket.unwrap(ticket) >> 144));
    }

    function maxNative(Ticket ticket) internal pure returns (uint128) {
        return uint128(Ticket.unwrap(ticket) >> 16);
    }

    /// @notice How many bounds the ticket has, the native one included.
    function count(Ticket ticket) internal pure returns (uint256) {
        return uint8(Ticket.unwrap(ticket) >> 8);
    }

    /// @notice Whether the execution that spent it is under enforcement to its end.
    function enforced(Ticket ticket) internal pure returns (bool) {
        return uint8(Ticket.unwrap(ticket)) == Tickets.SPENT_ENFORCED;
    }
}

/// @title Tickets, in transient storage, in slots associated with the account (ERC-7562)
/// @notice A ticket is minted by validation, spent by the one execution that it names, and gone with the transaction. It
/// stays marked as spent, so that nothing mints it again in the same transaction.
library Tickets {
    uint256 private constant LIVE = 1;
    uint256 private constant SPENT = 2;
    uint256 internal constant SPENT_ENFORCED = 3;

    // What can share a hash lies at different offsets from it: the ticket of a name and its tokens' bounds from 0 on, the
    // latest ticket of a nonce key here, and the frame at 96. So a name that equals a nonce key meets nothing of it.
    uint256 private constant KEY = 64;

    /// @notice Mints the ticket of an operation, unless there is one of its name, or a live one of its nonce key.
    /// @param name Hash of the operation's calldata, or its userOpHash where the hook can learn that.
    /// @param bounds The packed list, checked.
    function mint(
        address account,
        bytes32 name,
        uint256 nonceKey,
        uint256 revision,
        uint256 sequence,
        bytes calldata bounds
    ) internal returns (bool) {
        uint256 slot = _slot(account, name);
        if (_load(slot) != 0) return false;
        uint256 keySlot;
        unchecked {
            keySlot = _slot(account, bytes32(nonceKey)) + KEY;
        }
        uint256 latest = _load(keySlot);
        if (latest != 0 && uint8(_load(latest)) == LIVE) return false;

        uint256 ticket = (sequence << 200) | (uint256(uint56(revision)) << 144)
            | (bounds.length / Bounds.SIZE << 8) | LIVE;
        assembly ("memory-safe") {
            // The native bound comes first, and its amount ends where the list's first 37 bytes end.
            ticket := or(ticket, shl(16, shr(128, calldataload(add(bounds.offset, 21)))))
            tstore(slot, ticket)
            tstore(keySlot, slot)
            // Reads into the signatures behind the list at its end; the count says where to stop.
            let from := add(bounds.offset, 37)
            let end := add(bounds.offset, bounds.length)
            for { let to := add(slot, 1) } lt(from, end) { to := add(to, 1) } {
                tstore(to, calldataload(from))
                from := add(from, 32)
            }
        }
        return true;
    }

    /// @notice Spends the live ticket of a name. Its slot tells `loadTokens` where the tokens' bounds are.
    function spend(address account, bytes32 name, bool enforced)
        internal
        returns (bool live, Ticket ticket, uint256 slot)
    {
        slot = _slot(account, name);
        uint256 word = _load(slot);
        if (uint8(word) != LIVE) return (false, ticket, slot);
        word ^= LIVE ^ (enforced ? SPENT_ENFORCED : SPENT);
        assembly ("memory-safe") {
            tstore(slot, word)
        }
        return (true, Ticket.wrap(word), slot);
    }

    /// @notice Writes the words that hold the tokens' bounds of a ticket to memory that the caller allocated.
    function loadTokens(uint256 slot, uint256 to, uint256 words) internal view {
        assembly ("memory-safe") {
            for { let end := add(to, mul(words, 32)) } lt(to, end) { to := add(to, 32) } {
                slot := add(slot, 1)
                mstore(to, tload(slot))
            }
        }
    }

    /// @dev keccak(account ‖ x), so that every slot counts as the account's own.
    function _slot(address account, bytes32 name) private pure returns (uint256 slot) {
        assembly ("memory-safe") {
            mstore(0x00, account)
            mstore(0x20, name)
            slot := keccak256(0x00, 0x40)
        }
    }

    function _load(uint256 slot) private view returns (uint256 word) {
        assembly ("memory-safe") {
            word := tload(slot)
        }
    }
}
