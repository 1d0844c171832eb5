#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::id::NodeId;
use crate::memory::MemoryNet;
use crate::node::Event;
use crate::protocol::Protocol;
use crate::record::SignedRecord;
use crate::topic::{Topic, Verdict};
use crate::transport::{Hints, LinkError};
use bytes::Bytes;
use core::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PATIENCE: Duration = Duration::from_secs(30);

fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number + 1; 32])
}

fn id(number: u8) -> NodeId {
    NodeId(key(number).verifying_key().to_bytes())
}

fn start(net: &MemoryNet, number: u8, cache: Arc<dyn PeerCache>) -> Handle {
    Driver {
        config: Config::default(),
        key: key(number),
        seed: [number; 32],
        transport: net.transport(id(number)),
        cache,
        exposure: Exposure::Direct,
        others: None,
    }
    .spawn()
}

/// Waits for news until the node has so many peers.
async fn peers(handle: &Handle, least: usize) {
    let mut events = handle.events();
    let enough = async {
        while handle.view().await.unwrap().peers.len() < least {
            let _ = events.recv().await;
        }
    };
    tokio::time::timeout(PATIENCE, enough)
        .await
        .expect("peers in time");
}

async fn all_find_all(nodes: &[Handle]) {
    for from in nodes {
        for to in nodes {
            let found = tokio::time::timeout(PATIENCE, from.find(to.id())).await;
            let found = found.expect("an answer in time").unwrap();
            assert_eq!(found.map(|record| record.id), Some(to.id()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirteen_nodes_meet_lose_their_first_and_then_half_of_all() {
    let net = MemoryNet::new();
    let first = start(&net, 0, Arc::new(()));
    let invite = first.own().await.unwrap();
    let mut nodes = vec![first];
    for number in 1..12 {
        let node = start(&net, number, Arc::new(()));
        node.join(vec![invite.clone()]).await.unwrap();
        nodes.push(node);
    }
    for node in &nodes {
        peers(node, 3).await;
    }
    // The node that issued the invite dies without a word.
    net.kill(id(0));
    nodes.remove(0).shutdown().await;
    let late = start(&net, 12, Arc::new(()));
    late.join(vec![nodes[6].own().await.unwrap()])
        .await
        .unwrap();
    peers(&late, 3).await;
    nodes.push(late);
    all_find_all(&nodes).await;
    // Six of the twelve die at once.
    for number in [1, 3, 5, 7, 9, 11] {
        net.kill(id(number));
    }
    let (alive, dead): (Vec<_>, Vec<_>) = nodes
        .into_iter()
        .partition(|node| [2, 4, 6, 8, 10, 12].map(id).contains(&node.id()));
    for node in dead {
        node.shutdown().await;
    }
    for node in &alive {
        peers(node, 1).await;
    }
    all_find_all(&alive).await;
    for node in alive {
        node.shutdown().await;
        assert_eq!(node.view().await, Err(Stopped));
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_known_peers_are_dead_comes_back_by_its_last_resort() {
    let net = MemoryNet::new();
    let gone = start(&net, 0, Arc::new(()));
    let known = gone.own().await.unwrap();
    net.kill(id(0));
    gone.shutdown().await;
    let resort = start(&net, 1, Arc::new(()));
    let config = Config {
        last_resort: vec![id(7), id(1)],
        ..Config::default()
    };
    let late = start(&net, 2, Arc::new(()));
    let mut events = late.events();
    late.configure(config).await.unwrap();
    late.join(vec![known]).await.unwrap();
    let begin = tokio::time::Instant::now();
    let mut asked = Vec::new();
    while let Ok(event) = events.recv().await {
        match event {
            Event::LastResort(node) => {
                assert!(begin.elapsed() >= Duration::from_secs(115));
                asked.push(node);
                // In memory a node is found by its key alone; nobody has the other one's.
                late.meet(node, Hints::default()).await.unwrap();
            }
            Event::PeerUp(peer) => {
                assert_eq!(peer, id(1));
                break;
            }
            _ => {}
        }
    }
    assert!(asked.contains(&id(1)) && asked.len() <= 2, "{asked:?}");
    let view = late.view().await.unwrap();
    let met = view.last_resort.iter().find(|one| one.node == id(1));
    assert_eq!(met.map(|one| one.outcome), Some(crate::Outcome::Met));
    late.shutdown().await;
    resort.shutdown().await;
}

/// A line to node 2, the far end of its connection, and what keeps both.
async fn table_line(net: &MemoryNet) -> (Arc<dyn Connection>, Held) {
    let (near, far) = (net.transport(id(1)), net.transport(id(2)));
    let (reports, news) = mpsc::channel(64);
    let (orders, inbox) = mpsc::channel(64);
    let line = line::Line {
        mark: (id(2), Protocol::Table, 0),
        transport: near,
        hints: far.hints(),
        exposure: Exposure::Direct,
        reports,
    };
    tokio::spawn(line.run(inbox));
    let question = Bytes::from_static(b"?");
    orders.send(line::Order::Send(question)).await.unwrap();
    let connection = far.accept().await.unwrap();
    (connection, (orders, news, far))
}

type Held = (
    mpsc::Sender<line::Order>,
    mpsc::Receiver<(line::Mark, line::Report)>,
    Arc<crate::memory::MemoryTransport>,
);

#[tokio::test(start_paused = true)]
async fn a_table_connection_on_which_only_keep_alives_move_is_closed() {
    let (connection, _held) = table_line(&MemoryNet::new()).await;
    let begin = tokio::time::Instant::now();
    let closed = tokio::time::timeout(Duration::from_secs(600), connection.closed()).await;
    assert!(closed.is_ok(), "it stays open for ever");
    let took = begin.elapsed().as_secs();
    assert!((30..=60).contains(&took), "{took} s");
}

#[tokio::test(start_paused = true)]
async fn a_table_connection_by_which_questions_come_stays_open() {
    let (connection, _held) = table_line(&MemoryNet::new()).await;
    let talk = async {
        loop {
            tokio::time::sleep(Duration::from_secs(20)).await;
            let mut stream = connection.open_uni().await.unwrap();
            stream.write_all(b"?").await.unwrap();
            stream.finish().unwrap();
        }
    };
    tokio::select! {
        () = talk => {}
        ended = connection.closed() => panic!("closed while it is used: {ended}"),
        () = tokio::time::sleep(Duration::from_secs(300)) => {}
    }
}

#[tokio::test]
async fn records_and_messages_reach_others() {
    let net = MemoryNet::new();
    let nodes: Vec<Handle> = (0..4).map(|n| start(&net, n, Arc::new(()))).collect();
    let invite = nodes[0].own().await.unwrap();
    for node in &nodes[1..] {
        node.join(vec![invite.clone()]).await.unwrap();
        peers(node, 1).await;
    }
    let expires = invite.issued + 3600;
    let record = SignedRecord::owned(
        &key(1),
        b"profile",
        1,
        crate::machine::UnixTime(expires),
        b"hello".to_vec(),
    );
    let record = record.unwrap();
    assert!(nodes[1].put(record.clone()).await.unwrap() >= 1);
    assert_eq!(nodes[3].get(record.key).await.unwrap(), vec![record]);

    let topic = Topic::named("chess");
    let mut listening = nodes[3].subscribe(topic).await.unwrap();
    let _own = nodes[1].subscribe(topic).await.unwrap();
    let heard = async {
        // A swarm needs a moment to form; what is said before it stands is heard by nobody.
        for move_number in 1_u32.. {
            let said = format!("move {move_number}");
            let _ = nodes[1].publish(topic, said.into()).await.unwrap();
            let next = tokio::time::timeout(Duration::from_millis(300), listening.next()).await;
            if let Ok(message) = next {
                return message;
            }
        }
        None
    };
    let message = tokio::time::timeout(PATIENCE, heard).await;
    let message = message.expect("heard in time").expect("a message");
    assert!(message.bytes.starts_with(b"move "));
    nodes[3].accept(message.id, Verdict::Accept).await.unwrap();
    for node in &nodes {
        node.shutdown().await;
    }
}

#[derive(Default)]
struct Kept(Mutex<Vec<PeerRecord>>);

impl PeerCache for Kept {
    fn load(&self) -> Vec<PeerRecord> {
        self.0.lock().unwrap().clone()
    }

    fn store(&self, peers: Vec<PeerRecord>) {
        *self.0.lock().unwrap() = peers;
    }
}

#[tokio::test]
async fn a_node_that_starts_again_needs_no_invite() {
    let net = MemoryNet::new();
    let kept = Arc::new(Kept::default());
    let first = start(&net, 0, Arc::new(()));
    let second = start(&net, 1, kept.clone());
    second.join(vec![first.own().await.unwrap()]).await.unwrap();
    peers(&second, 1).await;
    second.shutdown().await;
    assert_eq!(kept.0.lock().unwrap()[0].id, id(0));
    let second = start(&net, 1, kept);
    peers(&second, 1).await;
    second.shutdown().await;
    first.shutdown().await;
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_its_connection() {
    let net = MemoryNet::new();
    let node = start(&net, 0, Arc::new(()));
    node.own().await.unwrap();
    let hostile = net.transport(id(9));
    let dial = |alpn: &'static [u8]| {
        let hostile = hostile.clone();
        async move {
            let hints = Hints::default();
            hostile.dial(id(0), &hints, Exposure::Direct, alpn).await
        }
    };
    for protocol in Protocol::ALL {
        let connection = dial(protocol.alpn()).await.unwrap();
        let mut stream = connection.open_uni().await.unwrap();
        let long = vec![0; protocol.max_message() + 1];
        // The other side may hang up before all is written.
        let _ = stream.write_all(&long).await;
        let _ = stream.finish();
        let ended = tokio::time::timeout(PATIENCE, connection.closed()).await;
        assert_eq!(ended.expect("closed in time"), LinkError::Closed(2));
    }
    let connection = dial(b"unknown/1").await.unwrap();
    assert_eq!(connection.closed().await, LinkError::Closed(1));
    node.shutdown().await;
}

#[tokio::test]
async fn garbage_gets_a_peer_banned_and_the_node_goes_on() {
    let net = MemoryNet::new();
    let node = start(&net, 0, Arc::new(()));
    node.own().await.unwrap();
    let mut events = node.events();
    let hostile = net.transport(id(9));
    let hints = Hints::default();
    let alpn = Protocol::Table.alpn();
    let connection = hostile
        .dial(id(0), &hints, Exposure::Direct, alpn)
        .await
        .unwrap();
    for _ in 0..3 {
        let mut stream = connection.open_uni().await.unwrap();
        stream.write_all(b"garbage").await.unwrap();
        stream.finish().unwrap();
    }
    let ended = tokio::time::timeout(PATIENCE, connection.closed()).await;
    assert_eq!(ended.expect("closed in time"), LinkError::Closed(0));
    let blamed = async {
        loop {
            if let Event::Misbehaved { peer, .. } = events.recv().await.unwrap() {
                return peer;
            }
        }
    };
    assert_eq!(blamed.await, id(9));
    // Dialled again, it is turned away; an honest peer is not.
    let again = hostile
        .dial(id(0), &hints, Exposure::Direct, alpn)
        .await
        .unwrap();
    tokio::time::timeout(PATIENCE, again.closed())
        .await
        .expect("closed in time");
    let honest = start(&net, 1, Arc::new(()));
    honest.join(vec![node.own().await.unwrap()]).await.unwrap();
    peers(&honest, 1).await;
    honest.shutdown().await;
    node.shutdown().await;
}

#[tokio::test]
async fn connections_of_the_floors_above_are_handed_on() {
    let net = MemoryNet::new();
    let (others, mut upstairs) = mpsc::channel(4);
    let node = Driver {
        config: Config::default(),
        key: key(0),
        seed: [0; 32],
        transport: net.transport(id(0)),
        cache: Arc::new(()),
        exposure: Exposure::Direct,
        others: Some(others),
    }
    .spawn();
    let peer = net.transport(id(1));
    let hints = Hints::default();
    let near = peer
        .dial(id(0), &hints, Exposure::Direct, b"webx/comms/1")
        .await
        .unwrap();
    let far = upstairs.recv().await.unwrap();
    assert_eq!(
        (far.peer(), far.alpn()),
        (id(1), b"webx/comms/1".as_slice())
    );
    assert_eq!(near.channel_binding(b"x"), far.channel_binding(b"x"));
    assert_ne!(near.channel_binding(b"x"), far.channel_binding(b"y"));
    let (mut say, mut hear) = near.open_bi().await.unwrap();
    say.write_all(b"ping").await.unwrap();
    say.finish().unwrap();
    let (mut reply, mut heard) = far.accept_bi().await.unwrap();
    let mut text = String::new();
    heard.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "ping");
    reply.write_all(b"po").await.unwrap();
    reply.reset(7);
    let error = hear.read_to_string(&mut text).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    node.shutdown().await;
    peer.close().await;
}

#[tokio::test]
async fn a_partition_ends_connections_and_a_mended_one_heals() {
    let net = MemoryNet::new();
    let first = start(&net, 0, Arc::new(()));
    let second = start(&net, 1, Arc::new(()));
    second.join(vec![first.own().await.unwrap()]).await.unwrap();
    peers(&second, 1).await;
    let mut events = second.events();
    net.partition(&[id(0)], true);
    let parted = async { while events.recv().await.unwrap() != Event::PeerDown(id(0)) {} };
    tokio::time::timeout(PATIENCE, parted)
        .await
        .expect("parted in time");
    net.partition(&[id(0)], false);
    peers(&second, 1).await;
    second.shutdown().await;
    first.shutdown().await;
}
