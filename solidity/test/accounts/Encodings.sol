// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Decision} from "../utils/Attestor.sol";
import {Ways} from "./Ways.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {Bound, Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @title Calldata that is not encoded as compilers encode it, on every kind
/// @notice The module decodes nothing of what it authorizes: it is the hash of these very bytes. So it has no opinion from which
/// an account's decoder could differ, and here is that none is needed: whatever the account makes of the bytes.
abstract contract Encodings is Ways {
    address private constant DECOY = address(0xdec0);

    /// @dev Other offsets and lengths of the execution; a second execution, with the first one left where a decoder that
    /// trusts places would look; bytes too few or too many.
    function otherwise(bytes memory canonical, uint8 how, uint256 word)
        private
        pure
        returns (bytes memory changed)
    {
        if (how == 0) return bytes.concat(canonical, abi.encodePacked(word));
        changed = bytes.concat(canonical);
        uint256 length = canonical.length;
        assembly ("memory-safe") {
            // Behind length and selector: mode, offset, length of the execution, execution.
            let offset := add(changed, 0x44)
            let size := add(changed, 0x64)
            switch how
            case 1 { mstore(offset, word) }
            case 2 { mstore(offset, mod(word, add(length, 0x40))) }
            case 3 { mstore(size, mod(word, 0x80)) }
            case 4 { mstore(changed, add(4, mod(word, sub(length, 4)))) }
        }
        if (how != 5) return changed;
        // Another execution behind the first one, where the offset says: who trusts places sees the first.
        bytes memory tail = abi.encodePacked(uint256(52), DECOY, uint256(word % 1 gwei), bytes12(0));
        changed = bytes.concat(canonical, tail);
        assembly ("memory-safe") {
            mstore(add(changed, 0x44), sub(length, 4))
        }
    }

    /// @dev Eight of each, drawn once: every kind on every EntryPoint goes through them.
    function test_whateverTheAccountMakesOfTheBytes() public {
        uint256 strayed;
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 48; ++i) {
            if (_encoded(uint8(i % 6), uint256(keccak256(abi.encode("encoding", i))))) ++strayed;
            vm.revertToState(snapshot);
        }
        if (!packsExecutions()) return;
        assertGe(strayed, 8, "control: no decoy was ever executed");
    }

    /// @dev Whether the account decodes a packed execution by itself, where a decoy could be. One with typed arguments has
    /// Solidity's own decoder and no such place.
    function packsExecutions() internal pure virtual returns (bool) {
        return true;
    }

    function _encoded(uint8 how, uint256 word) private returns (bool) {
        bytes memory canonical = sendNative(word % 1 gwei + 1);
        bytes memory changed = otherwise(canonical, how, word >> (word % 255));
        if (keccak256(changed) == keccak256(canonical)) return false;

        // Attested in one encoding, sent in another.
        PackedUserOperation memory op = operation(account, 0, canonical);
        bytes memory forCanonical = suffix(op, decision(op));
        op.callData = wrap(changed);
        op.signature = bytes.concat(ownerSigns(op), forCanonical);
        assertFalse(included(one(op)), "another encoding");

        // Attested as it is: what leaves is measured, not read from it.
        uint256 snapshot = vm.snapshotState();
        op = operation(account, 0, changed);
        Decision memory d = decision(op);
        d.bounds = new Bound[](1);
        included(one(attach(op, d)));
        assertEq(recipient.balance + DECOY.balance, 0, "beyond the bound");
        vm.revertToState(snapshot);

        // And what happens is what happens without the module.
        included(one(attested(operation(account, 0, changed))));
        uint256 sent = recipient.balance;
        uint256 strayed = DECOY.balance;
        vm.revertToState(snapshot);
        Configuration memory off = configuration();
        off.mode = Mode.Off;
        op = operation(newAccount(off), 0, changed);
        op.signature = ownerSigns(op);
        included(one(op));
        assertEq(recipient.balance, sent, "what the account does");
        assertEq(DECOY.balance, strayed, "what the account does");
        return strayed != 0;
    }
}
