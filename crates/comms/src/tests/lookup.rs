//! Where people and nodes are: by logs, by cards, by the overlay.

use super::*;
use webx_identity::{Identity, RecoveryWords};
use webx_peers::{Peers, card::Card, contacts::Origin};

/// A person with a log, on the device `device`.
fn person(n: u8, device: u32) -> Own {
    let seed = RecoveryWords::generate(&[n; 32]).unwrap().seed();
    let identity = Identity::create(&seed, now()).unwrap();
    let key = Arc::new(seed.device_key(device));
    Own::new(identity.did, identity.log, key, now()).unwrap()
}

fn card(of: &Own, hints: &Hints) -> Card {
    let until = 1_790_000_000 + 3600;
    let text = Card::write(of, "Somebody", hints, until, now()).unwrap();
    Card::read(&text, now()).unwrap()
}

fn hints(text: &str) -> Hints {
    Hints {
        direct: vec![text.parse().unwrap()],
        ..Hints::default()
    }
}

#[tokio::test]
async fn people_are_found_by_log_or_card_and_nodes_by_the_overlay_or_card() {
    let net = MemoryNet::new();
    let (_folder, vault) = super::profiles::vault();
    let peers = Peers::open_with(vault.db().clone(), own(1), now).unwrap();
    let lookup = Lookup::new(overlay(&net, 1), peers.clone(), Exposure::Direct);

    let (card_only, did_only, nobody) = (person(10, 0), person(11, 0), person(12, 0));
    let contacts = peers.contacts();
    let place = hints("192.0.2.7:7701");
    contacts
        .add_card(&card(&card_only, &place), None, Origin::Link)
        .unwrap();
    contacts.add(did_only.did(), "By DID", Origin::Did).unwrap();

    // Never met: the device of the card, and where it was.
    assert_eq!(lookup.devices(card_only.did()).await, [card_only.node()]);
    assert_eq!(lookup.hints(card_only.node()).await, place);
    for unknown in [&did_only, &nobody] {
        assert!(lookup.devices(unknown.did()).await.is_empty());
        assert_eq!(lookup.hints(unknown.node()).await, Hints::default());
    }
    // A DID that is a key names its one device, once, with a card or without.
    assert_eq!(lookup.devices(&did(2)).await, [id(2)]);
    contacts
        .add_card(&card(&own(2), &place), None, Origin::Link)
        .unwrap();
    assert_eq!(lookup.devices(&did(2)).await, [id(2)]);
    assert_eq!(lookup.exposure(id(2)), Exposure::Direct);
}

#[tokio::test]
async fn a_card_among_thousands_is_found_and_the_overlay_knows_better() {
    let net = MemoryNet::new();
    let (_folder, vault) = super::profiles::vault();
    let peers = Peers::open_with(vault.db().clone(), own(1), now).unwrap();
    let (here, other) = (overlay(&net, 1), overlay(&net, 2));
    let lookup = Lookup::new(here.clone(), peers.clone(), Exposure::RelayOnly);
    // More than one page of contacts stands before it.
    for n in 0..1001_u32 {
        let mut key = [0; 32];
        key[..4].copy_from_slice(&n.to_be_bytes());
        let did = webx_identity::did_key(&SigningKey::from_bytes(&key).verifying_key());
        let did: Did = did.parse().unwrap();
        peers.contacts().add(&did, "A", Origin::Did).unwrap();
    }
    let old = hints("192.0.2.9:1");
    let card = card(&own(2), &old);
    peers
        .contacts()
        .add_card(&card, Some("Z"), Origin::Link)
        .unwrap();
    assert_eq!(lookup.hints(id(2)).await, old);
    // It is on the network now, and says itself where it is.
    here.join(vec![other.own().await.unwrap()]).await.unwrap();
    let mut found = lookup.hints(id(2)).await;
    for _ in 0..1000 {
        if found != old {
            break;
        }
        tokio::task::yield_now().await;
        found = lookup.hints(id(2)).await;
    }
    assert_ne!(found, old);
    assert_eq!(lookup.exposure(id(2)), Exposure::RelayOnly);
}
