// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.30;

/// @notice The kinds of account whose paths are known. `Unknown` is what no published code was recognized in.
enum KnownKind {
    Unknown,
    OpenZeppelin,
    Reference,
    Nexus,
    Safe7579,
    Kernel,
    /// A Safe without an adapter for ERC-7579, under guards.
    Safe
}

/// @notice What is found on a path. Only `Closed` and `NotApplicable` let an account be called enforced.
enum Verdict {
    /// Nothing that can be asked tells.
    Unverifiable,
    /// Something can go around the module.
    Open,
    /// Nothing goes around the module here, if the other rows are closed.
    Closed,
    /// The account has no such path.
    NotApplicable
}

/// @notice A way around the module, or what the module needs to be in the way at all.
enum EnforcementPath {
    /// Whether the account runs code whose paths are known. Subject: the implementation.
    AccountCode,
    /// An EIP-7702 account: its key signs transactions that no contract sees, and delegates anew. Subject: the delegate.
    RootKey,
    /// The module as validator, by what account and module say.
    Validator,
    /// The module as the account's hook; on Kernel as the hook of the module itself. Subject: the hook there is instead.
    Hook,
    /// Whether the configuration enforces.
    Mode,
    /// An announced exit, elapsed or not.
    Exit,
    /// A scheduled configuration, which anyone can apply after its delay.
    PendingConfiguration,
    /// Whether the configured operator set holds what its hash says. Subject: the set.
    OperatorSet,
    /// Whether the account serves the configured EntryPoint, and that is a published one. Subject: what the account serves.
    EntryPoint,
    /// Kernel: the root validator is the module. Subject: the validator there is instead.
    RootValidator,
    /// Operations under another validator. Subject: a validator without the module as its hook.
    OtherValidator,
    /// The ticket of an operation that reverted, taken by another validator's in the same transaction; before v0.9.
    RevertedTicket,
    /// ERC-1271 signatures through another validator. Subject: the validator.
    OtherValidatorSignature,
    /// Removal of the hook by an operation under another validator. Subject: the validator.
    OtherValidatorUninstall,
    /// Emergency removal of the hook by operations under another validator. Subject: the validator.
    OtherValidatorEmergency,
    /// Executors. Subject: one without the module as its hook.
    Executor,
    /// Fallback handlers that are called. Subject and selector: one without the module as its hook.
    FallbackHandler,
    /// Fallback handlers that the account delegates to. Subject and selector as above.
    FallbackDelegatecall,
    /// Change of the account's code, or of its adapter.
    Upgrade,
    /// A Safe: transactions that its owners sign. Subject: the guard that is not known, if there is one.
    OwnersTransaction,
    /// A Safe: modules of its own. Subject: the module, or the guard that is not known.
    AccountModule,
    /// A Safe: ERC-1271 signatures of its owners. Subject: the handler that answers.
    OwnersSignature
}

/// @notice Where the candidates come from, which decides what their absence proves.
enum Source {
    /// From anywhere: what is not in a list may be installed all the same.
    Partial,
    /// Every event of the account since it exists was looked at.
    Events,
    /// Every call that the account ever executed was looked at, and every write to its storage.
    Traces
}

/// @notice Code that the caller examined, and takes for an account of a kind.
struct Vouched {
    bytes32 codeHash;
    KnownKind kind;
}

/// @notice What the lens cannot read by itself. No list may have more than 64 entries.
struct Evidence {
    /// What the ERC-1967 slot of the account holds, read by the caller (`eth_getStorageAt`). Not looked at where the code
    /// itself tells.
    address implementation;
    /// Guard of a Safe's transactions that the caller knows to be Writ's; zero when none is.
    address guard;
    /// Guard of a Safe's modules that the caller knows to be Writ's; zero when none is.
    address moduleGuard;
    /// Where the lists come from.
    Source source;
    /// Validators that may be installed.
    address[] validators;
    /// Kernel: permissions that may be installed.
    bytes4[] permissions;
    /// Executors that may be installed.
    address[] executors;
    /// Fallback handlers that may be installed: each as often as it was installed and not removed.
    address[] handlers;
    /// Selectors that may have a fallback handler, in ascending order. No event names them.
    bytes4[] selectors;
    /// Code that the caller vouches for.
    Vouched[] vouched;
}

/// @notice What was found on one path.
struct Finding {
    EnforcementPath path;
    Verdict verdict;
    /// Who makes it open or unverifiable; zero when nobody in particular does.
    address subject;
    /// The function in question, of fallback handlers; Kernel's permission, of other validators.
    bytes4 selector;
}

/// @notice Everything that was found.
struct Report {
    /// No path is open, none is unverifiable.
    bool enforced;
    KnownKind kind;
    /// The code that the account runs: its own address where it is no proxy.
    address implementation;
    bytes32 codeHash;
    /// The implementation is what the caller says that the account's slot holds.
    bool implementationFromCaller;
    /// The code is not one of the published ones; the caller vouches for it.
    bool vouched;
    /// One for each `EnforcementPath`, in its order.
    Finding[] findings;
}

/// @title What can go around the module on one account, path by path
interface IWritLens {
    /// @notice A list has more entries than the lens goes through.
    error TooManyCandidates(uint256 count, uint256 most);

    /// @notice Selectors repeat or are out of order.
    error SelectorsNotAscending(uint256 index);

    /// @notice Says of every path whether it is closed, open or unverifiable.
    /// @dev 7562: not for validation; reads storage of everybody. Meant for `eth_call`. It changes nothing, and no answer of
    /// the account or the module makes it revert.
    /// @param account The account.
    /// @param module The module that it should be under. That it is a `WritModule` is for the caller to know, by its address.
    /// @param evidence What the lens cannot read by itself.
    function verifyEnforcement(address account, address module, Evidence calldata evidence)
        external
        view
        returns (Report memory report);
}
