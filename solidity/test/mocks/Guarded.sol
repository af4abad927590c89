// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {WritGuarded} from "writ/WritGuarded.sol";
import {Configuration, PolicyReference} from "writ/interfaces/WritTypes.sol";

/// @notice A guarded contract with storage of its own, compiled as protocols without via-IR compile it.
contract Till is WritGuarded, Multicall {
    address public admin;
    uint256 public ticks;
    bytes32 public context;

    function initialize(
        address admin_,
        Configuration calldata first,
        PolicyReference[] calldata policies
    ) external {
        admin = admin_;
        __WritGuarded_init(first, policies);
    }

    function tick(uint256) external payable attested {
        ++ticks;
    }

    function tock(uint256) external payable attested {
        ++ticks;
    }

    /// @notice Lets the receiver call back before it is done.
    function pay(address to, uint256 amount) external payable attested {
        ++ticks;
        _pay(to, amount);
    }

    function payToken(IERC20 token, address to, uint256 amount) external attested {
        require(token.transfer(to, amount), "not transferred");
    }

    /// @notice A guarded function inside of a guarded one.
    function nested() external attested {
        _inner();
    }

    /// @notice The way out.
    function leave(address to, uint256 amount) external {
        _pay(to, amount);
    }

    function setContext(bytes32 context_) external {
        context = context_;
    }

    receive() external payable {}

    function _inner() private attested {
        ++ticks;
    }

    function _pay(address to, uint256 amount) private {
        (bool success, bytes memory result) = to.call{value: amount}("");
        if (!success) {
            assembly ("memory-safe") {
                revert(add(result, 32), mload(result))
            }
        }
    }

    function _writContext() internal view override returns (bytes32) {
        return context;
    }

    function _authorizeWrit(address caller) internal view override {
        require(caller == admin, "not admin");
    }
}

struct Call {
    address to;
    uint256 value;
    bytes data;
}

/// @notice Calls that share a transaction, and a sender with code.
contract Caller {
    function run(Call[] calldata calls) external payable {
        for (uint256 i = 0; i < calls.length; ++i) {
            _call(calls[i]);
        }
    }

    function delegate(address to, bytes calldata data) external payable {
        (bool success, bytes memory result) = to.delegatecall(data);
        _bubble(success, result);
    }

    receive() external payable virtual {}

    function _call(Call memory one) internal {
        (bool success, bytes memory result) = one.to.call{value: one.value}(one.data);
        _bubble(success, result);
    }

    function _bubble(bool success, bytes memory result) internal pure {
        if (!success) {
            assembly ("memory-safe") {
                revert(add(result, 32), mload(result))
            }
        }
    }
}

/// @notice Calls something when it is paid, once.
contract PaidCaller is Caller {
    Call private _then;

    function onPaid(Call calldata then) external {
        _then = then;
    }

    receive() external payable override {
        Call memory then = _then;
        if (then.to == address(0)) return;
        delete _then;
        _call(then);
    }
}

/// @notice As ERC-2771: appends whom it forwards for.
contract Forwarder {
    function forward(address to, bytes calldata data) external returns (bytes memory) {
        (bool success, bytes memory result) = to.call(bytes.concat(data, bytes20(msg.sender)));
        if (!success) {
            assembly ("memory-safe") {
                revert(add(result, 32), mload(result))
            }
        }
        return result;
    }
}
