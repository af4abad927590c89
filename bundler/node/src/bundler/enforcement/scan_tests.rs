//! Scans of a real chain, within bounds that are reached soon.

use alloy::{
    primitives::{U256, hex},
    sol_types::{SolEvent, SolValue},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use writ_bindings::Erc7579Account;
use writ_simulation::{NodeOptions, StateOptions, StateProvider};

use super::*;
use crate::dev::{Chain, Workplace};

const SENDER: Address = alloy::primitives::address!("3C44CdDdB6a900fa2b585dd299e03d12FA4293BC");
const WHOLE: ScanLimits =
    ScanLimits { step: 2, blocks: 1_000, logs: 100, time: Duration::from_secs(60) };

/// A chain with a contract that logs whatever it is called with as `ModuleInstalled`.
struct Stage {
    _chain: Chain,
    _folder: TempDir,
    state: StateProvider,
    account: Address,
    born: u64,
}

impl Stage {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let place = folder.path().join("writ");
        let workplace = Workplace::open(place, root, "writ".into()).unwrap();
        let chain = Chain::start(&workplace).await.unwrap();
        let client = NodeClient::new(chain.url().as_str(), NodeOptions::default()).unwrap();
        let state = StateProvider::new(client, StateOptions::default());
        let mut stage =
            Self { _chain: chain, _folder: folder, state, account: Address::ZERO, born: 0 };
        stage.mine(4).await;
        let topic = Erc7579Account::ModuleInstalled::SIGNATURE_HASH;
        let code = [&hex!("365f5f377f")[..], topic.as_slice(), &hex!("365fa100")].concat();
        let code =
            [&hex!("61")[..], &[0, code.len() as u8], &hex!("80600a3d393df3"), &code].concat();
        let receipt = stage.transact(json!({"from": SENDER, "data": Bytes::from(code)})).await;
        stage.account = serde_json::from_value(receipt["contractAddress"].clone()).unwrap();
        stage.born = serde_json::from_value::<U256>(receipt["blockNumber"].clone()).unwrap().to();
        stage
    }

    async fn ask(&self, method: &'static str, params: Value) -> Value {
        self.state.client().request(method, params).await.unwrap()
    }

    async fn transact(&self, request: Value) -> Value {
        let hash = self.ask("eth_sendTransaction", json!([request])).await;
        for _ in 0..1_000 {
            let receipt = self.ask("eth_getTransactionReceipt", json!([hash])).await;
            if !receipt.is_null() {
                return receipt;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{request} is not mined");
    }

    async fn mine(&self, blocks: u64) {
        self.ask("anvil_mine", json!([U256::from(blocks)])).await;
    }

    async fn install(&self, module: u8) -> Event {
        let module = Address::repeat_byte(module);
        let data = Bytes::from((U256::from(1), module).abi_encode_params());
        self.transact(json!({"from": SENDER, "to": self.account, "data": data})).await;
        Event::Installed(Some(1), module)
    }

    async fn scan(&self, before: Option<Scan>, limits: ScanLimits) -> Scan {
        let block = self.state.latest().await.unwrap();
        Scan::of(self.state.client(), self.account, &block, before, limits).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_goes_back_to_the_accounts_first_block_and_on_from_where_it_was() {
    let stage = Stage::new().await;
    let first = stage.install(1).await;
    stage.mine(5).await;
    let second = stage.install(2).await;
    let scan = stage.scan(None, WHOLE).await;
    assert_eq!(scan.partial, None);
    assert_eq!(scan.events, [first, second], "oldest first");
    assert!(scan.from <= stage.born && scan.from > 0, "{}: born in {}", scan.from, stage.born);
    // In one step down to the first block of all.
    let all = stage.scan(None, ScanLimits { step: 1_000, ..WHOLE }).await;
    assert_eq!((all.from, &all.partial, &all.events), (0, &None, &scan.events));

    let third = stage.install(3).await;
    let asked = stage.state.client().stats().calls;
    let on = stage.scan(Some(scan.clone()), WHOLE).await;
    assert_eq!((on.from, &on.partial), (scan.from, &None));
    assert_eq!(on.events, [first, second, third]);
    // The block, whether the former one stands, the logs, and whether the new one stands.
    assert!(stage.state.client().stats().calls - asked <= 5);

    // Another branch: what was read of the former one does not count.
    let gone = Scan { to_hash: B256::ZERO, events: vec![third], ..scan };
    assert_eq!(stage.scan(Some(gone), WHOLE).await.events, [first, second, third]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_beyond_a_bound_makes_it_partial() {
    let stage = Stage::new().await;
    let first = stage.install(1).await;
    stage.mine(6).await;
    let second = stage.install(2).await;
    let young = stage.scan(None, ScanLimits { blocks: 4, ..WHOLE }).await;
    assert!(young.partial.as_ref().is_some_and(|why| why.contains("older than 4 blocks")));
    assert_eq!((&young.events[..], young.settled), (&[second][..], true));
    // Going on from there does not make it whole.
    let third = stage.install(3).await;
    let on = stage.scan(Some(young), WHOLE).await;
    assert!(on.partial.is_some());
    assert_eq!(on.events, [second, third]);

    let many = stage.scan(None, ScanLimits { logs: 2, ..WHOLE }).await;
    assert!(many.partial.as_ref().is_some_and(|why| why.contains("more than 2 events")));
    // What did not come in time is read the next time.
    let late = stage.scan(None, ScanLimits { time: Duration::ZERO, ..WHOLE }).await;
    assert!(late.partial.is_some() && !late.settled);
    let whole = stage.scan(Some(late), WHOLE).await;
    assert_eq!((&whole.partial, &whole.events[..]), (&None, &[first, second, third][..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_gone_proves_nothing() {
    let mut stage = Stage::new().await;
    let block = stage.state.latest().await.unwrap();
    stage._chain.stop().await.unwrap();
    let limits = ScanLimits { time: Duration::from_secs(2), ..WHOLE };
    let scan = Scan::of(stage.state.client(), stage.account, &block, None, limits).await;
    assert!(scan.partial.is_some() && !scan.settled && scan.events.is_empty());
    assert!(scan.from > scan.to, "no block was read");
}
