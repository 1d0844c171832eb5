//! Structured data: one encrypted SQLite file, one writer, a few readers.
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::thread::ThreadId;

use parking_lot::{Condvar, Mutex, RwLock};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use zeroize::Zeroizing;

use crate::error::{Damage, Error, Result};
use crate::secret::Secret32;

mod health;
mod migrate;
mod salvage;

pub(crate) use salvage::repair;
pub use salvage::{Salvage, SalvagedTable};

/// Name of the database file in the vault folder.
pub(crate) const FILE: &str = "store.db";
/// Name of its last snapshot.
pub(crate) const SNAPSHOT: &str = "store.snapshot.db";
/// Bytes of a page.
pub(crate) const PAGE: u64 = 4096;
/// Most readers at one time; further ones wait.
const READERS: usize = 4;
/// Readers that stay open while nothing reads: each costs some hundred KiB.
const IDLE_READERS: usize = 1;

/// The encrypted database of a vault. Clones share it.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    path: PathBuf,
    key: RwLock<Option<Zeroizing<String>>>,
    writer: Mutex<Option<Connection>>,
    /// Thread that holds the writer, to refuse a nested write instead of hanging.
    writing: Mutex<Option<ThreadId>>,
    readers: Mutex<Readers>,
    returned: Condvar,
    commits: AtomicU64,
}

/// A database that may be gone.
#[derive(Default)]
pub(crate) struct WeakDb(Weak<Inner>);

impl std::fmt::Debug for WeakDb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WeakDb")
    }
}

impl WeakDb {
    pub(crate) fn upgrade(&self) -> Option<Db> {
        self.0.upgrade().map(Db)
    }

    pub(crate) fn close(&self) {
        if let Some(db) = self.upgrade() {
            db.close();
        }
    }
}

#[derive(Default)]
struct Readers {
    idle: Vec<Connection>,
    lent: usize,
    closed: bool,
}

impl Db {
    /// Opens or creates the database.
    pub(crate) fn open(path: &Path, key: &Secret32) -> Result<Self> {
        let key = key_text(key);
        let writer = connect(path, &key, WRITER_CACHE_KIB)?;
        let mode = write_ahead(&writer)?;
        if mode != "wal" {
            return Err(Error::Crypto(
                "the database does not support write-ahead logging here",
            ));
        }
        writer.execute_batch(
            "PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 33554432;",
        )?;
        let inner = Inner {
            path: path.to_path_buf(),
            key: RwLock::new(Some(key)),
            writer: Mutex::new(Some(writer)),
            writing: Mutex::new(None),
            readers: Mutex::new(Readers::default()),
            returned: Condvar::new(),
            commits: AtomicU64::new(0),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Runs `f` in a write transaction. When this returns `Ok`, the changes are on the disk (fsynced); when `f` fails
    /// or panics, none of them is. Writers run one after the other; do slow work before.
    ///
    /// # Errors
    /// Whatever `f` returns; [`Error::Locked`] after [`crate::Vault::lock`]; [`Error::NestedWrite`] when the calling
    /// thread is already inside a write; [`Error::DiskFull`]; [`Error::Damaged`].
    pub fn write<T, E: From<Error>>(
        &self,
        f: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let me = std::thread::current().id();
        if *self.0.writing.lock() == Some(me) {
            return Err(Error::NestedWrite.into());
        }
        let mut guard = self.0.writer.lock();
        let connection = guard.as_mut().ok_or(Error::Locked)?;
        *self.0.writing.lock() = Some(me);
        let _reset = OnDrop(|| *self.0.writing.lock() = None);
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|e| self.named(e))?;
        let value = f(&transaction)?;
        transaction.commit().map_err(|e| self.named(e))?;
        self.0.commits.fetch_add(1, Ordering::Relaxed);
        Ok(value)
    }

    /// Runs `f` on a snapshot: it sees one state of the database from its first statement to its last.
    ///
    /// # Errors
    /// Whatever `f` returns; [`Error::Locked`]; [`Error::Damaged`].
    pub fn read<T, E: From<Error>>(
        &self,
        f: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let reader = self.borrow_reader()?;
        let transaction = reader
            .connection()
            .unchecked_transaction()
            .map_err(|e| self.named(e))?;
        let value = f(&transaction)?;
        transaction.finish().map_err(|e| self.named(e))?;
        Ok(value)
    }

    pub(crate) fn downgrade(&self) -> WeakDb {
        WeakDb(Arc::downgrade(&self.0))
    }

    /// Write transactions since it was opened.
    pub(crate) fn commits(&self) -> u64 {
        self.0.commits.load(Ordering::Relaxed)
    }

    fn is_closing(&self) -> bool {
        self.0.readers.lock().closed
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    fn borrow_reader(&self) -> Result<Reader<'_>> {
        let mut readers = self.0.readers.lock();
        loop {
            if readers.closed {
                return Err(Error::Locked);
            }
            if let Some(connection) = readers.idle.pop() {
                readers.lent += 1;
                return Ok(Reader {
                    db: &self.0,
                    connection: Some(connection),
                });
            }
            if readers.lent < READERS {
                readers.lent += 1;
                drop(readers);
                // Counted as lent before it is open; `Reader` gives the place back when opening fails.
                let mut reader = Reader {
                    db: &self.0,
                    connection: None,
                };
                let key = self.0.key.read().clone().ok_or(Error::Locked)?;
                let connection = connect(&self.0.path, &key, READER_CACHE_KIB)?;
                connection
                    .execute_batch("PRAGMA query_only = 1")
                    .map_err(|e| self.named(e))?;
                reader.connection = Some(connection);
                return Ok(reader);
            }
            self.0.returned.wait(&mut readers);
        }
    }

    /// Ends all use: waits for what runs, closes every connection, wipes the key.
    pub(crate) fn close(&self) {
        {
            let mut readers = self.0.readers.lock();
            readers.closed = true;
            readers.idle.clear();
            self.0.returned.notify_all();
            while readers.lent > 0 {
                self.0.returned.wait(&mut readers);
            }
        }
        *self.0.writer.lock() = None;
        *self.0.key.write() = None;
    }

    fn named(&self, e: rusqlite::Error) -> Error {
        match Error::from(e) {
            Error::Damaged(damage) => Error::Damaged(Damage {
                file: self.0.path.clone(),
                ..damage
            }),
            other => other,
        }
    }
}

struct Reader<'a> {
    db: &'a Inner,
    connection: Option<Connection>,
}

impl Reader<'_> {
    #[allow(
        clippy::expect_used,
        reason = "filled before a reader is handed out, taken only when it is dropped"
    )]
    fn connection(&self) -> &Connection {
        self.connection
            .as_ref()
            .expect("a lent reader has a connection")
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut readers = self.db.readers.lock();
        readers.lent -= 1;
        if let Some(connection) = self.connection.take()
            && !readers.closed
            && readers.idle.len() < IDLE_READERS
        {
            readers.idle.push(connection);
        }
        self.db.returned.notify_all();
    }
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Switches to write-ahead logging and says which mode is in force. The switch is a transaction that ends behind the
/// one row of the answer: only reading on shows that it failed.
fn write_ahead(connection: &Connection) -> Result<String> {
    let mut statement = connection.prepare("PRAGMA journal_mode = WAL")?;
    let mut rows = statement.query([])?;
    let mut mode = String::new();
    while let Some(row) = rows.next()? {
        mode = row.get(0)?;
    }
    Ok(mode)
}

const WRITER_CACHE_KIB: u32 = 4096;
const READER_CACHE_KIB: u32 = 1024;

fn key_text(key: &Secret32) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(4 + 64));
    text.push_str("raw:");
    for byte in key.as_bytes() {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
    text
}

/// Opens a connection with the key and the settings every connection has.
pub(crate) fn connect(path: &Path, key: &str, cache_kib: u32) -> Result<Connection> {
    let damaged = |e: rusqlite::Error| match Error::from(e) {
        Error::Damaged(d) => Error::Damaged(Damage {
            file: path.to_path_buf(),
            ..d
        }),
        other => other,
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(damaged)?;
    connection
        .pragma_update(None, "key", key)
        .map_err(damaged)?;
    connection
        .execute_batch(&format!(
            "PRAGMA cache_size = -{cache_kib}; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
             PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON;
             SELECT count(*) FROM sqlite_schema;"
        ))
        .map_err(damaged)?;
    connection
        .busy_timeout(std::time::Duration::from_secs(10))
        .map_err(damaged)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}
