#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
use std::{cell::RefCell, collections::HashMap};

use proptest::prelude::*;
use time::{Duration, macros::datetime};

use super::{message::Message, *};
use crate::testing::{NOW, Person, pair, person};

impl Memory for RefCell<HashMap<Did, DidLog>> {
    fn log(&self, did: &Did) -> Option<DidLog> {
        self.borrow().get(did).cloned()
    }
}

const BOUND: [u8; 32] = [7; 32];

fn knows(person: &Person) -> RefCell<HashMap<Did, DidLog>> {
    let log = person.identity.log.clone();
    RefCell::new([(person.identity.did.clone(), log)].into())
}

fn link(peer: &Own, role: Role) -> Link {
    Link {
        binding: BOUND,
        peer: peer.node(),
        role,
    }
}

/// Runs both sides until neither has more to say; `tamper` may change what the dialler sends.
fn meet(
    ann: &Own,
    ben: &Own,
    ann_memory: &dyn Memory,
    ben_memory: &dyn Memory,
    mut tamper: impl FnMut(usize, Vec<u8>) -> Vec<u8>,
) -> (Result<Proven, Refusal>, Result<Proven, Refusal>) {
    let mut ann_side = Prover::new(ann.clone(), link(ben, Role::Dialler), [1; 32], NOW).unwrap();
    let mut ben_side = Prover::new(ben.clone(), link(ann, Role::Acceptor), [2; 32], NOW).unwrap();
    let unfinished = || Err(Refusal::Protocol("unfinished"));
    let (mut ann_end, mut ben_end) = (unfinished(), unfinished());
    let mut sent = 0;
    loop {
        let to_ben = ann_side.outgoing();
        let to_ann = ben_side.outgoing();
        if to_ben.is_empty() && to_ann.is_empty() {
            return (ann_end, ben_end);
        }
        for frame in to_ben {
            let frame = tamper(sent, frame);
            sent += 1;
            note(&mut ben_end, ben_side.step(&frame, ben_memory));
        }
        for frame in to_ann {
            note(&mut ann_end, ann_side.step(&frame, ann_memory));
        }
    }
}

fn note(end: &mut Result<Proven, Refusal>, next: Result<Next, Refusal>) {
    let fresh = matches!(end, Err(Refusal::Protocol("unfinished")));
    match next {
        Ok(Next::Done(proven)) => *end = Ok(*proven),
        Err(refusal) if fresh => *end = Err(refusal),
        _ => {}
    }
}

fn plain(_: usize, frame: Vec<u8>) -> Vec<u8> {
    frame
}

#[test]
fn two_strangers_prove_their_identity_to_each_other() {
    let (ann, ben) = (person(1), person(2));
    let (to_ann, to_ben) = meet(&ann.own(), &ben.own(), &NoMemory, &NoMemory, plain);
    let (to_ann, to_ben) = (to_ann.unwrap(), to_ben.unwrap());
    assert_eq!(to_ann.did, ben.identity.did);
    assert_eq!(to_ben.did, ann.identity.did);
    assert_eq!(to_ann.device, ben.own().node());
    assert_eq!(to_ann.log.as_ref(), Some(&ben.identity.log));
    assert_eq!(to_ann.devices, [ben.node(0)]);
    assert_eq!((to_ann.news, to_ben.news), (News::First, News::First));
}

#[test]
fn a_node_without_a_person_proves_its_did_key() {
    let ann = Own::anonymous(person(1).key(0)).unwrap();
    let ben = person(2);
    let (to_ann, to_ben) = meet(&ann, &ben.own(), &NoMemory, &NoMemory, plain);
    assert_eq!(to_ann.unwrap().did, ben.identity.did);
    assert_eq!(to_ben.unwrap().did, *ann.did());
}

#[test]
fn a_log_that_is_known_is_not_sent_again() {
    let (ann, ben) = (person(1), person(2));
    let mut logs = 0;
    let (_, to_ben) = meet(
        &ann.own(),
        &ben.own(),
        &NoMemory,
        &knows(&ann),
        |_, frame| {
            logs += usize::from(matches!(Message::decode(&frame), Ok(Message::Log(_))));
            frame
        },
    );
    assert_eq!(to_ben.unwrap().news, News::Same);
    assert_eq!(logs, 0);
}

#[test]
fn a_longer_log_replaces_the_known_one() {
    let (mut ann, ben) = (person(1), person(2));
    let known = knows(&ann);
    ann.rotate(&[0, 1]);
    let (_, to_ben) = meet(&ann.own(), &ben.own(), &NoMemory, &known, plain);
    let to_ben = to_ben.unwrap();
    assert_eq!(to_ben.news, News::Newer);
    assert_eq!(to_ben.log, Some(ann.identity.log.clone()));
    assert_eq!(to_ben.devices.len(), 2);
}

#[test]
fn a_device_that_missed_the_newest_version_is_judged_by_it() {
    let (mut ann, ben) = (person(1), person(2));
    let late = ann.own();
    ann.rotate(&[0, 1]);
    let (_, to_ben) = meet(&late, &ben.own(), &NoMemory, &knows(&ann), plain);
    let to_ben = to_ben.unwrap();
    assert_eq!(to_ben.news, News::Older);
    assert_eq!(to_ben.log, Some(ann.identity.log.clone()));
}

#[test]
fn a_removed_device_cannot_come_back_with_the_log_of_before() {
    let (mut ann, ben) = (person(1), person(2));
    let lost = ann.own();
    ann.rotate(&[1]);
    let (to_ann, to_ben) = meet(&lost, &ben.own(), &NoMemory, &knows(&ann), plain);
    assert_eq!(
        to_ben.unwrap_err(),
        Refusal::NotADevice(ann.identity.did.clone())
    );
    assert_eq!(to_ann.unwrap_err(), Refusal::ByPeer(Cause::NotADevice));
}

#[test]
fn a_forked_log_is_refused_and_reported() {
    let (mut ann, ben) = (person(1), person(2));
    let mut other = ann.clone();
    ann.rotate(&[0, 1]);
    other.rotate(&[0, 2]);
    let (_, to_ben) = meet(&other.own(), &ben.own(), &NoMemory, &knows(&ann), plain);
    let Err(Refusal::Forked { did, known, shown }) = to_ben else {
        panic!("{to_ben:?}");
    };
    assert_eq!(did, ann.identity.did);
    assert!(known.starts_with("2-") && shown.starts_with("2-") && known != shown);
}

#[test]
fn the_log_of_somebody_else_proves_nothing() {
    let (ann, eve, ben) = (person(1), person(3), person(2));
    // Eve's device with Ann's name and log: the device is not listed.
    let mask = Own {
        did: ann.identity.did.clone(),
        log: Some(ann.identity.log.clone()),
        key: eve.key(0),
    };
    let (_, to_ben) = meet(&mask, &ben.own(), &NoMemory, &NoMemory, plain);
    assert_eq!(
        to_ben.unwrap_err(),
        Refusal::NotADevice(ann.identity.did.clone())
    );
    // Eve's own log under Ann's name.
    let mask = Own {
        log: Some(eve.identity.log.clone()),
        ..mask
    };
    let (_, to_ben) = meet(&mask, &ben.own(), &NoMemory, &NoMemory, plain);
    assert!(matches!(to_ben, Err(Refusal::Log(_))));
}

#[test]
fn an_ended_identity_is_refused() {
    let (ann, ben) = (person(1), person(2));
    let (own, before) = (ann.own(), knows(&ann));
    let ended = ann.ended();
    // Whether the peer shows the end or hides it: who knows of it accepts neither.
    let shown = Own {
        log: Some(ended.identity.log.clone()),
        ..own.clone()
    };
    for (own, memory) in [(shown, before), (own, knows(&ended))] {
        let (to_ann, to_ben) = meet(&own, &ben.own(), &NoMemory, &memory, plain);
        assert_eq!(to_ben.unwrap_err(), Refusal::Deactivated);
        assert_eq!(to_ann.unwrap_err(), Refusal::ByPeer(Cause::Deactivated));
    }
}

#[test]
fn a_proof_is_good_for_its_connection_only() {
    let (ann, ben) = (person(1), person(2));
    let mut seen = Vec::new();
    meet(&ann.own(), &ben.own(), &NoMemory, &NoMemory, |_, frame| {
        seen.push(frame.clone());
        frame
    })
    .1
    .unwrap();
    // All that Ann said is said again on another connection between the same nodes.
    let mut ben_side = Prover::new(
        ben.own(),
        Link {
            binding: [8; 32],
            ..link(&ann.own(), Role::Acceptor)
        },
        [2; 32],
        NOW,
    )
    .unwrap();
    let refused = seen
        .iter()
        .find_map(|frame| ben_side.step(frame, &NoMemory).err());
    assert_eq!(refused, Some(Refusal::Signature));
}

#[test]
fn a_fresh_nonce_makes_an_old_proof_worthless_even_on_the_same_binding() {
    let (ann, ben) = (person(1), person(2));
    let mut seen = Vec::new();
    meet(&ann.own(), &ben.own(), &NoMemory, &NoMemory, |_, frame| {
        seen.push(frame.clone());
        frame
    })
    .1
    .unwrap();
    let link = link(&ann.own(), Role::Acceptor);
    let mut ben_side = Prover::new(ben.own(), link, [3; 32], NOW).unwrap();
    let refused = seen
        .iter()
        .find_map(|frame| ben_side.step(frame, &NoMemory).err());
    assert_eq!(refused, Some(Refusal::Signature));
}

#[test]
fn what_a_node_sent_cannot_be_sent_back_to_it() {
    let (ann, ben) = (person(1), person(2));
    let mut side = Prover::new(ann.own(), link(&ben.own(), Role::Dialler), [1; 32], NOW).unwrap();
    let hello = side.outgoing().remove(0);
    assert_eq!(
        side.step(&hello, &NoMemory).unwrap_err(),
        Refusal::Protocol("a nonce sent back")
    );
    let myself = Link {
        peer: ann.own().node(),
        ..link(&ben.own(), Role::Dialler)
    };
    let refused = Prover::new(ann.own(), myself, [1; 32], NOW);
    assert!(matches!(refused, Err(Refusal::Myself)));
}

#[test]
fn a_signature_for_the_other_role_does_not_fit() {
    let (ann, ben) = (person(1), person(2));
    // Both sides believe to have dialled: no transport allows it, and the proof does not depend on that.
    let mut ann_side =
        Prover::new(ann.own(), link(&ben.own(), Role::Dialler), [1; 32], NOW).unwrap();
    let mut ben_side =
        Prover::new(ben.own(), link(&ann.own(), Role::Dialler), [2; 32], NOW).unwrap();
    let mut refused = None;
    for _ in 0..4 {
        for frame in ann_side.outgoing() {
            refused = refused.or(ben_side.step(&frame, &NoMemory).err());
        }
        for frame in ben_side.outgoing() {
            let _ = ann_side.step(&frame, &NoMemory);
        }
    }
    assert_eq!(refused, Some(Refusal::Signature));
}

#[test]
fn more_of_a_log_than_was_announced_is_not_read() {
    let (ann, ben) = (person(1), person(2));
    let (_, to_ben) =
        meet(
            &ann.own(),
            &ben.own(),
            &NoMemory,
            &NoMemory,
            |_, frame| match Message::decode(&frame) {
                Ok(Message::Log(mut piece)) => {
                    piece.push(b'\n');
                    Message::Log(piece).encode()
                }
                _ => frame,
            },
        );
    let refusal = Refusal::Protocol("more of the log than was announced");
    assert_eq!(to_ben.unwrap_err(), refusal);
}

#[test]
fn a_log_beyond_the_limit_is_refused_before_a_byte_of_it_is_read() {
    let (ann, ben) = (person(1), person(2));
    let (_, to_ben) =
        meet(
            &ann.own(),
            &ben.own(),
            &NoMemory,
            &NoMemory,
            |_, frame| match Message::decode(&frame) {
                Ok(Message::Hello(mut hello)) => {
                    hello.bytes = u32::MAX;
                    Message::Hello(hello).encode()
                }
                _ => frame,
            },
        );
    assert_eq!(to_ben.unwrap_err(), Refusal::LogTooLarge);
}

#[test]
fn nothing_is_accepted_after_a_refusal() {
    let (ann, ben) = (person(1), person(2));
    let mut ben_side =
        Prover::new(ben.own(), link(&ann.own(), Role::Acceptor), [2; 32], NOW).unwrap();
    assert!(ben_side.step(b"nonsense", &NoMemory).is_err());
    let mut ann_side =
        Prover::new(ann.own(), link(&ben.own(), Role::Dialler), [1; 32], NOW).unwrap();
    let said = ben_side.outgoing().len();
    for frame in ann_side.outgoing() {
        assert!(ben_side.step(&frame, &NoMemory).is_err());
    }
    assert!(said == 2 && ben_side.outgoing().is_empty());
}

#[test]
fn the_messages_keep_their_bytes() {
    let hello = Message::Hello(message::Hello::new(
        [1; 32],
        "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
            .parse()
            .unwrap(),
        b"",
    ));
    let hex = |message: &Message| data_encoding::HEXLOWER.encode(&message.encode());
    assert_eq!(hex(&hello), include_str!("hello.hex").trim());
    assert_eq!(hex(&Message::Want(true)), "a16457616e74f5");
    assert_eq!(hex(&Message::Log(vec![1, 2])), "a1634c6f67420102");
    assert_eq!(hex(&Message::Verdict(None)), "a16756657264696374f6");
    assert_eq!(
        hex(&Message::Verdict(Some(Cause::Forked))),
        "a1675665726469637466466f726b6564"
    );
}

#[test]
fn the_own_log_must_list_the_own_key() {
    let (ann, eve) = (person(1), person(3));
    let (did, log) = (ann.identity.did.clone(), ann.identity.log.clone());
    let refused = Own::new(did.clone(), log, eve.key(0), NOW);
    assert_eq!(refused.unwrap_err(), Refusal::NotADevice(did));
    let early = ann.identity.log.verify(datetime!(2025-01-01 0:00 UTC));
    assert!(early.is_err(), "a clock before the log is noticed");
}

#[tokio::test]
async fn a_proof_runs_over_a_connection() {
    let (ann, ben) = (person(1), person(2));
    let (dialled, accepted) = pair(ann.own().node(), ben.own().node(), ALPN);
    let (ann_own, ben_own) = (ann.own(), ben.own());
    let (to_ann, to_ben) = tokio::join!(
        prove(&dialled, &ann_own, &NoMemory, NOW),
        prove(&accepted, &ben_own, &NoMemory, NOW)
    );
    assert_eq!(to_ann.unwrap().did, ben.identity.did);
    assert_eq!(to_ben.unwrap().did, ann.identity.did);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_says_nothing_is_given_up() {
    let (ann, ben) = (person(1), person(2));
    let (dialled, _accepted) = pair(ann.own().node(), ben.own().node(), ALPN);
    let silent = prove(&dialled, &ann.own(), &NoMemory, NOW).await;
    assert!(matches!(silent, Err(ProofError::TimedOut)), "{silent:?}");
}

#[tokio::test]
async fn a_message_that_is_too_long_is_refused_by_its_head() {
    use tokio::io::AsyncWriteExt as _;
    use webx_overlay::transport::Connection as _;
    let (ann, ben) = (person(1), person(2));
    let (dialled, accepted) = pair(ann.own().node(), ben.own().node(), ALPN);
    let hostile = async {
        let (mut writer, reader) = accepted.accept_bi().await.unwrap();
        writer.write_all(&u32::MAX.to_be_bytes()).await.unwrap();
        writer.flush().await.unwrap();
        (writer, reader)
    };
    let ann_own = ann.own();
    let (refused, _open) = tokio::join!(prove(&dialled, &ann_own, &NoMemory, NOW), hostile);
    assert!(matches!(
        refused,
        Err(ProofError::Refused(Refusal::Protocol(
            "a message that is too long"
        )))
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn one_changed_byte_anywhere_is_never_accepted(at in 0_usize..3000, flip in 1_u8..) {
        let (ann, ben) = (person(1), person(2));
        let mut passed = 0;
        let mut changed = false;
        let (_, to_ben) = meet(&ann.own(), &ben.own(), &NoMemory, &NoMemory, |_, mut frame| {
            // Ann's answer to whether she wants Ben's log may change without harm.
            if !matches!(Message::decode(&frame), Ok(Message::Want(_) | Message::Verdict(_)))
                && (passed..passed + frame.len()).contains(&at) {
                frame[at - passed] ^= flip;
                changed = true;
            }
            passed += frame.len();
            frame
        });
        prop_assert!(!changed || to_ben.is_err());
    }

    #[test]
    fn any_bytes_are_refused_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (ann, ben) = (person(1), person(2));
        let mut side = Prover::new(ben.own(), link(&ann.own(), Role::Acceptor), [2; 32], NOW).unwrap();
        prop_assert!(side.step(&bytes, &NoMemory).is_err());
    }
}

#[test]
fn time_passes_between_versions() {
    let mut ann = person(1);
    ann.rotate(&[0]);
    assert!(ann.identity.log.verify(NOW - Duration::days(300)).is_err());
}
