// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Decoded} from "./VectorHarness.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    IERC7579Hook,
    IERC7579Validator
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {Arguments} from "writ/libraries/Arguments.sol";
import {Attested} from "writ/libraries/Attested.sol";
import {Operations} from "writ/libraries/Operations.sol";
import {Suffix} from "writ/libraries/Suffix.sol";

/// @notice The module's decoders, over memory that is full of rubbish.
contract ModuleDecoder {
    modifier rubbish() {
        assembly ("memory-safe") {
            let free := mload(0x40)
            for { let i := 0 } lt(i, 0x800) { i := add(i, 0x20) } {
                mstore(add(free, i), not(0))
            }
        }
        _;
    }

    function decode(bytes calldata body)
        external
        pure
        rubbish
        returns (Decoded memory decoded, bytes memory bounds, bytes memory signatures)
    {
        Attested attested;
        (attested, bounds, signatures) = Suffix.decode(body);
        attested.hash(0, 0, 0);
        assembly {
            decoded := attested
        }
        decoded.typeHash = 0;
    }

    function fields(PackedUserOperation calldata op)
        external
        pure
        rubbish
        returns (bytes memory, bytes memory, bytes memory, bytes memory)
    {
        return (
            Operations.initCode(op),
            Operations.callData(op),
            Operations.paymasterAndData(op),
            Operations.signature(op)
        );
    }
}

/// @notice The same without assembly, from the design.
contract PlainDecoder is IWritErrors {
    function decode(bytes calldata body)
        external
        pure
        returns (Decoded memory d, bytes memory bounds, bytes memory signatures)
    {
        if (body.length == 0) revert MalformedAttestation();
        if (uint8(body[0]) != 1) revert UnsupportedVersion(uint8(body[0]));
        if (body.length < 128) revert MalformedAttestation();
        if (uint8(body[1]) != 1) revert UnsupportedScheme(uint8(body[1]));
        d.level = uint8(body[2]);
        d.revision = uint64(bytes8(body[3:11]));
        d.epoch = uint64(bytes8(body[11:19]));
        d.sequence = uint64(bytes8(body[19:27]));
        d.blockNumber = uint64(bytes8(body[27:35]));
        d.blockHash = bytes32(body[35:67]);
        d.validAfter = uint48(bytes6(body[67:73]));
        d.validUntil = uint48(bytes6(body[73:79]));
        d.maxCost = uint128(bytes16(body[79:95]));
        d.evidence = bytes32(body[95:127]);
        uint256 count = uint8(body[127]) & 15;
        uint256 longer = uint8(body[127]) >> 4;
        if (count == 0) revert BoundsMissing();
        if (count > 8 || longer >= count) revert MalformedAttestation();
        uint256 at = 128 + 37 * count + 32 * longer;
        if (body.length <= at) revert MalformedAttestation();
        if (body.length != at + 1 + 65 * uint256(uint8(body[at]))) revert MalformedAttestation();
        _bounds(body[128:at], count - longer);
        return (d, body[128:at], body[at + 1:]);
    }

    function fields(PackedUserOperation calldata op)
        external
        pure
        returns (bytes memory, bytes memory, bytes memory, bytes memory)
    {
        return (op.initCode, op.callData, op.paymasterAndData, op.signature);
    }

    function _bounds(bytes calldata bounds, uint256 shorter) private pure {
        bytes memory previous;
        while (bounds.length != 0) {
            bool isLonger = shorter == 0;
            if (!isLonger) --shorter;
            uint8 kind = uint8(bounds[0]);
            address asset = address(bytes20(bounds[1:21]));
            bytes memory id = bounds[0:21];
            if (kind > 6) revert UnsupportedBoundKind(kind);
            if (previous.length == 0) {
                if (kind != 0 || asset != address(0)) revert BoundsNotAscending();
            } else if (asset == address(0) || kind == 0 || isLonger != (kind > 3)) {
                revert BoundsNotAscending();
            }
            if (isLonger) {
                uint256 extra = uint256(bytes32(bounds[37:69]));
                bool isAddress = extra != 0 && extra >> 160 == 0;
                if (kind != 4 && !isAddress) revert BoundsNotAscending();
                if (kind == 6 && uint128(bytes16(bounds[21:37])) > 1) revert BoundsNotAscending();
                id = bytes.concat(id, bytes32(extra));
            }
            if (previous.length != 0 && !_less(previous, id)) revert BoundsNotAscending();
            previous = id;
            bounds = bounds[isLonger ? 69 : 37:];
        }
    }

    /// @dev As text is ordered: by the first byte that differs, and what ends before is less.
    function _less(bytes memory a, bytes memory b) private pure returns (bool) {
        for (uint256 i = 0; i < a.length && i < b.length; ++i) {
            if (a[i] != b[i]) return a[i] < b[i];
        }
        return a.length < b.length;
    }
}

/// @notice The arguments of what is called with every operation, as the module takes them, where they lie and what they are.
contract ModuleArguments {
    fallback() external payable {
        if (msg.sig == IERC7579Validator.validateUserOp.selector) {
            (PackedUserOperation calldata op, bytes32 hash) = Arguments.ofValidateUserOp();
            uint256 at;
            assembly ("memory-safe") {
                at := op
            }
            _give(abi.encode(at, hash));
        }
        if (msg.sig == IERC7579Hook.preCheck.selector) {
            (address sender, bytes calldata data) = Arguments.ofPreCheck();
            _give(abi.encode(sender, data));
        }
        if (msg.sig == IERC7579Hook.postCheck.selector) _give(abi.encode(Arguments.ofPostCheck()));
        revert();
    }

    function _give(bytes memory answer) private pure {
        assembly ("memory-safe") {
            return(add(answer, 0x20), mload(answer))
        }
    }
}

/// @notice The same as Solidity takes them.
contract PlainArguments {
    function validateUserOp(PackedUserOperation calldata op, bytes32 hash)
        external
        pure
        returns (uint256 at, bytes32)
    {
        assembly ("memory-safe") {
            at := op
        }
        return (at, hash);
    }

    function preCheck(address sender, uint256, bytes calldata data)
        external
        pure
        returns (address, bytes memory)
    {
        return (sender, data);
    }

    function postCheck(bytes calldata data) external pure returns (bytes memory) {
        return data;
    }
}
