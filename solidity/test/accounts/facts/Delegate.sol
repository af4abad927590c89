// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Outcome, Path} from "../Path.sol";
import {BuiltInFacts} from "./BuiltIn.sol";

contract DelegateFacts is BuiltInFacts {
    function name() public pure override returns (string memory) {
        return "EIP-7702 account, delegated to WritDelegate";
    }

    function id() public pure override returns (string memory) {
        return "writ.delegate.1.0.0";
    }

    function entryPoints() public pure override returns (string memory) {
        return "v0.7, v0.8, v0.9: the implementation is made for one";
    }

    function installing() public pure override returns (string memory) {
        return "delegation to the implementation, and `initializeWrit(configuration, signature of the account's key)`";
    }

    function fact(Path path) public pure override returns (Outcome, string memory) {
        if (path == Path.OwnersTransaction) {
            return (
                Outcome.Open,
                "the key that the account is made of can send what it likes: the module binds who signs operations"
            );
        }
        if (path == Path.KeyExecutes) return (Outcome.Closed, "");
        if (path == Path.KeyRedelegates) {
            return (
                Outcome.Open,
                "nothing stops the key; attestations are void there, since they name the delegation"
            );
        }
        if (path == Path.KeyRemovesModule) {
            return (Outcome.Open, "to the module, the key's transaction is the account");
        }
        if (path == Path.KeySigns) {
            return (Outcome.Open, "no code of the account is asked");
        }
        if (path == Path.FormerDelegate) {
            return
                (Outcome.Refused, "nothing validates before the key's consent, which replaces it");
        }
        return _builtIn(path);
    }
}
