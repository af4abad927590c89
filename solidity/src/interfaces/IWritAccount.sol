// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title An account whose only validator and only hook is WritModule, by its code
/// @notice It takes no modules. What an operation needs, how much may leave, who may change settings and how to leave is what
/// the module says of every account: see `IWritModule`.
interface IWritAccount {
    /// @notice The contract is not both validator and hook.
    error NotTheModule(address module);

    /// @notice The configuration names another EntryPoint than the one that the account's code serves.
    error EntryPointMismatch(address configured, address served);

    /// @notice A call of a batch failed. A batch of one reverts as its call did.
    /// @param index Which call, from 0.
    /// @param reason What it reverted with.
    error ExecuteError(uint256 index, bytes reason);

    /// @notice The module, a constant of the account's code.
    function writModule() external view returns (address);

    /// @notice ERC-7579's name of the account's kind and version.
    function accountId() external pure returns (string memory);

    /// @notice ERC-7579's question, which the module asks as well. No other module is ever installed.
    /// @param moduleTypeId 1 validator, 4 hook.
    /// @return Whether `module` is the account's own one, asked about as validator or as hook, and has a configuration that
    /// counts for the account.
    function isModuleInstalled(uint256 moduleTypeId, address module, bytes calldata context)
        external
        view
        returns (bool);
}
