// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {WritGuardedSettings} from "./WritGuardedSettings.sol";
import {CallAction, GuardedCall} from "./interfaces/GuardedTypes.sol";
import {IWritGuarded} from "./interfaces/IWritGuarded.sol";
import {Mode} from "./interfaces/WritTypes.sol";
import {Admission, Admissions, Waiting} from "./libraries/Admissions.sol";
import {Attested} from "./libraries/Attested.sol";
import {Bounds} from "./libraries/Bounds.sol";
import {Digests} from "./libraries/Digests.sol";
import {Head} from "./libraries/Head.sol";
import {Holding, Holdings} from "./libraries/Holdings.sol";
import {NonceBitmap} from "./libraries/NonceBitmap.sol";
import {Suffix} from "./libraries/Suffix.sol";
import {EfficientHashLib} from "solady/utils/EfficientHashLib.sol";

/// @title WritGuarded
/// @notice Inherited by a contract, it lets the functions that have the modifier `attested` run only as a quorum of operators
/// attested: this caller, these bytes, this value, once, and with no more leaving the contract than attested.
///
/// ```
/// present ──> transient ─┐
///                        ├─> attested: the actual call, its nonce ──> function ──> bounds
/// post ─────> storage ───┘
/// ```
///
/// To put a live contract under it: inherit it last, give the modifier to the functions that shall need an attestation,
/// say in `_authorizeWrit` who may change settings, and call `__WritGuarded_init` from a reinitializer in the same
/// transaction as the upgrade. No slot moves, no signature changes, nothing is kept in the constructor.
///
/// - Until it is configured every guarded function refuses, one that upgrades included: configure in the upgrade itself.
/// - Leave ways out (withdraw, redeem, repay) without the modifier: who put something in gets it out without operators.
/// - Guard the function that upgrades (UUPS), as an upgrade can remove the guard, and revoke in it. Where the proxy upgrades
///   itself (transparent, beacon) its admin is beyond the guard.
/// - One attestation admits one frame: a guarded function that runs another guarded function by an internal call needs what
///   it cannot get, and is refused. Give the modifier to one of them.
/// - A function that ends by `return` in assembly skips the bounds.
/// - Inside a payable multicall every call sees the value of the whole: guard no payable function of a contract that has one.
/// - Functions that are not guarded are not covered, nor is what guarded ones call elsewhere, except by bounds.
/// - The caller is `msg.sender`. Of a forwarder (ERC-2771) or a router it is that contract: the signer is in the calldata only if
///   the contract puts it there, and whoever can make it call can spend and invalidate its nonces.
abstract contract WritGuarded is WritGuardedSettings {
    uint8 private constant PRESENTED = 1;
    uint8 private constant POSTED = 2;

    /// @dev Admits the call that is being made, or refuses it; and holds it to its bounds.
    modifier attested() {
        Holding[] memory holdings = _writEnter();
        _;
        _writLeave(holdings);
    }

    /// @inheritdoc IWritGuarded
    /// @dev 7562: not called in validation.
    function present(GuardedCall calldata expected, bytes calldata attestation) external {
        _writBring(msg.sender, expected, PRESENTED, attestation);
    }

    /// @inheritdoc IWritGuarded
    /// @dev 7562: not called in validation.
    function post(address caller, GuardedCall calldata expected, bytes calldata attestation)
        external
    {
        _writBring(caller, expected, POSTED, attestation);
    }

    /// @inheritdoc IWritGuarded
    /// @dev 7562: not called in validation.
    function invalidateNonces(uint256 word, uint256 mask) external {
        _writGuard().nonces[msg.sender][word] |= mask;
        emit NoncesInvalidated(msg.sender, word, mask);
    }

    /// @inheritdoc IWritGuarded
    /// @dev 7562: not called in validation.
    function nonceBitmap(address caller, uint256 word) external view returns (uint256) {
        return _writGuard().nonces[caller][word];
    }

    /// @inheritdoc IWritGuarded
    /// @dev 7562: not called in validation.
    function checkCall(
        address caller,
        GuardedCall calldata expected,
        uint8 path,
        bytes calldata attestation
    ) external view {
        _writVerify(_writInstalled().settings.head(), caller, expected, path, attestation);
    }

    /// @dev What else an attestation binds, read when the call comes: for a contract whose functions mean something else when
    /// its state does. What is presented or posted says the same, or admits nothing.
    function _writContext() internal view virtual returns (bytes32) {
        return 0;
    }

    function _writBring(
        address caller,
        GuardedCall calldata expected,
        uint8 path,
        bytes calldata attestation
    ) private {
        Guard storage guard = _writInstalled();
        Head head = guard.settings.head();
        if (_writStandsAside(guard, head)) return;
        if (!head.isIn(Mode.Enforce) && !_writWouldVerify(caller, expected, path, attestation)) {
            return;
        }
        (Attested given, bytes calldata bounds) =
            _writVerify(head, caller, expected, path, attestation);
        _writAdmit(guard, head, caller, expected, path, given, bounds);
    }

    /// @dev In Observe nothing may revert, and only a call of its own can be caught.
    function _writWouldVerify(
        address caller,
        GuardedCall calldata expected,
        uint8 path,
        bytes calldata attestation
    ) private returns (bool) {
        try this.checkCall(caller, expected, path, attestation) {
            return true;
        } catch (bytes memory failure) {
            bytes4 reason = failure.length < 4 ? MalformedAttestation.selector : bytes4(failure);
            emit CallWouldBlock(caller, msg.sig, reason);
            return false;
        }
    }

    function _writVerify(
        Head head,
        address caller,
        GuardedCall calldata expected,
        uint8 path,
        bytes calldata attestation
    ) private view returns (Attested given, bytes calldata bounds) {
        if (NonceBitmap.used(_writGuard().nonces[caller], expected.nonce)) {
            revert NonceUsed(caller, expected.nonce);
        }
        CallAction memory action = CallAction({
            account: address(this),
            caller: caller,
            target: address(this),
            value: expected.value,
            callData: expected.callData,
            path: path,
            operation: 0,
            context: expected.context,
            nonce: expected.nonce
        });
        return _writRequireQuorum(head, Digests.callAction(action), attestation);
    }

    function _writAdmit(
        Guard storage guard,
        Head head,
        address caller,
        GuardedCall calldata expected,
        uint8 path,
        Attested given,
        bytes calldata bounds
    ) private {
        Waiting storage waiting = guard.waiting[
            Admissions.callOf(
                head.revision(), caller, expected.value, expected.callData, expected.context
            )
        ];
        Admission admission =
            Admissions.pack(expected.nonce, given.validUntil(), Suffix.sizeOf(bounds), bounds);
        if (path == PRESENTED) return Admissions.present(waiting, admission, bounds);

        Admission posted = waiting.admission;
        if (
            posted.validUntil() >= admission.validUntil()
                && !NonceBitmap.used(guard.nonces[caller], posted.nonce())
        ) return;
        Admissions.post(waiting, admission, bounds);
        emit AttestationPosted(caller, expected.nonce, admission.validUntil(), expected);
    }

    function _writEnter() private returns (Holding[] memory holdings) {
        Guard storage guard = _writGuard();
        Head head = guard.settings.head();
        bool enforced = head.isUsual();
        if (!enforced) {
            if (head.revision() == 0) revert NotInstalled(address(this));
            if (_writStandsAside(guard, head)) return holdings;
            enforced = head.isIn(Mode.Enforce);
        }

        bytes32 callData = EfficientHashLib.hashCalldata(msg.data);
        bytes32 context = _writContext();
        (Admission admission, bool stored, bytes memory bounds) = Admissions.take(
            guard.waiting[Admissions.callOf(
                    head.revision(), msg.sender, msg.value, callData, context
                )]
        );
        if (!admission.exists()) {
            if (enforced) revert CallNotAttested(msg.sender, msg.value, callData, context);
            _writWouldBlock(CallNotAttested.selector);
            return holdings;
        }
        if (block.timestamp > admission.validUntil()) {
            if (enforced) revert AttestationExpired(admission.validUntil(), block.timestamp);
            _writWouldBlock(AttestationExpired.selector);
            return holdings;
        }
        uint64 nonce = admission.nonce();
        if (!NonceBitmap.use(guard.nonces[msg.sender], nonce)) {
            if (enforced) revert NonceUsed(msg.sender, nonce);
            _writWouldBlock(NonceUsed.selector);
            return holdings;
        }
        emit CallAdmitted(msg.sender, nonce, stored ? POSTED : PRESENTED, callData);

        holdings = Holdings.list(admission, bounds);
        for (uint256 i = 0; i < holdings.length; ++i) {
            Holding memory holding = holdings[i];
            (holding.known, holding.held) = _writHeld(enforced, holding);
        }
    }

    function _writLeave(Holding[] memory holdings) private {
        if (holdings.length == 0) return;
        Guard storage guard = _writGuard();
        Head head = guard.settings.head();
        bool enforced = head.isIn(Mode.Enforce) && !_writStandsAside(guard, head);
        for (uint256 i = 0; i < holdings.length; ++i) {
            Holding memory holding = holdings[i];
            if (!holding.known) continue;
            // Of what was not there nothing can have left, so that it need not be asked for again.
            if (holding.held == 0 && holding.kind < Bounds.ALLOWANCE) continue;
            (bool known, uint256 held) = _writHeld(enforced, holding);
            if (!known) continue;
            uint256 amount = Bounds.moved(holding.kind, holding.held, held);
            if (!Bounds.exceeds(holding.kind, amount, holding.maxOut)) continue;
            if (enforced) {
                revert BoundExceeded(holding.kind, holding.asset, holding.maxOut, amount);
            }
            _writWouldBlock(BoundExceeded.selector);
        }
    }

    /// @dev What is held of an asset now. In Observe what cannot be read is not judged.
    function _writHeld(bool enforced, Holding memory holding)
        private
        returns (bool known, uint256 held)
    {
        (known, held) = Holdings.measure(holding);
        if (known) return (known, held);
        if (enforced) revert BalanceUnreadable(holding.asset);
        _writWouldBlock(BalanceUnreadable.selector);
    }

    function _writWouldBlock(bytes4 reason) private {
        emit CallWouldBlock(msg.sender, msg.sig, reason);
    }
}
