//! `webx doctor`: is the home whole, and if not, what is damaged and what can be saved.

mod apps;
mod checks;
mod run;

use serde::{Deserialize, Serialize};

pub(crate) use checks::examine;
pub(crate) use run::run;

/// What the doctor found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// Nothing is damaged.
    pub(crate) ok: bool,
    /// One line for everything that was looked at.
    pub(crate) checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Check {
    /// Folder, header, database, blocks, files, disk, port or clock.
    pub(crate) name: String,
    pub(crate) state: State,
    /// What was seen.
    pub(crate) what: String,
    /// The file it is about, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    /// What can be done, where something is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) todo: Option<String>,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum State {
    Good,
    /// Works, but the person should know.
    Warning,
    /// Does not hold what it should.
    Damaged,
    /// Could not be looked at now.
    Skipped,
}

impl Report {
    fn new(checks: Vec<Check>) -> Self {
        Self {
            ok: checks.iter().all(|check| check.state != State::Damaged),
            checks,
        }
    }

    fn add(&mut self, check: Check) {
        self.ok &= check.state != State::Damaged;
        self.checks.push(check);
    }
}

impl Check {
    fn new(name: &str, state: State, what: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            state,
            what: what.into(),
            file: None,
            todo: None,
        }
    }

    fn good(name: &str, what: impl Into<String>) -> Self {
        Self::new(name, State::Good, what)
    }

    fn warning(name: &str, what: impl Into<String>, todo: &str) -> Self {
        Self::new(name, State::Warning, what).todo(todo)
    }

    fn damaged(name: &str, what: impl Into<String>, todo: &str) -> Self {
        Self::new(name, State::Damaged, what).todo(todo)
    }

    fn skipped(name: &str, what: impl Into<String>) -> Self {
        Self::new(name, State::Skipped, what)
    }

    fn todo(mut self, todo: &str) -> Self {
        self.todo = Some(todo.to_owned());
        self
    }

    fn file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }
}
