// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {WritHook} from "./WritHook.sol";
import {WritSettings} from "./WritSettings.sol";
import {WritValidator} from "./WritValidator.sol";
import {
    IERC7579Module,
    MODULE_TYPE_HOOK,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @title WritModule
/// @notice Installed as validator and as hook of an ERC-7579 account, it lets the account execute what its owner signed and
/// a quorum of operators attested, for no longer, no more and nothing else than they attested. `IWritModule` is all that it
/// answers.
///
/// ```
/// EntryPoint ── validateUserOp ──> account ──> validator: owner, quorum ──> ticket (transient)
/// EntryPoint ── callData ────────> account ──> hook: spends the ticket, measures ──> call ──> measures, bounds
/// anyone ─────── everything else ──────────────────────────> settings: `WritSettings`, by delegatecall
/// ```
///
/// It has no owner, no upgrade and no setting of its own: `WritSettings` is made by the constructor and never another one,
/// and a contract of its own only because one contract may have 24,576 bytes (EIP-170). The module trusts the account's code
/// to call it as ERC-7579 says, which is why attestations name the account's code hash.
///
/// What it does not cover:
/// - Another validator of the same account: its operations get no ticket, but before EntryPoint v0.9 an operation that
///   reverts leaves its ticket to any other with the same calldata in that transaction. Under Enforce, be the only one.
/// - Functions of the account that it does not hook: there the calldata is attested, but no bound is measured.
/// - Assets without a bound, and what a paymaster takes on its own account.
/// - Other signatures of the account: ERC-1271 is refused through this module, not through others.
/// - What a kind of account has beside ERC-7579, as the owners' transactions of a Safe: docs/accounts.md lists it by kind.
contract WritModule is WritValidator, WritHook {
    /// @notice What answers everything that is neither validation nor execution, in the module's storage.
    address public immutable SETTINGS = address(new WritSettings());

    /// @inheritdoc IERC7579Module
    /// @dev 7562: `WritSettings.onInstall`.
    function onInstall(bytes calldata) external {
        _toSettings();
    }

    /// @inheritdoc IERC7579Module
    /// @dev 7562: not called in validation.
    function onUninstall(bytes calldata) external {
        _toSettings();
    }

    /// @inheritdoc IERC7579Module
    /// @dev 7562: no storage.
    function isModuleType(uint256 moduleTypeId) external pure returns (bool) {
        return moduleTypeId == MODULE_TYPE_VALIDATOR || moduleTypeId == MODULE_TYPE_HOOK;
    }

    /// @dev 7562: what `WritSettings` says of the function.
    fallback() external {
        _toSettings();
    }

    function _toSettings() private {
        address settings = SETTINGS;
        assembly ("memory-safe") {
            // Whatever was allocated is not needed again.
            let m := mload(0x40)
            calldatacopy(m, 0, calldatasize())
            let success := delegatecall(gas(), settings, m, calldatasize(), 0, 0)
            returndatacopy(m, 0, returndatasize())
            if success { return(m, returndatasize()) }
            revert(m, returndatasize())
        }
    }
}
