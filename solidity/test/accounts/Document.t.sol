// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Facts} from "./Facts.sol";
import {Outcome, Path, Paths} from "./Path.sol";
import {DelegateFacts} from "./facts/Delegate.sol";
import {KernelFacts} from "./facts/Kernel.sol";
import {NexusFacts} from "./facts/Nexus.sol";
import {OpenZeppelinFacts} from "./facts/OpenZeppelin.sol";
import {ReferenceFacts} from "./facts/Reference.sol";
import {SafeFacts} from "./facts/Safe7579.sol";
import {SimpleAccountFacts} from "./facts/SimpleAccount.sol";
import {Test} from "forge-std/Test.sol";

/// @title docs/accounts.md is what the facts say, which the matrix holds against the real accounts
contract AccountsDocumentTest is Test {
    string private constant FILE = "docs/accounts.md";

    Facts[] private kinds;

    function setUp() public {
        kinds.push(new OpenZeppelinFacts());
        kinds.push(new ReferenceFacts());
        kinds.push(new NexusFacts());
        kinds.push(new SafeFacts());
        kinds.push(new KernelFacts());
        kinds.push(new SimpleAccountFacts());
        kinds.push(new DelegateFacts());
    }

    function test_theCommittedTableIsWhatTheFactsSay() public {
        string memory document = string.concat(_opening(), _kinds(), _table(), _reasons());
        if (vm.envOr("WRIT_WRITE_DOCS", false)) vm.writeFile(FILE, document);
        assertEq(
            keccak256(bytes(vm.readFile(FILE))),
            keccak256(bytes(document)),
            "docs/accounts.md is out of date: run WRIT_WRITE_DOCS=true forge test --mc AccountsDocument"
        );
    }

    function _opening() private pure returns (string memory) {
        return string.concat(
            "# Accounts and the ways into them\n\n",
            "Generated from `solidity/test/accounts/facts`, and written anew by\n",
            "`WRIT_WRITE_DOCS=true forge test --mc AccountsDocument`. `forge test --mc Matrix` tries every path on every kind, as\n",
            "published, on every EntryPoint that its code allows, and fails where something else happens than is said here.\n\n",
            "The module is installed as validator and as hook, in Enforce. On every path:\n\n",
            "- **works**: what an owner wants goes through;\n",
            "- **closed**: the module stops it; where it only observes, it goes through;\n",
            "- **closed anyway**: it does not go through where the module only observes either;\n",
            "- **not supported**: the same, of something that an owner may want;\n",
            "- **open**: it goes through, and the module does not stop it.\n\n",
            "*Attested* means that a quorum signed this very calldata. What it may contain is for the policy to say; here is only\n",
            "whether the module stops it nevertheless.\n"
        );
    }

    function _kinds() private view returns (string memory text) {
        text =
            unicode"\n## Kinds\n\n| kind | `accountId()` | EntryPoint | installing | nonce | suffix | what the hook sees |\n|---|---|---|---|---|---|---|\n";
        for (uint256 i = 0; i < kinds.length; ++i) {
            Facts kind = kinds[i];
            string memory first = string.concat(
                "| ", kind.name(), " | `", kind.id(), "` | ", kind.entryPoints(), " | "
            );
            string memory second =
                string.concat(kind.installing(), " | ", kind.nonce(), " | ", kind.suffix());
            text = string.concat(text, first, second, " | ", kind.hookSees(), " |\n");
        }
    }

    function _table() private view returns (string memory text) {
        text = "\n## Paths\n\n| path |";
        string memory line = "|---|";
        for (uint256 i = 0; i < kinds.length; ++i) {
            text = string.concat(text, " ", kinds[i].name(), " |");
            line = string.concat(line, "---|");
        }
        text = string.concat(text, "\n", line, "\n");
        for (uint256 p = 0; p < Paths.COUNT; ++p) {
            text = string.concat(text, "| ", Paths.title(Path(p)), " |");
            for (uint256 i = 0; i < kinds.length; ++i) {
                (Outcome outcome,) = kinds[i].fact(Path(p));
                text = string.concat(text, " ", Paths.word(Path(p), outcome), " |");
            }
            text = string.concat(text, "\n");
        }
    }

    function _reasons() private view returns (string memory text) {
        text = "\n## Why\n";
        for (uint256 i = 0; i < kinds.length; ++i) {
            text = string.concat(text, "\n", kinds[i].name(), ":\n\n");
            for (uint256 p = 0; p < Paths.COUNT; ++p) {
                (Outcome outcome, string memory why) = kinds[i].fact(Path(p));
                if (bytes(why).length == 0) continue;
                string memory what = string.concat(
                    Paths.title(Path(p)), ", ", Paths.word(Path(p), outcome), ": ", why, ".\n"
                );
                text = string.concat(text, "- ", what);
            }
        }
    }
}
