//! A vault whose key is not in memory, and the ways into it.
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use crate::attempts::Attempts;
use crate::datadir::{DataDir, PersonId};
use crate::db::{self, Salvage, WeakDb};
use crate::disk::{self, Access};
use crate::error::{Damage, Error, Result, UnlockError};
use crate::header::{SlotInfo, SlotSecret, Stored, Tried};
use crate::lease::Gate;
use crate::pack::WeakPackStore;
use crate::secret::{Passphrase, Secret32};
use crate::vault::{Vault, WeakVault, derive};

/// What this process knows of a person's vault: one unlock attempt at a time, one opening at a time.
#[derive(Debug, Default)]
pub(crate) struct Person {
    open: WeakVault,
    db: WeakDb,
    blocks: WeakPackStore,
    gate: Arc<Gate>,
}

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
        let person = self.person();
        let mut person = person.lock();
        let (data_key, stored, damages) = self.prove(with)?;
        if let Some(vault) = person.open.upgrade().filter(Vault::is_open) {
            return Ok(vault);
        }
        Ok(self.open(&mut person, data_key, stored, damages)?)
    }

    /// Proves a secret without opening anything: for a second browser, or to test the words a person wrote down.
    ///
    /// # Errors
    /// As [`Self::unlock`], with the same delays.
    pub fn check(&self, with: Unlock<'_>) -> Result<(), UnlockError> {
        let person = self.person();
        let _one = person.lock();
        self.prove(with).map(drop)
    }

    /// What can be seen to be damaged without the key: header copies, the database's size, the packs' presence.
    pub fn health(&self) -> Vec<Damage> {
        let disk = &*self.folder.0.disk;
        let mut found = match Stored::load(disk, &self.dir) {
            Ok((_, damages)) => damages,
            Err(Error::Damaged(damage)) => vec![damage],
            Err(e) => vec![Damage::new(
                &self.dir,
                e.to_string(),
                "put a backup of the folder back",
            )],
        };
        let database = self.dir.join(db::FILE);
        let size = disk
            .open(&database, Access::Read)
            .and_then(|file| file.len());
        match size {
            Ok(size) if size.is_multiple_of(db::PAGE) => {}
            Ok(_) => found.push(Damage::new(
                database,
                "its size is no whole number of pages",
                "unlock to check it; the last snapshot may hold what is missing",
            )),
            Err(e) => found.push(Damage::new(
                database,
                format!("it cannot be opened ({e})"),
                "the last snapshot may hold what is missing",
            )),
        }
        found
    }

    /// Saves what can be saved of a damaged database: copies every readable row to a fresh one, adds from the last
    /// snapshot nothing but says what was lost, and keeps the damaged file beside it. When no row can be read at all,
    /// the snapshot takes its place. The vault must not be open.
    ///
    /// # Errors
    /// As [`Self::unlock`]; [`Error::Damaged`] when neither the database nor a snapshot can be read.
    pub fn repair_database(&self, with: Unlock<'_>) -> Result<Salvage, UnlockError> {
        let person = self.person();
        let mut person = person.lock();
        let (data_key, ..) = self.prove(with)?;
        let _lease = self.enter(&mut person);
        let key = derive(self.id, &data_key, "db")?;
        Ok(db::repair(&*self.folder.0.disk, &self.dir, &key)?)
    }

    fn person(&self) -> Arc<Mutex<Person>> {
        self.folder
            .0
            .people
            .lock()
            .entry(self.id)
            .or_default()
            .clone()
    }

    /// Tries a secret on the slots, counting and delaying failures.
    fn prove(&self, with: Unlock<'_>) -> Result<(Secret32, Stored, Vec<Damage>), UnlockError> {
        let disk = &*self.folder.0.disk;
        let clock = self.folder.0.options.clock;
        let (stored, damages) = Stored::load(disk, &self.dir)?;
        let mut attempts = Attempts::load(disk, &self.dir, clock());
        let counts = matches!(with, Unlock::Passphrase(_));
        if counts {
            let wait = attempts.wait(clock());
            if !wait.is_zero() {
                return Err(UnlockError::TooSoon { retry_after: wait });
            }
            attempts.failed(clock());
            attempts.store(disk, &self.dir);
        }
        let secret = match with {
            Unlock::Passphrase(passphrase) => SlotSecret::Passphrase(passphrase, None),
            Unlock::Recovery(key) => SlotSecret::Recovery(key),
        };
        match stored.header.open(&stored.file, &secret)? {
            Tried::Open(key) => {
                Attempts::default().store(disk, &self.dir);
                Ok((key, stored, damages))
            }
            Tried::Wrong if counts => {
                // The delay starts when the answer is given, not when the slow check began.
                attempts.touch(clock());
                attempts.store(disk, &self.dir);
                Err(UnlockError::Wrong {
                    retry_after: attempts.delay(),
                })
            }
            Tried::Wrong => Err(UnlockError::Wrong {
                retry_after: Duration::ZERO,
            }),
            Tried::NoSuchSlot => Err(UnlockError::NoSuchSlot),
            Tried::Damaged(damage) => Err(UnlockError::Damaged(damage)),
        }
    }

    pub(crate) fn open_with_key(&self, data_key: Secret32) -> Result<Vault> {
        let person = self.person();
        let mut person = person.lock();
        let (stored, damages) = Stored::load(&*self.folder.0.disk, &self.dir)?;
        self.open(&mut person, data_key, stored, damages)
    }

    /// Waits until nobody uses the files any more. Clones that somebody kept of an earlier opening end here.
    fn enter(&self, person: &mut MutexGuard<'_, Person>) -> crate::lease::Lease {
        if let Some(vault) = person.open.upgrade() {
            vault.lock();
        }
        person.blocks.close();
        person.db.close();
        person.gate.enter(self.folder.clone())
    }

    fn open(
        &self,
        person: &mut MutexGuard<'_, Person>,
        data_key: Secret32,
        stored: Stored,
        damages: Vec<Damage>,
    ) -> Result<Vault> {
        let lease = self.enter(person);
        let vault = Vault::open(&self.folder, self.id, data_key, stored, damages)?;
        vault.blocks().keep(lease);
        person.open = vault.downgrade();
        person.db = vault.db().downgrade();
        person.blocks = vault.blocks().downgrade();
        Ok(vault)
    }
}

/// Creates an empty file that only its owner can read, for a library that would create it wider.
pub(crate) fn create_private(disk: &dyn disk::Disk, path: &std::path::Path) -> Result<()> {
    disk.open(path, Access::Create)
        .map(drop)
        .map_err(|e| Error::io("create", path, e))
}
