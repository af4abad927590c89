// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IInstall, Kind, Target} from "./Plan.sol";
import {IRootConsents} from "writ/interfaces/IRootConsents.sol";
import {IWritAccount} from "writ/interfaces/IWritAccount.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";

interface ISimpleAccountUpgrade {
    function owner() external view returns (address);
    function upgradeToAndCall(address implementation, bytes calldata data) external payable;
    function initializeWrit(bytes calldata installation) external;
}

interface IDelegateInitialization {
    function initializeWrit(bytes calldata installation, bytes calldata signature) external;
}

/// @title Accounts that have the module built in: a SimpleAccount after its upgrade, an EIP-7702 account after its delegation
library BuiltIn {
    /// @notice The code of an account that delegates to an implementation.
    function delegation(address implementation) internal pure returns (bytes memory) {
        return abi.encodePacked(hex"ef0100", implementation);
    }

    /// @notice The account says so once its code has the module and the configuration counts. What has no such code, says no.
    function roles(Kind kind, Target memory t) internal view returns (bool validator, bool hook) {
        if (kind == Kind.Delegate) {
            if (keccak256(t.account.code) != keccak256(delegation(t.implementation))) {
                return (false, false);
            }
        } else if (!isUpgraded(t.account)) {
            return (false, false);
        }
        validator = IWritAccount(t.account).isModuleInstalled(1, t.module, "");
        hook = IWritAccount(t.account).isModuleInstalled(4, t.module, "");
    }

    /// @notice The one call that is missing, if any.
    function calls(Kind kind, Target memory t) internal view returns (bytes[] memory list) {
        (bool validator,) = roles(kind, t);
        if (validator) return list;
        list = new bytes[](1);
        bytes memory installation = abi.encode(t.configuration, t.policies);
        if (kind == Kind.Delegate) {
            (bool given,) = IRootConsents(t.implementation).consentOf(t.account);
            if (given && IWritModule(t.module).isInitialized(t.account)) {
                revert IInstall.DelegationMissing(t.account, t.implementation);
            }
            list[0] =
                abi.encodeCall(IDelegateInitialization.initializeWrit, (installation, t.consent));
            return list;
        }
        list[0] = abi.encodeCall(ISimpleAccountUpgrade.initializeWrit, (installation));
        if (isUpgraded(t.account)) return list;
        list[0] =
            abi.encodeCall(ISimpleAccountUpgrade.upgradeToAndCall, (t.implementation, list[0]));
    }

    /// @notice What the key of an EIP-7702 account signs to consent.
    function consentDigest(Target memory t) internal view returns (bytes32) {
        return IRootConsents(t.implementation)
            .consentDigest(t.account, keccak256(abi.encode(t.configuration, t.policies)));
    }

    /// @notice Whether a SimpleAccount has code with a module built in.
    function isUpgraded(address account) internal view returns (bool) {
        try IWritAccount(account).writModule() returns (address) {
            return true;
        } catch {
            return false;
        }
    }

    /// @notice Refuses an implementation that is made for another module.
    function check(Target memory t) internal view {
        if (t.implementation.code.length == 0) {
            revert IInstall.NoCode("implementation", t.implementation);
        }
        try IWritAccount(t.implementation).writModule() returns (address module) {
            if (module == t.module) return;
        } catch {}
        revert IInstall.WrongImplementation(t.implementation);
    }
}
