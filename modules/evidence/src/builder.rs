//! From a request to its evidence.

use alloy::{
    eips::BlockId,
    primitives::{Address, B256, Bytes, U256, keccak256},
};
use writ_attestation::{
    Attestation, AttestationError, Bound, Bounds, Context, Denial, Domain, Suffix, ThrowawayQuorum,
    ThrowawayRequest, UserOperationAction, action_of, attach, max_cost_of, reasons_hash, verify,
    wire::MAX_PREDECESSORS,
};
use writ_policy::Value;
use writ_simulation::{
    OpOutcome, Overrides, PinnedBlock, SimulationRequest, Simulator, StateProvider,
};
use writ_types::{EntryPoint, EntryPointVersion, UserOperation};

use crate::{
    account::{Account, AccountReader},
    bounds::{AssetError, exact_bounds},
    calls::{Call, decode_calls},
    document::{Facts, document},
    error::{EvidenceError, PredecessorError},
    history::{HistoryHead, Spending, read_day},
    logs::validator_in_nonce,
};

/// Most bytes of an encoded document: in hexadecimal it still fits one message between operator and gateway.
pub const MAX_EVIDENCE_LEN: usize = 256 * 1024;

/// What evidence is asked for.
#[derive(Clone, Debug)]
pub struct EvidenceRequest {
    /// The block that everything is read at.
    pub block: PinnedBlock,
    /// The operation, without a suffix.
    pub operation: UserOperation,
    /// The EntryPoint it is for.
    pub entry_point: EntryPoint,
    /// The enforcing contract.
    pub module: Address,
    /// The account's own operations that come before it, with their suffixes, in order.
    pub predecessors: Vec<UserOperation>,
    /// Whether the owner's signature has to verify. Without, nothing may be signed.
    pub owner_signature: OwnerSignature,
}

/// What is demanded of the owner's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerSignature {
    /// It verifies, or there is no evidence.
    Required,
    /// It may be a stub.
    Ignored,
}

/// The complete input of a decision, and what the statements about it need.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The input document.
    pub document: Value,
    /// Its canonical encoding.
    pub encoded: Bytes,
    /// keccak256 of the encoding.
    pub hash: B256,
    /// What is decided about.
    pub action: UserOperationAction,
    /// What left the account in the simulation, exactly.
    pub bounds: Bounds,
    /// The account.
    pub account: Account,
    /// The sequence that the module will require; 0 when no policy reads history.
    pub sequence: u64,
    /// Most that the operation may cost, in wei.
    pub max_cost: u128,
    /// Chain and enforcing contract.
    pub domain: Domain,
    /// Number of the pinned block.
    pub block_number: u64,
    /// Hash of the pinned block.
    pub block_hash: B256,
    /// Timestamp of the pinned block.
    pub timestamp: u64,
}

impl Evidence {
    /// The statement of an allow that holds for `valid_for` seconds after the pinned block.
    #[must_use]
    pub fn attestation(&self, valid_for: u64) -> Attestation {
        let (configuration, state) =
            (&self.account.policy.configuration, &self.account.policy.state);
        Attestation {
            action: self.action.hash(),
            policy: configuration.policy,
            evidence: self.hash,
            bounds: self.bounds.hash(),
            revision: state.revision,
            epoch: configuration.epoch,
            sequence: self.sequence,
            level: configuration.level,
            block_number: self.block_number,
            block_hash: self.block_hash,
            // EntryPoint v0.8 and later want a time strictly after validAfter: the pinned block's own is to count.
            valid_after: self.timestamp.saturating_sub(1),
            valid_until: self.timestamp.saturating_add(valid_for),
        }
    }

    /// The statement of a refusal.
    #[must_use]
    pub fn denial(&self, reasons: &[String]) -> Denial {
        Denial {
            action: self.action.hash(),
            policy: self.account.policy.configuration.policy,
            evidence: self.hash,
            revision: self.account.policy.state.revision,
            block_number: self.block_number,
            block_hash: self.block_hash,
            reasons: reasons_hash(reasons),
        }
    }
}

/// Builds evidence. Clones share caches.
#[derive(Clone, Debug)]
pub struct EvidenceBuilder {
    state: StateProvider,
    simulator: Simulator,
    reader: AccountReader,
}

impl EvidenceBuilder {
    /// A builder on the node behind `state`.
    #[must_use]
    pub fn new(state: StateProvider, simulator: Simulator) -> Self {
        let reader = AccountReader::new(simulator.clone(), state.client().clone());
        Self { state, simulator, reader }
    }

    /// Where blocks are pinned.
    #[must_use]
    pub const fn state(&self) -> &StateProvider {
        &self.state
    }

    /// The reader of accounts.
    #[must_use]
    pub const fn reader(&self) -> &AccountReader {
        &self.reader
    }

    /// Simulates the operation under a throw-away quorum and writes down everything that a policy may decide on.
    ///
    /// The result is a function of the request and the pinned state: independent callers get the same bytes.
    ///
    /// # Errors
    ///
    /// [`EvidenceError`] when the request, the account or the simulation leaves nothing to decide on.
    pub async fn build(&self, request: &EvidenceRequest) -> Result<Evidence, EvidenceError> {
        let EvidenceRequest { block, operation, entry_point, module, .. } = request;
        check_request(request)?;
        let account = self.reader.read(block, *module, operation.sender).await?;
        let configured = account.policy.configuration.entry_point;
        if configured != entry_point.address {
            return Err(EvidenceError::WrongEntryPoint { given: entry_point.address, configured });
        }
        let domain = Domain::new(block.chain_id(), *module);
        let before = predecessors(request, &account, domain)?;
        let calls = decode_calls(operation.sender, &operation.call_data)?;
        let called = self.measurable(block, &calls, operation.sender).await?;

        let run = Run::new(request, &account, domain, &before)?;
        let widest = Bounds::new(vec![Bound::native(u128::MAX)]).map_err(AssetError::List)?;
        let first = run.simulate(&self.simulator, &widest).await?;
        let bounds = exact_bounds(&first.effects, operation.sender, called.iter().copied())?;
        // Again under the exact bounds, measured by the module itself: what is decided on is what it would let through.
        let outcome = run.simulate(&self.simulator, &bounds).await?;
        if reverted(&outcome) != reverted(&first)
            || exact_bounds(&outcome.effects, operation.sender, called)? != bounds
        {
            return Err(EvidenceError::Unstable { output: revert_output(&outcome) });
        }

        let day = self.history(block, &account, &before).await?;
        let sequence = account.policy.next_sequence(before.len() as u64);
        let document = document(&Facts {
            chain_id: block.chain_id(),
            block: (block.number(), block.hash(), block.timestamp()),
            code_hash: account.code_hash,
            kind: account.kind,
            operation,
            entry_point: entry_point.address,
            max_cost: run.max_cost,
            calls: &calls,
            bounds: &bounds,
            effects: [&outcome.effects, &outcome.post_op_effects],
            reverted: reverted(&outcome),
            sequence,
            day: &day,
        })?;
        let encoded = Bytes::from(writ_policy::encode(&document));
        if encoded.len() > MAX_EVIDENCE_LEN {
            return Err(EvidenceError::TooLarge { bytes: encoded.len() });
        }
        let max_cost = run.max_cost;
        Ok(Evidence {
            hash: keccak256(&encoded),
            encoded,
            document,
            action: action_of(operation, entry_point.address, account.code_hash, max_cost),
            bounds,
            account,
            sequence,
            max_cost,
            domain,
            block_number: block.number(),
            block_hash: block.hash(),
            timestamp: block.timestamp(),
        })
    }

    /// Targets that are called as ERC-20 tokens and can be measured as such.
    async fn measurable(
        &self,
        block: &PinnedBlock,
        calls: &[Call],
        account: Address,
    ) -> Result<Vec<Address>, EvidenceError> {
        let mut tokens: Vec<_> = calls
            .iter()
            .filter(|call| call.to != account && !call.function.is_empty())
            .map(|call| call.to)
            .collect();
        tokens.sort_unstable();
        tokens.dedup();
        let mut measurable = Vec::new();
        for token in tokens {
            if self.reader.is_measurable(block, token, account).await? {
                measurable.push(token);
            }
        }
        Ok(measurable)
    }

    async fn history(
        &self,
        block: &PinnedBlock,
        account: &Account,
        before: &[Predecessor],
    ) -> Result<Spending, EvidenceError> {
        if !account.policy.configuration.reads_history {
            return Ok(Spending::default());
        }
        let head = HistoryHead {
            module: account.module,
            account: account.address,
            last_outflow_block: account.policy.state.last_outflow_block,
            block_number: block.number(),
            timestamp: block.timestamp(),
        };
        let mut day = read_day(self.state.client(), head).await?;
        // Logs are asked for by number: they are this chain's only if the block still is.
        self.state.pin(BlockId::hash(block.hash())).await?;
        for predecessor in before {
            day.operations = day.operations.saturating_add(1);
            for bound in predecessor.suffix.bounds.as_slice() {
                if bound.max_out > 0 {
                    day.add(bound.asset, U256::from(bound.max_out));
                }
            }
        }
        Ok(day)
    }
}

fn check_request(request: &EvidenceRequest) -> Result<(), EvidenceError> {
    let version = request.entry_point.version;
    if version == EntryPointVersion::V06 {
        return Err(EvidenceError::UnsupportedEntryPoint { version });
    }
    if request.operation.version != version {
        return Err(EvidenceError::MixedVersions { given: request.operation.version, version });
    }
    // Both put other code at the account, or run code in it, before anything here is looked at.
    if request.operation.factory.is_some() || request.operation.authorization.is_some() {
        return Err(EvidenceError::Deploys);
    }
    if writ_attestation::carries_suffix(&request.operation.signature) {
        return Err(EvidenceError::SuffixPresent);
    }
    if request.predecessors.len() > MAX_PREDECESSORS {
        return Err(EvidenceError::TooManyPredecessors { count: request.predecessors.len() });
    }
    let validator = validator_in_nonce(request.operation.nonce);
    if validator != request.module {
        return Err(EvidenceError::OtherValidator { validator, module: request.module });
    }
    Ok(())
}

/// An operation ahead of the one asked about, its attestation verified.
#[derive(Debug)]
struct Predecessor {
    operation: UserOperation,
    owner_signature: Bytes,
    suffix: Suffix,
}

/// Takes the predecessors apart and verifies each with the checks of the module. One that nobody attested would
/// let its sender choose what the operation is simulated after.
fn predecessors(
    request: &EvidenceRequest,
    account: &Account,
    domain: Domain,
) -> Result<Vec<Predecessor>, EvidenceError> {
    let check = |position: u64, operation: &UserOperation| {
        if operation.sender != request.operation.sender {
            return Err(PredecessorError::OtherSender { sender: operation.sender });
        }
        if operation.version != request.entry_point.version {
            return Err(PredecessorError::OtherVersion);
        }
        if validator_in_nonce(operation.nonce) != request.module {
            return Err(PredecessorError::OtherValidator);
        }
        let (owner_signature, suffix) =
            Suffix::split(&operation.signature)?.ok_or(PredecessorError::NoSuffix)?;
        let context = Context {
            domain,
            entry_point: request.entry_point.address,
            policy: &account.policy,
            operators: &account.operators,
            account_code: account.code_hash,
            sequence: account.policy.next_sequence(position),
            now: request.block.timestamp(),
        };
        verify(operation, &suffix, &context)?;
        Ok(Predecessor {
            operation: operation.clone(),
            owner_signature: Bytes::copy_from_slice(owner_signature),
            suffix,
        })
    };
    (0u64..)
        .zip(&request.predecessors)
        .map(|(position, operation)| {
            check(position, operation)
                .map_err(|source| EvidenceError::Predecessor { index: position, source })
        })
        .collect()
}

/// The simulation of one request: everything except the bounds is fixed.
struct Run<'a> {
    request: &'a EvidenceRequest,
    account: &'a Account,
    domain: Domain,
    before: &'a [Predecessor],
    quorum: ThrowawayQuorum,
    max_cost: u128,
}

impl<'a> Run<'a> {
    fn new(
        request: &'a EvidenceRequest,
        account: &'a Account,
        domain: Domain,
        before: &'a [Predecessor],
    ) -> Result<Self, EvidenceError> {
        let quorum = ThrowawayQuorum::new(account.operators.len())
            .map_err(|error| EvidenceError::Throwaway(AttestationError::Set(error)))?;
        let max_cost = max_cost_of(&request.operation);
        Ok(Self { request, account, domain, before, quorum, max_cost })
    }

    async fn simulate(
        &self,
        simulator: &Simulator,
        bounds: &Bounds,
    ) -> Result<OpOutcome, EvidenceError> {
        let mut ops = Vec::with_capacity(self.before.len() + 1);
        for (position, predecessor) in (0u64..).zip(self.before) {
            let Predecessor { operation, owner_signature, suffix } = predecessor;
            ops.push(self.attested(
                operation,
                owner_signature,
                position,
                suffix.max_cost,
                &suffix.bounds,
            )?);
        }
        let operation = &self.request.operation;
        let position = self.before.len() as u64;
        ops.push(self.attested(
            operation,
            &operation.signature,
            position,
            self.max_cost,
            bounds,
        )?);

        let operator_set = self.account.policy.configuration.operator_set;
        let mut request = SimulationRequest::bundle(self.request.entry_point, ops)
            .with_overrides(Overrides::new().with_code(operator_set, self.quorum.code()));
        if self.request.owner_signature == OwnerSignature::Ignored {
            request = request.ignoring_signatures();
        }
        let mut simulation = simulator.simulate(&self.request.block, &request).await?;
        if let Some(failure) = simulation.failure {
            return Err(EvidenceError::from_failure(&failure, self.before.len()));
        }
        match simulation.ops.pop() {
            Some(outcome) if outcome.receipt.is_some() => Ok(outcome),
            _ => Err(EvidenceError::NotExecuted),
        }
    }

    /// The operation with a suffix that the throw-away quorum signed.
    fn attested(
        &self,
        operation: &UserOperation,
        owner_signature: &[u8],
        position: u64,
        max_cost: u128,
        bounds: &Bounds,
    ) -> Result<UserOperation, EvidenceError> {
        let block = &self.request.block;
        let suffix = self
            .quorum
            .attest(&ThrowawayRequest {
                operation,
                entry_point: self.request.entry_point.address,
                domain: self.domain,
                policy: &self.account.policy,
                account_code: self.account.code_hash,
                sequence: self.account.policy.next_sequence(position),
                block: (block.number(), block.hash(), block.timestamp()),
                max_cost,
                bounds,
            })
            .map_err(EvidenceError::Throwaway)?;
        let signature = attach(owner_signature, &suffix).map_err(EvidenceError::Throwaway)?;
        Ok(UserOperation { signature, ..operation.clone() })
    }
}

fn reverted(outcome: &OpOutcome) -> bool {
    !outcome.receipt.as_ref().is_some_and(|receipt| receipt.success)
}

fn revert_output(outcome: &OpOutcome) -> Bytes {
    outcome.execution.as_ref().map(|frame| frame.output.clone()).unwrap_or_default()
}
