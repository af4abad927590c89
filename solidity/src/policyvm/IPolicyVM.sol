// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @notice What an evaluation came to.
enum Status {
    /// The entry rule has a value.
    Value,
    /// The entry rule has no value.
    Undefined,
    /// An error, the same on every machine (`docs/policy-vm.md`, section 4).
    Fault
}

/// @title Evaluates programs as `docs/policy-vm.md` says
interface IPolicyVM {
    /// @notice What stands at `program` is no program. Only what `IPolicyCheck` accepts has a meaning at all.
    error InvalidProgram(address program);

    /// @notice The program came to an operation that does not exist, which no valid program does.
    error UnknownOperation();

    /// @notice Evaluates the program at `program` on `parameters` and `input`.
    /// @param program A contract with the code `0x00 ‖ program`, which `IPolicyCheck.checkProgram` accepts.
    /// @param parameters A canonical encoding without the version byte.
    /// @param input A canonical encoding without the version byte.
    /// @param limit The most fuel that the evaluation may take.
    /// @return status What it came to.
    /// @return code The error, if there was one, otherwise 0.
    /// @return value The value's encoding without the version byte, if there is one, otherwise empty.
    /// @return fuel What was used; all of `limit` if that was too little.
    /// @dev Reverts if the gas given does not suffice: a caller that takes anything but an answer for one is wrong.
    /// What is not valid or not canonical gives an answer without meaning, or reverts, and changes nothing.
    function evaluate(
        address program,
        bytes calldata parameters,
        bytes calldata input,
        uint64 limit
    ) external view returns (Status status, uint8 code, bytes memory value, uint64 fuel);

    /// @notice The same with parameters that stand in the code of a contract: `0x00 ‖ parameters`.
    function evaluateWith(address program, address parameters, bytes calldata input, uint64 limit)
        external
        view
        returns (Status status, uint8 code, bytes memory value, uint64 fuel);
}
