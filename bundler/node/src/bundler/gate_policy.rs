//! Reads the bundler's own policy: `--gate-policy FILE`.
//!
//! ```json
//! {
//!   "threshold": 2,
//!   "operators": ["0x…", "0x…", "0x…"],
//!   "policies": [{"policy": "counterparty", "parameters": {…}}]
//! }
//! ```
//!
//! The file is read by the policies' own decoder, so that a number in the parameters is exact. Every policy must be in
//! the policy store, by name or by id, and take its parameters: what cannot be evaluated is found when the bundler
//! starts.

use std::{fs, io::Read as _, path::Path};

use alloy::primitives::{Address, B256, Bytes};
use writ_attestation::{DetachedTerms, PolicyReference};
use writ_gateway::BundlerPolicy;
use writ_policy::{CompiledPolicy, Limits, PolicySet, PolicyStore, Value, decode_json};

use crate::NodeError;

/// Longest file that is read.
const MAX_FILE_LEN: u64 = 1 << 20;

/// The policy in the file at `path`.
pub(super) fn read(path: &Path, policies: &PolicyStore) -> Result<BundlerPolicy, NodeError> {
    let refuse =
        |reason: String| NodeError::start(format!("--gate-policy {}: {reason}", path.display()));
    let mut text = String::new();
    fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE_LEN + 1).read_to_string(&mut text))
        .map_err(|error| refuse(error.to_string()))?;
    if text.len() as u64 > MAX_FILE_LEN {
        return Err(refuse(format!("it is longer than {MAX_FILE_LEN} bytes")));
    }
    parse(&text, policies).map_err(refuse)
}

fn parse(text: &str, policies: &PolicyStore) -> Result<BundlerPolicy, String> {
    let file = decode_json(text, &Limits::default()).map_err(|error| error.to_string())?;
    let [threshold, operators, listed] =
        fields(&file, "the file", ["threshold", "operators", "policies"])?;
    let threshold = threshold
        .as_integer()
        .and_then(|number| number.to_string().parse::<u8>().ok())
        .ok_or("threshold: a number from 1 to 255 was expected")?;
    let operators = items(operators, "operators")?
        .iter()
        .map(|operator| {
            operator
                .as_str()
                .and_then(|text| text.parse::<Address>().ok())
                .ok_or_else(|| format!("operators: {operator} is no address"))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut references = Vec::new();
    let mut bound = Vec::new();
    for entry in items(listed, "policies")? {
        let [policy, parameters] = fields(entry, "a policy", ["policy", "parameters"])?;
        let policy = find(policy, policies)?;
        let name = &policy.manifest().name;
        if policy.manifest().reads_history {
            return Err(format!(
                "policy {name} reads history, which only an account's own module keeps"
            ));
        }
        let parameters = policy
            .parameters(parameters.clone())
            .map_err(|error| format!("policy {name}: {error}"))?;
        references.push(PolicyReference {
            policy_id: policy.policy_id(),
            parameters: Bytes::copy_from_slice(parameters.encoded()),
        });
        bound.push(policy.bind(parameters).map_err(|error| format!("policy {name}: {error}"))?);
    }
    let commitment = PolicySet::new(bound).map_err(|error| error.to_string())?.commitment();
    let terms = DetachedTerms { policies: references, operators };
    BundlerPolicy::new(terms, commitment, threshold).map_err(|error| error.to_string())
}

fn find<'a>(named: &Value, policies: &'a PolicyStore) -> Result<&'a CompiledPolicy, String> {
    let name = named.as_str().ok_or("policy: a name or an id was expected")?;
    let found = match name.parse::<B256>() {
        Ok(id) => policies.get(id),
        Err(_) => policies.by_name(name),
    };
    found.map(AsRef::as_ref).ok_or_else(|| {
        let mut known: Vec<_> =
            policies.policies().map(|policy| policy.manifest().name.as_str()).collect();
        known.sort_unstable();
        format!("there is no single policy {name:?} in --policies; there are: {}", known.join(", "))
    })
}

/// Exactly these fields of an object.
fn fields<'a, const N: usize>(
    value: &'a Value,
    what: &str,
    names: [&str; N],
) -> Result<[&'a Value; N], String> {
    let object =
        value.as_object().ok_or_else(|| format!("{what} is {}, not an object", value.kind()))?;
    if let Some(unknown) = object.keys().find(|key| !names.contains(&key.as_str())) {
        return Err(format!("{what} has the unknown key {unknown:?}; known: {}", names.join(", ")));
    }
    let mut found = Vec::with_capacity(N);
    for name in names {
        found.push(object.get(name).ok_or_else(|| format!("{what} lacks {name:?}"))?);
    }
    found.try_into().map_err(|_| format!("{what} lacks a field"))
}

fn items<'a>(value: &'a Value, name: &str) -> Result<&'a [Value], String> {
    value.as_array().ok_or_else(|| format!("{name} is {}, not a list", value.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATOR: &str = "0x1111111111111111111111111111111111111111";

    fn store() -> PolicyStore {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
        PolicyStore::open(&folder).unwrap()
    }

    fn file(threshold: &str, policy: &str, parameters: &str) -> String {
        format!(
            r#"{{"threshold": {threshold}, "operators": ["{OPERATOR}"],
                "policies": [{{"policy": "{policy}", "parameters": {parameters}}}]}}"#
        )
    }

    const PARAMETERS: &str =
        r#"{"recipients": [], "contracts": [], "denied": [], "validFor": 300}"#;

    #[test]
    fn a_policy_is_found_by_name_and_by_id() {
        let store = store();
        let named = parse(&file("1", "counterparty", PARAMETERS), &store).unwrap();
        let id = named.terms().policies[0].policy_id;
        assert_eq!(parse(&file("1", &id.to_string(), PARAMETERS), &store).unwrap(), named);
        assert_eq!(named.terms().operators, [OPERATOR.parse::<Address>().unwrap()]);
        let other = PARAMETERS.replace("300", "301");
        let other = parse(&file("1", "counterparty", &other), &store).unwrap();
        assert_ne!(other.commitment(), named.commitment());
    }

    #[test]
    fn what_cannot_be_demanded_is_refused_by_name() {
        let store = store();
        let history = r#"{}"#;
        for (text, reason) in [
            ("[]".to_owned(), "not an object"),
            ("{".to_owned(), "line 1"),
            (file("0", "counterparty", PARAMETERS), "0 signatures"),
            (file("2", "counterparty", PARAMETERS), "2 signatures of 1 operators"),
            (file("1.5", "counterparty", PARAMETERS), "fraction"),
            (file("\"1\"", "counterparty", PARAMETERS), "threshold"),
            (file("1", "nobody", PARAMETERS), "there are: agent-spending, counterparty, "),
            (file("1", "counterparty", "{}"), "counterparty"),
            (file("1", "agent-spending", history), "reads history"),
            (file("1", "counterparty", PARAMETERS).replace("operators", "operator"), "unknown key"),
            (file("1", "counterparty", PARAMETERS).replace(OPERATOR, "0x11"), "no address"),
            (
                format!(r#"{{"threshold": 1, "operators": ["{OPERATOR}"], "policies": []}}"#),
                "at least one",
            ),
            (r#"{"threshold": 1, "policies": []}"#.to_owned(), "lacks \"operators\""),
        ] {
            let error = parse(&text, &store).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
