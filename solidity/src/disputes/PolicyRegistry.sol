// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity =0.8.30;

import {DataContracts} from "../libraries/DataContracts.sol";
import {IPolicyCheck} from "../policyvm/IPolicyCheck.sol";
import {Values} from "../policyvm/Values.sol";
import {Documents} from "./Documents.sol";
import {IPolicyRegistry} from "./IPolicyRegistry.sol";
import {Create2} from "@openzeppelin/contracts/utils/Create2.sol";

/// @title PolicyRegistry
/// @notice Policies' programs and manifests as code, so that anyone can prove on the chain what a policy decides.
///
/// ```
/// manifest ── keccak256 ──> policyId          program ── keccak256 ──┐
///    │ canonical, "policyvm-1", provable                             │ the same?
///    └── "program" ──────────────────────────────────────────────────┘
///                       │                        │ PolicyCheck
///              0x00 ‖ manifest          0x00 ‖ program        data contracts, for ever
/// ```
///
/// Nobody owns it, nothing in it changes. Two policies with the same program share its contract.
contract PolicyRegistry is IPolicyRegistry {
    struct Registered {
        address program;
        address manifest;
    }

    /// @dev What fits into code behind the leading zero (EIP-170).
    uint256 private constant MOST_BYTES = 24_575;
    bytes1 private constant ENCODING_VERSION = 0x02;

    /// @notice Says which programs are valid and which encodings canonical.
    IPolicyCheck public immutable CHECK;

    mapping(bytes32 policyId => Registered) private registered;

    constructor(IPolicyCheck check) {
        CHECK = check;
    }

    /// @inheritdoc IPolicyRegistry
    function register(bytes calldata manifest, bytes calldata program)
        external
        returns (bytes32 policyId)
    {
        _checkLength(manifest);
        policyId = keccak256(manifest);
        if (registered[policyId].program != address(0)) revert AlreadyRegistered(policyId);
        _checkManifest(manifest, keccak256(program));
        CHECK.checkProgram(program);

        Registered memory stored = Registered(_keep(program), _keep(manifest));
        registered[policyId] = stored;
        emit PolicyRegistered(policyId, stored.program, stored.manifest);
    }

    /// @inheritdoc IPolicyRegistry
    function keep(bytes calldata data) external returns (address at) {
        _checkLength(data);
        return _keep(data);
    }

    /// @inheritdoc IPolicyRegistry
    function programOf(bytes32 policyId) external view returns (address) {
        return registered[policyId].program;
    }

    /// @inheritdoc IPolicyRegistry
    function manifestOf(bytes32 policyId) external view returns (address) {
        return registered[policyId].manifest;
    }

    /// @dev Of its fields those that decide what is re-executed. That the program comes from the policy's source is what
    /// every operator finds out by compiling it.
    function _checkManifest(bytes calldata manifest, bytes32 programHash) private view {
        if (
            manifest.length == 0 || manifest[0] != ENCODING_VERSION
                || !CHECK.isCanonicalParameters(manifest[1:])
        ) revert ManifestNotCanonical();

        uint256 fields = Documents.open(manifest);
        uint256 provable = Documents.field(fields, "provable");
        if (
            !Documents.isText(Documents.field(fields, "engine"), "policyvm-1") || provable == 0
                || Values.kind(provable) != Documents.TRUE
        ) revert NotProvable();
        (bool known, uint256 hash) = Documents.word(Documents.field(fields, "program"));
        if (!known) revert NotProvable();
        if (bytes32(hash) != programHash) revert ProgramMismatch(bytes32(hash), programHash);
    }

    /// @dev A program is as short, or it is not valid.
    function _checkLength(bytes calldata data) private pure {
        if (data.length > MOST_BYTES) revert TooLong(data.length, MOST_BYTES);
    }

    /// @dev At an address that its bytes alone decide.
    function _keep(bytes memory data) private returns (address at) {
        bytes memory creationCode = DataContracts.creationCode(data);
        at = Create2.computeAddress(0, keccak256(creationCode));
        if (at.code.length == 0) Create2.deploy(0, 0, creationCode);
    }
}
