//! Both ends of a connection say who they are.

use serde_json::json;
use time::OffsetDateTime;
use tokio::sync::broadcast;
use webx_comms::{People, Stance};
use webx_desktop::qnet::{ContactsChange, QnetChange};
use webx_identity::Did;
use webx_peers::Peers;
use webx_peers::contacts::{Change, ChangeKind};
use webx_peers::proof::{Memory, Own, Proven, Refusal};
use webx_services::{Action, NewNotification, NotificationLevel, Notifications};

/// The part of the system that shows contacts.
const CONTACTS: &str = "webx.contacts";

/// Remembers who has proved what, and tells the person what must be looked at.
#[derive(Clone)]
pub(super) struct Greeter {
    pub(super) peers: Peers,
    pub(super) notifications: Notifications,
    pub(super) changes: broadcast::Sender<QnetChange>,
}

impl People for Greeter {
    fn own(&self) -> Own {
        self.peers.own()
    }

    fn memory(&self) -> &(dyn Memory + Sync) {
        self.peers.contacts()
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

impl Greeter {
    fn remember(&self, proven: &Proven) -> Result<(), webx_peers::Error> {
        let change = self.peers.met(proven)?;
        self.tell(&proven.did, change.as_ref())
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
