// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Attestor, Decision} from "../utils/Attestor.sol";
import {IMultiSend, IPublishedProxyFactory, IPublishedSafe, Safes} from "../utils/Safes.sol";
import {WritTest} from "../utils/WritTest.sol";
import {CallAction, GuardState} from "writ/interfaces/GuardedTypes.sol";
import {IWritSafeGuard} from "writ/interfaces/IWritSafeGuard.sol";
import {SafeCall} from "writ/interfaces/SafeTypes.sol";
import {Bound, Configuration} from "writ/interfaces/WritTypes.sol";

/// @notice An owners' transaction.
struct SafeTx {
    address to;
    uint256 value;
    bytes data;
    uint8 operation;
    uint256 safeTxGas;
    uint256 baseGas;
    uint256 gasPrice;
    address gasToken;
    address refundReceiver;
}

/// @title What tests of guarded Safes start from: a Safe 1.5 of two owners, a module of it, both guards, Enforce
abstract contract SafeTest is WritTest {
    uint8 internal constant PRESENTED = 1;
    uint8 internal constant POSTED = 2;
    uint8 internal constant CALL = 0;
    uint8 internal constant DELEGATECALL = 1;

    uint256 internal constant FIRST_OWNER = 0x51;
    uint256 internal constant SECOND_OWNER = 0x52;
    address internal relayer = makeAddr("relayer");
    address internal safeModule = makeAddr("module of the Safe");

    IWritSafeGuard internal guard;
    IPublishedSafe internal safe;
    IMultiSend internal multiSend;
    address internal singleton;
    address internal factory;
    address internal handler;
    uint256 private _salt;

    function setUp() public virtual override {
        super.setUp();
        guard = Safes.guard(address(0), address(0));
        multiSend = IMultiSend(Safes.create("libraries/MultiSend.sol/MultiSend"));
        singleton = deploySingleton();
        factory = Safes.create("proxies/SafeProxyFactory.sol/SafeProxyFactory");
        handler = deployHandler();
        safe = newSafe();
        vm.label(address(safe), "Safe");
        vm.label(address(guard), "WritSafeGuard");
        install(guardConfiguration());
    }

    function deploySingleton() internal virtual returns (address) {
        return Safes.create("Safe.sol/Safe");
    }

    /// @dev What answers for the Safe's ERC-1271 signatures.
    function deployHandler() internal virtual returns (address) {
        return Safes.create("handler/CompatibilityFallbackHandler.sol/CompatibilityFallbackHandler");
    }

    /// @dev Whether the Safe knows module guards.
    function hasModuleGuard() internal view virtual returns (bool) {
        return true;
    }

    function newSafe() internal virtual returns (IPublishedSafe created) {
        address[] memory owners = new address[](2);
        (owners[0], owners[1]) = (vm.addr(FIRST_OWNER), vm.addr(SECOND_OWNER));
        bytes memory initializer = abi.encodeCall(
            IPublishedSafe.setup,
            (owners, 2, address(0), "", handler, address(0), 0, payable(address(0)))
        );
        created = IPublishedSafe(
            IPublishedProxyFactory(factory).createProxyWithNonce(singleton, initializer, _salt++)
        );
        vm.deal(address(created), 100 ether);
        token.mint(address(created), 1_000_000);
        execute(
            created,
            transaction(
                address(created), 0, abi.encodeCall(created.enableModule, (safeModule)), CALL
            )
        );
    }

    function guardConfiguration() internal view returns (Configuration memory c) {
        c = configuration();
        c.owner = address(0);
        c.entryPoint = address(0);
    }

    /// @dev Everything in one transaction of the owners, as the script prints it.
    function install(Configuration memory c) internal {
        bytes memory parts =
            Safes.part(CALL, address(safe), 0, abi.encodeCall(safe.setGuard, (address(guard))));
        if (hasModuleGuard()) {
            parts = bytes.concat(
                parts,
                Safes.part(
                    CALL, address(safe), 0, abi.encodeCall(safe.setModuleGuard, (address(guard)))
                )
            );
        }
        parts = bytes.concat(
            parts,
            Safes.part(
                CALL, address(guard), 0, abi.encodeCall(guard.configure, (c, policies(), ""))
            )
        );
        require(execute(safe, batch(parts)), "not installed");
    }

    // ------------------------------------------------------------------ owners' transactions

    function transaction(address to, uint256 value, bytes memory data, uint8 operation)
        internal
        pure
        returns (SafeTx memory t)
    {
        (t.to, t.value, t.data, t.operation) = (to, value, data, operation);
    }

    function batch(bytes memory parts) internal view returns (SafeTx memory) {
        return transaction(
            address(multiSend), 0, abi.encodeCall(IMultiSend.multiSend, (parts)), DELEGATECALL
        );
    }

    function pay(uint256 value) internal view returns (SafeTx memory) {
        return transaction(recipient, value, "", CALL);
    }

    function payToken(uint256 amount) internal view returns (SafeTx memory) {
        bytes memory data = abi.encodeCall(token.transfer, (recipient, amount));
        return transaction(address(token), 0, data, CALL);
    }

    /// @dev A call of the Safe to itself.
    function self(bytes memory data) internal view returns (SafeTx memory) {
        return transaction(address(safe), 0, data, CALL);
    }

    /// @dev A call of the Safe to the guard.
    function setting(bytes memory data) internal view returns (SafeTx memory) {
        return transaction(address(guard), 0, data, CALL);
    }

    function hashOf(IPublishedSafe of_, SafeTx memory t, uint256 nonce)
        internal
        view
        returns (bytes32)
    {
        return of_.getTransactionHash(
            t.to,
            t.value,
            t.data,
            t.operation,
            t.safeTxGas,
            t.baseGas,
            t.gasPrice,
            t.gasToken,
            t.refundReceiver,
            nonce
        );
    }

    /// @dev Both owners, in the order that the Safe wants.
    function sign(bytes32 hash) internal pure returns (bytes memory) {
        bool ordered = vm.addr(FIRST_OWNER) < vm.addr(SECOND_OWNER);
        return bytes.concat(
            signBy(ordered ? FIRST_OWNER : SECOND_OWNER, hash),
            signBy(ordered ? SECOND_OWNER : FIRST_OWNER, hash)
        );
    }

    function signBy(uint256 key, bytes32 hash) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, hash);
        return abi.encodePacked(r, s, v);
    }

    function signed(SafeTx memory t) internal view returns (bytes memory) {
        return sign(hashOf(safe, t, safe.nonce()));
    }

    function exec(SafeTx memory t, bytes memory signatures) internal pure returns (bytes memory) {
        return abi.encodeCall(
            IPublishedSafe.execTransaction,
            (
                t.to,
                t.value,
                t.data,
                t.operation,
                t.safeTxGas,
                t.baseGas,
                t.gasPrice,
                t.gasToken,
                payable(t.refundReceiver),
                signatures
            )
        );
    }

    function send(IPublishedSafe to, bytes memory data) internal returns (bool success) {
        vm.prank(relayer, relayer);
        bytes memory result;
        (success, result) = address(to).call(data);
        return success && abi.decode(result, (bool));
    }

    /// @dev By the owners alone.
    function execute(IPublishedSafe of_, SafeTx memory t) internal returns (bool) {
        return send(of_, exec(t, sign(hashOf(of_, t, of_.nonce()))));
    }

    function execute(SafeTx memory t) internal returns (bool) {
        return execute(safe, t);
    }

    /// @dev By the owners and the operators.
    function run(SafeTx memory t) internal returns (bool) {
        return send(safe, exec(t, bytes.concat(signed(t), attestation(t))));
    }

    function run(SafeTx memory t, Decision memory d) internal returns (bool) {
        return send(safe, exec(t, bytes.concat(signed(t), attest(callOf(t), PRESENTED, d))));
    }

    function reverts(SafeTx memory t, bytes memory signatures, bytes memory reason) internal {
        revertsAs(relayer, exec(t, signatures), reason);
    }

    function revertsAs(address who, bytes memory data, bytes memory reason) internal {
        vm.prank(who, who);
        (bool success, bytes memory result) = address(safe).call(data);
        assertFalse(success, "it went through");
        assertEq(result, reason);
    }

    /// @dev By the owners alone: refused, for want of an attestation.
    function refused(SafeTx memory t) internal {
        reverts(
            t, signed(t), abi.encodeWithSelector(IWritSafeGuard.CallNotAttested.selector, callOf(t))
        );
    }

    /// @dev By the owners and the operators: refused for this reason.
    function runReverting(SafeTx memory t, Decision memory d, bytes memory reason) internal {
        reverts(t, bytes.concat(signed(t), attest(callOf(t), PRESENTED, d)), reason);
    }

    function runReverting(SafeTx memory t, bytes memory reason) internal {
        runReverting(t, decide(), reason);
    }

    // ------------------------------------------------------------------ decisions

    /// @dev What operators are asked about the owners' next transaction.
    function callOf(SafeTx memory t) internal view returns (SafeCall memory) {
        uint256 nonce = safe.nonce();
        return SafeCall({
            safe: address(safe),
            caller: address(safe),
            target: t.to,
            value: t.value,
            callData: keccak256(t.data),
            operation: t.operation,
            context: hashOf(safe, t, nonce),
            nonce: uint64(nonce)
        });
    }

    function moduleCall(address to, uint256 value, bytes memory data, uint8 operation, uint64 nonce)
        internal
        view
        returns (SafeCall memory)
    {
        return SafeCall(
            address(safe), safeModule, to, value, keccak256(data), operation, bytes32(0), nonce
        );
    }

    function decide() internal view returns (Decision memory d) {
        (Configuration memory c, GuardState memory s) = guard.configurationOf(address(safe));
        d.version = 1;
        d.scheme = 1;
        d.level = c.level;
        d.revision = s.revision;
        d.epoch = c.epoch;
        d.blockNumber = 999;
        d.blockHash = keccak256("block");
        d.validAfter = uint48(block.timestamp) - 60;
        d.validUntil = uint48(block.timestamp) + 600;
        d.evidence = keccak256("evidence");
        d.bounds = bounds(1 ether, 1000);
        d.policy = c.policy;
        d.module = address(guard);
        d.chainId = block.chainid;
        d.signers = signers(c.threshold);
    }

    function actionOf(SafeCall memory call, uint8 path) internal pure returns (CallAction memory) {
        return CallAction(
            call.safe,
            call.caller,
            call.target,
            call.value,
            call.callData,
            path,
            call.operation,
            call.context,
            call.nonce
        );
    }

    function attest(SafeCall memory call, uint8 path, Decision memory d)
        internal
        view
        returns (bytes memory)
    {
        return Attestor.close(
            Attestor.body(d, Attestor.callAction(actionOf(call, path)), operatorKeys)
        );
    }

    function attest(SafeCall memory call, uint8 path) internal view returns (bytes memory) {
        return attest(call, path, decide());
    }

    /// @dev What stands behind the owners' signatures.
    function attestation(SafeTx memory t) internal view returns (bytes memory) {
        return attest(callOf(t), PRESENTED);
    }

    function post(SafeCall memory call) internal {
        guard.post(call, attest(call, POSTED));
    }

    function postFor(address to, uint256 value, bytes memory data, uint8 operation, uint64 nonce)
        internal
        returns (SafeCall memory call)
    {
        call = moduleCall(to, value, data, operation, nonce);
        post(call);
    }

    // ------------------------------------------------------------------ modules' transactions

    function byModule(address to, uint256 value, bytes memory data, uint8 operation)
        internal
        returns (bool)
    {
        vm.prank(safeModule);
        return safe.execTransactionFromModule(to, value, data, operation);
    }

    function moduleReverts(
        address to,
        uint256 value,
        bytes memory data,
        uint8 operation,
        bytes memory reason
    ) internal {
        vm.prank(safeModule);
        vm.expectRevert(reason);
        safe.execTransactionFromModule(to, value, data, operation);
    }

    function moduleRefused(address to, uint256 value, bytes memory data, uint8 operation) internal {
        moduleReverts(
            to,
            value,
            data,
            operation,
            abi.encodeWithSelector(
                IWritSafeGuard.CallNotAttested.selector, moduleCall(to, value, data, operation, 0)
            )
        );
    }

    // ------------------------------------------------------------------ state

    function configured() internal view returns (Configuration memory c) {
        (c,) = guard.configurationOf(address(safe));
    }

    function guardState() internal view returns (GuardState memory s) {
        (, s) = guard.configurationOf(address(safe));
    }

    function onlyNative(uint128 native) internal pure returns (Bound[] memory list) {
        list = new Bound[](1);
        list[0].maxOut = native;
    }

    function slotOf(IPublishedSafe of_, string memory name) internal view returns (address) {
        return address(uint160(uint256(vm.load(address(of_), keccak256(bytes(name))))));
    }

    string internal constant GUARD_SLOT = "guard_manager.guard.address";
    string internal constant MODULE_GUARD_SLOT = "module_manager.module_guard.address";
    string internal constant HANDLER_SLOT = "fallback_manager.handler.address";
}
