// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {SafeKindOf, SafeOutcome, SafePath, SafePaths} from "./SafePath.sol";
import {Test} from "forge-std/Test.sol";

/// @title The table in docs/safes.md is what is known of the paths, which the matrix holds against the real Safes
contract SafesDocumentTest is Test {
    string private constant FILE = "docs/safes.md";
    string private constant BEGIN = "<!-- generated -->\n";
    string private constant END = "<!-- end of what is generated -->\n";

    function test_theCommittedTableIsWhatIsKnown() public {
        string memory document = vm.readFile(FILE);
        string[] memory before = vm.split(document, BEGIN);
        assertEq(before.length, 2, "no place for the table");
        string[] memory behind = vm.split(before[1], END);
        assertEq(behind.length, 2, "no end of the table");
        string memory text = string.concat(_table(), _reasons());
        if (vm.envOr("WRIT_WRITE_DOCS", false)) {
            vm.writeFile(FILE, string.concat(before[0], BEGIN, text, END, behind[1]));
            return;
        }
        assertEq(
            keccak256(bytes(behind[0])),
            keccak256(bytes(text)),
            "docs/safes.md is out of date: run WRIT_WRITE_DOCS=true forge test --mc SafesDocument"
        );
    }

    function _table() private pure returns (string memory text) {
        text = "\n| path |";
        string memory line = "|---|";
        for (uint256 i = 0; i < SafePaths.KINDS; ++i) {
            text = string.concat(text, " ", SafePaths.nameOf(SafeKindOf(i)), " |");
            line = string.concat(line, "---|");
        }
        text = string.concat(text, "\n", line, "\n");
        for (uint256 p = 0; p < SafePaths.COUNT; ++p) {
            text = string.concat(text, "| ", SafePaths.title(SafePath(p)), " |");
            for (uint256 i = 0; i < SafePaths.KINDS; ++i) {
                (SafeOutcome outcome,) = SafePaths.fact(SafeKindOf(i), SafePath(p));
                text = string.concat(text, " ", SafePaths.word(SafePath(p), outcome), " |");
            }
            text = string.concat(text, "\n");
        }
    }

    function _reasons() private pure returns (string memory text) {
        for (uint256 i = 0; i < SafePaths.KINDS; ++i) {
            text = string.concat(text, "\n", SafePaths.nameOf(SafeKindOf(i)), ":\n\n");
            for (uint256 p = 0; p < SafePaths.COUNT; ++p) {
                (SafeOutcome outcome, string memory why) =
                    SafePaths.fact(SafeKindOf(i), SafePath(p));
                if (bytes(why).length == 0) continue;
                string memory what = string.concat(
                    SafePaths.title(SafePath(p)), ", ", SafePaths.word(SafePath(p), outcome)
                );
                text = string.concat(text, "- ", what, ": ", why, ".\n");
            }
        }
        text = string.concat(text, "\n");
    }
}
