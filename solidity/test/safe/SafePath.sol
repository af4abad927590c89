// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @notice A kind of Safe that the guard was tried on.
enum SafeKindOf {
    Safe15,
    Safe141,
    Safe7579
}

/// @notice A way on which something can leave a Safe, or the guard can be got rid of. `SafePaths` says what each is.
enum SafePath {
    // What owners want, with the operators' consent or after leaving.
    Attested,
    AttestedPosted,
    AttestedBatch,
    AttestedSelfCall,
    AttestedModule,
    AttestedOperation,
    ExitAfterDelay,
    LeaveByQuorum,
    // What nobody shall get through.
    Owners,
    OwnersDelegatecall,
    OtherTransaction,
    Refund,
    BoundExceeded,
    BoundExceededByDelegatecall,
    Module,
    ModuleDelegatecall,
    NewModule,
    UserOperation,
    AdaptersExecutor,
    RemoveGuard,
    RemoveModuleGuard,
    RemoveGuardByDelegatecall,
    RemoveGuardByModule,
    UninstallHookByOther,
    Handler,
    Upgrade,
    OwnersByDelegatecall,
    Signature
}

/// @notice What was found on a path.
enum SafeOutcome {
    // What owners want goes through.
    Works,
    // The guard stops it: where it only observes, it goes through.
    Closed,
    // It does not go through where the guard only observes either.
    Refused,
    // It goes through, and the guard does not stop it.
    Open,
    NotApplicable
}

/// @title What is known of each path: put into docs/safes.md, and held against the real Safes
library SafePaths {
    uint256 internal constant COUNT = uint256(type(SafePath).max) + 1;
    uint256 internal constant KINDS = uint256(type(SafeKindOf).max) + 1;

    /// @notice Whether owners want it to go through.
    function wanted(SafePath path) internal pure returns (bool) {
        return path < SafePath.Owners;
    }

    function nameOf(SafeKindOf kind) internal pure returns (string memory) {
        if (kind == SafeKindOf.Safe15) return "Safe 1.5.0, both guards";
        if (kind == SafeKindOf.Safe141) return "Safe 1.4.1, transaction guard";
        return "Safe7579 1.0.0 on a Safe 1.5.0, both guards";
    }

    function word(SafePath path, SafeOutcome outcome) internal pure returns (string memory) {
        if (outcome == SafeOutcome.Works) return "works";
        if (outcome == SafeOutcome.Closed) return "closed";
        if (outcome == SafeOutcome.Refused) {
            return wanted(path) ? "not supported" : "closed anyway";
        }
        if (outcome == SafeOutcome.Open) return "**open**";
        return "not applicable";
    }

    function fact(SafeKindOf kind, SafePath path)
        internal
        pure
        returns (SafeOutcome, string memory)
    {
        if (path == SafePath.Signature) {
            return (
                SafeOutcome.Open,
                kind == SafeKindOf.Safe7579
                    ? "the adapter asks the Safe's owners where no validator is named, and no guard"
                    : "the fallback handler asks the owners, and no guard"
            );
        }
        if (kind == SafeKindOf.Safe141) {
            if (path == SafePath.Module || path == SafePath.ModuleDelegatecall) {
                return (SafeOutcome.Open, "a Safe before 1.5.0 asks no guard about its modules");
            }
            if (path == SafePath.RemoveGuardByModule) {
                return
                    (SafeOutcome.Open, "a module that the Safe has is beyond its transaction guard");
            }
            if (path == SafePath.RemoveModuleGuard) {
                return (SafeOutcome.NotApplicable, "it knows no module guard");
            }
        }
        if (kind != SafeKindOf.Safe7579) {
            if (
                path == SafePath.AttestedOperation || path == SafePath.UserOperation
                    || path == SafePath.AdaptersExecutor || path == SafePath.UninstallHookByOther
            ) return (SafeOutcome.NotApplicable, "it is no ERC-4337 account");
        } else if (path == SafePath.UserOperation || path == SafePath.AdaptersExecutor) {
            return (SafeOutcome.Refused, "the WritModule refuses it");
        }
        return (wanted(path) ? SafeOutcome.Works : SafeOutcome.Closed, "");
    }

    function title(SafePath path) internal pure returns (string memory) {
        return path < SafePath.RemoveGuard ? _way(path) : _change(path);
    }

    function _way(SafePath path) private pure returns (string memory) {
        if (path == SafePath.Attested) {
            return "owners' transaction, the attestation behind their signatures";
        }
        if (path == SafePath.AttestedPosted) return "owners' transaction, its attestation posted";
        if (path == SafePath.AttestedBatch) return "attested `MultiSend`";
        if (path == SafePath.AttestedSelfCall) {
            return "attested change of the owners, by a call of the Safe to itself";
        }
        if (path == SafePath.AttestedModule) return "module's transaction, its attestation posted";
        if (path == SafePath.AttestedOperation) return "attested user operation";
        if (path == SafePath.ExitAfterDelay) {
            return "leaving without operators: announced, and after the delay both guards removed";
        }
        if (path == SafePath.LeaveByQuorum) {
            return "leaving at once, with a quorum's ConfigurationAction";
        }
        if (path == SafePath.Owners) return "owners' transaction without attestation";
        if (path == SafePath.OwnersDelegatecall) return "owners' delegatecall without attestation";
        if (path == SafePath.OtherTransaction) return "attestation of another transaction";
        if (path == SafePath.Refund) return "refund that was not attested";
        if (path == SafePath.BoundExceeded) return "more leaves than attested";
        if (path == SafePath.BoundExceededByDelegatecall) {
            return "more leaves than attested, by a `MultiSend`";
        }
        if (path == SafePath.Module) return "module's transaction without attestation";
        if (path == SafePath.ModuleDelegatecall) {
            return "module's delegatecall without attestation";
        }
        if (path == SafePath.NewModule) {
            return "attested enabling of a module, which then executes without attestation";
        }
        if (path == SafePath.UserOperation) return "user operation without attestation";
        return "executor of the adapter";
    }

    function _change(SafePath path) private pure returns (string memory) {
        if (path == SafePath.RemoveGuard) return "attested `setGuard(0)`";
        if (path == SafePath.RemoveModuleGuard) return "attested `setModuleGuard(0)`";
        if (path == SafePath.RemoveGuardByDelegatecall) {
            return "attested delegatecall that clears the guard's slot";
        }
        if (path == SafePath.RemoveGuardByModule) return "`setGuard(0)` by a module";
        if (path == SafePath.UninstallHookByOther) {
            return "removal of the WritModule as hook, under another validator";
        }
        if (path == SafePath.Handler) {
            return "attested change of the fallback handler, which anyone makes the Safe call";
        }
        if (path == SafePath.Upgrade) return "attested delegatecall that changes the singleton";
        if (path == SafePath.OwnersByDelegatecall) {
            return "attested `MultiSend` that changes the owners";
        }
        return "ERC-1271 signature of the owners";
    }
}
