// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {IERC20Metadata} from "@openzeppelin/contracts/interfaces/IERC20Metadata.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";

/// @title DevVault
/// @notice DEVELOPMENT ONLY. An ERC-4626 vault behind an ERC-1967 proxy, as it lived before it had a policy.
/// @dev The asset is an immutable of the implementation: a later version is constructed with the same one.
contract DevVault is ERC4626, Initializable, UUPSUpgradeable {
    /// @notice Who upgrades.
    address public owner;

    /// @notice Only the owner may do this.
    error NotOwner(address caller);

    modifier onlyOwner() {
        _checkOwner(msg.sender);
        _;
    }

    constructor(IERC20 asset_) ERC20("", "") ERC4626(asset_) {
        _disableInitializers();
    }

    /// @notice Gives the vault its owner, once, in the transaction that deploys the proxy.
    /// @dev 7562: not called in validation.
    function initialize(address owner_) external initializer {
        owner = owner_;
    }

    /// @inheritdoc IERC20Metadata
    /// @dev A constant: the constructor writes to the implementation's storage, which no proxy sees.
    function name() public pure override(ERC20, IERC20Metadata) returns (string memory) {
        return "Dev Vault";
    }

    /// @inheritdoc IERC20Metadata
    function symbol() public pure override(ERC20, IERC20Metadata) returns (string memory) {
        return "DVLT";
    }

    function _authorizeUpgrade(address) internal virtual override onlyOwner {}

    function _checkOwner(address caller) internal view {
        if (caller != owner) revert NotOwner(caller);
    }
}
