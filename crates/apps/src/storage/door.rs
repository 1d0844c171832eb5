//! Storage as a backend sees it.
use std::sync::Weak;

use bytes::Bytes;
use serde_json::Value;
use webx_backends::{
    Authority, DataChange, DataFile, Denied, Document, InstallId, Network, Page, Storage,
    StorageError,
};
use webx_vault::rusqlite::params;

use super::{
    Filter, Store,
    blobs::{DATA, New},
};
use crate::{
    Ask, Broker, Error, Operation, Result,
    apps::Inner,
    registry::{bytes_of, micros, time_of},
    sealed::{Owner, unpack},
};

/// The doors of backends: what they may reach and what they may keep.
pub(crate) struct Door(pub(crate) Weak<Inner>);

fn failed(error: Error) -> StorageError {
    match error {
        Error::BadName { .. } => StorageError::BadName(error.to_string()),
        Error::BadValue(_) => StorageError::BadValue(error.to_string()),
        Error::Quota { .. } | Error::TooLarge { .. } => StorageError::Full(error.to_string()),
        Error::Denied(_) | Error::NotInstalled(_) => StorageError::Denied(error.to_string()),
        Error::Vault(webx_vault::Error::Locked) => StorageError::Locked,
        other => StorageError::Failed(other.to_string()),
    }
}

impl Door {
    /// The app's storage, if it may use it.
    fn with<T>(
        &self,
        install: InstallId,
        bytes: usize,
        f: impl FnOnce(&Store) -> Result<T>,
    ) -> Result<T, StorageError> {
        let inner = self.0.upgrade().ok_or(StorageError::Locked)?;
        let ask = Ask {
            bytes: bytes as u64,
            ..Ask::new(Operation::Storage)
        };
        Broker(inner.clone())
            .check(install, &ask)
            .map_err(|denied| StorageError::Denied(denied.to_string()))?;
        f(&Store { inner, install }).map_err(failed)
    }
}

impl Network for Door {
    fn allow(&self, install: InstallId, to: &Authority) -> Result<(), Denied> {
        let inner = self
            .0
            .upgrade()
            .ok_or_else(|| Denied::new("the vault is locked"))?;
        inner
            .may_reach(install, to)
            .map_err(|denied| Denied::new(denied.to_string()))
    }
}

fn json(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes)
        .map_err(|error| Error::BadValue(format!("it is no JSON: {error}")))
}

fn text(value: &Value) -> Bytes {
    Bytes::from(value.to_string())
}

fn document(document: super::Document) -> Document {
    Document {
        value: text(&document.value),
        id: document.id,
        version: document.version,
        updated_at: document.updated_at,
    }
}

fn most(limit: usize) -> u32 {
    u32::try_from(limit).unwrap_or(u32::MAX)
}

/// Largest blob that is handed to a backend in one piece.
const MAX_WHOLE: u64 = 64 << 20;

impl Storage for Door {
    fn kv_get(&self, install: InstallId, key: &str) -> Result<Option<Bytes>, StorageError> {
        self.with(install, 0, |store| {
            Ok(store.get_value(key)?.map(|value| text(&value)))
        })
    }

    fn kv_put(&self, install: InstallId, key: &str, value: Bytes) -> Result<(), StorageError> {
        self.with(install, value.len(), |store| {
            store.put_value(key, &json(&value)?)
        })
    }

    fn kv_delete(&self, install: InstallId, key: &str) -> Result<(), StorageError> {
        self.with(install, 0, |store| store.delete_value(key).map(drop))
    }

    fn kv_keys(
        &self,
        install: InstallId,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<String>, StorageError> {
        self.with(install, 0, |store| {
            let page = store.keys(prefix, after, most(limit))?;
            Ok(Page {
                items: page.items,
                next: page.next,
            })
        })
    }

    fn doc_get(
        &self,
        install: InstallId,
        collection: &str,
        id: &str,
    ) -> Result<Option<Document>, StorageError> {
        self.with(install, 0, |store| {
            Ok(store.get_document(collection, id)?.map(document))
        })
    }

    fn doc_put(
        &self,
        install: InstallId,
        collection: &str,
        id: &str,
        value: Bytes,
    ) -> Result<Document, StorageError> {
        self.with(install, value.len(), |store| {
            store
                .put_document(collection, id, &json(&value)?, None)
                .map(document)
        })
    }

    fn doc_delete(
        &self,
        install: InstallId,
        collection: &str,
        id: &str,
    ) -> Result<(), StorageError> {
        self.with(install, 0, |store| {
            store.delete_document(collection, id).map(drop)
        })
    }

    fn docs(
        &self,
        install: InstallId,
        collection: &str,
        after: Option<&str>,
        limit: usize,
        field: Option<(&str, &str)>,
    ) -> Result<Page<Document>, StorageError> {
        self.with(install, 0, |store| {
            let filters: Vec<Filter> = field
                .map(|(field, value)| Filter::of(field, value))
                .into_iter()
                .collect();
            let page = store.documents(collection, after, most(limit), &filters)?;
            Ok(Page {
                items: page.items.into_iter().map(document).collect(),
                next: page.next,
            })
        })
    }

    fn blob_get(&self, install: InstallId, name: &str) -> Result<Option<Bytes>, StorageError> {
        self.with(install, 0, |store| match store.open_blob(name)? {
            None => Ok(None),
            Some((blob, _)) if blob.size > MAX_WHOLE => Err(Error::TooLarge {
                what: "a blob for a backend",
                max: MAX_WHOLE,
            }),
            Some((_, reader)) => Ok(Some(Bytes::from(reader.all()?))),
        })
    }

    fn blob_put(
        &self,
        install: InstallId,
        name: &str,
        media_type: Option<&str>,
        bytes: Bytes,
    ) -> Result<(), StorageError> {
        self.with(install, bytes.len(), |store| {
            store.put_blob(name, media_type, &bytes[..]).map(drop)
        })
    }

    fn blob_delete(&self, install: InstallId, name: &str) -> Result<(), StorageError> {
        self.with(install, 0, |store| store.delete_blob(name).map(drop))
    }

    fn blobs(
        &self,
        install: InstallId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<String>, StorageError> {
        self.with(install, 0, |store| {
            let page = store.blobs("", after, most(limit))?;
            Ok(Page {
                items: page.items.into_iter().map(|blob| blob.name).collect(),
                next: page.next,
            })
        })
    }

    fn data_load(&self, install: InstallId) -> Result<Vec<DataFile>, StorageError> {
        // What may keep nothing starts with nothing. Being over the budget is no such answer: that would hide what is kept.
        let inner = self.0.upgrade().ok_or(StorageError::Locked)?;
        let entry = inner.registry().get(install);
        if entry.is_ok_and(|entry| !entry.has("storage:own")) {
            return Ok(Vec::new());
        }
        self.with(install, 0, Store::data)
    }

    fn data_save(&self, install: InstallId, changes: &[DataChange]) -> Result<(), StorageError> {
        let bytes = |change: &DataChange| match change {
            DataChange::Put(file) => file.bytes.as_ref().map_or(0, Bytes::len),
            DataChange::Remove(_) => 0,
        };
        self.with(install, changes.iter().map(bytes).sum(), |store| {
            store.save_data(changes)
        })
    }
}

impl Store {
    /// Everything in the `/data` folder; folders come before what is in them, for their names are shorter.
    pub(super) fn data(&self) -> Result<Vec<DataFile>> {
        type Raw = (String, Option<[u8; 16]>, i64, Option<Vec<u8>>, i64);
        let rows: Vec<Raw> = self.inner.db().read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT name, id, size, segments, at FROM app_blob WHERE install = ?1 AND space = ?2 ORDER BY name",
            )?;
            let rows = statement.query_map(params![bytes_of(self.install), DATA], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
            })?;
            Ok::<_, Error>(rows.collect::<webx_vault::rusqlite::Result<_>>()?)
        })?;
        let mut files = Vec::new();
        for (path, id, size, segments, at) in rows {
            let bytes = match (id, segments) {
                (Some(id), Some(segments)) => {
                    let reader = self.inner.sealed.open(
                        &Owner::Blob(id),
                        unpack(&segments)?,
                        size.unsigned_abs(),
                    );
                    Some(Bytes::from(reader.all()?))
                }
                _ => None,
            };
            files.push(DataFile {
                path,
                bytes,
                modified: time_of(at),
            });
        }
        Ok(files)
    }

    /// Keeps all changes of the `/data` folder or none.
    pub(super) fn save_data(&self, changes: &[DataChange]) -> Result<()> {
        let mut sealed = Vec::new();
        for change in changes {
            let stored = match change {
                DataChange::Put(DataFile {
                    path,
                    bytes: Some(bytes),
                    ..
                }) => Some(self.seal(DATA, path, &mut &bytes[..], false)?),
                _ => None,
            };
            sealed.push(stored);
        }
        self.inner.sealed.sync()?;
        self.inner.db().write(|tx| {
            for (change, stored) in changes.iter().zip(&sealed) {
                match change {
                    DataChange::Put(file) => {
                        check_path(&file.path)?;
                        let new = New {
                            space: DATA,
                            name: &file.path,
                            media_type: None,
                            stored: stored.as_ref().map(|(id, stored)| (id, stored)),
                            at: micros(file.modified),
                        };
                        self.place(tx, &new)?;
                    }
                    DataChange::Remove(path) => {
                        self.remove(tx, DATA, path)?;
                    }
                }
            }
            Ok(())
        })
    }
}

fn check_path(path: &str) -> Result<()> {
    let good = |name: &str| !matches!(name, "" | "." | "..") && !name.contains('\0');
    if path.len() <= 1024 && path.split('/').all(good) {
        return Ok(());
    }
    Err(Error::BadName {
        what: "the path",
        name: path.chars().take(64).collect(),
        why: "names are joined by single slashes",
    })
}
