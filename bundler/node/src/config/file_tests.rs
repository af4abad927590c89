use std::{ffi::OsString, fs, path::PathBuf};

use alloy::primitives::U256;
use clap::Args;
use writ_types::{Constants, Profile};

use super::*;
use crate::config::{BundlerArguments, ConstantArguments, GateMode, OperatorArguments};

/// Settings under names of their own, so that no test depends on the environment of another.
#[derive(Debug, Args)]
struct Sample {
    #[arg(long, env = "WRIT_TEST_LAYERS", default_value = "built-in")]
    layered: String,
    #[arg(long, default_value = "1")]
    count: u64,
    #[arg(long, value_delimiter = ',')]
    list: Vec<String>,
    #[arg(long)]
    needed: String,
}

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("writ.toml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn sample(arguments: &[&str], text: &str) -> Result<Sample, ConfigurationError> {
    let (_folder, path) = file(text);
    let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    parse("sample", &arguments, Some(path))
}

#[test]
fn flags_win_over_the_file_and_the_file_over_defaults() {
    let text = "needed = \"file\"\nlayered = \"file\"\nlist = [\"a\", \"b\"]";
    let from_file = sample(&[], text).unwrap();
    assert_eq!((from_file.layered.as_str(), from_file.needed.as_str()), ("file", "file"));
    assert_eq!(from_file.count, 1);
    assert_eq!(from_file.list, ["a", "b"]);
    let from_flags = sample(&["--layered=flag", "--list=c", "--count=7"], text).unwrap();
    assert_eq!((from_flags.layered.as_str(), from_flags.count), ("flag", 7));
    assert_eq!(from_flags.list, ["c"]);
    assert_eq!(from_flags.needed, "file");
}

#[test]
fn what_must_be_given_may_stand_in_the_file_and_is_missed_elsewhere() {
    assert!(sample(&[], "needed = \"here\"").is_ok());
    let message = sample(&[], "").unwrap_err().to_string();
    assert!(message.contains("--needed"), "{message}");
}

#[test]
fn unknown_keys_are_named_with_the_known_ones() {
    let message = sample(&[], "need = \"x\"").unwrap_err().to_string();
    assert!(message.contains("`need`") && message.contains("needed"), "{message}");
}

#[test]
fn values_that_no_flag_takes_are_refused() {
    for text in ["needed = 1.5", "needed = [[\"a\"]]", "[needed]\na = 1", "needed = 1979-05-27"] {
        let refused = sample(&[], text);
        assert!(matches!(refused, Err(ConfigurationError::UnsupportedValue { .. })), "{text}");
    }
}

#[test]
fn what_does_not_parse_names_file_and_flag() {
    let not_toml = sample(&[], "needed = ").unwrap_err().to_string();
    assert!(not_toml.contains("writ.toml"), "{not_toml}");
    let not_a_number = sample(&["--needed=x"], "count = \"many\"").unwrap_err().to_string();
    assert!(not_a_number.contains("count"), "{not_a_number}");
    let missing: Result<Sample, _> = parse("sample", &[], Some(PathBuf::from("/nowhere.toml")));
    assert!(matches!(missing, Err(ConfigurationError::Unreadable { .. })));
}

#[test]
fn the_bundler_reads_all_of_its_settings_from_a_file() {
    let (_folder, path) = file(
        "node-url = \"http://127.0.0.1:9\"\nsigner-key-file = \"key\"\ngate = \"required\"\n\
         modules = [\"0x0000000000000000000000000000000000000001\"]\npool-size = 5",
    );
    let arguments: BundlerArguments = parse("bundler", &[], Some(path)).unwrap();
    assert_eq!(arguments.gate, GateMode::Required);
    assert_eq!(arguments.modules.len(), 1);
    assert_eq!(arguments.pool_size, 5);
    assert!(arguments.entry_points.is_empty(), "not given: all that the chain has");
}

#[test]
fn constants_are_the_profiles_where_none_is_given() {
    let parsed = |extra: &[&str]| {
        let arguments: Vec<OsString> =
            ["--signer-key-file=key"].iter().chain(extra).map(OsString::from).collect();
        parse::<BundlerArguments>("bundler", &arguments, None)
    };
    let constants = |extra: &[&str]| parsed(extra).unwrap().constants();
    assert_eq!(constants(&[]), Constants::TEXT);
    assert_eq!(constants(&["--profile=compat"]), Constants::of(Profile::Compat));
    let own = ["--profile=compat", "--min-stake-value=7", "--ban-slack=3"];
    let expected = Constants {
        min_stake_value: U256::from(7),
        ban_slack: 3,
        ..Constants::of(Profile::Compat)
    };
    assert_eq!(constants(&own), expected);
    assert!(parsed(&["--profile=fast"]).unwrap_err().to_string().contains("compat"));
    assert!(parsed(&["--min-inclusion-rate-denominator=0"]).is_err());
}

#[test]
fn every_constant_has_a_flag() {
    let names = ConstantArguments::augment_args(Command::new("constants"));
    assert_eq!(names.get_arguments().count(), 19);
    let all = ConstantArguments { validation_gas_slack: Some(1), ..Default::default() };
    assert_eq!(all.over(Constants::TEXT), Constants { validation_gas_slack: 1, ..Constants::TEXT });
}

#[test]
fn an_operators_settings_are_bounded() {
    let parsed = |validity: &str| {
        let arguments = [OsString::from("--key-file=key"), OsString::from(validity)];
        parse::<OperatorArguments>("operator", &arguments, None)
    };
    assert!(parsed("--max-validity=300").is_ok());
    assert!(parsed("--max-validity=0").is_err());
    assert!(parsed("--max-validity=86400").is_err());
}
