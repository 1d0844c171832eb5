//! What the other side asks: takes offers in, and hands out what this person offered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::{io, io::Read, io::Seek, io::SeekFrom};

use bytes::Bytes;
use serde_json::json;
use webx_comms::transfer::{self, Found, Message, Standing, What};
use webx_comms::{Comms, Error, OnRequest, OnStream, Peer, Receiver, Sender, code, file};
use webx_desktop::qnet::QnetError;
use webx_drive::FileReader;
use webx_peers::Peers;
use webx_peers::contacts::{Contact, Trust};
use webx_services::{Action, NewNotification, NotificationLevel};

use super::rows::{self, State, Transfer};
use super::{Transfers, blocking};

/// Why an offer is not even kept: one word, for the other node.
pub(super) mod word {
    /// Its person is no contact here; also what one hears who is blocked.
    pub(in super::super) const STRANGER: &str = "stranger";
    /// Its person's safety number changed and is not accepted here.
    pub(in super::super) const CHANGED: &str = "changed";
    /// Too many of its offers are undecided.
    pub(in super::super) const FULL: &str = "full";
    /// A file cannot have that name.
    pub(in super::super) const NAME: &str = "name";
    pub(in super::super) const LATER: &str = "later";
}

/// The part of the system that shows transfers.
const CONTACTS: &str = "webx.contacts";

/// A file that counts what is read of it.
struct Counted(FileReader, Arc<AtomicU64>);

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(into)?;
        self.1.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = self.0.seek(to)?;
        self.1.store(place, Ordering::Relaxed);
        Ok(place)
    }
}

impl Transfers {
    /// Answers from now on. What is asked after the home was closed is answered with nothing.
    pub(in super::super) fn serve(&self, comms: &Comms, peers: &Peers) -> Result<(), Error> {
        let (this, known) = (Arc::downgrade(&self.0), peers.clone());
        let asked: OnRequest = Arc::new(move |peer, question| {
            let (this, peers) = (this.upgrade(), known.clone());
            Box::pin(async move {
                let this = Self(this.ok_or(word::LATER)?);
                let message = Message::decode(&question).ok_or("malformed")?;
                let standing = this.asked(peers, peer, message).await?;
                Ok(Bytes::from(vec![standing.byte()]))
            })
        });
        comms.on_request(transfer::OFFER, transfer::offers(), asked)?;
        let (this, known) = (Arc::downgrade(&self.0), peers.clone());
        let fetched: OnStream = Arc::new(move |peer, sender, receiver| {
            let (this, peers) = (this.upgrade(), known.clone());
            Box::pin(async move {
                let Some(this) = this else { return };
                if let Err(error) = Self(this).fetched(peers, peer, sender, receiver).await {
                    tracing::debug!("a file was not handed over: {error}");
                }
            })
        });
        comms.on_stream(transfer::FETCH, transfer::fetches(), fetched)
    }

    async fn asked(
        &self,
        peers: Peers,
        peer: Peer,
        message: Message,
    ) -> Result<Standing, &'static str> {
        let this = self.clone();
        let judged = blocking(move || Ok(this.judge(&peers, &peer, message))).await;
        judged.unwrap_or(Err(word::LATER))
    }

    /// What a stranger says costs a look-up and no more.
    fn judge(
        &self,
        peers: &Peers,
        peer: &Peer,
        message: Message,
    ) -> Result<Standing, &'static str> {
        let later = |error: QnetError| {
            tracing::warn!("an offer could not be kept: {error}");
            word::LATER
        };
        let (name, size) = match message.what {
            What::Offer { name, size } => (name, size),
            What::Withdraw => {
                self.end_of_theirs(peer, &message.token, true)
                    .map_err(later)?;
                return Ok(Standing::Open);
            }
            What::Refuse => {
                self.end_of_theirs(peer, &message.token, false)
                    .map_err(later)?;
                return Ok(Standing::Open);
            }
        };
        let contact = peers.contacts().find(&peer.did).map_err(|_| word::LATER)?;
        let contact = contact.ok_or(word::STRANGER)?;
        match contact.trust {
            Trust::New | Trust::Verified => {}
            Trust::Changed => return Err(word::CHANGED),
            Trust::Blocked => return Err(word::STRANGER),
        }
        // The name is the first thing of it that is shown: what could lead astray is not taken at all.
        let name = webx_drive::name::check(&name).map_err(|_| word::NAME)?;
        let new = Transfer {
            name: name.into_owned(),
            size,
            device: Some(peer.node),
            ..Transfer::new(peer.did.clone(), true, message.token, State::Offered)
        };
        let kept = self.write(|db| {
            if let Some(known) = rows::by_token(db, &peer.did, true, &message.token)? {
                return Ok(Some((known, false, 0)));
            }
            let (of_one, of_all) = rows::open(db, &peer.did, true)?;
            if of_one >= rows::OFFERS_OF_ONE || of_all >= rows::OPEN {
                return Ok(None);
            }
            rows::insert(db, &new)?;
            Ok(Some((new, true, of_one)))
        });
        let (known, is_new, before) = kept.map_err(later)?.ok_or(word::FULL)?;
        if is_new {
            self.told(&known.did);
            // One who offers many files asks for attention once.
            if before == 0 {
                self.notify_offer(&contact, &known);
            }
        }
        Ok(match known.state {
            State::Done => Standing::Done,
            State::Refused | State::Withdrawn => Standing::Refused,
            _ => Standing::Open,
        })
    }

    /// The other side withdraws what it offered, or refuses what it was offered.
    fn end_of_theirs(
        &self,
        peer: &Peer,
        token: &[u8; 16],
        incoming: bool,
    ) -> Result<(), QnetError> {
        let known = self.read(|db| rows::by_token(db, &peer.did, incoming, token))?;
        let to = match incoming {
            true => State::Withdrawn,
            false => State::Refused,
        };
        known.map_or(Ok(()), |known| self.settle(&known, to, ""))
    }

    async fn fetched(
        &self,
        peers: Peers,
        peer: Peer,
        mut sender: Sender,
        mut receiver: Receiver,
    ) -> Result<(), Error> {
        let mut token = [0; 16];
        receiver.read_exact(&mut token).await?;
        let Ok(_place) = self.0.sends.try_acquire() else {
            sender.reset(code::BUSY);
            return Ok(());
        };
        let this = self.clone();
        let found = blocking(move || this.offered(&peers, &peer, &token)).await;
        let found = found.map_err(|error| Error::Broken(io::Error::other(error.to_string())))?;
        let Some((one, reader)) = found else {
            sender.write_all(&[Found::Gone.byte()]).await?;
            return sender.finish().await;
        };
        let moving = self.begin(one.id);
        sender.write_all(&[Found::Here.byte()]).await?;
        let mut source = file::Blocking::new(Counted(reader, moving.active.moved.clone()));
        let sent = tokio::select! {
            () = moving.active.stop.cancelled() => return Ok(()),
            sent = file::send(sender, receiver, &token, &mut source, one.size) => sent,
        };
        drop(moving);
        self.told(&one.did);
        sent?;
        let this = self.clone();
        let noted = blocking(move || this.settle(&one, State::Done, "")).await;
        noted.map_err(|error| Error::Broken(io::Error::other(error.to_string())))
    }

    /// What the person offered under that token, to be read; `None` when it is not to be had any more.
    fn offered(
        &self,
        peers: &Peers,
        peer: &Peer,
        token: &[u8; 16],
    ) -> Result<Option<(Transfer, FileReader)>, QnetError> {
        let may = peers
            .contacts()
            .may_send(&peer.did)
            .map_err(super::refused)?;
        let known = self.read(|db| rows::by_token(db, &peer.did, false, token))?;
        let known = known.filter(|one| one.state.is_open());
        let (Ok(()), Some(one)) = (may, known) else {
            return Ok(None);
        };
        let node = one
            .node
            .ok_or_else(|| super::bad_file(&"nothing is known of the file"))?;
        match self.0.drive.open_file(node, one.version) {
            Ok(reader) if reader.size() == one.size => Ok(Some((one, reader))),
            Err(error @ webx_drive::Error::Vault(_)) => Err(super::drive(&error)),
            Ok(_) | Err(_) => {
                self.settle(&one, State::Failed, "lost")?;
                Ok(None)
            }
        }
    }

    fn notify_offer(&self, contact: &Contact, offer: &Transfer) {
        let name = &contact.petname;
        let checked = match contact.trust {
            Trust::Verified => "You have compared the safety number of this contact.",
            _ => "You have not compared the safety number of this contact.",
        };
        self.notify(
            NotificationLevel::Info,
            format!("{name} wants to send you a file"),
            format!("{} ({}). {checked}", offer.name, human(offer.size)),
            Action {
                app: CONTACTS.to_owned(),
                args: Some(json!({ "did": offer.did })),
            },
        );
    }

    pub(super) fn notify(
        &self,
        level: NotificationLevel,
        title: String,
        body: String,
        open: Action,
    ) {
        let notice = NewNotification {
            title,
            body: Some(body),
            level,
            open: Some(open),
        };
        if let Err(error) = self.0.notifications.add(notice) {
            tracing::warn!("the person was not told of a file: {error}");
        }
    }
}

/// A length as people read it.
fn human(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    let mut amount = bytes as f64 / 1000.0;
    let mut units = UNITS.iter();
    let mut unit = units.next();
    while amount >= 999.95 {
        let Some(next) = units.next() else { break };
        (amount, unit) = (amount / 1000.0, Some(next));
    }
    format!("{amount:.1} {}", unit.copied().unwrap_or("kB"))
}
