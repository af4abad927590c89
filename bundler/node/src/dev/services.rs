//! The demonstration's services: operators and bundler, each this same program as a child process.

use std::{path::PathBuf, time::Duration};

use alloy::{
    primitives::{Address, hex},
    rpc::client::RpcClient,
    signers::local::PrivateKeySigner,
};
use serde_json::Value;
use url::Url;

use super::{
    ChildProcess, DevError, Workplace,
    chain::{free_port, local_url},
};

/// How long a service may take to answer its first request.
const START_LIMIT: Duration = Duration::from_secs(30);

/// An operator that can be killed and started again on the same key, store and socket.
#[derive(Debug)]
pub struct OperatorProcess {
    name: String,
    address: Address,
    url: Url,
    program: PathBuf,
    arguments: Vec<String>,
    log: PathBuf,
    process: ChildProcess,
}

impl OperatorProcess {
    /// Starts operator number `number` with a fresh key.
    pub async fn start(
        workplace: &Workplace,
        number: usize,
        key: &PrivateKeySigner,
        node: &Url,
    ) -> Result<Self, DevError> {
        let name = format!("operator-{number}");
        let port = free_port()?;
        let url = local_url(port)?;
        let program = workplace.program().to_owned();
        let key_file = workplace.key_file(&name, key)?;
        let arguments = vec![
            "operator".to_owned(),
            format!("--node-url={node}"),
            format!("--listen=127.0.0.1:{port}"),
            format!("--data-dir={}", workplace.folder().join(&name).display()),
            format!("--key-file={}", key_file.display()),
            format!("--policies={}", workplace.policies().display()),
        ];
        let log = workplace.log(&name);
        let process = ChildProcess::start(&name, &program, &arguments, log.clone())?;
        let address = key.address();
        let mut operator = Self { name, address, url, program, arguments, log, process };
        operator.ready().await?;
        Ok(operator)
    }

    /// The address of its key.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.address
    }

    /// Where it answers.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// Ends it as a crash would.
    pub async fn kill(&mut self) -> Result<(), DevError> {
        self.process.kill().await
    }

    /// Starts it again on what its store kept.
    pub async fn restart(&mut self) -> Result<(), DevError> {
        self.process =
            ChildProcess::start(&self.name, &self.program, &self.arguments, self.log.clone())?;
        self.ready().await
    }

    async fn ready(&mut self) -> Result<(), DevError> {
        let client = RpcClient::new_http(self.url.clone());
        let answers =
            || async { client.request_noparams::<Value>("operator_identity").await.is_ok() };
        self.process.wait_until(START_LIMIT, answers).await
    }
}

/// A bundler that can be killed and started again on the same key, store and socket.
#[derive(Debug)]
pub struct BundlerProcess {
    url: Url,
    program: PathBuf,
    arguments: Vec<String>,
    log: PathBuf,
    process: ChildProcess,
}

impl BundlerProcess {
    /// Starts the bundler over `node`, asking `operators`.
    pub async fn start(
        workplace: &Workplace,
        port: u16,
        key: &PrivateKeySigner,
        node: &Url,
        module: Address,
        operators: &[OperatorProcess],
    ) -> Result<Self, DevError> {
        let url = local_url(port)?;
        let program = workplace.program().to_owned();
        let key_file = workplace.key_file("bundler", key)?;
        let operators: Vec<&str> = operators.iter().map(|one| one.url().as_str()).collect();
        let arguments = vec![
            "bundler".to_owned(),
            format!("--node-url={node}"),
            format!("--listen=127.0.0.1:{port}"),
            format!("--data-dir={}", workplace.folder().join("bundler").display()),
            format!("--signer-key-file={}", key_file.display()),
            format!("--modules={module}"),
            format!("--operators={}", operators.join(",")),
            format!("--policies={}", workplace.policies().display()),
            "--poll-interval-ms=100".to_owned(),
        ];
        let log = workplace.log("bundler");
        let process = ChildProcess::start("bundler", &program, &arguments, log.clone())?;
        let mut bundler = Self { url, program, arguments, log, process };
        bundler.ready().await?;
        Ok(bundler)
    }

    /// Starts one more bundler beside this one, on a socket of its own, with `settings` in place of the same ones of this.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn beside(&self, name: &str, settings: &[String]) -> Result<Self, DevError> {
        let port = free_port()?;
        let own = [&[format!("--listen=127.0.0.1:{port}")], settings].concat();
        let named = |argument: &str| argument.split('=').next().unwrap_or_default().to_owned();
        let replaced: Vec<String> = own.iter().map(|argument| named(argument)).collect();
        let mut arguments = self.arguments.clone();
        arguments.retain(|argument| !replaced.contains(&named(argument)));
        arguments.extend(own);
        let log = self.log.with_file_name(format!("{name}.log"));
        let process = ChildProcess::start(name, &self.program, &arguments, log.clone())?;
        let (url, program) = (local_url(port)?, self.program.clone());
        let mut bundler = Self { url, program, arguments, log, process };
        bundler.ready().await?;
        Ok(bundler)
    }

    /// Where it answers.
    #[must_use]
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// What it was told on its command line.
    #[must_use]
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }

    /// Ends it as a crash would.
    pub async fn kill(&mut self) -> Result<(), DevError> {
        self.process.kill().await
    }

    /// Starts it again on what its store kept.
    pub async fn restart(&mut self) -> Result<(), DevError> {
        self.process =
            ChildProcess::start("bundler", &self.program, &self.arguments, self.log.clone())?;
        self.ready().await
    }

    async fn ready(&mut self) -> Result<(), DevError> {
        let client = RpcClient::new_http(self.url.clone());
        let answers =
            || async { client.request_noparams::<Value>("eth_supportedEntryPoints").await.is_ok() };
        self.process.wait_until(START_LIMIT, answers).await
    }
}

/// A key from one of anvil's public development keys, by its number.
pub(super) fn development_key(number: usize) -> Result<PrivateKeySigner, DevError> {
    const KEYS: [&str; 3] = [
        "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
        "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
        "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    ];
    let bytes = hex::decode(KEYS[number]).map_err(|_| DevError::unexpected("a development key"))?;
    PrivateKeySigner::from_slice(&bytes).map_err(|_| DevError::unexpected("a development key"))
}
