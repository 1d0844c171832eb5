//! Frames: pinned, canonical, limited.

use proptest::prelude::*;

use super::super::wire::{ANNOUNCED, SHUFFLED, WALK, decode, encode};
use super::super::*;
use super::swarm::record;

fn bodies() -> Vec<Body> {
    let record = record(1);
    vec![
        Body::Join(record.clone()),
        Body::Forward(3, record.clone()),
        Body::Neighbour(true, record.clone()),
        Body::Answer(false),
        Body::Leave,
        Body::Shuffle(7, 2, vec![record.clone(), record.clone()]),
        Body::Shuffled(7, vec![record]),
        Body::Push(4, Bytes::from_static(b"hello")),
        Body::Have(vec![MessageId([1; 32]), MessageId([2; 32])]),
        Body::Graft(MessageId([3; 32])),
        Body::Prune,
    ]
}

#[test]
fn every_frame_has_these_bytes_and_is_read_as_it_was_written() {
    let mut all = blake3::Hasher::new();
    for body in bodies() {
        for topic in [Topic::QNET, Topic::named("chess")] {
            let bytes = encode(topic, body.clone());
            assert_eq!(decode(&bytes).unwrap(), (topic, body.clone()));
            all.update(&bytes);
        }
    }
    let push = encode(Topic::QNET, Body::Push(4, Bytes::from_static(b"hello")));
    assert_eq!(
        data_encoding::HEXLOWER.encode(&push),
        "8301f6a16470757368820445 68656c6c6f".replace(' ', "")
    );
    assert_eq!(
        all.finalize().to_hex().as_str(),
        "bc943db848164a12ceb628c5a0fc2a5d51d80abf330177ec51283a5f795abe96"
    );
}

#[test]
fn frames_beyond_their_limits_are_refused() {
    let record = record(1);
    for body in [
        Body::Forward(WALK + 1, record.clone()),
        Body::Shuffle(1, WALK + 1, vec![]),
        Body::Shuffle(1, 1, vec![record.clone(); SHUFFLED + 1]),
        Body::Shuffled(1, vec![record; SHUFFLED + 1]),
        Body::Push(0, Bytes::new()),
        Body::Push(0, Bytes::from(vec![0; MAX_MESSAGE + 1])),
        Body::Have(vec![]),
        Body::Have(vec![MessageId([0; 32]); ANNOUNCED + 1]),
    ] {
        assert!(decode(&encode(Topic::QNET, body)).is_err());
    }
    assert!(decode(&vec![0; 64 * 1024 + 1]).is_err());
}

#[test]
fn the_overlays_own_topic_has_one_spelling() {
    let spelled = crate::wire::encode(&(1_u8, Some(Topic::QNET), Body::Prune));
    assert!(decode(&spelled).is_err());
    let other_version = crate::wire::encode(&(2_u8, None::<Topic>, Body::Prune));
    assert!(decode(&other_version).is_err());
}

proptest! {
    #[test]
    fn noise_is_no_frame(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        if let Ok((topic, body)) = decode(&bytes) {
            prop_assert_eq!(encode(topic, body), bytes);
        }
    }

    #[test]
    fn a_changed_frame_is_refused_or_another_frame(which in 0..11_usize, at in any::<usize>(), bit in 0..8_u8) {
        let body = bodies().swap_remove(which);
        let mut bytes = encode(Topic::named("t"), body.clone()).to_vec();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        if let Ok(read) = decode(&bytes) {
            prop_assert_ne!(&read, &(Topic::named("t"), body));
            prop_assert_eq!(encode(read.0, read.1), bytes);
        }
    }
}
