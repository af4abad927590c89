//! What the input document consists of: names, types, meaning, and where each leaf comes from.

use crate::result::MAX_BOUNDS;

/// What a field holds.
pub(crate) enum Shape {
    Bool,
    /// An integer that is not negative.
    Amount,
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// 42 lowercase characters.
    Address,
    /// `0x` and 64 lowercase digits.
    Hash,
    /// `0x` and an even number of lowercase digits.
    Bytes,
    /// Empty, or `0x` and eight lowercase digits.
    Selector,
    /// A kind of asset that the chain can measure.
    AssetKind,
    /// Whatever an argument's ABI type holds.
    Any,
    /// Facts by name, each one that holds or one that does not.
    Facts,
    /// At most so many items.
    List(&'static Self, usize),
    /// The same, strictly ascending by these fields.
    Sorted(&'static Self, usize, &'static [&'static str]),
    Record(&'static [Field]),
}

/// Where a leaf comes from, and with that what shows that it is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provenance {
    /// The layout itself.
    Format,
    /// The signed statement or its domain.
    Attestation,
    /// The attested action, by its hash.
    Action,
    /// State of the pinned block.
    State,
    /// Logs up to the pinned block.
    Logs,
    /// A simulation at the pinned block.
    Simulation,
    /// An issuer's signature.
    Issuer,
    /// Each part has its own.
    Parts,
}

impl Provenance {
    /// Its name in the schema.
    pub(crate) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Format => Some("format"),
            Self::Attestation => Some("attestation"),
            Self::Action => Some("action"),
            Self::State => Some("state"),
            Self::Logs => Some("logs"),
            Self::Simulation => Some("simulation"),
            Self::Issuer => Some("issuer"),
            Self::Parts => None,
        }
    }
}

/// One field of a record.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) provenance: Provenance,
    /// What it means, in words.
    pub(crate) about: &'static str,
    /// Whether a document may do without.
    pub(crate) optional: bool,
}

const fn field(
    name: &'static str,
    shape: Shape,
    provenance: Provenance,
    about: &'static str,
) -> Field {
    Field { name, shape, provenance, about, optional: false }
}

use Provenance::{Action, Attestation, Format, Issuer, Logs, Parts, Simulation, State};
use Shape::{
    Address, Amount, Any, AssetKind, Bool, Bytes, Facts, Hash, List, Record, Selector, Sorted,
    Text, Word,
};

/// Most calls.
const CALLS: usize = 128;
/// Most arguments of a call.
const ARGUMENTS: usize = 64;
/// Most entries of a list of effects.
const EFFECTS_LISTED: usize = 256;
/// Most assets spent in a window.
const ASSETS: usize = 256;
/// Most counterparties of a window by name; every asset may have one more, the zero address.
const COUNTERPARTIES: usize = 64 + ASSETS;

/// The document.
pub(crate) const INPUT: Shape = Record(&[
    field("version", Amount, Format, "2."),
    field("chain", CHAIN, Parts, "The chain, and the block that decides."),
    field("account", ACCOUNT, Parts, "The account."),
    field(
        "operation",
        OPERATION,
        Action,
        "What the EntryPoint makes of it. Of a call that comes through none everything but the nonce is zero.",
    ),
    Field {
        optional: true,
        ..field(
            "action",
            ACTION,
            Action,
            "Only of a call that comes through no EntryPoint: what of its action the rest does not show.",
        )
    },
    field(
        "calls",
        List(&CALL, CALLS),
        Action,
        "The calls that the account makes, in order. Of an account of kind `observed` they are those that the simulation saw.",
    ),
    field(
        "bounds",
        List(&BOUND, MAX_BOUNDS),
        Attestation,
        "What the chain enforces: the most that may leave the account or be granted by it. Native currency first, then strictly ascending by kind, asset, id and spender.",
    ),
    field(
        "effects",
        EFFECTS,
        Simulation,
        "What the simulation saw, of everybody who took part; of tokens, what their logs say.",
    ),
    field(
        "history",
        HISTORY,
        Parts,
        "What left before. Zero unless a policy of the account reads history.",
    ),
    field(
        "facts",
        Facts,
        Issuer,
        "What the policies ask for about the account, by name: verified, or why not.",
    ),
]);

const CHAIN: Shape = Record(&[
    field("id", Amount, Attestation, "Chain id."),
    field("block", BLOCK, Parts, "The pinned block: everything is read there."),
]);
const BLOCK: Shape = Record(&[
    field("number", Amount, Attestation, "Its number."),
    field("hash", Hash, Attestation, "Its hash."),
    field("timestamp", Amount, State, "Its time, in seconds."),
]);
const ACCOUNT: Shape = Record(&[
    field("address", Address, Action, "Its address."),
    field("codeHash", Hash, Action, "EXTCODEHASH when the operation is validated."),
    field(
        "kind",
        Text,
        State,
        "How it is understood, as `erc7579-openzeppelin`, `safe` or `observed`.",
    ),
    field("deployed", Bool, State, "Whether there is code at it before the operation."),
    field(
        "balance",
        Amount,
        State,
        "Wei that it has before the operation, without its deposit at the EntryPoint.",
    ),
]);
const OPERATION: Shape = Record(&[
    field("entryPoint", Address, Action, "The EntryPoint."),
    field("nonce", NONCE, Action, "The nonce."),
    field("factory", Address, Action, "Who deploys the account; zero for nobody."),
    field("paymaster", Address, Action, "Who pays for gas; zero for the account."),
    field("callGasLimit", Amount, Action, "Gas that the execution may take."),
    field("maxCost", Amount, Action, "The most that gas may cost, in wei."),
]);
const NONCE: Shape = Record(&[
    field("key", Amount, Action, "Its key, 192 bits."),
    field("sequence", Amount, Action, "Its sequence under that key."),
]);
const ACTION: Shape = Record(&[
    field("enforcer", Address, Attestation, "The contract that enforces the decision."),
    field("caller", Address, Action, "Who calls."),
    field("target", Address, Action, "Who is called."),
    field("path", Word(&["presented", "posted"]), Action, "How the attestation comes."),
    field("operation", Word(&["call", "delegatecall"]), Action, "How the target is called."),
    field(
        "context",
        Hash,
        Action,
        "Hash of what else belongs to it, of a Safe's transaction its hash.",
    ),
    field("nonce", Amount, Action, "Its nonce."),
]);
const CALL: Shape = Record(&[
    field("to", Address, Action, "Who is called."),
    field("value", Amount, Action, "Wei sent along."),
    field("selector", Selector, Action, "The function's selector; empty for a call without data."),
    field(
        "function",
        Text,
        Action,
        "The function's signature, if it is one that is decoded; empty otherwise.",
    ),
    field("args", List(&ARGUMENT, ARGUMENTS), Action, "Its arguments, in order."),
    field("data", Bytes, Action, "The calldata."),
    Field {
        optional: true,
        ..field(
            "pinned",
            PINNED,
            Action,
            "Only of a function that a policy pins: what the call is by that.",
        )
    },
]);
const ARGUMENT: Shape = Record(&[
    field("name", Text, Action, "Its name."),
    field("type", Text, Action, "Its ABI type."),
    field(
        "value",
        Any,
        Action,
        "Its value: an address or bytes as text, an exact integer, a boolean, or a list of integers.",
    ),
]);
/// What a call is by the ABI that a policy pins.
const PINNED: Shape = Record(&[
    field("function", Text, Action, "The function's signature in the pinned ABI."),
    field("args", List(&ARGUMENT, ARGUMENTS), Action, "Its arguments, in order."),
]);
/// A fact that holds.
pub(crate) const FACT: Shape = Record(&[
    field("status", Text, Issuer, "`verified`."),
    field("kind", Text, Issuer, "How it was shown."),
    field("issuer", Text, Issuer, "Who says so."),
    field("value", Any, Issuer, "What is the case."),
    field("issuedAt", Amount, Issuer, "Since when, in seconds."),
    field("validUntil", Amount, Issuer, "Until when, in seconds."),
    field("proof", Hash, Issuer, "Hash of what shows it."),
]);
/// A fact that does not, and why.
pub(crate) const UNMET_FACT: Shape = Record(&[
    field("status", Text, Issuer, "Why not, as a word."),
    field("detail", Text, Issuer, "Why not, for people."),
]);
const BOUND: Shape = Record(&[
    field("asset", Address, Attestation, "The contract; zero for native currency."),
    field("kind", AssetKind, Attestation, "What is measured."),
    field("id", Amount, Attestation, "The token of an ERC-1155 contract; zero otherwise."),
    field("spender", Address, Attestation, "Who is granted something; zero otherwise."),
    field("maxOut", Amount, Attestation, "The most that may leave or be granted, up to 2^128-1."),
]);
const EFFECTS: Shape = Record(&[
    field("native", List(&NATIVE, EFFECTS_LISTED), Simulation, "Native currency moved, in order."),
    field("tokens", List(&TOKENS, EFFECTS_LISTED), Simulation, "Token transfers, in order."),
    field(
        "approvals",
        List(&APPROVAL, EFFECTS_LISTED),
        Simulation,
        "Approvals given and taken back, in order.",
    ),
    field(
        "delegateCalls",
        List(&DELEGATE, EFFECTS_LISTED),
        Simulation,
        "Foreign code that ran as somebody, in order.",
    ),
    field("created", List(&Address, EFFECTS_LISTED), Simulation, "Contracts created, in order."),
    field(
        "touched",
        List(&Address, EFFECTS_LISTED),
        Simulation,
        "Everybody called, created or delegated to, ascending.",
    ),
    field(
        "reverted",
        Bool,
        Simulation,
        "Whether the execution reverted, so that nothing of it stays.",
    ),
]);
const NATIVE: Shape = Record(&[
    field("from", Address, Simulation, "Payer."),
    field("to", Address, Simulation, "Payee."),
    field("amount", Amount, Simulation, "Wei."),
]);
const TOKENS: Shape = Record(&[
    field("token", Address, Simulation, "The contract that logged it."),
    field("standard", Word(&["erc20", "erc721", "erc1155"]), Simulation, "By the log's form."),
    field("from", Address, Simulation, "Payer; zero when minted."),
    field("to", Address, Simulation, "Payee; zero when burned."),
    field("id", Amount, Simulation, "Token id; zero of an ERC-20."),
    field("amount", Amount, Simulation, "How much; one of an ERC-721."),
]);
const APPROVAL: Shape = Record(&[
    field(
        "kind",
        Word(&["allowance", "token", "operator", "permit2"]),
        Simulation,
        "What it lets the spender take: an amount, one ERC-721 token, everything at the contract, or an amount through Permit2.",
    ),
    field("token", Address, Simulation, "The token; through Permit2, the one that it names."),
    field("owner", Address, Simulation, "Whose tokens."),
    field("spender", Address, Simulation, "Who may take them."),
    field("id", Amount, Simulation, "ERC-721 token id; zero otherwise."),
    field(
        "amount",
        Amount,
        Simulation,
        "The allowance; 2^256-1 or 0 of an operator; 1 of one token.",
    ),
]);
const DELEGATE: Shape = Record(&[
    field("from", Address, Simulation, "As whom."),
    field("to", Address, Simulation, "Whose code."),
]);
const HISTORY: Shape = Record(&[
    field(
        "sequence",
        Amount,
        Attestation,
        "Attested actions before this one, which the chain demands to be as many.",
    ),
    field("hour", WINDOW, Logs, "The 3,600 seconds that end at the pinned block."),
    field("day", WINDOW, Logs, "The 86,400 seconds that end at the pinned block."),
    field("week", WINDOW, Logs, "The 604,800 seconds that end at the pinned block."),
]);
const WINDOW: Shape = Record(&[
    field("operations", Amount, Logs, "Attested operations that moved something out."),
    field(
        "spent",
        Sorted(&SPENT, ASSETS, &["asset"]),
        Logs,
        "What left, net of what came back in the same operation, ascending by asset.",
    ),
    field(
        "counterparties",
        Sorted(&PAID, COUNTERPARTIES, &["asset", "counterparty"]),
        Logs,
        "To whom, gross, ascending by asset and counterparty. The zero address stands for everybody unknown: all native currency, what no transfer explains, and whoever is not among the 64 largest.",
    ),
]);
const SPENT: Shape = Record(&[
    field("asset", Address, Logs, "The ERC-20 token; zero for native currency."),
    field("amount", Amount, Logs, "In its smallest unit."),
]);
const PAID: Shape = Record(&[
    field("asset", Address, Logs, "The ERC-20 token; zero for native currency."),
    field("counterparty", Address, Logs, "To whom; zero for everybody unknown."),
    field("amount", Amount, Logs, "In its smallest unit."),
]);
