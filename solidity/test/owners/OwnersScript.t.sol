// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {Owners} from "../../../script/Owners.s.sol";
import {Passkeys} from "../utils/Passkeys.sol";
import {OwnersTest} from "./OwnersTest.sol";
import {IWritOwnerErrors, IWritOwnerValidator} from "writ/interfaces/IWritOwnerValidator.sol";

/// @title The script deploys what it says, where it says, again and again
contract OwnersScriptTest is OwnersTest {
    Owners internal script;

    function setUp() public {
        script = new Owners();
    }

    function test_validatorsStandAtTheAddressesOfTheirCode() public {
        address[] memory deployed = script.validators();
        string[4] memory names = ["P256Owner", "WebAuthnOwner", "WeightedOwners", "ContractOwner"];
        for (uint256 i = 0; i < 4; ++i) {
            bytes memory code = vm.getCode(string.concat(names[i], ".sol:", names[i]));
            assertEq(deployed[i], script.addressOf(code));
            assertTrue(IWritOwnerValidator(deployed[i]).isModuleType(7));
        }
        assertEq(script.validators(), deployed);
    }

    function test_deploysAnOwnerThatItsValidatorCanUse() public {
        address validator = address(webAuthnOwner());
        bytes memory data = webAuthnData(Passkeys.key(1), true);
        address owner = script.owner(validator, data);
        assertEq(owner.code, bytes.concat(hex"00", data));
        assertEq(script.owner(validator, data), owner);

        vm.expectRevert(abi.encodeWithSelector(IWritOwnerErrors.OwnerDataLength.selector, 96));
        script.owner(validator, cut(data, 96));
    }
}
