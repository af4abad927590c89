//! Everything that an operator would find about a bundle, and what only its author cares about, in one list.
//!
//! What is wrong keeps the policy from being used; a warning does not. Each finding says where it stands and what to do.

use std::collections::BTreeMap;

use crate::{
    Bundle, BundleError, CompiledPolicy, MANIFEST_FILE, Manifest, PROVABLE_ENGINE, SCHEMA_FILE,
    SourceError, WORDS_FILE, engine::Engine, idle_rules, run_tests,
};

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file's name in the bundle.
    pub file: String,
    /// The line, from one; zero for the whole file.
    pub line: usize,
    /// The column, from one; zero for the whole line.
    pub column: usize,
}

/// Something about a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Whether it keeps the policy from being used.
    pub is_error: bool,
    /// Where it stands, if it stands anywhere.
    pub place: Option<Place>,
    /// What it is.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

/// What is known of a bundle.
#[derive(Debug)]
pub struct Review {
    /// What the policy says about itself, packed as its files are now; none if it cannot be packed.
    pub manifest: Option<Manifest>,
    /// The policy, if it is one.
    pub policy: Option<CompiledPolicy>,
    /// Why its decisions cannot be proven on the chain, as far as the code is the reason: the first thing outside the profile.
    pub unprovable: Option<SourceError>,
    /// Where the code reads the account's history.
    pub history: Option<Place>,
    /// How many tests passed, and how many there are.
    pub tests: (usize, usize),
    /// What was found, in the order in which it was looked for.
    pub findings: Vec<Finding>,
}

/// Looks at a bundle as an operator does, and at its tests.
pub fn review(files: &BTreeMap<String, Vec<u8>>) -> Review {
    let mut review = Review {
        manifest: None,
        policy: None,
        unprovable: None,
        history: None,
        tests: (0, 0),
        findings: Vec::new(),
    };
    if let Err(error) = review.fill(files) {
        review.findings.push(finding_of(&error, files));
    }
    review
}

impl Review {
    /// Whether an operator would load the bundle as it is.
    pub fn is_accepted(&self) -> bool {
        self.findings.iter().all(|finding| !finding.is_error)
    }

    fn fill(&mut self, files: &BTreeMap<String, Vec<u8>>) -> Result<(), BundleError> {
        let packed = Bundle::pack(files)?;
        // What is found first in the files as they are; from there on they are looked at as if they had been packed.
        let stands = Bundle::from_files(files);
        let is_packed = stands.as_ref().is_ok_and(|bundle| *bundle.manifest() == packed);
        if !is_packed {
            let error = stands.err().unwrap_or(BundleError::Stale);
            self.findings.push(finding_of(&error, files));
        }
        let mut files = files.clone();
        files.insert(MANIFEST_FILE.to_owned(), packed.as_value().to_json().into_bytes());
        let bundle = Bundle::from_files(&files)?;
        self.manifest = Some(packed);
        let policy = CompiledPolicy::compile(bundle)?;
        self.look_at_code(policy.bundle(), &files)?;
        self.look_at_words(policy.bundle(), &files);
        self.look_at_tests(policy.bundle())?;
        self.policy = Some(policy);
        Ok(())
    }

    fn look_at_code(
        &mut self,
        bundle: &Bundle,
        files: &BTreeMap<String, Vec<u8>>,
    ) -> Result<(), BundleError> {
        let sources: Vec<(&str, &str)> =
            bundle.sources().iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let (engine, program) = Engine::new(&sources, &bundle.manifest().entry)?;
        self.unprovable = engine.provable().err();
        if self.unprovable.is_none() && bundle.manifest().program.is_none() {
            self.warn(
                place_in(files, MANIFEST_FILE, &["engine"]),
                "the code is within the provable profile, and the manifest does not say so",
                &format!("write \"engine\": {PROVABLE_ENGINE:?} and \"provable\": true, and pack the bundle"),
            );
        }
        self.history = program.input_field("history").as_ref().map(place_of);
        // That it is read and not declared was found before.
        if bundle.manifest().reads_history && self.history.is_none() {
            self.warn(
                place_in(files, MANIFEST_FILE, &["readsHistory"]),
                "the manifest says readsHistory: true, and no rule reads input.history",
                "write readsHistory: false: it costs gas, and makes operations wait for each other",
            );
        }
        Ok(())
    }

    fn look_at_words(&mut self, bundle: &Bundle, files: &BTreeMap<String, Vec<u8>>) {
        for name in bundle.words().unknown_places(bundle.schema()) {
            self.warn(
                place_in(files, WORDS_FILE, &[]),
                &format!("a sentence names {{{name}}}, which {SCHEMA_FILE} does not have"),
                "name a parameter: people would read \"(not set)\"",
            );
        }
    }

    fn look_at_tests(&mut self, bundle: &Bundle) -> Result<(), BundleError> {
        let tests = run_tests(bundle)?;
        self.tests = (tests.iter().filter(|test| test.passed()).count(), tests.len());
        if tests.is_empty() {
            self.warn(
                None,
                "there are no tests",
                "write some into *_test.rego: rules that begin with test_",
            );
            return Ok(());
        }
        for test in tests.iter().filter(|test| !test.passed()) {
            self.findings.push(Finding {
                is_error: true,
                place: Some(Place { file: test.file.clone(), line: test.line, column: 1 }),
                problem: format!("{} failed", test.name),
                remedy: "run `writ policy test`".to_owned(),
            });
        }
        if self.tests.0 < self.tests.1 {
            return Ok(());
        }
        for rule in idle_rules(bundle)? {
            self.warn(
                Some(Place { file: rule.file, line: rule.line, column: 1 }),
                &format!("no test needs {}: with it deleted, all of them pass", rule.name),
                "write a test that fails without it, or delete it",
            );
        }
        Ok(())
    }

    fn warn(&mut self, place: Option<Place>, problem: &str, remedy: &str) {
        let (problem, remedy) = (problem.to_owned(), remedy.to_owned());
        self.findings.push(Finding { is_error: false, place, problem, remedy });
    }
}

fn place_of(error: &SourceError) -> Place {
    Place { file: error.file.clone(), line: error.line, column: error.column }
}

/// Why files are no bundle, with its place and what to do.
pub fn finding_of(error: &BundleError, files: &BTreeMap<String, Vec<u8>>) -> Finding {
    const PACK: &str = "run `writ policy pack`, or find out who changed it";
    let whole = |file: &str| Some(Place { file: file.to_owned(), line: 0, column: 0 });
    let (place, problem, remedy) = match error {
        BundleError::Missing(file) => {
            (None, error.to_string(), format!("add {file} to the folder"))
        }
        BundleError::TooManyFiles(_) => {
            (None, error.to_string(), "merge or remove some".to_owned())
        }
        BundleError::Utf8(file) => {
            (whole(file), "it is not UTF-8".to_owned(), "save it as UTF-8".to_owned())
        }
        BundleError::Json(file, error) => {
            let place = Place { file: file.clone(), line: error.line, column: error.column };
            (Some(place), error.problem.to_string(), "write it as JSON with whole numbers".to_owned())
        }
        BundleError::Manifest(error) => (
            place_in_manifest(files, &error.0),
            error.0.clone(),
            "docs/policies.md has the fields of a manifest".to_owned(),
        ),
        BundleError::Hash { file, .. } => {
            (whole(file), "it is not what the manifest says".to_owned(), PACK.to_owned())
        }
        BundleError::Unnamed(file) => (
            whole(file),
            "the manifest does not name it".to_owned(),
            "run `writ policy pack`, or remove it".to_owned(),
        ),
        BundleError::Stale => (
            place_in(files, MANIFEST_FILE, &[]),
            "it is not what packing gives".to_owned(),
            PACK.to_owned(),
        ),
        BundleError::History(at) => (
            Some(place_of(at)),
            format!("{}, and the manifest says readsHistory: false", at.problem),
            "set it to true, so that two operations cannot both use what is left, and pack the bundle again".to_owned(),
        ),
        BundleError::Program { .. } => (
            place_in(files, MANIFEST_FILE, &["program"]),
            "the code compiles to another program".to_owned(),
            "run `writ policy pack`, or use the release that it was packed with".to_owned(),
        ),
        BundleError::Source(error) if error.file == "bundle" => (
            place_in(files, MANIFEST_FILE, &["entry"]),
            error.problem.clone(),
            "entry names the rule that decides, and everything that it uses has to be in the bundle".to_owned(),
        ),
        BundleError::Source(error) => {
            // Most say themselves what would be accepted.
            (Some(place_of(error)), error.problem.clone(), "change it there; docs/policies.md says what may be written".to_owned())
        }
        BundleError::Schema(problem) => {
            let path: Vec<&str> = problem
                .split_once(':')
                .map_or("", |(path, _)| path)
                .split('/')
                .skip(1)
                .collect();
            (
                place_in(files, SCHEMA_FILE, &path),
                problem.clone(),
                "docs/policies.md has the keywords that a schema may use".to_owned(),
            )
        }
        BundleError::Words(problem) => (
            place_in(files, WORDS_FILE, &[]),
            problem.clone(),
            "write sentences: {\"text\"}, with \"each\" and \"none\" for a list".to_owned(),
        ),
        BundleError::Engine(problem) => {
            (None, problem.clone(), "build writ as its Cargo.lock says".to_owned())
        }
    };
    Finding { is_error: true, place, problem, remedy }
}

/// Where the field stands that a complaint about the manifest names first.
fn place_in_manifest(files: &BTreeMap<String, Vec<u8>>, problem: &str) -> Option<Place> {
    let words = problem.split(|character: char| !character.is_ascii_alphanumeric());
    let known = words
        .filter(|word| !word.is_empty())
        .find_map(|word| place_in(files, MANIFEST_FILE, &[word]).filter(|place| place.line > 0));
    known.or_else(|| place_in(files, MANIFEST_FILE, &[]))
}

/// Where the last of these keys stands in a JSON file, looked for one behind the other; the whole file if one is not there.
fn place_in(files: &BTreeMap<String, Vec<u8>>, file: &str, keys: &[&str]) -> Option<Place> {
    let whole = Place { file: file.to_owned(), line: 0, column: 0 };
    let text = std::str::from_utf8(files.get(file)?).ok()?;
    let mut at = None;
    for key in keys.iter().filter(|key| key.parse::<usize>().is_err()) {
        let from = at.map_or(0, |at: usize| at + 1);
        match text.get(from..).and_then(|rest| rest.find(&format!("\"{key}\""))) {
            Some(found) => at = Some(from + found),
            None => return Some(whole),
        }
    }
    let Some(before) = at.and_then(|at| text.get(..at)) else { return Some(whole) };
    let line = 1 + before.matches('\n').count();
    let column = 1 + before.rsplit('\n').next().map_or(0, str::len);
    Some(Place { line, column, ..whole })
}

#[cfg(test)]
#[path = "review_tests.rs"]
mod tests;
