//! From an open vault into a backup, and from a backup into an empty data folder.

use std::fs::{self, File};
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use bytes::Bytes;
use webx_desktop::Secret as Proof;
use webx_vault::{BlockStore as _, DataDir, Durability, Mh, Vault};

use super::{
    Counts, Error, Head, MAX_VAULT_HEADER, Opener, Record, RecordReader, RecordWriter, Sealer,
    StreamKey,
};
use crate::failure::Failure;
use crate::folder;
use crate::node::{Unfinished, proof};

/// Names of the vault's own files.
const VAULT_HEADER: &str = "vault.cbor";
const DATABASE: &str = "store.db";
/// What the vault's key for backups is derived under.
const CONTEXT: &str = "backup/1";
/// Blocks are handed to the store in batches of about this many bytes.
const BATCH: usize = 16 * 1024 * 1024;
/// Multicodec of BLAKE3 with 32 bytes, the only hash the vault gives its blocks.
const BLAKE3_256: u64 = 0x1e;

/// Streams the whole vault into `to`, while reading and writing go on.
pub(crate) fn write<W: Write>(vault: &Vault, to: W) -> anyhow::Result<(W, Counts)> {
    let mut salt = [0; 32];
    getrandom::fill(&mut salt).map_err(|_| Error::Crypto)?;
    let head = Head {
        person: *person_bytes(&vault.id().to_string())?.as_bytes(),
        salt,
        made_at: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs()),
        vault_header: read_vault_header(vault.path())?,
    };
    let key = stream_key(vault)?;
    let mut to = to;
    head.write(&mut to)?;
    let mut records = RecordWriter::new(Sealer::new(to, &head, &key)?);
    // No block may be collected between the snapshot that names it and its copy.
    let _whole = vault.blocks().pause_collection()?;
    let snapshot = Snapshot::take(vault)?;
    let mut file = File::open(&snapshot.path).context("cannot read the database snapshot")?;
    let length = file.metadata()?.len();
    records.database(&mut file, length)?;
    drop((file, snapshot));
    write_blocks(vault, &mut records)?;
    Ok(records.end()?)
}

fn write_blocks<W: Write>(vault: &Vault, records: &mut RecordWriter<W>) -> anyhow::Result<()> {
    let mut written = Ok(());
    vault
        .blocks()
        .for_each(&mut |address| {
            match vault.blocks().get(address)? {
                Some(data) => written = records.block(&address.to_bytes(), &data),
                // Deleted since the listing: the snapshot does not need it.
                None => return Ok(()),
            }
            match written {
                Ok(()) => Ok(()),
                Err(_) => Err(webx_vault::Error::Stopped),
            }
        })
        .or_else(|error| match error {
            webx_vault::Error::Stopped => Ok(()),
            other => Err(other),
        })?;
    Ok(written?)
}

fn stream_key(vault: &Vault) -> anyhow::Result<StreamKey> {
    Ok(StreamKey::new(*vault.derive(CONTEXT)?.as_bytes()))
}

fn person_bytes(id: &str) -> anyhow::Result<uuid::Uuid> {
    Ok(uuid::Uuid::parse_str(id)?)
}

fn read_vault_header(vault: &Path) -> anyhow::Result<Vec<u8>> {
    let path = vault.join(VAULT_HEADER);
    let mut bytes = Vec::new();
    File::open(&path)
        .with_context(|| format!("cannot read {}", path.display()))?
        .take(u64::from(MAX_VAULT_HEADER) + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A copy of the encrypted database, removed when it was read.
struct Snapshot {
    path: PathBuf,
}

impl Snapshot {
    fn take(vault: &Vault) -> anyhow::Result<Self> {
        let folder = vault.path().join("tmp");
        fs::create_dir_all(&folder)?;
        let name = format!("backup-{}.db", uuid::Uuid::now_v7());
        let snapshot = Self {
            path: folder.join(name),
        };
        vault.db().snapshot_to(&snapshot.path)?;
        Ok(snapshot)
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// What came back out of a backup.
#[derive(Debug)]
pub(crate) struct Restored {
    /// How much was read.
    pub(crate) counts: Counts,
    /// When the backup was made, in seconds since 1970.
    pub(crate) made_at: u64,
}

/// Brings a backup back into `data`, which must not hold anybody. All of it, or nothing.
pub(crate) fn restore(
    data: &DataDir,
    from: impl Read,
    secret: &mut dyn FnMut() -> anyhow::Result<Proof>,
) -> anyhow::Result<Restored> {
    if !data.people()?.is_empty() {
        return Err(Failure::refused(
            "not-empty",
            format!("{} holds an identity already", data.path().display()),
        )
        .todo("restore into another folder with --data DIR")
        .into());
    }
    let mut from = BufReader::with_capacity(256 * 1024, from);
    let head = Head::read(&mut from)?;
    let secret = secret()?;
    let unfinished = Unfinished::begin(data)?;
    let id = uuid::Uuid::from_bytes(head.person).to_string();
    let place = data.path().join("people").join(&id);
    make_private(&place)?;
    folder::write_atomic(&place.join(VAULT_HEADER), &head.vault_header)?;

    let vault = open(data, &id, &secret)?;
    let filled = fill(&vault, from, &head, &place.join("restored.db"));
    vault.lock();
    drop(vault);
    let counts = filled?;
    put_database_in_place(&place)?;

    // Opening it once more shows that what was restored is whole, before anybody relies on it.
    let vault = open(data, &id, &secret)?;
    let checked = crate::node::check_person(&vault);
    vault.lock();
    checked.map_err(|error| crate::node::failure(&error))?;
    unfinished.done()?;
    Ok(Restored {
        counts,
        made_at: head.made_at,
    })
}

fn open(data: &DataDir, id: &str, secret: &Proof) -> anyhow::Result<Vault> {
    let id = id.parse().map_err(|_| Error::damaged("the person's id"))?;
    let locked = data.locked(id)?;
    proof::unlock(&locked, secret).map_err(|error| crate::node::failure(&error).into())
}

fn fill(vault: &Vault, from: impl Read, head: &Head, database: &Path) -> anyhow::Result<Counts> {
    let key = stream_key(vault)?;
    let mut records = RecordReader::new(Opener::new(from, head, &key)?);
    let mut batch: Vec<(Mh, Bytes)> = Vec::new();
    let mut size = 0;
    loop {
        match records.next()? {
            Record::Database { .. } => {
                let mut file = private_file(database)?;
                records.database(&mut file)?;
                file.sync_all()?;
            }
            Record::Block { multihash, data } => {
                size += data.len();
                batch.push((checked_address(&multihash, &data)?, data.into()));
                if size >= BATCH {
                    vault.blocks().put_many(&batch, Durability::Buffered)?;
                    batch.clear();
                    size = 0;
                }
            }
            Record::End(counts) => {
                vault.blocks().put_many(&batch, Durability::Buffered)?;
                vault.blocks().sync()?;
                return Ok(counts);
            }
        }
    }
}

/// The address of a block, after hashing the block.
fn checked_address(multihash: &[u8], data: &[u8]) -> Result<Mh, Error> {
    let wrong = || Error::damaged("a block");
    let address = Mh::from_bytes(multihash).map_err(|_| wrong())?;
    if address.code() != BLAKE3_256 || address.digest() != blake3::hash(data).as_bytes() {
        return Err(wrong());
    }
    Ok(address)
}

/// The empty database that unlocking made gives way to the restored one.
fn put_database_in_place(place: &Path) -> anyhow::Result<()> {
    for name in ["store.db-wal", "store.db-shm"] {
        let _ = fs::remove_file(place.join(name));
    }
    fs::rename(place.join("restored.db"), place.join(DATABASE))
        .context("cannot put the database in its place")?;
    folder::sync_folder(place)?;
    Ok(())
}

fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn make_private(path: &Path) -> anyhow::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(path)
        .with_context(|| format!("cannot make {}", path.display()))
}
