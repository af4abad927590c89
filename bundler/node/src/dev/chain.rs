//! The development chain: anvil as a child process on a port of its own.

use std::{net::TcpListener, path::PathBuf, time::Duration};

use alloy::{
    providers::{Provider, ProviderBuilder},
};
use url::Url;

use super::{ChildProcess, DevError, Workplace};

/// Chain id of the development chain.
pub const CHAIN_ID: u64 = 31_337;

/// A running anvil.
#[derive(Debug)]
pub struct Chain {
    process: ChildProcess,
    url: Url,
}

impl Chain {
    /// Starts anvil on a free loopback port, mining a block per transaction.
    pub async fn start(workplace: &Workplace) -> Result<Self, DevError> {
        let program = anvil_program(workplace)?;
        let port = free_port()?;
        let arguments = [
            "--host", "127.0.0.1", "--port", &port.to_string(), "--chain-id",
            &CHAIN_ID.to_string(), "--hardfork", "prague", "--accounts", "10", "--silent",
        ]
        .map(str::to_owned);
        let log = workplace.log("anvil");
        let mut process = ChildProcess::start("anvil", &program, &arguments, log)?;
        let url = local_url(port)?;
        let provider = ProviderBuilder::new().connect_http(url.clone());
        process
            .wait_until(Duration::from_secs(20), || async { provider.get_chain_id().await.is_ok() })
            .await?;
        Ok(Self { process, url })
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

    /// Ends anvil.
    pub async fn stop(&mut self) -> Result<(), DevError> {
        self.process.kill().await
    }
}

/// A loopback port that was free a moment ago.
pub fn free_port() -> Result<u16, DevError> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(DevError::Port)?;
    Ok(listener.local_addr().map_err(DevError::Port)?.port())
}

/// `http://127.0.0.1:port`.
pub(super) fn local_url(port: u16) -> Result<Url, DevError> {
    Url::parse(&format!("http://127.0.0.1:{port}")).map_err(|_| DevError::Unexpected {
        what: format!("no URL for port {port}"),
    })
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
