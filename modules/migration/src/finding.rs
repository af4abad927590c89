//! What a comparison finds. The JSON of a [`Report`] is a stable schema: fields and names are added, never changed.

use serde::{Deserialize, Serialize};

use crate::layout::{ContractName, Source};

/// The schema of a report; it changes when something in it means something else.
pub const SCHEMA: &str = "writ-layout-report/1";

/// Which check found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Check {
    /// State variables, before and after.
    C1,
    /// Namespaces, and slots that the code names.
    C2,
    /// What a proxy and its implementation both keep.
    C3,
}

/// How much it weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Something stored would be lost or read as something else, or a rule of the comparison is broken.
    Unsafe,
    /// Nobody can say without running the code.
    Unverified,
    /// Worth knowing; decides nothing.
    Notice,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// A new variable lies where an old one is stored.
    Inserted,
    /// A variable is gone.
    Deleted,
    /// A variable has another name, and no annotation says so.
    Renamed,
    /// A variable is somewhere else because of what stands before it.
    Shifted,
    /// A variable changed places with others.
    Reordered,
    /// A type is another one.
    Retyped,
    /// A type takes another number of bytes.
    Resized,
    /// An array has another length.
    ArrayResized,
    /// Members of an enum are other ones.
    EnumMembers,
    /// A struct that has no room behind it has more members.
    StructGrown,
    /// A function of the contract is kept, whose position is another one in new code.
    InternalFunction,
    /// A gap did not shrink by what was put in its place.
    GapSize,
    /// A gap is gone.
    GapDeleted,
    /// A gap has elements of another type.
    GapRetyped,
    /// An annotation says something that is not so.
    WrongAnnotation,
    /// An annotation was believed.
    Annotated,
    /// The base slot of `layout at` is another one.
    BaseSlot,
    /// A namespace is gone.
    NamespaceDeleted,
    /// A namespace lies somewhere else.
    NamespaceMoved,
    /// A namespace is declared more than once.
    NamespaceDuplicated,
    /// A namespace's constant is not what its annotation says.
    NamespaceConstant,
    /// No code was found that places a namespace.
    NamespaceUnplaced,
    /// The annotation has a formula that is not known.
    NamespaceFormula,
    /// A slot that the code names is no longer used.
    SlotDeleted,
    /// A slot that the code names has another value under the same name.
    SlotMoved,
    /// A slot that is computed while the code runs, by other code than before.
    SlotComputed,
    /// Two things lie at the same place.
    Overlap,
    /// Proxy and implementation keep different things at the same place.
    ProxyClash,
    /// Proxy and implementation keep the same variable at the same place.
    ProxyShared,
    /// A type of which the compiler says too little.
    Unknown,
    /// There is more than a report holds.
    Truncated,
}

/// Where something lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The slot, `0x…`; of a part of a value behind a hash, counted from the value's first.
    pub slot: String,
    /// The first byte in it.
    pub offset: u8,
    /// How many bytes.
    pub bytes: String,
    /// The type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it is declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Which check.
    pub check: Check,
    /// What.
    pub kind: Kind,
    /// How much it weighs.
    pub severity: Severity,
    /// Where it belongs: `storage`, `transient`, `erc7201:…`, or the slot that the code names.
    pub region: String,
    /// The variable, with the way into its type: `accounts[].limits.daily`.
    pub label: String,
    /// Before the upgrade; of a clash, in the proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Place>,
    /// After the upgrade; of a clash, in the implementation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Place>,
    /// What would have happened, in a sentence.
    pub consequence: String,
    /// What to do.
    pub remedy: String,
}

/// What is said of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every old variable is read from where it is stored, as what it is.
    Safe,
    /// Something is lost or read as something else.
    Unsafe,
    /// Nothing is known to be lost; not everything could be compared.
    Unverified,
}

/// The answer of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// The contract before; of a clash, the proxy.
    pub before: ContractName,
    /// The contract after; of a clash, the implementation.
    pub after: ContractName,
    /// What is said of the whole.
    pub verdict: Verdict,
    /// How many variables, members and slots of the first were compared.
    pub compared: usize,
    /// Everything that was found, what weighs most first.
    pub findings: Vec<Finding>,
}

impl Report {
    pub(crate) fn of(
        before: ContractName,
        after: ContractName,
        compared: usize,
        mut findings: Vec<Finding>,
    ) -> Self {
        findings.sort_by_key(|finding| finding.severity);
        let verdict = findings.first().map_or(Verdict::Safe, |worst| match worst.severity {
            Severity::Unsafe => Verdict::Unsafe,
            Severity::Unverified => Verdict::Unverified,
            Severity::Notice => Verdict::Safe,
        });
        Self { schema: SCHEMA.to_owned(), before, after, verdict, compared, findings }
    }

    /// This report with the findings of another one of the same upgrade.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        let findings = self.findings.into_iter().chain(other.findings).collect();
        Self::of(self.before, self.after, self.compared + other.compared, findings)
    }
}
