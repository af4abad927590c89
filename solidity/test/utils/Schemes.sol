// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Head} from "writ/libraries/Head.sol";
import {Quorum} from "writ/libraries/Quorum.sol";
import {Record, Records} from "writ/libraries/Records.sol";

/// @notice The quorum check of the module, with the operators where the module has them: in code.
contract EcdsaScheme {
    function verify(address record, uint256 head, bytes32 digest, bytes calldata signatures)
        external
        view
        returns (bool)
    {
        Record loaded = Records.load(record, Head.wrap(head).operators());
        return Quorum.verify(digest, signatures, Head.wrap(head), loaded);
    }
}

/// @notice One Schnorr signature under one key of all operators together, by ecrecover. For measuring: who signed is not told,
/// and neither the generation of the key nor the proof that nobody chose it alone is here.
contract SchnorrScheme {
    uint256 internal constant N =
        0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    /// @param px The key's x, smaller than the group order; its y is even if `v` is 27, odd if 28.
    function verify(uint256 px, uint8 v, bytes32 digest, uint256 e, uint256 s)
        external
        view
        returns (bool valid)
    {
        uint256 order = N;
        assembly ("memory-safe") {
            // With r = px, hash = -s·px and s' = -e·px, what ecrecover finds is s·G - e·P: the commitment.
            let free := mload(0x40)
            mstore(free, sub(order, mulmod(s, px, order)))
            mstore(add(free, 0x20), v)
            mstore(add(free, 0x40), px)
            mstore(add(free, 0x60), sub(order, mulmod(e, px, order)))
            let found := staticcall(gas(), 1, free, 0x80, 0x00, 0x20)
            found := and(found, eq(returndatasize(), 0x20))
            let commitment := mload(0x00)
            // e = H(commitment ‖ key ‖ digest)
            mstore(free, shl(96, commitment))
            mstore(add(free, 0x14), px)
            mstore8(add(free, 0x34), v)
            mstore(add(free, 0x35), digest)
            valid := and(found, eq(e, keccak256(free, 0x55)))
            valid := and(valid, and(lt(s, order), iszero(iszero(commitment))))
        }
    }
}

/// @notice One aggregated BLS12-381 signature (in G1) under the sum of the signers' keys (in G2, 256 bytes each, in code), by
/// the precompiles of EIP-2537. For measuring: the keys are taken as checked, with their proof of possession, before.
contract BlsScheme {
    bytes internal constant MINUS_G2 =
        hex"00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb80000000000000000000000000000000013e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e000000000000000000000000000000000d1b3cc2c7027888be51d9ef691d77bcb679afda66c73f17f9ee3837a55024f78c71363275a75d75d86bab79f74782aa0000000000000000000000000000000013fa4d4a0ad8b1ce186ed5061789213d993923066dddaf1040bc3ff59f825c78df74f2d75467e25e0f55f8a00fa030ed";

    /// @param signers Bit i: the operator at index i signed.
    function verify(
        address keys,
        uint256 signers,
        uint256 threshold,
        bytes32 digest,
        bytes calldata signature
    ) external view returns (bool valid) {
        bytes memory input = bytes.concat(signature, MINUS_G2, hashToG1(digest), new bytes(256));
        uint256 count;
        assembly ("memory-safe") {
            // The keys are summed where the pairing reads the sum: signature, -G2, hash, then this.
            let sum := add(input, 544)
            let scratch := mload(0x40)
            mstore(0x40, add(scratch, 0x200))
            valid := 1
            for { let i := 0 } signers { i := add(i, 1) } {
                if and(signers, 1) {
                    switch count
                    case 0 { extcodecopy(keys, sum, add(1, mul(i, 256)), 256) }
                    default {
                        mcopy(scratch, sum, 256)
                        extcodecopy(keys, add(scratch, 256), add(1, mul(i, 256)), 256)
                        valid := and(valid, staticcall(gas(), 0x0d, scratch, 512, sum, 256))
                    }
                    count := add(count, 1)
                }
                signers := shr(1, signers)
            }
            valid := and(valid, staticcall(gas(), 0x0f, add(input, 32), 768, 0x00, 0x20))
            valid := and(valid, and(eq(returndatasize(), 0x20), eq(mload(0x00), 1)))
            valid := and(valid, eq(count, threshold))
        }
    }

    /// @notice RFC 9380's BLS12381G1_XMD:SHA-256_SSWU_RO_ of 32 bytes.
    function hashToG1(bytes32 digest) public view returns (bytes memory point) {
        bytes memory tag = "WRIT-BLS12381G1_XMD:SHA-256_SSWU_RO_";
        tag = bytes.concat(tag, bytes1(uint8(tag.length)));
        bytes32 b0 = sha256(bytes.concat(new bytes(64), digest, hex"008000", tag));
        bytes32[4] memory b;
        b[0] = sha256(bytes.concat(b0, hex"01", tag));
        for (uint256 i = 1; i < 4; ++i) {
            b[i] = sha256(bytes.concat(b0 ^ b[i - 1], bytes1(uint8(i + 1)), tag));
        }
        (bool success, bytes memory sum) =
            address(0x0b).staticcall(bytes.concat(_map(b[0], b[1]), _map(b[2], b[3])));
        require(success, "not on the curve");
        return sum;
    }

    /// @dev 64 bytes modulo the field's order, then to the curve.
    function _map(bytes32 high, bytes32 low) private view returns (bytes memory point) {
        bytes memory modulus =
            hex"000000000000000000000000000000001a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";
        (bool reduced, bytes memory element) = address(5)
            .staticcall(
                abi.encodePacked(uint256(64), uint256(1), uint256(64), high, low, uint8(1), modulus)
            );
        bool mapped;
        (mapped, point) = address(0x10).staticcall(element);
        require(reduced && mapped, "not in the field");
    }
}
