// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {IStatelessValidator} from "../interfaces/IStatelessValidator.sol";
import {IWritOwnerValidator} from "../interfaces/IWritOwnerValidator.sol";
import {P256Validator} from "./P256Validator.sol";

/// @title P256Owner
/// @notice An owner with a bare P-256 key: secure enclaves, key stores, hardware tokens, WebCrypto.
///
/// ```
/// data       x(32) ‖ y(32) ‖ prehashed(1)     0: the key signs the hash itself; 1: it signs SHA-256 of the hash
/// signature  r(32) ‖ s(32)                    s at most half of the order
/// ```
///
/// `prehashed` is for signers that hash whatever they are given, as WebCrypto does.
contract P256Owner is P256Validator {
    uint256 private constant DATA = 65;
    uint256 private constant SIGNATURE = 64;

    /// @inheritdoc IStatelessValidator
    /// @notice False for whatever is malformed.
    /// @dev 7562: no storage; calls precompile 2 when `prehashed`, and 0x100 or, on the library's route, 5.
    function validateSignatureWithData(bytes32 hash, bytes calldata signature, bytes calldata data)
        external
        view
        returns (bool)
    {
        if (data.length != DATA || signature.length != SIGNATURE) return false;
        uint8 prehashed = uint8(data[64]);
        if (prehashed > 1) return false;
        return _verify(
            prehashed == 1 ? sha256(abi.encode(hash)) : hash,
            bytes32(signature),
            bytes32(signature[32:]),
            bytes32(data),
            bytes32(data[32:])
        );
    }

    /// @inheritdoc IWritOwnerValidator
    /// @dev 7562: no storage.
    function checkData(bytes calldata data) external pure returns (bytes32 key) {
        if (data.length != DATA) revert OwnerDataLength(data.length);
        if (uint8(data[64]) > 1) revert InvalidFlags(uint8(data[64]));
        return _checkKey(bytes32(data), bytes32(data[32:]));
    }
}
