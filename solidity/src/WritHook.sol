// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {WritSettings} from "./WritSettings.sol";
import {Mode} from "./interfaces/WritTypes.sol";
import {Bounds} from "./libraries/Bounds.sol";
import {Frames} from "./libraries/Frames.sol";
import {Head} from "./libraries/Head.sol";
import {Kinds} from "./libraries/Kinds.sol";
import {Measured} from "./libraries/Measured.sol";
import {Questions} from "./libraries/Questions.sol";
import {Receivers} from "./libraries/Receivers.sol";
import {Ticket, Tickets} from "./libraries/Tickets.sol";
import {
    IERC7579Execution,
    IERC7579Hook,
    MODULE_TYPE_HOOK
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {EfficientHashLib} from "solady/utils/EfficientHashLib.sol";

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
        bool enforced = head.isUsual();
        if (!enforced) {
            if (head.isIn(Mode.Off) || !head.has(VALIDATOR) || _exited(account, head)) return "";
            enforced = head.isIn(Mode.Enforce);
            if (_isOfKind(account, head, Kinds.SAFE7579)) {
                msgData = msgData[:msgData.length - Kinds.APPENDED];
            }
        }

        bool open = Frames.commitment(account) != 0;
        if (msgSender != _entryPoint(head)) {
            bytes4 selector = bytes4(msgData);
            bool executor = selector == IERC7579Execution.executeFromExecutor.selector;
            if (open && !executor) return "";
            if (msgSender != msg.sender && Receivers.isReceiver(selector)) return "";
            return _refuse(enforced, NoTicket.selector);
        }
        if (open) return _refuse(enforced, FrameOpen.selector);

        bytes32 name = head.has(ENTRY_POINT_V09)
            ? ITellsOperation(msgSender).getCurrentUserOpHash()
            : EfficientHashLib.hashCalldata(msgData);
        (bool live, Ticket ticket, uint256 slot) = Tickets.spend(msg.sender, name, enforced);
        if (!live) return _refuse(enforced, NoTicket.selector);
        if (ticket.revision() != head.revision()) {
            if (enforced) revert RevisionChanged(ticket.revision(), head.revision());
            return _refuse(false, RevisionChanged.selector);
        }
        hookData = Measured.take(ticket, slot, msg.sender);
        Frames.set(account, EfficientHashLib.hash(hookData));
        // Nothing comes after it, so what is returned need not be copied: `Measured` left room for the offset before it.
        assembly ("memory-safe") {
            mstore(sub(hookData, 0x20), 0x20)
            return(sub(hookData, 0x20), add(mload(hookData), 0x40))
        }
    }

    /// @inheritdoc IERC7579Hook
    /// @dev 7562: not called in validation.
    function postCheck(bytes calldata hookData) external {
        if (hookData.length == 0) return;
        Account storage account = accounts[msg.sender];
        // Only what preCheck measured, once: whoever closes the frame early can never close it again.
        if (Frames.commitment(account) != EfficientHashLib.hashCalldata(hookData)) {
            revert NoFrame();
        }
        Frames.set(account, 0);

        Ticket ticket = Measured.ticket(hookData);
        Head head = _head(account);
        _checkStillThere(account, head, ticket);

        _settle(
            account,
            head,
            ticket,
            address(0),
            ticket.maxNative(),
            Measured.balance(hookData, 0),
            msg.sender.balance
        );
        uint256 count = ticket.count();
        for (uint256 i = 1; i < count; ++i) {
            (address token, uint128 maxOut) = Measured.token(hookData, count, i);
            _settle(
                account,
                head,
                ticket,
                token,
                maxOut,
                Measured.balance(hookData, i),
                Bounds.tokenBalance(token, msg.sender)
            );
        }
    }

    /// @dev Holds what left of one asset against its bound, and logs it.
    function _settle(
        Account storage account,
        Head head,
        Ticket ticket,
        address asset,
        uint128 maxOut,
        uint256 heldBefore,
        uint256 held
    ) private {
        if (held >= heldBefore) return;
        uint256 amount;
        unchecked {
            amount = heldBefore - held;
        }
        uint8 kind = asset == address(0) ? Bounds.NATIVE : Bounds.ERC20;
        bool exceeded = amount > maxOut;
        if (exceeded) {
            if (ticket.enforced()) revert BoundExceeded(kind, asset, maxOut, amount);
            emit WouldBlock(msg.sender, BoundExceeded.selector);
        }
        // Who reads history needs every one of them; otherwise only what Enforce would have refused is worth its gas.
        if (!exceeded && !head.has(READS_HISTORY)) return;
        emit Outflow(
            msg.sender,
            asset,
            kind,
            amount,
            ticket.sequence(),
            uint48(block.timestamp),
            _previousOutflow(account, head)
        );
    }

    /// @dev That nobody changed, removed or replaced the module on the way, by whatever means: the account's hook slot can
    /// be overwritten by a delegatecall, or cleared by uninstalling another address.
    function _checkStillThere(Account storage account, Head head, Ticket ticket) private {
        bool enforced = ticket.enforced();
        if (!head.has(VALIDATOR)) {
            if (enforced) revert UninstallNotAllowed();
            emit WouldBlock(msg.sender, UninstallNotAllowed.selector);
            return;
        }
        if (
            enforced && !Questions.isInstalled(msg.sender, MODULE_TYPE_HOOK, gasleft())
                && !_isAdaptedHook(account, head, gasleft())
        ) revert UninstallNotAllowed();
        if (head.revision() != ticket.revision()) {
            if (enforced) revert RevisionChanged(ticket.revision(), head.revision());
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
