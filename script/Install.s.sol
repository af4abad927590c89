// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {
    Execution,
    IERC7579AccountConfig,
    IERC7579Execution,
    IERC7579ModuleConfig,
    MODULE_TYPE_HOOK,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {Script, console} from "forge-std/Script.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";
import {Configuration, Mode, PolicyReference} from "writ/interfaces/WritTypes.sol";
import {ConfigurationRules} from "writ/libraries/ConfigurationRules.sol";
import {Digests} from "writ/libraries/Digests.sol";

/// @title Prints the calls that put an ERC-7579 account under the module
/// @notice Sends nothing: an account installs modules by an operation that its present validator accepts. Give the printed
/// calldata to the account's wallet. Environment: ACCOUNT, MODULE, ENTRY_POINT, OPERATOR_SET, OWNER, THRESHOLD,
/// LEAST_OPERATORS, MODE (0 off, 1 observe, 2 enforce), EXIT_DELAY (seconds), EPOCH, READS_HISTORY, POLICY_ID, PARAMETERS.
contract Install is Script {
    error NoCode(string what, address at);
    error NotAModularAccount(address account);
    error HooksNotSupported(address account);
    error NotTheModule(address module);
    error AlreadyInstalled(address account, uint256 moduleType);

    function run() external view {
        Configuration memory configuration;
        configuration.owner = vm.envAddress("OWNER");
        configuration.entryPoint = vm.envAddress("ENTRY_POINT");
        configuration.operatorSet = vm.envAddress("OPERATOR_SET");
        configuration.operatorSetCodeHash = configuration.operatorSet.codehash;
        configuration.threshold = uint8(vm.envUint("THRESHOLD"));
        configuration.leastOperators = uint8(vm.envUint("LEAST_OPERATORS"));
        configuration.level = 1;
        configuration.mode = Mode(vm.envOr("MODE", uint256(1)));
        configuration.exitDelay = uint32(vm.envUint("EXIT_DELAY"));
        configuration.epoch = uint64(vm.envOr("EPOCH", uint256(0)));
        configuration.readsHistory = vm.envOr("READS_HISTORY", false);

        PolicyReference[] memory policies = new PolicyReference[](1);
        policies[0] = PolicyReference(vm.envBytes32("POLICY_ID"), vm.envBytes("PARAMETERS"));
        configuration.policy = Digests.policyCommitment(policies);

        address account = vm.envAddress("ACCOUNT");
        Execution[] memory list = calls(account, vm.envAddress("MODULE"), configuration, policies);
        console.log("Two calls of the account to itself, first the validator, then the hook:");
        for (uint256 i = 0; i < list.length; ++i) {
            console.log("to   %s", list[i].target);
            console.log("data %s", vm.toString(list[i].callData));
        }
        console.log("Both in one ERC-7579 batch, as an operation's callData:");
        console.logBytes(batch(list));
        if (configuration.mode == Mode.Enforce) {
            console.log(
                "Enforcement begins with the second call. Observe (MODE=1) first shows what it would refuse."
            );
        }
    }

    /// @notice The calls, after everything that can be checked beforehand was.
    function calls(
        address account,
        address module,
        Configuration memory configuration,
        PolicyReference[] memory policies
    ) public view returns (Execution[] memory list) {
        _check(account, module, configuration.entryPoint);
        ConfigurationRules.check(configuration, policies);
        list = new Execution[](2);
        list[0] = Execution(
            account,
            0,
            abi.encodeCall(
                IERC7579ModuleConfig.installModule,
                (MODULE_TYPE_VALIDATOR, module, abi.encode(configuration, policies))
            )
        );
        list[1] = Execution(
            account,
            0,
            abi.encodeCall(IERC7579ModuleConfig.installModule, (MODULE_TYPE_HOOK, module, ""))
        );
    }

    /// @notice The calls as one batch.
    function batch(Execution[] memory list) public pure returns (bytes memory) {
        return
            abi.encodeCall(
                IERC7579Execution.execute, (bytes32(uint256(1) << 248), abi.encode(list))
            );
    }

    function _check(address account, address module, address entryPoint) private view {
        if (account.code.length == 0) revert NoCode("account", account);
        if (module.code.length == 0) revert NoCode("module", module);
        if (entryPoint.code.length == 0) revert NoCode("EntryPoint", entryPoint);

        try IWritModule(module).domainSeparator() returns (bytes32) {}
        catch {
            revert NotTheModule(module);
        }
        try IERC7579AccountConfig(account).accountId() returns (string memory) {}
        catch {
            revert NotAModularAccount(account);
        }
        if (!IERC7579AccountConfig(account).supportsModule(MODULE_TYPE_HOOK)) {
            revert HooksNotSupported(account);
        }
        uint256[2] memory kinds = [MODULE_TYPE_VALIDATOR, MODULE_TYPE_HOOK];
        for (uint256 i = 0; i < 2; ++i) {
            if (IERC7579ModuleConfig(account).isModuleInstalled(kinds[i], module, "")) {
                revert AlreadyInstalled(account, kinds[i]);
            }
        }
    }
}
