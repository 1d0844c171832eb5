//! Files between homes on a network inside one process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod abuse;

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::time::Duration;

use ed25519_dalek::SigningKey;
use webx_comms::transfer::{FETCH, OFFER};
use webx_comms::{Comms, Config, Directory};
use webx_drive::{FileMeta, ListQuery, OnConflict};
use webx_overlay::Offence;
use webx_overlay::memory::MemoryNet;
use webx_overlay::transport::{Hints, Pending, Transport as _};
use webx_peers::contacts::Origin;
use webx_peers::proof::Own;
use webx_vault::{DataDir, KdfCost, NewVault, Passphrase, Secret32, Vault};

use super::*;
use webx_desktop::qnet::TransferState;

const PATIENCE: Duration = Duration::from_secs(60);

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

/// Bytes that differ from place to place.
fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut reader = blake3::Hasher::new().update(b"file").finalize_xof();
    reader.fill(&mut bytes);
    bytes
}

/// A home on the network: everything but the screen.
struct House {
    transfers: Transfers,
    comms: Comms,
    peers: Peers,
    notifications: Notifications,
    changes: broadcast::Sender<QnetChange>,
    stop: CancellationToken,
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
    let clock = time::OffsetDateTime::now_utc;
    let drive = Drive::open(vault.clone(), Secret32::random().unwrap(), clock).unwrap();
    let notifications = Notifications::open(vault.db().clone()).unwrap();
    let changes = broadcast::Sender::new(1024);
    let db = vault.db().clone();
    let transfers = Transfers::open(db.clone(), drive, notifications.clone(), changes.clone());
    migrate(&db).unwrap();
    let peers = Peers::open(db, own(n)).unwrap();
    let transport = net.transport(own(n).node());
    let book = Book((1..6).map(|n| (did(n), own(n).node())).collect());
    let people = Arc::new(peers.clone());
    let comms = Comms::open(transport.clone(), Arc::new(book), people, Config::default());
    let door = comms.clone();
    tokio::spawn(async move {
        while let Some(connection) = transport.accept().await {
            let _ = door.accept(connection);
        }
    });
    transfers.serve(&comms, &peers).unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(transfers.clone().work(comms.clone(), stop.clone()));
    House {
        transfers,
        comms,
        peers,
        notifications,
        changes,
        stop,
        _folder: (folder, vault),
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl House {
    fn knows(&self, n: u8, name: &str) {
        self.peers
            .contacts()
            .add(&did(n), name, Origin::Did)
            .unwrap();
    }

    fn write(&self, name: &str, bytes: &[u8]) -> NodeId {
        let meta = FileMeta::default();
        let drive = &self.transfers.0.drive;
        let mut writer = drive
            .begin_write(NodeId::ROOT, name, meta, OnConflict::NewVersion)
            .unwrap();
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap().id
    }

    async fn send(&self, n: u8, file: NodeId) -> Result<TransferItem, QnetError> {
        let peers = self.peers.clone();
        self.transfers.send(peers, did(n), file.to_string()).await
    }

    async fn all(&self) -> Vec<TransferItem> {
        self.transfers.list(self.peers.clone(), None).await.unwrap()
    }

    /// Waits until the newest transfer is as it should be.
    async fn newest(&self, so: impl Fn(&TransferItem) -> bool) -> TransferItem {
        let mut changes = self.changes.subscribe();
        let look = async {
            loop {
                if let Some(one) = self.all().await.into_iter().find(&so) {
                    return one;
                }
                let _ = changes.recv().await;
            }
        };
        match tokio::time::timeout(PATIENCE, look).await {
            Ok(one) => one,
            Err(_) => panic!("it never came to be so: {:?}", self.all().await),
        }
    }

    async fn becomes(&self, state: TransferState) -> TransferItem {
        self.newest(|one| one.state == state).await
    }

    /// The names in Received; none without the folder.
    fn received(&self) -> Vec<String> {
        let drive = &self.transfers.0.drive;
        let Ok(folder) = drive.resolve(&format!("/{}", landing::FOLDER)) else {
            return Vec::new();
        };
        let page = drive.list(folder.id, &ListQuery::default()).unwrap();
        page.items.into_iter().map(|node| node.name).collect()
    }

    fn read(&self, node: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let drive = &self.transfers.0.drive;
        let mut reader = drive.open_file(node.parse().unwrap(), None).unwrap();
        reader.read_to_end(&mut bytes).unwrap();
        bytes
    }

    fn traffic(&self, protocol: &str) -> webx_comms::Metrics {
        let mut all = self.comms.metrics().into_iter();
        all.find(|one| one.protocol == protocol).unwrap_or_default()
    }
}

/// Two who know each other.
fn friends() -> (MemoryNet, House, House) {
    let net = MemoryNet::new();
    let (ann, ben) = (house(&net, 1), house(&net, 2));
    ann.knows(2, "Ben");
    ben.knows(1, "Ann");
    (net, ann, ben)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_file_lands_in_received_and_both_sides_know() {
    let (_net, ann, ben) = friends();
    for (length, name) in [(0, "empty"), (10, "small"), (9_000_001, "large.bin")] {
        let bytes = noise(length);
        let file = ann.write(name, &bytes);
        let sent = ann.send(2, file).await.unwrap();
        assert_eq!(
            (sent.incoming, sent.contact.as_deref()),
            (false, Some("Ben"))
        );
        let offered = ben.becomes(TransferState::Offered).await;
        assert_eq!((offered.name.as_str(), offered.size), (name, length as u64));
        assert_eq!(offered.contact.as_deref(), Some("Ann"));
        assert_eq!(offered.trust, Some(webx_desktop::qnet::ContactTrust::New));
        ben.transfers.accept(offered.id).await.unwrap();
        let done = ben
            .newest(|one| one.id == offered.id && one.state == TransferState::Done)
            .await;
        assert!(ben.read(&done.node.unwrap()) == bytes);
        ann.newest(|one| one.id == sent.id && one.state == TransferState::Done)
            .await;
        assert!(matches!(
            ben.transfers.accept(offered.id).await,
            Err(QnetError::Conflict {
                code: "decided",
                ..
            })
        ));
    }
    assert_eq!(ben.received(), ["empty", "large.bin", "small"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_that_was_offered_comes_and_never_writes_over_what_is_there() {
    let (_net, ann, ben) = friends();
    for _ in 0..2 {
        let file = ann.write("notes.txt", b"as it was");
        ann.send(2, file).await.unwrap();
        let offered = ben.becomes(TransferState::Offered).await;
        ann.write("notes.txt", b"as it is now");
        ben.transfers.accept(offered.id).await.unwrap();
        let done = ben
            .newest(|one| one.id == offered.id && one.state == TransferState::Done)
            .await;
        assert_eq!(ben.read(&done.node.unwrap()), b"as it was");
    }
    assert_eq!(ben.received(), ["notes (2).txt", "notes.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_moves_before_the_person_decides_and_a_refusal_is_told() {
    let (_net, ann, ben) = friends();
    let file = ann.write("cat.jpg", &noise(100_000));
    let sent = ann.send(2, file).await.unwrap();
    let offered = ben.becomes(TransferState::Offered).await;
    ann.newest(|one| one.state == TransferState::Offered).await;
    assert_eq!(
        ben.traffic(FETCH),
        webx_comms::Metrics {
            protocol: FETCH.into(),
            ..Default::default()
        }
    );
    let ended = ben.transfers.end(offered.id).await.unwrap().unwrap();
    Transfers::tell_end(ben.comms.clone(), ended).await;
    let refused = ann.becomes(TransferState::Refused).await;
    assert_eq!(refused.id, sent.id);
    assert!(ben.received().is_empty());
    // One that has ended is forgotten when it is ended again.
    assert!(ben.transfers.end(offered.id).await.unwrap().is_none());
    assert!(ben.all().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_file_is_not_to_be_had_any_more() {
    let (_net, ann, ben) = friends();
    let file = ann.write("cat.jpg", b"cat");
    let sent = ann.send(2, file).await.unwrap();
    let offered = ben.becomes(TransferState::Offered).await;
    // Ben is not told; he finds out when he comes for it.
    ann.transfers.end(sent.id).await.unwrap();
    ben.transfers.accept(offered.id).await.unwrap();
    ben.becomes(TransferState::Withdrawn).await;
    assert!(ben.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_away_gets_the_offer_when_he_is_back() {
    let (net, ann, ben) = friends();
    net.cut(own(1).node(), own(2).node(), true);
    let file = ann.write("cat.jpg", b"cat");
    ann.send(2, file).await.unwrap();
    assert_eq!(ann.all().await[0].state, TransferState::Waiting);
    net.cut(own(1).node(), own(2).node(), false);
    ben.becomes(TransferState::Offered).await;
    ann.becomes(TransferState::Offered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_cut_in_the_middle_goes_on_where_it_broke_off() {
    let (net, ann, ben) = friends();
    let bytes = noise(20_000_000);
    let file = ann.write("film.mp4", &bytes);
    ann.send(2, file).await.unwrap();
    let offered = ben.becomes(TransferState::Offered).await;
    // Slowly, so that the cut comes in the middle.
    ann.comms.set_bandwidth(Some(4_000_000));
    ben.transfers.accept(offered.id).await.unwrap();
    ben.newest(|one| one.moved > 6_000_000).await;
    net.cut(own(1).node(), own(2).node(), true);
    let broken = ben.newest(|one| !one.moving).await;
    assert_eq!(broken.state, TransferState::Accepted);
    assert!(broken.moved > 4_000_000, "{broken:?}");
    let before = ann.traffic(FETCH).sent;
    ann.comms.set_bandwidth(None);
    net.cut(own(1).node(), own(2).node(), false);
    let done = ben.becomes(TransferState::Done).await;
    assert!(ben.read(&done.node.unwrap()) == bytes);
    ann.becomes(TransferState::Done).await;
    let cost = ann.traffic(FETCH).sent - before;
    assert!(cost < 20_000_000 - broken.moved + 10_000, "{cost}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_file_or_not_for_a_contact_is_not_sent() {
    let (_net, ann, _ben) = friends();
    let file = ann.write("cat.jpg", b"cat");
    assert!(matches!(
        ann.send(3, file).await,
        Err(QnetError::NotFound(_))
    ));
    let folder = ann.send(2, NodeId::ROOT).await;
    assert!(matches!(
        folder,
        Err(QnetError::BadInput {
            code: "bad-file",
            ..
        })
    ));
    ann.peers.contacts().block(&did(2), true).unwrap();
    let blocked = ann.send(2, file).await;
    assert!(matches!(
        blocked,
        Err(QnetError::Conflict { code: "barred", .. })
    ));
    assert_eq!(ann.traffic(OFFER).opened, 0);
}
