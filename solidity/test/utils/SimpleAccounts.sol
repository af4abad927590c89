// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IEntryPointExtra} from "./EntryPoints.sol";
import {Execution} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {Vm} from "forge-std/Vm.sol";
import {IRootConsents} from "writ/interfaces/IRootConsents.sol";
import {IWritAccount} from "writ/interfaces/IWritAccount.sol";

interface ISimpleAccount {
    function initialize(address owner) external;
    function owner() external view returns (address);
    function entryPoint() external view returns (address);
    function getNonce() external view returns (uint256);
    function getDeposit() external view returns (uint256);
    function addDeposit() external payable;
    function withdrawDepositTo(address payable to, uint256 amount) external;
    function execute(address target, uint256 value, bytes calldata data) external;
    function upgradeToAndCall(address implementation, bytes calldata data) external payable;
    function supportsInterface(bytes4 id) external view returns (bool);
}

/// @dev As the account of EntryPoint v0.7 has it.
interface IBatchOfArrays {
    function executeBatch(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata data
    ) external;
}

/// @dev As those of v0.8 and later have it.
interface IBatchOfCalls {
    function executeBatch(Execution[] calldata calls) external;
}

interface IWritSimpleAccount is ISimpleAccount, IWritAccount {
    error WrongArrayLengths(uint256 targets, uint256 values, uint256 data);
    error AccountUnauthorized(address sender);
    error InvalidInitialization();

    function initializeWrit(bytes calldata installation) external;
}

interface IWritDelegate is IWritAccount, IRootConsents {
    error AccountUnauthorized(address sender);

    function initializeWrit(bytes calldata installation, bytes calldata signature) external;
    function execute(address target, uint256 value, bytes calldata data) external;
}

interface ISimpleAccountFactory {
    function accountImplementation() external view returns (address);
    function createAccount(address owner, uint256 salt) external returns (address);
}

interface ISenderCreatorOf {
    function senderCreator() external view returns (address);
}

/// @title SimpleAccount as published, and what replaces it
/// @notice Deployed from published artifacts: nothing of them is imported, linked or kept here.
library SimpleAccounts {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    string internal constant V07 = "v07";
    string internal constant V08 = "v08";
    string internal constant V09 = "v09";

    bytes32 internal constant IMPLEMENTATION =
        0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;

    function factory(string memory version, IEntryPointExtra entryPoint)
        internal
        returns (ISimpleAccountFactory)
    {
        return ISimpleAccountFactory(_create(version, "SimpleAccountFactory", entryPoint));
    }

    /// @notice The account that an EOA delegates to, of v0.8 (for the EntryPoint in its code).
    function simple7702(IEntryPointExtra entryPoint) internal returns (address) {
        return _create(V08, "Simple7702Account", entryPoint);
    }

    /// @notice From v0.8 on, the factory answers the EntryPoint's helper alone.
    function create(
        string memory version,
        ISimpleAccountFactory factory_,
        IEntryPointExtra entryPoint,
        address owner,
        uint256 salt
    ) internal returns (address) {
        if (keccak256(bytes(version)) != keccak256(bytes(V07))) {
            address creator = ISenderCreatorOf(address(entryPoint)).senderCreator();
            VM.prank(creator);
        }
        return factory_.createAccount(owner, salt);
    }

    /// @notice A batch as the account of v0.7 takes it.
    function batchOfArrays(Execution[] memory calls) internal pure returns (bytes memory) {
        address[] memory targets = new address[](calls.length);
        uint256[] memory values = new uint256[](calls.length);
        bytes[] memory data = new bytes[](calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            (targets[i], values[i], data[i]) = (calls[i].target, calls[i].value, calls[i].callData);
        }
        return abi.encodeCall(IBatchOfArrays.executeBatch, (targets, values, data));
    }

    function writSimpleAccount(IEntryPointExtra entryPoint, address module)
        internal
        returns (address)
    {
        return VM.deployCode(
            "WritSimpleAccount.sol:WritSimpleAccount", abi.encode(entryPoint, module)
        );
    }

    function writDelegate(IEntryPointExtra entryPoint, address module)
        internal
        returns (IWritDelegate)
    {
        return IWritDelegate(
            VM.deployCode("WritDelegate.sol:WritDelegate", abi.encode(entryPoint, module))
        );
    }

    function implementationOf(address proxy) internal view returns (address) {
        return address(uint160(uint256(VM.load(proxy, IMPLEMENTATION))));
    }

    function _create(string memory version, string memory name, IEntryPointExtra entryPoint)
        private
        returns (address created)
    {
        string memory path = string.concat(
            "node_modules/@account-abstraction/contracts-", version, "/artifacts/", name, ".json"
        );
        bytes memory code =
            bytes.concat(VM.parseJsonBytes(VM.readFile(path), ".bytecode"), abi.encode(entryPoint));
        assembly ("memory-safe") {
            created := create(0, add(code, 0x20), mload(code))
        }
        require(created != address(0), string.concat(name, " was not created"));
    }
}
