// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Facts} from "../Facts.sol";
import {Outcome, Path} from "../Path.sol";

contract KernelFacts is Facts {
    function name() public pure override returns (string memory) {
        return "Kernel 0.3.1";
    }

    function id() public pure override returns (string memory) {
        return "kernel.advanced.v0.3.1";
    }

    function entryPoints() public pure override returns (string memory) {
        return "v0.7, v0.8, v0.9: the implementation is made for one";
    }

    function installing() public pure override returns (string memory) {
        return unicode"`initialize` or `changeRootValidator` with the module as root validator and as its hook, hook data `0xff ‖ configuration`, validator data empty; then as hook of every further validator, executor and selector";
    }

    function nonce() public pure override returns (string memory) {
        return unicode"`mode(1) ‖ type(1) ‖ validator(20) ‖ number(2) ‖ sequence(8)`, mode and type 0 and no validator for the root";
    }

    function suffix() public pure override returns (string memory) {
        return "at the end of `signature`; in enable mode it would be the innermost one, but that mode is closed";
    }

    function hookSees() public pure override returns (string memory) {
        return "what follows the selector of `executeUserOp`, in which every call has to be wrapped";
    }

    function fact(Path path) public pure override returns (Outcome, string memory) {
        if (path == Path.OtherValidatorUnhooked) {
            return (
                Outcome.Open,
                "hooks are per validator, and who installs one decides: the attested installation has to be refused by policy"
            );
        }
        if (path == Path.ExecutorUnhooked) {
            return (Outcome.Open, "hooks are per executor");
        }
        if (path == Path.FallbackUnhooked) {
            return (Outcome.Open, "hooks are per selector");
        }
        if (path == Path.FallbackDelegatecall) {
            return (Outcome.Closed, "");
        }
        if (path == Path.EntryPointAlone) {
            return (
                Outcome.Open,
                "`execute` has no hook; the EntryPoint calls it for validated operations alone"
            );
        }
        if (path == Path.EnableMode) {
            return (
                Outcome.Closed,
                "the consent is an ERC-1271 signature of the root validator, and the module gives none"
            );
        }
        if (path == Path.EnableModeByOther) {
            return (Outcome.NotApplicable, "the root validator alone consents");
        }
        if (path == Path.Upgrade) {
            return (Outcome.Closed, "");
        }
        if (path == Path.ChangeRootValidator) {
            return (Outcome.Closed, "");
        }
        if (path == Path.UninstallValidator) {
            return (Outcome.Refused, "the root validator can only be followed by another");
        }
        if (path == Path.ReplaceHook) {
            return (Outcome.Refused, "the module is not installed a second time");
        }
        if (path == Path.OverwriteHook) {
            return (Outcome.Closed, "");
        }
        if (path == Path.UninstallOtherHook) {
            return (Outcome.Refused, "the account compares the address");
        }
        if (path == Path.UninstallHookByOther) {
            return (
                Outcome.Refused,
                "a validator other than the root calls the functions alone that it was installed for"
            );
        }
        if (path == Path.ModuleAsFallback) {
            return (Outcome.Refused, "the module is not installed a second time");
        }
        return _common(path);
    }
}
