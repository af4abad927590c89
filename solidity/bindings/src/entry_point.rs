//! The EntryPoints of ERC-4337: v0.7 and later share one ABI as far as Writ uses it, v0.6 has its own.

#![allow(missing_docs)]

use alloy::sol;

sol! {
    #[derive(Debug, Default, PartialEq, Eq)]
    struct PackedUserOperation {
        address sender;
        uint256 nonce;
        bytes initCode;
        bytes callData;
        bytes32 accountGasLimits;
        uint256 preVerificationGas;
        bytes32 gasFees;
        bytes paymasterAndData;
        bytes signature;
    }

    /// EntryPoint v0.7, v0.8 and v0.9.
    #[sol(rpc)]
    #[derive(Debug, PartialEq, Eq)]
    interface EntryPoint {
        struct DepositInfo {
            uint256 deposit;
            bool staked;
            uint112 stake;
            uint32 unstakeDelaySec;
            uint48 withdrawTime;
        }

        event UserOperationEvent(bytes32 indexed userOpHash, address indexed sender, address indexed paymaster, uint256 nonce, bool success, uint256 actualGasCost, uint256 actualGasUsed);
        event AccountDeployed(bytes32 indexed userOpHash, address indexed sender, address factory, address paymaster);
        event UserOperationRevertReason(bytes32 indexed userOpHash, address indexed sender, uint256 nonce, bytes revertReason);
        event PostOpRevertReason(bytes32 indexed userOpHash, address indexed sender, uint256 nonce, bytes revertReason);
        event UserOperationPrefundTooLow(bytes32 indexed userOpHash, address indexed sender, uint256 nonce);
        event BeforeExecution();
        event SignatureAggregatorChanged(address indexed aggregator);
        event Deposited(address indexed account, uint256 totalDeposit);
        event Withdrawn(address indexed account, address withdrawAddress, uint256 amount);
        event StakeLocked(address indexed account, uint256 totalStaked, uint256 unstakeDelaySec);
        event StakeUnlocked(address indexed account, uint256 withdrawTime);
        event StakeWithdrawn(address indexed account, address withdrawAddress, uint256 amount);

        error FailedOp(uint256 opIndex, string reason);
        error FailedOpWithRevert(uint256 opIndex, string reason, bytes inner);
        error PostOpReverted(bytes returnData);
        error SignatureValidationFailed(address aggregator);
        error SenderAddressResult(address sender);
        error DelegateAndRevert(bool success, bytes ret);

        function handleOps(PackedUserOperation[] calldata ops, address payable beneficiary) external;
        function getUserOpHash(PackedUserOperation calldata userOp) external view returns (bytes32);
        function getSenderAddress(bytes memory initCode) external;
        function delegateAndRevert(address target, bytes calldata data) external;
        function getNonce(address sender, uint192 key) external view returns (uint256 nonce);
        function incrementNonce(uint192 key) external;
        function getDepositInfo(address account) external view returns (DepositInfo memory info);
        function balanceOf(address account) external view returns (uint256);
        function depositTo(address account) external payable;
        function addStake(uint32 unstakeDelaySec) external payable;
        function unlockStake() external;
        function withdrawStake(address payable withdrawAddress) external;
        function withdrawTo(address payable withdrawAddress, uint256 withdrawAmount) external;
        /// v0.9 only.
        function getCurrentUserOpHash() external view returns (bytes32);
    }

    #[derive(Debug, Default, PartialEq, Eq)]
    struct UserOperationV06 {
        address sender;
        uint256 nonce;
        bytes initCode;
        bytes callData;
        uint256 callGasLimit;
        uint256 verificationGasLimit;
        uint256 preVerificationGas;
        uint256 maxFeePerGas;
        uint256 maxPriorityFeePerGas;
        bytes paymasterAndData;
        bytes signature;
    }

    /// EntryPoint v0.6.
    #[sol(rpc)]
    #[derive(Debug, PartialEq, Eq)]
    interface EntryPointV06 {
        struct DepositInfo {
            uint112 deposit;
            bool staked;
            uint112 stake;
            uint32 unstakeDelaySec;
            uint48 withdrawTime;
        }

        event UserOperationEvent(bytes32 indexed userOpHash, address indexed sender, address indexed paymaster, uint256 nonce, bool success, uint256 actualGasCost, uint256 actualGasUsed);
        event AccountDeployed(bytes32 indexed userOpHash, address indexed sender, address factory, address paymaster);
        event UserOperationRevertReason(bytes32 indexed userOpHash, address indexed sender, uint256 nonce, bytes revertReason);
        event BeforeExecution();
        event SignatureAggregatorChanged(address indexed aggregator);
        event Deposited(address indexed account, uint256 totalDeposit);
        event Withdrawn(address indexed account, address withdrawAddress, uint256 amount);
        event StakeLocked(address indexed account, uint256 totalStaked, uint256 unstakeDelaySec);
        event StakeUnlocked(address indexed account, uint256 withdrawTime);
        event StakeWithdrawn(address indexed account, address withdrawAddress, uint256 amount);

        error FailedOp(uint256 opIndex, string reason);
        error SignatureValidationFailed(address aggregator);
        error SenderAddressResult(address sender);

        function handleOps(UserOperationV06[] calldata ops, address payable beneficiary) external;
        function getUserOpHash(UserOperationV06 calldata userOp) external view returns (bytes32);
        function getSenderAddress(bytes memory initCode) external;
        function getNonce(address sender, uint192 key) external view returns (uint256 nonce);
        function incrementNonce(uint192 key) external;
        function getDepositInfo(address account) external view returns (DepositInfo memory info);
        function balanceOf(address account) external view returns (uint256);
        function depositTo(address account) external payable;
        function addStake(uint32 unstakeDelaySec) external payable;
        function unlockStake() external;
        function withdrawStake(address payable withdrawAddress) external;
        function withdrawTo(address payable withdrawAddress, uint256 withdrawAmount) external;
    }
}
