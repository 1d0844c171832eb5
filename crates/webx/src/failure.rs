//! How a command fails: one line that says what happened and what to do, and an exit code.

use std::fmt;
use std::process::ExitCode;

/// A failure that a person reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    exit: u8,
    code: String,
    what: String,
    todo: Option<String>,
}

impl Failure {
    /// The command was understood but refused, or it failed (exit code 1).
    pub(crate) fn refused(code: &str, what: impl Into<String>) -> Self {
        Self {
            exit: 1,
            code: code.into(),
            what: what.into(),
            todo: None,
        }
    }

    /// The command line itself is wrong (exit code 2).
    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self {
            exit: 2,
            code: "usage".into(),
            what: what.into(),
            todo: None,
        }
    }

    /// Adds what the person can do about it.
    pub(crate) fn todo(mut self, todo: impl Into<String>) -> Self {
        self.todo = Some(todo.into());
        self
    }

    /// The machine-readable name of what happened.
    pub(crate) fn code(&self) -> &str {
        &self.code
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

/// Prints the error on standard error, on one line, and gives the exit code for it.
pub(crate) fn report(error: &anyhow::Error, json: bool) -> ExitCode {
    if is_broken_pipe(error) {
        return ExitCode::SUCCESS;
    }
    let failure = error.downcast_ref::<Failure>();
    let exit = failure.map_or(1, |failure| failure.exit);
    let line = match failure {
        Some(failure) => failure.to_string(),
        None => one_line(&format!("{error:#}")),
    };
    if json {
        let code = failure.map_or("failed", Failure::code);
        let todo = failure.and_then(|failure| failure.todo.as_deref());
        let what = failure.map_or(line.as_str(), |failure| failure.what.as_str());
        let body =
            serde_json::json!({ "error": one_line(what), "code": code, "todo": todo }).to_string();
        eprintln!("{body}");
    } else {
        eprintln!("webx: {line}");
    }
    ExitCode::from(exit)
}

/// A command line that clap refuses: help and version as clap prints them, errors on one line.
pub(crate) fn report_usage(error: &clap::Error) -> ExitCode {
    use clap::error::ErrorKind;
    let as_clap_says = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if as_clap_says {
        let _ = error.print();
        return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
    }
    let json = std::env::args_os().any(|argument| argument == "--json");
    report(&usage_failure(&error.to_string()).into(), json)
}

/// The first paragraph of clap's message is what is wrong; usage and tips follow it.
fn usage_failure(message: &str) -> Failure {
    let paragraph: Vec<&str> = message
        .lines()
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .collect();
    let what = paragraph.join(" ");
    let what = what.strip_prefix("error: ").unwrap_or(&what);
    Failure::usage(what).todo("see webx help")
}

/// The reader of our output went away (`webx drive ls | head`): nobody is left to tell.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
        && error.downcast_ref::<Failure>().is_none()
}

/// Control characters could forge lines or drive the terminal; they become spaces.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if is_unsafe(c) { ' ' } else { c })
        .collect::<String>()
        .trim()
        .to_owned()
}

/// Control characters and the marks that reorder text on a screen.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_line_with_what_to_do() {
        let failure = Failure::refused("x", "no such file\n/a").todo("look\tagain");
        assert_eq!(failure.to_string(), "no such file /a; look again");
    }

    #[test]
    fn a_wrong_command_line_is_one_line_too() {
        let message =
            "error: the following required arguments were not provided:\n  <PATH>\n\nUsage: x";
        assert_eq!(
            usage_failure(message).to_string(),
            "the following required arguments were not provided: <PATH>; see webx help"
        );
    }

    #[test]
    fn escape_sequences_never_reach_the_terminal() {
        assert_eq!(one_line("a\u{1b}[2Jb\u{202e}c"), "a [2Jb c");
    }
}
