//! The relay a node runs for others.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::common::{BULK, config, key, node_with, pair_by, pattern, read, write};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use webx_links::{Bind, Config, RelayAddress, RelayConfig, RelayServer};
use webx_overlay::NodeId;
use webx_overlay::transport::{Exposure, Hints, Route, Transport};

/// TLS at a free port of loopback, where a person would choose 443.
fn tls() -> RelayConfig {
    RelayConfig::at(SocketAddr::from(([127, 0, 0, 1], 0)))
}

fn without_udp(relay: &str) -> Config {
    Config {
        bind: Bind::Nothing,
        relays: vec![relay.to_owned()],
        ..config()
    }
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), what)
        .await
        .expect("in time")
}

#[tokio::test]
async fn without_udp_everything_works_by_a_relay_over_tls() {
    let relay = RelayServer::start(tls(), &key(9)).await.unwrap();
    let url = relay.address().to_string();
    assert!(url.starts_with("https://127.0.0.1:"));
    let (a, b) = (
        node_with(1, without_udp(&url)).await,
        node_with(2, without_udp(&url)).await,
    );
    assert!(a.bound().is_empty(), "no UDP socket");
    soon(async { tokio::join!(a.online(), b.online()) }).await;
    assert_eq!(
        b.hints(),
        Hints {
            direct: vec![],
            relays: vec![url.clone()]
        }
    );
    let (out, come) = soon(pair_by(&a, &b, &b.hints(), BULK)).await;
    assert!(
        out.paths()
            .iter()
            .any(|path| path.selected && path.route == Route::Relay(url.clone())),
        "{:?}",
        out.paths()
    );
    assert_eq!(
        out.channel_binding(b"x").unwrap(),
        come.channel_binding(b"x").unwrap()
    );

    let bytes = pattern(1 << 20);
    let (send, recv) = out.open_bi().await.unwrap();
    let echo = async {
        let (send, recv) = come.accept_bi().await.unwrap();
        let got = read(recv).await.unwrap();
        write(send, &got).await;
    };
    let (_, _, back) = soon(async { tokio::join!(write(send, &bytes), echo, read(recv)) }).await;
    assert_eq!(back.unwrap(), bytes);
    out.send_datagram(vec![7; 100].into()).unwrap();
    assert_eq!(soon(come.read_datagram()).await.unwrap(), vec![7; 100]);
    assert_eq!(relay.clients(), 2);
    tokio::join!(a.close(), b.close());
    relay.close().await;
}

#[tokio::test]
async fn a_node_serves_the_relay_by_which_others_reach_it_and_each_other() {
    let server = node_with(
        3,
        Config {
            serve: Some(RelayConfig::loopback()),
            ..config()
        },
    )
    .await;
    let url = server.relay().unwrap().address().to_string();
    assert_eq!(server.hints().relays, std::slice::from_ref(&url));
    let (a, b) = (
        node_with(1, without_udp(&url)).await,
        node_with(2, without_udp(&url)).await,
    );
    soon(async { tokio::join!(a.online(), b.online(), server.online()) }).await;
    let by_relay = Hints {
        direct: vec![],
        relays: vec![url],
    };
    let (_out, come) = soon(pair_by(&a, &b, &by_relay, BULK)).await;
    assert_eq!(come.peer(), a.id());
    let (_out, come) = soon(pair_by(&a, &server, &by_relay, BULK)).await;
    assert_eq!(come.peer(), a.id());
    tokio::join!(a.close(), b.close(), server.close());
}

#[tokio::test]
async fn a_relay_with_another_key_than_expected_is_not_used() {
    let relay = RelayServer::start(tls(), &key(9)).await.unwrap();
    let wrong = RelayAddress {
        node: NodeId(key(8).verifying_key().to_bytes()),
        ..relay.address()
    };
    let a = node_with(1, without_udp(&wrong.to_string())).await;
    let online = tokio::time::timeout(Duration::from_millis(1500), a.online()).await;
    assert!(
        online.is_err(),
        "a stranger's relay was taken for the one that was meant"
    );
    assert_eq!(relay.clients(), 0);
    a.close().await;
    relay.close().await;
}

#[tokio::test]
async fn who_hides_his_address_is_reached_by_the_relay_alone() {
    let relay = RelayServer::start(RelayConfig::loopback(), &key(9))
        .await
        .unwrap();
    let homed = Config {
        relays: vec![relay.address().to_string()],
        ..config()
    };
    let hiding = Config {
        exposure: Exposure::RelayOnly,
        ..homed.clone()
    };
    let (a, b) = (node_with(1, hiding).await, node_with(2, homed).await);
    soon(async { tokio::join!(a.online(), b.online()) }).await;
    assert!(a.bound().is_empty() && a.hints().direct.is_empty());
    let (hints, hidden) = (b.hints(), a.hints());
    assert!(
        !hints.direct.is_empty() && !hints.relays.is_empty(),
        "{hints:?}"
    );
    let (out, come) = soon(async {
        tokio::join!(
            a.dial(b.id(), &hints, Exposure::RelayOnly, BULK),
            b.accept()
        )
    })
    .await;
    let (back, _came) = soon(pair_by(&b, &a, &hidden, BULK)).await;
    // Time enough for a direct path, if one were tried.
    tokio::time::sleep(Duration::from_millis(500)).await;
    for end in [out.unwrap(), come.unwrap(), back] {
        assert!(
            end.paths()
                .iter()
                .all(|path| matches!(path.route, Route::Relay(_))),
            "{:?}",
            end.paths()
        );
    }
    // A transport that shows its address does not pretend to hide it.
    assert!(
        b.dial(a.id(), &hidden, Exposure::RelayOnly, BULK)
            .await
            .is_err()
    );
    tokio::join!(a.close(), b.close());
    relay.close().await;
}

#[tokio::test]
async fn a_stream_that_begins_at_the_relay_moves_to_a_direct_path_without_losing_a_byte() {
    let relay = RelayServer::start(RelayConfig::loopback(), &key(9))
        .await
        .unwrap();
    let homed = Config {
        relays: vec![relay.address().to_string()],
        ..config()
    };
    let (a, b) = (node_with(1, homed.clone()).await, node_with(2, homed).await);
    soon(async { tokio::join!(a.online(), b.online()) }).await;
    let by_relay = Hints {
        direct: vec![],
        ..b.hints()
    };
    let mut changes = a.path_changes();
    let (out, come) = soon(pair_by(&a, &b, &by_relay, BULK)).await;
    let bytes = pattern(8 << 20);
    let sent = bytes.clone();
    let writing = out.clone();
    let writer = tokio::spawn(async move {
        let mut stream = writing.open_uni().await.unwrap();
        for piece in sent.chunks(64 << 10) {
            stream.write_all(piece).await.unwrap();
        }
        stream.finish().unwrap();
    });
    let mut stream = come.accept_uni().await.unwrap();
    let mut got = vec![0; 1 << 20];
    soon(stream.read_exact(&mut got)).await.unwrap();
    // The reader holds the stream up in the middle until the path has changed.
    soon(async {
        loop {
            let change = changes.recv().await.unwrap();
            if matches!(change.route, Route::Direct(_))
                && change.fate == webx_links::PathFate::Selected
            {
                break;
            }
        }
    })
    .await;
    soon(stream.read_to_end(&mut got)).await.unwrap();
    writer.await.unwrap();
    assert!(got == bytes, "not a byte was lost or moved");
    assert!(
        out.paths()
            .iter()
            .any(|path| path.selected && matches!(path.route, Route::Direct(_)))
    );
    tokio::join!(a.close(), b.close());
    relay.close().await;
}

#[tokio::test]
async fn a_relay_takes_no_more_nodes_than_it_has_places_for() {
    let relay = RelayServer::start(
        RelayConfig {
            clients: 1,
            ..RelayConfig::loopback()
        },
        &key(9),
    )
    .await
    .unwrap();
    let url = relay.address().to_string();
    let a = node_with(1, without_udp(&url)).await;
    soon(a.online()).await;
    let b = node_with(2, without_udp(&url)).await;
    assert!(
        tokio::time::timeout(Duration::from_millis(1000), b.online())
            .await
            .is_err()
    );
    assert_eq!(relay.clients(), 1);
    tokio::join!(a.close(), b.close());
    relay.close().await;
}

#[tokio::test]
async fn a_client_that_floods_the_relay_is_slowed_and_half_open_callers_are_dropped() {
    let admission = webx_links::Admission {
        per_address: 4,
        handshake_time: Duration::from_millis(300),
        ..Default::default()
    };
    let slow = RelayConfig {
        rate: NonZeroU32::new(512 << 10).unwrap(),
        admission,
        ..RelayConfig::loopback()
    };
    let relay = RelayServer::start(slow, &key(9)).await.unwrap();
    // Callers who say nothing: four are held for a moment, the rest are turned away at once.
    let mut silent = Vec::new();
    for _ in 0..8 {
        silent.push(
            tokio::net::TcpStream::connect(relay.address().address)
                .await
                .unwrap(),
        );
    }
    let mut ended = 0;
    for stream in &mut silent {
        let mut byte = [0];
        if matches!(soon(stream.read(&mut byte)).await, Ok(0) | Err(_)) {
            ended += 1;
        }
    }
    assert_eq!(ended, 8, "nobody holds a place by saying nothing");

    let url = relay.address().to_string();
    let (a, b) = (
        node_with(1, without_udp(&url)).await,
        node_with(2, without_udp(&url)).await,
    );
    soon(async { tokio::join!(a.online(), b.online()) }).await;
    let (out, come) = soon(pair_by(&a, &b, &b.hints(), BULK)).await;
    let start = std::time::Instant::now();
    let bytes = pattern(2 << 20);
    let sent = bytes.clone();
    let writing = out.clone();
    tokio::spawn(async move { write(writing.open_uni().await.unwrap(), &sent).await });
    assert_eq!(
        soon(read(come.accept_uni().await.unwrap()))
            .await
            .unwrap()
            .len(),
        bytes.len()
    );
    assert!(
        start.elapsed() > Duration::from_secs(2),
        "2 MiB at 512 KiB a second in {:?}",
        start.elapsed()
    );
    tokio::join!(a.close(), b.close());
    relay.close().await;
}

#[tokio::test]
async fn a_relay_without_tls_is_for_loopback_alone() {
    let open = RelayConfig {
        tls: false,
        ..RelayConfig::at(SocketAddr::from(([0, 0, 0, 0], 0)))
    };
    assert!(RelayServer::start(open, &key(9)).await.is_err());
    let nowhere = RelayConfig::at(SocketAddr::from(([0, 0, 0, 0], 0)));
    assert!(
        RelayServer::start(nowhere, &key(9)).await.is_err(),
        "others would not know where"
    );
}
