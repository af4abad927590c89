//! A report for people.

use std::fmt;

use crate::finding::{Check, Finding, Kind, Place, Report, Severity, Verdict};

impl Kind {
    /// What happened, in a word or two.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Inserted => "inserted over what is stored",
            Self::Deleted => "deleted",
            Self::Renamed => "renamed",
            Self::Shifted => "shifted",
            Self::Reordered => "reordered",
            Self::Retyped => "of another type",
            Self::Resized => "of another size",
            Self::ArrayResized => "of another length",
            Self::EnumMembers => "an enum with other members",
            Self::StructGrown => "added to a struct without room",
            Self::InternalFunction => "an internal function",
            Self::GapSize => "a gap of the wrong size",
            Self::GapDeleted => "a gap that is gone",
            Self::GapRetyped => "a gap of other elements",
            Self::WrongAnnotation => "wrongly annotated",
            Self::Annotated => "retyped, as annotated",
            Self::BaseSlot => "of another base slot",
            Self::NamespaceDeleted => "a namespace that is gone",
            Self::NamespaceMoved => "a namespace that moved",
            Self::NamespaceDuplicated => "a namespace declared twice",
            Self::NamespaceConstant => "a namespace whose constant is not its annotation's",
            Self::NamespaceUnplaced => "a namespace that nothing places",
            Self::NamespaceFormula => "a namespace of an unknown formula",
            Self::SlotDeleted => "a slot that is no longer used",
            Self::SlotMoved => "a slot that moved",
            Self::SlotComputed => "slots that are computed",
            Self::Overlap => "over something else",
            Self::ProxyClash => "kept by proxy and implementation",
            Self::ProxyShared => "shared by proxy and implementation",
            Self::Unknown => "of a type that cannot be followed",
            Self::Truncated => "more than a report holds",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsafe => "unsafe",
            Self::Unverified => "unverified",
            Self::Notice => "notice",
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Safe => "safe: everything stored is read from where it is, as what it is",
            Self::Unsafe => "unsafe: something stored would be lost or read as something else",
            Self::Unverified => {
                "unverified: nothing is known to be lost, but not everything could be compared"
            }
        })
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::C1 => "C1",
            Self::C2 => "C2",
            Self::C3 => "C3",
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slot {}", self.slot)?;
        if self.offset > 0 {
            write!(f, ", byte {}", self.offset)?;
        }
        write!(f, ": {}", self.kind)?;
        self.source.as_ref().map_or(Ok(()), |source| write!(f, " ({source})"))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { check, severity, label, region, .. } = self;
        writeln!(f, "{severity} {check} {region}: `{label}` {}", self.kind.words())?;
        for (name, place) in [("before", &self.before), ("after", &self.after)] {
            if let Some(place) = place {
                writeln!(f, "  {name:<7}{place}")?;
            }
        }
        writeln!(f, "  what    {}", self.consequence)?;
        writeln!(f, "  do      {}", self.remedy)
    }
}

/// Sources and names are a stranger's: nothing of them steers a terminal.
struct Plain<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl fmt::Write for Plain<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            let shown = if letter.is_control() && letter != '\n' { '\u{fffd}' } else { letter };
            fmt::Write::write_char(self.0, shown)?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        let mut out = Plain(f);
        writeln!(out, "{} -> {}", self.before, self.after)?;
        for finding in &self.findings {
            writeln!(out, "\n{finding}")?;
        }
        writeln!(out, "\n{} ({} compared)", self.verdict, self.compared)
    }
}
