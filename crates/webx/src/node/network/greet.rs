//! Both ends of a connection say who they are.

use std::sync::Arc;

use serde_json::json;
use time::OffsetDateTime;
use tokio::sync::{Semaphore, broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use webx_desktop::qnet::{ContactsChange, QnetChange};
use webx_identity::Did;
use webx_overlay::transport::Connection;
use webx_peers::Peers;
use webx_peers::contacts::{Change, ChangeKind};
use webx_peers::proof::{self, ProofError, Proven, Refusal};
use webx_services::{Action, NewNotification, NotificationLevel, Notifications};

/// Proofs that strangers may have under way at once.
const PROOFS: usize = 16;
/// The part of the system that shows contacts.
const CONTACTS: &str = "webx.contacts";

/// Lets both ends prove who they are, and remembers what was learnt.
#[derive(Clone)]
pub(super) struct Greeter {
    pub(super) peers: Peers,
    pub(super) notifications: Notifications,
    pub(super) changes: broadcast::Sender<QnetChange>,
}

impl Greeter {
    pub(super) async fn prove(&self, connection: &dyn Connection) -> Result<Proven, ProofError> {
        let proven = proof::prove(
            connection,
            &self.peers.own(),
            self.peers.contacts(),
            OffsetDateTime::now_utc(),
        )
        .await;
        let greeter = self.clone();
        match proven {
            Ok(proven) => {
                let seen = proven.clone();
                remember(move || greeter.met(&seen)).await;
                Ok(proven)
            }
            Err(ProofError::Refused(refusal)) => {
                let seen = refusal.clone();
                remember(move || greeter.refused(&seen)).await;
                Err(refusal.into())
            }
            Err(error) => Err(error),
        }
    }

    fn met(&self, proven: &Proven) -> Result<(), webx_peers::Error> {
        let change = self.peers.met(proven)?;
        self.tell(&proven.did, change.as_ref())
    }

    fn refused(&self, refusal: &Refusal) -> Result<(), webx_peers::Error> {
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

async fn remember(work: impl FnOnce() -> Result<(), webx_peers::Error> + Send + 'static) {
    if let Ok(Err(error)) = tokio::task::spawn_blocking(work).await {
        tracing::warn!("a peer could not be remembered: {error}");
    }
}

/// Answers those who want to know who is here.
pub(super) async fn answer(
    greeter: Greeter,
    mut incoming: mpsc::Receiver<Arc<dyn Connection>>,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(PROOFS));
    let proofs = TaskTracker::new();
    loop {
        let connection = tokio::select! {
            () = stop.cancelled() => break,
            next = incoming.recv() => match next {
                Some(connection) => connection,
                None => break,
            },
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            connection.close(1, "busy");
            continue;
        };
        let (greeter, stop) = (greeter.clone(), stop.clone());
        proofs.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                proven = greeter.prove(&*connection) => match proven {
                    // Who asked says when it is enough: closing first would cut off the last words.
                    Ok(_) => drop(tokio::time::timeout(proof::TIMEOUT, connection.closed()).await),
                    Err(error) => {
                        tracing::debug!("a peer proved nothing: {error}");
                        connection.close(2, "unproven");
                    }
                },
            }
            drop(place);
        });
    }
    proofs.close();
    proofs.wait().await;
}
