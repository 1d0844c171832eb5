//! What hostile and broken peers try, and what it gets them.

use super::*;
use crate::score::Offence;
use crate::table::message::{Body, Message as Table};

const MALLORY: u8 = 200;

fn mallory() -> SigningKey {
    SigningKey::from_bytes(&[MALLORY; 32])
}

fn record_of(key: &SigningKey, sequence: u64, address: &str) -> PeerRecord {
    let hints = Hints {
        direct: vec![address.parse().unwrap()],
        relays: vec![],
    };
    PeerRecord::signed(key, sequence, 1_800_000_000, hints, false).unwrap()
}

/// A single node with Mallory connected to it.
struct Alone {
    node: Node,
    now: Time,
    from: NodeId,
}

impl Alone {
    fn new() -> Self {
        let mut node = Node::new(Config::default(), SigningKey::from_bytes(&[1; 32]), [1; 32]);
        let now = Time(1_000_000);
        node.handle(now, Input::Clock(UnixTime(1_800_000_000)));
        let from = NodeId(mallory().verifying_key().to_bytes());
        let mut alone = Self { node, now, from };
        for protocol in Protocol::ALL {
            alone.connect(alone.from, protocol);
        }
        alone.drain();
        alone
    }

    fn connect(&mut self, peer: NodeId, protocol: Protocol) {
        let input = Input::Connected {
            peer,
            protocol,
            ip: Some("198.51.100.7".parse().unwrap()),
            dialled: false,
        };
        self.node.handle(self.now, input);
    }

    fn say(&mut self, protocol: Protocol, bytes: impl Into<Bytes>) {
        let input = Input::Message {
            from: self.from,
            protocol,
            bytes: bytes.into(),
        };
        self.node.handle(self.now, input);
    }

    fn table(&mut self, number: u32, body: Body) {
        self.say(Protocol::Table, Table::new(number, body).encode());
    }

    fn drain(&mut self) -> Vec<Output<Event>> {
        core::iter::from_fn(|| self.node.poll()).collect()
    }

    fn blamed(&mut self) -> Vec<Offence> {
        let outputs = self.drain().into_iter();
        outputs
            .filter_map(|one| match one {
                Output::Event(Event::Misbehaved { what, .. }) => Some(what),
                _ => None,
            })
            .collect()
    }

    fn answers(&mut self) -> Vec<Body> {
        let outputs = self.drain().into_iter();
        outputs
            .filter_map(|one| match one {
                Output::Send {
                    protocol: Protocol::Table,
                    bytes,
                    ..
                } => Some(Table::decode(&bytes).unwrap().2),
                _ => None,
            })
            .collect()
    }
}

#[test]
fn a_flood_is_cut_short_and_its_sender_banned() {
    let mut alone = Alone::new();
    for number in 0..5000 {
        alone.table(number, Body::Ping);
    }
    let outputs = alone.drain();
    let sent = outputs
        .iter()
        .filter(|one| matches!(one, Output::Send { .. }));
    assert!(sent.count() <= 200);
    let closed = outputs
        .iter()
        .filter(|one| matches!(one, Output::Close { .. }));
    assert!(closed.count() >= 3);
    assert!(alone.node.scores.banned(alone.now, &alone.from));
    // Another peer is served as before.
    alone.from = NodeId(SigningKey::from_bytes(&[9; 32]).verifying_key().to_bytes());
    alone.connect(alone.from, Protocol::Table);
    alone.table(1, Body::Ping);
    assert_eq!(alone.answers(), [Body::Pong]);
}

#[test]
fn forged_replayed_and_borrowed_records_are_refused() {
    let mut alone = Alone::new();
    let mut forged = record_of(&mallory(), 5, "198.51.100.7:1");
    forged.sequence = 6;
    alone.table(0, Body::Me(forged, true));
    assert_eq!(alone.blamed(), [Offence::Forged]);
    alone.table(
        0,
        Body::Me(record_of(&mallory(), 5, "198.51.100.7:1"), true),
    );
    assert!(alone.blamed().is_empty());
    alone.table(
        0,
        Body::Me(record_of(&mallory(), 4, "198.51.100.7:1"), true),
    );
    assert_eq!(alone.blamed(), [Offence::Expired]);
    let other = SigningKey::from_bytes(&[8; 32]);
    alone.table(0, Body::Me(record_of(&other, 4, "198.51.100.7:1"), true));
    assert_eq!(alone.blamed(), [Offence::Lie]);
}

#[test]
fn nobody_enters_the_table_before_he_has_answered() {
    let mut alone = Alone::new();
    alone.table(
        0,
        Body::Me(record_of(&mallory(), 5, "198.51.100.7:1"), true),
    );
    assert_eq!(alone.node.table.len(), 0);
    let outputs = alone.drain();
    let ping = outputs.iter().find_map(|one| match one {
        Output::Send {
            protocol: Protocol::Table,
            bytes,
            ..
        } => match Table::decode(bytes).unwrap() {
            Table {
                1: number,
                2: Body::Ping,
                ..
            } => Some(number),
            _ => None,
        },
        _ => None,
    });
    let number = ping.expect("is asked");
    // Somebody else's answer does not count.
    let other = NodeId(SigningKey::from_bytes(&[9; 32]).verifying_key().to_bytes());
    let (from, input) = (alone.from, Table::new(number, Body::Pong).encode());
    alone.from = other;
    alone.say(Protocol::Table, input.clone());
    assert_eq!(alone.blamed(), [Offence::Unasked]);
    assert_eq!(alone.node.table.len(), 0);
    alone.from = from;
    alone.say(Protocol::Table, input);
    assert_eq!(alone.node.table.len(), 1);
}

#[test]
fn a_record_is_stored_only_with_a_token_for_this_address_and_before_it_expires() {
    let mut alone = Alone::new();
    let make = |expires| {
        SignedRecord::owned(&mallory(), b"x", 1, UnixTime(expires), b"v".to_vec()).unwrap()
    };
    let record = make(1_800_000_600);
    alone.table(1, Body::Store(record.clone(), [0; 8]));
    assert_eq!(alone.answers(), [Body::Stored(1)]);
    let token = |alone: &mut Alone| {
        alone.table(2, Body::Find(record.key, 20));
        match alone.answers().pop() {
            Some(Body::Nodes(_, token)) => token,
            other => panic!("{other:?}"),
        }
    };
    let good = token(&mut alone);
    for wrong in [make(1_799_999_999), make(1_800_000_000 + 5 * 86_400)] {
        alone.table(3, Body::Store(wrong, good));
        assert_eq!(alone.answers(), [Body::Stored(4)]);
    }
    let mut forged = record.clone();
    forged.value = b"w".to_vec();
    alone.table(4, Body::Store(forged, good));
    assert_eq!(alone.answers(), [Body::Stored(4)]);
    alone.table(5, Body::Store(record.clone(), good));
    assert_eq!(alone.answers(), [Body::Stored(0)]);
    // The token is neither another's nor for ever.
    let mallory = alone.from;
    alone.from = NodeId(SigningKey::from_bytes(&[9; 32]).verifying_key().to_bytes());
    alone.connect(alone.from, Protocol::Table);
    alone.table(6, Body::Store(record.clone(), good));
    assert_eq!(alone.answers(), [Body::Stored(1)]);
    alone.from = mallory;
    alone.now = Time(alone.now.0 + 1_300_000_000);
    alone.table(7, Body::Store(record, good));
    assert_eq!(alone.answers(), [Body::Stored(1)]);
}

#[test]
fn what_was_not_asked_for_is_not_taken() {
    let mut alone = Alone::new();
    let someone = record_of(&SigningKey::from_bytes(&[8; 32]), 1, "198.51.100.9:1");
    alone.table(77, Body::Nodes(vec![someone.clone()], [0; 8]));
    assert_eq!(alone.blamed(), [Offence::Unasked]);
    let hello = crate::control::Message::hello(record_of(&mallory(), 1, "198.51.100.7:1"), true);
    alone.say(Protocol::Control, hello.encode());
    alone.drain();
    // The node asked for peers when it met its first neighbour, so one answer is good and the next is not.
    let peers = crate::control::Message::peers(vec![(someone, None)]).encode();
    alone.say(Protocol::Control, peers.clone());
    assert!(alone.blamed().is_empty());
    alone.say(Protocol::Control, peers);
    assert_eq!(alone.blamed(), [Offence::Unasked]);
}

#[test]
fn memory_stays_bounded_whoever_knocks() {
    let mut alone = Alone::new();
    for number in 0..1500_u32 {
        let mut seed = [3; 32];
        seed[..4].copy_from_slice(&number.to_be_bytes());
        let key = SigningKey::from_bytes(&seed);
        alone.from = NodeId(key.verifying_key().to_bytes());
        let [_, _, a, b] = number.to_be_bytes();
        let record = record_of(&key, 1, &format!("77.{a}.{b}.1:1"));
        for protocol in [Protocol::Control, Protocol::Table] {
            alone.connect(alone.from, protocol);
        }
        alone.table(0, Body::Me(record.clone(), number % 2 == 0));
        let hello = crate::control::Message::hello(record, true).encode();
        alone.say(Protocol::Control, hello);
        alone.drain();
        for protocol in [Protocol::Control, Protocol::Table] {
            let peer = alone.from;
            let input = Input::Disconnected { peer, protocol };
            if number % 3 == 0 {
                alone.node.handle(alone.now, input);
            }
        }
        alone.now = Time(alone.now.0 + 1000);
    }
    let view = alone.node.view(alone.now);
    assert!(view.known <= 256);
    assert!(view.table <= 20 * 257);
    assert!(alone.node.control.len() <= 5 + 32 + 1);
    assert!(alone.drain().len() < 2000);
}

fn hostile_records(net: &Net, hostile: &[usize]) -> Vec<PeerRecord> {
    hostile
        .iter()
        .map(|index| net.node(*index).record().unwrap().clone())
        .collect()
}

/// One in four names only its own kind and stores nothing.
#[test]
fn an_eclipse_by_a_quarter_of_all_nodes_fails() {
    let mut net = Net::new(20);
    net.grow(32);
    let hostile: Vec<usize> = (0..32).filter(|index| index % 4 == 3).collect();
    let records = hostile_records(&net, &hostile);
    for index in &hostile {
        let own = net.id(*index);
        let mut kind = records.clone();
        kind.retain(|record| record.id != own);
        net.hostile.insert(
            *index,
            Box::new(move |body| {
                Some(match body {
                    Body::Ping => Body::Pong,
                    Body::Find(_, want) => {
                        Body::Nodes(kind.iter().take(want.into()).cloned().collect(), [1; 8])
                    }
                    Body::Get(_, want) => {
                        let kind = kind.iter().take(want.into()).cloned().collect();
                        Body::Values(vec![], kind, [1; 8])
                    }
                    _ => Body::Stored(0),
                })
            }),
        );
    }
    let record = net.with(0, |node, now| {
        let expires = UnixTime(node.unix(now).0 + 3600);
        SignedRecord::owned(&node.key, b"x", 1, expires, b"true".to_vec()).unwrap()
    });
    net.with(0, |node, now| node.put(now, record.clone()));
    net.run(Duration::from_secs(30));
    for index in [1, 5, 9, 13, 30] {
        assert_eq!(net.get(index, record.key), vec![record.clone()], "{index}");
        let wanted = net.id(32 - index);
        let query = net.with(index, |node, now| node.find(now, wanted));
        let found = net.until(index, Duration::from_secs(90), |event| match event {
            Event::Found {
                query: of, record, ..
            } if *of == query => Some(record.is_some()),
            _ => None,
        });
        assert_eq!(found, Some(true), "{index}");
    }
}

/// Answers full of nodes that do not exist, and of false values.
#[test]
fn inventors_of_nodes_and_values_are_found_out() {
    let mut net = Net::new(21);
    net.grow(16);
    for liar in [3, 7] {
        net.hostile.insert(
            liar,
            Box::new(move |body| {
                let invented = |want: u8| {
                    let make = |number| {
                        let key = SigningKey::from_bytes(&[number + 100; 32]);
                        record_of(&key, 1, &format!("10.77.{liar}.{}:1", number + 1))
                    };
                    (0..want.min(12)).map(make).collect::<Vec<_>>()
                };
                Some(match body {
                    Body::Ping => Body::Pong,
                    Body::Find(_, want) => Body::Nodes(invented(want), [1; 8]),
                    Body::Get(key, _) => {
                        let expires = UnixTime(1_800_003_600);
                        let mut value =
                            SignedRecord::open(&mallory(), key, 9, expires, vec![]).unwrap();
                        value.value = b"false".to_vec();
                        Body::Values(vec![value], vec![], [1; 8])
                    }
                    _ => Body::Stored(0),
                })
            }),
        );
    }
    let key = Key::open(b"something");
    assert!(net.get(0, key).is_empty());
    let wanted = NodeId([5; 32]);
    let query = net.with(0, |node, now| node.find(now, wanted));
    let found = net.until(0, Duration::from_secs(90), |event| match event {
        Event::Found {
            query: of, record, ..
        } if *of == query => Some(record.clone()),
        _ => None,
    });
    assert_eq!(found, Some(None));
    for liar in [3, 7] {
        let score = net.node(0).scores.score(net.now, &net.id(liar));
        assert!(score < -15.0, "{liar} has {score}");
    }
    for honest in [1, 2, 4, 5, 6] {
        assert!(net.node(0).scores.score(net.now, &net.id(honest)) > -5.0);
    }
}

#[test]
fn peers_that_accept_and_drop_do_not_stop_a_search() {
    let mut net = Net::new(22);
    net.grow(16);
    net.mute.extend([2, 6, 10, 14]);
    for (from, to) in [(0, 15), (1, 13), (3, 12), (15, 1)] {
        let wanted = net.id(to);
        let query = net.with(from, |node, now| node.find(now, wanted));
        let found = net.until(from, Duration::from_secs(60), |event| match event {
            Event::Found {
                query: of, record, ..
            } if *of == query => Some(record.is_some()),
            _ => None,
        });
        assert_eq!(found, Some(true), "{from} looks for {to}");
    }
    net.run(Duration::from_secs(300));
    let mute = net.id(2);
    assert!(net.node(0).control.peers().all(|(id, _)| *id != mute));
}

#[test]
fn clocks_may_be_wrong_by_hours() {
    let mut net = Net::new(23);
    for (index, skew) in [0, 7200, -7200, 40 * 60, -86_000, 0]
        .into_iter()
        .enumerate()
    {
        net.skew.insert(index, skew);
    }
    net.grow(8);
    everybody_finds_everybody(&mut net);
    let record = net.with(3, |node, now| {
        let expires = UnixTime(node.unix(now).0 + 86_400);
        SignedRecord::owned(&node.key, b"x", 1, expires, b"v".to_vec()).unwrap()
    });
    net.with(3, |node, now| node.put(now, record.clone()));
    net.run(Duration::from_secs(30));
    assert_eq!(net.get(7, record.key), vec![record]);
}

#[test]
fn a_refused_connection_names_others() {
    let mut alone = Alone::new();
    let config = Config {
        max_neighbours: 3,
        max_guests: 0,
        ..Config::default()
    };
    alone.node.configure(alone.now, config);
    for number in 1..4 {
        alone.connect(NodeId([number; 32]), Protocol::Control);
    }
    alone.drain();
    alone.connect(NodeId([77; 32]), Protocol::Control);
    let closed = Output::<Event>::Close {
        peer: NodeId([77; 32]),
        protocol: Protocol::Control,
    };
    let outputs = alone.drain();
    assert!(
        outputs
            .iter()
            .any(|one| format!("{one:?}") == format!("{closed:?}"))
    );
}

#[test]
fn a_ping_by_way_of_this_node_is_passed_on_to_neighbours_alone_and_answered_once() {
    let mut alone = Alone::new();
    let key = |number: u8| SigningKey::from_bytes(&[number; 32]);
    let id = |number: u8| NodeId(key(number).verifying_key().to_bytes());
    let hello = |number: u8| {
        let record = record_of(&key(number), 1, &format!("198.51.{number}.7:1"));
        crate::control::Message::hello(record, true).encode()
    };
    let told = |alone: &mut Alone| -> Vec<(NodeId, crate::control::Message)> {
        let outputs = alone.drain().into_iter();
        let control = outputs.filter_map(|one| match one {
            Output::Send {
                to,
                protocol: Protocol::Control,
                bytes,
            } => Some((to, crate::control::Message::decode(&bytes).unwrap())),
            _ => None,
        });
        control.collect()
    };
    for number in [8, 9] {
        alone.from = id(number);
        alone.connect(alone.from, Protocol::Control);
        alone.say(Protocol::Control, hello(number));
    }
    alone.drain();
    // Nobody else than a neighbour, and nobody to himself.
    for to in [id(8), id(8), NodeId([77; 32])] {
        alone.from = if to == id(8) { id(8) } else { id(9) };
        let pass = crate::control::Message::pass(to, 5).encode();
        alone.say(Protocol::Control, pass);
        assert!(told(&mut alone).is_empty());
    }
    alone.from = id(9);
    alone.say(
        Protocol::Control,
        crate::control::Message::pass(id(8), 6).encode(),
    );
    let passed = crate::control::Message::passed(id(9), 6);
    assert_eq!(told(&mut alone), [(id(8), passed)]);
    // The answer goes back once; a second one, or one that nobody waits for, is an offence.
    alone.from = id(8);
    let answer = crate::control::Message::pass_back(id(9), 6).encode();
    alone.say(Protocol::Control, answer.clone());
    let back = crate::control::Message::back(id(8), 6);
    assert_eq!(told(&mut alone), [(id(9), back)]);
    alone.say(Protocol::Control, answer);
    assert_eq!(alone.blamed(), [Offence::Unasked]);
    alone.say(
        Protocol::Control,
        crate::control::Message::back(id(9), 6).encode(),
    );
    assert_eq!(alone.blamed(), [Offence::Unasked]);
    // Who serves nobody passes nothing on.
    let config = Config {
        table_serving: false,
        ..Config::default()
    };
    alone.node.configure(alone.now, config);
    alone.drain();
    alone.from = id(9);
    alone.say(
        Protocol::Control,
        crate::control::Message::pass(id(8), 7).encode(),
    );
    assert!(told(&mut alone).is_empty());
}
