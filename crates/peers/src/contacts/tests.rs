#![allow(clippy::unwrap_used, clippy::panic)]
use webx_overlay::transport::Hints;

use super::*;
use crate::testing::{NOW, Person, person, proven, vault};

fn clock() -> OffsetDateTime {
    NOW
}

fn open(db: &Db) -> Contacts {
    Contacts::open(db.clone(), person(9).identity.did, clock).unwrap()
}

fn digest(person: &Person) -> IdentityDigest {
    IdentityDigest::of(&person.identity.did, Some(&person.identity.log), NOW).unwrap()
}

#[test]
fn a_contact_is_added_met_renamed_and_removed() {
    let (_folder, vault) = vault();
    let (contacts, ann) = (open(vault.db()), person(1));
    let did = &ann.identity.did;
    let contact = contacts.add(did, "Ann", Origin::Did).unwrap();
    assert_eq!((contact.trust, contact.devices.len()), (Trust::New, 0));
    assert!(matches!(
        contacts.add(did, "Ann", Origin::Did),
        Err(Error::Known(_))
    ));
    let own = digest(&person(9));
    assert!(matches!(
        contacts.safety_number(own, did),
        Err(Error::NeverMet(_))
    ));

    assert_eq!(contacts.learn(&proven(&ann)).unwrap(), None);
    contacts.rename(did, "Anna").unwrap();
    contacts.annotate(did, "from the choir").unwrap();
    let contact = contacts.get(did).unwrap();
    assert_eq!(
        (contact.petname.as_str(), contact.note.as_str()),
        ("Anna", "from the choir")
    );
    assert_eq!(contact.devices, [ann.node(0)]);
    assert_eq!(contacts.person_of(ann.node(0)).unwrap().unwrap().did, *did);
    let number = contacts.safety_number(own, did).unwrap();
    assert_eq!(number, SafetyNumber::of(digest(&ann), own));

    contacts.remove(did).unwrap();
    assert!(matches!(contacts.get(did), Err(Error::Unknown(_))));
    assert!(contacts.list(0, 10).unwrap().is_empty());
}

#[test]
fn a_changed_number_is_recorded_shown_and_blocks_sending_until_accepted() {
    let (_folder, vault) = vault();
    let (contacts, mut ann) = (open(vault.db()), person(1));
    let did = ann.identity.did.clone();
    contacts.add(&did, "Ann", Origin::Link).unwrap();
    contacts.learn(&proven(&ann)).unwrap();
    let old = digest(&ann);
    assert_eq!(contacts.verify(&did, old).unwrap().trust, Trust::Verified);
    assert_eq!(contacts.may_send(&did).unwrap(), Ok(()));

    ann.rotate(&[0, 1]);
    let change = contacts.learn(&proven(&ann)).unwrap().unwrap();
    let ChangeKind::Number {
        version,
        added,
        removed,
    } = &change.kind
    else {
        panic!("{change:?}");
    };
    assert!(version.starts_with("2-"));
    assert_eq!((added.as_slice(), removed.len()), (&[ann.node(1)][..], 0));
    assert_eq!(contacts.may_send(&did).unwrap(), Err(Barred::Changed));
    // Seeing the same keys again is no second change.
    assert_eq!(contacts.learn(&proven(&ann)).unwrap(), None);
    let changed = contacts.get(&did).unwrap();
    assert_eq!(changed.trust, Trust::Changed);
    assert_eq!(
        (changed.accepted, changed.digest),
        (Some(old), Some(digest(&ann)))
    );

    // What was compared must be what is there now.
    assert!(matches!(
        contacts.accept(&did, old),
        Err(Error::OtherNumber(_))
    ));
    let contact = contacts.accept(&did, digest(&ann)).unwrap();
    assert_eq!((contact.trust, contact.verified), (Trust::New, None));
    assert_eq!(contact.accepted, contact.digest);
    assert_eq!(contacts.may_send(&did).unwrap(), Ok(()));
    let changes = contacts.changes(&did).unwrap();
    assert_eq!((changes.len(), changes[0].accepted), (1, Some(NOW)));
}

#[test]
fn a_card_from_hand_to_hand_verifies_and_a_card_of_other_keys_warns() {
    let (_folder, vault) = vault();
    let (contacts, ann, mut ben) = (open(vault.db()), person(1), person(2));
    let card = |person: &Person| {
        let text = Card::write(&person.own(), "Name", &Hints::default(), 2_000_000_000, NOW);
        Card::read(&text.unwrap(), NOW).unwrap()
    };
    let did = &ann.identity.did;
    let contact = contacts
        .add_card(&card(&ann), None, Origin::InPerson)
        .unwrap();
    assert_eq!(
        (contact.petname.as_str(), contact.trust),
        ("Name", Trust::New)
    );
    assert_eq!(contact.card.unwrap().0, ann.node(0));
    contacts.learn(&proven(&ann)).unwrap();
    assert_eq!(contacts.get(did).unwrap().trust, Trust::Verified);

    contacts
        .add_card(&card(&ben), Some("Ben"), Origin::Link)
        .unwrap();
    ben.rotate(&[3]);
    let change = contacts.learn(&proven(&ben)).unwrap().unwrap();
    assert_eq!(change.kind, ChangeKind::OtherThanCard);
    assert_eq!(
        contacts.may_send(&ben.identity.did).unwrap(),
        Err(Barred::Changed)
    );
}

#[test]
fn a_link_alone_verifies_nobody() {
    let (_folder, vault) = vault();
    let (contacts, ann) = (open(vault.db()), person(1));
    let text = Card::write(&ann.own(), "Ann", &Hints::default(), 2_000_000_000, NOW).unwrap();
    let card = Card::read(&text, NOW).unwrap();
    contacts.add_card(&card, None, Origin::Link).unwrap();
    contacts.learn(&proven(&ann)).unwrap();
    assert_eq!(contacts.get(&ann.identity.did).unwrap().trust, Trust::New);
}

#[test]
fn a_fork_is_recorded_once() {
    let (_folder, vault) = vault();
    let (contacts, ann) = (open(vault.db()), person(1));
    let did = ann.identity.did.clone();
    let fork = Refusal::Forked {
        did: did.clone(),
        known: "2-a".into(),
        shown: "2-b".into(),
    };
    assert_eq!(contacts.refused(&fork).unwrap(), None, "a stranger's fork");
    contacts.add(&did, "Ann", Origin::Did).unwrap();
    assert!(contacts.refused(&fork).unwrap().is_some());
    assert!(contacts.refused(&fork).unwrap().is_none());
    assert_eq!(contacts.changes(&did).unwrap().len(), 1);
}

#[test]
fn somebody_who_was_met_before_has_his_devices_at_once() {
    let (_folder, vault) = vault();
    let (contacts, ann) = (open(vault.db()), person(1));
    let did = &ann.identity.did;
    contacts.learn(&proven(&ann)).unwrap();
    assert_eq!(contacts.may_send(did).unwrap(), Err(Barred::Stranger));
    assert!(Memory::log(&contacts, did).is_some());
    let contact = contacts.add(did, "Ann", Origin::Request).unwrap();
    assert_eq!(contact.devices, [ann.node(0)]);
    assert_eq!(contact.digest, Some(digest(&ann)));
}

#[test]
fn a_blocked_contact_gets_nothing_and_comes_back_as_before() {
    let (_folder, vault) = vault();
    let (contacts, ann) = (open(vault.db()), person(1));
    let did = &ann.identity.did;
    contacts.add(did, "Ann", Origin::Did).unwrap();
    contacts.block(did, true).unwrap();
    assert_eq!(contacts.may_send(did).unwrap(), Err(Barred::Blocked));
    contacts.block(did, false).unwrap();
    assert_eq!(contacts.may_send(did).unwrap(), Ok(()));
}

#[test]
fn names_and_notes_have_limits_and_nobody_adds_himself() {
    let (_folder, vault) = vault();
    let (contacts, ann) = (open(vault.db()), person(1));
    let did = &ann.identity.did;
    for petname in [String::new(), "x".repeat(129)] {
        assert!(matches!(
            contacts.add(did, &petname, Origin::Did),
            Err(Error::Length { .. })
        ));
    }
    assert!(matches!(
        contacts.annotate(did, &"x".repeat(4097)),
        Err(Error::Length { .. })
    ));
    assert!(matches!(
        contacts.annotate(did, "x"),
        Err(Error::Unknown(_))
    ));
    let me = person(9).identity.did;
    assert!(matches!(
        contacts.add(&me, "me", Origin::Did),
        Err(Error::Myself)
    ));
}
