// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Configuration, Mode} from "./interfaces/WritTypes.sol";
import {Waiting} from "./libraries/Admissions.sol";
import {Head} from "./libraries/Head.sol";
import {Record, Records} from "./libraries/Records.sol";

/// @title What a guarded contract keeps
/// @notice Everything lies in an ERC-7201 namespace, and the configuration as code (`Records`): inheriting shifts no slot, and
/// a version without the guard leaves all of it as it is for a later one that has it again.
abstract contract WritGuardedStorage {
    /// @custom:storage-location erc7201:writ.guarded
    struct Guard {
        // slot 0: all that a guarded call needs while nothing is demanded, packed as `Head` reads it
        address record;
        uint8 operators;
        uint8 threshold;
        Mode mode;
        uint8 flags;
        uint64 revision;
        // slot 1: read by calls once an exit is announced
        uint64 configurationNonce;
        uint48 configuredAt;
        uint48 exitAt;
        uint48 pendingReadyAt;
        // slot 2
        bytes32 pendingConfiguration;
        // slot 3
        mapping(address caller => mapping(uint256 word => uint256 bits)) nonces;
        // slot 4: what was posted
        mapping(bytes32 call => Waiting) waiting;
    }

    /// @dev As `Head.isUsual` has them: set by the first configuration, and while an exit is announced.
    uint8 internal constant WRIT_GUARDED = 1;
    uint8 internal constant WRIT_EXIT_ANNOUNCED = 8;

    /// @dev keccak256(abi.encode(uint256(keccak256("writ.guarded")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant WRIT_GUARDED_STORAGE =
        0x31fa96e6be70d47e8fbb2a09a5449183930a5e9d636e568532c2afc7bcb5be00;

    function _writGuard() internal pure returns (Guard storage guard) {
        assembly ("memory-safe") {
            guard.slot := WRIT_GUARDED_STORAGE
        }
    }

    /// @dev One storage read for six fields.
    function _writHead(Guard storage guard) internal view returns (Head head) {
        assembly ("memory-safe") {
            head := sload(guard.slot)
        }
    }

    /// @dev The configuration in force, and its operators.
    function _writRecord(Head head) internal view returns (Record) {
        return Records.load(head.record(), head.operators());
    }

    /// @dev All zero before the first one.
    function _writConfiguration(Head head) internal view returns (Configuration memory) {
        return _writRecord(head).configuration();
    }

    /// @dev Whether nothing is demanded: by configuration, or after an announced exit.
    function _writStandsAside(Guard storage guard, Head head) internal view returns (bool) {
        return
            head.isIn(Mode.Off)
                || (head.has(WRIT_EXIT_ANNOUNCED) && block.timestamp >= guard.exitAt);
    }
}
