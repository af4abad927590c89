// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {RawAccount} from "./mocks/Mocks.sol";
import {WritTest} from "./utils/WritTest.sol";
import {PackedUserOperation} from "@openzeppelin/contracts/interfaces/IERC4337.sol";
import {IWritErrors} from "writ/interfaces/IWritErrors.sol";
import {IWritModule} from "writ/interfaces/IWritModule.sol";
import {Configuration, Mode} from "writ/interfaces/WritTypes.sol";

/// @notice An account whose owners and modules change in the middle of an execution, as a delegatecall can change them.
contract ChangingAccount is RawAccount {
    address public owner = address(1);
    address[] internal validators;
    bool internal endless;

    function getValidatorsPaginated(address, uint256)
        external
        view
        returns (address[] memory, address)
    {
        return (validators, address(1));
    }

    /// @dev Burns all that it gets.
    function rootValidator() external view {
        while (endless) {}
    }

    function stall() external {
        endless = true;
    }

    function run(
        IWritModule module,
        PackedUserOperation calldata op,
        address entryPoint,
        address newOwner,
        bool addsValidator
    ) external {
        module.validateUserOp(op, 0);
        bytes memory hookData = module.preCheck(entryPoint, 0, op.callData);
        owner = newOwner;
        if (addsValidator) validators.push(newOwner);
        module.postCheck(hookData);
    }
}

/// @title What a delegatecall may not change of the account
contract TamperingTest is WritTest {
    ChangingAccount internal changing;

    function setUp() public override {
        super.setUp();
        changing = _new(configuration());
    }

    function _new(Configuration memory c) private returns (ChangingAccount created) {
        created = new ChangingAccount();
        created.forward(
            address(module), abi.encodeCall(module.onInstall, (abi.encode(c, policies())))
        );
        created.forward(address(module), abi.encodeCall(module.onInstall, ("")));
    }

    function _operation(bytes32 mode) private view returns (PackedUserOperation memory op) {
        op.sender = address(changing);
        op.callData = abi.encodeWithSignature(
            "execute(bytes32,bytes)", mode, abi.encodePacked(recipient, "delegated")
        );
        return attested(op);
    }

    function test_anAttestedCallChangesWhatItSays() public {
        changing.run(module, _operation(SINGLE), address(entryPoint), address(2), true);
        assertEq(changing.owner(), address(2));
    }

    function test_aDelegatecallThatChangesNothingPasses() public {
        changing.run(module, _operation(DELEGATE), address(entryPoint), address(1), false);
    }

    function test_aDelegatecallChangesNoOwner() public {
        PackedUserOperation memory op = _operation(DELEGATE);
        vm.expectRevert(IWritErrors.AccountTampered.selector);
        changing.run(module, op, address(entryPoint), address(2), false);
    }

    function test_aDelegatecallAddsNoValidator() public {
        PackedUserOperation memory op = _operation(DELEGATE);
        vm.expectRevert(IWritErrors.AccountTampered.selector);
        changing.run(module, op, address(entryPoint), address(1), true);
    }

    function test_observeLogsIt() public {
        Configuration memory c = configuration();
        c.mode = Mode.Observe;
        changing = _new(c);
        PackedUserOperation memory op = _operation(DELEGATE);
        vm.expectEmit(address(module));
        emit IWritModule.WouldBlock(address(changing), IWritErrors.AccountTampered.selector);
        changing.run(module, op, address(entryPoint), address(2), false);
    }

    /// @dev A question that is never answered costs what it may and no more, and its silence counts as an answer.
    function test_aQuestionThatIsNeverAnsweredIsBounded() public {
        changing.stall();
        PackedUserOperation memory op = _operation(DELEGATE);
        changing.run{gas: 2_000_000}(module, op, address(entryPoint), address(1), false);
        vm.expectRevert(IWritErrors.AccountTampered.selector);
        changing.run{gas: 2_000_000}(module, op, address(entryPoint), address(2), false);
    }
}
