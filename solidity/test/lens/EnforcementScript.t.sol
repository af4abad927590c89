// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Enforcement, IKernelEvents} from "../../../script/Enforcement.s.sol";
import {WritTest} from "../utils/WritTest.sol";
import {IERC7579ModuleConfig} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {Vm} from "forge-std/Vm.sol";
import {Evidence, KnownKind, Source, Vouched} from "writ/lens/IWritLens.sol";

/// @dev The script over logs that a test hands over instead of a node.
contract EnforcementOverLogs is Enforcement {
    Vm.EthGetLogs[] private _logs;
    bool private _existed;
    uint256[2][] public asked;

    function add(address emitter, bytes32[] memory topics, bytes memory data) external {
        Vm.EthGetLogs storage log = _logs.push();
        (log.emitter, log.topics, log.data) = (emitter, topics, data);
    }

    function setExisted(bool existed) external {
        _existed = existed;
    }

    function ranges() external view returns (uint256[2][] memory) {
        return asked;
    }

    function logsOf(address, uint256 from, uint256 to)
        internal
        override
        returns (Vm.EthGetLogs[] memory)
    {
        asked.push([from, to]);
        return from == 0 ? _logs : new Vm.EthGetLogs[](0);
    }

    function existedBefore(address, uint256) internal view override returns (bool) {
        return _existed;
    }
}

/// @title The script finds the candidates, prints what the lens says, and fails unless the account is enforced
contract EnforcementScriptTest is WritTest {
    EnforcementOverLogs private script;

    function setUp() public override {
        vm.recordLogs();
        super.setUp();
        script = new EnforcementOverLogs();
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            script.add(logs[i].emitter, logs[i].topics, logs[i].data);
        }
    }

    function logged(address emitter, bytes32 topic, bytes memory data) private {
        bytes32[] memory topics = new bytes32[](1);
        topics[0] = topic;
        script.add(emitter, topics, data);
    }

    function vouching() private returns (Evidence memory evidence) {
        evidence = script.collect(address(account), 0, 0, 1);
        evidence.vouched = new Vouched[](1);
        evidence.vouched[0] = Vouched(address(account).codehash, KnownKind.OpenZeppelin);
    }

    function test_anAccountUnderEnforcementPasses() public {
        Evidence memory evidence = vouching();
        assertTrue(evidence.source == Source.Events);
        assertEq(evidence.validators.length, 1);
        assertEq(evidence.validators[0], address(module));
        script.judge(address(account), address(module), evidence);
    }

    function test_whatIsOpenOrUnverifiableFails() public {
        Evidence memory evidence = script.collect(address(account), 0, 0, 1);
        vm.expectRevert(abi.encodeWithSelector(Enforcement.NotEnforced.selector, 0, 17));
        script.judge(address(account), address(module), evidence);
        evidence = vouching();
        spoil();
        vm.expectRevert(abi.encodeWithSelector(Enforcement.NotEnforced.selector, 1, 0));
        script.judge(address(account), address(module), evidence);
    }

    function spoil() private {
        // One open row.
        vm.etch(operatorSet, "");
    }

    function test_anAccountThatWasThereBeforeIsNotProven() public {
        script.setExisted(true);
        Evidence memory evidence = vouching();
        assertTrue(evidence.source == Source.Partial);
        vm.expectRevert(abi.encodeWithSelector(Enforcement.NotEnforced.selector, 0, 2));
        script.judge(address(account), address(module), evidence);
    }

    function test_looksAtEveryBlockOnce() public {
        script.collect(address(account), 5, 25, 10);
        uint256[2][] memory asked = script.ranges();
        assertEq(asked.length, 3);
        assertEq(abi.encode(asked[0]), abi.encode([uint256(5), 14]));
        assertEq(abi.encode(asked[1]), abi.encode([uint256(15), 24]));
        assertEq(abi.encode(asked[2]), abi.encode([uint256(25), 25]));
        vm.expectRevert(Enforcement.StepZero.selector);
        script.collect(address(account), 5, 25, 0);
    }

    function test_takesWhatTheAccountLoggedAndNothingElse() public {
        address who = makeAddr("account");
        vm.etch(who, hex"00");
        bytes32 installed = IERC7579ModuleConfig.ModuleInstalled.selector;
        bytes32 removed = IERC7579ModuleConfig.ModuleUninstalled.selector;
        logged(who, installed, abi.encode(1, address(11)));
        logged(who, installed, abi.encode(1, address(11)));
        logged(who, removed, abi.encode(1, address(11)));
        logged(who, installed, abi.encode(2, address(12)));
        logged(who, installed, abi.encode(3, address(13)));
        logged(who, installed, abi.encode(3, address(13)));
        logged(who, installed, abi.encode(3, address(14)));
        logged(who, removed, abi.encode(3, address(14)));
        logged(who, installed, abi.encode(4, address(15)));
        logged(address(token), installed, abi.encode(1, address(16)));
        logged(who, installed, "");
        bytes21 validator = bytes21(abi.encodePacked(hex"01", address(17)));
        bytes21 permission = bytes21(bytes5(0x0201020304));
        logged(who, IKernelEvents.RootValidatorUpdated.selector, abi.encode(validator));
        logged(who, IKernelEvents.SelectorSet.selector, abi.encode(bytes4(0), permission, true));
        logged(who, IKernelEvents.SelectorSet.selector, abi.encode(bytes4(0), permission, false));
        Evidence memory evidence = script.collect(who, 0, 0, 1);
        assertEq(evidence.validators.length, 2);
        assertEq(evidence.validators[0], address(11));
        assertEq(evidence.validators[1], address(17));
        assertEq(evidence.executors.length, 1);
        assertEq(evidence.executors[0], address(12));
        assertEq(evidence.handlers.length, 2);
        assertEq(evidence.handlers[0], address(13));
        assertEq(evidence.handlers[1], address(13));
        assertEq(evidence.permissions.length, 1);
        assertEq(evidence.permissions[0], bytes4(0x01020304));
        assertTrue(evidence.source == Source.Events);
        // A signer: of a permission that nobody names.
        logged(who, installed, abi.encode(6, address(18)));
        assertTrue(script.collect(who, 0, 0, 1).source == Source.Partial);
    }

    function test_theLensFitsIntoAContract() public {
        assertLt(vm.deployCode("WritLens.sol:WritLens").code.length, 24_577);
    }

    function test_noAccountIsNotEnforced() public {
        Evidence memory evidence;
        vm.expectRevert(abi.encodeWithSelector(Enforcement.NoCode.selector, address(77)));
        script.judge(address(77), address(module), evidence);
    }
}
