// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Facts} from "../Facts.sol";
import {Outcome, Path} from "../Path.sol";

contract SafeFacts is Facts {
    function name() public pure override returns (string memory) {
        return "Safe7579 1.0.0 on a Safe";
    }

    function id() public pure override returns (string memory) {
        return "rhinestone.safe7579.v1.0.0";
    }

    function entryPoints() public pure override returns (string memory) {
        return "v0.7, a constant of the adapter";
    }

    function installing() public pure override returns (string memory) {
        return "`addSafe7579` of its launchpad in the set-up of the Safe, the hook with `abi.encode(0, 0, empty)`; or `installModule` with the same";
    }

    function nonce() public pure override returns (string memory) {
        return unicode"`validator(20) ‖ number(4) ‖ sequence(8)`";
    }

    function hookSees() public pure override returns (string memory) {
        return "the operation's calldata, the EntryPoint's 20 bytes appended";
    }

    function fact(Path path) public pure override returns (Outcome, string memory) {
        if (path == Path.AttestedExecuteUserOp) {
            return (Outcome.Refused, UNKNOWN_FUNCTION);
        }
        if (path == Path.UnknownValidator) {
            return (Outcome.Closed, "the owners of the Safe validate it, the hook stops it");
        }
        if (path == Path.OverwriteHook) {
            return (Outcome.NotApplicable, "the adapter keeps the hook in its own storage");
        }
        if (path == Path.UninstallHook) {
            return
                (
                    Outcome.Closed,
                    "`uninstallModule` has no hook, so the module does not validate it"
                );
        }
        if (path == Path.UninstallValidator) {
            return
                (
                    Outcome.Closed,
                    "`uninstallModule` has no hook, so the module does not validate it"
                );
        }
        if (path == Path.UninstallHookByOther) {
            return (Outcome.Open, "`uninstallModule` has no hook: have no other validator");
        }
        if (path == Path.UninstallOtherHook) {
            return (
                Outcome.Closed,
                "the adapter removes whatever hook it has; `uninstallModule` has no hook, so the module does not validate it"
            );
        }
        if (path == Path.Upgrade) {
            return
                (
                    Outcome.Closed,
                    "the Safe without its fallback handler does not answer for the hook"
                );
        }
        if (path == Path.OwnersTransaction) {
            return (Outcome.Open, "`execTransaction` knows no module of ERC-7579: it needs a guard");
        }
        if (path == Path.AccountModule) {
            return (
                Outcome.Open,
                "a module of the Safe itself passes by the adapter: it needs a module guard, and enabling one an attestation"
            );
        }
        if (path == Path.ModuleAsFallback) {
            return (Outcome.Refused, "the adapter takes no handler for that function");
        }
        return _common(path);
    }
}
