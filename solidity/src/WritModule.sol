// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {WritHook} from "./WritHook.sol";
import {WritSettings} from "./WritSettings.sol";
import {WritValidator} from "./WritValidator.sol";
import {Arguments} from "./libraries/Arguments.sol";
import {Domain} from "./libraries/Domain.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    IERC7579Hook,
    IERC7579Validator
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
    /// @dev What answers everything that is neither validation nor execution, in the module's storage: also what is asked
    /// rarely, since every function that a contract has itself stands in the way of those that are called with each operation.
    address private immutable _SETTINGS = address(new WritSettings());
    uint256 private immutable _CHAIN_ID = block.chainid;
    bytes32 private immutable _SEPARATOR = Domain.separator();

    /// @dev By hand, since what Solidity puts before a function costs as much as some of them do. Takes value to refuse it
    /// there. 7562: what is said of `_validateUserOp`, and what `WritSettings` says of its functions.
    fallback() external payable {
        uint256 selector;
        assembly ("memory-safe") {
            selector := shr(224, calldataload(0))
        }
        if (selector == uint32(IERC7579Validator.validateUserOp.selector)) {
            (PackedUserOperation calldata userOp, bytes32 userOpHash) = Arguments.ofValidateUserOp();
            uint256 validationData = _validateUserOp(userOp, userOpHash);
            assembly ("memory-safe") {
                mstore(0x00, validationData)
                return(0x00, 0x20)
            }
        }
        if (selector == uint32(IERC7579Hook.preCheck.selector)) {
            (address msgSender, bytes calldata msgData) = Arguments.ofPreCheck();
            bytes memory hookData = _preCheck(msgSender, msgData);
            // Nothing comes after it, so what is returned need not be copied: there is room for the offset before it, and
            // before what is empty lies the pointer to free memory.
            assembly ("memory-safe") {
                mstore(sub(hookData, 0x20), 0x20)
                return(sub(hookData, 0x20), add(mload(hookData), 0x40))
            }
        }
        if (selector == uint32(IERC7579Hook.postCheck.selector)) {
            _postCheck(Arguments.ofPostCheck());
            assembly ("memory-safe") {
                stop()
            }
        }
        address settings = _SETTINGS;
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

    /// @dev Computed anew only on a chain that split off since.
    function _domainSeparator() internal view override returns (bytes32) {
        return block.chainid == _CHAIN_ID ? _SEPARATOR : Domain.separator();
    }
}
