// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {AnsweringOwner, ForeignValidator} from "../mocks/Owners.sol";
import {EntryPoints} from "../utils/EntryPoints.sol";
import {Passkeys} from "../utils/Passkeys.sol";
import {OwnersTest} from "./OwnersTest.sol";
import {IWritOwnerErrors, IWritOwnerValidator} from "writ/interfaces/IWritOwnerValidator.sol";
import {OwnerData} from "writ/libraries/OwnerData.sol";

/// @title Owners held as code, and their check when an account is configured
contract OwnerDataTest is OwnersTest {
    bytes internal data = webAuthnData(Passkeys.key(1), true);

    function test_readsBackWhatWasDeployed(bytes memory any) public {
        vm.assume(any.length != 0);
        address at = EntryPoints.create2(OwnerData.creationCode(any), 0);
        assertEq(at.code, bytes.concat(hex"00", any));
        assertEq(OwnerData.read(at), any);
    }

    function test_readsNothingElse() public {
        bytes memory delegation = abi.encodePacked(hex"ef0100", address(this));
        bytes[4] memory codes = [bytes(""), hex"00", hex"0100", delegation];
        address validator = address(webAuthnOwner());
        for (uint256 i = 0; i < codes.length; ++i) {
            vm.etch(address(0x1234), codes[i]);
            vm.expectRevert(
                abi.encodeWithSelector(IWritOwnerErrors.NotOwnerData.selector, address(0x1234))
            );
            this.checkAt(validator, address(0x1234));
        }
    }

    function test_checksTheDataWithTheValidator() public {
        address validator = address(webAuthnOwner());
        address at = EntryPoints.create2(OwnerData.creationCode(data), 0);
        assertEq(this.checkAt(validator, at), IWritOwnerValidator(validator).checkData(data));

        at = EntryPoints.create2(OwnerData.creationCode(cut(data, 96)), 0);
        vm.expectRevert(abi.encodeWithSelector(IWritOwnerErrors.OwnerDataLength.selector, 96));
        this.checkAt(validator, at);
    }

    function test_takesAForeignValidatorAsItIs() public {
        address foreign = address(new ForeignValidator());
        assertEq(this.check(foreign, data), keccak256(abi.encodePacked(foreign, data)));
    }

    function test_refusesWhatIsNoStatelessValidator() public {
        refuses(makeAddr("nobody"));
        refuses(address(4));
        refuses(deployCode("PlainOwnerValidator.sol:PlainOwnerValidator"));
        refuses(address(new AnsweringOwner(abi.encode(2), false)));
        refuses(address(new AnsweringOwner(abi.encode(true, true), false)));
        refuses(address(new AnsweringOwner(hex"01", false)));
        refuses(address(new AnsweringOwner(abi.encode(true), true)));
    }

    /// @dev A check that is there and does not come to its end is no missing check.
    function test_aCheckThatRunsOutOfGasIsARefusal() public {
        address validator = address(webAuthnOwner());
        uint256 passed;
        for (uint256 gas = 3000; gas < 60_000; gas += 501) {
            try this.check{gas: gas}(validator, cut(data, 96)) {
                ++passed;
            } catch {}
        }
        assertEq(passed, 0);
        assertNotEq(this.check{gas: 80_000}(validator, data), 0);
    }

    function refuses(address validator) internal {
        vm.expectRevert(
            abi.encodeWithSelector(IWritOwnerErrors.NotAStatelessValidator.selector, validator)
        );
        this.check(validator, data);
    }

    function check(address validator, bytes memory owner) external view returns (bytes32) {
        return OwnerData.check(validator, owner);
    }

    function checkAt(address validator, address owner) external view returns (bytes32) {
        return OwnerData.checkAt(validator, owner);
    }
}
