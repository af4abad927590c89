// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {OwnerSignature} from "../libraries/OwnerSignature.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    IERC7579Validator,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @title PlainOwnerValidator
/// @notice DEVELOPMENT ONLY. An owner's ECDSA signature and nothing else: what the gas of WritModule is compared with.
contract PlainOwnerValidator is IERC7579Validator {
    mapping(address account => address) private _owners;

    /// @notice Installs for the calling account: `abi.encode(owner)`.
    /// @dev 7562: a slot associated with the account.
    function onInstall(bytes calldata data) external {
        _owners[msg.sender] = abi.decode(data, (address));
    }

    /// @notice Forgets the calling account's owner.
    /// @dev 7562: not called in validation.
    function onUninstall(bytes calldata) external {
        delete _owners[msg.sender];
    }

    /// @notice Whether the module serves this type: validator only.
    /// @dev 7562: no storage.
    function isModuleType(uint256 moduleTypeId) external pure returns (bool) {
        return moduleTypeId == MODULE_TYPE_VALIDATOR;
    }

    /// @notice 0 when the owner signed the operation, 1 when not.
    /// @dev 7562: a slot associated with the account.
    function validateUserOp(PackedUserOperation calldata userOp, bytes32 userOpHash)
        external
        view
        returns (uint256)
    {
        address owner = _owners[msg.sender];
        bool valid = owner != address(0)
            && OwnerSignature.signedOperation(owner, userOpHash, userOp.signature);
        return valid ? 0 : 1;
    }

    /// @notice Refuses every ERC-1271 signature.
    /// @dev 7562: no storage.
    function isValidSignatureWithSender(address, bytes32, bytes calldata)
        external
        pure
        returns (bytes4)
    {
        return 0xffffffff;
    }
}
