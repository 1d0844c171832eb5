//! A vault, locked and open.
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};

use crate::attempts::Attempts;
use crate::datadir::{DataDir, PersonId};
use crate::db::{self, Db};
use crate::error::{Damage, Error, Result, UnlockError};
use crate::header::{self, Header, SlotInfo, SlotSecret, Stored, Tried};
use crate::kdf::{self, KdfCost};
use crate::pack::PackStore;
use crate::secret::{Passphrase, Secret32};

/// A vault whose key is not in memory.
#[derive(Debug)]
pub struct LockedVault {
    folder: DataDir,
    id: PersonId,
    dir: PathBuf,
    slots: Vec<SlotInfo>,
}

/// A secret to unlock with.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Unlock<'a> {
    /// The passphrase.
    Passphrase(&'a Passphrase),
    /// The recovery key derived from the 24 words.
    Recovery(&'a Secret32),
}

impl LockedVault {
    pub(crate) fn load(folder: DataDir, id: PersonId) -> Result<Self> {
        let dir = folder.0.person(id);
        if !dir.is_dir() {
            return Err(Error::NoSuchPerson(id));
        }
        let (stored, _) = Stored::load(&*folder.0.disk, &dir)?;
        if stored.header.id() != id.0 {
            return Err(Error::Damaged(Damage::new(
                stored.file,
                "it belongs to another vault",
                "put the header of this vault back, or rename the folder to the name it had",
            )));
        }
        Ok(Self {
            folder,
            id,
            slots: stored.header.slots(),
            dir,
        })
    }

    /// Whose vault it is.
    pub fn id(&self) -> PersonId {
        self.id
    }

    /// The ways in.
    pub fn slots(&self) -> &[SlotInfo] {
        &self.slots
    }

    /// Time until the next attempt with the passphrase is allowed.
    pub fn retry_after(&self) -> Duration {
        let now = (self.folder.0.options.clock)();
        Attempts::load(&*self.folder.0.disk, &self.dir, now).wait(now)
    }

    /// Opens the vault. Takes about half a second with a passphrase. A vault that is open already is shared after the
    /// secret proved right.
    ///
    /// # Errors
    /// [`UnlockError`]. A failed passphrase delays the next attempt, 1 s, 2 s, 4 s … 5 min, also after a restart. The
    /// recovery key is never delayed: at 256 bits there is nothing to guess, and a stranger who mistypes the
    /// passphrase must not keep the owner out.
    pub fn unlock(&self, with: Unlock<'_>) -> Result<Vault, UnlockError> {
        let person = self
            .folder
            .0
            .people
            .lock()
            .entry(self.id)
            .or_default()
            .clone();
        let mut open = person.lock();
        let disk = &*self.folder.0.disk;
        let clock = self.folder.0.options.clock;
        let (stored, damages) = Stored::load(disk, &self.dir)?;
        let mut attempts = Attempts::load(disk, &self.dir, clock());
        let secret = match with {
            Unlock::Passphrase(passphrase) => {
                let wait = attempts.wait(clock());
                if !wait.is_zero() {
                    return Err(UnlockError::TooSoon { retry_after: wait });
                }
                attempts.failed(clock());
                attempts.store(disk, &self.dir);
                SlotSecret::Passphrase(passphrase, KdfCost::insecure_for_tests())
            }
            Unlock::Recovery(key) => SlotSecret::Recovery(key),
        };
        let data_key = match stored.header.open(&stored.file, &secret)? {
            Tried::Open(key) => key,
            Tried::Wrong => {
                return Err(UnlockError::Wrong {
                    retry_after: self.punish(&mut attempts, with),
                });
            }
            Tried::NoSuchSlot => return Err(UnlockError::NoSuchSlot),
            Tried::Damaged(damage) => return Err(UnlockError::Damaged(damage)),
        };
        Attempts::default().store(disk, &self.dir);
        if let Some(vault) = open.as_ref().filter(|vault| vault.is_open()) {
            return Ok(vault.clone());
        }
        let vault = Vault::open(&self.folder, self.id, data_key, stored, damages)?;
        *open = Some(vault.clone());
        Ok(vault)
    }

    /// The delay starts when the answer is given, not when the slow check began.
    fn punish(&self, attempts: &mut Attempts, with: Unlock<'_>) -> Duration {
        if !matches!(with, Unlock::Passphrase(_)) {
            return Duration::ZERO;
        }
        attempts.touch((self.folder.0.options.clock)());
        attempts.store(&*self.folder.0.disk, &self.dir);
        attempts.delay()
    }

    pub(crate) fn open_with_key(&self, data_key: Secret32) -> Result<Vault> {
        let person = self
            .folder
            .0
            .people
            .lock()
            .entry(self.id)
            .or_default()
            .clone();
        let mut open = person.lock();
        let (stored, damages) = Stored::load(&*self.folder.0.disk, &self.dir)?;
        let vault = Vault::open(&self.folder, self.id, data_key, stored, damages)?;
        *open = Some(vault.clone());
        Ok(vault)
    }
}

/// An open vault. Clones share it; [`Vault::lock`] ends all of them.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

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
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault")
            .field("id", &self.0.id)
            .finish_non_exhaustive()
    }
}

impl Vault {
    fn open(
        folder: &DataDir,
        id: PersonId,
        data_key: Secret32,
        stored: Stored,
        mut found: Vec<Damage>,
    ) -> Result<Self> {
        let dir = folder.0.person(id);
        if !stored.is_authentic(&data_key) {
            found.push(Damage::new(
                dir.join(header::FILE),
                "its slots were changed by somebody without the key",
                "set passphrase and recovery words again: that writes a clean header",
            ));
        }
        let db_key = derive(id, &data_key, "db")?;
        let db = Db::open(&dir.join(db::FILE), &db_key)?;
        let blocks = PackStore::open(
            folder.0.disk.clone(),
            &dir,
            id.0,
            folder.0.options.packs.clone(),
        )?;
        Ok(Self(Arc::new(Inner {
            folder: folder.clone(),
            id,
            dir,
            data_key: RwLock::new(Some(data_key)),
            header: Mutex::new(stored.header),
            found: Mutex::new(found),
            db,
            blocks,
        })))
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
        LockedVault::load(self.0.folder.clone(), self.0.id)?.unlock(Unlock::Passphrase(current))?;
        let cost = self
            .0
            .header
            .lock()
            .passphrase_cost()
            .unwrap_or(KdfCost::calibrate(TARGET));
        Ok(self.replace_slot(&SlotSecret::Passphrase(next, cost))?)
    }

    /// Sets a passphrase without the current one: for a person who came in with the recovery words.
    ///
    /// # Errors
    /// [`Error::Locked`]; [`Error::Io`] and [`Error::DiskFull`] leave the former passphrase valid.
    pub fn set_passphrase(&self, next: &Passphrase, cost: KdfCost) -> Result<()> {
        self.replace_slot(&SlotSecret::Passphrase(next, cost))
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
        *header = next;
        Ok(())
    }

    /// True until [`Self::lock`].
    pub fn is_open(&self) -> bool {
        self.0.data_key.read().is_some()
    }

    /// Closes database and blocks and wipes the keys, for all clones. Waits for what is running; everything later
    /// fails with [`Error::Locked`].
    pub fn lock(&self) {
        *self.0.data_key.write() = None;
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

/// What one passphrase check shall take.
const TARGET: Duration = Duration::from_millis(500);

fn derive(id: PersonId, data_key: &Secret32, purpose: &str) -> Result<Secret32> {
    let mut info = b"webx-vault/1/".to_vec();
    info.extend_from_slice(purpose.as_bytes());
    kdf::hkdf32(data_key, id.0.as_bytes(), &info)
}
