//! Documents: JSON objects in collections, found by their fields.
use serde_json::Value;
use time::OffsetDateTime;
use webx_vault::rusqlite::{OptionalExtension, Row, params, types::ToSql};

use super::{OVERHEAD, Store, account, check_name, kv::parse, limit};
use crate::{
    AppEvent, AppOp, Error, Result,
    registry::{bytes_of, micros, time_of},
};

/// Longest id in bytes.
const MAX_ID: usize = 128;
/// Longest name of a collection in bytes.
const MAX_COLLECTION: usize = 64;
/// Largest document in bytes of JSON.
pub(super) const MAX_DOCUMENT: usize = 256 * 1024;
/// Conditions of one question.
const MAX_FILTERS: usize = 8;

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The part.
    pub items: Vec<T>,
    /// What to give as `after` for the next part; none at the end.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Cuts one more than `most` items down to `most` and says where to go on.
    pub(super) fn cut(
        items: &mut Vec<T>,
        most: u32,
        name: impl Fn(&T) -> String,
    ) -> Option<String> {
        let more = items.len() > most as usize;
        items.truncate(most as usize);
        items.last().filter(|_| more).map(name)
    }
}

/// A document.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its id in its collection.
    pub id: String,
    /// 1 at first, and one more with every change.
    pub version: u64,
    /// When it was last changed.
    pub updated_at: OffsetDateTime,
    /// A JSON object.
    pub value: Value,
}

/// A condition: a field has a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// Names joined by dots, from the outside in: `author.name`.
    pub field: String,
    /// What it must be: a text, a number, true, false or null (which an absent field is too).
    pub value: Value,
    /// Or this text, where the condition came as text and does not say which is meant.
    pub or_text: Option<String>,
}

impl Filter {
    /// Reads `field:value`. A value such as `12` or `true` stands for the number or truth and for the text.
    ///
    /// # Errors
    /// [`Error::BadValue`] without a colon.
    pub fn parse(text: &str) -> Result<Filter> {
        let Some((field, value)) = text.split_once(':') else {
            return Err(Error::BadValue(
                "a condition is written as field:value".into(),
            ));
        };
        Ok(Filter::of(field, value))
    }

    /// The condition that a field is what this text means; see [`Filter::parse`].
    #[must_use]
    pub fn of(field: &str, value: &str) -> Filter {
        let parsed: Option<Value> = serde_json::from_str(value).ok();
        let scalar = parsed.filter(|parsed| !parsed.is_object() && !parsed.is_array());
        let typed = scalar.as_ref().is_some_and(|scalar| !scalar.is_string());
        Filter {
            field: field.to_owned(),
            or_text: typed.then(|| value.to_owned()),
            value: scalar.unwrap_or_else(|| Value::from(value)),
        }
    }

    fn path(&self) -> Result<String> {
        let good = |name: &str| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_alphanumeric() || c == '_' || c == '-')
        };
        if self.field.len() > 128 || !self.field.split('.').all(good) {
            return Err(Error::BadName {
                what: "the field",
                name: self.field.chars().take(64).collect(),
                why: "names of letters, digits, _ and - are joined by dots",
            });
        }
        Ok(self
            .field
            .split('.')
            .fold("$".to_owned(), |path, name| format!("{path}.\"{name}\"")))
    }

    fn wanted(&self) -> Result<Box<dyn ToSql>> {
        Ok(match &self.value {
            Value::Null => Box::new(None::<i64>),
            Value::Bool(is) => Box::new(i64::from(*is)),
            Value::String(text) => Box::new(text.clone()),
            Value::Number(number) => match number.as_i64() {
                Some(number) => Box::new(number),
                None => Box::new(number.as_f64().unwrap_or(f64::NAN)),
            },
            _ => {
                return Err(Error::BadValue(
                    "a field is compared with a text, a number, true, false or null".into(),
                ));
            }
        })
    }
}

impl Document {
    fn read(row: &Row<'_>) -> webx_vault::rusqlite::Result<(String, i64, i64, String)> {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    }

    fn of((id, version, at, text): (String, i64, i64, String)) -> Result<Document> {
        Ok(Document {
            value: parse("a document", &text)?,
            id,
            version: version.unsigned_abs(),
            updated_at: time_of(at),
        })
    }
}

impl Store {
    /// A document.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::Vault`].
    pub fn get_document(&self, collection: &str, id: &str) -> Result<Option<Document>> {
        check_document(collection, id)?;
        let row = self.inner.db().read(|conn| {
            Ok::<_, Error>(
                conn.prepare_cached(
                    "SELECT id, version, at, value FROM app_doc WHERE install = ?1 AND collection = ?2 AND id = ?3",
                )?
                .query_row(params![bytes_of(self.install), collection, id], Document::read)
                .optional()?,
            )
        })?;
        row.map(Document::of).transpose()
    }

    /// Keeps a document: a JSON object of at most 256 KiB. With `expected`, only if it has this version now (0: it is not
    /// there), so that two windows do not undo each other's changes.
    ///
    /// # Errors
    /// [`Error::Changed`], [`Error::BadName`], [`Error::BadValue`], [`Error::TooLarge`], [`Error::Quota`],
    /// [`Error::NotInstalled`], [`Error::Vault`].
    pub fn put_document(
        &self,
        collection: &str,
        id: &str,
        value: &Value,
        expected: Option<u64>,
    ) -> Result<Document> {
        check_document(collection, id)?;
        if !value.is_object() {
            return Err(Error::BadValue("a document is a JSON object".into()));
        }
        let text = value.to_string();
        if text.len() > MAX_DOCUMENT {
            return Err(Error::TooLarge {
                what: "a document",
                max: MAX_DOCUMENT as u64,
            });
        }
        let at = micros(self.inner.now());
        let version = self.inner.db().write(|tx| {
            let before: Option<(i64, i64)> = tx
                .prepare_cached(
                    "SELECT version, length(CAST(value AS BLOB)) FROM app_doc WHERE install = ?1 AND collection = ?2 AND id = ?3",
                )?
                .query_row(params![bytes_of(self.install), collection, id], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let found = before.map_or(0, |(version, _)| version.unsigned_abs());
            if expected.is_some_and(|expected| expected != found) {
                return Err(Error::Changed { found });
            }
            let gone = before.map_or(0, |(_, len)| cost(collection, id, len.unsigned_abs()));
            account(tx, self.install, cost(collection, id, text.len() as u64), gone)?;
            tx.prepare_cached(
                "INSERT INTO app_doc VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (install, collection, id) \
                 DO UPDATE SET version = excluded.version, value = excluded.value, at = excluded.at",
            )?
            .execute(params![
                bytes_of(self.install),
                collection,
                id,
                (found + 1).cast_signed(),
                text,
                at
            ])?;
            Ok(found + 1)
        })?;
        self.document_changed(collection, id, Some(version));
        Ok(Document {
            id: id.to_owned(),
            version,
            updated_at: time_of(at),
            value: value.clone(),
        })
    }

    /// Forgets a document. Returns whether it was there.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::Vault`].
    pub fn delete_document(&self, collection: &str, id: &str) -> Result<bool> {
        check_document(collection, id)?;
        let gone = self.inner.db().write(|tx| {
            let gone: Option<i64> = tx
                .prepare_cached(
                    "DELETE FROM app_doc WHERE install = ?1 AND collection = ?2 AND id = ?3 \
                     RETURNING length(CAST(value AS BLOB))",
                )?
                .query_row(params![bytes_of(self.install), collection, id], |row| {
                    row.get(0)
                })
                .optional()?;
            if let Some(len) = gone {
                account(
                    tx,
                    self.install,
                    0,
                    cost(collection, id, len.unsigned_abs()),
                )?;
            }
            Ok::<_, Error>(gone.is_some())
        })?;
        if gone {
            self.document_changed(collection, id, None);
        }
        Ok(gone)
    }

    /// Documents of a collection that fit all conditions, in the order of their ids, after `after`, at most 1000.
    ///
    /// # Errors
    /// [`Error::BadName`], [`Error::BadValue`], [`Error::Vault`].
    pub fn documents(
        &self,
        collection: &str,
        after: Option<&str>,
        most: u32,
        filters: &[Filter],
    ) -> Result<Page<Document>> {
        check_name("the collection", collection, MAX_COLLECTION)?;
        if filters.len() > MAX_FILTERS {
            return Err(Error::BadValue(format!(
                "at most {MAX_FILTERS} conditions at once"
            )));
        }
        let most = limit(most);
        let mut sql =
            "SELECT id, version, at, value FROM app_doc WHERE install = ?1 AND collection = ?2 \
                       AND (?3 IS NULL OR id > ?3)"
                .to_owned();
        let install = bytes_of(self.install);
        let mut values: Vec<Box<dyn ToSql>> = vec![
            Box::new(install),
            Box::new(collection.to_owned()),
            Box::new(after.map(str::to_owned)),
        ];
        for filter in filters {
            values.push(Box::new(filter.path()?));
            let path = values.len();
            values.push(filter.wanted()?);
            values.push(Box::new(filter.or_text.clone()));
            let (wanted, text) = (path + 1, path + 2);
            sql.push_str(&format!(
                " AND (json_extract(value, ?{path}) IS ?{wanted} OR json_extract(value, ?{path}) = ?{text})"
            ));
        }
        values.push(Box::new(most + 1));
        sql.push_str(&format!(" ORDER BY id LIMIT ?{}", values.len()));
        let rows: Vec<_> = self.inner.db().read(|conn| {
            let mut statement = conn.prepare_cached(&sql)?;
            let values: Vec<&dyn ToSql> = values.iter().map(|value| &**value).collect();
            let rows = statement.query_map(values.as_slice(), Document::read)?;
            Ok::<_, Error>(rows.collect::<webx_vault::rusqlite::Result<_>>()?)
        })?;
        let mut items = rows
            .into_iter()
            .map(Document::of)
            .collect::<Result<Vec<_>>>()?;
        let next = Page::cut(&mut items, most, |document| document.id.clone());
        Ok(Page { items, next })
    }

    /// The names of the collections, in order.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn collections(&self) -> Result<Vec<String>> {
        self.inner.db().read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT DISTINCT collection FROM app_doc WHERE install = ?1 ORDER BY collection",
            )?;
            let rows = statement.query_map([bytes_of(self.install)], |row| row.get(0))?;
            Ok(rows.collect::<webx_vault::rusqlite::Result<_>>()?)
        })
    }

    fn document_changed(&self, collection: &str, id: &str, version: Option<u64>) {
        let Ok(entry) = self.inner.registry().get(self.install) else {
            return;
        };
        self.inner.tell(AppEvent {
            op: AppOp::Data {
                collection: collection.to_owned(),
                id: id.to_owned(),
                version,
            },
            install: self.install,
            app: entry.app.clone(),
        });
    }
}

fn cost(collection: &str, id: &str, len: u64) -> u64 {
    len + (collection.len() + id.len()) as u64 + OVERHEAD
}

fn check_document(collection: &str, id: &str) -> Result<()> {
    check_name("the collection", collection, MAX_COLLECTION)?;
    check_name("the id", id, MAX_ID)
}
