// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {OwnerSignature} from "../libraries/OwnerSignature.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    IERC7579Validator,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

/// @title DevWindowValidator
/// @notice DEVELOPMENT ONLY. An owner's signature behind the validity window that the account is to return: six bytes of
/// validAfter and six of validUntil, which nobody signs.
contract DevWindowValidator is IERC7579Validator {
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

    /// @notice The window that the signature begins with, failed when the owner's signature does not follow.
    /// @dev 7562: a slot associated with the account.
    function validateUserOp(PackedUserOperation calldata userOp, bytes32 userOpHash)
        external
        view
        returns (uint256)
    {
        uint256 validAfter = uint48(bytes6(userOp.signature[:6]));
        uint256 validUntil = uint48(bytes6(userOp.signature[6:12]));
        address owner = _owners[msg.sender];
        bool valid = owner != address(0)
            && OwnerSignature.signedOperation(owner, userOpHash, userOp.signature[12:]);
        return validAfter << 208 | validUntil << 160 | (valid ? 0 : 1);
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
