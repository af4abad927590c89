//! What is asked of a child process, and what it answers.

use std::{collections::BTreeMap, ffi::OsString, process::ExitCode};

use serde::{Deserialize, Serialize};
use writ_policy::{Worker, WorkerError, WorkerLimits, work};

use super::{
    PolicyError, check::CheckReport, eval::EvalReport, pack::Packed, register::Compiled,
    test::TestView,
};

/// The hidden subcommand of the child.
pub(crate) const WORKER: &str = "policy-worker";
/// The child's job for everything that this program asks for itself.
const JOB: &str = "policy";

/// A bundle and what to do with it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) job: Job,
}

/// What to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Job {
    Check,
    Test { run: Option<String> },
    Eval { input: Document, parameters: Document, explain: bool },
    Pack,
    Compile,
}

/// A JSON text and the name under which people know it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Document {
    pub(super) name: String,
    pub(super) text: String,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Check(CheckReport),
    Test(TestView),
    Eval(EvalReport),
    Pack(Packed),
    Compiled(Compiled),
    /// What was given cannot be used, line by line.
    Unusable(String),
}

/// This program as a child.
pub(crate) fn worker(limits: WorkerLimits) -> Result<Worker, WorkerError> {
    let program = std::env::current_exe()
        .map_err(|source| WorkerError::Start { program: "writ".into(), source })?;
    Ok(Worker::new(program, vec![WORKER.into()], limits))
}

pub(super) fn ask(request: &Request, limits: WorkerLimits) -> Result<Answer, PolicyError> {
    let worker = worker(limits)?;
    let unreadable = || WorkerError::Answer(worker.program().to_owned());
    let request = postcard::to_stdvec(request).map_err(|_| unreadable())?;
    let answer = worker.run(JOB, &request)?;
    match postcard::from_bytes(&answer).map_err(|_| unreadable())? {
        Answer::Unusable(problem) => Err(PolicyError::Unusable(problem)),
        answer => Ok(answer),
    }
}

/// The child.
pub(crate) fn serve(arguments: &[OsString]) -> ExitCode {
    work(arguments, |job, request| {
        let request: Request = (job == JOB).then(|| postcard::from_bytes(request).ok())??;
        postcard::to_stdvec(&answer(&request)).ok()
    })
}

fn answer(request: &Request) -> Answer {
    let Request { files, job } = request;
    let answer = match job {
        Job::Check => Ok(Answer::Check(CheckReport::new(files))),
        Job::Test { run } => TestView::new(files, run.as_deref()).map(Answer::Test),
        Job::Eval { input, parameters, explain } => {
            EvalReport::new(files, input, parameters, *explain).map(Answer::Eval)
        }
        Job::Pack => Packed::new(files).map(Answer::Pack),
        Job::Compile => Compiled::new(files).map(Answer::Compiled),
    };
    answer.unwrap_or_else(Answer::Unusable)
}
