// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Facts} from "../Facts.sol";
import {Outcome, Path} from "../Path.sol";

contract OpenZeppelinFacts is Facts {
    function name() public pure override returns (string memory) {
        return "OpenZeppelin AccountERC7579Hooked 5.7";
    }

    function id() public pure override returns (string memory) {
        return "@openzeppelin/contracts.AccountERC7579Hooked.v1.0.0";
    }

    function entryPoints() public pure override returns (string memory) {
        return "v0.7, v0.8, v0.9: the subclass names it";
    }

    function installing() public pure override returns (string memory) {
        return "`installModule(1, module, configuration)`, then `installModule(4, module, empty)`";
    }

    function nonce() public pure override returns (string memory) {
        return unicode"`validator(20) ‖ number(4) ‖ sequence(8)`";
    }

    function fact(Path path) public pure override returns (Outcome, string memory) {
        if (path == Path.Reinitialize) {
            return (Outcome.NotApplicable, "it has a constructor");
        }
        if (path == Path.AttestedExecuteUserOp) {
            return (Outcome.Refused, UNKNOWN_FUNCTION);
        }
        if (path == Path.UninstallOtherHook) {
            return (Outcome.Refused, "the account compares the address");
        }
        return _common(path);
    }
}
