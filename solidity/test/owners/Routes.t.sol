// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Passkeys} from "../utils/Passkeys.sol";
import {IP256Validator, OwnersTest} from "./OwnersTest.sol";

/// @title The route of P-256 is found out once, when the validator is deployed
contract RoutesTest is OwnersTest {
    /// @dev Answers 1, which also the true precompile says of the valid question.
    bytes internal constant ALWAYS_YES = hex"600160005260206000f3";

    function test_aChainWithoutThePrecompileGetsTheLibrary() public {
        assertFalse(p256Owner().PRECOMPILED());
        assertFalse(webAuthnOwner().PRECOMPILED());
    }

    function test_whoeverSaysYesToEverythingIsNotAsked() public {
        vm.etch(PRECOMPILE, ALWAYS_YES);
        IP256Validator validator = p256Owner();
        assertFalse(validator.PRECOMPILED());
        bytes memory data = p256Data(Passkeys.key(1), false);
        assertFalse(
            validator.validateSignatureWithData("a", Passkeys.sign(Passkeys.key(1), "b"), data)
        );
        assertTrue(
            validator.validateSignatureWithData("a", Passkeys.sign(Passkeys.key(1), "a"), data)
        );
    }

    function test_otherCodeAtThePrecompilesAddressIsNotTakenForIt() public {
        bytes[6] memory codes = [
            bytes(hex"60006000fd"), // reverts
            hex"fe", // burns all gas
            hex"60206000f3", // answers 0
            hex"600260005260206000f3", // answers 2
            hex"600160005260406000f3", // answers 1 and one word more
            hex"00" // answers nothing
        ];
        for (uint256 i = 0; i < codes.length; ++i) {
            vm.etch(PRECOMPILE, codes[i]);
            assertFalse(p256Owner().PRECOMPILED());
        }
    }

    /// @dev Code that tells the two questions apart, and answers the valid one rightly, with 2, and with a word too many.
    function test_onlyTheExactAnswerIsThePrecompiles() public {
        vm.etch(PRECOMPILE, hex"5f3560f81c60bb145f5260205ff3");
        assertTrue(p256Owner().PRECOMPILED());
        vm.etch(PRECOMPILE, hex"5f3560f81c60bb1460011b5f5260205ff3");
        assertFalse(p256Owner().PRECOMPILED());
        vm.etch(PRECOMPILE, hex"5f3560f81c60bb145f5260405ff3");
        assertFalse(p256Owner().PRECOMPILED());
    }

    function test_whoeverBurnsAllGasThereDoesNotStopTheDeployment() public {
        vm.etch(PRECOMPILE, hex"fe");
        bytes memory code = vm.getCode("P256Owner.sol:P256Owner");
        assertFalse(IP256Validator(this.deploy{gas: 3_000_000}(code)).PRECOMPILED());
    }

    function deploy(bytes memory code) external returns (address deployed) {
        assembly ("memory-safe") {
            deployed := create(0, add(code, 32), mload(code))
        }
        require(deployed != address(0), "not deployed");
    }

    function test_theLibrarysRouteNeverCallsThePrecompilesAddress() public {
        IP256Validator plain = p256Owner();
        IP256Validator passkey = webAuthnOwner();
        // Whoever calls it reverts from now on.
        vm.etch(PRECOMPILE, hex"fe");
        vm.expectCall(PRECOMPILE, "", 0);
        uint256 key = Passkeys.key(1);
        bytes memory data = p256Data(key, false);
        assertTrue(plain.validateSignatureWithData("a", Passkeys.sign(key, "a"), data));
        assertFalse(plain.validateSignatureWithData("b", Passkeys.sign(key, "a"), data));
        bytes memory signature = Passkeys.encode(Passkeys.assertion(key, RELYING_PARTY, "a"));
        data = webAuthnData(key, true);
        assertTrue(passkey.validateSignatureWithData("a", signature, data));
        assertFalse(passkey.validateSignatureWithData("b", signature, data));
    }

    /// @dev The creation code is all that CREATE2 looks at, and it has no argument.
    function test_theAddressIsTheSameOnEitherRoute() public {
        bytes memory code = vm.getCode("P256Owner.sol:P256Owner");
        address expected = vm.computeCreate2Address(0, keccak256(code), address(this));
        address deployed;
        assembly ("memory-safe") {
            deployed := create2(0, add(code, 32), mload(code), 0)
        }
        assertEq(deployed, expected);
    }
}

/// forge-config: default.evm_version = "osaka"
contract BothRoutesTest is OwnersTest {
    IP256Validator internal byPrecompile;
    IP256Validator internal byLibrary;

    function setUp() public {
        byPrecompile = p256Owner();
        assertTrue(byPrecompile.PRECOMPILED());
        hidePrecompile();
        byLibrary = p256Owner();
        vm.clearMockedCalls();
        assertFalse(byLibrary.PRECOMPILED());
    }

    function test_theRouteStaysWhenThePrecompileComesLater() public view {
        bytes memory signature = Passkeys.sign(Passkeys.key(1), "a");
        assertTrue(agree("a", signature, p256Data(Passkeys.key(1), false)));
        assertFalse(byLibrary.PRECOMPILED());
    }

    function test_bothRoutesAgreeOnSignatures(uint256 seed, bytes32 hash, uint256 bit) public view {
        uint256 key = Passkeys.key(seed);
        bytes memory data = p256Data(key, false);
        bytes memory signature = Passkeys.sign(key, hash);
        assertTrue(agree(hash, signature, data));
        assertFalse(agree(hash, flip(signature, bit), data));
        assertFalse(agree(hash, signature, flip(data, bit)));
        assertFalse(agree(~hash, signature, data));
    }

    function test_bothRoutesAgreeOnNoise(bytes32 hash, bytes32 r, bytes32 s, uint256 seed)
        public
        view
    {
        (r, s) = (bytes32(uint256(r) % 5), bytes32(uint256(s) % 5));
        agree(hash, abi.encode(r, s), p256Data(Passkeys.key(seed), false));
    }

    /// @dev Keys so small or so great that the library's table of multiples meets equal and opposite points; hashes of 0 and
    /// of the order, where one of the two factors vanishes.
    function test_bothRoutesAgreeWhereAdditionIsSpecial() public view {
        bytes32[4] memory hashes =
            [bytes32(0), bytes32(uint256(1)), bytes32(Passkeys.ORDER), bytes32(type(uint256).max)];
        for (uint256 k = 1; k < 9; ++k) {
            for (uint256 h = 0; h < hashes.length; ++h) {
                uint256[2] memory keys = [k, Passkeys.ORDER - k];
                for (uint256 i = 0; i < 2; ++i) {
                    bytes memory data = p256Data(keys[i], false);
                    assertTrue(agree(hashes[h], Passkeys.sign(keys[i], hashes[h]), data));
                    assertFalse(
                        agree(
                            hashes[h] ^ bytes32(uint256(2)), Passkeys.sign(keys[i], hashes[h]), data
                        )
                    );
                }
            }
        }
    }

    /// @dev Signatures whose check ends at infinity: with `hash = -r·key`, `u1·G + u2·Q` is nothing, whatever `s`.
    function test_neitherRouteTakesInfinityForAPoint(uint256 seed, uint256 r, uint256 s)
        public
        view
    {
        uint256 key = Passkeys.key(seed);
        r = bound(r, 1, Passkeys.ORDER - 1);
        s = bound(s, 1, Passkeys.ORDER / 2);
        bytes32 hash = bytes32(Passkeys.ORDER - mulmod(r, key, Passkeys.ORDER));
        assertFalse(agree(hash, abi.encode(r, s), p256Data(key, false)));
    }

    /// @dev Too little gas for the question would end in the library's route, at the address that everybody knows; then too
    /// little is left for the deployment.
    function test_whoeverDeploysCannotChooseTheRouteByGas() public {
        bytes memory code = vm.getCode("P256Owner.sol:P256Owner");
        uint256 low = 21_000;
        uint256 high = 10_000_000;
        assertTrue(deployedWith(code, high));
        while (high - low > 1) {
            uint256 middle = (low + high) / 2;
            if (deployedWith(code, middle)) high = middle;
            else low = middle;
        }
        // The least gas that deploys at all.
        assertTrue(deployedWith(code, high));
        assertGt(high, 500_000);
        for (uint256 gas = 21_000; gas < high; gas = gas * 21 / 20) {
            assertFalse(deployedWith(code, gas));
        }
    }

    /// @dev Whether it deploys; fails if it deploys with the other route.
    function deployedWith(bytes memory code, uint256 gas) internal returns (bool success) {
        bytes memory result;
        (success, result) = address(this).call{gas: gas}(abi.encodeCall(this.deploy, (code)));
        if (success) assertTrue(IP256Validator(abi.decode(result, (address))).PRECOMPILED());
    }

    function deploy(bytes memory code) external returns (address deployed) {
        assembly ("memory-safe") {
            deployed := create(0, add(code, 32), mload(code))
        }
        require(deployed != address(0), "not deployed");
    }

    function agree(bytes32 hash, bytes memory signature, bytes memory data)
        internal
        view
        returns (bool valid)
    {
        valid = byPrecompile.validateSignatureWithData(hash, signature, data);
        assertEq(byLibrary.validateSignatureWithData(hash, signature, data), valid);
    }
}
