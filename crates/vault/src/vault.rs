//! An open vault.
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use rusqlite::OptionalExtension;

use crate::datadir::{DataDir, PersonId};
use crate::db::{self, Db};
use crate::disk::Disk;
use crate::error::{Damage, Error, Result, UnlockError};
use crate::header::{self, Header, SlotSecret, Stored, Tried};
use crate::kdf::{self, KdfCost};
use crate::locked::{LockedVault, Unlock, create_private};
use crate::pack::PackStore;
use crate::secret::{Passphrase, Secret32};
use crate::snapshot::Snapshots;

/// Tables of the vault itself.
const SCHEMA: &[&str] = &[
    "CREATE TABLE vault_meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT",
    crate::kept::SCHEMA,
];

/// An open vault. Clones share it; [`Vault::lock`] ends all of them.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

/// A vault that may be gone.
#[derive(Debug, Default)]
pub(crate) struct WeakVault(Weak<Inner>);

impl WeakVault {
    pub(crate) fn upgrade(&self) -> Option<Vault> {
        self.0.upgrade().map(Vault)
    }
}

struct Inner {
    folder: DataDir,
    id: PersonId,
    dir: PathBuf,
    data_key: RwLock<Option<Secret32>>,
    header: Mutex<Header>,
    /// What was found damaged while opening.
    found: Mutex<Vec<Damage>>,
    db: Db,
    blocks: PackStore,
    snapshots: Snapshots,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault")
            .field("id", &self.0.id)
            .finish_non_exhaustive()
    }
}

impl Vault {
    pub(crate) fn open(
        folder: &DataDir,
        id: PersonId,
        data_key: Secret32,
        stored: Stored,
        mut found: Vec<Damage>,
    ) -> Result<Self> {
        let dir = folder.0.person(id);
        let disk = &*folder.0.disk;
        let stored = authentic(disk, &dir, &data_key, stored, &mut found)?;
        let tmp = dir.join("tmp");
        match std::fs::remove_dir_all(&tmp) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("empty", &tmp, e));
            }
            _ => disk
                .create_dir_all(&tmp)
                .map_err(|e| Error::io("create", &tmp, e))?,
        }
        let path = dir.join(db::FILE);
        create_private(disk, &path)?;
        let db = Db::open(&path, &derive(id, &data_key, "db")?)?;
        if let Err(e) = note_generation(&db, &dir, stored.header.generation, &mut found) {
            match e {
                Error::Damaged(damage) => found.push(damage),
                other => return Err(other),
            }
        }
        let blocks = PackStore::open(
            folder.0.disk.clone(),
            &dir,
            id.0,
            folder.0.options.packs.clone(),
        )?;
        let snapshots = Snapshots::start(db.downgrade(), folder.0.disk.clone(), &dir);
        Ok(Self(Arc::new(Inner {
            folder: folder.clone(),
            id,
            dir,
            data_key: RwLock::new(Some(data_key)),
            header: Mutex::new(stored.header),
            found: Mutex::new(found),
            db,
            blocks,
            snapshots,
        })))
    }

    pub(crate) fn downgrade(&self) -> WeakVault {
        WeakVault(Arc::downgrade(&self.0))
    }

    /// Whose vault it is.
    pub fn id(&self) -> PersonId {
        self.0.id
    }

    /// The folder of this vault.
    pub fn path(&self) -> &Path {
        &self.0.dir
    }

    /// The structured data.
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// The blocks.
    pub fn blocks(&self) -> &PackStore {
        &self.0.blocks
    }

    /// A key for one purpose: HKDF-SHA256 of the data key. The same `context` always gives the same key; two contexts
    /// give independent keys.
    ///
    /// # Errors
    /// [`Error::Locked`].
    pub fn derive(&self, context: &str) -> Result<Secret32> {
        let key = self.0.data_key.read();
        derive(
            self.0.id,
            key.as_ref().ok_or(Error::Locked)?,
            &format!("app/{context}"),
        )
    }

    /// Replaces the passphrase after proving the current one. The current one opens nothing afterwards.
    ///
    /// # Errors
    /// [`UnlockError::Wrong`] and [`UnlockError::TooSoon`] as in [`LockedVault::unlock`]; [`Error::Locked`].
    pub fn change_passphrase(
        &self,
        current: &Passphrase,
        next: &Passphrase,
    ) -> Result<(), UnlockError> {
        LockedVault::load(self.0.folder.clone(), self.0.id)?.check(Unlock::Passphrase(current))?;
        let cost = self
            .0
            .header
            .lock()
            .passphrase_cost()
            .unwrap_or_else(|| KdfCost::calibrate(TARGET));
        Ok(self.replace_slot(&SlotSecret::Passphrase(next, Some(cost)))?)
    }

    /// Sets a passphrase without the current one: for a person who came in with the recovery words.
    ///
    /// # Errors
    /// [`Error::Locked`]; [`Error::Io`] and [`Error::DiskFull`] leave the former passphrase valid.
    pub fn set_passphrase(&self, next: &Passphrase, cost: KdfCost) -> Result<()> {
        self.replace_slot(&SlotSecret::Passphrase(next, Some(cost)))
    }

    /// Replaces the recovery key. The former words open nothing afterwards.
    ///
    /// # Errors
    /// [`Error::Locked`]; [`Error::Io`] and [`Error::DiskFull`] leave the former key valid.
    pub fn set_recovery(&self, key: &Secret32) -> Result<()> {
        self.replace_slot(&SlotSecret::Recovery(key))
    }

    /// Whether `key` is the recovery key of this vault: lets a person test the words he wrote down.
    ///
    /// # Errors
    /// [`Error::Locked`]; [`Error::Damaged`] when the slot does not open though the key is right.
    pub fn is_recovery_key(&self, key: &Secret32) -> Result<bool> {
        if !self.is_open() {
            return Err(Error::Locked);
        }
        let header = self.0.header.lock().clone();
        match header.open(&self.0.dir.join(header::FILE), &SlotSecret::Recovery(key))? {
            Tried::Open(_) => Ok(true),
            Tried::Wrong | Tried::NoSuchSlot => Ok(false),
            Tried::Damaged(damage) => Err(Error::Damaged(damage)),
        }
    }

    fn replace_slot(&self, secret: &SlotSecret<'_>) -> Result<()> {
        let mut header = self.0.header.lock();
        let key = self.0.data_key.read();
        let data_key = key.as_ref().ok_or(Error::Locked)?;
        let mut next = header.clone();
        next.set(data_key, secret)?;
        next.store(&*self.0.folder.0.disk, &self.0.dir, data_key)?;
        drop(key);
        let generation = next.generation;
        *header = next;
        note_generation(&self.0.db, &self.0.dir, generation, &mut Vec::new())?;
        Ok(())
    }

    /// Proves a passphrase or the recovery key against the slots of this vault, without opening anything: for a second
    /// browser that logs in.
    ///
    /// # Errors
    /// As [`LockedVault::unlock`], with the same count and delay; [`Error::Locked`].
    pub fn check(&self, with: Unlock<'_>) -> Result<(), UnlockError> {
        if !self.is_open() {
            return Err(Error::Locked.into());
        }
        LockedVault::load(self.0.folder.clone(), self.0.id)?.check(with)
    }

    /// True until [`Self::lock`].
    pub fn is_open(&self) -> bool {
        self.0.data_key.read().is_some()
    }

    /// Closes database and blocks and wipes the keys, for all clones. Waits for what is running; everything later
    /// fails with [`Error::Locked`].
    pub fn lock(&self) {
        *self.0.data_key.write() = None;
        self.0.snapshots.stop();
        self.0.blocks.close();
        self.0.db.close();
    }

    /// Bytes free on the volume of the vault.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn free_space(&self) -> Result<u64> {
        self.0
            .folder
            .0
            .disk
            .available(&self.0.dir)
            .map_err(|e| Error::io("measure", &self.0.dir, e))
    }

    /// What was found damaged: while opening, and by a full check of the database now. The blocks are checked by
    /// [`PackStore::verify`].
    pub fn health(&self) -> Vec<Damage> {
        let mut all = self.0.found.lock().clone();
        all.extend(self.0.db.check());
        all.extend(self.0.blocks.damage());
        all
    }
}

/// A header that nobody without the key has changed: this one, or its second copy. When neither is, the vault opens all
/// the same, for its owner has proved himself, and says so.
fn authentic(
    disk: &dyn Disk,
    dir: &Path,
    data_key: &Secret32,
    stored: Stored,
    found: &mut Vec<Damage>,
) -> Result<Stored> {
    if stored.is_authentic(data_key) {
        if !found.is_empty() {
            stored.header.store(disk, dir, data_key)?;
        }
        return Ok(stored);
    }
    let changed = "its slots were changed by somebody without the key";
    if let Ok(copy) = Stored::load_file(disk, &dir.join(header::BACKUP))
        && copy.is_authentic(data_key)
    {
        found.push(Damage::new(
            &stored.file,
            changed,
            "its second copy is whole and was put back",
        ));
        copy.header.store(disk, dir, data_key)?;
        return Ok(copy);
    }
    found.push(Damage::new(
        &stored.file,
        changed,
        "set passphrase and recovery words again: that writes a clean header",
    ));
    Ok(stored)
}

/// The database remembers how new the header was, so that an old one put back, with a passphrase that should open
/// nothing any more, is noticed.
fn note_generation(db: &Db, dir: &Path, generation: u64, found: &mut Vec<Damage>) -> Result<()> {
    db.migrate("vault", SCHEMA)?;
    let now = i64::try_from(generation).unwrap_or(i64::MAX);
    let known: Option<i64> = db.read(|connection| {
        let sql = "SELECT value FROM vault_meta WHERE name = 'header generation'";
        Ok::<_, Error>(connection.query_row(sql, [], |row| row.get(0)).optional()?)
    })?;
    match known {
        Some(known) if known == now => Ok(()),
        Some(known) if known > now => {
            found.push(Damage::new(
                dir.join(header::FILE),
                "an older header was put back; a passphrase that was replaced may open the vault again",
                "set the passphrase and the recovery words again",
            ));
            Ok(())
        }
        _ => db.write(|tx| {
            tx.execute(
                "INSERT OR REPLACE INTO vault_meta VALUES ('header generation', ?1)",
                [now],
            )?;
            Ok(())
        }),
    }
}

/// What one passphrase check shall take.
const TARGET: Duration = Duration::from_millis(500);

pub(crate) fn derive(id: PersonId, data_key: &Secret32, purpose: &str) -> Result<Secret32> {
    let mut info = b"webx-vault/1/".to_vec();
    info.extend_from_slice(purpose.as_bytes());
    kdf::hkdf32(data_key, id.0.as_bytes(), &info)
}
