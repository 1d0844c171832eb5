//! The data folder: where it is, and `node.json`, the little in it that is no secret.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// Port of the desktop when nothing else was said.
pub(crate) const DEFAULT_PORT: u16 = 7700;
/// The one format of `node.json`.
const FORMAT: u32 = 1;

/// Settings that are needed before anything is unlocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NodeFile {
    format: u32,
    /// Port on which the desktop is served.
    pub(crate) port: u16,
}

impl NodeFile {
    pub(crate) fn new(port: u16) -> Self {
        Self {
            format: FORMAT,
            port,
        }
    }

    /// Reads `DATA/node.json`; `None` when there is none yet.
    pub(crate) fn read(data: &Path) -> anyhow::Result<Option<Self>> {
        let path = data.join("node.json");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let damaged = || {
            Failure::refused("damaged", format!("{} is damaged", path.display()))
                .todo("delete it; it only holds the port")
        };
        let file: Self = serde_json::from_str(&text).map_err(|_| damaged())?;
        if file.format > FORMAT {
            return Err(Failure::refused(
                "newer",
                format!("{} was written by a newer webx", path.display()),
            )
            .todo("update webx")
            .into());
        }
        Ok(Some(file))
    }

    /// Writes `DATA/node.json` so that it is old or new, never half.
    pub(crate) fn write(&self, data: &Path) -> anyhow::Result<()> {
        write_atomic(
            &data.join("node.json"),
            serde_json::to_string(self)?.as_bytes(),
        )
        .context("cannot write node.json")
    }
}

/// The data folder: the one given, else the platform's.
pub(crate) fn locate(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(folder) = given {
        return std::path::absolute(folder)
            .with_context(|| format!("cannot use {}", folder.display()));
    }
    directories::ProjectDirs::from("", "", "webx")
        .map(|dirs| dirs.data_dir().to_path_buf())
        .ok_or_else(|| {
            Failure::usage("this account has no home folder")
                .todo("name a data folder with --data DIR")
                .into()
        })
}

/// Writes a small private file: temporary file, flush to disk, rename, flush the folder.
pub(crate) fn write_atomic(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.new"));
    match std::fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    sync_folder(folder)
}

/// Whether a process holds the data folder at this moment.
pub(crate) fn is_held(data: &Path) -> bool {
    std::fs::File::open(data.join("lock"))
        .is_ok_and(|lock| matches!(lock.try_lock(), Err(std::fs::TryLockError::WouldBlock)))
}

/// Makes a rename in `folder` last; platforms without that notion ignore it.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_port_is_remembered() {
        let data = tempfile::tempdir().unwrap();
        assert_eq!(NodeFile::read(data.path()).unwrap(), None);
        NodeFile::new(7800).write(data.path()).unwrap();
        assert_eq!(
            NodeFile::read(data.path()).unwrap(),
            Some(NodeFile::new(7800))
        );
    }

    #[test]
    fn a_damaged_or_newer_file_is_named() {
        let data = tempfile::tempdir().unwrap();
        for text in ["", "{", "{\"format\":2,\"port\":1}", "{\"format\":1}"] {
            std::fs::write(data.path().join("node.json"), text).unwrap();
            let error = NodeFile::read(data.path()).unwrap_err().to_string();
            assert!(error.contains("node.json"), "{error}");
        }
    }
}
