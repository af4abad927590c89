//! An ordinary ERC-4337 wallet, as the demonstration's owner uses it: it knows the bundler's
//! public RPC and nothing of Writ.

use std::time::Duration;

use alloy::{
    network::EthereumWallet,
    primitives::{Address, B256, Bytes, U256, aliases::U192},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::client::RpcClient,
    signers::{SignerSync, local::PrivateKeySigner},
    sol_types::SolCall,
};
use serde_json::{Value, json};
use url::Url;
use writ_bindings::{EntryPoint as EntryPointContract, Erc20, Erc7579Account};
use writ_types::{EntryPoint, UserOperation};

use super::DevError;

/// A JSON-RPC error as the client sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct RpcFailure {
    /// JSON-RPC code.
    pub code: i64,
    /// The sentence for people.
    pub message: String,
    /// The part for programs.
    pub data: Value,
}

/// The bundler's public JSON-RPC.
#[derive(Clone, Debug)]
pub struct BundlerClient {
    rpc: RpcClient,
}

impl BundlerClient {
    /// A client of the bundler at `url`.
    #[must_use]
    pub fn new(url: Url) -> Self {
        Self { rpc: RpcClient::new_http(url) }
    }

    /// One call; `Err(Ok(failure))` is the bundler's own refusal, `Err(Err(_))` a broken connection.
    pub async fn call(
        &self,
        method: &'static str,
        params: Value,
    ) -> Result<Value, Result<RpcFailure, DevError>> {
        let answer: Result<Value, _> = self.rpc.request(method, params).await;
        answer.map_err(|error| match error.as_error_resp() {
            Some(payload) => Ok(RpcFailure {
                code: payload.code,
                message: payload.message.to_string(),
                data: payload
                    .data
                    .as_ref()
                    .and_then(|raw| serde_json::from_str(raw.get()).ok())
                    .unwrap_or(Value::Null),
            }),
            None => Err(DevError::Unexpected { what: format!("{method}: {error}") }),
        })
    }

    /// A call that must succeed.
    pub async fn must(&self, method: &'static str, params: Value) -> Result<Value, DevError> {
        self.call(method, params).await.map_err(|failure| match failure {
            Ok(refusal) => DevError::Unexpected {
                what: format!("{method}: {} {} {}", refusal.code, refusal.message, refusal.data),
            },
            Err(error) => error,
        })
    }

    /// Waits for the receipt of an operation.
    pub async fn receipt(&self, hash: B256, limit: Duration) -> Result<Value, DevError> {
        let deadline = tokio::time::Instant::now() + limit;
        loop {
            let receipt = self.must("eth_getUserOperationReceipt", json!([hash])).await?;
            if !receipt.is_null() {
                return Ok(receipt);
            }
            if tokio::time::Instant::now() >= deadline {
                return Err(DevError::Unexpected { what: format!("no receipt for {hash}") });
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// One smart account with its owner's key.
#[derive(Clone, Debug)]
pub struct Wallet {
    /// The smart account.
    pub account: Address,
    /// The EntryPoint that it trusts.
    pub entry_point: EntryPoint,
    /// The validator module that the nonce key names.
    pub validator: Address,
    owner: PrivateKeySigner,
    chain_id: u64,
    node: DynProvider,
    bundler: BundlerClient,
}

impl Wallet {
    /// A wallet of `account`, owned by `owner`.
    #[must_use]
    pub fn new(
        account: Address,
        entry_point: EntryPoint,
        validator: Address,
        owner: PrivateKeySigner,
        chain_id: u64,
        node: Url,
        bundler: BundlerClient,
    ) -> Self {
        let node = ProviderBuilder::new().connect_http(node).erased();
        Self { account, entry_point, validator, owner, chain_id, node, bundler }
    }

    /// The next nonce under the validator's key; `lane` tells parallel queues of it apart.
    pub async fn next_nonce(&self, lane: u32) -> Result<U256, DevError> {
        // OpenZeppelin's account reads the validator from the 20 highest bytes of the nonce.
        let key: U256 = (U256::from_be_slice(self.validator.as_slice()) << 32) | U256::from(lane);
        let contract = EntryPointContract::new(self.entry_point.address, &self.node);
        contract
            .getNonce(self.account, key.to::<U192>())
            .call()
            .await
            .map_err(DevError::chain("nonce"))
    }

    /// Calldata of one call by the account.
    #[must_use]
    pub fn execute(target: Address, value: U256, data: &[u8]) -> Bytes {
        let mut single = Vec::with_capacity(52 + data.len());
        single.extend_from_slice(target.as_slice());
        single.extend_from_slice(&value.to_be_bytes::<32>());
        single.extend_from_slice(data);
        Erc7579Account::executeCall { mode: B256::ZERO, executionCalldata: single.into() }
            .abi_encode()
            .into()
    }

    /// Calldata of an ERC-20 transfer by the account.
    #[must_use]
    pub fn transfer(token: Address, to: Address, amount: U256) -> Bytes {
        let inner = Erc20::transferCall { to, value: amount }.abi_encode();
        Self::execute(token, U256::ZERO, &inner)
    }

    /// An operation with gas as the bundler estimates it and fees as it asks for, signed once.
    pub async fn prepare(&self, call_data: Bytes, lane: u32) -> Result<UserOperation, DevError> {
        let nonce = self.next_nonce(lane).await?;
        self.prepare_at(call_data, nonce).await
    }

    /// The same with the nonce given.
    pub async fn prepare_at(
        &self,
        call_data: Bytes,
        nonce: U256,
    ) -> Result<UserOperation, DevError> {
        let price = self.bundler.must("writ_getUserOperationGasPrice", json!([])).await?;
        let mut draft = json!({
            "sender": self.account,
            "nonce": nonce,
            "callData": call_data,
            "signature": stub_signature(),
            "maxFeePerGas": price["standard"]["maxFeePerGas"],
            "maxPriorityFeePerGas": price["standard"]["maxPriorityFeePerGas"],
        });
        let gas = self
            .bundler
            .must("eth_estimateUserOperationGas", json!([draft, self.entry_point.address]))
            .await?;
        for field in ["callGasLimit", "verificationGasLimit", "preVerificationGas"] {
            draft[field] = gas[field].clone();
        }
        let operation =
            UserOperation::from_rpc(&draft, self.entry_point.version).map_err(|error| {
                DevError::Unexpected { what: format!("the operation does not parse: {error}") }
            })?;
        self.sign(operation)
    }

    /// Signs as the owner. v0.8's userOpHash is EIP-712 and is signed as it is; before that the
    /// hash is opaque, so that wallets sign it as a personal message (EIP-191).
    pub fn sign(&self, mut operation: UserOperation) -> Result<UserOperation, DevError> {
        let hash = self.hash(&operation)?;
        let signature = if self.entry_point.version.supports_eip7702() {
            self.owner.sign_hash_sync(&hash)
        } else {
            self.owner.sign_message_sync(hash.as_slice())
        }
        .map_err(|error| DevError::Unexpected { what: format!("signing: {error}") })?;
        operation.signature = signature.as_bytes().to_vec().into();
        Ok(operation)
    }

    /// The operation's userOpHash.
    pub fn hash(&self, operation: &UserOperation) -> Result<B256, DevError> {
        operation
            .hash(self.entry_point.address, self.chain_id, None)
            .map_err(|error| DevError::Unexpected { what: format!("userOpHash: {error}") })
    }

    /// Sends through the bundler's public RPC.
    pub async fn send(
        &self,
        operation: &UserOperation,
    ) -> Result<B256, Result<RpcFailure, DevError>> {
        let params = json!([operation.to_rpc(), self.entry_point.address]);
        let hash = self.bundler.call("eth_sendUserOperation", params).await?;
        serde_json::from_value(hash)
            .map_err(|error| Err(DevError::Unexpected { what: format!("userOpHash: {error}") }))
    }

    /// The public RPC that it talks to.
    #[must_use]
    pub fn bundler(&self) -> &BundlerClient {
        &self.bundler
    }
}

/// A well-formed signature that recovers to nobody in particular, for estimation.
fn stub_signature() -> Bytes {
    let mut stub = [0x11u8; 65];
    stub[64] = 27;
    stub.to_vec().into()
}

/// A provider that signs and sends with `key`.
#[must_use]
pub(super) fn sending_provider(node: Url, key: PrivateKeySigner) -> DynProvider {
    ProviderBuilder::new().wallet(EthereumWallet::from(key)).connect_http(node).erased()
}
