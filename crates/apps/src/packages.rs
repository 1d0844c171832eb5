//! Packages: read, kept until somebody decides, taken apart into sealed files, given up.
use std::io::Read;

use uuid::Uuid;
use webx_vault::rusqlite::{Connection, OptionalExtension, Transaction, params};
use webx_wxa::{AppId, Digest, Installed, Refusal, check_update, limits::MAX_TOTAL};

use crate::{
    Apps, Error, FileInfo, Icon, Inspection, Publisher, Result, UpdateOf, UploadId,
    apps::Inner,
    registry::{Entry, micros},
    sealed::{Owner, Reader, pack, random, unpack},
};

/// Packages that wait at most; one more pushes out the oldest.
const MAX_UPLOADS: i64 = 8;
/// How long a package waits, in microseconds.
const UPLOAD_LIFE: i64 = 24 * 3600 * 1_000_000;
/// Largest icon that is shown before an app is installed, in bytes.
const MAX_ICON: u64 = 256 * 1024;

impl Apps {
    /// Reads a package of at most 256 MiB and checks all of it. What is refused is not written anywhere; what is good
    /// waits, sealed, for [`Apps::install`] or a day.
    ///
    /// # Errors
    /// [`Error::Refused`] with the reason; [`Error::Read`]; [`Error::Vault`].
    pub fn inspect(&self, from: impl Read) -> Result<Inspection> {
        let mut bytes = Vec::new();
        from.take(MAX_TOTAL + 1)
            .read_to_end(&mut bytes)
            .map_err(Error::Read)?;
        if bytes.len() as u64 > MAX_TOTAL {
            return Err(Error::Refused(Refusal::Limit {
                what: "The package".into(),
                found: bytes.len() as u64,
                limit: MAX_TOTAL,
            }));
        }
        let inner = &self.0;
        let now = inner.now();
        let package = webx_wxa::Package::open(bytes.as_slice(), now)?;
        let app = package.app_id();
        let registry = inner.registry();
        let installed = registry.by_app(&app);
        let asks = package.manifest().permissions.asks();
        let mut warnings = Vec::new();
        let (update, added, dropped) = match &installed {
            None => (None, asks, Vec::new()),
            Some(entry) => {
                let change = check_update(&entry.package.installed, &package)?;
                if change.log_grew {
                    warnings.push("The publisher's keys or devices changed since the installed version. The identity is the same.".to_owned());
                }
                let update = UpdateOf {
                    install: entry.install,
                    from: change.from.to_string(),
                };
                let mut added = change.added;
                added.extend(
                    change
                        .now_required
                        .into_iter()
                        .filter(|ask| !entry.has(ask.key.as_str())),
                );
                (Some(update), added, change.dropped)
            }
        };
        warnings.extend(namesakes(
            &app,
            &package.manifest().name,
            registry.by_install.values().map(|entry| &**entry),
        ));
        if added.iter().any(|ask| ask.key.as_str() == "native-code") {
            warnings.push("It brings a backend that is native code. It runs in a jail, which is a weaker wall than that around other apps.".to_owned());
        }
        let icon = icon(&package)?;
        let upload = inner.put_upload(&bytes, package.digest())?;
        Ok(Inspection {
            upload,
            digest: package.digest(),
            size: bytes.len() as u64,
            app,
            icon,
            publisher: publisher(&package),
            update,
            added,
            dropped,
            warnings,
            manifest: package.manifest().clone(),
        })
    }

    /// Forgets a package that was inspected and shall not be installed.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn forget(&self, upload: UploadId) -> Result<()> {
        self.0.db().write(|tx| drop_upload(tx, upload))
    }

    /// A file of an installed app's package.
    ///
    /// # Errors
    /// [`Error::NotInstalled`], [`Error::NotFound`], [`Error::Vault`].
    pub fn read_file(
        &self,
        install: webx_backends::InstallId,
        path: &str,
    ) -> Result<(FileInfo, Reader)> {
        let package = self.0.registry().get(install)?.package.digest;
        self.0.file(&package, path)
    }

    /// The files of an installed app's package, by path.
    ///
    /// # Errors
    /// [`Error::NotInstalled`], [`Error::Vault`].
    pub fn files(&self, install: webx_backends::InstallId) -> Result<Vec<(String, FileInfo)>> {
        let package = self.0.registry().get(install)?.package.digest;
        self.0.files(&package)
    }
}

/// Apps by other publishers that a person could mistake for this one.
fn namesakes<'a>(
    app: &AppId,
    name: &str,
    installed: impl Iterator<Item = &'a Entry>,
) -> Vec<String> {
    let folded = name.to_lowercase();
    installed
        .filter(|entry| entry.app != *app)
        .filter(|entry| entry.app.id() == app.id() || entry.package.manifest.name.to_lowercase() == folded)
        .map(|entry| {
            let name = &entry.package.manifest.name;
            format!("Another app called “{name}” is installed, signed by another publisher. This one does not replace it.")
        })
        .collect()
}

pub(crate) fn publisher(package: &webx_wxa::Package<'_>) -> Publisher {
    let app = package.app_id();
    Publisher {
        did: package.publisher().did.to_string(),
        hash: app
            .publisher()
            .map_or_else(|| "webx".into(), |hash| hash.to_string()),
    }
}

fn icon(package: &webx_wxa::Package<'_>) -> Result<Option<Icon>> {
    let path = &package.manifest().icon;
    let media_type = match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        _ => return Ok(None),
    };
    match package.entry(path) {
        Some(entry) if entry.size <= MAX_ICON => Ok(Some(Icon {
            media_type,
            bytes: package.read_all(path)?,
        })),
        _ => Ok(None),
    }
}

fn drop_upload(tx: &Transaction<'_>, upload: UploadId) -> Result<()> {
    Owner::Upload(upload.0.into_bytes()).release(tx)?;
    tx.prepare_cached("DELETE FROM app_upload WHERE id = ?1")?
        .execute([upload.0.into_bytes()])?;
    Ok(())
}

impl Inner {
    fn put_upload(&self, bytes: &[u8], digest: Digest) -> Result<UploadId> {
        let upload = UploadId(self.uuid()?);
        let owner = Owner::Upload(upload.0.into_bytes());
        let stored = self
            .sealed
            .store(&owner, &mut &bytes[..], MAX_TOTAL, true)?;
        let now = micros(self.now());
        self.db().write(|tx| {
            expire_uploads(tx, now, MAX_UPLOADS - 1)?;
            owner.keep(tx, &stored.segments)?;
            tx.execute(
                "INSERT INTO app_upload VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    upload.0.into_bytes(),
                    digest.as_bytes(),
                    stored.size.cast_signed(),
                    pack(&stored.segments),
                    now,
                ],
            )?;
            Ok::<_, Error>(())
        })?;
        Ok(upload)
    }

    /// The bytes of a package that waits.
    pub(crate) fn upload(&self, upload: UploadId) -> Result<Vec<u8>> {
        let (segments, size) = self.db().read(|conn| {
            conn.prepare_cached("SELECT segments, size FROM app_upload WHERE id = ?1")?
                .query_row([upload.0.into_bytes()], |row| {
                    Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?))
                })
                .optional()?
                .ok_or(Error::NoUpload)
        })?;
        let owner = Owner::Upload(upload.0.into_bytes());
        self.sealed
            .open(&owner, unpack(&segments)?, size.unsigned_abs())
            .all()
    }

    pub(crate) fn forget_upload(&self, upload: UploadId) -> Result<()> {
        self.db().write(|tx| drop_upload(tx, upload))
    }

    /// Gives up packages that waited too long.
    pub(crate) fn expire_uploads(&self) -> Result<()> {
        let now = micros(self.now());
        self.db().write(|tx| expire_uploads(tx, now, MAX_UPLOADS))
    }

    /// Gives up packages that were looked at before the program ended and that no saga works with: the question whether
    /// they shall be installed ended with the program.
    pub(crate) fn forget_uploads(&self) -> Result<()> {
        let now = micros(self.now());
        self.db().write(|tx| expire_uploads(tx, now, 0))
    }

    /// Stores the files of a package. Doing it twice changes nothing.
    pub(crate) fn stage(
        &self,
        package: &webx_wxa::Package<'_>,
        go_on: &dyn Fn(f64) -> bool,
    ) -> Result<()> {
        let all = package.entries().count().max(1);
        let mut stored = Vec::new();
        for (n, entry) in package.entries().enumerate() {
            if !go_on(n as f64 / all as f64) {
                return Err(Error::Vault(webx_vault::Error::Stopped));
            }
            let owner = Owner::Content(*entry.sha256.as_bytes());
            let health = self.content_health(&entry.sha256)?;
            if health == Some(true) {
                continue;
            }
            let mut from = package.read(entry.path)?;
            let new = self.sealed.store_salted(
                &owner,
                &mut from,
                entry.size,
                false,
                health == Some(false),
            )?;
            if new.size != entry.size || new.sha256 != *entry.sha256.as_bytes() {
                return Err(Error::Damaged {
                    what: format!("the file {:?} of the package", entry.path),
                    why: "its bytes are not those of its checksum".into(),
                });
            }
            stored.push((owner, entry.sha256, new));
        }
        self.sealed.sync()?;
        self.watch("stage/stored");
        let installed = Installed::of(package);
        let publisher = publisher(package);
        let manifest = package.read_all(webx_wxa::MANIFEST)?;
        self.db().write(|tx| {
            for (owner, sha256, new) in &stored {
                owner.release(tx)?;
                owner.keep(tx, &new.segments)?;
                tx.prepare_cached("INSERT INTO app_content VALUES (?1, ?2, ?3) ON CONFLICT (sha256) DO UPDATE SET segments = excluded.segments")?
                    .execute(params![sha256.as_bytes(), new.size.cast_signed(), pack(&new.segments)])?;
            }
            tx.prepare_cached("INSERT INTO app_package VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING")?
                .execute(params![
                    package.digest().as_bytes(),
                    package.app_id().as_str(),
                    package.manifest().version.to_string(),
                    String::from_utf8_lossy(&manifest),
                    serde_json::to_string(&installed).unwrap_or_default(),
                    publisher.did,
                    publisher.hash,
                    (package.as_bytes().len() as u64).cast_signed(),
                ])?;
            let mut file = tx.prepare_cached("INSERT INTO app_file VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")?;
            for entry in package.entries() {
                file.execute(params![package.digest().as_bytes(), entry.path, entry.sha256.as_bytes()])?;
            }
            Ok::<_, Error>(())
        })
    }

    /// Whether a content is stored and whole; `None` when it is not stored.
    fn content_health(&self, sha256: &Digest) -> Result<Option<bool>> {
        let Some((size, segments)) = self.db().read(|conn| content(conn, sha256))? else {
            return Ok(None);
        };
        let mut reader = self
            .sealed
            .open(&Owner::Content(*sha256.as_bytes()), segments, size);
        let whole = std::io::copy(&mut reader, &mut std::io::sink());
        Ok(Some(whole.is_ok_and(|read| read == size)))
    }

    /// A file of a stored package.
    pub(crate) fn file(&self, package: &Digest, path: &str) -> Result<(FileInfo, Reader)> {
        let found = self.db().read(|conn| {
            let sha256: Option<[u8; 32]> = conn
                .prepare_cached("SELECT content FROM app_file WHERE package = ?1 AND path = ?2")?
                .query_row(params![package.as_bytes(), path], |row| row.get(0))
                .optional()?;
            match sha256.map(Digest::from) {
                None => Ok(None),
                Some(sha256) => Ok::<_, Error>(
                    content(conn, &sha256)?.map(|(size, segments)| (sha256, size, segments)),
                ),
            }
        })?;
        let Some((sha256, size, segments)) = found else {
            return Err(Error::NotFound(format!("file {path:?} in the app")));
        };
        let reader = self
            .sealed
            .open(&Owner::Content(*sha256.as_bytes()), segments, size);
        Ok((FileInfo { size, sha256 }, reader))
    }

    pub(crate) fn files(&self, package: &Digest) -> Result<Vec<(String, FileInfo)>> {
        self.db().read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT f.path, c.size, c.sha256 FROM app_file f JOIN app_content c ON c.sha256 = f.content \
                 WHERE f.package = ?1 ORDER BY f.path",
            )?;
            let rows = statement.query_map([package.as_bytes()], |row| {
                let info = FileInfo {
                    size: row.get::<_, i64>(1)?.unsigned_abs(),
                    sha256: Digest::from(row.get::<_, [u8; 32]>(2)?),
                };
                Ok((row.get(0)?, info))
            })?;
            Ok(rows.collect::<webx_vault::rusqlite::Result<_>>()?)
        })
    }

    /// A new id: a UUIDv7.
    pub(crate) fn uuid(&self) -> Result<Uuid> {
        let mut bytes = [0; 10];
        random(&mut bytes)?;
        let millis = u64::try_from(self.now().unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
        Ok(*uuid::Builder::from_unix_timestamp_millis(millis, &bytes).as_uuid())
    }
}

fn content(
    conn: &Connection,
    sha256: &Digest,
) -> Result<Option<(u64, Vec<webx_content::Segment>)>> {
    let row = conn
        .prepare_cached("SELECT size, segments FROM app_content WHERE sha256 = ?1")?
        .query_row([sha256.as_bytes()], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
        })
        .optional()?;
    match row {
        None => Ok(None),
        Some((size, segments)) => Ok(Some((size.unsigned_abs(), unpack(&segments)?))),
    }
}

/// Keeps the newest `keep` of those that did not wait too long, and those a saga works with.
fn expire_uploads(tx: &Transaction<'_>, now: i64, keep: i64) -> Result<()> {
    let mut statement = tx.prepare_cached(
        "SELECT id FROM app_upload WHERE (at < ?1 OR id NOT IN (SELECT id FROM app_upload ORDER BY at DESC, id DESC LIMIT ?2)) \
         AND NOT EXISTS (SELECT 1 FROM saga WHERE kind = 'app.install' AND key = lower(hex(app_upload.id)) \
         AND state IN ('running', 'undoing', 'failed', 'stuck'))",
    )?;
    let old: Vec<[u8; 16]> = statement
        .query_map([now - UPLOAD_LIFE, keep], |row| row.get(0))?
        .collect::<webx_vault::rusqlite::Result<_>>()?;
    for id in old {
        drop_upload(tx, UploadId(Uuid::from_bytes(id)))?;
    }
    Ok(())
}

/// Every stored package of an app.
pub(crate) fn packages_of(tx: &Transaction<'_>, app: &str) -> Result<Vec<Digest>> {
    let mut statement = tx.prepare_cached("SELECT digest FROM app_package WHERE app = ?1")?;
    let rows = statement.query_map([app], |row| row.get::<_, [u8; 32]>(0).map(Digest::from))?;
    Ok(rows.collect::<webx_vault::rusqlite::Result<_>>()?)
}

/// Gives up a package that no installation has; its blocks go with the next collection.
pub(crate) fn drop_package(tx: &Transaction<'_>, digest: &Digest) -> Result<()> {
    let needed: bool = tx
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM app_install WHERE package = ?1) OR EXISTS (SELECT 1 FROM app_install WHERE previous = ?1)")?
        .query_row([digest.as_bytes()], |row| row.get(0))?;
    if needed {
        return Ok(());
    }
    let code: Option<[u8; 16]> = tx
        .prepare_cached("DELETE FROM app_code WHERE package = ?1 RETURNING id")?
        .query_row([digest.as_bytes()], |row| row.get(0))
        .optional()?;
    if let Some(code) = code {
        Owner::Code(code).release(tx)?;
    }
    tx.prepare_cached("DELETE FROM app_file WHERE package = ?1")?
        .execute([digest.as_bytes()])?;
    tx.prepare_cached("DELETE FROM app_package WHERE digest = ?1")?
        .execute([digest.as_bytes()])?;
    let mut orphans = tx.prepare_cached(
        "DELETE FROM app_content WHERE NOT EXISTS (SELECT 1 FROM app_file WHERE content = sha256) RETURNING sha256",
    )?;
    let orphans: Vec<[u8; 32]> = orphans
        .query_map([], |row| row.get(0))?
        .collect::<webx_vault::rusqlite::Result<_>>()?;
    for sha256 in orphans {
        Owner::Content(sha256).release(tx)?;
    }
    Ok(())
}
