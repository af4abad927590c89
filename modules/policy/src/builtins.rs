//! Which builtin functions a policy may call, and why the others may not be called.
//!
//! Allowed is what gives the same answer on every machine and in every year, in time and memory
//! proportional to its arguments. Whatever stands in neither list is refused as unknown.

/// The builtins that a policy may call.
const ALLOWED: &[&str] = &[
    // Aggregates over what is already in memory.
    "count",
    "max",
    "min",
    "sort",
    "sum",
    // Collections.
    "array.concat",
    "array.reverse",
    "array.slice",
    "intersection",
    "object.get",
    "object.keys",
    "union",
    // Text, by code points and without tables that change with the Unicode version.
    "concat",
    "contains",
    "endswith",
    "format_int",
    "indexof",
    "lower",
    "startswith",
    "substring",
    "trim",
    "trim_left",
    "trim_prefix",
    "trim_right",
    "trim_suffix",
    // Numbers.
    "abs",
    // Types.
    "is_array",
    "is_boolean",
    "is_number",
    "is_object",
    "is_set",
    "is_string",
];

/// The builtins that are refused, by exact name or by namespace (ending in a dot), and why.
const REFUSED: &[(&str, &str)] = &[
    ("time.", "reads a clock or a time zone table; use input.chain.block.timestamp"),
    ("rand.", "is random"),
    ("uuid.", "is random"),
    ("http.", "reads the network"),
    ("net.", "reads the network"),
    ("opa.", "reads the environment"),
    ("rego.", "reads the environment"),
    ("test.", "reads a clock"),
    ("io.", "checks tokens against a clock; facts are verified before evaluation"),
    ("crypto.", "is not the same in every engine; facts are verified before evaluation"),
    ("providers.", "reads the network"),
    ("regex.", "depends on the Unicode version; compare with startswith, endswith, contains"),
    ("glob.", "depends on the Unicode version; compare with startswith, endswith, contains"),
    ("json.", "JSON text has numbers that are not exact"),
    ("yaml.", "YAML text has more than one reading"),
    ("base64.", "has more than one spelling; the input is already decoded"),
    ("base64url.", "has more than one spelling; the input is already decoded"),
    ("hex.", "has more than one spelling; the input is already decoded"),
    ("urlquery.", "has more than one spelling"),
    ("graphql.", "is not bounded"),
    ("graph.", "is not bounded by its arguments"),
    ("walk", "is not bounded by its arguments; name the fields"),
    ("semver.", "has no use in an authorization"),
    ("units.", "reads fractions; give amounts as integers of the smallest unit"),
    ("to_number", "reads fractions and exponents; the input already has integers"),
    ("cast_", "converts silently"),
    ("sprintf", "takes a width and with it any amount of memory; use concat and format_int"),
    ("numbers.", "makes as many items as its argument says"),
    ("bits.", "shifts by as many bits as its argument says"),
    ("product", "grows without bound; multiply what you mean"),
    ("ceil", "is for fractions, and there are none"),
    ("floor", "is for fractions, and there are none"),
    ("round", "is for fractions, and there are none"),
    ("div", "is not exact; cross-multiply"),
    ("upper", "depends on the Unicode version; addresses and hashes are already lowercase"),
    ("trim_space", "depends on the Unicode version; use trim"),
    ("replace", "can multiply the length of a text"),
    ("split", "can make as many items as a text has characters"),
    ("indexof_n", "can make as many items as a text has characters"),
    ("strings.", "some of these panic or multiply the length of a text"),
    ("object.", "of these only object.get and object.keys are allowed"),
    ("array.", "of these only array.concat, array.reverse and array.slice are allowed"),
    ("is_null", "null does not exist here"),
    ("type_name", "compare with is_string and its like"),
    ("print", "a policy has no effect but its result"),
    ("trace", "a policy has no effect but its result"),
    ("__builtin_", "is internal"),
    ("internal.", "is internal"),
];

/// Whether a policy may call the builtin `name`.
pub(crate) fn is_allowed(name: &str) -> bool {
    ALLOWED.contains(&name)
}

/// Why the builtin `name` is refused, if it is known and refused.
pub(crate) fn refusal(name: &str) -> Option<&'static str> {
    if is_allowed(name) {
        return None;
    }
    REFUSED
        .iter()
        .find(|(refused, _)| {
            let namespace = refused.ends_with('.') || refused.ends_with('_');
            name == *refused || (namespace && name.starts_with(refused))
        })
        .map(|&(_, because)| because)
}

/// The builtins that a policy may call, for documentation and for checks.
pub const fn allowed_builtins() -> &'static [&'static str] {
    ALLOWED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hazards_are_refused_with_a_reason() {
        for name in [
            "time.now_ns",
            "rand.intn",
            "uuid.rfc4122",
            "http.send",
            "opa.runtime",
            "sprintf",
            "numbers.range",
            "numbers.range_step",
            "bits.lsh",
            "to_number",
            "regex.match",
            "glob.match",
            "walk",
            "json.unmarshal",
            "strings.count",
            "print",
            "trace",
            "units.parse",
            "net.cidr_expand",
            "product",
            "upper",
        ] {
            assert!(!is_allowed(name), "{name}");
            assert!(refusal(name).is_some(), "{name}");
        }
    }

    /// docs/policies.md has the lists as they are here.
    #[test]
    fn authors_can_read_the_lists() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policies.md");
        let text = std::fs::read_to_string(path).expect("docs/policies.md");
        let allowed: Vec<String> = ALLOWED.iter().map(|name| format!("`{name}`")).collect();
        assert!(text.contains(&format!("\n{}.\n", allowed.join(", "))), "{}", allowed.join(", "));
        for (name, because) in REFUSED {
            let row = format!("| `{name}` | {because} |");
            assert!(text.lines().any(|line| line == row), "{row}");
        }
    }

    #[test]
    fn allowed_ones_have_no_refusal() {
        for name in ALLOWED {
            assert_eq!(refusal(name), None, "{name}");
        }
        assert_eq!(refusal("limit_of"), None);
    }
}
