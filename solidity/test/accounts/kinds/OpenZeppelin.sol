// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {LensMatrix} from "../../lens/LensMatrix.sol";
import {Contracts} from "../../utils/Contracts.sol";
import {Facts} from "../Facts.sol";
import {OpenZeppelinFacts} from "../facts/OpenZeppelin.sol";
import {IERC7579ModuleConfig} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {KnownKind, Vouched} from "writ/lens/IWritLens.sol";

/// @title OpenZeppelin's AccountERC7579Hooked, as `DevAccount` makes it concrete
abstract contract OpenZeppelinKind is LensMatrix {
    function kind() internal pure override returns (KnownKind) {
        return KnownKind.OpenZeppelin;
    }

    function deployKind() internal override {}

    function create(address validator, bytes memory data, address hook)
        internal
        override
        returns (address)
    {
        return address(Contracts.account(address(entryPoint), validator, data, hook));
    }

    /// @dev Every subclass has a code of its own, which somebody has to examine.
    function vouch() internal override {
        vouched.push(Vouched(address(account).codehash, KnownKind.OpenZeppelin));
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
