//! Where the bytes of a store come from.

use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use crate::Error;

/// A place that has the files of a store: a folder now, the network later. It is never trusted.
pub trait Source: Send + Sync {
    /// The file at `path` (`metadata/…` or `targets/…`, with slashes), or `None` when there is no
    /// such file. It never gives more than `max` bytes.
    ///
    /// # Errors
    /// [`Error::Source`] when the place cannot be reached, [`Error::TooLarge`] for more than `max`
    /// bytes.
    fn read(&self, path: &str, max: u64) -> Result<Option<Vec<u8>>, Error>;
}

/// A store in a local folder.
#[derive(Clone, Debug)]
pub struct FolderSource(PathBuf);

impl FolderSource {
    /// The store in `folder`.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Source for FolderSource {
    fn read(&self, path: &str, max: u64) -> Result<Option<Vec<u8>>, Error> {
        // A store decides about the names of its targets, never about where this reads.
        let inside = path
            .split('/')
            .all(|part| !matches!(part, "" | "." | "..") && !part.contains(['\\', ':', '\0']));
        if !inside {
            return Ok(None);
        }
        let failed = |error: std::io::Error| Error::Source {
            path: path.to_owned(),
            reason: error.kind().to_string(),
        };
        let file = match File::open(self.0.join(path)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let mut bytes = Vec::new();
        file.take(max.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        if bytes.len() as u64 > max {
            return Err(Error::TooLarge {
                path: path.to_owned(),
                limit: max,
            });
        }
        Ok(Some(bytes))
    }
}
