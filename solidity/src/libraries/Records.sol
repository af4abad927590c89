// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Configuration} from "../interfaces/WritTypes.sol";
import {OperatorSets} from "./OperatorSets.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";

/// @notice A configuration and its operators in memory: `abi.encode(Configuration) ‖ code of the operator set`.
/// @dev The address of that memory. What is encoded is laid out as Solidity lays out the struct in memory.
type Record is uint256;

using RecordFields for Record global;

/// @title Configurations held as code: `0x00 ‖ abi.encode(Configuration) ‖ code of the operator set`
/// @notice One cold access serves all that validation needs, where storage would take one per word. The module writes the
/// code itself, once per content, and code that begins with STOP never changes.
library Records {
    uint256 internal constant CONFIGURATION = 14 * 32;

    /// @notice Writes the record of a checked configuration, unless it is there already.
    /// @dev Not for validation: CREATE2.
    function write(Configuration memory configuration) internal returns (address record) {
        bytes memory data =
            bytes.concat(abi.encode(configuration), OperatorSets.read(configuration.operatorSet));
        // Named by its content and made by this contract alone: what is there is the same.
        record = SSTORE2.predictCounterfactualAddress(data, 0);
        if (record.code.length == 0) record = SSTORE2.writeCounterfactual(data, 0);
    }

    /// @notice Reads a record with as many operators as it has into new memory.
    /// @dev 7562: reads the code of `at`, no storage.
    function load(address at, uint256 operators) internal view returns (Record record) {
        assembly ("memory-safe") {
            record := mload(0x40)
            // Behind the configuration: a zero byte, 20 of each operator; and room to read the last one as part of a word.
            let size := add(449, mul(operators, 20))
            mstore(0x40, add(record, and(add(size, 63), not(31))))
            extcodecopy(at, record, 1, size)
        }
    }

    /// @notice Whether the calling contract wrote what stands there as a record, after it checked it.
    /// @dev 7562: reads the code of `at`.
    function isOwn(address at) internal view returns (bool) {
        bytes memory code = at.code;
        if (code.length <= CONFIGURATION + 1) return false;
        assembly ("memory-safe") {
            // Without the leading zero, which is part of what SSTORE2 puts before the content.
            let length := sub(mload(code), 1)
            code := add(code, 1)
            mstore(code, length)
        }
        return SSTORE2.predictCounterfactualAddress(code, 0) == at;
    }

    /// @notice How many operators a record holds.
    function operatorsOf(address at) internal view returns (uint256) {
        return (at.code.length - 2 - CONFIGURATION) / 20;
    }

    /// @notice The EntryPoint alone.
    function entryPoint(address at) internal view returns (address configured) {
        assembly ("memory-safe") {
            extcodecopy(at, 0x00, 65, 0x20)
            configured := mload(0x00)
        }
    }
}

/// @title The fields of a `Record`
/// @notice Clean words: what is encoded there was a checked configuration.
library RecordFields {
    function owner(Record record) internal pure returns (address configured) {
        assembly ("memory-safe") {
            configured := mload(record)
        }
    }

    function ownerValidator(Record record) internal pure returns (address configured) {
        assembly ("memory-safe") {
            configured := mload(add(record, 0x20))
        }
    }

    function entryPoint(Record record) internal pure returns (address configured) {
        assembly ("memory-safe") {
            configured := mload(add(record, 0x40))
        }
    }

    function registry(Record record) internal pure returns (address configured) {
        assembly ("memory-safe") {
            configured := mload(add(record, 0x60))
        }
    }

    function policy(Record record) internal pure returns (bytes32 configured) {
        assembly ("memory-safe") {
            configured := mload(add(record, 0xc0))
        }
    }

    function level(Record record) internal pure returns (uint256 configured) {
        assembly ("memory-safe") {
            configured := mload(add(record, 0x120))
        }
    }

    function exitDelay(Record record) internal pure returns (uint32 configured) {
        assembly ("memory-safe") {
            configured := mload(add(record, 0x160))
        }
    }

    function epoch(Record record) internal pure returns (uint256 configured) {
        assembly ("memory-safe") {
            configured := mload(add(record, 0x180))
        }
    }

    /// @notice Where the operators lie in memory, 20 bytes each.
    function operators(Record record) internal pure returns (uint256) {
        unchecked {
            return Record.unwrap(record) + (Records.CONFIGURATION + 1);
        }
    }

    /// @notice The configuration itself, in place.
    function configuration(Record record) internal pure returns (Configuration memory whole) {
        assembly ("memory-safe") {
            whole := record
        }
    }
}
