//! Checks and copies of the database.
use std::path::Path;

use rusqlite::backup::{Backup, StepResult};

use super::{Db, READER_CACHE_KIB, connect};
use crate::error::{Damage, Error, Result};

/// Pages copied between two chances for writers.
const PAGES_PER_STEP: i32 = 256;

impl Db {
    /// Reads every page and every index entry and names what is damaged. Empty when all is whole.
    pub fn check(&self) -> Vec<Damage> {
        let remedy =
            "rows on whole pages stay readable; `webx doctor` copies them to a fresh database";
        let found = self.read(|connection| {
            let mut statement = connection.prepare("PRAGMA integrity_check(64)")?;
            let lines: Vec<String> = statement
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            Ok::<_, Error>(lines)
        });
        match found {
            Ok(lines) => lines
                .into_iter()
                .filter(|line| line != "ok")
                .map(|line| Damage::new(self.path(), line.replace('\n', "; "), remedy))
                .collect(),
            Err(Error::Damaged(damage)) => vec![damage],
            Err(e) => vec![Damage::new(self.path(), e.to_string(), remedy)],
        }
    }

    /// Writes an encrypted copy, openable with the same key, to `path`, while reading and writing go on.
    ///
    /// # Errors
    /// [`Error::Damaged`] when a page does not open; [`Error::DiskFull`]; [`Error::Locked`].
    pub fn snapshot_to(&self, path: &Path) -> Result<()> {
        let key = self.0.key.read().clone().ok_or(Error::Locked)?;
        let reader = self.borrow_reader()?;
        match std::fs::remove_file(path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("replace", path, e));
            }
            _ => {}
        }
        let mut options = std::fs::OpenOptions::new();
        crate::platform::owner_only(options.write(true).create_new(true));
        options
            .open(path)
            .map_err(|e| Error::io("create", path, e))?;
        let mut target = connect(path, &key, READER_CACHE_KIB)?;
        {
            let backup =
                Backup::new(reader.connection(), &mut target).map_err(|e| self.named(e))?;
            loop {
                match backup.step(PAGES_PER_STEP).map_err(|e| self.named(e))? {
                    StepResult::Done => break,
                    _ if self.is_closing() => return Err(Error::Locked),
                    _ => std::thread::yield_now(),
                }
            }
        }
        target.close().map_err(|(_, e)| self.named(e))
    }
}
