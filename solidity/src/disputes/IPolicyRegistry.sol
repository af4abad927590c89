// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title Policies' programs and manifests as code, under the policies' ids
/// @notice Anybody registers; nobody changes or removes. What is registered is what its id says, so that it does not matter
/// who did it.
interface IPolicyRegistry {
    /// @notice A policy can be challenged from now on.
    /// @param program A contract with the code `0x00 ‖ program`.
    /// @param manifest A contract with the code `0x00 ‖ manifest`.
    event PolicyRegistered(bytes32 indexed policyId, address program, address manifest);

    /// @notice It stands already, and stays as it is.
    error AlreadyRegistered(bytes32 policyId);
    /// @notice More bytes than fit into code behind the leading zero.
    error TooLong(uint256 size, uint256 most);
    /// @notice Not the canonical encoding of one value, version byte first.
    error ManifestNotCanonical();
    /// @notice The manifest is not of a policy that PolicyVM version 1 decides: `engine` has to be "policyvm-1" and `provable` true.
    error NotProvable();
    /// @notice The manifest's `program` is not the hash of the program that was given.
    error ProgramMismatch(bytes32 inManifest, bytes32 given);

    /// @notice Keeps a policy's program and manifest.
    /// @param manifest The canonical encoding of the manifest, version byte included: what the policy's id is the hash of.
    /// @param program The program, which `IPolicyCheck.checkProgram` has to accept.
    /// @return policyId keccak256 of `manifest`.
    function register(bytes calldata manifest, bytes calldata program)
        external
        returns (bytes32 policyId);

    /// @notice Keeps bytes as code ahead of a registration: with the largest programs both would be more than one transaction
    /// may take. It registers nothing.
    /// @return at Where they are, which the bytes alone decide; where they were already, if somebody kept them before.
    function keep(bytes calldata data) external returns (address at);

    /// @notice The contract with the code `0x00 ‖ program`; zero for what is not registered.
    function programOf(bytes32 policyId) external view returns (address);

    /// @notice The contract with the code `0x00 ‖ manifest`; zero for what is not registered.
    function manifestOf(bytes32 policyId) external view returns (address);
}
