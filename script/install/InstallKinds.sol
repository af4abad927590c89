// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {BuiltIn, ISimpleAccountUpgrade} from "./BuiltIn.sol";
import {Kernel} from "./Kernel.sol";
import {Modular} from "./Modular.sol";
import {IInstall, Kind, Plan, Target} from "./Plan.sol";
import {
    IERC7579AccountConfig,
    IERC7579Execution,
    MODULE_TYPE_HOOK
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

interface IServes {
    function entryPoint() external view returns (address);
    /// @dev As Kernel spells it.
    function entrypoint() external view returns (address);
}

interface IExecutes {
    function execute(address target, uint256 value, bytes calldata data) external;
}

/// @title What differs from kind to kind
library InstallKinds {
    bytes32 private constant DELEGATE = keccak256("writ.delegate.1.0.0");
    bytes32 private constant SIMPLE_ACCOUNT = keccak256("writ.simple-account.1.0.0");

    /// @notice Which kind an account is, by its whole `accountId()`; of one that takes no modules, by what it shall become.
    function find(Target memory t) internal view returns (Kind) {
        if (t.implementation != address(0)) {
            BuiltIn.check(t);
            bytes32 becomes = keccak256(bytes(_accountId(t.implementation)));
            if (becomes == DELEGATE) return Kind.Delegate;
            if (becomes != SIMPLE_ACCOUNT) revert IInstall.WrongImplementation(t.implementation);
            if (t.account.code.length == 0) revert IInstall.NoCode("account", t.account);
            return Kind.SimpleAccount;
        }
        if (t.account.code.length == 0) revert IInstall.NoCode("account", t.account);
        string memory text = _accountId(t.account);
        if (!_supportsHooks(t.account)) revert IInstall.HooksNotSupported(t.account);
        bytes32 id = keccak256(bytes(text));
        if (id == keccak256("@openzeppelin/contracts.AccountERC7579Hooked.v1.0.0")) {
            return Kind.OpenZeppelin;
        }
        if (id == keccak256("uMSA.advanced/withHook.v0.1")) return Kind.Reference;
        if (id == keccak256("biconomy.nexus.1.0.0")) return Kind.Nexus;
        if (id == keccak256("rhinestone.safe7579.v1.0.0")) return Kind.Safe7579;
        if (id == keccak256("kernel.advanced.v0.3.1")) return Kind.Kernel;
        revert IInstall.UnknownKind(t.account, text);
    }

    /// @notice Which roles the account says that the module has.
    function roles(Kind kind, Target memory t) internal view returns (bool validator, bool hook) {
        if (kind == Kind.Kernel) return Kernel.roles(t);
        if (kind >= Kind.SimpleAccount) return BuiltIn.roles(kind, t);
        return Modular.roles(kind, t);
    }

    /// @notice The calls that are missing, and all of them in one.
    function plan(Kind kind, Target memory t) internal view returns (Plan memory p) {
        p.kind = kind;
        if (kind >= Kind.SimpleAccount) {
            p.calls = BuiltIn.calls(kind, t);
            if (p.calls.length == 0) return p;
            p.payload = p.calls[0];
            if (kind == Kind.SimpleAccount) p.sender = ISimpleAccountUpgrade(t.account).owner();
            else p.consentDigest = BuiltIn.consentDigest(t);
            return p;
        }
        p.calls = kind == Kind.Kernel ? Kernel.calls(t) : Modular.calls(kind, t);
        if (p.calls.length == 0) return p;
        p.sender = t.configuration.entryPoint;
        p.payload = Modular.atomically(t.account, p.calls);
        p.callData = kind == Kind.Kernel ? Kernel.callData(t, p.payload) : p.payload;
    }

    /// @notice The EntryPoint that the account serves; zero where it does not say.
    function entryPoint(Kind kind, Target memory t) internal view returns (address) {
        address asked = kind == Kind.Delegate ? t.implementation : t.account;
        if (kind == Kind.Kernel) return IServes(asked).entrypoint();
        try IServes(asked).entryPoint() returns (address served) {
            return served;
        } catch {
            return address(0);
        }
    }

    /// @notice The key of nonces under the module.
    function nonceKey(Kind kind, address module) internal pure returns (uint192) {
        if (kind >= Kind.Kernel) return 0;
        return kind == Kind.Nexus ? uint160(module) : uint192(uint160(module)) << 32;
    }

    /// @notice An operation's calldata that calls an address and gives it nothing.
    function idle(Kind kind, address to) internal pure returns (bytes memory data) {
        if (kind >= Kind.SimpleAccount) return abi.encodeCall(IExecutes.execute, (to, 0, ""));
        data = abi.encodeCall(
            IERC7579Execution.execute, (bytes32(0), abi.encodePacked(to, uint256(0)))
        );
        if (kind == Kind.Kernel) return Kernel.wrap(data);
    }

    function _accountId(address account) private view returns (string memory) {
        try IERC7579AccountConfig(account).accountId() returns (string memory id) {
            return id;
        } catch {
            revert IInstall.NotAModularAccount(account);
        }
    }

    function _supportsHooks(address account) private view returns (bool) {
        try IERC7579AccountConfig(account).supportsModule(MODULE_TYPE_HOOK) returns (bool answer) {
            return answer;
        } catch {
            return false;
        }
    }
}
