//! What commands print: text for people or JSON for programs, and the questions they ask.

use std::io::{self, BufRead, IsTerminal, Write};

use serde::Serialize;
use serde_json::Value;

use crate::args::Global;
use crate::failure::{Failure, is_unsafe};

/// Where a command's result goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) yes: bool,
    pub(crate) quiet: bool,
}

impl Output {
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            json: global.json,
            yes: global.yes,
            quiet: global.quiet,
        }
    }

    /// Prints one value: as JSON, or by `text` for people.
    pub(crate) fn show<T: Serialize + ?Sized>(
        self,
        value: &T,
        text: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer_pretty(&mut out, value)?;
            writeln!(out)?;
        } else {
            text(&mut out)?;
        }
        out.flush()?;
        Ok(())
    }

    /// Prints one value as one line of JSON, or one line of text; for lists that never end.
    pub(crate) fn row<T: Serialize + ?Sized>(self, value: &T, text: &str) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer(&mut out, value)?;
            writeln!(out)?;
        } else {
            writeln!(out, "{text}")?;
        }
        out.flush()?;
        Ok(())
    }

    /// A remark for a person at a terminal; nothing with `--json` or `--quiet`.
    pub(crate) fn remark(self, text: &str) {
        if !self.json && !self.quiet {
            eprintln!("{text}");
        }
    }

    /// Whether bars may be drawn.
    pub(crate) fn progress(self) -> bool {
        !self.json && !self.quiet && io::stderr().is_terminal()
    }

    /// Asks once before something that cannot be undone.
    pub(crate) fn confirm(self, question: &str) -> anyhow::Result<()> {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() {
            return Err(
                Failure::usage(format!("{question} Nobody can be asked here"))
                    .todo("add --yes to go ahead")
                    .into(),
            );
        }
        eprint!("{question} [y/N] ");
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        if matches!(answer.trim(), "y" | "Y" | "yes" | "Yes") {
            return Ok(());
        }
        Err(Failure::refused("declined", "nothing was changed").into())
    }
}

/// A name from the drive, made safe for a terminal.
pub(crate) fn printable(name: &str) -> String {
    name.chars()
        .map(|c| if is_unsafe(c) { '\u{fffd}' } else { c })
        .collect()
}

/// Bytes with a binary unit, as people read them.
pub(crate) fn bytes(count: u64) -> String {
    indicatif::BinaryBytes(count).to_string()
}

/// A JSON field as text, empty when it is missing.
pub(crate) fn field<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A JSON field as a number, 0 when it is missing.
pub(crate) fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}
