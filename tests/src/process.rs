//! `writ` run to its end.

use std::{
    process::{Output, Stdio},
    time::Duration,
};

use tokio::process::Command;

/// How long something may take that a person would wait for.
pub const SOON: Duration = Duration::from_secs(45);

/// Runs `writ` to its end, which must come by itself and soon.
///
/// # Panics
/// When it does not.
pub async fn writ(program: &str, arguments: &[String], path: Option<&str>) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    if let Some(path) = path {
        command.env("PATH", path);
    }
    let ended = tokio::time::timeout(SOON, command.output()).await;
    ended.expect("it ends by itself").expect("it starts")
}

/// The one sentence with which it ended. Its log may stand before that.
///
/// # Panics
/// When it did not fail, or said anything else.
pub fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "it has to fail: {output:?}");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!errors.contains("panicked"), "{errors}");
    let said: Vec<&str> = errors.lines().filter(|line| line.starts_with("writ: ")).collect();
    assert_eq!(said.len(), 1, "{errors}");
    assert_eq!(errors.lines().last(), Some(said[0]), "nothing follows it: {errors}");
    said[0].to_owned()
}
