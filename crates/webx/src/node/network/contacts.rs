//! The people one knows: in the vault, with QNet and without.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use webx_desktop::Person as _;
use webx_desktop::qnet::{
    ContactCard, ContactDetail, ContactDevice, ContactEvent, ContactEventKind, ContactItem,
    ContactOrigin, ContactPatch, ContactsChange, NewContact, QnetChange, QnetError, TransferItem,
};
use webx_identity::Did;
use webx_overlay::transport::Transport as _;
use webx_peers::Peers;
use webx_peers::card::Card;
use webx_peers::contacts::{Change, ChangeKind, Contact, Origin};
use webx_peers::safety::SafetyNumber;

use super::show::trust;
use super::transfers::Transfers;
use super::{Network, Open, Record, blocking, failed, refused};

/// How long a card is good.
const CARD: Duration = Duration::from_secs(30 * 24 * 3600);
/// The longest name in a card, in bytes.
const CARD_NAME: usize = 64;
/// What every card begins with.
const CARD_START: &str = "webx:contact:";

impl Network {
    pub(super) async fn list_contacts(
        &self,
        offset: u32,
        limit: u32,
    ) -> Result<Vec<ContactItem>, QnetError> {
        let list = self
            .on_peers(move |peers| peers.contacts().list(offset, limit).map_err(refused))
            .await?;
        Ok(list.into_iter().map(|contact| self.item(contact)).collect())
    }

    pub(super) async fn contact_of(&self, did: Did) -> Result<ContactDetail, QnetError> {
        let (contact, [number, previous], changes) = self
            .on_peers(move |peers| {
                let contact = peers.contacts().get(&did).map_err(refused)?;
                let own = peers.own_digest().map_err(refused)?;
                let before = contact
                    .accepted
                    .filter(|_| contact.accepted != contact.digest);
                let numbers = [contact.digest, before]
                    .map(|digest| digest.map(|digest| SafetyNumber::of(own, digest).to_string()));
                let changes = peers.contacts().changes(&did).map_err(refused)?;
                Ok((contact, numbers, changes))
            })
            .await?;
        Ok(ContactDetail {
            contact: self.item(contact),
            safety_number: number,
            previous_number: previous,
            changes: changes.into_iter().map(event).collect(),
        })
    }

    pub(super) async fn own_card(&self) -> Result<ContactCard, QnetError> {
        let hints = match self.now() {
            Ok(running) => running.transport.hints(),
            Err(QnetError::Off(_)) => Default::default(),
            Err(error) => return Err(error),
        };
        let open = self.open()?;
        blocking(move || {
            let name = name_for_card(&open)?;
            let own = open.peers()?.own();
            let now = OffsetDateTime::now_utc();
            let expires = now + CARD;
            let until = u64::try_from(expires.unix_timestamp()).unwrap_or_default();
            Ok(ContactCard {
                did: own.did().to_string(),
                card: Card::write(&own, &name, &hints, until, now).map_err(refused)?,
                expires,
            })
        })
        .await
    }

    /// Adds somebody. One whose device the card names is met at once, if he is there.
    pub(super) async fn add(&self, new: NewContact) -> Result<ContactItem, QnetError> {
        let contact = self
            .on_peers(move |peers| {
                let contacts = peers.contacts();
                let name = new.name.as_deref();
                let start = new.text.get(..CARD_START.len()).unwrap_or_default();
                if start.eq_ignore_ascii_case(CARD_START) {
                    let card = Card::read(&new.text, OffsetDateTime::now_utc()).map_err(refused)?;
                    let origin = match new.in_person {
                        true => Origin::InPerson,
                        false => Origin::Link,
                    };
                    return contacts.add_card(&card, name, origin).map_err(refused);
                }
                let did: Did = new.text.parse().map_err(|error| QnetError::BadInput {
                    code: "bad-did",
                    what: format!("this is neither a card nor a DID: {error}"),
                })?;
                let name = name.ok_or_else(|| QnetError::BadInput {
                    code: "no-name",
                    what: "a DID says no name; give the contact one".into(),
                })?;
                contacts.add(&did, name, Origin::Did).map_err(refused)
            })
            .await?;
        let running = self.running.lock().clone();
        if let Some(running) = running.filter(|_| contact.card.is_some()) {
            let (comms, did) = (running.comms.clone(), contact.did.clone());
            let neighbours = running.neighbours.clone();
            running.spawn(async move {
                match comms.connect(did).await {
                    Ok(peer) => neighbours.ask(peer).await,
                    // Who is away is met when somebody looks for him, or when he comes.
                    Err(error) => tracing::debug!("the new contact was not met: {error}"),
                }
            });
        }
        Ok(self.changed(contact))
    }

    pub(super) async fn change(
        &self,
        did: Did,
        change: ContactPatch,
    ) -> Result<ContactItem, QnetError> {
        let (who, barred) = (did.clone(), change.blocked == Some(true));
        let contact = self
            .on_peers(move |peers| {
                let contacts = peers.contacts();
                if let Some(name) = &change.name {
                    contacts.rename(&did, name).map_err(refused)?;
                }
                if let Some(note) = &change.note {
                    contacts.annotate(&did, note).map_err(refused)?;
                }
                if let Some(blocked) = change.blocked {
                    contacts.block(&did, blocked).map_err(refused)?;
                }
                contacts.get(&did).map_err(refused)
            })
            .await?;
        if barred {
            self.part(&who).await?;
        }
        Ok(self.changed(contact))
    }

    pub(super) async fn remove(&self, did: Did) -> Result<(), QnetError> {
        let gone = did.clone();
        self.on_peers(move |peers| peers.contacts().remove(&gone).map_err(refused))
            .await?;
        self.part(&did).await?;
        self.tell(&did);
        Ok(())
    }

    /// What is open with a person ends now.
    async fn part(&self, did: &Did) -> Result<(), QnetError> {
        let (open, who) = (self.open()?, did.clone());
        blocking(move || open.transfers.drop_person(&who)).await?;
        let running = self.running.lock().clone();
        if let Some(running) = running {
            running.comms.hang_up(did);
        }
        Ok(())
    }

    pub(super) async fn transfers_of(
        &self,
        did: Option<Did>,
    ) -> Result<Vec<TransferItem>, QnetError> {
        let open = self.open()?;
        let peers = self.known().await?;
        open.transfers.list(peers, did).await
    }

    pub(super) async fn send(&self, did: Did, node: String) -> Result<TransferItem, QnetError> {
        let open = self.open()?;
        let peers = self.known().await?;
        open.transfers.send(peers, did, node).await
    }

    pub(super) async fn end(&self, id: i64) -> Result<(), QnetError> {
        let ended = self.open()?.transfers.end(id).await?;
        let running = self.running.lock().clone();
        if let (Some(ended), Some(running)) = (ended, running) {
            running.spawn(Transfers::tell_end(running.comms.clone(), ended));
        }
        Ok(())
    }

    async fn known(&self) -> Result<Peers, QnetError> {
        self.on_peers(|peers| Ok(peers.clone())).await
    }

    /// Goes on with the keys behind the number that the person saw, if they are still the ones.
    pub(super) async fn decide(
        &self,
        did: Did,
        number: String,
        compared: bool,
    ) -> Result<ContactItem, QnetError> {
        let contact = self
            .on_peers(move |peers| {
                let contacts = peers.contacts();
                let contact = contacts.get(&did).map_err(refused)?;
                let now = peers.safety_number(&did).map_err(refused)?;
                let digest = contact.digest.filter(|_| now.matches(&number));
                let digest =
                    digest.ok_or_else(|| refused(webx_peers::Error::OtherNumber(did.clone())))?;
                // The digest is the one the number was made from: who changes in between is refused below.
                let decided = match compared {
                    true => contacts.verify(&did, digest),
                    false => contacts.accept(&did, digest),
                };
                decided.map_err(refused)
            })
            .await?;
        Ok(self.changed(contact))
    }

    pub(super) async fn on_peers<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Peers) -> Result<T, QnetError> + Send + 'static,
    ) -> Result<T, QnetError> {
        let open: Arc<Open> = self.open()?;
        blocking(move || work(&open.peers()?)).await
    }

    fn changed(&self, contact: Contact) -> ContactItem {
        self.tell(&contact.did);
        self.item(contact)
    }

    fn tell(&self, did: &Did) {
        let _ = self.changes.send(QnetChange::Contacts(ContactsChange {
            did: Some(did.to_string()),
        }));
    }

    fn item(&self, contact: Contact) -> ContactItem {
        let devices = contact.devices.iter().map(|node| ContactDevice {
            node: node.to_string(),
            connected: self.is_connected(node),
        });
        ContactItem {
            did: contact.did.to_string(),
            devices: devices.collect(),
            name: contact.petname,
            note: contact.note,
            trust: trust(contact.trust),
            origin: match contact.origin {
                Origin::InPerson => ContactOrigin::InPerson,
                Origin::Link => ContactOrigin::Link,
                Origin::Did => ContactOrigin::Did,
                Origin::Request => ContactOrigin::Request,
            },
            card_node: contact.card.map(|(node, _)| node.to_string()),
            added: contact.added,
            verified: contact.verified,
            met: contact.met,
        }
    }
}

/// What the person is called, as far as it fits a card.
fn name_for_card(open: &Open) -> Result<String, QnetError> {
    let record = Record::open(&open.vault).map_err(|error| failed(&error))?;
    let mut name = record.card().map_err(|error| failed(&error))?.display_name;
    while name.len() > CARD_NAME {
        name.pop();
    }
    Ok(name)
}

fn event(change: Change) -> ContactEvent {
    let names = |nodes: Vec<webx_overlay::NodeId>| nodes.iter().map(ToString::to_string).collect();
    let (what, added, removed) = match change.kind {
        ChangeKind::Number { added, removed, .. } => {
            (ContactEventKind::Number, names(added), names(removed))
        }
        ChangeKind::OtherThanCard => (ContactEventKind::OtherThanCard, Vec::new(), Vec::new()),
        ChangeKind::Fork { .. } => (ContactEventKind::Fork, Vec::new(), Vec::new()),
    };
    ContactEvent {
        at: change.at,
        what,
        accepted: change.accepted,
        added,
        removed,
    }
}
