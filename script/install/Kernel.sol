// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Target} from "./Plan.sol";
import {IAccountExecute} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";
import {AccountState} from "writ/interfaces/WritTypes.sol";

/// @dev Of Kernel 0.3.1; a validator's name is `type(1) ‖ address(20)`.
interface IKernelAccount {
    struct ValidationConfig {
        uint32 nonce;
        address hook;
    }

    function changeRootValidator(
        bytes21 rootValidator,
        address hook,
        bytes calldata validatorData,
        bytes calldata hookData
    ) external payable;
    function installValidations(
        bytes21[] calldata ids,
        ValidationConfig[] calldata configs,
        bytes[] calldata validationData,
        bytes[] calldata hookData
    ) external payable;
    function validationConfig(bytes21 id) external view returns (ValidationConfig memory);
    function rootValidator() external view returns (bytes21);
    function currentNonce() external view returns (uint32);
}

/// @title Kernel, where the module is the root validator and the hook of it
library Kernel {
    address private constant NO_HOOK = address(1);

    function roles(Target memory t) internal view returns (bool validator, bool hook) {
        IKernelAccount account = IKernelAccount(t.account);
        bytes21 id = _id(t.module);
        validator = account.rootValidator() == id;
        hook = validator && account.validationConfig(id).hook == t.module;
    }

    /// @notice What is missing. A validator that Kernel knew before gets a nonce of its own first, which `changeRootValidator`
    /// does not give.
    function calls(Target memory t) internal view returns (bytes[] memory list) {
        (bool validator, bool hook) = roles(t);
        if (validator && hook) return list;
        bytes21 id = _id(t.module);
        IKernelAccount.ValidationConfig memory known =
            IKernelAccount(t.account).validationConfig(id);
        (, AccountState memory state) = IWritModule(t.module).configurationOf(t.account);
        // Kernel installs the hook before the validator: so the configuration is the hook's, behind the byte that has Kernel
        // hand it over.
        bytes memory data = abi.encodePacked(hex"ff", abi.encode(t.configuration, t.policies));
        if (known.hook == t.module && state.validatorInstalled && state.hookInstalled) {
            list = new bytes[](1);
            list[0] = _changeRoot(t, hex"00");
        } else if (known.nonce == 0) {
            list = new bytes[](1);
            list[0] = _changeRoot(t, data);
        } else {
            list = new bytes[](2);
            list[0] = _install(t, data);
            list[1] = _changeRoot(t, hex"00");
        }
    }

    /// @notice What an operation under the present root validator has to call: wrapped where that one has a hook.
    function callData(Target memory t, bytes memory payload) internal view returns (bytes memory) {
        IKernelAccount account = IKernelAccount(t.account);
        address hook = account.validationConfig(account.rootValidator()).hook;
        return hook == NO_HOOK ? payload : wrap(payload);
    }

    /// @notice What every operation under the module is wrapped in, so that its hook is called.
    function wrap(bytes memory payload) internal pure returns (bytes memory) {
        return abi.encodePacked(IAccountExecute.executeUserOp.selector, payload);
    }

    function _changeRoot(Target memory t, bytes memory hookData)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeCall(
            IKernelAccount.changeRootValidator, (_id(t.module), t.module, "", hookData)
        );
    }

    function _install(Target memory t, bytes memory data) private view returns (bytes memory) {
        bytes21[] memory ids = new bytes21[](1);
        ids[0] = _id(t.module);
        IKernelAccount.ValidationConfig[] memory configs = new IKernelAccount.ValidationConfig[](1);
        configs[0] =
            IKernelAccount.ValidationConfig(IKernelAccount(t.account).currentNonce() + 1, t.module);
        bytes[] memory hookData = new bytes[](1);
        hookData[0] = data;
        return
            abi.encodeCall(
                IKernelAccount.installValidations, (ids, configs, new bytes[](1), hookData)
            );
    }

    function _id(address validator) private pure returns (bytes21) {
        return bytes21(abi.encodePacked(bytes1(0x01), validator));
    }
}
