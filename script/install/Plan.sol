// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {AccountState, Configuration, PolicyReference} from "writ/interfaces/WritTypes.sol";

/// @notice Kinds of accounts that the module is installed on; docs/accounts.md says what each is.
enum Kind {
    OpenZeppelin,
    Reference,
    Nexus,
    Safe7579,
    Kernel,
    SimpleAccount,
    Delegate
}

/// @notice What is wanted of which account.
struct Target {
    address account;
    address module;
    /// `WritSimpleAccount` or `WritDelegate`, for accounts that take no modules; otherwise zero.
    address implementation;
    /// The consent of an EIP-7702 account's key, `r ‖ s ‖ v`; empty while it is not signed.
    bytes consent;
    Configuration configuration;
    PolicyReference[] policies;
}

/// @notice How an account gets there from where it is, in one go.
struct Plan {
    Kind kind;
    /// What the account is called with, one after the other; empty when nothing is missing.
    bytes[] calls;
    /// Who calls the account: the EntryPoint with an operation, or the account's owner; zero for anyone.
    address sender;
    /// All calls in one, as `sender` calls the account.
    bytes payload;
    /// The same as the `callData` of an operation; empty where it is no operation.
    bytes callData;
    /// What the key of an EIP-7702 account has to sign first; zero for every other account.
    bytes32 consentDigest;
    /// What the module will say of the account, as it was rehearsed.
    AccountState state;
}

/// @title What the installation refuses
interface IInstall {
    error NoCode(string what, address at);
    error NotTheModule(address module);
    error NotAModularAccount(address account);
    error HooksNotSupported(address account);
    /// @dev Nobody examined what its hook sees and what goes around it.
    error UnknownKind(address account, string accountId);
    error EntryPointMismatch(address configured, address served);
    /// @dev The implementation is not made for this module, or not of the kind that the account needs.
    error WrongImplementation(address implementation);
    /// @dev A contract signs through an `ownerValidator` only; nobody could operate the account.
    error OwnerCannotSign(address owner);
    /// @dev Installed with other settings. `script/Operate.s.sol` changes them, by the rules of the module.
    error OtherConfiguration(address account, bytes32 installed, bytes32 wanted);
    /// @dev Cancel the exit first: with it the account is free.
    error ExitAnnounced(address account, uint48 exitAt);
    /// @dev The account says that it has the module in this role, and the module does not know it, or the other way round.
    error RolesDisagree(address account, uint256 moduleType);
    /// @dev The key's consent counts still: nothing is missing but that the account delegates there again.
    error DelegationMissing(address account, address implementation);
    /// @dev The account refuses the calls.
    error CallFailed(address account, bytes data, bytes reason);
    /// @dev What was rehearsed did not lead to what is wanted.
    error NotInstalled(string what);
    /// @dev An operation that no quorum attested was included, or refused for another reason than that.
    error NotRefused(bytes reason);
    /// @dev No operation of its owner would validate any more.
    error NoWorkingValidator(bytes reason);
}
