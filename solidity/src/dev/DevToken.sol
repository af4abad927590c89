// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title DevToken
/// @notice DEVELOPMENT ONLY. A token that anyone can mint.
contract DevToken is ERC20 {
    constructor(string memory name_, string memory symbol_) ERC20(name_, symbol_) {}

    /// @notice Gives `amount` to `to`. Anyone may call.
    /// @dev 7562: not called in validation.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
