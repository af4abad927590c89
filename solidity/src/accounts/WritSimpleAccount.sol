// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {IWritAccount} from "../interfaces/IWritAccount.sol";
import {IWritModule} from "../interfaces/IWritModule.sol";
import {WritAccount} from "./WritAccount.sol";
import {IEntryPoint} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";

/// @title What a live SimpleAccount of EntryPoint v0.7 or later is upgraded to
/// @notice Its owner upgrades it with `upgradeToAndCall(this implementation, initializeWrit(installation))`. Every function
/// that the account had keeps its selector, its arguments and its meaning, and stands under the module's hook if anything can
/// leave by it. So the owner's own calls are refused under Enforce, as every other way that no attestation opened, and come
/// back with the exit. Upgrading to other code ends the module's roles, which under Enforce needs the exit as well.
///
/// The owner of the account (`owner()`) and the owner in the module's configuration, who signs operations, settings and the
/// exit, may be two: then the account's own one is left with what the module lets through.
contract WritSimpleAccount is WritAccount, UUPSUpgradeable, Initializable {
    /// @notice Of the arrays that make a batch, one is longer than another.
    error WrongArrayLengths(uint256 targets, uint256 values, uint256 data);

    /// @notice Who owns the account itself.
    /// @dev Slot 0, where SimpleAccount keeps it; what it keeps beside it is Initializable's ERC-7201 namespace.
    address public owner;

    /// @param entryPoint_ The only EntryPoint that the account serves.
    /// @param module_ The only validator and hook.
    constructor(IEntryPoint entryPoint_, IWritModule module_) WritAccount(entryPoint_, module_) {
        _disableInitializers();
    }

    /// @notice Puts the account under the module: part of the upgrade, or the owner's next call after it. Until then nothing
    /// validates, and the owner's own calls go through.
    /// @dev 7562: not called in validation. Reverts with the module's `AlreadyInstalled` while it is installed.
    /// @param installation What the module takes: `abi.encode(Configuration, PolicyReference[])`, canonically.
    function initializeWrit(bytes calldata installation) external reinitializer(_nextVersion()) {
        _checkOwnerOrSelf();
        _install(installation);
    }

    /// @notice Calls one after the other, all or none. No values at all means that each is zero.
    /// @dev 7562: not called in validation. As SimpleAccount of EntryPoint v0.7 has it.
    function executeBatch(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata data
    ) external hooked {
        _checkExecutor();
        if (targets.length != data.length || (values.length != 0 && values.length != data.length)) {
            revert WrongArrayLengths(targets.length, values.length, data.length);
        }
        for (uint256 i = 0; i < targets.length; ++i) {
            uint256 value = values.length == 0 ? 0 : values[i];
            if (!LowLevelCall.callNoReturn(targets[i], value, data[i])) {
                LowLevelCall.bubbleRevert();
            }
        }
    }

    /// @notice What the account has at the EntryPoint, in wei.
    /// @dev 7562: not called in validation.
    function getDeposit() external view returns (uint256) {
        return entryPoint().balanceOf(address(this));
    }

    /// @notice Adds what comes along to the account's deposit. Anyone may call.
    /// @dev 7562: not called in validation. Nothing of the account's own leaves it: no hook.
    function addDeposit() external payable {
        entryPoint().depositTo{value: msg.value}(address(this));
    }

    /// @notice Withdraws from the account's deposit at the EntryPoint.
    /// @dev 7562: not called in validation. No bound measures the deposit: whether an attested operation may do this is for the
    /// policy to say.
    /// @param amount In wei.
    function withdrawDepositTo(address payable withdrawAddress, uint256 amount) external hooked {
        _checkOwnerOrSelf();
        entryPoint().withdrawTo(withdrawAddress, amount);
    }

    /// @inheritdoc UUPSUpgradeable
    /// @notice Also ends the module's roles. Under Enforce the module then refuses the operation as a whole, whatever the new
    /// code is and whatever it says of itself; so the exit comes first, or a quorum's consent to Off.
    /// @dev 7562: not called in validation.
    function upgradeToAndCall(address newImplementation, bytes memory data)
        public
        payable
        override
        hooked
    {
        super.upgradeToAndCall(newImplementation, data);
    }

    /// @inheritdoc IWritAccount
    /// @dev 7562: no storage.
    function accountId() external pure returns (string memory) {
        return "writ.simple-account.1.0.0";
    }

    /// @dev Before the code changes, while the account still answers for both roles: the module then ends both.
    function _authorizeUpgrade(address) internal override {
        _checkOwnerOrSelf();
        _module.onUninstall("");
    }

    function _checkExecutor() internal view override {
        if (msg.sender != address(entryPoint()) && msg.sender != owner) {
            revert AccountUnauthorized(msg.sender);
        }
    }

    function _checkOwnerOrSelf() private view {
        if (msg.sender != owner && msg.sender != address(this)) {
            revert AccountUnauthorized(msg.sender);
        }
    }

    /// @dev Grows with every installation, since an account may leave and come back. Zero is what an account has that was
    /// never initialized, or that keeps this number and its owner elsewhere, as those of EntryPoint v0.6 do.
    function _nextVersion() private view returns (uint64) {
        uint64 version = _getInitializedVersion();
        if (version == 0 || version == type(uint64).max) revert InvalidInitialization();
        return version + 1;
    }
}
