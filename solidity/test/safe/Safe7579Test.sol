// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {IEntryPointEvents} from "../accounts/AccountKind.sol";
import {YesValidator} from "../accounts/Mocks.sol";
import {Published} from "../accounts/Published.sol";
import {ModuleSetup} from "../accounts/kinds/Reference.sol";
import {ISafe7579Launchpad} from "../accounts/kinds/Safe7579.sol";
import {Attestor} from "../utils/Attestor.sol";
import {IDevAccount} from "../utils/Contracts.sol";
import {EntryPoints} from "../utils/EntryPoints.sol";
import {IPublishedProxyFactory, IPublishedSafe, Safes} from "../utils/Safes.sol";
import {SafeTest, SafeTx} from "./SafeTest.sol";
import {IEntryPoint, PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    IERC7579ModuleConfig,
    MODULE_TYPE_EXECUTOR,
    MODULE_TYPE_HOOK,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {Vm} from "forge-std/Vm.sol";
import {Configuration} from "writ/interfaces/WritTypes.sol";

/// @title A Safe 1.5 with the adapter Safe7579 1.0.0, the WritModule as its validator and hook, and both guards
abstract contract SafeFixture is SafeTest {
    string private constant FILE = "Safe7579Precompiles";

    address internal adapter;
    address internal launchpad;
    YesValidator internal yes;
    uint256 private _salt = 7579;

    function setUp() public virtual override {
        if (!vm.exists(Published.FOLDER)) {
            require(!vm.envOr("WRIT_FORBID_SKIP", false), "what this account needs is not there");
            vm.skip(true, string.concat("no ", Published.FOLDER));
        }
        super.setUp();
        adapter = Published.create(FILE, "SAFE7579_BYTECODE", "");
        launchpad = Published.create(
            FILE, "SAFE7579_LAUNCHPAD_BYTECODE", abi.encode(EntryPoints.V07, address(0))
        );
        yes = new YesValidator();
        guard = Safes.guard(adapter, address(module));
        safe = newModularSafe();
        account = IDevAccount(payable(address(safe)));
        vm.label(address(safe), "Safe");
        fund(address(safe));
        install(guardConfiguration());
    }

    function newModularSafe() internal returns (IPublishedSafe created) {
        ModuleSetup[] memory validators = new ModuleSetup[](1);
        validators[0] = ModuleSetup(address(module), abi.encode(configuration(), policies()));
        ModuleSetup[] memory hooks = new ModuleSetup[](1);
        hooks[0] = ModuleSetup(address(module), _everything());
        ModuleSetup[] memory none = new ModuleSetup[](0);
        bytes memory adding = abi.encodeCall(
            ISafe7579Launchpad.addSafe7579,
            (adapter, validators, none, none, hooks, new address[](0), 0)
        );
        address[] memory owners = new address[](2);
        (owners[0], owners[1]) = (vm.addr(FIRST_OWNER), vm.addr(SECOND_OWNER));
        bytes memory initializer = abi.encodeCall(
            IPublishedSafe.setup,
            (owners, 2, launchpad, adding, adapter, address(0), 0, payable(address(0)))
        );
        created = IPublishedSafe(
            IPublishedProxyFactory(factory).createProxyWithNonce(singleton, initializer, _salt++)
        );
        execute(
            created,
            transaction(
                address(created), 0, abi.encodeCall(created.enableModule, (safeModule)), CALL
            )
        );
    }

    function _everything() private pure returns (bytes memory) {
        return abi.encode(uint8(0), bytes4(0), bytes(""));
    }

    // ------------------------------------------------------------------ operations

    function ran(PackedUserOperation memory op) internal returns (bool) {
        vm.recordLogs();
        vm.prank(bundler, bundler);
        (bool included,) =
            address(entryPoint).call(abi.encodeCall(IEntryPoint.handleOps, (one(op), bundler)));
        if (!included) return false;
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IEntryPointEvents.UserOperationEvent.selector) continue;
            (, bool success,,) = abi.decode(logs[i].data, (uint256, bool, uint256, uint256));
            return success;
        }
        return false;
    }

    function runs(bytes memory accountCall) internal returns (bool) {
        return ran(attested(operation(account, 0, accountCall)));
    }

    function byOther(bytes memory accountCall) internal returns (bool) {
        PackedUserOperation memory op = operation(account, 0, accountCall);
        op.nonce = entryPoint.getNonce(address(account), uint192(uint160(address(yes))) << 32);
        op.signature = new bytes(65);
        return ran(op);
    }

    function byOwners(address to, uint256 value, bytes memory data) internal returns (bool) {
        SafeTx memory t = transaction(to, value, data, CALL);
        bytes memory executing = exec(t, signed(t));
        vm.prank(relayer);
        (bool success, bytes memory result) = address(safe).call(executing);
        return success && abi.decode(result, (bool));
    }

    function installYes() internal returns (bool) {
        return runs(
            abi.encodeCall(
                IERC7579ModuleConfig.installModule, (MODULE_TYPE_VALIDATOR, address(yes), "")
            )
        );
    }

    function installExecutor(address executor) internal returns (bool) {
        return runs(
            abi.encodeCall(IERC7579ModuleConfig.installModule, (MODULE_TYPE_EXECUTOR, executor, ""))
        );
    }

    function uninstallHook() internal view returns (bytes memory) {
        return abi.encodeCall(
            IERC7579ModuleConfig.uninstallModule, (MODULE_TYPE_HOOK, address(module), _everything())
        );
    }

    function hasHook() internal view returns (bool) {
        return account.isModuleInstalled(MODULE_TYPE_HOOK, address(module), _everything());
    }

    function announceOfGuard() internal {
        require(
            byOwners(address(guard), 0, abi.encodeCall(guard.announceExit, ())), "not announced"
        );
    }

    function announceOfModule() internal {
        uint256 nonce = state(address(account)).configurationNonce;
        bytes32 structHash = keccak256(
            abi.encode(keccak256("AnnounceExit(address account,uint256 nonce)"), account, nonce)
        );
        module.announceExit(
            address(account),
            nonce,
            ownerSignature(Attestor.typed(address(module), block.chainid, structHash))
        );
    }
}
