// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IWritSafeGuard} from "writ/interfaces/IWritSafeGuard.sol";
import {ISafe, ISafeModuleGuard, ISafeTransactionGuard} from "writ/safe/ISafe.sol";

/// @notice Two calls in one transaction.
contract Together {
    function run(address first, bytes calldata a, address second, bytes calldata b) external {
        _call(first, a);
        _call(second, b);
    }

    function _call(address to, bytes calldata data) private {
        (bool success, bytes memory result) = to.call(data);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(result, 32), mload(result))
            }
        }
    }
}

/// @notice A contract as owner of a Safe, which signs everything.
contract ContractOwner {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return 0x1626ba7e;
    }
}

/// @notice What an attested delegatecall may run as the Safe, with the guard in mind.
contract Delegated {
    bytes32 public hash;

    function setHash(bytes32 hash_) external {
        hash = hash_;
    }

    function closeAndPay(ISafeTransactionGuard guard, Delegated self, address to, uint256 amount)
        external
    {
        guard.checkAfterExecution(self.hash(), true);
        _pay(to, amount);
    }

    function closeModuleAndPay(ISafeModuleGuard guard, Delegated self, address to, uint256 amount)
        external
    {
        guard.checkAfterModuleExecution(self.hash(), true);
        _pay(to, amount);
    }

    function stepAsideAndPay(IWritSafeGuard guard, Delegated self, address to, uint256 amount)
        external
    {
        bytes memory announcing = abi.encodeCall(guard.announceExit, ());
        for (uint256 i = 0; i < 3; ++i) {
            guard.checkTransaction(
                address(guard), 0, announcing, 0, 0, 0, 0, address(0), address(0), "", to
            );
        }
        guard.checkAfterExecution(self.hash(), true);
        _pay(to, amount);
    }

    /// @notice Runs a transaction of a nonce that is over, and puts the nonce back.
    function replay(address safe, uint256 nonce, bytes calldata transaction) external {
        uint256 current;
        assembly {
            current := sload(5)
            sstore(5, nonce)
        }
        (bool success, bytes memory result) = safe.call(transaction);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(result, 32), mload(result))
            }
        }
        assembly {
            sstore(5, current)
        }
    }

    function _pay(address to, uint256 amount) private {
        (bool success,) = to.call{value: amount}("");
        require(success, "not paid");
    }
}

/// @notice Calls something when it is paid, once.
contract CallsBack {
    address private _to;
    bytes private _data;

    function then(address to, bytes calldata data) external {
        (_to, _data) = (to, data);
    }

    receive() external payable {
        address to = _to;
        if (to == address(0)) return;
        _to = address(0);
        (bool success, bytes memory result) = to.call(_data);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(result, 32), mload(result))
            }
        }
    }
}

/// @notice Code for a Safe's proxy that says of itself what the Safe said before.
contract LyingSafe {
    bytes32 private immutable GUARD;
    bytes32 private immutable MODULE_GUARD;
    bytes32 private immutable HANDLER;
    address private immutable SINGLETON;

    constructor(address safe) {
        ISafe asked = ISafe(safe);
        GUARD = bytes32(asked.getStorageAt(uint256(keccak256("guard_manager.guard.address")), 1));
        MODULE_GUARD = bytes32(
            asked.getStorageAt(uint256(keccak256("module_manager.module_guard.address")), 1)
        );
        HANDLER =
            bytes32(asked.getStorageAt(uint256(keccak256("fallback_manager.handler.address")), 1));
        SINGLETON = asked.masterCopy();
    }

    function getStorageAt(uint256 offset, uint256) external view returns (bytes memory) {
        if (offset == uint256(keccak256("guard_manager.guard.address"))) {
            return abi.encode(GUARD);
        }
        if (offset == uint256(keccak256("module_manager.module_guard.address"))) {
            return abi.encode(MODULE_GUARD);
        }
        return abi.encode(HANDLER);
    }

    /// @dev Everything else as it was.
    fallback() external {
        address singleton = SINGLETON;
        assembly {
            calldatacopy(0, 0, calldatasize())
            let success := delegatecall(gas(), singleton, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if iszero(success) { revert(0, returndatasize()) }
            return(0, returndatasize())
        }
    }
}

interface IFormerSafe {
    function checkSignatures(bytes32 hash, bytes calldata data, bytes calldata signatures)
        external
        view;
}

/// @notice A fallback handler that asks the owners as a Safe before 1.5.0 lets itself be asked: the package has no older one.
contract FormerHandler {
    function isValidSignature(bytes32 hash, bytes calldata signature)
        external
        view
        returns (bytes4)
    {
        bytes memory message = abi.encode(hash);
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(uint256 chainId,address verifyingContract)"),
                block.chainid,
                msg.sender
            )
        );
        bytes32 structHash =
            keccak256(abi.encode(keccak256("SafeMessage(bytes message)"), keccak256(message)));
        bytes memory encoded = bytes.concat(hex"1901", domain, structHash);
        IFormerSafe(msg.sender).checkSignatures(keccak256(encoded), encoded, signature);
        return 0x1626ba7e;
    }
}
