// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Bounds} from "./Bounds.sol";

/// @notice What validation leaves for execution, in one word:
/// `sequence(56) ‖ revision(56) ‖ most native currency(128) ‖ size byte of the bounds(8) ‖ status(8)`.
/// @dev Two counters that grow by one at a time never come near 2^56. The status' highest bit says, once the ticket is spent,
/// that the frame delegates.
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

    /// @notice The size byte of its list of bounds (`Bounds.length`), the native one included.
    function size(Ticket ticket) internal pure returns (uint256) {
        return uint8(Ticket.unwrap(ticket) >> 8);
    }

    /// @notice The same ticket, of a frame that delegates or not.
    function delegating(Ticket ticket, bool does) internal pure returns (Ticket marked) {
        uint256 bit = Tickets.DELEGATING;
        assembly ("memory-safe") {
            marked := or(ticket, mul(bit, does))
        }
    }

    /// @notice Whether the execution that spent it hands the account's storage to other code.
    function delegates(Ticket ticket) internal pure returns (bool) {
        return Ticket.unwrap(ticket) & Tickets.DELEGATING != 0;
    }

    /// @notice Whether the execution that spent it is under enforcement to its end.
    function enforced(Ticket ticket) internal pure returns (bool) {
        return Ticket.unwrap(ticket) & Tickets.SPENT_ENFORCED == Tickets.SPENT_ENFORCED;
    }
}

/// @title Tickets, in transient storage, in slots associated with the account (ERC-7562)
/// @notice A ticket is minted by validation, spent by the one execution that it names, and gone with the transaction. It
/// stays marked as spent, so that nothing mints it again in the same transaction.
library Tickets {
    uint256 private constant LIVE = 1;
    uint256 private constant SPENT = 2;
    uint256 internal constant SPENT_ENFORCED = 3;
    uint256 internal constant DELEGATING = 128;

    // What can share a hash lies at different offsets from it: the ticket of a name and its bounds from 0 on, its signers from
    // 48 on, the latest ticket of a nonce key at 64, and the frame at 96. So a name that equals a nonce key meets nothing of it.
    uint256 private constant SIGNERS = 48;
    uint256 private constant KEY = 64;

    /// @notice Mints the ticket of an operation, unless there is one of its name, or a live one of its nonce key.
    /// @param name Hash of the operation's calldata, or its userOpHash where the hook can learn that.
    /// @param size The size byte of the list of bounds.
    /// @param bounds The packed list, checked.
    function mint(
        address account,
        bytes32 name,
        uint256 nonceKey,
        uint256 revision,
        uint256 sequence,
        uint256 size,
        bytes calldata bounds
    ) internal returns (bool minted, uint256 slot) {
        slot = _slot(account, name);
        uint256 keySlot;
        unchecked {
            keySlot = _slot(account, bytes32(nonceKey)) + KEY;
        }
        uint256 latest = _load(keySlot);
        minted = _load(slot) == 0;
        if (latest != 0) {
            if (uint8(_load(latest)) == LIVE) minted = false;
        }
        if (minted) {
            uint256 ticket =
                (sequence << 200) | (uint256(uint56(revision)) << 144) | (size << 8) | LIVE;
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
        }
    }

    /// @notice Keeps beside a ticket who signed, and under which epoch.
    function keepSigners(uint256 slot, uint64 epoch, uint256 bitmap) internal {
        assembly ("memory-safe") {
            tstore(add(slot, SIGNERS), epoch)
            tstore(add(slot, add(SIGNERS, 1)), bitmap)
        }
    }

    /// @notice What `keepSigners` kept.
    function signers(uint256 slot) internal view returns (uint64 epoch, uint256 bitmap) {
        assembly ("memory-safe") {
            epoch := tload(add(slot, SIGNERS))
            bitmap := tload(add(slot, add(SIGNERS, 1)))
        }
    }

    /// @notice Spends the live ticket of a name; without one, what it gives beside means nothing. Its slot tells `loadBounds`
    /// where the bounds behind the native one are.
    function spend(address account, bytes32 name, bool enforced)
        internal
        returns (bool live, Ticket ticket, uint256 slot)
    {
        slot = _slot(account, name);
        uint256 word = _load(slot);
        live = uint8(word) == LIVE;
        if (live) {
            uint256 spent = LIVE ^ SPENT;
            assembly ("memory-safe") {
                // Under enforcement the lowest bit stays.
                word := xor(word, xor(spent, enforced))
                tstore(slot, word)
            }
        }
        ticket = Ticket.wrap(word);
    }

    /// @notice Writes the words that hold the bounds of a ticket, the native one aside, to memory that the caller allocated.
    function loadBounds(uint256 slot, uint256 to, uint256 words) internal view {
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
