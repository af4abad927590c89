// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IERC7579Module} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @dev ERC-7780's module type id.
uint256 constant MODULE_TYPE_STATELESS_VALIDATOR = 7;

/// @title ERC-7780's stateless validator: an owner check that keeps nothing
/// @notice Who owns is told with every question, so that one contract serves every account.
interface IStatelessValidator is IERC7579Module {
    /// @notice Whether the owner that `data` describes signed `hash`.
    /// @param hash What was signed. It must name the account: nothing else ties the signature to one.
    /// @param signature The signature, in the validator's own format.
    /// @param data The owner, in the validator's own format.
    function validateSignatureWithData(bytes32 hash, bytes calldata signature, bytes calldata data)
        external
        view
        returns (bool);
}
