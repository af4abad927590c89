// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Admission} from "./Admissions.sol";
import {Bounds} from "./Bounds.sol";

/// @notice How much a contract held of one asset when an attested call began, and the most of it that may leave.
struct Holding {
    /// Zero for native currency.
    address asset;
    uint128 maxOut;
    uint256 held;
}

/// @title What a contract holds of the assets that an attested call has bounds on
library Holdings {
    /// @notice The list of an admission, native currency first, nothing measured.
    /// @param tokens The packed bounds behind the native one, as `Admissions.take` gives them.
    function list(Admission admission, bytes memory tokens)
        internal
        pure
        returns (Holding[] memory holdings)
    {
        uint256 count = admission.count();
        holdings = new Holding[](count);
        holdings[0].maxOut = admission.maxNative();
        for (uint256 i = 1; i < count; ++i) {
            address asset;
            uint128 maxOut;
            assembly ("memory-safe") {
                let at := add(add(tokens, 32), mul(37, sub(i, 1)))
                asset := shr(96, mload(add(at, 1)))
                maxOut := shr(128, mload(add(at, 21)))
            }
            (holdings[i].asset, holdings[i].maxOut) = (asset, maxOut);
        }
    }

    /// @notice How much of an asset this contract holds now.
    /// @return known False for a token that does not tell.
    function measure(address asset) internal view returns (bool known, uint256 held) {
        if (asset == address(0)) return (true, address(this).balance);
        return Bounds.tryTokenBalance(asset, address(this));
    }
}
