// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title Says what `IPolicyVM` may be given
interface IPolicyCheck {
    /// @notice Another version of the specification.
    error UnknownProgramVersion(uint8 version);
    /// @notice Longer than what fits into a contract's code behind one byte.
    error ProgramTooLong(uint256 size);
    /// @notice The bytes end early, or go on behind the last literal.
    error InvalidProgramLength(uint256 size);
    /// @notice Not a canonical value, or not where its offset says.
    error InvalidLiteral(uint256 literal);
    /// @notice There is none, or its entry, registers or parameters are wrong.
    error InvalidRule(uint256 rule);
    /// @notice No such operation, a wrong operand, or a rule's last one that goes on behind it.
    error InvalidInstruction(uint256 instruction);
    /// @notice The registers along a chain of calls from this rule are too many.
    error TooManyRegisters(uint256 rule);

    /// @notice Reverts unless `program` is valid in the sense of `docs/policy-vm.md`, section 2.
    /// @dev For when a program is registered: what passes once, passes for ever.
    function checkProgram(bytes calldata program) external view;

    /// @notice Whether `value` is the canonical encoding of an input, without the version byte, within the limits of inputs: at most
    /// 16 levels, 65,536 values and, with that byte, 1,048,576 bytes.
    function isCanonicalInput(bytes calldata value) external view returns (bool);

    /// @notice Whether `value` is the canonical encoding of parameters, without the version byte, within the limits of parameters:
    /// at most 16 levels, 8,192 values and, with that byte, 65,536 bytes.
    function isCanonicalParameters(bytes calldata value) external view returns (bool);
}
