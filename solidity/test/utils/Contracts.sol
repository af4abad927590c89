// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IEntryPoint} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {
    IERC7579AccountConfig,
    IERC7579Execution,
    IERC7579ModuleConfig
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Vm} from "forge-std/Vm.sol";
import {IWritGuarded} from "writ/interfaces/IWritGuarded.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";
import {Configuration, PolicyReference} from "writ/interfaces/WritTypes.sol";

interface IDevAccount is IERC7579Execution, IERC7579ModuleConfig, IERC7579AccountConfig, IERC1271 {
    function hook() external view returns (address);
    receive() external payable;
}

interface IDevToken is IERC20 {
    function mint(address to, uint256 amount) external;
}

interface IDevVault is IERC4626 {
    error NotOwner(address caller);

    function initialize(address owner) external;
    function owner() external view returns (address);
    function upgradeToAndCall(address implementation, bytes calldata data) external payable;
}

interface IDevGuardedVault is IDevVault, IWritGuarded {
    function initializeGuard(Configuration calldata first, PolicyReference[] calldata policies)
        external;
    function multicall(bytes[] calldata data) external returns (bytes[] memory);
}

/// @title The contracts as they ship: from their artifacts, not compiled with the tests
library Contracts {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function module() internal returns (IWritModule) {
        return IWritModule(VM.deployCode("WritModule.sol:WritModule"));
    }

    function token() internal returns (IDevToken) {
        return IDevToken(VM.deployCode("DevToken.sol:DevToken", abi.encode("Dev Dollar", "DUSD")));
    }

    function account(address entryPoint, address validator, bytes memory data, address hook)
        internal
        returns (IDevAccount)
    {
        return IDevAccount(
            payable(VM.deployCode(
                    "DevAccount.sol:DevAccount", abi.encode(entryPoint, validator, data, hook)
                ))
        );
    }

    /// @notice A vault before it is guarded, behind its proxy.
    function vault(IDevToken asset, address owner) internal returns (IDevVault) {
        address implementation = VM.deployCode("DevVault.sol:DevVault", abi.encode(asset));
        bytes memory initialize = abi.encodeCall(IDevVault.initialize, (owner));
        return IDevVault(address(new ERC1967Proxy(implementation, initialize)));
    }

    /// @notice What such a vault is upgraded to.
    function guardedVault(IDevToken asset) internal returns (address) {
        return VM.deployCode("DevGuardedVault.sol:DevGuardedVault", abi.encode(asset));
    }
}
