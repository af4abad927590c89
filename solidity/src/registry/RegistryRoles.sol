// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritOperators} from "../interfaces/IWritOperators.sol";
import {RegistryStorage} from "./RegistryStorage.sol";
import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {EIP7702Utils} from "@openzeppelin/contracts/account/utils/EIP7702Utils.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";

/// @title Who may do what: a timelock that owns, a guardian that stops, disputes that forfeit
abstract contract RegistryRoles is RegistryStorage, Ownable2Step, Pausable {
    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    address public guardian;

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    address public disputes;

    constructor(address owner, address guardian_) Ownable(owner) {
        _setGuardian(guardian_);
    }

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    function pause() external {
        if (msg.sender != guardian && msg.sender != owner()) revert NotAllowed(msg.sender);
        _pause();
    }

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    function unpause() external onlyOwner {
        _unpause();
    }

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    function setGuardian(address next) external onlyOwner {
        _setGuardian(next);
    }

    /// @inheritdoc IWritOperators
    /// @dev 7562: not called in validation.
    function setDisputes(address next) external onlyOwner {
        emit DisputesSet(disputes, next);
        disputes = next;
    }

    function _setGuardian(address next) private {
        emit GuardianSet(guardian, next);
        guardian = next;
    }

    /// @dev Every way to become owner ends here, giving ownership up included. That the owner is a timelock cannot be told
    /// from here; that it is not a key can.
    function _transferOwnership(address next) internal override {
        if (next.code.length == 0 || EIP7702Utils.fetchDelegate(next) != address(0)) {
            revert OwnerIsNoContract(next);
        }
        super._transferOwnership(next);
    }
}
