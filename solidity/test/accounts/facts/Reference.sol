// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Facts} from "../Facts.sol";
import {Outcome, Path} from "../Path.sol";

contract ReferenceFacts is Facts {
    function name() public pure override returns (string memory) {
        return "ERC-7579 reference account (MSAAdvanced)";
    }

    function id() public pure override returns (string memory) {
        return "uMSA.advanced/withHook.v0.1";
    }

    function entryPoints() public pure override returns (string memory) {
        return "v0.7, a constant of its code";
    }

    function installing() public pure override returns (string memory) {
        return "`initMSA` of its bootstrap, or as above";
    }

    function nonce() public pure override returns (string memory) {
        return unicode"`validator(20) ‖ number(4) ‖ sequence(8)`";
    }

    function fact(Path path) public pure override returns (Outcome, string memory) {
        if (path == Path.Fallback) {
            return (
                Outcome.Open,
                "its fallback calls no hook; a handler decides for itself whom it answers"
            );
        }
        if (path == Path.AttestedExecuteUserOp) {
            return (Outcome.Closed, WRAPPED);
        }
        if (path == Path.UninstallOtherHook) {
            return (
                Outcome.Closed,
                "the account removes whatever hook it has, whichever address is named"
            );
        }
        return _common(path);
    }
}
