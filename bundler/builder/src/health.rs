//! What is wrong right now, for `/health` and for people.

use std::{collections::BTreeMap, fmt, sync::Arc};

use parking_lot::RwLock;

/// The things that can be unwell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The node: reachable, on the right chain, serving state.
    Node,
    /// The signer: without code, with funds.
    Signer,
    /// The transaction in flight: accepted by the node and not stuck at the fee cap.
    Submission,
    /// The store.
    Store,
}

impl Part {
    /// All.
    pub const ALL: [Self; 4] = [Self::Node, Self::Signer, Self::Submission, Self::Store];

    /// The name in `/health` and in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Signer => "signer",
            Self::Submission => "submission",
            Self::Store => "store",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Shared state of health. Clones share it; green as long as nothing is reported.
#[derive(Clone, Debug, Default)]
pub struct Health {
    complaints: Arc<RwLock<BTreeMap<Part, String>>>,
}

impl Health {
    /// Green.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_green(&self) -> bool {
        self.complaints.read().is_empty()
    }

    pub(crate) fn is_red(&self, part: Part) -> bool {
        self.complaints.read().contains_key(&part)
    }

    /// What is wrong, by part; empty when green.
    #[must_use]
    pub fn complaints(&self) -> BTreeMap<Part, String> {
        self.complaints.read().clone()
    }

    /// Reports that `part` is unwell. Logged only when the words change.
    pub fn red(&self, part: Part, reason: impl Into<String>) {
        let reason = reason.into();
        let mut complaints = self.complaints.write();
        if complaints.get(&part) != Some(&reason) {
            tracing::warn!(%part, %reason, "health is red");
            metrics::gauge!("writ_healthy", "part" => part.name()).set(0);
            complaints.insert(part, reason);
        }
    }

    /// Reports that `part` is well (again).
    pub fn green(&self, part: Part) {
        if !self.complaints.read().contains_key(&part) {
            return;
        }
        if self.complaints.write().remove(&part).is_some() {
            tracing::info!(%part, "health is green again");
            metrics::gauge!("writ_healthy", "part" => part.name()).set(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn red_until_every_part_is_well() {
        let health = Health::new();
        let view = health.clone();
        assert!(view.is_green());
        health.red(Part::Node, "connection refused");
        health.red(Part::Signer, "no funds");
        health.green(Part::Node);
        assert!(!view.is_green());
        assert_eq!(view.complaints()[&Part::Signer], "no funds");
        health.green(Part::Signer);
        assert!(view.is_green());
    }
}
