//! What a running bundler serves to Prometheus.

use std::collections::BTreeMap;

use alloy::primitives::{Address, U256};
use serde_json::json;
use writ_node::{dev::free_port, metrics::METRICS};
use writ_tests::{Ground, INCLUSION_LIMIT, complaint, ether, eventually, execute, get_text, writ};

const PROGRAM: &str = env!("CARGO_BIN_EXE_writ-under-test");

/// Names, with their labels, and values of a scrape.
type Scrape = BTreeMap<String, f64>;

async fn scrape(port: u16) -> Scrape {
    let url = format!("http://127.0.0.1:{port}").parse().expect("a URL");
    let text = get_text(&url, "/metrics").await;
    let samples = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').expect("a name and a value");
        (name.to_owned(), value.parse().expect("a number"))
    };
    samples.map(sample).collect()
}

/// All samples of a name together.
fn sum(scrape: &Scrape, name: &str) -> f64 {
    let of = |key: &&String| key.split('{').next() == Some(name);
    scrape.iter().filter(|(key, _)| of(key)).map(|(_, value)| value).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_counted_under_the_names_that_are_documented() {
    let ground = Ground::start(PROGRAM).await;
    ground.hold().await;
    let port = free_port().expect("a port");
    // Its account has money, unlike the other bundler's.
    let signer = format!("--signer-address={}", writ_tests::RICH);
    let mut arguments =
        ground.arguments_with(&[format!("--metrics-listen=127.0.0.1:{port}"), signer]);
    arguments.retain(|argument| !argument.starts_with("--signer-key-file="));
    let (_process, bundler) = ground.second(PROGRAM, &arguments).await;

    let version = ground.entry_points.last().expect("an EntryPoint").version;
    let account = ground.simple(version, "counted", ether(10)).await;
    let call_data = execute(Address::repeat_byte(1), U256::from(1), vec![]);
    let operation = ground.ready(&account, call_data).await;
    let at = writ_types::EntryPoint::canonical(version).address;
    let mut forged = operation.clone();
    forged.call_gas_limit += 1;
    let params = json!([forged.to_rpc(), at]);
    bundler.refused("eth_sendUserOperation", params, -32507).await;
    let hash = bundler.must("eth_sendUserOperation", json!([operation.to_rpc(), at])).await;
    let hash = serde_json::from_value(hash).expect("a hash");
    bundler.client().receipt(hash, INCLUSION_LIMIT).await.unwrap_or_else(|e| panic!("{e}"));

    let scraped = eventually("the bundle is settled", INCLUSION_LIMIT, || async {
        let scraped = scrape(port).await;
        scraped.contains_key("writ_transactions_total{event=\"included\"}").then_some(scraped)
    })
    .await;
    let exactly = |name: &str, expected: f64| {
        assert_eq!(scraped.get(name), Some(&expected), "{name}: {scraped:#?}");
    };
    exactly("writ_operations_admitted_total", 1.0);
    exactly("writ_operations_refused_total", 1.0);
    exactly("writ_rpc_requests_total{method=\"eth_sendUserOperation\",code=\"0\"}", 1.0);
    exactly("writ_rpc_requests_total{method=\"eth_sendUserOperation\",code=\"-32507\"}", 1.0);
    exactly("writ_transactions_total{event=\"signed\"}", 1.0);
    exactly("writ_transactions_total{event=\"included\"}", 1.0);
    exactly("writ_pool_operations{status=\"pending\"}", 0.0);
    exactly("writ_healthy{part=\"node\"}", 1.0);
    exactly("writ_node_calls_total{method=\"eth_signTransaction\"}", 1.0);
    for name in ["writ_simulation_seconds_count", "writ_node_request_seconds_count"] {
        assert!(sum(&scraped, name) > 0.0, "{name}");
    }
    assert!(sum(&scraped, "writ_signer_balance_wei") > 1e18);
    assert!(sum(&scraped, "writ_head_block") > 0.0);
    for name in scraped.keys().map(|key| key.split('{').next().expect("a name")) {
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        let known = |metric: &writ_node::metrics::Metric| {
            metric.name == name || base.is_some_and(|base| metric.name == base)
        };
        assert!(METRICS.iter().any(known), "{name} is not documented");
    }

    // An address that is taken is said at start.
    let taken = ground.arguments_with(&[format!("--metrics-listen=127.0.0.1:{port}")]);
    let said = complaint(&writ(PROGRAM, &taken, None).await);
    assert!(said.contains("--metrics-listen"), "{said}");
}
