//! Which connection is used, and what happens when one is lost.

use super::*;
use bytes::Bytes;
use std::sync::atomic::{AtomicBool, Ordering};
use webx_overlay::transport::{LinkError, PathInfo, RecvStream, Route, SendStream};

/// A transport whose outgoing connections seem to go by a relay while the switch is on.
#[derive(Debug)]
struct Switched(Arc<dyn Transport>, Arc<AtomicBool>);

#[derive(Debug)]
struct SwitchedConnection(Arc<dyn Connection>, Arc<AtomicBool>);

impl Transport for Switched {
    fn id(&self) -> NodeId {
        self.0.id()
    }
    fn hints(&self) -> Hints {
        self.0.hints()
    }
    fn dial<'a>(
        &'a self,
        to: NodeId,
        hints: &'a Hints,
        exposure: Exposure,
        alpn: &'a [u8],
    ) -> Pending<'a, Result<Arc<dyn Connection>, LinkError>> {
        Box::pin(async move {
            let connection = self.0.dial(to, hints, exposure, alpn).await?;
            let switched = SwitchedConnection(connection, self.1.clone());
            Ok(Arc::new(switched) as Arc<dyn Connection>)
        })
    }
    fn accept(&self) -> Pending<'_, Option<Arc<dyn Connection>>> {
        self.0.accept()
    }
    fn close(&self) -> Pending<'_, ()> {
        self.0.close()
    }
}

impl Connection for SwitchedConnection {
    fn paths(&self) -> Vec<PathInfo> {
        let relayed = self.1.load(Ordering::Relaxed);
        let path = |route, selected, millis| PathInfo {
            route,
            selected,
            rtt: Duration::from_millis(millis),
        };
        // Faster than the connection without a switch, but only while it does not go by the relay.
        let direct = path(Route::Direct(([10, 0, 0, 1], 1).into()), !relayed, 0);
        let relay = path(Route::Relay("https://relay".into()), relayed, 0);
        vec![direct, relay]
    }
    fn peer(&self) -> NodeId {
        self.0.peer()
    }
    fn alpn(&self) -> &[u8] {
        self.0.alpn()
    }
    fn dialled(&self) -> bool {
        self.0.dialled()
    }
    fn open_bi(&self) -> Pending<'_, Result<(SendStream, RecvStream), LinkError>> {
        self.0.open_bi()
    }
    fn accept_bi(&self) -> Pending<'_, Result<(SendStream, RecvStream), LinkError>> {
        self.0.accept_bi()
    }
    fn open_uni(&self) -> Pending<'_, Result<SendStream, LinkError>> {
        self.0.open_uni()
    }
    fn accept_uni(&self) -> Pending<'_, Result<RecvStream, LinkError>> {
        self.0.accept_uni()
    }
    fn send_datagram(&self, data: Bytes) -> Result<(), LinkError> {
        self.0.send_datagram(data)
    }
    fn read_datagram(&self) -> Pending<'_, Result<Bytes, LinkError>> {
        self.0.read_datagram()
    }
    fn max_datagram(&self) -> Option<usize> {
        self.0.max_datagram()
    }
    fn channel_binding(&self, label: &[u8]) -> Result<[u8; 32], LinkError> {
        self.0.channel_binding(label)
    }
    fn traffic(&self) -> (u64, u64) {
        self.0.traffic()
    }
    fn close(&self, code: u32, reason: &str) {
        self.0.close(code, reason);
    }
    fn closed(&self) -> Pending<'_, LinkError> {
        self.0.closed()
    }
}

#[tokio::test]
async fn the_best_path_is_used_and_another_one_as_soon_as_it_is_better() {
    let net = MemoryNet::new();
    let relayed = Arc::new(AtomicBool::new(true));
    let switched = Switched(net.transport(id(1)), relayed.clone());
    let ann = open_over(Arc::new(switched), 1, Config::default());
    let ben = open(&net, 2);
    ben.on_request("echo/1", Limits::default(), echo()).unwrap();
    // Both dial at the same moment, so two connections stand.
    let (one, two) = tokio::join!(ann.connect(id(2)), ben.connect(id(1)));
    assert!(one.is_ok() && two.is_ok());
    until(|| ann.connections().len() == 2 && ben.connections().len() == 2).await;
    let route = || ann.paths(id(2)).into_iter().find(|path| path.selected);
    assert_eq!(route().unwrap().route, Route::Memory);
    ann.request(id(2), "echo/1", b"1").await.unwrap();
    relayed.store(false, Ordering::Relaxed);
    assert!(matches!(route().unwrap().route, Route::Direct(_)));
    ann.request(id(2), "echo/1", b"2").await.unwrap();
    relayed.store(true, Ordering::Relaxed);
    assert_eq!(route().unwrap().route, Route::Memory);
}

#[tokio::test]
async fn a_lost_connection_is_made_anew() {
    let (net, ann, ben) = two();
    ben.on_request("echo/1", Limits::default(), echo()).unwrap();
    ann.request(id(2), "echo/1", b"1").await.unwrap();
    net.cut(id(1), id(2), true);
    assert!(ann.request(id(2), "echo/1", b"2").await.is_err());
    net.cut(id(1), id(2), false);
    assert_eq!(ann.request(id(2), "echo/1", b"3").await.unwrap(), "3");
    assert!(ann.book.blamed.lock().is_empty(), "a cut is nobody's fault");
}

#[tokio::test(start_paused = true)]
async fn a_person_is_reached_by_the_device_that_answers() {
    let net = MemoryNet::new();
    let ben = open(&net, 2);
    ben.on_request("echo/1", Limits::default(), echo()).unwrap();
    // Number six is there and says nothing, number seven is not there at all.
    let _silent = net.transport(id(6));
    let devices = HashMap::from([(did(2), vec![id(6), id(7), id(2)])]);
    let book = Arc::new(Book {
        devices,
        ..Book::default()
    });
    let people = Arc::new(Somebody {
        own: Some(own(1)),
        ..Somebody::default()
    });
    let ann = Comms::open(net.transport(id(1)), book, people, Config::default());
    let start = tokio::time::Instant::now();
    assert_eq!(ann.request(did(2), "echo/1", b"x").await.unwrap(), "x");
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_question_on_a_connection_that_was_just_given_up_as_idle_is_asked_again() {
    let net = MemoryNet::new();
    let ann = open(&net, 1);
    let transport = net.transport(id(2));
    let other = tokio::spawn(async move {
        let connection = transport.accept().await.unwrap();
        proof::prove(&*connection, &own(2), &NoMemory, now())
            .await
            .unwrap();
        // The question is on its way when the connection is closed, and nobody has looked at it.
        let asked = connection.accept_bi().await.unwrap();
        connection.close(code::IDLE, "idle");
        drop(asked);
        let (comms, _) = (open_over(transport, 2, Config::default()), connection);
        comms
            .on_request("echo/1", Limits::default(), echo())
            .unwrap();
        comms
    });
    assert_eq!(ann.request(id(2), "echo/1", b"x").await.unwrap(), "x");
    let ben = other.await.unwrap();
    assert_eq!(metrics(&ben, "echo/1").accepted, 1);
    assert!(ann.book.blamed.lock().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_ping_shows_that_the_node_is_there_now() {
    let net = MemoryNet::new();
    let ann = open(&net, 1);
    assert!(ann.ping(id(2)).await.is_err());
    // A node that has proved itself and then hangs.
    let transport = net.transport(id(2));
    let hanging = tokio::spawn(async move {
        let connection = transport.accept().await.unwrap();
        proof::prove(&*connection, &own(2), &NoMemory, now())
            .await
            .unwrap();
        connection
    });
    assert_eq!(ann.connect(id(2)).await.unwrap().did, did(2));
    let _hangs = hanging.await.unwrap();
    // It has started anew: the old connection says nothing, a new one does.
    let _ben = open(&net, 2);
    let (peer, took) = ann.ping(id(2)).await.unwrap();
    assert_eq!(peer.did, did(2));
    assert!(took < Duration::from_secs(1), "{took:?}");
}
