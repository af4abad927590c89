// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Contracts, IDevGuardedVault, IDevVault} from "./utils/Contracts.sol";
import {GuardedTest} from "./utils/GuardedTest.sol";
import {ERC1967Utils} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Utils.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {Vm} from "forge-std/Vm.sol";
import {CallAction} from "writ/interfaces/GuardedTypes.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritGuarded} from "writ/interfaces/IWritGuarded.sol";
import {Configuration} from "writ/interfaces/WritTypes.sol";

/// @notice A vault that lived before it was guarded, and what it is upgraded to.
abstract contract GuardedVaultFixture is GuardedTest {
    IDevGuardedVault internal vault;
    address internal alice = makeAddr("alice");
    address internal bob = makeAddr("bob");

    bytes32 internal constant INITIALIZABLE =
        0xf0c57e16840df040f15088dc2f81fe391c3923bec73e23a9662efc9c229c6a00;

    function setUp() public virtual override {
        super.setUp();
        vault = IDevGuardedVault(address(Contracts.vault(token, admin)));
        for (uint256 i = 0; i < 2; ++i) {
            address who = i == 0 ? alice : bob;
            token.mint(who, 1_000_000);
            vm.startPrank(who);
            token.approve(address(vault), type(uint256).max);
            vault.deposit(1000 * (i + 1), who);
            vm.stopPrank();
        }
        vm.prank(alice);
        vault.approve(bob, 77);
        // A vault whose shares are not worth one asset each.
        token.mint(address(vault), 333);
    }

    function upgrade(Configuration memory c) internal {
        address next = Contracts.guardedVault(token);
        vm.prank(admin);
        vault.upgradeToAndCall(
            next, abi.encodeCall(IDevGuardedVault.initializeGuard, (c, policies()))
        );
    }

    function presentAndCall(address who, uint64 nonce, bytes memory data)
        internal
        view
        returns (bytes[] memory both)
    {
        CallAction memory action = actionOf(address(vault), who, 0, data, PRESENTED);
        action.nonce = nonce;
        both = new bytes[](2);
        (both[0], both[1]) = (presenting(action), data);
    }

    function vaultRefusal(address who, bytes memory data) internal pure returns (bytes memory) {
        return
            abi.encodeWithSelector(
                IWritGuarded.CallNotAttested.selector, who, 0, keccak256(data), 0
            );
    }
}

contract GuardedVaultTest is GuardedVaultFixture {
    // ------------------------------------------------------------------ the upgrade moves nothing

    function test_storageSlotIsErc7201() public {
        bytes32 slot =
            keccak256(abi.encode(uint256(keccak256("writ.guarded")) - 1)) & ~bytes32(uint256(0xff));
        assertEq(vm.load(address(vault), slot), 0);
        upgrade(guardConfiguration());
        // record ‖ operators ‖ threshold ‖ mode ‖ flags ‖ revision, from the lowest byte on
        uint256 head = uint256(vm.load(address(vault), slot));
        assertGt(address(uint160(head)).code.length, 0);
        assertEq(head >> 160, (1 << 40) | (1 << 24) | (2 << 16) | (3 << 8) | 5);
        assertEq(uint256(vm.load(address(vault), bytes32(uint256(slot) + 1))), block.number << 64);
    }

    function test_upgradeWritesNothingElse() public {
        bytes32 slot =
            keccak256(abi.encode(uint256(keccak256("writ.guarded")) - 1)) & ~bytes32(uint256(0xff));
        bytes32[] memory before = new bytes32[](16);
        for (uint256 i = 0; i < 16; ++i) {
            before[i] = vm.load(address(vault), bytes32(i));
        }
        vm.startStateDiffRecording();
        upgrade(guardConfiguration());
        Vm.AccountAccess[] memory accesses = vm.stopAndReturnStateDiff();
        uint256 writes;
        for (uint256 i = 0; i < accesses.length; ++i) {
            for (uint256 j = 0; j < accesses[i].storageAccesses.length; ++j) {
                Vm.StorageAccess memory access = accesses[i].storageAccesses[j];
                if (!access.isWrite || access.account != address(vault)) continue;
                assertTrue(
                    access.slot == ERC1967Utils.IMPLEMENTATION_SLOT || access.slot == INITIALIZABLE
                        || (access.slot >= slot && uint256(access.slot) < uint256(slot) + 2),
                    "a slot of the vault's own"
                );
                ++writes;
            }
        }
        assertGt(writes, 3, "control");
        for (uint256 i = 0; i < 16; ++i) {
            assertEq(vm.load(address(vault), bytes32(i)), before[i]);
        }
    }

    function test_layoutIsTheSame() public view {
        string memory before = vm.readFile("solidity/out/DevVault.sol/DevVault.json");
        string memory next = vm.readFile("solidity/out/DevGuardedVault.sol/DevGuardedVault.json");
        uint256 count;
        for (;; ++count) {
            string memory at = string.concat(".storageLayout.storage[", vm.toString(count), "]");
            assertEq(
                vm.keyExistsJson(next, at), vm.keyExistsJson(before, at), "a slot more or less"
            );
            if (!vm.keyExistsJson(before, at)) break;
            _same(before, next, string.concat(at, ".label"));
            _same(before, next, string.concat(at, ".slot"));
            _same(before, next, string.concat(at, ".type"));
        }
        assertGe(count, 6, "control");
    }

    function _same(string memory before, string memory next, string memory at) private pure {
        assertEq(vm.parseJsonString(next, at), vm.parseJsonString(before, at), at);
    }

    function test_everySelectorIsStillThere() public view {
        string memory before = vm.readFile("solidity/out/DevVault.sol/DevVault.json");
        string memory next = vm.readFile("solidity/out/DevGuardedVault.sol/DevGuardedVault.json");
        string[] memory had = vm.parseJsonKeys(before, ".methodIdentifiers");
        string[] memory has = vm.parseJsonKeys(next, ".methodIdentifiers");
        assertGt(had.length, 25, "control");
        assertGt(has.length, had.length, "control");
        for (uint256 i = 0; i < had.length; ++i) {
            bool found;
            for (uint256 j = 0; j < has.length; ++j) {
                found = found || keccak256(bytes(had[i])) == keccak256(bytes(has[j]));
            }
            assertTrue(found, had[i]);
        }
    }

    function test_viewsSayTheSame() public {
        bytes[] memory views = new bytes[](24);
        views[0] = abi.encodeCall(vault.name, ());
        views[1] = abi.encodeCall(vault.symbol, ());
        views[2] = abi.encodeCall(vault.decimals, ());
        views[3] = abi.encodeCall(vault.asset, ());
        views[4] = abi.encodeCall(vault.totalAssets, ());
        views[5] = abi.encodeCall(vault.totalSupply, ());
        views[6] = abi.encodeCall(vault.balanceOf, (alice));
        views[7] = abi.encodeCall(vault.balanceOf, (bob));
        views[8] = abi.encodeCall(vault.allowance, (alice, bob));
        views[9] = abi.encodeCall(vault.owner, ());
        views[10] = abi.encodeCall(vault.convertToAssets, (100));
        views[11] = abi.encodeCall(vault.convertToShares, (100));
        views[12] = abi.encodeCall(vault.maxDeposit, (alice));
        views[13] = abi.encodeCall(vault.maxMint, (alice));
        views[14] = abi.encodeCall(vault.maxWithdraw, (alice));
        views[15] = abi.encodeCall(vault.maxRedeem, (bob));
        views[16] = abi.encodeCall(vault.previewDeposit, (100));
        views[17] = abi.encodeCall(vault.previewMint, (100));
        views[18] = abi.encodeCall(vault.previewWithdraw, (100));
        views[19] = abi.encodeCall(vault.previewRedeem, (100));
        views[20] = abi.encodeCall(vault.balanceOf, (address(this)));
        views[21] = abi.encodeCall(vault.maxWithdraw, (bob));
        views[22] = abi.encodeCall(vault.allowance, (bob, alice));
        views[23] = abi.encodeWithSignature("UPGRADE_INTERFACE_VERSION()");
        bytes[] memory said = new bytes[](views.length);
        for (uint256 i = 0; i < views.length; ++i) {
            said[i] = _ask(views[i]);
        }
        upgrade(guardConfiguration());
        for (uint256 i = 0; i < views.length; ++i) {
            assertEq(_ask(views[i]), said[i]);
        }
    }

    function _ask(bytes memory data) private view returns (bytes memory) {
        (bool success, bytes memory result) = address(vault).staticcall(data);
        assertTrue(success);
        return result;
    }

    // ------------------------------------------------------------------ initializers

    function test_initializersAreClosed() public {
        upgrade(guardConfiguration());
        Configuration memory c = guardConfiguration();
        vm.startPrank(admin);
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        vault.initialize(admin);
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        vault.initializeGuard(c, policies());
        IDevGuardedVault implementation = IDevGuardedVault(Contracts.guardedVault(token));
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        implementation.initialize(admin);
        vm.stopPrank();
    }

    function test_upgradeWithoutInitializingFailsClosed() public {
        address next = Contracts.guardedVault(token);
        vm.prank(admin);
        vault.upgradeToAndCall(next, "");
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IWritErrors.NotInstalled.selector, address(vault)));
        vault.deposit(1, alice);
        vm.prank(alice);
        vault.redeem(10, alice, alice);
        // A stranger cannot give it its first policy.
        Configuration memory c = guardConfiguration();
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IDevVault.NotOwner.selector, alice));
        vault.initializeGuard(c, policies());
        vm.prank(admin);
        vault.initializeGuard(c, policies());
    }

    // ------------------------------------------------------------------ what is guarded

    function test_everyGuardedFunction() public {
        upgrade(guardConfiguration());
        vm.prank(bob);
        vault.approve(alice, 100);
        uint256 shares = vault.previewDeposit(10);
        bytes[] memory guarded = new bytes[](4);
        guarded[0] = abi.encodeCall(vault.deposit, (10, alice));
        guarded[1] = abi.encodeCall(vault.mint, (10, alice));
        guarded[2] = abi.encodeCall(vault.transfer, (bob, 10));
        guarded[3] = abi.encodeCall(vault.transferFrom, (bob, alice, 10));
        for (uint64 i = 0; i < guarded.length; ++i) {
            vm.prank(alice);
            (bool success, bytes memory result) = address(vault).call(guarded[i]);
            assertFalse(success);
            assertEq(result, vaultRefusal(alice, guarded[i]));
            bytes[] memory both = presentAndCall(alice, i, guarded[i]);
            vm.prank(alice);
            vault.multicall(both);
        }
        assertEq(vault.balanceOf(alice), 1000 + shares + 10);
    }

    function test_exitsAreOpen() public {
        upgrade(guardConfiguration());
        vm.startPrank(alice);
        vault.withdraw(10, bob, alice);
        vault.redeem(vault.balanceOf(alice), alice, alice);
        vm.stopPrank();
        assertEq(vault.balanceOf(alice), 0);
        vm.prank(bob);
        vault.approve(alice, 5);
        vm.prank(alice);
        vault.redeem(5, alice, bob);
    }

    function test_postedDeposit() public {
        upgrade(guardConfiguration());
        bytes memory data = abi.encodeCall(vault.deposit, (10, alice));
        (bool success,) =
            address(vault).call(posting(actionOf(address(vault), alice, 0, data, POSTED)));
        assertTrue(success);
        vm.prank(bob);
        vm.expectRevert(vaultRefusal(bob, data));
        vault.deposit(10, alice);
        vm.prank(alice);
        vault.deposit(10, alice);
    }

    // ------------------------------------------------------------------ who may take the guard away

    function test_upgradeNeedsAnAttestationOrTheDelay() public {
        upgrade(guardConfiguration());
        address back = deployCode("DevVault.sol:DevVault", abi.encode(token));
        bytes memory data = abi.encodeCall(vault.upgradeToAndCall, (back, ""));
        vm.prank(admin);
        vm.expectRevert(vaultRefusal(admin, data));
        vault.upgradeToAndCall(back, "");

        // An attestation does not make anyone the owner.
        bytes memory posted = posting(actionOf(address(vault), alice, 0, data, POSTED));
        (bool success,) = address(vault).call(posted);
        assertTrue(success);
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IDevVault.NotOwner.selector, alice));
        vault.upgradeToAndCall(back, "");

        uint256 snapshot = vm.snapshotState();
        (success,) = address(vault).call(posting(actionOf(address(vault), admin, 0, data, POSTED)));
        assertTrue(success);
        vm.prank(admin);
        vault.upgradeToAndCall(back, "");
        vm.prank(alice);
        vault.deposit(10, alice);
        vm.revertToState(snapshot);

        vm.prank(admin);
        vault.announceWritExit();
        vm.warp(NOW + 2 days);
        vm.prank(admin);
        vault.upgradeToAndCall(back, "");
        vm.prank(alice);
        vault.deposit(10, alice);
    }

    function test_upgradeVoidsWhatIsOutstandingAndGoesOnWhereItWas() public {
        upgrade(guardConfiguration());
        bytes memory data = abi.encodeCall(vault.deposit, (10, alice));
        (bool success,) =
            address(vault).call(posting(actionOf(address(vault), alice, 0, data, POSTED)));
        assertTrue(success);

        address same = Contracts.guardedVault(token);
        bytes memory up = abi.encodeCall(vault.upgradeToAndCall, (same, ""));
        (success,) = address(vault).call(posting(actionOf(address(vault), admin, 0, up, POSTED)));
        assertTrue(success);
        vm.prank(admin);
        vault.upgradeToAndCall(same, "");

        vm.prank(alice);
        vm.expectRevert(vaultRefusal(alice, data));
        vault.deposit(10, alice);
        bytes[] memory both = presentAndCall(alice, 0, data);
        vm.prank(alice);
        vault.multicall(both);
    }

    function test_onlyTheOwnerConfigures() public {
        upgrade(guardConfiguration());
        vm.prank(alice);
        vm.expectRevert(abi.encodeWithSelector(IDevVault.NotOwner.selector, alice));
        vault.announceWritExit();
    }

    function testFuzz_depositsAndExits(uint64 assets, bool mint) public {
        upgrade(guardConfiguration());
        uint256 amount = bound(assets, 2, 500_000);
        bytes memory data = mint
            ? abi.encodeCall(vault.mint, (amount, alice))
            : abi.encodeCall(vault.deposit, (amount, alice));
        bytes[] memory both = presentAndCall(alice, 0, data);
        uint256 before = vault.balanceOf(alice);
        vm.prank(alice);
        vault.multicall(both);
        uint256 got = vault.balanceOf(alice) - before;
        vm.prank(alice);
        vault.redeem(got, alice, alice);
        assertEq(vault.balanceOf(alice), before);
    }
}
