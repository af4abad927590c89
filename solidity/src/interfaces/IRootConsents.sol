// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @title Who consented, with the key that an EIP-7702 account is made of, to be under the module
/// @notice Kept by the implementation itself, at its own address: what an account keeps itself, any code that it delegated to
/// before could have written.
interface IRootConsents {
    /// @notice The key of this account consented to an installation.
    event ConsentGiven(address indexed account, bytes32 installation, uint64 nonce);

    /// @notice The account took its consent back.
    event ConsentWithdrawn(address indexed account);

    /// @notice Called through an account that delegates here, and not at the implementation itself.
    error NotTheImplementation(address called);

    /// @notice The account's code is not a delegation to this implementation.
    error NotDelegatedHere(address account);

    /// @notice The module is installed, and the consent to that counts.
    error AlreadyInitialized(address account);

    /// @notice Not signed by the key whose address the account has.
    error InvalidRootSignature();

    /// @notice Records the calling account's consent, if its key signed it. `WritDelegate.initializeWrit` calls it.
    /// @param installation keccak256 of what the module is installed with.
    /// @param signature `r ‖ s ‖ v` of the account's key over `consentDigest`.
    function giveConsent(bytes32 installation, bytes calldata signature) external;

    /// @notice Takes the calling account's consent back: no operation of it validates any more. For the key to send, in a
    /// transaction.
    function withdrawConsent() external;

    /// @notice Whether an account's consent counts, and the nonce of the next one. A consent ends when the account removes the
    /// module as validator, whatever code does it: what is installed afterwards the key did not consent to.
    function consentOf(address account) external view returns (bool given, uint64 nonce);

    /// @notice What the account's key signs next to consent to an installation: EIP-712 struct
    /// `Initialize(address account,bytes32 installation,uint256 nonce)` in the domain {"Writ", "1", chainId, implementation}.
    function consentDigest(address account, bytes32 installation) external view returns (bytes32);
}
