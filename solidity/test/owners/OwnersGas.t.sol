// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {AgreeingOwner, Meter} from "../mocks/Owners.sol";
import {ListedOwner, OwnerLists} from "../utils/OwnerLists.sol";
import {Assertion, Passkeys} from "../utils/Passkeys.sol";
import {OwnersTest} from "./OwnersTest.sol";
import {IStatelessValidator} from "writ/interfaces/IStatelessValidator.sol";

/// @notice A right signature, and what stands for it in an estimate.
struct Case {
    address validator;
    bytes data;
    bytes signature;
    bytes stub;
}

/// @title What owner checks cost, that stubs cost no less, and that too little gas is never a refusal
/// @notice Kept in solidity/snapshots/owners.json; `FORGE_SNAPSHOT_CHECK=false forge test --mc OwnersGas` writes anew.
abstract contract OwnersGasLaws is OwnersTest {
    Meter internal meter;
    address internal plain;
    address internal passkey;
    address internal list;
    address internal contracts;

    function setUp() public {
        meter = new Meter();
        plain = address(p256Owner());
        passkey = address(webAuthnOwner());
        list = address(weightedOwners());
        contracts = address(contractOwner());
    }

    function test_stubsCostNoLess(uint256 seed, bytes32 hash) public view {
        stubCostsNoLess(bareKey(seed, hash), hash);
        stubCostsNoLess(passkeyOf(seed, hash), hash);
        stubCostsNoLess(listOf(1, 2, bareKey(seed, hash), hash), hash);
    }

    function test_tooLittleGasIsNeverARefusal() public view {
        bytes32 hash = "operation";
        neverARefusal(bareKey(1, hash), hash);
        neverARefusal(passkeyOf(1, hash), hash);
        neverARefusal(listOf(2, 3, passkeyOf(1, hash), hash), hash);
    }

    // ------------------------------------------------------------------ cases

    function bareKey(uint256 seed, bytes32 hash) internal view returns (Case memory c) {
        uint256 key = Passkeys.key(seed);
        c.validator = plain;
        c.data = p256Data(key, true);
        c.signature = Passkeys.sign(key, sha256(abi.encode(hash)));
        c.stub = Passkeys.STUB;
    }

    function passkeyOf(uint256 seed, bytes32 hash) internal view returns (Case memory c) {
        uint256 key = Passkeys.key(seed);
        Assertion memory a = Passkeys.assertion(key, RELYING_PARTY, hash);
        c.validator = passkey;
        c.data = webAuthnData(key, true);
        c.signature = Passkeys.encode(a);
        // Neither the relying party's id nor flags nor JSON: only the lengths count.
        c.stub = bytes.concat(
            Passkeys.STUB, bytes2(uint16(37)), filler(37), filler(bytes(a.rest).length)
        );
    }

    /// @dev `k` of `n` ECDSA keys.
    function ecdsaList(uint256 k, uint256 n, bytes32 hash) internal view returns (Case memory) {
        Case memory none;
        return listOf(k, n, none, hash);
    }

    /// @dev `k` of `n` that sign in any case: one like the given, the others ECDSA keys, of whom the first `k - 1` sign.
    function listOf(uint256 k, uint256 n, Case memory other, bytes32 hash)
        internal
        view
        returns (Case memory c)
    {
        ListedOwner[] memory owners = new ListedOwner[](n);
        for (uint256 i = 0; i < n; ++i) {
            owners[i] = ListedOwner(1, address(0), abi.encodePacked(vm.addr(1 + i)));
        }
        if (other.validator != address(0)) owners[0] = ListedOwner(1, other.validator, other.data);
        OwnerLists.sort(owners);
        c.validator = list;
        c.data = OwnerLists.encode(uint16(k), owners);
        uint256 left = other.validator == address(0) ? k : k - 1;
        for (uint256 i = 0; i < n; ++i) {
            if (owners[i].validator != address(0)) {
                c.signature = bytes.concat(c.signature, OwnerLists.one(i, other.signature));
                c.stub = bytes.concat(c.stub, OwnerLists.one(i, other.stub));
            } else if (left != 0) {
                --left;
                bytes memory signature = ecdsa(keyOf(owners[i].data, n), hash);
                c.signature = bytes.concat(c.signature, OwnerLists.one(i, signature));
                bytes memory stub = bytes.concat(filler(64), hex"1b");
                c.stub = bytes.concat(c.stub, OwnerLists.one(i, stub));
            }
        }
    }

    /// @dev `n` of `n` passkeys.
    function passkeyList(uint256 n, bytes32 hash) internal view returns (Case memory c) {
        ListedOwner[] memory owners = new ListedOwner[](n);
        for (uint256 i = 0; i < n; ++i) {
            owners[i] = ListedOwner(1, passkey, webAuthnData(Passkeys.key(1 + i), true));
        }
        OwnerLists.sort(owners);
        c.validator = list;
        c.data = OwnerLists.encode(uint16(n), owners);
        for (uint256 i = 0; i < n; ++i) {
            for (uint256 j = 1; j <= n; ++j) {
                Case memory one = passkeyOf(j, hash);
                if (keccak256(one.data) != keccak256(owners[i].data)) continue;
                c.signature = bytes.concat(c.signature, OwnerLists.one(i, one.signature));
                c.stub = bytes.concat(c.stub, OwnerLists.one(i, one.stub));
            }
        }
    }

    function keyOf(bytes memory owner, uint256 n) internal pure returns (uint256 key) {
        for (key = 1; key <= n; ++key) {
            if (vm.addr(key) == address(bytes20(owner))) return key;
        }
        revert("no key");
    }

    // ------------------------------------------------------------------ measuring

    function cost(Case memory c, bytes32 hash) internal view returns (uint256 gas) {
        bool answer;
        (answer, gas) = meter.measure(c.validator, question(c, hash, c.signature));
        assertTrue(answer);
    }

    function stubCostsNoLess(Case memory c, bytes32 hash) internal view {
        assertEq(c.stub.length, c.signature.length);
        (bool answer, uint256 gas) = meter.measure(c.validator, question(c, hash, c.stub));
        assertFalse(answer);
        uint256 real = cost(c, hash);
        assertGe(gas, real);
        // Nor so much more that a limit would be a fiction.
        assertLe(gas, real * 2);
    }

    function neverARefusal(Case memory c, bytes32 hash) internal view {
        uint256 whole = cost(c, hash);
        uint256 reverted;
        bytes memory asked = question(c, hash, c.signature);
        for (uint256 gas = 300; gas < whole + 5000; gas += 1 + whole / 211) {
            uint256 answer = meter.within(gas, c.validator, asked);
            assertNotEq(answer, 0);
            if (answer == 2) ++reverted;
        }
        assertGt(reverted, 100);
        assertEq(meter.within(whole + 5000, c.validator, asked), 1);
    }

    function question(Case memory c, bytes32 hash, bytes memory signature)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodeCall(
            IStatelessValidator.validateSignatureWithData, (hash, signature, c.data)
        );
    }

    function filler(uint256 length) internal pure returns (bytes memory bytes_) {
        bytes_ = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            bytes_[i] = 0x7f;
        }
    }

    function snapshot(string memory name, uint256 gas) internal {
        vm.snapshotValue("owners", name, gas);
    }
}

/// forge-config: default.fuzz.runs = 64
contract OwnersGasByLibraryTest is OwnersGasLaws {
    function test_costs() public {
        bytes32 hash = "operation";
        snapshot("P-256 key, library", cost(bareKey(1, hash), hash));
        snapshot("passkey, library", cost(passkeyOf(1, hash), hash));
        snapshot(
            "1 of 2, a passkey signs, library", cost(listOf(1, 2, passkeyOf(1, hash), hash), hash)
        );
    }
}

/// forge-config: default.evm_version = "osaka"
contract OwnersGasByPrecompileTest is OwnersGasLaws {
    function test_costs() public {
        bytes32 hash = "operation";
        snapshot("P-256 key, precompile", cost(bareKey(1, hash), hash));
        snapshot("passkey, precompile", cost(passkeyOf(1, hash), hash));
        snapshot("2 of 3, ECDSA", cost(ecdsaList(2, 3, hash), hash));
        snapshot("3 of 5, ECDSA", cost(ecdsaList(3, 5, hash), hash));
        snapshot("16 of 16, ECDSA", cost(ecdsaList(16, 16, hash), hash));
        snapshot("2 of 2, passkeys, precompile", cost(passkeyList(2, hash), hash));
        uint256 most = cost(passkeyList(16, hash), hash);
        snapshot("16 of 16, passkeys, precompile", most);
        // As much as a bundler gives to all of validation.
        assertLt(most, 500_000);
        // An owner that says yes and does nothing else: what asking costs, without the owner's own check.
        address yes = address(new AgreeingOwner());
        snapshot(
            "contract, asking alone",
            cost(Case(contracts, abi.encodePacked(yes), filler(65), ""), hash)
        );
    }

    function test_stubsOfListsCostNoLess(bytes32 hash, uint256 k) public view {
        k = bound(k, 1, 16);
        stubCostsNoLess(ecdsaList(k, 16, hash), hash);
        stubCostsNoLess(passkeyList(1 + k % 4, hash), hash);
    }

    function test_sizes() public {
        string[4] memory names = ["P256Owner", "WebAuthnOwner", "WeightedOwners", "ContractOwner"];
        address[4] memory deployed = [plain, passkey, list, contracts];
        for (uint256 i = 0; i < 4; ++i) {
            bytes memory code = vm.getCode(string.concat(names[i], ".sol:", names[i]));
            vm.snapshotValue(
                "owners-size", string.concat(names[i], " runtime bytes"), deployed[i].code.length
            );
            vm.snapshotValue("owners-size", string.concat(names[i], " creation bytes"), code.length);
        }
    }
}
