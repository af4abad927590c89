//! A real node behind the proxy, with one EntryPoint and one account's factory on it.

use std::time::Duration;

use alloy::{
    network::TransactionBuilder,
    node_bindings::{Anvil, AnvilInstance},
    primitives::{Address, B256, Bytes, U256, address},
    providers::Provider,
    rpc::types::TransactionRequest,
    sol_types::SolValue,
};
use writ_simulation::{
    NodeClient, NodeOptions, SimulationRequest, StateOptions, StateProvider,
    test_utils::{
        SimpleAccount, TestChain, artifact, entry_point_creation_code, execute_call, workspace_root,
    },
};
use writ_types::{EntryPoint, EntryPointVersion, UserOperation};

use crate::proxy::Proxy;

const DEPLOYER: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");
pub(crate) const PAYEE: Address = Address::repeat_byte(0x5b);

/// anvil with one EntryPoint and a deployed account, and the proxy before it.
pub(crate) struct World {
    anvil: AnvilInstance,
    pub(crate) direct: NodeClient,
    pub(crate) proxy: Proxy,
    pub(crate) account: SimpleAccount,
    pub(crate) entry_point: EntryPoint,
}

pub(crate) fn options() -> NodeOptions {
    NodeOptions { first_pause: Duration::from_millis(5), ..NodeOptions::default() }
}

impl World {
    pub(crate) async fn new(version: EntryPointVersion) -> Self {
        let path = workspace_root().join("node_modules/.bin/anvil");
        assert!(path.exists(), "{} is absent: run `npm ci`", path.display());
        // The account's addresses and the tests' signatures are for this chain id.
        let anvil = Anvil::at(path).args(["--hardfork", "prague", "--chain-id", "31337"]).spawn();
        let direct = NodeClient::new(&anvil.endpoint(), options()).unwrap();
        let proxy = Proxy::before(anvil.endpoint()).await;
        let entry_point = EntryPoint::canonical(version);
        let (mut chain, _) = TestChain::with_entry_point(version).unwrap();
        let mut account = SimpleAccount::new(&mut chain, entry_point, 40);
        let mut world = Self { anvil, direct, proxy, account: account.clone(), entry_point };

        let salt: B256 = match version {
            EntryPointVersion::V07 => {
                "0x90d8084deab30c2a37c45e8d47f49f2f7965183cb6990a98943ef94940681de3"
            }
            _ => "0x0a59dbff790c23c976a548690c27297883cc66b4c67024f9117b0238995e35e9",
        }
        .parse()
        .unwrap();
        let code = entry_point_creation_code(version).unwrap();
        let data = [salt.as_slice(), &code].concat();
        world.send(Some(DEPLOYER), data.into(), U256::ZERO).await;
        let mut factory = artifact(version, "SimpleAccountFactory").to_vec();
        factory.extend(entry_point.address.abi_encode());
        let receipt = world.send(None, factory.into(), U256::ZERO).await;
        account.factory = receipt.contract_address.unwrap();
        account.address = world.counterfactual(&account).await;
        world.send(Some(account.address), Bytes::new(), U256::from(10).pow(U256::from(18))).await;
        world.account = account;
        world
    }

    /// What the factory says, asked of the node by a plain call.
    async fn counterfactual(&self, account: &SimpleAccount) -> Address {
        let selector = &alloy::primitives::keccak256("getAddress(address,uint256)")[..4];
        let data = [selector, &(account.owner.address(), U256::from(40)).abi_encode()].concat();
        let call = TransactionRequest::default().with_to(account.factory).with_input(data);
        let answer = self.direct.provider().call(call).await.unwrap();
        Address::abi_decode(&answer).unwrap()
    }

    pub(crate) async fn send(
        &self,
        to: Option<Address>,
        data: Bytes,
        value: U256,
    ) -> alloy::rpc::types::TransactionReceipt {
        let mut tx = TransactionRequest::default()
            .with_from(self.anvil.addresses()[0])
            .with_input(data)
            .with_value(value)
            .with_gas_limit(12_000_000);
        match to {
            Some(to) => tx.set_to(to),
            None => tx.set_kind(alloy::primitives::TxKind::Create),
        }
        let provider = self.direct.provider();
        let hash: B256 = self.direct.request("eth_sendTransaction", (tx,)).await.unwrap();
        for _ in 0..100 {
            if let Some(receipt) = provider.get_transaction_receipt(hash).await.unwrap() {
                assert!(receipt.status(), "transaction failed");
                return receipt;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("not included");
    }

    pub(crate) fn state(&self) -> StateProvider {
        let client = NodeClient::new(&self.proxy.url, options()).unwrap();
        StateProvider::new(client, StateOptions::default())
    }

    pub(crate) fn request(&self, op: UserOperation) -> SimulationRequest {
        SimulationRequest::single(self.entry_point, op)
    }
}

pub(crate) fn transfer(wei: u64) -> Bytes {
    execute_call(PAYEE, U256::from(wei), Bytes::new())
}
