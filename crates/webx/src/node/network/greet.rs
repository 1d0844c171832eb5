//! Both ends of a connection say who they are.

use std::sync::Arc;

use serde_json::json;
use time::OffsetDateTime;
use tokio::sync::broadcast;
use webx_comms::{People, Stance};
use webx_desktop::qnet::{ContactsChange, QnetChange};
use webx_identity::{Did, DidLog};
use webx_peers::Peers;
use webx_peers::contacts::{Change, ChangeKind};
use webx_peers::proof::{Memory, Own, Proven, Refusal};
use webx_services::{Action, NewNotification, NotificationLevel, Notifications};

use super::{Open, Record};

/// The part of the system that shows contacts.
const CONTACTS: &str = "webx.contacts";

/// Remembers who has proved what, and tells the person what must be looked at.
#[derive(Clone)]
pub(super) struct Greeter {
    pub(super) peers: Peers,
    pub(super) notifications: Notifications,
    pub(super) changes: broadcast::Sender<QnetChange>,
    pub(super) open: Arc<Open>,
}

impl People for Greeter {
    fn own(&self) -> Own {
        self.peers.own()
    }

    fn memory(&self) -> &(dyn Memory + Sync) {
        self
    }

    fn met(&self, proven: &Proven) {
        if let Err(error) = self.remember(proven) {
            tracing::warn!("a peer could not be remembered: {error}");
        }
    }

    fn refused(&self, refusal: &Refusal) {
        if let Err(error) = self.remember_refused(refusal) {
            tracing::warn!("a refused peer could not be remembered: {error}");
        }
    }

    fn stance(&self, did: &Did) -> Stance {
        People::stance(&self.peers, did)
    }

    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}

impl Memory for Greeter {
    fn log(&self, did: &Did) -> Option<DidLog> {
        let own = self.peers.own();
        // The person's other devices are judged by the log of this one, not by what one of them showed once.
        match own.did() == did {
            true => own.log().cloned(),
            false => self.peers.contacts().log(did),
        }
    }
}

impl Greeter {
    fn remember(&self, proven: &Proven) -> Result<(), webx_peers::Error> {
        if proven.did == *self.peers.own().did() {
            self.remember_own(proven);
        }
        let change = self.peers.met(proven)?;
        self.tell(&proven.did, change.as_ref())
    }

    /// Another device of the person: it has its keys, and it may know a newer version of the identity.
    fn remember_own(&self, proven: &Proven) {
        let kept = Record::open(&self.open.vault).and_then(|record| {
            record.finished(proven.device)?;
            match &proven.log {
                Some(log) => record.follow_log(log),
                None => Ok(false),
            }
        });
        match kept {
            Ok(false) => {}
            Ok(true) => {
                if let Err(error) = self.open.log_changed() {
                    tracing::warn!("the newer version of the own identity is not in use: {error}");
                }
            }
            Err(error) => tracing::warn!("another own device could not be remembered: {error}"),
        }
    }

    fn remember_refused(&self, refusal: &Refusal) -> Result<(), webx_peers::Error> {
        match (refusal, self.peers.refused(refusal)?) {
            (Refusal::Forked { did, .. }, change @ Some(_)) => self.tell(did, change.as_ref()),
            _ => Ok(()),
        }
    }

    /// Tells screens about a contact, and the person what must be looked at.
    fn tell(&self, did: &Did, change: Option<&Change>) -> Result<(), webx_peers::Error> {
        let Some(contact) = self.peers.contacts().find(did)? else {
            return Ok(());
        };
        let _ = self.changes.send(QnetChange::Contacts(ContactsChange {
            did: Some(did.to_string()),
        }));
        let Some(change) = change else {
            return Ok(());
        };
        let name = &contact.petname;
        let (title, body) = match change.kind {
            ChangeKind::Fork { .. } => (
                format!("Somebody posed as {name}"),
                "Another history of this identity was shown. It was refused; nothing was sent.",
            ),
            _ => (
                format!("The safety number of {name} changed"),
                "A new device, or somebody else. Nothing is sent to this contact until you accept the new number in Contacts.",
            ),
        };
        let notice = NewNotification {
            title,
            body: Some(body.to_owned()),
            level: NotificationLevel::Warning,
            open: Some(Action {
                app: CONTACTS.to_owned(),
                args: Some(json!({ "did": did })),
            }),
        };
        if let Err(error) = self.notifications.add(notice) {
            tracing::warn!("the person was not told of a changed contact: {error}");
        }
        Ok(())
    }
}
