// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {PlainDecoder} from "./utils/PlainDecoder.sol";
import {Decoded, VectorHarness} from "./utils/VectorHarness.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {Test} from "forge-std/Test.sol";
import {Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @title The shared vectors: Rust wrote them, viem agrees, and the module's code computes the same
contract VectorsTest is Test {
    string internal json;

    function setUp() public {
        json = vm.readFile("solidity/test/vectors/attestation.json");
    }

    function test_everyCase() public {
        uint256 count;
        while (vm.keyExistsJson(json, string.concat(".cases[", vm.toString(count), "]"))) {
            _case(string.concat(".cases[", vm.toString(count), "]"));
            ++count;
        }
        assertGe(count, 3, "the vectors are there");
    }

    /// @dev Lists of bounds that Rust wrote, with its verdict on each: the module takes and refuses the same.
    function test_everyListOfBounds() public {
        VectorHarness harness = new VectorHarness();
        PlainDecoder plain = new PlainDecoder();
        bytes[] memory lists = vm.parseJsonBytesArray(json, ".lists.accepted");
        assertGt(lists.length, 30);
        for (uint256 i = 0; i < lists.length; ++i) {
            bytes memory body = _bodyWith(lists[i]);
            (, bytes memory bounds,) = harness.decode(body);
            assertEq(abi.encodePacked(body[127], bounds), lists[i]);
            (, bytes memory plainBounds,) = plain.decode(body);
            assertEq(plainBounds, bounds);
        }
        lists = vm.parseJsonBytesArray(json, ".lists.refused");
        assertGt(lists.length, 100);
        for (uint256 i = 0; i < lists.length; ++i) {
            bytes memory call = abi.encodeCall(harness.decode, (_bodyWith(lists[i])));
            (bool success, bytes memory reason) = address(harness).staticcall(call);
            assertFalse(success, vm.toString(lists[i]));
            (, bytes memory plainReason) = address(plain).staticcall(call);
            assertEq(reason, plainReason);
        }
    }

    /// @dev A body with this list and no signatures.
    function _bodyWith(bytes memory list) private pure returns (bytes memory) {
        return abi.encodePacked(uint8(1), uint8(1), new bytes(125), list, uint8(0));
    }

    function test_settings() public {
        vm.chainId(_uint(".others.domain.chainId"));
        VectorHarness harness = _harness(_address(".others.domain.module"));
        assertEq(harness.separator(), _bytes32(".others.domain.separator"));
        assertEq(
            harness.configurationAction(
                _address(".others.configurationAction.account"),
                _bytes32(".others.configurationAction.oldConfiguration"),
                _bytes32(".others.configurationAction.newConfiguration"),
                _uint(".others.configurationAction.nonce")
            ),
            _bytes32(".others.configurationActionHash")
        );
    }

    function _case(string memory at) private {
        vm.chainId(_uint(string.concat(at, ".domain.chainId")));
        VectorHarness harness = _harness(_address(string.concat(at, ".domain.module")));
        assertEq(harness.separator(), _bytes32(string.concat(at, ".domain.separator")));

        _operatorSet(harness, at);
        _hashes(harness, at);
        _suffix(harness, at);
    }

    function _operatorSet(VectorHarness harness, string memory at) private {
        address[] memory operators =
            vm.parseJsonAddressArray(json, string.concat(at, ".operatorSet.operators"));
        bytes memory creation = harness.creationCode(operators);
        assertEq(creation, _bytes(string.concat(at, ".operatorSet.creationCode")));
        address set;
        assembly {
            set := create(0, add(creation, 32), mload(creation))
        }
        assertEq(set.code, _bytes(string.concat(at, ".operatorSet.code")));

        Configuration memory c = _configuration(string.concat(at, ".configuration"));
        assertEq(set.codehash, c.operatorSetCodeHash);
        assertEq(keccak256(abi.encode(c)), _bytes32(string.concat(at, ".configuration.hash")));
        vm.etch(c.operatorSet, set.code);
        address record = harness.configure(
            _address(string.concat(at, ".operation.sender")),
            c,
            uint64(_uint(string.concat(at, ".attestation.revision")))
        );
        assertEq(record, _address(string.concat(at, ".record.address")));
        assertEq(record.code, _bytes(string.concat(at, ".record.code")));
    }

    function _hashes(VectorHarness harness, string memory at) private view {
        bytes32 operationType = harness.operationTypeHash();
        PackedUserOperation memory op = _operation(string.concat(at, ".operation"));
        assertEq(harness.requiredPrefund(op), _uint(string.concat(at, ".requiredPrefund")));
        string memory action = string.concat(at, ".action");
        assertEq(keccak256(op.callData), _bytes32(string.concat(action, ".callData")));
        assertEq(keccak256(op.initCode), _bytes32(string.concat(action, ".initCode")));
        bytes memory head = abi.encode(
            operationType,
            op.sender,
            _address(string.concat(action, ".entryPoint")),
            op.nonce,
            keccak256(op.initCode),
            keccak256(op.callData)
        );
        bytes memory tail = abi.encode(
            _bytes32(string.concat(action, ".paymasterAndData")),
            _bytes32(string.concat(action, ".accountCode")),
            uint128(uint256(op.accountGasLimits)),
            _uint(string.concat(action, ".maxCost"))
        );
        assertEq(keccak256(bytes.concat(head, tail)), _bytes32(string.concat(at, ".actionHash")));
        assertEq(
            harness.digest(_bytes32(string.concat(at, ".attestationHash"))),
            _bytes32(string.concat(at, ".digest"))
        );
    }

    function _suffix(VectorHarness harness, string memory at) private view {
        bytes memory signature = _bytes(string.concat(at, ".operation.signature"));
        (bool attached, bytes memory owner, bytes memory body) = harness.split(signature);
        assertTrue(attached);
        assertEq(owner, _bytes(string.concat(at, ".operation.ownerSignature")));
        assertEq(
            abi.encodePacked(body, uint16(body.length), bytes8(_bytes(".magic"))),
            _bytes(string.concat(at, ".suffix"))
        );

        (Decoded memory a, bytes memory bounds, bytes memory signatures) = harness.decode(body);
        assertEq(bounds, _bytes(string.concat(at, ".bounds")));
        assertEq(signatures, _bytes(string.concat(at, ".signatures")));
        string memory said = string.concat(at, ".attestation");
        assertEq(keccak256(bounds), _bytes32(string.concat(said, ".bounds")));
        assertEq(a.level, _uint(string.concat(said, ".level")));
        assertEq(a.revision, _uint(string.concat(said, ".revision")));
        assertEq(a.epoch, _uint(string.concat(said, ".epoch")));
        assertEq(a.sequence, _uint(string.concat(said, ".sequence")));
        assertEq(a.blockNumber, _uint(string.concat(said, ".blockNumber")));
        assertEq(a.blockHash, _bytes32(string.concat(said, ".blockHash")));
        assertEq(a.validAfter, _uint(string.concat(said, ".validAfter")));
        assertEq(a.validUntil, _uint(string.concat(said, ".validUntil")));
        assertEq(a.evidence, _bytes32(string.concat(said, ".evidence")));
        assertEq(a.maxCost, _uint(string.concat(at, ".action.maxCost")));

        // The quorum's signatures verify over the digest that the module builds, and over no other.
        address sender = _address(string.concat(at, ".operation.sender"));
        bytes32 action = _bytes32(string.concat(at, ".actionHash"));
        assertTrue(harness.verify(sender, action, body));
        assertFalse(harness.verify(sender, bytes32(uint256(action) ^ 1), body));
    }

    function _harness(address at) private returns (VectorHarness) {
        deployCodeTo("VectorHarness.sol:VectorHarness", at);
        return VectorHarness(at);
    }

    function _configuration(string memory at) private view returns (Configuration memory c) {
        c.owner = _address(string.concat(at, ".owner"));
        c.ownerValidator = _address(string.concat(at, ".ownerValidator"));
        c.entryPoint = _address(string.concat(at, ".entryPoint"));
        c.registry = _address(string.concat(at, ".registry"));
        c.operatorSet = _address(string.concat(at, ".operatorSet"));
        c.operatorSetCodeHash = _bytes32(string.concat(at, ".operatorSetCodeHash"));
        c.policy = _bytes32(string.concat(at, ".policy"));
        c.threshold = uint8(_uint(string.concat(at, ".threshold")));
        c.leastOperators = uint8(_uint(string.concat(at, ".leastOperators")));
        c.level = uint8(_uint(string.concat(at, ".level")));
        c.mode = Mode(_uint(string.concat(at, ".mode")));
        c.exitDelay = uint32(_uint(string.concat(at, ".exitDelay")));
        c.epoch = uint64(_uint(string.concat(at, ".epoch")));
        c.readsHistory = vm.parseJsonBool(json, string.concat(at, ".readsHistory"));
    }

    function _operation(string memory at) private view returns (PackedUserOperation memory op) {
        op.sender = _address(string.concat(at, ".sender"));
        op.nonce = _uint(string.concat(at, ".nonce"));
        op.initCode = _bytes(string.concat(at, ".initCode"));
        op.callData = _bytes(string.concat(at, ".callData"));
        op.accountGasLimits = _bytes32(string.concat(at, ".accountGasLimits"));
        op.preVerificationGas = _uint(string.concat(at, ".preVerificationGas"));
        op.gasFees = _bytes32(string.concat(at, ".gasFees"));
        op.paymasterAndData = _bytes(string.concat(at, ".paymasterAndData"));
        op.signature = _bytes(string.concat(at, ".signature"));
    }

    function _uint(string memory key) private view returns (uint256) {
        return vm.parseJsonUint(json, key);
    }

    function _address(string memory key) private view returns (address) {
        return vm.parseJsonAddress(json, key);
    }

    function _bytes32(string memory key) private view returns (bytes32) {
        return vm.parseJsonBytes32(json, key);
    }

    function _bytes(string memory key) private view returns (bytes memory) {
        return vm.parseJsonBytes(json, key);
    }
}
