// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {
    IStatelessValidator,
    MODULE_TYPE_STATELESS_VALIDATOR
} from "../interfaces/IStatelessValidator.sol";
import {IWritOwnerValidator} from "../interfaces/IWritOwnerValidator.sol";
import {IERC7579Module} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {ERC165, IERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";

/// @title What Writ's owner checks share: they keep nothing, belong to nobody and can be asked by anyone
abstract contract StatelessValidator is IWritOwnerValidator, ERC165 {
    /// @inheritdoc IERC7579Module
    /// @notice Nothing to install: who owns is told with every question.
    /// @dev 7562: no storage.
    function onInstall(bytes calldata) external pure {}

    /// @inheritdoc IERC7579Module
    /// @notice Nothing to remove.
    /// @dev 7562: no storage.
    function onUninstall(bytes calldata) external pure {}

    /// @inheritdoc IERC7579Module
    /// @notice Stateless validator only.
    /// @dev 7562: no storage.
    function isModuleType(uint256 moduleTypeId) external pure returns (bool) {
        return moduleTypeId == MODULE_TYPE_STATELESS_VALIDATOR;
    }

    /// @inheritdoc IERC165
    /// @dev 7562: no storage.
    function supportsInterface(bytes4 interfaceId)
        public
        view
        override(ERC165, IERC165)
        returns (bool)
    {
        return interfaceId == type(IWritOwnerValidator).interfaceId
            || interfaceId == type(IStatelessValidator).interfaceId
            || interfaceId == type(IERC7579Module).interfaceId
            || super.supportsInterface(interfaceId);
    }
}
