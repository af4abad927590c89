// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {WritStorage} from "./WritStorage.sol";
import {IWritErrors} from "./interfaces/IWritErrors.sol";
import {IWritModule} from "./interfaces/IWritModule.sol";
import {Mode} from "./interfaces/WritTypes.sol";
import {Bounds} from "./libraries/Bounds.sol";
import {Epochs} from "./libraries/Epochs.sol";
import {Flags} from "./libraries/Flags.sol";
import {Frames} from "./libraries/Frames.sol";
import {Head} from "./libraries/Head.sol";
import {Kinds} from "./libraries/Kinds.sol";
import {Measured} from "./libraries/Measured.sol";
import {Questions} from "./libraries/Questions.sol";
import {Receivers} from "./libraries/Receivers.sol";
import {Surface} from "./libraries/Surface.sol";
import {Ticket, Tickets} from "./libraries/Tickets.sol";
import {
    IERC7579Execution,
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
abstract contract WritHook is WritStorage {
    /// @dev `execute` and the first byte of its mode: a delegatecall.
    uint256 private constant EXECUTE_DELEGATECALL =
        uint256(uint32(IERC7579Execution.execute.selector)) << 8 | 0xff;

    /// @notice Opens the frame of an attested execution, and gives what `postCheck` takes: empty where nothing is held to
    /// anything.
    /// @dev 7562: not called in validation.
    function _preCheck(address msgSender, bytes calldata msgData)
        internal
        returns (bytes memory hookData)
    {
        Account storage account = accounts[msg.sender];
        Head head = account.settings.head();
        bool usual = head.isUsual();
        bool enforced = usual;
        if (!usual) {
            if (head.isIn(Mode.Off) || !head.has(Flags.INSTALLED) || account.settings.exited(head)) return "";
            enforced = head.isIn(Mode.Enforce);
            if (_isOfKind(account, head, Kinds.SAFE7579)) {
                msgData = msgData[:msgData.length - Kinds.APPENDED];
            }
        }

        bool open = Frames.commitment(account) != 0;
        if (msgSender != _entryPoint(head)) {
            // The module asks the account questions, and an account may hook those that it does not know.
            if (msgSender == address(this)) return "";
            bytes4 selector = bytes4(msgData);
            bool executor = selector == IERC7579Execution.executeFromExecutor.selector;
            if (open && !executor) return "";
            if (msgSender != msg.sender && Receivers.isReceiver(selector)) return "";
            return _refuse(enforced, IWritErrors.NoTicket.selector);
        }
        if (open) return _refuse(enforced, IWritErrors.FrameOpen.selector);

        bytes32 name = head.has(Flags.ENTRY_POINT_V09)
            ? ITellsOperation(msgSender).getCurrentUserOpHash()
            : EfficientHashLib.hashCalldata(msgData);
        (bool live, Ticket ticket, uint256 slot) = Tickets.spend(msg.sender, name, enforced);
        if (!live) return _refuse(enforced, IWritErrors.NoTicket.selector);
        if (ticket.revision() != head.revision()) {
            if (enforced) {
                revert IWritErrors.RevisionChanged(ticket.revision(), head.revision());
            }
            return _refuse(false, IWritErrors.RevisionChanged.selector);
        }
        if (!usual) {
            if (head.has(Flags.FOLLOWS)) {
                bytes4 reason = _revoked(head, slot);
                if (reason != 0) return _refuse(enforced, reason);
            }
        }
        bool delegates = _delegates(msgData);
        hookData = Measured.take(ticket.delegating(delegates), slot, msg.sender);
        if (delegates) Measured.append(hookData, Surface.take(msg.sender));
        Frames.set(account, EfficientHashLib.hash(hookData));
    }

    /// @notice Closes the frame that `preCheck` opened, and refuses what was not attested.
    /// @dev 7562: not called in validation.
    function _postCheck(bytes memory hookData) internal {
        if (hookData.length == 0) return;
        Account storage account = accounts[msg.sender];
        // Only what preCheck measured, once: whoever closes the frame early can never close it again.
        if (Frames.commitment(account) != EfficientHashLib.hash(hookData)) {
            revert IWritErrors.NoFrame();
        }
        Frames.set(account, 0);

        Ticket ticket = Measured.ticket(hookData);
        Head head = account.settings.head();
        _checkStillThere(account, head, ticket, hookData);

        // Who reads history needs everything that moved; otherwise only what exceeds is worth a look.
        bool all = head.has(Flags.READS_HISTORY);
        (uint256 before, uint256 left) = (Measured.amount(hookData, 0), msg.sender.balance);
        unchecked {
            // All there is of it and 2^128 are far from 2^256.
            if (before > left + (all ? 0 : ticket.maxNative())) {
                uint128 maxOut = ticket.maxNative();
                _settle(account, head, ticket, Bounds.NATIVE, address(0), maxOut, before - left);
            }
        }
        uint256 size = ticket.size();
        if (size == 1) return;
        (uint256 count,) = Bounds.length(size);
        uint256 position = Measured.bounds(hookData, count);
        for (uint256 i = 1; i < count; ++i) {
            (uint8 kind, address asset, uint128 maxOut, uint256 extra, uint256 next) =
                Bounds.read(position);
            position = next;
            uint256 amount = Bounds.moved(
                kind, Measured.amount(hookData, i), Bounds.measure(kind, asset, extra, msg.sender)
            );
            if (amount > (all ? 0 : maxOut)) {
                _settle(account, head, ticket, kind, asset, maxOut, amount);
            }
        }
    }

    /// @dev Whether a signer of the ticket was revoked since; what the registry does not tell counts as revoked, and the exit
    /// is the way out.
    function _revoked(Head head, uint256 slot) private view returns (bytes4) {
        (uint64 epoch, uint256 signers) = Tickets.signers(slot);
        (bool known, uint256 revoked) = Epochs.revoked(_record(head).registry(), epoch);
        if (!known) return IWritErrors.RegistryUnavailable.selector;
        return signers & revoked == 0 ? bytes4(0) : IWritErrors.SignerRevoked.selector;
    }

    /// @dev By the first five bytes, which no encoding moves. Of what ends before, something of what follows, so that it calls
    /// nothing at all.
    function _delegates(bytes calldata msgData) private pure returns (bool) {
        uint256 head;
        assembly ("memory-safe") {
            head := shr(216, calldataload(msgData.offset))
        }
        return head == EXECUTE_DELEGATECALL;
    }

    /// @dev Holds what moved of one asset against its bound, and logs it.
    function _settle(
        Account storage account,
        Head head,
        Ticket ticket,
        uint8 kind,
        address asset,
        uint128 maxOut,
        uint256 amount
    ) private {
        if (Bounds.exceeds(kind, amount, maxOut)) {
            if (ticket.enforced()) {
                revert IWritErrors.BoundExceeded(kind, asset, maxOut, amount);
            }
            emit IWritModule.WouldBlock(msg.sender, IWritErrors.BoundExceeded.selector);
        } else if (!head.has(Flags.READS_HISTORY)) {
            // An allowance without limit.
            return;
        }
        emit IWritModule.Outflow(
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
    /// be overwritten by a delegatecall, or cleared by uninstalling another address. What a call changes of the account
    /// stands in the attested calldata; what a delegatecall changes does not, so that it may change nothing.
    function _checkStillThere(
        Account storage account,
        Head head,
        Ticket ticket,
        bytes memory hookData
    ) private {
        bool enforced = ticket.enforced();
        if (!head.has(Flags.INSTALLED)) {
            if (enforced) revert IWritErrors.UninstallNotAllowed();
            emit IWritModule.WouldBlock(msg.sender, IWritErrors.UninstallNotAllowed.selector);
        } else {
            if (enforced) {
                if (!Questions.isInstalled(msg.sender, MODULE_TYPE_HOOK, gasleft())) {
                    if (!_isAdaptedHook(account, head, gasleft())) {
                        revert IWritErrors.UninstallNotAllowed();
                    }
                }
            }
            if (head.revision() != ticket.revision()) {
                if (enforced) {
                    revert IWritErrors.RevisionChanged(ticket.revision(), head.revision());
                }
                emit IWritModule.WouldBlock(msg.sender, IWritErrors.RevisionChanged.selector);
            }
            if (ticket.delegates()) {
                if (Measured.surface(hookData) != Surface.take(msg.sender)) {
                    if (enforced) revert IWritErrors.AccountTampered();
                    emit IWritModule.WouldBlock(msg.sender, IWritErrors.AccountTampered.selector);
                }
            }
        }
    }

    /// @dev Links blocks with outflows backwards, so that a reader can tell that it has them all.
    function _previousOutflow(Account storage account, Head head)
        private
        returns (uint48 previous)
    {
        if (!head.has(Flags.READS_HISTORY)) return 0;
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
        emit IWritModule.WouldBlock(msg.sender, reason);
        return "";
    }
}
