//! What comes instead of an honest device.

use serde_bytes::ByteArray;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use webx_overlay::transport::{Connection as _, RecvStream, SendStream};

use super::*;
use crate::pairing::{
    secret::{Transcript, commitment},
    wire::{self, MAX_FRAME, Message},
};

#[tokio::test(start_paused = true)]
async fn without_the_secret_neither_side_goes_on() {
    let ada = ada_with_two();
    let (new, old) = line(&ada);
    let (right, wrong) = (code_with(&ada, 7), code_with(&ada, 8));
    let (joined, answered) = tokio::join!(
        join(new, ada.node(1), &wrong, "phone"),
        answer(old, ada.node(0), right.secret())
    );
    assert!(matches!(joined, Err(PairingError::WrongSecret)));
    assert!(matches!(answered, Err(PairingError::WrongSecret)));
}

#[tokio::test(start_paused = true)]
async fn a_code_leads_to_the_device_that_it_names_and_to_no_other() {
    let (ada, ben) = (ada_with_two(), person(2));
    let (new, _old) = line(&ada);
    let joined = join(new, ada.node(1), &code_with(&ben, 7), "phone").await;
    assert!(matches!(joined, Err(PairingError::Protocol(_))));
}

/// The dialler's end of a connection to an old device that is answering.
async fn dial(
    ada: &Person,
) -> (
    SendStream,
    RecvStream,
    tokio::task::JoinHandle<Result<Asking, PairingError>>,
    Arc<TestConnection>,
) {
    let (new, old) = line(ada);
    let own = ada.node(0);
    let answering = tokio::spawn(async move { answer(old, own, &PairingSecret([7; 16])).await });
    let (writer, reader) = new.open_bi().await.unwrap();
    (writer, reader, answering, new)
}

fn hello(random: &[u8; 32], name: &str) -> Message {
    Message::Hello {
        v: 1,
        commitment: commitment(random).into(),
        name: name.into(),
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_can_choose_his_number_after_seeing_the_other_one() {
    let ada = ada_with_two();
    let (mut writer, mut reader, answering, new) = dial(&ada).await;
    wire::write(&mut writer, &hello(&[3; 32], "phone"))
        .await
        .unwrap();
    let Message::Random(random_old) = wire::read(&mut reader, MAX_FRAME).await.unwrap() else {
        panic!("no number");
    };
    // He knows the secret, and proves it rightly for the number that he would like better.
    let transcript = Transcript {
        binding: new.channel_binding(b"EXPORTER-webx-pair-1").unwrap(),
        new: ada.node(1),
        old: ada.node(0),
        random_new: [4; 32],
        random_old: *random_old,
        name: "phone".into(),
    };
    let proof = transcript.proof_of_new(&PairingSecret([7; 16]));
    let open = Message::Open {
        random: ByteArray::new([4; 32]),
        proof: ByteArray::new(*proof.as_bytes()),
    };
    wire::write(&mut writer, &open).await.unwrap();
    let refused = answering.await.unwrap();
    assert!(matches!(refused, Err(PairingError::WrongSecret)));
}

#[test]
fn the_digits_differ_with_every_part_of_what_was_said() {
    let secret = PairingSecret([7; 16]);
    let ada = person(1);
    let said = Transcript {
        binding: [1; 32],
        new: ada.node(1),
        old: ada.node(0),
        random_new: [2; 32],
        random_old: [3; 32],
        name: "phone".into(),
    };
    // Somebody in the middle who has read the code has two connections, so two bindings and two pairs of numbers.
    let others = [
        Transcript {
            binding: [9; 32],
            ..said.clone()
        },
        Transcript {
            new: ada.node(2),
            ..said.clone()
        },
        Transcript {
            old: ada.node(2),
            ..said.clone()
        },
        Transcript {
            random_new: [9; 32],
            ..said.clone()
        },
        Transcript {
            random_old: [9; 32],
            ..said.clone()
        },
        Transcript {
            name: "tablet".into(),
            ..said.clone()
        },
    ];
    for other in others {
        assert_ne!(other.digits(&secret), said.digits(&secret));
        assert_ne!(other.proof_of_new(&secret), said.proof_of_new(&secret));
    }
    assert_ne!(said.proof_of_new(&secret), said.proof_of_old(&secret));
    assert_eq!(said.digits(&secret).to_string(), "879 744");
}

#[tokio::test(start_paused = true)]
async fn what_is_malformed_too_long_or_out_of_turn_ends_it() {
    let frame = |message: &Message| {
        let bytes = crate::wire::encode(message).unwrap();
        let mut frame = u32::try_from(bytes.len()).unwrap().to_be_bytes().to_vec();
        frame.extend(bytes);
        frame
    };
    let cases = [
        vec![0xff; 4],
        1025_u32.to_be_bytes().to_vec(),
        0_u32.to_be_bytes().to_vec(),
        [&4_u32.to_be_bytes()[..], b"\xff\xff\xff\xff"].concat(),
        frame(&Message::Done),
        frame(&Message::Proof([1; 32].into())),
        frame(&hello(&[1; 32], "")),
        frame(&hello(&[1; 32], "a\u{202e}b")),
        frame(&hello(&[1; 32], &"x".repeat(65))),
        frame(&Message::Hello {
            v: 2,
            commitment: [1; 32].into(),
            name: "phone".into(),
        }),
        frame(&Message::Package(Box::new(package(&person(1))))),
    ];
    for case in cases {
        let (mut writer, mut reader, answering, _new) = dial(&person(1)).await;
        writer.write_all(&case).await.unwrap();
        let refused = answering.await.unwrap();
        assert!(
            matches!(refused, Err(PairingError::Protocol(_))),
            "{case:?}"
        );
        let told = wire::read(&mut reader, MAX_FRAME).await.unwrap();
        assert!(matches!(told, Message::Refused(Cause::Protocol)));
    }
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_given_up() {
    let (_writer, _reader, answering, _new) = dial(&person(1)).await;
    let refused = answering.await.unwrap();
    assert!(matches!(refused, Err(PairingError::TimedOut)));
    // And one who stops in the middle of a message.
    let (mut writer, _reader, answering, _new) = dial(&person(1)).await;
    writer.write_all(&[0, 0]).await.unwrap();
    let refused = answering.await.unwrap();
    assert!(matches!(refused, Err(PairingError::TimedOut)));
}

#[tokio::test(start_paused = true)]
async fn a_package_that_is_too_long_is_not_read() {
    let ada = ada_with_two();
    let (new, old) = line(&ada);
    let code = code_with(&ada, 7);
    let lying = tokio::spawn(async move {
        let (mut writer, mut reader) = old.accept_bi().await.unwrap();
        let mut seen = [0; 200];
        let _ = reader.read(&mut seen).await.unwrap();
        writer.write_all(&u32::MAX.to_be_bytes()).await.unwrap();
        (writer, reader)
    });
    let joined = join(new, ada.node(1), &code, "phone").await;
    assert!(matches!(joined, Err(PairingError::Protocol(_))));
    drop(lying.await.unwrap());
}

#[test]
fn nothing_secret_is_printed() {
    let package = package(&ada_with_two());
    let text = format!(
        "{package:?} {:?} {:?}",
        PairingSecret([0xab; 16]),
        Digits(123_456)
    );
    for secret in ["209", "236", "d1", "171", "123"] {
        assert!(
            !text
                .replace(package.did().unwrap().as_str(), "")
                .contains(secret),
            "{text}"
        );
    }
}
