//! Files that commands write on this machine: whole or absent.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context as _;

use crate::failure::Failure;

/// A file that appears under its name only when it is complete.
pub(in crate::commands) struct Landing {
    file: File,
    part: PathBuf,
    path: PathBuf,
    force: bool,
    landed: bool,
}

impl Landing {
    /// Starts a file at `path`. An existing one is refused unless `force`.
    pub(in crate::commands) fn start(path: &Path, force: bool) -> anyhow::Result<Self> {
        if path.is_dir() {
            return Err(exists(path, "is a folder").into());
        }
        if !force && path.symlink_metadata().is_ok() {
            return Err(exists(path, "exists already").into());
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".webx-part");
        let part = PathBuf::from(part);
        let _ = fs::remove_file(&part);
        let file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&part)
            .with_context(|| format!("cannot write {}", part.display()))?;
        Ok(Self {
            file,
            part,
            path: path.to_path_buf(),
            force,
            landed: false,
        })
    }

    /// Makes the content last a power cut.
    pub(in crate::commands) fn sync(&self) -> anyhow::Result<()> {
        Ok(self.file.sync_all()?)
    }

    /// Puts the complete file in its place, with the time it had.
    pub(in crate::commands) fn land(mut self, modified: Option<SystemTime>) -> anyhow::Result<()> {
        if let Some(time) = modified {
            // A time this file system cannot hold is not worth losing the file for.
            let _ = self.file.set_modified(time);
        }
        if !self.force && self.path.symlink_metadata().is_ok() {
            return Err(exists(&self.path, "exists already").into());
        }
        fs::rename(&self.part, &self.path)
            .with_context(|| format!("cannot write {}", self.path.display()))?;
        self.landed = true;
        Ok(())
    }
}

impl Write for Landing {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.file.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        if !self.landed {
            let _ = fs::remove_file(&self.part);
        }
    }
}

fn exists(path: &Path, why: &str) -> Failure {
    Failure::refused("exists", format!("{} {why}", path.display()))
        .todo("choose another name, or overwrite with --force")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_half_written_file_never_appears() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let mut landing = Landing::start(&path, false).unwrap();
        landing.write_all(b"half").unwrap();
        drop(landing);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_existing_file_is_overwritten_only_on_demand() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "old").unwrap();
        assert!(Landing::start(&path, false).is_err());
        let mut landing = Landing::start(&path, true).unwrap();
        landing.write_all(b"new").unwrap();
        landing.land(None).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }
}
