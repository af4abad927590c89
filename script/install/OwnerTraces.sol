// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {ConfigurationScript} from "../ConfigurationScript.sol";
import {Deterministic} from "../Deterministic.sol";
import {Configuration} from "writ/interfaces/WritTypes.sol";
import {OwnerData} from "writ/libraries/OwnerData.sol";

/// @title Demands a trace of owners whose check runs code that nobody here examined
/// @notice Keys (the module's own check, `P256Owner`, `WebAuthnOwner`, and `WeightedOwners` of nothing else) need none. Every
/// other owner needs the report that `writ trace-owner` writes, named by WRIT_OWNER_TRACE: of this very owner, passing, and
/// about code that still stands here. docs/owners.md has its form.
abstract contract OwnerTraces is ConfigurationScript, Deterministic {
    /// @dev There is no report, or one that only the stub was tried for. Says how to get one.
    error OwnerNotTraced(string remedy);
    /// @dev The owner's check breaks ERC-7562, as the sentence says: no bundler would take the account's operations.
    error OwnerViolates(string violation);
    /// @dev The report is about something else.
    error OwnerTraceForeign(string field, string reported, string here);
    /// @dev Other code stands here than the report was made with.
    error OwnerTraceStale(address at, bytes32 reported, bytes32 found);
    /// @dev The report does not say that this contract, which decides, was asked in that run.
    error OwnerTraceIncomplete(address unasked, uint256 run);
    /// @dev The report contradicts itself, or has another form.
    error OwnerTraceRefused(string why);

    bytes32 private constant FORMAT = keccak256("writ.owner-trace.1");
    uint256 private constant HEAD = 24;

    string private _report;

    /// @notice Takes a report, as text.
    function useOwnerTrace(string calldata report) external {
        _report = report;
    }

    function _readOwnerTrace() internal {
        string memory path = vm.envOr("WRIT_OWNER_TRACE", string(""));
        if (bytes(path).length != 0) _report = vm.readFile(path);
    }

    /// @dev Refuses the configuration's owner unless it needs no trace, or the report's passes.
    function _checkOwnerTrace(address account, address module, Configuration memory configuration)
        internal
        view
    {
        address validator = configuration.ownerValidator;
        if (validator == address(0)) return;
        bytes memory data = OwnerData.read(configuration.owner);
        address[] memory deciding = _deciding(validator, data);
        if (deciding.length == 0) return;
        if (bytes(_report).length == 0) {
            revert OwnerNotTraced(_remedy(account, module, configuration));
        }
        _checkSubject(account, module, configuration, data);
        _checkCode(module, configuration);
        _checkResult();
        for (uint256 run = 0; run < 2; ++run) {
            address[] memory touched =
                vm.parseJsonAddressArray(_report, string.concat(_run(run), ".touched"));
            for (uint256 i = 0; i < deciding.length; ++i) {
                if (!_contains(touched, deciding[i])) {
                    revert OwnerTraceIncomplete(deciding[i], run);
                }
            }
        }
    }

    // ------------------------------------------------------------------ who decides

    /// @dev The contracts that decide about the owner's signatures and that nobody here examined: none for keys.
    function _deciding(address validator, bytes memory data)
        private
        view
        returns (address[] memory deciding)
    {
        if (validator != _standard("WeightedOwners")) return _decidingAlone(validator, data);
        deciding = new address[](0);
        uint256 at = 2;
        while (at < data.length) {
            // A list that is none has no owner; the module refuses it.
            if (data.length - at < HEAD) return _one(validator);
            address member = address(bytes20(_slice(data, at + 2, 20)));
            uint256 length = uint16(bytes2(_slice(data, at + 22, 2)));
            at += HEAD;
            if (data.length - at < length) return _one(validator);
            if (member != address(0)) {
                address[] memory more = _decidingAlone(member, _slice(data, at, length));
                for (uint256 i = 0; i < more.length; ++i) {
                    deciding = _append(deciding, more[i]);
                }
            }
            at += length;
        }
    }

    function _decidingAlone(address validator, bytes memory data)
        private
        view
        returns (address[] memory deciding)
    {
        if (validator == _standard("P256Owner") || validator == _standard("WebAuthnOwner")) {
            return deciding;
        }
        deciding = _one(validator);
        if (validator == _standard("ContractOwner") && data.length == 20) {
            deciding = _append(deciding, address(bytes20(data)));
        }
    }

    /// @dev Where a check that comes with Writ stands on every chain.
    function _standard(string memory name) private view returns (address) {
        return addressOf(vm.getCode(string.concat(name, ".sol:", name)));
    }

    // ------------------------------------------------------------------ what the report says

    function _checkSubject(
        address account,
        address module,
        Configuration memory configuration,
        bytes memory data
    ) private view {
        if (keccak256(bytes(vm.parseJsonString(_report, ".format"))) != FORMAT) {
            revert OwnerTraceRefused("it is no writ.owner-trace.1");
        }
        uint256 chainId = vm.parseJsonUint(_report, ".chainId");
        if (chainId != block.chainid) {
            revert OwnerTraceForeign("chainId", vm.toString(chainId), vm.toString(block.chainid));
        }
        _same("account", account);
        _same("module", module);
        _same("entryPoint", configuration.entryPoint);
        _same("ownerValidator", configuration.ownerValidator);
        _same("owner", configuration.owner);
        bytes memory reported = vm.parseJsonBytes(_report, ".ownerData");
        if (keccak256(reported) != keccak256(data)) {
            revert OwnerTraceForeign("ownerData", vm.toString(reported), vm.toString(data));
        }
    }

    function _same(string memory field, address here) private view {
        address reported = vm.parseJsonAddress(_report, string.concat(".", field));
        if (reported != here) {
            revert OwnerTraceForeign(field, vm.toString(reported), vm.toString(here));
        }
    }

    function _checkCode(address module, Configuration memory configuration) private view {
        bool[3] memory named;
        for (uint256 i = 0;; ++i) {
            string memory entry = string.concat(".code[", vm.toString(i), "]");
            if (!vm.keyExistsJson(_report, string.concat(entry, ".address"))) break;
            address at = vm.parseJsonAddress(_report, string.concat(entry, ".address"));
            bytes32 hash = vm.parseJsonBytes32(_report, string.concat(entry, ".codeHash"));
            if (hash != at.codehash) revert OwnerTraceStale(at, hash, at.codehash);
            named[0] = named[0] || at == module;
            named[1] = named[1] || at == configuration.ownerValidator;
            named[2] = named[2] || at == configuration.owner;
        }
        if (!named[0] || !named[1] || !named[2]) {
            revert OwnerTraceRefused("it does not name the code of module, validator and owner");
        }
        // What decided must be among the code that was compared.
        for (uint256 run = 0; vm.keyExistsJson(_report, _run(run)); ++run) {
            address[] memory touched =
                vm.parseJsonAddressArray(_report, string.concat(_run(run), ".touched"));
            for (uint256 i = 0; i < touched.length; ++i) {
                if (touched[i].code.length != 0 && !_hasCode(touched[i])) {
                    revert OwnerTraceRefused("a run touched code that it does not name");
                }
            }
        }
    }

    function _hasCode(address what) private view returns (bool) {
        for (uint256 i = 0;; ++i) {
            string memory at = string.concat(".code[", vm.toString(i), "].address");
            if (!vm.keyExistsJson(_report, at)) return false;
            if (vm.parseJsonAddress(_report, at) == what) return true;
        }
        return false;
    }

    function _checkResult() private view {
        string[] memory violations = vm.parseJsonStringArray(_report, ".violations");
        if (violations.length != 0) revert OwnerViolates(violations[0]);
        bytes32 result = keccak256(bytes(vm.parseJsonString(_report, ".result")));
        if (result == keccak256("stubOnly")) {
            revert OwnerNotTraced(string.concat(
                    "only the stub was traced: have the owner sign ",
                    vm.toString(vm.parseJsonBytes32(_report, ".operationHash")),
                    " as it signs operations, and trace again with --signature"
                ));
        }
        if (result != keccak256("passes")) {
            revert OwnerTraceRefused("the owner's check did not pass; `writ trace-owner` says why");
        }
        bool[4] memory held = [
            _says(0, "with", "stub"),
            _says(0, "outcome", "rejected"),
            _says(1, "with", "signature"),
            _says(1, "outcome", "accepted")
        ];
        bool clean = !vm.keyExistsJson(_report, ".runs[0].violations[0]")
            && !vm.keyExistsJson(_report, ".runs[1].violations[0]");
        if (!held[0] || !held[1] || !held[2] || !held[3] || !clean) {
            revert OwnerTraceRefused("it says that the check passes, and its runs do not");
        }
    }

    function _says(uint256 run, string memory field, string memory expected)
        private
        view
        returns (bool)
    {
        string memory key = string.concat(_run(run), ".", field);
        return vm.keyExistsJson(_report, key)
            && keccak256(bytes(vm.parseJsonString(_report, key))) == keccak256(bytes(expected));
    }

    function _run(uint256 run) private pure returns (string memory) {
        return string.concat(".runs[", vm.toString(run), "]");
    }

    function _remedy(address account, address module, Configuration memory configuration)
        private
        pure
        returns (string memory)
    {
        return string.concat(
            "bundlers refuse every operation of an account whose owner's check breaks ERC-7562, and nothing shows that this one keeps to it: run `writ trace-owner --node-url URL --account ",
            vm.toString(account),
            " --module ",
            vm.toString(module),
            " --entry-point ",
            vm.toString(configuration.entryPoint),
            " --owner-validator ",
            vm.toString(configuration.ownerValidator),
            " --owner ",
            vm.toString(configuration.owner),
            " --stub STUB --signature SIGNATURE` and set WRIT_OWNER_TRACE to its report"
        );
    }

    // ------------------------------------------------------------------ lists

    function _one(address what) private pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = what;
    }

    function _append(address[] memory list, address what)
        private
        pure
        returns (address[] memory longer)
    {
        longer = new address[](list.length + 1);
        for (uint256 i = 0; i < list.length; ++i) {
            longer[i] = list[i];
        }
        longer[list.length] = what;
    }

    function _contains(address[] memory list, address what) private pure returns (bool) {
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] == what) return true;
        }
        return false;
    }

    function _slice(bytes memory data, uint256 from, uint256 length)
        private
        pure
        returns (bytes memory part)
    {
        part = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            part[i] = data[from + i];
        }
    }
}
