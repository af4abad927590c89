// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Deterministic} from "./Deterministic.sol";
import {IOwned} from "./ITimelock.sol";
import {console} from "forge-std/Script.sol";
import {IWritOperators} from "writ/interfaces/IWritOperators.sol";

/// @notice Where everything stands that a dispute needs.
struct Court {
    address check;
    address machine;
    address policies;
    address disputes;
}

/// @title Deploys the interpreter, the registry of policies and the disputes contract of an operator registry
/// @notice `REGISTRY=0x… forge script script/DeployDisputes.s.sol --rpc-url … --broadcast`. The interpreter and the registry of
/// policies are the same on every chain and for everybody; the disputes contract is one registry's. What stands already is
/// left alone.
///
/// Nothing is at stake before the owner of the operator registry names the disputes contract, which takes its timelock's delay:
/// the script prints the call.
contract DeployDisputes is Deterministic {
    error NoRegistry(address registry);
    error NotAsPlanned(bytes32 what);

    function run() external returns (Court memory court) {
        address registry = vm.envAddress("REGISTRY");
        vm.startBroadcast();
        court = deploy(registry);
        vm.stopBroadcast();
        check(court, registry);
        console.log("to     %s, from its owner %s", registry, IOwned(registry).owner());
        console.log("data   %s", vm.toString(naming(court)));
    }

    /// @notice Deploys what does not stand.
    function deploy(address registry) public returns (Court memory court) {
        if (registry.code.length == 0) revert NoRegistry(registry);
        court.check = _deploy("PolicyCheck", vm.getCode("PolicyCheck.sol:PolicyCheck"));
        court.machine = _deploy("PolicyVM", vm.getCode("PolicyVM.sol:PolicyVM"));
        court.policies = _deploy("PolicyRegistry", policiesCode(court));
        court.disputes = _deploy("WritDisputes", disputesCode(court, registry));
    }

    /// @notice The call by which the operator registry's owner gives the disputes contract its role.
    function naming(Court memory court) public pure returns (bytes memory) {
        return abi.encodeCall(IWritOperators.setDisputes, (court.disputes));
    }

    /// @notice The creation code of the registry of policies.
    function policiesCode(Court memory court) public view returns (bytes memory) {
        return
            bytes.concat(vm.getCode("PolicyRegistry.sol:PolicyRegistry"), abi.encode(court.check));
    }

    /// @notice The creation code of the disputes contract of one operator registry.
    function disputesCode(Court memory court, address registry) public view returns (bytes memory) {
        return bytes.concat(
            vm.getCode("WritDisputes.sol:WritDisputes"),
            abi.encode(registry, court.policies, court.machine, court.check)
        );
    }

    /// @notice Reads back what stands, and refuses it unless it is what was planned.
    function check(Court memory court, address registry) public view {
        ICourt disputes = ICourt(court.disputes);
        _planned(disputes.OPERATORS() == registry, "OPERATORS");
        _planned(disputes.POLICIES() == court.policies, "POLICIES");
        _planned(disputes.MACHINE() == court.machine, "MACHINE");
        _planned(disputes.CHECK() == court.check, "CHECK");
        _planned(ICourt(court.policies).CHECK() == court.check, "CHECK of the policies");
        // The registry answers as one.
        IWritOperators(registry).parameters();
    }

    function _planned(bool condition, bytes32 what) private pure {
        if (!condition) revert NotAsPlanned(what);
    }
}

/// @dev What the contracts say of themselves.
interface ICourt {
    // The names are those of the contracts.
    // forge-lint: disable-start(mixed-case-function)
    function OPERATORS() external view returns (address);
    function POLICIES() external view returns (address);
    function MACHINE() external view returns (address);
    function CHECK() external view returns (address);
    // forge-lint: disable-end(mixed-case-function)
}
