//! The credentials that were issued here, in the vault.

use serde_json::Value;
use time::OffsetDateTime;
use webx_credentials::{MIN_ENTRIES, StatusList};
use webx_vault::{
    Db,
    rusqlite::{self, OptionalExtension as _, params},
};

use crate::{desktop::Desktop, http::problem::Problem, tables::Failed};
use axum::http::StatusCode;

/// Most credentials with an entry in the list. With more, a free place would be hard to find by chance.
const MAX_PLACES: usize = MIN_ENTRIES / 2;
/// Most credentials in one answer.
const MAX_LISTED: usize = 1000;

/// The table of issued credentials.
#[derive(Clone)]
pub(super) struct Kept(Db);

/// One of them.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) issued_at: OffsetDateTime,
    pub(super) place: Option<usize>,
    pub(super) withdrawn: bool,
    pub(super) body: Value,
}

impl Kept {
    pub(super) fn of(desktop: &Desktop) -> Result<Self, Problem> {
        Ok(Self(desktop.tables()?.db().clone()))
    }

    /// A free place in the status list, by chance, so that it says nothing about when it was given.
    pub(super) fn place(&self) -> Result<usize, Problem> {
        let places = self.places()?;
        if places.len() >= MAX_PLACES {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "list-full",
                "the status list is full",
            ));
        }
        let taken: std::collections::HashSet<usize> =
            places.into_iter().map(|(place, _)| place).collect();
        loop {
            let mut bytes = [0; 4];
            getrandom::fill(&mut bytes).map_err(Problem::internal)?;
            let place = usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(0) % MIN_ENTRIES;
            if !taken.contains(&place) {
                return Ok(place);
            }
        }
    }

    pub(super) fn add(
        &self,
        id: &str,
        at: OffsetDateTime,
        place: Option<usize>,
        body: &Value,
    ) -> Result<(), Problem> {
        let place = place.and_then(|place| i64::try_from(place).ok());
        self.0
            .write(|t| {
                t.execute(
                    "INSERT INTO desktop_credential (id, issued_at, place, body) VALUES (?1, ?2, ?3, ?4)",
                    params![id, at.unix_timestamp(), place, body.to_string()],
                )?;
                Ok::<_, Failed>(())
            })
            .map_err(Into::into)
    }

    pub(super) fn list(&self) -> Result<Vec<Row>, Problem> {
        let rows = self.0.read(|c| {
            let mut statement = c.prepare_cached(
                "SELECT id, issued_at, place, withdrawn, body FROM desktop_credential ORDER BY issued_at DESC, id LIMIT ?1",
            )?;
            let rows = statement.query_map([i64::try_from(MAX_LISTED).unwrap_or(i64::MAX)], row)?;
            Ok::<_, Failed>(rows.collect::<Result<Vec<_>, _>>()?)
        })?;
        Ok(rows)
    }

    /// Marks a credential as withdrawn.
    pub(super) fn withdraw(&self, id: &str) -> Result<Row, Problem> {
        let found = self.0.write(|t| {
            t.execute(
                "UPDATE desktop_credential SET withdrawn = 1 WHERE id = ?1 AND place IS NOT NULL",
                [id],
            )?;
            let found = t
                .query_row(
                    "SELECT id, issued_at, place, withdrawn, body FROM desktop_credential WHERE id = ?1",
                    [id],
                    row,
                )
                .optional()?;
            Ok::<_, Failed>(found)
        })?;
        match found {
            None => Err(Problem::not_found("this credential")),
            Some(row) if row.place.is_none() => Err(Problem::new(
                StatusCode::CONFLICT,
                "not-revocable",
                "this credential was issued without an entry in the status list",
            )),
            Some(row) => Ok(row),
        }
    }

    /// The list as it stands.
    pub(super) fn status_list(&self) -> Result<StatusList, Problem> {
        let mut list = StatusList::default();
        for (place, withdrawn) in self.places()? {
            if withdrawn {
                list.set(place, true)?;
            }
        }
        Ok(list)
    }

    fn places(&self) -> Result<Vec<(usize, bool)>, Problem> {
        let places = self.0.read(|c| {
            let mut statement = c.prepare_cached(
                "SELECT place, withdrawn FROM desktop_credential WHERE place IS NOT NULL",
            )?;
            let rows = statement.query_map([], |r| {
                let place: i64 = r.get(0)?;
                Ok((usize::try_from(place).unwrap_or(usize::MAX), r.get(1)?))
            })?;
            Ok::<_, Failed>(rows.collect::<Result<Vec<_>, _>>()?)
        })?;
        Ok(places)
    }
}

fn row(r: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let body: String = r.get(4)?;
    let place: Option<i64> = r.get(2)?;
    Ok(Row {
        id: r.get(0)?,
        issued_at: OffsetDateTime::from_unix_timestamp(r.get(1)?)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH),
        place: place.and_then(|place| usize::try_from(place).ok()),
        withdrawn: r.get(3)?,
        body: serde_json::from_str(&body).unwrap_or_default(),
    })
}
