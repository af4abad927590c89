// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritOperators} from "../interfaces/IWritOperators.sol";
import {Operator} from "../interfaces/OperatorTypes.sol";
import {RegistryEpochs} from "./RegistryEpochs.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Where bonds go: back to who paid them, or forfeited
/// @notice Bonds are native currency: no token's issuer, fees or pauses stand between an operator and its bond, or between
/// its bond and who is owed of it.
abstract contract RegistryBonds is RegistryEpochs {
    /// @dev The reporter gets one part of so many.
    uint256 private constant REPORTER_PARTS = 4;

    uint48 private constant NEVER = type(uint48).max;

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    function withdraw(address to) external {
        Operator storage operator = operators[msg.sender];
        if (operator.signer == address(0)) revert NotJoined(msg.sender);
        if (operator.leftAt == 0) revert NotLeaving(msg.sender);
        if (to == address(0)) revert ZeroRecipient();
        uint48 readyAt = _withdrawableAt(operator);
        if (block.timestamp < readyAt) {
            revert NotWithdrawable(msg.sender, readyAt, block.timestamp);
        }

        uint256 bond = operator.bond;
        delete operators[msg.sender];
        emit Withdrawn(msg.sender, to, bond);
        Address.sendValue(payable(to), bond);
    }

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    function forfeit(address operator, uint256 amount, address reporter)
        external
        returns (uint256 taken)
    {
        if (msg.sender != disputes && msg.sender != owner()) revert NotAllowed(msg.sender);
        Operator storage stored = operators[operator];
        taken = Math.min(amount, stored.bond);
        if (taken == 0) revert NothingToForfeit(operator);

        uint256 reward = reporter == address(0) ? 0 : taken / REPORTER_PARTS;
        stored.bond -= uint128(taken);
        owed[reporter] += reward;
        owed[BENEFICIARY] += taken - reward;
        emit Forfeited(operator, msg.sender, reporter, taken, reward);
    }

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    function collect(address recipient) external {
        uint256 amount = owed[recipient];
        if (amount == 0) revert NothingOwed(recipient);
        owed[recipient] = 0;
        emit Collected(recipient, amount);
        Address.sendValue(payable(recipient), amount);
    }

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    function withdrawableAt(address operator) external view returns (uint48) {
        return _withdrawableAt(operators[operator]);
    }

    /// @dev An operator answers with its bond for as long as its signatures can count, and for the leave delay after. Its set
    /// can be that of an account until the exit delay after the next one was published, and for the grace after that. A
    /// revoked key counts nowhere at once: so an operator can always end its service by revoking its own, and no owner and
    /// no pause can hold its bond by publishing nothing.
    function _withdrawableAt(Operator storage operator) private view returns (uint48) {
        uint256 leftAt = operator.leftAt;
        if (leftAt == 0) return NEVER;
        uint64 last = operator.lastEpoch;
        uint256 served = last == 0 ? 0 : _servedUntil(last, keys[operator.seatedSigner].revokedAt);
        if (served == NEVER) return NEVER;
        return uint48(Math.max(leftAt, served) + LEAVE_DELAY);
    }

    function _servedUntil(uint64 last, uint256 revokedAt) private view returns (uint256 served) {
        uint256 overlap = uint256(COVERED_EXIT_DELAY) + GRACE;
        served = last == latestEpoch ? NEVER : epochs[last + 1].publishedAt + overlap;
        if (revokedAt == 0) return served;
        // With another key it may be in sets before, all of which had a successor when the last one was published.
        return Math.min(served, Math.max(revokedAt, epochs[last].publishedAt + overlap));
    }
}
