//! Two devices over a connection, and what may come instead of a device.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod abuse;

use std::sync::Arc;

use proptest::prelude::*;
use webx_overlay::{UnixTime, record::PeerRecord, transport::Hints};

use super::*;
use crate::{
    contacts::Origin,
    proof::Memory as _,
    testing::{NOW, Person, TestConnection, pair, person, vault},
};

fn record(of: &Person) -> PeerRecord {
    let hints = Hints {
        direct: vec!["127.0.0.1:7701".parse().unwrap()],
        relays: Vec::new(),
    };
    PeerRecord::signed(&of.key(0), 1, 1_790_000_000, hints, false).unwrap()
}

fn code_with(of: &Person, secret: u8) -> PairingCode {
    PairingCode::new(
        record(of),
        UnixTime(1_790_000_600),
        PairingSecret([secret; 16]),
    )
}

/// The ends of a connection: the new device (the person's second key) and the old one (his first).
fn line(of: &Person) -> (Arc<TestConnection>, Arc<TestConnection>) {
    let (new, old) = pair(of.node(1), of.node(0), ALPN);
    (Arc::new(new), Arc::new(old))
}

fn package(of: &Person) -> Package {
    let identity = &of.identity;
    Package::new(
        &identity.did,
        &identity.log,
        "Ada",
        NOW,
        &[0xd1; 32],
        &[0xec; 32],
    )
}

/// Ada, in whose log the new device stands.
fn ada_with_two() -> Person {
    let mut ada = person(1);
    ada.rotate(&[0, 1]);
    ada
}

fn now() -> time::OffsetDateTime {
    NOW
}

/// Both sides up to the digits.
async fn met(ada: &Person) -> (Joining, Asking) {
    let (new, old) = line(ada);
    let code = code_with(ada, 7);
    let (joining, asking) = tokio::join!(
        join(new, ada.node(1), &code, "phone"),
        answer(old, ada.node(0), code.secret())
    );
    (joining.unwrap(), asking.unwrap())
}

#[tokio::test(start_paused = true)]
async fn both_show_the_same_digits_and_the_new_device_gets_everything() {
    let ada = ada_with_two();
    let (mut joining, asking) = met(&ada).await;
    assert_eq!(joining.digits(), asking.digits());
    assert_eq!(joining.digits().to_string().len(), 7);
    assert!(asking.digits().matches(&joining.digits().to_string()));
    assert!(!asking.digits().matches(""));
    assert_eq!((asking.name(), asking.node()), ("phone", ada.node(1)));
    let contact = Carried {
        did: person(2).identity.did.to_string(),
        name: "Ben".into(),
        digest: Some(vec![3; 32]),
        verified: true,
        blocked: false,
        node: Some(person(2).node(0)),
    };
    let given = package(&ada)
        .with_devices(Some(record(&ada)), vec![(ada.node(0), "desk".into())])
        .with_contacts(vec![contact.clone()]);
    let (given, got) = tokio::join!(asking.give(given), async {
        let got = joining.receive(now).await.unwrap();
        // The test's connection does not tell that it was closed.
        let _ = joining.done().await;
        got
    });
    given.unwrap();
    assert_eq!(got.did().unwrap(), ada.identity.did);
    assert_eq!(got.log().unwrap(), ada.identity.log);
    assert_eq!((got.name(), got.created()), ("Ada", NOW));
    assert_eq!(got.drive_root_key(), &[0xd1; 32]);
    assert_eq!(got.recovery_key(), &[0xec; 32]);
    assert_eq!(got.node().unwrap().id, ada.node(0));
    assert_eq!(got.devices(), [(ada.node(0), "desk".into())]);
    assert_eq!(got.contacts(), [contact]);
}

#[tokio::test(start_paused = true)]
async fn a_package_that_does_not_make_this_device_one_of_the_person_is_refused() {
    let (alone, ada, ben) = (person(1), ada_with_two(), person(2));
    let another = Package::new(
        &ben.identity.did,
        &ada.identity.log,
        "Ada",
        NOW,
        &[1; 32],
        &[2; 32],
    );
    let named = Package::new(
        &ada.identity.did,
        &ada.identity.log,
        "A\u{202e}da",
        NOW,
        &[1; 32],
        &[2; 32],
    );
    let odd = package(&ada).with_contacts(vec![Carried {
        did: "nobody".into(),
        name: "x".into(),
        digest: None,
        verified: false,
        blocked: false,
        node: None,
    }]);
    for (bad, why) in [
        (package(&alone), "does not stand in the identity log"),
        (package(&ada.ended()), "ended by its owner"),
        (another, ""),
        (named, "a name cannot be shown"),
        (odd, "a contact cannot be read"),
    ] {
        let (mut joining, asking) = met(&ada).await;
        let (_, got) = tokio::join!(asking.give(bad), async {
            let got = joining.receive(now).await;
            drop(joining);
            got
        });
        match got {
            Err(PairingError::Package(what)) => assert!(what.contains(why), "{what}"),
            other => panic!("{why}: {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_person_who_declines_is_heard() {
    let ada = ada_with_two();
    let (mut joining, asking) = met(&ada).await;
    let (_, got) = tokio::join!(asking.refuse(Cause::Declined), joining.receive(now));
    assert!(matches!(got, Err(PairingError::Refused(Cause::Declined))));
}

#[test]
fn the_code_is_read_as_it_was_written_and_its_form_is_pinned() {
    let ada = person(1);
    let text = code_with(&ada, 7).text();
    let read: PairingCode = text.parse().unwrap();
    assert_eq!(read.node().id, ada.node(0));
    assert_eq!(
        (read.expires().0, read.secret().0),
        (1_790_000_600, [7; 16])
    );
    assert_eq!(
        text.as_str(),
        include_str!("../../fixtures/pairing-code-1.txt").trim()
    );
    assert!(text.len() < 500, "{} characters for a QR code", text.len());
    assert!(
        !format!("{read:?}").contains("7, 7, 7"),
        "a secret is not printed"
    );
}

#[test]
fn what_is_no_code_is_refused() {
    let good = code_with(&person(1), 7).text().to_string();
    for bad in [
        String::new(),
        "webx:pair?".into(),
        good.replace("pair", "join"),
        format!("{good} "),
        format!("{good}="),
        format!("webx:pair?{}", "A".repeat(100_000)),
    ] {
        assert!(bad.parse::<PairingCode>().is_err(), "{bad:.40}");
    }
}

/// The same meeting, for a guardian's shares: the new device is anybody's.
async fn met_guardian(ada: &Person) -> (Joining, Asking) {
    let (new, old) = pair(person(3).node(0), ada.node(0), RECOVERY_ALPN);
    let code = code_with(ada, 7).with_purpose(Purpose::Recovery);
    let (joining, asking) = tokio::join!(
        join(Arc::new(new), person(3).node(0), &code, "phone"),
        answer(Arc::new(old), ada.node(0), code.secret())
    );
    (joining.unwrap(), asking.unwrap())
}

fn shares() -> Vec<crate::guardian::ShareText> {
    use webx_identity::slip39::{Policy, split};
    let mut random = |bytes: &mut [u8]| {
        bytes.fill(3);
        Ok(())
    };
    let shares = split(&[8; 32], b"", &Policy::of(2, 3).unwrap(), &mut random).unwrap();
    shares.iter().map(crate::guardian::ShareText::of).collect()
}

#[tokio::test(start_paused = true)]
async fn a_guardian_gives_back_what_he_kept_after_both_saw_the_same_digits() {
    let (ada, ben) = (person(1), person(2));
    let (mut joining, asking) = met_guardian(&ada).await;
    assert_eq!(joining.digits(), asking.digits());
    let (did, log) = (&ben.identity.did, &ben.identity.log);
    let kept = shares().remove(0);
    let returned = Returned::new(did, log, vec![kept.clone()]);
    let (given, got) = tokio::join!(asking.give_back(returned), async {
        let got = joining.receive_shares(now).await.unwrap();
        let _ = joining.done().await;
        got
    });
    given.unwrap();
    assert_eq!((&got.did().unwrap(), &got.log().unwrap()), (did, log));
    assert_eq!(got.shares(), [kept]);
}

#[tokio::test(start_paused = true)]
async fn what_a_hostile_guardian_gives_is_refused() {
    let (ada, ben) = (person(1), person(2));
    let (did, log) = (&ben.identity.did, &ben.identity.log);
    for bad in [
        Returned::new(did, &ada.identity.log, shares()[..1].to_vec()),
        Returned::new(did, log, Vec::new()),
        Returned::new(did, log, shares()),
        Returned::new(did, &ben.ended().identity.log, shares()[..1].to_vec()),
    ] {
        let (mut joining, asking) = met_guardian(&ada).await;
        let (_, got) = tokio::join!(asking.give_back(bad), async {
            let got = joining.receive_shares(now).await;
            drop(joining);
            got
        });
        assert!(matches!(got, Err(PairingError::Package(_))), "{got:?}");
    }
    // A package is no share, and a share is no package.
    let (mut joining, asking) = met_guardian(&ada).await;
    let (_, got) = tokio::join!(asking.give(package(&ada)), async {
        let got = joining.receive_shares(now).await;
        drop(joining);
        got
    });
    assert!(matches!(got, Err(PairingError::Protocol(_))), "{got:?}");
}

#[tokio::test(start_paused = true)]
async fn a_code_for_one_purpose_is_worth_nothing_for_the_other() {
    let ada = ada_with_two();
    let (new, _old) = line(&ada);
    let code = code_with(&ada, 7).with_purpose(Purpose::Recovery);
    assert!(code.text().starts_with("webx:recover?"));
    let read: PairingCode = code.text().parse().unwrap();
    assert_eq!(read.purpose(), Purpose::Recovery);
    let refused = join(new, ada.node(1), &read, "phone").await;
    assert!(matches!(refused, Err(PairingError::Protocol(_))));
    // The same secret over the other protocol gives other digits and other proofs.
    let (joining, _) = met(&ada).await;
    let (guarded, _) = met_guardian(&ada).await;
    assert_ne!(joining.digits(), guarded.digits());
}

#[test]
fn names_that_would_deceive_are_no_names() {
    for name in ["", " a", "a\nb", "a\u{202e}b", "\u{200b}", &"x".repeat(65)] {
        assert!(!is_name(name), "{name:?}");
    }
    assert!(is_name("Ada's phone") && is_name("\u{1f5a5} Schreibtisch"));
}

#[test]
fn contacts_that_were_compared_on_one_device_are_so_on_the_other() {
    let (_one, from) = vault();
    let (_two, to) = vault();
    let (ada, ben, eve) = (person(1), person(2), person(3));
    let open = |vault: &webx_vault::Vault| {
        crate::Peers::open_with(vault.db().clone(), ada.own(), now).unwrap()
    };
    let (old, new) = (open(&from), open(&to));
    let met = |peers: &crate::Peers, who: &Person| {
        let proven = crate::testing::proven(who);
        peers.met(&proven).unwrap();
    };
    for (who, name) in [(&ben, "Ben"), (&eve, "Eve")] {
        old.contacts()
            .add(&who.identity.did, name, Origin::Did)
            .unwrap();
        met(&old, who);
    }
    let digest = old.contacts().get(&ben.identity.did).unwrap().digest;
    old.contacts()
        .verify(&ben.identity.did, digest.unwrap())
        .unwrap();
    old.contacts().block(&eve.identity.did, true).unwrap();

    let carried = old.contacts().to_carry().unwrap();
    new.contacts().carry_over(&carried).unwrap();
    new.contacts().carry_over(&carried).unwrap();
    let ben_now = new.contacts().get(&ben.identity.did).unwrap();
    assert_eq!(ben_now.petname, "Ben");
    assert!(new.contacts().log(&ben.identity.did).is_none());
    met(&new, &ben);
    let trust = |who: &Person| new.contacts().get(&who.identity.did).unwrap().trust;
    assert_eq!(trust(&ben), crate::contacts::Trust::Verified);
    assert_eq!(trust(&eve), crate::contacts::Trust::Blocked);
}

#[test]
fn a_contact_whose_keys_changed_meanwhile_is_changed_on_the_new_device() {
    let (_one, from) = vault();
    let (_two, to) = vault();
    let (ada, mut ben) = (person(1), person(2));
    let open = |vault: &webx_vault::Vault| {
        crate::Peers::open_with(vault.db().clone(), ada.own(), now).unwrap()
    };
    let (old, new) = (open(&from), open(&to));
    old.contacts()
        .add(&ben.identity.did, "Ben", Origin::Did)
        .unwrap();
    old.met(&crate::testing::proven(&ben)).unwrap();
    new.contacts()
        .carry_over(&old.contacts().to_carry().unwrap())
        .unwrap();
    ben.rotate(&[1]);
    new.met(&crate::testing::proven(&ben)).unwrap();
    let trust = new.contacts().get(&ben.identity.did).unwrap().trust;
    assert_eq!(trust, crate::contacts::Trust::Changed);
}

proptest! {
    #[test]
    fn a_changed_or_cut_code_is_never_taken_for_the_same(place in 10usize..400, change in 1u8..=255, cut in any::<bool>()) {
        let good = code_with(&person(1), 7).text().to_string();
        let place = place % good.len();
        let mut bytes = good.clone().into_bytes();
        if cut { bytes.truncate(place); } else { bytes[place] ^= change; }
        // A change may hit the time or the secret, which nothing but the meeting checks; the node it may not.
        if let Ok(text) = String::from_utf8(bytes) && text != good && let Ok(read) = text.parse::<PairingCode>() {
            let node = record(&person(1));
            prop_assert_eq!(read.node(), &node);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..700)) {
        let text = format!("webx:pair?{}", data_encoding::BASE64URL_NOPAD.encode(&bytes));
        prop_assert!(text.parse::<PairingCode>().is_err());
    }
}
