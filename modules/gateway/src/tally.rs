//! Counting answers: equal allows, denials, and what can still come.

use std::collections::HashSet;

use alloy::primitives::{Address, B256};
use writ_attestation::wire::{Allow, Deny};

use crate::{SignedDenial, check::Checked, error::Outcome};

/// What the answers amount to.
#[derive(Debug)]
pub(crate) enum Count {
    /// Nothing is certain yet.
    Open,
    /// Enough equal allows.
    Allowed,
    /// More denials than a quorum can do without.
    Denied,
    /// Neither can be reached by what may still come.
    Hopeless,
}

/// Answers to one question at one block.
#[derive(Debug)]
pub(crate) struct Tally {
    required: usize,
    operators: usize,
    voted: HashSet<Address>,
    allows: Vec<(B256, Vec<(Address, Allow)>)>,
    denials: Vec<(Address, Deny)>,
    outcomes: Vec<Outcome>,
    pending: usize,
}

impl Tally {
    /// A count over `asked` endpoints, of which all are pending.
    pub(crate) fn new(required: usize, operators: usize, asked: usize) -> Self {
        Self {
            required,
            operators,
            voted: HashSet::new(),
            allows: Vec::new(),
            denials: Vec::new(),
            outcomes: vec![Outcome::Pending; asked],
            pending: asked,
        }
    }

    /// A checked allow by the endpoint at `position`.
    pub(crate) fn allow(&mut self, position: usize, checked: Checked, allow: Allow) {
        self.settle(position, Outcome::Allowed(checked.digest));
        // One operator, one vote, behind however many URLs it answers.
        if !self.voted.insert(checked.signer) {
            return;
        }
        match self.allows.iter_mut().find(|(digest, _)| *digest == checked.digest) {
            Some((_, equal)) => equal.push((checked.signer, allow)),
            None => self.allows.push((checked.digest, vec![(checked.signer, allow)])),
        }
    }

    /// A checked denial by the endpoint at `position`.
    pub(crate) fn deny(&mut self, position: usize, checked: Checked, deny: Deny) {
        self.settle(position, Outcome::Denied(deny.reasons.clone()));
        if self.voted.insert(checked.signer) {
            self.denials.push((checked.signer, deny));
        }
    }

    /// Anything that is no decision.
    pub(crate) fn settle(&mut self, position: usize, outcome: Outcome) {
        if let Some(slot) = self.outcomes.get_mut(position)
            && matches!(slot, Outcome::Pending)
        {
            *slot = outcome;
            self.pending -= 1;
        }
    }

    /// What the answers so far amount to.
    pub(crate) fn count(&self) -> Count {
        let spare = self.operators.saturating_sub(self.required);
        if self.allowed() >= self.required {
            Count::Allowed
        } else if self.denials.len() > spare {
            Count::Denied
        } else if self.allowed() + self.pending < self.required
            && self.denials.len() + self.pending <= spare
        {
            Count::Hopeless
        } else {
            Count::Open
        }
    }

    /// Most equal allows.
    pub(crate) fn allowed(&self) -> usize {
        self.allows.iter().map(|(_, equal)| equal.len()).max().unwrap_or(0)
    }

    /// Denials.
    pub(crate) const fn denied(&self) -> usize {
        self.denials.len()
    }

    /// Each endpoint's outcome, in the order of the endpoints.
    pub(crate) fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// Exactly the quorum: the first k by index of the largest group of equal allows.
    pub(crate) fn into_quorum(self) -> Vec<(Address, Allow)> {
        let largest = self.allows.into_iter().max_by_key(|(_, equal)| equal.len());
        let mut quorum = largest.map(|(_, equal)| equal).unwrap_or_default();
        quorum.sort_unstable_by_key(|(_, allow)| allow.signature.index);
        quorum.truncate(self.required);
        quorum
    }

    /// The denials, those that agree with most others first.
    pub(crate) fn into_denials(self) -> Vec<(SignedDenial, Deny)> {
        let votes = |deny: &Deny| {
            self.denials.iter().filter(|(_, other)| other.denial == deny.denial).count()
        };
        let mut ranked: Vec<_> = self
            .denials
            .iter()
            .map(|(operator, deny)| (votes(deny), *operator, deny.clone()))
            .collect();
        ranked.sort_by_key(|(count, _, deny)| {
            (std::cmp::Reverse(*count), deny.denial.evidence, deny.signature.index)
        });
        ranked
            .into_iter()
            .map(|(_, operator, deny)| {
                let signed = SignedDenial {
                    operator,
                    denial: deny.denial,
                    reasons: deny.reasons.clone(),
                    signature: deny.signature,
                };
                (signed, deny)
            })
            .collect()
    }
}
