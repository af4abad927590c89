//! The bundler's own policy: demanded of everything that it includes, enforced by nobody but itself.
//!
//! ```text
//!  admission:  final simulation ──> Gate::admit_detached ── operators, at the same block ──> Detached, kept beside
//!  bundling:   whole-bundle trace ──> Gate::recheck_detached: window, code, block, still the same conduct
//! ```
//!
//! The attestation rests on one simulation. What was decided on is therefore compared with what the operation does in
//! the last simulation before it is sent: the same calls by the account, and no more of anything leaving it.

use std::sync::Arc;

use alloy::primitives::{Address, B256, Bytes};
use writ_attestation::{
    AccountPolicy, AttestationError, DetachedTerms, MAX_SIGNATURES, OperatorSet, SetError, Suffix,
    account_code_of, wire::MAX_PREDECESSORS,
};
use writ_simulation::Effects;

use crate::{AccountView, Ask, Gate, GateError, GateMode, GateRequest, conduct, gate};

/// Why a policy of the bundler's own cannot be demanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundlerPolicyError {
    /// The operators are not a set.
    #[error(transparent)]
    Operators(#[from] SetError),
    /// No quorum can have so many signatures.
    #[error(
        "{threshold} signatures of {operators} operators: 1 to {operators}, at most {MAX_SIGNATURES}, can be demanded"
    )]
    Threshold {
        /// Signatures demanded.
        threshold: u8,
        /// Operators there are.
        operators: usize,
    },
}

/// The policy that a bundler demands of everything it includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundlerPolicy {
    terms: Arc<DetachedTerms>,
    commitment: B256,
    operators: OperatorSet,
    threshold: u8,
}

impl BundlerPolicy {
    /// The policy behind `commitment`, decided by `threshold` of the terms' operators.
    ///
    /// # Errors
    /// When the operators are no set, or the threshold cannot be reached.
    pub fn new(
        terms: DetachedTerms,
        commitment: B256,
        threshold: u8,
    ) -> Result<Self, BundlerPolicyError> {
        let operators = OperatorSet::new(terms.operators.clone())?;
        let signatures = usize::from(threshold);
        if signatures == 0 || signatures > MAX_SIGNATURES || signatures > operators.len() {
            return Err(BundlerPolicyError::Threshold { threshold, operators: operators.len() });
        }
        Ok(Self { terms: Arc::new(terms), commitment, operators, threshold })
    }

    /// Policies and operators.
    pub fn terms(&self) -> &DetachedTerms {
        &self.terms
    }

    /// Commitment to the policies with their parameters.
    pub const fn commitment(&self) -> B256 {
        self.commitment
    }

    /// Signatures that an attestation has.
    pub const fn threshold(&self) -> u8 {
        self.threshold
    }
}

/// A verified attestation under the bundler's own policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detached {
    /// The attestation, in the form that a suffix has.
    pub suffix: Suffix,
    /// Commitment to the policies.
    pub policy: B256,
    /// Names the calls that the operators saw the account make.
    pub conduct: B256,
}

impl Gate {
    /// The same gate, demanding `policy` of everything in [`GateMode::Required`].
    #[must_use]
    pub fn demanding(mut self, policy: Option<BundlerPolicy>) -> Self {
        self.policy = policy;
        self
    }

    /// The bundler's own policy, where it is demanded.
    pub fn bundler_policy(&self) -> Option<&BundlerPolicy> {
        self.policy.as_ref().filter(|_| self.options().mode == GateMode::Required)
    }

    /// Obtains what the bundler's own policy demands of an operation that would otherwise be included as it is, given the
    /// `effects` that it has in the bundler's own simulation; `None` where nothing is demanded.
    ///
    /// # Errors
    /// [`GateError`] says what is demanded and cannot be had.
    pub async fn admit_detached(
        &self,
        request: GateRequest<'_>,
        effects: &Effects,
    ) -> Result<Option<Detached>, GateError> {
        let Some(policy) = self.bundler_policy() else { return Ok(None) };
        let Some(gateway) = self.gateway() else {
            return Err(GateError::Required(
                "this bundler includes nothing without an attestation under its own policy, and asks no operators"
                    .to_owned(),
            ));
        };
        let ahead = request.predecessors.len();
        if ahead > MAX_PREDECESSORS {
            return Err(GateError::Required(format!(
                "{ahead} operations of account {} are pending; an attestation can be obtained behind {MAX_PREDECESSORS} at most",
                request.operation.sender
            )));
        }
        let ask = self.detached_question(&request, policy).await?;
        let suffix = gateway.attest(&ask).await?;
        // The decision may have been made at another block, or long ago: what counts is what the operators saw.
        let decision = gateway.decisions().by_evidence(suffix.evidence)?;
        let conduct = decision
            .and_then(|decision| conduct::decided(&decision.evidence))
            .ok_or_else(|| unseen("the evidence of the decision does not say what it calls"))?;
        conduct::check(effects, request.operation.sender, conduct, &suffix.bounds)?;
        Ok(Some(Detached { suffix, policy: policy.commitment, conduct }))
    }

    /// Checks an operation's detached attestation again before it is included, with `effects` of the last simulation.
    ///
    /// # Errors
    /// What is missing, over, or not what was decided on.
    pub async fn recheck_detached(
        &self,
        request: GateRequest<'_>,
        kept: Option<(&Bytes, B256)>,
        effects: Option<&Effects>,
    ) -> Result<(), GateError> {
        let Some(policy) = self.bundler_policy() else { return Ok(()) };
        let Some((encoded, conduct)) = kept else {
            return Err(GateError::Required(
                "the operation was admitted before this bundler demanded a policy of its own"
                    .to_owned(),
            ));
        };
        let suffix = Suffix::decode(encoded)?;
        let account = self.detached_account(&request, policy).await?;
        self.verify(&request, &account, &suffix).await?;
        let effects = effects.ok_or_else(|| unseen("it was not simulated"))?;
        Ok(conduct::check(effects, request.operation.sender, conduct, &suffix.bounds)?)
    }

    /// The question to the operators under the bundler's own policy.
    pub(crate) async fn detached_question(
        &self,
        request: &GateRequest<'_>,
        policy: &BundlerPolicy,
    ) -> Result<Ask, GateError> {
        let account = self.detached_account(request, policy).await?;
        Ok(Ask {
            operation: request.operation.clone(),
            detached: Some(policy.terms.clone()),
            ..gate::ask(request, account)
        })
    }

    async fn detached_account(
        &self,
        request: &GateRequest<'_>,
        policy: &BundlerPolicy,
    ) -> Result<AccountView, GateError> {
        let found = request.block.account(request.operation.sender).await?.code_hash;
        Ok(AccountView {
            module: Address::ZERO,
            policy: AccountPolicy::detached(
                request.entry_point.address,
                policy.commitment,
                policy.threshold,
                &policy.operators,
            ),
            operators: policy.operators.clone(),
            account_code: account_code_of(request.operation, found),
        })
    }
}

fn unseen(reason: &str) -> AttestationError {
    AttestationError::Conduct(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_must_be_reachable() {
        let terms = DetachedTerms {
            policies: Vec::new(),
            operators: vec![Address::repeat_byte(1), Address::repeat_byte(2)],
        };
        for (threshold, fits) in [(0, false), (1, true), (2, true), (3, false)] {
            assert_eq!(BundlerPolicy::new(terms.clone(), B256::ZERO, threshold).is_ok(), fits);
        }
        let twice = DetachedTerms { operators: vec![Address::repeat_byte(1); 2], ..terms };
        assert!(matches!(
            BundlerPolicy::new(twice, B256::ZERO, 1),
            Err(BundlerPolicyError::Operators(_))
        ));
    }
}
