// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Decision} from "./utils/Attestor.sol";
import {Delegates} from "./utils/Delegates.sol";
import {EntryPoints, IEntryPointExtra} from "./utils/EntryPoints.sol";
import {WritTest} from "./utils/WritTest.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {Bound} from "writ/interfaces/WritTypes.sol";

import {
    ISimpleAccount,
    ISimpleAccountFactory,
    IWritDelegate,
    IWritSimpleAccount,
    SimpleAccounts
} from "./utils/SimpleAccounts.sol";

/// @title Gas of whole user operations of the accounts that have the module built in, and of what they were before
/// @notice 3 of 5 operators. Kept in solidity/snapshots and compared at every run;
/// `FORGE_SNAPSHOT_CHECK=false forge test --mc BuiltInGas` writes anew.
/// forge-config: default.evm_version = "prague"
contract BuiltInGasTest is WritTest, Delegates {
    string private constant GROUP = "built-in";

    address private _simple;
    IWritDelegate private _delegate;

    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        return EntryPoints.deployV08();
    }

    function setUp() public override {
        super.setUp();
        _simple = SimpleAccounts.writSimpleAccount(entryPoint, address(module));
        _delegate = SimpleAccounts.writDelegate(entryPoint, address(module));
        vm.deal(recipient, 1);
        vm.deal(bundler, 1);
    }

    function nonceOf(address who, uint32 key) internal view override returns (uint256) {
        return entryPoint.getNonce(who, key);
    }

    function test_simpleAccount() public {
        ISimpleAccountFactory factory = SimpleAccounts.factory(SimpleAccounts.V08, entryPoint);
        ISimpleAccount who = ISimpleAccount(
            SimpleAccounts.create(SimpleAccounts.V08, factory, entryPoint, owner, 0)
        );
        fund(address(who));
        uint256 plain = _plain(address(who), OWNER_KEY);
        bytes memory data = abi.encode(configuration(), policies());
        vm.prank(owner);
        who.upgradeToAndCall(_simple, abi.encodeCall(IWritSimpleAccount.initializeWrit, (data)));
        vm.snapshotGasLastCall(GROUP, "upgrade of a SimpleAccount");
        uint256 attested_ = _attested(address(who));
        vm.snapshotValue(GROUP, "native transfer, SimpleAccount", plain);
        vm.snapshotValue(GROUP, "native transfer, WritSimpleAccount", attested_);
        vm.snapshotValue(GROUP, "native transfer, WritSimpleAccount, difference", attested_ - plain);
    }

    function test_delegate() public {
        address who = newKey();
        // In the published code the EntryPoint is a constant, and the key is the owner.
        delegate(who, SimpleAccounts.simple7702(entryPoint));
        fund(who);
        uint256 plain = _plain(who, keys[who]);
        delegate(who, address(_delegate));
        bytes memory data = abi.encode(configuration(), policies());
        bytes memory signature = consents(_delegate, who, data);
        IWritDelegate(who).initializeWrit(data, signature);
        vm.snapshotGasLastCall(GROUP, "initialization of an EIP-7702 account");
        uint256 attested_ = _attested(who);
        vm.snapshotValue(GROUP, "native transfer, Simple7702Account", plain);
        vm.snapshotValue(GROUP, "native transfer, WritDelegate", attested_);
        vm.snapshotValue(GROUP, "native transfer, WritDelegate, difference", attested_ - plain);
    }

    function test_sizes() public {
        vm.snapshotValue("built-in size", "WritSimpleAccount runtime bytes", _simple.code.length);
        vm.snapshotValue(
            "built-in size", "WritDelegate runtime bytes", address(_delegate).code.length
        );
    }

    /// @dev The second of its kind: everything that is written once is written.
    function _plain(address who, uint256 key) private returns (uint256) {
        for (uint256 i = 0; i < 2; ++i) {
            PackedUserOperation memory op = _operation(who);
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, entryPoint.getUserOpHash(op));
            op.signature = abi.encodePacked(r, s, v);
            send(op);
        }
        return vm.lastCallGas().gasTotalUsed;
    }

    function _attested(address who) private returns (uint256) {
        for (uint256 i = 0; i < 2; ++i) {
            PackedUserOperation memory op = _operation(who);
            Decision memory d = decision(op);
            d.bounds = new Bound[](1);
            d.bounds[0] = Bound(0, address(0), 1 ether, 0);
            send(attach(op, d));
        }
        return vm.lastCallGas().gasTotalUsed;
    }

    function _operation(address who) private view returns (PackedUserOperation memory op) {
        op = operation(account, 0, abi.encodeCall(ISimpleAccount.execute, (recipient, 1, "")));
        op.sender = who;
        op.nonce = nonceOf(who, 0);
    }
}
