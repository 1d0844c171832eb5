//! This person as a guardian: takes shares of contacts in, proves to have them, throws them away when he is told to.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use time::OffsetDateTime;
use webx_comms::{Comms, Error, Limits, OnRequest, Peer, Priority};
use webx_desktop::qnet::QnetError;
use webx_identity::Did;
use webx_peers::Peers;
use webx_peers::contacts::Trust;
use webx_peers::guardian::{Ask, CheckKey, MAX_ASK, PROTOCOL, SetId, ShareText};

use super::super::blocking;
use super::{Guardians, rows};

/// Why a guardian does not do what he is asked: one word, for the other node.
pub(super) mod word {
    /// The one who asks is no contact here; also what one hears who is blocked.
    pub(in super::super) const STRANGER: &str = "stranger";
    /// His safety number changed and is not accepted here.
    pub(in super::super) const CHANGED: &str = "changed";
    /// Shares are kept for too many people.
    pub(in super::super) const FULL: &str = "full";
    /// A newer set is kept, or another share of this one.
    pub(in super::super) const OLDER: &str = "older";
    /// Nothing of that set is kept.
    pub(in super::super) const GONE: &str = "gone";
    pub(in super::super) const LATER: &str = "later";
}

/// What somebody may ask. A share is small; an answer is a proof at most.
fn limits() -> Limits {
    Limits {
        streams: 2,
        bytes: MAX_ASK as u64,
        answer: 32,
        rate: 2,
        datagrams: 0,
        time: Duration::from_secs(20),
        weight: 1,
        priority: Priority::Normal,
        ..Limits::default()
    }
}

impl Guardians {
    /// Answers from now on. What is asked after the home was closed is answered with nothing.
    pub(in super::super) fn serve(&self, comms: &Comms, peers: &Peers) -> Result<(), Error> {
        let (this, known) = (Arc::downgrade(&self.0), peers.clone());
        let asked: OnRequest = Arc::new(move |peer, question| {
            let (this, peers) = (this.upgrade(), known.clone());
            Box::pin(async move {
                let this = Self(this.ok_or(word::LATER)?);
                let ask = Ask::decode(&question).ok_or("malformed")?;
                let answered = blocking(move || Ok(this.answer(&peers, &peer, &ask))).await;
                Ok(answered.unwrap_or(Err(word::LATER))?)
            })
        });
        comms.on_request(PROTOCOL, limits(), asked)
    }

    fn answer(&self, peers: &Peers, peer: &Peer, ask: &Ask) -> Result<Bytes, &'static str> {
        let later = |error: QnetError| {
            tracing::warn!("a ward was not answered: {error}");
            word::LATER
        };
        let did = &peer.did;
        match ask {
            Ask::Keep { set, made, share } => {
                let name = self.name_of_keeper(peers, did)?;
                let made = i64::try_from(*made).map_err(|_| word::OLDER)?;
                let is_new = self.keep(did, set, made, share).map_err(later)??;
                if is_new {
                    self.tell_new_ward(&name);
                }
                Ok(Bytes::new())
            }
            Ask::Settle { set } => {
                self.settle(did, set).map_err(later)??;
                Ok(Bytes::new())
            }
            Ask::Check { set, nonce } => {
                let kept = self.read(|db| rows::kept(db, did)).map_err(later)?;
                let one = kept.iter().find(|one| one.id == **set);
                let key = CheckKey::of(&one.ok_or(word::GONE)?.share);
                let own = peers.own();
                let proof = key.proof(set, nonce, did, own.did());
                Ok(Bytes::copy_from_slice(proof.as_bytes()))
            }
            Ask::Forget => {
                self.write(|db| rows::drop_ward(db, did)).map_err(later)?;
                Ok(Bytes::new())
            }
        }
    }

    /// Shares are kept for contacts alone; gives what this person calls him.
    fn name_of_keeper(&self, peers: &Peers, did: &Did) -> Result<String, &'static str> {
        if peers.own().did() == did {
            return Err(word::STRANGER);
        }
        let contact = peers.contacts().find(did).map_err(|_| word::LATER)?;
        let contact = contact.ok_or(word::STRANGER)?;
        match contact.trust {
            Trust::New | Trust::Verified => Ok(contact.petname),
            Trust::Changed => Err(word::CHANGED),
            Trust::Blocked => Err(word::STRANGER),
        }
    }

    /// Says whether he is a new ward.
    fn keep(
        &self,
        did: &Did,
        set: &SetId,
        made: i64,
        share: &ShareText,
    ) -> Result<Result<bool, &'static str>, QnetError> {
        let now = OffsetDateTime::now_utc();
        self.write(|db| {
            let kept = rows::kept(db, did)?;
            if let Some(same) = kept.iter().find(|one| one.id == *set) {
                // Asked again, or another share under the same name.
                let again = same.share == *share && same.made == made;
                return Ok(again.then_some(false).ok_or(word::OLDER));
            }
            // One that was never settled may be of this very second: the try before.
            let newer = |one: &rows::Kept| one.made > made || (one.settled && one.made == made);
            if kept.iter().any(newer) {
                return Ok(Err(word::OLDER));
            }
            if kept.is_empty() && rows::count_wards(db)? >= rows::MOST_WARDS {
                return Ok(Err(word::FULL));
            }
            rows::keep(db, did, set, made, share, now)?;
            Ok(Ok(kept.is_empty()))
        })
    }

    fn settle(&self, did: &Did, set: &SetId) -> Result<Result<(), &'static str>, QnetError> {
        self.write(|db| {
            let kept = rows::kept(db, did)?;
            match kept.iter().find(|one| one.id == *set) {
                None => Ok(Err(word::GONE)),
                Some(one) if one.settled => Ok(Ok(())),
                Some(_) => rows::settle(db, did).map(Ok),
            }
        })
    }

    fn tell_new_ward(&self, name: &str) {
        self.notify(
            webx_services::NotificationLevel::Info,
            format!("You are a guardian of {name}"),
            "A share of the recovery words is kept here, sealed. It says nothing alone. If everything is lost, you are asked to give it back; do that only after you have spoken to each other.",
        );
    }
}
