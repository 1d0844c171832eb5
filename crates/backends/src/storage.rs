//! The door to what an app keeps.

use bytes::Bytes;
use thiserror::Error;
use time::OffsetDateTime;

use crate::InstallId;

/// Keeps an app's values, documents, blobs and the files of its `/data` folder. Calls may block; what they say is kept
/// is on the disk, sealed.
///
/// The guest reaches the first three at `http://webx.internal/`:
///
/// | request | meaning |
/// | --- | --- |
/// | `GET, PUT, DELETE /kv/{key}` | one value, JSON |
/// | `GET /kv?prefix=&after=&limit=` | `{"items":[key, …],"next":key or null}` |
/// | `GET, PUT, DELETE /docs/{collection}/{id}` | one document: `{"id","version","updatedAt","value"}`; `PUT` takes the value |
/// | `GET /docs/{collection}?after=&limit=&where=field:value` | `{"items":[document, …],"next"}` |
/// | `GET, PUT, DELETE /blobs/{name}` | one blob, its bytes |
/// | `GET /blobs?after=&limit=` | `{"items":[name, …],"next"}` |
pub trait Storage: Send + Sync {
    /// The value under `key`, as JSON text.
    ///
    /// # Errors
    /// [`StorageError`].
    fn kv_get(&self, install: InstallId, key: &str) -> Result<Option<Bytes>, StorageError>;
    /// Keeps `value`, which is JSON text.
    ///
    /// # Errors
    /// [`StorageError`].
    fn kv_put(&self, install: InstallId, key: &str, value: Bytes) -> Result<(), StorageError>;
    /// Forgets a value; one that is not there is no error.
    ///
    /// # Errors
    /// [`StorageError`].
    fn kv_delete(&self, install: InstallId, key: &str) -> Result<(), StorageError>;
    /// Keys that begin with `prefix`, in order, after `after`.
    ///
    /// # Errors
    /// [`StorageError`].
    fn kv_keys(
        &self,
        install: InstallId,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<String>, StorageError>;

    /// One document.
    ///
    /// # Errors
    /// [`StorageError`].
    fn doc_get(
        &self,
        install: InstallId,
        collection: &str,
        id: &str,
    ) -> Result<Option<Document>, StorageError>;
    /// Keeps a document; `value` is a JSON object as text.
    ///
    /// # Errors
    /// [`StorageError`].
    fn doc_put(
        &self,
        install: InstallId,
        collection: &str,
        id: &str,
        value: Bytes,
    ) -> Result<Document, StorageError>;
    /// Forgets a document; one that is not there is no error.
    ///
    /// # Errors
    /// [`StorageError`].
    fn doc_delete(
        &self,
        install: InstallId,
        collection: &str,
        id: &str,
    ) -> Result<(), StorageError>;
    /// Documents by id, after `after`; `field` keeps those whose member of that name is that text.
    ///
    /// # Errors
    /// [`StorageError`].
    fn docs(
        &self,
        install: InstallId,
        collection: &str,
        after: Option<&str>,
        limit: usize,
        field: Option<(&str, &str)>,
    ) -> Result<Page<Document>, StorageError>;

    /// One blob, whole.
    ///
    /// # Errors
    /// [`StorageError`].
    fn blob_get(&self, install: InstallId, name: &str) -> Result<Option<Bytes>, StorageError>;
    /// Keeps a blob.
    ///
    /// # Errors
    /// [`StorageError`].
    fn blob_put(
        &self,
        install: InstallId,
        name: &str,
        media_type: Option<&str>,
        bytes: Bytes,
    ) -> Result<(), StorageError>;
    /// Forgets a blob; one that is not there is no error.
    ///
    /// # Errors
    /// [`StorageError`].
    fn blob_delete(&self, install: InstallId, name: &str) -> Result<(), StorageError>;
    /// Names of blobs, in order, after `after`.
    ///
    /// # Errors
    /// [`StorageError`].
    fn blobs(
        &self,
        install: InstallId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<String>, StorageError>;

    /// Everything under `/data`, folders before what is in them.
    ///
    /// # Errors
    /// [`StorageError`].
    fn data_load(&self, install: InstallId) -> Result<Vec<DataFile>, StorageError>;
    /// Keeps all `changes` or none, in this order.
    ///
    /// # Errors
    /// [`StorageError`].
    fn data_save(&self, install: InstallId, changes: &[DataChange]) -> Result<(), StorageError>;
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The part.
    pub items: Vec<T>,
    /// What to give as `after` for the next part; none at the end.
    pub next: Option<String>,
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its id in its collection.
    pub id: String,
    /// Grows with every change.
    pub version: u64,
    /// When it was changed.
    pub updated_at: OffsetDateTime,
    /// A JSON object as text.
    pub value: Bytes,
}

/// A file or a folder under `/data`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFile {
    /// Its path relative to `/data`: UTF-8, `/` between names, no empty name, no `.`, no `..`.
    pub path: String,
    /// The bytes of a file; none for a folder.
    pub bytes: Option<Bytes>,
    /// When it was last written.
    pub modified: OffsetDateTime,
}

/// One change under `/data`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataChange {
    /// A new or changed file, or a new folder.
    Put(DataFile),
    /// A file or an empty folder that is gone.
    Remove(String),
}

/// Why something was not kept or not read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorageError {
    /// A name that no key, document or blob can have.
    #[error("{0}")]
    BadName(String),
    /// A value that is no JSON, or no object.
    #[error("{0}")]
    BadValue(String),
    /// Larger than one value may be, or past the app's quota.
    #[error("{0}")]
    Full(String),
    /// Not granted.
    #[error("{0}")]
    Denied(String),
    /// The vault was locked meanwhile.
    #[error("the vault is locked")]
    Locked,
    /// The vault failed.
    #[error("{0}")]
    Failed(String),
}

impl StorageError {
    /// A stable name in kebab case.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadName(_) => "bad-name",
            Self::BadValue(_) => "bad-value",
            Self::Full(_) => "storage-full",
            Self::Denied(_) => "app-denied",
            Self::Locked => "locked",
            Self::Failed(_) => "storage-failed",
        }
    }
}
