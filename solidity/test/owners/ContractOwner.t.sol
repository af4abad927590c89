// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {
    AnsweringOwner,
    BurningOwner,
    CodeKeyWallet,
    LongWindedOwner,
    StoredKeyWallet,
    WritingOwner
} from "../mocks/Owners.sol";
import {OwnersTest} from "./OwnersTest.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IWritOwnerErrors, IWritOwnerValidator} from "writ/interfaces/IWritOwnerValidator.sol";

/// @title Owners that are contracts
contract ContractOwnerTest is OwnersTest {
    uint256 internal constant KEY = 0xA11CE;
    bytes4 internal constant YES = IERC1271.isValidSignature.selector;
    bytes32 internal constant HASH = keccak256("operation");

    IWritOwnerValidator internal validator;
    address internal wallet;

    function setUp() public {
        validator = contractOwner();
        wallet = address(new CodeKeyWallet(vm.addr(KEY)));
    }

    // ------------------------------------------------------------------ real wallets

    function test_acceptsWhatTheWalletAcceptsAndNothingElse(bytes32 hash, bytes32 other)
        public
        view
    {
        vm.assume(hash != other);
        bytes memory signature = walletSignature(wallet, KEY, hash);
        assertTrue(valid(hash, signature, wallet));
        assertFalse(valid(other, signature, wallet));
        assertFalse(valid(hash, walletSignature(wallet, KEY + 1, hash), wallet));
        assertFalse(valid(hash, ecdsa(KEY, hash), wallet));
        assertFalse(valid(hash, "", wallet));
    }

    /// @dev The wallet's own domain is in what its key signs.
    function test_twoWalletsOfOneKeyDoNotAnswerForEachOther() public {
        address second = address(new CodeKeyWallet(vm.addr(KEY)));
        bytes memory signature = walletSignature(wallet, KEY, HASH);
        assertTrue(valid(HASH, signature, wallet));
        assertFalse(valid(HASH, signature, second));
    }

    /// @dev Right on the chain, and not in validation: it reads its own slot, which is not the account's (STO-021). What
    /// installs an owner traces the check for exactly this.
    function test_aWalletThatKeepsItsKeyInStorageReadsIt() public {
        address stored = address(new StoredKeyWallet(vm.addr(KEY)));
        bytes memory signature = walletSignature(stored, KEY, HASH);
        vm.startStateDiffRecording();
        assertTrue(valid(HASH, signature, stored));
        assertEq(storageAccesses(), 1);

        signature = walletSignature(wallet, KEY, HASH);
        vm.startStateDiffRecording();
        assertTrue(valid(HASH, signature, wallet));
        assertEq(storageAccesses(), 0);
    }

    // ------------------------------------------------------------------ hostile owners

    function test_takesExactlyTheStandardsAnswer() public {
        assertTrue(valid(HASH, "", answering(abi.encode(YES))));
    }

    function test_takesNoOtherAnswer(bytes32 answer) public {
        vm.assume(answer != bytes32(YES));
        assertFalse(valid(HASH, "", answering(abi.encode(answer))));
    }

    function test_takesNoAnswerThatIsTooShortTooLongOrDirty() public {
        assertFalse(valid(HASH, "", answering("")));
        assertFalse(valid(HASH, "", answering(abi.encodePacked(YES))));
        assertFalse(valid(HASH, "", answering(abi.encodePacked(YES, bytes27(0)))));
        assertFalse(valid(HASH, "", answering(abi.encode(YES, 0))));
        assertFalse(valid(HASH, "", answering(abi.encodePacked(YES, bytes27(0), bytes1(0x01)))));
        assertFalse(valid(HASH, "", answering(abi.encode(uint32(YES)))));
        assertFalse(valid(HASH, "", answering(abi.encode(true))));
        assertFalse(valid(HASH, "", address(new LongWindedOwner())));
    }

    /// @dev What the owner returns is not copied, whatever its length.
    function test_aLongAnswerCostsOnlyItsOwner() public {
        address owner = address(new LongWindedOwner());
        bytes memory data = abi.encodePacked(owner);
        validator.validateSignatureWithData(HASH, "", data);
        uint256 whole = vm.lastCallGas().gasTotalUsed;
        vm.prank(address(validator));
        (bool success,) = owner.staticcall(abi.encodeCall(IERC1271.isValidSignature, (HASH, "")));
        assertTrue(success);
        assertLt(whole, vm.lastCallGas().gasTotalUsed + 8000);
    }

    function test_aRefusalWithAReasonIsARefusal(bytes memory reason) public {
        vm.assume(reason.length != 0);
        assertFalse(valid(HASH, "", address(new AnsweringOwner(reason, true))));
        assertFalse(valid(HASH, "", address(new AnsweringOwner(abi.encode(YES), true))));
    }

    function test_aFailureWithoutAReasonReverts() public {
        address owner = address(new AnsweringOwner("", true));
        vm.expectRevert(abi.encodeWithSelector(IWritOwnerErrors.OwnerCallFailed.selector, owner));
        valid(HASH, "", owner);
    }

    function test_anOwnerThatBurnsItsGasReverts() public {
        address owner = address(new BurningOwner());
        vm.expectRevert(abi.encodeWithSelector(IWritOwnerErrors.OwnerCallFailed.selector, owner));
        this.within(1_000_000, HASH, "", owner);
    }

    /// @dev Else estimation, which sees no difference between false and a stub's false, would settle on too little gas.
    function test_tooLittleGasNeverLooksLikeARefusal() public view {
        bytes memory signature = walletSignature(wallet, KEY, HASH);
        uint256 refused;
        for (uint256 gas = 2000; gas < 40_000; gas += 97) {
            try this.within(gas, HASH, signature, wallet) returns (bool answer) {
                assertTrue(answer);
            } catch {
                ++refused;
            }
        }
        assertGt(refused, 10);
    }

    function test_anOwnerCanChangeNothingWhileItIsAsked() public {
        WritingOwner owner = new WritingOwner();
        assertEq(owner.isValidSignature(HASH, ""), YES);
        assertFalse(valid(HASH, "", address(owner)));
        assertEq(owner.asked(), 1);
    }

    function test_anAddressWithoutCodeSignsNothing(address nobody) public view {
        vm.assume(nobody.code.length == 0 && uint160(nobody) > 0x1000);
        assertFalse(valid(HASH, ecdsa(KEY, HASH), nobody));
        assertFalse(valid(HASH, "", nobody));
    }

    function test_refusesDataOfOtherLengths(uint256 length) public {
        bytes memory signature = walletSignature(wallet, KEY, HASH);
        bytes memory data = abi.encodePacked(wallet);
        length = bound(length, 0, 19);
        assertFalse(validator.validateSignatureWithData(HASH, signature, cut(data, length)));
        vm.expectRevert(abi.encodeWithSelector(IWritOwnerErrors.OwnerDataLength.selector, length));
        validator.checkData(cut(data, length));
        data = bytes.concat(data, hex"00");
        assertFalse(validator.validateSignatureWithData(HASH, signature, data));
        vm.expectRevert(abi.encodeWithSelector(IWritOwnerErrors.OwnerDataLength.selector, 21));
        validator.checkData(data);
    }

    // ------------------------------------------------------------------ data

    function test_checkDataNamesTheOwner() public view {
        assertEq(check(wallet), bytes32(uint256(uint160(wallet))));
    }

    function test_checkDataTakesOwnersThatRefuseOrFail() public {
        check(answering(abi.encode(bytes4(0xffffffff))));
        check(address(new AnsweringOwner("", true)));
    }

    function test_checkDataDoesNotBurnWithTheOwner() public {
        check(address(new BurningOwner()));
        assertLt(vm.lastCallGas().gasTotalUsed, 150_000);
    }

    function test_checkDataRefusesByName() public {
        address nobody = makeAddr("nobody");
        vm.expectRevert(abi.encodeWithSelector(IWritOwnerErrors.OwnerWithoutCode.selector, nobody));
        check(nobody);

        address delegated = makeAddr("delegated");
        vm.etch(delegated, abi.encodePacked(hex"ef0100", wallet));
        vm.expectRevert(abi.encodeWithSelector(IWritOwnerErrors.OwnerDelegated.selector, delegated));
        check(delegated);

        address open = answering(abi.encode(YES));
        vm.expectRevert(
            abi.encodeWithSelector(IWritOwnerErrors.OwnerAcceptsAnything.selector, open)
        );
        check(open);
        open = address(new LongWindedOwner());
        vm.expectRevert(
            abi.encodeWithSelector(IWritOwnerErrors.OwnerAcceptsAnything.selector, open)
        );
        check(open);
    }

    // ------------------------------------------------------------------ helpers

    function within(uint256 gas, bytes32 hash, bytes memory signature, address owner)
        external
        view
        returns (bool)
    {
        return
            validator.validateSignatureWithData{gas: gas}(hash, signature, abi.encodePacked(owner));
    }

    function answering(bytes memory answer) internal returns (address) {
        return address(new AnsweringOwner(answer, false));
    }

    function check(address owner) internal view returns (bytes32) {
        return validator.checkData(abi.encodePacked(owner));
    }

    function valid(bytes32 hash, bytes memory signature, address owner)
        internal
        view
        returns (bool)
    {
        return validator.validateSignatureWithData(hash, signature, abi.encodePacked(owner));
    }
}
