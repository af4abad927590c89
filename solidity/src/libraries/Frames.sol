// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {WritStorage} from "../WritStorage.sol";

/// @title The open frame of an account, in a transient slot associated with it
/// @notice A commitment to what `preCheck` measured; zero when the account executes nothing attested.
library Frames {
    /// @dev From the account's hash: see `Tickets` for what else lies there.
    uint256 private constant FRAME = 96;

    function commitment(WritStorage.Account storage account) internal view returns (bytes32 frame) {
        assembly ("memory-safe") {
            frame := tload(add(account.slot, FRAME))
        }
    }

    /// @notice Opens (non-zero) or closes (zero) the frame.
    function set(WritStorage.Account storage account, bytes32 frame) internal {
        assembly ("memory-safe") {
            tstore(add(account.slot, FRAME), frame)
        }
    }
}
