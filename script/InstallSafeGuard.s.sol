// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Script, console} from "forge-std/Script.sol";
import {IWritSafeGuard} from "writ/interfaces/IWritSafeGuard.sol";
import {Configuration, Mode, PolicyReference} from "writ/interfaces/WritTypes.sol";
import {ConfigurationRules} from "writ/libraries/ConfigurationRules.sol";
import {Digests} from "writ/libraries/Digests.sol";
import {Kinds} from "writ/libraries/Kinds.sol";
import {ISafe} from "writ/safe/ISafe.sol";

/// @dev Delegated to by a Safe: `operation(1) ‖ to(20) ‖ value(32) ‖ length(32) ‖ data` each.
interface IMultiSend {
    function multiSend(bytes calldata transactions) external payable;
}

/// @title Prints the transaction that puts a Safe under WritSafeGuard
/// @notice Sends nothing: the owners sign and execute it. It is tried first, as the Safe, and what then stands is read back; so
/// that every run is a dry run. Run again, it prints what is still missing, and nothing where nothing is. Environment: SAFE,
/// GUARD, MULTI_SEND, OPERATOR_SET, THRESHOLD, LEAST_OPERATORS, MODE (0 off, 1 observe, 2 enforce), EXIT_DELAY (seconds), EPOCH,
/// POLICY_ID, PARAMETERS.
contract InstallSafeGuard is Script {
    struct Call {
        address to;
        bytes data;
    }

    error NoCode(string what, address at);
    error NotTheGuard(address guard);
    error UnsupportedVersion(string version);
    /// @notice Another guard stands there: whoever set it has to say that it may go.
    error OtherGuard(string which, address guard);
    /// @notice The Safe is an ERC-7579 account through an adapter that this guard does not know: nothing of it would validate.
    error UnknownAdapter(address adapter, address known);
    error CallFailed(address to, bytes data, bytes reason);
    /// @notice What was tried did not lead to what is wanted.
    error NotInstalled(string what);

    function run() external {
        Configuration memory configuration;
        configuration.operatorSet = vm.envAddress("OPERATOR_SET");
        configuration.operatorSetCodeHash = configuration.operatorSet.codehash;
        configuration.threshold = uint8(vm.envUint("THRESHOLD"));
        configuration.leastOperators = uint8(vm.envUint("LEAST_OPERATORS"));
        configuration.level = 1;
        configuration.mode = Mode(vm.envOr("MODE", uint256(1)));
        configuration.exitDelay = uint32(vm.envUint("EXIT_DELAY"));
        configuration.epoch = uint64(vm.envOr("EPOCH", uint256(0)));
        PolicyReference[] memory policies = new PolicyReference[](1);
        policies[0] = PolicyReference(vm.envBytes32("POLICY_ID"), vm.envBytes("PARAMETERS"));
        configuration.policy = Digests.policyCommitment(policies);

        address safe = vm.envAddress("SAFE");
        address multiSend = vm.envAddress("MULTI_SEND");
        if (multiSend.code.length == 0) revert NoCode("MultiSend", multiSend);
        IWritSafeGuard guard = IWritSafeGuard(vm.envAddress("GUARD"));
        Call[] memory list = calls(safe, guard, configuration, policies);
        if (list.length == 0) {
            verify(safe, guard, configuration);
            console.log("Nothing is missing.");
            return;
        }
        attempt(safe, list);
        verify(safe, guard, configuration);
        console.log("%d calls of the Safe:", list.length);
        for (uint256 i = 0; i < list.length; ++i) {
            console.log("to   %s", list[i].to);
            console.log("data %s", vm.toString(list[i].data));
        }
        console.log(
            "All in one, as a transaction of the owners. Operation 1 (delegatecall), value 0, no refund:"
        );
        console.log("to   %s", multiSend);
        console.log("data %s", vm.toString(batch(list)));
        if (!hasModuleGuard(safe)) {
            console.log("This Safe asks no guard about its modules: they remain open.");
        }
        if (configuration.mode == Mode.Enforce) {
            console.log(
                "Enforcement begins with it. Observe (MODE=1) first shows what it would refuse."
            );
        }
    }

    /// @notice The calls that are still missing, after everything that can be checked beforehand was.
    function calls(
        address safe,
        IWritSafeGuard guard,
        Configuration memory configuration,
        PolicyReference[] memory policies
    ) public view returns (Call[] memory list) {
        _check(safe, guard);
        ConfigurationRules.checkGuarded(configuration, policies);

        list = new Call[](3);
        uint256 count;
        if (_guardAt(safe, "guard", "guard_manager.guard.address", guard)) {
            list[count++] = Call(safe, abi.encodeCall(ISafe.setGuard, (address(guard))));
        }
        if (
            hasModuleGuard(safe)
                && _guardAt(safe, "module guard", "module_manager.module_guard.address", guard)
        ) list[count++] = Call(safe, abi.encodeCall(ISafe.setModuleGuard, (address(guard))));
        if (!_isConfigured(safe, guard, configuration)) {
            list[count++] = Call(
                address(guard), abi.encodeCall(guard.configure, (configuration, policies, ""))
            );
        }
        assembly ("memory-safe") {
            mstore(list, count)
        }
    }

    /// @notice The calls as one `multiSend`.
    function batch(Call[] memory list) public pure returns (bytes memory) {
        bytes memory parts;
        for (uint256 i = 0; i < list.length; ++i) {
            parts = abi.encodePacked(
                parts, uint8(0), list[i].to, uint256(0), list[i].data.length, list[i].data
            );
        }
        return abi.encodeCall(IMultiSend.multiSend, (parts));
    }

    /// @notice Makes the calls as the Safe, on the fork alone.
    function attempt(address safe, Call[] memory list) public {
        for (uint256 i = 0; i < list.length; ++i) {
            vm.prank(safe);
            (bool success, bytes memory reason) = list[i].to.call(list[i].data);
            if (!success) revert CallFailed(list[i].to, list[i].data, reason);
        }
    }

    /// @notice Reads back what stands, and tries what must be refused.
    function verify(address safe, IWritSafeGuard guard, Configuration memory configuration) public {
        (Configuration memory current,) = guard.configurationOf(safe);
        if (Digests.configurationHash(current) != Digests.configurationHash(configuration)) {
            revert NotInstalled("the configuration");
        }
        if (configuration.mode != Mode.Enforce) return;
        (bool transactions, bool modules) = guard.enforcementOf(safe);
        if (!transactions) revert NotInstalled("the guard");
        if (hasModuleGuard(safe) && !modules) revert NotInstalled("the module guard");

        bytes memory unattested = abi.encodeCall(
            guard.checkTransaction,
            (address(0xdead), 1, "", 0, 0, 0, 0, address(0), address(0), "", msg.sender)
        );
        vm.prank(safe);
        (bool success,) = address(guard).call(unattested);
        if (success) revert NotInstalled("the refusal of an unattested transaction");
        vm.prank(safe);
        (success,) = address(guard)
            .call(
                abi.encodeCall(
                    guard.checkModuleTransaction, (address(0xdead), 1, "", 0, msg.sender)
                )
            );
        if (success) revert NotInstalled("the refusal of an unattested module");
    }

    /// @notice Whether the Safe asks a guard about its modules.
    function hasModuleGuard(address safe) public view returns (bool) {
        return _is(ISafe(safe).VERSION(), "1.5.0");
    }

    /// @return missing Whether the guard is not there yet.
    function _guardAt(address safe, string memory which, string memory slot, IWritSafeGuard guard)
        private
        view
        returns (bool missing)
    {
        address current = _addressAt(safe, slot);
        if (current == address(guard)) return false;
        if (current != address(0)) revert OtherGuard(which, current);
        return true;
    }

    /// @dev After an exit that has come, the same configuration has to be set again.
    function _isConfigured(address safe, IWritSafeGuard guard, Configuration memory configuration)
        private
        view
        returns (bool)
    {
        (Configuration memory current,) = guard.configurationOf(safe);
        if (Digests.configurationHash(current) != Digests.configurationHash(configuration)) {
            return false;
        }
        if (configuration.mode != Mode.Enforce) return true;
        // Said of the guards that are set: where they are not, what is configured is in force nevertheless.
        (bool transactions,) = guard.enforcementOf(safe);
        return transactions || _addressAt(safe, "guard_manager.guard.address") != address(guard);
    }

    function _addressAt(address safe, string memory slot) private view returns (address) {
        bytes memory word = ISafe(safe).getStorageAt(uint256(keccak256(bytes(slot))), 1);
        return abi.decode(word, (address));
    }

    function _check(address safe, IWritSafeGuard guard) private view {
        if (safe.code.length == 0) revert NoCode("Safe", safe);
        if (address(guard).code.length == 0) revert NoCode("guard", address(guard));
        try guard.supportsInterface(0xe6d7a83a) returns (bool supported) {
            if (!supported) revert NotTheGuard(address(guard));
        } catch {
            revert NotTheGuard(address(guard));
        }
        string memory version = ISafe(safe).VERSION();
        if (!_is(version, "1.3.0") && !_is(version, "1.4.1") && !_is(version, "1.5.0")) {
            revert UnsupportedVersion(version);
        }
        if (Kinds.kindOf(safe) == Kinds.SAFE7579) {
            address adapter = _addressAt(safe, "fallback_manager.handler.address");
            if (adapter != guard.ADAPTER()) revert UnknownAdapter(adapter, guard.ADAPTER());
        }
    }

    function _is(string memory a, string memory b) private pure returns (bool) {
        return keccak256(bytes(a)) == keccak256(bytes(b));
    }
}
