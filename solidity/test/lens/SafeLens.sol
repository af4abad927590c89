// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

import {SafeKind} from "../accounts/kinds/Safe7579.sol";
import {IPublishedSafe, Safes} from "../utils/Safes.sol";
import {EnforcementPath, Report, Verdict} from "writ/lens/IWritLens.sol";
import {KnownKind} from "writ/lens/IWritLens.sol";
import {ISafe} from "writ/safe/ISafe.sol";

interface ISetsGuards {
    function setGuard(address guard) external;
    function setModuleGuard(address guard) external;
    function domainSeparator() external view returns (bytes32);
}

/// @dev Lets everything pass, and says what it is told to say of itself.
contract SayingGuard {
    bool public transactions = true;
    bool public modules = true;

    function say(bool transactions_, bool modules_) external {
        (transactions, modules) = (transactions_, modules_);
    }

    function enforcementOf(address) external view returns (bool, bool) {
        return (transactions, modules);
    }

    function supportsInterface(bytes4) external pure returns (bool) {
        return true;
    }

    fallback() external {
        assembly ("memory-safe") {
            mstore(0x00, 0)
            return(0x00, 0x20)
        }
    }
}

/// @title What only a Safe can be wrong with
abstract contract SafeLens is SafeKind {
    function versionGuardsModules() internal pure virtual returns (bool) {
        return false;
    }

    function setGuards() internal returns (SayingGuard known) {
        known = new SayingGuard();
        if (versionGuardsModules()) {
            byOwners(
                address(account), 0, abi.encodeCall(ISetsGuards.setModuleGuard, (address(known)))
            );
        }
        byOwners(address(account), 0, abi.encodeCall(ISetsGuards.setGuard, (address(known))));
    }

    function test_guardsThatTheCallerKnows() public {
        SayingGuard known = setGuards();
        assertVerdict(EnforcementPath.OwnersTransaction, Verdict.Unverifiable);
        guard = address(known);
        assertVerdict(EnforcementPath.OwnersTransaction, Verdict.Closed);
        if (versionGuardsModules()) {
            assertVerdict(EnforcementPath.AccountModule, Verdict.Unverifiable);
        }
        moduleGuard = address(known);
        assertVerdict(EnforcementPath.AccountModule, Verdict.Closed);
        // What the owners sign remains.
        assertFalse(report().enforced);

        known.say(false, true);
        assertVerdict(EnforcementPath.OwnersTransaction, Verdict.Open);
        known.say(true, false);
        assertVerdict(EnforcementPath.OwnersTransaction, Verdict.Closed);
        if (versionGuardsModules()) assertVerdict(EnforcementPath.AccountModule, Verdict.Open);
        vm.etch(address(known), hex"fe");
        assertVerdict(EnforcementPath.OwnersTransaction, Verdict.Unverifiable);
    }

    function test_aModuleOfTheSafeItself() public {
        address other = makeAddr("module of the Safe");
        byOwners(address(account), 0, abi.encodeCall(ISafe.enableModule, (other)));
        SayingGuard known = setGuards();
        (guard, moduleGuard) = (address(known), address(known));
        // Before 1.5.0 no guard sees it.
        Verdict expected = versionGuardsModules() ? Verdict.Closed : Verdict.Open;
        assertVerdict(EnforcementPath.AccountModule, expected);
        vm.prank(other);
        IPublishedSafe(payable(address(account))).execTransactionFromModule(recipient, 1, "", 0);
    }

    /// @dev Before 1.5.0 nobody looks at that slot.
    function test_aSlotThatTheVersionDoesNotKnow() public {
        if (versionGuardsModules()) return;
        SayingGuard known = new SayingGuard();
        bytes32 slot = keccak256("module_manager.module_guard.address");
        vm.store(address(account), slot, bytes32(uint256(uint160(address(known)))));
        moduleGuard = address(known);
        assertVerdict(EnforcementPath.AccountModule, Verdict.Open);
    }

    /// @dev The adapter asks the owners where no installed validator is named.
    function test_whatTheOwnersSignCounts() public view {
        bytes32 hash = keccak256("something to sign");
        bytes32 message = keccak256(
            abi.encode(keccak256("SafeMessage(bytes message)"), keccak256(abi.encode(hash)))
        );
        bytes32 digest = keccak256(
            abi.encodePacked(hex"1901", ISetsGuards(address(account)).domainSeparator(), message)
        );
        bytes memory signature = abi.encodePacked(address(0x1111), safeOwnerSigns(digest));
        assertEq(account.isValidSignature(hash, signature), bytes4(0x1626ba7e));
        assertVerdict(EnforcementPath.OwnersSignature, Verdict.Open);
    }

    /// @dev A Safe that speaks no ERC-7579: its guard keeps the configuration.
    function test_aSafeWithoutTheAdapter() public {
        address[] memory owners = new address[](1);
        owners[0] = vm.addr(SAFE_OWNER_KEY);
        bytes memory setUpCall = abi.encodeCall(
            IPublishedSafe.setup, (owners, 1, address(0), "", address(0), address(0), 0, payable(0))
        );
        account = newSafe(setUpCall);
        Report memory r = report();
        assertEq(uint8(r.kind), uint8(KnownKind.Safe));
        assertFalse(r.enforced);
        assertVerdict(EnforcementPath.OwnersTransaction, Verdict.Open);
        assertVerdict(EnforcementPath.AccountModule, Verdict.Open);
        // Nobody answers for it.
        assertVerdict(EnforcementPath.OwnersSignature, Verdict.Closed);
        assertVerdict(EnforcementPath.Mode, Verdict.Unverifiable);
        assertVerdict(EnforcementPath.Hook, Verdict.NotApplicable);
    }
}

/// @title The same Safe in the version that guards modules
abstract contract Safe150Lens is SafeLens {
    function deployKind() internal override {
        super.deployKind();
        singleton = Safes.create("Safe.sol/Safe");
        factory = Safes.create("proxies/SafeProxyFactory.sol/SafeProxyFactory");
    }

    function versionGuardsModules() internal pure override returns (bool) {
        return true;
    }
}
