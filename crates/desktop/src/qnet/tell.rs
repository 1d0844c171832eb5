//! Passes on what changes, not too often: a network in which many come and go must not keep every screen busy.

use std::time::Duration;

use tokio::{sync::broadcast, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{ContactsChange, NetworkChange, QnetChange, TransfersChange};
use crate::{
    desktop::Desktop,
    door::Home,
    live::{LiveEvent, LiveHub},
};

/// At most one event of a kind in this time.
const PACE: Duration = Duration::from_secs(1);

/// The latest change that was not told yet.
struct Paced<T> {
    waiting: Option<T>,
    next: Option<Instant>,
}

impl<T> Paced<T> {
    const fn new() -> Self {
        Self {
            waiting: None,
            next: None,
        }
    }

    fn take(&mut self, now: Instant) -> Option<T> {
        if self.next.is_some_and(|next| now < next) {
            return None;
        }
        let told = self.waiting.take()?;
        self.next = Some(now + PACE);
        Some(told)
    }

    /// When there is something to tell.
    fn due(&self) -> Option<Instant> {
        self.waiting.as_ref().and(self.next)
    }
}

struct Pace {
    network: Paced<NetworkChange>,
    contacts: Paced<ContactsChange>,
    transfers: Paced<TransfersChange>,
}

impl Pace {
    const fn new() -> Self {
        Self {
            network: Paced::new(),
            contacts: Paced::new(),
            transfers: Paced::new(),
        }
    }

    fn note(&mut self, change: QnetChange) {
        match change {
            QnetChange::Network(change) => self.network.waiting = Some(change),
            QnetChange::Contacts(change) => {
                let before = self.contacts.waiting.take().map(|before| before.did);
                let did = together(before, change.did);
                self.contacts.waiting = Some(ContactsChange { did });
            }
            QnetChange::Transfers(change) => {
                let before = self.transfers.waiting.take().map(|before| before.did);
                let did = together(before, change.did);
                self.transfers.waiting = Some(TransfersChange { did });
            }
        }
    }

    fn tell(&mut self, now: Instant, hub: &LiveHub) {
        if let Some(change) = self.network.take(now) {
            hub.send(LiveEvent::Network(change));
        }
        if let Some(change) = self.contacts.take(now) {
            hub.send(LiveEvent::Contacts(change));
        }
        if let Some(change) = self.transfers.take(now) {
            hub.send(LiveEvent::Transfers(change));
        }
    }

    fn due(&self) -> Option<Instant> {
        let all = [
            self.network.due(),
            self.contacts.due(),
            self.transfers.due(),
        ];
        all.into_iter().flatten().min()
    }
}

/// Whom two changes are about: one person, or several.
fn together(before: Option<Option<String>>, now: Option<String>) -> Option<String> {
    match before {
        Some(before) if before != now => None,
        _ => now,
    }
}

/// Passes on what happens to QNet and the contacts of an open home, until `ends`.
pub(crate) fn forward(
    desktop: &Desktop,
    home: &Home,
    ends: &CancellationToken,
    tasks: &TaskTracker,
) {
    let (hub, stop, mut changes) = (desktop.hub().clone(), ends.clone(), home.qnet.changes());
    tasks.spawn(async move {
        let mut pace = Pace::new();
        loop {
            let due = pace.due();
            let wait = async {
                match due {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                change = changes.recv() => match change {
                    Ok(change) => pace.note(change),
                    Err(broadcast::error::RecvError::Lagged(_)) => hub.send(LiveEvent::Resync),
                    Err(broadcast::error::RecvError::Closed) => return,
                },
                () = wait => {}
            }
            pace.tell(Instant::now(), &hub);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact(did: &str) -> QnetChange {
        QnetChange::Contacts(ContactsChange {
            did: Some(did.to_owned()),
        })
    }

    #[test]
    fn the_first_change_is_told_at_once_and_the_next_ones_together() {
        let start = Instant::now();
        let mut pace = Pace::new();
        assert_eq!(pace.due(), None);
        pace.note(contact("did:a"));
        assert_eq!(
            pace.contacts.take(start),
            Some(ContactsChange {
                did: Some("did:a".into())
            })
        );
        pace.note(contact("did:a"));
        pace.note(contact("did:b"));
        pace.note(contact("did:b"));
        assert_eq!(pace.contacts.take(start + PACE / 2), None);
        assert_eq!(pace.due(), Some(start + PACE));
        assert_eq!(
            pace.contacts.take(start + PACE),
            Some(ContactsChange { did: None })
        );
        assert_eq!(pace.due(), None);
    }

    #[test]
    fn of_many_changes_of_the_network_the_last_one_is_told() {
        let start = Instant::now();
        let mut pace = Pace::new();
        for peers in 0..1000 {
            pace.note(QnetChange::Network(NetworkChange {
                running: true,
                peers,
            }));
        }
        let told = pace.network.take(start);
        assert_eq!(told.map(|change| change.peers), Some(999));
        assert_eq!(pace.network.take(start), None);
    }
}
