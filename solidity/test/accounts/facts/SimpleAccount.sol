// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Outcome, Path} from "../Path.sol";
import {BuiltInFacts} from "./BuiltIn.sol";

contract SimpleAccountFacts is BuiltInFacts {
    string private constant CALLER = "`execute` is for the EntryPoint and the owner alone";

    function name() public pure override returns (string memory) {
        return "SimpleAccount, upgraded to WritSimpleAccount";
    }

    function id() public pure override returns (string memory) {
        return "writ.simple-account.1.0.0";
    }

    function entryPoints() public pure override returns (string memory) {
        return "v0.7, v0.8, v0.9: the implementation is made for one";
    }

    function installing() public pure override returns (string memory) {
        return "the owner's `upgradeToAndCall(implementation, initializeWrit(configuration))`";
    }

    function fact(Path path) public pure override returns (Outcome, string memory) {
        if (path == Path.AttestedSelfCall || path == Path.BoundExceededBySelfCall) {
            return (Outcome.Refused, CALLER);
        }
        if (path == Path.Upgrade) {
            return (
                Outcome.Closed,
                "an upgrade ends the module's roles, whatever it leads to: leave by the exit"
            );
        }
        if (path == Path.OwnersTransaction) {
            return (Outcome.Closed, "the owner's own calls of `execute` need a ticket as well");
        }
        if (path == Path.OwnerWithdraws || path == Path.OwnerUpgrades) {
            return (Outcome.Closed, "");
        }
        return _builtIn(path);
    }
}
