// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Published} from "../accounts/Published.sol";
import {EntryPoints} from "../utils/EntryPoints.sol";
import {IPublishedProxyFactory, IPublishedSafe, Safes} from "../utils/Safes.sol";
import {Test} from "forge-std/Test.sol";
import {KnownKind} from "writ/lens/IWritLens.sol";
import {Known, KnownAccounts, ProxyKind} from "writ/lens/KnownAccounts.sol";

/// @title The pinned hashes and positions against the published code
contract KnownAccountsTest is Test {
    string private constant KERNEL = "KernelPrecompiles";
    string private constant NEXUS = "NexusPrecompiles";
    string private constant SAFE = "Safe7579Precompiles";
    string private constant REFERENCE = "ERC7579Precompiles";

    address private constant ANOTHER = 0x1234567890123456789012345678901234567890;
    address private constant ELSEWHERE = 0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE;

    address private _kernel;
    address private _nexus;
    address private _adapter;
    address[4] private _exact;

    function setUp() public {
        if (!vm.exists(Published.FOLDER)) {
            require(!vm.envOr("WRIT_FORBID_SKIP", false), "published accounts are not there");
            vm.skip(true, string.concat("no ", Published.FOLDER));
        }
        _kernel = kernel(EntryPoints.V07);
        _nexus = nexus(EntryPoints.V07);
        _adapter = Published.create(SAFE, "SAFE7579_BYTECODE", "");
        _exact = [
            Published.create(REFERENCE, "ERC7579_BYTECODE", ""),
            Published.create(SAFE, "SAFE_SINGLETON_BYTECODE", ""),
            Safes.create("Safe.sol/Safe"),
            Safes.create("SafeL2.sol/SafeL2")
        ];
    }

    function kernel(address entryPoint) private returns (address) {
        return Published.create(KERNEL, "KERNEL_BYTECODE", abi.encode(entryPoint));
    }

    function nexus(address entryPoint) private returns (address) {
        return Published.create(NEXUS, "NEXUS_BYTECODE", abi.encode(entryPoint));
    }

    function test_findsWhatIsMadeForAnyEntryPointOnAnyChain() public {
        address[4] memory served = [EntryPoints.V07, EntryPoints.V08, EntryPoints.V09, ANOTHER];
        for (uint256 i = 0; i < served.length; ++i) {
            vm.chainId(i == 0 ? 1 : type(uint64).max - i);
            assertKnown(kernel(served[i]), KnownKind.Kernel, served[i]);
            assertKnown(nexus(served[i]), KnownKind.Nexus, served[i]);
        }
    }

    function test_findsWhatHasNoImmutables() public view {
        assertKnown(_exact[0], KnownKind.Reference, EntryPoints.V07);
        for (uint256 i = 1; i < 4; ++i) {
            assertKnown(_exact[i], KnownKind.Safe, address(0));
            // The first is 1.4.1.
            assertEq(KnownAccounts.find(_exact[i]).guardsModules, i > 1);
        }
    }

    /// @dev Singletons and proxy as the Safe's own package builds them, and a Safe that its factory makes of them.
    function test_findsTheCanonicalSafe141() public {
        IPublishedProxyFactory factory = IPublishedProxyFactory(
            Safes.create141("proxies/SafeProxyFactory.sol/SafeProxyFactory")
        );
        string[2] memory singletons = ["Safe.sol/Safe", "SafeL2.sol/SafeL2"];
        for (uint256 i = 0; i < 2; ++i) {
            address singleton = Safes.create141(singletons[i]);
            assertKnown(singleton, KnownKind.Safe, address(0));
            assertFalse(KnownAccounts.find(singleton).guardsModules);
            IPublishedSafe safe =
                IPublishedSafe(factory.createProxyWithNonce(singleton, "", uint256(i)));
            assertEq(safe.VERSION(), "1.4.1");
            assertTrue(KnownAccounts.proxyOf(address(safe).codehash) == ProxyKind.Safe);
            // Other code is neither.
            bytes memory code = address(safe).code;
            code[i] = ~code[i];
            assertTrue(KnownAccounts.proxyOf(keccak256(code)) == ProxyKind.NotKnown);
            assertKnown(address(safe), KnownKind.Unknown, address(0));
        }
    }

    function test_findsTheAdapterWhereverItStands() public {
        for (uint256 i = 0; i < 3; ++i) {
            vm.chainId(1 + i);
            address adapter = Published.create(SAFE, "SAFE7579_BYTECODE", "");
            assertTrue(KnownAccounts.isSafe7579(adapter));
            assertKnown(adapter, KnownKind.Unknown, address(0));
        }
    }

    /// @dev One byte of the code, wherever it is.
    function test_findsNothingInOtherCode(uint256 at, uint8 flip) public {
        vm.assume(flip != 0);
        address[6] memory all = [_kernel, _nexus, _exact[0], _exact[1], _exact[2], _exact[3]];
        for (uint256 i = 0; i < all.length; ++i) {
            bytes memory code = all[i].code;
            uint256 position = at % code.length;
            if (unused(i, position)) continue;
            code[position] = bytes1(uint8(code[position]) ^ flip);
            vm.etch(all[i], code);
            assertKnown(all[i], KnownKind.Unknown, address(0));
        }
        bytes memory itsCode = _adapter.code;
        at = at % itsCode.length;
        itsCode[at] = bytes1(uint8(itsCode[at]) ^ flip);
        vm.etch(_adapter, itsCode);
        assertFalse(KnownAccounts.isSafe7579(_adapter));
    }

    /// @dev What an implementation remembers of its own deployment, and no proxy of it uses.
    function unused(uint256 which, uint256 position) private pure returns (bool) {
        bytes memory all;
        if (which == 0) all = KnownAccounts.KERNEL_UNUSED;
        if (which == 1) all = KnownAccounts.NEXUS_UNUSED;
        for (uint256 i = 0; i < all.length; i += 2) {
            uint256 begin = uint256(uint8(all[i])) << 8 | uint8(all[i + 1]);
            if (position >= begin && position < begin + 32) return true;
        }
        return false;
    }

    /// @dev Its code says where it stands; a copy elsewhere would take itself for a proxy.
    function test_findsNothingInACopy() public {
        vm.etch(ELSEWHERE, _kernel.code);
        assertKnown(ELSEWHERE, KnownKind.Unknown, address(0));
        vm.etch(ELSEWHERE, _nexus.code);
        assertKnown(ELSEWHERE, KnownKind.Unknown, address(0));
        vm.etch(ELSEWHERE, _adapter.code);
        assertFalse(KnownAccounts.isSafe7579(ELSEWHERE));
    }

    /// @dev One place of many where it names its EntryPoint.
    function test_findsNothingInCodeThatServesTwoEntryPoints(uint256 which) public {
        address[2] memory both = [_kernel, _nexus];
        bytes[2] memory places =
            [bytes(KnownAccounts.KERNEL_ENTRY_POINTS), KnownAccounts.NEXUS_ENTRY_POINTS];
        for (uint256 i = 0; i < 2; ++i) {
            uint256 place = which % (places[i].length / 2);
            uint256 at = uint256(uint8(places[i][2 * place])) << 8 | uint8(places[i][2 * place + 1]);
            bytes memory code = both[i].code;
            for (uint256 j = 0; j < 20; ++j) {
                code[at + 12 + j] = bytes20(ANOTHER)[j];
            }
            vm.etch(both[i], code);
            assertKnown(both[i], KnownKind.Unknown, address(0));
        }
    }

    /// @dev The Safe delegates to it.
    function test_findsNoAdapterWithoutItsHelper() public {
        vm.etch(vm.computeCreateAddress(_adapter, 1), hex"00");
        assertFalse(KnownAccounts.isSafe7579(_adapter));
    }

    function test_findsNothingWhereNothingIs() public {
        assertKnown(ELSEWHERE, KnownKind.Unknown, address(0));
        assertFalse(KnownAccounts.isSafe7579(ELSEWHERE));
        vm.etch(ELSEWHERE, new bytes(60_000));
        assertKnown(ELSEWHERE, KnownKind.Unknown, address(0));
        assertTrue(KnownAccounts.proxyOf(ELSEWHERE.codehash) == ProxyKind.NotKnown);
        assertTrue(KnownAccounts.proxyOf(0) == ProxyKind.NotKnown);
    }

    function test_readsADelegation() public {
        assertEq(KnownAccounts.delegateOf(ELSEWHERE), address(0));
        vm.etch(ELSEWHERE, abi.encodePacked(hex"ef0100", ANOTHER));
        assertEq(KnownAccounts.delegateOf(ELSEWHERE), ANOTHER);
        address other = makeAddr("of that length");
        vm.etch(other, abi.encodePacked(hex"600100", ANOTHER));
        assertEq(KnownAccounts.delegateOf(other), address(0));
    }

    function test_knowsTheEntryPoints() public pure {
        assertTrue(KnownAccounts.isEntryPoint(EntryPoints.V07));
        assertTrue(KnownAccounts.isEntryPoint(EntryPoints.V08));
        assertTrue(KnownAccounts.isEntryPoint(EntryPoints.V09));
        assertFalse(KnownAccounts.isEntryPoint(ANOTHER));
        assertFalse(KnownAccounts.isEntryPoint(address(0)));
        assertTrue(KnownAccounts.tellsOperation(EntryPoints.V09));
        assertFalse(KnownAccounts.tellsOperation(EntryPoints.V08));
    }

    function assertKnown(address at, KnownKind kind, address entryPoint) private view {
        Known memory known = KnownAccounts.find(at);
        assertEq(uint8(known.kind), uint8(kind));
        assertEq(known.entryPoint, entryPoint);
    }
}
