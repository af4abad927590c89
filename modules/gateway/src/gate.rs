//! The gate: what an operation needs before this bundler may include it.

use std::sync::Arc;

use alloy::{
    eips::BlockId,
    primitives::{Address, B256, Bytes, U256},
};
use serde::{Deserialize, Serialize};
use writ_attestation::{
    AccountIdentity, AccountKind, AttestationError, Context, LEVEL_QUORUM, MAX_SIGNATURES,
    Mismatch, Mode, PlacementError, Suffix, UnknownKind, Validator, Verified, action_of, attach,
    carries_suffix, diagnose, other_chain, verify,
    wire::{BlockRef, MAX_PREDECESSORS},
};
use writ_simulation::{NodeClient, PinnedBlock};
use writ_types::{EntryPoint, PresentedFacts, UserOperation};

use crate::{AccountReader, AccountView, Ask, BundlerPolicy, GateError, Gateway, Standing};

/// Which operations the bundler demands a policy of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GateMode {
    /// None: what enforces is the module alone.
    Off,
    /// Those of accounts that have a Writ module in Observe or Enforce.
    #[default]
    Installed,
    /// All. With a [`BundlerPolicy`] that one is demanded of everything, by a detached attestation, beside what an
    /// account's own module demands; without one, accounts that have no module are refused.
    Required,
}

/// How the gate judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateOptions {
    /// Which operations it is about.
    pub mode: GateMode,
    /// Seconds that an attestation must still be valid for.
    pub margin: u64,
}

impl Default for GateOptions {
    fn default() -> Self {
        Self { mode: GateMode::Installed, margin: 12 }
    }
}

/// One operation before the gate.
#[derive(Clone, Copy, Debug)]
pub struct GateRequest<'a> {
    /// The block to judge at.
    pub block: &'a PinnedBlock,
    /// The operation as it was received.
    pub operation: &'a UserOperation,
    /// Its EntryPoint.
    pub entry_point: EntryPoint,
    /// Its hash.
    pub user_op_hash: B256,
    /// The account's own operations ahead of it, in order, as they are pooled.
    pub predecessors: &'a [UserOperation],
    /// The clock, Unix seconds. The block's timestamp counts when it is later.
    pub now: u64,
    /// What issuers stated, for the operators.
    pub facts: &'a PresentedFacts,
}

/// Why nothing is demanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotRequired {
    /// The gate is off.
    Off,
    /// No Writ module looks at the account's operations. The bundler's own policy may still demand something.
    Unbound,
    /// The account only observes, and an attestation cannot be placed in the operation: it goes through another validator,
    /// calls the account where no hook looks, or the account's kind is not known.
    Observing,
}

/// What an operation needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing.
    Nothing(NotRequired),
    /// The attestation that it carries must verify.
    Verify(Suffix),
    /// An attestation must be obtained and attached.
    Ask,
}

/// An operation with a verified attestation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    /// The operation with the suffix in place.
    pub operation: UserOperation,
    /// The suffix.
    pub suffix: Suffix,
    /// What was verified.
    pub verified: Verified,
    /// The account at the gate's block.
    pub account: AccountView,
    /// Whether the bundler obtained the attestation (or had it recorded); otherwise it came with the operation.
    pub obtained: bool,
}

/// The gate's yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gated {
    /// Nothing is demanded of the operation.
    NotRequired(NotRequired),
    /// It carries what is demanded.
    Attested(Box<Attested>),
}

/// The bundler's check.
#[derive(Debug)]
pub struct Gate {
    options: GateOptions,
    accounts: AccountReader,
    node: NodeClient,
    gateway: Option<Arc<Gateway>>,
    pub(crate) policy: Option<BundlerPolicy>,
}

impl Gate {
    /// A gate that reads accounts with `accounts` and obtains attestations through `gateway`, if there is one.
    pub const fn new(
        options: GateOptions,
        accounts: AccountReader,
        node: NodeClient,
        gateway: Option<Arc<Gateway>>,
    ) -> Self {
        Self { options, accounts, node, gateway, policy: None }
    }

    /// How the gate judges.
    pub const fn options(&self) -> &GateOptions {
        &self.options
    }

    /// The gateway, if there is one.
    pub const fn gateway(&self) -> Option<&Arc<Gateway>> {
        self.gateway.as_ref()
    }

    /// The reader of accounts.
    pub const fn accounts(&self) -> &AccountReader {
        &self.accounts
    }

    /// Lets an operation through, with its attestation verified or obtained where one is demanded.
    ///
    /// # Errors
    /// [`GateError`] says what is demanded and missing or wrong.
    pub async fn admit(&self, request: GateRequest<'_>) -> Result<Gated, GateError> {
        if self.options.mode == GateMode::Off {
            return Ok(Gated::NotRequired(NotRequired::Off));
        }
        let standing = self.standing(&request).await?;
        match (self.need(request.operation, request.entry_point.address, &standing)?, standing) {
            (Need::Verify(suffix), Standing::Bound { account, .. }) => {
                let verified = self.verify(&request, &account, &suffix).await?;
                let operation = request.operation.clone();
                let account = *account;
                Ok(Gated::Attested(Box::new(Attested {
                    operation,
                    suffix,
                    verified,
                    account,
                    obtained: false,
                })))
            }
            (Need::Ask, Standing::Bound { account, .. }) => self.obtain(&request, *account).await,
            (Need::Nothing(why), _) => Ok(Gated::NotRequired(why)),
            // `need` demands of bound accounts only.
            (Need::Verify(_) | Need::Ask, _) => {
                Err(GateError::Required("the account is not bound".to_owned()))
            }
        }
    }

    /// Checks an operation again, just before it is included: whatever was true at admission may have changed.
    ///
    /// # Errors
    /// As [`admit`](Self::admit), except that nobody is asked: an attestation that is missing now is an error.
    pub async fn recheck(&self, request: GateRequest<'_>) -> Result<(), GateError> {
        if self.options.mode == GateMode::Off {
            return Ok(());
        }
        let standing = self.standing(&request).await?;
        match (self.need(request.operation, request.entry_point.address, &standing)?, standing) {
            (Need::Verify(suffix), Standing::Bound { account, .. }) => {
                self.verify(&request, &account, &suffix).await.map(|_| ())
            }
            (Need::Nothing(_), _) => Ok(()),
            (Need::Ask | Need::Verify(_), _) => Err(GateError::Required(format!(
                "account {} demands an attestation since the operation was admitted",
                request.operation.sender
            ))),
        }
    }

    /// What `operation` needs, given how its account stands. A pure function of its arguments.
    ///
    /// # Errors
    /// When something is demanded that the operation cannot have.
    pub fn need(
        &self,
        operation: &UserOperation,
        entry_point: Address,
        standing: &Standing,
    ) -> Result<Need, GateError> {
        let detached = self.bundler_policy().is_some();
        need(
            (self.options.mode, detached),
            self.accounts.modules(),
            operation,
            entry_point,
            standing,
        )
    }

    /// The question that [`admit`](Self::admit) would ask the operators, for evaluation without signatures.
    ///
    /// # Errors
    /// When the account's standing cannot be read, no Writ module looks at its operations, or no attestation can be placed in
    /// this one.
    pub async fn question(&self, request: GateRequest<'_>) -> Result<Ask, GateError> {
        match self.standing(&request).await? {
            Standing::Bound { account, identity } => {
                placed(&identity, request.operation, account.module)
                    .map_err(AttestationError::from)?;
                Ok(ask(&request, *account))
            }
            Standing::Uninitialized(why) => Err(AttestationError::Placement(why).into()),
            Standing::Undeployed | Standing::Unbound => Err(GateError::Required(format!(
                "no Writ module looks at the operations of account {}: there is no policy to ask about",
                request.operation.sender
            ))),
        }
    }

    /// The question that decides about the operation: the account's own policy where a module looks at it, otherwise the
    /// bundler's.
    ///
    /// # Errors
    /// As [`question`](Self::question), where the bundler has no policy of its own either.
    pub async fn deciding_question(&self, request: GateRequest<'_>) -> Result<Ask, GateError> {
        match (self.question(request).await, self.bundler_policy()) {
            (Err(GateError::Required(_)), Some(policy)) => {
                self.detached_question(&request, policy).await
            }
            (question, _) => question,
        }
    }

    async fn standing(&self, request: &GateRequest<'_>) -> Result<Standing, GateError> {
        let now = now(request);
        Ok(self.accounts.read(request.block, request.operation, now).await?)
    }

    pub(crate) async fn verify(
        &self,
        request: &GateRequest<'_>,
        account: &AccountView,
        suffix: &Suffix,
    ) -> Result<Verified, GateError> {
        let now = now(request);
        let context = Context {
            domain: writ_attestation::Domain::new(request.block.chain_id(), account.module),
            entry_point: request.entry_point.address,
            policy: &account.policy,
            operators: &account.operators,
            account_code: account.account_code,
            sequence: account.policy.next_sequence(pending(request.predecessors)),
            now,
        };
        let verified = verify(request.operation, suffix, &context)
            .map_err(|error| self.explain(error, request.operation, suffix, &context))?;
        let reach = now.saturating_add(self.options.margin);
        if suffix.valid_until < reach {
            return Err(
                AttestationError::Expired { valid_until: suffix.valid_until, now: reach }.into()
            );
        }
        self.check_canonical(request.block, suffix).await?;
        Ok(verified)
    }

    /// Names what the attestation was moved away from, when the decision behind it is recorded here, or it is for another
    /// well-known chain.
    fn explain(
        &self,
        error: AttestationError,
        operation: &UserOperation,
        suffix: &Suffix,
        context: &Context<'_>,
    ) -> AttestationError {
        let AttestationError::Signature { .. } = error else { return error };
        // A store that fails costs the explanation, not the refusal.
        let recorded = self.gateway.as_ref().and_then(|gateway| {
            gateway
                .decisions()
                .by_evidence(suffix.evidence)
                .ok()
                .flatten()
                .and_then(|decision| decision.subject())
        });
        let action =
            action_of(operation, context.entry_point, context.account_code, suffix.max_cost);
        let policy = context.policy.configuration.policy;
        if let Some(recorded) = recorded {
            match diagnose(suffix, &action, policy, context.domain, &recorded) {
                // Nothing was moved: it is about something that is not recorded here.
                AttestationError::Moved(fields) if fields == [Mismatch::Signature] => {}
                moved => return moved,
            }
        }
        match other_chain(suffix, &action, policy, context.domain, context.operators) {
            Some(_) => AttestationError::Moved(vec![Mismatch::Chain]),
            None => error,
        }
    }

    /// An attestation made at a block that a reorganisation took away rests on a state that never was.
    async fn check_canonical(&self, block: &PinnedBlock, suffix: &Suffix) -> Result<(), GateError> {
        let (number, attested) = (suffix.block_number, suffix.block_hash);
        let canonical = if number == block.number() {
            Some(block.hash())
        } else if number.checked_add(1) == Some(block.number()) {
            Some(block.header().parent_hash)
        } else {
            self.node.block(BlockId::number(number)).await?.map(|block| block.header.hash)
        };
        if canonical == Some(attested) {
            Ok(())
        } else {
            Err(AttestationError::Block { number, attested, canonical }.into())
        }
    }

    async fn obtain(
        &self,
        request: &GateRequest<'_>,
        account: AccountView,
    ) -> Result<Gated, GateError> {
        let Some(gateway) = &self.gateway else {
            return Err(GateError::Required(format!(
                "account {} demands an attestation, the operation carries none, and this bundler asks no operators",
                request.operation.sender
            )));
        };
        if request.predecessors.len() > MAX_PREDECESSORS {
            return Err(GateError::Required(format!(
                "{} operations of account {} are pending; an attestation can be obtained behind {MAX_PREDECESSORS} at most",
                request.predecessors.len(),
                request.operation.sender
            )));
        }
        let ask = ask(request, account);
        let granted = gateway.grant(&ask).await?;
        let mut operation = request.operation.clone();
        operation.signature = attach(&operation.signature, &granted.suffix)?;
        Ok(Gated::Attested(Box::new(Attested {
            operation,
            suffix: granted.suffix,
            verified: granted.verified,
            account: ask.account,
            obtained: true,
        })))
    }
}

/// The question about an operation whose module enforces the answer.
pub(crate) fn ask(request: &GateRequest<'_>, account: AccountView) -> Ask {
    let mut operation = request.operation.clone();
    // Operators are asked about what the owner signed.
    if let Ok(Some((owner, _))) = Suffix::split(&request.operation.signature) {
        operation.signature = Bytes::copy_from_slice(owner);
    }
    Ask {
        operation,
        user_op_hash: request.user_op_hash,
        entry_point: request.entry_point.address,
        chain_id: request.block.chain_id(),
        sequence: account.policy.next_sequence(pending(request.predecessors)),
        account,
        detached: None,
        block: BlockRef { number: request.block.number(), hash: request.block.hash() },
        predecessors: request.predecessors.to_vec(),
        now: now(request),
        facts: request.facts.clone(),
    }
}

/// The later of clock and chain: a block's timestamp is never before its parent's, and rarely behind the clock.
fn now(request: &GateRequest<'_>) -> u64 {
    request.now.max(request.block.timestamp())
}

/// How many of the account's operations ahead will have counted when this one is validated.
fn pending(predecessors: &[UserOperation]) -> u64 {
    predecessors.iter().filter(|operation| carries_suffix(&operation.signature)).count() as u64
}

/// Whether the module receives the signature, at the end of which an attestation travels.
fn placed(
    identity: &Result<AccountIdentity, UnknownKind>,
    operation: &UserOperation,
    module: Address,
) -> Result<(), PlacementError> {
    match identity {
        Ok(identity) => identity.place(operation, module).map(|_| ()),
        Err(unknown) => Err(unknown.clone().into()),
    }
}

/// Whether an account of some kind would take one of the modules as the validator that the nonce names.
fn names_one_of(modules: &[Address], nonce: U256) -> bool {
    AccountKind::ALL.into_iter().any(|kind| match kind.validator(nonce) {
        Ok(Validator::Module(validator)) => modules.contains(&validator),
        Ok(Validator::Root | Validator::BuiltIn) | Err(_) => false,
    })
}

fn need(
    (mode, detached): (GateMode, bool),
    modules: &[Address],
    operation: &UserOperation,
    entry_point: Address,
    standing: &Standing,
) -> Result<Need, GateError> {
    let sender = operation.sender;
    let (account, identity) = match (mode, standing) {
        (GateMode::Off, _) => return Ok(Need::Nothing(NotRequired::Off)),
        (_, Standing::Bound { account, identity }) => (account, identity),
        // Whatever is demanded of it: nothing of it validates.
        (_, Standing::Uninitialized(why)) => {
            return Err(AttestationError::Placement(why.clone()).into());
        }
        (_, Standing::Undeployed) if names_one_of(modules, operation.nonce) => {
            return Err(GateError::Required(format!(
                "account {sender} is not deployed, so its policy is not on the chain yet: deploy it first, by an \
                 operation of another validator or by its factory"
            )));
        }
        (GateMode::Installed, Standing::Undeployed | Standing::Unbound) => {
            return Ok(Need::Nothing(NotRequired::Unbound));
        }
        // That one is demanded apart, of what will really be sent.
        (GateMode::Required, Standing::Undeployed | Standing::Unbound) if detached => {
            return Ok(Need::Nothing(NotRequired::Unbound));
        }
        (GateMode::Required, Standing::Undeployed | Standing::Unbound) => {
            return Err(GateError::Required(format!(
                "this bundler includes attested operations only, has no policy of its own, and no Writ module looks at \
                 those of account {sender}"
            )));
        }
    };
    let configuration = &account.policy.configuration;
    if let Err(error) = placed(identity, operation, account.module) {
        let validates = !matches!(error, PlacementError::NotInitialized { .. });
        if validates && configuration.mode == Mode::Observe && mode == GateMode::Installed {
            return Ok(Need::Nothing(NotRequired::Observing));
        }
        return Err(AttestationError::Placement(error).into());
    }
    if entry_point != configuration.entry_point {
        return Err(AttestationError::EntryPoint {
            given: entry_point,
            configured: configuration.entry_point,
        }
        .into());
    }
    if configuration.level != LEVEL_QUORUM {
        return Err(AttestationError::UnsupportedLevel(configuration.level).into());
    }
    let (threshold, operators) = (usize::from(configuration.threshold), account.operators.len());
    if threshold == 0 || threshold > MAX_SIGNATURES || threshold > operators {
        return Err(GateError::Required(format!(
            "account {sender} requires {threshold} signatures of {operators} operators, which no attestation can have"
        )));
    }
    match Suffix::split(&operation.signature)? {
        Some((_, suffix)) => Ok(Need::Verify(suffix)),
        None => Ok(Need::Ask),
    }
}
