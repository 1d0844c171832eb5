//! The node's encrypted home: key slots, the encrypted database and the block store.
//!
//! A [`DataDir`] holds a vault for each person. A [`LockedVault`] shows nothing but the ways in; with the right secret
//! it becomes a [`Vault`], which has structured data ([`Db`], encrypted SQLite) and blocks ([`PackStore`], ciphertext
//! addressed by its hash). [`Vault::lock`] takes it all away again.
//!
//! ```
//! use webx_vault::{DataDir, KdfCost, NewVault, Passphrase, Secret32, Unlock};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let data = DataDir::open(folder.path())?;
//! let passphrase = Passphrase::new("correct horse battery staple")?;
//! let recovery_key = Secret32::random()?; // in the product: derived from the 24 words
//! # let kdf = KdfCost::insecure_for_tests();
//! # /*
//! let kdf = KdfCost::calibrate(std::time::Duration::from_millis(500));
//! # */
//! let vault = data.create(NewVault { passphrase: &passphrase, recovery_key: &recovery_key, kdf })?;
//! vault.db().migrate("notes", &["CREATE TABLE note (text TEXT NOT NULL) STRICT"])?;
//! vault.db().write(|tx| {
//!     tx.execute("INSERT INTO note VALUES ('the cat is fed')", [])?;
//!     Ok::<_, webx_vault::Error>(())
//! })?;
//! vault.lock();
//!
//! let id = data.people()?[0];
//! let vault = data.locked(id)?.unlock(Unlock::Recovery(&recovery_key))?;
//! let text: String = vault.db().read(|db| {
//!     Ok::<_, webx_vault::Error>(db.query_row("SELECT text FROM note", [], |row| row.get(0))?)
//! })?;
//! assert_eq!(text, "the cat is fed");
//! # Ok(())
//! # }
//! ```
//!
//! Concepts, in reading order: **slots** wrap one random data key ([`SlotInfo`], [`Unlock`]); every other key is
//! **derived** from the data key ([`Vault::derive`]); blocks are **kept** by an owner ([`kept`]); **acknowledged means fsynced** ([`Db::write`],
//! [`Durability::Fsync`]); what is **damaged** is named and the rest stays readable ([`Damage`], [`Vault::health`]).
//! The formats are described in `docs/protocol/vault.md`.
mod attempts;
mod datadir;
mod db;
#[doc(hidden)]
pub mod disk;
mod error;
#[doc(hidden)]
pub mod fuzz;
mod header;
mod kdf;
pub mod kept;
mod lease;
mod locked;
mod pack;
mod platform;
mod secret;
mod snapshot;
mod vault;

pub use datadir::{DataDir, NewVault, Options, PersonId};
pub use db::{Db, Salvage, SalvagedTable};
pub use error::{Damage, Error, Result, UnlockError};
pub use header::{SlotInfo, SlotKind};
pub use kdf::KdfCost;
pub use locked::{LockedVault, Unlock};
pub use pack::{
    BlockStore, Collect, Collected, DamagedBlock, Durability, Hold, MAX_BLOCK, Mh, PackOptions,
    PackStore, Pause, StoreStat, VerifyProgress, VerifyReport,
};
pub use secret::{Passphrase, Secret32};
pub use vault::Vault;
pub use webx_sqlite::rusqlite;
