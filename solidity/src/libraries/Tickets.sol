// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Bounds} from "./Bounds.sol";

/// @notice What validation leaves for execution.
struct Ticket {
    uint64 revision;
    uint64 sequence;
    /// Whether the execution that spends it is under enforcement to its end.
    bool enforced;
    bytes bounds;
}

/// @title Tickets and frames, in transient storage, in slots associated with the account (ERC-7562)
/// @notice A ticket is minted by validation, spent by the one execution that it names, and gone with the transaction. It
/// stays marked as spent, so that nothing mints it again in the same transaction.
library Tickets {
    uint256 private constant TICKET_SEED = uint256(keccak256("writ.ticket"));
    uint256 private constant KEY_SEED = uint256(keccak256("writ.ticket.key"));
    uint256 private constant FRAME_SEED = uint256(keccak256("writ.frame"));

    /// @dev Header: bounds length(16) ‖ sequence(64) ‖ revision(64) ‖ status(8), from bit 104 down.
    uint256 private constant LIVE = 1;
    uint256 private constant SPENT = 2;
    uint256 private constant SPENT_ENFORCED = 3;

    /// @notice Mints the ticket of an operation, unless one with its name or nonce key is there already.
    /// @param name Hash of the operation's calldata, or its userOpHash where the hook can learn that.
    function mint(
        address account,
        bytes32 name,
        uint192 nonceKey,
        uint64 revision,
        uint64 sequence,
        bytes calldata bounds
    ) internal returns (bool) {
        uint256 slot = _slot(account, name, TICKET_SEED);
        uint256 keySlot = _slot(account, bytes32(uint256(nonceKey)), KEY_SEED);
        if (_load(slot) | _load(keySlot) != 0) return false;
        _store(
            slot,
            (bounds.length << 136) | (uint256(sequence) << 72) | (uint256(revision) << 8) | LIVE
        );
        _store(slot + 1, uint256(nonceKey));
        _store(keySlot, 1);
        // Reads into the signatures behind the list at its end; the length says where to stop.
        assembly ("memory-safe") {
            let to := add(slot, 2)
            let from := bounds.offset
            let end := add(from, bounds.length)
            for {} lt(from, end) {} {
                tstore(to, calldataload(from))
                to := add(to, 1)
                from := add(from, 32)
            }
        }
        return true;
    }

    /// @notice Spends a live ticket.
    function spend(address account, bytes32 name, bool enforced)
        internal
        returns (bool live, Ticket memory ticket)
    {
        uint256 slot = _slot(account, name, TICKET_SEED);
        uint256 header = _load(slot);
        if (uint8(header) != LIVE) return (false, ticket);
        header ^= LIVE ^ (enforced ? SPENT_ENFORCED : SPENT);
        _store(slot, header);
        _store(_slot(account, bytes32(_load(slot + 1)), KEY_SEED), 0);
        return (true, _read(slot, header));
    }

    /// @notice Reads a spent ticket.
    function spent(address account, bytes32 name) internal view returns (Ticket memory ticket) {
        uint256 slot = _slot(account, name, TICKET_SEED);
        return _read(slot, _load(slot));
    }

    function _read(uint256 slot, uint256 header) private view returns (Ticket memory ticket) {
        ticket.enforced = uint8(header) == SPENT_ENFORCED;
        ticket.revision = uint64(header >> 8);
        ticket.sequence = uint64(header >> 72);
        bytes memory bounds;
        assembly ("memory-safe") {
            let length := and(shr(136, header), 0xffff)
            bounds := mload(0x40)
            mstore(bounds, length)
            let from := add(slot, 2)
            let to := add(bounds, 32)
            let end := add(to, length)
            for {} lt(to, end) {} {
                mstore(to, tload(from))
                to := add(to, 32)
                from := add(from, 1)
            }
            mstore(0x40, to)
        }
        ticket.bounds = bounds;
    }

    /// @notice How many bounds a ticket has.
    function count(Ticket memory ticket) internal pure returns (uint256) {
        return ticket.bounds.length / Bounds.SIZE;
    }

    /// @notice Commitment to what the open frame measured before; zero when the account executes nothing attested.
    function frame(address account) internal view returns (bytes32) {
        return bytes32(_load(_slot(account, 0, FRAME_SEED)));
    }

    /// @notice Opens (non-zero) or closes (zero) the account's frame.
    function setFrame(address account, bytes32 commitment) internal {
        _store(_slot(account, 0, FRAME_SEED), uint256(commitment));
    }

    /// @dev keccak(account ‖ x), so that every slot counts as the account's own.
    function _slot(address account, bytes32 name, uint256 seed)
        private
        pure
        returns (uint256 slot)
    {
        assembly ("memory-safe") {
            mstore(0x00, name)
            mstore(0x20, seed)
            mstore(0x20, keccak256(0x00, 0x40))
            mstore(0x00, account)
            slot := keccak256(0x00, 0x40)
        }
    }

    function _load(uint256 slot) private view returns (uint256 word) {
        assembly ("memory-safe") {
            word := tload(slot)
        }
    }

    function _store(uint256 slot, uint256 word) private {
        assembly ("memory-safe") {
            tstore(slot, word)
        }
    }
}
