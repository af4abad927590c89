// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IRootConsents} from "../interfaces/IRootConsents.sol";
import {Domain} from "../libraries/Domain.sol";
import {OwnerSignature} from "../libraries/OwnerSignature.sol";

/// @title The consents of EIP-7702 accounts, at the address of the implementation that they delegate to
/// @notice The implementation is called at its own address here, by accounts that run its code: the caller's code hash says
/// that they do. Code that an account delegated to before, or delegates to later, can read this and change nothing of it but
/// take a consent back.
abstract contract RootConsents is IRootConsents {
    struct Consent {
        bool given;
        uint64 nonce;
        uint64 removals;
    }

    bytes32 private constant INITIALIZE_TYPEHASH =
        keccak256("Initialize(address account,bytes32 installation,uint256 nonce)");

    RootConsents internal immutable _consents;
    /// @dev Of `0xef0100 ‖ this implementation`, which is the code of whoever delegates here.
    bytes32 private immutable _delegationHash;

    mapping(address account => Consent) private _consent;

    modifier onlyImplementation() {
        _checkImplementation();
        _;
    }

    constructor() {
        _consents = this;
        _delegationHash = keccak256(abi.encodePacked(hex"ef0100", this));
    }

    /// @inheritdoc IRootConsents
    /// @dev 7562: not called in validation, unless an operation initializes its own account.
    function giveConsent(bytes32 installation, bytes calldata signature)
        external
        onlyImplementation
    {
        if (msg.sender.codehash != _delegationHash) {
            revert NotDelegatedHere(msg.sender);
        }
        Consent storage consent = _consent[msg.sender];
        // What is consented to comes after it, and nothing that is there already.
        if (_isInstalled(msg.sender)) revert AlreadyInitialized(msg.sender);
        uint64 nonce = consent.nonce;
        bytes32 digest = _digest(msg.sender, installation, nonce);
        if (!OwnerSignature.signed(msg.sender, digest, signature)) revert InvalidRootSignature();
        consent.given = true;
        consent.nonce = nonce + 1;
        consent.removals = _removalsOf(msg.sender);
        emit ConsentGiven(msg.sender, installation, nonce);
    }

    /// @inheritdoc IRootConsents
    /// @dev 7562: not called in validation.
    function withdrawConsent() external onlyImplementation {
        if (!_consent[msg.sender].given) return;
        _consent[msg.sender].given = false;
        emit ConsentWithdrawn(msg.sender);
    }

    /// @inheritdoc IRootConsents
    /// @dev 7562: reads a slot associated with the account, and one of the module's.
    function consentOf(address account)
        external
        view
        onlyImplementation
        returns (bool given, uint64 nonce)
    {
        Consent storage consent = _consent[account];
        given = consent.given && consent.removals == _removalsOf(account);
        nonce = consent.nonce;
    }

    /// @inheritdoc IRootConsents
    /// @dev 7562: not called in validation.
    function consentDigest(address account, bytes32 installation)
        external
        view
        onlyImplementation
        returns (bytes32)
    {
        return _digest(account, installation, _consent[account].nonce);
    }

    /// @dev Whether the module is installed for an account.
    function _isInstalled(address account) internal view virtual returns (bool);

    /// @dev How often an account removed the module: what other code installed in between it installed after a removal.
    function _removalsOf(address account) internal view virtual returns (uint64);

    function _digest(address account, bytes32 installation, uint64 nonce)
        private
        view
        returns (bytes32)
    {
        return
            Domain.digest(keccak256(abi.encode(INITIALIZE_TYPEHASH, account, installation, nonce)));
    }

    function _checkImplementation() private view {
        if (address(this) != address(_consents)) revert NotTheImplementation(address(this));
    }
}
