//! What commands print: text for people or JSON for programs.

use std::io::{self, Write as _};

use serde::Serialize;

use crate::failure::{Failure, Finding, Result};

/// Where a command's result goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints the result: as JSON, or `text` for people.
    pub(crate) fn show<T: Serialize + ?Sized>(self, value: &T, text: &str) -> Result<()> {
        let line = if self.json {
            serde_json::to_string_pretty(value)
                .map_err(|error| Failure::refused("json", error.to_string()))?
        } else {
            text.to_owned()
        };
        print(&line)
    }

    /// Prints one event of a command that goes on: as one line of JSON, or `text`.
    pub(crate) fn event<T: Serialize + ?Sized>(self, value: &T, text: &str) -> Result<()> {
        let line = if self.json {
            serde_json::to_string(value)
                .map_err(|error| Failure::refused("json", error.to_string()))?
        } else {
            text.to_owned()
        };
        print(&line)
    }

    /// A remark for a person; nothing with `--json`.
    pub(crate) fn remark(self, text: &str) {
        if !self.json {
            eprintln!("{text}");
        }
    }

    /// Warnings for a person; programs get them in the result.
    pub(crate) fn warnings(self, findings: &[Finding]) {
        for finding in findings {
            self.remark(&finding.to_string());
        }
    }
}

fn print(line: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        // The reader of our output went away (`wxa verify … | head`): nobody is left to tell.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::refused(
            "io",
            format!("cannot print the result: {error}"),
        )),
        _ => Ok(()),
    }
}

/// Bytes with a binary unit, as people read them.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..1024 => format!("{count} B"),
        1024..1_048_576 => format!("{:.1} KiB", count as f64 / 1024.0),
        _ => format!("{:.1} MiB", count as f64 / 1_048_576.0),
    }
}
