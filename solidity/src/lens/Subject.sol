// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {AccountState, Configuration} from "../interfaces/WritTypes.sol";
import {Evidence} from "./IWritLens.sol";

/// @dev What all rows are filled in from.
struct Subject {
    address account;
    address module;
    Evidence evidence;
    /// What the account serves; zero when that is not known.
    address entryPoint;
    /// A Safe that asks a guard about its modules.
    bool guardsModules;
    /// The module of a Safe that speaks ERC-7579 for it; zero where there is none.
    address adapter;
    /// Whether the module told what follows.
    bool told;
    Configuration configuration;
    AccountState state;
}
