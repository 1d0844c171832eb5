#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::machine::UnixTime;
use crate::transport::Hints;
use ed25519_dalek::SigningKey;
use proptest::prelude::*;

fn peer(number: u8) -> PeerRecord {
    let hints = Hints {
        direct: vec!["203.0.113.7:7701".parse().unwrap()],
        relays: vec![],
    };
    let key = SigningKey::from_bytes(&[number; 32]);
    PeerRecord::signed(&key, 1, 1_800_000_000, hints, false).unwrap()
}

fn value(number: u8, length: usize) -> SignedRecord {
    let key = SigningKey::from_bytes(&[number; 32]);
    let place = Key::open(b"subject");
    SignedRecord::open(&key, place, 1, UnixTime(1_800_000_600), vec![7; length]).unwrap()
}

fn all() -> Vec<Message> {
    let place = Key([0xab; 32]);
    [
        Body::Me(peer(1), true),
        Body::Ping,
        Body::Pong,
        Body::Find(place, 20),
        Body::Nodes(vec![peer(1), peer(2)], [5; 8]),
        Body::Get(place, 20),
        Body::Values(vec![value(1, 9)], vec![peer(2)], [5; 8]),
        Body::Store(value(1, 9), [5; 8]),
        Body::Stored(0),
    ]
    .into_iter()
    .map(|body| {
        let number = if matches!(body, Body::Me(..)) { 0 } else { 77 };
        Message::new(number, body)
    })
    .collect()
}

#[test]
fn messages_have_these_bytes() {
    let hashes: Vec<String> = all()
        .iter()
        .map(|one| blake3::hash(&one.encode()).to_hex()[..16].to_string())
        .collect();
    let pinned: Vec<&str> = include_str!("fixtures/messages.b3").lines().collect();
    assert_eq!(hashes, pinned);
}

#[test]
fn messages_are_read_as_they_were_written() {
    for message in all() {
        assert_eq!(Message::decode(&message.encode()), Ok(message));
    }
}

#[test]
fn what_is_beyond_the_limits_is_not_read() {
    let wrong = [
        Message::new(1, Body::Find(Key([0; 32]), 41)),
        Message::new(1, Body::Stored(5)),
        Message::new(1, Body::Me(peer(1), true)),
        Message::new(1, Body::Nodes(vec![peer(1); 41], [0; 8])),
        Message::new(1, Body::Values(vec![value(1, 1); 17], vec![], [0; 8])),
        Message(2, 1, Body::Ping),
    ];
    for message in wrong {
        assert!(Message::decode(&message.encode()).is_err());
    }
    assert!(Message::decode(&vec![0; Protocol::Table.max_message() + 1]).is_err());
}

#[test]
fn a_full_answer_fits_into_a_message() {
    let hints = Hints {
        direct: vec!["[2001:db8::7]:7701".parse().unwrap(); 8],
        relays: vec![format!("https://{}", "a".repeat(192)); 3],
    };
    let key = SigningKey::from_bytes(&[1; 32]);
    let big = PeerRecord::signed(&key, u64::MAX, u64::MAX, hints, true).unwrap();
    let values = Message::fit_values((0..16).map(|n| value(n, 1024)).collect());
    let nodes = Message::fit_nodes(vec![big; 40]);
    assert!(values.len() >= 8 && nodes.len() >= 8);
    let message = Message::new(u32::MAX, Body::Values(values, nodes, [0; 8]));
    assert!(message.encode().len() <= Protocol::Table.max_message());
    assert_eq!(Message::fit_nodes(vec![peer(1); 40]).len(), 40);
}

proptest! {
    #[test]
    fn a_flipped_bit_never_passes_as_the_same_message(which in 0usize..9, at in 0usize..4096, bit in 0u8..8) {
        let message = &all()[which];
        let mut bytes = message.encode();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(other) = Message::decode(&bytes) {
            prop_assert_ne!(&other, message);
            prop_assert_eq!(other.encode(), bytes);
        }
    }

    #[test]
    fn a_cut_or_longer_message_is_none(which in 0usize..9, at in 0usize..4096, more in any::<u8>()) {
        let mut bytes = all()[which].encode();
        prop_assert!(Message::decode(&bytes[..at % bytes.len()]).is_err());
        bytes.push(more);
        prop_assert!(Message::decode(&bytes).is_err());
    }

    #[test]
    fn noise_has_one_spelling_or_none(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        crate::fuzz::codecs(&bytes);
    }
}
