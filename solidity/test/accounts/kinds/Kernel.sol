// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {LensMatrix} from "../../lens/LensMatrix.sol";
import {IDevAccount} from "../../utils/Contracts.sol";
import {Facts} from "../Facts.sol";
import {BareAccount, RecordingHook, YesValidator} from "../Mocks.sol";
import {Published} from "../Published.sol";
import {KernelFacts} from "../facts/Kernel.sol";
import {
    IAccount,
    IAccountExecute,
    PackedUserOperation
} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    IERC7579Execution,
    IERC7579ModuleConfig,
    MODULE_TYPE_EXECUTOR,
    MODULE_TYPE_FALLBACK,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";

import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {KnownKind} from "writ/lens/IWritLens.sol";

/// @dev Kernel's name for a validator: `type(1) ‖ address(20)`.
type ValidationId is bytes21;

struct ValidationConfig {
    uint32 nonce;
    address hook;
}

interface IKernel {
    function initialize(
        ValidationId rootValidator,
        address hook,
        bytes calldata validatorData,
        bytes calldata hookData,
        bytes[] calldata initConfig
    ) external;
    function changeRootValidator(
        ValidationId rootValidator,
        address hook,
        bytes calldata validatorData,
        bytes calldata hookData
    ) external payable;
    function installValidations(
        ValidationId[] calldata ids,
        ValidationConfig[] calldata configs,
        bytes[] calldata validationData,
        bytes[] calldata hookData
    ) external payable;
    function uninstallValidation(
        ValidationId id,
        bytes calldata deinitData,
        bytes calldata hookDeinitData
    ) external payable;
    function upgradeTo(address implementation) external payable;
    function validationConfig(ValidationId id) external view returns (ValidationConfig memory);
    function rootValidator() external view returns (ValidationId);
    function currentNonce() external view returns (uint32);
}

interface IKernelFactory {
    function createAccount(bytes calldata data, bytes32 salt) external payable returns (address);
}

/// @title Kernel 0.3.1, from its factory
abstract contract KernelKind is LensMatrix {
    string private constant FILE = "KernelPrecompiles";
    address internal constant NO_HOOK = address(1);
    bytes1 private constant TYPE_VALIDATOR = 0x01;
    bytes32 private constant IMPLEMENTATION =
        0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;

    address internal implementation;
    address internal factory;
    uint256 private _salt;

    function kind() internal pure override returns (KnownKind) {
        return KnownKind.Kernel;
    }

    function deployKind() internal override {
        implementation = Published.create(FILE, "KERNEL_BYTECODE", abi.encode(entryPoint));
        factory = Published.create(FILE, "KERNEL_FACTORY_BYTECODE", abi.encode(implementation));
    }

    function create(address validator, bytes memory data, address hook)
        internal
        override
        returns (address)
    {
        return IKernelFactory(factory)
            .createAccount(initialization(validator, data, hook), bytes32(_salt++));
    }

    /// @dev Kernel installs the hook before the validator: a module that is both takes its configuration as the hook's data,
    /// behind the byte 0xff that has Kernel hand it over, and nothing as the validator's.
    function initialization(address validator, bytes memory data, address hook)
        internal
        pure
        returns (bytes memory)
    {
        bool both = hook == validator;
        return abi.encodeCall(
            IKernel.initialize,
            (
                id(validator),
                hook == address(0) ? NO_HOOK : hook,
                both ? bytes("") : data,
                both ? abi.encodePacked(hex"ff", data) : bytes(hex"ff"),
                new bytes[](0)
            )
        );
    }

    function id(address validator) internal pure returns (ValidationId) {
        return ValidationId.wrap(bytes21(abi.encodePacked(TYPE_VALIDATOR, validator)));
    }

    /// @dev `mode(1) ‖ type(1) ‖ validator(20) ‖ number(2)`; type 0 is the root validator, and names none.
    function nonceKey(address validator, uint16 key)
        internal
        view
        virtual
        override
        returns (uint192)
    {
        return validator == address(module)
            ? key
            : uint192(uint168(ValidationId.unwrap(id(validator)))) << 16 | key;
    }

    function wrap(bytes memory accountCall) internal pure override returns (bytes memory) {
        return abi.encodePacked(IAccountExecute.executeUserOp.selector, accountCall);
    }

    function installation(uint256 moduleType, address installed, bytes memory data)
        internal
        view
        override
        returns (bytes memory)
    {
        return installationUnder(address(module), moduleType, installed, data);
    }

    function installationUnder(
        address hook,
        uint256 moduleType,
        address installed,
        bytes memory data
    ) internal pure returns (bytes memory) {
        bytes memory all;
        bytes memory hookData = hex"00";
        if (moduleType == MODULE_TYPE_VALIDATOR) {
            bytes memory selector = abi.encodePacked(IERC7579Execution.execute.selector);
            all = abi.encodePacked(hook, abi.encode(data, hookData, selector));
        } else if (moduleType == MODULE_TYPE_EXECUTOR) {
            all = abi.encodePacked(hook, abi.encode(data, hookData));
        } else if (moduleType == MODULE_TYPE_FALLBACK) {
            bytes memory callType = abi.encodePacked(data[4]);
            all = abi.encodePacked(bytes4(data), hook, abi.encode(callType, hookData));
        } else {
            all = data;
        }
        return abi.encodeCall(IERC7579ModuleConfig.installModule, (moduleType, installed, all));
    }

    function removal(uint256 moduleType, address removed)
        internal
        view
        virtual
        override
        returns (bytes memory)
    {
        return abi.encodeCall(IERC7579ModuleConfig.uninstallModule, (moduleType, removed, ""));
    }

    function hasHook(address hook) internal view override returns (bool) {
        ValidationId root = IKernel(address(account)).rootValidator();
        return ValidationId.unwrap(root) == ValidationId.unwrap(id(address(module)))
            && IKernel(address(account)).validationConfig(root).hook == hook;
    }

    function signatureThrough(address validator, bytes memory signature)
        internal
        pure
        override
        returns (bytes memory)
    {
        return abi.encodePacked(ValidationId.unwrap(id(validator)), signature);
    }

    function seen(bytes memory callData) internal pure override returns (bytes memory) {
        bytes memory wrapped = new bytes(callData.length - 4);
        for (uint256 i = 0; i < wrapped.length; ++i) {
            wrapped[i] = callData[i + 4];
        }
        return wrapped;
    }

    /// @dev As root validator.
    function firstKey(address) internal pure override returns (uint192) {
        return 0;
    }

    function otherValidatorUnhooked() internal override returns (bool) {
        if (!runs(installationUnder(NO_HOOK, MODULE_TYPE_VALIDATOR, address(yes), ""))) {
            return false;
        }
        PackedUserOperation memory op = operation(account, 0, "");
        op.callData = sendNative(1);
        return byOther(op) && recipient.balance == 1;
    }

    function executorUnhooked() internal override returns (bool) {
        return runs(installationUnder(NO_HOOK, MODULE_TYPE_EXECUTOR, address(executor), ""))
            && executorRuns();
    }

    function fallbackUnhooked() internal override returns (bool) {
        bytes memory data = fallbackData(ASKED, CALL_TYPE_SINGLE);
        return runs(installationUnder(NO_HOOK, MODULE_TYPE_FALLBACK, address(handler), data))
            && fallbackAnswers();
    }

    function uninstallValidator() internal override returns (bool) {
        runs(abi.encodeCall(IKernel.uninstallValidation, (id(address(module)), "", hex"ff")));
        return !hasHook(address(module));
    }

    function replaceHook() internal override returns (bool) {
        runs(validation(address(new RecordingHook()), hex"00"));
        return !hasHook(address(module));
    }

    /// @dev Installs the module as a validator under a hook.
    function validation(address hook, bytes memory hookData) internal view returns (bytes memory) {
        ValidationId[] memory ids = new ValidationId[](1);
        ids[0] = id(address(module));
        ValidationConfig[] memory configs = new ValidationConfig[](1);
        configs[0] = ValidationConfig(IKernel(address(account)).currentNonce() + 1, hook);
        bytes[] memory validatorData = new bytes[](1);
        bytes[] memory hookDatas = new bytes[](1);
        hookDatas[0] = hookData;
        return abi.encodeCall(IKernel.installValidations, (ids, configs, validatorData, hookDatas));
    }

    function upgrade() internal override returns (bool) {
        address bare = address(new BareAccount());
        runs(abi.encodeCall(IKernel.upgradeTo, (bare)));
        return vm.load(address(account), IMPLEMENTATION) == bytes32(uint256(uint160(bare)));
    }

    function reinitialization() internal view override returns (bytes memory) {
        return initialization(address(yes), "", address(0));
    }

    function changeRootValidator() internal override returns (bool) {
        runs(toOtherRoot());
        return !hasHook(address(module));
    }

    function toOtherRoot() internal view returns (bytes memory) {
        return abi.encodeCall(IKernel.changeRootValidator, (id(address(yes)), NO_HOOK, "", hex"00"));
    }

    /// @dev The root validator cannot be removed, only followed by another, which then removes it.
    function leave() internal override returns (bool) {
        if (!unattested(toOtherRoot())) return false;
        return
            byRoot(abi.encodeCall(IKernel.uninstallValidation, (id(address(module)), "", hex"ff")));
    }

    function byRoot(bytes memory accountCall) internal returns (bool) {
        PackedUserOperation memory op = operation(account, 0, "");
        op.callData = accountCall;
        op.nonce = entryPoint.getNonce(address(account), 0);
        op.signature = new bytes(65);
        return ran(op);
    }

    /// @dev A validator that was there before has to be given a nonce, which `changeRootValidator` does not.
    function comeBack() internal override {
        bytes memory data = abi.encodePacked(hex"ff", abi.encode(configuration(), policies()));
        byRoot(validation(address(module), data));
        byRoot(
            abi.encodeCall(
                IKernel.changeRootValidator, (id(address(module)), address(module), "", hex"00")
            )
        );
    }

    function askForHook() internal view override {
        IKernel(address(account)).validationConfig(id(address(module)));
    }

    /// @dev `hook(20) ‖ abi.encode(validator data, hook data, selector, consent, signature)`; the root validator consents.
    function enableMode() internal override returns (bool) {
        if (signer == address(yes)) {
            account = IDevAccount(payable(create(address(yes), "", address(0))));
            fund(address(account));
        }
        address another = address(new YesValidator());
        PackedUserOperation memory op = operation(account, 0, "");
        op.callData = sendNative(1);
        op.nonce = entryPoint.getNonce(address(account), nonceKey(another, 0) | (uint192(1) << 184));
        bytes memory selector = abi.encodePacked(IERC7579Execution.execute.selector);
        bytes memory consent = ownerSignature(keccak256("consent"));
        op.signature = abi.encodePacked(
            NO_HOOK, abi.encode(bytes(""), bytes(hex"00"), selector, consent, new bytes(65))
        );
        return ran(op) && recipient.balance == 1;
    }

    function newFacts() internal override returns (Facts) {
        return new KernelFacts();
    }

    function test_whatIsNotWrappedIsRefusedByTheAccount() public {
        PackedUserOperation memory op = operation(account, 0, "");
        op.callData = sendNative(1);
        assertFalse(included(one(attested(op))));
        // It is the account that refuses it, so nothing else has to.
        assertTrue(module.checkAttestation(op));
    }

    function test_whatMayNotBeCalledMayNotBeWrapped() public {
        bytes4[2] memory selectors =
            [IAccount.validateUserOp.selector, IAccountExecute.executeUserOp.selector];
        for (uint256 i = 0; i < selectors.length; ++i) {
            PackedUserOperation memory op =
                operation(account, 0, abi.encodePacked(selectors[i], bytes32(0)));
            sendRefused(
                attested(op),
                abi.encodeWithSelector(IWritErrors.ForbiddenCall.selector, selectors[i])
            );
        }
    }

    function test_anAccountThatIsThereMovesToTheModule() public {
        account = IDevAccount(payable(create(address(yes), "", address(0))));
        fund(address(account));
        bytes memory data = abi.encodePacked(hex"ff", abi.encode(configuration(), policies()));
        assertTrue(
            byRoot(
                abi.encodeCall(
                    IKernel.changeRootValidator, (id(address(module)), address(module), "", data)
                )
            )
        );
        assertTrue(hasHook(address(module)));
        assertFalse(unattested(sendNative(1)));
        assertTrue(attestedCall());
    }
}
