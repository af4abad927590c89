// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Attestor} from "./utils/Attestor.sol";
import {BlsScheme, EcdsaScheme, SchnorrScheme} from "./utils/Schemes.sol";
import {Test, Vm} from "forge-std/Test.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {Records} from "writ/libraries/Records.sol";

// Not as views: what is called statically is no transaction.

interface IEcdsaScheme {
    function verify(address record, uint256 head, bytes32 digest, bytes calldata signatures)
        external
        returns (bool);
}

interface ISchnorrScheme {
    function verify(uint256 px, uint8 v, bytes32 digest, uint256 e, uint256 s)
        external
        returns (bool);
}

interface IBlsScheme {
    function verify(
        address keys,
        uint256 signers,
        uint256 threshold,
        bytes32 digest,
        bytes calldata signature
    ) external returns (bool);
    function hashToG1(bytes32 digest) external view returns (bytes memory point);
}

/// @title What k of n signatures cost to verify, beside what other schemes would: for the README, none of them is offered
/// @notice Each is a transaction of its own, less its 21,000: calldata, the code that holds the keys, verification. The BLS keys
/// and the group key are taken as registered, with their proofs.
/// @dev EIP-2537 came with Prague.
/// forge-config: default.evm_version = "prague"
contract SchemesGasTest is Test {
    uint256 private constant N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    uint256 private constant BLS_ORDER =
        0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;
    bytes private constant G2 =
        hex"00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb80000000000000000000000000000000013e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e000000000000000000000000000000000ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801000000000000000000000000000000000606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be";

    IEcdsaScheme private ecdsa = IEcdsaScheme(address(new EcdsaScheme()));
    ISchnorrScheme private schnorr = ISchnorrScheme(address(new SchnorrScheme()));
    IBlsScheme private bls = IBlsScheme(address(new BlsScheme()));
    bytes32 private constant DIGEST = keccak256("digest");

    function test_signaturesOfEachOperator() public {
        _ecdsa(1, 1);
        _ecdsa(3, 5);
        _ecdsa(5, 9);
        _ecdsa(9, 15);
        _ecdsa(13, 21);
    }

    function test_oneSignatureOfAGroupKey() public {
        Vm.Wallet memory group = vm.createWallet(uint256(keccak256("group")) % N);
        assertLt(group.publicKeyX, N);
        uint8 v = group.publicKeyY % 2 == 0 ? 27 : 28;
        uint256 nonce = uint256(keccak256("nonce")) % N;
        uint256 e =
            uint256(keccak256(abi.encodePacked(vm.addr(nonce), group.publicKeyX, v, DIGEST)));
        uint256 s = addmod(nonce, mulmod(e, group.privateKey, N), N);
        assertTrue(schnorr.verify(group.publicKeyX, v, DIGEST, e, s));
        vm.snapshotValue("schemes", "Schnorr group key, any k", _spent());
        assertFalse(schnorr.verify(group.publicKeyX, v, ~DIGEST, e, s));
        assertFalse(schnorr.verify(group.publicKeyX, v, DIGEST, e, addmod(s, 1, N)));
        assertFalse(schnorr.verify(group.publicKeyX, 55 - v, DIGEST, e, s));
    }

    function test_oneAggregatedSignature() public {
        _bls(1, 1);
        _bls(3, 5);
        _bls(5, 9);
        _bls(9, 15);
        _bls(13, 21);
    }

    function _ecdsa(uint256 k, uint256 n) private {
        bytes memory record = new bytes(Records.CONFIGURATION + 1);
        bytes memory signatures;
        for (uint256 i = 0; i < n; ++i) {
            uint256 key = uint256(keccak256(abi.encode("ecdsa", i))) % N;
            record = bytes.concat(record, bytes20(vm.addr(key)));
            if (i < k) signatures = bytes.concat(signatures, Attestor.sign(DIGEST, key, uint8(i)));
        }
        address at = SSTORE2.write(record);
        uint256 head = n << 160 | k << 168;
        assertTrue(ecdsa.verify(at, head, DIGEST, signatures));
        vm.snapshotValue("schemes", _label("ECDSA", k, n), _spent());
        assertFalse(ecdsa.verify(at, head, ~DIGEST, signatures));
    }

    function _bls(uint256 k, uint256 n) private {
        bytes memory keys;
        uint256 sum;
        for (uint256 i = 0; i < n; ++i) {
            uint256 key = uint256(keccak256(abi.encode("bls", i))) % BLS_ORDER;
            keys = bytes.concat(keys, _multiply(0x0e, G2, key));
            if (i < k) sum = addmod(sum, key, BLS_ORDER);
        }
        address at = SSTORE2.write(keys);
        bytes memory signature = _multiply(0x0c, bls.hashToG1(DIGEST), sum);
        uint256 signers = (uint256(1) << k) - 1;
        assertTrue(bls.verify(at, signers, k, DIGEST, signature));
        vm.snapshotValue("schemes", _label("BLS12-381", k, n), _spent());
        assertFalse(bls.verify(at, signers, k, ~DIGEST, signature));
        assertFalse(bls.verify(at, signers, k + 1, DIGEST, signature));
        if (n > k) assertFalse(bls.verify(at, signers << 1, k, DIGEST, signature));
    }

    function _multiply(uint160 precompile, bytes memory point, uint256 scalar)
        private
        view
        returns (bytes memory result)
    {
        bool success;
        (success, result) = address(precompile).staticcall(bytes.concat(point, bytes32(scalar)));
        assertTrue(success && result.length == point.length, "no such point");
    }

    function _spent() private view returns (uint256) {
        return uint256(vm.lastCallGas().gasTotalUsed) - 21_000;
    }

    function _label(string memory scheme, uint256 k, uint256 n)
        private
        pure
        returns (string memory)
    {
        return string.concat(scheme, ", ", vm.toString(k), " of ", vm.toString(n));
    }
}
