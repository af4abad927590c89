// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Attestor, Decision} from "./Attestor.sol";
import {Contracts, IDevAccount, IDevToken} from "./Contracts.sol";
import {EntryPoints, IEntryPointExtra} from "./EntryPoints.sol";
import {IEntryPoint, PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    Execution,
    IERC7579Execution,
    MODULE_TYPE_EXECUTOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {Test} from "forge-std/Test.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";
import {
    AccountState,
    Bound,
    Configuration,
    Mode,
    PolicyReference
} from "writ/interfaces/WritTypes.sol";
import {OperatorSets} from "writ/libraries/OperatorSets.sol";

/// @title What every test starts from: a real EntryPoint, five operators of whom three sign, an account under enforcement
abstract contract WritTest is Test {
    IEntryPointExtra internal entryPoint;
    IWritModule internal module;
    IDevToken internal token;
    IDevAccount internal account;

    uint256 internal constant OWNER_KEY = 0xA11CE;
    address internal owner = vm.addr(OWNER_KEY);
    address internal recipient = makeAddr("recipient");
    address payable internal bundler = payable(makeAddr("bundler"));
    uint256[] internal operatorKeys;
    address internal operatorSet;

    bytes32 internal constant SINGLE = bytes32(0);
    bytes32 internal constant BATCH = bytes32(uint256(1) << 248);
    bytes32 internal constant SINGLE_TRY = bytes32(uint256(1) << 240);
    bytes32 internal constant DELEGATE = bytes32(uint256(0xff) << 248);

    uint48 internal constant NOW = 1_800_000_000;

    function deployEntryPoint() internal virtual returns (IEntryPointExtra) {
        return EntryPoints.deployV07();
    }

    function setUp() public virtual {
        vm.warp(NOW);
        vm.roll(1000);
        entryPoint = deployEntryPoint();
        module = Contracts.module();
        token = Contracts.token();
        operatorKeys = newKeys("operator", 5);
        operatorSet = deploySet(operatorKeys);
        account = newAccount(configuration());
        vm.label(address(module), "WritModule");
        vm.label(address(account), "account");
    }

    // ------------------------------------------------------------------ fixtures

    function newKeys(string memory label, uint256 count)
        internal
        pure
        returns (uint256[] memory keys)
    {
        keys = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            keys[i] = uint256(keccak256(abi.encode(label, i)))
                % 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        }
    }

    function deploySet(uint256[] memory keys) internal returns (address) {
        address[] memory operators = new address[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            operators[i] = vm.addr(keys[i]);
        }
        return EntryPoints.create2(OperatorSets.creationCode(operators), 0);
    }

    function policies() internal pure virtual returns (PolicyReference[] memory list) {
        list = new PolicyReference[](1);
        list[0] = PolicyReference(keccak256("agent-spending"), hex"a0");
    }

    function configuration() internal view virtual returns (Configuration memory c) {
        c.owner = owner;
        c.entryPoint = address(entryPoint);
        c.operatorSet = operatorSet;
        c.operatorSetCodeHash = operatorSet.codehash;
        c.policy = Attestor.policyCommitment(policies());
        c.threshold = 3;
        c.leastOperators = 4;
        c.level = 1;
        c.mode = Mode.Enforce;
        c.exitDelay = 2 days;
        c.epoch = 7;
    }

    function newAccount(Configuration memory c) internal virtual returns (IDevAccount created) {
        created = Contracts.account(
            c.entryPoint, address(module), abi.encode(c, policies()), address(module)
        );
        fund(address(created));
    }

    function fund(address who) internal {
        vm.deal(who, 100 ether);
        token.mint(who, 1_000_000);
        entryPoint.depositTo{value: 10 ether}(who);
    }

    function state(address who) internal view returns (AccountState memory s) {
        (, s) = module.configurationOf(who);
    }

    function current(address who) internal view returns (Configuration memory c) {
        (c,) = module.configurationOf(who);
    }

    /// @dev Where the operators begin in the record of a configuration.
    uint256 internal constant OPERATORS = 1 + 14 * 32 + 1;

    /// @dev The code in which the module keeps the configuration of an account: the lower 20 bytes of its first slot.
    function recordOf(address who) internal view returns (address) {
        return address(uint160(uint256(vm.load(address(module), keccak256(abi.encode(who, 0))))));
    }

    // ------------------------------------------------------------------ operations

    function nonceOf(address who, uint32 key) internal view virtual returns (uint256) {
        return entryPoint.getNonce(who, (uint192(uint160(address(module))) << 32) | key);
    }

    function operation(IDevAccount who, uint32 key, bytes memory callData)
        internal
        view
        virtual
        returns (PackedUserOperation memory op)
    {
        op.sender = address(who);
        op.nonce = nonceOf(address(who), key);
        op.callData = callData;
        op.accountGasLimits = bytes32((uint256(1_000_000) << 128) | 1_000_000);
        op.preVerificationGas = 100_000;
        op.gasFees = bytes32((uint256(1 gwei) << 128) | 2 gwei);
    }

    function prefund(PackedUserOperation memory op) internal pure returns (uint128) {
        uint256 limits = (uint256(op.accountGasLimits) >> 128)
            + uint128(uint256(op.accountGasLimits)) + op.preVerificationGas;
        return uint128(limits * uint128(uint256(op.gasFees)));
    }

    function executeCall(address to, uint256 value, bytes memory data)
        internal
        pure
        virtual
        returns (bytes memory)
    {
        return abi.encodeCall(
            IERC7579Execution.execute, (SINGLE, abi.encodePacked(to, value, data))
        );
    }

    function executeBatch(Execution[] memory calls) internal pure virtual returns (bytes memory) {
        return abi.encodeCall(IERC7579Execution.execute, (BATCH, abi.encode(calls)));
    }

    function sendNative(uint256 value) internal view returns (bytes memory) {
        return executeCall(recipient, value, "");
    }

    function sendToken(uint256 amount) internal view returns (bytes memory) {
        return executeCall(address(token), 0, abi.encodeCall(token.transfer, (recipient, amount)));
    }

    function ownerSignature(bytes32 hash) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(OWNER_KEY, hash);
        return abi.encodePacked(r, s, v);
    }

    function ownerSigns(PackedUserOperation memory op) internal view returns (bytes memory) {
        return ownerSignature(entryPoint.getUserOpHash(op));
    }

    // ------------------------------------------------------------------ decisions

    function bounds(uint128 native, uint128 tokens) internal view returns (Bound[] memory list) {
        list = new Bound[](2);
        list[0] = Bound(0, address(0), native, 0);
        list[1] = Bound(1, address(token), tokens, 0);
    }

    function decision(PackedUserOperation memory op) internal view returns (Decision memory d) {
        (Configuration memory c, AccountState memory s) = module.configurationOf(op.sender);
        d.version = 1;
        d.scheme = 1;
        d.level = c.level;
        d.revision = s.revision;
        d.epoch = c.epoch;
        d.sequence = c.readsHistory ? s.sequence : 0;
        d.blockNumber = 999;
        d.blockHash = keccak256("block");
        d.validAfter = uint48(block.timestamp) - 60;
        d.validUntil = uint48(block.timestamp) + 600;
        d.maxCost = prefund(op);
        d.evidence = keccak256("evidence");
        d.bounds = bounds(1 ether, 1000);
        d.policy = c.policy;
        d.entryPoint = c.entryPoint;
        d.account = op.sender;
        d.module = address(module);
        d.chainId = block.chainid;
        d.signers = signers(c.threshold);
    }

    function signers(uint256 count) internal pure returns (uint8[] memory list) {
        list = new uint8[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = uint8(i);
        }
    }

    function attach(PackedUserOperation memory op, Decision memory d)
        internal
        view
        returns (PackedUserOperation memory)
    {
        op.signature = bytes.concat(ownerSigns(op), suffix(op, d));
        return op;
    }

    function suffix(PackedUserOperation memory op, Decision memory d)
        internal
        view
        returns (bytes memory)
    {
        return Attestor.close(Attestor.body(d, Attestor.operationAction(op, d), operatorKeys));
    }

    function attested(PackedUserOperation memory op)
        internal
        view
        returns (PackedUserOperation memory)
    {
        return attach(op, decision(op));
    }

    // ------------------------------------------------------------------ bundles

    function one(PackedUserOperation memory op)
        internal
        pure
        returns (PackedUserOperation[] memory ops)
    {
        ops = new PackedUserOperation[](1);
        ops[0] = op;
    }

    function two(PackedUserOperation memory a, PackedUserOperation memory b)
        internal
        pure
        returns (PackedUserOperation[] memory ops)
    {
        ops = new PackedUserOperation[](2);
        ops[0] = a;
        ops[1] = b;
    }

    function send(PackedUserOperation[] memory ops) internal {
        vm.prank(bundler, bundler);
        entryPoint.handleOps(ops, bundler);
    }

    function send(PackedUserOperation memory op) internal {
        send(one(op));
    }

    /// @dev The bundle is refused in validation, with this revert of the module inside.
    function sendRefused(PackedUserOperation[] memory ops, uint256 index, bytes memory inner)
        internal
    {
        vm.prank(bundler, bundler);
        vm.expectRevert(
            abi.encodeWithSelector(
                IEntryPoint.FailedOpWithRevert.selector, index, "AA23 reverted", inner
            )
        );
        entryPoint.handleOps(ops, bundler);
    }

    function sendRefused(PackedUserOperation memory op, bytes memory inner) internal {
        sendRefused(one(op), 0, inner);
    }

    function sendRefused(PackedUserOperation memory op, bytes4 inner) internal {
        sendRefused(op, abi.encodePacked(inner));
    }

    /// @dev The bundle is refused in validation for a signature.
    function sendUnsigned(PackedUserOperation memory op) internal {
        vm.prank(bundler, bundler);
        vm.expectRevert(
            abi.encodeWithSelector(IEntryPoint.FailedOp.selector, 0, "AA24 signature error")
        );
        entryPoint.handleOps(one(op), bundler);
    }

    event UserOperationRevertReason(
        bytes32 indexed userOpHash, address indexed sender, uint256 nonce, bytes revertReason
    );

    /// @dev The operation is included and its execution reverts with this.
    function sendReverting(PackedUserOperation memory op, bytes memory inner) internal {
        vm.expectEmit(address(entryPoint));
        emit UserOperationRevertReason(entryPoint.getUserOpHash(op), op.sender, op.nonce, inner);
        send(op);
    }
}
