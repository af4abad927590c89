//! What `writ dev` prints: plain lines that a person enjoys reading, in colour on a terminal.

use std::io::{IsTerminal, Write};

/// Writes the demonstration's lines to standard output.
#[derive(Debug)]
pub struct Screen {
    colour: bool,
    quiet: bool,
    scene: u32,
}

impl Screen {
    /// Colour only where a person looks, and never where `NO_COLOR` is set.
    #[must_use]
    pub fn new() -> Self {
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { colour, quiet: false, scene: 0 }
    }

    /// A screen on which nothing appears.
    #[must_use]
    pub const fn quiet() -> Self {
        Self { colour: false, quiet: true, scene: 0 }
    }

    /// A step of the set-up: what was started or deployed, and where.
    pub fn step(&self, what: &str, detail: &str) {
        self.line(&format!("  {} {}", self.paint("2", &format!("{what:<22}")), detail));
    }

    /// A heading.
    pub fn heading(&self, text: &str) {
        self.line("");
        self.line(&self.paint("1", text));
    }

    /// Opens the next numbered scene with one sentence on what is tried.
    pub fn scene(&mut self, title: &str) {
        self.scene += 1;
        let number = self.scene;
        self.line("");
        self.line(&self.paint("1", &format!("{number:>2}. {title}")));
    }

    /// What was tried inside a scene.
    pub fn tried(&self, text: &str) {
        self.line(&format!("      {text}"));
    }

    /// An operation went through, and why.
    pub fn passed(&self, text: &str) {
        self.line(&format!("    {} {text}", self.paint("32", "✓")));
    }

    /// An operation was stopped as it should be, and by whom.
    pub fn refused(&self, text: &str) {
        self.line(&format!("    {} {text}", self.paint("33", "✋")));
    }

    /// Something did not go as described.
    pub fn failed(&self, text: &str) {
        self.line(&format!("    {} {text}", self.paint("31", "✗")));
    }

    /// A line as it is.
    pub fn line(&self, text: &str) {
        if self.quiet {
            return;
        }
        let mut out = std::io::stdout().lock();
        // A closed pipe must not end the demonstration half-way with children running.
        let _ = writeln!(out, "{text}");
        let _ = out.flush();
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

impl Default for Screen {
    fn default() -> Self {
        Self::new()
    }
}
