//! Writes the hashes of a bundle's files into its `manifest.json` and prints the policy's id:
//! `cargo run -p writ-policy --example pack -- policies/agent-spending`.

use std::{error::Error, fs, path::PathBuf};

use writ_policy::{Bundle, CompiledPolicy, MANIFEST_FILE, idle_rules, read_files, run_tests};

fn main() -> Result<(), Box<dyn Error>> {
    for folder in std::env::args().skip(1).map(PathBuf::from) {
        let mut files = read_files(&folder)?;
        let manifest = Bundle::pack(&files)?;
        // Manifests hold no number that JSON readers could disagree on.
        let json: serde_json::Value = serde_json::from_str(&manifest.as_value().to_json())?;
        let text = format!("{}\n", serde_json::to_string_pretty(&json)?);
        files.insert(MANIFEST_FILE.to_owned(), text.clone().into_bytes());
        let bundle = Bundle::from_files(&files)?;
        for test in run_tests(&bundle)? {
            if let Some(failure) = test.failure {
                println!("{}:{}: {} failed: {failure}", test.file, test.line, test.name);
            }
        }
        for rule in idle_rules(&bundle)? {
            println!("{}:{}: no test needs {}", rule.file, rule.line, rule.name);
        }
        let policy = CompiledPolicy::compile(bundle)?;
        fs::write(folder.join(MANIFEST_FILE), text)?;
        println!("{} {}", policy.policy_id(), folder.display());
    }
    Ok(())
}
