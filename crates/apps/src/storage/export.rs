//! Everything an app keeps, as a zip file that any program opens.
use std::{
    collections::HashSet,
    io::{self, Write},
};

use serde_json::json;
use webx_backends::InstallId;
use webx_drive::name::safe_name;
use webx_vault::rusqlite::params;
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use super::{Store, blobs::DATA};
use crate::{
    Apps, Error, Result,
    registry::{bytes_of, time_of},
    sealed::{Owner, unpack},
};

/// The file that says what is in the zip.
pub const MANIFEST: &str = "export.json";
/// Rows read at once.
const SLICE: u32 = 500;

impl Apps {
    /// Writes everything an app keeps into a zip file while it is read: `export.json`, `values.jsonl`,
    /// `documents/<collection>.jsonl`, `blobs/…` and `data/…`. Names are made such that every system can store them;
    /// the true ones stand in `export.json`.
    ///
    /// # Errors
    /// [`Error::NotInstalled`]; [`Error::Write`] when `sink` fails; [`Error::Damaged`]; [`Error::Vault`].
    pub fn export(&self, install: InstallId, sink: impl Write) -> Result<()> {
        let store = self.store(install)?;
        let entry = self.0.registry().get(install)?;
        let mut zip = ZipWriter::new_stream(sink);
        let mut names = Vec::new();
        start(&mut zip, "values.jsonl")?;
        store.each_value(&mut zip)?;
        let mut taken = HashSet::new();
        for collection in store.collections()? {
            let file = format!("documents/{}.jsonl", safe_name(&collection, &mut taken));
            start(&mut zip, &file)?;
            store.each_document(&collection, &mut zip)?;
            names.push(json!({ "file": file, "collection": collection }));
        }
        for (space, folder) in [(super::blobs::BLOBS, "blobs"), (DATA, "data")] {
            store.each_blob(space, folder, &mut zip, &mut names)?;
        }
        start(&mut zip, MANIFEST)?;
        let about = json!({
            "format": 1,
            "app": entry.app.as_str(),
            "name": entry.package.manifest.name,
            "version": entry.package.manifest.version.to_string(),
            "install": install.to_string(),
            "files": names,
        });
        line(&mut zip, &about)?;
        zip.finish().map_err(|error| Error::Write(error.into()))?;
        Ok(())
    }
}

type Sink<W> = ZipWriter<zip::write::StreamWriter<W>>;

fn start<W: Write>(zip: &mut Sink<W>, name: &str) -> Result<()> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .large_file(true);
    zip.start_file(name, options)
        .map_err(|error| Error::Write(error.into()))
}

fn line<W: Write>(zip: &mut Sink<W>, value: &serde_json::Value) -> Result<()> {
    let mut text = value.to_string();
    text.push('\n');
    zip.write_all(text.as_bytes()).map_err(Error::Write)
}

impl Store {
    fn each_value<W: Write>(&self, zip: &mut Sink<W>) -> Result<()> {
        let mut after = None;
        loop {
            let page = self.keys("", after.as_deref(), SLICE)?;
            for key in &page.items {
                if let Some(value) = self.get_value(key)? {
                    line(zip, &json!({ "key": key, "value": value }))?;
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    fn each_document<W: Write>(&self, collection: &str, zip: &mut Sink<W>) -> Result<()> {
        let mut after = None;
        loop {
            let page = self.documents(collection, after.as_deref(), SLICE, &[])?;
            for document in &page.items {
                let at = document
                    .updated_at
                    .format(&time::format_description::well_known::Rfc3339);
                line(
                    zip,
                    &json!({
                        "id": document.id,
                        "version": document.version,
                        "updatedAt": at.unwrap_or_default(),
                        "value": document.value,
                    }),
                )?;
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    fn each_blob<W: Write>(
        &self,
        space: i64,
        folder: &str,
        zip: &mut Sink<W>,
        names: &mut Vec<serde_json::Value>,
    ) -> Result<()> {
        type Raw = (String, [u8; 16], i64, Option<String>, Vec<u8>, i64);
        let rows: Vec<Raw> = self.inner.db().read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT name, id, size, media_type, segments, at FROM app_blob \
                 WHERE install = ?1 AND space = ?2 AND id IS NOT NULL ORDER BY name",
            )?;
            let rows = statement.query_map(params![bytes_of(self.install), space], |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                    row.get(5)?,
                ))
            })?;
            Ok::<_, Error>(rows.collect::<webx_vault::rusqlite::Result<_>>()?)
        })?;
        let mut taken = HashSet::new();
        for (name, id, size, media_type, segments, at) in rows {
            // One flat folder: a name may hold slashes, and two names may differ only by case.
            let file = format!(
                "{folder}/{}",
                safe_name(&name.replace('/', "_"), &mut taken)
            );
            start(zip, &file)?;
            let mut reader =
                self.inner
                    .sealed
                    .open(&Owner::Blob(id), unpack(&segments)?, size.unsigned_abs());
            io::copy(&mut reader, zip).map_err(Error::Write)?;
            let at = time_of(at).format(&time::format_description::well_known::Rfc3339);
            names.push(json!({ "file": file, "name": name, "type": media_type, "modified": at.unwrap_or_default() }));
        }
        Ok(())
    }
}
