//! A person who is being made, or brought back from a backup, when the machine dies.
//!
//! Making a person takes several steps, and until the last one nobody was told the 24 words: what is
//! there is of no use to anyone. `DATA/unfinished.json` stands while such steps run and names the people
//! who were there before; at the next start everybody else is removed.

use std::fs;
use std::io;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use webx_vault::DataDir;

use crate::failure::Failure;
use crate::folder;

const FILE: &str = "unfinished.json";

#[derive(Serialize, Deserialize)]
struct Record {
    keep: Vec<String>,
}

/// Stands while a person is made. Dropped without [`Unfinished::done`], it removes what was made.
pub(crate) struct Unfinished {
    data: DataDir,
    done: bool,
}

impl Unfinished {
    /// Notes who is here now.
    pub(crate) fn begin(data: &DataDir) -> anyhow::Result<Self> {
        let keep = data.people()?.iter().map(ToString::to_string).collect();
        let text = serde_json::to_vec(&Record { keep })?;
        folder::write_atomic(&data.path().join(FILE), &text)
            .with_context(|| format!("cannot write {FILE}"))?;
        Ok(Self {
            data: data.clone(),
            done: false,
        })
    }

    /// The new person stays.
    pub(crate) fn done(mut self) -> anyhow::Result<()> {
        self.done = true;
        remove_note(&self.data)
    }

    /// Removes people whose making was cut off.
    pub(crate) fn clean(data: &DataDir) -> anyhow::Result<()> {
        let path = data.path().join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let record: Record = serde_json::from_str(&text).map_err(|_| {
            Failure::refused("damaged", format!("{} is damaged", path.display()))
                .todo("move it away; if the identity made last does not open, make it again")
        })?;
        let people = data.path().join("people");
        for entry in fs::read_dir(&people).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if !record.keep.iter().any(|keep| name.to_str() == Some(keep)) {
                fs::remove_dir_all(entry.path())
                    .with_context(|| format!("cannot remove {}", entry.path().display()))?;
            }
        }
        remove_note(data)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.done
            && let Err(error) = Self::clean(&self.data)
        {
            tracing::warn!("an unfinished person could not be removed: {error:#}");
        }
    }
}

fn remove_note(data: &DataDir) -> anyhow::Result<()> {
    let path = data.path().join(FILE);
    fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    folder::sync_folder(data.path())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn person(data: &DataDir, name: &str) -> std::path::PathBuf {
        let folder = data.path().join("people").join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("vault.cbor"), "x").unwrap();
        folder
    }

    const OLD: &str = "01938a00-0000-7000-8000-000000000001";
    const NEW: &str = "01938a00-0000-7000-8000-000000000002";

    #[test]
    fn a_crash_while_making_a_person_leaves_the_others_alone() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        let old = person(&data, OLD);
        let unfinished = Unfinished::begin(&data).unwrap();
        let new = person(&data, NEW);
        std::mem::forget(unfinished);
        Unfinished::clean(&data).unwrap();
        assert!(old.exists() && !new.exists());
        Unfinished::clean(&data).unwrap();
        assert!(old.exists());
    }

    #[test]
    fn a_finished_person_stays_and_an_error_takes_him_away() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        let unfinished = Unfinished::begin(&data).unwrap();
        let old = person(&data, OLD);
        unfinished.done().unwrap();
        Unfinished::clean(&data).unwrap();
        assert!(old.exists());
        let unfinished = Unfinished::begin(&data).unwrap();
        let new = person(&data, NEW);
        drop(unfinished);
        assert!(old.exists() && !new.exists());
    }
}
