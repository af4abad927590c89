//! anvil as a child process that can be stopped, killed and started again with its state.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tokio::time::sleep;
use writ_simulation::{NodeClient, NodeOptions};

/// The repository's root, where `npm ci` puts its tools.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn binary() -> PathBuf {
    let modules = root().join("node_modules");
    let native = modules.join("@foundry-rs/anvil-linux-amd64/bin/anvil");
    let path = if native.exists() { native } else { modules.join(".bin/anvil") };
    assert!(path.exists(), "anvil is missing: run `npm ci` in the repository's root");
    path
}

pub struct Anvil {
    child: Option<Child>,
    port: u16,
    arguments: Vec<String>,
}

impl Anvil {
    /// A chain of its own. `state`: where it is kept over a restart.
    pub async fn start(arguments: &[&str], state: Option<&Path>) -> Self {
        let port =
            TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
        let mut arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        if let Some(state) = state {
            arguments.extend(["--state".to_owned(), state.display().to_string()]);
        }
        let mut anvil = Self { child: None, port, arguments };
        anvil.resume().await;
        anvil
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn node(&self) -> NodeClient {
        let quick = NodeOptions {
            timeout: Duration::from_secs(5),
            retries: 1,
            first_pause: Duration::from_millis(20),
            ..NodeOptions::default()
        };
        NodeClient::new(&self.url(), quick).expect("a URL")
    }

    /// Starts it (again) on the same port.
    pub async fn resume(&mut self) {
        let child = Command::new(binary())
            .args([
                "--port",
                &self.port.to_string(),
                "--chain-id",
                "31337",
                "--hardfork",
                "prague",
                "--silent",
            ])
            .args(&self.arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("anvil starts");
        self.child = Some(child);
        let node = self.node();
        let began = Instant::now();
        while node.chain_id().await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "anvil does not answer");
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Stops it in an orderly way, so that its state is on disk.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let id = child.id().to_string();
            let _ = Command::new("kill").args(["-TERM", &id]).status();
            let _ = child.wait();
        }
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
