//! Documents made from the program itself: OpenAPI, completions, manual pages.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::args::Cli;

/// Prints the OpenAPI document of the HTTP API.
pub(super) fn openapi() -> anyhow::Result<()> {
    std::io::stdout()
        .lock()
        .write_all(webx_desktop::openapi_json().as_bytes())?;
    Ok(())
}

/// Prints a completion script.
pub(super) fn completions(shell: Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "webx", &mut script);
    std::io::stdout().lock().write_all(&script)?;
    Ok(())
}

/// Writes one manual page for each command.
pub(super) fn manual(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    clap_mangen::generate_to(Cli::command(), folder)
        .with_context(|| format!("cannot write into {}", folder.display()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_a_manual_page() {
        let folder = tempfile::tempdir().unwrap();
        manual(folder.path()).unwrap();
        for page in ["webx.1", "webx-up.1", "webx-drive-put.1", "webx-doctor.1"] {
            assert!(folder.path().join(page).exists(), "{page} is missing");
        }
    }
}
