// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IEntryPoint, PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {Vm} from "forge-std/Vm.sol";

interface IEntryPointExtra is IEntryPoint {
    function getUserOpHash(PackedUserOperation calldata userOp) external view returns (bytes32);
}

/// @title The published EntryPoints, put at their canonical addresses from their published creation code
library EntryPoints {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    address internal constant DEPLOYER = 0x4e59b44847b379578588920cA78FbF26c0B4956C;

    address internal constant V07 = 0x0000000071727De22E5E9d8BAf0edAc6f37da032;
    address internal constant V08 = 0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108;
    address internal constant V09 = 0x433709009B8330FDa32311DF1C2AFA402eD8D009;

    string internal constant V09_CODE = "../shared/data/entrypoint-v0.9.initcode.hex";

    function deployV07() internal returns (IEntryPointExtra) {
        return _deploy(
            _artifact("contracts-v07"),
            0x90d8084deab30c2a37c45e8d47f49f2f7965183cb6990a98943ef94940681de3,
            V07
        );
    }

    function deployV08() internal returns (IEntryPointExtra) {
        return _deploy(
            _artifact("contracts-v08"),
            0x0a59dbff790c23c976a548690c27297883cc66b4c67024f9117b0238995e35e9,
            V08
        );
    }

    function deployV09() internal returns (IEntryPointExtra) {
        return _deploy(
            VM.parseBytes(VM.trim(VM.readFile(V09_CODE))),
            0x7702864008ddeab30aa67b7adc3d2653bc8d162714b1fe8fe4582df814f3bf61,
            V09
        );
    }

    function create2(bytes memory creationCode, bytes32 salt) internal returns (address) {
        (bool success, bytes memory result) = DEPLOYER.call(bytes.concat(salt, creationCode));
        require(success && result.length == 20, "deterministic deployer failed");
        return address(bytes20(result));
    }

    function _artifact(string memory package) private view returns (bytes memory) {
        string memory path = string.concat(
            "node_modules/@account-abstraction/", package, "/artifacts/EntryPoint.json"
        );
        return VM.parseJsonBytes(VM.readFile(path), ".bytecode");
    }

    function _deploy(bytes memory code, bytes32 salt, address expected)
        private
        returns (IEntryPointExtra)
    {
        address deployed = create2(code, salt);
        require(deployed == expected, "not the published EntryPoint");
        return IEntryPointExtra(deployed);
    }
}
