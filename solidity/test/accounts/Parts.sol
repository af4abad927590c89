// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {AnsweringHandler, OpenExecutor, SlotWriter} from "../mocks/Mocks.sol";
import {Attestor} from "../utils/Attestor.sol";
import {EntryPoints} from "../utils/EntryPoints.sol";
import {AccountKind} from "./AccountKind.sol";
import {Facts} from "./Facts.sol";
import {YesValidator} from "./Mocks.sol";
import {Outcome, Path, Paths} from "./Path.sol";
import {Published} from "./Published.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {
    IERC7579Execution,
    MODULE_TYPE_HOOK,
    MODULE_TYPE_VALIDATOR
} from "@openzeppelin/contracts/interfaces/draft-IERC7579.sol";
import {Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @title What trying a path takes
/// @notice A path tells whether something went through. What did not is tried again on an account that the module only
/// observes: if it goes through there, it is the module that closed it, otherwise the account.
abstract contract Parts is AccountKind {
    Facts internal facts;
    OpenExecutor internal executor;
    AnsweringHandler internal handler;
    SlotWriter internal writer;
    YesValidator internal yes;
    /// @dev Whose signatures the account is asked about: the module's, or any, to see what the account does by itself.
    address internal signer;

    bytes4 internal constant ASKED = 0xaabbccdd;
    bytes32 internal constant STATIC = bytes32(uint256(0xfe) << 248);

    function newFacts() internal virtual returns (Facts);

    function setUp() public virtual override {
        facts = newFacts();
        if (!available()) {
            require(!vm.envOr("WRIT_FORBID_SKIP", false), "what this account needs is not there");
            vm.skip(true, string.concat("no ", Published.FOLDER, " or ", EntryPoints.V09_CODE));
        }
        super.setUp();
        executor = new OpenExecutor();
        handler = new AnsweringHandler();
        writer = new SlotWriter();
        yes = new YesValidator();
        signer = address(module);
    }

    /// @dev Whether the published code is there that the kind and the EntryPoint are made from.
    function available() internal view virtual returns (bool) {
        return vm.exists(Published.FOLDER);
    }

    function check(Path path, function() internal returns (bool) tried) internal {
        (Outcome foreseen, string memory why) = facts.fact(path);
        if (foreseen == Outcome.NotApplicable) {
            assertNotEq(why, "", Paths.title(path));
            afterTrying(path, foreseen);
            return;
        }
        uint256 before = vm.snapshotState();
        Outcome found;
        bool through = tried();
        afterTrying(path, foreseen);
        if (through) {
            found = Paths.wanted(path) ? Outcome.Works : Outcome.Open;
        } else {
            vm.revertToState(before);
            Configuration memory c = configuration();
            c.mode = Mode.Observe;
            account = newAccount(c);
            signer = address(yes);
            found = tried() ? Outcome.Closed : Outcome.Refused;
        }
        assertEq(Paths.word(path, found), Paths.word(path, foreseen), Paths.title(path));
    }

    /// @dev With the account as the attempt left it, under enforcement.
    function afterTrying(Path path, Outcome foreseen) internal virtual {}

    // ------------------------------------------------------------------ parts

    function sendIn(bytes32 mode, uint256 value) internal view returns (bytes memory) {
        return abi.encodeCall(IERC7579Execution.execute, (mode, abi.encodePacked(recipient, value)));
    }

    function delegateWrite(uint256 slot, uint256 value) internal view returns (bytes memory) {
        bytes memory writing = abi.encodeCall(writer.write, (slot, value));
        return abi.encodeCall(
            IERC7579Execution.execute, (DELEGATE, abi.encodePacked(address(writer), writing))
        );
    }

    /// @dev The account's slot that holds the hook, found by asking.
    function hookSlot() internal returns (uint256) {
        vm.record();
        askForHook();
        (bytes32[] memory reads,) = vm.accesses(address(account));
        for (uint256 i = 0; i < reads.length; ++i) {
            uint256 word = uint256(vm.load(address(account), reads[i]));
            // Some kinds keep more beside it.
            for (uint256 shift = 0; shift <= 96; shift += 8) {
                if (address(uint160(word >> shift)) == address(module)) return uint256(reads[i]);
            }
        }
        revert("no slot of the account holds the hook");
    }

    function askForHook() internal view virtual {
        hasHook(address(module));
    }

    function unattested(bytes memory accountCall) internal returns (bool) {
        PackedUserOperation memory op = operation(account, 0, accountCall);
        op.signature = ownerSigns(op);
        return ran(op);
    }

    /// @dev Under the other validator, which accepts everything.
    function byOther(bytes memory accountCall) internal returns (bool) {
        return byOther(operation(account, 0, accountCall));
    }

    function byOther(PackedUserOperation memory op) internal returns (bool) {
        op.nonce = entryPoint.getNonce(address(account), nonceKey(address(yes), 0));
        op.signature = new bytes(65);
        return ran(op);
    }

    function executorRuns() internal returns (bool) {
        try executor.run(address(account), SINGLE, abi.encodePacked(recipient, uint256(1))) {
            return recipient.balance == 1;
        } catch {
            return false;
        }
    }

    function fallbackAnswers() internal returns (bool) {
        (bool success,) = address(account).call(abi.encodePacked(ASKED, bytes32(0)));
        return success && handler.calls() == 1;
    }

    function signs(address validator) internal view returns (bool) {
        bytes32 hash = keccak256("something to sign");
        bytes memory signature = signatureThrough(validator, ownerSignature(hash));
        try account.isValidSignature(hash, signature) returns (bytes4 answer) {
            return answer == 0x1626ba7e;
        } catch {
            return false;
        }
    }

    function announce() internal {
        uint256 nonce = state(address(account)).configurationNonce;
        bytes32 typeHash = keccak256("AnnounceExit(address account,uint256 nonce)");
        bytes32 structHash = keccak256(abi.encode(typeHash, account, nonce));
        module.announceExit(
            address(account),
            nonce,
            ownerSignature(Attestor.typed(address(module), block.chainid, structHash))
        );
    }

    /// @dev After an exit: hands the account to the other validator and removes the module from both roles, attesting nothing.
    function leave() internal virtual returns (bool) {
        return unattested(installation(MODULE_TYPE_VALIDATOR, address(yes), ""))
            && unattested(removal(MODULE_TYPE_HOOK, address(module)))
            && byOther(removal(MODULE_TYPE_VALIDATOR, address(module)));
    }

    /// @dev Installs the module again, under the other validator.
    function comeBack() internal virtual {
        bytes memory data = abi.encode(configuration(), policies());
        byOther(installation(MODULE_TYPE_VALIDATOR, address(module), data));
        byOther(installation(MODULE_TYPE_HOOK, address(module), ""));
    }
}
