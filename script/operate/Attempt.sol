// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritModule} from "writ/interfaces/IWritModule.sol";
import {AccountState, Configuration} from "writ/interfaces/WritTypes.sol";

/// @title Calls the module, reads back, and undoes it
contract Attempt {
    /// @dev How it ends when the module took the call.
    error Taken(Configuration configuration, AccountState state);

    /// @notice Reverts with `Taken`, or with what the module refused the call with.
    function attempt(IWritModule module, address account, bytes calldata data) external {
        (bool success, bytes memory result) = address(module).call(data);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(result, 0x20), mload(result))
            }
        }
        (Configuration memory configuration, AccountState memory state) =
            module.configurationOf(account);
        revert Taken(configuration, state);
    }
}
