//! One machine against peers that break the rules.

use super::super::broadcast::{KEPT_BYTES, MISSING, SEEN, WAITING};
use super::super::*;
use super::swarm::record;

struct Victim {
    gossip: Gossip,
    now: Time,
}

impl Victim {
    /// With neighbours 1 to `neighbours`.
    fn new(neighbours: u64) -> Self {
        let gossip = Gossip::new(Config::default(), record(0), &[1; 32], Time(0));
        let mut victim = Self {
            gossip,
            now: Time(1),
        };
        for peer in 1..=neighbours {
            victim.connect(peer);
            victim.hear(peer, Body::Neighbour(true, record(peer)));
        }
        assert_eq!(victim.gossip.neighbours().len() as u64, neighbours.min(5));
        victim.drain();
        victim
    }

    fn connect(&mut self, peer: u64) {
        let peer = record(peer).id;
        let input = Input::Connected {
            peer,
            protocol: Protocol::Gossip,
            ip: None,
            dialled: false,
        };
        self.gossip.handle(self.now, input);
    }

    fn hear(&mut self, from: u64, body: Body) {
        self.hear_bytes(from, wire::encode(Topic::QNET, body));
    }

    fn hear_bytes(&mut self, from: u64, bytes: Bytes) {
        let from = record(from).id;
        let input = Input::Message {
            from,
            protocol: Protocol::Gossip,
            bytes,
        };
        self.gossip.handle(self.now, input);
    }

    fn pass(&mut self, millis: u64) {
        self.now = Time(self.now.0 + millis * 1000);
        self.gossip.handle(self.now, Input::Wake);
    }

    fn drain(&mut self) -> Vec<Output<Event>> {
        core::iter::from_fn(|| self.gossip.poll()).collect()
    }

    fn sizes(&self) -> [usize; 5] {
        self.gossip.swarms[&Topic::QNET].broadcast.sizes()
    }

    fn blamed(&mut self, who: u64, what: Offence) -> bool {
        let peer = record(who).id;
        self.drain()
            .contains(&Output::Event(Event::Misbehaved { peer, what }))
    }
}

impl PartialEq for Output<Event> {
    fn eq(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

fn text(number: usize, length: usize) -> Bytes {
    let mut text = number.to_le_bytes().to_vec();
    text.resize(length.max(8), 1);
    Bytes::from(text)
}

fn ids(from: usize, count: usize) -> Vec<MessageId> {
    (from..from + count)
        .map(|number| message_id(Topic::QNET, &text(number, 8)))
        .collect()
}

#[test]
fn memory_stays_bounded_under_a_flood_of_messages() {
    let mut victim = Victim::new(3);
    let mut blamed = false;
    for number in 0..3000 {
        victim.hear(1, Body::Push(0, text(number, 8000)));
        let outputs = victim.drain();
        for output in &outputs {
            if let Output::Event(Event::Message { id, .. }) = output {
                victim.gossip.accept(victim.now, *id, Verdict::Accept);
            }
            blamed |= matches!(
                output,
                Output::Event(Event::Misbehaved {
                    what: Offence::Flood,
                    ..
                })
            );
        }
        victim.drain();
        victim.pass(5);
    }
    let [seen, kept, waiting, missing, queued] = victim.sizes();
    assert!(
        seen <= SEEN
            && kept <= KEPT_BYTES
            && waiting <= WAITING
            && missing <= MISSING
            && queued <= 256
    );
    assert!(blamed, "a flood has a name");
}

#[test]
fn messages_that_nobody_judges_take_little_room_and_leave_in_time() {
    let mut victim = Victim::new(2);
    for number in 0..100 {
        victim.hear(1, Body::Push(0, text(number, 100)));
    }
    assert!(victim.sizes()[2] <= 16, "from one peer");
    for number in 100..200 {
        victim.hear(2, Body::Push(0, text(number, 100)));
    }
    assert!(victim.sizes()[2] <= 32);
    victim.pass(11_000);
    assert_eq!(victim.sizes()[2], 0);
}

#[test]
fn announcements_without_messages_are_bounded_and_held_against_the_peer() {
    let mut victim = Victim::new(2);
    for round in 0..200 {
        victim.hear(1, Body::Have(ids(round * 64, 64)));
    }
    assert!(victim.sizes()[3] <= 128);
    victim.pass(2);
    victim.hear(2, Body::Have(ids(1_000_000, 1)));
    assert!(victim.sizes()[3] <= 129, "another peer still has room");
    assert!(victim.blamed(1, Offence::Flood));
    victim.pass(600);
    victim.pass(1200);
    assert!(victim.blamed(1, Offence::Silent));
    for _ in 0..10 {
        victim.pass(1500);
    }
    assert_eq!(victim.sizes()[3], 0);
}

#[test]
fn grafts_are_answered_only_so_often() {
    let mut victim = Victim::new(2);
    let id = victim
        .gossip
        .publish(victim.now, Topic::QNET, text(1, 30_000))
        .unwrap();
    victim.drain();
    for _ in 0..500 {
        victim.hear(1, Body::Graft(id));
    }
    let sent: usize = victim
        .drain()
        .iter()
        .map(|output| match output {
            Output::Send { bytes, .. } => bytes.len(),
            _ => 0,
        })
        .sum();
    assert!(sent < 70 * 30_100, "{sent} bytes");
}

#[test]
fn strangers_push_nothing_and_are_shown_the_door() {
    let mut victim = Victim::new(2);
    victim.connect(9);
    victim.hear(9, Body::Push(0, text(1, 10)));
    victim.hear(9, Body::Have(ids(1, 4)));
    victim.hear(9, Body::Forward(0, record(10)));
    victim.hear(9, Body::Shuffle(1, 0, vec![record(11)]));
    assert_eq!(victim.sizes(), [0; 5]);
    assert!(
        victim
            .drain()
            .iter()
            .all(|output| !matches!(output, Output::Event(_) | Output::Send { .. }))
    );
    victim.pass(21_000);
    let closed = Output::<Event>::Close {
        peer: record(9).id,
        protocol: Protocol::Gossip,
    };
    assert!(victim.drain().contains(&closed));
}

#[test]
fn connections_of_strangers_are_limited() {
    let mut victim = Victim::new(1);
    for peer in 100..100 + CONNECTIONS as u64 + 50 {
        victim.connect(peer);
    }
    assert!(victim.gossip.lines.len() <= CONNECTIONS);
}

#[test]
fn a_flood_of_joins_displaces_few_and_never_the_oldest_first() {
    let mut victim = Victim::new(0);
    for peer in 1..=5 {
        victim.connect(peer);
        victim.hear(peer, Body::Neighbour(true, record(peer)));
        victim.pass(60_000);
    }
    let oldest = record(1).id;
    for peer in 100..300 {
        victim.connect(peer);
        victim.hear(peer, Body::Join(record(peer)));
        victim.pass(10);
    }
    let near: Vec<_> = victim
        .gossip
        .neighbours()
        .into_iter()
        .map(|(id, _)| id)
        .collect();
    assert!((5..=7).contains(&near.len()));
    assert!(near.contains(&oldest), "the oldest neighbour stays");
    assert!(victim.gossip.reserve().len() <= 30);
}

#[test]
fn forged_records_are_not_believed() {
    let mut victim = Victim::new(2);
    let mut forged = record(50);
    forged.sequence += 1;
    victim.hear(1, Body::Shuffle(1, 0, vec![record(51), forged.clone()]));
    assert!(victim.blamed(1, Offence::Forged));
    assert!(
        victim
            .gossip
            .reserve()
            .iter()
            .all(|known| known.id != forged.id)
    );
    victim.connect(52);
    victim.hear(52, Body::Join(record(53)));
    assert!(
        victim.blamed(52, Offence::Forged),
        "a join in another's name"
    );
}

#[test]
fn malformed_frames_have_a_name_and_change_nothing() {
    let mut victim = Victim::new(2);
    for bytes in [
        &b""[..],
        b"\xff",
        b"\x83\x01\xf6\xa1\x64push\x82\x04\x40",
        &[0x83; 5000],
    ] {
        victim.hear_bytes(1, Bytes::from_static(bytes.to_vec().leak()));
        assert!(victim.blamed(1, Offence::Malformed), "{bytes:?}");
    }
    assert_eq!(victim.gossip.neighbours().len(), 2);
    assert_eq!(victim.sizes(), [0; 5]);
}

#[test]
fn too_long_or_unsubscribed_messages_are_not_published() {
    let mut victim = Victim::new(0);
    let publish = |victim: &mut Victim, topic, length| {
        victim
            .gossip
            .publish(victim.now, topic, Bytes::from(vec![1; length]))
    };
    assert_eq!(
        publish(&mut victim, Topic::QNET, MAX_MESSAGE + 1),
        Err(Refused::Size(MAX_MESSAGE + 1))
    );
    assert_eq!(publish(&mut victim, Topic::QNET, 0), Err(Refused::Size(0)));
    assert_eq!(
        publish(&mut victim, Topic::named("x"), 1),
        Err(Refused::NotSubscribed)
    );
    assert!(publish(&mut victim, Topic::QNET, MAX_MESSAGE).is_ok());
}

#[test]
fn a_neighbour_that_never_answers_is_given_up() {
    let mut victim = Victim::new(1);
    victim
        .gossip
        .introduce(victim.now, Topic::QNET, vec![record(70)]);
    victim.pass(3_000);
    let asked = victim
        .drain()
        .iter()
        .any(|output| matches!(output, Output::Send { to, .. } if *to == record(70).id));
    assert!(asked);
    victim.pass(16_000);
    assert!(
        victim
            .gossip
            .reserve()
            .iter()
            .all(|known| known.id != record(70).id)
    );
    assert!(!victim.gossip.wanted(&record(70).id));
}
