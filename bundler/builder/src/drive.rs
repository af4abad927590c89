//! Carries out what the state machine commands, and tells it what came of it.

use alloy::primitives::{B256, TxHash};
use writ_admission::{AdmissionError, Sending};
use writ_pool::Attempt as Recorded;
use writ_types::EntryPoint;

use crate::{
    Attempt, Builder, BuilderError, Call, Command, Event, Fees, Flight, Purpose, Settlement,
    assemble::{Assembler, drop_operation},
    blocking::with_pool,
    builder::Now,
    note,
    transaction::Unsigned,
};

/// Ticks after which a nonce that none of our transactions used counts as used by somebody else.
const PATIENCE: u8 = 5;

impl Builder {
    /// Feeds one event and carries out everything that follows from it.
    pub(crate) async fn drive(&mut self, event: Event, now: &Now) -> Result<(), BuilderError> {
        let mut event = Some(event);
        while let Some(next) = event.take() {
            let (state, command) =
                std::mem::take(&mut self.submission).on(next, &self.config.submission);
            self.submission = state;
            event = match command {
                None => None,
                Some(command) => self.carry_out(command, now).await?,
            };
        }
        Ok(())
    }

    async fn carry_out(
        &mut self,
        command: Command,
        now: &Now,
    ) -> Result<Option<Event>, BuilderError> {
        match command {
            Command::Build => self.build(now).await.map(Some),
            Command::Sign { nonce, fees, purpose } => self.sign(nonce, fees, purpose, now).await,
            Command::Broadcast(hash) => self.broadcast(hash).await.map(Some),
            Command::Settle => self.settle().await,
            Command::Included(flight, hash) => self.included(&flight, hash).await.map(|()| None),
            Command::Release(flight) => {
                let reason = "its bundle was not included; waits for another";
                self.close(&flight, reason).await.map(|_| None)
            }
        }
    }

    /// Whatever goes wrong while building, the machine has to hear that nothing came of it.
    async fn build(&mut self, now: &Now) -> Result<Event, BuilderError> {
        match self.try_build(now).await {
            Ok(Some(event)) => Ok(event),
            Ok(None) => Ok(Event::NothingToBuild),
            Err(error) => {
                let (state, _) = std::mem::take(&mut self.submission)
                    .on(Event::NothingToBuild, &self.config.submission);
                self.submission = state;
                Err(error)
            }
        }
    }

    async fn try_build(&mut self, now: &Now) -> Result<Option<Event>, BuilderError> {
        let block = self.admission.state().latest().await?;
        let bundle = self.assembler.assemble(&block, &now.prices, &self.config).await?;
        let Some(bundle) = bundle else { return Ok(None) };
        let nonce = self.chain.mined_nonce(self.signer.address()).await?;
        let fees = bundle.fees;
        tracing::info!(
            operations = bundle.operations.len(),
            gas = bundle.call.gas,
            nonce,
            "bundle assembled"
        );
        self.bundle = Some(bundle);
        Ok(Some(Event::Built { nonce, fees }))
    }

    async fn sign(
        &mut self,
        nonce: u64,
        fees: Fees,
        purpose: Purpose,
        now: &Now,
    ) -> Result<Option<Event>, BuilderError> {
        let last = self.submission.flight().and_then(|flight| {
            let bundles = flight.attempts().iter().rev();
            bundles
                .clone()
                .find(|attempt| attempt.purpose == Purpose::Bundle)
                .map(|attempt| attempt.hash)
        });
        let chain_id = self.pool.config().chain_id;
        let (unsigned, operations) = match (purpose, last) {
            (Purpose::Cancel, _) => {
                let call = Call::cancellation(self.signer.address());
                (Unsigned::new(chain_id, nonce, fees, &call, Vec::new()), Vec::new())
            }
            (Purpose::Bundle, None) => match self.bundle.take() {
                Some(bundle) => {
                    let unsigned =
                        Unsigned::new(chain_id, nonce, fees, &bundle.call, bundle.authorizations);
                    (unsigned, bundle.operations)
                }
                None => return Ok(Some(Event::SigningFailed)),
            },
            (Purpose::Bundle, Some(last)) => {
                let recorded = with_pool(&self.pool, move |pool| pool.attempt(last)).await?;
                let parts = recorded.as_ref().and_then(note::call_of);
                let (Some(recorded), Some((call, authorizations))) = (recorded, parts) else {
                    return Ok(Some(self.spoiled(now)));
                };
                // A replacement pays more for the same operations: it must still be worth it.
                if let Some(reason) = self.unsound(&recorded.operations, &call).await? {
                    tracing::warn!(nonce, %reason, "the bundle in flight would fail now; cancelling it");
                    return Ok(Some(self.spoiled(now)));
                }
                (Unsigned::new(chain_id, nonce, fees, &call, authorizations), recorded.operations)
            }
        };
        let signed = match self.signer.sign(unsigned).await {
            Ok(signed) => signed,
            Err(error) => {
                self.health.red(crate::Part::Signer, error.to_string());
                return Ok(Some(Event::SigningFailed));
            }
        };
        let attempt = Attempt { hash: signed.hash, fees, purpose, at: now.moment };
        let recorded = Recorded {
            transaction: signed.hash,
            signer: self.signer.address(),
            nonce,
            operations,
            raw: signed.raw,
            note: note::encode(&attempt),
        };
        match with_pool(&self.pool, move |pool| pool.record_attempt(recorded)).await {
            Ok(()) => {
                count_transaction(match purpose {
                    Purpose::Bundle => "signed",
                    Purpose::Cancel => "cancellation",
                });
                tracing::info!(hash = %signed.hash, nonce, ?purpose, fee = fees.max_fee_per_gas, "transaction signed");
                Ok(Some(Event::Signed { nonce, attempt }))
            }
            // An operation left the pool between assembling and now.
            Err(BuilderError::Pool(writ_pool::PoolError::Unknown(_))) => {
                Ok(Some(Event::SigningFailed))
            }
            Err(error) => {
                let (state, _) = std::mem::take(&mut self.submission)
                    .on(Event::SigningFailed, &self.config.submission);
                self.submission = state;
                Err(error)
            }
        }
    }

    fn spoiled(&self, now: &Now) -> Event {
        Event::Spoiled { now: now.moment, market: now.prices.bundle(&self.config.fees) }
    }

    /// Why a bundle that was fine would fail now, if it would.
    async fn unsound(
        &self,
        operations: &[B256],
        call: &Call,
    ) -> Result<Option<String>, BuilderError> {
        let mut pooled = Vec::with_capacity(operations.len());
        for hash in operations {
            match self.pool.get(*hash) {
                Some(operation) => pooled.push(operation),
                None => return Ok(Some(format!("operation {hash} left the pool"))),
            }
        }
        let entry_point: EntryPoint = match self.admission.entry_point(call.to) {
            Ok(known) => known,
            Err(error) => return Ok(Some(error.to_string())),
        };
        let block = self.admission.state().latest().await?;
        let Assembler { origin, beneficiary, .. } = self.assembler;
        let sending = Sending { origin, beneficiary, gas: Some(call.gas) };
        let checked = self.admission.check_bundle(entry_point, &pooled, &block, sending).await?;
        Ok(checked.err().map(|fault| fault.to_string()))
    }

    async fn broadcast(&mut self, hash: TxHash) -> Result<Event, BuilderError> {
        let recorded = with_pool(&self.pool, move |pool| pool.attempt(hash)).await?;
        let recorded = recorded.ok_or_else(|| {
            AdmissionError::Internal(format!(
                "transaction {hash} is to be sent and is not recorded"
            ))
        })?;
        let outcome = self.chain.send(&recorded.raw).await;
        tracing::debug!(%hash, ?outcome, "transaction sent");
        self.report(&outcome);
        Ok(Event::Sent(outcome))
    }

    /// Which of the flight's transactions used the nonce.
    async fn settle(&mut self) -> Result<Option<Event>, BuilderError> {
        let Some(flight) = self.submission.flight().cloned() else { return Ok(None) };
        for attempt in flight.attempts().iter().rev() {
            let Some(receipt) = self.chain.receipt(attempt.hash).await? else { continue };
            self.unresolved = 0;
            let settlement = match attempt.purpose {
                Purpose::Cancel => {
                    count_transaction("cancelled");
                    Settlement::Cancelled(attempt.hash)
                }
                Purpose::Bundle => {
                    self.follower.index_receipt(&receipt).await?;
                    count_transaction(if receipt.status() { "included" } else { "reverted" });
                    if !receipt.status() {
                        self.count_revert(&flight, attempt.hash).await?;
                    }
                    Settlement::Bundle(attempt.hash)
                }
            };
            return Ok(Some(Event::Settled(settlement)));
        }
        self.unresolved += 1;
        if self.unresolved < PATIENCE {
            return Ok(None);
        }
        self.unresolved = 0;
        tracing::warn!(
            nonce = flight.nonce(),
            "the bundler's nonce was used by a transaction that it does not know"
        );
        count_transaction("foreign");
        Ok(Some(Event::Settled(Settlement::Foreign)))
    }

    async fn included(&mut self, flight: &Flight, hash: TxHash) -> Result<(), BuilderError> {
        let returned =
            self.close(flight, "its bundle reverted on the chain; waits for another").await?;
        tracing::info!(%hash, nonce = flight.nonce(), returned = returned.len(), "bundle settled");
        let pool = self.pool.clone();
        self.assembler.reverts.retain(|operation, _| pool.get(*operation).is_some());
        Ok(())
    }

    async fn close(
        &self,
        flight: &Flight,
        reason: &'static str,
    ) -> Result<Vec<B256>, BuilderError> {
        let (signer, nonce) = (self.signer.address(), flight.nonce());
        with_pool(&self.pool, move |pool| pool.settle(signer, nonce, reason)).await
    }

    /// A bundle that passed every check reverted on the chain all the same: its operations get few more chances.
    async fn count_revert(&mut self, flight: &Flight, hash: TxHash) -> Result<(), BuilderError> {
        let recorded = with_pool(&self.pool, move |pool| pool.attempt(hash)).await?;
        tracing::warn!(%hash, nonce = flight.nonce(), "a bundle reverted on the chain");
        for operation in recorded.map(|recorded| recorded.operations).unwrap_or_default() {
            let reverts = self.assembler.reverts.entry(operation).or_default();
            *reverts = reverts.saturating_add(1);
            if *reverts >= self.config.max_reverts {
                let reason = format!("{reverts} bundles with it reverted on the chain");
                self.assembler.reverts.remove(&operation);
                let Some(pooled) = self.pool.get(operation) else { continue };
                let error = AdmissionError::Reverted(reason);
                drop_operation(&self.pool, &pooled, error, Vec::new()).await?;
            }
        }
        Ok(())
    }
}

fn count_transaction(event: &'static str) {
    metrics::counter!("writ_transactions_total", "event" => event).increment(1);
}
