// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {CodeKeyWallet} from "../mocks/Owners.sol";
import {ListedOwner, OwnerLists} from "../utils/OwnerLists.sol";
import {Passkeys} from "../utils/Passkeys.sol";
import {OwnersTest} from "./OwnersTest.sol";
import {Vm} from "forge-std/Vm.sol";
import {IStatelessValidator} from "writ/interfaces/IStatelessValidator.sol";

/// @title Owner checks keep to ERC-7562's rules on opcodes, storage and precompiles
abstract contract OwnerRulesLaws is OwnersTest {
    uint256 internal constant SECRET = 0xBEEF;
    bytes32 internal constant HASH = "operation";

    /// @dev Which precompiles a check may call on this route.
    function allowed(uint256 precompile) internal pure virtual returns (bool);

    function test_aP256Key() public {
        check(address(p256Owner()), Passkeys.sign(SECRET, HASH), p256Data(SECRET, false));
    }

    function test_aPasskey() public {
        bytes memory signature = Passkeys.encode(Passkeys.assertion(SECRET, RELYING_PARTY, HASH));
        check(address(webAuthnOwner()), signature, webAuthnData(SECRET, true));
    }

    function test_aContractWithItsKeyInItsCode() public {
        address wallet = address(new CodeKeyWallet(vm.addr(SECRET)));
        bytes memory signature = walletSignature(wallet, SECRET, HASH);
        check(address(contractOwner()), signature, abi.encodePacked(wallet));
    }

    function test_aListOfAKeyAndAPasskey() public {
        ListedOwner[] memory owners = new ListedOwner[](2);
        owners[0] = ListedOwner(1, address(0), abi.encodePacked(vm.addr(SECRET)));
        owners[1] = ListedOwner(1, address(webAuthnOwner()), webAuthnData(SECRET, true));
        OwnerLists.sort(owners);
        bytes memory signature;
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory one = owners[i].validator == address(0)
                ? ecdsa(SECRET, HASH)
                : Passkeys.encode(Passkeys.assertion(SECRET, RELYING_PARTY, HASH));
            signature = bytes.concat(signature, OwnerLists.one(i, one));
        }
        check(address(weightedOwners()), signature, OwnerLists.encode(2, owners));
    }

    function check(address validator, bytes memory signature, bytes memory data) internal {
        scan(validator);
        bytes memory question =
            abi.encodeCall(IStatelessValidator.validateSignatureWithData, (HASH, signature, data));
        vm.startStateDiffRecording();
        (bool success, bytes memory answer) = validator.staticcall(question);
        Vm.AccountAccess[] memory accesses = vm.stopAndReturnStateDiff();
        assertTrue(success && abi.decode(answer, (bool)));

        uint256 precompiles;
        for (uint256 i = 0; i < accesses.length; ++i) {
            Vm.AccountAccess memory access = accesses[i];
            assertEq(access.storageAccesses.length, 0);
            uint160 to = uint160(access.account);
            if (to > 0x1ff) {
                assertNotEq(access.account.code.length, 0);
                scan(access.account);
            } else {
                assertTrue(allowed(to), vm.toString(to));
                ++precompiles;
            }
        }
        assertNotEq(precompiles, 0);
    }

    /// @dev Looks at every instruction of a contract, on whatever path: none that is banned, and GAS only right before a call.
    function scan(address at) internal view {
        bytes memory code = at.code;
        for (uint256 i = 0; i < code.length; ++i) {
            uint8 opcode = uint8(code[i]);
            if (opcode >= 0x60 && opcode <= 0x7f) {
                i += opcode - 0x5f;
                continue;
            }
            assertFalse(banned(opcode), vm.toString(opcode));
            if (opcode == 0x5a) {
                uint8 next = uint8(code[i + 1]);
                assertTrue(next == 0xf1 || next == 0xf4 || next == 0xfa, vm.toString(next));
            }
        }
    }

    /// @dev OP-011 and OP-080, creation, and all storage, transient too: a check has none.
    function banned(uint8 opcode) internal pure returns (bool) {
        bytes memory list = hex"31323a4041424344454748494a54555c5df0f5ff";
        for (uint256 i = 0; i < list.length; ++i) {
            if (uint8(list[i]) == opcode) return true;
        }
        return false;
    }
}

contract OwnerRulesByLibraryTest is OwnerRulesLaws {
    /// @dev ecrecover, SHA-256, modular exponentiation.
    function allowed(uint256 precompile) internal pure override returns (bool) {
        return precompile == 1 || precompile == 2 || precompile == 5;
    }
}

/// forge-config: default.evm_version = "osaka"
contract OwnerRulesByPrecompileTest is OwnerRulesLaws {
    /// @dev ecrecover, SHA-256, P-256.
    function allowed(uint256 precompile) internal pure override returns (bool) {
        return precompile == 1 || precompile == 2 || precompile == 0x100;
    }
}
