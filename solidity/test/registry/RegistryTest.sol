// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IOwned, ITimelock} from "../../../script/ITimelock.sol";
import {Attestor} from "../utils/Attestor.sol";
import {Test} from "forge-std/Test.sol";
import {IWritOperatorErrors} from "writ/interfaces/IWritOperatorErrors.sol";
import {IWritOperators} from "writ/interfaces/IWritOperators.sol";
import {Operator, RegistryParameters, Standing} from "writ/interfaces/OperatorTypes.sol";

/// @notice The registry with what OpenZeppelin adds to it.
interface IRegistry is IWritOperators, IOwned {
    error EnforcedPause();
    error ExpectedPause();

    function paused() external view returns (bool);
}

/// @title What every test of the registry starts from: a registry that a real timelock owns, and operators that may join
abstract contract RegistryTest is Test {
    IRegistry internal registry;
    ITimelock internal timelock;
    /// The timelock. What it does without its delay is what it does after it; `Timelocked.t.sol` goes through the delay.
    address internal owner;

    address internal proposer = makeAddr("proposer");
    address internal guardian = makeAddr("guardian");
    address internal disputes = makeAddr("disputes");
    address internal beneficiary = makeAddr("beneficiary");
    address internal stranger = makeAddr("stranger");

    uint48 internal constant NOW = 1_800_000_000;
    uint256 internal constant TIMELOCK_DELAY = 2 days;
    uint48 internal constant NEVER = type(uint48).max;

    uint128 internal constant BOND = 10 ether;
    uint32 internal constant JOIN_DELAY = 3 days;
    uint32 internal constant LEAVE_DELAY = 20 days;
    uint32 internal constant COVERED = 7 days;
    uint32 internal constant GRACE = 1 hours;

    function setUp() public virtual {
        vm.warp(NOW);
        timelock = deployTimelock();
        owner = address(timelock);
        registry = deployRegistry(owner, guardian, given());
        vm.prank(owner);
        registry.setDisputes(disputes);
        vm.label(address(registry), "WritOperatorRegistry");
    }

    function given() internal view virtual returns (RegistryParameters memory) {
        return RegistryParameters({
            leastBond: BOND,
            joinDelay: JOIN_DELAY,
            leaveDelay: LEAVE_DELAY,
            coveredExitDelay: COVERED,
            grace: GRACE,
            thresholdFloor: 2,
            beneficiary: beneficiary
        });
    }

    function deployTimelock() internal returns (ITimelock) {
        address[] memory proposers = new address[](1);
        proposers[0] = proposer;
        return ITimelock(
            deployCode(
                "TimelockController.sol:TimelockController",
                abi.encode(TIMELOCK_DELAY, proposers, new address[](1), address(0))
            )
        );
    }

    function deployRegistry(address owner_, address guardian_, RegistryParameters memory given_)
        internal
        returns (IRegistry)
    {
        return IRegistry(
            deployCode(
                "WritOperatorRegistry.sol:WritOperatorRegistry",
                abi.encode(owner_, guardian_, given_)
            )
        );
    }

    // ------------------------------------------------------------------ operators

    /// @dev Who joins as number `i`.
    function operatorAt(uint256 i) internal returns (address) {
        return makeAddr(string.concat("operator", vm.toString(i)));
    }

    /// @dev The n-th key of number `i`.
    function keyAt(uint256 i, uint256 n) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("signer", i, n))) >> 1;
    }

    function signerAt(uint256 i) internal pure returns (address) {
        return vm.addr(keyAt(i, 0));
    }

    function signersOf(uint256 count) internal pure returns (address[] memory list) {
        list = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = signerAt(i);
        }
    }

    /// @dev Written from the design and not from the registry's libraries.
    function proofOf(address of_, uint256 chainId, address operator, address signer, uint256 key)
        internal
        pure
        returns (bytes memory)
    {
        bytes32 typeHash = keccak256("OperatorKey(address operator,address signer)");
        bytes32 digest =
            Attestor.typed(of_, chainId, keccak256(abi.encode(typeHash, operator, signer)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function proof(address operator, uint256 key) internal view returns (bytes memory) {
        return proofOf(address(registry), block.chainid, operator, vm.addr(key), key);
    }

    function join(uint256 i) internal returns (address operator) {
        operator = operatorAt(i);
        bytes memory proof_ = proof(operator, keyAt(i, 0));
        vm.deal(operator, BOND);
        vm.prank(operator);
        registry.join{value: BOND}(signerAt(i), "https://operator.example", proof_);
    }

    /// @dev So many operators whose join delay has passed.
    function joined(uint256 count) internal {
        for (uint256 i = 0; i < count; ++i) {
            join(i);
        }
        vm.warp(block.timestamp + JOIN_DELAY);
    }

    function rotate(uint256 i, uint256 n) internal returns (address signer) {
        signer = vm.addr(keyAt(i, n));
        bytes memory proof_ = proof(operatorAt(i), keyAt(i, n));
        vm.prank(operatorAt(i));
        registry.rotate(signer, proof_);
    }

    function leave(uint256 i) internal {
        vm.prank(operatorAt(i));
        registry.leave();
    }

    function revoke(address signer) internal {
        vm.prank(guardian);
        registry.revoke(signer);
    }

    function operator_(uint256 i) internal returns (Operator memory) {
        return registry.operatorOf(operatorAt(i));
    }

    // ------------------------------------------------------------------ epochs

    function publish(address[] memory signers) internal returns (uint64 epoch) {
        epoch = registry.latestEpoch() + 1;
        uint8 threshold = uint8(signers.length / 2 + 1);
        if (threshold < 2) threshold = 2;
        vm.prank(owner);
        registry.publish(epoch, signers, threshold);
    }

    function refusesToPublish(address[] memory signers, uint8 threshold, bytes memory refusal)
        internal
    {
        uint64 epoch = registry.latestEpoch() + 1;
        vm.prank(owner);
        vm.expectRevert(refusal);
        registry.publish(epoch, signers, threshold);
        assertEq(registry.latestEpoch(), epoch - 1);
    }

    function notEligible(address signer, Standing standing) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IWritOperatorErrors.NotEligible.selector, signer, standing);
    }

    function assertStanding(address signer, Standing expected) internal view {
        assertEq(uint8(registry.standingOf(signer)), uint8(expected));
    }

    function setOf(uint64 epoch) internal view returns (address[] memory signers) {
        (address operatorSet,,,) = registry.operatorEpoch(epoch);
        bytes memory code = operatorSet.code;
        assertEq(code[0], bytes1(0));
        signers = new address[]((code.length - 1) / 20);
        for (uint256 i = 0; i < signers.length; ++i) {
            bytes20 signer;
            for (uint256 j = 0; j < 20; ++j) {
                signer |= bytes20(code[1 + 20 * i + j]) >> (8 * j);
            }
            signers[i] = address(signer);
        }
    }
}
