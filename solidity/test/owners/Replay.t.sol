// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Attestor} from "../utils/Attestor.sol";
import {EntryPoints, IEntryPointExtra} from "../utils/EntryPoints.sol";
import {Passkeys} from "../utils/Passkeys.sol";
import {IP256Validator, OwnersTest} from "./OwnersTest.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {Digests} from "writ/libraries/Digests.sol";

/// @title One passkey owns two accounts: what it signed for one is worth nothing for the other
/// @notice A validator sees a hash and no account. What ties a signature to an account is what the module gives as hash: the
/// userOpHash of the EntryPoint, and the EIP-712 digests of its settings.
/// forge-config: default.evm_version = "osaka"
contract ReplayTest is OwnersTest {
    IP256Validator internal validator;
    IEntryPointExtra[3] internal entryPoints;
    uint256 internal secret = Passkeys.key(1);
    address internal constant MODULE = address(0x3000);

    function setUp() public {
        validator = webAuthnOwner();
        entryPoints = [EntryPoints.deployV07(), EntryPoints.deployV08(), EntryPoints.deployV09()];
    }

    function test_anOperationsSignatureIsForOneAccountEntryPointAndChain(
        address account,
        address other,
        uint256 nonce,
        bytes memory callData
    ) public {
        vm.assume(account != other && account.code.length == 0 && other.code.length == 0);
        PackedUserOperation memory op;
        (op.sender, op.nonce, op.callData) = (account, nonce, callData);
        for (uint256 i = 0; i < 3; ++i) {
            bytes32 hash = entryPoints[i].getUserOpHash(op);
            bytes memory signature =
                Passkeys.encode(Passkeys.assertion(secret, RELYING_PARTY, hash));
            assertTrue(valid(hash, signature));
            op.sender = other;
            assertFalse(valid(entryPoints[i].getUserOpHash(op), signature));
            op.sender = account;
            op.nonce = nonce ^ 1;
            assertFalse(valid(entryPoints[i].getUserOpHash(op), signature));
            op.nonce = nonce;
            assertFalse(valid(entryPoints[(i + 1) % 3].getUserOpHash(op), signature));
            vm.chainId(block.chainid + 1);
            assertFalse(valid(entryPoints[i].getUserOpHash(op), signature));
            vm.chainId(block.chainid - 1);
        }
    }

    function test_aSettingsSignatureIsForOneAccountModuleAndChain(
        address account,
        address other,
        bytes32 configuration,
        uint64 nonce
    ) public view {
        vm.assume(account != other);
        uint256 chain = block.chainid;
        bytes32 setting = Digests.configure(account, configuration, nonce);
        bytes32 hash = Attestor.typed(MODULE, chain, setting);
        bytes memory signature = Passkeys.encode(Passkeys.assertion(secret, RELYING_PARTY, hash));
        assertTrue(valid(hash, signature));
        assertFalse(valid(Attestor.typed(address(this), chain, setting), signature));
        assertFalse(valid(Attestor.typed(MODULE, chain + 1, setting), signature));
        setting = Digests.configure(other, configuration, nonce);
        assertFalse(valid(Attestor.typed(MODULE, chain, setting), signature));
        setting = Digests.configure(account, configuration, uint256(nonce) + 1);
        assertFalse(valid(Attestor.typed(MODULE, chain, setting), signature));
        // Nor is one setting another one.
        setting = Digests.setting(Digests.ANNOUNCE_EXIT_TYPEHASH, account, nonce);
        assertFalse(valid(Attestor.typed(MODULE, chain, setting), signature));
    }

    function valid(bytes32 hash, bytes memory signature) internal view returns (bool) {
        return validator.validateSignatureWithData(hash, signature, webAuthnData(secret, true));
    }
}
