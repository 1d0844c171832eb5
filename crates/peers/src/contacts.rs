//! The people one knows: who they are, on which devices, and whether they are still the same.

mod carry;
mod rows;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use webx_identity::{Did, DidLog};
use webx_overlay::{NodeId, transport::Hints};
use webx_vault::{Db, rusqlite::OptionalExtension as _};

use crate::{
    Error,
    card::Card,
    error::check_length,
    proof::{self, Memory, Proven, Refusal},
    safety::{IdentityDigest, SafetyNumber},
};

pub(crate) const MIGRATIONS: &[&str] = &["
    -- The newest accepted log of everybody who ever proved his DID; strangers' are dropped, the longest unseen first.
    CREATE TABLE known_log (did TEXT PRIMARY KEY, log TEXT NOT NULL, seen INTEGER NOT NULL) STRICT;
    CREATE INDEX known_log_by_seen ON known_log (seen);
    CREATE TABLE contact (
        did TEXT PRIMARY KEY,
        petname TEXT NOT NULL,
        note TEXT NOT NULL DEFAULT '',
        -- The accepted fingerprint of the keys; NULL before the first meeting.
        accepted BLOB,
        -- The fingerprint that the keys have now.
        current BLOB,
        -- What a card promised, and whether it came from hand to hand.
        promised BLOB,
        in_person INTEGER NOT NULL DEFAULT 0,
        verified INTEGER,
        blocked INTEGER NOT NULL DEFAULT 0,
        origin TEXT NOT NULL,
        node BLOB,
        hints TEXT NOT NULL DEFAULT '{}',
        added INTEGER NOT NULL,
        met INTEGER
    ) STRICT;
    CREATE TABLE contact_change (
        id INTEGER PRIMARY KEY,
        did TEXT NOT NULL REFERENCES contact (did) ON DELETE CASCADE,
        at INTEGER NOT NULL,
        what TEXT NOT NULL,
        accepted INTEGER
    ) STRICT;
    CREATE INDEX contact_change_by_did ON contact_change (did, id);
"];

/// Most contacts.
pub const MAX_CONTACTS: u64 = 10_000;
/// Most logs of strangers that are remembered.
const MAX_STRANGERS: i64 = 4096;
/// Most changes of a contact that are remembered.
const MAX_CHANGES: i64 = 100;
pub(crate) const MAX_PETNAME: usize = 128;
const MAX_NOTE: usize = 4096;

/// How far a contact is to be trusted to be who he is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Trust {
    /// Always the same person so far, but nobody compared anything.
    New,
    /// The person compared the safety number, the pictures or a card from hand to hand.
    Verified,
    /// The safety number changed. Nothing is sent until the person accepts it.
    Changed,
    /// The person wants nothing of this contact.
    Blocked,
}

/// How a contact came to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Origin {
    /// Scanned from the screen or paper of the person himself.
    InPerson,
    /// A link or picture that came some other way.
    Link,
    /// The DID was typed.
    Did,
    /// He wrote first.
    Request,
}

/// A contact as screens show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    /// Who.
    pub did: Did,
    /// What the person calls him.
    pub petname: String,
    /// What the person wrote about him.
    pub note: String,
    /// See [`Trust`].
    pub trust: Trust,
    /// The devices by the newest log; empty before the first meeting.
    pub devices: Vec<NodeId>,
    /// The device of the card he was added by, and where it was.
    pub card: Option<(NodeId, Hints)>,
    /// The fingerprint of his keys as they are now.
    pub digest: Option<IdentityDigest>,
    /// The fingerprint that was last accepted; while it is another one, he is [`Trust::Changed`].
    pub accepted: Option<IdentityDigest>,
    /// How he came.
    pub origin: Origin,
    /// When he was added.
    pub added: OffsetDateTime,
    /// When he was last compared and found right.
    pub verified: Option<OffsetDateTime>,
    /// When one of his devices last proved itself.
    pub met: Option<OffsetDateTime>,
}

/// What became different about a contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Its number.
    #[serde(skip)]
    pub id: i64,
    /// When it was noticed.
    #[serde(skip, default = "epoch")]
    pub at: OffsetDateTime,
    /// When the person accepted it.
    #[serde(skip)]
    pub accepted: Option<OffsetDateTime>,
    /// What.
    pub kind: ChangeKind,
}

/// The kinds of changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ChangeKind {
    /// The keys are others than before: the safety number changed.
    #[serde(rename_all = "camelCase")]
    Number {
        /// The version of the DID that brought it.
        version: String,
        /// Devices that came.
        added: Vec<NodeId>,
        /// Devices that went.
        removed: Vec<NodeId>,
    },
    /// The keys are not those that the card promised.
    OtherThanCard,
    /// Somebody showed another history of the DID. It was refused; the known one stays.
    Fork {
        /// The known version.
        known: String,
        /// The shown one.
        shown: String,
    },
}

fn epoch() -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH
}

/// Why nothing may be sent to somebody now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Barred {
    /// The safety number changed and the person has not accepted it.
    #[error("the safety number changed; accept it first")]
    Changed,
    /// The person blocked the contact.
    #[error("you blocked this contact")]
    Blocked,
    /// Not a contact.
    #[error("not among your contacts")]
    Stranger,
}

/// The contacts of a person, in the vault's database. Clones share them.
#[derive(Clone)]
pub struct Contacts {
    db: Db,
    own: Did,
    clock: fn() -> OffsetDateTime,
}

impl std::fmt::Debug for Contacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Contacts of {}", self.own)
    }
}

impl Contacts {
    /// Opens the contacts in `db`, creating their tables. `own` is the person's own DID.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn open(db: Db, own: Did, clock: fn() -> OffsetDateTime) -> Result<Self, Error> {
        db.migrate("peers.contacts", MIGRATIONS)?;
        Ok(Self { db, own, clock })
    }

    /// Adds somebody by DID. His keys become known, and are accepted, when one of his devices first proves itself.
    ///
    /// # Errors
    /// [`Error::Myself`], [`Error::Known`], [`Error::Full`], [`Error::Length`], [`Error::Vault`].
    pub fn add(&self, did: &Did, petname: &str, origin: Origin) -> Result<Contact, Error> {
        self.insert(did, petname, origin, None)
    }

    /// Adds the person of a card. The petname is the card's name unless another one is given.
    ///
    /// With [`Origin::InPerson`] the card counts as a comparison: the contact is verified as soon as his keys are seen to
    /// be those of the card.
    ///
    /// # Errors
    /// As [`Contacts::add`].
    pub fn add_card(
        &self,
        card: &Card,
        petname: Option<&str>,
        origin: Origin,
    ) -> Result<Contact, Error> {
        let petname = petname.unwrap_or(if card.name.is_empty() {
            "?"
        } else {
            &card.name
        });
        self.insert(&card.did, petname, origin, Some(card))
    }

    fn insert(
        &self,
        did: &Did,
        petname: &str,
        origin: Origin,
        card: Option<&Card>,
    ) -> Result<Contact, Error> {
        check_length("petname", petname, 1, MAX_PETNAME)?;
        if *did == self.own {
            return Err(Error::Myself);
        }
        let now = (self.clock)();
        self.db.write(|tx| {
            let count: i64 = tx.query_row("SELECT count(*) FROM contact", [], |row| row.get(0))?;
            if count.unsigned_abs() >= MAX_CONTACTS {
                return Err(Error::Full(MAX_CONTACTS));
            }
            rows::insert(tx, did, petname, origin, card, now)?;
            // Somebody met before he became a contact: his keys are known already.
            if let Some(log) = rows::log(tx, did)? {
                let devices = proof::devices(did, Some(&log), now)?;
                let digest = IdentityDigest::verified(did, Some(&log), &devices);
                rows::settle(tx, did, digest, "", &[], &devices, now)?;
            }
            Ok(())
        })?;
        self.get(did)
    }

    /// Takes in what a proof has shown: a newer log replaces the remembered one, and a contact whose keys changed is
    /// [`Trust::Changed`] from then on. Gives the change, to be shown to the person.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn learn(&self, proven: &Proven) -> Result<Option<Change>, Error> {
        let now = (self.clock)();
        let digest = IdentityDigest::verified(&proven.did, proven.log.as_ref(), &proven.devices);
        self.db.write(|tx| {
            let before = rows::log(tx, &proven.did)?;
            if let Some(log) = &proven.log {
                // A concurrent proof may have brought a longer one meanwhile.
                let longer = before
                    .as_ref()
                    .is_some_and(|known| known.as_str().len() > log.as_str().len());
                if longer {
                    return Ok(None);
                }
                rows::remember(tx, &proven.did, log, now)?;
                rows::forget_strangers(tx, MAX_STRANGERS)?;
            }
            let had = match &before {
                Some(log) => proof::devices(&proven.did, Some(log), now).unwrap_or_default(),
                None => Vec::new(),
            };
            rows::settle(
                tx,
                &proven.did,
                digest,
                &proven.version,
                &had,
                &proven.devices,
                now,
            )
        })
    }

    /// Notes that somebody showed another history of a contact's DID. Gives the change, to be shown to the person; none
    /// for a stranger.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn refused(&self, refusal: &Refusal) -> Result<Option<Change>, Error> {
        let Refusal::Forked { did, known, shown } = refusal else {
            return Ok(None);
        };
        let kind = ChangeKind::Fork {
            known: known.clone(),
            shown: shown.clone(),
        };
        let now = (self.clock)();
        self.db.write(|tx| {
            if !rows::exists(tx, did)? || rows::last_kind(tx, did)?.as_ref() == Some(&kind) {
                return Ok(None);
            }
            rows::change(tx, did, kind, now, MAX_CHANGES).map(Some)
        })
    }

    /// Whether something may be sent to `did` now.
    ///
    /// # Errors
    /// [`Error::Vault`]; the inner result says why not.
    pub fn may_send(&self, did: &Did) -> Result<Result<(), Barred>, Error> {
        Ok(match self.find(did)?.map(|contact| contact.trust) {
            None => Err(Barred::Stranger),
            Some(Trust::Changed) => Err(Barred::Changed),
            Some(Trust::Blocked) => Err(Barred::Blocked),
            Some(Trust::New | Trust::Verified) => Ok(()),
        })
    }

    /// The safety number with a contact, from the person's own fingerprint.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::NeverMet`], [`Error::Vault`].
    pub fn safety_number(&self, own: IdentityDigest, did: &Did) -> Result<SafetyNumber, Error> {
        let digest = self.get(did)?.digest;
        let digest = digest.ok_or_else(|| Error::NeverMet(did.clone()))?;
        Ok(SafetyNumber::of(own, digest))
    }

    /// The person has looked at the change and goes on with the keys of `seen`, without having compared them.
    ///
    /// # Errors
    /// [`Error::OtherNumber`] when the keys changed again meanwhile; [`Error::Unknown`], [`Error::Vault`].
    pub fn accept(&self, did: &Did, seen: IdentityDigest) -> Result<Contact, Error> {
        self.decide(did, seen, false)
    }

    /// The person has compared the keys of `seen` (safety number or pictures) and they are right.
    ///
    /// # Errors
    /// As [`Contacts::accept`].
    pub fn verify(&self, did: &Did, seen: IdentityDigest) -> Result<Contact, Error> {
        self.decide(did, seen, true)
    }

    fn decide(&self, did: &Did, seen: IdentityDigest, compared: bool) -> Result<Contact, Error> {
        let now = (self.clock)();
        self.db.write(|tx| {
            let current = rows::current(tx, did)?.ok_or_else(|| Error::Unknown(did.clone()))?;
            match current {
                None => Err(Error::NeverMet(did.clone())),
                Some(current) if current != seen => Err(Error::OtherNumber(did.clone())),
                Some(_) => rows::accept(tx, did, seen, compared, now),
            }
        })?;
        self.get(did)
    }

    /// Blocks a contact, or ends that.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Vault`].
    pub fn block(&self, did: &Did, blocked: bool) -> Result<(), Error> {
        self.set(
            did,
            "UPDATE contact SET blocked = ?2 WHERE did = ?1",
            &blocked,
        )
    }

    /// Gives a contact another name; 1 to 128 bytes.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::Unknown`], [`Error::Vault`].
    pub fn rename(&self, did: &Did, petname: &str) -> Result<(), Error> {
        check_length("petname", petname, 1, MAX_PETNAME)?;
        self.set(
            did,
            "UPDATE contact SET petname = ?2 WHERE did = ?1",
            &petname,
        )
    }

    /// Changes the note about a contact; at most 4096 bytes.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::Unknown`], [`Error::Vault`].
    pub fn annotate(&self, did: &Did, note: &str) -> Result<(), Error> {
        check_length("note", note, 0, MAX_NOTE)?;
        self.set(did, "UPDATE contact SET note = ?2 WHERE did = ?1", &note)
    }

    /// Removes a contact with his history. His log stays remembered like a stranger's.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Vault`].
    pub fn remove(&self, did: &Did) -> Result<(), Error> {
        self.db.write(|tx| {
            tx.execute("DELETE FROM contact_change WHERE did = ?1", [did.as_str()])?;
            match tx.execute("DELETE FROM contact WHERE did = ?1", [did.as_str()])? {
                0 => Err(Error::Unknown(did.clone())),
                _ => Ok(()),
            }
        })
    }

    fn set(
        &self,
        did: &Did,
        sql: &str,
        value: &dyn webx_vault::rusqlite::ToSql,
    ) -> Result<(), Error> {
        self.db
            .write(|tx| match tx.execute(sql, (did.as_str(), value))? {
                0 => Err(Error::Unknown(did.clone())),
                _ => Ok(()),
            })
    }

    /// A contact.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Vault`].
    pub fn get(&self, did: &Did) -> Result<Contact, Error> {
        self.find(did)?.ok_or_else(|| Error::Unknown(did.clone()))
    }

    /// A contact, if he is one.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn find(&self, did: &Did) -> Result<Option<Contact>, Error> {
        let now = (self.clock)();
        self.db.read(|db| {
            let sql = format!("{} WHERE did = ?1", rows::SELECT);
            let found = db
                .prepare_cached(&sql)?
                .query_row([did.as_str()], |row| Ok(rows::read(row)))
                .optional()?;
            found
                .transpose()?
                .map(|row| row.contact(db, now))
                .transpose()
        })
    }

    /// All contacts by petname, at most `limit` after skipping `skip`.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn list(&self, skip: u32, limit: u32) -> Result<Vec<Contact>, Error> {
        let now = (self.clock)();
        self.db.read(|db| {
            let sql = format!(
                "{} ORDER BY petname COLLATE NOCASE, did LIMIT ?1 OFFSET ?2",
                rows::SELECT
            );
            let mut statement = db.prepare_cached(&sql)?;
            let rows = statement.query_map([limit.min(1000), skip], |row| Ok(rows::read(row)))?;
            rows.map(|row| row??.contact(db, now)).collect()
        })
    }

    /// The DIDs of contacts that are neither changed nor blocked, a page at a time.
    pub(crate) fn trusted(&self, skip: u32) -> Result<Vec<Did>, Error> {
        self.db.read(|db| {
            let mut statement = db.prepare_cached(
                "SELECT did FROM contact WHERE blocked = 0 AND accepted IS current
                 ORDER BY did LIMIT 1000 OFFSET ?1",
            )?;
            let rows = statement.query_map([skip], |row| row.get::<_, String>(0))?;
            rows.map(|did| Ok(did?.parse().map_err(Refusal::from)?))
                .collect()
        })
    }

    /// What changed about a contact, newest first, at most 100.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn changes(&self, did: &Did) -> Result<Vec<Change>, Error> {
        self.db.read(|db| rows::changes(db, did))
    }

    /// The contact that a device belongs to, by the newest logs.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn person_of(&self, node: NodeId) -> Result<Option<Contact>, Error> {
        // Bounded by the number of contacts; asked when a peer without a proof is to be shown.
        let mut skip = 0;
        loop {
            let page = self.list(skip, 1000)?;
            let last = page.len() < 1000;
            if let Some(contact) = page.into_iter().find(|one| one.devices.contains(&node)) {
                return Ok(Some(contact));
            }
            if last {
                return Ok(None);
            }
            skip += 1000;
        }
    }
}

impl Memory for Contacts {
    fn log(&self, did: &Did) -> Option<DidLog> {
        self.db.read(|db| rows::log(db, did)).ok().flatten()
    }
}
