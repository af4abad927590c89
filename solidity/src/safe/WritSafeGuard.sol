// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {CallAction} from "../interfaces/GuardedTypes.sol";
import {IWritModule} from "../interfaces/IWritModule.sol";
import {IWritSafeGuard} from "../interfaces/IWritSafeGuard.sol";
import {SafeCall} from "../interfaces/SafeTypes.sol";
import {Mode} from "../interfaces/WritTypes.sol";
import {Admission, Admissions, Waiting} from "../libraries/Admissions.sol";
import {Attestations} from "../libraries/Attestations.sol";
import {Attested} from "../libraries/Attested.sol";
import {Bounds} from "../libraries/Bounds.sol";
import {Digests} from "../libraries/Digests.sol";
import {Head} from "../libraries/Head.sol";
import {Holding, Holdings} from "../libraries/Holdings.sol";
import {NonceBitmap} from "../libraries/NonceBitmap.sol";
import {Records} from "../libraries/Records.sol";
import {SettingsState} from "../libraries/Settings.sol";
import {Suffix} from "../libraries/Suffix.sol";
import {ISafe, ISafeModuleGuard, ISafeTransactionGuard} from "./ISafe.sol";
import {SafeFrame, SafeFrames} from "./SafeFrames.sol";
import {SafeState} from "./SafeState.sol";
import {SafeTransaction} from "./SafeTransaction.sol";
import {WritSafeSettings} from "./WritSafeSettings.sol";
import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {
    IERC7579Hook,
    IERC7579Validator
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {EfficientHashLib} from "solady/utils/EfficientHashLib.sol";

/// @dev Of an ERC-7579 adapter.
interface IServesEntryPoint {
    function entryPoint() external view returns (address);
}

/// @title WritSafeGuard
/// @notice What executes from a Safe was attested by a quorum: this call, asked for by the owners or by this module, once, and
/// with no more leaving the Safe than attested.
///
/// ```
/// execTransaction ──> checkTransaction: suffix, presented or posted ──> call ──> checkAfterExecution: bounds, settings
/// a module ─────────> checkModuleTransaction: presented or posted ────> call ──> checkAfterModuleExecution
/// ```
///
/// Who sends an owners' transaction is not attested, so that anyone can relay it: the owners' signatures and the attestation both
/// are over the safeTxHash, which says who is refunded and how much at most.
///
/// An ERC-7579 adapter, itself a module of the Safe, is known to this contract for good (`ADAPTER`, `MODULE`). What it does to
/// validate an operation passes; what it executes passes while the WritModule has an attested operation of the Safe under way.
///
/// Not seen by any guard: ERC-1271 signatures of the Safe, and calls that anyone makes through its fallback handler, which
/// therefore cannot be replaced under enforcement.
contract WritSafeGuard is WritSafeSettings {
    uint8 private constant PRESENTED = 1;
    uint8 private constant POSTED = 2;

    uint8 private constant CALL = 0;
    uint8 private constant DELEGATECALL = 1;

    /// @inheritdoc IWritSafeGuard
    address public immutable ADAPTER;
    /// @inheritdoc IWritSafeGuard
    address public immutable MODULE;
    /// @inheritdoc IWritSafeGuard
    address public immutable ENTRY_POINT;

    /// @param adapter Of Safes that are ERC-7579 accounts, or zero.
    /// @param module The WritModule of the same accounts, or zero.
    constructor(address adapter, address module) {
        if ((adapter == address(0)) != (module == address(0))) revert NotInstalled(adapter);
        ADAPTER = adapter;
        MODULE = module;
        if (adapter != address(0)) ENTRY_POINT = IServesEntryPoint(adapter).entryPoint();
    }

    // ------------------------------------------------------------------ owners' transactions

    /// @inheritdoc ISafeTransactionGuard
    /// @dev 7562: not called in validation.
    function checkTransaction(
        address to,
        uint256 value,
        bytes calldata data,
        uint8 operation,
        uint256,
        uint256,
        uint256 gasPrice,
        address,
        address,
        bytes calldata signatures,
        address
    ) external {
        SettingsState storage settings = safes[msg.sender].settings;
        Head head = settings.head();
        // A refund would be paid to whoever it says, out of what no operator saw.
        bool setting = to == address(this) && operation == CALL && value == 0 && gasPrice == 0
            && _isSetting(bytes4(data));
        if (setting || (!head.isUsual() && _standsAside(settings, head))) {
            return SafeFrames.stepAside(msg.sender);
        }

        // The Safe has counted this transaction already.
        uint256 nonce = ISafe(msg.sender).nonce() - 1;
        bytes32 dataHash = EfficientHashLib.hashCalldata(data);
        bytes32 id = SafeTransaction.hash(msg.sender, dataHash, nonce);
        SafeCall memory call = SafeCall({
            safe: msg.sender,
            caller: msg.sender,
            target: to,
            value: value,
            callData: dataHash,
            operation: operation,
            context: id,
            nonce: uint64(nonce)
        });
        if (!_enter(head, call, bytes4(data), id, signatures)) SafeFrames.stepAside(msg.sender);
    }

    /// @inheritdoc ISafeTransactionGuard
    /// @dev 7562: not called in validation.
    function checkAfterExecution(bytes32 safeTxHash, bool) external {
        _leave(safeTxHash);
    }

    // ------------------------------------------------------------------ modules' transactions

    /// @inheritdoc ISafeModuleGuard
    /// @dev 7562: in validation the adapter alone calls, and what it does there needs no storage, transient or not.
    function checkModuleTransaction(
        address to,
        uint256 value,
        bytes calldata data,
        uint8 operation,
        address module
    ) external returns (bytes32 id) {
        if (module == ADAPTER && _validates(to, value, data, operation)) return 0;

        SettingsState storage settings = safes[msg.sender].settings;
        Head head = settings.head();
        if (!head.isUsual() && _standsAside(settings, head)) return 0;

        id = SafeFrames.nextId(msg.sender);
        SafeCall memory call = SafeCall({
            safe: msg.sender,
            caller: module,
            target: to,
            value: value,
            callData: EfficientHashLib.hashCalldata(data),
            operation: operation,
            context: 0,
            nonce: 0
        });
        if (module == ADAPTER && IWritModule(MODULE).isExecuting(msg.sender)) {
            // The module's hook holds the operation to its bounds; that it opens no way past this guard is for here.
            _open(head, call, bytes4(data), id, new Holding[](0));
        } else if (!_enter(head, call, bytes4(data), id, data[:0])) {
            id = 0;
        }
    }

    /// @inheritdoc ISafeModuleGuard
    /// @dev 7562: in validation the id is 0, and nothing is touched.
    function checkAfterModuleExecution(bytes32 id, bool) external {
        if (id != 0) _leave(id);
    }

    /// @inheritdoc IERC165
    /// @dev 7562: not called in validation.
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(ISafeTransactionGuard).interfaceId
            || interfaceId == type(ISafeModuleGuard).interfaceId
            || interfaceId == type(IERC165).interfaceId;
    }

    // ------------------------------------------------------------------ attestations

    /// @inheritdoc IWritSafeGuard
    /// @dev 7562: not called in validation.
    function present(SafeCall calldata call, bytes calldata attestation) external {
        _bring(call, PRESENTED, attestation);
    }

    /// @inheritdoc IWritSafeGuard
    /// @dev 7562: not called in validation.
    function post(SafeCall calldata call, bytes calldata attestation) external {
        _bring(call, POSTED, attestation);
    }

    /// @inheritdoc IWritSafeGuard
    /// @dev 7562: not called in validation.
    function checkCall(SafeCall calldata call, uint8 path, bytes calldata attestation)
        external
        view
    {
        _verify(_installed(call.safe), call, path, attestation);
    }

    /// @inheritdoc IWritSafeGuard
    /// @dev 7562: not called in validation.
    function checkAttached(SafeCall calldata call, bytes calldata signatures)
        external
        view
        returns (bool attached)
    {
        bytes calldata attestation;
        (attached, attestation) = _suffix(signatures);
        if (attached) _verify(_installed(call.safe), call, PRESENTED, attestation);
    }

    function _bring(SafeCall calldata call, uint8 path, bytes calldata attestation) private {
        Head head = _installed(call.safe);
        Guarded storage guarded = safes[call.safe];
        if (_standsAside(guarded.settings, head)) return;
        if (!head.isIn(Mode.Enforce)) {
            // Nothing may revert, and only a call of its own can be caught.
            try this.checkCall(call, path, attestation) {}
            catch (bytes memory failure) {
                return _wouldBlock(call.safe, call.caller, _reason(failure));
            }
        }
        (Attested given, bytes calldata bounds) = _verify(head, call, path, attestation);

        Waiting storage waiting = guarded.waiting[_callOf(head, call)];
        Admission admission =
            Admissions.pack(call.nonce, given.validUntil(), Suffix.sizeOf(bounds), bounds);
        if (path == PRESENTED) return Admissions.present(waiting, admission, bounds);

        Admission posted = waiting.admission;
        if (
            posted.validUntil() >= admission.validUntil()
                && !NonceBitmap.used(guarded.nonces[call.caller], posted.nonce())
        ) return;
        Admissions.post(waiting, admission, bounds);
        emit AttestationPosted(call.safe, call.caller, admission.validUntil(), call);
    }

    function _verify(Head head, SafeCall memory call, uint8 path, bytes calldata attestation)
        private
        view
        returns (Attested given, bytes calldata bounds)
    {
        // Of the owners' it is the Safe that keeps them.
        if (
            !_isOfOwners(call) && NonceBitmap.used(safes[call.safe].nonces[call.caller], call.nonce)
        ) revert NonceUsed(call.caller, call.nonce);
        CallAction memory action = CallAction({
            account: call.safe,
            caller: call.caller,
            target: call.target,
            value: call.value,
            callData: call.callData,
            path: path,
            operation: call.operation,
            context: call.context,
            nonce: call.nonce
        });
        return Attestations.requireAlone(
            head,
            Records.load(head.record(), head.operators()),
            Digests.callAction(action),
            attestation
        );
    }

    // ------------------------------------------------------------------ before

    /// @dev Admits a call, or refuses it.
    /// @param signatures Behind which the attestation may stand; empty for a module.
    /// @return opened Whether the check after the execution finds a frame. Without one nothing was admitted, in Observe.
    function _enter(
        Head head,
        SafeCall memory call,
        bytes4 selector,
        bytes32 id,
        bytes calldata signatures
    ) private returns (bool opened) {
        bool enforced = head.isIn(Mode.Enforce);
        Guarded storage guarded = safes[msg.sender];
        Admission admission;
        bytes memory bounds;
        bool stored;
        if (signatures.length != 0) {
            bool refused;
            (refused, admission, bounds) = _attached(head, enforced, call, signatures);
            if (refused) return false;
        }
        if (!admission.exists()) {
            (admission, stored, bounds) = Admissions.take(guarded.waiting[_callOf(head, call)]);
        }
        if (!admission.exists()) {
            if (enforced) revert CallNotAttested(call);
            _wouldBlock(msg.sender, call.caller, CallNotAttested.selector);
            return false;
        }
        if (block.timestamp > admission.validUntil()) {
            if (enforced) revert AttestationExpired(admission.validUntil(), block.timestamp);
            _wouldBlock(msg.sender, call.caller, AttestationExpired.selector);
            return false;
        }
        uint64 nonce = admission.nonce();
        bool fresh = _isOfOwners(call)
            ? SafeFrames.useNonce(msg.sender, nonce, uint256(nonce) + 1)
            : NonceBitmap.use(guarded.nonces[call.caller], nonce);
        if (!fresh) {
            if (enforced) revert NonceUsed(call.caller, nonce);
            _wouldBlock(msg.sender, call.caller, NonceUsed.selector);
            return false;
        }
        emit CallAdmitted(
            msg.sender, call.caller, call.target, nonce, stored ? POSTED : PRESENTED, call.callData
        );

        Holding[] memory holdings = Holdings.list(admission, bounds);
        for (uint256 i = 0; i < holdings.length; ++i) {
            Holding memory holding = holdings[i];
            (holding.known, holding.held) = _held(enforced, holding);
        }
        _open(head, call, selector, id, holdings);
        return true;
    }

    /// @dev What stands behind the owners' signatures, verified. In Observe what would be refused is logged.
    function _attached(Head head, bool enforced, SafeCall memory call, bytes calldata signatures)
        private
        returns (bool refused, Admission admission, bytes memory bounds)
    {
        if (!enforced) {
            try this.checkAttached(call, signatures) returns (bool attached_) {
                if (!attached_) return (false, admission, bounds);
            } catch (bytes memory failure) {
                _wouldBlock(msg.sender, call.caller, _reason(failure));
                return (true, admission, bounds);
            }
        }
        (bool attached, bytes calldata attestation) = _suffix(signatures);
        if (!attached) return (false, admission, bounds);
        (Attested given, bytes calldata packed) = _verify(head, call, PRESENTED, attestation);
        admission = Admissions.pack(call.nonce, given.validUntil(), Suffix.sizeOf(packed), packed);
        bounds = packed[Bounds.SIZE:];
    }

    /// @dev Opens the frame of a call that was admitted, with what of the Safe has to outlast it.
    function _open(
        Head head,
        SafeCall memory call,
        bytes4 selector,
        bytes32 id,
        Holding[] memory holdings
    ) private {
        SafeFrame memory frame;
        frame.enforced = head.isIn(Mode.Enforce);
        frame.holdings = holdings;
        if (call.operation == DELEGATECALL) {
            frame.state = SafeState.everything(msg.sender);
            // Code that lowers the Safe's nonce meanwhile runs no transaction again.
            uint256 next = ISafe(msg.sender).nonce();
            SafeFrames.useNonce(msg.sender, type(uint256).max, next);
        } else if (call.target == msg.sender) {
            frame.state = SafeState.doors(msg.sender);
            // Under no module guard a new module executes what it likes.
            if (
                selector == ISafe.enableModule.selector
                    && frame.state[SafeState.MODULE_GUARD_WORD]
                        != bytes32(uint256(uint160(address(this))))
            ) {
                if (frame.enforced) revert ForbiddenCall(selector);
                _wouldBlock(msg.sender, call.caller, ForbiddenCall.selector);
            }
        }
        if (SafeFrames.open(msg.sender, id, frame)) return;
        if (frame.enforced) revert FrameOpen();
        _wouldBlock(msg.sender, call.caller, FrameOpen.selector);
    }

    // ------------------------------------------------------------------ after

    function _leave(bytes32 id) private {
        (bool found, bool wasOpen, SafeFrame memory frame) = SafeFrames.close(msg.sender, id);
        if (!found && SafeFrames.stepBack(msg.sender)) return;
        SettingsState storage settings = safes[msg.sender].settings;
        Head head = settings.head();
        bool aside = _standsAside(settings, head);
        if (!wasOpen) {
            if (aside) return;
            if (head.isIn(Mode.Enforce)) revert NoFrame();
            return _wouldBlock(msg.sender, msg.sender, NoFrame.selector);
        }
        // Where a quorum ended enforcement in the meantime, the Safe may drop its guards as well.
        if (!aside && frame.state.length != 0) _checkState(frame);
        for (uint256 i = 0; i < frame.holdings.length; ++i) {
            _settle(frame.enforced, frame.holdings[i]);
        }
    }

    function _checkState(SafeFrame memory frame) private {
        bytes32 what = SafeState.changed(msg.sender, frame.state, address(this));
        if (what == 0) return;
        bool removed = what == "guard" || what == "moduleGuard";
        if (!frame.enforced) {
            return _wouldBlock(
                msg.sender,
                msg.sender,
                removed ? UninstallNotAllowed.selector : SafeChanged.selector
            );
        }
        if (removed) revert UninstallNotAllowed();
        revert SafeChanged(what);
    }

    /// @dev Holds what left of one asset against its bound.
    function _settle(bool enforced, Holding memory holding) private {
        if (!holding.known) return;
        // Of what was not there nothing can have left, so that it need not be asked for again.
        if (holding.held == 0 && holding.kind < Bounds.ALLOWANCE) return;
        (bool known, uint256 held) = _held(enforced, holding);
        if (!known) return;
        uint256 amount = Bounds.moved(holding.kind, holding.held, held);
        if (!Bounds.exceeds(holding.kind, amount, holding.maxOut)) return;
        if (enforced) revert BoundExceeded(holding.kind, holding.asset, holding.maxOut, amount);
        _wouldBlock(msg.sender, msg.sender, BoundExceeded.selector);
    }

    /// @dev What the Safe has of an asset now. In Observe what cannot be read is not judged.
    function _held(bool enforced, Holding memory holding)
        private
        returns (bool known, uint256 held)
    {
        (known, held) = holding.kind == Bounds.NATIVE
            ? (true, msg.sender.balance)
            : Bounds.tryMeasure(holding.kind, holding.asset, holding.extra, msg.sender);
        if (known) return (known, held);
        if (enforced) revert BalanceUnreadable(holding.asset);
        _wouldBlock(msg.sender, msg.sender, BalanceUnreadable.selector);
    }

    // ------------------------------------------------------------------ parts

    /// @dev What the adapter has the Safe do to validate an operation: ask the module, tell its hook, pay the EntryPoint.
    function _validates(address to, uint256 value, bytes calldata data, uint8 operation)
        private
        view
        returns (bool)
    {
        if (operation != CALL) return false;
        if (to == ENTRY_POINT) return data.length == 0;
        if (to != MODULE || value != 0) return false;
        bytes4 selector = bytes4(data);
        return selector == IERC7579Validator.validateUserOp.selector
            || selector == IERC7579Hook.preCheck.selector
            || selector == IERC7579Hook.postCheck.selector;
    }

    /// @dev The attestation alone, where one stands behind the owners' signatures.
    function _suffix(bytes calldata signatures)
        private
        pure
        returns (bool attached, bytes calldata attestation)
    {
        bytes calldata owners;
        (attached, owners,) = Suffix.split(signatures);
        attestation = signatures[owners.length:];
    }

    /// @dev A module's context is always 0, also where the Safe is a module of itself.
    function _isOfOwners(SafeCall memory call) private pure returns (bool) {
        return call.caller == call.safe && call.context != 0;
    }

    /// @dev Names a call of a Safe for one revision, so that the next one finds nothing.
    function _callOf(Head head, SafeCall memory call) private pure returns (bytes32) {
        return keccak256(
            abi.encode(
                head.revision(),
                call.caller,
                call.target,
                call.value,
                call.callData,
                call.operation,
                call.context,
                // Which one a module uses up, the call itself does not say.
                _isOfOwners(call) ? call.nonce : 0
            )
        );
    }

    function _installed(address safe) private view returns (Head head) {
        head = safes[safe].settings.head();
        if (head.revision() == 0) revert NotInstalled(safe);
    }

    function _reason(bytes memory failure) private pure returns (bytes4) {
        return failure.length < 4 ? MalformedAttestation.selector : bytes4(failure);
    }

    function _wouldBlock(address safe, address caller, bytes4 reason) private {
        emit CallWouldBlock(safe, caller, reason);
    }
}
