// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {IStatelessValidator} from "../interfaces/IStatelessValidator.sol";
import {IWritOwnerValidator} from "../interfaces/IWritOwnerValidator.sol";
import {OwnerData} from "../libraries/OwnerData.sol";
import {OwnerSignature} from "../libraries/OwnerSignature.sol";
import {StatelessValidator} from "./StatelessValidator.sol";
import {EfficientHashLib} from "solady/utils/EfficientHashLib.sol";

/// @title WeightedOwners
/// @notice Several owners, each with a weight, of whom enough must sign: every owner an ECDSA key, or whatever an ERC-7780
/// stateless validator checks.
///
/// ```
/// data       threshold(2) ‖ owner · 1 to 16
/// owner      weight(2) ‖ validator(20) ‖ length(2) ‖ data(length)     no validator: the data is the address of an ECDSA key
/// signature  one · k of the owners
/// one        index(1) ‖ length(2) ‖ signature(length)                 by strictly ascending index
/// ```
///
/// There is one encoding of a list: owners ascend strictly by keccak256 of `validator ‖ length ‖ data`, no weight is zero, the
/// threshold is neither zero nor greater than all weights together, and nothing follows the last owner. So none is counted
/// twice, and a list that no signatures could satisfy is none. Every signature that is given must be right.
///
/// An ECDSA key signs the hash or its EIP-191 message, 65 bytes `r ‖ s ‖ v`. `checkData` refuses two owners that are one key in
/// different clothes, as far as their validators tell it, and lists inside of lists.
contract WeightedOwners is StatelessValidator {
    uint256 private constant MOST = 16;
    /// @dev Bytes of an owner before its data.
    uint256 private constant HEAD = 24;

    /// @inheritdoc IStatelessValidator
    /// @notice False for whatever is malformed. A validator of the list that reverts takes all with it: what runs out of gas
    /// must not pass for a wrong signature.
    /// @dev 7562: no storage of its own; calls precompile 1 and the validators of those who signed.
    function validateSignatureWithData(bytes32 hash, bytes calldata signature, bytes calldata data)
        external
        view
        returns (bool valid)
    {
        if (data.length < 2) return false;
        uint256 given;
        uint256 weights;
        bytes32 last;
        uint256 at = 2;
        valid = true;
        for (uint256 index = 0; at < data.length; ++index) {
            bytes calldata owner = _next(data, at);
            if (owner.length < HEAD || index == MOST) return false;
            at += owner.length;
            (uint256 weight, bytes32 id) = _read(owner);
            if (weight == 0 || id <= last) return false;
            last = id;
            weights += weight;

            if (signature.length < 3 || uint8(signature[0]) != index) continue;
            uint256 end = 3 + uint16(bytes2(signature[1:]));
            if (signature.length < end) return false;
            // Also after one that is wrong: a stub costs what the signatures cost that it stands for.
            if (!_signed(owner, hash, signature[3:end])) valid = false;
            given += weight;
            signature = signature[end:];
        }
        uint256 threshold = uint16(bytes2(data));
        return valid && signature.length == 0 && threshold != 0 && threshold <= weights
            && given >= threshold;
    }

    /// @inheritdoc IWritOwnerValidator
    /// @dev 7562: no storage of its own; calls the validators of the list.
    function checkData(bytes calldata data) external view returns (bytes32 key) {
        if (data.length < 2) revert OwnerDataLength(data.length);
        bytes32[] memory keys = new bytes32[](MOST);
        uint256 weights;
        bytes32 last;
        uint256 at = 2;
        uint256 count;
        for (; at < data.length; ++count) {
            bytes calldata owner = _next(data, at);
            if (owner.length < HEAD) revert OwnerDataLength(data.length);
            if (count == MOST) revert OwnerCount(count + 1, MOST);
            at += owner.length;
            (uint256 weight, bytes32 id) = _read(owner);
            if (weight == 0) revert WeightZero(count);
            if (id <= last) revert OwnersNotAscending(count);
            last = id;
            weights += weight;
            keys[count] = _key(owner, count);
            for (uint256 i = 0; i < count; ++i) {
                if (keys[i] == keys[count]) revert SameKey(i, count);
            }
        }
        if (count == 0) revert OwnerCount(0, MOST);
        uint256 threshold = uint16(bytes2(data));
        if (threshold == 0 || threshold > weights) revert InvalidThreshold(threshold, weights);
        return keccak256(data);
    }

    /// @dev The bytes of the owner that begins at `at`; none where the data ends before it does.
    function _next(bytes calldata data, uint256 at) private pure returns (bytes calldata owner) {
        owner = data[at:at];
        if (data.length - at < HEAD) return owner;
        uint256 end = at + HEAD + uint16(bytes2(data[at + 22:]));
        if (end <= data.length) owner = data[at:end];
    }

    /// @dev The owner's weight, and what names it in the order of the list.
    function _read(bytes calldata owner) private pure returns (uint256 weight, bytes32 id) {
        weight = uint16(bytes2(owner));
        id = EfficientHashLib.hashCalldata(owner[2:]);
    }

    function _signed(bytes calldata owner, bytes32 hash, bytes calldata signature)
        private
        view
        returns (bool)
    {
        address validator = address(bytes20(owner[2:]));
        bytes calldata data = owner[HEAD:];
        if (validator == address(0)) {
            return data.length == 20
                && OwnerSignature.signedOperation(address(bytes20(data)), hash, signature);
        }
        if (validator == address(this)) return false;
        return IStatelessValidator(validator).validateSignatureWithData(hash, signature, data);
    }

    /// @dev What stands behind an owner that can sign.
    function _key(bytes calldata owner, uint256 index) private view returns (bytes32) {
        address validator = address(bytes20(owner[2:]));
        bytes calldata data = owner[HEAD:];
        if (validator == address(this)) revert NestedList(index);
        if (validator != address(0)) return OwnerData.check(validator, data);
        if (data.length != 20 || bytes20(data) == 0) revert InvalidKey(index);
        return bytes32(uint256(uint160(bytes20(data))));
    }
}
