// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {LensMatrix} from "../../lens/LensMatrix.sol";
import {IDevAccount} from "../../utils/Contracts.sol";
import {IPublishedSafe} from "../../utils/Safes.sol";
import {Facts} from "../Facts.sol";
import {Published} from "../Published.sol";
import {SafeFacts} from "../facts/Safe7579.sol";
import {Lists} from "./Lists.sol";
import {ModuleSetup} from "./Reference.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    IERC7579ModuleConfig,
    MODULE_TYPE_FALLBACK,
    MODULE_TYPE_HOOK,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {KnownKind} from "writ/lens/IWritLens.sol";
import {ISafe} from "writ/safe/ISafe.sol";

interface ISafeProxyFactory {
    function createProxyWithNonce(address singleton, bytes calldata initializer, uint256 nonce)
        external
        returns (address);
}

interface ISafe7579Launchpad {
    function addSafe7579(
        address safe7579,
        ModuleSetup[] calldata validators,
        ModuleSetup[] calldata executors,
        ModuleSetup[] calldata fallbacks,
        ModuleSetup[] calldata hooks,
        address[] calldata attesters,
        uint8 threshold
    ) external;
}

interface ISafe7579 {
    function getSafeOp(PackedUserOperation calldata op, address entryPoint)
        external
        view
        returns (bytes memory data, uint48 validAfter, uint48 validUntil, bytes memory signatures);
}

/// @title A Safe with the adapter Safe7579 1.0.0 as its module and fallback handler, set up with it
abstract contract SafeKind is LensMatrix {
    string private constant FILE = "Safe7579Precompiles";
    uint256 internal constant SAFE_OWNER_KEY = 0x5AFE;

    address internal singleton;
    address internal factory;
    address internal adapter;
    address internal launchpad;
    uint256 private _salt;

    function kind() internal pure override returns (KnownKind) {
        return KnownKind.Safe7579;
    }

    function deployKind() internal virtual override {
        singleton = Published.create(FILE, "SAFE_SINGLETON_BYTECODE", "");
        factory = Published.create(FILE, "SAFE_PROXY_FACTORY_BYTECODE", "");
        adapter = Published.create(FILE, "SAFE7579_BYTECODE", "");
        launchpad = Published.create(
            FILE, "SAFE7579_LAUNCHPAD_BYTECODE", abi.encode(entryPoint, address(0))
        );
    }

    function create(address validator, bytes memory data, address hook)
        internal
        override
        returns (address)
    {
        return ISafeProxyFactory(factory)
            .createProxyWithNonce(singleton, setup(validator, data, hook), _salt++);
    }

    function newSafe(bytes memory initializer) internal returns (IDevAccount) {
        return IDevAccount(
            payable(ISafeProxyFactory(factory)
                    .createProxyWithNonce(singleton, initializer, _salt++))
        );
    }

    function setup(address validator, bytes memory data, address hook)
        internal
        view
        returns (bytes memory)
    {
        ModuleSetup[] memory validators = new ModuleSetup[](1);
        validators[0] = ModuleSetup(validator, data);
        ModuleSetup[] memory hooks = new ModuleSetup[](hook == address(0) ? 0 : 1);
        if (hook != address(0)) hooks[0] = ModuleSetup(hook, hookContext());
        ModuleSetup[] memory none = new ModuleSetup[](0);
        address[] memory owners = new address[](1);
        owners[0] = vm.addr(SAFE_OWNER_KEY);
        return abi.encodeCall(
            IPublishedSafe.setup,
            (
                owners,
                1,
                launchpad,
                abi.encodeCall(
                    ISafe7579Launchpad.addSafe7579,
                    (adapter, validators, none, none, hooks, new address[](0), 0)
                ),
                adapter,
                address(0),
                0,
                payable(0)
            )
        );
    }

    function nonceKey(address validator, uint16 key) internal pure override returns (uint192) {
        return (uint192(uint160(validator)) << 32) | key;
    }

    /// @dev A hook for every function: `(0, no selector, data)`.
    function hookContext() internal pure override returns (bytes memory) {
        return abi.encode(uint8(0), bytes4(0), bytes(""));
    }

    function fallbackData(bytes4 selector, bytes1 callType)
        internal
        pure
        override
        returns (bytes memory)
    {
        return abi.encode(selector, callType, bytes(""));
    }

    function installation(uint256 moduleType, address installed, bytes memory data)
        internal
        pure
        override
        returns (bytes memory)
    {
        if (moduleType == MODULE_TYPE_HOOK) data = hookContext();
        return abi.encodeCall(IERC7579ModuleConfig.installModule, (moduleType, installed, data));
    }

    function removal(uint256 moduleType, address removed)
        internal
        view
        override
        returns (bytes memory)
    {
        bytes memory data;
        if (moduleType == MODULE_TYPE_VALIDATOR) {
            data = abi.encode(Lists.beforeValidator(address(account), removed), bytes(""));
        } else if (moduleType == MODULE_TYPE_HOOK) {
            data = hookContext();
        }
        return abi.encodeCall(IERC7579ModuleConfig.uninstallModule, (moduleType, removed, data));
    }

    function seen(bytes memory callData) internal view override returns (bytes memory) {
        return bytes.concat(callData, bytes20(address(entryPoint)));
    }

    /// @dev The adapter asks the Safe's owners then, who sign an operation of its own.
    function unknownValidator() internal override returns (bool) {
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.nonce = entryPoint.getNonce(address(account), nonceKey(makeAddr("unknown"), 0));
        op.signature = abi.encodePacked(uint48(0), uint48(0), new bytes(65));
        (bytes memory data,,,) = ISafe7579(address(account)).getSafeOp(op, address(entryPoint));
        op.signature = abi.encodePacked(uint48(0), uint48(0), safeOwnerSigns(keccak256(data)));
        return ran(op) && recipient.balance == 1;
    }

    function safeOwnerSigns(bytes32 hash) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(SAFE_OWNER_KEY, hash);
        return abi.encodePacked(r, s, v);
    }

    function reinitialization() internal view override returns (bytes memory) {
        return setup(address(yes), "", address(0));
    }

    function ownersTransaction() internal override returns (bool) {
        return byOwners(recipient, 1, "") && recipient.balance == 1;
    }

    function byOwners(address to, uint256 value, bytes memory data) internal returns (bool) {
        IPublishedSafe safe = IPublishedSafe(payable(address(account)));
        bytes32 hash = safe.getTransactionHash(
            to, value, data, 0, 0, 0, 0, address(0), address(0), safe.nonce()
        );
        try safe.execTransaction(
            to, value, data, 0, 0, 0, 0, address(0), payable(0), safeOwnerSigns(hash)
        ) returns (
            bool success
        ) {
            return success;
        } catch {
            return false;
        }
    }

    function accountModule() internal override returns (bool) {
        address other = makeAddr("module of the Safe");
        runs(executeCall(address(account), 0, abi.encodeCall(ISafe.enableModule, (other))));
        vm.prank(other);
        try IPublishedSafe(payable(address(account)))
            .execTransactionFromModule(recipient, 1, "", 0) {
            return recipient.balance == 1;
        } catch {
            return false;
        }
    }

    /// @dev Leaves the adapter as a module, and takes its functions from the account.
    function upgrade() internal override returns (bool) {
        runs(
            executeCall(address(account), 0, abi.encodeCall(ISafe.setFallbackHandler, (address(0))))
        );
        return vm.load(address(account), keccak256("fallback_manager.handler.address")) == 0;
    }

    function newFacts() internal override returns (Facts) {
        return new SafeFacts();
    }
}
