// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @dev How accounts list their modules: linked, from a sentinel on.
interface IModuleLists {
    function getValidatorsPaginated(address cursor, uint256 size)
        external
        view
        returns (address[] memory, address);

    function getExecutorsPaginated(address cursor, uint256 size)
        external
        view
        returns (address[] memory, address);
}

/// @title Who stands before a module in an account's list, which removing it has to name
library Lists {
    address internal constant SENTINEL = address(1);

    function beforeValidator(address account, address module) internal view returns (address) {
        (address[] memory list,) = IModuleLists(account).getValidatorsPaginated(SENTINEL, 20);
        return _before(list, module);
    }

    function _before(address[] memory list, address module) private pure returns (address) {
        address previous = SENTINEL;
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] == module) break;
            previous = list[i];
        }
        return previous;
    }
}
