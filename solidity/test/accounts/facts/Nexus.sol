// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Facts} from "../Facts.sol";
import {Outcome, Path} from "../Path.sol";

contract NexusFacts is Facts {
    function name() public pure override returns (string memory) {
        return "Nexus 1.0.0";
    }

    function id() public pure override returns (string memory) {
        return "biconomy.nexus.1.0.0";
    }

    function entryPoints() public pure override returns (string memory) {
        return "v0.7, v0.8, v0.9: the implementation is made for one";
    }

    function installing() public pure override returns (string memory) {
        return "`initNexus` of its bootstrap, or as above";
    }

    function nonce() public pure override returns (string memory) {
        return unicode"`number(3) ‖ mode(1) ‖ validator(20) ‖ sequence(8)`";
    }

    function fact(Path path) public pure override returns (Outcome, string memory) {
        if (path == Path.AttestedExecuteUserOp) {
            return (Outcome.Closed, WRAPPED);
        }
        if (path == Path.AttestedSelfCall) {
            return (Outcome.Refused, "`execute` is for the EntryPoint alone");
        }
        if (path == Path.BoundExceededBySelfCall) {
            return (Outcome.Refused, "`execute` is for the EntryPoint alone");
        }
        if (path == Path.UninstallOtherHook) {
            return (Outcome.Refused, "the account compares the address");
        }
        if (path == Path.EmergencyUninstall) {
            return (Outcome.Closed, "no hook sees it, so the module does not validate it");
        }
        if (path == Path.EmergencyUninstallByOther) {
            return (
                Outcome.Open,
                "no hook sees it, and another validator can ask for it twice, a day apart: have no other validator"
            );
        }
        if (path == Path.EnableMode) {
            return
                (Outcome.Closed, "the consent is an ERC-1271 signature, and the module gives none");
        }
        if (path == Path.EnableModeByOther) {
            return
                (Outcome.Closed, "the hook sees the installation, and validation as a whole fails");
        }
        if (path == Path.Upgrade) {
            return (Outcome.Closed, "");
        }
        return _common(path);
    }
}
