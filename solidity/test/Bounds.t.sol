// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Cards, Coins, FeeToken, RebasingToken} from "./mocks/Assets.sol";
import {Decision} from "./utils/Attestor.sol";
import {WritTest} from "./utils/WritTest.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {Vm} from "forge-std/Vm.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";
import {Bound, Configuration} from "writ/interfaces/WritTypes.sol";

/// @title Every kind of bound: what may leave, and what others may be allowed to take
contract BoundsTest is WritTest {
    Cards internal cards = new Cards();
    Coins internal coins = new Coins();
    FeeToken internal feeToken = new FeeToken();
    RebasingToken internal rebasing = new RebasingToken();
    address internal spender = makeAddr("spender");

    uint8 internal constant NATIVE = 0;
    uint8 internal constant ERC20 = 1;
    uint8 internal constant ERC721 = 2;
    uint8 internal constant DEPOSIT = 3;
    uint8 internal constant ERC1155 = 4;
    uint8 internal constant ALLOWANCE = 5;
    uint8 internal constant OPERATOR = 6;

    function setUp() public override {
        super.setUp();
        for (uint256 i = 1; i <= 3; ++i) {
            cards.mint(address(account), i);
        }
        coins.mint(address(account), 7, 1000);
        coins.mint(address(account), 8, 1000);
        feeToken.mint(address(account), 1000);
        rebasing.mint(address(account), 1000);
    }

    function _list(Bound memory bound_) private pure returns (Bound[] memory list) {
        list = new Bound[](2);
        list[1] = bound_;
    }

    function _operation(bytes memory callData, Bound[] memory list)
        private
        view
        returns (PackedUserOperation memory op)
    {
        op = operation(account, 0, callData);
        Decision memory d = decision(op);
        d.bounds = list;
        return attach(op, d);
    }

    function _passes(address to, bytes memory data, Bound memory bound_) private {
        vm.recordLogs();
        send(_operation(executeCall(to, 0, data), _list(bound_)));
        _assertSucceeded();
    }

    function _exceeds(address to, bytes memory data, Bound memory bound_, uint256 amount) private {
        sendReverting(
            _operation(executeCall(to, 0, data), _list(bound_)),
            abi.encodeWithSelector(
                IWritErrors.BoundExceeded.selector, bound_.kind, bound_.asset, bound_.maxOut, amount
            )
        );
    }

    function _assertSucceeded() private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        bytes32 reverted = keccak256("UserOperationRevertReason(bytes32,address,uint256,bytes)");
        for (uint256 i = 0; i < logs.length; ++i) {
            assertTrue(logs[i].topics[0] != reverted, "the execution reverted");
        }
    }

    // ------------------------------------------------------------------ what may leave

    function test_erc721ByHowMany() public {
        Bound memory one_ = Bound(ERC721, address(cards), 1, 0);
        bytes memory first = abi.encodeCall(IERC721.transferFrom, (address(account), recipient, 1));
        _passes(address(cards), first, one_);
        Execution[] memory both = new Execution[](2);
        for (uint256 i = 0; i < 2; ++i) {
            both[i] = Execution(
                address(cards),
                0,
                abi.encodeCall(IERC721.transferFrom, (address(account), recipient, 2 + i))
            );
        }
        sendReverting(
            _operation(executeBatch(both), _list(one_)),
            abi.encodeWithSelector(IWritErrors.BoundExceeded.selector, ERC721, address(cards), 1, 2)
        );
        assertEq(cards.balanceOf(address(account)), 2);
        one_.maxOut = 2;
        send(_operation(executeBatch(both), _list(one_)));
        assertEq(cards.balanceOf(address(account)), 0);
    }

    function test_theDepositAtTheEntryPoint() public {
        // Out of the deposit into the balance: nothing native leaves, and still something does.
        bytes memory withdraw = abi.encodeWithSignature(
            "withdrawTo(address,uint256)", payable(address(account)), uint256(1 ether)
        );
        Bound memory less = Bound(DEPOSIT, address(entryPoint), 1 ether - 1, 0);
        _exceeds(address(entryPoint), withdraw, less, 1 ether);
        less.maxOut = 1 ether;
        _passes(address(entryPoint), withdraw, less);
    }

    function test_erc1155ById() public {
        bytes memory send7 =
            abi.encodeCall(coins.safeTransferFrom, (address(account), recipient, 7, 11, ""));
        _exceeds(address(coins), send7, Bound(ERC1155, address(coins), 10, 7), 11);
        _passes(address(coins), send7, Bound(ERC1155, address(coins), 11, 7));
        // Of another id nothing left.
        _passes(address(coins), send7, Bound(ERC1155, address(coins), 0, 8));
        assertEq(coins.balanceOf(recipient, 7), 22);
    }

    // ------------------------------------------------------------------ what others may take

    function test_anAllowanceByHowMuchItGrows() public {
        Bound memory bound_ = Bound(ALLOWANCE, address(token), 10, uint160(spender));
        bytes memory approve11 = abi.encodeCall(IERC20.approve, (spender, 11));
        _exceeds(address(token), approve11, bound_, 11);
        assertEq(token.allowance(address(account), spender), 0);
        _passes(address(token), abi.encodeCall(IERC20.approve, (spender, 10)), bound_);
        // From 10 to 20 it grows by ten again, to 21 by eleven; and it may always shrink.
        _exceeds(address(token), abi.encodeCall(IERC20.approve, (spender, 21)), bound_, 11);
        _passes(address(token), abi.encodeCall(IERC20.approve, (spender, 20)), bound_);
        bound_.maxOut = 0;
        _passes(address(token), abi.encodeCall(IERC20.approve, (spender, 0)), bound_);
        // Another spender is another bound.
        _passes(address(token), abi.encodeCall(IERC20.approve, (recipient, 1)), bound_);
    }

    function test_anAllowanceWithoutLimitNeedsTheBoundThatSaysSo() public {
        bytes memory all = abi.encodeCall(IERC20.approve, (spender, type(uint256).max));
        Bound memory bound_ =
            Bound(ALLOWANCE, address(token), type(uint128).max - 1, uint160(spender));
        _exceeds(address(token), all, bound_, type(uint256).max);
        bound_.maxOut = type(uint128).max;
        _passes(address(token), all, bound_);
        assertEq(token.allowance(address(account), spender), type(uint256).max);
    }

    function test_anOperatorOfEverything() public {
        Bound memory none = Bound(OPERATOR, address(cards), 0, uint160(spender));
        bytes memory grant = abi.encodeCall(IERC721.setApprovalForAll, (spender, true));
        bytes memory take = abi.encodeCall(IERC721.setApprovalForAll, (spender, false));
        _exceeds(address(cards), grant, none, 1);
        _passes(address(cards), take, none);
        Bound memory one_ = Bound(OPERATOR, address(cards), 1, uint160(spender));
        _passes(address(cards), grant, one_);
        assertTrue(cards.isApprovedForAll(address(account), spender));
        // Granted already, it does not grow.
        _passes(address(cards), grant, none);
        none.asset = address(coins);
        _exceeds(address(coins), grant, none, 1);
    }

    // ------------------------------------------------------------------ tokens with minds of their own

    function test_aFeeCountsAsWhatLeft() public {
        bytes memory transfer = abi.encodeCall(IERC20.transfer, (recipient, 100));
        _exceeds(address(feeToken), transfer, Bound(ERC20, address(feeToken), 109, 0), 110);
        _passes(address(feeToken), transfer, Bound(ERC20, address(feeToken), 110, 0));
    }

    function test_aBalanceThatShrinksByItselfCountsAsWhatLeft() public {
        bytes memory shrink = abi.encodeCall(rebasing.rebase, (90));
        _exceeds(address(rebasing), shrink, Bound(ERC20, address(rebasing), 99, 0), 100);
        _passes(address(rebasing), shrink, Bound(ERC20, address(rebasing), 100, 0));
        _passes(
            address(rebasing),
            abi.encodeCall(rebasing.rebase, (200)),
            Bound(ERC20, address(rebasing), 0, 0)
        );
    }

    // ------------------------------------------------------------------ lists

    function _whole() private view returns (Bound[] memory list) {
        list = new Bound[](8);
        list[1] = Bound(ERC20, address(token), 5, 0);
        list[2] = Bound(ERC721, address(cards), 1, 0);
        list[3] = Bound(DEPOSIT, address(entryPoint), 2, 0);
        list[4] = Bound(ERC1155, address(coins), 3, 7);
        list[5] = Bound(ERC1155, address(coins), 4, 8);
        list[6] = Bound(ALLOWANCE, address(token), 6, uint160(spender));
        list[7] = Bound(OPERATOR, address(cards), 1, uint160(spender));
    }

    function _everything(uint256 extra, uint256 which) private view returns (bytes memory) {
        uint256[8] memory more;
        more[which] = extra;
        Execution[] memory calls = new Execution[](8);
        calls[0] = Execution(recipient, more[0], "");
        calls[1] =
            Execution(address(token), 0, abi.encodeCall(IERC20.transfer, (recipient, 5 + more[1])));
        calls[2] = Execution(
            address(cards),
            0,
            abi.encodeCall(IERC721.transferFrom, (address(account), recipient, 1))
        );
        calls[3] = Execution(
            address(entryPoint),
            0,
            abi.encodeWithSignature("withdrawTo(address,uint256)", recipient, 2 + more[3])
        );
        calls[4] = Execution(
            address(coins),
            0,
            abi.encodeCall(
                coins.safeTransferFrom, (address(account), recipient, 7, 3 + more[4], "")
            )
        );
        calls[5] = Execution(
            address(coins),
            0,
            abi.encodeCall(
                coins.safeTransferFrom, (address(account), recipient, 8, 4 + more[5], "")
            )
        );
        calls[6] =
            Execution(address(token), 0, abi.encodeCall(IERC20.approve, (spender, 6 + more[6])));
        calls[7] = Execution(
            address(cards), 0, abi.encodeCall(IERC721.setApprovalForAll, (spender, true))
        );
        return executeBatch(calls);
    }

    /// @dev Eight bounds of every kind: each is measured by its own question and held to its own amount.
    function testFuzz_eachOfAWholeListIsHeld(uint8 which, uint8 by) public {
        which = uint8(bound(which, 0, 6));
        // Of the cards one more cannot go in this batch.
        if (which == 2) which = 0;
        uint256 extra = bound(by, 1, 100);
        Bound[] memory list = _whole();
        Bound memory held = list[which];
        sendReverting(
            _operation(_everything(extra, which), list),
            abi.encodeWithSelector(
                IWritErrors.BoundExceeded.selector,
                held.kind,
                held.asset,
                held.maxOut,
                held.maxOut + extra
            )
        );
        vm.recordLogs();
        send(_operation(_everything(0, which), list));
        _assertSucceeded();
        assertEq(coins.balanceOf(recipient, 8), 4);
        assertEq(token.allowance(address(account), spender), 6);
    }

    function test_historyHasWhatLeftAndWhatWasAllowed() public {
        Configuration memory c = configuration();
        c.readsHistory = true;
        account = newAccount(c);
        vm.expectEmit(address(module));
        emit IWritModule.Outflow(
            address(account), address(token), ALLOWANCE, 10, 0, uint48(block.timestamp), 0
        );
        send(
            _operation(
                executeCall(address(token), 0, abi.encodeCall(IERC20.approve, (spender, 10))),
                _list(Bound(ALLOWANCE, address(token), 10, uint160(spender)))
            )
        );
    }

    function _refused(Bound[] memory list, bytes memory reason) private {
        sendRefused(_operation(sendNative(1), list), reason);
    }

    function test_listsThatNobodyCanMean() public {
        bytes memory order = abi.encodePacked(IWritErrors.BoundsNotAscending.selector);
        // Nobody is the spender, and what is no address.
        _refused(_list(Bound(ALLOWANCE, address(token), 1, 0)), order);
        _refused(_list(Bound(ALLOWANCE, address(token), 1, uint256(1) << 160)), order);
        _refused(_list(Bound(OPERATOR, address(cards), 1, 0)), order);
        // More than all.
        _refused(_list(Bound(OPERATOR, address(cards), 2, uint160(spender))), order);
        // No asset.
        _refused(_list(Bound(ERC721, address(0), 1, 0)), order);
        _refused(_list(Bound(ERC1155, address(0), 1, 1)), order);
        _refused(
            _list(Bound(7, address(token), 1, 0)),
            abi.encodeWithSelector(IWritErrors.UnsupportedBoundKind.selector, 7)
        );
        // The same twice, and the wrong way round.
        Bound[] memory list = new Bound[](3);
        list[1] = Bound(ERC1155, address(coins), 1, 7);
        list[2] = Bound(ERC1155, address(coins), 1, 7);
        _refused(list, order);
        list[2].extra = 6;
        _refused(list, order);
        list[1] = Bound(ERC721, address(cards), 1, 0);
        list[2] = Bound(ERC20, address(token), 1, 0);
        _refused(list, order);
        // An id may be zero, being one.
        list[1] = Bound(ERC1155, address(coins), 1, 0);
        list[2] = Bound(ERC1155, address(coins), 1, 1);
        send(_operation(sendNative(0), list));
    }

    /// @dev Tokens that answer no question of the kind that is asked of them.
    function test_whatCannotBeReadIsRefused() public {
        Bound[4] memory wrong = [
            Bound(ERC1155, address(token), 1, 7),
            Bound(ALLOWANCE, address(cards), 1, uint160(spender)),
            Bound(OPERATOR, address(token), 1, uint160(spender)),
            Bound(DEPOSIT, spender, 1, 0)
        ];
        for (uint256 i = 0; i < 4; ++i) {
            sendReverting(
                _operation(sendNative(1), _list(wrong[i])),
                abi.encodeWithSelector(IWritErrors.BalanceUnreadable.selector, wrong[i].asset)
            );
        }
    }
}
