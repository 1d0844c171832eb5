//! Two transports on loopback.

use std::time::Duration;

use crate::common::{BULK, dial, node, node_with, pair, pattern, read, write};
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use webx_links::{Bind, Config, ProtocolLimits};
use webx_overlay::Protocol;
use webx_overlay::transport::{Exposure, Hints, LinkError, Route, Transport};

#[tokio::test]
async fn a_stream_goes_both_ways_and_each_end_knows_the_other() {
    let (a, b) = (node(1).await, node(2).await);
    let (out, come) = pair(&a, &b, BULK).await;
    assert_eq!((out.peer(), come.peer()), (b.id(), a.id()));
    assert_eq!((out.alpn(), come.alpn()), (BULK, BULK));
    assert!(out.dialled() && !come.dialled());

    let question = pattern(300_000);
    let asked = question.clone();
    let answer = tokio::spawn(async move {
        let (send, recv) = come.accept_bi().await.unwrap();
        let got = read(recv).await.unwrap();
        write(send, &got).await;
        come.closed().await
    });
    let (send, recv) = out.open_bi().await.unwrap();
    write(send, &asked).await;
    assert_eq!(read(recv).await.unwrap(), question);
    assert!(out.traffic().0 > 300_000 && out.traffic().1 > 300_000);
    out.close(7, "enough");
    assert_eq!(answer.await.unwrap(), LinkError::Closed(7));
    assert_eq!(out.closed().await, LinkError::Ended);
    tokio::join!(a.close(), b.close());
    assert!(a.accept().await.is_none());
}

#[tokio::test]
async fn loopback_means_one_address_of_loopback() {
    let a = node(1).await;
    let hints = a.hints();
    assert_eq!(hints.direct.len(), 1, "{hints:?}");
    assert!(
        hints
            .direct
            .iter()
            .chain(&a.bound())
            .all(|address| address.ip().is_loopback() && address.port() != 0)
    );
    assert!(hints.relays.is_empty());
    a.close().await;
}

#[tokio::test]
async fn the_channel_binding_is_the_same_at_both_ends_and_at_no_other_connection() {
    let (a, b) = (node(1).await, node(2).await);
    let (out, come) = pair(&a, &b, BULK).await;
    let (other, _other) = pair(&a, &b, BULK).await;
    let binding = out.channel_binding(b"webx test").unwrap();
    assert_eq!(binding, come.channel_binding(b"webx test").unwrap());
    assert_ne!(binding, come.channel_binding(b"webx other").unwrap());
    assert_ne!(binding, other.channel_binding(b"webx test").unwrap());
    tokio::join!(a.close(), b.close());
}

#[tokio::test]
async fn datagrams_go_where_the_protocol_has_them_and_nowhere_else() {
    let (a, b) = (node(1).await, node(2).await);
    let (out, come) = pair(&a, &b, BULK).await;
    let most = out.max_datagram().unwrap();
    assert!(most >= 1000);
    out.send_datagram(Bytes::from(pattern(most))).unwrap();
    assert_eq!(come.read_datagram().await.unwrap(), pattern(most));
    assert_eq!(
        out.send_datagram(Bytes::from(vec![0; 65_000])),
        Err(LinkError::TooLong(65_000))
    );
    let (control, _come) = pair(&a, &b, Protocol::Control.alpn()).await;
    assert_eq!(control.max_datagram(), None);
    assert_eq!(
        control.send_datagram(Bytes::from_static(b"x")),
        Err(LinkError::TooLong(1))
    );
    tokio::join!(a.close(), b.close());
}

#[tokio::test]
async fn a_path_on_loopback_is_direct_and_selected() {
    let (a, b) = (node(1).await, node(2).await);
    let (out, _come) = pair(&a, &b, BULK).await;
    let paths = out.paths();
    assert!(
        paths
            .iter()
            .any(|path| path.selected && path.route == Route::Direct(b.hints().direct[0])),
        "{paths:?}"
    );
    tokio::join!(a.close(), b.close());
}

#[tokio::test]
async fn a_protocol_that_one_side_does_not_speak_gives_no_connection() {
    let config = Config {
        dial_time: Duration::from_secs(1),
        ..crate::common::config()
    };
    let (a, b) = (
        node_with(1, config).await,
        node_with(2, Config::loopback()).await,
    );
    assert!(dial(&a, &b, BULK).await.is_err());
    assert_eq!(b.open_incoming(), 0);
    assert_eq!(
        dial(&a, &b, b"nobody/1").await.unwrap_err(),
        LinkError::Protocol(a.id()),
        "not even this side speaks it"
    );
    tokio::join!(a.close(), b.close());
}

#[tokio::test]
async fn nobody_at_home_is_unreachable() {
    let config = Config {
        dial_time: Duration::from_millis(500),
        ..crate::common::config()
    };
    let (a, b) = (node_with(1, config).await, node(2).await);
    let (id, hints) = (b.id(), b.hints());
    b.close().await;
    drop(b);
    assert_eq!(
        a.dial(id, &hints, Exposure::Direct, BULK)
            .await
            .unwrap_err(),
        LinkError::Unreachable(id)
    );
    assert_eq!(
        a.dial(id, &Hints::default(), Exposure::Direct, BULK)
            .await
            .unwrap_err(),
        LinkError::Unreachable(id)
    );
    a.close().await;
}

#[tokio::test]
async fn another_node_at_the_address_is_not_taken_for_the_one_that_was_meant() {
    let config = Config {
        dial_time: Duration::from_secs(3),
        ..crate::common::config()
    };
    let (a, b, c) = (node_with(1, config).await, node(2).await, node(3).await);
    assert!(
        a.dial(c.id(), &b.hints(), Exposure::Direct, BULK)
            .await
            .is_err()
    );
    tokio::join!(a.close(), b.close(), c.close());
}

#[tokio::test]
async fn a_stream_dropped_half_way_never_looks_whole() {
    let (a, b) = (node(1).await, node(2).await);
    let (out, come) = pair(&a, &b, BULK).await;
    let mut send = out.open_uni().await.unwrap();
    send.write_all(b"half a mess").await.unwrap();
    let mut recv = come.accept_uni().await.unwrap();
    recv.read_exact(&mut [0; 11]).await.unwrap();
    drop(send);
    assert_eq!(
        read(recv).await.unwrap_err().kind(),
        std::io::ErrorKind::ConnectionReset
    );
    // And the other way: who stops reading is noticed by the writer.
    let mut send = out.open_uni().await.unwrap();
    send.write_all(b"x").await.unwrap();
    drop(come.accept_uni().await.unwrap());
    let refused = async { while send.write_all(&[0; 65536]).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(5), refused)
        .await
        .expect("the writer was told to stop");
    tokio::join!(a.close(), b.close());
}

#[tokio::test]
async fn a_peer_may_have_no_more_streams_open_than_the_protocol_allows() {
    let narrow = ProtocolLimits {
        uni_streams: 4,
        bi_streams: 0,
        ..ProtocolLimits::streams(b"test/narrow/1")
    };
    let config = crate::common::config().with(narrow);
    let (a, b) = (
        node_with(1, config.clone()).await,
        node_with(2, config).await,
    );
    let (out, come) = pair(&a, &b, b"test/narrow/1").await;
    let mut held = Vec::new();
    for _ in 0..4 {
        let mut stream = out.open_uni().await.unwrap();
        stream.write_all(b"x").await.unwrap();
        held.push(stream);
    }
    let more = |out: std::sync::Arc<dyn webx_overlay::transport::Connection>| async move {
        tokio::time::timeout(Duration::from_millis(200), out.open_uni())
            .await
            .is_ok()
    };
    assert!(!more(out.clone()).await, "a fifth stream");
    assert!(
        tokio::time::timeout(Duration::from_millis(200), out.open_bi())
            .await
            .is_err(),
        "a stream both ways"
    );
    // One ends, one more may come.
    held.remove(0).finish().unwrap();
    read(come.accept_uni().await.unwrap()).await.unwrap();
    for _ in 0..3 {
        drop(come.accept_uni().await.unwrap());
    }
    assert!(more(out).await);
    tokio::join!(a.close(), b.close());
}

#[tokio::test]
async fn a_peer_that_is_not_read_is_stopped_by_the_window() {
    let narrow = ProtocolLimits {
        stream_window: 65536,
        window: 131_072,
        ..ProtocolLimits::streams(b"test/narrow/1")
    };
    let config = crate::common::config().with(narrow);
    let (a, b) = (
        node_with(1, config.clone()).await,
        node_with(2, config).await,
    );
    let (out, come) = pair(&a, &b, b"test/narrow/1").await;
    let mut sent = 0usize;
    let flood = async {
        let mut stuck = Vec::new();
        loop {
            let mut stream = out.open_uni().await.unwrap();
            while let Ok(written) =
                tokio::time::timeout(Duration::from_millis(100), stream.write(&[0; 8192])).await
            {
                sent += written.unwrap();
            }
            stuck.push(stream);
        }
    };
    let _never = tokio::time::timeout(Duration::from_millis(800), flood).await;
    // What lies at the receiver, and what waits at the sender for room: one window each.
    assert!(
        sent <= 2 * 131_072 + 65536,
        "{sent} bytes were taken by a peer who reads nothing"
    );
    drop(come);
    tokio::join!(a.close(), b.close());
}

#[tokio::test]
async fn a_closed_transport_gives_its_port_back_although_somebody_still_holds_it() {
    let (a, b) = (node(1).await, node(2).await);
    drop(pair(&a, &b, BULK).await);
    let bound = a.bound();
    a.close().await;
    assert!(a.bound().is_empty() && a.hints() == Hints::default());
    let again = Config {
        bind: Bind::Exactly(bound.clone()),
        ..crate::common::config()
    };
    let anew = node_with(1, again).await;
    assert_eq!(anew.bound(), bound);
    drop(a);
    tokio::join!(anew.close(), b.close());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_who_lags_by_a_whole_window_loses_nothing() {
    let limits = ProtocolLimits::streams(b"test/lag/1");
    let window = u64::from(limits.stream_window);
    let config = crate::common::config().with(limits);
    let (a, b) = (
        node_with(1, config.clone()).await,
        node_with(2, config).await,
    );
    let (out, come) = pair(&a, &b, b"test/lag/1").await;
    let sent = vec![7; 8 << 20];
    let send = async {
        let mut stream = out.open_uni().await.unwrap();
        stream.write_all(&sent).await.unwrap();
        stream.finish().unwrap();
    };
    let read = async {
        let mut stream = come.accept_uni().await.unwrap();
        while come.traffic().1 < window {
            tokio::task::yield_now().await;
        }
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        all
    };
    let both = async { tokio::join!(send, read) };
    let ((), all) = tokio::time::timeout(Duration::from_secs(60), both)
        .await
        .expect("all arrives");
    assert!(all == sent);
    tokio::join!(a.close(), b.close());
}
