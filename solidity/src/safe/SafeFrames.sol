// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Bounds} from "../libraries/Bounds.sol";
import {Holding} from "../libraries/Holdings.sol";

/// @notice What the check before an execution leaves for the check after it.
struct SafeFrame {
    /// Whether it is under enforcement to its end.
    bool enforced;
    /// What of the Safe must be as it was (`SafeState`); empty when nothing can have changed.
    bytes32[] state;
    /// What must not leave.
    Holding[] holdings;
}

/// @title Executions of a Safe that are under way, in transient slots associated with it
/// @notice By the safeTxHash, or the number that the guard gave to a module's transaction. They nest as the executions do, and
/// each is closed once: what closes one early, which only the Safe itself could do, leaves nothing for the end, which refuses.
library SafeFrames {
    uint256 private constant OPEN = 1;
    uint256 private constant CLOSED = 2;

    /// @dev Of the Safe as a whole, at the hash of the id 0, which no execution has: how many checks before an execution asked for
    /// nothing; which nonce of an owners' transaction comes next; how many of a module's transactions there were.
    uint256 private constant ASIDE = 0;
    uint256 private constant NEXT_NONCE = 1;
    uint256 private constant MODULE_TRANSACTIONS = 2;

    /// @notice Remembers that a check asked for nothing, so that the check after the execution finds nothing rightly.
    function stepAside(address safe) internal {
        uint256 slot = _slot(safe, 0) + ASIDE;
        assembly ("memory-safe") {
            tstore(slot, add(tload(slot), 1))
        }
    }

    /// @notice Takes that back, once for each.
    function stepBack(address safe) internal returns (bool steppedAside) {
        uint256 slot = _slot(safe, 0) + ASIDE;
        assembly ("memory-safe") {
            let count := tload(slot)
            steppedAside := iszero(iszero(count))
            if steppedAside { tstore(slot, sub(count, 1)) }
        }
    }

    /// @notice Uses up the nonces below `next` in this transaction, whatever the Safe's storage says of its nonce meanwhile.
    /// @return fresh Whether `nonce` was not used up before.
    function useNonce(address safe, uint256 nonce, uint256 next) internal returns (bool fresh) {
        uint256 slot = _slot(safe, 0) + NEXT_NONCE;
        assembly ("memory-safe") {
            let least := tload(slot)
            fresh := iszero(lt(nonce, least))
            if and(fresh, gt(next, least)) { tstore(slot, next) }
        }
    }

    /// @notice A number for a module's transaction, which is not 0 and no safeTxHash.
    function nextId(address safe) internal returns (bytes32 id) {
        uint256 slot = _slot(safe, 0) + MODULE_TRANSACTIONS;
        assembly ("memory-safe") {
            id := add(tload(slot), 1)
            tstore(slot, id)
        }
    }

    /// @notice Opens a frame.
    /// @return fresh False when there was one of this id, which then stays as it is.
    function open(address safe, bytes32 id, SafeFrame memory frame) internal returns (bool fresh) {
        uint256 slot = _slot(safe, id);
        if (_load(slot) != 0) return false;
        Holding[] memory holdings = frame.holdings;
        uint256 header =
            OPEN | (frame.enforced ? 1 << 8 : 0) | frame.state.length << 16 | holdings.length << 24;
        _store(slot, header);
        for (uint256 i = 0; i < frame.state.length; ++i) {
            _store(++slot, uint256(frame.state[i]));
        }
        for (uint256 i = 0; i < holdings.length; ++i) {
            Holding memory holding = holdings[i];
            _store(
                ++slot,
                (holding.known ? 1 << 168 : 0) | uint256(holding.kind) << 160
                    | uint160(holding.asset)
            );
            _store(++slot, holding.maxOut);
            _store(++slot, holding.held);
            if (holding.kind >= Bounds.ERC1155) _store(++slot, holding.extra);
        }
        return true;
    }

    /// @notice Closes a frame.
    /// @return found Whether there was one of this id, in this transaction.
    /// @return wasOpen Whether it was not closed before.
    function close(address safe, bytes32 id)
        internal
        returns (bool found, bool wasOpen, SafeFrame memory frame)
    {
        uint256 slot = _slot(safe, id);
        uint256 header = _load(slot);
        if (header == 0) return (false, false, frame);
        if (uint8(header) == CLOSED) return (true, false, frame);
        _store(slot, CLOSED);

        frame.enforced = uint8(header >> 8) != 0;
        frame.state = new bytes32[](uint8(header >> 16));
        for (uint256 i = 0; i < frame.state.length; ++i) {
            frame.state[i] = bytes32(_load(++slot));
        }
        frame.holdings = new Holding[](uint8(header >> 24));
        for (uint256 i = 0; i < frame.holdings.length; ++i) {
            Holding memory holding = frame.holdings[i];
            uint256 packed = _load(++slot);
            holding.known = packed >> 168 != 0;
            holding.kind = uint8(packed >> 160);
            holding.asset = address(uint160(packed));
            holding.maxOut = uint128(_load(++slot));
            holding.held = _load(++slot);
            if (holding.kind >= Bounds.ERC1155) holding.extra = _load(++slot);
        }
        return (true, true, frame);
    }

    /// @dev keccak(safe ‖ id), so that every slot counts as the Safe's own.
    function _slot(address safe, bytes32 id) private pure returns (uint256 slot) {
        assembly ("memory-safe") {
            mstore(0x00, safe)
            mstore(0x20, id)
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
