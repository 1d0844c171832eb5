//! How a command fails: one line that says what happened and what to do, the places in the source that caused it, and an exit code.

use std::fmt::{self, Write as _};
use std::process::ExitCode;

use serde::Serialize;

/// Result of everything a command does.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// A failure that a developer reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    exit: u8,
    code: String,
    what: String,
    todo: Option<String>,
    findings: Vec<Finding>,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// The package cannot be made.
    Error,
    /// The package can be made; somebody should look.
    Warning,
}

/// One thing that is wrong at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    /// Path below the project, with `/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    /// Line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    /// Column in characters, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<usize>,
    pub(crate) message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) todo: Option<String>,
    /// The lines around the place, with a mark under the column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) frame: Option<String>,
}

impl Finding {
    /// An error that has no place yet.
    pub(crate) fn error(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file: None,
            line: None,
            column: None,
            message: message.into(),
            todo: None,
            frame: None,
        }
    }

    /// The same as a warning.
    pub(crate) fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// Adds what to do.
    pub(crate) fn todo(mut self, todo: impl Into<String>) -> Self {
        self.todo = Some(todo.into());
        self
    }

    /// Says in which file, without a line.
    pub(crate) fn in_file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// Says where, and draws the lines around it from `source`.
    pub(crate) fn at(
        mut self,
        file: impl Into<String>,
        line: usize,
        column: usize,
        source: Option<&str>,
    ) -> Self {
        self.file = Some(file.into());
        self.line = Some(line);
        self.column = Some(column);
        self.frame = source.and_then(|source| frame(source, line, column));
        self
    }

    /// `src/index.tsx:12:7`, or an empty text when no file is known.
    pub(crate) fn place(&self) -> String {
        match (&self.file, self.line, self.column) {
            (Some(file), Some(line), Some(column)) => format!("{file}:{line}:{column}"),
            (Some(file), Some(line), None) => format!("{file}:{line}"),
            (Some(file), ..) => file.clone(),
            _ => String::new(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place();
        if !place.is_empty() {
            write!(f, "{place}: ")?;
        }
        if self.severity == Severity::Warning {
            f.write_str("warning: ")?;
        }
        f.write_str(&one_line(&self.message))?;
        if let Some(todo) = &self.todo {
            write!(f, "; {}", one_line(todo))?;
        }
        if let Some(frame) = &self.frame {
            write!(f, "\n{frame}")?;
        }
        Ok(())
    }
}

impl Failure {
    /// The command was understood but refused, or it failed (exit code 1).
    pub(crate) fn refused(code: &str, what: impl Into<String>) -> Self {
        Self {
            exit: 1,
            code: code.into(),
            what: what.into(),
            todo: None,
            findings: Vec::new(),
        }
    }

    /// The command line itself is wrong (exit code 2).
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self {
            exit: 2,
            ..Self::refused("usage", what)
        }
    }

    /// Something in the project's files is wrong. There is at least one finding.
    pub(crate) fn found(code: &str, findings: Vec<Finding>) -> Self {
        let errors = findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .count();
        let what = match errors {
            1 => "1 error".to_owned(),
            n => format!("{n} errors"),
        };
        Self {
            findings,
            ..Self::refused(code, what)
        }
    }

    /// A file or folder of this machine could not be used.
    pub(crate) fn io(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::refused("io", format!("cannot {doing} {}: {error}", path.display()))
    }

    /// Adds what the developer can do about it.
    pub(crate) fn todo(mut self, todo: impl Into<String>) -> Self {
        self.todo = Some(todo.into());
        self
    }

    /// The machine-readable name of what happened.
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// The places that caused it; empty for failures without a place.
    pub(crate) fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The whole failure as a person reads it: findings first, each with its frame.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for finding in &self.findings {
            let _ = writeln!(text, "{finding}");
        }
        let _ = write!(text, "wxa: {self}");
        text
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "error": one_line(&self.what), "code": self.code, "todo": self.todo, "findings": self.findings,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&one_line(&self.what))?;
        if let Some(todo) = &self.todo {
            write!(f, "; {}", one_line(todo))?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

impl From<webx_wxa::Refusal> for Failure {
    fn from(refusal: webx_wxa::Refusal) -> Self {
        Self::refused(refusal.code(), refusal.to_string())
    }
}

/// Prints the failure on standard error and gives the exit code for it.
pub(crate) fn report(failure: &Failure, json: bool) -> ExitCode {
    if json {
        eprintln!("{}", failure.json());
    } else {
        eprintln!("{}", failure.text());
    }
    ExitCode::from(failure.exit)
}

/// A command line that clap refuses: help and version as clap prints them, errors on one line.
pub(crate) fn report_usage(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind;
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        let _ = error.print();
        return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
    }
    let json = std::env::args_os().any(|argument| argument == "--json");
    let text = error.to_string();
    // The first paragraph is what is wrong; usage and tips follow it.
    let what: Vec<&str> = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .collect();
    let what = what.join(" ");
    let what = what.strip_prefix("error: ").unwrap_or(&what);
    report(&Failure::usage(what).todo("see wxa help"), json)
}

/// Control characters could forge lines or drive the terminal; they become spaces.
pub(crate) fn one_line(text: &str) -> String {
    let safe: String = text
        .chars()
        .map(|c| if is_unsafe(c) { ' ' } else { c })
        .collect();
    safe.trim().to_owned()
}

/// Control characters and the marks that reorder text on a screen.
fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Two lines before the place, the line itself with a mark under the column, one line after.
/// Long lines are cut around the column, so that a minified file does not fill the screen.
fn frame(source: &str, line: usize, column: usize) -> Option<String> {
    const WIDTH: usize = 100;
    let lines: Vec<&str> = source.lines().collect();
    let at = line.checked_sub(1)?;
    lines.get(at)?;
    let first = at.saturating_sub(2);
    let last = (at + 1).min(lines.len() - 1);
    let digits = (last + 1).to_string().len();
    let cut = column.saturating_sub(1).saturating_sub(WIDTH / 2);
    let mut out = String::new();
    for (number, text) in lines.iter().enumerate().take(last + 1).skip(first) {
        let shown: String = text
            .chars()
            .map(|c| if c == '\t' || is_unsafe(c) { ' ' } else { c })
            .skip(cut)
            .take(WIDTH)
            .collect();
        let mark = if number == at { '>' } else { ' ' };
        let _ = writeln!(
            out,
            "{}",
            format!("  {mark} {:>digits$} | {shown}", number + 1).trim_end()
        );
        if number == at {
            let spaces = " ".repeat(column.saturating_sub(1).saturating_sub(cut));
            let _ = writeln!(out, "    {:>digits$} | {spaces}^", "");
        }
    }
    out.truncate(out.trim_end().len());
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_the_place_shows_the_line_and_says_what_to_do() {
        let source = "import x from 'y';\n\nconst n: number = 'a';\nexport default n;\n";
        let finding = Finding::error("this is no number")
            .todo("write a number")
            .at("src/index.tsx", 3, 7, Some(source));
        assert_eq!(
            finding.to_string(),
            "src/index.tsx:3:7: this is no number; write a number\n    1 | import x from 'y';\n    2 |\n  > 3 | const n: number = 'a';\n      |       ^\n    4 | export default n;"
        );
    }

    #[test]
    fn a_very_long_line_is_cut_around_the_column() {
        let source = format!("{}BAD{}", "x".repeat(5000), "y".repeat(5000));
        let frame = frame(&source, 1, 5001).unwrap_or_default();
        assert!(frame.contains("BAD") && frame.len() < 400, "{frame}");
        let mark = frame
            .lines()
            .nth(1)
            .and_then(|l| l.find('^'))
            .unwrap_or_default();
        let line = frame.lines().next().unwrap_or_default();
        assert_eq!(&line[mark..mark + 3], "BAD");
    }

    #[test]
    fn escape_sequences_never_reach_the_terminal() {
        assert_eq!(one_line("a\u{1b}[2Jb\u{202e}c"), "a [2Jb c");
    }
}
