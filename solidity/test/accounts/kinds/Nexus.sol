// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {LensMatrix} from "../../lens/LensMatrix.sol";
import {Facts} from "../Facts.sol";
import {BareAccount, YesValidator} from "../Mocks.sol";
import {Published} from "../Published.sol";
import {NexusFacts} from "../facts/Nexus.sol";
import {Lists} from "./Lists.sol";
import {ModuleSetup} from "./Reference.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    IERC7579ModuleConfig,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {KnownKind} from "writ/lens/IWritLens.sol";

interface INexus {
    function initializeAccount(bytes calldata data) external payable;
    function emergencyUninstallHook(address hook, bytes calldata deInitData) external payable;
    function upgradeToAndCall(address implementation, bytes calldata data) external payable;
}

interface INexusFactory {
    function createAccount(bytes calldata data, bytes32 salt) external payable returns (address);
}

interface INexusBootstrap {
    function initNexus(
        ModuleSetup[] calldata validators,
        ModuleSetup[] calldata executors,
        ModuleSetup calldata hook,
        ModuleSetup[] calldata fallbacks,
        address registry,
        address[] calldata attesters,
        uint8 threshold
    ) external;
}

/// @title Nexus 1.0.0, from its factory
abstract contract NexusKind is LensMatrix {
    string private constant FILE = "NexusPrecompiles";
    bytes32 private constant IMPLEMENTATION =
        0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;

    address internal implementation;
    address internal factory;
    address internal bootstrap;
    uint256 private _salt;

    function kind() internal pure override returns (KnownKind) {
        return KnownKind.Nexus;
    }

    function deployKind() internal override {
        implementation = Published.create(FILE, "NEXUS_BYTECODE", abi.encode(entryPoint));
        factory = Published.create(
            FILE, "NEXUS_ACCOUNT_FACTORY_BYTECODE", abi.encode(implementation, address(this))
        );
        bootstrap = Published.create(FILE, "NEXUS_BOOTSTRAP_BYTECODE", "");
    }

    function create(address validator, bytes memory data, address hook)
        internal
        override
        returns (address)
    {
        return INexusFactory(factory)
            .createAccount(initData(validator, data, hook), bytes32(_salt++));
    }

    function initData(address validator, bytes memory data, address hook)
        internal
        view
        returns (bytes memory)
    {
        ModuleSetup[] memory validators = new ModuleSetup[](1);
        validators[0] = ModuleSetup(validator, data);
        ModuleSetup[] memory none = new ModuleSetup[](0);
        bytes memory setup = abi.encodeCall(
            INexusBootstrap.initNexus,
            (validators, none, ModuleSetup(hook, ""), none, address(0), new address[](0), 0)
        );
        return abi.encode(bootstrap, setup);
    }

    /// @dev `number(3) ‖ mode(1) ‖ validator(20)`; mode 0 validates, 1 enables.
    function nonceKey(address validator, uint16 key) internal pure override returns (uint192) {
        return (uint192(key) << 168) | uint160(validator);
    }

    function removal(uint256 moduleType, address removed)
        internal
        view
        override
        returns (bytes memory)
    {
        bytes memory data = moduleType == MODULE_TYPE_VALIDATOR
            ? abi.encode(Lists.beforeValidator(address(account), removed), bytes(""))
            : bytes("");
        return abi.encodeCall(IERC7579ModuleConfig.uninstallModule, (moduleType, removed, data));
    }

    function upgrade() internal override returns (bool) {
        address bare = address(new BareAccount());
        runs(abi.encodeCall(INexus.upgradeToAndCall, (bare, "")));
        return vm.load(address(account), IMPLEMENTATION) == bytes32(uint256(uint160(bare)));
    }

    function reinitialization() internal view override returns (bytes memory) {
        return abi.encodeCall(INexus.initializeAccount, (initData(address(yes), "", address(0))));
    }

    function enableMode() internal override returns (bool) {
        if (signer == address(yes)) install(MODULE_TYPE_VALIDATOR, address(yes), "");
        return enables(signer);
    }

    function enableModeByOther() internal override returns (bool) {
        return install(MODULE_TYPE_VALIDATOR, address(yes), "") && enables(address(yes));
    }

    /// @dev `module(20) ‖ type(32) ‖ length(4) ‖ data ‖ length(4) ‖ validator(20) ‖ consent ‖ signature`. What is enabled in
    /// validation stays, whatever becomes of the execution.
    function enables(address validator) private returns (bool) {
        address another = address(new YesValidator());
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.nonce = entryPoint.getNonce(address(account), nonceKey(another, 0) | (uint192(1) << 160));
        bytes memory consent = abi.encodePacked(validator, ownerSignature(keccak256("consent")));
        op.signature = abi.encodePacked(
            another,
            MODULE_TYPE_VALIDATOR,
            uint32(0),
            uint32(consent.length),
            consent,
            new bytes(65)
        );
        included(one(op));
        return account.isModuleInstalled(MODULE_TYPE_VALIDATOR, another, "");
    }

    function newFacts() internal override returns (Facts) {
        return new NexusFacts();
    }
}
