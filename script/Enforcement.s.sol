// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IERC7579ModuleConfig} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {Script, console} from "forge-std/Script.sol";
import {Vm} from "forge-std/Vm.sol";
import {
    EnforcementPath,
    Evidence,
    Finding,
    IWritLens,
    KnownKind,
    Report,
    Source,
    Verdict,
    Vouched
} from "writ/lens/IWritLens.sol";

/// @dev Kernel's own events. Nothing but their words is read, wherever they stand.
interface IKernelEvents {
    event SelectorSet(bytes4 selector, bytes21 id, bool allowed);
    event RootValidatorUpdated(bytes21 id);
}

/// @title Says of an account what can go around the module, and fails unless nothing can
/// @notice `ACCOUNT=0x… MODULE=0x… FROM_BLOCK=n forge script script/Enforcement.s.sol --rpc-url …`. Sends and deploys nothing.
/// FROM_BLOCK must lie before the account's first block; otherwise candidates may be missing, and rows that rest on them are
/// unverifiable. Also: STEP (blocks in one question for logs, 5000), SELECTORS (that may have a fallback handler), GUARD and
/// MODULE_GUARD (of a Safe), OPENZEPPELIN_CODE_HASH (of a subclass that was examined). docs/enforcement.md says how to read the table.
contract Enforcement is Script {
    bytes32 private constant ERC1967 =
        0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;

    error StepZero();
    error NoCode(address account);
    error NotEnforced(uint256 open, uint256 unverifiable);

    address[] private _validators;
    address[] private _executors;
    address[] private _handlers;
    bytes4[] private _permissions;
    /// @dev A policy or signer was installed: a permission, whose name no event tells.
    bool private _unnamed;

    function run() external {
        address account = vm.envAddress("ACCOUNT");
        Evidence memory evidence = collect(
            account, vm.envUint("FROM_BLOCK"), block.number, vm.envOr("STEP", uint256(5000))
        );
        evidence.guard = vm.envOr("GUARD", address(0));
        evidence.moduleGuard = vm.envOr("MODULE_GUARD", address(0));
        bytes32[] memory selectors = vm.envOr("SELECTORS", ",", new bytes32[](0));
        evidence.selectors = new bytes4[](selectors.length);
        for (uint256 i = 0; i < selectors.length; ++i) {
            evidence.selectors[i] = bytes4(selectors[i]);
        }
        bytes32 examined = vm.envOr("OPENZEPPELIN_CODE_HASH", bytes32(0));
        if (examined != 0) {
            evidence.vouched = new Vouched[](1);
            evidence.vouched[0] = Vouched(examined, KnownKind.OpenZeppelin);
        }
        judge(account, vm.envAddress("MODULE"), evidence);
    }

    /// @notice Prints what the lens says, and reverts unless the account is enforced.
    function judge(address account, address module, Evidence memory evidence) public {
        if (account.code.length == 0) revert NoCode(account);
        // In the script's own memory of the chain; nothing is broadcast.
        IWritLens lens = IWritLens(vm.deployCode("WritLens.sol:WritLens"));
        Report memory report = lens.verifyEnforcement(account, module, evidence);
        console.log(asText(report));
        if (report.enforced) return;
        revert NotEnforced(_count(report, Verdict.Open), _count(report, Verdict.Unverifiable));
    }

    /// @notice Candidates from the events of the account, and what its implementation's slot holds.
    function collect(address account, uint256 from, uint256 to, uint256 step)
        public
        returns (Evidence memory evidence)
    {
        if (step == 0) revert StepZero();
        for (uint256 first = from; first <= to; first += step) {
            uint256 last = first + step - 1 < to ? first + step - 1 : to;
            Vm.EthGetLogs[] memory logs = logsOf(account, first, last);
            for (uint256 i = 0; i < logs.length; ++i) {
                if (logs[i].emitter == account && logs[i].topics.length != 0) _take(logs[i]);
            }
        }
        evidence.implementation = address(uint160(uint256(vm.load(account, ERC1967))));
        bool all = !_unnamed && !existedBefore(account, from);
        evidence.source = all ? Source.Events : Source.Partial;
        evidence.validators = _validators;
        evidence.executors = _executors;
        evidence.handlers = _handlers;
        evidence.permissions = _permissions;
    }

    /// @dev A node refuses what it thinks too much: STEP bounds it.
    function logsOf(address account, uint256 from, uint256 to)
        internal
        virtual
        returns (Vm.EthGetLogs[] memory)
    {
        return vm.eth_getLogs(from, to, account, new bytes32[](0));
    }

    /// @dev Whether the account had code, and so events, before the blocks that were looked at. A node that does not know
    /// any more proves nothing.
    function existedBefore(address account, uint256 from) internal virtual returns (bool) {
        if (from == 0) return false;
        string memory parameters =
            string.concat('["', vm.toString(account), '","', _quantity(from - 1), '"]');
        try vm.rpc("eth_getCode", parameters) returns (bytes memory code) {
            return code.length != 0;
        } catch {
            return true;
        }
    }

    /// @notice The report as text, a row for each path.
    function asText(Report memory report) public pure returns (string memory text) {
        text = string.concat(
            "kind            ",
            _kind(report.kind),
            report.vouched ? " (the caller vouches for its code)" : "",
            "\nimplementation  ",
            vm.toString(report.implementation),
            report.implementationFromCaller ? " (read from its storage)" : "",
            "\n"
        );
        for (uint256 i = 0; i < report.findings.length; ++i) {
            Finding memory finding = report.findings[i];
            text = string.concat(text, _verdict(finding.verdict), _path(finding.path));
            if (finding.subject != address(0)) {
                text = string.concat(text, "  ", vm.toString(finding.subject));
            }
            if (finding.selector != 0) {
                text = string.concat(text, "  ", vm.toString(abi.encodePacked(finding.selector)));
            }
            text = string.concat(text, "\n");
        }
        return string.concat(text, report.enforced ? "enforced" : "NOT enforced");
    }

    function _take(Vm.EthGetLogs memory log) private {
        bytes32 topic = log.topics[0];
        // Whether a word is indexed makes no difference.
        bytes memory words;
        for (uint256 i = 1; i < log.topics.length; ++i) {
            words = bytes.concat(words, log.topics[i]);
        }
        words = bytes.concat(words, log.data);
        if (topic == IKernelEvents.RootValidatorUpdated.selector) {
            if (words.length >= 32) _takeId(_word(words, 0));
        } else if (topic == IKernelEvents.SelectorSet.selector) {
            if (words.length >= 64) _takeId(_word(words, 1));
        } else if (words.length < 64) {
            return;
        } else if (topic == IERC7579ModuleConfig.ModuleInstalled.selector) {
            _takeInstallation(uint256(_word(words, 0)), _address(_word(words, 1)));
        } else if (topic == IERC7579ModuleConfig.ModuleUninstalled.selector) {
            if (uint256(_word(words, 0)) == 3) _remove(_address(_word(words, 1)));
        }
    }

    function _takeInstallation(uint256 moduleType, address installed) private {
        if (moduleType == 1) _add(_validators, installed);
        else if (moduleType == 2) _add(_executors, installed);
        else if (moduleType == 3) _handlers.push(installed);
        else if (moduleType != 4) _unnamed = true;
    }

    /// @dev `type(1) ‖ validator(20)`, or `type(1) ‖ permission(4)`.
    function _takeId(bytes32 id) private {
        if (id[0] == 0x01) {
            _add(_validators, address(bytes20(id << 8)));
        } else if (id[0] == 0x02) {
            for (uint256 i = 0; i < _permissions.length; ++i) {
                if (_permissions[i] == bytes4(id << 8)) return;
            }
            _permissions.push(bytes4(id << 8));
        }
    }

    function _add(address[] storage list, address what) private {
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] == what) return;
        }
        list.push(what);
    }

    function _remove(address what) private {
        for (uint256 i = 0; i < _handlers.length; ++i) {
            if (_handlers[i] != what) continue;
            _handlers[i] = _handlers[_handlers.length - 1];
            _handlers.pop();
            return;
        }
    }

    function _word(bytes memory words, uint256 index) private pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := mload(add(add(words, 0x20), mul(index, 0x20)))
        }
    }

    function _address(bytes32 word) private pure returns (address) {
        return address(uint160(uint256(word)));
    }

    /// @dev Without leading zeros, as JSON-RPC wants it.
    function _quantity(uint256 value) private pure returns (string memory text) {
        bytes16 digits = "0123456789abcdef";
        do {
            text = string.concat(string(abi.encodePacked(digits[value & 15])), text);
            value >>= 4;
        } while (value != 0);
        return string.concat("0x", text);
    }

    function _count(Report memory report, Verdict verdict) private pure returns (uint256 count) {
        for (uint256 i = 0; i < report.findings.length; ++i) {
            if (report.findings[i].verdict == verdict) ++count;
        }
    }

    function _verdict(Verdict verdict) private pure returns (string memory) {
        if (verdict == Verdict.Unverifiable) return "UNVERIFIABLE    ";
        if (verdict == Verdict.Open) return "OPEN            ";
        return verdict == Verdict.Closed ? "closed          " : "not applicable  ";
    }

    function _kind(KnownKind kind) private pure returns (string memory) {
        if (kind == KnownKind.OpenZeppelin) return "OpenZeppelin AccountERC7579Hooked";
        if (kind == KnownKind.Reference) return "ERC-7579 reference account";
        if (kind == KnownKind.Nexus) return "Nexus 1.0.0";
        if (kind == KnownKind.Safe7579) return "Safe7579 1.0.0";
        if (kind == KnownKind.Kernel) return "Kernel 0.3.1";
        return kind == KnownKind.Safe ? "Safe" : "unknown";
    }

    function _path(EnforcementPath path) private pure returns (string memory) {
        string[22] memory titles = [
            "code of the account",
            "key of an EIP-7702 account",
            "module as validator",
            "module as hook",
            "mode",
            "exit",
            "scheduled configuration",
            "operator set",
            "EntryPoint",
            "root validator",
            "operation under another validator",
            "ticket of a reverted operation",
            "signature through another validator",
            "removal of the hook under another validator",
            "emergency removal under another validator",
            "executor",
            "fallback handler",
            "fallback handler by delegatecall",
            "upgrade",
            "transaction of a Safe's owners",
            "module of a Safe itself",
            "signature of a Safe's owners"
        ];
        return titles[uint256(path)];
    }
}
