//! From a request to its evidence.

use std::sync::Arc;

use alloy::{
    eips::BlockId,
    primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256, keccak256},
};
use writ_attestation::{
    Bounds, DetachedTerms, Domain, action_of, carries_suffix, max_cost_of, wire::MAX_PREDECESSORS,
};
use writ_policy::PolicyStore;
use writ_simulation::{OpOutcome, PinnedBlock, Simulator, StateProvider};
use writ_types::{EntryPoint, EntryPointVersion, PresentedFacts, UserOperation};

use crate::{
    account::{Account, AccountReader},
    adapter::without_batch,
    bounds::keeps_stake,
    calls::{Call, Own, decode_calls, name_pinned},
    detached::{self, Authority, Conduct},
    document::{Asked, Facts, Standing, document},
    error::EvidenceError,
    evidence::Evidence,
    facts::{self, Stated},
    history::{History, HistoryHead, HistoryIndex, read_history},
    needs::Needs,
    predecessor::{Predecessor, predecessors},
    run::{Run, reverted},
};

/// Most bytes of an encoded document: in hexadecimal it still fits one message between operator and gateway.
pub const MAX_EVIDENCE_LEN: usize = 256 * 1024;

/// What evidence is asked for.
#[derive(Clone, Debug)]
pub struct EvidenceRequest {
    /// The block that everything is read at.
    pub block: PinnedBlock,
    /// The operation: without a suffix for a module, as it will be sent for a detached decision.
    pub operation: UserOperation,
    /// The EntryPoint it is for.
    pub entry_point: EntryPoint,
    /// Whose policy decides.
    pub authority: Authority,
    /// The account's own operations that come before it, with their suffixes, in order.
    pub predecessors: Vec<UserOperation>,
    /// Whether the owner's signature has to verify. Without, nothing may be signed.
    pub owner_signature: OwnerSignature,
    /// What issuers stated, for policies that ask for it. What none asks for is not looked at.
    pub facts: PresentedFacts,
}

/// What is demanded of the owner's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerSignature {
    /// It verifies, or there is no evidence.
    Required,
    /// It may be a stub.
    Ignored,
}

/// Builds evidence. Clones share caches.
#[derive(Clone, Debug)]
pub struct EvidenceBuilder {
    state: StateProvider,
    pub(crate) simulator: Simulator,
    pub(crate) reader: AccountReader,
    policies: Option<Arc<PolicyStore>>,
    history: Option<HistoryIndex>,
}

impl EvidenceBuilder {
    /// A builder on the node behind `state`, which knows no policies: it shows what every policy sees, and verifies no facts.
    #[must_use]
    pub fn new(state: StateProvider, simulator: Simulator) -> Self {
        let reader = AccountReader::new(simulator.clone(), state.client().clone());
        Self { state, simulator, reader, policies: None, history: None }
    }

    /// The same with the policies that decide, to which it shows what they ask for.
    #[must_use]
    pub fn with_policies(self, policies: Arc<PolicyStore>) -> Self {
        Self { policies: Some(policies), ..self }
    }

    /// Keeps what is read of accounts' histories in this index, which does not change any evidence.
    #[must_use]
    pub fn with_history(self, index: HistoryIndex) -> Self {
        Self { history: Some(index), ..self }
    }

    /// Where blocks are pinned.
    #[must_use]
    pub const fn state(&self) -> &StateProvider {
        &self.state
    }

    /// Where everything is run.
    #[must_use]
    pub const fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// The reader of accounts.
    #[must_use]
    pub const fn reader(&self) -> &AccountReader {
        &self.reader
    }

    /// Simulates the operation and writes down everything that a policy may decide on: under a throw-away quorum where
    /// a module enforces the decision, as it is where nothing does.
    ///
    /// The result is a function of the request and the pinned state: independent callers get the same bytes.
    ///
    /// # Errors
    ///
    /// [`EvidenceError`] when the request, the account or the simulation leaves nothing to decide on.
    pub async fn build(&self, request: &EvidenceRequest) -> Result<Evidence, EvidenceError> {
        check_request(request)?;
        match &request.authority {
            Authority::Module(module) => self.enforced(request, *module).await,
            Authority::Detached(terms) => self.detached(request, terms).await,
        }
    }

    async fn enforced(
        &self,
        request: &EvidenceRequest,
        module: Address,
    ) -> Result<Evidence, EvidenceError> {
        let EvidenceRequest { block, operation, entry_point, .. } = request;
        check_enforced(request)?;
        let (account, identity) = self.reader.read_known(block, module, operation).await?;
        let called = operation.call_data.slice_ref(identity.place(operation, module)?);
        let configured = account.policy.configuration.entry_point;
        if configured != entry_point.address {
            return Err(EvidenceError::WrongEntryPoint { given: entry_point.address, configured });
        }
        let domain = Domain::new(block.chain_id(), module);
        let before = predecessors(request, &account, identity, domain)?;
        let adapter = self.reader.adapter(block, account.address, identity.kind).await?;
        let own = Own { account: account.address, kind: identity.kind, adapter };
        let mut calls = decode_calls(own, &called)?;
        let needs = self.needs(&account)?;
        name_pinned(account.address, &mut calls, &needs.functions)?;
        keeps_stake(&calls, entry_point.address)?;
        let run = Run::new(request, &account, domain, &before)?;
        let (bounds, mut outcome) = run.bounded(&self.simulator, &calls).await?;
        if let Some(adapter) = adapter {
            without_batch(&mut outcome.effects, account.address, adapter);
        }

        let history = self.history(block, &account, &before).await?;
        let sequence = account.policy.next_sequence(before.len() as u64);
        let standing = standing(block, operation.sender).await?;
        let stated = self.stated(request, &account, &needs).await?;
        let seen = Seen { calls, bounds, outcome, sequence, history, standing, stated };
        write_down(request, account, seen)
    }

    async fn detached(
        &self,
        request: &EvidenceRequest,
        terms: &DetachedTerms,
    ) -> Result<Evidence, EvidenceError> {
        let EvidenceRequest { block, operation, entry_point, .. } = request;
        let account = self.reader.observe(block, operation, entry_point.address, terms).await?;
        let standing = standing(block, operation.sender).await?;
        let outcome = detached::run(&self.simulator, request).await?;
        let Conduct { mut calls, bounds } =
            Conduct::of(&outcome.effects, operation.sender, entry_point.address)?;
        let needs = self.needs(&account)?;
        name_pinned(account.address, &mut calls, &needs.functions)?;
        let history = History::default();
        let stated = self.stated(request, &account, &needs).await?;
        let seen = Seen { calls, bounds, outcome, sequence: 0, history, standing, stated };
        write_down(request, account, seen)
    }

    /// What the account's policies ask for.
    pub(crate) fn needs(&self, account: &Account) -> Result<Needs, EvidenceError> {
        match &self.policies {
            None => Ok(Needs::default()),
            Some(policies) => Ok(Needs::of(policies, &account.references)?),
        }
    }

    async fn stated(
        &self,
        request: &EvidenceRequest,
        account: &Account,
        needs: &Needs,
    ) -> Result<Stated, EvidenceError> {
        let EvidenceRequest { operation, entry_point, .. } = request;
        let max_cost = max_cost_of(operation);
        let action = action_of(operation, entry_point.address, account.code_hash, max_cost).hash();
        self.stated_about(&request.block, account, action, needs, &request.facts).await
    }

    /// The facts that the policies ask for, about one action of the account.
    pub(crate) async fn stated_about(
        &self,
        block: &PinnedBlock,
        account: &Account,
        action: B256,
        needs: &Needs,
        presented: &PresentedFacts,
    ) -> Result<Stated, EvidenceError> {
        facts::state(&self.simulator, block, account, action, &needs.facts, presented).await
    }

    async fn history(
        &self,
        block: &PinnedBlock,
        account: &Account,
        before: &[Predecessor],
    ) -> Result<History, EvidenceError> {
        if !account.policy.configuration.reads_history {
            return Ok(History::default());
        }
        let head = HistoryHead {
            module: account.module,
            account: account.address,
            last_outflow_block: account.policy.state.last_outflow_block,
            block_number: block.number(),
            timestamp: block.timestamp(),
        };
        let blocks = read_history(self.state.client(), self.history.as_ref(), head).await?;
        // Logs are asked for by number: they are this chain's only if the block still is.
        self.state.pin(BlockId::hash(block.hash())).await?;
        let mut history = History::of(&blocks, block.timestamp());
        for predecessor in before {
            let bounds = predecessor.suffix.bounds.as_slice().iter();
            let amounts: Vec<_> = bounds
                .filter(|bound| bound.asset.kind().is_spent())
                .map(|bound| (bound.asset.contract(), U256::from(bound.max_out)))
                .collect();
            history.expect(&amounts);
        }
        history.check()?;
        Ok(history)
    }
}

/// What was found out about the operation.
struct Seen {
    calls: Vec<Call>,
    bounds: Bounds,
    outcome: OpOutcome,
    sequence: u64,
    history: History,
    standing: Standing,
    stated: Stated,
}

fn write_down(
    request: &EvidenceRequest,
    account: Account,
    seen: Seen,
) -> Result<Evidence, EvidenceError> {
    let EvidenceRequest { block, operation, entry_point, .. } = request;
    let max_cost = max_cost_of(operation);
    let document = document(&Facts {
        chain_id: block.chain_id(),
        block: (block.number(), block.hash(), block.timestamp()),
        code_hash: account.code_hash,
        sight: account.sight,
        standing: seen.standing,
        account: operation.sender,
        asked: Asked::Operation { operation, entry_point: entry_point.address, max_cost },
        calls: &seen.calls,
        bounds: &seen.bounds,
        effects: [&seen.outcome.effects, &seen.outcome.post_op_effects],
        reverted: reverted(&seen.outcome),
        sequence: seen.sequence,
        history: &seen.history,
        stated: &seen.stated,
    })?;
    let encoded = Bytes::from(writ_policy::encode(&document));
    if encoded.len() > MAX_EVIDENCE_LEN {
        return Err(EvidenceError::TooLarge { bytes: encoded.len() });
    }
    Ok(Evidence {
        hash: keccak256(&encoded),
        encoded,
        document,
        action: action_of(operation, entry_point.address, account.code_hash, max_cost).into(),
        bounds: seen.bounds,
        domain: Domain::new(block.chain_id(), account.module),
        account,
        sequence: seen.sequence,
        max_cost,
        block_number: block.number(),
        block_hash: block.hash(),
        timestamp: block.timestamp(),
        facts_until: seen.stated.until,
    })
}

/// What an account is and has before the operation.
async fn standing(block: &PinnedBlock, account: Address) -> Result<Standing, EvidenceError> {
    let found = block.account(account).await?;
    let deployed = found.code_hash != KECCAK256_EMPTY && !found.code_hash.is_zero();
    Ok(Standing { deployed, balance: found.balance })
}

/// What holds for every request.
fn check_request(request: &EvidenceRequest) -> Result<(), EvidenceError> {
    let version = request.entry_point.version;
    if request.operation.version != version {
        return Err(EvidenceError::MixedVersions { given: request.operation.version, version });
    }
    if request.predecessors.len() > MAX_PREDECESSORS {
        return Err(EvidenceError::TooManyPredecessors { count: request.predecessors.len() });
    }
    Ok(())
}

/// What holds where a module enforces the decision.
fn check_enforced(request: &EvidenceRequest) -> Result<(), EvidenceError> {
    let version = request.entry_point.version;
    if version == EntryPointVersion::V06 {
        return Err(EvidenceError::UnsupportedEntryPoint { version });
    }
    // It puts code at the account before anything here is looked at. What EIP-7702 puts there is known: see placement.
    if request.operation.factory.as_ref().is_some_and(|factory| !factory.is_eip7702()) {
        return Err(EvidenceError::Deploys);
    }
    if carries_suffix(&request.operation.signature) {
        return Err(EvidenceError::SuffixPresent);
    }
    Ok(())
}
