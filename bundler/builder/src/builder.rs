//! The loop that turns pooled operations into included ones.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use alloy::primitives::TxHash;
use tokio::sync::{mpsc, watch};
use writ_admission::{Admission, after_validation};
use writ_pool::{Pool, Status};
use writ_simulation::NodeClient;

use crate::{
    Broadcast, BuilderConfig, BuilderError, BuilderHandle, BundleSigner, BundlingMode, Event,
    GasPrices, Health, Lookup, Moment, Part, Submission,
    assemble::{Assembler, Bundle, drop_operation},
    blocking::with_pool,
    chain::{Chain, Head},
    follow::{Follower, transactions_of},
    handle::Request,
    note,
};

/// Most seconds between two moments at which the pool hears that time passes.
const AGING: u64 = 60;

/// How often a bundle that somebody waits for is looked at.
const SETTLE_POLL: Duration = Duration::from_millis(50);

/// What a builder works with.
#[derive(Debug)]
pub struct BuilderParts {
    /// Admission, with pool, state, simulator and gate.
    pub admission: Admission,
    /// The node.
    pub node: NodeClient,
    /// The key that sends bundles.
    pub signer: BundleSigner,
    /// Where trouble is reported.
    pub health: Health,
}

/// The builder. One task owns it: there is one bundle in flight at a time, and no lock.
#[derive(Debug)]
pub struct Builder {
    pub(crate) config: BuilderConfig,
    pub(crate) chain: Chain,
    pub(crate) pool: Arc<Pool>,
    pub(crate) signer: BundleSigner,
    pub(crate) health: Health,
    pub(crate) admission: Admission,
    pub(crate) assembler: Assembler,
    pub(crate) follower: Follower,
    pub(crate) submission: Submission,
    /// The bundle that was assembled and is not signed yet.
    pub(crate) bundle: Option<Bundle>,
    /// Ticks for which a used nonce could not be explained.
    pub(crate) unresolved: u8,
    requests: mpsc::Receiver<Request>,
    started: bool,
    built_at: Option<Instant>,
    built_on: u64,
    /// Block and moment, in Unix seconds, at which the pool was last told that time passes.
    aged: Option<(u64, u64)>,
}

/// What one look at the node told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) moment: Moment,
    pub(crate) prices: GasPrices,
}

impl Builder {
    /// A builder and the handle to talk to it. Nothing happens before [`run`](Self::run).
    pub fn new(parts: BuilderParts, config: BuilderConfig) -> (Self, BuilderHandle) {
        let BuilderParts { admission, node, signer, health } = parts;
        let chain = Chain::new(node);
        let pool = admission.pool().clone();
        let entry_points = admission.entry_points().to_vec();
        let addresses = entry_points.iter().map(|entry_point| entry_point.address).collect();
        let (sender, requests) = mpsc::channel(16);
        let handle = BuilderHandle {
            requests: sender,
            chain: chain.clone(),
            fees: config.fees,
            health: health.clone(),
            lookup: Lookup::new(pool.clone(), chain.clone(), entry_points),
        };
        let builder = Self {
            assembler: Assembler {
                admission: admission.clone(),
                origin: signer.address(),
                beneficiary: config.beneficiary.unwrap_or(signer.address()),
                turn: 0,
                reverts: Default::default(),
            },
            follower: Follower::new(chain.clone(), pool.clone(), addresses, config.reorg_depth),
            submission: Submission::default(),
            bundle: None,
            unresolved: 0,
            requests,
            started: false,
            built_at: None,
            built_on: 0,
            aged: None,
            config,
            chain,
            pool,
            signer,
            health,
            admission,
        };
        (builder, handle)
    }

    /// Checks that the signer's account has no code and enough funds.
    ///
    /// # Errors
    /// Which of the two is wrong, with the remedy, or that the node does not answer.
    pub async fn check_signer(&self) -> Result<(), BuilderError> {
        let account = self.signer.address();
        if !self.chain.code(account).await?.is_empty() {
            return Err(BuilderError::SignerHasCode { account });
        }
        let balance = self.chain.balance(account).await?;
        metrics::gauge!("writ_signer_balance_wei").set(f64::from(balance));
        if balance < self.config.min_balance {
            return Err(BuilderError::SignerUnfunded {
                account,
                balance,
                least: self.config.min_balance,
            });
        }
        Ok(())
    }

    /// Works until `stop` becomes true or its sender is gone. Trouble is reported to health and waited out.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut pause = self.config.poll_interval;
        loop {
            tokio::select! {
                () = stopped(&mut stop) => return,
                request = self.requests.recv() => match request {
                    None => return,
                    Some(Request::SetMode(mode)) => self.config.mode = mode,
                    Some(Request::SendNow(answer)) => {
                        let sent = self.send_now().await;
                        if let Err(error) = &sent {
                            self.health.red(error.part(), error.to_string());
                        }
                        // The asker may be gone; the bundle is on its way all the same.
                        let _ = answer.send(sent);
                    }
                },
                () = tokio::time::sleep(pause) => {
                    pause = match self.tick(false).await {
                        Ok(()) => self.config.poll_interval,
                        Err(error) => {
                            self.health.red(error.part(), error.to_string());
                            (pause * 2).min(self.config.longest_pause)
                        }
                    };
                }
            }
        }
    }

    /// Sends a bundle, after the one in flight, and stays with it for a while: whoever asks for it looks at the pool,
    /// at reputation and at receipts next.
    async fn send_now(&mut self) -> Result<Option<TxHash>, BuilderError> {
        self.until_settled().await?;
        let before = self.submission.flight().map(|flight| flight.nonce());
        self.tick(true).await?;
        let sent = self.sent_since(before);
        if sent.is_some() {
            self.until_settled().await?;
        }
        Ok(sent)
    }

    /// Waits until the bundle in flight is settled, or [`BuilderConfig::settle_limit`] is over.
    async fn until_settled(&mut self) -> Result<(), BuilderError> {
        let Some(nonce) = self.submission.flight().map(|flight| flight.nonce()) else {
            return Ok(());
        };
        let deadline = Instant::now() + self.config.settle_limit;
        while self.submission.flight().is_some_and(|flight| flight.nonce() == nonce)
            && Instant::now() < deadline
        {
            tokio::time::sleep(self.config.poll_interval.min(SETTLE_POLL)).await;
            self.tick(false).await?;
        }
        Ok(())
    }

    /// The newest transaction of a flight that began after `before`.
    fn sent_since(&self, before: Option<u64>) -> Option<TxHash> {
        let flight = self.submission.flight()?;
        (Some(flight.nonce()) != before).then(|| flight.last().hash)
    }

    /// One look at the node, and everything that follows from it.
    async fn tick(&mut self, forced: bool) -> Result<(), BuilderError> {
        let head = self.chain.head().await?;
        let unmined = self.follower.follow(&head).await?;
        let mined = self.chain.mined_nonce(self.signer.address()).await?;
        let prices = self.chain.prices(&self.config.fees).await?;
        self.health.green(Part::Node);
        let moment = Moment { block: head.link.number, seconds: unix_seconds() };
        let now = Now { moment, prices };
        if !self.started {
            self.recover(mined).await?;
            self.started = true;
        }
        for transaction in transactions_of(&unmined) {
            self.reopen(transaction, &now).await?;
        }
        self.revalidate(&head).await?;
        self.age(&head).await?;
        let work = self.may_build(&head, forced).await?;
        let market = prices.bundle(&self.config.fees);
        self.drive(Event::Tick { now: moment, mined, market, work }, &now).await?;
        self.health.green(Part::Store);
        self.measure(&head);
        Ok(())
    }

    /// Tells metrics how things stand.
    fn measure(&self, head: &Head) {
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
        let number = |count: u64| count as f64;
        metrics::gauge!("writ_head_block").set(number(head.link.number));
        for (status, count) in self.pool.counts() {
            metrics::gauge!("writ_pool_operations", "status" => status).set(number(count));
        }
        for part in Part::ALL.into_iter().filter(|part| !self.health.is_red(*part)) {
            metrics::gauge!("writ_healthy", "part" => part.name()).set(1);
        }
    }

    /// Lets reputation fade and throttled operations expire: with every block, and every minute where there are none.
    async fn age(&mut self, head: &Head) -> Result<(), BuilderError> {
        let (block, now) = (head.link.number, unix_seconds());
        let known = self.aged.is_some_and(|(on, at)| on == block && now.abs_diff(at) < AGING);
        if known {
            return Ok(());
        }
        with_pool(&self.pool, move |pool| pool.pass_time(block, now)).await?;
        self.aged = Some((block, now));
        Ok(())
    }

    /// Whether building may start now, by mode, by time and by what is pooled. An unfit signer is an error.
    async fn may_build(&mut self, head: &Head, forced: bool) -> Result<bool, BuilderError> {
        let due = forced
            || (self.config.mode == BundlingMode::Auto
                && (self.built_on != head.link.number
                    || self.built_at.is_none_or(|at| at.elapsed() >= self.config.bundle_interval)));
        let waiting = self.pool.all().iter().any(|(_, status)| *status == Status::Pending);
        if !due || !waiting || self.submission.flight().is_some() {
            return Ok(false);
        }
        self.check_signer().await?;
        self.health.green(Part::Signer);
        self.built_on = head.link.number;
        self.built_at = Some(Instant::now());
        Ok(true)
    }

    /// Finds the flight that was open when the process stopped. It may be on the chain, in a pool, or nowhere.
    async fn recover(&mut self, mined: u64) -> Result<(), BuilderError> {
        let attempts = self.pool.open_attempts();
        let own = self.signer.address();
        let (flight, later) = note::recover(&attempts, own);
        for nonce in later {
            with_pool(&self.pool, move |pool| {
                pool.settle(own, nonce, "behind an earlier transaction")
            })
            .await?;
        }
        for attempt in attempts.into_iter().filter(|attempt| attempt.signer != own) {
            // Its key is not here any more. It may still be mined; then its events say so.
            let (signer, nonce) = (attempt.signer, attempt.nonce);
            with_pool(&self.pool, move |pool| {
                pool.settle(signer, nonce, "the bundler's key was changed")
            })
            .await?;
        }
        if let Some(flight) = flight {
            tracing::info!(
                nonce = flight.nonce(),
                mined,
                attempts = flight.attempts().len(),
                "recovered a bundle"
            );
            self.submission = Submission::flying(flight);
        }
        Ok(())
    }

    /// A transaction of ours is off the chain again: as long as its operations are whole it may come back.
    async fn reopen(&mut self, transaction: TxHash, now: &Now) -> Result<(), BuilderError> {
        let recorded = with_pool(&self.pool, move |pool| pool.attempt(transaction)).await?;
        let Some(recorded) = recorded.filter(|recorded| recorded.signer == self.signer.address())
        else {
            return Ok(());
        };
        let whole = recorded.operations.iter().all(|hash| self.pool.get(*hash).is_some());
        let (flight, _) = note::recover(std::slice::from_ref(&recorded), self.signer.address());
        let Some(flight) = flight.filter(|_| whole) else { return Ok(()) };
        tracing::info!(%transaction, "a bundle was reorganised away; it is sent again");
        with_pool(&self.pool, move |pool| pool.record_attempt(recorded)).await?;
        self.drive(Event::Unmined(flight), now).await
    }

    /// Judges operations again that are held since a reorganisation.
    async fn revalidate(&self, head: &Head) -> Result<(), BuilderError> {
        let held: Vec<_> =
            self.pool.all().into_iter().filter(|(_, status)| *status == Status::Received).collect();
        if held.is_empty() {
            return Ok(());
        }
        let block = self.admission.state().pin(alloy::eips::BlockId::hash(head.link.hash)).await?;
        for (pooled, _) in held {
            let hash = pooled.hash;
            match self.admission.revalidate(&pooled, &block).await {
                Ok(_) => {
                    with_pool(&self.pool, move |pool| pool.release(hash, "validated again"))
                        .await?;
                }
                Err(error) if error.is_transient() => return Err(error.into()),
                Err(error) => {
                    let sanctions = after_validation(&error, &pooled);
                    drop_operation(&self.pool, &pooled, error, sanctions).await?;
                }
            }
        }
        Ok(())
    }

    /// Reports what a node said about a broadcast.
    pub(crate) fn report(&self, outcome: &Broadcast) {
        match outcome {
            Broadcast::Known => self.health.green(Part::Submission),
            Broadcast::Refused(reason) => {
                self.health.red(Part::Submission, format!("the node refuses the bundle: {reason}"));
            }
            Broadcast::Unreachable => {
                self.health.red(Part::Node, "a bundle may not have reached the node");
            }
            Broadcast::Underpriced | Broadcast::NonceUsed => {}
        }
    }
}

/// Returns when `stop` is true, or nobody can make it so any more.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stopped| *stopped).await);
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}
