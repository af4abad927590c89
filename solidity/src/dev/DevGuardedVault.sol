// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {WritGuarded} from "../WritGuarded.sol";
import {Configuration, PolicyReference} from "../interfaces/WritTypes.sol";
import {DevVault} from "./DevVault.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";

/// @title DevGuardedVault
/// @notice DEVELOPMENT ONLY. The next version of `DevVault`: what comes in and what changes hands needs an attestation, what
/// goes out to its owner does not.
/// @dev `Multicall` lets an account without code present and call in one transaction.
contract DevGuardedVault is DevVault, Multicall, WritGuarded {
    constructor(IERC20 asset_) DevVault(asset_) {}

    /// @notice Puts the vault under its first policy, in the transaction that upgrades it.
    /// @dev 7562: not called in validation.
    function initializeGuard(Configuration calldata first, PolicyReference[] calldata policies)
        external
        onlyOwner
        reinitializer(2)
    {
        __WritGuarded_init(first, policies);
    }

    /// @inheritdoc IERC20
    function transfer(address to, uint256 value)
        public
        override(ERC20, IERC20)
        attested
        returns (bool)
    {
        return super.transfer(to, value);
    }

    /// @inheritdoc IERC20
    function transferFrom(address from, address to, uint256 value)
        public
        override(ERC20, IERC20)
        attested
        returns (bool)
    {
        return super.transferFrom(from, to, value);
    }

    /// @dev Behind deposit and mint.
    function _deposit(address caller, address receiver, uint256 assets, uint256 shares)
        internal
        override
        attested
    {
        super._deposit(caller, receiver, assets, shares);
    }

    /// @dev An upgrade could remove the guard: so it needs an attestation, or the exit delay. Attestations were for what the
    /// former functions do.
    function _authorizeUpgrade(address next) internal override attested {
        super._authorizeUpgrade(next);
        _revokeAttestations();
    }

    function _authorizeWrit(address caller) internal view override {
        _checkOwner(caller);
    }
}
