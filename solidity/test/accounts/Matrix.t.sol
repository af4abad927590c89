// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {KernelLens} from "../lens/KernelLens.sol";
import {Safe150Lens, SafeLens} from "../lens/SafeLens.sol";
import {EntryPoints, IEntryPointExtra} from "../utils/EntryPoints.sol";
import {SimpleAccounts} from "../utils/SimpleAccounts.sol";
import {DelegateKind} from "./kinds/Delegate.sol";
import {NexusKind} from "./kinds/Nexus.sol";
import {OpenZeppelinKind} from "./kinds/OpenZeppelin.sol";
import {ReferenceKind} from "./kinds/Reference.sol";
import {SimpleAccountKind} from "./kinds/SimpleAccount.sol";

interface IServesEntryPoint {
    function entryPoint() external view returns (address);
}

contract OpenZeppelinV07Matrix is OpenZeppelinKind {}

contract OpenZeppelinV08Matrix is OpenZeppelinKind {
    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        return EntryPoints.deployV08();
    }
}

contract OpenZeppelinV09Matrix is OpenZeppelinKind {
    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        return EntryPoints.deployV09();
    }

    function available() internal view override returns (bool) {
        return super.available() && vm.exists(EntryPoints.V09_CODE);
    }
}

contract NexusV07Matrix is NexusKind {}

contract NexusV08Matrix is NexusKind {
    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        return EntryPoints.deployV08();
    }
}

contract NexusV09Matrix is NexusKind {
    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        return EntryPoints.deployV09();
    }

    function available() internal view override returns (bool) {
        return super.available() && vm.exists(EntryPoints.V09_CODE);
    }
}

contract KernelV07Matrix is KernelLens {}

contract KernelV08Matrix is KernelLens {
    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        return EntryPoints.deployV08();
    }
}

contract KernelV09Matrix is KernelLens {
    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        return EntryPoints.deployV09();
    }

    function available() internal view override returns (bool) {
        return super.available() && vm.exists(EntryPoints.V09_CODE);
    }
}

contract ReferenceV07Matrix is ReferenceKind {
    function test_noOtherEntryPoint() public {
        assertEq(IServesEntryPoint(address(account)).entryPoint(), EntryPoints.V07);
        bytes memory callData = sendNative(1);
        vm.prank(EntryPoints.V08);
        (bool success,) = address(account).call(callData);
        assertFalse(success);
        vm.prank(EntryPoints.V09);
        (success,) = address(account).call(callData);
        assertFalse(success);
    }

    /// @dev Which a chain with EIP-170 does not take.
    function test_itsPublishedCodeIsTooLarge() public view {
        assertGt(implementation.code.length, 24_576);
    }
}

contract SafeV07Matrix is SafeLens {
    function test_noOtherEntryPoint() public {
        assertEq(IServesEntryPoint(address(account)).entryPoint(), EntryPoints.V07);
        bytes memory callData = sendNative(1);
        vm.prank(EntryPoints.V08);
        (bool success,) = address(account).call(callData);
        assertFalse(success);
        vm.prank(EntryPoints.V09);
        (success,) = address(account).call(callData);
        assertFalse(success);
    }
}

contract Safe150V07Matrix is Safe150Lens {}

contract SimpleAccountV07Matrix is SimpleAccountKind {}

contract SimpleAccountV08Matrix is SimpleAccountKind {
    function version() internal pure override returns (string memory) {
        return SimpleAccounts.V08;
    }

    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        return EntryPoints.deployV08();
    }
}

contract SimpleAccountV09Matrix is SimpleAccountKind {
    function version() internal pure override returns (string memory) {
        return SimpleAccounts.V09;
    }

    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        return EntryPoints.deployV09();
    }

    function available() internal view override returns (bool) {
        return vm.exists(EntryPoints.V09_CODE);
    }
}

/// forge-config: default.evm_version = "prague"
contract DelegateV07Matrix is DelegateKind {}

/// forge-config: default.evm_version = "prague"
contract DelegateV08Matrix is DelegateKind {
    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        return EntryPoints.deployV08();
    }
}

/// forge-config: default.evm_version = "prague"
contract DelegateV09Matrix is DelegateKind {
    function deployEntryPoint() internal override returns (IEntryPointExtra) {
        return EntryPoints.deployV09();
    }

    function available() internal view override returns (bool) {
        return vm.exists(EntryPoints.V09_CODE);
    }
}
