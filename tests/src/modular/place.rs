//! Where accounts are deployed: on a chain in memory, or on a node.

use alloy::{
    primitives::{Address, Bytes, U256},
    signers::local::PrivateKeySigner,
};
use serde_json::json;
use tokio::{runtime::Handle, task::block_in_place};
use writ_simulation::test_utils::{self, TestChain};
use writ_types::EntryPoint;

use crate::{Account, Node, RICH};

/// A chain that contracts can be put on.
pub trait Place {
    /// Deploys a contract.
    fn create(&mut self, creation_code: Bytes) -> Address;
    /// Sends a transaction, which must succeed; what the call returned.
    fn send(&mut self, to: Address, data: Bytes) -> Bytes;
    /// Puts code at an address.
    fn put(&mut self, at: Address, code: Bytes);
    /// Delegates the account of a key (EIP-7702).
    fn delegate(&mut self, key: &PrivateKeySigner, to: Address);
    /// Who sends the transactions.
    fn sender(&self) -> Address;

    /// Deploys a contract that is larger than EIP-170 allows: its creation code runs as the code of `at`, and what it
    /// returns takes its place.
    fn create_large(&mut self, at: Address, creation_code: Bytes) -> Address {
        self.put(at, creation_code);
        let code = self.send(at, Bytes::new());
        self.put(at, code);
        at
    }
}

impl Place for TestChain {
    fn create(&mut self, creation_code: Bytes) -> Address {
        Self::create(self, creation_code)
    }

    fn send(&mut self, to: Address, data: Bytes) -> Bytes {
        Self::send(self, to, data, U256::ZERO)
    }

    fn put(&mut self, at: Address, code: Bytes) {
        Self::put(self, at, code);
    }

    fn delegate(&mut self, key: &PrivateKeySigner, to: Address) {
        Self::put(self, key.address(), [&[0xef, 0x01, 0x00], to.as_slice()].concat());
    }

    fn sender(&self) -> Address {
        test_utils::RICH
    }
}

/// On a runtime with more than one thread.
impl Place for Node {
    fn create(&mut self, creation_code: Bytes) -> Address {
        wait(Self::create(self, &creation_code))
    }

    fn send(&mut self, to: Address, data: Bytes) -> Bytes {
        let call = json!([{"from": RICH, "to": to, "data": data, "gas": "0x1000000"}, "latest"]);
        let answer = wait(self.must("eth_call", call));
        wait(Self::send(self, to, data, U256::ZERO));
        serde_json::from_value(answer).expect("bytes")
    }

    fn put(&mut self, at: Address, code: Bytes) {
        wait(self.must("anvil_setCode", json!([at, code])));
    }

    fn delegate(&mut self, key: &PrivateKeySigner, to: Address) {
        // The tuple names no EntryPoint.
        let entry_point = EntryPoint::canonical(writ_types::EntryPointVersion::V08);
        let account = Account::delegated(entry_point, key.clone());
        let nonce = wait(self.account_nonce(account.address));
        wait(Self::delegate(self, &account.tuple(to, nonce)));
    }

    fn sender(&self) -> Address {
        RICH
    }
}

fn wait<F: Future>(future: F) -> F::Output {
    block_in_place(|| Handle::current().block_on(future))
}
