// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Passkeys} from "../utils/Passkeys.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {Test} from "forge-std/Test.sol";
import {Vm} from "forge-std/Vm.sol";
import {IWritOwnerValidator} from "writ/interfaces/IWritOwnerValidator.sol";

interface IP256Validator is IWritOwnerValidator {
    function PRECOMPILED() external view returns (bool);
}

/// @title What every test of an owner check starts from: the validators as they ship
abstract contract OwnersTest is Test {
    address internal constant PRECOMPILE = address(0x100);
    string internal constant RELYING_PARTY = "wallet.example";

    function p256Owner() internal returns (IP256Validator) {
        return IP256Validator(deployCode("P256Owner.sol:P256Owner"));
    }

    function webAuthnOwner() internal returns (IP256Validator) {
        return IP256Validator(deployCode("WebAuthnOwner.sol:WebAuthnOwner"));
    }

    function weightedOwners() internal returns (IWritOwnerValidator) {
        return IWritOwnerValidator(deployCode("WeightedOwners.sol:WeightedOwners"));
    }

    function contractOwner() internal returns (IWritOwnerValidator) {
        return IWritOwnerValidator(deployCode("ContractOwner.sol:ContractOwner"));
    }

    /// @dev Has the chain forget its precompile until `clearMockedCalls`.
    function hidePrecompile() internal {
        vm.mockCall(PRECOMPILE, bytes(""), bytes(""));
    }

    function p256Data(uint256 secret, bool prehashed) internal pure returns (bytes memory) {
        (bytes32 x, bytes32 y) = Passkeys.publicKey(secret);
        return abi.encodePacked(x, y, prehashed);
    }

    function webAuthnData(uint256 secret, bool verified) internal pure returns (bytes memory) {
        (bytes32 x, bytes32 y) = Passkeys.publicKey(secret);
        return abi.encodePacked(x, y, sha256(bytes(RELYING_PARTY)), verified);
    }

    function ecdsa(uint256 secret, bytes32 hash) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(secret, hash);
        return abi.encodePacked(r, s, v);
    }

    /// @dev ERC-7739's nested personal signature: the wallet's domain around the hash.
    function walletSignature(address at, uint256 key, bytes32 hash)
        internal
        view
        returns (bytes memory)
    {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Wallet"),
                keccak256("1"),
                block.chainid,
                at
            )
        );
        bytes32 personal = keccak256(abi.encode(keccak256("PersonalSign(bytes prefixed)"), hash));
        return ecdsa(key, MessageHashUtils.toTypedDataHash(domain, personal));
    }

    /// @dev How many slots were read or written since `startStateDiffRecording`, transient ones not counted.
    function storageAccesses() internal returns (uint256 count) {
        Vm.AccountAccess[] memory accesses = vm.stopAndReturnStateDiff();
        assertGt(accesses.length, 0);
        for (uint256 i = 0; i < accesses.length; ++i) {
            count += accesses[i].storageAccesses.length;
        }
    }

    /// @dev The same bytes with one bit of one of them changed.
    function flip(bytes memory data, uint256 at) internal pure returns (bytes memory changed) {
        changed = bytes.concat(data);
        at %= data.length * 8;
        changed[at / 8] ^= bytes1(uint8(1 << (at % 8)));
    }

    function cut(bytes memory data, uint256 length) internal pure returns (bytes memory shorter) {
        shorter = bytes.concat(data);
        assembly ("memory-safe") {
            mstore(shorter, length)
        }
    }
}
