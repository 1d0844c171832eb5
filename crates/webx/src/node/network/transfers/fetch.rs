//! What this node asks of the other side: offers, and the files its person said yes to.

use std::io;
use std::sync::Arc;

use serde_json::json;
use webx_comms::transfer::{self, Found, Message, Standing, What};
use webx_comms::{Comms, Error, Priority, Receiver, Refused, Sender, file};
use webx_desktop::qnet::QnetError;
use webx_services::{Action, NotificationLevel};

use super::ask::word;
use super::landing::{self, FOLDER, Landing};
use super::rows::{self, State, Transfer};
use super::{Moving, Transfers, blocking};

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// There is nothing more to do for now.
    Settled,
    /// It did not work; later it may.
    Later,
}

/// Why a file did not come.
enum Missed {
    /// The line, or the other side, failed: it may come later.
    Later,
    /// It is not offered any more.
    Gone,
    /// It cannot come; one word for the screen.
    Never(&'static str),
}

impl From<Error> for Missed {
    fn from(error: Error) -> Self {
        let Error::Broken(broken) = &error else {
            return match error {
                Error::Corrupt => Self::Never("corrupt"),
                Error::Malformed(_) | Error::TooLarge(_) => Self::Never("other"),
                Error::SomebodyElse { .. } => Self::Never("somebodyElse"),
                _ => Self::Later,
            };
        };
        if broken.kind() == io::ErrorKind::StorageFull {
            return Self::Never("space");
        }
        let ours = broken.get_ref().and_then(|inner| inner.downcast_ref());
        match ours {
            // It is begun again.
            Some(webx_drive::Error::NoSuchUpload(_) | webx_drive::Error::WrongOffset { .. }) => {
                Self::Later
            }
            Some(webx_drive::Error::Vault(webx_vault::Error::Locked)) | None => Self::Later,
            Some(_) => Self::Never("drive"),
        }
    }
}

impl From<QnetError> for Missed {
    fn from(error: QnetError) -> Self {
        tracing::warn!("a transfer could not be kept: {error}");
        Self::Later
    }
}

impl Transfers {
    /// Asks the other side, or asks again how it stands.
    pub(super) async fn offer(&self, comms: Comms, one: Transfer) -> Outcome {
        let message = Message {
            token: one.token,
            what: What::Offer {
                name: one.name.clone(),
                size: one.size,
            },
        };
        let message = message.encode();
        let answer = comms.request(one.did.clone(), transfer::OFFER, &message);
        let (to, why) = match answer.await {
            Ok(answer) => match Standing::read(&answer) {
                Some(Standing::Open) => {
                    let this = self.clone();
                    let noted = blocking(move || {
                        let from = [State::Waiting];
                        if this.write(|db| rows::advance(db, one.id, &from, State::Offered, ""))? {
                            this.told(&one.did);
                        }
                        Ok(())
                    });
                    return noted.await.map_or(Outcome::Later, |()| Outcome::Settled);
                }
                Some(Standing::Refused) => (State::Refused, ""),
                Some(Standing::Done) => (State::Done, ""),
                None => return Outcome::Later,
            },
            Err(Error::Refused(Refused::Failed(why))) if why == word::STRANGER => {
                (State::Failed, "stranger")
            }
            Err(Error::Refused(Refused::Failed(why))) if why == word::NAME => {
                (State::Failed, "name")
            }
            // Somebody who has blocked this person, or a node that knows no offers.
            Err(Error::Refused(Refused::Unknown)) => (State::Failed, "stranger"),
            Err(error) => {
                tracing::debug!("an offer waits: {error}");
                return Outcome::Later;
            }
        };
        let this = self.clone();
        let settled = blocking(move || this.settle(&one, to, why)).await;
        settled.map_or(Outcome::Later, |()| Outcome::Settled)
    }

    /// Tells the other side that an offer has ended, once; what it does not hear now it hears when it asks.
    pub(in super::super) async fn tell_end(comms: Comms, one: Transfer) {
        let what = match one.incoming {
            true => What::Refuse,
            false => What::Withdraw,
        };
        let message = Message {
            token: one.token,
            what,
        };
        let message = message.encode();
        let told = comms.request(one.did, transfer::OFFER, &message);
        if let Err(error) = told.await {
            tracing::debug!("the end of an offer was not told: {error}");
        }
    }

    /// Fetches what the person said yes to.
    pub(super) async fn fetch(&self, comms: Comms, one: Transfer) -> Outcome {
        let moving = self.begin(one.id);
        let fetched = tokio::select! {
            () = moving.active.stop.cancelled() => return Outcome::Settled,
            fetched = self.fetch_now(&comms, &one, &moving) => fetched,
        };
        drop(moving);
        self.told(&one.did);
        let (to, why) = match fetched {
            Ok(()) => return Outcome::Settled,
            Err(Missed::Later) => return Outcome::Later,
            Err(Missed::Gone) => (State::Withdrawn, ""),
            Err(Missed::Never(why)) => (State::Failed, why),
        };
        let this = self.clone();
        let settled = blocking(move || this.settle(&one, to, why)).await;
        settled.map_or(Outcome::Later, |()| Outcome::Settled)
    }

    async fn fetch_now(
        &self,
        comms: &Comms,
        one: &Transfer,
        moving: &Moving,
    ) -> Result<(), Missed> {
        let node = one.device.ok_or(Missed::Never("other"))?;
        let peer = comms.connect(node).await?;
        if peer.did != one.did {
            return Err(Missed::Never("somebodyElse"));
        }
        let (mut sender, mut receiver) = comms
            .open_stream(node, transfer::FETCH, Priority::Bulk)
            .await?;
        sender.write_all(&one.token).await?;
        let mut found = [0];
        receiver.read_exact(&mut found).await?;
        let [found] = found;
        match Found::read(found) {
            Some(Found::Here) => {}
            Some(Found::Gone) => return Err(Missed::Gone),
            None => return Err(Missed::Never("other")),
        }
        let landing = self.landing(one, moving).await?;
        self.told(&one.did);
        let have = landing.has();
        let mut store = file::Blocking::new(landing);
        let received = self.receive(one, sender, receiver, &mut store, have).await;
        let landing = store.into_inner().await.ok_or(Missed::Later)?;
        let kept = self.land(one.clone(), landing, received.is_ok()).await;
        match (received, kept) {
            (Ok(received), Ok(())) => {
                // Who does not hear it asks again.
                let _ = received.confirm().await;
                Ok(())
            }
            (Ok(received), Err(missed)) => {
                let _ = received.fail("it could not be kept").await;
                Err(missed)
            }
            (Err(missed), _) => Err(missed),
        }
    }

    async fn landing(&self, one: &Transfer, moving: &Moving) -> Result<Landing, Missed> {
        let (this, one) = (self.clone(), one.clone());
        let progress = moving.active.moved.clone();
        let landing = blocking(move || {
            let weak = Arc::downgrade(&this.0);
            let moved = Box::new(move |upload| {
                let this = weak
                    .upgrade()
                    .map(Self)
                    .ok_or(io::ErrorKind::NotConnected)?;
                let kept = this.write(|db| rows::set_upload(db, one.id, Some(upload)));
                kept.map_err(|error| io::Error::other(error.to_string()))
            });
            let now = this.find(one.id)?;
            let drive = this.0.drive.clone();
            Ok(Landing::new(
                drive, &one.name, one.size, now.upload, progress, moved,
            ))
        });
        Ok(landing.await?)
    }

    async fn receive(
        &self,
        one: &Transfer,
        sender: Sender,
        receiver: Receiver,
        store: &mut file::Blocking<Landing>,
        have: u64,
    ) -> Result<file::Received, Missed> {
        let offer = file::Offer::read(sender, receiver).await?;
        if offer.about != one.token[..] || offer.length != one.size {
            let _ = offer.refuse("this is not the file that was offered").await;
            return Err(Missed::Never("other"));
        }
        Ok(offer.receive(store, have).await?)
    }

    /// Makes what came a file, or keeps it for the next try.
    async fn land(&self, one: Transfer, mut landing: Landing, whole: bool) -> Result<(), Missed> {
        let this = self.clone();
        blocking(move || {
            if !whole {
                if let Err(error) = io::Write::flush(&mut landing) {
                    tracing::debug!("a part of a file was not kept: {error}");
                }
                return Ok(Ok(()));
            }
            // The person may have thought better of it meanwhile.
            if !this.find(one.id)?.state.is_open() {
                landing.clear();
                return Ok(Err(Missed::Gone));
            }
            let file = match landing.finish() {
                Ok(file) => file,
                Err(error) => return Ok(Err(Error::Broken(landing::failed(error)).into())),
            };
            this.write(|db| rows::landed(db, one.id, &file.name, file.id))?;
            this.told(&one.did);
            this.notify(
                NotificationLevel::Success,
                format!("{FOLDER}: {}", short(&file.name)),
                "A file that you accepted is in your drive.".to_owned(),
                Action {
                    app: "webx.contacts".to_owned(),
                    args: Some(json!({ "did": one.did })),
                },
            );
            Ok(Ok(()))
        })
        .await?
    }
}

/// The start of a name that fits a title.
fn short(name: &str) -> &str {
    name.get(..name.floor_char_boundary(150)).unwrap_or(name)
}
