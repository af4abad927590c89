// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {MODULE_TYPE_STATELESS_VALIDATOR} from "../interfaces/IStatelessValidator.sol";
import {IWritOwnerErrors, IWritOwnerValidator} from "../interfaces/IWritOwnerValidator.sol";
import {DataContracts} from "./DataContracts.sol";
import {IERC7579Module} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";

/// @title Owners of stateless validators, held as code: `0x00 ‖ data`
/// @notice The leading zero is STOP, so that such a contract can never run, and hence never change.
library OwnerData {
    /// @dev Gas for asking a validator for its type, as much as ERC-165 gives its questions.
    uint256 internal constant QUESTION_GAS = 30_000;
    /// @dev Gas for a validator's check of an owner's data.
    uint256 internal constant CHECK_GAS = 3_000_000;

    /// @notice Checks once, when an account is configured, that the validator can use the owner at `owner`.
    /// @return key What stands behind the owner.
    function checkAt(address validator, address owner) internal view returns (bytes32 key) {
        return check(validator, read(owner));
    }

    /// @notice Checks that the validator can use this data, as far as it says so: a stateless validator of somebody else may
    /// have no such function, and is taken as it is.
    /// @return key What stands behind the owner: from the validator, or all that is known of it.
    function check(address validator, bytes memory data) internal view returns (bytes32 key) {
        if (!isStatelessValidator(validator)) {
            revert IWritOwnerErrors.NotAStatelessValidator(validator);
        }
        if (ERC165Checker.supportsInterface(validator, type(IWritOwnerValidator).interfaceId)) {
            return IWritOwnerValidator(validator).checkData{gas: CHECK_GAS}(data);
        }
        return keccak256(abi.encodePacked(validator, data));
    }

    /// @notice Whether there is a module of ERC-7780's type 7.
    function isStatelessValidator(address validator) internal view returns (bool) {
        (bool success, bytes memory answer) = validator.staticcall{gas: QUESTION_GAS}(
            abi.encodeCall(IERC7579Module.isModuleType, (MODULE_TYPE_STATELESS_VALIDATOR))
        );
        return success && answer.length == 32 && bytes32(answer) == bytes32(uint256(1));
    }

    /// @notice The data behind the leading zero.
    function read(address owner) internal view returns (bytes memory data) {
        bytes memory code = owner.code;
        if (code.length < 2 || code[0] != 0) revert IWritOwnerErrors.NotOwnerData(owner);
        return SSTORE2.read(owner);
    }

    /// @notice What to deploy for an owner. At most 24,575 bytes fit into code.
    function creationCode(bytes memory data) internal pure returns (bytes memory) {
        return DataContracts.creationCode(data);
    }
}
