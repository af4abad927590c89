// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Passkeys} from "../utils/Passkeys.sol";
import {IP256Validator, OwnersTest} from "./OwnersTest.sol";
import {IERC165} from "@openzeppelin/contracts/interfaces/IERC165.sol";
import {IERC7579Module} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {IStatelessValidator} from "writ/interfaces/IStatelessValidator.sol";
import {IWritOwnerErrors, IWritOwnerValidator} from "writ/interfaces/IWritOwnerValidator.sol";

/// @title Bare P-256 keys, on either route
abstract contract P256OwnerLaws is OwnersTest {
    IP256Validator internal validator;
    uint256 internal secret = Passkeys.key(1);
    bytes32 internal hash = keccak256("operation");

    function precompiled() internal pure virtual returns (bool);

    function setUp() public {
        validator = p256Owner();
        assertEq(validator.PRECOMPILED(), precompiled());
    }

    function test_acceptsTheKeysSignatureOfThisHashOnly(uint256 seed, bytes32 signed, bytes32 other)
        public
        view
    {
        uint256 key = Passkeys.key(seed);
        vm.assume(signed != other && key != secret);
        bytes memory signature = Passkeys.sign(key, signed);
        assertTrue(valid(signed, signature, p256Data(key, false)));
        assertFalse(valid(other, signature, p256Data(key, false)));
        assertFalse(valid(signed, signature, p256Data(key, true)));
        assertFalse(valid(signed, signature, p256Data(secret, false)));
    }

    function test_prehashedKeysSignTheHashOfTheHash(bytes32 signed) public view {
        bytes memory signature = Passkeys.sign(secret, sha256(abi.encode(signed)));
        assertTrue(valid(signed, signature, p256Data(secret, true)));
        assertFalse(valid(signed, signature, p256Data(secret, false)));
    }

    function test_refusesTheOtherSignatureOfTheSameHash(bytes32 signed) public view {
        bytes memory signature = Passkeys.sign(secret, signed);
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        bytes32 upper = bytes32(Passkeys.ORDER - uint256(s));
        assertFalse(valid(signed, abi.encode(r, upper), p256Data(secret, false)));
    }

    function test_refusesNumbersOutOfRange() public view {
        bytes memory signature = Passkeys.sign(secret, hash);
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        bytes memory data = p256Data(secret, false);
        bytes32 order = bytes32(Passkeys.ORDER);
        assertFalse(valid(hash, abi.encode(0, s), data));
        assertFalse(valid(hash, abi.encode(r, 0), data));
        assertFalse(valid(hash, abi.encode(0, 0), data));
        assertFalse(valid(hash, abi.encode(order, s), data));
        assertFalse(valid(hash, abi.encode(r, order), data));
        assertFalse(valid(hash, abi.encode(type(uint256).max, type(uint256).max), data));
    }

    function test_refusesKeysThatAreNoPoint() public {
        (bytes32 x, bytes32 y) = Passkeys.publicKey(secret);
        bytes32 field = bytes32(Passkeys.FIELD);
        refusesKey(0, 0);
        refusesKey(x, bytes32(uint256(y) ^ 1));
        refusesKey(x, 0);
        refusesKey(0, y);
        refusesKey(field, y);
        refusesKey(bytes32(type(uint256).max), y);
        refusesKey(y, x);
    }

    /// @dev (x + p, y) is the same point to a careless verifier; x is one for which that fits into a word.
    function test_refusesCoordinatesBeyondTheField() public {
        bytes32 x = bytes32(uint256(5));
        bytes32 y = 0x459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc;
        assertNotEq(validator.checkData(abi.encodePacked(x, y, false)), 0);
        refusesKey(bytes32(uint256(x) + Passkeys.FIELD), y);
    }

    function test_refusesOtherLengths(uint256 length) public view {
        bytes memory data = p256Data(secret, false);
        bytes memory signature = Passkeys.sign(secret, hash);
        assertTrue(valid(hash, signature, data));
        assertFalse(valid(hash, bytes.concat(signature, hex"00"), data));
        assertFalse(valid(hash, signature, bytes.concat(data, hex"00")));
        assertFalse(valid(hash, cut(signature, bound(length, 0, 63)), data));
        assertFalse(valid(hash, signature, cut(data, bound(length, 0, 64))));
    }

    function test_noBitOfSignatureOrKeyIsIdle(uint256 bit) public view {
        bytes memory data = p256Data(secret, false);
        bytes memory signature = Passkeys.sign(secret, hash);
        assertFalse(valid(hash, flip(signature, bit), data));
        assertFalse(valid(hash, signature, flip(data, bit)));
    }

    function test_checkDataTakesWhatCanSignAndNamesItsKey() public view {
        bytes32 key = validator.checkData(p256Data(secret, false));
        assertEq(validator.checkData(p256Data(secret, true)), key);
        assertNotEq(validator.checkData(p256Data(Passkeys.key(2), false)), key);
    }

    function test_checkDataRefusesByName(uint8 flags) public {
        bytes memory data = p256Data(secret, false);
        vm.expectRevert(abi.encodeWithSelector(IWritOwnerErrors.OwnerDataLength.selector, 64));
        validator.checkData(cut(data, 64));
        vm.expectRevert(abi.encodeWithSelector(IWritOwnerErrors.OwnerDataLength.selector, 66));
        validator.checkData(bytes.concat(data, hex"00"));
        flags = uint8(bound(flags, 2, 255));
        data[64] = bytes1(flags);
        assertFalse(valid(hash, Passkeys.sign(secret, hash), data));
        assertFalse(valid(hash, Passkeys.sign(secret, sha256(abi.encode(hash))), data));
        vm.expectRevert(abi.encodeWithSelector(IWritOwnerErrors.InvalidFlags.selector, flags));
        validator.checkData(data);
    }

    function test_isAStatelessModuleThatKeepsNothing() public {
        for (uint256 i = 0; i < 12; ++i) {
            assertEq(validator.isModuleType(i), i == 7);
        }
        assertTrue(validator.supportsInterface(type(IWritOwnerValidator).interfaceId));
        assertTrue(validator.supportsInterface(type(IStatelessValidator).interfaceId));
        assertTrue(validator.supportsInterface(type(IERC7579Module).interfaceId));
        assertTrue(validator.supportsInterface(type(IERC165).interfaceId));
        assertFalse(validator.supportsInterface(0xffffffff));
        vm.startStateDiffRecording();
        validator.onInstall("");
        validator.onInstall("anything");
        validator.onUninstall("");
        valid(hash, Passkeys.sign(secret, hash), p256Data(secret, false));
        assertEq(storageAccesses(), 0);
    }

    function refusesKey(bytes32 x, bytes32 y) internal {
        bytes memory data = abi.encodePacked(x, y, false);
        assertFalse(valid(hash, Passkeys.sign(secret, hash), data));
        vm.expectRevert(abi.encodeWithSelector(IWritOwnerErrors.InvalidPublicKey.selector, x, y));
        validator.checkData(data);
    }

    function valid(bytes32 signed, bytes memory signature, bytes memory data)
        internal
        view
        returns (bool)
    {
        return validator.validateSignatureWithData(signed, signature, data);
    }
}

/// forge-config: default.fuzz.runs = 64
contract P256OwnerByLibraryTest is P256OwnerLaws {
    function precompiled() internal pure override returns (bool) {
        return false;
    }
}

/// forge-config: default.evm_version = "osaka"
contract P256OwnerByPrecompileTest is P256OwnerLaws {
    function precompiled() internal pure override returns (bool) {
        return true;
    }
}
