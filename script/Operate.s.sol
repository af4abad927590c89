// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {OwnerTraces} from "./install/OwnerTraces.sol";
import {Attempt} from "./operate/Attempt.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {console} from "forge-std/Script.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";
import {AccountState, Configuration, Mode, PolicyReference} from "writ/interfaces/WritTypes.sol";
import {ConfigurationRules} from "writ/libraries/ConfigurationRules.sol";
import {Digests} from "writ/libraries/Digests.sol";

/// @notice Which account, under which module, and what was signed already.
struct Subject {
    address account;
    address module;
    /// The owner's, over the digest; empty while there is none.
    bytes signature;
    /// The quorum's, over the ConfigurationAction; empty: without it.
    bytes attestation;
}

/// @notice A setting that the module would take.
struct Setting {
    /// The call of the module. Anyone may send it.
    bytes data;
    /// EIP-712: what the owner signs; zero where nothing has to be signed.
    bytes32 digest;
    /// The ConfigurationAction that a quorum may attest; zero for everything but `configure`.
    bytes32 action;
    /// When it takes effect.
    string effect;
    /// Whether it was tried as it stands. Without the owner's signature only what comes after it was checked.
    bool tried;
    /// What then stands, where it was tried.
    Configuration configuration;
    AccountState state;
}

/// @title Prints the calls that change what an account has configured, and what their owner has to sign
/// @notice `ACCOUNT=0x… MODULE=0x… forge script script/Operate.s.sol --sig 'announceExit()' --rpc-url …`, and so `cancelExit()`,
/// `configure()`, `cancelConfiguration()`, `applyConfiguration()` (both with what `ConfigurationScript` lists) and
/// `sync(uint64)`. Sends nothing. The first run prints the digest; with the owner's SIGNATURE the call is tried, read back and
/// printed whole. ATTESTATION is a quorum's for `configure`, which without it strengthens at once or waits for the exit delay.
/// What the module would refuse is refused here, with the module's own errors; and so is a new owner that is no key, without
/// its trace (WRIT_OWNER_TRACE).
contract Operate is OwnerTraces {
    error NoCode(string what, address at);
    error NotTheModule(address module);

    function configure() external {
        (Configuration memory next, PolicyReference[] memory policies) = _configuration();
        _readOwnerTrace();
        Subject memory s = _subject();
        _print(s, configuring(s, next, policies));
    }

    function announceExit() external {
        _print(_subject(), announcingExit(_subject()));
    }

    function cancelExit() external {
        _print(_subject(), cancellingExit(_subject()));
    }

    function cancelConfiguration() external {
        _print(_subject(), cancellingConfiguration(_subject()));
    }

    function applyConfiguration() external {
        (Configuration memory next, PolicyReference[] memory policies) = _configuration();
        _readOwnerTrace();
        _print(_subject(), applyingConfiguration(_subject(), next, policies));
    }

    function sync(uint64 epoch) external {
        _print(_subject(), following(_subject(), epoch));
    }

    // ------------------------------------------------------------------ what is printed

    /// @notice Another configuration.
    function configuring(
        Subject memory s,
        Configuration memory next,
        PolicyReference[] memory policies
    ) public returns (Setting memory setting) {
        (Configuration memory current, AccountState memory state) = _read(s);
        bytes32 nextHash = Digests.configurationHash(next);
        bytes32 currentHash = Digests.configurationHash(current);
        if (nextHash == currentHash) revert IWritErrors.ConfigurationUnchanged();
        ConfigurationRules.check(next, policies);
        _checkNewOwner(s, current, next);

        uint256 nonce = state.configurationNonce;
        setting.digest = _digest(s, Digests.configure(s.account, nextHash, nonce));
        setting.action = Digests.configurationAction(s.account, currentHash, nextHash, nonce);
        setting.data = abi.encodeCall(
            IWritModule.configure, (s.account, next, policies, nonce, s.signature, s.attestation)
        );
        setting.effect = "Takes effect at once";
        if (s.attestation.length == 0 && !ConfigurationRules.strengthens(current, next)) {
            setting.effect = string.concat(
                "Is scheduled, and applied by applyConfiguration() after ",
                vm.toString(current.exitDelay),
                " seconds; at once with a quorum's ATTESTATION",
                state.pendingConfiguration == 0
                    ? ""
                    : ". It takes the place of what is scheduled now"
            );
        } else if (state.pendingConfiguration != 0) {
            setting.effect = string.concat(setting.effect, ", and withdraws what is scheduled");
        }
        if (next.mode == Mode.Enforce && current.mode != Mode.Enforce) {
            setting.effect = string.concat(setting.effect, ". Enforcement begins with it");
        }
        _tryIfSigned(s, setting);
    }

    /// @notice The exit, which no operator has to agree to.
    function announcingExit(Subject memory s) public returns (Setting memory setting) {
        (Configuration memory current, AccountState memory state) = _read(s);
        if (state.exitAt != 0) revert IWritErrors.ExitAlreadyAnnounced(state.exitAt);
        bytes32 typeHash = Digests.ANNOUNCE_EXIT_TYPEHASH;
        setting.digest = _settingDigest(s, typeHash, state.configurationNonce);
        setting.data = abi.encodeCall(
            IWritModule.announceExit, (s.account, state.configurationNonce, s.signature)
        );
        setting.effect = string.concat(
            "The account is free of the module ",
            vm.toString(current.exitDelay),
            " seconds after it, until the exit is cancelled"
        );
        _tryIfSigned(s, setting);
    }

    /// @notice No exit, or not any more.
    function cancellingExit(Subject memory s) public returns (Setting memory setting) {
        (, AccountState memory state) = _read(s);
        if (state.exitAt == 0) revert IWritErrors.ExitNotAnnounced();
        bytes32 typeHash = Digests.CANCEL_EXIT_TYPEHASH;
        setting.digest = _settingDigest(s, typeHash, state.configurationNonce);
        setting.data = abi.encodeCall(
            IWritModule.cancelExit, (s.account, state.configurationNonce, s.signature)
        );
        setting.effect = "The account is under the module again, at once";
        _tryIfSigned(s, setting);
    }

    /// @notice Nothing scheduled any more.
    function cancellingConfiguration(Subject memory s) public returns (Setting memory setting) {
        (, AccountState memory state) = _read(s);
        if (state.pendingConfiguration == 0) revert IWritErrors.NotPending(0, 0);
        bytes32 typeHash = Digests.CANCEL_CONFIGURATION_TYPEHASH;
        setting.digest = _settingDigest(s, typeHash, state.configurationNonce);
        setting.data = abi.encodeCall(
            IWritModule.cancelConfiguration, (s.account, state.configurationNonce, s.signature)
        );
        setting.effect = "What is scheduled is withdrawn at once";
        _tryIfSigned(s, setting);
    }

    /// @notice What was scheduled, when its time has come. Nobody signs it.
    function applyingConfiguration(
        Subject memory s,
        Configuration memory next,
        PolicyReference[] memory policies
    ) public returns (Setting memory setting) {
        (Configuration memory current,) = _read(s);
        _checkNewOwner(s, current, next);
        setting.data = abi.encodeCall(IWritModule.applyConfiguration, (s.account, next, policies));
        setting.effect = "Takes effect at once";
        _try(s, setting);
    }

    /// @notice A newer epoch of the registry that the account follows. Nobody signs it.
    function following(Subject memory s, uint64 epoch) public returns (Setting memory setting) {
        _read(s);
        setting.data = abi.encodeCall(IWritModule.sync, (s.account, epoch));
        setting.effect =
        "Takes effect at once. The revision stays, and the former operators count for a while";
        _try(s, setting);
    }

    /// @notice A setting as text.
    function asText(Subject memory s, Setting memory setting)
        public
        pure
        returns (string memory text)
    {
        text = string.concat(setting.effect, ".\n");
        if (setting.action != 0) {
            text = string.concat(
                text,
                "ConfigurationAction, for a quorum to attest: ",
                vm.toString(setting.action),
                "\n"
            );
        }
        if (!setting.tried) {
            return string.concat(
                text,
                "Not complete: the owner has to sign this digest, without any prefix, and SIGNATURE to be set to it:\n",
                vm.toString(setting.digest)
            );
        }
        return string.concat(
            text,
            "Tried: the module takes it, and has then revision ",
            vm.toString(setting.state.revision),
            ". A call of anyone:\nto   ",
            vm.toString(s.module),
            "\ndata ",
            vm.toString(setting.data)
        );
    }

    // ------------------------------------------------------------------ steps

    function _subject() private view returns (Subject memory s) {
        s.account = vm.envAddress("ACCOUNT");
        s.module = vm.envAddress("MODULE");
        s.signature = vm.envOr("SIGNATURE", bytes(""));
        s.attestation = vm.envOr("ATTESTATION", bytes(""));
    }

    function _print(Subject memory s, Setting memory setting) private pure {
        console.log(asText(s, setting));
    }

    function _read(Subject memory s)
        private
        view
        returns (Configuration memory current, AccountState memory state)
    {
        if (s.module.code.length == 0) revert NoCode("module", s.module);
        try IWritModule(s.module).domainSeparator() returns (bytes32) {}
        catch {
            revert NotTheModule(s.module);
        }
        (current, state) = IWritModule(s.module).configurationOf(s.account);
        if (!state.validatorInstalled) revert IWritErrors.NotInstalled(s.account);
    }

    function _checkNewOwner(
        Subject memory s,
        Configuration memory current,
        Configuration memory next
    ) private view {
        bool same = next.owner == current.owner && next.ownerValidator == current.ownerValidator;
        if (!same) _checkOwnerTrace(s.account, s.module, next);
    }

    function _settingDigest(Subject memory s, bytes32 typeHash, uint256 nonce)
        private
        view
        returns (bytes32)
    {
        return _digest(s, Digests.setting(typeHash, s.account, nonce));
    }

    function _digest(Subject memory s, bytes32 structHash) private view returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(IWritModule(s.module).domainSeparator(), structHash);
    }

    function _tryIfSigned(Subject memory s, Setting memory setting) private {
        if (s.signature.length != 0) _try(s, setting);
    }

    /// @dev Passes on what the module refuses it with.
    function _try(Subject memory s, Setting memory setting) private {
        try new Attempt().attempt(IWritModule(s.module), s.account, setting.data) {}
        catch (bytes memory result) {
            if (bytes4(result) != Attempt.Taken.selector) {
                assembly ("memory-safe") {
                    revert(add(result, 0x20), mload(result))
                }
            }
            assembly ("memory-safe") {
                mstore(add(result, 4), sub(mload(result), 4))
                result := add(result, 4)
            }
            (setting.configuration, setting.state) =
                abi.decode(result, (Configuration, AccountState));
            setting.tried = true;
        }
    }
}
