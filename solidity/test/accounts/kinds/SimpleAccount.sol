// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Facts} from "../Facts.sol";
import {BareAccount} from "../Mocks.sol";
import {SimpleAccountFacts} from "../facts/SimpleAccount.sol";
import {BuiltInKind} from "./BuiltIn.sol";
import {Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

import {
    ISimpleAccount,
    ISimpleAccountFactory,
    IWritSimpleAccount,
    SimpleAccounts
} from "../../utils/SimpleAccounts.sol";

/// @title A SimpleAccount from its published factory, which its owner upgrades to `WritSimpleAccount`
abstract contract SimpleAccountKind is BuiltInKind {
    ISimpleAccountFactory internal factory;
    uint256 private _salt;

    /// @dev Which one was published.
    function version() internal pure virtual returns (string memory) {
        return SimpleAccounts.V07;
    }

    function deployKind() internal override {
        factory = SimpleAccounts.factory(version(), entryPoint);
    }

    function createWith(address builtIn, bytes memory data)
        internal
        override
        returns (address who)
    {
        who = SimpleAccounts.create(version(), factory, entryPoint, owner, _salt++);
        address next = SimpleAccounts.writSimpleAccount(entryPoint, builtIn);
        upgradeByOwner(who, next, abi.encodeCall(IWritSimpleAccount.initializeWrit, (data)));
    }

    function upgradeByOwner(address who, address next, bytes memory data) internal {
        vm.prank(owner);
        ISimpleAccount(who).upgradeToAndCall(next, data);
    }

    function executeBatch(Execution[] memory calls) internal pure override returns (bytes memory) {
        if (keccak256(bytes(version())) != keccak256(bytes(SimpleAccounts.V07))) {
            return super.executeBatch(calls);
        }
        return SimpleAccounts.batchOfArrays(calls);
    }

    function own() internal view returns (ISimpleAccount) {
        return ISimpleAccount(address(account));
    }

    function leaving() internal view returns (bytes memory) {
        return abi.encodeCall(
            ISimpleAccount.upgradeToAndCall, (factory.accountImplementation(), bytes(""))
        );
    }

    function leave() internal override returns (bool) {
        return unattested(executeCall(address(account), 0, leaving()))
            && SimpleAccounts.implementationOf(address(account)) == factory.accountImplementation();
    }

    function comeBack() internal override {
        bytes memory data = abi.encode(configuration(), policies());
        upgradeByOwner(
            address(account),
            SimpleAccounts.writSimpleAccount(entryPoint, address(module)),
            abi.encodeCall(IWritSimpleAccount.initializeWrit, (data))
        );
    }

    function upgrade() internal override returns (bool) {
        address bare = address(new BareAccount());
        bytes memory call = abi.encodeCall(ISimpleAccount.upgradeToAndCall, (bare, bytes("")));
        runs(executeCall(address(account), 0, call));
        return SimpleAccounts.implementationOf(address(account)) == bare;
    }

    /// @dev Not even by the owner.
    function reinitialize() internal override returns (bool) {
        bytes memory data = abi.encode(configuration(), policies());
        uint64 revision = state(address(account)).revision;
        address[2] memory callers = [makeAddr("stranger"), owner];
        for (uint256 i = 0; i < callers.length; ++i) {
            vm.prank(callers[i]);
            (bool success,) =
                address(account).call(abi.encodeCall(IWritSimpleAccount.initializeWrit, (data)));
            vm.prank(callers[i]);
            (bool again,) =
                address(account).call(abi.encodeCall(ISimpleAccount.initialize, (callers[i])));
            if (success || again) return true;
        }
        return state(address(account)).revision != revision || own().owner() != owner;
    }

    function byOwner(bytes memory data) internal returns (bool success) {
        vm.prank(owner);
        (success,) = address(account).call(data);
    }

    function ownersTransaction() internal override returns (bool) {
        return byOwner(sendNative(1)) && recipient.balance == 1;
    }

    function ownerWithdraws() internal override returns (bool) {
        return byOwner(abi.encodeCall(ISimpleAccount.withdrawDepositTo, (payable(recipient), 1)))
            && recipient.balance == 1;
    }

    function ownerUpgrades() internal override returns (bool) {
        return byOwner(leaving())
            && SimpleAccounts.implementationOf(address(account)) == factory.accountImplementation();
    }

    function newFacts() internal override returns (Facts) {
        return new SimpleAccountFacts();
    }

    function packsExecutions() internal pure override returns (bool) {
        return false;
    }
}
