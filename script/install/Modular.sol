// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Kind, Target} from "./Plan.sol";
import {
    Execution,
    IERC7579Execution,
    IERC7579ModuleConfig,
    MODULE_TYPE_HOOK,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @title Accounts that install a module by `installModule`: OpenZeppelin's, the reference account, Nexus, Safe7579
library Modular {
    bytes32 private constant BATCH = bytes32(uint256(1) << 248);

    /// @notice Which roles the account says that the module has.
    function roles(Kind kind, Target memory t) internal view returns (bool validator, bool hook) {
        IERC7579ModuleConfig account = IERC7579ModuleConfig(t.account);
        validator = account.isModuleInstalled(MODULE_TYPE_VALIDATOR, t.module, "");
        hook = account.isModuleInstalled(MODULE_TYPE_HOOK, t.module, hookData(kind));
    }

    /// @notice The installations that are missing: first the validator, which the hook rests on.
    function calls(Kind kind, Target memory t) internal view returns (bytes[] memory list) {
        (bool validator, bool hook) = roles(kind, t);
        list = new bytes[]((validator ? 0 : 1) + (hook ? 0 : 1));
        if (!validator) {
            list[0] = abi.encodeCall(
                IERC7579ModuleConfig.installModule,
                (MODULE_TYPE_VALIDATOR, t.module, abi.encode(t.configuration, t.policies))
            );
        }
        if (!hook) {
            list[list.length - 1] = abi.encodeCall(
                IERC7579ModuleConfig.installModule, (MODULE_TYPE_HOOK, t.module, hookData(kind))
            );
        }
    }

    /// @notice Calls of the account to itself as one ERC-7579 batch: all or none.
    function atomically(address account, bytes[] memory list) internal pure returns (bytes memory) {
        Execution[] memory batch = new Execution[](list.length);
        for (uint256 i = 0; i < list.length; ++i) {
            batch[i] = Execution(account, 0, list[i]);
        }
        return abi.encodeCall(IERC7579Execution.execute, (BATCH, abi.encode(batch)));
    }

    /// @dev Of Safe7579: for every function `(0, no selector, data)`.
    function hookData(Kind kind) private pure returns (bytes memory) {
        return kind == Kind.Safe7579 ? abi.encode(uint8(0), bytes4(0), bytes("")) : bytes("");
    }
}
