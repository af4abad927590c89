// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {
    IERC7579Execution,
    IERC7579Module,
    MODULE_TYPE_EXECUTOR,
    MODULE_TYPE_FALLBACK
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";

/// @notice An executor that executes whatever anyone asks.
contract OpenExecutor is IERC7579Module {
    function onInstall(bytes calldata) external {}
    function onUninstall(bytes calldata) external {}

    function isModuleType(uint256 moduleTypeId) external pure returns (bool) {
        return moduleTypeId == MODULE_TYPE_EXECUTOR;
    }

    function run(address account, bytes32 mode, bytes calldata execution) external {
        IERC7579Execution(account).executeFromExecutor(mode, execution);
    }
}

/// @notice A fallback handler that answers every call.
contract AnsweringHandler is IERC7579Module {
    uint256 public calls;

    function onInstall(bytes calldata) external {}
    function onUninstall(bytes calldata) external {}

    function isModuleType(uint256 moduleTypeId) external pure returns (bool) {
        return moduleTypeId == MODULE_TYPE_FALLBACK;
    }

    fallback() external {
        ++calls;
        assembly ("memory-safe") {
            mstore(0x00, calldataload(0x00))
            return(0x00, 0x20)
        }
    }
}

/// @notice What an account must never delegate to: writes any slot of it.
contract SlotWriter {
    function write(uint256 slot, uint256 value) external {
        assembly {
            sstore(slot, value)
        }
    }
}

/// @notice Calls back whoever sends it something.
contract Callback {
    bytes internal data;

    constructor(bytes memory data_) {
        data = data_;
    }

    receive() external payable {
        (bool success, bytes memory result) = msg.sender.call(data);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(result, 32), mload(result))
            }
        }
    }
}

/// @notice A bundler that is a contract: two bundles in one transaction.
contract TwoBundles {
    function run(address entryPoint, bytes[] calldata bundles) external {
        for (uint256 i = 0; i < bundles.length; ++i) {
            (bool success, bytes memory result) = entryPoint.call(bundles[i]);
            if (!success) {
                assembly ("memory-safe") {
                    revert(add(result, 32), mload(result))
                }
            }
        }
    }

    receive() external payable {}
}

/// @notice A token whose balance cannot be read.
contract UnreadableToken {
    function transfer(address, uint256) external pure returns (bool) {
        return true;
    }
}

/// @notice An account without rules of its own: whoever calls speaks for it.
contract RawAccount {
    function forward(address to, bytes calldata data) external returns (bytes memory) {
        return _call(to, data);
    }

    function _call(address to, bytes memory data) internal returns (bytes memory result) {
        bool success;
        (success, result) = to.call(data);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(result, 32), mload(result))
            }
        }
    }

    function isModuleInstalled(uint256, address, bytes calldata) external pure returns (bool) {
        return true;
    }

    fallback() external payable {}
    receive() external payable {}
}

/// @notice Two calls in one transaction.
contract Sequence is RawAccount {
    function run(address first, bytes calldata a, address second, bytes calldata b) external {
        _call(first, a);
        _call(second, b);
    }

    /// @notice Validates, opens and closes a frame of the account, and has it call once more.
    function runFrame(
        RawAccount account,
        IWritModule module,
        bytes calldata validation,
        address entryPoint,
        bytes calldata callData,
        bytes calldata then
    ) external {
        account.forward(address(module), validation);
        bytes memory returned = account.forward(
            address(module), abi.encodeCall(module.preCheck, (entryPoint, 0, callData))
        );
        bytes memory hookData = abi.decode(returned, (bytes));
        account.forward(address(module), abi.encodeCall(module.postCheck, (hookData)));
        if (then.length != 0) account.forward(address(module), then);
    }
}
