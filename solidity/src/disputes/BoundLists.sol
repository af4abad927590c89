// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Bound} from "../interfaces/WritTypes.sol";
import {Bounds} from "../libraries/Bounds.sol";
import {ARRAY, OBJECT, SET} from "../policyvm/Layout.sol";
import {Values} from "../policyvm/Values.sol";
import {Documents} from "./Documents.sol";

/// @title Lists of bounds, as evidence and policies' results have them: `{asset, kind, maxOut, id, spender}` each
/// @notice Exactly what `list_bounds` of `modules/policy` takes and refuses.
library BoundLists {
    /// @notice The bounds that stand at `place`, in their order.
    /// @return valid Whether it is a list of at most eight bounds that fit their kinds.
    function read(uint256 place) internal pure returns (bool valid, Bound[] memory bounds) {
        if (place == 0) return (false, bounds);
        uint256 kind = Values.kind(place);
        if (kind != ARRAY && kind != SET) return (false, bounds);
        uint256 count = Values.count(place);
        if (count > Bounds.MOST) return (false, bounds);
        bounds = new Bound[](count);
        uint256 at = place + 9;
        for (uint256 i = 0; i < count; ++i) {
            if (!_read(at, bounds[i])) return (false, bounds);
            at += Values.size(at);
        }
        return (true, bounds);
    }

    /// @notice Whether no two are on the same.
    function areDistinct(Bound[] memory bounds) internal pure returns (bool) {
        for (uint256 i = 1; i < bounds.length; ++i) {
            for (uint256 j = 0; j < i; ++j) {
                if (isOnSame(bounds[i], bounds[j])) return false;
            }
        }
        return true;
    }

    /// @notice Whether one of `own` is below what `attested` has on the same.
    function lower(Bound[] memory own, Bound[] memory attested) internal pure returns (bool) {
        for (uint256 i = 0; i < own.length; ++i) {
            for (uint256 j = 0; j < attested.length; ++j) {
                if (isOnSame(own[i], attested[j]) && own[i].maxOut < attested[j].maxOut) {
                    return true;
                }
            }
        }
        return false;
    }

    function isOnSame(Bound memory a, Bound memory b) internal pure returns (bool) {
        return a.kind == b.kind && a.asset == b.asset && a.extra == b.extra;
    }

    /// @notice The packed list that an attestation's `bounds` is the hash of.
    function pack(Bound[] memory bounds) internal pure returns (bytes memory packed) {
        for (uint256 i = 0; i < bounds.length; ++i) {
            Bound memory bound = bounds[i];
            packed = abi.encodePacked(packed, bound.kind, bound.asset, bound.maxOut);
            if (bound.kind >= Bounds.ERC1155) packed = abi.encodePacked(packed, bound.extra);
        }
    }

    /// @dev Reads one, refusing fields that it does not know.
    function _read(uint256 place, Bound memory bound) private pure returns (bool) {
        if (Values.kind(place) != OBJECT) return false;
        bool known;
        (known, bound.kind) = _kind(Documents.field(place, "kind"));
        if (!known) return false;
        (known, bound.asset) = Documents.account(Documents.field(place, "asset"));
        if (!known) return false;
        uint256 maxOut;
        (known, maxOut) = Documents.natural(Documents.field(place, "maxOut"));
        if (!known || maxOut > type(uint128).max) return false;
        bound.maxOut = uint128(maxOut);

        uint256 fields = 3;
        address spender;
        uint256 id;
        uint256 at = Documents.field(place, "spender");
        if (at != 0) {
            (known, spender) = Documents.account(at);
            if (!known) return false;
            ++fields;
        }
        at = Documents.field(place, "id");
        if (at != 0) {
            (known, id) = Documents.natural(at);
            if (!known) return false;
            ++fields;
        }
        return Values.count(place) == fields && _fits(bound, spender, id);
    }

    /// @dev Zero stands for the native currency and for nothing else, and what a kind does not have is zero.
    function _fits(Bound memory bound, address spender, uint256 id) private pure returns (bool) {
        bool granted = bound.kind >= Bounds.ALLOWANCE;
        bound.extra = granted ? uint160(spender) : id;
        return (bound.kind == Bounds.NATIVE) == (bound.asset == address(0))
            && granted == (spender != address(0)) && (bound.kind == Bounds.ERC1155 || id == 0);
    }

    function _kind(uint256 place) private pure returns (bool known, uint8 kind) {
        if (Documents.isText(place, "native")) return (true, Bounds.NATIVE);
        if (Documents.isText(place, "erc20")) return (true, Bounds.ERC20);
        if (Documents.isText(place, "erc721")) return (true, Bounds.ERC721);
        if (Documents.isText(place, "deposit")) return (true, Bounds.DEPOSIT);
        if (Documents.isText(place, "erc1155")) return (true, Bounds.ERC1155);
        if (Documents.isText(place, "allowance")) return (true, Bounds.ALLOWANCE);
        return (Documents.isText(place, "operator"), Bounds.OPERATOR);
    }
}
