// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Decision} from "./utils/Attestor.sol";
import {Contracts, IDevAccount} from "./utils/Contracts.sol";
import {EntryPoints, IEntryPointExtra} from "./utils/EntryPoints.sol";
import {WritTest} from "./utils/WritTest.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {Bound, Configuration} from "writ/interfaces/WritTypes.sol";

/// @title Gas of whole user operations, with the module and with a plain ECDSA validator on the same kind of account
/// @notice Kept in solidity/snapshots and compared at every run; `FORGE_SNAPSHOT_CHECK=false forge test --mc Gas` writes anew.
contract GasTest is WritTest {
    address internal plain;
    IDevAccount internal plainAccount;

    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        return EntryPoints.deployV08();
    }

    function setUp() public override {
        super.setUp();
        plain = deployCode("PlainOwnerValidator.sol:PlainOwnerValidator");
        plainAccount = Contracts.account(address(entryPoint), plain, abi.encode(owner), address(0));
        fund(address(plainAccount));
        vm.deal(recipient, 1);
        token.mint(recipient, 1);
        vm.deal(bundler, 1);
    }

    function test_1of1() public {
        _measure(1, 1);
    }

    function test_3of5() public {
        _measure(3, 5);
    }

    function test_5of9() public {
        _measure(5, 9);
    }

    function test_9of15() public {
        _measure(9, 15);
    }

    function test_13of21() public {
        _measure(13, 21);
    }

    function test_sizes() public {
        vm.snapshotValue("size", "WritModule runtime bytes", address(module).code.length);
        vm.snapshotValue(
            "size", "WritModule creation bytes", vm.getCode("WritModule.sol:WritModule").length
        );
    }

    function _measure(uint256 k, uint256 n) private {
        operatorKeys = newKeys("gas", n);
        operatorSet = deploySet(operatorKeys);
        Configuration memory c = configuration();
        c.threshold = uint8(k);
        c.leastOperators = uint8(n);
        account = newAccount(c);

        // The same with a history: one more slot to read and write, and the event.
        Configuration memory h = configuration();
        (h.threshold, h.leastOperators, h.readsHistory) = (uint8(k), uint8(n), true);

        string memory group = string.concat(vm.toString(k), "-of-", vm.toString(n));
        uint256 native = _attested(sendNative(1), 1);
        uint256 nativePlain = _plain(sendNative(1));
        uint256 tokens = _attested(sendToken(1), 2);
        uint256 tokensPlain = _plain(sendToken(1));
        vm.snapshotValue(group, "native transfer, plain owner", nativePlain);
        vm.snapshotValue(group, "native transfer, WritModule", native);
        vm.snapshotValue(group, "native transfer, difference", native - nativePlain);
        account = newAccount(h);
        uint256 history = _attested(sendNative(1), 1);
        vm.snapshotValue(group, "native transfer with history, WritModule", history);
        vm.snapshotValue(group, "native transfer with history, difference", history - nativePlain);
        vm.snapshotValue(group, "token transfer, plain owner", tokensPlain);
        vm.snapshotValue(group, "token transfer, WritModule", tokens);
        vm.snapshotValue(group, "token transfer, difference", tokens - tokensPlain);
    }

    /// @dev The second operation of its kind: everything that is written once is written.
    function _attested(bytes memory callData, uint256 count) private returns (uint256) {
        for (uint256 i = 0; i < 2; ++i) {
            PackedUserOperation memory op = operation(account, 0, callData);
            Bound[] memory list = bounds(1 ether, 1000);
            if (count == 1) {
                assembly {
                    mstore(list, 1)
                }
            }
            Decision memory d = decision(op);
            d.bounds = list;
            send(attach(op, d));
        }
        return vm.lastCallGas().gasTotalUsed;
    }

    function _plain(bytes memory callData) private returns (uint256) {
        for (uint256 i = 0; i < 2; ++i) {
            PackedUserOperation memory op = operation(plainAccount, 0, callData);
            op.nonce = entryPoint.getNonce(address(plainAccount), uint192(uint160(plain)) << 32);
            op.signature = ownerSigns(op);
            send(op);
        }
        return vm.lastCallGas().gasTotalUsed;
    }
}
