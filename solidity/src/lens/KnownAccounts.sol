// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {KnownKind} from "./IWritLens.sol";
import {ERC4337Utils} from "@openzeppelin/contracts/account/utils/ERC4337Utils.sol";

/// @notice A proxy whose code is known, by where it says what it runs.
enum ProxyKind {
    NotKnown,
    /// The ERC-1967 slot, which no other contract can read.
    Erc1967,
    /// Slot 0, which the proxy itself tells as `masterCopy()`.
    Safe
}

/// @notice What is known of a code.
struct Known {
    KnownKind kind;
    /// The EntryPoint that the code serves; zero where it serves none.
    address entryPoint;
    /// A Safe that asks a guard about its modules: 1.5.0 and later.
    bool guardsModules;
}

/// @title Published code whose paths docs/accounts.md tells
/// @notice Code that differs by its immutables is recognized with them blanked, and then each of them is looked at: code
/// alone does not say who deployed it, and whoever writes code by hand writes immutables as well. The hashes and positions
/// are held by a test against the published code.
library KnownAccounts {
    /// @dev An implementation that reaches beyond is none of these.
    uint256 private constant LONGEST = 30_081;

    bytes32 internal constant NEXUS_PROXY =
        0x57a3f89755d99b19368dc1ce2bd9851ebecc14ed95500ec2930fe922b34b14a6;
    bytes32 internal constant KERNEL_PROXY =
        0xaaa52c8cc8a0e3fd27ce756cc6b4e70c51423e9b597b11f32d3e49f8b1fc890d;
    bytes32 internal constant REFERENCE_PROXY =
        0x97e74f7bf17d6550f9829bb7e0ec6dfa8e2d9ecf7ea97d46f1c7930385fd7f0b;
    bytes32 internal constant SAFE_141_PROXY =
        0xb19a3117e08091ca4da0e6fd3e383ec504123ed76760a20a571ec6daa3fb20e0;
    /// @dev As its own package builds it, which is what stands on most chains; the one above comes with the adapter.
    bytes32 internal constant SAFE_141_CANONICAL_PROXY =
        0xd7d408ebcd99b2b70be43e20253d6d92a8ea8fab29bd3be7f55b10032331fb4c;
    bytes32 internal constant SAFE_150_PROXY =
        0x4e381985ca68b3e5d27b4425fa581c19cf33146d3f887a3cfca96f55528ea46f;

    bytes32 internal constant REFERENCE =
        0xf957c205f66bd8f74003c94012df9a10500931d8c476903d71c58d2e8ceae74e;
    bytes32 internal constant SAFE_141 =
        0x442778e2e0a41e64f2b614f7994ab6cc6d329aa7635f73e9660d990b0e7ff375;
    bytes32 internal constant SAFE_141_CANONICAL =
        0x1fe2df852ba3299d6534ef416eefa406e56ced995bca886ab7a553e6d0c5e1c4;
    bytes32 internal constant SAFE_L2_141_CANONICAL =
        0xb1f926978a0f44a2c0ec8fe822418ae969bd8c3f18d61e5103100339894f81ff;
    bytes32 internal constant SAFE_150 =
        0xdda019cbd7c867a533a2a86e5c53434fdc50b13122b5a5ddb4a8df61b31c20f2;
    bytes32 internal constant SAFE_L2_150 =
        0x180193227186ccb85316c94db1f0d156ed932b14712cfaac78901899178572dc;

    // With every immutable blanked, and where those are: positions of two bytes each.

    uint256 internal constant KERNEL_LENGTH = 28_581;
    bytes32 internal constant KERNEL =
        0xb14341e86d7f2d1e6605161397fa8b1a58acafbfbba3a88bd40f27999daac070;
    bytes internal constant KERNEL_ENTRY_POINTS =
        hex"02ef06940cb70fec11b615a31a711b951d5925392e6b303c";
    bytes internal constant KERNEL_SELVES = hex"467c";
    /// @dev Domain separator and chain as they were at deployment, which a proxy never uses.
    bytes internal constant KERNEL_UNUSED = hex"465b469f";

    uint256 internal constant NEXUS_LENGTH = 22_061;
    bytes32 internal constant NEXUS =
        0x202c1b2310d1db5e4ca3f00e288df4379e058a518876650e5060e972b2a6e8e9;
    bytes internal constant NEXUS_ENTRY_POINTS =
        hex"062a0adf0d720eae0ef9125b156b16111ae21b32209e211a232f38b1";
    bytes internal constant NEXUS_SELVES = hex"1118262d27d128e4";
    bytes internal constant NEXUS_UNUSED = hex"260c28c326502907";

    uint256 internal constant SAFE7579_LENGTH = 20_014;
    bytes32 internal constant SAFE7579 =
        0x1efd19393e7f33d4847ea9ba06ed9ee7c7e3cf82ca7514e2dd049014bf1f5ba3;
    /// @dev The first contract that the adapter created, to which the Safe delegates.
    bytes internal constant SAFE7579_HELPERS =
        hex"1223141b157c1dc5221622f02387241e357a3632395a3a7a";
    bytes32 internal constant SAFE7579_HELPER =
        0x8f0d2fbb486628e5358279f76072cf0491d49b982c96d7de72f7f601e4872d6a;

    /// @notice What a proxy with this code hash is.
    function proxyOf(bytes32 codeHash) internal pure returns (ProxyKind) {
        if (codeHash == NEXUS_PROXY || codeHash == KERNEL_PROXY || codeHash == REFERENCE_PROXY) {
            return ProxyKind.Erc1967;
        }
        if (
            codeHash == SAFE_141_PROXY || codeHash == SAFE_141_CANONICAL_PROXY
                || codeHash == SAFE_150_PROXY
        ) return ProxyKind.Safe;
        return ProxyKind.NotKnown;
    }

    /// @notice Where an EIP-7702 account delegates to; zero for every other.
    function delegateOf(address account) internal view returns (address delegate) {
        if (account.code.length != 23) return address(0);
        bytes23 code = bytes23(account.code);
        return bytes3(code) == 0xef0100 ? address(uint160(uint184(code))) : address(0);
    }

    /// @notice What the code at an address is known as.
    function find(address at) internal view returns (Known memory known) {
        uint256 length = at.code.length;
        if (length > LONGEST) return known;
        bytes32 codeHash = at.codehash;
        if (codeHash == REFERENCE) {
            known.kind = KnownKind.Reference;
            known.entryPoint = address(ERC4337Utils.ENTRYPOINT_V07);
        } else if (codeHash == SAFE_150 || codeHash == SAFE_L2_150) {
            known.kind = KnownKind.Safe;
            known.guardsModules = true;
        } else if (
            codeHash == SAFE_141 || codeHash == SAFE_141_CANONICAL
                || codeHash == SAFE_L2_141_CANONICAL
        ) {
            known.kind = KnownKind.Safe;
        } else if (length == KERNEL_LENGTH) {
            return
                _find(
                    at, KnownKind.Kernel, KERNEL, KERNEL_ENTRY_POINTS, KERNEL_SELVES, KERNEL_UNUSED
                );
        } else if (length == NEXUS_LENGTH) {
            return _find(at, KnownKind.Nexus, NEXUS, NEXUS_ENTRY_POINTS, NEXUS_SELVES, NEXUS_UNUSED);
        }
    }

    /// @notice Whether the code at an address is the adapter Safe7579.
    function isSafe7579(address at) internal view returns (bool) {
        if (at.code.length != SAFE7579_LENGTH) return false;
        // What an account creates first has the nonce 1.
        address helper =
            address(uint160(uint256(keccak256(abi.encodePacked(hex"d694", at, hex"01")))));
        bytes memory code = at.code;
        return _blank(code, SAFE7579_HELPERS, helper) && keccak256(code) == SAFE7579
            && helper.codehash == SAFE7579_HELPER;
    }

    /// @notice Whether it is an EntryPoint as published, by its address, which follows from its code.
    function isEntryPoint(address entryPoint) internal pure returns (bool) {
        return entryPoint == address(ERC4337Utils.ENTRYPOINT_V07)
            || entryPoint == address(ERC4337Utils.ENTRYPOINT_V08) || tellsOperation(entryPoint);
    }

    /// @notice Whether the EntryPoint tells the hook which operation it executes.
    function tellsOperation(address entryPoint) internal pure returns (bool) {
        return entryPoint == address(ERC4337Utils.ENTRYPOINT_V09);
    }

    function _find(
        address at,
        KnownKind kind,
        bytes32 blanked,
        bytes memory entryPoints,
        bytes memory selves,
        bytes memory unused
    ) private view returns (Known memory known) {
        bytes memory code = at.code;
        uint256 entryPoint = _word(code, _position(entryPoints, 0));
        if (entryPoint >> 160 != 0) return known;
        bool same = _blank(code, entryPoints, address(uint160(entryPoint)));
        // It stands where it says that it stands: so no proxy takes it for itself.
        same = _blank(code, selves, at) && same;
        for (uint256 i = 0; i < unused.length / 2; ++i) {
            _clear(code, _position(unused, i));
        }
        if (!same || keccak256(code) != blanked) return known;
        (known.kind, known.entryPoint) = (kind, address(uint160(entryPoint)));
    }

    /// @dev Clears the words at these positions; whether every one of them was this address.
    function _blank(bytes memory code, bytes memory positions, address expected)
        private
        pure
        returns (bool same)
    {
        same = true;
        for (uint256 i = 0; i < positions.length / 2; ++i) {
            uint256 position = _position(positions, i);
            if (_word(code, position) != uint160(expected)) same = false;
            _clear(code, position);
        }
    }

    function _position(bytes memory positions, uint256 index) private pure returns (uint256 at) {
        assembly ("memory-safe") {
            at := shr(240, mload(add(add(positions, 0x20), mul(index, 2))))
        }
    }

    function _word(bytes memory code, uint256 position) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(code, 0x20), position))
        }
    }

    function _clear(bytes memory code, uint256 position) private pure {
        assembly ("memory-safe") {
            mstore(add(add(code, 0x20), position), 0)
        }
    }
}
