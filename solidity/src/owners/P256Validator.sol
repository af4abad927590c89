// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {StatelessValidator} from "./StatelessValidator.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";

/// @title Verification over P-256, by one route that is fixed when the contract is deployed
/// @notice The precompile of EIP-7951 and RIP-7212 where the chain has it, library code where not. Validation may not find
/// that out by calling: ERC-7562 forbids to call an address without code (OP-041, OP-062), and a route that changed between
/// estimation and inclusion would change the cost tenfold. On a chain that gains the precompile later, deploy again with
/// another salt.
abstract contract P256Validator is StatelessValidator {
    address private constant PRECOMPILE = address(0x100);
    /// @dev Gas for one question to the precompile, which costs 3,450 or 6,900. Whoever deploys with too little for it cannot
    /// choose the other route thereby: writing this code costs more than a hundred times as much.
    uint256 private constant QUESTION_GAS = 50_000;

    /// @notice Whether the precompile verifies here; library code does where not.
    bool public immutable PRECOMPILED;

    constructor() {
        PRECOMPILED = _verifies(true) && !_verifies(false);
    }

    /// @dev Whether `(r, s)` is this key's signature of `hash`. False for what is malleable (`s` in the upper half), out of
    /// range, or for a key that is no point of the curve.
    function _verify(bytes32 hash, bytes32 r, bytes32 s, bytes32 x, bytes32 y)
        internal
        view
        returns (bool)
    {
        return PRECOMPILED
            ? P256.verifyNative(hash, r, s, x, y)
            : P256.verifySolidity(hash, r, s, x, y);
    }

    /// @dev Refuses keys that can sign nothing, and names the others.
    function _checkKey(bytes32 x, bytes32 y) internal pure returns (bytes32 key) {
        if (!P256.isValidPublicKey(x, y)) revert InvalidPublicKey(x, y);
        key = keccak256(abi.encode(x, y));
    }

    /// @dev Asks the precompile about a signature that is valid, or about the same one over another hash. The valid one is
    /// Wycheproof's, of "123400" (ecdsa_secp256r1_sha256_p1363, small r and s): few wrong implementations accept it.
    function _verifies(bool valid) private view returns (bool) {
        bytes32 hash = 0xbb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023;
        (bool success, bytes memory answer) = PRECOMPILE.staticcall{gas: QUESTION_GAS}(
            abi.encode(
                valid ? hash : ~hash,
                uint256(5),
                uint256(1),
                0xa71af64de5126a4a4e02b7922d66ce9415ce88a4c9d25514d91082c8725ac957,
                0x5d47723c8fbe580bb369fec9c2665d8e30a435b9932645482e7c9f11e872296b
            )
        );
        return success && answer.length == 32 && bytes32(answer) == bytes32(uint256(1));
    }
}
