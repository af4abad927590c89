//! The development chain from outside: transactions of its unlocked accounts, and its control methods.

use std::time::Duration;

use alloy::{
    eips::eip7702::SignedAuthorization,
    primitives::{Address, Bytes, U256, aliases::U192},
    sol_types::SolCall,
};
use serde_json::{Value, json};
use url::Url;
use writ_bindings::{DETERMINISTIC_DEPLOYER, EntryPoint as EntryPointAbi};
use writ_simulation::test_utils::{entry_point_creation_code, entry_point_salt};
use writ_types::{EntryPoint, EntryPointVersion};

use crate::Rpc;

/// anvil's third account, which everything is deployed and paid from. The first two are the demonstration's.
pub const RICH: Address = alloy::primitives::address!("3C44CdDdB6a900fa2b585dd299e03d12FA4293BC");

/// The node.
#[derive(Clone, Debug)]
pub struct Node {
    rpc: Rpc,
    url: Url,
}

impl Node {
    /// The node at `url`.
    pub fn new(url: Url) -> Self {
        Self { rpc: Rpc::new(url.clone()), url }
    }

    /// Where it answers.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Any call, which must succeed.
    pub async fn must(&self, method: &'static str, params: Value) -> Value {
        self.rpc.must(method, params).await
    }

    /// A transaction of an unlocked account, which must be mined soon and succeed; its receipt.
    ///
    /// # Panics
    /// When it does not.
    pub async fn transact(&self, request: Value) -> Value {
        let hash = self.must("eth_sendTransaction", json!([request])).await;
        let mut receipt = Value::Null;
        for _ in 0..1_000 {
            receipt = self.must("eth_getTransactionReceipt", json!([hash])).await;
            if !receipt.is_null() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(receipt["status"], "0x1", "{request}: {receipt}");
        receipt
    }

    /// A call of a contract from the rich account.
    pub async fn send(&self, to: Address, data: Bytes, value: U256) -> Value {
        self.transact(
            json!({"from": RICH, "to": to, "data": data, "value": value, "gas": "0x1000000"}),
        )
        .await
    }

    /// A transaction of the rich account that delegates another one, and does nothing else.
    pub async fn delegate(&self, tuple: &SignedAuthorization) {
        let list = json!([{
            "chainId": tuple.chain_id(), "address": tuple.address(), "nonce": U256::from(tuple.nonce()),
            "yParity": U256::from(tuple.y_parity()), "r": tuple.r(), "s": tuple.s(),
        }]);
        let to = Address::repeat_byte(0xf1);
        self.transact(
            json!({"from": RICH, "to": to, "gas": "0x100000", "authorizationList": list}),
        )
        .await;
    }

    /// Deploys a contract.
    ///
    /// # Panics
    /// When it is not deployed.
    pub async fn create(&self, creation_code: &[u8]) -> Address {
        let data = Bytes::copy_from_slice(creation_code);
        let receipt = self.transact(json!({"from": RICH, "data": data, "gas": "0x1000000"})).await;
        serde_json::from_value(receipt["contractAddress"].clone()).expect("an address")
    }

    /// What a contract answers.
    pub async fn read<C: SolCall>(&self, to: Address, call: C) -> C::Return {
        let data = Bytes::from(call.abi_encode());
        let answer = self.must("eth_call", json!([{"to": to, "data": data}, "latest"])).await;
        let answer: Bytes = serde_json::from_value(answer).expect("bytes");
        C::abi_decode_returns(&answer).expect("an answer")
    }

    /// Code of an account.
    pub async fn code(&self, address: Address) -> Bytes {
        let code = self.must("eth_getCode", json!([address, "latest"])).await;
        serde_json::from_value(code).expect("bytes")
    }

    /// Transactions (and delegations) of an account.
    pub async fn account_nonce(&self, address: Address) -> u64 {
        let nonce = self.must("eth_getTransactionCount", json!([address, "latest"])).await;
        serde_json::from_value::<U256>(nonce).expect("a number").to()
    }

    /// Wei of an account.
    pub async fn balance(&self, address: Address) -> U256 {
        let balance = self.must("eth_getBalance", json!([address, "latest"])).await;
        serde_json::from_value(balance).expect("a number")
    }

    /// Gives an account this balance.
    pub async fn set_balance(&self, address: Address, wei: U256) {
        self.must("anvil_setBalance", json!([address, wei])).await;
    }

    /// Number of the newest block.
    pub async fn block_number(&self) -> u64 {
        let number = self.must("eth_blockNumber", json!([])).await;
        serde_json::from_value::<U256>(number).expect("a number").to()
    }

    /// Makes empty blocks.
    pub async fn mine(&self, blocks: u64) {
        self.must("anvil_mine", json!([U256::from(blocks)])).await;
    }

    /// The sender's next nonce under a key.
    pub async fn nonce(&self, entry_point: EntryPoint, sender: Address, key: U192) -> U256 {
        self.read(entry_point.address, EntryPointAbi::getNonceCall { sender, key }).await
    }

    /// Deploys an EntryPoint as it is on every chain; `None` for v0.9 where its code is not on the machine.
    ///
    /// # Panics
    /// When it does not land where it belongs.
    pub async fn deploy_entry_point(&self, version: EntryPointVersion) -> Option<EntryPoint> {
        let code = entry_point_creation_code(version)?;
        let data = [entry_point_salt(version).as_slice(), &code].concat();
        self.send(DETERMINISTIC_DEPLOYER, data.into(), U256::ZERO).await;
        let entry_point = EntryPoint::canonical(version);
        assert!(!self.code(entry_point.address).await.is_empty(), "{entry_point} is not there");
        Some(entry_point)
    }
}
