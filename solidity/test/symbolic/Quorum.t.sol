// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Head} from "writ/libraries/Head.sol";
import {Quorum} from "writ/libraries/Quorum.sol";
import {Record, Records} from "writ/libraries/Records.sol";

/// @title What counts as a quorum, for all signatures: `make symbolic`
/// @dev To halmos ecrecover is some function of digest, v, r and s, whatever its values. It never fails there, as the real one
/// does for what is no signature: those are in `ValidationSuite`. The index of a signature is tried value by value, since
/// the code reads memory at it.
contract QuorumChecks {
    uint256 private constant OPERATORS = 4;
    uint256 private constant HALF_ORDER =
        0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @notice True only if exactly the threshold signed, each another operator of the set, in order, with a low s.
    function check_aQuorumIsExactlyTheThreshold(
        bytes32 digest,
        address[4] calldata operators,
        uint8 threshold,
        uint8[3] calldata indices,
        bytes32[3] calldata r,
        bytes32[3] calldata vs,
        uint8 count
    ) external view {
        for (uint256 k = 0; k <= 3; ++k) {
            if (count != k) continue;
            bytes memory signatures;
            uint256[3] memory index;
            for (uint256 i = 0; i < k; ++i) {
                index[i] = _concrete(indices[i]);
                signatures = abi.encodePacked(signatures, uint8(index[i]), r[i], vs[i]);
            }
            (bool structured, bool valid) = _try(digest, operators, threshold, signatures);
            bool ordered = k == threshold;
            bool signed = true;
            for (uint256 i = 0; i < k; ++i) {
                if (index[i] >= OPERATORS || (i != 0 && index[i] <= index[i - 1])) {
                    ordered = false;
                    break;
                }
                signed = signed && _signed(digest, operators[index[i]], r[i], vs[i]);
            }
            assert(structured == ordered);
            assert(valid == (ordered && signed));
        }
    }

    /// @notice What is no whole number of signatures, or of an index that no operator has, is refused as malformed.
    /// @custom:halmos --array-lengths signatures={0,1,64,66,129,131,194,196}
    function check_partsOfASignatureAreRefused(
        bytes32 digest,
        address[4] calldata operators,
        uint8 threshold,
        bytes calldata signatures
    ) external view {
        if (threshold == 0) return;
        (bool structured,) = _try(digest, operators, threshold, signatures);
        assert(!structured);
    }

    /// @dev Leaves memory as Solidity wants it: the zero slot is zero, and what is allocated is not overwritten.
    function check_memoryIsPutBack(
        bytes32 digest,
        address[4] calldata operators,
        bytes32 r,
        bytes32 vs
    ) external view {
        (bool structured,) = _try(digest, operators, 1, abi.encodePacked(uint8(2), r, vs));
        assert(structured);
    }

    /// @notice The module's own code, over a record in memory as it is read from code.
    function verify(
        bytes32 digest,
        address[4] calldata operators,
        uint8 threshold,
        bytes calldata signatures
    ) external view returns (bool valid) {
        bytes memory record = abi.encodePacked(
            new bytes(Records.CONFIGURATION),
            bytes1(0),
            operators[0],
            operators[1],
            operators[2],
            operators[3],
            new bytes(32)
        );
        uint256 at;
        assembly ("memory-safe") {
            at := add(record, 32)
        }
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        valid = Quorum.verify(digest, signatures, _head(threshold), Record.wrap(at));
        assembly ("memory-safe") {
            if or(mload(0x60), xor(free, mload(0x40))) { invalid() }
        }
    }

    function _try(
        bytes32 digest,
        address[4] calldata operators,
        uint8 threshold,
        bytes memory signatures
    ) private view returns (bool structured, bool valid) {
        try this.verify(digest, operators, threshold, signatures) returns (bool answer) {
            return (true, answer);
        } catch (bytes memory reason) {
            // By name: what runs out or panics answers nothing of this length.
            assert(reason.length == 4 || reason.length == 68);
            return (false, false);
        }
    }

    function _signed(bytes32 digest, address operator, bytes32 r, bytes32 vs)
        private
        pure
        returns (bool)
    {
        uint256 s = uint256(vs) & type(uint256).max >> 1;
        uint8 v = uint256(vs) >> 255 == 1 ? 28 : 27;
        return s <= HALF_ORDER && ecrecover(digest, v, r, bytes32(s)) == operator;
    }

    /// @dev The operators' indices, the first that nobody has, and the greatest.
    function _concrete(uint8 index) private pure returns (uint256) {
        for (uint256 i = 0; i <= OPERATORS; ++i) {
            if (index == i) return i;
        }
        return 255;
    }

    function _head(uint8 threshold) private pure returns (Head) {
        return Head.wrap(OPERATORS << 160 | uint256(threshold) << 168);
    }
}
