#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;

async fn node(seed: u8) -> Arc<Introductions> {
    let key = Arc::new(SigningKey::from_bytes(&[seed; 32]));
    let node = IrohTransport::bind(Config::loopback(), &key)
        .await
        .expect("a node");
    Arc::new(Introductions::open(key, node).await.expect("a door"))
}

fn at(of: &Introductions) -> SocketAddrV4 {
    SocketAddrV4::new(HERE, of.port().unwrap())
}

fn record(seed: u8, direct: &[&str], relays: &[&str], serves: bool) -> Vec<u8> {
    let hints = Hints {
        direct: direct.iter().map(|one| one.parse().unwrap()).collect(),
        relays: relays.iter().map(ToString::to_string).collect(),
    };
    let key = SigningKey::from_bytes(&[seed; 32]);
    PeerRecord::signed(&key, 1, 1, hints, serves)
        .unwrap()
        .encode()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_learn_the_others_node_by_keys_that_are_not_the_nodes() {
    let (ada, bob) = (node(1).await, node(2).await);
    assert_ne!(ada.door.id(), ada.node.id());
    assert_ne!(bob.door.id(), bob.node.id());
    let answering = {
        let bob = bob.clone();
        tokio::spawn(async move { bob.answer(bob.door.accept().await.unwrap()).await })
    };
    let of_bob = ada
        .meet(bob.door.id(), at(&bob))
        .await
        .expect("bob answers");
    let of_ada = answering.await.unwrap().expect("ada introduced herself");
    assert_eq!((of_bob.id, of_ada.id), (bob.node.id(), ada.node.id()));
    assert_eq!(
        of_bob.direct,
        bob.node.hints().direct,
        "where bob's node listens"
    );
    assert!(of_bob.relays.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_names_another_address_a_relay_or_oneself_is_refused() {
    let ada = node(1).await;
    assert!(
        ada.judge(&record(2, &["127.0.0.1:9"], &[], false), HERE)
            .is_some()
    );
    let wrong = [
        record(2, &["203.0.113.9:9"], &[], false),
        record(2, &["127.0.0.2:9"], &[], false),
        record(2, &["127.0.0.1:9", "203.0.113.9:9"], &[], false),
        record(2, &["[fe80::1]:9"], &[], false),
        record(2, &[], &[], false),
        record(2, &["127.0.0.1:9"], &["https://203.0.113.9:443/"], false),
        record(2, &["127.0.0.1:9"], &[], true),
        record(1, &["127.0.0.1:9"], &[], false),
        vec![0; 100],
        Vec::new(),
    ];
    for (n, wrong) in wrong.iter().enumerate() {
        assert!(ada.judge(wrong, HERE).is_none(), "{n}");
    }
    let mut forged = record(2, &["127.0.0.1:9"], &[], false);
    *forged.last_mut().unwrap() ^= 1;
    assert!(ada.judge(&forged, HERE).is_none());
    let elsewhere = Ipv4Addr::new(203, 0, 113, 9);
    assert!(
        ada.judge(&record(2, &["203.0.113.9:9"], &[], false), elsewhere)
            .is_none()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_too_much_learns_nothing() {
    let (ada, mallory) = (node(1).await, node(3).await);
    let answering = {
        let ada = ada.clone();
        tokio::spawn(async move { ada.answer(ada.door.accept().await.unwrap()).await })
    };
    let hints = Hints {
        direct: vec![at(&ada).into()],
        relays: Vec::new(),
    };
    let dialled = mallory
        .door
        .dial(ada.door.id(), &hints, Exposure::Direct, ALPN);
    let connection = dialled.await.unwrap();
    let (mut send, recv) = connection.open_bi().await.unwrap();
    // The other side may stop reading before all is written.
    let _ = send.write_all(&vec![0; 4 * MAX_PEER_RECORD]).await;
    let _ = send.finish();
    assert_eq!(answering.await.unwrap(), None);
    assert!(whole(recv).await.is_none_or(|said| said.is_empty()));
}
