// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {IWritAccount} from "../interfaces/IWritAccount.sol";
import {IWritModule} from "../interfaces/IWritModule.sol";
import {RootConsents} from "./RootConsents.sol";
import {WritAccount} from "./WritAccount.sol";
import {ERC4337Utils} from "@openzeppelin/contracts/account/utils/ERC4337Utils.sol";
import {IEntryPoint, PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";

/// @title What an EIP-7702 account delegates to
/// @notice It binds whoever signs user operations for the account: the owner in the module's configuration, as an agent's
/// session key or a passkey. It does not bind the key that the account is made of. That key can send transactions, delegate to
/// other code, sign what contracts recover by themselves (ERC-2612), and remove the module's configuration in a transaction of
/// its own, now and always; what it can no longer do is to call the account's own `execute`.
///
/// Nothing is kept in the account: storage that other code left there means nothing here. Nor does a configuration that other
/// code left in the module: it counts from the key's signed consent on, and that consent replaces it. The consent ends with
/// what it was given to, so that an account which was away comes back to its own configuration or to none.
contract WritDelegate is WritAccount, RootConsents {
    /// @param entryPoint_ The only EntryPoint that the account serves.
    /// @param module_ The only validator and hook.
    constructor(IEntryPoint entryPoint_, IWritModule module_) WritAccount(entryPoint_, module_) {}

    /// @notice Puts the account under the module, as its key consented. Anyone may call: one signature serves one account, once,
    /// on one chain, for this implementation and for these bytes.
    /// @dev 7562: what the module's `onInstall` does, so not in an operation's own initCode where bundlers keep to the rules.
    /// @param installation What the module takes: `abi.encode(Configuration, PolicyReference[])`, canonically.
    /// @param signature `r ‖ s ‖ v` of the account's key over the implementation's `consentDigest`.
    function initializeWrit(bytes calldata installation, bytes calldata signature) external {
        if (_isInitialized()) revert AlreadyInitialized(address(this));
        // What is installed now, other code installed. Should the consent be none, nothing of this happened.
        _module.onUninstall("");
        _consents.giveConsent(keccak256(installation), signature);
        _install(installation);
    }

    /// @inheritdoc IWritAccount
    /// @dev 7562: no storage.
    function accountId() external pure returns (string memory) {
        return "writ.delegate.1.0.0";
    }

    /// @dev 7562: what the module touches, and a slot of the implementation associated with the account.
    function _validateUserOp(
        PackedUserOperation calldata userOp,
        bytes32 userOpHash,
        bytes calldata signature
    ) internal override returns (uint256) {
        if (!_consented()) return ERC4337Utils.SIG_VALIDATION_FAILED;
        return super._validateUserOp(userOp, userOpHash, signature);
    }

    function _checkExecutor() internal view override {
        _checkEntryPointOrSelf();
    }

    function _isInitialized() internal view override returns (bool) {
        return _consented() && super._isInitialized();
    }

    function _isInstalled(address account) internal view override returns (bool) {
        return _module.isInitialized(account);
    }

    function _removalsOf(address account) internal view override returns (uint64) {
        return _module.removalsOf(account);
    }

    function _consented() private view returns (bool given) {
        (given,) = _consents.consentOf(address(this));
    }
}
