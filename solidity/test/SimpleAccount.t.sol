// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Decision} from "./utils/Attestor.sol";
import {BuiltInSuite} from "./utils/BuiltInSuite.sol";
import {IDevAccount} from "./utils/Contracts.sol";
import {EntryPoints, IEntryPointExtra} from "./utils/EntryPoints.sol";
import {
    IBatchOfArrays,
    IBatchOfCalls,
    ISimpleAccount,
    ISimpleAccountFactory,
    IWritSimpleAccount,
    SimpleAccounts
} from "./utils/SimpleAccounts.sol";
import {IAccount, PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {IERC1155Receiver} from "@openzeppelin/contracts/token/ERC1155/IERC1155Receiver.sol";
import {IERC721Receiver} from "@openzeppelin/contracts/token/ERC721/IERC721Receiver.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {Vm} from "forge-std/Vm.sol";
import {IWritAccount} from "writ/interfaces/IWritAccount.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";
import {AccountState, Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @notice Code to upgrade to that says of itself what the module asks.
contract Lying {
    function proxiableUUID() external pure returns (bytes32) {
        return SimpleAccounts.IMPLEMENTATION;
    }

    function isModuleInstalled(uint256, address, bytes calldata) external pure returns (bool) {
        return true;
    }

    fallback() external payable {}
    receive() external payable {}
}

/// @title A live SimpleAccount that is upgraded, lives on under the module, and goes back
abstract contract SimpleAccountSuite is BuiltInSuite {
    ISimpleAccountFactory internal factory;
    address internal implementation;
    uint256 internal salt;

    bytes32 internal constant INITIALIZABLE =
        0xf0c57e16840df040f15088dc2f81fe391c3923bec73e23a9662efc9c229c6a00;

    function version() internal pure virtual returns (string memory) {
        return SimpleAccounts.V07;
    }

    function newPlain() internal returns (ISimpleAccount) {
        if (implementation == address(0)) {
            factory = SimpleAccounts.factory(version(), entryPoint);
            implementation = SimpleAccounts.writSimpleAccount(entryPoint, address(module));
        }
        return ISimpleAccount(SimpleAccounts.create(version(), factory, entryPoint, owner, salt++));
    }

    function newAccount(Configuration memory c) internal override returns (IDevAccount created) {
        ISimpleAccount plain = newPlain();
        upgrade(plain, c);
        created = IDevAccount(payable(address(plain)));
        fund(address(created));
    }

    function upgrade(ISimpleAccount plain, Configuration memory c) internal {
        vm.prank(owner);
        plain.upgradeToAndCall(implementation, initializing(c));
    }

    function initializing(Configuration memory c) internal pure returns (bytes memory) {
        return abi.encodeCall(IWritSimpleAccount.initializeWrit, (abi.encode(c, policies())));
    }

    function codeName() internal pure override returns (string memory) {
        return "WritSimpleAccount.sol:WritSimpleAccount";
    }

    function mayTouch(address, bytes32) internal pure override returns (bool) {
        return false;
    }

    function own() internal view returns (IWritSimpleAccount) {
        return IWritSimpleAccount(address(account));
    }

    function leaving() internal view returns (bytes memory) {
        return upgradingTo(factory.accountImplementation(), "");
    }

    function upgradingTo(address next, bytes memory data) internal pure returns (bytes memory) {
        return abi.encodeCall(ISimpleAccount.upgradeToAndCall, (next, data));
    }

    function byOwner(bytes memory data) internal {
        vm.prank(owner);
        (bool success,) = address(account).call(data);
        assertTrue(success);
    }

    function code() internal view returns (address) {
        return SimpleAccounts.implementationOf(address(account));
    }

    /// @dev What the published account's owner signs.
    function plainOwnerSigns(PackedUserOperation memory op) internal view returns (bytes memory) {
        bytes32 hash = entryPoint.getUserOpHash(op);
        bool prefixed = keccak256(bytes(version())) == keccak256(bytes(SimpleAccounts.V07));
        return ownerSignature(prefixed ? MessageHashUtils.toEthSignedMessageHash(hash) : hash);
    }

    function plainRuns(bytes memory callData) internal {
        PackedUserOperation memory op = operation(account, 0, callData);
        op.signature = plainOwnerSigns(op);
        send(op);
    }

    // ------------------------------------------------------------------ upgrading

    function test_upgradeWritesTwoSlotsAndKeepsEverything() public {
        ISimpleAccount plain = newPlain();
        account = IDevAccount(payable(address(plain)));
        fund(address(account));
        plainRuns(sendNative(1));
        bytes32 first = vm.load(address(plain), 0);
        assertEq(first, bytes32(uint256(uint160(owner))), "the published account's first slot");
        assertEq(uint256(vm.load(address(plain), INITIALIZABLE)), 1);
        uint256 held = address(plain).balance;
        uint256 deposit = plain.getDeposit();
        uint256 nonce = plain.getNonce();

        vm.startStateDiffRecording();
        upgrade(plain, configuration());
        Vm.AccountAccess[] memory accesses = vm.stopAndReturnStateDiff();
        uint256 writes;
        for (uint256 i = 0; i < accesses.length; ++i) {
            for (uint256 j = 0; j < accesses[i].storageAccesses.length; ++j) {
                Vm.StorageAccess memory access = accesses[i].storageAccesses[j];
                if (!access.isWrite || access.account != address(plain)) continue;
                assertTrue(
                    access.slot == SimpleAccounts.IMPLEMENTATION || access.slot == INITIALIZABLE
                );
                ++writes;
            }
        }
        assertGt(writes, 1, "control");
        assertEq(vm.load(address(plain), 0), first);
        assertEq(uint256(vm.load(address(plain), INITIALIZABLE)), 2);
        assertEq(code(), implementation);
        assertEq(plain.owner(), owner);
        assertEq(address(plain).balance, held);
        assertEq(plain.getDeposit(), deposit);
        assertEq(plain.getNonce(), nonce);
        assertEq(plain.entryPoint(), address(entryPoint));
        run(sendNative(1));
        assertEq(recipient.balance, 2);
    }

    function test_upgradesByAnOperationToo() public {
        ISimpleAccount plain = newPlain();
        account = IDevAccount(payable(address(plain)));
        fund(address(account));
        plainRuns(
            executeCall(
                address(account), 0, upgradingTo(implementation, initializing(configuration()))
            )
        );
        assertEq(code(), implementation);
        run(sendNative(1));
        assertEq(recipient.balance, 1);
    }

    function test_layoutIsOneSlotForTheOwner() public view {
        string memory artifact =
            vm.readFile("solidity/out/WritSimpleAccount.sol/WritSimpleAccount.json");
        string memory at = ".storageLayout.storage[0]";
        assertEq(vm.parseJsonString(artifact, string.concat(at, ".label")), "owner");
        assertEq(vm.parseJsonString(artifact, string.concat(at, ".slot")), "0");
        assertEq(vm.parseJsonUint(artifact, string.concat(at, ".offset")), 0);
        assertEq(vm.parseJsonString(artifact, string.concat(at, ".type")), "t_address");
        assertFalse(vm.keyExistsJson(artifact, ".storageLayout.storage[1]"));
    }

    /// @dev `initialize` alone is gone: it would refuse in any case.
    function test_everySelectorIsStillThere() public view {
        bytes4[15] memory selectors = [
            ISimpleAccount.owner.selector,
            ISimpleAccount.entryPoint.selector,
            ISimpleAccount.getNonce.selector,
            ISimpleAccount.getDeposit.selector,
            ISimpleAccount.addDeposit.selector,
            ISimpleAccount.withdrawDepositTo.selector,
            ISimpleAccount.execute.selector,
            ISimpleAccount.upgradeToAndCall.selector,
            bytes4(keccak256("proxiableUUID()")),
            bytes4(keccak256("UPGRADE_INTERFACE_VERSION()")),
            IAccount.validateUserOp.selector,
            IERC165.supportsInterface.selector,
            IERC721Receiver.onERC721Received.selector,
            IERC1155Receiver.onERC1155Received.selector,
            IERC1155Receiver.onERC1155BatchReceived.selector
        ];
        bytes memory published = factory.accountImplementation().code;
        for (uint256 i = 0; i < selectors.length; ++i) {
            assertTrue(_has(published, selectors[i]), "control");
            assertTrue(_has(implementation.code, selectors[i]), vm.toString(selectors[i]));
        }
        assertTrue(
            _has(published, IBatchOfArrays.executeBatch.selector)
                != _has(published, IBatchOfCalls.executeBatch.selector),
            "control"
        );
        assertTrue(_has(implementation.code, IBatchOfArrays.executeBatch.selector));
        assertTrue(_has(implementation.code, IBatchOfCalls.executeBatch.selector));
    }

    /// @dev Behind PUSH4, or without its leading zeros.
    function _has(bytes memory runtime, bytes4 selector) private pure returns (bool) {
        uint256 skip = selector[0] == 0 ? 1 : 0;
        for (uint256 i = 0; i + 5 < runtime.length; ++i) {
            if (uint8(runtime[i]) != 0x63 - skip) continue;
            bool same = true;
            for (uint256 j = skip; j < 4; ++j) {
                same = same && runtime[i + 1 + j - skip] == selector[j];
            }
            if (same) return true;
        }
        return false;
    }

    function test_nothingValidatesBeforeItIsInitialized() public {
        ISimpleAccount plain = newPlain();
        account = IDevAccount(payable(address(plain)));
        fund(address(account));
        vm.prank(owner);
        plain.upgradeToAndCall(implementation, "");
        assertFalse(own().isModuleInstalled(1, address(module), ""));
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.signature = ownerSigns(op);
        sendUnsigned(op);

        // Nobody comes before the owner.
        bytes memory init = initializing(configuration());
        address[3] memory others = [makeAddr("stranger"), address(entryPoint), implementation];
        for (uint256 i = 0; i < others.length; ++i) {
            refusedTo(
                others[i], init, abi.encodeWithSelector(AccountUnauthorized.selector, others[i])
            );
        }
        vm.startPrank(owner);
        own().execute(recipient, 1, "");
        own().initializeWrit(abi.encode(configuration(), policies()));
        vm.stopPrank();
        run(sendNative(1));
        assertEq(recipient.balance, 2);
    }

    function test_initializesOnce() public {
        bytes memory installed =
            abi.encodeWithSelector(IWritErrors.AlreadyInstalled.selector, account);
        Configuration memory weak = inMode(Mode.Off);
        refusedTo(owner, initializing(weak), installed);
        refusedTo(address(account), initializing(weak), installed);
        // Nor inside of an attested operation.
        runReverting(executeCall(address(account), 0, initializing(weak)), installed);
        assertEq(uint256(vm.load(address(account), INITIALIZABLE)), 2);
        vm.prank(owner);
        vm.expectRevert();
        own().initialize(owner);
    }

    function test_implementationAndFreshProxiesAreNoAccounts() public {
        bytes memory init = initializing(configuration());
        account = IDevAccount(payable(implementation));
        refusedTo(
            implementation,
            init,
            abi.encodeWithSelector(IWritSimpleAccount.InvalidInitialization.selector)
        );
        // As whoever was never a SimpleAccount of v0.7 or later.
        account = IDevAccount(
            payable(address(
                    new ERC1967Proxy(implementation, abi.encodeCall(ISimpleAccount.owner, ()))
                ))
        );
        refusedTo(
            address(account),
            init,
            abi.encodeWithSelector(IWritSimpleAccount.InvalidInitialization.selector)
        );
        refusedTo(
            address(0),
            init,
            abi.encodeWithSelector(IWritSimpleAccount.InvalidInitialization.selector)
        );
    }

    function test_refusesAnotherEntryPoint() public {
        ISimpleAccount plain = newPlain();
        Configuration memory c = configuration();
        c.entryPoint = address(0xe9);
        bytes memory init = initializing(c);
        vm.prank(owner);
        vm.expectRevert(
            abi.encodeWithSelector(
                IWritAccount.EntryPointMismatch.selector, address(0xe9), entryPoint
            )
        );
        plain.upgradeToAndCall(implementation, init);
    }

    // ------------------------------------------------------------------ the owner's own calls

    function ownersCalls() internal view returns (bytes[] memory list) {
        list = new bytes[](5);
        list[0] = sendNative(1);
        list[1] = abi.encodeCall(IBatchOfCalls.executeBatch, (pair(recipient, "", recipient, 1)));
        list[2] = SimpleAccounts.batchOfArrays(pair(recipient, "", recipient, 1));
        list[3] = abi.encodeCall(ISimpleAccount.withdrawDepositTo, (payable(recipient), 1));
        list[4] = leaving();
    }

    function test_theOwnersOwnCallsNeedATicketToo() public {
        bytes[] memory list = ownersCalls();
        for (uint256 i = 0; i < list.length; ++i) {
            refusedTo(owner, list[i], abi.encodePacked(IWritErrors.NoTicket.selector));
        }
        assertEq(recipient.balance, 0);
        account = newAccount(inMode(Mode.Observe));
        for (uint256 i = 0; i < list.length; ++i) {
            vm.expectEmit(address(module));
            emit IWritModule.WouldBlock(address(account), IWritErrors.NoTicket.selector);
            vm.prank(owner);
            (bool success,) = address(account).call(list[i]);
            assertTrue(success);
        }
        assertEq(recipient.balance, 4);
        assertFalse(module.isInitialized(address(account)));
    }

    function test_strangersNeitherWithdrawNorUpgrade() public {
        account = newAccount(inMode(Mode.Off));
        bytes[] memory list = ownersCalls();
        address[2] memory others = [makeAddr("stranger"), address(entryPoint)];
        for (uint256 i = 0; i < list.length; ++i) {
            for (uint256 j = 0; j < others.length; ++j) {
                if (j == 1 && i < 3) continue;
                refusedTo(
                    others[j],
                    list[i],
                    abi.encodeWithSelector(AccountUnauthorized.selector, others[j])
                );
            }
        }
        assertTrue(module.isInitialized(address(account)));
        vm.prank(owner);
        own().withdrawDepositTo(payable(recipient), 1);
        assertEq(recipient.balance, 1);
    }

    function test_depositIsAsItWas() public {
        uint256 deposit = own().getDeposit();
        hoax(makeAddr("stranger"), 1 ether);
        own().addDeposit{value: 1 ether}();
        assertEq(own().getDeposit(), deposit + 1 ether);
        run(
            executeCall(
                address(account),
                0,
                abi.encodeCall(ISimpleAccount.withdrawDepositTo, (payable(recipient), 1 ether))
            )
        );
        assertEq(recipient.balance, 1 ether);
    }

    function test_batchesOfArrays() public {
        address[] memory targets = new address[](2);
        (targets[0], targets[1]) = (recipient, address(token));
        bytes[] memory data = new bytes[](2);
        data[1] = abi.encodeCall(token.transfer, (recipient, 3));
        uint256[] memory values = new uint256[](0);
        run(abi.encodeCall(IBatchOfArrays.executeBatch, (targets, values, data)));
        assertEq(token.balanceOf(recipient), 3);
        values = new uint256[](2);
        values[0] = 5;
        run(abi.encodeCall(IBatchOfArrays.executeBatch, (targets, values, data)));
        assertEq(recipient.balance, 5);
        (targets[1], data[1]) = (address(refuses), abi.encodeCall(refuses.refuse, (1)));
        runReverting(
            abi.encodeCall(IBatchOfArrays.executeBatch, (targets, values, data)),
            abi.encodeWithSignature("Refused(uint256)", 1)
        );
        runReverting(
            abi.encodeCall(IBatchOfArrays.executeBatch, (targets, new uint256[](1), data)),
            abi.encodeWithSelector(IWritSimpleAccount.WrongArrayLengths.selector, 2, 1, 2)
        );
        runReverting(
            abi.encodeCall(IBatchOfArrays.executeBatch, (targets, values, new bytes[](3))),
            abi.encodeWithSelector(IWritSimpleAccount.WrongArrayLengths.selector, 2, 2, 3)
        );
        assertEq(recipient.balance, 5);
    }

    // ------------------------------------------------------------------ leaving

    function test_attestedUpgradesAreRefusedWhateverTheyLeadTo() public {
        bytes memory removed = abi.encodePacked(IWritErrors.UninstallNotAllowed.selector);
        address[3] memory next = [
            factory.accountImplementation(),
            address(new Lying()),
            SimpleAccounts.writSimpleAccount(entryPoint, address(module))
        ];
        for (uint256 i = 0; i < next.length; ++i) {
            bytes memory upgrading = upgradingTo(next[i], "");
            runReverting(executeCall(address(account), 0, upgrading), removed);
            // Straight from the EntryPoint, who is not the owner.
            runReverting(
                upgrading, abi.encodeWithSelector(AccountUnauthorized.selector, entryPoint)
            );
            assertEq(code(), implementation);
        }
        // Nor where the next code installs the module again.
        runReverting(
            executeCall(address(account), 0, upgradingTo(next[2], initializing(configuration()))),
            abi.encodeWithSelector(IWritErrors.RevisionChanged.selector, 1, 3)
        );
        assertEq(state(address(account)).revision, 1);
        assertEq(code(), implementation);
    }

    function test_leavesAfterTheExitWithoutOperatorsAndComesBack() public {
        PackedUserOperation memory old = attested(operation(account, 9, sendNative(1)));
        module.announceExit(address(account), due(), ownerSets("AnnounceExit"));
        refusedTo(owner, leaving(), abi.encodePacked(IWritErrors.NoTicket.selector));
        vm.warp(NOW + 2 days);
        uint256 deposit = own().getDeposit();
        uint256 tokens = token.balanceOf(address(account));

        byOwner(leaving());
        assertEq(code(), factory.accountImplementation());
        AccountState memory s = state(address(account));
        assertFalse(s.validatorInstalled || s.hookInstalled);
        assertEq(s.exitAt, 0);
        assertEq(own().owner(), owner);
        assertEq(own().getDeposit(), deposit);
        assertEq(token.balanceOf(address(account)), tokens);

        // A SimpleAccount as before, that nobody can initialize.
        plainRuns(sendNative(1));
        vm.prank(owner);
        own().execute(recipient, 1, "");
        assertEq(recipient.balance, 2);
        vm.prank(owner);
        vm.expectRevert(IWritSimpleAccount.InvalidInitialization.selector);
        own().initialize(owner);

        vm.warp(NOW);
        upgrade(own(), configuration());
        assertEq(uint256(vm.load(address(account), INITIALIZABLE)), 3);
        sendRefused(old, abi.encodeWithSelector(IWritErrors.RevisionMismatch.selector, 1, 3));
        run(sendNative(1));
        assertEq(recipient.balance, 3);
    }

    function test_leavesByAnOperationAfterTheExit() public {
        module.announceExit(address(account), due(), ownerSets("AnnounceExit"));
        PackedUserOperation memory op =
            operation(account, 0, executeCall(address(account), 0, leaving()));
        op.signature = ownerSigns(op);
        vm.warp(NOW + 2 days + 1);
        send(op);
        assertEq(code(), factory.accountImplementation());
        assertFalse(module.isInitialized(address(account)));
    }

    function test_leavesAtOnceByAQuorumsConsentToOff() public {
        Configuration memory next = current(address(account));
        next.mode = Mode.Off;
        configure(next, quorumConfigures(next, settingDecision()));
        byOwner(leaving());
        assertEq(code(), factory.accountImplementation());
        assertFalse(module.isInitialized(address(account)));
    }

    /// @dev What the data of an upgrade does is done by code that no hook sees; so the roles end before it runs.
    function test_upgradeAndReplaceTheConfigurationAtOnceWhereNothingIsEnforced() public {
        account = newAccount(inMode(Mode.Off));
        address next = SimpleAccounts.writSimpleAccount(entryPoint, address(module));
        bytes memory init = initializing(configuration());
        vm.prank(owner);
        own().upgradeToAndCall(next, init);
        assertEq(code(), next);
        assertEq(state(address(account)).revision, 3);
        run(sendNative(1));
        assertEq(recipient.balance, 1);
    }

    /// @dev Whose configuration names another owner than the account itself has.
    function test_theTwoOwnersMayDiffer() public {
        Configuration memory c = configuration();
        uint256 agentKey = 0xA6E27;
        c.owner = vm.addr(agentKey);
        account = newAccount(c);
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        bytes memory attestation = suffix(op, decision(op));
        op.signature = bytes.concat(ownerSigns(op), attestation);
        sendUnsigned(op);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(agentKey, entryPoint.getUserOpHash(op));
        op.signature = bytes.concat(abi.encodePacked(r, s, v), attestation);
        send(op);
        assertEq(recipient.balance, 1);
        refusedTo(c.owner, leaving(), abi.encodePacked(IWritErrors.NoTicket.selector));
    }
}

contract SimpleAccountV07Test is SimpleAccountSuite {}

contract SimpleAccountV08Test is SimpleAccountSuite {
    function version() internal pure override returns (string memory) {
        return SimpleAccounts.V08;
    }

    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        return EntryPoints.deployV08();
    }
}
