//! Guardians: contacts who keep shares of this person's 24 words, and the shares that this person keeps for others.
//!
//! [`appoint`] is the person who gives shares away and asks after them, [`keep`] the guardian who answers, [`help`] the guardian
//! who gives a share back to a new device. What is known stands in the vault ([`rows`]), the words and the own shares nowhere.

mod appoint;
mod help;
mod keep;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use webx_comms::Comms;
use webx_desktop::qnet::{Answer, QnetError};
use webx_desktop::{
    GuardianItem, Guardians as Door, GuardiansView, HelpView, PairingOffer, WardItem,
};
use webx_identity::{Did, RecoveryWords};
use webx_peers::Peers;
use webx_services::{Action, NewNotification, NotificationLevel, Notifications};
use webx_vault::{Db, rusqlite};

use self::help::Helping;
use super::{Network, Open, blocking, refused, vault};

/// The part of the system that shows guardians.
const SETTINGS: &str = "webx.settings";
/// How long after its start a node asks its guardians, and how often it looks whether somebody is due.
const FIRST: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_secs(3600);

/// Guardians and wards of an open home. Clones share it.
#[derive(Clone)]
pub(super) struct Guardians(Arc<Inner>);

struct Inner {
    db: Db,
    notifications: Notifications,
    helping: Helping,
}

impl Guardians {
    pub(super) fn open(db: Db, notifications: Notifications) -> Self {
        Self(Arc::new(Inner {
            db,
            notifications,
            helping: Helping::default(),
        }))
    }

    /// Asks those who are due, again and again until `stop`.
    pub(super) async fn follow(self, comms: Comms, peers: Peers, stop: CancellationToken) {
        let mut wait = FIRST;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
            let round = self.round(&comms, &peers, true);
            match stop.run_until_cancelled(round).await {
                None => return,
                Some(Ok(())) => {}
                Some(Err(error)) => tracing::warn!("guardians were not asked: {error}"),
            }
            wait = LOOK;
        }
    }

    /// Blocks.
    fn view(&self, peers: &Peers) -> Result<GuardiansView, QnetError> {
        let (set, guardians, wards) =
            self.read(|db| Ok((rows::set(db)?, rows::guardians(db)?, rows::wards(db)?)))?;
        let mut names = HashMap::new();
        for did in guardians
            .iter()
            .map(|one| &one.did)
            .chain(wards.iter().map(|(did, _)| did))
        {
            if let Some(contact) = peers.contacts().find(did).map_err(refused)? {
                names.insert(did.clone(), contact.petname);
            }
        }
        let set = set.filter(|_| !guardians.is_empty());
        Ok(GuardiansView {
            threshold: set.as_ref().map(|set| set.threshold),
            made: set.as_ref().map(|set| at(set.made)),
            guardians: guardians
                .iter()
                .map(|one| GuardianItem {
                    did: one.did.to_string(),
                    name: names.get(&one.did).cloned(),
                    state: one.state,
                    proved: one.proved.map(at),
                })
                .collect(),
            wards: wards
                .iter()
                .map(|(did, since)| WardItem {
                    did: did.to_string(),
                    name: names.get(did).cloned(),
                    since: at(*since),
                })
                .collect(),
        })
    }

    /// Throws away what is kept for somebody. Blocks.
    fn resign(&self, did: &Did) -> Result<(), QnetError> {
        match self.write(|db| rows::drop_ward(db, did))? {
            true => Ok(()),
            false => Err(no_ward()),
        }
    }

    fn notify(&self, level: NotificationLevel, title: String, body: &str) {
        let notice = NewNotification {
            title,
            body: Some(body.to_owned()),
            level,
            open: Some(Action {
                app: SETTINGS.to_owned(),
                args: Some(json!({ "page": "recovery" })),
            }),
        };
        if let Err(error) = self.0.notifications.add(notice) {
            tracing::warn!("the person was not told of a guardian: {error}");
        }
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
}

pub(super) fn migrate(db: &Db) -> Result<(), QnetError> {
    db.migrate("guardians", rows::SCHEMA).map_err(vault)
}

impl Door for Network {
    fn view(&self) -> Answer<'_, GuardiansView> {
        Box::pin(async {
            let open = self.open()?;
            blocking(move || open.guardians.view(&open.peers()?)).await
        })
    }

    fn appoint(
        &self,
        words: RecoveryWords,
        threshold: u8,
        people: Vec<Did>,
    ) -> Answer<'_, GuardiansView> {
        Box::pin(async move {
            let (open, running) = (self.open()?, self.now()?);
            let appointing = async move {
                check_words(&open, &words).await?;
                let (guardians, peers) = (open.guardians.clone(), running.peers.clone());
                guardians
                    .appoint(&running.comms, &peers, &words, threshold, people)
                    .await?;
                blocking(move || guardians.view(&peers)).await
            };
            // Goes on when the asking browser is gone: half a set would be of no use.
            let done = tokio::spawn(appointing).await;
            done.map_err(|error| super::failed(&error))?
        })
    }

    fn check(&self) -> Answer<'_, GuardiansView> {
        Box::pin(async {
            let _place = self.asked.try_acquire().map_err(|_| QnetError::Busy)?;
            let (open, running) = (self.open()?, self.now()?);
            let guardians = open.guardians.clone();
            guardians
                .round(&running.comms, &running.peers, false)
                .await?;
            blocking(move || guardians.view(&open.peers()?)).await
        })
    }

    fn release(&self, did: Did) -> Answer<'_, ()> {
        Box::pin(async move {
            let open = self.open()?;
            let guardians = open.guardians.clone();
            let known = open.clone();
            blocking(move || {
                known.peers()?;
                guardians.release(&did)
            })
            .await?;
            let running = self.running.lock().clone();
            if let Some(running) = running {
                let (comms, guardians) = (running.comms.clone(), open.guardians.clone());
                running.spawn(async move { guardians.tell_former(&comms).await });
            }
            Ok(())
        })
    }

    fn resign(&self, did: Did) -> Answer<'_, ()> {
        Box::pin(async move {
            let open = self.open()?;
            blocking(move || {
                open.peers()?;
                open.guardians.resign(&did)
            })
            .await
        })
    }

    fn help(&self, did: Did) -> Answer<'_, PairingOffer> {
        Box::pin(self.open_help(did))
    }

    fn helping(&self) -> Answer<'_, HelpView> {
        Box::pin(async { Ok(self.open()?.guardians.help_view()) })
    }

    fn give_back(&self, digits: String) -> Answer<'_, ()> {
        Box::pin(async move {
            let open = self.open()?;
            let giving = async move {
                let peers = open.clone();
                let peers = blocking(move || peers.peers()).await?;
                open.guardians.clone().give_back(&peers, &digits).await
            };
            let done = tokio::spawn(giving).await;
            done.map_err(|error| super::failed(&error))?
        })
    }

    fn withdraw(&self) -> Answer<'_, ()> {
        Box::pin(async { self.open()?.guardians.withdraw_help() })
    }
}

/// The words have to be those that open this vault.
async fn check_words(open: &Arc<Open>, words: &RecoveryWords) -> Result<(), QnetError> {
    let key = crate::node::proof::recovery_key(words).map_err(|error| super::failed(&error))?;
    let open = open.clone();
    let right = blocking(move || open.vault.is_recovery_key(&key).map_err(vault)).await?;
    match right {
        true => Ok(()),
        false => Err(QnetError::WrongWords),
    }
}

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn no_ward() -> QnetError {
    QnetError::NotFound("nothing is kept here for that person".into())
}
