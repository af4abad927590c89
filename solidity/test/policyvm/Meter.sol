// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title What a call takes
contract Meter {
    function measure(address target, bytes calldata data)
        external
        view
        returns (uint256 gas_, bytes memory answer)
    {
        bool success;
        gas_ = gasleft();
        (success, answer) = target.staticcall(data);
        gas_ -= gasleft();
        require(success, "reverted");
    }
}
