// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IDevAccount} from "../utils/Contracts.sol";
import {WritTest} from "../utils/WritTest.sol";
import {IEntryPoint, PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    IERC7579ModuleConfig,
    MODULE_TYPE_FALLBACK,
    MODULE_TYPE_HOOK
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {Vm} from "forge-std/Vm.sol";
import {Configuration} from "writ/interfaces/WritTypes.sol";

/// @title What differs between kinds of accounts: how one comes to be, takes modules, and is spoken to
abstract contract AccountKind is WritTest {
    bool private _deployed;

    bytes1 internal constant CALL_TYPE_SINGLE = 0x00;
    bytes1 internal constant CALL_TYPE_DELEGATE = 0xff;

    /// @dev Implementations and factories, once.
    function deployKind() internal virtual;

    /// @dev An account with this validator, and with this hook unless it is zero.
    function create(address validator, bytes memory data, address hook)
        internal
        virtual
        returns (address);

    /// @dev The nonce key of a validator, with a number of the user's own.
    function nonceKey(address validator, uint16 key) internal view virtual returns (uint192);

    /// @dev What an operation's calldata must be, so that the account is called with `accountCall` under the hook.
    function wrap(bytes memory accountCall) internal view virtual returns (bytes memory) {
        return accountCall;
    }

    /// @dev A call of the account that installs a module, under the module as hook where that is decided for each.
    function installation(uint256 moduleType, address installed, bytes memory data)
        internal
        view
        virtual
        returns (bytes memory)
    {
        return abi.encodeCall(IERC7579ModuleConfig.installModule, (moduleType, installed, data));
    }

    /// @dev Data that installs a fallback handler for a selector.
    function fallbackData(bytes4 selector, bytes1 callType)
        internal
        view
        virtual
        returns (bytes memory)
    {
        return abi.encodePacked(selector, callType);
    }

    /// @dev A call of the account that removes a module.
    function removal(uint256 moduleType, address removed)
        internal
        view
        virtual
        returns (bytes memory);

    /// @dev What the account is asked about a hook beside its address.
    function hookContext() internal pure virtual returns (bytes memory) {
        return "";
    }

    function hasHook(address hook) internal view virtual returns (bool) {
        return account.isModuleInstalled(MODULE_TYPE_HOOK, hook, hookContext());
    }

    /// @dev An ERC-1271 signature of the account through a validator.
    function signatureThrough(address validator, bytes memory signature)
        internal
        view
        virtual
        returns (bytes memory)
    {
        return abi.encodePacked(validator, signature);
    }

    // ------------------------------------------------------------------ as `WritTest` asks for it

    function newAccount(Configuration memory c)
        internal
        virtual
        override
        returns (IDevAccount created)
    {
        if (!_deployed) deployKind();
        _deployed = true;
        created = IDevAccount(
            payable(create(address(module), abi.encode(c, policies()), address(module)))
        );
        fund(address(created));
    }

    function nonceOf(address who, uint32 key) internal view override returns (uint256) {
        return entryPoint.getNonce(who, nonceKey(address(module), uint16(key)));
    }

    function operation(IDevAccount who, uint32 key, bytes memory accountCall)
        internal
        view
        override
        returns (PackedUserOperation memory)
    {
        return super.operation(who, key, wrap(accountCall));
    }

    // ------------------------------------------------------------------ bundles that may fail

    /// @dev Whether the bundle was included.
    function included(PackedUserOperation[] memory ops) internal returns (bool success) {
        vm.prank(bundler, bundler);
        (success,) = address(entryPoint).call(abi.encodeCall(IEntryPoint.handleOps, (ops, bundler)));
    }

    /// @dev Whether the operation was included and its execution succeeded.
    function ran(PackedUserOperation memory op) internal returns (bool) {
        vm.recordLogs();
        if (!included(one(op))) return false;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IEntryPointEvents.UserOperationEvent.selector) continue;
            (, bool success,,) = abi.decode(logs[i].data, (uint256, bool, uint256, uint256));
            return success;
        }
        return false;
    }

    function runs(bytes memory accountCall) internal returns (bool) {
        return ran(attested(operation(account, 0, accountCall)));
    }

    /// @dev Installs by an attested operation.
    function install(uint256 moduleType, address installed, bytes memory data)
        internal
        returns (bool)
    {
        return runs(installation(moduleType, installed, data));
    }

    function installFallback(bytes4 selector, address handler, bytes1 callType)
        internal
        returns (bool)
    {
        return install(MODULE_TYPE_FALLBACK, handler, fallbackData(selector, callType));
    }
}

interface IEntryPointEvents {
    event UserOperationEvent(
        bytes32 indexed userOpHash,
        address indexed sender,
        address indexed paymaster,
        uint256 nonce,
        bool success,
        uint256 actualGasCost,
        uint256 actualGasUsed
    );
}
