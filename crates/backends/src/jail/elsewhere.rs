//! On systems without Landlock and seccomp there is no jail, and this says so.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use crate::{Backend, Launch, StartError};

/// How this program would start itself again.
#[derive(Clone, Debug)]
pub struct Reentry {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// Makes jails: none here.
#[derive(Clone, Debug)]
pub struct JailHost;

/// A CPython of this machine: none that could be jailed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python {
    /// The interpreter.
    pub program: PathBuf,
    /// Its version.
    pub version: String,
}

impl Python {
    /// Every CPython that can be jailed: none.
    #[must_use]
    pub fn all() -> Vec<Self> {
        Vec::new()
    }
}

impl JailHost {
    /// Takes what it needs on Linux.
    #[must_use]
    pub fn new(_: Reentry) -> Self {
        Self
    }

    /// The walls that a jail has on this machine, in words.
    #[must_use]
    pub fn walls(&self) -> &'static str {
        "nothing: apps with native code run on Linux only"
    }

    /// Refuses.
    ///
    /// # Errors
    /// Always [`StartError::Unsupported`].
    pub fn start(&self, _: Launch) -> Result<Arc<dyn Backend>, StartError> {
        Err(StartError::Unsupported(
            "apps with native Python wheels run on Linux only".into(),
        ))
    }
}

/// Does nothing: no process enters a jail here.
#[must_use]
pub fn jail_main() -> ExitCode {
    ExitCode::FAILURE
}
