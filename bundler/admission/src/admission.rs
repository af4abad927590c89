//! The pipeline.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use alloy::primitives::{Address, B256};
use writ_attestation::carries_suffix;
use writ_gateway::{AccountView, Gate, GateRequest, Gated, Gateway};
use writ_pool::{Pool, PoolOperation};
use writ_simulation::{
    Overrides, PinnedBlock, Simulation, SimulationRequest, Simulator, StateProvider,
};
use writ_types::{EntryPoint, PresentedFacts, StakeInfo, UserOperation};

use crate::{
    AdmissionError, AdmissionRules, Head, Verdict, checks,
    estimate::same_version,
    gated::{gate_record, gate_request},
    order::Order,
    preflight,
    preflight::Pretence,
    stakes,
    verdict::{Bench, Stage, judge},
};

/// What admission works with.
#[derive(Clone, Debug)]
pub struct AdmissionParts {
    /// The chain's state.
    pub state: StateProvider,
    /// The simulator.
    pub simulator: Simulator,
    /// The gate.
    pub gate: Arc<Gate>,
    /// The pool.
    pub pool: Arc<Pool>,
    /// The EntryPoints that are served, preferred first.
    pub entry_points: Vec<EntryPoint>,
}

/// Admission. Clones share everything.
#[derive(Clone, Debug)]
pub struct Admission {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    parts: AdmissionParts,
    rules: AdmissionRules,
    order: Order,
}

impl Admission {
    /// Admission with these parts under these rules.
    pub fn new(parts: AdmissionParts, rules: AdmissionRules) -> Self {
        let order = Order::new(rules.concurrency, rules.waiting);
        Self { inner: Arc::new(Inner { parts, rules, order }) }
    }

    /// The rules.
    pub fn rules(&self) -> &AdmissionRules {
        &self.inner.rules
    }

    /// The EntryPoints that are served, preferred first.
    pub fn entry_points(&self) -> &[EntryPoint] {
        &self.inner.parts.entry_points
    }

    /// The pool.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.inner.parts.pool
    }

    /// The chain's state.
    pub fn state(&self) -> &StateProvider {
        &self.inner.parts.state
    }

    /// The simulator.
    pub fn simulator(&self) -> &Simulator {
        &self.inner.parts.simulator
    }

    /// The gate.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.inner.parts.gate
    }

    pub(crate) fn order(&self) -> &Order {
        &self.inner.order
    }

    pub(crate) fn gateway(
        &self,
        operation: &UserOperation,
    ) -> Result<&Arc<Gateway>, AdmissionError> {
        self.gate().gateway().ok_or_else(|| {
            AdmissionError::AttestationRequired(format!(
                "this bundler asks no operators, so that it can obtain none for account {}",
                operation.sender
            ))
        })
    }

    /// The served EntryPoint at this address.
    ///
    /// # Errors
    /// `-32602` with the addresses that are served.
    pub fn entry_point(&self, address: Address) -> Result<EntryPoint, AdmissionError> {
        let served = self.entry_points();
        served.iter().find(|known| known.address == address).copied().ok_or_else(|| {
            AdmissionError::EntryPoint {
                given: address,
                supported: served.iter().map(|known| known.address).collect(),
            }
        })
    }

    /// Takes an operation into the pool. When this returns its hash, the operation survives a crash.
    ///
    /// # Errors
    /// Why it is refused; nothing is kept of it then.
    pub async fn admit(
        &self,
        operation: UserOperation,
        entry_point: Address,
    ) -> Result<B256, AdmissionError> {
        self.admit_with(operation, entry_point, PresentedFacts::none()).await
    }

    /// The same with what issuers stated, for policies that ask for it. It is sent to the operators and kept nowhere.
    ///
    /// # Errors
    /// As [`admit`](Self::admit).
    pub async fn admit_with(
        &self,
        operation: UserOperation,
        entry_point: Address,
        facts: &PresentedFacts,
    ) -> Result<B256, AdmissionError> {
        let entry_point = self.entry_point(entry_point)?;
        same_version(operation.version, entry_point)?;
        let sender = operation.sender;
        let _turn = self.order().turn(sender).await?;
        let admitted = self.admit_in_turn(operation, entry_point, facts).await;
        match &admitted {
            Ok(hash) => {
                metrics::counter!("writ_operations_admitted_total").increment(1);
                tracing::info!(%hash, %sender, "operation admitted");
            }
            Err(error) => {
                metrics::counter!("writ_operations_refused_total").increment(1);
                tracing::info!(%sender, code = %error.clone().into_refusal().code, %error, "operation refused");
            }
        }
        admitted
    }

    async fn admit_in_turn(
        &self,
        operation: UserOperation,
        entry_point: EntryPoint,
        facts: &PresentedFacts,
    ) -> Result<B256, AdmissionError> {
        let block = self.state().latest().await?;
        self.check(&operation, entry_point, &block).await?;
        self.check_delegation(&operation, &block).await?;
        let hash = self.hash(&operation, entry_point, &block).await?;
        let mut pooled = PoolOperation::new(operation.clone(), entry_point, hash);
        pooled.facts.admitted_at = block.number();
        let stakes_matter = self.stakes_matter_early(&operation);
        if stakes_matter {
            self.note_stakes(&mut pooled, &block).await?;
        }
        // Whether an attestation verifies is not known yet; with one, more may be replaced.
        pooled.attested = true;
        self.pool().check(&pooled).map_err(writ_pool::PoolError::from)?;
        let ahead = self.ahead_of(&operation, entry_point);

        let request = gate_request(&block, &operation, (entry_point, hash), &ahead);
        let request = GateRequest { facts, ..request };
        let gated = self.pass_gate(request).await?;
        let (attested, operation) = match gated {
            Gated::Attested(attested) => {
                pooled.gate = Some(gate_record(&attested.suffix, &attested.account));
                (true, attested.operation)
            }
            Gated::NotRequired(_) => (false, operation.clone()),
        };
        self.check(&operation, entry_point, &block).await?;
        let (verdict, simulation) =
            self.simulate_final(&operation, entry_point, &ahead, &block, attested).await?;
        let request = GateRequest { operation: &operation, ..request };
        pooled.detached = self.detached_record(request, &simulation).await?;

        pooled.operation = operation;
        pooled.attested = attested;
        pooled.received_at = clock();
        self.note(&mut pooled, verdict, &block).await?;
        if !stakes_matter {
            self.note_stakes(&mut pooled, &block).await?;
        }
        self.insert(pooled).await
    }

    /// Writes an operation to the pool, on a thread that may wait for the disk, and gives its hash.
    pub(crate) async fn insert(&self, pooled: PoolOperation) -> Result<B256, AdmissionError> {
        let (pool, hash) = (self.pool().clone(), pooled.hash);
        let inserted = tokio::task::spawn_blocking(move || pool.insert(pooled)).await;
        let inserted = inserted.map_err(|error| AdmissionError::Internal(error.to_string()))??;
        if let Some(replaced) = inserted.replaced {
            tracing::info!(%hash, %replaced, "operation replaced");
        }
        Ok(hash)
    }

    /// Judges the operation as if it were attested.
    pub(crate) async fn preflight(
        &self,
        operation: &UserOperation,
        entry_point: EntryPoint,
        ahead: &[UserOperation],
        account: AccountView,
        block: &PinnedBlock,
    ) -> Result<(), AdmissionError> {
        if !preflight::fits_max_cost(operation) {
            return Err(writ_types::FieldError::new(
                "maxFeePerGas",
                "gas limits times maxFeePerGas reach 2^128; no attestation can cover that",
            )
            .into());
        }
        let attested = ahead.iter().filter(|op| carries_suffix(&op.signature)).count() as u64;
        let pretence = Pretence::new(account, entry_point, block, attested)?;
        let pretended = pretence.attested(operation)?;
        let ops = pretence.behind(ahead)?.into_iter().chain([pretended.clone()]).collect();
        let request = SimulationRequest::bundle(entry_point, ops)
            .with_overrides(pretence.overrides(Overrides::default()));
        let simulation = self.simulator().simulate(block, &request).await?;
        self.judge(&pretended, &simulation, ahead.len(), block, (true, Stage::First))
            .await
            .map(|_| ())
    }

    /// Simulates the bytes that will be pooled, with nothing pretended, and judges them.
    pub(crate) async fn simulate_final(
        &self,
        operation: &UserOperation,
        entry_point: EntryPoint,
        ahead: &[UserOperation],
        block: &PinnedBlock,
        attested: bool,
    ) -> Result<(Verdict, Simulation), AdmissionError> {
        let ops = ahead.iter().cloned().chain([operation.clone()]).collect();
        let stakes = operation.entities().flat_map(|entity| stakes::slots_of(entity.address));
        let request = SimulationRequest {
            prefetch: vec![(entry_point.address, stakes.collect())],
            ..SimulationRequest::bundle(entry_point, ops)
        };
        let simulation = self.simulator().simulate(block, &request).await?;
        let stage = (attested, Stage::First);
        let verdict = self.judge(operation, &simulation, ahead.len(), block, stage).await?;
        Ok((verdict, simulation))
    }

    /// Judges one operation of a simulation. Stakes are read only when a rule turns on them: they permit, never forbid.
    pub(crate) async fn judge(
        &self,
        operation: &UserOperation,
        simulation: &Simulation,
        index: usize,
        block: &PinnedBlock,
        (attested, stage): (bool, Stage),
    ) -> Result<Verdict, AdmissionError> {
        let head = head(block);
        let bench = Bench { head: &head, rules: self.rules(), stakes: &[], attested, stage };
        match judge(operation, simulation, index, bench) {
            Err(AdmissionError::Rules(_)) => {
                let Some(outcome) = simulation.ops.get(index) else {
                    return Err(AdmissionError::Internal("no outcome".to_owned()));
                };
                let entry_point = outcome.trace.entry_point;
                let stakes = self.stakes(operation, entry_point, block).await?;
                judge(operation, simulation, index, Bench { stakes: &stakes, ..bench })
            }
            judged => judged,
        }
    }

    pub(crate) async fn check(
        &self,
        operation: &UserOperation,
        entry_point: EntryPoint,
        block: &PinnedBlock,
    ) -> Result<(), AdmissionError> {
        checks::check(operation, &head(block), self.rules())?;
        self.pays_for_data(operation, entry_point, block).await
    }

    /// The operation's hash at this EntryPoint.
    ///
    /// # Errors
    /// When an EIP-7702 sender has no delegate, or the state cannot be had.
    pub(crate) async fn hash(
        &self,
        operation: &UserOperation,
        entry_point: EntryPoint,
        block: &PinnedBlock,
    ) -> Result<B256, AdmissionError> {
        let delegate = if operation.is_eip7702() && operation.authorization.is_none() {
            let code = block.account(operation.sender).await?.code;
            code.and_then(|code| code.eip7702_address())
        } else {
            None
        };
        operation
            .hash(entry_point.address, block.chain_id(), delegate)
            .map_err(|error| writ_types::FieldError::new("eip7702Auth", error.to_string()).into())
    }

    /// The sender's pooled operations that will have run before this one, in the order in which they will run.
    ///
    /// Those of its nonce key with a lower sequence, and, since an account's history is one for all keys, those of
    /// other keys that arrived earlier. When it replaces a pooled operation it takes that one's place.
    pub(crate) fn ahead_of(
        &self,
        operation: &UserOperation,
        entry_point: EntryPoint,
    ) -> Vec<UserOperation> {
        let mut pooled = self.pool().of_sender(operation.sender);
        pooled.retain(|other| other.entry_point.address == entry_point.address);
        let replaced = pooled.iter().find(|other| other.operation.nonce == operation.nonce);
        let place = replaced.and_then(|other| other.gate.as_ref()).map(|gate| gate.sequence);
        let (key, sequence) = (operation.nonce_key(), operation.nonce_sequence());
        pooled.retain(|other| {
            if other.operation.nonce_key() == key {
                return other.operation.nonce_sequence() < sequence;
            }
            match (place, other.gate.as_ref()) {
                (Some(place), Some(gate)) => gate.sequence < place,
                _ => true,
            }
        });
        // Attested ones in the order of the account's history; that order agrees with each key's own.
        pooled.sort_by_key(|other| other.gate.as_ref().map_or(0, |gate| gate.sequence));
        let surplus = pooled.len().saturating_sub(self.rules().max_predecessors);
        if surplus > 0 {
            // Only this key's own are indispensable.
            pooled.retain(|other| other.operation.nonce_key() == key);
        }
        pooled.iter().map(|other| other.operation.clone()).collect()
    }

    async fn stakes(
        &self,
        operation: &UserOperation,
        entry_point: EntryPoint,
        block: &PinnedBlock,
    ) -> Result<Vec<StakeInfo>, AdmissionError> {
        let addresses = operation.entities().map(|entity| entity.address).collect();
        let standings = stakes::standings(self.simulator(), block, entry_point, addresses).await?;
        Ok(standings.into_iter().map(|standing| standing.stake).collect())
    }

    /// Whether stakes and deposits decide before simulation already: a paymaster's deposit has to cover all that is
    /// pooled (EREP-010), and a sender with many operations needs a stake for more (UREP-010).
    fn stakes_matter_early(&self, operation: &UserOperation) -> bool {
        let limit = self.rules().constants.same_sender_mempool_count;
        operation.paymaster.is_some() || self.pool().of_sender(operation.sender).len() >= limit
    }
}

fn head(block: &PinnedBlock) -> Head {
    Head {
        chain_id: block.chain_id(),
        number: block.number(),
        timestamp: block.timestamp(),
        base_fee: block.base_fee(),
    }
}

/// Unix seconds.
pub(crate) fn clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
