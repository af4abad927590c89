//! Child processes of the demonstration: each started with its own files, each always ended.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::process::{Child, Command};

use super::DevError;

/// A child process whose output goes to a file; killed when dropped.
#[derive(Debug)]
pub struct ChildProcess {
    name: String,
    log: PathBuf,
    child: Child,
}

impl ChildProcess {
    /// Starts `program` with `arguments`; standard output and error go to `log`.
    pub fn start(
        name: impl Into<String>,
        program: &Path,
        arguments: &[String],
        log: PathBuf,
    ) -> Result<Self, DevError> {
        let name = name.into();
        let failed = |source| DevError::Start { name: name.clone(), source };
        let file = std::fs::File::options().create(true).append(true).open(&log).map_err(failed)?;
        let errors = file.try_clone().map_err(failed)?;
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(errors)
            // A Ctrl-C at the terminal reaches the whole group: the parent decides the order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        Ok(Self { name, log, child })
    }

    /// Process id, while it runs.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Ends it at once, as a crash would (SIGKILL), and waits until it is gone.
    pub async fn kill(&mut self) -> Result<(), DevError> {
        self.child.kill().await.map_err(|source| DevError::Stop { name: self.name.clone(), source })
    }

    /// Asks it to end in an orderly way (SIGTERM) and waits until it is gone.
    pub async fn end(&mut self, limit: Duration) -> Result<(), DevError> {
        let failed = |source| DevError::Stop { name: self.name.clone(), source };
        let Some(id) = self.child.id() else { return Ok(()) };
        let sent = Command::new("kill").args(["-TERM", &id.to_string()]).status().await;
        sent.map_err(failed)?;
        match tokio::time::timeout(limit, self.child.wait()).await {
            Ok(ended) => ended.map(|_| ()).map_err(failed),
            Err(_) => self.kill().await,
        }
    }

    /// Waits until `ready` answers true. Fails when the child ends first or `limit` passes.
    pub async fn wait_until<F, Fut>(&mut self, limit: Duration, ready: F) -> Result<(), DevError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = bool>,
    {
        let deadline = tokio::time::Instant::now() + limit;
        loop {
            if ready().await {
                return Ok(());
            }
            let ended = self.child.try_wait().ok().flatten().is_some();
            if ended || tokio::time::Instant::now() >= deadline {
                return Err(DevError::NotReady {
                    name: self.name.clone(),
                    log: self.log.clone(),
                    tail: tail(&self.log),
                });
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Last lines of a log, for the error that names it.
fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}
