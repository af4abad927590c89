// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Call, Caller, Till} from "../mocks/Guarded.sol";
import {Attestor, Decision} from "./Attestor.sol";
import {WritTest} from "./WritTest.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {CallAction, GuardState, GuardedCall} from "writ/interfaces/GuardedTypes.sol";
import {IWritGuarded} from "writ/interfaces/IWritGuarded.sol";
import {Bound, Configuration, PolicyReference} from "writ/interfaces/WritTypes.sol";

/// @title What tests of guarded contracts start from: a guarded till behind a proxy, and two callers
abstract contract GuardedTest is WritTest {
    uint8 internal constant PRESENTED = 1;
    uint8 internal constant POSTED = 2;

    address internal admin = makeAddr("admin");
    Till internal till;
    Caller internal caller;
    Caller internal stranger;

    function setUp() public virtual override {
        super.setUp();
        till = newTill(guardConfiguration());
        caller = new Caller();
        stranger = new Caller();
        vm.deal(address(caller), 100 ether);
        vm.deal(address(stranger), 100 ether);
        vm.deal(address(till), 100 ether);
        token.mint(address(till), 1_000_000);
    }

    function newTill(Configuration memory c) internal returns (Till) {
        bytes memory initialize = abi.encodeCall(Till.initialize, (admin, c, policies()));
        return Till(payable(new ERC1967Proxy(address(new Till()), initialize)));
    }

    function guardConfiguration() internal view virtual returns (Configuration memory c) {
        c = configuration();
        c.owner = address(0);
        c.entryPoint = address(0);
    }

    // ------------------------------------------------------------------ decisions

    /// @dev What operators attest of a call, so that a test can change one thing of it.
    function actionOf(address guarded, address from, uint256 value, bytes memory data, uint8 path)
        internal
        pure
        returns (CallAction memory)
    {
        return CallAction(guarded, from, guarded, value, keccak256(data), path, 0, 0, 0);
    }

    function decide(address guarded) internal view returns (Decision memory d) {
        (Configuration memory c, GuardState memory s) = IWritGuarded(guarded).writConfiguration();
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
        d.bounds = new Bound[](1);
        d.policy = c.policy;
        d.module = guarded;
        d.chainId = block.chainid;
        d.signers = signers(c.threshold);
    }

    function attest(CallAction memory action, Decision memory d)
        internal
        view
        returns (bytes memory)
    {
        return Attestor.close(Attestor.body(d, Attestor.callAction(action), operatorKeys));
    }

    function expected(CallAction memory action) internal pure returns (GuardedCall memory) {
        return GuardedCall(action.value, action.callData, action.context, uint64(action.nonce));
    }

    function presenting(CallAction memory action, Decision memory d)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeCall(IWritGuarded.present, (expected(action), attest(action, d)));
    }

    function presenting(CallAction memory action) internal view returns (bytes memory) {
        return presenting(action, decide(action.account));
    }

    function posting(CallAction memory action, Decision memory d)
        internal
        view
        returns (bytes memory)
    {
        return
            abi.encodeCall(IWritGuarded.post, (action.caller, expected(action), attest(action, d)));
    }

    function posting(CallAction memory action) internal view returns (bytes memory) {
        return posting(action, decide(action.account));
    }

    // ------------------------------------------------------------------ calls

    function calls(bytes memory a, bytes memory b) internal view returns (Call[] memory list) {
        list = new Call[](2);
        list[0] = Call(address(till), 0, a);
        list[1] = Call(address(till), 0, b);
    }

    function calls(bytes memory a, bytes memory b, bytes memory c)
        internal
        view
        returns (Call[] memory list)
    {
        list = new Call[](3);
        list[0] = Call(address(till), 0, a);
        list[1] = Call(address(till), 0, b);
        list[2] = Call(address(till), 0, c);
    }

    function calls(bytes memory a) internal view returns (Call[] memory list) {
        list = new Call[](1);
        list[0] = Call(address(till), 0, a);
    }

    function tick(uint256 which) internal pure returns (bytes memory) {
        return abi.encodeCall(Till.tick, (which));
    }

    /// @dev The action of the caller's call to the till.
    function ours(bytes memory data, uint8 path) internal view returns (CallAction memory) {
        return actionOf(address(till), address(caller), 0, data, path);
    }

    function notAttested(address from, uint256 value, bytes memory data)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeWithSelector(
            IWritGuarded.CallNotAttested.selector, from, value, keccak256(data), till.context()
        );
    }

    function runReverting(Caller from, Call[] memory list, bytes memory reason) internal {
        vm.expectRevert(reason);
        from.run(list);
    }

    function configured() internal view returns (Configuration memory c) {
        (c,) = till.writConfiguration();
    }

    function guardState() internal view returns (GuardState memory s) {
        (, s) = till.writConfiguration();
    }
}
