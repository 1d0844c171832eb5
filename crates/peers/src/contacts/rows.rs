//! Rows of contacts and of what changed about them.

use time::OffsetDateTime;
use webx_identity::{Did, DidLog};
use webx_overlay::{NodeId, transport::Hints};
use webx_vault::rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row, Transaction};

use super::{Change, ChangeKind, Contact, MAX_CHANGES, Origin, Trust, epoch};
use crate::{Error, card::Card, proof, safety::IdentityDigest};

pub(super) const SELECT: &str = "SELECT did, petname, note, accepted, current, verified, blocked,
    origin, node, hints, added, met FROM contact";

pub(super) fn seconds(time: OffsetDateTime) -> i64 {
    time.unix_timestamp()
}

pub(super) fn moment(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or_else(|_| epoch())
}

fn damaged() -> Error {
    Error::Refused {
        what: "a stored contact",
        why: "it cannot be read",
    }
}

/// A row whose devices are not looked up yet.
pub(super) struct Found {
    contact: Contact,
}

pub(super) fn read(row: &Row<'_>) -> Result<Found, Error> {
    let did: String = row.get(0)?;
    let accepted: Option<[u8; 32]> = row.get(3)?;
    let current: Option<[u8; 32]> = row.get(4)?;
    let verified: Option<i64> = row.get(5)?;
    let blocked: bool = row.get(6)?;
    let origin: String = row.get(7)?;
    let node: Option<[u8; 32]> = row.get(8)?;
    let hints: String = row.get(9)?;
    let trust = match (blocked, accepted == current, verified) {
        (true, ..) => Trust::Blocked,
        (false, false, _) => Trust::Changed,
        (false, true, Some(_)) => Trust::Verified,
        (false, true, None) => Trust::New,
    };
    let (direct, relays) = serde_json::from_str(&hints).unwrap_or_default();
    Ok(Found {
        contact: Contact {
            did: did.parse().map_err(|_| damaged())?,
            petname: row.get(1)?,
            note: row.get(2)?,
            trust,
            devices: Vec::new(),
            card: node.map(|node| (NodeId(node), Hints { direct, relays })),
            digest: current.map(IdentityDigest),
            accepted: accepted.map(IdentityDigest),
            origin: serde_json::from_value(origin.into()).map_err(|_| damaged())?,
            added: moment(row.get(10)?),
            verified: verified.map(moment),
            met: row.get::<_, Option<i64>>(11)?.map(moment),
        },
    })
}

impl Found {
    pub(super) fn contact(
        mut self,
        db: &Connection,
        now: OffsetDateTime,
    ) -> Result<Contact, Error> {
        let log = log(db, &self.contact.did)?;
        // An ended identity has no devices.
        self.contact.devices =
            proof::devices(&self.contact.did, log.as_ref(), now).unwrap_or_default();
        Ok(self.contact)
    }
}

pub(super) fn log(db: &Connection, did: &Did) -> Result<Option<DidLog>, Error> {
    let text: Option<String> = db
        .prepare_cached("SELECT log FROM known_log WHERE did = ?1")?
        .query_row([did.as_str()], |row| row.get(0))
        .optional()?;
    Ok(text.and_then(|text| DidLog::parse(&text).ok()))
}

pub(super) fn remember(
    tx: &Transaction<'_>,
    did: &Did,
    log: &DidLog,
    now: OffsetDateTime,
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO known_log VALUES (?1, ?2, ?3)
         ON CONFLICT (did) DO UPDATE SET log = excluded.log, seen = excluded.seen",
        (did.as_str(), log.as_str(), seconds(now)),
    )?;
    Ok(())
}

pub(super) fn forget_strangers(tx: &Transaction<'_>, keep: i64) -> Result<(), Error> {
    let strangers: i64 = tx.query_row(
        "SELECT (SELECT count(*) FROM known_log) - (SELECT count(*) FROM contact JOIN known_log USING (did))",
        [],
        |row| row.get(0),
    )?;
    if strangers > keep {
        tx.execute(
            "DELETE FROM known_log WHERE did IN (
                SELECT did FROM known_log WHERE did NOT IN (SELECT did FROM contact) ORDER BY seen LIMIT ?1)",
            [strangers - keep],
        )?;
    }
    Ok(())
}

pub(super) fn insert(
    tx: &Transaction<'_>,
    did: &Did,
    petname: &str,
    origin: Origin,
    card: Option<&Card>,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let origin_text = serde_json::to_value(origin).ok();
    let hints =
        card.and_then(|card| serde_json::to_string(&(&card.hints.direct, &card.hints.relays)).ok());
    let inserted = tx.execute(
        "INSERT INTO contact (did, petname, promised, in_person, origin, node, hints, added)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        (
            did.as_str(),
            petname,
            card.map(|card| card.digest.0),
            origin == Origin::InPerson,
            origin_text.as_ref().and_then(|text| text.as_str()),
            card.map(|card| card.node.0),
            hints.as_deref().unwrap_or("[[],[]]"),
            seconds(now),
        ),
    );
    match inserted {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(Error::Known(did.clone()))
        }
        other => Ok(other.map(|_| ())?),
    }
}

pub(super) fn exists(db: &Connection, did: &Did) -> Result<bool, Error> {
    Ok(db
        .prepare_cached("SELECT 1 FROM contact WHERE did = ?1")?
        .exists([did.as_str()])?)
}

/// The fingerprint of a contact's keys as they are now; the outer `None` is for strangers.
pub(super) fn current(db: &Connection, did: &Did) -> Result<Option<Option<IdentityDigest>>, Error> {
    let found: Option<Option<[u8; 32]>> = db
        .prepare_cached("SELECT current FROM contact WHERE did = ?1")?
        .query_row([did.as_str()], |row| row.get(0))
        .optional()?;
    Ok(found.map(|digest| digest.map(IdentityDigest)))
}

/// Brings a contact up to date with the keys that were seen. Does nothing for a stranger.
pub(super) fn settle(
    tx: &Transaction<'_>,
    did: &Did,
    digest: IdentityDigest,
    version: &str,
    had: &[NodeId],
    has: &[NodeId],
    now: OffsetDateTime,
) -> Result<Option<Change>, Error> {
    let Some(before) = current(tx, did)? else {
        return Ok(None);
    };
    tx.execute(
        "UPDATE contact SET current = ?2, met = ?3 WHERE did = ?1",
        (did.as_str(), digest.0, seconds(now)),
    )?;
    if before == Some(digest) {
        return Ok(None);
    }
    if before.is_some() {
        let missing = |from: &[NodeId], of: &[NodeId]| {
            let gone = |node: &&NodeId| !of.contains(node);
            from.iter().filter(gone).copied().collect()
        };
        let kind = ChangeKind::Number {
            version: version.to_owned(),
            added: missing(has, had),
            removed: missing(had, has),
        };
        return change(tx, did, kind, now, MAX_CHANGES).map(Some);
    }
    let (promised, in_person): (Option<[u8; 32]>, bool) = tx.query_row(
        "SELECT promised, in_person FROM contact WHERE did = ?1",
        [did.as_str()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    match promised {
        Some(promised) if promised != digest.0 => {
            tx.execute(
                "UPDATE contact SET accepted = promised WHERE did = ?1",
                [did.as_str()],
            )?;
            change(tx, did, ChangeKind::OtherThanCard, now, MAX_CHANGES).map(Some)
        }
        promised => {
            accept(tx, did, digest, promised.is_some() && in_person, now)?;
            Ok(None)
        }
    }
}

/// Accepts the keys. Those that were compared are verified; others are only the ones to go on with.
pub(super) fn accept(
    tx: &Transaction<'_>,
    did: &Did,
    digest: IdentityDigest,
    compared: bool,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let accepted: Option<[u8; 32]> = tx.query_row(
        "SELECT accepted FROM contact WHERE did = ?1",
        [did.as_str()],
        |row| row.get(0),
    )?;
    tx.execute(
        "UPDATE contact SET accepted = ?2, verified = CASE WHEN ?3 THEN ?4 WHEN ?5 THEN verified END
         WHERE did = ?1",
        (
            did.as_str(),
            digest.0,
            compared,
            seconds(now),
            accepted == Some(digest.0),
        ),
    )?;
    tx.execute(
        "UPDATE contact_change SET accepted = ?2 WHERE did = ?1 AND accepted IS NULL",
        (did.as_str(), seconds(now)),
    )?;
    Ok(())
}

pub(super) fn change(
    tx: &Transaction<'_>,
    did: &Did,
    kind: ChangeKind,
    now: OffsetDateTime,
    keep: i64,
) -> Result<Change, Error> {
    let text = serde_json::to_string(&kind).map_err(|_| damaged())?;
    tx.execute(
        "INSERT INTO contact_change (did, at, what) VALUES (?1, ?2, ?3)",
        (did.as_str(), seconds(now), text),
    )?;
    let id = tx.last_insert_rowid();
    tx.execute(
        "DELETE FROM contact_change WHERE did = ?1 AND id NOT IN (
            SELECT id FROM contact_change WHERE did = ?1 ORDER BY id DESC LIMIT ?2)",
        (did.as_str(), keep),
    )?;
    Ok(Change {
        id,
        at: moment(seconds(now)),
        accepted: None,
        kind,
    })
}

pub(super) fn last_kind(db: &Connection, did: &Did) -> Result<Option<ChangeKind>, Error> {
    Ok(changes(db, did)?
        .into_iter()
        .next()
        .map(|change| change.kind))
}

pub(super) fn changes(db: &Connection, did: &Did) -> Result<Vec<Change>, Error> {
    let mut statement = db.prepare_cached(
        "SELECT id, at, accepted, what FROM contact_change WHERE did = ?1 ORDER BY id DESC",
    )?;
    let rows = statement.query_map([did.as_str()], |row| {
        let what: String = row.get(3)?;
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, what))
    })?;
    rows.map(|row| {
        let (id, at, accepted, what): (i64, i64, Option<i64>, String) = row?;
        Ok(Change {
            id,
            at: moment(at),
            accepted: accepted.map(moment),
            kind: serde_json::from_str(&what).map_err(|_| damaged())?,
        })
    })
    .collect()
}
