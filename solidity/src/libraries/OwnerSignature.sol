// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @title The owner's signature: 65 bytes `r ‖ s ‖ v`, low `s`, v 27 or 28
library OwnerSignature {
    /// @notice Whether the owner signed this very hash.
    function signed(address owner, bytes32 hash, bytes calldata signature)
        internal
        pure
        returns (bool)
    {
        (address recovered, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(hash, signature);
        return failure == ECDSA.RecoverError.NoError && recovered == owner;
    }

    /// @notice Whether the owner signed this hash or its EIP-191 message, as wallets do either.
    function signedOperation(address owner, bytes32 hash, bytes calldata signature)
        internal
        pure
        returns (bool)
    {
        return signed(owner, hash, signature)
            || signed(owner, MessageHashUtils.toEthSignedMessageHash(hash), signature);
    }
}
