// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title Data held as code: `0x00 ‖ data`
/// @notice The leading zero is STOP, so that such a contract can never run, and hence never change.
library DataContracts {
    /// @notice What to deploy for some data. At most 24,575 bytes fit into code.
    function creationCode(bytes memory data) internal pure returns (bytes memory) {
        // PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN
        return
            bytes.concat(
                hex"61", bytes2(uint16(data.length + 1)), hex"80600a3d393df3", hex"00", data
            );
    }
}
