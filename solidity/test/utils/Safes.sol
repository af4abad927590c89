// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Vm} from "forge-std/Vm.sol";
import {IWritSafeGuard} from "writ/interfaces/IWritSafeGuard.sol";
import {ISafe} from "writ/safe/ISafe.sol";

/// @notice A Safe as tests speak to it.
interface IPublishedSafe is ISafe {
    function setup(
        address[] calldata owners,
        uint256 threshold,
        address to,
        bytes calldata data,
        address fallbackHandler,
        address paymentToken,
        uint256 payment,
        address payable paymentReceiver
    ) external;
    function execTransaction(
        address to,
        uint256 value,
        bytes calldata data,
        uint8 operation,
        uint256 safeTxGas,
        uint256 baseGas,
        uint256 gasPrice,
        address gasToken,
        address payable refundReceiver,
        bytes memory signatures
    ) external payable returns (bool);
    function execTransactionFromModule(
        address to,
        uint256 value,
        bytes memory data,
        uint8 operation
    ) external returns (bool);
    function execTransactionFromModuleReturnData(
        address to,
        uint256 value,
        bytes memory data,
        uint8 operation
    ) external returns (bool, bytes memory);
    function getTransactionHash(
        address to,
        uint256 value,
        bytes calldata data,
        uint8 operation,
        uint256 safeTxGas,
        uint256 baseGas,
        uint256 gasPrice,
        address gasToken,
        address refundReceiver,
        uint256 nonce
    ) external view returns (bytes32);
    function disableModule(address previous, address module) external;
    function isModuleEnabled(address module) external view returns (bool);
    function addOwnerWithThreshold(address owner, uint256 threshold) external;
    function swapOwner(address previous, address oldOwner, address newOwner) external;
    function changeThreshold(uint256 threshold) external;
    function approveHash(bytes32 hash) external;
    function isOwner(address who) external view returns (bool);
    function signedMessages(bytes32 hash) external view returns (uint256);
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4);
    receive() external payable;
}

interface IPublishedProxyFactory {
    function createProxyWithNonce(address singleton, bytes calldata initializer, uint256 nonce)
        external
        returns (address payable);
}

interface IMultiSend {
    function multiSend(bytes calldata transactions) external payable;
}

interface ISignMessageLib {
    function signMessage(bytes calldata data) external;
}

/// @title The Safe 1.5.0 as published, from its package's artifacts
/// @notice The package is copyleft: nothing of it is imported, linked or kept here.
library Safes {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    string internal constant FOLDER =
        "node_modules/@safe-global/safe-smart-account/build/artifacts/contracts/";

    string private constant FOLDER_141 =
        "node_modules/@safe-global/safe-contracts/build/artifacts/contracts/";

    /// @notice Creates one of the package's contracts.
    /// @param path Its folder and file, as `libraries/MultiSend.sol/MultiSend`.
    function create(string memory path) internal returns (address created) {
        return _create(FOLDER, path);
    }

    /// @notice The same of the Safe 1.4.1, which has a package of its own.
    function create141(string memory path) internal returns (address created) {
        return _create(FOLDER_141, path);
    }

    function _create(string memory folder, string memory path) private returns (address created) {
        bytes memory code =
            VM.parseJsonBytes(VM.readFile(string.concat(folder, path, ".json")), ".bytecode");
        assembly ("memory-safe") {
            created := create(0, add(code, 0x20), mload(code))
        }
        require(created != address(0), string.concat(path, " was not created"));
        VM.label(created, path);
    }

    /// @notice The guard as it ships.
    function guard(address adapter, address module) internal returns (IWritSafeGuard) {
        return IWritSafeGuard(
            VM.deployCode("WritSafeGuard.sol:WritSafeGuard", abi.encode(adapter, module))
        );
    }

    /// @notice One call of a `multiSend`.
    function part(uint8 operation, address to, uint256 value, bytes memory data)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(operation, to, value, data.length, data);
    }
}
