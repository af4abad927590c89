// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

/// @title The EIP-712 hash of an owners' transaction, which the owners sign
/// @notice As Safes from 1.3.0 on compute it. Computed here, since asking would copy the whole calldata once more; a Safe that
/// computed another one would find no frame at the end, and be refused.
library SafeTransaction {
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(uint256 chainId,address verifyingContract)");

    bytes32 private constant TYPEHASH = keccak256(
        "SafeTx(address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,uint256 baseGas,uint256 gasPrice,address gasToken,address refundReceiver,uint256 nonce)"
    );

    /// @notice The safeTxHash of what this call's calldata, which is of `checkTransaction`, says.
    /// @param data Hash of the transaction's calldata.
    function hash(address safe, bytes32 data, uint256 nonce)
        internal
        view
        returns (bytes32 safeTxHash)
    {
        bytes32 typeHash = TYPEHASH;
        bytes32 structHash;
        assembly ("memory-safe") {
            // Type hash, the nine arguments from `to` to `refundReceiver` in their order, the nonce.
            let m := mload(0x40)
            mstore(m, typeHash)
            calldatacopy(add(m, 0x20), 0x04, 0x120)
            mstore(add(m, 0x60), data)
            mstore(add(m, 0x140), nonce)
            structHash := keccak256(m, 0x160)
        }
        bytes32 domain = keccak256(abi.encode(DOMAIN_TYPEHASH, block.chainid, safe));
        return MessageHashUtils.toTypedDataHash(domain, structHash);
    }
}
