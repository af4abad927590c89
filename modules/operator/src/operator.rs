//! The service itself: from a request to a signed answer.

use std::sync::Arc;

use alloy::{
    eips::BlockId,
    primitives::{Address, B256, keccak256},
};
use tokio::sync::{Semaphore, SemaphorePermit};
use writ_attestation::{
    DetachedTerms, OperatorKey,
    wire::{
        Allow, AttestRequest, BlockRef, Deny, Evaluation, Identity, MAX_PREDECESSORS,
        OperatorFault, OperatorRecord, OperatorResponse,
    },
};
use writ_evidence::{
    Authority, Evidence, EvidenceBuilder, EvidenceRequest, HistoryIndex, OwnerSignature,
};
use writ_policy::PolicyStore;
use writ_simulation::{
    NodeClient, NodeOptions, PinnedBlock, Simulator, StateOptions, StateProvider,
};
use writ_types::{EntryPoint, PresentedFacts, UserOperation};

use crate::{
    OperatorConfig, OperatorError,
    config::MAX_VALIDITY,
    decide::{Verdict, decide},
    fault,
    log::{Entry, SigningLog, Statement},
};

/// An operator. Shared by every request.
#[derive(Debug)]
pub struct Operator {
    key: OperatorKey,
    pub(crate) chain_id: u64,
    pub(crate) builder: EvidenceBuilder,
    policies: Arc<PolicyStore>,
    pub(crate) log: Arc<SigningLog>,
    entry_points: Vec<EntryPoint>,
    max_block_age: u64,
    validity: u64,
    work: Semaphore,
}

/// A request whose every part was read.
struct Parsed {
    id: B256,
    operation: UserOperation,
    predecessors: Vec<UserOperation>,
    entry_point: EntryPoint,
    authority: Authority,
}

impl Operator {
    /// Opens the stores and asks the node for its chain.
    ///
    /// # Errors
    ///
    /// [`OperatorError`] says in one sentence what is missing.
    pub async fn open(config: OperatorConfig) -> Result<Self, OperatorError> {
        if config.validity == 0 || config.validity > MAX_VALIDITY {
            return Err(OperatorError::Validity { given: config.validity });
        }
        let policies = Arc::new(match &config.worker {
            Some(worker) => PolicyStore::open_with(&config.policies, worker)?,
            None => PolicyStore::open(&config.policies)?,
        });
        let log = SigningLog::open(&config.log)?;
        let node = NodeClient::new(&config.node, NodeOptions::default())?;
        let chain_id = node.chain_id().await?;
        let state = StateProvider::new(node, StateOptions::default());
        let mut builder =
            EvidenceBuilder::new(state, Simulator::default()).with_policies(policies.clone());
        if let Some((path, capacity)) = config.history {
            builder = builder.with_history(HistoryIndex::open(&path, chain_id, capacity)?);
        }
        Ok(Self {
            key: config.key,
            chain_id,
            builder,
            policies,
            log: Arc::new(log),
            entry_points: config.entry_points,
            max_block_age: config.max_block_age,
            validity: config.validity,
            work: Semaphore::new(config.concurrency.min(Semaphore::MAX_PERMITS)),
        })
    }

    /// The address that its signatures recover to.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.key.address()
    }

    /// Who it is.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity {
            address: self.key.address(),
            chain_id: self.chain_id,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// Whether it could decide now: the node answers, on the same chain.
    ///
    /// # Errors
    ///
    /// [`OperatorFault::Unavailable`] with what fails.
    pub async fn health(&self) -> Result<(), OperatorFault> {
        let node = self.builder.state().client();
        let unavailable = |reason: String| OperatorFault::Unavailable { reason };
        let chain_id = node.chain_id().await.map_err(|error| unavailable(error.to_string()))?;
        if chain_id == self.chain_id {
            return Ok(());
        }
        Err(unavailable(format!("the node is on chain {chain_id}, not {}", self.chain_id)))
    }

    /// Decides and signs. The same request gets the same answer, for ever.
    ///
    /// # Errors
    ///
    /// [`OperatorFault`] when nothing is decided. A refusal by the policy is an answer, not a fault.
    pub async fn attest(&self, request: &AttestRequest) -> Result<OperatorResponse, OperatorFault> {
        counted(self.decide(request).await)
    }

    async fn decide(&self, request: &AttestRequest) -> Result<OperatorResponse, OperatorFault> {
        let _permit = self.permit()?;
        let parsed = self.parse(request)?;
        // Also when the block has become old meanwhile: whoever lost the answer can ask again.
        if let Some(entry) =
            self.log.answered(parsed.id).map_err(|error| fault::from_log(&error))?
        {
            return self.sign(&entry);
        }
        let (id, evidence) = self.evidence(request, parsed, OwnerSignature::Required).await?;
        self.conclude(id, evidence).await
    }

    /// From evidence to a signed answer, which is on disk before.
    pub(crate) async fn conclude(
        &self,
        id: B256,
        evidence: Evidence,
    ) -> Result<OperatorResponse, OperatorFault> {
        let index = evidence
            .account
            .operators
            .index_of(self.address())
            .ok_or(OperatorFault::NotInSet { operator: self.address() })?;
        let verdict = self.verdict(&evidence).await?;
        // Caches may have hidden a reorganisation since the block was pinned.
        let hash = BlockId::hash(evidence.block_hash);
        self.builder
            .state()
            .pin(hash)
            .await
            .map_err(|error| fault::from_node(&error, evidence.block_hash))?;
        let entry = self.record(id, evidence, verdict, index).await?;
        tracing::info!(
            account = %entry.action.account(),
            nonce = %entry.action.nonce(),
            evidence = %entry.evidence_hash(),
            allow = matches!(entry.statement, Statement::Allow { .. }),
            "decided"
        );
        self.sign(&entry)
    }

    /// Decides and signs nothing. The owner's signature may be a stub.
    ///
    /// # Errors
    ///
    /// [`OperatorFault`] when nothing can be decided.
    pub async fn evaluate(&self, request: &AttestRequest) -> Result<Evaluation, OperatorFault> {
        let _permit = self.permit()?;
        let parsed = self.parse(request)?;
        let (_, evidence) = self.evidence(request, parsed, OwnerSignature::Ignored).await?;
        let verdict = self.verdict(&evidence).await?;
        Ok(Evaluation {
            allow: verdict.allow,
            reasons: verdict.reasons,
            action: evidence.action.hash(),
            bounds: Some(evidence.bounds),
            evidence: evidence.hash,
            input: writ_policy::json_view(&evidence.document),
            owner_signature_checked: false,
        })
    }

    /// A recorded decision on the evidence with this hash.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub fn decision(&self, evidence: B256) -> Result<Option<OperatorRecord>, OperatorFault> {
        let Some(entry) = self.log.decision(evidence).map_err(|error| fault::from_log(&error))?
        else {
            return Ok(None);
        };
        let domain = entry.domain;
        let response = self.sign(&entry)?;
        Ok(Some(OperatorRecord { chain_id: domain.chain_id, module: domain.module, response }))
    }

    pub(crate) fn permit(&self) -> Result<SemaphorePermit<'_>, OperatorFault> {
        self.work.try_acquire().map_err(|_| OperatorFault::Busy)
    }

    fn parse(&self, request: &AttestRequest) -> Result<Parsed, OperatorFault> {
        let entry_point = *self
            .entry_points
            .iter()
            .find(|known| known.address == request.entry_point)
            .ok_or_else(|| {
                fault::refused(format!("EntryPoint {} is not known here", request.entry_point))
            })?;
        if request.predecessors.len() > MAX_PREDECESSORS {
            return Err(fault::refused(format!(
                "{} predecessors are more than {MAX_PREDECESSORS}",
                request.predecessors.len()
            )));
        }
        let operation = UserOperation::from_rpc(&request.operation, entry_point.version)
            .map_err(|error| fault::refused(format!("operation: {error}")))?;
        let predecessors = request
            .predecessors
            .iter()
            .enumerate()
            .map(|(index, value)| {
                UserOperation::from_rpc(value, entry_point.version)
                    .map_err(|error| fault::refused(format!("predecessor {index}: {error}")))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let authority = match &request.detached {
            None => Authority::Module(request.module),
            Some(terms) if request.module.is_zero() => Authority::Detached(terms.clone()),
            Some(_) => {
                return Err(fault::refused(
                    "a detached decision names no module: give the zero address",
                ));
            }
        };
        let id = request_id(request, &operation, &predecessors);
        Ok(Parsed { id, operation, predecessors, entry_point, authority })
    }

    async fn evidence(
        &self,
        request: &AttestRequest,
        parsed: Parsed,
        owner_signature: OwnerSignature,
    ) -> Result<(B256, Evidence), OperatorFault> {
        let block = self.pin(request.block).await?;
        let hash = block.hash();
        let request = EvidenceRequest {
            block,
            operation: parsed.operation,
            entry_point: parsed.entry_point,
            authority: parsed.authority,
            predecessors: parsed.predecessors,
            owner_signature,
            facts: request.facts.clone(),
        };
        let evidence = self
            .builder
            .build(&request)
            .await
            .map_err(|error| fault::from_evidence(&error, hash))?;
        Ok((parsed.id, evidence))
    }

    /// The named block, if it is canonical on this operator's own node and not too old.
    pub(crate) async fn pin(&self, named: BlockRef) -> Result<PinnedBlock, OperatorFault> {
        let state = self.builder.state();
        let newest =
            state.latest().await.map_err(|error| fault::from_node(&error, named.hash))?.number();
        if named.number > newest {
            return Err(OperatorFault::BlockUnknown { hash: named.hash });
        }
        let oldest = newest.saturating_sub(self.max_block_age);
        if named.number < oldest {
            return Err(OperatorFault::BlockTooOld { oldest: oldest.to_string() });
        }
        let block = state
            .pin(BlockId::hash(named.hash))
            .await
            .map_err(|error| fault::from_node(&error, named.hash))?;
        if block.number() != named.number {
            return Err(fault::refused(format!(
                "block {} has number {}, not {}",
                named.hash,
                block.number(),
                named.number
            )));
        }
        Ok(block)
    }

    /// Evaluation is processor work: it leaves the threads that answer others.
    async fn verdict(&self, evidence: &Evidence) -> Result<Verdict, OperatorFault> {
        let policies = self.policies.clone();
        let (document, account, bounds) =
            (evidence.document.clone(), evidence.account.clone(), evidence.bounds.clone());
        tokio::task::spawn_blocking(move || decide(&policies, &account, &document, &bounds))
            .await
            .map_err(|error| OperatorFault::Unavailable { reason: error.to_string() })?
    }

    async fn record(
        &self,
        id: B256,
        evidence: Evidence,
        verdict: Verdict,
        index: u8,
    ) -> Result<Entry, OperatorFault> {
        let statement = if verdict.allow {
            let valid_for = verdict.valid_for.unwrap_or(self.validity).min(self.validity);
            let attestation = evidence.attestation(valid_for);
            Statement::Allow { attestation, bounds: evidence.bounds.clone() }
        } else {
            Statement::Deny { denial: evidence.denial(&verdict.reasons), reasons: verdict.reasons }
        };
        let sequence =
            evidence.account.policy.configuration.reads_history.then_some(evidence.sequence);
        let entry = Entry {
            domain: evidence.domain,
            action: evidence.action,
            evidence: evidence.encoded,
            index,
            statement,
        };
        let (log, now) = (self.log.clone(), evidence.timestamp);
        tokio::task::spawn_blocking(move || log.record(id, entry, sequence, now))
            .await
            .map_err(|error| OperatorFault::Unavailable { reason: error.to_string() })?
            .map_err(|error| fault::from_log(&error))
    }

    /// Signs what is in the log, and nothing else.
    pub(crate) fn sign(&self, entry: &Entry) -> Result<OperatorResponse, OperatorFault> {
        let Entry { domain, action, evidence, index, statement } = entry.clone();
        match statement {
            Statement::Allow { attestation, bounds } => {
                let digest =
                    attestation.digest(&domain).ok_or_else(|| OperatorFault::Unavailable {
                        reason: "the recorded validity window is out of range".to_owned(),
                    })?;
                let signature = self.key.sign(digest, index);
                Ok(OperatorResponse::Allow(Allow {
                    attestation,
                    action,
                    bounds,
                    evidence,
                    signature,
                }))
            }
            Statement::Deny { denial, reasons } => {
                let signature = self.key.sign(denial.digest(&domain), index);
                Ok(OperatorResponse::Deny(Deny { denial, action, reasons, evidence, signature }))
            }
        }
    }
}

/// Counts an answer.
pub(crate) fn counted(
    answer: Result<OperatorResponse, OperatorFault>,
) -> Result<OperatorResponse, OperatorFault> {
    let outcome = match &answer {
        Ok(OperatorResponse::Allow(_)) => "allow",
        Ok(OperatorResponse::Deny(_)) => "deny",
        Err(_) => "fault",
    };
    metrics::counter!("writ_decisions_total", "outcome" => outcome).increment(1);
    answer
}

/// Names the facts that come with a request; zero for none.
pub(crate) fn facts_id(facts: &PresentedFacts) -> B256 {
    // The JSON of presented facts is one text for one set of them.
    if facts.is_empty() { B256::ZERO } else { keccak256(facts.to_rpc().to_string()) }
}

/// Names exactly this request: every byte of the operations, signatures included.
fn request_id(
    request: &AttestRequest,
    operation: &UserOperation,
    predecessors: &[UserOperation],
) -> B256 {
    let mut bytes = Vec::new();
    bytes.extend_from_slice(request.entry_point.as_slice());
    bytes.extend_from_slice(request.module.as_slice());
    bytes.extend_from_slice(request.block.hash.as_slice());
    let terms = request.detached.as_ref().map(DetachedTerms::hash).unwrap_or_default();
    bytes.extend_from_slice(terms.as_slice());
    bytes.extend_from_slice(facts_id(&request.facts).as_slice());
    for operation in std::iter::once(operation).chain(predecessors) {
        // The JSON of a parsed operation is one text for one operation.
        bytes.extend_from_slice(keccak256(operation.to_rpc().to_string()).as_slice());
    }
    keccak256(bytes)
}
