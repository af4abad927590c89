// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Contracts, IDevAccount} from "./utils/Contracts.sol";
import {WritTest} from "./utils/WritTest.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";
import {AccountState, Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @notice Deploys accounts that install the module in their constructor.
contract Factory {
    function create(bytes memory code) external returns (address created) {
        assembly ("memory-safe") {
            created := create2(0, add(code, 0x20), mload(code), 0)
        }
        require(created != address(0), "not created");
    }
}

/// @title Configurations that are published first, so that the operation which deploys an account installs the module as well
contract PublishTest is WritTest {
    Factory internal factory = new Factory();

    function _creationCode(bytes memory data) private view returns (bytes memory) {
        return bytes.concat(
            vm.getCode("DevAccount.sol:DevAccount"),
            abi.encode(address(entryPoint), address(module), data, address(module))
        );
    }

    function _install(address record) private returns (address) {
        return factory.create(_creationCode(abi.encode(record)));
    }

    function test_whatIsPublishedIsWhatIsInstalled() public {
        Configuration memory c = configuration();
        vm.expectEmit(true, false, false, false, address(module));
        emit IWritModule.ConfigurationPublished(c.policy, address(0), c, policies());
        address record = module.publish(c, policies());
        vm.roll(2000);
        account = IDevAccount(payable(_install(record)));
        fund(address(account));
        assertEq(abi.encode(current(address(account))), abi.encode(c));
        AccountState memory s = state(address(account));
        assertEq(s.revision, 1);
        assertEq(s.configuredAt, 1000, "where the policies are to be found");
        assertTrue(s.validatorInstalled && s.hookInstalled);
        send(attested(operation(account, 0, sendNative(1))));
        assertEq(recipient.balance, 1);
    }

    /// @dev The whole of it through the EntryPoint: deployed, installed and executed in one operation.
    function test_theFirstOperationDeploysInstallsAndExecutes() public {
        address record = module.publish(configuration(), policies());
        bytes memory code = _creationCode(abi.encode(record));
        address sender = vm.computeCreate2Address(0, keccak256(code), address(factory));
        fund(sender);
        PackedUserOperation memory op = operation(IDevAccount(payable(sender)), 0, sendNative(1));
        op.initCode = abi.encodePacked(address(factory), abi.encodeCall(factory.create, (code)));
        op.accountGasLimits = bytes32((uint256(10_000_000) << 128) | 1_000_000);

        // The operators decide before the account exists: they know what it will be.
        uint256 before = vm.snapshotState();
        _install(record);
        op = attested(op);
        vm.revertToState(before);
        send(op);
        assertEq(recipient.balance, 1);
        assertEq(state(sender).revision, 1);
    }

    function test_onlyWhatTheModuleWroteIsARecord() public {
        address record = module.publish(configuration(), policies());
        IWritModule other = Contracts.module();
        address foreign = other.publish(configuration(), policies());
        assertTrue(foreign != record);
        address[5] memory wrong = [foreign, operatorSet, address(0), address(token), recipient];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(
                abi.encodeWithSelector(IWritErrors.RecordNotPublished.selector, wrong[i])
            );
            module.onInstall(abi.encode(wrong[i]));
        }
        // The code of a record elsewhere, and a record with more behind it.
        address copy = makeAddr("copy");
        vm.etch(copy, record.code);
        vm.expectRevert(abi.encodeWithSelector(IWritErrors.RecordNotPublished.selector, copy));
        module.onInstall(abi.encode(copy));
        vm.expectRevert();
        module.onInstall(abi.encode(type(uint256).max));
        module.onInstall(abi.encode(record));
    }

    function test_whatCouldNotBeConfiguredCannotBePublished() public {
        Configuration memory c = configuration();
        c.threshold = 0;
        vm.expectRevert();
        module.publish(c, policies());
        c = configuration();
        c.policy = 0;
        vm.expectRevert();
        module.publish(c, policies());
    }

    /// @dev One zero byte says that an account is plain, and nothing else says anything.
    function test_anAccountUnderConstructionSaysThatItIsPlain() public {
        module.onInstall(abi.encode(configuration(), policies()));
        vm.expectRevert(IWritErrors.MalformedInstallation.selector);
        module.onInstall(hex"01");
        module.onInstall(hex"00");
        assertTrue(state(address(this)).hookInstalled);
        vm.expectRevert(
            abi.encodeWithSelector(IWritErrors.AlreadyInstalled.selector, address(this))
        );
        module.onInstall(hex"00");
    }

    function test_publishedAgainItIsTheSameRecord() public {
        address record = module.publish(configuration(), policies());
        account = IDevAccount(payable(_install(record)));
        vm.roll(3000);
        assertEq(module.publish(configuration(), policies()), record);
        assertEq(state(address(account)).configuredAt, 3000, "where it is to be found last");
    }

    /// @dev A record that was installed is configured away from like any other.
    function test_settingsGoOnFromARecord() public {
        Configuration memory c = configuration();
        c.mode = Mode.Observe;
        account = IDevAccount(payable(_install(module.publish(c, policies()))));
        vm.roll(4000);
        Configuration memory next = configuration();
        bytes32 digest = keccak256(
            abi.encode(
                keccak256("Configure(address account,bytes32 configuration,uint256 nonce)"),
                account,
                keccak256(abi.encode(next)),
                0
            )
        );
        bytes memory signature =
            ownerSignature(keccak256(bytes.concat(hex"1901", module.domainSeparator(), digest)));
        module.configure(address(account), next, policies(), 0, signature, "");
        assertEq(state(address(account)).configuredAt, 4000);
        assertEq(uint8(current(address(account)).mode), uint8(Mode.Enforce));
    }
}
