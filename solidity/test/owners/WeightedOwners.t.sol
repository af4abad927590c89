// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {AnsweringOwner, CodeKeyWallet} from "../mocks/Owners.sol";
import {ListedOwner, OwnerLists} from "../utils/OwnerLists.sol";
import {Passkeys} from "../utils/Passkeys.sol";
import {OwnersTest} from "./OwnersTest.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IWritOwnerErrors, IWritOwnerValidator} from "writ/interfaces/IWritOwnerValidator.sol";

/// @title Several owners with weights, of whom enough must sign
contract WeightedOwnersTest is OwnersTest {
    IWritOwnerValidator internal validator;
    bytes32 internal constant HASH = keccak256("operation");
    uint256 internal constant MOST = 16;

    /// @dev The keys by address, so that they are found again after sorting.
    mapping(bytes32 id => uint256) internal keys;

    function setUp() public {
        validator = weightedOwners();
    }

    // ------------------------------------------------------------------ the law

    /// @dev Signed by any selection of any list: exactly those whose weights reach the threshold are enough.
    function test_enoughIsWhatReachesTheThreshold(
        uint256 count,
        uint256 selection,
        uint16[16] memory weights,
        uint256 threshold
    ) public {
        ListedOwner[] memory owners = ecdsaOwners(bound(count, 1, MOST));
        uint256 sum;
        uint256 given;
        for (uint256 i = 0; i < owners.length; ++i) {
            owners[i].weight = uint16(bound(weights[i], 1, 200));
            sum += owners[i].weight;
            if (selected(selection, i)) given += owners[i].weight;
        }
        // Half of the time at the edge.
        threshold =
            threshold % 2 == 0 ? bound(threshold, 1, sum) : bound(given + threshold % 3, 1, sum);
        bytes memory data = OwnerLists.encode(uint16(threshold), owners);
        validator.checkData(data);
        assertEq(valid(sign(owners, selection, HASH), data), given >= threshold);
    }

    /// @dev One wrong signature takes all with it, also where the others are enough.
    function test_everySignatureThatIsGivenMustBeRight(uint256 wrong, uint256 bit) public {
        ListedOwner[] memory owners = ecdsaOwners(5);
        bytes memory data = OwnerLists.encode(2, owners);
        assertTrue(valid(sign(owners, 0x1f, HASH), data));
        wrong = bound(wrong, 0, 4);
        bytes memory signatures;
        for (uint256 i = 0; i < 5; ++i) {
            bytes memory signature = ecdsa(keyOf(owners[i]), HASH);
            if (i == wrong) signature = flip(signature, bit);
            signatures = bytes.concat(signatures, OwnerLists.one(i, signature));
        }
        assertFalse(valid(signatures, data));
    }

    function test_signsThisHashOnly(bytes32 other) public {
        vm.assume(other != HASH);
        ListedOwner[] memory owners = ecdsaOwners(3);
        bytes memory data = OwnerLists.encode(2, owners);
        bytes memory signature = sign(owners, 0x6, HASH);
        assertTrue(valid(signature, data));
        assertFalse(validator.validateSignatureWithData(other, signature, data));
    }

    function test_ecdsaKeysSignTheHashOrItsMessage() public {
        ListedOwner[] memory owners = ecdsaOwners(1);
        bytes32 message = MessageHashUtils.toEthSignedMessageHash(HASH);
        bytes memory data = OwnerLists.encode(1, owners);
        assertTrue(valid(sign(owners, 1, message), data));
        assertFalse(valid(sign(owners, 1, MessageHashUtils.toEthSignedMessageHash(message)), data));
    }

    // ------------------------------------------------------------------ nobody counts twice

    function test_noOwnerSignsTwice() public {
        ListedOwner[] memory owners = ecdsaOwners(3);
        bytes memory data = OwnerLists.encode(2, owners);
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory one = OwnerLists.one(i, ecdsa(keyOf(owners[i]), HASH));
            assertFalse(valid(one, data));
            assertFalse(valid(bytes.concat(one, one), data));
        }
    }

    function test_noOwnerSignsForAnotherIndex() public {
        ListedOwner[] memory owners = ecdsaOwners(3);
        bytes memory data = OwnerLists.encode(2, owners);
        bytes memory signature = ecdsa(keyOf(owners[0]), HASH);
        assertFalse(
            valid(bytes.concat(OwnerLists.one(0, signature), OwnerLists.one(1, signature)), data)
        );
        assertFalse(
            valid(bytes.concat(OwnerLists.one(0, signature), OwnerLists.one(3, signature)), data)
        );
        assertFalse(
            valid(bytes.concat(OwnerLists.one(0, signature), OwnerLists.one(255, signature)), data)
        );
    }

    function test_aSignatureUnderAnotherOwnersIndexIsNone() public {
        ListedOwner[] memory owners = ecdsaOwners(3);
        bytes memory data = OwnerLists.encode(2, owners);
        bytes memory first = ecdsa(keyOf(owners[0]), HASH);
        bytes memory second = ecdsa(keyOf(owners[1]), HASH);
        assertTrue(valid(bytes.concat(OwnerLists.one(0, first), OwnerLists.one(1, second)), data));
        assertFalse(valid(bytes.concat(OwnerLists.one(0, first), OwnerLists.one(0, second)), data));
        assertFalse(valid(bytes.concat(OwnerLists.one(0, first), OwnerLists.one(2, second)), data));
    }

    function test_signaturesAscendStrictly() public {
        ListedOwner[] memory owners = ecdsaOwners(4);
        bytes memory data = OwnerLists.encode(2, owners);
        bytes memory a = OwnerLists.one(1, ecdsa(keyOf(owners[1]), HASH));
        bytes memory b = OwnerLists.one(2, ecdsa(keyOf(owners[2]), HASH));
        assertTrue(valid(bytes.concat(a, b), data));
        assertFalse(valid(bytes.concat(b, a), data));
        assertFalse(valid(bytes.concat(a, b, a), data));
        assertFalse(valid(bytes.concat(a, b, b), data));
    }

    function test_aListThatRepeatsAnOwnerIsNone(uint256 which) public {
        ListedOwner[] memory owners = ecdsaOwners(4);
        which = bound(which, 0, 2);
        owners[which + 1] = owners[which];
        bytes memory data = OwnerLists.encode(2, owners);
        assertFalse(valid(sign(owners, 0xf, HASH), data));
        assertFalse(valid(sign(owners, 3 << which, HASH), data));
        // Another weight does not make it another owner.
        owners[which + 1] = ListedOwner(7, address(0), owners[which].data);
        data = OwnerLists.encode(2, owners);
        assertFalse(valid(sign(owners, 0xf, HASH), data));
        refuses(
            data, abi.encodeWithSelector(IWritOwnerErrors.OwnersNotAscending.selector, which + 1)
        );
    }

    function test_aListOutOfOrderIsNone(uint256 which) public {
        ListedOwner[] memory owners = ecdsaOwners(4);
        which = bound(which, 0, 2);
        (owners[which], owners[which + 1]) = (owners[which + 1], owners[which]);
        bytes memory data = OwnerLists.encode(2, owners);
        assertFalse(valid(sign(owners, 0xf, HASH), data));
        refuses(
            data, abi.encodeWithSelector(IWritOwnerErrors.OwnersNotAscending.selector, which + 1)
        );
    }

    /// @dev The same passkey twice, once with and once without user verification, or as a bare key.
    function test_checkDataRefusesOneKeyInDifferentClothes() public {
        address passkeys = address(webAuthnOwner());
        address bare = address(p256Owner());
        uint256 secret = Passkeys.key(1);
        ListedOwner[3] memory clothes = [
            ListedOwner(1, passkeys, webAuthnData(secret, true)),
            ListedOwner(1, passkeys, webAuthnData(secret, false)),
            ListedOwner(1, bare, p256Data(secret, false))
        ];
        for (uint256 i = 0; i < 3; ++i) {
            ListedOwner[] memory owners = new ListedOwner[](2);
            (owners[0], owners[1]) = (clothes[i], clothes[(i + 1) % 3]);
            OwnerLists.sort(owners);
            refuses(
                OwnerLists.encode(2, owners),
                abi.encodeWithSelector(IWritOwnerErrors.SameKey.selector, 0, 1)
            );
            owners[1] = ListedOwner(1, bare, p256Data(Passkeys.key(2), false));
            OwnerLists.sort(owners);
            validator.checkData(OwnerLists.encode(2, owners));
        }
    }

    // ------------------------------------------------------------------ one encoding

    function test_refusesThresholdsThatNobodyOrEverybodyMeets() public {
        ListedOwner[] memory owners = ecdsaOwners(3);
        bytes memory data = OwnerLists.encode(0, owners);
        assertFalse(valid("", data));
        assertFalse(valid(sign(owners, 7, HASH), data));
        refuses(data, abi.encodeWithSelector(IWritOwnerErrors.InvalidThreshold.selector, 0, 3));
        data = OwnerLists.encode(4, owners);
        assertFalse(valid(sign(owners, 7, HASH), data));
        refuses(data, abi.encodeWithSelector(IWritOwnerErrors.InvalidThreshold.selector, 4, 3));
    }

    function test_refusesOwnersWithoutWeight(uint256 which) public {
        ListedOwner[] memory owners = ecdsaOwners(3);
        which = bound(which, 0, 2);
        owners[which].weight = 0;
        bytes memory data = OwnerLists.encode(1, owners);
        assertFalse(valid(sign(owners, 7, HASH), data));
        assertFalse(valid(sign(owners, 7 - (1 << which), HASH), data));
        refuses(data, abi.encodeWithSelector(IWritOwnerErrors.WeightZero.selector, which));
    }

    function test_refusesEmptyListsAndLongOnes() public {
        ListedOwner[] memory owners = ecdsaOwners(17);
        bytes memory data = OwnerLists.encode(1, owners);
        assertFalse(valid(sign(owners, 1, HASH), data));
        refuses(data, abi.encodeWithSelector(IWritOwnerErrors.OwnerCount.selector, 17, 16));

        assertFalse(valid("", hex"0000"));
        assertFalse(valid("", hex"0001"));
        refuses(hex"0001", abi.encodeWithSelector(IWritOwnerErrors.OwnerCount.selector, 0, 16));
    }

    function test_refusesDataThatEndsEarlyOrLate(uint256 length, bytes memory more) public {
        ListedOwner[] memory owners = ecdsaOwners(3);
        bytes memory data = OwnerLists.encode(1, owners);
        bytes memory signature = sign(owners, 1, HASH);
        assertTrue(valid(signature, data));
        // Whole owners fewer are a list, and one that the first owner suffices for.
        length = bound(length, 0, data.length - 1);
        bool shorter = length > 2 && (length - 2) % 44 == 0;
        assertEq(valid(signature, cut(data, length)), shorter);
        if (length % 44 != 2) {
            refuses(
                cut(data, length),
                abi.encodeWithSelector(IWritOwnerErrors.OwnerDataLength.selector, length)
            );
        }
        vm.assume(more.length != 0 && more.length < 24);
        data = bytes.concat(data, more);
        assertFalse(valid(signature, data));
        refuses(
            data, abi.encodeWithSelector(IWritOwnerErrors.OwnerDataLength.selector, data.length)
        );
    }

    function test_refusesSignaturesThatEndEarlyOrLate(uint256 length, bytes memory more) public {
        ListedOwner[] memory owners = ecdsaOwners(3);
        bytes memory data = OwnerLists.encode(2, owners);
        bytes memory signature = sign(owners, 6, HASH);
        assertTrue(valid(signature, data));
        assertFalse(valid(cut(signature, bound(length, 0, signature.length - 1)), data));
        vm.assume(more.length != 0);
        assertFalse(valid(bytes.concat(signature, more), data));
    }

    function test_noBitOfTheSignaturesIsIdle(uint256 bit) public {
        ListedOwner[] memory owners = ecdsaOwners(4);
        bytes memory data = OwnerLists.encode(3, owners);
        bytes memory signature = sign(owners, 0xd, HASH);
        assertTrue(valid(signature, data));
        assertFalse(valid(flip(signature, bit), data));
    }

    function test_neverTakesNoise(bytes32 hash, bytes memory signature, bytes memory data)
        public
        view
    {
        assertFalse(validator.validateSignatureWithData(hash, signature, data));
    }

    // ------------------------------------------------------------------ owners of other kinds

    function test_keysPasskeysAndContractsSignTogether(uint256 selection, uint256 wrong) public {
        (ListedOwner[] memory owners, bytes[] memory signatures) = mixed();
        bytes memory data = OwnerLists.encode(5, owners);
        validator.checkData(data);
        uint256 given;
        bytes memory signature;
        bool spoilt;
        wrong = wrong % 8;
        for (uint256 i = 0; i < owners.length; ++i) {
            if (!selected(selection, i)) continue;
            given += owners[i].weight;
            bytes memory one = signatures[i];
            if (i == wrong) {
                one = flip(one, 3);
                spoilt = true;
            }
            signature = bytes.concat(signature, OwnerLists.one(i, one));
        }
        assertEq(valid(signature, data), given >= 5 && !spoilt);
    }

    function test_aListMayNotHoldItself() public {
        ListedOwner[] memory inner = ecdsaOwners(2);
        ListedOwner[] memory owners = new ListedOwner[](1);
        owners[0] = ListedOwner(1, address(validator), OwnerLists.encode(1, inner));
        refuses(
            OwnerLists.encode(1, owners),
            abi.encodeWithSelector(IWritOwnerErrors.NestedList.selector, 0)
        );
        bytes memory signature = OwnerLists.one(0, sign(inner, 1, HASH));
        assertTrue(valid(sign(inner, 1, HASH), owners[0].data));
        assertFalse(valid(signature, OwnerLists.encode(1, owners)));
    }

    function test_checkDataRefusesKeysThatCannotSign() public {
        ListedOwner[] memory owners = new ListedOwner[](1);
        owners[0] = ListedOwner(1, address(0), abi.encodePacked(address(0)));
        bytes memory refusal = abi.encodeWithSelector(IWritOwnerErrors.InvalidKey.selector, 0);
        refuses(OwnerLists.encode(1, owners), refusal);
        assertFalse(valid(OwnerLists.one(0, new bytes(65)), OwnerLists.encode(1, owners)));
        owners[0].data = abi.encodePacked(uint8(1), vm.addr(1));
        refuses(OwnerLists.encode(1, owners), refusal);
        assertFalse(valid(OwnerLists.one(0, ecdsa(1, HASH)), OwnerLists.encode(1, owners)));
        owners[0].data = abi.encodePacked(vm.addr(1), uint8(1));
        refuses(OwnerLists.encode(1, owners), refusal);
        assertFalse(valid(OwnerLists.one(0, ecdsa(1, HASH)), OwnerLists.encode(1, owners)));
        owners[0].data = "";
        refuses(OwnerLists.encode(1, owners), refusal);
        assertFalse(valid(OwnerLists.one(0, ""), OwnerLists.encode(1, owners)));
    }

    function test_checkDataAsksTheValidators() public {
        ListedOwner[] memory owners = new ListedOwner[](1);
        address nobody = makeAddr("nobody");
        owners[0] = ListedOwner(1, nobody, "data");
        bytes memory refusal =
            abi.encodeWithSelector(IWritOwnerErrors.NotAStatelessValidator.selector, nobody);
        refuses(OwnerLists.encode(1, owners), refusal);

        owners[0] = ListedOwner(1, address(webAuthnOwner()), "data");
        refuses(
            OwnerLists.encode(1, owners),
            abi.encodeWithSelector(IWritOwnerErrors.OwnerDataLength.selector, 4)
        );
    }

    function test_aValidatorThatRevertsTakesAllWithIt() public {
        ListedOwner[] memory owners = ecdsaOwners(2);
        owners[1] = ListedOwner(1, address(new AnsweringOwner("reason", true)), "");
        OwnerLists.sort(owners);
        bytes memory data = OwnerLists.encode(1, owners);
        bytes memory both;
        for (uint256 i = 0; i < 2; ++i) {
            bool plain = owners[i].validator == address(0);
            bytes memory one =
                OwnerLists.one(i, plain ? ecdsa(keyOf(owners[i]), HASH) : bytes("any"));
            both = bytes.concat(both, one);
            if (plain) assertTrue(valid(one, data));
        }
        vm.expectRevert("reason");
        valid(both, data);
    }

    function test_touchesNoStorage() public {
        (ListedOwner[] memory owners, bytes[] memory signatures) = mixed();
        bytes memory signature;
        for (uint256 i = 0; i < owners.length; ++i) {
            signature = bytes.concat(signature, OwnerLists.one(i, signatures[i]));
        }
        vm.startStateDiffRecording();
        assertTrue(valid(signature, OwnerLists.encode(5, owners)));
        assertEq(storageAccesses(), 0);
    }

    // ------------------------------------------------------------------ helpers

    /// @dev One owner of each kind, in order, with their signatures.
    function mixed() internal returns (ListedOwner[] memory owners, bytes[] memory signatures) {
        address wallet = address(new CodeKeyWallet(vm.addr(9)));
        owners = new ListedOwner[](4);
        owners[0] = ListedOwner(1, address(0), abi.encodePacked(vm.addr(8)));
        owners[1] = ListedOwner(2, address(webAuthnOwner()), webAuthnData(Passkeys.key(1), true));
        owners[2] = ListedOwner(3, address(p256Owner()), p256Data(Passkeys.key(2), false));
        owners[3] = ListedOwner(4, address(contractOwner()), abi.encodePacked(wallet));
        OwnerLists.sort(owners);
        signatures = new bytes[](4);
        for (uint256 i = 0; i < 4; ++i) {
            uint256 kind = owners[i].weight;
            if (kind == 1) signatures[i] = ecdsa(8, HASH);
            if (kind == 2) {
                signatures[i] =
                    Passkeys.encode(Passkeys.assertion(Passkeys.key(1), RELYING_PARTY, HASH));
            }
            if (kind == 3) signatures[i] = Passkeys.sign(Passkeys.key(2), HASH);
            if (kind == 4) signatures[i] = walletSignature(wallet, 9, HASH);
        }
    }

    /// @dev So many ECDSA keys of weight 1, in order.
    function ecdsaOwners(uint256 count) internal returns (ListedOwner[] memory owners) {
        owners = new ListedOwner[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 key = 1000 + i;
            owners[i] = ListedOwner(1, address(0), abi.encodePacked(vm.addr(key)));
            keys[keccak256(owners[i].data)] = key;
        }
        OwnerLists.sort(owners);
    }

    function keyOf(ListedOwner memory owner) internal view returns (uint256) {
        return keys[keccak256(owner.data)];
    }

    function selected(uint256 selection, uint256 index) internal pure returns (bool) {
        return (selection >> index) & 1 == 1;
    }

    function sign(ListedOwner[] memory owners, uint256 selection, bytes32 hash)
        internal
        view
        returns (bytes memory signature)
    {
        for (uint256 i = 0; i < owners.length; ++i) {
            if (!selected(selection, i)) continue;
            signature = bytes.concat(signature, OwnerLists.one(i, ecdsa(keyOf(owners[i]), hash)));
        }
    }

    function valid(bytes memory signature, bytes memory data) internal view returns (bool) {
        return validator.validateSignatureWithData(HASH, signature, data);
    }

    function refuses(bytes memory data, bytes memory refusal) internal {
        vm.expectRevert(refusal);
        validator.checkData(data);
    }
}
