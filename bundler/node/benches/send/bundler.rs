//! A `writ bundler` as a child process that does not bundle while it is measured.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use alloy::{
    primitives::{U256, hex},
    signers::local::PrivateKeySigner,
};
use serde_json::{Value, json};
use url::Url;
use writ_bindings::module_address;
use writ_node::dev::{BundlerClient, ChildProcess, free_port};

use crate::world::{ENTRY_POINT, World};

/// The builder's first look comes this long after the start; by then the bundler has to be gone.
const QUIET: Duration = Duration::from_secs(60);

/// The bundler.
pub(crate) struct Bundler {
    client: BundlerClient,
    process: ChildProcess,
    started: Instant,
}

impl Bundler {
    /// Starts it on a store of its own, with its gate in this mode and nobody to ask for attestations.
    pub(crate) async fn start(world: &World, gate: &str) -> Self {
        let key = PrivateKeySigner::random();
        let name = format!("bundler-{}", hex::encode(&key.address()[..4]));
        world.set_balance(key.address(), U256::from(10).pow(U256::from(19))).await;
        let key_file = world.workplace.key_file(&name, &key).expect("a key's file");
        let port = free_port().expect("a port");
        let url = Url::parse(&format!("http://127.0.0.1:{port}")).expect("a URL");
        let arguments = [
            "bundler".to_owned(),
            format!("--node-url={}", world.chain.url()),
            format!("--listen=127.0.0.1:{port}"),
            format!("--data-dir={}", world.folder().join(&name).display()),
            format!("--signer-key-file={}", key_file.display()),
            format!("--entry-points={}", ENTRY_POINT.address),
            format!("--gate={gate}"),
            format!("--modules={}", module_address()),
            format!("--policies={}", world.workplace.policies().display()),
            format!("--poll-interval-ms={}", QUIET.as_millis()),
        ];
        let started = Instant::now();
        let log = world.workplace.log(&name);
        let program = Path::new(env!("CARGO_BIN_EXE_writ"));
        let mut process =
            ChildProcess::start(&name, program, &arguments, log).expect("the bundler starts");
        let client = BundlerClient::new(url);
        let answers = || async { client.must("eth_supportedEntryPoints", json!([])).await.is_ok() };
        process.wait_until(Duration::from_secs(30), answers).await.expect("the bundler serves");
        Self { client, process, started }
    }

    /// A client of its public RPC.
    pub(crate) const fn client(&self) -> &BundlerClient {
        &self.client
    }

    /// Ends it. Fails when it bundled while it was measured.
    pub(crate) async fn end(mut self, world: &World) {
        let ran = self.started.elapsed();
        let waiting: Value = world.request("txpool_status", json!([])).await;
        self.process.kill().await.expect("the bundler ends");
        assert!(ran < QUIET, "measuring took {ran:?}: the builder looked around meanwhile");
        assert_eq!(waiting, json!({"pending": "0x0", "queued": "0x0"}), "a bundle was sent");
    }
}
