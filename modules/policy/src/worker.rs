//! Work on policies that somebody else wrote, in a process of its own.
//!
//! ```text
//! Worker::run ── request on stdin ──> work(): limits on itself, then the work
//!      ▲                                │
//!      └── answer on stdout, or how the process ended
//! ```
//!
//! Parsing and compiling are not covered by the engine's own clock, and nothing in a process bounds its memory. So whatever
//! reads a foreign policy first does it in a child that the operating system holds to processor time and memory. What
//! a limit ends has no outcome: the policy is not used, and nobody signs because of it, not even a denial.
//!
//! The child gets no environment, can open next to no files and write none. It is a fence around accidents and cheap attacks,
//! not a sandbox: it runs as the same user.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::{self, Read, Write},
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use rlimit::{Resource, setrlimit};

use crate::{Bundle, CompiledPolicy};

/// The job that [`Worker::compile`] asks for.
pub const COMPILE_JOB: &str = "compile";
/// The most bytes of a request or an answer.
const MAX_MESSAGE: u64 = 32 * 1024 * 1024;
/// How much of what a child complains about is kept.
const MAX_COMPLAINT: u64 = 4 * 1024;
/// The stack on which a child compiles: less than any thread that compiles the same policy afterwards has.
const COMPILE_STACK: usize = 1024 * 1024;
/// The stack for everything else that a child does.
const WORK_STACK: usize = 8 * 1024 * 1024;
/// How many files a child may have open: the three that it is given, and some that its runtime needs.
const MAX_OPEN_FILES: u64 = 16;

/// What a child may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerLimits {
    /// Processor time, in seconds; at least 1.
    pub seconds: u64,
    /// Address space, in MiB. The program itself takes some hundred of them.
    pub mebibytes: u64,
}

impl WorkerLimits {
    /// For compiling one policy: some hundred times what those in the tree take.
    pub const COMPILE: Self = Self { seconds: 10, mebibytes: 1_024 };
    /// For running all tests of a policy many times over.
    pub const REVIEW: Self = Self { seconds: 300, mebibytes: 2_048 };

    /// Until when an answer is waited for. Processor time is what bounds the work; this bounds a child that does none.
    const fn patience(self) -> Duration {
        Duration::from_secs(self.seconds.saturating_mul(8).saturating_add(60))
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// The process could not be started or spoken to.
    #[error("cannot run {program}: {source}", program = .program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// It took more processor time than it may.
    #[error(
        "abandoned after {0} seconds of processor time: the policy is refused; make it smaller"
    )]
    Time(u64),
    /// It took more memory than it may.
    #[error("abandoned at {0} MiB of memory: the policy is refused; make it smaller")]
    Memory(u64),
    /// Its stack overflowed.
    #[error("abandoned, the stack overflowed: the policy is refused; nest it less deeply")]
    Stack,
    /// It ended in some other way.
    #[error("abandoned, the process ended with {status}: {complaint}")]
    Died {
        /// How it ended.
        status: ExitStatus,
        /// The last that it said.
        complaint: String,
    },
    /// It neither answered nor ended.
    #[error("abandoned: no answer in {} seconds", .0.as_secs())]
    Silent(Duration),
    /// The answer is none.
    #[error("abandoned: the answer of {} is not understood", .0.display())]
    Answer(PathBuf),
}

impl WorkerError {
    /// Whether a limit of this machine ended the work.
    pub const fn is_limit(&self) -> bool {
        !matches!(self, Self::Start { .. } | Self::Answer(_))
    }
}

/// Why a policy was not compiled in a child.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// It is no policy, for the reason that stands here.
    #[error("{0}")]
    Refused(String),
    /// There was no outcome.
    #[error(transparent)]
    Worker(#[from] WorkerError),
}

/// A program that does one job and ends: this one, run again with `arguments`.
#[derive(Clone, Debug)]
pub struct Worker {
    program: PathBuf,
    arguments: Vec<OsString>,
    limits: WorkerLimits,
}

impl Worker {
    /// `program` must hand what stands behind `arguments` to [`work`].
    #[must_use]
    pub const fn new(program: PathBuf, arguments: Vec<OsString>, limits: WorkerLimits) -> Self {
        Self { program, arguments, limits }
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(&self, limits: WorkerLimits) -> Self {
        Self { limits, ..self.clone() }
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Reads, checks and compiles a bundle in a child.
    ///
    /// # Errors
    /// Whatever keeps [`CompiledPolicy::compile`] from accepting it, and every limit of the child.
    pub fn compile(&self, files: &BTreeMap<String, Vec<u8>>) -> Result<(), CompileError> {
        let unreadable = || WorkerError::Answer(self.program.clone());
        let request = postcard::to_stdvec(files).map_err(|_| unreadable())?;
        let answer = self.run(COMPILE_JOB, &request)?;
        match postcard::from_bytes::<Result<(), String>>(&answer).map_err(|_| unreadable())? {
            Ok(()) => Ok(()),
            Err(reason) => Err(CompileError::Refused(reason)),
        }
    }

    /// Has `job` done on `request` and gives the answer.
    ///
    /// # Errors
    /// When the child does not end by itself, without complaint, within its limits.
    pub fn run(&self, job: &str, request: &[u8]) -> Result<Vec<u8>, WorkerError> {
        let mut child = self.spawn(job).map_err(|source| self.start(source))?;
        let outcome = self.converse(&mut child, request);
        // It has ended already, or is of no more use.
        let _ = child.kill();
        let ended = child.wait();
        let (answer, complaint) = outcome?;
        let status = ended.map_err(|source| self.start(source))?;
        if status.success() { Ok(answer) } else { Err(self.ended(status, complaint)) }
    }

    const fn start_error(program: PathBuf, source: io::Error) -> WorkerError {
        WorkerError::Start { program, source }
    }

    fn start(&self, source: io::Error) -> WorkerError {
        Self::start_error(self.program.clone(), source)
    }

    fn spawn(&self, job: &str) -> io::Result<Child> {
        Command::new(&self.program)
            .args(&self.arguments)
            .arg(job)
            .arg(self.limits.seconds.to_string())
            .arg(self.limits.mebibytes.to_string())
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }

    fn converse(
        &self,
        child: &mut Child,
        request: &[u8],
    ) -> Result<(Vec<u8>, String), WorkerError> {
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(self.start(io::ErrorKind::BrokenPipe.into()));
        };
        let request = request.to_vec();
        // A child that ends before it has read all of it is judged by how it ended.
        thread::spawn(move || drop(stdin.write_all(&request)));
        let complaint = read_aside(stderr, MAX_COMPLAINT);
        let answer = read_aside(stdout, MAX_MESSAGE);
        let patience = self.limits.patience();
        let answer = answer.recv_timeout(patience).map_err(|_| WorkerError::Silent(patience))?;
        let complaint = complaint.recv_timeout(patience).unwrap_or_default();
        // Wait for the end here, so that killing what has answered cannot look like its end.
        child.wait().map_err(|source| self.start(source))?;
        Ok((answer, String::from_utf8_lossy(&complaint).trim().to_owned()))
    }

    fn ended(&self, status: ExitStatus, complaint: String) -> WorkerError {
        const SIGKILL: i32 = 9;
        const SIGSEGV: i32 = 11;
        const SIGXCPU: i32 = 24;
        if complaint.contains("memory allocation of") {
            return WorkerError::Memory(self.limits.mebibytes);
        }
        match status.signal() {
            Some(SIGXCPU | SIGKILL) => WorkerError::Time(self.limits.seconds),
            Some(SIGSEGV) => WorkerError::Stack,
            Some(_) if complaint.contains("overflowed its stack") => WorkerError::Stack,
            _ => WorkerError::Died { status, complaint },
        }
    }
}

/// Reads `from` to its end on a thread of its own, and keeps at most `most` bytes.
fn read_aside(mut from: impl Read + Send + 'static, most: u64) -> mpsc::Receiver<Vec<u8>> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.by_ref().take(most).read_to_end(&mut bytes);
        let _ = io::copy(&mut from, &mut io::sink());
        let _ = send.send(bytes);
    });
    receive
}

/// The child's side: takes `arguments` (what stands behind those that the [`Worker`] was made with), puts the limits on this process, and
/// has `other` do every job that is not [`COMPILE_JOB`]. `other` gives no answer to a job or request that it does not know.
pub fn work(
    arguments: &[OsString],
    other: impl FnOnce(&str, &[u8]) -> Option<Vec<u8>> + Send,
) -> ExitCode {
    match try_work(arguments, other) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn try_work(
    arguments: &[OsString],
    other: impl FnOnce(&str, &[u8]) -> Option<Vec<u8>> + Send,
) -> Result<(), String> {
    let words: Option<Vec<&str>> = arguments.iter().map(|argument| argument.to_str()).collect();
    let usage = || "this command is run by writ itself".to_owned();
    let Some([job, seconds, mebibytes]) = words.as_deref() else { return Err(usage()) };
    let number = |text: &str| text.parse::<u64>().map_err(|_| usage());
    let limits = WorkerLimits { seconds: number(seconds)?, mebibytes: number(mebibytes)? };
    confine(limits).map_err(|error| format!("no limits, no work: {error}"))?;
    let mut request = Vec::new();
    let stdin = io::stdin().lock();
    stdin.take(MAX_MESSAGE).read_to_end(&mut request).map_err(|error| error.to_string())?;
    let compiles = *job == COMPILE_JOB;
    let stack = if compiles { COMPILE_STACK } else { WORK_STACK };
    let answer = thread::scope(|scope| {
        let work = || if compiles { compile(&request) } else { other(job, &request) };
        let thread = thread::Builder::new().stack_size(stack).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| error.to_string())?;
        thread.join().map_err(|_| "it panicked".to_owned())?.ok_or_else(usage)
    })?;
    let mut stdout = io::stdout().lock();
    stdout.write_all(&answer).and_then(|()| stdout.flush()).map_err(|error| error.to_string())
}

fn compile(request: &[u8]) -> Option<Vec<u8>> {
    let files: BTreeMap<String, Vec<u8>> = postcard::from_bytes(request).ok()?;
    let compiled = Bundle::from_files(&files).and_then(CompiledPolicy::compile);
    let answer: Result<(), String> = compiled.map(drop).map_err(|error| error.to_string());
    postcard::to_stdvec(&answer).ok()
}

/// Puts the limits on this process. They cannot be raised again.
fn confine(limits: WorkerLimits) -> io::Result<()> {
    // What reaches the soft limit is ended with a signal that tells why.
    setrlimit(Resource::CPU, limits.seconds, limits.seconds.saturating_add(1))?;
    let bytes = limits.mebibytes.saturating_mul(1024 * 1024);
    setrlimit(Resource::AS, bytes, bytes)?;
    setrlimit(Resource::CORE, 0, 0)?;
    setrlimit(Resource::FSIZE, 0, 0)?;
    setrlimit(Resource::NOFILE, MAX_OPEN_FILES, MAX_OPEN_FILES)
}
