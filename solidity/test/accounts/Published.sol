// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Vm} from "forge-std/Vm.sol";

/// @title Creation code of accounts as others published them
/// @notice Read at run time from a package that carries it as constants in its sources. The package is copyleft: nothing of
/// it is imported, linked or kept here.
library Published {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    string internal constant FOLDER =
        "node_modules/@rhinestone/modulekit/src/deployment/precompiles/";

    /// @notice The bytes of `bytes … constant <name> = hex"…"` in one of the package's files.
    function code(string memory file, string memory name) internal view returns (bytes memory) {
        string memory text = VM.readFile(string.concat(FOLDER, file, ".sol"));
        bytes memory source = bytes(text);
        uint256 begin = VM.indexOf(text, string.concat(" ", name, " ="));
        require(begin != type(uint256).max, string.concat("no constant ", name));
        begin = _after(source, begin, '"');
        uint256 end = _after(source, begin, '"') - 1;
        bytes memory digits = new bytes(end - begin);
        assembly ("memory-safe") {
            mcopy(add(digits, 0x20), add(add(source, 0x20), begin), mload(digits))
        }
        return VM.parseBytes(string.concat("0x", string(digits)));
    }

    /// @notice Creates a contract from published code and its constructor's arguments.
    function create(string memory file, string memory name, bytes memory arguments)
        internal
        returns (address created)
    {
        bytes memory creation = bytes.concat(code(file, name), arguments);
        assembly ("memory-safe") {
            created := create(0, add(creation, 0x20), mload(creation))
        }
        require(created != address(0), string.concat(name, " was not created"));
        VM.label(created, name);
    }

    function _after(bytes memory source, uint256 from, bytes1 what) private pure returns (uint256) {
        while (source[from] != what) ++from;
        return from + 1;
    }
}
