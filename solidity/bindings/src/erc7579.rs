//! ERC-7579 (draft): the account's side, and the module types.

#![allow(missing_docs)]

use alloy::{primitives::U256, sol};

/// Module type of a validator.
pub const MODULE_TYPE_VALIDATOR: U256 = U256::from_limbs([1, 0, 0, 0]);
/// Module type of an executor.
pub const MODULE_TYPE_EXECUTOR: U256 = U256::from_limbs([2, 0, 0, 0]);
/// Module type of a fallback handler.
pub const MODULE_TYPE_FALLBACK: U256 = U256::from_limbs([3, 0, 0, 0]);
/// Module type of a hook.
pub const MODULE_TYPE_HOOK: U256 = U256::from_limbs([4, 0, 0, 0]);

sol! {
    /// One call of a batch.
    #[derive(Debug, PartialEq, Eq)]
    struct Execution {
        address target;
        uint256 value;
        bytes callData;
    }

    #[sol(rpc)]
    interface Erc7579Account {
        event ModuleInstalled(uint256 moduleTypeId, address module);
        event ModuleUninstalled(uint256 moduleTypeId, address module);

        function execute(bytes32 mode, bytes calldata executionCalldata) external payable;
        function executeFromExecutor(bytes32 mode, bytes calldata executionCalldata) external payable returns (bytes[] memory returnData);
        function accountId() external view returns (string memory accountImplementationId);
        function supportsExecutionMode(bytes32 encodedMode) external view returns (bool);
        function supportsModule(uint256 moduleTypeId) external view returns (bool);
        function installModule(uint256 moduleTypeId, address module, bytes calldata initData) external;
        function uninstallModule(uint256 moduleTypeId, address module, bytes calldata deInitData) external;
        function isModuleInstalled(uint256 moduleTypeId, address module, bytes calldata additionalContext) external view returns (bool);
        function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4);
    }
}
