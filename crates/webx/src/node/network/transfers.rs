//! Files from person to person: asked for before a byte of them moves, fetched by the one who said yes, kept in his drive.
//!
//! What was offered stands in the vault ([`rows`]) and is there without QNet, too. While QNet runs, [`ask`] answers the other
//! side, and [`work`] does what is due: it offers what waits and fetches ([`fetch`]) what was accepted, again and again until
//! the other side is there.

mod ask;
mod fetch;
mod landing;
mod rows;
#[cfg(test)]
mod tests;
mod work;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore, broadcast};
use tokio_util::sync::CancellationToken;
use webx_comms::transfer::MAX_SIZE;
use webx_desktop::qnet::{QnetChange, QnetError, TransferItem, TransfersChange};
use webx_drive::{Drive, Kind, NodeId};
use webx_identity::Did;
use webx_peers::Peers;
use webx_peers::contacts::Barred;
use webx_services::Notifications;
use webx_vault::{Db, rusqlite};

use self::rows::{State, Transfer};
use super::show::trust;
use super::{blocking, failed, refused, vault};

/// Files that are sent at the same time, to all people together.
const SENDS: usize = 16;

/// The files of an open home that are on their way. Clones share it.
#[derive(Clone)]
pub(super) struct Transfers(Arc<Inner>);

struct Inner {
    db: Db,
    drive: Drive,
    notifications: Notifications,
    changes: broadcast::Sender<QnetChange>,
    /// What moves right now, by row.
    active: Mutex<HashMap<i64, Active>>,
    /// Rows whose next try is due at once.
    hurry: Mutex<HashSet<i64>>,
    /// There is something new to do.
    wake: Notify,
    sends: Semaphore,
}

#[derive(Clone, Default)]
struct Active {
    moved: Arc<AtomicU64>,
    stop: CancellationToken,
}

/// Something moves until this is dropped.
struct Moving {
    of: Transfers,
    id: i64,
    active: Active,
}

impl Drop for Moving {
    fn drop(&mut self) {
        let mut all = self.of.0.active.lock();
        // Another one may have taken its place.
        if let Some(one) = all.get(&self.id)
            && Arc::ptr_eq(&one.moved, &self.active.moved)
        {
            all.remove(&self.id);
        }
    }
}

impl Transfers {
    pub(super) fn open(
        db: Db,
        drive: Drive,
        notifications: Notifications,
        changes: broadcast::Sender<QnetChange>,
    ) -> Self {
        Self(Arc::new(Inner {
            db,
            drive,
            notifications,
            changes,
            active: Mutex::default(),
            hurry: Mutex::default(),
            wake: Notify::new(),
            sends: Semaphore::new(SENDS),
        }))
    }

    /// Everything that is remembered, the newest first.
    pub(super) async fn list(
        &self,
        peers: Peers,
        did: Option<Did>,
    ) -> Result<Vec<TransferItem>, QnetError> {
        let this = self.clone();
        blocking(move || {
            let all = this.read(|db| rows::list(db, did.as_ref()))?;
            let mut items = Vec::with_capacity(all.len());
            let mut names = HashMap::new();
            for one in all {
                if !names.contains_key(&one.did) {
                    let contact = peers.contacts().find(&one.did).map_err(refused)?;
                    let known = contact.map(|contact| (contact.petname, trust(contact.trust)));
                    names.insert(one.did.clone(), known);
                }
                let known = names.get(&one.did).cloned().flatten();
                items.push(this.item(one, known));
            }
            Ok(items)
        })
        .await
    }

    /// Offers a file of the drive to a contact.
    pub(super) async fn send(
        &self,
        peers: Peers,
        did: Did,
        node: String,
    ) -> Result<TransferItem, QnetError> {
        let this = self.clone();
        blocking(move || {
            let contact = peers.contacts().get(&did).map_err(refused)?;
            let bar = peers.contacts().may_send(&did).map_err(refused)?;
            bar.map_err(|bar| barred(&bar))?;
            let node: NodeId = node.parse().map_err(|error| bad_file(&error))?;
            let file = this.0.drive.node(node).map_err(|error| drive(&error))?;
            if file.kind != Kind::File {
                return Err(bad_file(&"a folder is not sent; archive it first"));
            }
            if file.size > MAX_SIZE {
                return Err(bad_file(&"files of more than 128 GiB are not sent"));
            }
            let mut token = [0; 16];
            getrandom::fill(&mut token).map_err(|error| failed(&error))?;
            let new = Transfer {
                name: file.name,
                size: file.size,
                node: Some(file.id),
                version: Some(file.version_id),
                ..Transfer::new(did, false, token, State::Waiting)
            };
            let sent = this.write(|db| {
                let (_, all) = rows::open(db, &new.did, false)?;
                if all >= rows::OPEN {
                    return Ok(None);
                }
                let id = rows::insert(db, &new)?;
                rows::get(db, id)
            })?;
            let sent = sent.ok_or_else(|| QnetError::Conflict {
                code: "full",
                what: "too many files wait to be fetched; withdraw some".into(),
            })?;
            this.told(&sent.did);
            this.0.wake.notify_one();
            Ok(this.item(sent, Some((contact.petname, trust(contact.trust)))))
        })
        .await
    }

    /// The person wants a file that was offered, or that failed before.
    pub(super) async fn accept(&self, id: i64) -> Result<(), QnetError> {
        let this = self.clone();
        blocking(move || {
            let one = this.find(id)?;
            if !one.incoming {
                return Err(decided("this file is the other side's to accept"));
            }
            let from = [State::Offered, State::Failed, State::Accepted];
            if !this.write(|db| rows::advance(db, id, &from, State::Accepted, ""))? {
                return Err(decided("this offer has ended"));
            }
            this.0.hurry.lock().insert(id);
            this.0.wake.notify_one();
            this.told(&one.did);
            Ok(())
        })
        .await
    }

    /// The person does not want it, or not any more. One that has ended is forgotten. Gives what the other side should be
    /// told of.
    pub(super) async fn end(&self, id: i64) -> Result<Option<Transfer>, QnetError> {
        let this = self.clone();
        blocking(move || {
            let one = this.find(id)?;
            let open = one.state.is_open();
            if open {
                this.drop_one(&one)?;
            } else {
                this.write(|db| rows::forget(db, id))?;
            }
            this.told(&one.did);
            Ok(open.then_some(one))
        })
        .await
    }

    /// Ends everything with a person: he was blocked or removed. Nobody is told.
    pub(super) fn drop_person(&self, did: &Did) -> Result<(), QnetError> {
        let all = self.read(|db| rows::list(db, Some(did)))?;
        for one in all.iter().filter(|one| one.state.is_open()) {
            self.drop_one(one)?;
        }
        self.told(did);
        Ok(())
    }

    fn drop_one(&self, one: &Transfer) -> Result<(), QnetError> {
        let to = match one.incoming {
            true => State::Refused,
            false => State::Withdrawn,
        };
        self.settle(one, to, "")
    }

    /// Ends an open one: what moves is stopped, what came of it is given up.
    fn settle(&self, one: &Transfer, to: State, why: &str) -> Result<(), QnetError> {
        let from = [State::Waiting, State::Offered, State::Accepted];
        let ended = self.write(|db| rows::advance(db, one.id, &from, to, why))?;
        if !ended {
            return Ok(());
        }
        if let Some(active) = self.0.active.lock().get(&one.id) {
            active.stop.cancel();
        }
        let upload = self.read(|db| rows::get(db, one.id))?;
        if let Some(upload) = upload.and_then(|one| one.upload) {
            let _ = self.0.drive.abort_upload(upload);
            self.write(|db| rows::set_upload(db, one.id, None))?;
        }
        self.told(&one.did);
        Ok(())
    }

    fn find(&self, id: i64) -> Result<Transfer, QnetError> {
        let found = self.read(|db| rows::get(db, id))?;
        found.ok_or_else(|| QnetError::NotFound("there is no such transfer".into()))
    }

    /// Takes the place of what moves for a row; whatever had it ends.
    fn begin(&self, id: i64) -> Moving {
        let active = Active::default();
        let before = self.0.active.lock().insert(id, active.clone());
        if let Some(before) = before {
            before.stop.cancel();
        }
        // Screens hear how far it is.
        self.0.wake.notify_one();
        Moving {
            of: self.clone(),
            id,
            active,
        }
    }

    fn moves(&self) -> bool {
        !self.0.active.lock().is_empty()
    }

    fn told(&self, did: &Did) {
        let did = Some(did.to_string());
        let change = QnetChange::Transfers(TransfersChange { did });
        let _ = self.0.changes.send(change);
    }

    fn read<T>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Result<T, QnetError> {
        let read = self
            .0
            .db
            .read(|db| work(db).map_err(webx_vault::Error::from));
        read.map_err(vault)
    }

    fn write<T>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<T>,
    ) -> Result<T, QnetError> {
        let written = self
            .0
            .db
            .write(|tx| work(tx).map_err(webx_vault::Error::from));
        written.map_err(vault)
    }

    fn item(
        &self,
        one: Transfer,
        known: Option<(String, webx_desktop::qnet::ContactTrust)>,
    ) -> TransferItem {
        let active = self.0.active.lock().get(&one.id).cloned();
        let moved = match (&active, one.state, one.upload) {
            (Some(active), ..) => active.moved.load(Ordering::Relaxed),
            (None, State::Done, _) => one.size,
            (None, _, Some(upload)) => {
                let status = self.0.drive.upload_status(upload);
                status.map_or(0, |status| status.offset)
            }
            _ => 0,
        };
        let (name, trust) = known.unzip();
        TransferItem {
            id: one.id,
            did: one.did.to_string(),
            contact: name,
            trust,
            incoming: one.incoming,
            name: one.name,
            size: one.size,
            moved,
            moving: active.is_some(),
            state: one.state,
            why: Some(one.why).filter(|why| !why.is_empty()),
            node: one.node.map(|node| node.to_string()),
            created: one.created,
            changed: one.changed,
        }
    }
}

impl Transfer {
    fn new(did: Did, incoming: bool, token: [u8; 16], state: State) -> Self {
        let now = time::OffsetDateTime::now_utc();
        Self {
            id: 0,
            did,
            incoming,
            token,
            name: String::new(),
            size: 0,
            state,
            why: String::new(),
            node: None,
            version: None,
            upload: None,
            device: None,
            created: now,
            changed: now,
        }
    }
}

pub(super) fn migrate(db: &Db) -> Result<(), QnetError> {
    db.migrate("transfers", rows::SCHEMA).map_err(vault)
}

fn decided(what: &str) -> QnetError {
    QnetError::Conflict {
        code: "decided",
        what: what.into(),
    }
}

fn bad_file(why: &dyn std::fmt::Display) -> QnetError {
    QnetError::BadInput {
        code: "bad-file",
        what: why.to_string(),
    }
}

fn drive(error: &webx_drive::Error) -> QnetError {
    match error {
        webx_drive::Error::NotFound(_) => QnetError::NotFound(error.to_string()),
        webx_drive::Error::Vault(webx_vault::Error::Locked) => QnetError::Locked,
        other => failed(other),
    }
}

fn barred(bar: &Barred) -> QnetError {
    QnetError::Conflict {
        code: "barred",
        what: format!("nothing is sent: {bar}"),
    }
}
