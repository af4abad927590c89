// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {InstallKinds} from "./install/InstallKinds.sol";
import {OwnerTraces} from "./install/OwnerTraces.sol";
import {IInstall, Kind, Plan, Target} from "./install/Plan.sol";
import {Outcome, Rehearsal} from "./install/Rehearsal.sol";
import {IEntryPoint} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {console} from "forge-std/Script.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";
import {AccountState, Configuration, Mode} from "writ/interfaces/WritTypes.sol";
import {ConfigurationRules} from "writ/libraries/ConfigurationRules.sol";
import {Digests} from "writ/libraries/Digests.sol";

/// @title Prints what puts an account under the module, after it was rehearsed
/// @notice Sends nothing, so that every run is a dry run: an account installs by an operation that its present validator
/// accepts, or by its owner's transaction. What is printed was tried on the fork: the module then reads back as configured, an
/// operation without attestation is refused by the real EntryPoint, and the same operation goes through where the module only
/// observes. Run again it prints what is still missing, and nothing where nothing is. Environment: ACCOUNT, MODULE, what
/// `ConfigurationScript` lists; IMPLEMENTATION (`WritSimpleAccount` or `WritDelegate`, for accounts that take no modules) and
/// CONSENT (the signature of an EIP-7702 account's key; such an account needs `--evm-version prague`), WRIT_OWNER_TRACE (the
/// report of `writ trace-owner`, for an owner that is no key).
contract Install is OwnerTraces, IInstall {
    /// @dev Signs in place of the owner, whose key is not here. Nothing that it signs leaves the rehearsal.
    uint256 private constant UNDERSTUDY = uint256(keccak256("the owner's understudy"));

    function run() external {
        Target memory t;
        t.account = vm.envAddress("ACCOUNT");
        t.module = vm.envAddress("MODULE");
        t.implementation = vm.envOr("IMPLEMENTATION", address(0));
        t.consent = vm.envOr("CONSENT", bytes(""));
        (t.configuration, t.policies) = _configuration();
        _readOwnerTrace();
        console.log(asText(t, plan(t)));
    }

    /// @notice What is still to be done, after all of it was rehearsed. Changes nothing.
    function plan(Target memory t) public returns (Plan memory p) {
        _check(t);
        Kind kind = InstallKinds.find(t);
        address served = InstallKinds.entryPoint(kind, t);
        if (served != t.configuration.entryPoint) {
            revert EntryPointMismatch(t.configuration.entryPoint, served);
        }
        bool fresh = _checkState(kind, t);
        if (fresh) _checkOwnerTrace(t.account, t.module, t.configuration);
        p = InstallKinds.plan(kind, t);

        Outcome memory outcome = _rehearse(p, t, 0);
        if (_hash(outcome.configuration) != _hash(t.configuration)) {
            revert NotInstalled("the configuration");
        }
        if (!outcome.validator || !outcome.state.validatorInstalled) {
            revert NotInstalled("the validator");
        }
        if (!outcome.hook || !outcome.state.hookInstalled) revert NotInstalled("the hook");
        if (t.configuration.mode == Mode.Enforce) _checkRefused(kind, outcome);
        p.state = outcome.state;
        // Another owner can stand in only where nothing is configured yet.
        if (fresh) _checkUnderstudy(kind, t);
    }

    /// @notice The plan as text.
    function asText(Target memory t, Plan memory p) public view returns (string memory text) {
        if (p.calls.length == 0) {
            return string.concat(
                "Nothing is missing: installed in both roles, with this configuration.",
                p.state.pendingConfiguration == 0
                    ? ""
                    : "\nAnother configuration is scheduled: script/Operate.s.sol withdraws or applies it."
            );
        }
        // Without its consent the call of an EIP-7702 account would do nothing but cost.
        if (p.kind == Kind.Delegate && t.consent.length == 0) p.calls = new bytes[](0);
        for (uint256 i = 0; i < p.calls.length; ++i) {
            text = string.concat(
                text, "to   ", vm.toString(t.account), "\ndata ", vm.toString(p.calls[i]), "\n"
            );
        }
        if (p.kind == Kind.Delegate) {
            text = string.concat(text, _delegation(t, p));
        } else if (p.kind == Kind.SimpleAccount) {
            text = string.concat(text, _upgrade(t, p));
        } else {
            text = string.concat(
                text, "All in one, as the callData of an operation:\n", vm.toString(p.callData)
            );
        }
        return string.concat(
            text,
            "\nRevision after it: ",
            vm.toString(p.state.revision),
            "\nNot proven here: that somebody holds the owner's key.",
            t.configuration.mode == Mode.Enforce
                ? "\nEnforcement begins with it. Observe (MODE=1) first shows what it would refuse."
                : "",
            p.kind == Kind.Kernel ? _ofKernel() : "",
            "\nWhat goes around the module on this account: script/Enforcement.s.sol"
        );
    }

    function _check(Target memory t) private view {
        if (t.module.code.length == 0) revert NoCode("module", t.module);
        address entryPoint = t.configuration.entryPoint;
        if (entryPoint.code.length == 0) revert NoCode("EntryPoint", entryPoint);
        try IWritModule(t.module).domainSeparator() returns (bytes32) {}
        catch {
            revert NotTheModule(t.module);
        }
        if (!IWritModule(t.module).isModuleType(1) || !IWritModule(t.module).isModuleType(4)) {
            revert NotTheModule(t.module);
        }
        ConfigurationRules.check(t.configuration, t.policies);
        address owner = t.configuration.owner;
        bool isContract = owner.code.length != 0 && bytes3(owner.code) != 0xef0100;
        if (t.configuration.ownerValidator == address(0) && isContract) {
            revert OwnerCannotSign(owner);
        }
    }

    /// @return fresh Whether the module has no configuration yet that counts for the account.
    function _checkState(Kind kind, Target memory t) private view returns (bool fresh) {
        (bool validator, bool hook) = InstallKinds.roles(kind, t);
        (Configuration memory current, AccountState memory state) =
            IWritModule(t.module).configurationOf(t.account);
        if (validator && !state.validatorInstalled) revert RolesDisagree(t.account, 1);
        if (hook && !state.hookInstalled) revert RolesDisagree(t.account, 4);
        // What other code of an EIP-7702 account left in the module is replaced.
        if (kind == Kind.Delegate && !validator) return true;
        if (!state.validatorInstalled) return true;
        if (_hash(current) != _hash(t.configuration)) {
            revert OtherConfiguration(t.account, _hash(current), _hash(t.configuration));
        }
        if (state.exitAt != 0) revert ExitAnnounced(t.account, state.exitAt);
    }

    /// @dev The same installation with another owner: what is refused under Enforce goes through where it need not be attested.
    function _checkUnderstudy(Kind kind, Target memory t) private {
        Target memory understudy = abi.decode(abi.encode(t), (Target));
        understudy.configuration.owner = vm.addr(UNDERSTUDY);
        understudy.configuration.ownerValidator = address(0);
        understudy.consent = "";
        if (t.configuration.mode == Mode.Enforce) {
            Outcome memory enforced =
                _rehearse(InstallKinds.plan(kind, understudy), understudy, UNDERSTUDY);
            _checkRefused(kind, enforced);
            understudy.configuration.mode = Mode.Observe;
        }
        Outcome memory outcome =
            _rehearse(InstallKinds.plan(kind, understudy), understudy, UNDERSTUDY);
        if (!outcome.ran) revert NoWorkingValidator(outcome.reason);
        if (t.configuration.mode == Mode.Off) return;
        if (!outcome.validatorWarned) revert NotInstalled("the validator's observation");
        if (!outcome.hookWarned) revert NotInstalled("the hook's observation");
    }

    /// @dev Safe7579 does not pass on what a validator reverts with: that the operation goes through where it need not be
    /// attested tells there that it is this which was refused.
    function _checkRefused(Kind kind, Outcome memory outcome) private pure {
        bytes4 inner = kind == Kind.Safe7579
            ? bytes4(keccak256("ExecutionFailed()"))
            : IWritErrors.AttestationRequired.selector;
        bytes memory expected = abi.encodeWithSelector(
            IEntryPoint.FailedOpWithRevert.selector, 0, "AA23 reverted", abi.encodePacked(inner)
        );
        if (keccak256(outcome.reason) != keccak256(expected)) revert NotRefused(outcome.reason);
    }

    function _rehearse(Plan memory p, Target memory t, uint256 key)
        private
        returns (Outcome memory outcome)
    {
        try new Rehearsal().rehearse(p, t, key) {
            revert NotInstalled("the end of the rehearsal");
        } catch (bytes memory reason) {
            if (bytes4(reason) != Rehearsal.Seen.selector) {
                assembly ("memory-safe") {
                    revert(add(reason, 0x20), mload(reason))
                }
            }
            assembly ("memory-safe") {
                mstore(add(reason, 4), sub(mload(reason), 4))
                reason := add(reason, 4)
            }
            outcome = abi.decode(reason, (Outcome));
        }
    }

    function _hash(Configuration memory configuration) private pure returns (bytes32) {
        return Digests.configurationHash(configuration);
    }

    function _upgrade(Target memory t, Plan memory p) private pure returns (string memory) {
        return string.concat(
            "As a transaction of the owner ",
            vm.toString(p.sender),
            " to ",
            vm.toString(t.account),
            ", or as an operation in which the account calls itself with it."
        );
    }

    function _delegation(Target memory t, Plan memory p) private view returns (string memory) {
        if (t.consent.length == 0) {
            return string.concat(
                "Not complete: the account's key has to sign this digest, without any prefix, and CONSENT to be set to it:\n",
                vm.toString(p.consentDigest)
            );
        }
        return string.concat(
            "As one transaction (type 4) of anyone to the account, with the authorization of its key:\nchain ",
            vm.toString(block.chainid),
            ", delegate ",
            vm.toString(t.implementation),
            ", nonce ",
            vm.toString(vm.getNonce(t.account)),
            " (one more where the account itself sends it). The key itself stays free: docs/embedded-accounts.md"
        );
    }

    function _ofKernel() private pure returns (string memory) {
        return "\nFrom then on every operation's callData is executeUserOp's selector and then the call. Every further validator,"
            " executor and selector, and every one that is installed already, needs the module as its hook; the former root"
            " validator stays installed, calls nothing, and still signs (ERC-1271) until it is removed.";
    }
}
