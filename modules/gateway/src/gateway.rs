//! Asking the operators.

use std::{sync::Arc, time::Duration};

use alloy::primitives::Address;
use futures::{StreamExt, stream::FuturesUnordered};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};
use writ_attestation::{
    Context, Suffix,
    wire::{BlockRef, Evaluation, Identity, OperatorFault, OperatorRecord, OperatorResponse},
};

use crate::{
    Ask, CallAsk, Decision, DecisionStore, GatewayError, Lie, NoQuorum, OperatorEndpoint,
    OperatorError, OperatorOutcome, Outcome, SignedAllow, StoreError, Verdict,
    check::{check_allow, check_deny},
    client::OperatorClient,
    memory::AskedBlocks,
    question::Question,
    tally::{Count, Tally},
};

/// How the gateway asks.
#[derive(Clone, Debug)]
pub struct GatewayOptions {
    /// The operators.
    pub operators: Vec<OperatorEndpoint>,
    /// Time for one question, all retries together.
    pub time: Duration,
    /// Pause before an operator that lags or is busy is asked again; doubles up to a second.
    pub pause: Duration,
    /// Longest validity window that is accepted, in seconds.
    pub longest_validity: u64,
    /// Seconds that an attestation must still be valid for to be handed out.
    pub margin: u64,
    /// Questions at the same time; more wait within their own time.
    pub concurrent: usize,
}

impl Default for GatewayOptions {
    fn default() -> Self {
        Self {
            operators: Vec::new(),
            time: Duration::from_secs(5),
            pause: Duration::from_millis(150),
            longest_validity: 3_600,
            margin: 12,
            concurrent: 256,
        }
    }
}

/// A quorum's attestation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Granted<V> {
    pub(crate) suffix: Suffix,
    pub(crate) verified: V,
    /// Whether it was recorded before, and nobody was asked.
    pub(crate) recorded: bool,
}

/// Asks operators and keeps what they decide.
#[derive(Debug)]
pub struct Gateway {
    options: GatewayOptions,
    clients: Vec<OperatorClient>,
    store: DecisionStore,
    asked: AskedBlocks,
    permits: Semaphore,
}

impl Gateway {
    /// A gateway to the operators of `options`. Nothing is sent yet.
    ///
    /// # Errors
    /// When an operator's URL is unusable.
    pub fn new(options: GatewayOptions, store: DecisionStore) -> Result<Arc<Self>, OperatorError> {
        let clients = options
            .operators
            .iter()
            .map(|endpoint| OperatorClient::new(endpoint.clone(), options.time, options.pause))
            .collect::<Result<_, _>>()?;
        let asked = AskedBlocks::new(options.longest_validity);
        let permits = Semaphore::new(options.concurrent);
        Ok(Arc::new(Self { options, clients, store, asked, permits }))
    }

    /// The recorded decisions.
    pub const fn decisions(&self) -> &DecisionStore {
        &self.store
    }

    /// Obtains a quorum's attestation for `ask`, and makes the decision durable.
    ///
    /// # Errors
    /// [`GatewayError::Denied`] when the policy refuses, [`GatewayError::NoQuorum`] when too few operators agree in time.
    pub async fn attest(&self, ask: &Ask) -> Result<Suffix, GatewayError> {
        self.grant(ask).await.map(|granted| granted.suffix)
    }

    /// Obtains a quorum's attestation for a call that comes through no EntryPoint, and makes the decision durable. With it
    /// comes who signed.
    ///
    /// # Errors
    /// As [`attest`](Self::attest).
    pub async fn attest_call(&self, ask: &CallAsk) -> Result<(Suffix, Vec<Address>), GatewayError> {
        self.grant(ask).await.map(|granted| (granted.suffix, granted.verified))
    }

    pub(crate) async fn grant<Q: Question>(
        &self,
        ask: &Q,
    ) -> Result<Granted<Q::Verified>, GatewayError> {
        let started = Instant::now();
        let granted = self.ask(ask, started).await;
        let outcome = match &granted {
            Ok(granted) if granted.recorded => "recorded",
            Ok(_) => "allowed",
            Err(GatewayError::Denied { .. }) => "denied",
            Err(GatewayError::NoQuorum(_)) => "noQuorum",
            Err(_) => "failed",
        };
        metrics::counter!("writ_quorum_requests_total", "outcome" => outcome).increment(1);
        metrics::histogram!("writ_quorum_seconds").record(started.elapsed());
        granted
    }

    async fn ask<Q: Question>(
        &self,
        ask: &Q,
        started: Instant,
    ) -> Result<Granted<Q::Verified>, GatewayError> {
        let deadline = started + self.options.time;
        if let Some(granted) = self.live(ask)? {
            return Ok(granted);
        }
        let Ok(Ok(_permit)) = timeout_at(deadline, self.permits.acquire()).await else {
            return Err(self.no_quorum(ask, &self.tally(ask), started));
        };
        let subject = ask.subject();
        let mut block = self.asked.block(subject, ask.block(), ask.now());
        let mut tally = self.round(ask, block, deadline).await;
        if let (Count::Open | Count::Hopeless, Some(other)) =
            (tally.count(), self.elsewhere(&tally, block, ask.block()))
        {
            block = other;
            self.asked.set(subject, block, ask.now().saturating_add(self.options.longest_validity));
            tally = self.round(ask, block, deadline).await;
        }
        match tally.count() {
            Count::Allowed => self.allowed(ask, tally).await,
            Count::Denied => {
                self.asked.forget(subject);
                Err(self.denied(ask, block, tally).await)
            }
            Count::Open | Count::Hopeless => {
                // Where somebody allowed, only that block can bring the rest; otherwise the next question starts afresh.
                if tally.allowed() == 0 {
                    self.asked.forget(subject);
                }
                Err(self.no_quorum(ask, &tally, started))
            }
        }
    }

    /// Asks what the policies would say, with nothing signed: `k` operators must say the same.
    ///
    /// # Errors
    /// [`GatewayError::NoQuorum`] when too few agree in time.
    pub async fn evaluate(&self, ask: &Ask) -> Result<Evaluation, GatewayError> {
        let started = Instant::now();
        let deadline = started + self.options.time;
        let request = ask.request(ask.block);
        let mut tally = self.tally(ask);
        let mut pending: FuturesUnordered<_> = self
            .members(ask)
            .map(|(position, client)| {
                let request = &request;
                async move {
                    (
                        position,
                        client.ask::<Evaluation, _>("operator_evaluate", request, deadline).await,
                    )
                }
            })
            .collect();
        let mut said: Vec<(Evaluation, usize)> = Vec::new();
        let required = usize::from(ask.account().policy.configuration.threshold);
        while let Some((position, answer)) = pending.next().await {
            match answer {
                Ok(evaluation) => {
                    tally.settle(position, Outcome::Allowed(evaluation.evidence));
                    let key = |e: &Evaluation| {
                        (e.allow, e.action, e.evidence, e.reasons.clone(), e.bounds.clone())
                    };
                    let count =
                        match said.iter_mut().find(|(known, _)| key(known) == key(&evaluation)) {
                            Some((_, count)) => {
                                *count += 1;
                                *count
                            }
                            None => {
                                said.push((evaluation.clone(), 1));
                                1
                            }
                        };
                    if count >= required {
                        return Ok(evaluation);
                    }
                }
                Err(outcome) => tally.settle(position, outcome),
            }
        }
        Err(self.no_quorum(ask, &tally, started))
    }

    /// Every configured operator's identity, or why it did not say.
    pub async fn identities(&self) -> Vec<(OperatorEndpoint, Result<Identity, Outcome>)> {
        let deadline = Instant::now() + self.options.time;
        let asked = self.clients.iter().map(|client| async move {
            (client.endpoint().clone(), client.identity(deadline).await)
        });
        futures::future::join_all(asked).await
    }

    /// What the operator at `url` recorded about the evidence; for audits, never on the way of an operation.
    ///
    /// # Errors
    /// What became of asking it.
    pub async fn operator_record(
        &self,
        operator: Address,
        evidence: alloy::primitives::B256,
    ) -> Result<Option<OperatorRecord>, Outcome> {
        let deadline = Instant::now() + self.options.time;
        match self.clients.iter().find(|client| client.endpoint().address == Some(operator)) {
            Some(client) => client.decision(evidence, deadline).await,
            None => Err(Outcome::NotInSet),
        }
    }

    /// A recorded allow for the same account and nonce that still verifies for this very operation. A fee bump within the
    /// attested cost finds its attestation here.
    fn live<Q: Question>(&self, ask: &Q) -> Result<Option<Granted<Q::Verified>>, StoreError> {
        let Some(decision) = self.store.by_slot(ask.slot())? else { return Ok(None) };
        let Some(suffix) = decision.suffix() else { return Ok(None) };
        if suffix.valid_until < ask.now().saturating_add(self.options.margin) {
            return Ok(None);
        }
        let verified = ask.verify(&suffix);
        Ok(verified.ok().map(|verified| Granted { suffix, verified, recorded: true }))
    }

    /// Asks everybody at `block`, until the outcome is certain or time is over.
    async fn round<Q: Question>(&self, ask: &Q, block: BlockRef, deadline: Instant) -> Tally {
        let request = ask.request(block);
        let mut tally = self.tally(ask);
        let mut pending: FuturesUnordered<_> = self
            .members(ask)
            .map(|(position, client)| {
                let request = &request;
                async move {
                    let answer =
                        client.ask::<OperatorResponse, _>(Q::ATTEST, request, deadline).await;
                    (position, client.endpoint().address, answer)
                }
            })
            .collect();
        // Dropping what is pending is what spares the quorum its slowest member.
        while matches!(tally.count(), Count::Open) {
            let Some((position, operator, answer)) = pending.next().await else { break };
            let window = (self.options.longest_validity, self.options.margin);
            match answer {
                Ok(OperatorResponse::Allow(allow)) => {
                    match check_allow(ask, block, operator, window, &allow) {
                        Ok(checked) => tally.allow(position, checked, allow),
                        Err(lie) => tally.settle(position, Outcome::Lied(lie)),
                    }
                }
                Ok(OperatorResponse::Deny(deny)) => match check_deny(ask, block, operator, &deny) {
                    Ok(checked) => tally.deny(position, checked, deny),
                    Err(lie) => tally.settle(position, Outcome::Lied(lie)),
                },
                Err(outcome) => tally.settle(position, outcome),
            }
        }
        for (position, outcome) in tally.outcomes().iter().enumerate() {
            if let (Outcome::Lied(lie), Some(client)) = (outcome, self.clients.get(position)) {
                tracing::warn!(url = client.endpoint().url, %lie, "an operator's answer is wrong");
            }
        }
        tally
    }

    /// Another block that a failed question should be asked at: where an allow is live; or the present one, when the block
    /// was remembered and has gone, or what was decided there is over.
    fn elsewhere(&self, tally: &Tally, asked: BlockRef, fresh: BlockRef) -> Option<BlockRef> {
        let mut live: Vec<(BlockRef, usize)> = Vec::new();
        for outcome in tally.outcomes() {
            if let Outcome::Fault(OperatorFault::LiveAllow { block_number, block_hash, .. }) =
                outcome
            {
                let block = BlockRef { number: *block_number, hash: *block_hash };
                match live.iter_mut().find(|(known, _)| *known == block) {
                    Some((_, count)) => *count += 1,
                    None => live.push((block, 1)),
                }
            }
        }
        // Where most are bound, a quorum is likeliest.
        let live =
            live.into_iter().filter(|(block, _)| *block != asked).max_by_key(|(_, count)| *count);
        let gone = tally.outcomes().iter().any(|outcome| {
            matches!(
                outcome,
                Outcome::Fault(
                    OperatorFault::BlockUnknown { .. } | OperatorFault::BlockTooOld { .. }
                ) | Outcome::Lied(Lie::Over { .. })
            )
        });
        live.map(|(block, _)| block)
            .or_else(|| (asked != fresh && gone && tally.allowed() == 0).then_some(fresh))
    }

    async fn allowed<Q: Question>(
        &self,
        ask: &Q,
        tally: Tally,
    ) -> Result<Granted<Q::Verified>, GatewayError> {
        let quorum = tally.into_quorum();
        let signatures = quorum.iter().map(|(_, allow)| allow.signature).collect();
        let signers = quorum
            .iter()
            .map(|(operator, allow)| SignedAllow {
                operator: *operator,
                signature: allow.signature,
            })
            .collect();
        let Some((_, allow)) = quorum.into_iter().next() else {
            return Err(GatewayError::NoQuorum(Box::new(self.failure(
                ask,
                &self.tally(ask),
                Instant::now(),
            ))));
        };
        let suffix = Suffix::new(
            &allow.attestation,
            ask.max_cost(&allow.action),
            allow.bounds.clone(),
            signatures,
        );
        // The whole as the module will check it, before anybody sees it.
        let verified = ask.verify(&suffix)?;
        let decision = Decision {
            user_op_hash: ask.user_op_hash(),
            domain: ask.domain(),
            action: allow.action,
            action_hash: allow.attestation.action,
            policy: allow.attestation.policy,
            block: BlockRef {
                number: allow.attestation.block_number,
                hash: allow.attestation.block_hash,
            },
            evidence_hash: allow.attestation.evidence,
            evidence: allow.evidence,
            decided_at: ask.now(),
            verdict: Verdict::Allowed {
                attestation: Box::new(allow.attestation),
                bounds: allow.bounds,
                suffix: suffix.encode()?,
                signers,
            },
        };
        self.keep(ask, decision).await?;
        Ok(Granted { suffix, verified, recorded: false })
    }

    async fn denied<Q: Question>(&self, ask: &Q, block: BlockRef, tally: Tally) -> GatewayError {
        let denials = tally.into_denials();
        let Some((_, first)) = denials.first() else {
            return GatewayError::NoQuorum(Box::new(self.failure(
                ask,
                &self.tally(ask),
                Instant::now(),
            )));
        };
        let (reasons, evidence) = (first.reasons.clone(), first.denial.evidence);
        let decision = Decision {
            user_op_hash: ask.user_op_hash(),
            domain: ask.domain(),
            action: first.action,
            action_hash: first.denial.action,
            policy: first.denial.policy,
            block,
            evidence_hash: evidence,
            evidence: first.evidence.clone(),
            decided_at: ask.now(),
            verdict: Verdict::Denied {
                reasons: reasons.clone(),
                denials: denials.into_iter().map(|(signed, _)| signed).collect(),
            },
        };
        match self.keep(ask, decision).await {
            Ok(()) => GatewayError::Denied { reasons, evidence },
            Err(error) => error.into(),
        }
    }

    /// Writes off the async threads: the write is synchronous down to the disk.
    async fn keep<Q: Question>(&self, ask: &Q, decision: Decision) -> Result<(), StoreError> {
        let (store, slot) = (self.store.clone(), ask.slot());
        tokio::task::spawn_blocking(move || store.put(&decision, slot))
            .await
            .map_err(|_| StoreError::Stopped)?
    }

    fn tally<Q: Question>(&self, ask: &Q) -> Tally {
        let required = usize::from(ask.account().policy.configuration.threshold);
        let mut tally = Tally::new(required, ask.account().operators.len(), self.clients.len());
        let members: Vec<_> = self.members(ask).map(|(position, _)| position).collect();
        for position in (0..self.clients.len()).filter(|position| !members.contains(position)) {
            tally.settle(position, Outcome::NotInSet);
        }
        tally
    }

    /// The endpoints to ask: those in the account's set, and those of unknown address.
    fn members<'a, Q: Question>(
        &'a self,
        ask: &'a Q,
    ) -> impl Iterator<Item = (usize, &'a OperatorClient)> {
        self.clients.iter().enumerate().filter(|(_, client)| {
            client
                .endpoint()
                .address
                .is_none_or(|address| ask.account().operators.index_of(address).is_some())
        })
    }

    fn no_quorum<Q: Question>(&self, ask: &Q, tally: &Tally, started: Instant) -> GatewayError {
        GatewayError::NoQuorum(Box::new(self.failure(ask, tally, started)))
    }

    fn failure<Q: Question>(&self, ask: &Q, tally: &Tally, started: Instant) -> NoQuorum {
        let outcomes =
            self.clients.iter().zip(tally.outcomes()).map(|(client, outcome)| OperatorOutcome {
                operator: client.endpoint().address,
                url: client.endpoint().url.clone(),
                outcome: outcome.clone(),
            });
        NoQuorum {
            required: usize::from(ask.account().policy.configuration.threshold),
            operators: ask.account().operators.len(),
            allowed: tally.allowed(),
            denied: tally.denied(),
            waited: started.elapsed(),
            outcomes: outcomes.collect(),
        }
    }
}

/// What an attestation for `ask` has to satisfy.
pub(crate) fn context(ask: &Ask) -> Context<'_> {
    Context {
        domain: ask.domain(),
        entry_point: ask.entry_point,
        policy: &ask.account.policy,
        operators: &ask.account.operators,
        account_code: ask.account.account_code,
        sequence: ask.sequence,
        now: ask.now,
    }
}
