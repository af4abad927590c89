//! `writ policy pack`.

use std::{collections::BTreeMap, fmt, fs, path::Path};

use serde::{Deserialize, Serialize};
use writ_policy::{Bundle, BundleError, CompiledPolicy, MANIFEST_FILE};

use super::{
    Context, PolicyError, Report, SHORT,
    check::complaint,
    job::{Answer, Job},
};

/// A bundle's manifest as it has to be.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Packed {
    name: String,
    policy_id: String,
    /// The manifest's text.
    #[serde(rename = "manifest")]
    text: String,
    up_to_date: bool,
}

/// What was done.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PackReport {
    name: String,
    policy_id: String,
    /// Whether the manifest already was what it has to be.
    up_to_date: bool,
    written: bool,
}

impl Packed {
    pub(super) fn new(files: &BTreeMap<String, Vec<u8>>) -> Result<Self, String> {
        Self::try_new(files).map_err(|error| complaint(&error, files))
    }

    fn try_new(files: &BTreeMap<String, Vec<u8>>) -> Result<Self, BundleError> {
        let manifest = Bundle::pack(files)?;
        let up_to_date =
            Bundle::from_files(files).is_ok_and(|bundle| *bundle.manifest() == manifest);
        let mut packed = files.clone();
        let text = manifest.as_value().to_json();
        packed.insert(MANIFEST_FILE.to_owned(), text.clone().into_bytes());
        let policy = CompiledPolicy::compile(Bundle::from_files(&packed)?)?;
        // Manifests hold no number that JSON readers could disagree on.
        let pretty = serde_json::from_str::<serde_json::Value>(&text)
            .and_then(|value| serde_json::to_string_pretty(&value))
            .map_err(|error| BundleError::Engine(error.to_string()))?;
        Ok(Self {
            name: manifest.name,
            policy_id: policy.policy_id().to_string(),
            text: format!("{pretty}\n"),
            up_to_date,
        })
    }
}

impl fmt::Display for PackReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = match (self.up_to_date, self.written) {
            (true, _) => "up to date",
            (false, true) => "written",
            (false, false) => "out of date",
        };
        writeln!(f, "  {} {} {done}", self.policy_id, self.name)
    }
}

impl Report for PackReport {
    fn refusal(&self) -> Option<String> {
        let stale = !self.up_to_date && !self.written;
        stale.then(|| format!("{MANIFEST_FILE} is out of date: run `writ policy pack`"))
    }
}

pub(super) fn pack(
    context: &Context<'_>,
    bundle: &Path,
    check: bool,
) -> Result<PackReport, PolicyError> {
    let Answer::Pack(packed) = context.ask(bundle, Job::Pack, SHORT)? else {
        return Err(PolicyError::Unusable("the child answered another question".to_owned()));
    };
    let writes = !packed.up_to_date && !check;
    if writes {
        let (path, next) = (bundle.join(MANIFEST_FILE), bundle.join("manifest.json.next"));
        // Whole or not at all.
        fs::write(&next, &packed.text)
            .and_then(|()| fs::rename(&next, &path))
            .map_err(|source| PolicyError::Write { path, source })?;
    }
    Ok(PackReport {
        name: packed.name,
        policy_id: packed.policy_id,
        up_to_date: packed.up_to_date,
        written: writes,
    })
}
