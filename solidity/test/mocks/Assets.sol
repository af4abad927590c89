// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

/// @notice ERC-721 tokens for everyone.
contract Cards is ERC721("Cards", "CARD") {
    function mint(address to, uint256 id) external {
        _mint(to, id);
    }
}

/// @notice ERC-1155 tokens for everyone.
contract Coins is ERC1155("") {
    /// @dev Without asking the receiver.
    function mint(address to, uint256 id, uint256 amount) external {
        uint256[] memory ids = new uint256[](1);
        uint256[] memory amounts = new uint256[](1);
        (ids[0], amounts[0]) = (id, amount);
        _update(address(0), to, ids, amounts);
    }
}

/// @notice Takes from the sender a tenth more than is sent.
contract FeeToken is ERC20("Fee", "FEE") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        _burn(msg.sender, amount / 10);
        return super.transfer(to, amount);
    }
}

/// @notice Everyone's balance shrinks or grows by one setting.
contract RebasingToken is ERC20("Rebasing", "REB") {
    uint256 public numerator = 100;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function rebase(uint256 percent) external {
        numerator = percent;
    }

    function balanceOf(address who) public view override returns (uint256) {
        return super.balanceOf(who) * numerator / 100;
    }
}
