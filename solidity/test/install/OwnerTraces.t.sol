// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Operate, Subject} from "../../../script/Operate.s.sol";
import {Owners} from "../../../script/Owners.s.sol";
import {OwnerTraces} from "../../../script/install/OwnerTraces.sol";
import {SettingsFixture} from "../Settings.t.sol";
import {CodeKeyWallet, ForeignValidator} from "../mocks/Owners.sol";
import {ListedOwner, OwnerLists} from "../utils/OwnerLists.sol";
import {Passkeys} from "../utils/Passkeys.sol";
import {Configuration} from "writ/interfaces/WritTypes.sol";

contract Demanding is OwnerTraces {
    function check(address account, address module, Configuration memory configuration)
        external
        view
    {
        _checkOwnerTrace(account, module, configuration);
    }
}

/// @notice What a report says, so that a test can change one word of it.
struct Told {
    string format;
    uint256 chainId;
    address account;
    address module;
    address entryPoint;
    address ownerValidator;
    address owner;
    bytes ownerData;
    address[] code;
    bytes32[] hashes;
    string[2] with;
    string[2] outcomes;
    address[][2] touched;
    string violations;
    string runViolations;
    string result;
}

/// @title No owner that runs foreign code is configured without a trace of this very owner that passes
contract OwnerTracesTest is SettingsFixture {
    Demanding internal script;
    Owners internal owners;
    address internal wallet;
    address[] internal checks;
    Configuration internal c;

    function setUp() public override {
        super.setUp();
        script = new Demanding();
        owners = new Owners();
        checks = owners.validators();
        wallet = address(new CodeKeyWallet(vm.addr(7)));
        c = owned(checks[3], abi.encodePacked(wallet));
    }

    function owned(address validator, bytes memory data) internal returns (Configuration memory o) {
        o = configuration();
        o.ownerValidator = validator;
        o.owner = owners.owner(validator, data);
    }

    // ------------------------------------------------------------------ reports

    function told() internal view returns (Told memory t) {
        t.format = "writ.owner-trace.1";
        t.chainId = block.chainid;
        t.account = address(account);
        t.module = address(module);
        t.entryPoint = c.entryPoint;
        t.ownerValidator = c.ownerValidator;
        t.owner = c.owner;
        t.ownerData = abi.encodePacked(wallet);
        t.code = new address[](4);
        (t.code[0], t.code[1], t.code[2], t.code[3]) =
        (address(module), c.ownerValidator, c.owner, wallet);
        t.hashes = new bytes32[](4);
        for (uint256 i = 0; i < 4; ++i) {
            t.hashes[i] = t.code[i].codehash;
        }
        t.with = ["stub", "signature"];
        t.outcomes = ["rejected", "accepted"];
        t.touched = [t.code, t.code];
        t.result = "passes";
    }

    function use(Told memory t) internal {
        script.useOwnerTrace(json(t));
    }

    function json(Told memory t) internal pure returns (string memory) {
        string memory code = "";
        for (uint256 i = 0; i < t.code.length; ++i) {
            code = string.concat(
                code,
                i == 0 ? "" : ",",
                '{"address":"',
                vm.toString(t.code[i]),
                '","codeHash":"',
                vm.toString(t.hashes[i]),
                '"}'
            );
        }
        return string.concat(head(t), code, '],"runs":[', run(t, 0), ",", run(t, 1), tail(t));
    }

    function head(Told memory t) internal pure returns (string memory text) {
        text = string.concat('{"format":"', t.format, '","chainId":', vm.toString(t.chainId));
        text = string.concat(text, ',"account":"', vm.toString(t.account));
        text = string.concat(text, '","module":"', vm.toString(t.module));
        text = string.concat(text, '","entryPoint":"', vm.toString(t.entryPoint));
        text = string.concat(text, '","ownerValidator":"', vm.toString(t.ownerValidator));
        text = string.concat(text, '","owner":"', vm.toString(t.owner));
        text = string.concat(text, '","ownerData":"', vm.toString(t.ownerData));
        text = string.concat(text, '","operationHash":"', vm.toString(bytes32(uint256(9))));
        return string.concat(text, '","code":[');
    }

    function run(Told memory t, uint256 i) internal pure returns (string memory text) {
        text = string.concat('{"with":"', t.with[i], '","outcome":"', t.outcomes[i]);
        text = string.concat(text, '","touched":[');
        for (uint256 j = 0; j < t.touched[i].length; ++j) {
            text = string.concat(text, j == 0 ? '"' : ',"', vm.toString(t.touched[i][j]), '"');
        }
        return string.concat(text, '],"violations":[', t.runViolations, "]}");
    }

    function tail(Told memory t) internal pure returns (string memory) {
        return string.concat('],"violations":[', t.violations, '],"result":"', t.result, '"}');
    }

    function refused(bytes memory reason) internal {
        vm.expectRevert(reason);
        script.check(address(account), address(module), c);
    }

    function refused(bytes4 reason) internal {
        vm.expectPartialRevert(reason);
        script.check(address(account), address(module), c);
    }

    // ------------------------------------------------------------------ who needs one

    function key() internal pure returns (ListedOwner memory) {
        return ListedOwner(1, address(0), abi.encodePacked(address(0xee)));
    }

    function listed(ListedOwner memory first, ListedOwner memory second)
        internal
        returns (Configuration memory)
    {
        ListedOwner[] memory list = new ListedOwner[](2);
        (list[0], list[1]) = (first, second);
        OwnerLists.sort(list);
        return owned(checks[2], OwnerLists.encode(1, list));
    }

    function passkey() internal pure returns (bytes memory) {
        (bytes32 x, bytes32 y) = Passkeys.publicKey(Passkeys.key(1));
        return abi.encodePacked(x, y, false);
    }

    function test_keysNeedNoTrace() public {
        script.check(address(account), address(module), configuration());
        c = owned(checks[0], passkey());
        script.check(address(account), address(module), c);
        c = listed(key(), ListedOwner(1, checks[0], passkey()));
        script.check(address(account), address(module), c);
    }

    function test_contractsAndForeignValidatorsDo() public {
        refused(OwnerTraces.OwnerNotTraced.selector);
        c = listed(key(), ListedOwner(1, checks[3], abi.encodePacked(wallet)));
        refused(OwnerTraces.OwnerNotTraced.selector);
        address foreign = address(new ForeignValidator());
        c = listed(key(), ListedOwner(1, foreign, "anything"));
        refused(OwnerTraces.OwnerNotTraced.selector);
        c = owned(foreign, "anything");
        refused(OwnerTraces.OwnerNotTraced.selector);
        // The same code elsewhere was deployed by anyone.
        c = owned(deployCode("P256Owner.sol:P256Owner"), passkey());
        refused(OwnerTraces.OwnerNotTraced.selector);
    }

    function test_saysHowToTrace() public {
        try script.check(address(account), address(module), c) {
            fail();
        } catch (bytes memory reason) {
            string memory text = string(reason);
            assertTrue(vm.contains(text, "writ trace-owner --node-url URL --account "));
            assertTrue(vm.contains(text, vm.toString(c.owner)));
            assertTrue(vm.contains(text, "WRIT_OWNER_TRACE"));
        }
    }

    // ------------------------------------------------------------------ what it says

    function test_takesAReportOfThisOwnerThatPasses() public {
        use(told());
        script.check(address(account), address(module), c);
    }

    function test_refusesWithTheViolation() public {
        Told memory t = told();
        t.result = "violates";
        t.violations =
        '"OP-011: with the stub, the owner\'s check uses banned opcode: TIMESTAMP","another"';
        use(t);
        refused(
            abi.encodeWithSelector(
                OwnerTraces.OwnerViolates.selector,
                "OP-011: with the stub, the owner's check uses banned opcode: TIMESTAMP"
            )
        );
        // Also where somebody wrote another result over it.
        t.result = "passes";
        use(t);
        refused(OwnerTraces.OwnerViolates.selector);
        t.violations = "";
        t.runViolations = '{"rule":"OP-011"}';
        use(t);
        refused(OwnerTraces.OwnerTraceRefused.selector);
    }

    function test_refusesAStubAlone() public {
        Told memory t = told();
        t.result = "stubOnly";
        use(t);
        try script.check(address(account), address(module), c) {
            fail();
        } catch (bytes memory reason) {
            assertEq(bytes4(reason), OwnerTraces.OwnerNotTraced.selector);
            assertTrue(vm.contains(string(reason), vm.toString(bytes32(uint256(9)))));
        }
    }

    function test_refusesReportsAboutSomethingElse() public {
        for (uint256 i = 0; i < 7; ++i) {
            Told memory t = told();
            if (i == 0) t.chainId = 1;
            else if (i == 1) t.account = wallet;
            else if (i == 2) t.module = wallet;
            else if (i == 3) t.entryPoint = wallet;
            else if (i == 4) t.ownerValidator = wallet;
            else if (i == 5) t.owner = wallet;
            else t.ownerData = abi.encodePacked(address(1));
            use(t);
            refused(OwnerTraces.OwnerTraceForeign.selector);
        }
    }

    function test_refusesReportsAboutCodeThatChanged() public {
        use(told());
        vm.etch(wallet, hex"5f5ffd");
        refused(OwnerTraces.OwnerTraceStale.selector);
    }

    function test_refusesReportsThatAreNone() public {
        Told memory t = told();
        t.format = "writ.owner-trace.2";
        use(t);
        refused(OwnerTraces.OwnerTraceRefused.selector);
        t = told();
        t.result = "unusable";
        use(t);
        refused(OwnerTraces.OwnerTraceRefused.selector);
        script.useOwnerTrace("passes");
        vm.expectRevert();
        script.check(address(account), address(module), c);
        script.useOwnerTrace("{}");
        vm.expectRevert();
        script.check(address(account), address(module), c);
    }

    function test_refusesReportsThatContradictThemselves() public {
        for (uint256 i = 0; i < 2; ++i) {
            Told memory t = told();
            t.outcomes[i] = "failed";
            use(t);
            refused(OwnerTraces.OwnerTraceRefused.selector);
            t = told();
            t.with[i] = "nothing";
            use(t);
            refused(OwnerTraces.OwnerTraceRefused.selector);
        }
        // Code that was run, and is not among what was compared.
        for (uint256 i = 0; i < 4; ++i) {
            Told memory t = told();
            for (uint256 j = i; j < 3; ++j) {
                (t.code[j], t.hashes[j]) = (t.code[j + 1], t.hashes[j + 1]);
            }
            address[] memory fewer = new address[](3);
            bytes32[] memory hashes = new bytes32[](3);
            for (uint256 j = 0; j < 3; ++j) {
                (fewer[j], hashes[j]) = (t.code[j], t.hashes[j]);
            }
            (t.code, t.hashes) = (fewer, hashes);
            t.touched = told().touched;
            use(t);
            refused(OwnerTraces.OwnerTraceRefused.selector);
        }
    }

    function test_everyContractOfAListHasToBeAsked() public {
        c = listed(key(), ListedOwner(1, checks[3], abi.encodePacked(wallet)));
        Told memory t = told();
        bytes memory code = c.owner.code;
        bytes memory data = new bytes(code.length - 1);
        for (uint256 i = 0; i < data.length; ++i) {
            data[i] = code[i + 1];
        }
        t.ownerData = data;
        address[] memory asked = new address[](5);
        bytes32[] memory hashes = new bytes32[](5);
        for (uint256 i = 0; i < 5; ++i) {
            asked[i] = i == 4 ? checks[3] : t.code[i];
            hashes[i] = asked[i].codehash;
        }
        (t.code, t.hashes, t.touched) = (asked, hashes, [asked, asked]);
        use(t);
        script.check(address(account), address(module), c);
        for (uint256 i = 0; i < 2; ++i) {
            Told memory less = t;
            less.touched = [asked, asked];
            less.touched[i] = new address[](1);
            less.touched[i][0] = checks[3];
            use(less);
            refused(abi.encodeWithSelector(OwnerTraces.OwnerTraceIncomplete.selector, wallet, i));
        }
    }

    // ------------------------------------------------------------------ Operate

    function test_anAccountIsNotGivenAnUntracedOwner() public {
        Operate operate = new Operate();
        Subject memory s;
        (s.account, s.module) = (address(account), address(module));
        vm.expectPartialRevert(OwnerTraces.OwnerNotTraced.selector);
        operate.configuring(s, c, policies());
        vm.expectPartialRevert(OwnerTraces.OwnerNotTraced.selector);
        operate.applyingConfiguration(s, c, policies());
        operate.useOwnerTrace(json(told()));
        assertNotEq(operate.configuring(s, c, policies()).digest, 0);
        // What it has already is not asked again.
        account = newAccount(c);
        operate = new Operate();
        s.account = address(account);
        Configuration memory stronger = c;
        ++stronger.exitDelay;
        assertNotEq(operate.configuring(s, stronger, policies()).digest, 0);
    }
}
