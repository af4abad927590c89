//! What the chain says about an account, as far as the gate needs it.

use alloy::primitives::{Address, B256};
use writ_attestation::{
    AccountIdentity, AccountPolicy, BuiltIn, OperatorSet, PlacementError, SetError, UnknownKind,
    account_code_of, delegated_code,
};
use writ_simulation::{NodeError, Overrides, PinnedBlock, SimulationError, Simulator};
use writ_types::UserOperation;

/// An account that a Writ module looks after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountView {
    /// The module.
    pub module: Address,
    /// Configuration and state in it.
    pub policy: AccountPolicy,
    /// The operators, from the code at the configuration's operator set.
    pub operators: OperatorSet,
    /// EXTCODEHASH of the account when the operation is validated: what the operation's own EIP-7702 tuple says counts.
    pub account_code: B256,
}

/// How an account stands to the known modules at one block, delegated by its operation's own EIP-7702 tuple where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The account has no code yet.
    Undeployed,
    /// No known module looks at its operations: none installed, all off, or left.
    Unbound,
    /// It delegates to code that has a known module built in, and its key did not consent to be under it: nothing validates.
    Uninitialized(PlacementError),
    /// A module does.
    Bound {
        /// What it knows of the account.
        account: Box<AccountView>,
        /// What the account says that it is.
        identity: Result<AccountIdentity, UnknownKind>,
    },
}

/// Why an account's standing is not known. The gate then refuses.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StandingError {
    /// The state of the block cannot be read.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// The call to the module cannot be made.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// The module does not answer like one.
    #[error("{module} does not answer like a Writ module: {reason}")]
    Module {
        /// The configured module.
        module: Address,
        /// What it did.
        reason: String,
    },
    /// The code at the configured operator set is none.
    #[error("the operator set {set} of account {account} is unusable: {source}")]
    Set {
        /// The account.
        account: Address,
        /// The configured address.
        set: Address,
        /// What is wrong with its code.
        source: SetError,
    },
}

/// Reads accounts' standing at pinned blocks.
#[derive(Clone, Debug)]
pub struct AccountReader {
    simulator: Simulator,
    modules: Vec<Address>,
}

impl AccountReader {
    /// A reader that knows `modules`.
    pub const fn new(simulator: Simulator, modules: Vec<Address>) -> Self {
        Self { simulator, modules }
    }

    /// The modules that are known.
    pub fn modules(&self) -> &[Address] {
        &self.modules
    }

    /// How the account of `operation` stands at `block`. `now` decides whether an announced exit has taken effect.
    ///
    /// # Errors
    /// When the state cannot be read, or a module or operator set is not what it should be.
    pub async fn read(
        &self,
        block: &PinnedBlock,
        operation: &UserOperation,
        now: u64,
    ) -> Result<Standing, StandingError> {
        let account = operation.sender;
        let found = block.account(account).await?;
        let account_code = account_code_of(operation, found.code_hash);
        if account_code.is_zero() {
            return Ok(Standing::Undeployed);
        }
        let mut delegated = Overrides::default();
        let own_tuple = delegated_code(operation);
        let is_delegated = own_tuple.is_some()
            || found.code.as_ref().is_some_and(|code| code.eip7702_address().is_some());
        if let Some(code) = own_tuple {
            delegated = delegated.with_code(account, code);
        }
        for module in self.modules.iter().copied() {
            let policy = self.policy(block, module, account).await?;
            if !policy.is_active() || policy.has_exited(now) {
                continue;
            }
            let set = policy.configuration.operator_set;
            let code = block.account(set).await?.code.unwrap_or_default();
            let operators = OperatorSet::from_code(&code.original_bytes())
                .map_err(|source| StandingError::Set { account, set, source })?;
            let identity = self.identity(block, account, &delegated).await?;
            let account = Box::new(AccountView { module, policy, operators, account_code });
            return Ok(Standing::Bound { account, identity });
        }
        // Others are not asked: it would cost each of their operations a call.
        if !is_delegated {
            return Ok(Standing::Unbound);
        }
        let identity = self.identity(block, account, &delegated).await?;
        Ok(self.waiting(identity).map_or(Standing::Unbound, Standing::Uninitialized))
    }

    /// Why nothing validates for an account that has a known module built in and is not initialized with it.
    fn waiting(&self, identity: Result<AccountIdentity, UnknownKind>) -> Option<PlacementError> {
        let AccountIdentity { kind, built_in, .. } = identity.ok()?;
        let BuiltIn { module, initialized } = built_in?;
        let module = module.filter(|module| self.modules.contains(module))?;
        (!initialized).then_some(PlacementError::NotInitialized { kind, module })
    }

    /// What `account` says that it is. One that does not answer is of no known kind.
    async fn identity(
        &self,
        block: &PinnedBlock,
        account: Address,
        delegated: &Overrides,
    ) -> Result<Result<AccountIdentity, UnknownKind>, StandingError> {
        let identity = AccountIdentity::ask(|data| async {
            let answer = self.simulator.call_with(block, delegated, account, data).await?;
            Ok::<_, SimulationError>(answer.ok())
        });
        Ok(identity.await?)
    }

    async fn policy(
        &self,
        block: &PinnedBlock,
        module: Address,
        account: Address,
    ) -> Result<AccountPolicy, StandingError> {
        let refuse = |reason: String| StandingError::Module { module, reason };
        let returned = self.simulator.call(block, module, AccountPolicy::call(account)).await?;
        let returned = returned.map_err(|revert| refuse(revert.to_string()))?;
        AccountPolicy::decode(&returned).map_err(|error| refuse(error.to_string()))
    }
}
