//! Guardians between homes on a network inside one process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;

use ed25519_dalek::SigningKey;
use webx_comms::{Config, Directory, Error, Refused};
use webx_desktop::GuardianState;
use webx_identity::slip39::{Share, ShareError};
use webx_overlay::Offence;
use webx_overlay::memory::MemoryNet;
use webx_overlay::transport::{Hints, Pending, Transport as _};
use webx_peers::contacts::Origin;
use webx_peers::guardian::{Ask, PROTOCOL, ShareText};
use webx_peers::proof::Own;
use webx_vault::{DataDir, KdfCost, NewVault, Passphrase, Secret32, Vault};

use super::keep::word;
use super::*;

struct Book(HashMap<Did, webx_overlay::NodeId>);

impl Directory for Book {
    fn devices<'a>(&'a self, did: &'a Did) -> Pending<'a, Vec<webx_overlay::NodeId>> {
        let found = self.0.get(did).copied().into_iter().collect();
        Box::pin(async move { found })
    }
    fn hints(&self, _: webx_overlay::NodeId) -> Pending<'_, Hints> {
        Box::pin(async { Hints::default() })
    }
    fn blame(&self, _: webx_overlay::NodeId, _: Offence) {}
}

fn own(n: u8) -> Own {
    Own::anonymous(Arc::new(SigningKey::from_bytes(&[n; 32]))).unwrap()
}

fn did(n: u8) -> Did {
    own(n).did().clone()
}

fn words() -> RecoveryWords {
    RecoveryWords::generate(&[0x33; 32]).unwrap()
}

/// A home on the network: what of it has to do with guardians.
struct House {
    guardians: Guardians,
    comms: Comms,
    peers: Peers,
    notifications: Notifications,
    _folder: (tempfile::TempDir, Vault),
}

fn house(net: &MemoryNet, n: u8) -> House {
    let folder = tempfile::tempdir().unwrap();
    let new = NewVault {
        passphrase: &Passphrase::new("correct horse battery").unwrap(),
        recovery_key: &Secret32::random().unwrap(),
        kdf: KdfCost::insecure_for_tests(),
    };
    let vault = DataDir::open(folder.path()).unwrap().create(new).unwrap();
    let db = vault.db().clone();
    let notifications = Notifications::open(db.clone()).unwrap();
    let guardians = Guardians::open(db.clone(), notifications.clone());
    migrate(&db).unwrap();
    let peers = Peers::open(db, own(n)).unwrap();
    let transport = net.transport(own(n).node());
    let book = Book((1..8).map(|n| (did(n), own(n).node())).collect());
    let people = Arc::new(peers.clone());
    let comms = Comms::open(transport.clone(), Arc::new(book), people, Config::default());
    let door = comms.clone();
    tokio::spawn(async move {
        while let Some(connection) = transport.accept().await {
            let _ = door.accept(connection);
        }
    });
    guardians.serve(&comms, &peers).unwrap();
    House {
        guardians,
        comms,
        peers,
        notifications,
        _folder: (folder, vault),
    }
}

impl House {
    fn knows(&self, n: u8, name: &str) {
        self.peers
            .contacts()
            .add(&did(n), name, Origin::Did)
            .unwrap();
    }

    async fn appoint(&self, threshold: u8, people: &[u8]) -> Result<(), QnetError> {
        let people = people.iter().map(|n| did(*n)).collect();
        let (comms, peers) = (&self.comms, &self.peers);
        self.guardians
            .appoint(comms, peers, &words(), threshold, people)
            .await
    }

    async fn check(&self) {
        let (comms, peers) = (&self.comms, &self.peers);
        self.guardians.round(comms, peers, false).await.unwrap();
    }

    fn states(&self) -> Vec<GuardianState> {
        let people = self.guardians.read(rows::guardians).unwrap();
        people.iter().map(|one| one.state).collect()
    }

    /// What is kept for house 1.
    fn kept(&self) -> Vec<rows::Kept> {
        self.guardians.read(|db| rows::kept(db, &did(1))).unwrap()
    }

    fn share(&self) -> Share {
        let kept = self.kept();
        assert_eq!(kept.len(), 1);
        assert!(kept[0].settled);
        kept[0].share.as_str().parse().unwrap()
    }

    async fn ask(&self, n: u8, ask: &Ask) -> Result<Vec<u8>, String> {
        let asked = self.comms.request(did(n), PROTOCOL, &ask.encode()).await;
        match asked {
            Ok(answer) => Ok(answer.to_vec()),
            Err(Error::Refused(Refused::Failed(why))) => Err(why),
            Err(other) => Err(other.to_string()),
        }
    }

    fn titles(&self) -> Vec<String> {
        let all = self.notifications.list().unwrap();
        all.into_iter().map(|one| one.title).collect()
    }
}

/// House 1 and as many that could be its guardians: all know each other as contacts.
fn street(last: u8) -> Vec<House> {
    let net = MemoryNet::default();
    let houses: Vec<House> = (1..=last).map(|n| house(&net, n)).collect();
    for n in 2..=last {
        houses[0].knows(n, &format!("G{n}"));
        houses[usize::from(n) - 1].knows(1, "Ada");
    }
    houses
}

#[tokio::test(flavor = "multi_thread")]
async fn each_guardian_gets_a_share_of_his_own_proves_to_have_it_and_together_they_give_the_words()
{
    let street = street(4);
    street[0].appoint(2, &[2, 3, 4]).await.unwrap();
    assert_eq!(street[0].states(), [GuardianState::Kept; 3]);
    let shares: Vec<Share> = street[1..].iter().map(House::share).collect();
    for (one, other) in [(0, 1), (0, 2), (1, 2)] {
        let two = [shares[one].clone(), shares[other].clone()];
        let words_again = RecoveryWords::from_shares(&two).unwrap();
        assert_eq!(*words_again.words(), *words().words());
    }
    assert!(RecoveryWords::from_shares(&shares[..1]).is_err());
    assert_eq!(street[1].titles(), ["You are a guardian of Ada"]);
    let view = street[0].guardians.view(&street[0].peers).unwrap();
    assert_eq!((view.threshold, view.guardians.len()), (Some(2), 3));
    let theirs = street[2].guardians.view(&street[2].peers).unwrap();
    assert_eq!(theirs.wards[0].name.as_deref(), Some("Ada"));
    // Asked once more, nothing changes.
    street[0].check().await;
    assert_eq!(street[0].states(), [GuardianState::Kept; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_set_makes_the_old_shares_useless_and_former_guardians_forget_theirs() {
    let street = street(5);
    street[0].appoint(2, &[2, 3, 4]).await.unwrap();
    let old = street[1].share();
    street[0].appoint(2, &[3, 4, 5]).await.unwrap();
    assert_eq!(street[0].states(), [GuardianState::Kept; 3]);
    assert!(
        street[1].kept().is_empty(),
        "the first one is none any more"
    );
    let new = street[2].share();
    let mixed = RecoveryWords::from_shares(&[old, new.clone()]).unwrap_err();
    assert_eq!(mixed, ShareError::OtherSet);
    assert!(RecoveryWords::from_shares(&[new, street[4].share()]).is_ok());

    // One may go; another one then has to stay.
    street[0].guardians.release(&did(5)).unwrap();
    street[0].guardians.tell_former(&street[0].comms).await;
    assert!(street[4].kept().is_empty());
    let refused = street[0].guardians.release(&did(4)).unwrap_err();
    assert!(matches!(
        refused,
        QnetError::Conflict {
            code: "too-few",
            ..
        }
    ));
    let refused = street[0].guardians.release(&did(7)).unwrap_err();
    assert!(matches!(refused, QnetError::NotFound(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_one_is_away_or_refuses_the_guardians_that_there_were_stay() {
    let mut street = street(4);
    street[0].appoint(2, &[2, 3]).await.unwrap();
    let before = street[1].share().text().to_string();
    // House 6 is a contact who is never there.
    street[0].knows(6, "Nobody");
    match street[0].appoint(2, &[2, 3, 6]).await.unwrap_err() {
        QnetError::Conflict { code: "away", what } => assert!(what.contains("Nobody"), "{what}"),
        other => panic!("{other}"),
    }
    // House 4 does not know house 1 any more.
    street[3].peers.contacts().remove(&did(1)).unwrap();
    match street[0].appoint(2, &[2, 3, 4]).await.unwrap_err() {
        QnetError::Conflict {
            code: "refused",
            what,
        } => assert!(what.contains("no contact there"), "{what}"),
        other => panic!("{other}"),
    }
    street[0].check().await;
    assert_eq!(street[0].states(), [GuardianState::Kept; 2]);
    let kept = street[1].kept();
    assert_eq!(kept[0].share.as_str(), before);
    assert!(kept[0].settled && kept.iter().skip(1).all(|one| !one.settled));
    // The next whole set takes the place of both.
    street[0].appoint(2, &[2, 3]).await.unwrap();
    assert_ne!(street[1].share().text().as_str(), before);
    let gone = street.pop().unwrap();
    gone.comms.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guardian_who_lost_his_share_or_has_another_one_is_found_out_and_told_of_once() {
    let street = street(4);
    street[0].appoint(2, &[2, 3, 4]).await.unwrap();
    street[1].guardians.resign(&did(1)).unwrap();
    // A guardian who answers from another share of the same set.
    let (kept, foreign) = (street[2].kept().remove(0), street[3].kept().remove(0));
    let put = |db: &rusqlite::Connection| {
        rows::drop_ward(db, &did(1))?;
        rows::keep(db, &did(1), &kept.id, kept.made, &foreign.share, at(0))
    };
    street[2].guardians.write(put).unwrap();
    for _ in 0..2 {
        street[0].check().await;
        let view = street[0].guardians.view(&street[0].peers).unwrap();
        let state = |n: u8| {
            let found = view
                .guardians
                .iter()
                .find(|one| one.did == did(n).to_string());
            found.unwrap().state
        };
        assert_eq!(
            [state(2), state(3), state(4)],
            [
                GuardianState::Lost,
                GuardianState::Lost,
                GuardianState::Kept
            ]
        );
    }
    let told = street[0].titles();
    assert_eq!(
        told.iter()
            .filter(|title| title.contains("does not have the share"))
            .count(),
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_a_guardian_is_refused_before_anything_is_split() {
    let street = street(3);
    for (threshold, people) in [
        (1, vec![2, 3]),
        (3, vec![2, 3]),
        (2, vec![2, 2]),
        (2, vec![1, 2]),
        (2, vec![2]),
        (2, vec![2; 17]),
    ] {
        let refused = street[0].appoint(threshold, &people).await.unwrap_err();
        assert!(
            matches!(refused, QnetError::BadInput { .. }),
            "{people:?}: {refused}"
        );
    }
    let stranger = street[0].appoint(2, &[2, 5]).await.unwrap_err();
    assert!(matches!(stranger, QnetError::NotFound(_)), "{stranger}");
    street[0].peers.contacts().block(&did(3), true).unwrap();
    let blocked = street[0].appoint(2, &[2, 3]).await.unwrap_err();
    assert!(
        matches!(blocked, QnetError::Conflict { code: "barred", .. }),
        "{blocked}"
    );
    assert!(street[1].kept().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_may_ask_of_a_guardian_is_refused_with_its_reason() {
    let street = street(3);
    street[0].appoint(2, &[2, 3]).await.unwrap();
    let kept = street[1].kept().remove(0);
    let set = kept.id;
    let keep = |set: [u8; 16], made: i64, share: &ShareText| Ask::Keep {
        set: set.into(),
        made: u64::try_from(made).unwrap(),
        share: share.clone(),
    };
    let other = street[2].kept().remove(0).share.clone();
    let ada = &street[0];
    // Older than what is there; another share of the same set; the same once more.
    assert_eq!(
        ada.ask(2, &keep([7; 16], kept.made, &other)).await,
        Err(word::OLDER.into())
    );
    assert_eq!(
        ada.ask(2, &keep(set, kept.made, &other)).await,
        Err(word::OLDER.into())
    );
    assert_eq!(
        ada.ask(2, &keep(set, kept.made, &kept.share)).await,
        Ok(vec![])
    );
    assert_eq!(
        ada.ask(
            2,
            &Ask::Settle {
                set: [7; 16].into()
            }
        )
        .await,
        Err(word::GONE.into())
    );
    let check = |set: [u8; 16]| Ask::Check {
        set: set.into(),
        nonce: [1; 32].into(),
    };
    assert_eq!(ada.ask(2, &check([7; 16])).await, Err(word::GONE.into()));
    assert_eq!(ada.ask(2, &check(set)).await.unwrap().len(), 32);
    let malformed = ada.comms.request(did(2), PROTOCOL, b"\xa0").await;
    assert!(matches!(malformed, Err(Error::Refused(Refused::Failed(why))) if why == "malformed"));
    // Somebody else: no proof about Ada's share, nothing thrown away, nothing kept for a stranger.
    let eve = &street[2];
    assert_eq!(eve.ask(2, &check(set)).await, Err(word::GONE.into()));
    assert_eq!(eve.ask(2, &Ask::Forget).await, Ok(vec![]));
    assert_eq!(
        eve.ask(2, &keep([7; 16], i64::MAX, &other)).await,
        Err(word::STRANGER.into())
    );
    assert_eq!(street[1].share().text().as_str(), kept.share.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_are_kept_for_so_many_people_and_no_more() {
    let street = street(2);
    let share = {
        let mut random = |bytes: &mut [u8]| {
            bytes.fill(2);
            Ok(())
        };
        let policy = webx_identity::slip39::Policy::of(2, 2).unwrap();
        ShareText::of(&words().split(&policy, &mut random).unwrap()[0])
    };
    let fill = |db: &rusqlite::Connection| {
        for n in 0..rows::MOST_WARDS {
            let n = u8::try_from(n + 100).unwrap();
            rows::keep(db, &did(n), &[n; 16], 1, &share, at(0))?;
        }
        Ok(())
    };
    street[1].guardians.write(fill).unwrap();
    let ask = Ask::Keep {
        set: [1; 16].into(),
        made: 1,
        share: share.clone(),
    };
    assert_eq!(street[0].ask(2, &ask).await, Err(word::FULL.into()));
}
