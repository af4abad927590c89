//! Limits on policy source, checked before any parser sees it.
//!
//! regorus' parser takes time exponential in the nesting of brackets, and its time limit does not
//! cover parsing. So a tiny lexer of our own measures the text first.

/// The longest source file, in bytes.
pub const MAX_SOURCE_BYTES: usize = 64 * 1024;
/// The deepest nesting of round, square and curly brackets together.
pub const MAX_BRACKET_DEPTH: usize = 8;
/// The widest line, in bytes.
pub const MAX_COLUMNS: usize = 512;

/// A refusal, and where in the file it happened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {problem}")]
pub struct SourceError {
    /// The file's name in the bundle.
    pub file: String,
    /// The line, from one.
    pub line: usize,
    /// The column, from one.
    pub column: usize,
    /// What is wrong there, and what would be accepted.
    pub problem: String,
}

impl SourceError {
    pub(crate) fn new(file: &str, line: usize, column: usize, problem: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, column, problem: problem.into() }
    }
}

/// Checks one source file against the limits.
///
/// # Errors
/// If the file is too long, too wide, too deeply nested, has a carriage return (its hash would
/// depend on the machine that checked it out), or ends inside a string.
pub fn check_source(file: &str, text: &str) -> Result<(), SourceError> {
    check_source_of(file, text, MAX_SOURCE_BYTES)
}

pub(crate) fn check_source_of(file: &str, text: &str, most: usize) -> Result<(), SourceError> {
    if text.len() > most {
        let problem = format!("{} bytes, at most {most} are accepted", text.len());
        return Err(SourceError::new(file, 1, 1, problem));
    }
    for (index, line) in text.split('\n').enumerate() {
        if line.len() > MAX_COLUMNS {
            let problem = format!("{} columns, at most {MAX_COLUMNS} are accepted", line.len());
            return Err(SourceError::new(file, index + 1, MAX_COLUMNS + 1, problem));
        }
        if let Some(at) = line.find('\r') {
            let problem = "carriage return, end lines with a line feed only";
            return Err(SourceError::new(file, index + 1, at + 1, problem));
        }
    }
    check_nesting(file, text)
}

/// What the lexer is inside of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Code,
    Comment,
    Text,
    RawText,
}

fn check_nesting(file: &str, text: &str) -> Result<(), SourceError> {
    let (mut line, mut column, mut depth) = (1, 0, 0_usize);
    let mut inside = Inside::Code;
    let mut escaped = false;
    for byte in text.bytes() {
        column += 1;
        match inside {
            Inside::Code => match byte {
                b'#' => inside = Inside::Comment,
                b'"' => inside = Inside::Text,
                b'`' => inside = Inside::RawText,
                b'(' | b'[' | b'{' => {
                    depth += 1;
                    if depth > MAX_BRACKET_DEPTH {
                        let problem = format!(
                            "brackets nested deeper than {MAX_BRACKET_DEPTH}, name the inner part in a rule of its own"
                        );
                        return Err(SourceError::new(file, line, column, problem));
                    }
                }
                b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            },
            Inside::Comment if byte == b'\n' => inside = Inside::Code,
            Inside::Text if escaped => escaped = false,
            Inside::Text if byte == b'\\' => escaped = true,
            Inside::Text if byte == b'"' => inside = Inside::Code,
            Inside::Text if byte == b'\n' => {
                return Err(SourceError::new(file, line, column, "string without its end"));
            }
            Inside::RawText if byte == b'`' => inside = Inside::Code,
            _ => {}
        }
        if byte == b'\n' {
            (line, column) = (line + 1, 0);
        }
    }
    match inside {
        Inside::Code | Inside::Comment => Ok(()),
        Inside::Text | Inside::RawText => {
            Err(SourceError::new(file, line, column + 1, "string without its end"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> SourceError {
        check_source("p.rego", text).expect_err("refused")
    }

    #[test]
    fn brackets_are_counted_in_code_only() {
        assert!(check_source("p.rego", "x := [[[[[[[[1]]]]]]]]").is_ok());
        let error = refusal("a := 1\nx := [{([[{[[ [1] ]]}]])}]");
        assert_eq!((error.line, error.column), (2, 15));
        for text in [
            "x := \"[[[[[[[[[\"",
            "# [[[[[[[[[\nx := 1",
            "x := `[[[[[[[[[`",
            r#"x := "\"[[[[[[[[[""#,
        ] {
            assert!(check_source("p.rego", text).is_ok(), "{text}");
        }
        // An escaped backslash closes nothing and hides nothing.
        assert!(refusal(r#"x := "\\" [[[[[[[[["#).problem.contains("nested"));
        // A comment ends with its line.
        assert!(refusal("# x\n[[[[[[[[[").problem.contains("nested"));
    }

    #[test]
    fn size_and_width_hold_at_their_edge() {
        let line = format!("# {}\n", "x".repeat(509));
        let fits = line.repeat(MAX_SOURCE_BYTES / line.len());
        assert!(check_source("p.rego", &fits).is_ok());
        assert!(refusal(&fits.replace("\n", "x\n")).problem.contains("bytes"));
        assert!(check_source("p.rego", &"x".repeat(512)).is_ok());
        assert_eq!(refusal(&"x".repeat(513)).column, 513);
    }

    #[test]
    fn what_changes_the_hash_or_the_lexer_is_refused() {
        assert_eq!(refusal("a\r\n").column, 2);
        assert!(refusal("x := \"a").problem.contains("end"));
        assert!(refusal("x := \"a\nb\"").problem.contains("end"));
        assert!(refusal("x := `a").problem.contains("end"));
    }
}
