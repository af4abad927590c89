// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IDevAccount} from "../../utils/Contracts.sol";
import {Delegates, OpenDelegate} from "../../utils/Delegates.sol";
import {Facts} from "../Facts.sol";
import {DelegateFacts} from "../facts/Delegate.sol";
import {BuiltInKind} from "./BuiltIn.sol";
import {ERC20, ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {IWritDelegate, SimpleAccounts} from "../../utils/SimpleAccounts.sol";

contract PermitToken is ERC20Permit {
    constructor(address to) ERC20("Permit", "PERM") ERC20Permit("Permit") {
        _mint(to, 1000);
    }
}

/// @title An EIP-7702 account that delegates to `WritDelegate`, by an authorization that its key signed
abstract contract DelegateKind is BuiltInKind, Delegates {
    IWritDelegate internal implementation;

    function deployKind() internal override {
        implementation = SimpleAccounts.writDelegate(entryPoint, address(module));
    }

    function createWith(address builtIn, bytes memory data) internal override returns (address) {
        IWritDelegate to = implementation;
        if (builtIn != address(module)) to = SimpleAccounts.writDelegate(entryPoint, builtIn);
        return newDelegated(to, data);
    }

    function own() internal view returns (IWritDelegate) {
        return IWritDelegate(address(account));
    }

    function leave() internal override returns (bool) {
        return unattested(executeCall(address(module), 0, abi.encodeCall(module.onUninstall, (""))));
    }

    function comeBack() internal override {
        bytes memory data = abi.encode(configuration(), policies());
        own().initializeWrit(data, consents(implementation, address(account), data));
    }

    /// @dev Neither with the signature that was used, nor with a new one.
    function reinitialize() internal override returns (bool) {
        bytes memory data = abi.encode(configuration(), policies());
        bytes memory signature = consents(implementation, address(account), data);
        (bool success,) =
            address(account).call(abi.encodeCall(IWritDelegate.initializeWrit, (data, signature)));
        return success;
    }

    function ownersTransaction() internal override returns (bool) {
        vm.prank(address(account), address(account));
        (bool success,) = recipient.call{value: 1}("");
        return success && recipient.balance == 1;
    }

    function keyExecutes() internal override returns (bool) {
        bytes memory data = sendNative(1);
        vm.prank(address(account), address(account));
        (bool success,) = address(account).call(data);
        return success && recipient.balance == 1;
    }

    function keyRedelegates() internal override returns (bool) {
        vm.signAndAttachDelegation(address(new OpenDelegate()), keys[address(account)]);
        OpenDelegate(payable(address(account))).run(recipient, 1, "");
        return recipient.balance == 1;
    }

    function keyRemovesModule() internal override returns (bool) {
        vm.prank(address(account), address(account));
        module.onUninstall("");
        return !state(address(account)).validatorInstalled;
    }

    function keySigns() internal override returns (bool) {
        PermitToken permits = new PermitToken(address(account));
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
                ),
                account,
                recipient,
                1,
                0,
                block.timestamp
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(
            keys[address(account)],
            MessageHashUtils.toTypedDataHash(permits.DOMAIN_SEPARATOR(), structHash)
        );
        permits.permit(address(account), recipient, 1, block.timestamp, v, r, s);
        vm.prank(recipient);
        return permits.transferFrom(address(account), recipient, 1);
    }

    /// @dev A configuration as good as any, but nobody consented to it here.
    function formerDelegate() internal override returns (bool) {
        account = IDevAccount(payable(newKey()));
        bytes memory data = abi.encode(configuration(), policies());
        delegate(address(account), address(new OpenDelegate()));
        OpenDelegate former = OpenDelegate(payable(address(account)));
        former.run(address(module), 0, abi.encodeCall(module.onInstall, (data)));
        former.run(address(module), 0, abi.encodeCall(module.onInstall, ("")));
        delegate(address(account), address(implementation));
        fund(address(account));
        return runs(sendNative(1));
    }

    function newFacts() internal override returns (Facts) {
        return new DelegateFacts();
    }

    function packsExecutions() internal pure override returns (bool) {
        return false;
    }
}
