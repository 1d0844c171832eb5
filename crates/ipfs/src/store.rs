//! The store of public blocks.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use bytes::Bytes;
use parking_lot::Mutex;
use time::OffsetDateTime;
use webx_content::ipld::{self, Blocks, Cid};
use webx_content::ipns::{MAX_RECORD, Name, Record};
use webx_vault::rusqlite::{self, OptionalExtension as _};
use webx_vault::{BlockStore as _, Mh, Secret32, Vault};

mod keys;
mod pins;
mod sweep;
mod writer;

pub(crate) use keys::{SELF, missing as missing_key};
pub use sweep::Swept;
pub use writer::Writer;

/// What the key of public blocks is derived under.
const CONTEXT: &str = "ipfs/public/1";
/// Tables.
const SCHEMA: &[&str] = &[
    "
    CREATE TABLE ipfs_block (
        multihash BLOB PRIMARY KEY,
        sealed BLOB NOT NULL,
        tag BLOB NOT NULL,
        size INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE ipfs_root (
        cid TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        added TEXT NOT NULL
    ) STRICT;
    CREATE TABLE ipfs_name (
        name TEXT PRIMARY KEY,
        record BLOB NOT NULL
    ) STRICT;
",
    "
    ALTER TABLE ipfs_root ADD COLUMN direct INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE ipfs_key (
        name TEXT PRIMARY KEY,
        seed BLOB NOT NULL
    ) STRICT;
    CREATE TABLE ipfs_tree (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        root TEXT NOT NULL
    ) STRICT;
",
];
/// Most names that are remembered.
const MAX_NAMES: i64 = 10_000;

/// What went wrong with the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The vault says no.
    #[error(transparent)]
    Vault(#[from] webx_vault::Error),
    /// The content is at fault.
    #[error(transparent)]
    Content(#[from] ipld::Error),
    /// A block could not be sealed or does not open.
    #[error("block {0} is damaged; add its content again")]
    Damaged(Cid),
    /// A root that is not here.
    #[error("{0} was not added here")]
    NoRoot(Cid),
    /// Something is being added.
    #[error("something is being added; remove when that has ended")]
    Busy,
    /// A record that is older than the one at hand, or has ended.
    #[error("{0}")]
    Record(&'static str),
    /// A block that something needs.
    #[error("{cid} is needed: {why}")]
    Needed {
        /// The block.
        cid: Cid,
        /// By what.
        why: String,
    },
    /// A name of a key that is taken, not there, or none.
    #[error("{0}")]
    Key(String),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Self::Vault(error.into())
    }
}

/// Results of the store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The public blocks of a vault. Clones share it.
#[derive(Clone)]
pub struct PublicStore(Arc<Inner>);

struct Inner {
    vault: Vault,
    key: Secret32,
    /// How many writers there are. Sweeping holds it.
    writers: Mutex<usize>,
    /// Held while the tree of named files changes.
    tree: Mutex<()>,
}

/// Something the person added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Its name.
    pub cid: Cid,
    /// What it was called when it was added; may be empty.
    pub name: String,
    /// When that was.
    pub added: OffsetDateTime,
    /// Whether only the block itself is kept, without what it links to.
    pub direct: bool,
}

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stat {
    /// Blocks.
    pub blocks: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Where a block lies and what it takes to open it.
struct Row {
    sealed: [u8; 32],
    tag: [u8; 16],
}

impl std::fmt::Debug for PublicStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PublicStore")
    }
}

impl PublicStore {
    /// Opens the store of a vault.
    ///
    /// # Errors
    /// What the vault says.
    pub fn open(vault: &Vault) -> Result<Self> {
        vault.db().migrate("ipfs", SCHEMA)?;
        Ok(Self(Arc::new(Inner {
            key: vault.derive(CONTEXT)?,
            vault: vault.clone(),
            writers: Mutex::new(0),
            tree: Mutex::new(()),
        })))
    }

    /// Begins to add blocks.
    ///
    /// # Errors
    /// What the vault says.
    pub fn writer(&self) -> Result<Writer> {
        Writer::new(self.clone())
    }

    /// What was added, latest first.
    ///
    /// # Errors
    /// What the vault says.
    pub fn roots(&self) -> Result<Vec<Root>> {
        self.0.vault.db().read(|db| {
            let sql = "SELECT cid, name, added, direct FROM ipfs_root ORDER BY added DESC, cid";
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get(1)?,
                    row.get::<_, String>(2)?,
                    row.get(3)?,
                ))
            })?;
            let mut roots = Vec::new();
            for row in rows {
                let (cid, name, added, direct) = row?;
                let format = &time::format_description::well_known::Rfc3339;
                roots.push(Root {
                    cid: ipld::parse_cid(&cid)?,
                    name,
                    added: OffsetDateTime::parse(&added, format)
                        .unwrap_or(OffsetDateTime::UNIX_EPOCH),
                    direct,
                });
            }
            Ok(roots)
        })
    }

    /// How much there is.
    ///
    /// # Errors
    /// What the vault says.
    pub fn stat(&self) -> Result<Stat> {
        self.0.vault.db().read(|db| {
            let sql = "SELECT count(*), coalesce(sum(size), 0) FROM ipfs_block";
            let (blocks, bytes): (i64, i64) =
                db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(Stat {
                blocks: blocks.unsigned_abs(),
                bytes: bytes.unsigned_abs(),
            })
        })
    }

    /// Remembers a record of an IPNS name: signed by the name's key, not over, and not older than the one at hand.
    ///
    /// # Errors
    /// [`Error::Content`] for a record that is not valid; [`Error::Record`].
    pub fn put_record(&self, name: &Name, bytes: &[u8], now: OffsetDateTime) -> Result<Record> {
        let record = Record::verify(name, bytes)?;
        if record.is_over(now) {
            return Err(Error::Record("the record has ended"));
        }
        if let Some((known, _)) = self.record(name)?
            && (known.sequence, known.until) > (record.sequence, record.until)
        {
            return Err(Error::Record("a newer record of this name is here already"));
        }
        self.0.vault.db().write(|tx| {
            let known: i64 =
                tx.query_row("SELECT count(*) FROM ipfs_name", [], |row| row.get(0))?;
            if known >= MAX_NAMES {
                return Err(Error::Record("no more names are remembered"));
            }
            let sql = "INSERT OR REPLACE INTO ipfs_name VALUES (?1, ?2)";
            tx.execute(sql, (name.to_string(), bytes))?;
            Ok(())
        })?;
        Ok(record)
    }

    /// The record of a name that is remembered, and its bytes. It may have ended meanwhile.
    ///
    /// # Errors
    /// What the vault says.
    pub fn record(&self, name: &Name) -> Result<Option<(Record, Vec<u8>)>> {
        let bytes: Option<Vec<u8>> = self.0.vault.db().read(|db| {
            let sql = "SELECT record FROM ipfs_name WHERE name = ?1";
            let row = db.query_row(sql, [name.to_string()], |row| row.get(0));
            Ok::<_, Error>(row.optional()?)
        })?;
        Ok(match bytes {
            Some(bytes) if bytes.len() <= MAX_RECORD => {
                Some((Record::verify(name, &bytes)?, bytes))
            }
            _ => None,
        })
    }

    /// A block; `None` when it is not here.
    fn find(&self, cid: &Cid) -> Result<Option<Bytes>> {
        let multihash = cid.hash().to_bytes();
        let row = self.0.vault.db().read(|db| {
            let sql = "SELECT sealed, tag FROM ipfs_block WHERE multihash = ?1";
            let mut statement = db.prepare_cached(sql)?;
            let row = statement.query_row([&multihash], |row| {
                Ok(Row {
                    sealed: row.get(0)?,
                    tag: row.get(1)?,
                })
            });
            Ok::<_, Error>(row.optional()?)
        })?;
        let Some(row) = row else { return Ok(None) };
        let damaged = || Error::Damaged(*cid);
        let place = Mh::wrap(ipld::BLAKE3, &row.sealed).map_err(|_| damaged())?;
        let block = self.0.vault.blocks().get(&place)?.ok_or_else(damaged)?;
        let mut block = Vec::from(block);
        self.key_of(&multihash)
            .and_then(|key| {
                key.open_in_place_separate_tag(nonce(), Aad::empty(), &row.tag, &mut block)
                    .ok()
            })
            .ok_or_else(damaged)?;
        Ok(Some(block.into()))
    }

    /// The key of one block. It follows from the block's own hash and a secret of the vault, so it seals these bytes only,
    /// and its nonce can be fixed.
    fn key_of(&self, multihash: &[u8]) -> Option<LessSafeKey> {
        let key = blake3::keyed_hash(self.0.key.as_bytes(), multihash);
        let key = zeroize::Zeroizing::new(*key.as_bytes());
        UnboundKey::new(&AES_256_GCM, key.as_slice())
            .ok()
            .map(LessSafeKey::new)
    }
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

impl Blocks for PublicStore {
    fn get(&self, cid: &Cid) -> ipld::Result<Bytes> {
        match self.find(cid) {
            Ok(Some(block)) => Ok(block),
            Ok(None) => Err(ipld::Error::Missing(*cid)),
            Err(Error::Content(error)) => Err(error),
            Err(error) => Err(ipld::Error::outside(error)),
        }
    }
}
