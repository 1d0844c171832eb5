//! Blobs: bytes of any size under a name, sealed piece by piece.
use std::io::Read;

use time::OffsetDateTime;
use webx_vault::rusqlite::{OptionalExtension, Transaction, params};
use webx_wxa::Digest;

use super::{OVERHEAD, Page, Store, account, after_prefix, check_name, limit, quota, used};
use crate::{
    Error, Result,
    registry::{bytes_of, micros, time_of},
    sealed::{Owner, Reader, Stored, pack, random, unpack},
};

/// Longest name in bytes.
const MAX_NAME: usize = 255;
/// The app's own blobs.
pub(super) const BLOBS: i64 = 0;
/// Files of the `/data` folder.
pub(super) const DATA: i64 = 1;

/// A blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub size: u64,
    /// Its media type, where the app said one.
    pub media_type: Option<String>,
    /// When it was written.
    pub modified: OffsetDateTime,
    /// Digest of its bytes; changes with them, so it serves as an entity tag.
    pub sha256: Digest,
}

type Raw = (String, i64, Option<String>, i64, Option<[u8; 32]>);

impl Blob {
    fn of((name, size, media_type, at, sha256): Raw) -> Blob {
        Blob {
            name,
            size: size.unsigned_abs(),
            media_type,
            modified: time_of(at),
            sha256: Digest::from(sha256.unwrap_or_default()),
        }
    }
}

/// What is written into the row of a blob.
pub(super) struct New<'a> {
    pub(super) space: i64,
    pub(super) name: &'a str,
    pub(super) media_type: Option<&'a str>,
    /// None for a folder.
    pub(super) stored: Option<(&'a [u8; 16], &'a Stored)>,
    pub(super) at: i64,
}

impl Store {
    /// Keeps a stream as a blob. What was under the name is replaced when all of it is on the disk; an error in between
    /// leaves the former blob.
    ///
    /// # Errors
    /// [`Error::Quota`] as soon as it is clear; [`Error::Read`]; [`Error::BadName`]; [`Error::NotInstalled`];
    /// [`Error::Vault`].
    pub fn put_blob(
        &self,
        name: &str,
        media_type: Option<&str>,
        mut from: impl Read,
    ) -> Result<Blob> {
        check_name("the name", name, MAX_NAME)?;
        if let Some(media_type) = media_type {
            check_name("the media type", media_type, 128)?;
        }
        let (id, stored) = self.seal(BLOBS, name, &mut from, true)?;
        let at = micros(self.inner.now());
        self.inner.db().write(|tx| {
            let new = New {
                space: BLOBS,
                name,
                media_type,
                stored: Some((&id, &stored)),
                at,
            };
            self.place(tx, &new)
        })?;
        Ok(Blob {
            name: name.to_owned(),
            size: stored.size,
            media_type: media_type.map(str::to_owned),
            modified: time_of(at),
            sha256: Digest::from(stored.sha256),
        })
    }

    /// Seals a stream of no more than what the quota leaves.
    pub(super) fn seal(
        &self,
        space: i64,
        name: &str,
        from: &mut dyn Read,
        synced: bool,
    ) -> Result<([u8; 16], Stored)> {
        let (used, quota, before) = self.inner.db().read(|conn| {
            let before: Option<i64> = conn
                .prepare_cached(
                    "SELECT size FROM app_blob WHERE install = ?1 AND space = ?2 AND name = ?3",
                )?
                .query_row(params![bytes_of(self.install), space, name], |row| {
                    row.get(0)
                })
                .optional()?;
            Ok::<_, Error>((
                used(conn, self.install)?,
                quota(conn, self.install)?,
                before.unwrap_or(0).unsigned_abs(),
            ))
        })?;
        let room = (quota + before).saturating_sub(used);
        let mut id = [0; 16];
        random(&mut id)?;
        match self
            .inner
            .sealed
            .store(&Owner::Blob(id), from, room, synced)
        {
            Ok(stored) => Ok((id, stored)),
            Err(Error::TooLarge { .. }) => Err(Error::Quota {
                quota,
                used,
                needed: room + 1,
            }),
            Err(error) => Err(error),
        }
    }

    /// Writes the row of a blob, and gives up what was under its name.
    pub(super) fn place(&self, tx: &Transaction<'_>, new: &New<'_>) -> Result<()> {
        let gone = self.take(tx, new.space, new.name)?;
        let size = new.stored.map_or(0, |(_, stored)| stored.size);
        account(
            tx,
            self.install,
            cost(new.name, size),
            gone.map_or(0, |size| cost(new.name, size)),
        )?;
        if let Some((id, stored)) = new.stored {
            Owner::Blob(*id).keep(tx, &stored.segments)?;
        }
        tx.prepare_cached("INSERT INTO app_blob VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
            .execute(params![
                bytes_of(self.install),
                new.space,
                new.name,
                new.stored.map(|(id, _)| *id),
                size.cast_signed(),
                new.media_type,
                new.stored.map(|(_, stored)| stored.sha256),
                new.stored.map(|(_, stored)| pack(&stored.segments)),
                new.at,
            ])?;
        Ok(())
    }

    /// Removes the row of a blob and gives up its blocks; not counted. Returns its size.
    fn take(&self, tx: &Transaction<'_>, space: i64, name: &str) -> Result<Option<u64>> {
        let gone: Option<(Option<[u8; 16]>, i64)> = tx
            .prepare_cached("DELETE FROM app_blob WHERE install = ?1 AND space = ?2 AND name = ?3 RETURNING id, size")?
            .query_row(params![bytes_of(self.install), space, name], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((id, size)) = gone else {
            return Ok(None);
        };
        if let Some(id) = id {
            Owner::Blob(id).release(tx)?;
        }
        Ok(Some(size.unsigned_abs()))
    }

    /// Removes a blob and counts it as gone. Returns whether it was there.
    pub(super) fn remove(&self, tx: &Transaction<'_>, space: i64, name: &str) -> Result<bool> {
        let gone = self.take(tx, space, name)?;
        if let Some(size) = gone {
            account(tx, self.install, 0, cost(name, size))?;
        }
        Ok(gone.is_some())
    }

    /// A blob without its bytes.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::Vault`].
    pub fn blob(&self, name: &str) -> Result<Option<Blob>> {
        Ok(self.open_blob(name)?.map(|(blob, _)| blob))
    }

    /// A blob and its bytes, which are opened as they are read and can be read from any place.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::Vault`].
    pub fn open_blob(&self, name: &str) -> Result<Option<(Blob, Reader)>> {
        check_name("the name", name, MAX_NAME)?;
        let found: Option<(Raw, [u8; 16], Vec<u8>)> = self.inner.db().read(|conn| {
            Ok::<_, Error>(
                conn.prepare_cached(
                    "SELECT name, size, media_type, at, sha256, id, segments FROM app_blob \
                     WHERE install = ?1 AND space = 0 AND name = ?2",
                )?
                .query_row(params![bytes_of(self.install), name], |row| {
                    Ok((
                        (
                            row.get(0)?,
                            row.get(1)?,
                            row.get(2)?,
                            row.get(3)?,
                            row.get(4)?,
                        ),
                        row.get(5)?,
                        row.get(6)?,
                    ))
                })
                .optional()?,
            )
        })?;
        let Some((raw, id, segments)) = found else {
            return Ok(None);
        };
        let blob = Blob::of(raw);
        let reader = self
            .inner
            .sealed
            .open(&Owner::Blob(id), unpack(&segments)?, blob.size);
        Ok(Some((blob, reader)))
    }

    /// Forgets a blob. Returns whether it was there.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::Vault`].
    pub fn delete_blob(&self, name: &str) -> Result<bool> {
        check_name("the name", name, MAX_NAME)?;
        self.inner.db().write(|tx| self.remove(tx, BLOBS, name))
    }

    /// Blobs whose name begins with `prefix`, in the order of their names, after `after`, at most 1000.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn blobs(&self, prefix: &str, after: Option<&str>, most: u32) -> Result<Page<Blob>> {
        let most = limit(most);
        let mut items: Vec<Blob> = self.inner.db().read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT name, size, media_type, at, sha256 FROM app_blob WHERE install = ?1 AND space = 0 AND name >= ?2 \
                 AND (?3 IS NULL OR name < ?3) AND (?4 IS NULL OR name > ?4) ORDER BY name LIMIT ?5",
            )?;
            let rows = statement.query_map(
                params![bytes_of(self.install), prefix, after_prefix(prefix), after, most + 1],
                |row| Ok(Blob::of((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))),
            )?;
            Ok::<_, Error>(rows.collect::<webx_vault::rusqlite::Result<_>>()?)
        })?;
        let next = Page::cut(&mut items, most, |blob| blob.name.clone());
        Ok(Page { items, next })
    }
}

fn cost(name: &str, size: u64) -> u64 {
    size + name.len() as u64 + OVERHEAD
}
