// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {
    AccountERC7579Hooked
} from "@openzeppelin/contracts/account/extensions/draft-AccountERC7579Hooked.sol";
import {IEntryPoint} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    MODULE_TYPE_HOOK,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @title DevAccount
/// @notice DEVELOPMENT ONLY. OpenZeppelin's ERC-7579 account with hooks, for any EntryPoint, ready after construction.
contract DevAccount is AccountERC7579Hooked {
    IEntryPoint private immutable _entryPoint;

    /// @param entryPoint_ The EntryPoint that the account serves.
    /// @param validator The validator to install.
    /// @param validatorData What the validator's `onInstall` takes.
    /// @param hook_ The hook to install afterwards, with the data that the module takes of a plain account; none when zero.
    constructor(
        IEntryPoint entryPoint_,
        address validator,
        bytes memory validatorData,
        address hook_
    ) payable {
        _entryPoint = entryPoint_;
        _installModule(MODULE_TYPE_VALIDATOR, validator, validatorData);
        // One zero byte: it cannot be asked yet of which kind it is.
        if (hook_ != address(0)) _installModule(MODULE_TYPE_HOOK, hook_, hex"00");
    }

    /// @notice The EntryPoint that the account serves.
    /// @dev 7562: no storage.
    function entryPoint() public view override returns (IEntryPoint) {
        return _entryPoint;
    }
}
