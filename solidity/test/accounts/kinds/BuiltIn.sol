// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Matrix} from "../Matrix.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    Execution,
    IERC7579Hook,
    IERC7579Validator
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {AccountState, Configuration} from "writ/interfaces/WritTypes.sol";

import {IBatchOfCalls, ISimpleAccount} from "../../utils/SimpleAccounts.sol";

/// @notice A validator and a hook at one address, so that a test sees what an account hands to either.
contract Both {
    IERC7579Validator private immutable VALIDATOR;
    IERC7579Hook private immutable HOOK;
    address private immutable ENTRY_POINT;

    mapping(address account => bool) public isInitialized;
    mapping(address account => uint64) public removalsOf;

    constructor(address validator, address hook, address entryPoint) {
        VALIDATOR = IERC7579Validator(validator);
        HOOK = IERC7579Hook(hook);
        ENTRY_POINT = entryPoint;
    }

    function onInstall(bytes calldata) external {
        isInitialized[msg.sender] = true;
    }

    function onUninstall(bytes calldata) external {
        if (isInitialized[msg.sender]) ++removalsOf[msg.sender];
        isInitialized[msg.sender] = false;
    }

    function isModuleType(uint256 moduleTypeId) external pure returns (bool) {
        return moduleTypeId == 1 || moduleTypeId == 4;
    }

    function configurationOf(address)
        external
        view
        returns (Configuration memory c, AccountState memory s)
    {
        c.entryPoint = ENTRY_POINT;
        return (c, s);
    }

    function validateUserOp(PackedUserOperation calldata op, bytes32 hash)
        external
        returns (uint256)
    {
        return VALIDATOR.validateUserOp(op, hash);
    }

    function preCheck(address sender, uint256 value, bytes calldata data)
        external
        returns (bytes memory)
    {
        return HOOK.preCheck(sender, value, data);
    }

    function postCheck(bytes calldata data) external {
        HOOK.postCheck(data);
    }
}

/// @title Accounts that have the module built in
abstract contract BuiltInKind is Matrix {
    /// @dev An account whose code has this module built in, initialized with this data.
    function createWith(address builtIn, bytes memory data) internal virtual returns (address);

    function create(address validator, bytes memory data, address hook)
        internal
        override
        returns (address)
    {
        if (validator == hook) return createWith(validator, data);
        return createWith(address(new Both(validator, hook, address(entryPoint))), data);
    }

    /// @dev The module is the only validator, and looks at no bit of the key.
    function nonceKey(address, uint16 key) internal pure override returns (uint192) {
        return key;
    }

    /// @dev There is no such call.
    function removal(uint256, address) internal pure override returns (bytes memory) {
        return "";
    }

    function executeCall(address to, uint256 value, bytes memory data)
        internal
        pure
        override
        returns (bytes memory)
    {
        return abi.encodeCall(ISimpleAccount.execute, (to, value, data));
    }

    function executeBatch(Execution[] memory calls)
        internal
        pure
        virtual
        override
        returns (bytes memory)
    {
        return abi.encodeCall(IBatchOfCalls.executeBatch, (calls));
    }

    /// @dev No package that other kinds need.
    function available() internal view virtual override returns (bool) {
        return true;
    }
}
