//! What the chain says about an account at the pinned block.

use alloy::primitives::{Address, B256, Bytes, KECCAK256_EMPTY, keccak256};
use writ_attestation::{
    AccountIdentity, AccountKind, AccountPolicy, DetachedTerms, Mode, OperatorSet, PolicyReference,
    SetError, UnknownKind, account_code_of, delegated_code,
};
use writ_policy::{MAX_POLICIES, policy_commitment};
use writ_simulation::{NodeClient, NodeError, Overrides, PinnedBlock, SimulationError, Simulator};
use writ_types::UserOperation;

use crate::{
    adapter::FALLBACK_HANDLER,
    delegation::{TupleError, check_tuple},
    logs,
};

/// Most bytes of one policy's encoded parameters.
const MAX_PARAMETERS: usize = 64 * 1024;

/// How an account was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountSight {
    /// From its own calldata, which an account of this kind executes as it says.
    Known(AccountIdentity),
    /// From outside, whatever its kind: its calls are the ones that the simulation saw it make.
    Observed,
    /// As a guarded contract, by the one call that is asked about.
    GuardedContract,
    /// As a Safe under its guard, by what it is asked for.
    Safe,
}

impl AccountSight {
    /// The kind's name in the input document.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Known(identity) => identity.kind.name(),
            Self::Observed => "observed",
            Self::GuardedContract => "guarded-contract",
            Self::Safe => "safe",
        }
    }
}

/// Everything about an account that a decision rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its address.
    pub address: Address,
    /// The module that was asked; the zero address when the decision is detached.
    pub module: Address,
    /// EXTCODEHASH when the operation is validated: [`account_code_of`].
    pub code_hash: B256,
    /// How it was looked at.
    pub sight: AccountSight,
    /// Configuration and state in the module.
    pub policy: AccountPolicy,
    /// The policies behind the configuration's commitment, in order.
    pub references: Vec<PolicyReference>,
    /// The operators, from the code at the configured address.
    pub operators: OperatorSet,
}

/// Why an account cannot be decided for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// There is no code at the account's address.
    #[error("the account is not deployed at the pinned block")]
    NotDeployed,
    /// The chain skips the operation's EIP-7702 tuple.
    #[error("the operation's EIP-7702 authorization does not apply at the pinned block: {0}")]
    Tuple(#[from] TupleError),
    /// The module at that address does not answer as a WritModule.
    #[error("{module} does not answer as a Writ module: {reason}")]
    NotAModule {
        /// The address asked.
        module: Address,
        /// What came back.
        reason: String,
    },
    /// The account has not installed the module, or not in both roles.
    #[error("the account has not installed the module as {role}")]
    NotInstalled {
        /// The missing role.
        role: &'static str,
    },
    /// The module does not look at the account's operations.
    #[error("the account's mode is off")]
    Off,
    /// The account has left.
    #[error("the account's announced exit took effect at {exit_at}")]
    Exited {
        /// Unix seconds.
        exit_at: u64,
    },
    /// The account is of a kind whose calldata is not understood.
    #[error(transparent)]
    UnsupportedKind(#[from] UnknownKind),
    /// The configured verification level is not built.
    #[error("verification level {level} is not supported: level 1 (quorum) is")]
    UnsupportedLevel {
        /// The configured level.
        level: u8,
    },
    /// The code at the configured set is not an operator set.
    #[error("the configured operator set is unusable: {0}")]
    OperatorSet(#[from] SetError),
    /// The code at the configured set is another one than the configuration names.
    #[error("the operator set's code hash is {found}, the account is configured for {configured}")]
    OperatorSetCode {
        /// Hash found.
        found: B256,
        /// Hash configured.
        configured: B256,
    },
    /// The set is smaller than the configuration demands.
    #[error("the operator set has {operators} operators, the account demands at least {least}")]
    TooFewOperators {
        /// Operators in the set.
        operators: usize,
        /// Least number.
        least: u8,
    },
    /// No event of the configuration's block carries the policies of its commitment.
    #[error("block {block} has no event with the policies that the configuration commits to")]
    PoliciesNotFound {
        /// The block that the module's state names.
        block: u64,
    },
    /// The policies are more or larger than what is evaluated.
    #[error(
        "the account's policies exceed {MAX_POLICIES} or one's parameters {MAX_PARAMETERS} bytes"
    )]
    PoliciesTooLarge,
    /// Reading the state failed.
    #[error(transparent)]
    State(#[from] SimulationError),
    /// Reading logs failed.
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Reads accounts at pinned blocks.
#[derive(Clone, Debug)]
pub struct AccountReader {
    simulator: Simulator,
    node: NodeClient,
}

impl AccountReader {
    /// A reader that takes state from `simulator` and logs from `node`.
    #[must_use]
    pub const fn new(simulator: Simulator, node: NodeClient) -> Self {
        Self { simulator, node }
    }

    /// Configuration and state of `account` in `module`, unchecked.
    ///
    /// # Errors
    ///
    /// When the module does not answer as one, or the state cannot be read.
    pub async fn configuration(
        &self,
        block: &PinnedBlock,
        module: Address,
        account: Address,
    ) -> Result<AccountPolicy, AccountError> {
        let returned = self.call(block, module, AccountPolicy::call(account)).await?;
        let not_a_module = |reason| AccountError::NotAModule { module, reason };
        AccountPolicy::decode(&returned.map_err(not_a_module)?)
            .map_err(|error| not_a_module(error.to_string()))
    }

    /// Everything about `account`, checked to be something that operators can decide for.
    ///
    /// # Errors
    ///
    /// [`AccountError`] names what stands in the way.
    pub async fn read(
        &self,
        block: &PinnedBlock,
        module: Address,
        account: Address,
    ) -> Result<Account, AccountError> {
        let code_hash = block.account(account).await?.code_hash;
        let code_hash = if code_hash == KECCAK256_EMPTY { B256::ZERO } else { code_hash };
        let as_it_is = Overrides::default();
        self.read_as(block, module, account, code_hash, &as_it_is).await.map(|(account, _)| account)
    }

    /// The same as the operation meets it, delegated by its own tuple where it has one; with what the account then says that
    /// it is.
    pub(crate) async fn read_known(
        &self,
        block: &PinnedBlock,
        module: Address,
        operation: &UserOperation,
    ) -> Result<(Account, AccountIdentity), AccountError> {
        let sender = operation.sender;
        let found = block.account(sender).await?.code_hash;
        let mut delegated = Overrides::default();
        if let (Some(tuple), Some(code)) = (&operation.authorization, delegated_code(operation)) {
            check_tuple(block, sender, tuple).await?;
            delegated = delegated.with_code(sender, code);
        }
        let code_hash = account_code_of(operation, found);
        self.read_as(block, module, sender, code_hash, &delegated).await
    }

    /// The account where its code is what `delegated` says.
    async fn read_as(
        &self,
        block: &PinnedBlock,
        module: Address,
        account: Address,
        code_hash: B256,
        delegated: &Overrides,
    ) -> Result<(Account, AccountIdentity), AccountError> {
        if code_hash.is_zero() {
            return Err(AccountError::NotDeployed);
        }
        let policy = self.configuration(block, module, account).await?;
        check_state(&policy, block.timestamp())?;
        let operators = self.operators(block, &policy).await?;
        let identity = self.identity(block, account, delegated).await?;
        let references = self.policies(module, account, &policy).await?;
        let sight = AccountSight::Known(identity);
        let account =
            Account { address: account, module, code_hash, sight, policy, references, operators };
        Ok((account, identity))
    }

    /// The account as detached terms look at it. It may be of any kind, and not there yet.
    ///
    /// # Errors
    ///
    /// When the terms are not what can be decided under, or the state cannot be read.
    pub async fn observe(
        &self,
        block: &PinnedBlock,
        operation: &UserOperation,
        entry_point: Address,
        terms: &DetachedTerms,
    ) -> Result<Account, AccountError> {
        let DetachedTerms { policies, operators } = terms;
        check_size(policies)?;
        let operators = OperatorSet::new(operators.clone())?;
        let address = operation.sender;
        let found = block.account(address).await?.code_hash;
        // Of how many signatures it takes, operators know nothing: that is for who asks.
        let policy = AccountPolicy::detached(entry_point, commitment(policies), 1, &operators);
        Ok(Account {
            address,
            module: Address::ZERO,
            code_hash: account_code_of(operation, found),
            sight: AccountSight::Observed,
            policy,
            references: policies.clone(),
            operators,
        })
    }

    pub(crate) async fn operators(
        &self,
        block: &PinnedBlock,
        policy: &AccountPolicy,
    ) -> Result<OperatorSet, AccountError> {
        let configuration = &policy.configuration;
        let code = block.account(configuration.operator_set).await?.code.unwrap_or_default();
        let operators = OperatorSet::from_code(&code.original_bytes())?;
        let found = operators.code_hash();
        let configured = configuration.operator_set_code_hash;
        if found != configured {
            return Err(AccountError::OperatorSetCode { found, configured });
        }
        let least = configuration.least_operators.max(configuration.threshold);
        if operators.len() < usize::from(least) {
            return Err(AccountError::TooFewOperators { operators: operators.len(), least });
        }
        Ok(operators)
    }

    /// The adapter behind a Safe's fallback, by which it is an ERC-7579 account; other kinds have none.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    pub(crate) async fn adapter(
        &self,
        block: &PinnedBlock,
        account: Address,
        kind: AccountKind,
    ) -> Result<Option<Address>, AccountError> {
        if kind != AccountKind::Safe7579 {
            return Ok(None);
        }
        let word = block.storage(account, FALLBACK_HANDLER.into()).await?;
        Ok(Some(Address::from_word(word.into())))
    }

    /// What `account` says that it is.
    async fn identity(
        &self,
        block: &PinnedBlock,
        account: Address,
        delegated: &Overrides,
    ) -> Result<AccountIdentity, AccountError> {
        let identity = AccountIdentity::ask(|data| async {
            let answer = self.simulator.call_with(block, delegated, account, data).await?;
            Ok::<_, AccountError>(answer.ok())
        });
        Ok(identity.await??)
    }

    /// The policies that a configuration commits to, with their parameters, from the events of its block.
    ///
    /// Any event that hashes to the commitment holds them: the commitment in the pinned state is what
    /// counts, not which log they came from.
    ///
    /// # Errors
    ///
    /// When no such event is there, or logs cannot be read.
    pub async fn policies(
        &self,
        module: Address,
        account: Address,
        policy: &AccountPolicy,
    ) -> Result<Vec<PolicyReference>, AccountError> {
        let block = policy.state.configured_at;
        let commitment_ = policy.configuration.policy;
        let found = logs::policies_set(&self.node, module, account, commitment_, block).await?;
        for policies in found.into_iter().rev() {
            let references: Vec<_> = policies
                .into_iter()
                .map(|policy| PolicyReference {
                    policy_id: policy.policyId,
                    parameters: policy.parameters,
                })
                .collect();
            check_size(&references)?;
            if commitment(&references) == commitment_ {
                return Ok(references);
            }
        }
        Err(AccountError::PoliciesNotFound { block })
    }

    /// The outer error is the state's, the inner one what the call reverted with.
    pub(crate) async fn call(
        &self,
        block: &PinnedBlock,
        to: Address,
        data: Bytes,
    ) -> Result<Result<Bytes, String>, AccountError> {
        Ok(self.simulator.call(block, to, data).await?.map_err(|error| error.to_string()))
    }
}

fn check_size(references: &[PolicyReference]) -> Result<(), AccountError> {
    let fits = references.len() <= MAX_POLICIES
        && references.iter().all(|policy| policy.parameters.len() <= MAX_PARAMETERS);
    if fits { Ok(()) } else { Err(AccountError::PoliciesTooLarge) }
}

fn commitment(references: &[PolicyReference]) -> B256 {
    let pairs: Vec<_> = references
        .iter()
        .map(|reference| (reference.policy_id, keccak256(&reference.parameters)))
        .collect();
    policy_commitment(&pairs)
}

pub(crate) fn check_state(policy: &AccountPolicy, timestamp: u64) -> Result<(), AccountError> {
    if !policy.state.validator_installed {
        return Err(AccountError::NotInstalled { role: "validator" });
    }
    if !policy.state.hook_installed {
        return Err(AccountError::NotInstalled { role: "hook" });
    }
    if policy.configuration.mode == Mode::Off {
        return Err(AccountError::Off);
    }
    if policy.has_exited(timestamp) {
        return Err(AccountError::Exited { exit_at: policy.state.exit_at });
    }
    match policy.configuration.level {
        writ_attestation::LEVEL_QUORUM => Ok(()),
        level => Err(AccountError::UnsupportedLevel { level }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use alloy::{primitives::b256, sol, sol_types::SolValue};

    use super::*;

    sol! {
        struct Commitment {
            bytes32 policyId;
            bytes32 paramsHash;
        }
    }

    #[test]
    fn the_commitment_is_soliditys() {
        let reference = |id, parameters: &[u8]| PolicyReference {
            policy_id: B256::repeat_byte(id),
            parameters: parameters.to_vec().into(),
        };
        let references = [reference(1, b"one"), reference(2, b"")];
        let expected = vec![
            Commitment { policyId: B256::repeat_byte(1), paramsHash: keccak256(b"one") },
            Commitment { policyId: B256::repeat_byte(2), paramsHash: KECCAK256_EMPTY },
        ];
        assert_eq!(commitment(&references), keccak256(expected.abi_encode()));
        let swapped = [references[1].clone(), references[0].clone()];
        assert_ne!(commitment(&swapped), commitment(&references));
        // abi.encode of an empty array: 0x20, 0.
        assert_eq!(
            commitment(&[]),
            b256!("569e75fc77c1a856f6daaf9e69d8a9566ca34aa47f9133711ce065a571af0cfd")
        );
    }

    #[test]
    fn every_state_that_enforces_nothing_is_refused() {
        let mut good = AccountPolicy::default();
        good.configuration.mode = Mode::Enforce;
        good.configuration.level = writ_attestation::LEVEL_QUORUM;
        good.state.validator_installed = true;
        good.state.hook_installed = true;
        good.state.exit_at = 101;
        assert!(check_state(&good, 100).is_ok());
        assert!(matches!(check_state(&good, 101), Err(AccountError::Exited { exit_at: 101 })));
        let refused = |change: fn(&mut AccountPolicy)| {
            let mut policy = good.clone();
            change(&mut policy);
            check_state(&policy, 100).unwrap_err().to_string()
        };
        assert!(refused(|policy| policy.state.validator_installed = false).contains("validator"));
        assert!(refused(|policy| policy.state.hook_installed = false).contains("hook"));
        assert!(refused(|policy| policy.configuration.mode = Mode::Off).contains("off"));
        assert!(refused(|policy| policy.configuration.level = 2).contains("level 2"));
    }
}
