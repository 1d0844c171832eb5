//! QNet's own directory: devices by the logs of people, addresses by the overlay.

use webx_identity::Did;
use webx_overlay::{
    NodeId, Offence,
    driver::Handle,
    transport::{Exposure, Hints, Pending},
};
use webx_peers::{
    Peers,
    proof::{self, Memory as _},
};

use crate::{Directory, People as _};

/// Contacts that are read at once.
const PAGE: u32 = 1000;

/// Finds people by the logs that were remembered of them and nodes by the overlay's table.
#[derive(Debug)]
pub struct Lookup {
    overlay: Handle,
    peers: Peers,
    exposure: Exposure,
}

impl Lookup {
    /// Over a running node of the overlay.
    #[must_use]
    pub fn new(overlay: Handle, peers: Peers, exposure: Exposure) -> Self {
        Self {
            overlay,
            peers,
            exposure,
        }
    }
}

impl Directory for Lookup {
    fn devices<'a>(&'a self, did: &'a Did) -> Pending<'a, Vec<NodeId>> {
        let (peers, did) = (self.peers.clone(), did.clone());
        Box::pin(async move {
            let found = tokio::task::spawn_blocking(move || {
                let log = peers.contacts().log(&did);
                let mut devices =
                    proof::devices(&did, log.as_ref(), peers.now()).unwrap_or_default();
                // One who was never met has the device of his card and nothing else.
                let card = peers.contacts().find(&did).ok().flatten();
                let card = card.and_then(|contact| contact.card).map(|card| card.0);
                let card = card.filter(|node| log.is_none() && !devices.contains(node));
                devices.extend(card);
                devices
            });
            found.await.unwrap_or_default()
        })
    }

    fn hints(&self, node: NodeId) -> Pending<'_, Hints> {
        Box::pin(async move {
            if let Ok(Some(record)) = self.overlay.find(node).await {
                return record.hints();
            }
            let peers = self.peers.clone();
            // Two people who have each other's cards need no network in between.
            let card = tokio::task::spawn_blocking(move || card_of(&peers, node));
            card.await.ok().flatten().unwrap_or_default()
        })
    }

    fn exposure(&self, _: NodeId) -> Exposure {
        self.exposure
    }

    fn blame(&self, node: NodeId, what: Offence) {
        self.overlay.blame(node, what);
    }
}

/// Where the device of a contact's card was.
fn card_of(peers: &Peers, node: NodeId) -> Option<Hints> {
    let mut skip = 0;
    loop {
        let page = peers.contacts().list(skip, PAGE).ok()?;
        let read = u32::try_from(page.len()).unwrap_or(PAGE);
        let mut cards = page.into_iter().filter_map(|contact| contact.card);
        if let Some((_, hints)) = cards.find(|(device, _)| *device == node) {
            return Some(hints);
        }
        if read < PAGE {
            return None;
        }
        skip += read;
    }
}
