//! A network in memory behind the door: one peer, and contacts that are added by DID.

use std::sync::{Arc, Mutex};

use time::OffsetDateTime;
use tokio::sync::broadcast;
use webx_desktop::qnet::{
    Answer, ContactCard, ContactDetail, ContactItem, ContactOrigin, ContactPatch, ContactTrust,
    ContactsChange, CopiesView, CopyRound, Fitness, FoundNode, Joined, NetworkChange,
    NetworkInvite, NetworkPeer, NetworkPeerDetail, NetworkRates, NetworkReach, NetworkSettings,
    NetworkView, NewContact, NewInvite, Ping, Qnet, QnetChange, QnetError, Rating, RestoredDrive,
    SpaceAgreement, TransferItem, TransferState, TransfersChange,
};
use webx_identity::Did;

/// The safety number with everybody.
pub const NUMBER: &str = "11111 22222 33333 44444 55555 66666 77777 88888 99999 00000 12345 67890";

pub struct Fake {
    contacts: Mutex<Vec<ContactItem>>,
    transfers: Mutex<Vec<TransferItem>>,
    given: Mutex<std::collections::BTreeMap<String, u64>>,
    settings: Mutex<NetworkSettings>,
    pub changes: broadcast::Sender<QnetChange>,
}

impl Fake {
    pub fn new() -> Arc<Self> {
        let settings = NetworkSettings {
            neighbours: 5,
            guests: 32,
            control_budget: 25_000_000,
            look_up: true,
            exchange: true,
            lan_discovery: false,
            metered: None,
            hours: None,
            rates: NetworkRates::default(),
            metered_rates: NetworkRates::default(),
            relay: None,
            last_resort: Vec::new(),
        };
        Arc::new(Self {
            contacts: Mutex::default(),
            transfers: Mutex::default(),
            given: Mutex::default(),
            settings: Mutex::new(settings),
            changes: broadcast::Sender::new(64),
        })
    }

    pub fn tell_peers(&self, peers: usize) {
        let change = NetworkChange {
            running: true,
            peers,
        };
        let _ = self.changes.send(QnetChange::Network(change));
    }

    fn change(
        &self,
        did: &Did,
        how: impl FnOnce(&mut ContactItem),
    ) -> Result<ContactItem, QnetError> {
        let mut all = self.contacts.lock().unwrap();
        let found = all.iter_mut().find(|contact| contact.did == did.as_str());
        let contact = found.ok_or_else(|| QnetError::NotFound("no such contact".into()))?;
        how(contact);
        let change = ContactsChange {
            did: Some(did.to_string()),
        };
        let _ = self.changes.send(QnetChange::Contacts(change));
        Ok(contact.clone())
    }
}

fn ready<'a, T: Send + 'a>(answer: Result<T, QnetError>) -> Answer<'a, T> {
    Box::pin(std::future::ready(answer))
}

fn off<'a, T: Send + 'a>() -> Answer<'a, T> {
    ready(Err(QnetError::Off("QNet is off".into())))
}

impl Qnet for Fake {
    fn view(&self) -> Answer<'_, NetworkView> {
        ready(Ok(NetworkView {
            reach: NetworkReach::Off,
            running: false,
            node: None,
        }))
    }

    fn peers(&self) -> Answer<'_, Vec<NetworkPeer>> {
        off()
    }

    fn peer(&self, node: String) -> Answer<'_, NetworkPeerDetail> {
        ready(Ok(NetworkPeerDetail {
            id: node,
            did: None,
            contact: None,
            trust: None,
            connection: None,
            addresses: Vec::new(),
            relays: Vec::new(),
            serves: false,
            seen: None,
            fitness: Fitness {
                rating: Rating::Unknown,
                value: 0.05,
                reasons: Vec::new(),
            },
        }))
    }

    fn find(&self, _: String) -> Answer<'_, FoundNode> {
        off()
    }

    fn ping(&self, _: String) -> Answer<'_, Ping> {
        ready(Err(QnetError::Unreachable("nobody answers".into())))
    }

    fn invite(&self, new: NewInvite) -> Answer<'_, NetworkInvite> {
        ready(Ok(NetworkInvite {
            invite: format!("webx:join?{}", new.label),
            expires: OffsetDateTime::UNIX_EPOCH,
        }))
    }

    fn join(&self, invite: String) -> Answer<'_, Joined> {
        ready(match invite.strip_prefix("webx:join?") {
            Some(label) => Ok(Joined {
                by: "a".repeat(52),
                label: label.into(),
            }),
            None => Err(QnetError::BadInput {
                code: "bad-invite",
                what: "this is no invite".into(),
            }),
        })
    }

    fn settings(&self) -> Answer<'_, NetworkSettings> {
        ready(Ok(self.settings.lock().unwrap().clone()))
    }

    fn configure(&self, settings: NetworkSettings) -> Answer<'_, NetworkSettings> {
        *self.settings.lock().unwrap() = settings.clone();
        ready(Ok(settings))
    }

    fn contacts(&self, offset: u32, limit: u32) -> Answer<'_, Vec<ContactItem>> {
        let all = self.contacts.lock().unwrap();
        let page = all.iter().skip(offset as usize).take(limit as usize);
        ready(Ok(page.cloned().collect()))
    }

    fn contact(&self, did: Did) -> Answer<'_, ContactDetail> {
        ready(self.change(&did, |_| {}).map(|contact| ContactDetail {
            contact,
            safety_number: Some(NUMBER.into()),
            previous_number: None,
            changes: Vec::new(),
        }))
    }

    fn card(&self) -> Answer<'_, ContactCard> {
        ready(Ok(ContactCard {
            did: "did:scid:vh:1:QmTest".into(),
            card: "webx:contact:aa".into(),
            expires: OffsetDateTime::UNIX_EPOCH,
        }))
    }

    fn add_contact(&self, new: NewContact) -> Answer<'_, ContactItem> {
        let Ok(did) = new.text.parse::<Did>() else {
            return ready(Err(QnetError::BadInput {
                code: "bad-did",
                what: "this is neither a card nor a DID".into(),
            }));
        };
        let contact = ContactItem {
            did: did.to_string(),
            name: new.name.unwrap_or_default(),
            note: String::new(),
            trust: ContactTrust::New,
            origin: ContactOrigin::Did,
            devices: Vec::new(),
            card_node: None,
            added: OffsetDateTime::UNIX_EPOCH,
            verified: None,
            met: None,
        };
        self.contacts.lock().unwrap().push(contact);
        ready(self.change(&did, |_| {}))
    }

    fn change_contact(&self, did: Did, change: ContactPatch) -> Answer<'_, ContactItem> {
        ready(self.change(&did, |contact| {
            if let Some(name) = change.name {
                contact.name = name;
            }
            if let Some(note) = change.note {
                contact.note = note;
            }
            if change.blocked == Some(true) {
                contact.trust = ContactTrust::Blocked;
            }
        }))
    }

    fn remove_contact(&self, did: Did) -> Answer<'_, ()> {
        let removed = self.change(&did, |_| {}).map(|_| ());
        let mut all = self.contacts.lock().unwrap();
        all.retain(|contact| contact.did != did.as_str());
        ready(removed)
    }

    fn trust_contact(&self, did: Did, number: String, compared: bool) -> Answer<'_, ContactItem> {
        if number != NUMBER {
            return ready(Err(QnetError::Conflict {
                code: "other-number",
                what: "this is another number".into(),
            }));
        }
        ready(self.change(&did, |contact| {
            if compared {
                contact.trust = ContactTrust::Verified;
            }
        }))
    }

    fn transfers(&self, did: Option<Did>) -> Answer<'_, Vec<TransferItem>> {
        let mut all = self.transfers.lock().unwrap().clone();
        all.retain(|one| did.as_ref().is_none_or(|did| one.did == did.as_str()));
        ready(Ok(all))
    }

    fn send_file(&self, did: Did, node: String) -> Answer<'_, TransferItem> {
        let mut all = self.transfers.lock().unwrap();
        let item = TransferItem {
            id: all.len() as i64 + 1,
            did: did.to_string(),
            contact: None,
            trust: None,
            incoming: false,
            name: "file".into(),
            size: 1,
            moved: 0,
            moving: false,
            state: TransferState::Waiting,
            why: None,
            node: Some(node),
            created: OffsetDateTime::UNIX_EPOCH,
            changed: OffsetDateTime::UNIX_EPOCH,
        };
        all.push(item.clone());
        let did = Some(item.did.clone());
        let change = QnetChange::Transfers(TransfersChange { did });
        let _ = self.changes.send(change);
        ready(Ok(item))
    }

    fn accept_transfer(&self, _: i64) -> Answer<'_, ()> {
        ready(Err(QnetError::Conflict {
            code: "decided",
            what: "this file is the other side's to accept".into(),
        }))
    }

    fn end_transfer(&self, id: i64) -> Answer<'_, ()> {
        let mut all = self.transfers.lock().unwrap();
        let before = all.len();
        all.retain(|one| one.id != id);
        ready(match all.len() < before {
            true => Ok(()),
            false => Err(QnetError::NotFound("there is no such transfer".into())),
        })
    }

    fn copies(&self) -> Answer<'_, CopiesView> {
        let given = self.given.lock().unwrap().clone();
        let agreements = given.into_iter().map(|(did, given)| SpaceAgreement {
            did,
            contact: None,
            given,
            given_used: 0,
            taken: 0,
            taken_used: 0,
            blocks: 0,
            heard: None,
            proved: 0,
            failed: 0,
        });
        ready(Ok(CopiesView {
            wanted: 3,
            agreements: agreements.collect(),
            last: None,
        }))
    }

    fn give_space(&self, did: Did, bytes: u64) -> Answer<'_, CopiesView> {
        self.given.lock().unwrap().insert(did.to_string(), bytes);
        self.copies()
    }

    fn copy_now(&self) -> Answer<'_, CopyRound> {
        ready(Ok(CopyRound::default()))
    }

    fn restore_copies(&self) -> Answer<'_, RestoredDrive> {
        ready(Err(QnetError::NotFound("no copy".into())))
    }

    fn changes(&self) -> broadcast::Receiver<QnetChange> {
        self.changes.subscribe()
    }
}
