//! The data folder: one process at a time, a vault for each person.
use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;
use uuid::Uuid;

use crate::disk::{Disk, SystemDisk};
use crate::error::{Error, Result};
use crate::header::{self, Header, SlotSecret};
use crate::kdf::KdfCost;
use crate::locked::{LockedVault, Person};
use crate::pack::PackOptions;
use crate::secret::{Passphrase, Secret32};
use crate::vault::Vault;

const PEOPLE: &str = "people";
const LOCK: &str = "lock";
/// Prefix of a vault that is being made: never opened, removed at the next start.
const DRAFT: &str = ".new-";

/// Identifies a person of this node, and his vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonId(pub(crate) Uuid);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl FromStr for PersonId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        Uuid::try_parse(text).map(Self)
    }
}

/// How a data folder behaves. [`Default`] is what the product uses.
#[derive(Debug, Clone)]
pub struct Options {
    /// The clock that times the delays after failed unlock attempts.
    pub clock: fn() -> SystemTime,
    /// Settings of the block stores.
    pub packs: PackOptions,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: SystemTime::now,
            packs: PackOptions::default(),
        }
    }
}

/// The secrets a new vault is made with.
#[derive(Debug, Clone, Copy)]
pub struct NewVault<'a> {
    /// What the person types to unlock.
    pub passphrase: &'a Passphrase,
    /// What the 24 words give.
    pub recovery_key: &'a Secret32,
    /// What one guess at the passphrase shall cost.
    pub kdf: KdfCost,
}

/// The data folder of a node, held by this process until the last clone and the last vault of it are gone.
#[derive(Debug, Clone)]
pub struct DataDir(pub(crate) Arc<Folder>);

#[derive(Debug)]
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) options: Options,
    pub(crate) people: Mutex<HashMap<PersonId, Arc<Mutex<Person>>>>,
    /// Released by the system when the process ends, however it ends.
    _lock: File,
}

impl DataDir {
    /// Opens or creates the folder and locks it against other processes.
    ///
    /// # Errors
    /// [`Error::InUse`] when another process holds it; [`Error::Io`].
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, Options::default())
    }

    /// [`Self::open`] with other than the product's settings.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(path: &Path, options: Options) -> Result<Self> {
        let disk: Arc<dyn Disk> = Arc::new(SystemDisk);
        let people = path.join(PEOPLE);
        disk.create_dir_all(&people)
            .map_err(|e| Error::io("create", &people, e))?;
        let lock = take_lock(&path.join(LOCK))?;
        // A vault is only as durable as the names of the folders above it.
        for made in [path, path.parent().unwrap_or(path)] {
            if let Err(e) = disk.sync_dir(made) {
                tracing::debug!(error = %e, "a folder could not be synced");
            }
        }
        let path = path
            .canonicalize()
            .map_err(|e| Error::io("open", path, e))?;
        let folder = Folder {
            path,
            disk,
            options,
            people: Mutex::default(),
            _lock: lock,
        };
        folder.remove_drafts();
        Ok(Self(Arc::new(folder)))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// The people who have a vault here, oldest first.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn people(&self) -> Result<Vec<PersonId>> {
        let dir = self.0.path.join(PEOPLE);
        let names = self
            .0
            .disk
            .list(&dir)
            .map_err(|e| Error::io("list", &dir, e))?;
        let mut ids: Vec<PersonId> = names.iter().filter_map(|name| name.parse().ok()).collect();
        ids.retain(|id| {
            let person = self.0.person(*id);
            person.join(header::FILE).exists() || person.join(header::BACKUP).exists()
        });
        ids.sort_unstable();
        Ok(ids)
    }

    /// Makes a vault for a new person and opens it. After a crash there is either a whole vault or none.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::DiskFull`], [`Error::Crypto`].
    pub fn create(&self, secrets: NewVault<'_>) -> Result<Vault> {
        let id = PersonId(Uuid::now_v7());
        let data_key = Secret32::random()?;
        let mut new = Header::new(id.0);
        new.set(
            &data_key,
            &SlotSecret::Passphrase(secrets.passphrase, Some(secrets.kdf)),
        )?;
        new.set(&data_key, &SlotSecret::Recovery(secrets.recovery_key))?;
        let people = self.0.path.join(PEOPLE);
        let draft = people.join(format!("{DRAFT}{id}"));
        let disk = &*self.0.disk;
        disk.create_dir_all(&draft)
            .map_err(|e| Error::io("create", &draft, e))?;
        new.store(disk, &draft, &data_key)?;
        let home = self.0.person(id);
        disk.rename(&draft, &home)
            .map_err(|e| Error::io("create", &home, e))?;
        disk.sync_dir(&people)
            .map_err(|e| Error::io("write", &people, e))?;
        self.locked(id)?.open_with_key(data_key)
    }

    /// The vault of a person, not yet opened.
    ///
    /// # Errors
    /// [`Error::NoSuchPerson`]; [`Error::Damaged`] when neither copy of its header is whole; [`Error::NewerFormat`].
    pub fn locked(&self, id: PersonId) -> Result<LockedVault> {
        LockedVault::load(self.clone(), id)
    }
}

impl Folder {
    pub(crate) fn person(&self, id: PersonId) -> PathBuf {
        self.path.join(PEOPLE).join(id.to_string())
    }

    fn remove_drafts(&self) {
        let people = self.path.join(PEOPLE);
        let Ok(names) = self.disk.list(&people) else {
            return;
        };
        for name in names.iter().filter(|name| name.starts_with(DRAFT)) {
            let draft = people.join(name);
            if let Err(e) = std::fs::remove_dir_all(&draft) {
                tracing::warn!(error = %e, "an unfinished vault could not be removed");
            }
        }
    }
}

/// Takes the process lock and writes our process number into it for the message another process prints.
fn take_lock(path: &Path) -> Result<File> {
    let failed = |e| Error::io("lock", path, e);
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    crate::platform::owner_only(&mut options);
    let mut file = options.open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => {
            let mut text = String::new();
            let _ = file.read_to_string(&mut text);
            return Err(Error::InUse {
                pid: text.trim().parse().ok(),
            });
        }
        Err(std::fs::TryLockError::Error(e)) => return Err(failed(e)),
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(failed)?;
    Ok(file)
}
