// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {SettingsFixture} from "../Settings.t.sol";
import {IBatchOfCalls, ISimpleAccount} from "./SimpleAccounts.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IAccount, PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {Vm} from "forge-std/Vm.sol";
import {IWritAccount} from "writ/interfaces/IWritAccount.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";
import {AccountState, Configuration, Mode} from "writ/interfaces/WritTypes.sol";

contract Collectible is ERC721("Collectible", "ONE") {
    function give(address to, uint256 id) external {
        _safeMint(to, id);
    }
}

contract Collectibles is ERC1155("") {
    function give(address to, uint256[] calldata ids) external {
        _mint(to, ids[0], 1, "");
        _mintBatch(to, ids, ids, "");
    }
}

contract Refuses {
    error Refused(uint256 why);

    function refuse(uint256 why) external pure {
        revert Refused(why);
    }
}

/// @title What holds of every account that has the module built in
abstract contract BuiltInSuite is SettingsFixture {
    error AccountUnauthorized(address sender);

    Refuses internal refuses;

    function setUp() public virtual override {
        super.setUp();
        refuses = new Refuses();
    }

    function nonceOf(address who, uint32 key) internal view override returns (uint256) {
        return entryPoint.getNonce(who, key);
    }

    function executeCall(address to, uint256 value, bytes memory data)
        internal
        pure
        override
        returns (bytes memory)
    {
        return abi.encodeCall(ISimpleAccount.execute, (to, value, data));
    }

    function executeBatch(Execution[] memory calls) internal pure override returns (bytes memory) {
        return abi.encodeCall(IBatchOfCalls.executeBatch, (calls));
    }

    function inMode(Mode mode) internal view returns (Configuration memory c) {
        c = configuration();
        c.mode = mode;
    }

    function run(bytes memory callData) internal {
        send(attested(operation(account, 0, callData)));
    }

    function runReverting(bytes memory callData, bytes memory reason) internal {
        sendReverting(attested(operation(account, 0, callData)), reason);
    }

    function refusedTo(address caller, bytes memory callData, bytes memory reason) internal {
        vm.prank(caller);
        (bool success, bytes memory result) = address(account).call(callData);
        assertFalse(success);
        assertEq(result, reason);
    }

    /// @dev The artifact of the account's code.
    function codeName() internal pure virtual returns (string memory);

    /// @dev Deploys it with another EntryPoint, or another module, than the tests' own.
    function deploys(address module_) internal returns (bool, bytes memory reason) {
        bytes memory creation =
            bytes.concat(vm.getCode(codeName()), abi.encode(entryPoint, module_));
        address created;
        assembly ("memory-safe") {
            created := create(0, add(creation, 0x20), mload(creation))
            reason := mload(0x40)
            mstore(reason, returndatasize())
            returndatacopy(add(reason, 0x20), 0x00, returndatasize())
            mstore(0x40, add(reason, and(add(returndatasize(), 0x3f), not(0x1f))))
        }
        return (created != address(0), reason);
    }

    // ------------------------------------------------------------------ what it says of itself

    function test_saysThatItHasTheModuleAndNothingElse() public view {
        IWritAccount built = IWritAccount(address(account));
        assertEq(built.writModule(), address(module));
        for (uint256 kind = 0; kind < 12; ++kind) {
            assertEq(built.isModuleInstalled(kind, address(module), ""), kind == 1 || kind == 4);
            assertFalse(built.isModuleInstalled(kind, address(this), ""));
        }
        AccountState memory s = state(address(account));
        assertTrue(s.validatorInstalled && s.hookInstalled);
        assertEq(s.revision, 1);
        assertEq(ISimpleAccount(address(account)).entryPoint(), address(entryPoint));
        assertEq(
            ISimpleAccount(address(account)).getNonce(), entryPoint.getNonce(address(account), 0)
        );
    }

    function test_codeIsMadeForTheModuleAlone() public {
        (bool success, bytes memory reason) = deploys(address(0xd00d));
        assertFalse(success);
        // One of the two is not enough.
        for (claimed = 1; claimed < 5; claimed += 3) {
            (success, reason) = deploys(address(this));
            assertFalse(success);
            assertEq(
                reason, abi.encodeWithSelector(IWritAccount.NotTheModule.selector, address(this))
            );
        }
        (success,) = deploys(address(module));
        assertTrue(success);
    }

    uint256 private claimed;

    function isModuleType(uint256 moduleTypeId) external view returns (bool) {
        return moduleTypeId == claimed;
    }

    function test_receivesCurrencyAndTokensAtAnyTime() public {
        uint256 held = address(account).balance;
        vm.deal(address(this), 1 ether);
        (bool success,) = address(account).call{value: 1}("");
        assertTrue(success);
        assertEq(address(account).balance, held + 1);
        Collectible one = new Collectible();
        one.give(address(account), 7);
        assertEq(one.ownerOf(7), address(account));
        Collectibles many = new Collectibles();
        uint256[] memory ids = new uint256[](2);
        (ids[0], ids[1]) = (3, 4);
        many.give(address(account), ids);
        assertEq(many.balanceOf(address(account), 3), 4);
        IERC165 asked = IERC165(address(account));
        assertTrue(asked.supportsInterface(0x01ffc9a7));
        assertTrue(asked.supportsInterface(0x150b7a02));
        assertTrue(asked.supportsInterface(0x4e2312e0));
        assertTrue(asked.supportsInterface(type(IAccount).interfaceId));
        assertFalse(asked.supportsInterface(type(IERC1271).interfaceId));
        assertFalse(asked.supportsInterface(0xffffffff));
    }

    function test_signsNothingThatAContractAsksItAbout() public view {
        bytes32 hash = keccak256("what Permit2 asks about");
        assertFalse(
            SignatureChecker.isValidSignatureNow(address(account), hash, ownerSignature(hash))
        );
        (bool success,) = address(account)
            .staticcall(abi.encodeCall(IERC1271.isValidSignature, (hash, ownerSignature(hash))));
        assertFalse(success);
    }

    // ------------------------------------------------------------------ validation

    function test_attestedRunsAndOthersDoNot() public {
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.signature = ownerSigns(op);
        sendRefused(op, IWritErrors.AttestationRequired.selector);
        op = attested(op);
        // Signed by another owner.
        op.signature[5] ^= 0x01;
        sendUnsigned(op);
        send(attested(op));
        assertEq(recipient.balance, 1);
    }

    function test_theEntryPointAloneHasItValidate() public {
        PackedUserOperation memory op = attested(operation(account, 0, sendNative(1)));
        bytes memory call =
            abi.encodeCall(IAccount.validateUserOp, (op, entryPoint.getUserOpHash(op), 0));
        refusedTo(owner, call, abi.encodeWithSelector(AccountUnauthorized.selector, owner));
        refusedTo(
            address(account), call, abi.encodeWithSelector(AccountUnauthorized.selector, account)
        );
    }

    function test_paysForItself() public {
        uint256 deposit = entryPoint.balanceOf(address(account));
        vm.prank(address(account));
        entryPoint.withdrawTo(payable(address(0xdead)), deposit);
        PackedUserOperation memory op = attested(operation(account, 0, sendNative(1)));
        send(op);
        assertEq(recipient.balance, 1);
        assertGt(entryPoint.balanceOf(address(account)), 0);
    }

    function testFuzz_anyNonceKeyServes(uint192 a, uint192 b) public {
        vm.assume(a != b);
        PackedUserOperation memory first = operation(account, 0, sendNative(1));
        first.nonce = uint256(a) << 64;
        PackedUserOperation memory second = operation(account, 0, sendNative(2));
        second.nonce = uint256(b) << 64;
        send(two(attested(second), attested(first)));
        assertEq(recipient.balance, 3);
    }

    /// @dev Beside what the module and the account touch.
    function mayTouch(address who, bytes32 slot) internal view virtual returns (bool);

    /// @dev ERC-7562: storage of the account, or associated with it.
    function test_validationTouchesWhatIsTheAccountsOwn() public {
        Configuration memory c = configuration();
        c.readsHistory = true;
        account = newAccount(c);
        _traceValidation(attested(operation(account, 3, sendNative(1))), 0);
        module.announceExit(address(account), due(), ownerSets("AnnounceExit"));
        PackedUserOperation memory op = operation(account, 3, sendNative(1));
        op.signature = ownerSigns(op);
        _traceValidation(op, state(address(account)).exitAt);
    }

    function _traceValidation(PackedUserOperation memory op, uint256 validAfter) private {
        bytes32 hash = entryPoint.getUserOpHash(op);
        vm.startStateDiffRecording();
        vm.prank(address(entryPoint));
        uint256 answer = IAccount(address(account)).validateUserOp(op, hash, 0);
        Vm.AccountAccess[] memory accesses = vm.stopAndReturnStateDiff();
        assertEq(answer >> 208, validAfter == 0 ? NOW - 60 : validAfter);
        assertEq(uint160(answer), 0);

        uint256 seen;
        for (uint256 i = 0; i < accesses.length; ++i) {
            for (uint256 j = 0; j < accesses[i].storageAccesses.length; ++j) {
                Vm.StorageAccess memory access = accesses[i].storageAccesses[j];
                if (access.account == address(account)) continue;
                ++seen;
                if (access.account == address(module)) {
                    uint256 first = uint256(keccak256(abi.encode(account, 0)));
                    assertLt(uint256(access.slot) - first, 4);
                    continue;
                }
                assertTrue(mayTouch(access.account, access.slot), "a slot of another's");
            }
        }
        assertGt(seen, 1, "control");
    }

    // ------------------------------------------------------------------ execution

    function pair(address to, bytes memory data, address then, uint256 value)
        internal
        pure
        returns (Execution[] memory list)
    {
        list = new Execution[](2);
        list[0] = Execution(to, 0, data);
        list[1] = Execution(then, value, "");
    }

    function test_callsRevertAsTheyDidAndBatchesSayWhich() public {
        bytes memory refusing = abi.encodeCall(refuses.refuse, (42));
        bytes memory reason = abi.encodeWithSelector(Refuses.Refused.selector, 42);
        runReverting(executeCall(address(refuses), 0, refusing), reason);
        Execution[] memory list = pair(recipient, "", recipient, 1);
        run(abi.encodeCall(IBatchOfCalls.executeBatch, (list)));
        assertEq(recipient.balance, 1);
        list[1] = Execution(address(refuses), 0, refusing);
        runReverting(
            abi.encodeCall(IBatchOfCalls.executeBatch, (list)),
            abi.encodeWithSelector(IWritAccount.ExecuteError.selector, 1, reason)
        );
        list = new Execution[](1);
        list[0] = Execution(address(refuses), 0, refusing);
        runReverting(abi.encodeCall(IBatchOfCalls.executeBatch, (list)), reason);
        assertEq(recipient.balance, 1);
    }

    function test_boundsHoldWhateverTheWay() public {
        bytes memory exceeded = abi.encodeWithSelector(
            IWritErrors.BoundExceeded.selector, 0, address(0), 1 ether, 2 ether
        );
        runReverting(sendNative(2 ether), exceeded);
        Execution[] memory list = pair(recipient, "", recipient, 2 ether);
        runReverting(abi.encodeCall(IBatchOfCalls.executeBatch, (list)), exceeded);
        assertEq(recipient.balance, 0);
        list[1].value = 1 ether;
        run(abi.encodeCall(IBatchOfCalls.executeBatch, (list)));
        assertEq(recipient.balance, 1 ether);
    }

    /// @dev Where the module lets everything pass, the account itself still asks who calls.
    function test_strangersExecuteNothing() public {
        account = newAccount(inMode(Mode.Off));
        address stranger = makeAddr("stranger");
        bytes memory reason = abi.encodeWithSelector(AccountUnauthorized.selector, stranger);
        refusedTo(stranger, sendNative(1), reason);
        Execution[] memory list = pair(recipient, "", recipient, 1);
        refusedTo(stranger, abi.encodeCall(IBatchOfCalls.executeBatch, (list)), reason);
        vm.prank(address(entryPoint));
        ISimpleAccount(address(account)).execute(recipient, 1, "");
        assertEq(recipient.balance, 1);
    }

    function test_removingTheModuleInsideOfItsFrameIsRefused() public {
        bytes memory removing = abi.encodeCall(module.onUninstall, (""));
        runReverting(
            executeCall(address(module), 0, removing),
            abi.encodePacked(IWritErrors.UninstallNotAllowed.selector)
        );
        assertTrue(module.isInitialized(address(account)));
    }

    function test_offAndObserveAreTheModules() public {
        account = newAccount(inMode(Mode.Off));
        PackedUserOperation memory op = operation(account, 0, sendNative(1));
        op.signature = ownerSigns(op);
        send(op);
        account = newAccount(inMode(Mode.Observe));
        op = operation(account, 0, sendNative(1));
        op.signature = ownerSigns(op);
        vm.expectEmit(address(module));
        emit IWritModule.WouldBlock(address(account), IWritErrors.AttestationRequired.selector);
        vm.expectEmit(address(module));
        emit IWritModule.WouldBlock(address(account), IWritErrors.NoTicket.selector);
        send(op);
        assertEq(recipient.balance, 2);
    }
}
