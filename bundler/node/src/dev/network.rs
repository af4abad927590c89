//! The development network: chain, contracts, operators and bundler, started in order.

use alloy::{primitives::Address, signers::local::PrivateKeySigner};
use writ_attestation::OperatorSet;
use writ_policy::{PolicyStore, policy_commitment};
use writ_types::{EntryPoint, EntryPointVersion};

use super::{
    BundlerClient, BundlerProcess, Chain, DevError, Limits, OperatorProcess, Screen, Stage,
    StagePolicy, THRESHOLD, Wallet, Workplace,
    chain::CHAIN_ID,
    limits::{in_tokens, tokens},
    services::development_key,
    wallet::sending_provider,
};

const PER_OPERATION: u64 = 100;
const PER_DAY: u64 = 200;
const OPERATORS: usize = 3;

/// Everything that runs. Dropping it ends every child.
#[derive(Debug)]
pub struct DevNetwork {
    /// The chain.
    pub chain: Chain,
    /// What was deployed.
    pub stage: Stage,
    /// The operators.
    pub operators: Vec<OperatorProcess>,
    /// The bundler.
    pub bundler: BundlerProcess,
    /// The owner of both accounts.
    pub owner: PrivateKeySigner,
    /// The policy's limits, and what the account on v0.8 spent under them.
    pub limits: Limits,
}

impl DevNetwork {
    /// Starts everything, each part on files in `workplace`; the bundler listens on `port`.
    ///
    /// # Errors
    /// The first part that does not start.
    pub async fn start(
        workplace: &Workplace,
        screen: &Screen,
        port: u16,
    ) -> Result<Self, DevError> {
        let chain = Chain::start(workplace).await?;
        screen.step("anvil", &format!("{} (chain {CHAIN_ID})", chain.url()));

        let deployer = development_key(0)?;
        let provider = sending_provider(chain.url().clone(), deployer.clone());
        let token = Stage::ground(workplace, provider.clone(), deployer.address()).await?;
        for version in [EntryPointVersion::V07, EntryPointVersion::V08] {
            let address = EntryPoint::canonical(version).address;
            screen.step(&format!("EntryPoint {version}"), &address.to_string());
        }
        screen.step("Writ module", &writ_bindings::module_address().to_string());
        screen.step("token DEMO", &token.to_string());

        let mut operators = Vec::with_capacity(OPERATORS);
        for number in 1..=OPERATORS {
            let key = PrivateKeySigner::random();
            let operator = OperatorProcess::start(workplace, number, &key, chain.url()).await?;
            let detail = format!("{} signs as {}", operator.url(), operator.address());
            screen.step(&format!("operator {number}"), &detail);
            operators.push(operator);
        }
        let set = OperatorSet::new(operators.iter().map(OperatorProcess::address).collect())
            .map_err(|error| DevError::unexpected(format!("operator set: {error}")))?;

        let owner = PrivateKeySigner::random();
        let policy = spending_policy(workplace, token)?;
        let balance = tokens(10_000);
        let stage =
            Stage::accounts(provider, deployer.address(), token, &set, &policy, &owner, balance)
                .await?;
        screen.step("account on v0.8", &stage.account_v08.to_string());
        screen.step("account on v0.7", &stage.account_v07.to_string());
        let limits = Limits::new(tokens(PER_OPERATION), tokens(PER_DAY), policy);
        screen.step(
            "policy",
            &format!(
                "agent-spending: at most {} an operation and {} a day; {THRESHOLD} of {OPERATORS} operators must sign",
                in_tokens(limits.per_operation),
                in_tokens(limits.per_day),
            ),
        );

        let key = development_key(1)?;
        let bundler =
            BundlerProcess::start(workplace, port, &key, chain.url(), stage.module, &operators)
                .await?;
        screen.step("bundler", bundler.url().as_str());
        Ok(Self { chain, stage, operators, bundler, owner, limits })
    }

    /// A client of the bundler's public RPC.
    #[must_use]
    pub fn client(&self) -> BundlerClient {
        BundlerClient::new(self.bundler.url().clone())
    }

    /// The wallet of the account on this EntryPoint.
    #[must_use]
    pub fn wallet(&self, version: EntryPointVersion) -> Wallet {
        let account = match version {
            EntryPointVersion::V07 => self.stage.account_v07,
            _ => self.stage.account_v08,
        };
        Wallet::new(
            account,
            EntryPoint::canonical(version),
            self.stage.module,
            self.owner.clone(),
            CHAIN_ID,
            self.chain.url().clone(),
            self.client(),
        )
    }
}

/// The spending policy of the checkout, with limits on `token`.
fn spending_policy(workplace: &Workplace, token: Address) -> Result<StagePolicy, DevError> {
    let failed = |what: String| DevError::unexpected(format!("policy agent-spending: {what}"));
    let store =
        PolicyStore::open(&workplace.policies()).map_err(|error| failed(error.to_string()))?;
    let policy = store
        .by_name("agent-spending")
        .ok_or_else(|| failed("it is not in the folder `policies`".into()))?;
    let token = format!("{token:#x}");
    // Written as text: the amounts are beyond what JSON libraries keep exact.
    let parameters = format!(
        r#"{{
            "limits": [{{"asset": "{token}", "symbol": "DEMO", "decimals": 18,
                         "perOperation": {}, "perDay": {}}}],
            "targets": [{{"address": "{token}", "selectors": ["0xa9059cbb"]}}],
            "spenders": [], "paymasters": [],
            "feePerOperation": 100000000000000000, "validFor": 300
        }}"#,
        tokens(PER_OPERATION),
        tokens(PER_DAY),
    );
    let parameters =
        policy.parameters_from_json(&parameters).map_err(|error| failed(error.to_string()))?;
    let id = policy.policy_id();
    Ok(StagePolicy {
        id,
        parameters: parameters.encoded().to_vec().into(),
        commitment: policy_commitment(&[(id, parameters.hash())]),
        reads_history: policy.manifest().reads_history,
    })
}
