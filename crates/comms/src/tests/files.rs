//! Files: whole, resumed, refused, spoilt.

use super::*;
use std::io::Cursor;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Bytes that differ from place to place.
fn file(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let mut reader = blake3::Hasher::new().update(b"file").finalize_xof();
    reader.fill(&mut bytes);
    bytes
}

type Kept = Arc<Mutex<Vec<u8>>>;

/// Takes files into a store that may have some of them already, and says what came of it.
fn keep(
    kept: &Kept,
) -> (
    OnStream,
    tokio::sync::mpsc::Receiver<Result<[u8; 32], String>>,
) {
    let (results, outcome) = tokio::sync::mpsc::channel(8);
    let kept = kept.clone();
    let handler: OnStream = Arc::new(move |_, sender, receiver| {
        let (kept, results) = (kept.clone(), results.clone());
        Box::pin(async move {
            let taken = async {
                let offer = file::Offer::read(sender, receiver).await?;
                if offer.about == "unwanted" {
                    offer.refuse("no more cats").await?;
                    return Err(Error::Stopping);
                }
                let before = kept.lock().clone();
                let have = before.len() as u64;
                let mut store = Cursor::new(before);
                let taken = offer.take(&mut store, have).await;
                *kept.lock() = store.into_inner();
                taken
            };
            let taken = taken.await.map_err(|error| error.to_string());
            let _ = results.send(taken).await;
        })
    });
    (handler, outcome)
}

fn large() -> Limits {
    Limits {
        bytes: 100 << 20,
        priority: Priority::Bulk,
        ..Limits::default()
    }
}

async fn give(ann: &Comms, about: &[u8], bytes: &[u8]) -> Result<file::Sent, Error> {
    let (sender, receiver) = ann
        .open_stream(id(2), "files/1", Priority::Bulk)
        .await
        .unwrap();
    let mut source = Cursor::new(bytes.to_vec());
    file::send(sender, receiver, about, &mut source, bytes.len() as u64).await
}

#[tokio::test]
async fn files_arrive_whole_whatever_their_length() {
    let (_net, ann, ben) = two();
    for length in [0, 1, 65_536, 3_000_000] {
        let kept = Kept::default();
        let (handler, mut outcome) = keep(&kept);
        ben.on_stream("files/1", large(), handler).unwrap();
        let bytes = file(length);
        let sent = give(&ann, b"cat.jpg", &bytes).await.unwrap();
        let hash = *blake3::hash(&bytes).as_bytes();
        assert_eq!(sent, file::Sent { from: 0, hash });
        assert_eq!(outcome.recv().await.unwrap(), Ok(hash));
        assert!(*kept.lock() == bytes);
    }
}

#[tokio::test]
async fn a_file_goes_on_where_it_broke_off() {
    let (net, ann, ben) = two();
    let kept = Kept::default();
    let (handler, mut outcome) = keep(&kept);
    ben.on_stream("files/1", large(), handler).unwrap();
    let bytes = file(2_000_000);
    // The line is cut while the file is on its way.
    let (sending, whole) = (ann.comms.clone(), bytes.clone());
    let broken = tokio::spawn(async move { give(&sending, b"", &whole).await });
    until(|| metrics(&ben, "files/1").received > 500_000).await;
    net.cut(id(1), id(2), true);
    assert!(broken.await.unwrap().is_err());
    assert!(outcome.recv().await.unwrap().is_err());
    let had = kept.lock().len() as u64;
    assert!((100_000..2_000_000).contains(&had), "{had}");
    net.cut(id(1), id(2), false);
    let before = metrics(&ann, "files/1").sent;
    let sent = give(&ann, b"", &bytes).await.unwrap();
    assert_eq!(sent.from, had);
    assert!(*kept.lock() == bytes);
    let cost = metrics(&ann, "files/1").sent - before;
    assert!(cost < 2_000_000 - had + 1000, "{cost}");
}

#[tokio::test]
async fn an_earlier_part_of_another_file_is_written_over() {
    let (_net, ann, ben) = two();
    let kept = Arc::new(Mutex::new(vec![7; 1000]));
    let (handler, _outcome) = keep(&kept);
    ben.on_stream("files/1", large(), handler).unwrap();
    let bytes = file(100_000);
    assert_eq!(give(&ann, b"", &bytes).await.unwrap().from, 0);
    assert!(*kept.lock() == bytes);
}

#[tokio::test]
async fn a_file_that_is_unwanted_or_too_large_is_refused_before_it_is_sent() {
    let (_net, ann, ben) = two();
    let (handler, _outcome) = keep(&Kept::default());
    let limits = Limits {
        bytes: 50_000,
        ..large()
    };
    ben.on_stream("files/1", limits, handler).unwrap();
    let bytes = file(40_000);
    let refused = give(&ann, b"unwanted", &bytes).await;
    let reason = Refused::Failed("no more cats".into());
    assert!(matches!(refused, Err(Error::Refused(why)) if why == reason));
    let refused = give(&ann, b"", &file(60_000)).await;
    assert!(matches!(refused, Err(Error::Refused(Refused::TooLarge))));
    let chatty = give(&ann, &[b'x'; 2000], &bytes).await;
    assert!(matches!(chatty, Err(Error::TooLarge(1024))));
    assert!(metrics(&ann, "files/1").sent < 1000);
}

#[tokio::test]
async fn a_spoilt_file_is_noticed_by_both_sides() {
    let (net, _ann, ben) = two();
    let (handler, mut outcome) = keep(&Kept::default());
    ben.on_stream("files/1", large(), handler).unwrap();
    let connection = hostile(&net, 3, 2).await;
    let (mut out, mut inward) = connection.open_bi().await.unwrap();
    let head = wire::Header::new("files/1", wire::Kind::Stream).encode();
    out.write_all(&head).await.unwrap();
    let announcement = b"\xa3\x61v\x01\x65about\x40\x66length\x05";
    out.write_all(&[0, announcement.len() as u8]).await.unwrap();
    out.write_all(announcement).await.unwrap();
    let mut resume = [9; 41];
    inward.read_exact(&mut resume).await.unwrap();
    assert_eq!(resume[..9], [0; 9]);
    out.write_all(&[0; 8]).await.unwrap();
    out.write_all(b"hello").await.unwrap();
    out.write_all(blake3::hash(b"hullo").as_bytes())
        .await
        .unwrap();
    assert_eq!(inward.read_u8().await.unwrap(), 5);
    let error = outcome.recv().await.unwrap().unwrap_err();
    assert_eq!(error, Error::Corrupt.to_string());
}

#[tokio::test(start_paused = true)]
async fn announcements_that_make_no_sense_and_senders_that_stall_are_given_up() {
    let (net, _ann, ben) = two();
    let (handler, mut outcome) = keep(&Kept::default());
    ben.on_stream("files/1", large(), handler).unwrap();
    let connection = hostile(&net, 3, 2).await;
    let head = wire::Header::new("files/1", wire::Kind::Stream).encode();
    let stalling = b"\0\x13\xa3\x61v\x01\x65about\x40\x66length\x05";
    for (bytes, error) in [
        (&b"\xff\xff"[..], "the announcement of a file"),
        (b"\0\x03abc", "the announcement of a file"),
        (stalling, "nothing moved"),
    ] {
        let (mut out, _inward) = connection.open_bi().await.unwrap();
        out.write_all(&head).await.unwrap();
        out.write_all(bytes).await.unwrap();
        let said = outcome.recv().await.unwrap().unwrap_err();
        assert!(said.contains(error), "{said}");
    }
}

#[tokio::test]
async fn a_source_that_is_shorter_than_announced_fails_on_both_sides() {
    let (_net, ann, ben) = two();
    let (handler, mut outcome) = keep(&Kept::default());
    ben.on_stream("files/1", large(), handler).unwrap();
    let (sender, receiver) = ann
        .open_stream(id(2), "files/1", Priority::Bulk)
        .await
        .unwrap();
    let mut source = Cursor::new(file(100));
    let short = file::send(sender, receiver, b"", &mut source, 200).await;
    assert!(matches!(short, Err(Error::Broken(_))), "{short:?}");
    assert!(outcome.recv().await.unwrap().is_err());
}
