// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritAccount} from "../interfaces/IWritAccount.sol";
import {IWritModule} from "../interfaces/IWritModule.sol";
import {Configuration} from "../interfaces/WritTypes.sol";
import {Account as ERC4337Account} from "@openzeppelin/contracts/account/Account.sol";
import {
    IAccount,
    IEntryPoint,
    PackedUserOperation
} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    Execution,
    MODULE_TYPE_HOOK,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {ERC1155Holder} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Holder.sol";
import {IERC721Receiver} from "@openzeppelin/contracts/token/ERC721/IERC721Receiver.sol";
import {ERC721Holder} from "@openzeppelin/contracts/token/ERC721/utils/ERC721Holder.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";

/// @title An account with the module built in
/// @notice The module is a constant of the code: it validates every operation, and no function that lets anything leave the
/// account runs without its hook, whoever calls. Owner, modes, attestations, bounds, exit and evidence are the module's, and
/// nothing of them is kept here.
/// @dev It has no storage of its own. There is no `isValidSignature` (ERC-1271): what such a signature moves, Permit2 among it,
/// no hook sees.
abstract contract WritAccount is IWritAccount, ERC4337Account, ERC721Holder, ERC1155Holder {
    IEntryPoint private immutable _entryPoint;
    IWritModule internal immutable _module;

    /// @dev The module looks before, and after; what it measured goes through memory.
    modifier hooked() {
        bytes memory hookData = _preCheck();
        _;
        _module.postCheck(hookData);
    }

    /// @param entryPoint_ The only EntryPoint that the account serves.
    /// @param module_ The only validator and hook.
    constructor(IEntryPoint entryPoint_, IWritModule module_) {
        if (!module_.isModuleType(MODULE_TYPE_VALIDATOR) || !module_.isModuleType(MODULE_TYPE_HOOK))
        {
            revert NotTheModule(address(module_));
        }
        _entryPoint = entryPoint_;
        _module = module_;
    }

    /// @notice Calls a contract, or sends native currency.
    /// @dev 7562: not called in validation.
    /// @param value In wei, of the account's own.
    function execute(address target, uint256 value, bytes calldata data) external hooked {
        _checkExecutor();
        if (!LowLevelCall.callNoReturn(target, value, data)) LowLevelCall.bubbleRevert();
    }

    /// @notice Calls one after the other, all or none.
    /// @dev 7562: not called in validation.
    function executeBatch(Execution[] calldata calls) external hooked {
        _checkExecutor();
        for (uint256 i = 0; i < calls.length; ++i) {
            Execution calldata call = calls[i];
            if (LowLevelCall.callNoReturn(call.target, call.value, call.callData)) continue;
            if (calls.length == 1) LowLevelCall.bubbleRevert();
            revert ExecuteError(i, LowLevelCall.returnData());
        }
    }

    /// @notice The only EntryPoint that the account serves.
    /// @dev 7562: no storage.
    function entryPoint() public view override returns (IEntryPoint) {
        return _entryPoint;
    }

    /// @inheritdoc IWritAccount
    /// @dev 7562: no storage.
    function writModule() external view returns (address) {
        return address(_module);
    }

    /// @inheritdoc IWritAccount
    /// @dev 7562: not called in validation.
    function isModuleInstalled(uint256 moduleTypeId, address module, bytes calldata)
        external
        view
        returns (bool)
    {
        return module == address(_module)
            && (moduleTypeId == MODULE_TYPE_VALIDATOR || moduleTypeId == MODULE_TYPE_HOOK)
            && _isInitialized();
    }

    /// @notice ERC-165.
    /// @dev 7562: no storage.
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IERC721Receiver).interfaceId
            || interfaceId == type(IAccount).interfaceId || super.supportsInterface(interfaceId);
    }

    /// @dev Who may call `execute` and `executeBatch`, provided that the hook lets them.
    function _checkExecutor() internal view virtual;

    /// @dev Whether the module has a configuration that counts for this account.
    function _isInitialized() internal view virtual returns (bool) {
        return _module.isInitialized(address(this));
    }

    /// @dev Installs the module in both roles: reverts as it does, which where it is installed is `AlreadyInstalled`.
    /// @param installation `abi.encode(Configuration, PolicyReference[])`.
    function _install(bytes calldata installation) internal {
        _module.onInstall(installation);
        _module.onInstall("");
        (Configuration memory configured,) = _module.configurationOf(address(this));
        address served = address(_entryPoint);
        if (configured.entryPoint != served) {
            revert EntryPointMismatch(configured.entryPoint, served);
        }
    }

    /// @inheritdoc ERC4337Account
    function _validateUserOp(
        PackedUserOperation calldata userOp,
        bytes32 userOpHash,
        bytes calldata
    ) internal virtual override returns (uint256) {
        return _module.validateUserOp(userOp, userOpHash);
    }

    /// @dev No signature counts but what the module validates.
    function _rawSignatureValidation(bytes32, bytes calldata)
        internal
        pure
        override
        returns (bool)
    {
        return false;
    }

    function _preCheck() private returns (bytes memory) {
        return _module.preCheck(msg.sender, msg.value, msg.data);
    }
}
