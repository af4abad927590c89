//! Watching an evaluation, for the author of a policy: which lines ran, and on which documents a test asks.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use regorus::Value as Rego;

use super::{Engine, guard, parse, program, timer};
use crate::{SourceError, Value, convert::from_rego, profile::Program};

/// The function with which a test that was rewritten tells on which documents it asks: it takes arrays of none or one.
pub(crate) const RECORD: &str = "writ_record";
/// The most documents that are kept of one test.
const MAX_RECORDED: usize = 4_096;

/// The documents of one question: `input` and `data.parameters`, where the test sets them. Why not, where they are
/// none of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) input: Result<Option<Value>, String>,
    pub(crate) parameters: Result<Option<Value>, String>,
}

/// Keeps what [`RECORD`] is called with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder(Arc<Mutex<Vec<Recorded>>>);

impl Recorder {
    /// What was recorded since the last time.
    pub(crate) fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn keep(&self, arguments: &[Rego]) {
        let document = |index: usize| match arguments.get(index) {
            Some(Rego::Array(items)) => {
                items.first().map(from_rego).transpose().map_err(|error| error.to_string())
            }
            _ => Ok(None),
        };
        let recorded = Recorded { input: document(0), parameters: document(1) };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < MAX_RECORDED {
            kept.push(recorded);
        }
    }
}

/// The lines of one file with something to evaluate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    pub(crate) covered: BTreeSet<u32>,
    pub(crate) not_covered: BTreeSet<u32>,
}

impl Engine {
    /// As [`Engine::new`], where the code may call [`RECORD`].
    pub(crate) fn recording(
        files: &[(&str, &str)],
        rule: &str,
        recorder: &Recorder,
    ) -> Result<Self, SourceError> {
        let recorder = recorder.clone();
        let extension = move |arguments: Vec<Rego>| {
            recorder.keep(&arguments);
            Ok(Rego::from(true))
        };
        let mut regorus = parse(files)?;
        regorus
            .add_extension(RECORD.to_owned(), 2, Box::new(extension))
            .map_err(|error| SourceError::new("bundle", 1, 1, error.to_string()))?;
        Self::of(regorus, rule)
    }

    /// Evaluates `rules` one after the other, and gives the lines that ran, by file.
    pub(crate) fn cover(&self, rules: &[String]) -> BTreeMap<String, Lines> {
        let mut regorus = self.regorus.clone();
        regorus.set_execution_timer_config(timer(self.time));
        regorus.set_enable_coverage(true);
        for rule in rules {
            // How it came out is known from an evaluation without this.
            let _ = guard(|| regorus.eval_rule(rule.clone()));
        }
        let report = guard(|| regorus.get_coverage_report())
            .and_then(|report| report.map_err(|error| error.to_string()));
        let files = report.map_or_else(|_| Vec::new(), |report| report.files);
        let lines = |file: regorus::coverage::File| Lines {
            not_covered: &file.not_covered - &file.covered,
            covered: file.covered,
        };
        files.into_iter().map(|file| (file.path.clone(), lines(file))).collect()
    }

    /// The syntax trees of `files`, which need not be a whole policy.
    pub(crate) fn trees(files: &[(&str, &str)]) -> Result<Program, SourceError> {
        program(&parse(files)?, files)
    }
}
