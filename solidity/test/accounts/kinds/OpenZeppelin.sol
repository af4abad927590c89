// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Contracts} from "../../utils/Contracts.sol";
import {Facts} from "../Facts.sol";
import {Matrix} from "../Matrix.sol";
import {OpenZeppelinFacts} from "../facts/OpenZeppelin.sol";
import {IERC7579ModuleConfig} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @title OpenZeppelin's AccountERC7579Hooked, as `DevAccount` makes it concrete
abstract contract OpenZeppelinKind is Matrix {
    function deployKind() internal override {}

    function create(address validator, bytes memory data, address hook)
        internal
        override
        returns (address)
    {
        return address(Contracts.account(address(entryPoint), validator, data, hook));
    }

    function nonceKey(address validator, uint16 key) internal pure override returns (uint192) {
        return (uint192(uint160(validator)) << 32) | key;
    }

    function fallbackData(bytes4 selector, bytes1) internal pure override returns (bytes memory) {
        return abi.encodePacked(selector);
    }

    function removal(uint256 moduleType, address removed)
        internal
        pure
        override
        returns (bytes memory)
    {
        return abi.encodeCall(IERC7579ModuleConfig.uninstallModule, (moduleType, removed, ""));
    }

    function newFacts() internal override returns (Facts) {
        return new OpenZeppelinFacts();
    }

    function available() internal view virtual override returns (bool) {
        return true;
    }
}
