//! The stage of the demonstration: EntryPoints, Writ's contracts, a token and two accounts.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, U256},
    providers::{DynProvider, Provider},
    rpc::types::{TransactionReceipt, TransactionRequest},
    signers::local::PrivateKeySigner,
};
use writ_attestation::OperatorSet;
use writ_bindings::{
    DETERMINISTIC_DEPLOYER, DevToken, EntryPoint as EntryPointContract, MODE_ENFORCE, SALT,
    WritModule, deterministic_calldata, dev_account_creation_code, installation_data,
    module_address, module_creation_code,
};
use writ_types::{EntryPoint, EntryPointVersion};

use super::{DevError, Workplace};

/// Salts under which the canonical EntryPoints were deployed.
const ENTRY_POINT_V07_SALT: B256 =
    alloy::primitives::b256!("90d8084deab30c2a37c45e8d47f49f2f7965183cb6990a98943ef94940681de3");
const ENTRY_POINT_V08_SALT: B256 =
    alloy::primitives::b256!("0a59dbff790c23c976a548690c27297883cc66b4c67024f9117b0238995e35e9");

/// How long a weakening of an account's configuration has to wait, in seconds.
const EXIT_DELAY: u32 = 3 * 24 * 3600;

/// Signatures that an attestation needs.
pub const THRESHOLD: u8 = 2;

/// What was deployed.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Sender of the deployments, and of what goes around the bundler.
    pub deployer: Address,
    /// A provider that signs as the deployer.
    pub provider: DynProvider,
    /// The Writ module.
    pub module: Address,
    /// The token.
    pub token: Address,
    /// Where the operators' addresses stand as code.
    pub operator_set: Address,
    /// The account on EntryPoint v0.8.
    pub account_v08: Address,
    /// The account on EntryPoint v0.7.
    pub account_v07: Address,
    /// The configuration of the account on v0.8, as it was installed.
    pub configuration_v08: WritModule::Configuration,
}

/// The policy that both accounts come under.
#[derive(Clone, Debug)]
pub struct StagePolicy {
    /// Its id.
    pub id: B256,
    /// Its parameters in canonical encoding.
    pub parameters: Bytes,
    /// Commitment to both.
    pub commitment: B256,
    /// Whether it reads history.
    pub reads_history: bool,
}

impl Stage {
    /// Deploys everything that does not depend on the policy: EntryPoints, module, token.
    pub async fn ground(
        workplace: &Workplace,
        provider: DynProvider,
        deployer: Address,
    ) -> Result<Address, DevError> {
        for (version, package, salt) in [
            (EntryPointVersion::V07, "v07", ENTRY_POINT_V07_SALT),
            (EntryPointVersion::V08, "v08", ENTRY_POINT_V08_SALT),
        ] {
            let code = workplace.entry_point_code(package)?;
            deploy_at(&provider, deployer, salt, &code, version.canonical_address()).await?;
        }
        deploy_at(&provider, deployer, SALT, &module_creation_code(), module_address()).await?;
        let creation = DevToken::deploy_builder(&provider, "Demo Dollar".into(), "DEMO".into())
            .calldata()
            .clone();
        create(&provider, deployer, creation, "token").await
    }

    /// Deploys the operator set and the two accounts under the policy, and funds them.
    #[allow(clippy::too_many_arguments)]
    pub async fn accounts(
        provider: DynProvider,
        deployer: Address,
        token: Address,
        operators: &OperatorSet,
        policy: &StagePolicy,
        owner: &PrivateKeySigner,
        balance: U256,
    ) -> Result<Self, DevError> {
        let set_code = operators.creation_code();
        deploy_at(&provider, deployer, SALT, &set_code, operators.address()).await?;

        let mut accounts = Vec::with_capacity(2);
        for version in [EntryPointVersion::V08, EntryPointVersion::V07] {
            let entry_point = EntryPoint::canonical(version).address;
            let configuration = WritModule::Configuration {
                owner: owner.address(),
                ownerValidator: Address::ZERO,
                entryPoint: entry_point,
                registry: Address::ZERO,
                operatorSet: operators.address(),
                operatorSetCodeHash: operators.code_hash(),
                policy: policy.commitment,
                threshold: THRESHOLD,
                leastOperators: operators.len() as u8,
                level: writ_attestation::LEVEL_QUORUM,
                mode: MODE_ENFORCE,
                exitDelay: EXIT_DELAY,
                epoch: 1,
                readsHistory: policy.reads_history,
            };
            let policies = [WritModule::PolicyReference {
                policyId: policy.id,
                parameters: policy.parameters.clone(),
            }];
            let creation = dev_account_creation_code(
                entry_point,
                module_address(),
                installation_data(&configuration, &policies),
                module_address(),
            );
            let account = create(&provider, deployer, creation, "account").await?;
            let entry_point = EntryPointContract::new(entry_point, &provider);
            let deposit = entry_point.depositTo(account).value(U256::from(10).pow(U256::from(18)));
            mined(deposit.send().await.map_err(DevError::chain("deposit"))?).await?;
            let token = DevToken::new(token, &provider);
            let mint = token.mint(account, balance);
            mined(mint.send().await.map_err(DevError::chain("mint"))?).await?;
            accounts.push((account, configuration));
        }
        let [(account_v08, configuration_v08), (account_v07, _)] =
            accounts.try_into().map_err(|_| {
                DevError::unexpected("two accounts were deployed and another number was found")
            })?;
        Ok(Self {
            deployer,
            provider,
            module: module_address(),
            token,
            operator_set: operators.address(),
            account_v08,
            account_v07,
            configuration_v08,
        })
    }
}

/// Deploys through the deterministic deployer and checks that it landed where it belongs.
async fn deploy_at(
    provider: &DynProvider,
    deployer: Address,
    salt: B256,
    creation_code: &[u8],
    expected: Address,
) -> Result<(), DevError> {
    let request = TransactionRequest::default()
        .with_from(deployer)
        .with_to(DETERMINISTIC_DEPLOYER)
        .with_input(deterministic_calldata(salt, creation_code));
    mined(provider.send_transaction(request).await.map_err(DevError::chain("deployment"))?).await?;
    let code = provider.get_code_at(expected).await.map_err(DevError::chain("code"))?;
    if code.is_empty() {
        return Err(DevError::unexpected(format!("nothing was deployed at {expected}")));
    }
    Ok(())
}

/// Deploys by a plain creation transaction.
async fn create(
    provider: &DynProvider,
    deployer: Address,
    creation_code: Bytes,
    what: &'static str,
) -> Result<Address, DevError> {
    let request = TransactionRequest::default().with_from(deployer).with_deploy_code(creation_code);
    let receipt =
        mined(provider.send_transaction(request).await.map_err(DevError::chain(what))?).await?;
    receipt
        .contract_address
        .ok_or_else(|| DevError::unexpected(format!("the {what}'s deployment made no contract")))
}

/// Waits until a transaction is mined, and refuses one that reverted.
pub(super) async fn mined(
    pending: alloy::providers::PendingTransactionBuilder<alloy::network::Ethereum>,
) -> Result<TransactionReceipt, DevError> {
    let receipt = pending.get_receipt().await.map_err(DevError::chain("receipt"))?;
    if !receipt.status() {
        let hash = receipt.transaction_hash;
        return Err(DevError::unexpected(format!("transaction {hash} reverted")));
    }
    Ok(receipt)
}
