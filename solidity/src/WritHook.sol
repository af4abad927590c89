// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {WritSettings} from "./WritSettings.sol";
import {Bound, Mode} from "./interfaces/WritTypes.sol";
import {Bounds} from "./libraries/Bounds.sol";
import {Head} from "./libraries/Head.sol";
import {Receivers} from "./libraries/Receivers.sol";
import {Ticket, Tickets} from "./libraries/Tickets.sol";
import {
    IERC7579Execution,
    IERC7579Hook,
    IERC7579ModuleConfig,
    MODULE_TYPE_HOOK
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @dev What EntryPoint v0.9 and later tell about the operation that they execute.
interface ITellsOperation {
    function getCurrentUserOpHash() external view returns (bytes32);
}

/// @title The hook: no ticket, no execution; and no more leaves than was attested
/// @notice One frame per account is open at a time, from the EntryPoint's call to its return. Calls of the account to itself
/// and calls from outside inherit it while it is open; executors never do.
abstract contract WritHook is WritSettings {
    /// @inheritdoc IERC7579Hook
    /// @dev 7562: not called in validation.
    function preCheck(address msgSender, uint256, bytes calldata msgData)
        external
        returns (bytes memory hookData)
    {
        Account storage account = accounts[msg.sender];
        Head head = _head(account);
        if (head.mode() == Mode.Off || !head.has(VALIDATOR) || _exited(account, head)) {
            return "";
        }
        bool enforced = head.mode() == Mode.Enforce;

        bool open = Tickets.frame(msg.sender) != 0;
        if (msgSender != _entryPoint(account, head)) {
            bytes4 selector = bytes4(msgData);
            bool executor = selector == IERC7579Execution.executeFromExecutor.selector;
            if (open && !executor) return "";
            if (msgSender != msg.sender && Receivers.isReceiver(selector)) return "";
            return _refuse(enforced, NoTicket.selector);
        }
        if (open) return _refuse(enforced, FrameOpen.selector);

        bytes32 name = head.has(ENTRY_POINT_V09)
            ? ITellsOperation(msgSender).getCurrentUserOpHash()
            : keccak256(msgData);
        (bool live, Ticket memory ticket) = Tickets.spend(msg.sender, name, enforced);
        if (!live) return _refuse(enforced, NoTicket.selector);
        if (ticket.revision != head.revision()) {
            if (enforced) revert RevisionChanged(ticket.revision, head.revision());
            return _refuse(false, RevisionChanged.selector);
        }
        return _open(name, ticket);
    }

    /// @inheritdoc IERC7579Hook
    /// @dev 7562: not called in validation.
    function postCheck(bytes calldata hookData) external {
        if (hookData.length == 0) return;
        // Only what preCheck measured, once: whoever closes the frame early can never close it again.
        if (Tickets.frame(msg.sender) != keccak256(hookData)) revert NoFrame();
        Tickets.setFrame(msg.sender, 0);

        Ticket memory ticket = Tickets.spent(msg.sender, bytes32(hookData[:32]));
        Account storage account = accounts[msg.sender];
        Head head = _head(account);
        bool enforced = ticket.enforced;
        _checkStillThere(head, ticket.revision, enforced);

        uint256 bounds = Tickets.count(ticket);
        for (uint256 i = 0; i < bounds; ++i) {
            Bound memory bound = Bounds.at(ticket.bounds, i);
            uint256 heldBefore = uint256(bytes32(hookData[32 * (i + 1):]));
            uint256 held = Bounds.balance(bound, msg.sender);
            if (held >= heldBefore) continue;
            uint256 amount = heldBefore - held;
            if (amount > bound.maxOut) {
                if (enforced) revert BoundExceeded(bound.kind, bound.asset, bound.maxOut, amount);
                emit WouldBlock(msg.sender, BoundExceeded.selector);
            }
            emit Outflow(
                msg.sender,
                bound.asset,
                bound.kind,
                amount,
                ticket.sequence,
                uint48(block.timestamp),
                _previousOutflow(account, head)
            );
        }
    }

    /// @dev Measures and opens the frame: `name ‖ balance of each bound`.
    function _open(bytes32 name, Ticket memory ticket) private returns (bytes memory hookData) {
        uint256 bounds = Tickets.count(ticket);
        hookData = new bytes(32 * (bounds + 1));
        assembly ("memory-safe") {
            mstore(add(hookData, 32), name)
        }
        for (uint256 i = 0; i < bounds; ++i) {
            uint256 held = Bounds.balance(Bounds.at(ticket.bounds, i), msg.sender);
            assembly ("memory-safe") {
                mstore(add(add(hookData, 64), mul(i, 32)), held)
            }
        }
        Tickets.setFrame(msg.sender, keccak256(hookData));
    }

    /// @dev That nobody changed, removed or replaced the module on the way, by whatever means: the account's hook slot can
    /// be overwritten by a delegatecall, or cleared by uninstalling another address.
    function _checkStillThere(Head head, uint64 attested, bool enforced) private {
        if (!head.has(VALIDATOR)) {
            if (enforced) revert UninstallNotAllowed();
            emit WouldBlock(msg.sender, UninstallNotAllowed.selector);
            return;
        }
        if (
            enforced
                && !IERC7579ModuleConfig(msg.sender)
                    .isModuleInstalled(MODULE_TYPE_HOOK, address(this), "")
        ) revert UninstallNotAllowed();
        if (head.revision() != attested) {
            if (enforced) revert RevisionChanged(attested, head.revision());
            emit WouldBlock(msg.sender, RevisionChanged.selector);
        }
    }

    /// @dev Links blocks with outflows backwards, so that a reader can tell that it has them all.
    function _previousOutflow(Account storage account, Head head)
        private
        returns (uint48 previous)
    {
        if (!head.has(READS_HISTORY)) return 0;
        uint48 last = account.lastOutflowBlock;
        uint48 current = uint48(block.number);
        if (last == current) return last - account.outflowGap;
        account.lastOutflowBlock = current;
        // A gap of 2^32 blocks is not kept: later events of this block then name the block itself, its first names the other.
        account.outflowGap = current - last <= type(uint32).max ? uint32(current - last) : 0;
        return last;
    }

    function _refuse(bool enforced, bytes4 reason) private returns (bytes memory) {
        if (enforced) {
            assembly ("memory-safe") {
                mstore(0x00, reason)
                revert(0x00, 0x04)
            }
        }
        emit WouldBlock(msg.sender, reason);
        return "";
    }
}
