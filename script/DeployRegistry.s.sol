// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Deterministic} from "./Deterministic.sol";
import {IOwned, ITimelock} from "./ITimelock.sol";
import {console} from "forge-std/Script.sol";
import {IWritOperators} from "writ/interfaces/IWritOperators.sol";
import {RegistryParameters} from "writ/interfaces/OperatorTypes.sol";

/// @notice Everything that a registry and the timelock that owns it are made with.
struct RegistryPlan {
    /// Seconds between the owner's decisions and their execution.
    uint256 timelockDelay;
    /// Who schedules and cancels the owner's decisions.
    address[] proposers;
    /// Who executes them when their time has come; the zero address for anyone.
    address[] executors;
    /// Who revokes keys and pauses, at once.
    address guardian;
    RegistryParameters parameters;
}

/// @title Deploys an operator registry and the timelock that owns it, at the same addresses on every chain
/// @notice `PROPOSERS=0x… GUARDIAN=0x… LEAST_BOND=… BENEFICIARY=0x… forge script script/DeployRegistry.s.sol --rpc-url … --broadcast`.
/// What stands already is left alone, so that it can be run again; and what stands in the end is checked: the registry is
/// the timelock's from its first block on, and who deploys has no role.
///
/// Beside these four it reads `EXECUTORS` (anyone), `TIMELOCK_DELAY` (7 days), `JOIN_DELAY` (14 days), `LEAVE_DELAY` (30 days),
/// `COVERED_EXIT_DELAY` (30 days), `GRACE` (1 hour), all in seconds, and `THRESHOLD_FLOOR` (2). `LEAST_BOND` is in wei.
contract DeployRegistry is Deterministic {
    /// @dev Below this nobody could look at what is scheduled before it is done.
    uint256 public constant LEAST_TIMELOCK_DELAY = 1 days;

    error NobodyProposes();
    error NobodyExecutes();
    error NoGuardian();
    error ProposerZero(uint256 index);
    error TimelockDelayTooShort(uint256 delay, uint256 least);
    /// @dev An operator could take its bond out before the owner can forfeit it.
    error LeaveDelayTooShort(uint256 delay, uint256 timelockDelay);
    /// @dev A key could be shown, and become eligible, while a set is on its way without anybody having seen it.
    error JoinDelayTooShort(uint256 delay, uint256 timelockDelay);
    error DeployerHasRole(address deployer, bytes32 role);
    error NotAsPlanned(bytes32 what);

    function run() external returns (address timelock, address registry) {
        RegistryPlan memory plan = _planned();
        vm.startBroadcast();
        (timelock, registry) = deploy(plan);
        (, address deployer,) = vm.readCallers();
        vm.stopBroadcast();
        check(plan, timelock, registry, deployer);
    }

    /// @notice Deploys the timelock and the registry, unless they stand.
    function deploy(RegistryPlan memory plan) public returns (address timelock, address registry) {
        _checkPlan(plan);
        timelock = _deploy("TimelockController", timelockCode(plan));
        registry = _deploy("WritOperatorRegistry", registryCode(plan, timelock));
    }

    /// @notice Reads back what stands, and refuses it unless it is what was planned.
    /// @param deployer Who must have no role.
    function check(RegistryPlan memory plan, address timelock, address registry, address deployer)
        public
        view
    {
        ITimelock lock = ITimelock(timelock);
        _planned(lock.getMinDelay() >= plan.timelockDelay, "timelockDelay");
        _planned(lock.hasRole(lock.DEFAULT_ADMIN_ROLE(), timelock), "timelock's own admin");
        for (uint256 i = 0; i < plan.proposers.length; ++i) {
            _planned(lock.hasRole(lock.PROPOSER_ROLE(), plan.proposers[i]), "proposers");
        }
        for (uint256 i = 0; i < plan.executors.length; ++i) {
            _planned(lock.hasRole(lock.EXECUTOR_ROLE(), plan.executors[i]), "executors");
        }
        _planned(IOwned(registry).owner() == timelock, "owner");
        _planned(IOwned(registry).pendingOwner() == address(0), "pendingOwner");
        IWritOperators operators = IWritOperators(registry);
        _planned(operators.guardian() == plan.guardian, "guardian");
        _planned(
            keccak256(abi.encode(operators.parameters())) == keccak256(abi.encode(plan.parameters)),
            "parameters"
        );
        _checkNoRole(lock, operators, deployer);
        // Whoever sends to it is this contract for everybody.
        _checkNoRole(lock, operators, DEPLOYER);
    }

    /// @notice The timelock's creation code. It has no admin but itself.
    function timelockCode(RegistryPlan memory plan) public view returns (bytes memory) {
        return bytes.concat(
            vm.getCode("TimelockController.sol:TimelockController"),
            abi.encode(plan.timelockDelay, plan.proposers, plan.executors, address(0))
        );
    }

    /// @notice The registry's creation code.
    function registryCode(RegistryPlan memory plan, address timelock)
        public
        view
        returns (bytes memory)
    {
        return bytes.concat(
            vm.getCode("WritOperatorRegistry.sol:WritOperatorRegistry"),
            abi.encode(timelock, plan.guardian, plan.parameters)
        );
    }

    function _checkPlan(RegistryPlan memory plan) private pure {
        if (plan.proposers.length == 0) revert NobodyProposes();
        if (plan.executors.length == 0) revert NobodyExecutes();
        if (plan.guardian == address(0)) revert NoGuardian();
        for (uint256 i = 0; i < plan.proposers.length; ++i) {
            if (plan.proposers[i] == address(0)) revert ProposerZero(i);
        }
        uint256 delay = plan.timelockDelay;
        if (delay < LEAST_TIMELOCK_DELAY) {
            revert TimelockDelayTooShort(delay, LEAST_TIMELOCK_DELAY);
        }
        RegistryParameters memory given = plan.parameters;
        if (given.leaveDelay <= delay) revert LeaveDelayTooShort(given.leaveDelay, delay);
        if (given.joinDelay <= delay) revert JoinDelayTooShort(given.joinDelay, delay);
    }

    function _checkNoRole(ITimelock lock, IWritOperators registry, address who) private view {
        bytes32[4] memory roles = [
            lock.DEFAULT_ADMIN_ROLE(),
            lock.PROPOSER_ROLE(),
            lock.CANCELLER_ROLE(),
            lock.EXECUTOR_ROLE()
        ];
        for (uint256 i = 0; i < roles.length; ++i) {
            if (lock.hasRole(roles[i], who)) revert DeployerHasRole(who, roles[i]);
        }
        if (registry.guardian() == who) revert DeployerHasRole(who, "guardian");
        if (registry.disputes() == who) revert DeployerHasRole(who, "disputes");
    }

    function _planned(bool condition, bytes32 what) private pure {
        if (!condition) revert NotAsPlanned(what);
    }

    function _planned() private view returns (RegistryPlan memory plan) {
        address[] memory anyone = new address[](1);
        plan.timelockDelay = vm.envOr("TIMELOCK_DELAY", uint256(7 days));
        plan.proposers = vm.envAddress("PROPOSERS", ",");
        plan.executors = vm.envOr("EXECUTORS", ",", anyone);
        plan.guardian = vm.envAddress("GUARDIAN");
        plan.parameters.leastBond = uint128(_bounded("LEAST_BOND", vm.envUint("LEAST_BOND"), 128));
        plan.parameters.joinDelay = _seconds("JOIN_DELAY", 14 days);
        plan.parameters.leaveDelay = _seconds("LEAVE_DELAY", 30 days);
        plan.parameters.coveredExitDelay = _seconds("COVERED_EXIT_DELAY", 30 days);
        plan.parameters.grace = _seconds("GRACE", 1 hours);
        plan.parameters.thresholdFloor =
            uint8(_bounded("THRESHOLD_FLOOR", vm.envOr("THRESHOLD_FLOOR", uint256(2)), 8));
        plan.parameters.beneficiary = vm.envAddress("BENEFICIARY");
    }

    function _seconds(string memory name, uint256 otherwise) private view returns (uint32) {
        return uint32(_bounded(name, vm.envOr(name, otherwise), 32));
    }

    /// @dev Nothing that was meant is cut off.
    function _bounded(string memory name, uint256 value, uint256 bits)
        private
        pure
        returns (uint256)
    {
        require(value >> bits == 0, string.concat(name, " is out of range"));
        return value;
    }
}
