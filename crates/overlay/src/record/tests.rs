#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::machine::UnixTime;
use crate::transport::Hints;
use proptest::prelude::*;

const NOW: UnixTime = UnixTime(1_800_000_000);

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn id(seed: u8) -> NodeId {
    NodeId(key(seed).verifying_key().to_bytes())
}

fn hints() -> Hints {
    Hints {
        direct: vec![
            "203.0.113.7:7701".parse().unwrap(),
            "[2001:db8::7]:7701".parse().unwrap(),
        ],
        relays: vec!["https://relay.example/".into()],
    }
}

fn peer() -> PeerRecord {
    PeerRecord::signed(&key(1), 3, NOW.0, hints(), true).unwrap()
}

fn value() -> SignedRecord {
    SignedRecord::owned(&key(1), b"mail", 3, UnixTime(NOW.0 + 60), b"hello".to_vec()).unwrap()
}

#[test]
fn a_peer_record_has_these_bytes() {
    let hex = data_encoding::HEXLOWER.encode(&peer().encode());
    assert_eq!(hex, include_str!("fixtures/peer.hex").trim());
    assert!(peer().encode().len() <= MAX_PEER_RECORD);
}

#[test]
fn a_table_record_has_these_bytes() {
    let hex = data_encoding::HEXLOWER.encode(&value().encode());
    assert_eq!(hex, include_str!("fixtures/signed.hex").trim());
}

#[test]
fn records_are_read_as_they_were_written() {
    assert_eq!(PeerRecord::decode(&peer().encode()), Ok(peer()));
    assert_eq!(SignedRecord::decode(&value().encode()), Ok(value()));
}

#[test]
fn the_largest_records_stay_within_their_limits() {
    let hints = Hints {
        direct: vec!["[2001:db8::7]:7701".parse().unwrap(); 8],
        relays: vec![format!("https://{}", "a".repeat(192)); 3],
    };
    let record = PeerRecord::signed(&key(1), u64::MAX, u64::MAX, hints, true).unwrap();
    assert!(record.encode().len() <= MAX_PEER_RECORD);
    let record = SignedRecord::owned(
        &key(1),
        &[1; MAX_LABEL],
        u64::MAX,
        UnixTime(u64::MAX),
        vec![1; MAX_VALUE],
    );
    assert!(record.unwrap().encode().len() <= signed::MAX_SIGNED_RECORD);
}

#[test]
fn what_is_beyond_the_limits_is_not_signed() {
    let wrong = |change: fn(&mut Hints)| {
        let mut hints = hints();
        change(&mut hints);
        PeerRecord::signed(&key(1), 0, 0, hints, false).unwrap_err()
    };
    assert_eq!(
        wrong(|h| h.direct = vec!["203.0.113.7:1".parse().unwrap(); 9]),
        NotARecord::Addresses
    );
    for address in [
        "203.0.113.7:0",
        "0.0.0.0:1",
        "224.0.0.1:1",
        "[::ffff:1.2.3.4]:1",
    ] {
        let hints = Hints {
            direct: vec![address.parse().unwrap()],
            relays: vec![],
        };
        assert!(PeerRecord::signed(&key(1), 0, 0, hints, false).is_err());
    }
    assert_eq!(
        wrong(|h| h.relays = vec!["https://a/".into(); 4]),
        NotARecord::Relays
    );
    for relay in [
        "http://a/",
        "https://",
        "https:///x",
        "https://me@a/",
        "https://a b/",
    ] {
        let hints = Hints {
            direct: vec![],
            relays: vec![relay.into()],
        };
        assert_eq!(
            PeerRecord::signed(&key(1), 0, 0, hints, false),
            Err(NotARecord::Relay)
        );
    }
    assert_eq!(
        wrong(|h| h.relays = vec![format!("https://{}", "a".repeat(193))]),
        NotARecord::Relay
    );
    assert!(SignedRecord::owned(&key(1), b"", 0, NOW, vec![0; MAX_VALUE + 1]).is_err());
    assert!(SignedRecord::owned(&key(1), &[0; MAX_LABEL + 1], 0, NOW, vec![]).is_err());
}

#[test]
fn nobody_signs_for_another() {
    let mut record = peer();
    record.id = id(2);
    assert_eq!(record.verify(), Err(NotARecord::Signature));
    let mut record = value();
    record.owner = id(2);
    assert!(record.verify().is_err());
    let mut record = value();
    record.key = Key::owned(&id(2), b"mail");
    assert!(record.verify().is_err());
}

#[test]
fn a_record_lives_no_longer_than_48_hours() {
    let at = |expires| SignedRecord::owned(&key(1), b"", 0, UnixTime(expires), vec![]).unwrap();
    assert!(!at(NOW.0).alive(NOW));
    assert!(at(NOW.0 + 1).alive(NOW));
    assert!(at(NOW.0 + MAX_LIFETIME).alive(NOW));
    assert!(!at(NOW.0 + MAX_LIFETIME + 2 * 3600).alive(NOW));
    assert!(!at(u64::MAX).alive(NOW));
}

#[test]
fn the_newer_of_two_records_stands_whoever_compares() {
    let one = |sequence, value: &[u8]| {
        SignedRecord::owned(&key(1), b"", sequence, NOW, value.to_vec()).unwrap()
    };
    assert!(one(2, b"a").replaces(&one(1, b"b")));
    assert!(one(1, b"b").replaces(&one(1, b"a")));
    assert!(!one(1, b"a").replaces(&one(1, b"a")));
}

#[test]
fn who_does_not_know_a_key_learns_nothing_from_its_personal_records() {
    let me = id(1);
    let place = |day| Personal {
        owner: &me,
        label: b"mailbox",
        day: Day(day),
    };
    let today = place(20_000);
    let record = today
        .seal(&key(1), 1, UnixTime(NOW.0 + 60), b"where I am")
        .unwrap();
    record.verify().unwrap();
    let bytes = record.encode();
    assert!(!bytes.windows(8).any(|part| part == &me.0[..8]));
    assert!(!bytes.windows(5).any(|part| part == b"where"));
    let other_day = place(20_001)
        .seal(&key(1), 1, UnixTime(NOW.0 + 60), b"where I am")
        .unwrap();
    assert_ne!(record.key, other_day.key);
    assert_ne!(record.owner, other_day.owner);
    assert_eq!(today.open(&record).unwrap(), b"where I am");
}

#[test]
fn a_squatter_who_knows_a_key_cannot_speak_for_it() {
    let me = id(1);
    let today = Personal {
        owner: &me,
        label: b"mailbox",
        day: Day(20_000),
    };
    assert!(today.seal(&key(2), 1, NOW, b"lie").is_err());
    let real = today.seal(&key(1), 1, NOW, b"truth").unwrap();
    // The same cipher text under the squatter's signature.
    let stolen = SignedRecord::open(&key(2), today.key(), 9, NOW, real.value.clone()).unwrap();
    assert!(today.open(&stolen).is_err());
    let tomorrow = Personal {
        day: Day(20_001),
        ..today
    };
    let moved = SignedRecord::open(&key(2), tomorrow.key(), 9, NOW, real.value).unwrap();
    assert!(tomorrow.open(&moved).is_err());
}

#[test]
fn days_overlap_by_ten_minutes_at_midnight_and_no_more() {
    let midnight = 20_000 * 86_400;
    assert_eq!(Day::to_put(UnixTime(midnight - 601)), [Day(19_999)]);
    assert_eq!(
        Day::to_put(UnixTime(midnight - 599)),
        [Day(19_999), Day(20_000)]
    );
    assert!(!Day(20_000).believed(UnixTime(midnight - 601)));
    assert!(Day(20_000).believed(UnixTime(midnight - 599)));
    assert!(Day(19_999).believed(UnixTime(midnight + 80_000)));
    assert!(!Day(19_998).believed(UnixTime(midnight)));
    let days = Day::to_get(UnixTime(midnight));
    assert_eq!(days, [Day(20_000), Day(19_999), Day(20_001)]);
}

proptest! {
    #[test]
    fn no_bit_of_a_record_can_be_flipped(at in 0usize..4096, bit in 0u8..8) {
        for bytes in [peer().encode(), value().encode()] {
            let mut bytes = bytes;
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            prop_assert!(PeerRecord::decode(&bytes).is_err());
            prop_assert!(SignedRecord::decode(&bytes).is_err());
        }
    }

    #[test]
    fn a_cut_or_longer_record_is_none(at in 0usize..4096, more in prop::collection::vec(any::<u8>(), 1..9)) {
        for bytes in [peer().encode(), value().encode()] {
            let cut = &bytes[..at % bytes.len()];
            prop_assert!(PeerRecord::decode(cut).is_err());
            prop_assert!(SignedRecord::decode(cut).is_err());
            let long = [bytes.as_slice(), &more].concat();
            prop_assert!(PeerRecord::decode(&long).is_err());
            prop_assert!(SignedRecord::decode(&long).is_err());
        }
    }

    #[test]
    fn noise_is_no_record(bytes in prop::collection::vec(any::<u8>(), 0..2048)) {
        prop_assert!(PeerRecord::decode(&bytes).is_err());
        prop_assert!(SignedRecord::decode(&bytes).is_err());
    }

    #[test]
    fn shared_bits_and_distance_agree(a in any::<[u8; 32]>(), b in any::<[u8; 32]>(), bit in 0usize..256) {
        let mut c = a;
        c[bit / 8] ^= 0x80 >> (bit % 8);
        prop_assert_eq!(Key(a).shared(&Key(c)), u32::try_from(bit).unwrap());
        prop_assert_eq!(Key(a).distance(&Key(b)), Key(b).distance(&Key(a)));
        prop_assert_eq!(Key(a).shared(&Key(a)), 256);
    }
}
