// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

// The owner of a registry: compiled here, so that scripts and tests take it from the artifact as it ships.
// forge-lint: disable-next-line(unused-import)
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
