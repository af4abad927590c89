// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {LensMatrix} from "../../lens/LensMatrix.sol";
import {Facts} from "../Facts.sol";
import {Published} from "../Published.sol";
import {ReferenceFacts} from "../facts/Reference.sol";
import {Lists} from "./Lists.sol";
import {
    IERC7579ModuleConfig,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {KnownKind} from "writ/lens/IWritLens.sol";

struct ModuleSetup {
    address module;
    bytes data;
}

interface IReferenceAccount {
    function initializeAccount(bytes calldata data) external payable;
}

interface IReferenceBootstrap {
    function initMSA(
        ModuleSetup[] calldata validators,
        ModuleSetup[] calldata executors,
        ModuleSetup calldata hook,
        ModuleSetup[] calldata fallbacks
    ) external;
}

/// @title The reference account of ERC-7579, behind its own proxy
abstract contract ReferenceKind is LensMatrix {
    string private constant FILE = "ERC7579Precompiles";

    address internal implementation;
    address internal bootstrap;

    function kind() internal pure override returns (KnownKind) {
        return KnownKind.Reference;
    }

    function deployKind() internal override {
        implementation = Published.create(FILE, "ERC7579_BYTECODE", "");
        bootstrap = Published.create(FILE, "ERC7579_BOOTSTRAP_BYTECODE", "");
    }

    function create(address validator, bytes memory data, address hook)
        internal
        override
        returns (address)
    {
        return Published.create(
            FILE,
            "MSAPROXY_BYTECODE",
            abi.encode(implementation, initialization(validator, data, hook))
        );
    }

    function initialization(address validator, bytes memory data, address hook)
        internal
        view
        returns (bytes memory)
    {
        ModuleSetup[] memory validators = new ModuleSetup[](1);
        validators[0] = ModuleSetup(validator, data);
        ModuleSetup[] memory none = new ModuleSetup[](0);
        bytes memory setup = abi.encodeCall(
            IReferenceBootstrap.initMSA, (validators, none, ModuleSetup(hook, ""), none)
        );
        return abi.encodeCall(IReferenceAccount.initializeAccount, (abi.encode(bootstrap, setup)));
    }

    function nonceKey(address validator, uint16 key) internal pure override returns (uint192) {
        return (uint192(uint160(validator)) << 32) | key;
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

    function reinitialization() internal view override returns (bytes memory) {
        return initialization(address(yes), "", address(0));
    }

    function newFacts() internal override returns (Facts) {
        return new ReferenceFacts();
    }
}
