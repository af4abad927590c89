// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Bounds} from "./Bounds.sol";

/// @notice What validation leaves for execution.
struct Ticket {
    uint64 revision;
    uint64 sequence;
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
        if (_load(slot) != 0 || _load(keySlot) != 0) return false;
        _store(
            slot,
            (bounds.length << 136) | (uint256(sequence) << 72) | (uint256(revision) << 8) | LIVE
        );
        _store(slot + 1, uint256(nonceKey));
        _store(keySlot, 1);
        for (uint256 offset = 0; offset < bounds.length; offset += 32) {
            uint256 word;
            // Reads into the signatures behind the list at its end; the length says where to stop.
            assembly ("memory-safe") {
                word := calldataload(add(bounds.offset, offset))
            }
            _store(slot + 2 + offset / 32, word);
        }
        return true;
    }

    /// @notice Spends a live ticket.
    /// @param enforced Whether the execution that spends it is under enforcement to its end.
    function spend(address account, bytes32 name, bool enforced) internal returns (bool) {
        uint256 slot = _slot(account, name, TICKET_SEED);
        uint256 header = _load(slot);
        if (uint8(header) != LIVE) return false;
        _store(slot, header ^ LIVE ^ (enforced ? SPENT_ENFORCED : SPENT));
        _store(_slot(account, bytes32(_load(slot + 1)), KEY_SEED), 0);
        return true;
    }

    /// @notice Reads a spent ticket.
    function spent(address account, bytes32 name)
        internal
        view
        returns (Ticket memory ticket, bool enforced)
    {
        uint256 slot = _slot(account, name, TICKET_SEED);
        uint256 header = _load(slot);
        enforced = uint8(header) == SPENT_ENFORCED;
        ticket.revision = uint64(header >> 8);
        ticket.sequence = uint64(header >> 72);
        uint256 length = uint16(header >> 136);
        bytes memory bounds = new bytes((length + 31) / 32 * 32);
        for (uint256 offset = 0; offset < length; offset += 32) {
            uint256 word = _load(slot + 2 + offset / 32);
            assembly ("memory-safe") {
                mstore(add(add(bounds, 32), offset), word)
            }
        }
        assembly ("memory-safe") {
            mstore(bounds, length)
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
