//! What contacts, strangers and liars do with offers.

use webx_comms::transfer::{Found, Message, Standing, What, fetches};
use webx_comms::{Error, OnStream, Refused};

use super::*;

fn offer(token: u8, name: &str, size: u64) -> Vec<u8> {
    let what = What::Offer {
        name: name.into(),
        size,
    };
    let token = [token; 16];
    Message { token, what }.encode()
}

/// Somebody who speaks for himself.
fn liar(net: &MemoryNet, n: u8) -> House {
    let house = house(net, n);
    house.stop.cancel();
    house
}

async fn says(liar: &House, to: u8, bytes: &[u8]) -> Result<Standing, String> {
    match liar.comms.request(did(to), OFFER, bytes).await {
        Ok(answer) => Ok(Standing::read(&answer).unwrap()),
        Err(Error::Refused(Refused::Failed(why))) => Err(why),
        Err(error) => Err(error.to_string()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_blocked_people_cost_nothing_and_hear_the_same() {
    let (_net, ann, ben) = friends();
    let file = ann.write("cat.jpg", b"cat");
    ben.peers.contacts().remove(&did(1)).unwrap();
    ann.send(2, file).await.unwrap();
    let failed = ann.becomes(TransferState::Failed).await;
    assert_eq!(failed.why.as_deref(), Some("stranger"));
    ben.knows(1, "Ann");
    ben.peers.contacts().block(&did(1), true).unwrap();
    ben.comms.hang_up(&did(1));
    // What is closed here goes away over there a moment later.
    while !ann.comms.connections().is_empty() {
        tokio::task::yield_now().await;
    }
    ann.send(2, file).await.unwrap();
    ann.newest(|one| one.id == failed.id + 1 && one.state != TransferState::Offered)
        .await;
    assert!(ben.all().await.is_empty());
    assert!(ben.notifications.list().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_lead_astray_are_not_taken() {
    let net = MemoryNet::new();
    let (ben, eve) = (house(&net, 2), liar(&net, 3));
    ben.knows(3, "Eve");
    let long = "x".repeat(255) + "\u{301}";
    for name in [
        "../../.ssh/authorized_keys",
        "/etc/passwd",
        "a/b",
        "..",
        ".",
        "a\nb",
        "a\0",
        "photo\u{202e}gpj.exe",
        "\u{2066}x",
        "\u{200b}",
        " ",
    ] {
        let said = says(&eve, 2, &offer(1, name, 1)).await;
        assert_eq!(said, Err("name".into()), "{name:?}");
        // One after the other, within what one person may ask.
        tokio::task::yield_now().await;
    }
    assert!(says(&eve, 2, &offer(1, &long, 1)).await.is_err());
    assert!(ben.all().await.is_empty());
    assert!(ben.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_message_are_refused() {
    let net = MemoryNet::new();
    let (ben, eve) = (house(&net, 2), liar(&net, 3));
    ben.knows(3, "Eve");
    let good = offer(1, "x", 1);
    for bad in [
        &b""[..],
        b"hello",
        &good[..good.len() - 1],
        &[&good[..], b"\0"].concat(),
        &offer(1, "x", u64::MAX),
        &offer(1, "", 1),
    ] {
        assert_eq!(says(&eve, 2, bad).await, Err("malformed".into()));
    }
    assert!(says(&eve, 2, &[7; 10_000]).await.is_err());
    assert!(ben.all().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_offers_ends_at_a_handful_and_asks_for_attention_once() {
    let net = MemoryNet::new();
    let (ben, eve) = (house(&net, 2), liar(&net, 3));
    ben.knows(3, "Eve");
    let (mut open, mut full, mut busy) = (0, 0, 0);
    for token in 0..60 {
        match says(&eve, 2, &offer(token, "cat.jpg", 1)).await {
            Ok(Standing::Open) => open += 1,
            Err(why) if why == "full" => full += 1,
            Err(_) => busy += 1,
            Ok(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(
        (open, full + busy),
        (rows::OFFERS_OF_ONE, 60 - rows::OFFERS_OF_ONE)
    );
    assert!(busy > 0, "the rate is limited, too");
    assert_eq!(ben.all().await.len(), 16);
    assert_eq!(ben.notifications.list().unwrap().len(), 1);
    // Ben wants nothing of her any more: all of it is gone, and nothing new comes.
    ben.peers.contacts().block(&did(3), true).unwrap();
    ben.transfers.drop_person(&did(3)).unwrap();
    assert!(
        ben.all()
            .await
            .iter()
            .all(|one| one.state == TransferState::Refused)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_offer_twice_is_one_and_a_refused_one_stays_refused() {
    let net = MemoryNet::new();
    let (ben, eve) = (house(&net, 2), liar(&net, 3));
    ben.knows(3, "Eve");
    for _ in 0..3 {
        assert_eq!(says(&eve, 2, &offer(1, "a", 1)).await, Ok(Standing::Open));
    }
    // Another name or length under the same token is not looked at.
    assert_eq!(says(&eve, 2, &offer(1, "b", 9)).await, Ok(Standing::Open));
    let all = ben.all().await;
    assert_eq!((all.len(), all[0].name.as_str(), all[0].size), (1, "a", 1));
    ben.transfers.end(all[0].id).await.unwrap();
    assert_eq!(
        says(&eve, 2, &offer(1, "a", 1)).await,
        Ok(Standing::Refused)
    );
    assert_eq!(ben.all().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_ends_or_fetches_what_is_between_two_others() {
    let (net, ann, ben) = friends();
    let eve = liar(&net, 3);
    ben.knows(3, "Eve");
    ann.knows(3, "Eve");
    let file = ann.write("cat.jpg", b"cat");
    ann.send(2, file).await.unwrap();
    let offered = ben.becomes(TransferState::Offered).await;
    ann.becomes(TransferState::Offered).await;
    let token = ben.transfers.find(offered.id).unwrap().token;
    for what in [What::Withdraw, What::Refuse] {
        let message = Message { token, what }.encode();
        for to in [1, 2] {
            says(&eve, to, &message).await.unwrap();
        }
    }
    assert_eq!(ben.all().await[0].state, TransferState::Offered);
    assert_eq!(ann.all().await[0].state, TransferState::Offered);
    let (mut sender, mut receiver) = eve
        .comms
        .open_stream(did(1), FETCH, webx_comms::Priority::Bulk)
        .await
        .unwrap();
    sender.write_all(&token).await.unwrap();
    let answer = receiver.read_to_end(100).await.unwrap();
    assert_eq!(answer[..], [Found::Gone.byte()]);
}

/// Hands out, under every token, a file of that length and these bytes, announced with that hash.
fn hands_out(about: &'static [u8], length: u64, bytes: &'static [u8], hash: [u8; 32]) -> OnStream {
    Arc::new(move |_, mut sender, mut receiver| {
        Box::pin(async move {
            let mut token = [0; 16];
            receiver.read_exact(&mut token).await.unwrap();
            let about = if about.is_empty() { &token[..] } else { about };
            let mut body = vec![0xa3, 0x61, b'v', 1, 0x65];
            body.extend_from_slice(b"about");
            body.push(0x40 + u8::try_from(about.len()).unwrap());
            body.extend_from_slice(about);
            body.push(0x66);
            body.extend_from_slice(b"length");
            body.push(u8::try_from(length).unwrap());
            let mut said = vec![Found::Here.byte(), 0, u8::try_from(body.len()).unwrap()];
            said.extend_from_slice(&body);
            let _ = sender.write_all(&said).await;
            let mut resume = [0; 41];
            if receiver.read_exact(&mut resume).await.is_ok() {
                let _ = sender.write_all(&[0; 8]).await;
                let _ = sender.write_all(bytes).await;
                let _ = sender.write_all(&hash).await;
            }
            // Until the other side is done with it.
            let _ = receiver.read_to_end(1000).await;
        })
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn another_file_another_length_or_another_hash_than_was_offered_is_thrown_away() {
    let net = MemoryNet::new();
    let (ben, eve) = (house(&net, 2), liar(&net, 3));
    ben.knows(3, "Eve");
    let right = *blake3::hash(b"hello").as_bytes();
    let wrong = *blake3::hash(b"hullo").as_bytes();
    for (token, about, length, hash, why) in [
        (1, &b"another file"[..], 5, right, "other"),
        (2, b"", 9, right, "other"),
        (3, b"", 0, right, "other"),
        (4, b"", 5, wrong, "corrupt"),
    ] {
        let handler = hands_out(about, length, b"hello", hash);
        eve.comms.on_stream(FETCH, fetches(), handler).unwrap();
        let said = says(&eve, 2, &offer(token, "hello.txt", 5)).await;
        assert_eq!(said, Ok(Standing::Open));
        let offered = ben.becomes(TransferState::Offered).await;
        ben.transfers.accept(offered.id).await.unwrap();
        let failed = ben
            .newest(|one| one.id == offered.id && one.state == TransferState::Failed)
            .await;
        assert_eq!(failed.why.as_deref(), Some(why), "{token}");
    }
    assert!(ben.received().is_empty());
    assert!(ben.transfers.0.drive.uploads().unwrap().is_empty());
    // What failed may be tried again; this time she is honest.
    let handler = hands_out(b"", 5, b"hello", right);
    eve.comms.on_stream(FETCH, fetches(), handler).unwrap();
    let last = ben.all().await[0].id;
    ben.transfers.accept(last).await.unwrap();
    ben.becomes(TransferState::Done).await;
    assert_eq!(ben.received(), ["hello.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drive_without_space_says_so_on_both_sides() {
    let (_net, ann, ben) = friends();
    let file = ann.write("large", &noise(6_000_000));
    ann.send(2, file).await.unwrap();
    let offered = ben.becomes(TransferState::Offered).await;
    ben.transfers.0.drive.set_quota(Some(1_000_000)).unwrap();
    ben.transfers.accept(offered.id).await.unwrap();
    let failed = ben.becomes(TransferState::Failed).await;
    assert_eq!(failed.why.as_deref(), Some("space"));
    // For Ann it is still on offer: Ben may make room and try again.
    ben.transfers.0.drive.set_quota(None).unwrap();
    ben.transfers.accept(offered.id).await.unwrap();
    ben.becomes(TransferState::Done).await;
    ann.becomes(TransferState::Done).await;
}
