//! The door of this crate: everything that is known of other nodes, over the vault's database.

mod rows;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use time::OffsetDateTime;
use webx_identity::Did;
use webx_overlay::NodeId;
use webx_vault::{Db, rusqlite::OptionalExtension as _};

use crate::{
    Error,
    contacts::{Change, Contacts, Trust as ContactTrust},
    credential::{self, FitnessClaim},
    fitness::{
        self, Hearsay, History, MAX_AGE, MAX_PER_EPOCH, Observation, Party, Receipt, Testimony,
        Trust, View,
    },
    profile::{Detected, Profile, Settings},
    proof::{Own, Proven, Refusal},
    safety::{IdentityDigest, SafetyNumber},
};

const MIGRATIONS: &[&str] = &["
    CREATE TABLE peer (
        node BLOB PRIMARY KEY,
        did TEXT,
        history TEXT NOT NULL,
        profile BLOB,
        seen INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX peer_by_seen ON peer (seen);
    CREATE TABLE peer_receipt (
        id BLOB PRIMARY KEY,
        provider BLOB NOT NULL,
        consumer BLOB NOT NULL,
        service TEXT NOT NULL,
        epoch INTEGER NOT NULL,
        bytes BLOB NOT NULL
    ) STRICT;
    CREATE INDEX peer_receipt_by_pair ON peer_receipt (provider, consumer, service, epoch);
    CREATE INDEX peer_receipt_by_epoch ON peer_receipt (epoch);
    CREATE TABLE peer_hearsay (
        issuer TEXT NOT NULL,
        node BLOB NOT NULL,
        claim TEXT NOT NULL,
        until INTEGER NOT NULL,
        PRIMARY KEY (issuer, node)
    ) STRICT;
    CREATE TABLE peer_settings (one INTEGER PRIMARY KEY CHECK (one = 1), settings TEXT NOT NULL) STRICT;
"];

/// Most nodes that are remembered; the longest unseen go first.
const MAX_PEERS: i64 = 4096;
/// Most receipts; the oldest go first.
const MAX_RECEIPTS: i64 = 20_000;
/// Most claims of contacts.
const MAX_HEARSAY: i64 = 20_000;
/// Observations that wait in memory before they are written together.
const BATCH: usize = 256;

/// A node as screens show it.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Which.
    pub node: NodeId,
    /// The person, once the node has proved it.
    pub did: Option<Did>,
    /// What the person is called, if he is a contact, and how far he is trusted.
    pub contact: Option<(String, ContactTrust)>,
    /// What it said of itself.
    pub profile: Option<Profile>,
    /// How fit it is.
    pub fitness: View,
    /// When it was last heard of.
    pub seen: OffsetDateTime,
}

/// What is known of other people and nodes. Clones share it. Calls block on the database for a moment.
///
/// Observations are kept in memory and written together ([`Peers::flush`], and by themselves every 256): a crash loses the
/// last few probes and nothing else.
#[derive(Clone)]
pub struct Peers(Arc<Inner>);

struct Inner {
    db: Db,
    contacts: Contacts,
    own: parking_lot::RwLock<Own>,
    clock: fn() -> OffsetDateTime,
    waiting: parking_lot::Mutex<Vec<(NodeId, u64, Observation)>>,
}

impl std::fmt::Debug for Peers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Peers of {:?}", *self.0.own.read())
    }
}

/// What scores are made from, read at one moment.
struct Words {
    about: Vec<Testimony>,
    trust: Trust,
    now: OffsetDateTime,
}

impl Peers {
    /// Opens what is known, in `db`, creating its tables.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn open(db: Db, own: Own) -> Result<Self, Error> {
        Self::open_with(db, own, OffsetDateTime::now_utc)
    }

    /// Like [`Peers::open`], with another clock.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn open_with(db: Db, own: Own, clock: fn() -> OffsetDateTime) -> Result<Self, Error> {
        db.migrate("peers", MIGRATIONS)?;
        let contacts = Contacts::open(db.clone(), own.did().clone(), clock)?;
        Ok(Self(Arc::new(Inner {
            db,
            contacts,
            own: parking_lot::RwLock::new(own),
            clock,
            waiting: parking_lot::Mutex::default(),
        })))
    }

    /// The contacts.
    #[must_use]
    pub fn contacts(&self) -> &Contacts {
        &self.0.contacts
    }

    /// Who this node proves to be.
    #[must_use]
    pub fn own(&self) -> Own {
        self.0.own.read().clone()
    }

    /// Takes the newest version of the own log, after a rotation.
    pub fn set_own(&self, own: Own) {
        *self.0.own.write() = own;
    }

    /// The own fingerprint, for safety numbers and pictures.
    ///
    /// # Errors
    /// [`Error::Identity`].
    pub fn own_digest(&self) -> Result<IdentityDigest, Error> {
        let own = self.own();
        Ok(IdentityDigest::of(own.did(), own.log(), (self.0.clock)())?)
    }

    /// The safety number with a contact.
    ///
    /// # Errors
    /// As [`Contacts::safety_number`].
    pub fn safety_number(&self, did: &Did) -> Result<SafetyNumber, Error> {
        self.0.contacts.safety_number(self.own_digest()?, did)
    }

    /// A node has proved who it is. Gives the change of a contact, to be shown to the person.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn met(&self, proven: &Proven) -> Result<Option<Change>, Error> {
        let now = seconds((self.0.clock)());
        let change = self.0.contacts.learn(proven)?;
        self.0.db.write(|tx| {
            rows::touch(tx, proven.device, now)?;
            rows::belongs(tx, proven.device, &proven.did)?;
            rows::forget(tx, MAX_PEERS)
        })?;
        Ok(change)
    }

    /// A proof was refused. Gives the change of a contact when his history was forked.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn refused(&self, refusal: &Refusal) -> Result<Option<Change>, Error> {
        self.0.contacts.refused(refusal)
    }

    /// Takes in what a node was seen to do.
    ///
    /// # Errors
    /// [`Error::Vault`] when a batch is written.
    pub fn observe(&self, node: NodeId, observation: Observation) -> Result<(), Error> {
        let now = seconds((self.0.clock)());
        let full = {
            let mut waiting = self.0.waiting.lock();
            waiting.push((node, now, observation));
            waiting.len() >= BATCH
        };
        if full { self.flush() } else { Ok(()) }
    }

    /// Writes the observations that wait in memory.
    ///
    /// # Errors
    /// [`Error::Vault`]; the observations are lost then.
    pub fn flush(&self) -> Result<(), Error> {
        let waiting = std::mem::take(&mut *self.0.waiting.lock());
        if waiting.is_empty() {
            return Ok(());
        }
        let mut by_node = BTreeMap::<NodeId, Vec<(u64, Observation)>>::new();
        for (node, at, observation) in waiting {
            by_node.entry(node).or_default().push((at, observation));
        }
        self.0.db.write(|tx| {
            for (node, seen) in by_node {
                let mut history = rows::history(tx, node)?.unwrap_or_default();
                let mut last = 0;
                for (at, observation) in seen {
                    history.observe(at, observation);
                    last = at;
                }
                rows::save_history(tx, node, &history, last)?;
            }
            rows::forget(tx, MAX_PEERS)
        })
    }

    /// Takes in a receipt that came from anywhere. Says whether it was counted: each one is once, and only a few for each
    /// pair, service and day.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Vault`].
    pub fn add_receipt(&self, bytes: &[u8]) -> Result<bool, Error> {
        let today = today((self.0.clock)());
        let receipt = Receipt::decode(bytes, today)?;
        self.0.db.write(|tx| {
            rows::drop_receipts(tx, today.saturating_sub(MAX_AGE), MAX_RECEIPTS)?;
            rows::add_receipt(tx, &receipt, MAX_PER_EPOCH)
        })
    }

    /// Takes in what a contact publishes about a node. The word of anybody else is not kept.
    ///
    /// # Errors
    /// [`Error::Refused`] for a credential that does not verify; [`Error::Unknown`] when the issuer is not a contact.
    pub fn add_hearsay(&self, issuer: &Did, text: &str) -> Result<FitnessClaim, Error> {
        use crate::proof::Memory as _;
        let now = (self.0.clock)();
        self.0.contacts.get(issuer)?;
        let log = self.0.contacts.log(issuer);
        let claim = credential::verify(text, issuer, log.as_ref(), now)?;
        self.0
            .db
            .write(|tx| rows::add_hearsay(tx, &claim, now, MAX_HEARSAY))?;
        Ok(claim)
    }

    /// How fit a node is, with the reasons.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn fitness(&self, node: NodeId) -> Result<View, Error> {
        self.flush()?;
        let words = self.words()?;
        self.0.db.read(|db| {
            let history = rows::history(db, node)?.unwrap_or_default();
            words.rate(db, node, &history)
        })
    }

    /// Publishes the fitness of a node as a verifiable credential, signed by this device.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Crypto`], [`Error::Vault`].
    pub fn publish_fitness(&self, node: NodeId) -> Result<String, Error> {
        let view = self.fitness(node)?;
        credential::issue(&self.own(), node, &view, (self.0.clock)())
    }

    /// The nodes that are known, last seen first, at most `limit` (and 1000) after skipping `skip`.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn list(&self, skip: u32, limit: u32) -> Result<Vec<Peer>, Error> {
        self.flush()?;
        let words = self.words()?;
        let found = self.0.db.read(|db| rows::page(db, skip, limit.min(1000)))?;
        found
            .into_iter()
            .map(|row| self.peer(row, &words))
            .collect()
    }

    /// One node, if it is known.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn find(&self, node: NodeId) -> Result<Option<Peer>, Error> {
        self.flush()?;
        let words = self.words()?;
        let found = self.0.db.read(|db| rows::one(db, node))?;
        found.map(|row| self.peer(row, &words)).transpose()
    }

    /// Those of `nodes` that are known, each in its place.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn find_all(&self, nodes: &[NodeId]) -> Result<Vec<Option<Peer>>, Error> {
        self.flush()?;
        let words = self.words()?;
        let found = self.0.db.read(|db| {
            let rows = nodes.iter().map(|node| rows::one(db, *node));
            rows.collect::<Result<Vec<_>, _>>()
        })?;
        found
            .into_iter()
            .map(|row| row.map(|row| self.peer(row, &words)).transpose())
            .collect()
    }

    fn peer(&self, row: rows::Row, words: &Words) -> Result<Peer, Error> {
        let contact = match &row.did {
            Some(did) => self.0.contacts.find(did)?,
            None => None,
        };
        let now = seconds(words.now);
        Ok(Peer {
            node: row.node,
            contact: contact.map(|contact| (contact.petname, contact.trust)),
            profile: row
                .profile
                .and_then(|bytes| Profile::decode(&bytes, row.node, now).ok()),
            fitness: self
                .0
                .db
                .read(|db| words.rate(db, row.node, &row.history))?,
            did: row.did,
            seen: OffsetDateTime::from_unix_timestamp(row.seen)
                .unwrap_or(OffsetDateTime::UNIX_EPOCH),
        })
    }

    /// The person who proved to stand behind a node.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn person_of(&self, node: NodeId) -> Result<Option<Did>, Error> {
        Ok(self
            .0
            .db
            .read(|db| rows::one(db, node))?
            .and_then(|row| row.did))
    }

    /// Keeps what a node said of itself, if it is newer than what is kept.
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Vault`].
    pub fn add_profile(&self, node: NodeId, bytes: &[u8]) -> Result<Profile, Error> {
        let now = seconds((self.0.clock)());
        let profile = Profile::decode(bytes, node, now)?;
        self.0.db.write(|tx| {
            let kept = rows::one(tx, node)?.and_then(|row| row.profile);
            let kept = kept.and_then(|bytes| Profile::decode(&bytes, node, now).ok());
            if kept.is_none_or(|kept| kept.issued <= profile.issued) {
                rows::touch(tx, node, now)?;
                rows::save_profile(tx, node, bytes)?;
            }
            rows::forget(tx, MAX_PEERS)
        })?;
        Ok(profile)
    }

    /// What the person set for this device.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn settings(&self) -> Result<Settings, Error> {
        let text: Option<String> = self.0.db.read(|db| {
            let sql = "SELECT settings FROM peer_settings";
            Ok::<_, Error>(db.query_row(sql, [], |row| row.get(0)).optional()?)
        })?;
        Ok(text
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default())
    }

    /// Changes the settings of this device.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn set_settings(&self, settings: &Settings) -> Result<(), Error> {
        let text =
            serde_json::to_string(settings).map_err(|_| Error::Crypto("encoding settings"))?;
        self.0.db.write(|tx| {
            tx.execute(
                "INSERT OR REPLACE INTO peer_settings VALUES (1, ?1)",
                [text],
            )?;
            Ok(())
        })
    }

    /// The signed profile of this device, for others.
    ///
    /// # Errors
    /// [`Error::Crypto`], [`Error::Vault`].
    pub fn own_profile(&self, detected: &Detected) -> Result<Vec<u8>, Error> {
        let own = self.own();
        let now = seconds((self.0.clock)());
        Profile::new(own.node(), now, detected, &self.settings()?).sign(&own)
    }

    fn words(&self) -> Result<Words, Error> {
        let now = (self.0.clock)();
        let mut contacts = BTreeSet::new();
        let mut skip = 0;
        loop {
            let page = self.0.contacts.trusted(skip)?;
            let last = page.is_empty();
            skip += u32::try_from(page.len()).unwrap_or(u32::MAX);
            contacts.extend(page.iter().map(party));
            if last {
                break;
            }
        }
        let me = party(self.0.own.read().did());
        let (about, between) = self.0.db.read(|db| {
            let people = rows::people(db)?;
            let of = |node: NodeId| people.get(&node).map_or(node.0, party);
            let mut about = Vec::new();
            let mut between = Vec::new();
            for receipt in rows::receipts(db, today(now))? {
                let served = receipt.served();
                let (issuer, subject) = (of(served.consumer), of(served.provider));
                // What this person saw himself is counted as seen; what somebody says of himself is not heard.
                if issuer == me || issuer == subject {
                    continue;
                }
                let word = Testimony {
                    issuer,
                    subject,
                    dimension: served.service.dimension(),
                    tried: u64::from(served.tried),
                    kept: u64::from(served.kept),
                };
                between.push(word);
                about.push(Testimony {
                    subject: served.provider.0,
                    ..word
                });
            }
            Ok::<_, Error>((about, between))
        })?;
        Ok(Words {
            about: Testimony::merged(about),
            trust: Trust::new(&contacts, &Testimony::merged(between)),
            now,
        })
    }
}

impl Words {
    fn rate(
        &self,
        db: &webx_vault::rusqlite::Connection,
        node: NodeId,
        history: &History,
    ) -> Result<View, Error> {
        let heard: Vec<Hearsay> = rows::hearsay(db, node, self.now)?
            .into_iter()
            .flat_map(|(issuer, scores)| {
                let from = party(&issuer);
                scores.into_iter().map(move |(dimension, rate)| Hearsay {
                    from,
                    dimension,
                    rate,
                })
            })
            .collect();
        Ok(fitness::rate(
            seconds(self.now),
            history,
            &node.0,
            &self.about,
            &heard,
            &self.trust,
        ))
    }
}

/// A person, as somebody whose word is weighed.
fn party(did: &Did) -> Party {
    blake3::derive_key("webx 2026 fitness party v1", did.as_str().as_bytes())
}

fn seconds(time: OffsetDateTime) -> u64 {
    u64::try_from(time.unix_timestamp()).unwrap_or(0)
}

fn today(time: OffsetDateTime) -> u32 {
    u32::try_from(seconds(time) / 86_400).unwrap_or(u32::MAX)
}
