// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Admission} from "./Admissions.sol";
import {Bounds} from "./Bounds.sol";

/// @notice What a contract had of one asset when an attested call began, and the most of it that may leave.
struct Holding {
    /// As in `Bounds`.
    uint8 kind;
    /// Zero for native currency.
    address asset;
    uint128 maxOut;
    uint256 extra;
    uint256 held;
    /// Whether `held` could be read.
    bool known;
}

/// @title What a contract holds of the assets that an attested call has bounds on
library Holdings {
    /// @notice The list of an admission, native currency first, nothing measured.
    /// @param bounds The packed bounds behind the native one, as `Admissions.take` gives them.
    function list(Admission admission, bytes memory bounds)
        internal
        pure
        returns (Holding[] memory holdings)
    {
        (uint256 count,) = Bounds.length(admission.size());
        holdings = new Holding[](count);
        holdings[0].maxOut = admission.maxNative();
        uint256 position;
        assembly ("memory-safe") {
            position := add(bounds, 32)
        }
        for (uint256 i = 1; i < count; ++i) {
            Holding memory holding = holdings[i];
            (holding.kind, holding.asset, holding.maxOut, holding.extra, position) =
                Bounds.read(position);
        }
    }

    /// @notice How much of an asset this contract has now.
    /// @return known False for a token that does not tell.
    function measure(Holding memory holding) internal view returns (bool known, uint256 held) {
        if (holding.kind == Bounds.NATIVE) return (true, address(this).balance);
        return Bounds.tryMeasure(holding.kind, holding.asset, holding.extra, address(this));
    }
}
