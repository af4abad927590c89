//! The development chain: anvil as a child process on a port of its own.

use std::{net::TcpListener, path::PathBuf, time::Duration};

use alloy::providers::{Provider, ProviderBuilder};
use url::Url;

use super::{ChildProcess, DevError, Workplace};

/// Chain id of the development chain.
pub const CHAIN_ID: u64 = 31_337;

/// How long anvil may take to answer, or to write its state and end.
const LIMIT: Duration = Duration::from_secs(20);

/// A running anvil, that can be stopped and started again on its state.
#[derive(Debug)]
pub struct Chain {
    process: ChildProcess,
    url: Url,
    program: PathBuf,
    arguments: Vec<String>,
    log: PathBuf,
}

impl Chain {
    /// Starts anvil on a free loopback port, mining a block per transaction.
    pub async fn start(workplace: &Workplace) -> Result<Self, DevError> {
        let program = anvil_program(workplace)?;
        let port = free_port()?;
        let state = workplace.folder().join("chain.json");
        let arguments = vec![
            "--host=127.0.0.1".to_owned(),
            format!("--port={port}"),
            format!("--chain-id={CHAIN_ID}"),
            "--hardfork=prague".to_owned(),
            "--accounts=10".to_owned(),
            format!("--state={}", state.display()),
            // Its default is a folder of the user's, which grows by gigabytes and that nobody empties.
            format!("--cache-path={}", workplace.folder().join("anvil-cache").display()),
            "--silent".to_owned(),
        ];
        let log = workplace.log("anvil");
        let process = ChildProcess::start("anvil", &program, &arguments, log.clone())?;
        let mut chain = Self { process, url: local_url(port)?, program, arguments, log };
        chain.ready().await?;
        Ok(chain)
    }

    async fn ready(&mut self) -> Result<(), DevError> {
        let provider = ProviderBuilder::new().connect_http(self.url.clone());
        self.process.wait_until(LIMIT, || async { provider.get_chain_id().await.is_ok() }).await
    }

    /// JSON-RPC URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Process id, while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Ends anvil, which keeps blocks and state on the disk. Transactions that wait are lost.
    pub async fn stop(&mut self) -> Result<(), DevError> {
        self.process.end(LIMIT).await
    }

    /// Starts anvil again, at the same URL, with the blocks that it had.
    pub async fn restart(&mut self) -> Result<(), DevError> {
        self.process =
            ChildProcess::start("anvil", &self.program, &self.arguments, self.log.clone())?;
        self.ready().await
    }
}

/// A loopback port that was free a moment ago.
pub fn free_port() -> Result<u16, DevError> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(DevError::Port)?;
    Ok(listener.local_addr().map_err(DevError::Port)?.port())
}

/// `http://127.0.0.1:port`.
pub(super) fn local_url(port: u16) -> Result<Url, DevError> {
    Url::parse(&format!("http://127.0.0.1:{port}"))
        .map_err(|_| DevError::Unexpected { what: format!("no URL for port {port}") })
}

/// The native anvil of the pinned toolchain, or the one on the PATH.
fn anvil_program(workplace: &Workplace) -> Result<PathBuf, DevError> {
    let pinned = workplace.node_modules().join(format!(
        "@foundry-rs/anvil-{}-{}/bin/anvil",
        std::env::consts::OS,
        match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        }
    ));
    if pinned.is_file() {
        return Ok(pinned);
    }
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join("anvil"))
        .find(|candidate| candidate.is_file())
        .ok_or(DevError::AnvilMissing)
}
