// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {KernelKind} from "../accounts/kinds/Kernel.sol";
import {NexusKind} from "../accounts/kinds/Nexus.sol";
import {OpenZeppelinKind} from "../accounts/kinds/OpenZeppelin.sol";
import {ReferenceKind} from "../accounts/kinds/Reference.sol";
import {SafeKind} from "../accounts/kinds/Safe7579.sol";
import {IEntryPointExtra} from "../utils/EntryPoints.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";

/// @notice Makes accounts of a kind as published, and says how they are spoken to.
interface IMaker {
    function make(address validator, bytes calldata data, address hook) external returns (address);
    function key(address validator) external view returns (uint192);
    function wrapped(bytes calldata accountCall) external view returns (bytes memory);
}

// Each has a constructor with arguments, so that the tests of the kind are not run once more.

contract OpenZeppelinMaker is OpenZeppelinKind, IMaker {
    constructor(IEntryPointExtra entryPoint_, IWritModule module_) {
        (entryPoint, module) = (entryPoint_, module_);
        deployKind();
    }

    function make(address validator, bytes memory data, address hook) external returns (address) {
        return create(validator, data, hook);
    }

    function key(address validator) external pure returns (uint192) {
        return nonceKey(validator, 0);
    }

    function wrapped(bytes memory accountCall) external view returns (bytes memory) {
        return wrap(accountCall);
    }
}

contract ReferenceMaker is ReferenceKind, IMaker {
    constructor(IEntryPointExtra entryPoint_, IWritModule module_) {
        (entryPoint, module) = (entryPoint_, module_);
        deployKind();
    }

    function make(address validator, bytes memory data, address hook) external returns (address) {
        return create(validator, data, hook);
    }

    function key(address validator) external pure returns (uint192) {
        return nonceKey(validator, 0);
    }

    function wrapped(bytes memory accountCall) external view returns (bytes memory) {
        return wrap(accountCall);
    }
}

contract NexusMaker is NexusKind, IMaker {
    constructor(IEntryPointExtra entryPoint_, IWritModule module_) {
        (entryPoint, module) = (entryPoint_, module_);
        deployKind();
    }

    function make(address validator, bytes memory data, address hook) external returns (address) {
        return create(validator, data, hook);
    }

    function key(address validator) external pure returns (uint192) {
        return nonceKey(validator, 0);
    }

    function wrapped(bytes memory accountCall) external view returns (bytes memory) {
        return wrap(accountCall);
    }
}

contract SafeMaker is SafeKind, IMaker {
    constructor(IEntryPointExtra entryPoint_, IWritModule module_) {
        (entryPoint, module) = (entryPoint_, module_);
        deployKind();
    }

    function make(address validator, bytes memory data, address hook) external returns (address) {
        return create(validator, data, hook);
    }

    function key(address validator) external pure returns (uint192) {
        return nonceKey(validator, 0);
    }

    function wrapped(bytes memory accountCall) external view returns (bytes memory) {
        return wrap(accountCall);
    }
}

contract KernelMaker is KernelKind, IMaker {
    constructor(IEntryPointExtra entryPoint_, IWritModule module_) {
        (entryPoint, module) = (entryPoint_, module_);
        deployKind();
    }

    function make(address validator, bytes memory data, address hook) external returns (address) {
        return create(validator, data, hook);
    }

    /// @dev Each is the root validator while it is asked about.
    function key(address) external pure returns (uint192) {
        return 0;
    }

    function wrapped(bytes memory accountCall) external pure returns (bytes memory) {
        return wrap(accountCall);
    }
}
