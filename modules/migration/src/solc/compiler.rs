//! The one place with I/O: runs solc on standard JSON.

use std::{
    io::{Read, Write},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    build_info::{BuildInfo, CompilerVersion},
    error::LayoutError,
    limits,
};

/// An executable that answers like solc.
#[derive(Debug, Clone)]
pub struct Compiler {
    path: PathBuf,
    version: CompilerVersion,
}

impl Compiler {
    /// Asks the executable for its version.
    ///
    /// # Errors
    /// It does not run, or gives none.
    pub fn at(path: impl Into<PathBuf>) -> Result<Self, LayoutError> {
        let path = path.into();
        let mut command = Command::new(&path);
        command.arg("--version");
        let said = run(&path, &mut command, &[])?;
        let text = String::from_utf8_lossy(&said);
        let version = text
            .lines()
            .find_map(|line| line.strip_prefix("Version:")?.parse().ok())
            .ok_or_else(|| LayoutError::NoVersion(path.clone()))?;
        Ok(Self { path, version })
    }

    /// Its version.
    #[must_use]
    pub const fn version(&self) -> &CompilerVersion {
        &self.version
    }

    /// Compiles `input`, a standard-JSON input made from `build`.
    pub(crate) fn compile(&self, build: &BuildInfo, input: &Value) -> Result<Value, LayoutError> {
        if !self.version.agrees(build.version()) {
            return Err(LayoutError::Version {
                build: build.version().clone(),
                compiler: self.version.clone(),
                path: self.path.clone(),
            });
        }
        let mut command = Command::new(&self.path);
        command.arg("--standard-json");
        let answer = run(&self.path, &mut command, input.to_string().as_bytes())?;
        let output: Value = serde_json::from_slice(&answer)
            .map_err(|_| LayoutError::output("/", "no JSON, or nested too deeply"))?;
        let errors = output.get("errors").and_then(Value::as_array);
        let fatal = errors
            .into_iter()
            .flatten()
            .find(|error| error.get("severity").and_then(Value::as_str) == Some("error"));
        if let Some(error) = fatal {
            let text = ["formattedMessage", "message"]
                .iter()
                .find_map(|key| error.get(key)?.as_str())
                .unwrap_or("no reason given");
            return Err(LayoutError::Sources(text.trim().chars().take(2_000).collect()));
        }
        // A native compiler reads imports from the disk that it does not find in the input.
        let sources = output.get("sources").and_then(Value::as_object);
        let foreign =
            sources.into_iter().flatten().find(|(name, _)| !build.sources().contains_key(*name));
        match foreign {
            Some((name, _)) => Err(LayoutError::ForeignSource(name.clone())),
            None => Ok(output),
        }
    }
}

/// Runs a command to its end within the limits; what it wrote to its standard output.
fn run(
    path: &std::path::Path,
    command: &mut Command,
    input: &[u8],
) -> Result<Vec<u8>, LayoutError> {
    let failed = |source| LayoutError::Compiler { path: path.to_owned(), source };
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        scope.spawn(move || {
            // One that does not read its input fails by what it answers.
            let _ = stdin.map(|mut pipe| pipe.write_all(input));
        });
        let answer = scope.spawn(move || bounded(stdout, limits::ANSWER_BYTES));
        let said = scope.spawn(move || bounded(stderr, 4_096));
        let ended = wait(&mut child);
        let answer = answer.join().unwrap_or_else(|_| Ok(Vec::new()));
        let said = said.join().unwrap_or_else(|_| Ok(Vec::new()));
        let status = ended
            .map_err(failed)?
            .ok_or_else(|| LayoutError::Timeout(limits::COMPILE_TIME.as_secs()))?;
        let answer = answer.map_err(failed)?;
        if answer.len() as u64 > limits::ANSWER_BYTES {
            return Err(LayoutError::Answer(limits::ANSWER_BYTES));
        }
        if !status.success() {
            let said = said.unwrap_or_default();
            return Err(LayoutError::Failed {
                status: status.to_string(),
                said: String::from_utf8_lossy(&said).trim().chars().take(500).collect(),
            });
        }
        Ok(answer)
    })
}

/// One byte more than `limit` at most; the pipe is closed then, which ends the writer.
fn bounded(pipe: Option<impl Read>, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(limit + 1).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// The status, or none if the time was over and the process was ended.
fn wait(child: &mut Child) -> std::io::Result<Option<std::process::ExitStatus>> {
    let until = Instant::now() + limits::COMPILE_TIME;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(5));
    }
}
