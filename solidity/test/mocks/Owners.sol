// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignerECDSA} from "@openzeppelin/contracts/utils/cryptography/signers/SignerECDSA.sol";
import {ERC7739} from "@openzeppelin/contracts/utils/cryptography/signers/draft-ERC7739.sol";
import {
    IStatelessValidator,
    MODULE_TYPE_STATELESS_VALIDATOR
} from "writ/interfaces/IStatelessValidator.sol";

/// @notice A wallet of OpenZeppelin's parts: its key lies in its own storage.
contract StoredKeyWallet is ERC7739, SignerECDSA {
    constructor(address key) EIP712("Wallet", "1") SignerECDSA(key) {}
}

/// @notice The same with its key in its code, as ERC-7562 wants it of an owner.
contract CodeKeyWallet is ERC7739 {
    address private immutable KEY;

    constructor(address key) EIP712("Wallet", "1") {
        KEY = key;
    }

    function _rawSignatureValidation(bytes32 hash, bytes calldata signature)
        internal
        view
        override
        returns (bool)
    {
        (address recovered, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(hash, signature);
        return failure == ECDSA.RecoverError.NoError && recovered == KEY;
    }
}

/// @notice Answers ERC-1271's question with whatever it was given, or reverts with it.
contract AnsweringOwner {
    bytes private answer;
    bool private reverts;

    constructor(bytes memory answer_, bool reverts_) {
        answer = answer_;
        reverts = reverts_;
    }

    fallback() external {
        bytes memory result = answer;
        bool failing = reverts;
        assembly ("memory-safe") {
            if failing { revert(add(result, 32), mload(result)) }
            return(add(result, 32), mload(result))
        }
    }
}

/// @notice Says yes as cheaply as can be.
contract AgreeingOwner {
    fallback() external {
        bytes4 answer = IERC1271.isValidSignature.selector;
        assembly ("memory-safe") {
            mstore(0x00, answer)
            return(0x00, 0x20)
        }
    }
}

/// @notice Burns all gas that it gets.
contract BurningOwner is IERC1271 {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        while (true) {}
        return IERC1271.isValidSignature.selector;
    }
}

/// @notice Answers rightly, with much behind it.
contract LongWindedOwner {
    function isValidSignature(bytes32, bytes calldata) external pure {
        bytes4 answer = IERC1271.isValidSignature.selector;
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, answer)
            return(at, 100000)
        }
    }
}

/// @notice Agrees if it may change something while it is asked.
contract WritingOwner {
    uint256 public asked;

    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        (bool success,) = address(this).call(abi.encodeCall(this.count, ()));
        return success ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }

    function count() external {
        ++asked;
    }
}

/// @notice A stateless validator of somebody else, without a check of its data.
contract ForeignValidator is IStatelessValidator {
    function onInstall(bytes calldata) external {}
    function onUninstall(bytes calldata) external {}

    function isModuleType(uint256 moduleTypeId) external pure returns (bool) {
        return moduleTypeId == MODULE_TYPE_STATELESS_VALIDATOR;
    }

    function validateSignatureWithData(bytes32 hash, bytes calldata signature, bytes calldata)
        external
        pure
        returns (bool)
    {
        return keccak256(signature) == hash;
    }
}

/// @notice Measures one question, the first access to the validator included and the outer transaction not.
contract Meter {
    function measure(address validator, bytes calldata question)
        external
        view
        returns (bool answer, uint256 gas)
    {
        bytes memory input = question;
        gas = gasleft();
        (bool success, bytes memory result) = validator.staticcall(input);
        gas -= gasleft();
        require(success, "reverted");
        answer = abi.decode(result, (bool));
    }

    /// @notice 0 refused, 1 accepted, 2 reverted.
    function within(uint256 limit, address validator, bytes calldata question)
        external
        view
        returns (uint256)
    {
        (bool success, bytes memory result) = validator.staticcall{gas: limit}(question);
        return success ? abi.decode(result, (uint256)) : 2;
    }
}
