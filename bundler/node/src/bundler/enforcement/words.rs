//! The lens's numbers in its words: those of `IWritLens`, script/Enforcement.s.sol and docs/enforcement.md.

/// A path: its name in `EnforcementPath`, its title, and when it is open or unverifiable.
pub(super) struct Path {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) reason: &'static str,
}

const fn path(name: &'static str, title: &'static str, reason: &'static str) -> Path {
    Path { name, title, reason }
}

const GUARDS: &str = "the same of the module guard; without one, any module beside the adapter, or no transaction guard that keeps \
                      the owners from enabling one. Safe before 1.5.0 has no module guard, whatever its slot holds";

/// By `EnforcementPath`.
pub(super) const PATHS: [Path; 22] = [
    path(
        "AccountCode",
        "code of the account",
        "it runs no published code; then every row that depends on code is unverifiable",
    ),
    path(
        "RootKey",
        "key of an EIP-7702 account",
        "it is one: the key signs transactions that no contract sees. Always open",
    ),
    path("Validator", "module as validator", "account or module deny it"),
    path("Hook", "module as hook", "account or module deny it"),
    path("Mode", "mode", "not Enforce"),
    path("Exit", "exit", "announced, elapsed or not"),
    path(
        "PendingConfiguration",
        "scheduled configuration",
        "one waits, which anyone can apply after its delay",
    ),
    path("OperatorSet", "operator set", "it does not hold what its configured hash says"),
    path(
        "EntryPoint",
        "EntryPoint",
        "the account serves another than the configured one, or that is no published one",
    ),
    path("RootValidator", "root validator", "Kernel: it is not the module"),
    path(
        "OtherValidator",
        "operation under another validator",
        "Kernel: a validator or permission is installed under another hook or none",
    ),
    path(
        "RevertedTicket",
        "ticket of a reverted operation",
        "before EntryPoint v0.9, another validator is installed: it can take the ticket of an operation that reverted in the same transaction, for the same calldata",
    ),
    path(
        "OtherValidatorSignature",
        "signature through another validator",
        "another validator is installed: ERC-1271 passes by every hook",
    ),
    path(
        "OtherValidatorUninstall",
        "removal of the hook under another validator",
        "Safe7579: another validator is installed",
    ),
    path(
        "OtherValidatorEmergency",
        "emergency removal under another validator",
        "Nexus: another validator is installed",
    ),
    path("Executor", "executor", "Kernel: one is installed under another hook or none"),
    path(
        "FallbackHandler",
        "fallback handler",
        "Kernel: one is installed under another hook or none. The reference account: there is one",
    ),
    path(
        "FallbackDelegatecall",
        "fallback handler by delegatecall",
        "Kernel: one is installed under another hook or none. The reference account: there is one",
    ),
    path("Upgrade", "upgrade", "no kind of those known"),
    path(
        "OwnersTransaction",
        "transaction of a Safe's owners",
        "no guard, or one that is not known or says that it does not enforce",
    ),
    path("AccountModule", "module of a Safe itself", GUARDS),
    path(
        "OwnersSignature",
        "signature of a Safe's owners",
        "the Safe has a fallback handler: the owners sign ERC-1271 past every guard. So no Safe with the adapter Safe7579 is ever enforced, and its ERC-1271 signatures must not be relied on",
    ),
];

/// By `Verdict`.
pub(super) const VERDICTS: [&str; 4] = ["unverifiable", "open", "closed", "notApplicable"];
/// The verdicts that speak against enforcement come first.
pub(super) const HARMLESS_FROM: u8 = 2;

/// By `KnownKind`.
pub(super) const KINDS: [&str; 7] = [
    "unknown",
    "OpenZeppelin AccountERC7579Hooked",
    "ERC-7579 reference account",
    "Nexus 1.0.0",
    "Safe7579 1.0.0",
    "Kernel 0.3.1",
    "Safe",
];

#[cfg(test)]
mod tests {
    use std::{fs, path::Path as FilePath};

    use super::*;

    fn text(path: &str) -> String {
        let root = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        fs::read_to_string(root.join(path)).expect("a file of the checkout")
    }

    /// Each stands in the text, one after the other.
    fn in_order<'a>(text: &str, parts: impl IntoIterator<Item = &'a str>) {
        let mut rest = text;
        for part in parts {
            let at = rest.find(part).unwrap_or_else(|| panic!("{part:?} is missing or misplaced"));
            rest = &rest[at + part.len()..];
        }
    }

    #[test]
    fn paths_verdicts_and_kinds_are_those_of_the_lens() {
        let lens = text("solidity/src/lens/IWritLens.sol");
        let after = |name: &str| lens.split_once(name).expect("an enum").1.to_owned();
        in_order(&after("enum EnforcementPath {"), PATHS.iter().map(|path| path.name));
        in_order(&after("enum Verdict {"), ["Unverifiable", "Open", "Closed", "NotApplicable"]);
        let kinds = ["Unknown", "OpenZeppelin", "Reference", "Nexus", "Safe7579", "Kernel", "Safe"];
        in_order(&after("enum KnownKind {"), kinds);
    }

    #[test]
    fn titles_and_kinds_are_those_of_the_script() {
        let script = text("script/Enforcement.s.sol");
        let titles: Vec<_> = PATHS.iter().map(|path| format!("\"{}\"", path.title)).collect();
        in_order(
            script.split_once("string[22] memory titles").expect("titles").1,
            titles.iter().map(String::as_str),
        );
        for kind in KINDS {
            assert!(script.contains(&format!("\"{kind}\"")), "{kind}");
        }
    }

    #[test]
    fn reasons_are_those_of_the_documentation() {
        let document = text("docs/enforcement.md");
        for path in PATHS {
            assert!(document.contains(&format!(" | {} |\n", path.reason)), "{}", path.name);
        }
    }
}
