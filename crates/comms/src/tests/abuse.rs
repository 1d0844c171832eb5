//! What bad input gets: it is bounded, its sender is blamed, others are not hurt.

use super::*;
use crate::wire::{Header, Kind};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::mpsc,
};
use webx_overlay::transport::{LinkError, RecvStream, SendStream};

fn head(protocol: &str) -> Vec<u8> {
    Header::new(protocol, Kind::Request).encode()
}

/// The code with which the other side gave up a stream.
async fn ended_with(inward: &mut RecvStream) -> u32 {
    let error = inward.read_u8().await.unwrap_err();
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<LinkError>());
    match inner {
        Some(LinkError::Reset(code)) => *code,
        other => panic!("{other:?}"),
    }
}

async fn say(connection: &Arc<dyn Connection>, bytes: &[u8]) -> (SendStream, RecvStream) {
    let (mut out, inward) = connection.open_bi().await.unwrap();
    out.write_all(bytes).await.unwrap();
    (out, inward)
}

#[tokio::test(start_paused = true)]
async fn malformed_oversize_and_missing_heads_end_their_streams_and_blame_the_sender() {
    let (net, _ann, ben) = two();
    ben.on_request("echo/1", Limits::default(), echo()).unwrap();
    let connection = hostile(&net, 3, 2).await;
    for nonsense in [&b"\x03\x01\x02\x03"[..], &[255; 200], &[0]] {
        let (_out, mut inward) = say(&connection, nonsense).await;
        assert_eq!(ended_with(&mut inward).await, code::MALFORMED);
    }
    let blamed = vec![(id(3), Offence::Malformed); 3];
    assert_eq!(*ben.book.blamed.lock(), blamed);
    // Half a head and then nothing: ten seconds.
    let (_out, mut inward) = say(&connection, &[40, 1, 2]).await;
    assert_eq!(ended_with(&mut inward).await, code::STALLED);
    // The connection is as good as before.
    let (mut out, mut inward) = say(&connection, &head("echo/1")).await;
    out.write_all(b"x").await.unwrap();
    out.finish().unwrap();
    let mut answer = Vec::new();
    inward.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, b"\0x");
}

#[tokio::test(start_paused = true)]
async fn an_oversize_question_is_cut_off_where_the_limit_is() {
    let (net, _ann, ben) = two();
    let limits = Limits {
        bytes: 100_000,
        ..Limits::default()
    };
    ben.on_request("echo/1", limits, echo()).unwrap();
    let connection = hostile(&net, 3, 2).await;
    let (mut out, mut inward) = say(&connection, &head("echo/1")).await;
    assert!(out.write_all(&vec![0; 64 << 20]).await.is_err());
    assert_eq!(inward.read_u8().await.unwrap(), 3);
    let received = metrics(&ben, "echo/1").received;
    assert!(received < 200_000, "{received}");
}

#[tokio::test]
async fn one_peer_cannot_have_more_streams_than_allowed_and_others_have_theirs() {
    let (net, ann, ben) = two();
    let limits = Limits {
        streams: 2,
        ..Limits::default()
    };
    let slow: OnRequest = Arc::new(|_, question| {
        Box::pin(async move {
            if question == "wait" {
                std::future::pending::<()>().await;
            }
            Ok(question)
        })
    });
    ben.on_request("slow/1", limits, slow).unwrap();
    let mut waiting = Vec::new();
    for _ in 0..2 {
        let ann = ann.comms.clone();
        let asked = async move { ann.request(id(2), "slow/1", b"wait").await };
        waiting.push(tokio::spawn(asked));
    }
    until(|| metrics(&ben, "slow/1").accepted == 2).await;
    let third = ann.request(id(2), "slow/1", b"now").await;
    assert!(
        matches!(third, Err(Error::Refused(Refused::Busy))),
        "{third:?}"
    );
    assert_eq!(metrics(&ben, "slow/1").refused, 1);
    let other = open(&net, 3);
    assert_eq!(other.request(id(2), "slow/1", b"now").await.unwrap(), "now");
    // Who gives up gives his place back.
    for one in waiting {
        one.abort();
        assert!(one.await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_streams_ends_the_connection_and_nobody_elses() {
    let (net, ann, ben) = two();
    let limits = Limits {
        rate: 1,
        ..Limits::default()
    };
    ben.on_request("echo/1", limits, echo()).unwrap();
    ann.connect(id(2)).await.unwrap();
    let connection = hostile(&net, 3, 2).await;
    let mut opened = 0;
    while let Ok((mut out, _inward)) = connection.open_bi().await {
        opened += 1;
        assert!(opened < 10_000, "the flood goes on");
        let _ = out.write_all(&head("echo/1")).await;
        let _ = out.finish();
        tokio::task::yield_now().await;
    }
    assert_eq!(connection.closed().await, LinkError::Closed(code::BUSY));
    assert_eq!(*ben.book.blamed.lock(), [(id(3), Offence::Flood)]);
    assert_eq!(ann.request(id(2), "echo/1", b"x").await.unwrap(), "x");
}

#[tokio::test(start_paused = true)]
async fn streams_whose_head_never_comes_are_bounded_and_others_get_through() {
    let (net, ann, ben) = two();
    ben.on_request("echo/1", Limits::default(), echo()).unwrap();
    let connection = hostile(&net, 3, 2).await;
    let mut open = Vec::new();
    for _ in 0..100 {
        open.push(connection.open_bi().await.unwrap());
        tokio::task::yield_now().await;
    }
    assert_eq!(ann.request(id(2), "echo/1", b"x").await.unwrap(), "x");
    let mut over = 0;
    for (_out, inward) in &mut open {
        let code = ended_with(inward).await;
        over += u32::from(code != code::STALLED);
    }
    assert_eq!(over, 100 - 64);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_holds_the_writer_back_and_is_given_up() {
    let (_net, ann, ben) = two();
    let (sender, mut streams) = mpsc::channel(4);
    let keep: OnStream = Arc::new(move |_, out, inward| {
        let sender = sender.clone();
        Box::pin(async move { sender.send((out, inward)).await.unwrap() })
    });
    ben.on_stream("bulk/1", Limits::default(), keep).unwrap();
    let (mut out, _inward) = ann
        .open_stream(id(2), "bulk/1", Priority::Bulk)
        .await
        .unwrap();
    // Nobody reads: the pipe fills, and after the patience of the protocol the stream is given up.
    let stalled = out.write_all(&vec![0; 64 << 20]).await;
    assert!(matches!(stalled, Err(Error::Stalled)), "{stalled:?}");
    assert!(metrics(&ann, "bulk/1").sent < 1 << 20);
    assert!(streams.recv().await.is_some());
    // The connection is as good as before.
    ben.on_request("echo/1", Limits::default(), echo()).unwrap();
    assert_eq!(ann.request(id(2), "echo/1", b"x").await.unwrap(), "x");
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_takes_no_bandwidth_from_others() {
    let (net, ann, ben) = two();
    let (sender, mut streams) = mpsc::channel(4);
    let keep: OnStream = Arc::new(move |_, out, inward| {
        let sender = sender.clone();
        Box::pin(async move { sender.send((out, inward)).await.unwrap() })
    });
    ben.on_stream("bulk/1", Limits::default(), keep).unwrap();
    let cleo = open(&net, 3);
    cleo.on_request("echo/1", Limits::default(), echo())
        .unwrap();
    ann.set_bandwidth(Some(1_000_000));
    let (mut out, _inward) = ann
        .open_stream(id(2), "bulk/1", Priority::Bulk)
        .await
        .unwrap();
    let stuck = tokio::spawn(async move { out.write_all(&vec![0; 8 << 20]).await });
    let _unread = streams.recv().await.unwrap();
    let start = tokio::time::Instant::now();
    ann.request(id(3), "echo/1", &vec![0; 1_000_000])
        .await
        .unwrap();
    let took = start.elapsed().as_secs_f64();
    assert!(took < 1.5, "{took}");
    stuck.abort();
}

#[tokio::test(start_paused = true)]
async fn a_half_open_question_is_given_up_and_its_place_is_free_again() {
    let (net, _ann, ben) = two();
    let limits = Limits {
        streams: 1,
        ..Limits::default()
    };
    ben.on_request("echo/1", limits, echo()).unwrap();
    let connection = hostile(&net, 3, 2).await;
    // The head comes, the question never ends.
    let (_out, mut inward) = say(&connection, &head("echo/1")).await;
    until(|| metrics(&ben, "echo/1").accepted == 1).await;
    let (_busy, mut refused) = say(&connection, &head("echo/1")).await;
    assert_eq!(refused.read_u8().await.unwrap(), 2);
    assert!(inward.read_u8().await.is_err());
    until(|| metrics(&ben, "echo/1").errors == 1).await;
    let (mut out, mut inward) = say(&connection, &head("echo/1")).await;
    out.finish().unwrap();
    assert_eq!(inward.read_u8().await.unwrap(), 0);
    // One that drips is given up by the time a request may take.
    let (mut out, mut inward) = say(&connection, &head("echo/1")).await;
    let dripping = tokio::spawn(async move {
        while out.write_all(b".").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let start = tokio::time::Instant::now();
    assert!(inward.read_u8().await.is_err());
    assert!(start.elapsed() <= Duration::from_secs(31));
    dripping.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn questions_of_many_fill_no_more_memory_than_allowed() {
    let net = MemoryNet::new();
    let config = Config {
        memory: 400_000,
        ..Config::default()
    };
    let ben = open_with(&net, 2, config);
    ben.on_request("echo/1", Limits::default(), echo()).unwrap();
    let connection = hostile(&net, 3, 2).await;
    let mut streams = Vec::new();
    for _ in 0..10 {
        streams.push(say(&connection, &head("echo/1")).await);
    }
    // Ten questions of fifty thousand bytes that never end: a quarter of the memory is the most for one peer.
    let mut refused = 0;
    for (out, inward) in &mut streams {
        let _ = out.write_all(&[0; 50_000]).await;
        let status = tokio::time::timeout(Duration::from_secs(1), inward.read_u8()).await;
        refused += u32::from(matches!(status, Ok(Ok(2))));
    }
    assert_eq!(refused, 8);
    let ann = open(&net, 1);
    let answer = ann.request(id(2), "echo/1", &vec![7; 90_000]).await;
    assert_eq!(answer.unwrap().len(), 90_000);
}

#[tokio::test(start_paused = true)]
async fn one_who_accepts_and_drops_is_blamed_and_the_asker_told_at_once() {
    let net = MemoryNet::new();
    let ann = open(&net, 1);
    let transport = net.transport(id(3));
    tokio::spawn(async move {
        let connection = transport.accept().await.unwrap();
        proof::prove(&*connection, &own(3), &NoMemory, now())
            .await
            .unwrap();
        while let Ok(pair) = connection.accept_bi().await {
            drop(pair);
        }
    });
    let start = tokio::time::Instant::now();
    let dropped = ann.request(id(3), "echo/1", b"x").await;
    assert!(matches!(dropped, Err(Error::Broken(_))), "{dropped:?}");
    assert!(start.elapsed() < Duration::from_secs(1));
    assert_eq!(*ann.book.blamed.lock(), [(id(3), Offence::Silent)]);
    let metrics = metrics(&ann, "echo/1");
    assert_eq!((metrics.opened, metrics.errors), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn one_who_takes_questions_and_says_nothing_is_given_up_in_time() {
    let net = MemoryNet::new();
    let ann = open(&net, 1);
    let transport = net.transport(id(3));
    tokio::spawn(async move {
        let connection = transport.accept().await.unwrap();
        proof::prove(&*connection, &own(3), &NoMemory, now())
            .await
            .unwrap();
        connection.closed().await
    });
    let start = tokio::time::Instant::now();
    let answer = ann.request(id(3), "echo/1", b"x").await;
    assert!(
        matches!(answer, Err(Error::TimedOut | Error::Stalled)),
        "{answer:?}"
    );
    assert!(start.elapsed() <= Duration::from_secs(31));
}

#[tokio::test(start_paused = true)]
async fn connections_that_prove_nothing_are_bounded_and_closed() {
    let net = MemoryNet::new();
    let config = Config {
        proofs: 3,
        ..Config::default()
    };
    let ben = open_with(&net, 2, config);
    ben.on_request("echo/1", Limits::default(), echo()).unwrap();
    let dial = async |n: u8| {
        let transport = net.transport(id(n));
        let hints = Hints::default();
        let dialled = transport.dial(id(2), &hints, Exposure::Direct, ALPN).await;
        dialled.unwrap()
    };
    let first = [dial(3).await, dial(3).await];
    // Two at a time are enough for one node, whoever it is.
    assert_eq!(dial(3).await.closed().await, LinkError::Closed(code::BUSY));
    let second = dial(4).await;
    tokio::task::yield_now().await;
    assert_eq!(dial(5).await.closed().await, LinkError::Closed(code::BUSY));
    for silent in first.iter().chain([&second]) {
        assert_eq!(silent.closed().await, LinkError::Closed(code::UNPROVEN));
    }
    // Nothing that came before the proof was looked at, and now there is room again.
    assert_eq!(metrics(&ben, "echo/1").accepted, 0);
    let ann = open(&net, 1);
    assert_eq!(ann.request(id(2), "echo/1", b"x").await.unwrap(), "x");
}

#[tokio::test(start_paused = true)]
async fn more_connections_than_allowed_push_out_the_one_that_was_idle_longest() {
    let net = MemoryNet::new();
    let config = Config {
        connections: 2,
        ..Config::default()
    };
    let ben = open_with(&net, 2, config);
    let waiting: OnRequest = Arc::new(|_, _| Box::pin(std::future::pending()));
    ben.on_request("wait/1", Limits::default(), waiting)
        .unwrap();
    let (ann, cleo, dan) = (open(&net, 1), open(&net, 3), open(&net, 4));
    let busy = ann.comms.clone();
    let busy = tokio::spawn(async move { busy.request(id(2), "wait/1", b"").await });
    until(|| metrics(&ben, "wait/1").accepted == 1).await;
    cleo.connect(id(2)).await.unwrap();
    // The side that was dialled is done a little later, and idle from then on.
    let knows = |node| ben.connections().iter().any(|one| one.0.node == node);
    until(|| knows(id(3))).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    dan.connect(id(2)).await.unwrap();
    until(|| cleo.connections().is_empty()).await;
    until(|| knows(id(4))).await;
    let mut left: Vec<_> = ben.connections().iter().map(|one| one.0.node).collect();
    left.sort();
    let mut expected = vec![id(1), id(4)];
    expected.sort();
    assert_eq!(left, expected);
    busy.abort();
}

#[tokio::test(start_paused = true)]
async fn datagrams_above_the_rate_are_dropped_and_those_of_others_arrive() {
    let (net, ann, ben) = two();
    let limits = Limits {
        datagrams: 5,
        ..Limits::default()
    };
    let mut incoming = ben.on_datagram("voice/1", limits, 100).unwrap();
    let connection = hostile(&net, 3, 2).await;
    let flood = [&wire::tag("voice/1")[..], b"!"].concat();
    for _ in 0..50 {
        connection.send_datagram(flood.clone().into()).unwrap();
    }
    connection.send_datagram(vec![0; 3].into()).unwrap();
    connection.send_datagram(vec![0; 300].into()).unwrap();
    until(|| metrics(&ben, "voice/1").datagrams == 50).await;
    assert_eq!(metrics(&ben, "voice/1").refused, 45);
    ann.send_datagram(id(2), "voice/1", b"hello").await.unwrap();
    let mut senders = Vec::new();
    for _ in 0..6 {
        senders.push(incoming.recv().await.unwrap().0.node);
    }
    assert!(senders.contains(&id(1)));
}
