//! The same over real links: QUIC on loopback.

use super::*;
use std::io::Cursor;
use webx_links::{Config as Links, IrohTransport, ProtocolLimits};

struct Known(Hints);

impl Directory for Known {
    fn devices<'a>(&'a self, _: &'a Did) -> Pending<'a, Vec<NodeId>> {
        Box::pin(async { vec![id(2)] })
    }
    fn hints(&self, _: NodeId) -> Pending<'_, Hints> {
        Box::pin(async { self.0.clone() })
    }
    fn blame(&self, _: NodeId, _: Offence) {}
}

async fn bind(n: u8) -> Arc<IrohTransport> {
    let config = Links::loopback().with(ProtocolLimits::streams(ALPN));
    let key = SigningKey::from_bytes(&[n; 32]);
    IrohTransport::bind(config, &key).await.unwrap()
}

fn open_at(transport: &Arc<IrohTransport>, n: u8, other: Hints) -> Comms {
    let people = Arc::new(Somebody {
        own: Some(own(n)),
        ..Somebody::default()
    });
    let config = Config::default();
    let comms = Comms::open(transport.clone(), Arc::new(Known(other)), people, config);
    let (door, transport) = (comms.clone(), transport.clone());
    tokio::spawn(async move {
        while let Some(connection) = transport.accept().await {
            let _ = door.accept(connection);
        }
    });
    comms
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proofs_requests_files_and_datagrams_go_over_real_links() {
    let (near, far) = (bind(1).await, bind(2).await);
    let ann = open_at(&near, 1, far.hints());
    let ben = open_at(&far, 2, Hints::default());
    ben.on_request("echo/1", Limits::default(), echo()).unwrap();
    let limits = Limits {
        bytes: 64 << 20,
        ..Limits::default()
    };
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keep = kept.clone();
    let take: OnStream = Arc::new(move |_, sender, receiver| {
        let keep = keep.clone();
        Box::pin(async move {
            let offer = file::Offer::read(sender, receiver).await.unwrap();
            let mut store = Cursor::new(Vec::new());
            offer.take(&mut store, 0).await.unwrap();
            *keep.lock() = store.into_inner();
        })
    });
    ben.on_stream("files/1", limits, take).unwrap();
    let mut voice = ben.on_datagram("voice/1", limits, 8).unwrap();

    let all = async {
        let (peer, took) = ann.ping(id(2)).await.unwrap();
        assert_eq!(peer.did, did(2));
        assert!(took < Duration::from_secs(5));
        for n in 0..50_u8 {
            let answer = ann.request(did(2), "echo/1", &[n; 1000]).await.unwrap();
            assert_eq!(answer, vec![n; 1000]);
        }
        // Refused before it is read: the reason arrives all the same.
        let unknown = ann.request(id(2), "nothing/1", &vec![0; 500_000]).await;
        let is_unknown = matches!(unknown, Err(Error::Refused(Refused::Unknown)));
        assert!(is_unknown, "{unknown:?}");
        let bytes = vec![7; 10_000_000];
        let (sender, receiver) = ann
            .open_stream(id(2), "files/1", Priority::Bulk)
            .await
            .unwrap();
        let mut source = Cursor::new(bytes.clone());
        let sent = file::send(sender, receiver, b"", &mut source, 10_000_000).await;
        assert_eq!(sent.unwrap().hash, *blake3::hash(&bytes).as_bytes());
        ann.send_datagram(id(2), "voice/1", b"hello").await.unwrap();
        let (peer, data) = voice.recv().await.unwrap();
        assert_eq!((peer.node, &data[..]), (id(1), &b"hello"[..]));
        assert!(ann.paths(id(2)).iter().any(|path| path.selected));
    };
    tokio::time::timeout(Duration::from_secs(60), all)
        .await
        .expect("all in time");
    assert!(*kept.lock() == vec![7; 10_000_000]);
    assert_eq!((ann.connections().len(), ben.connections().len()), (1, 1));
    ann.shutdown().await;
    let gone = tokio::time::timeout(Duration::from_secs(20), async {
        while !ben.connections().is_empty() {
            tokio::task::yield_now().await;
        }
    });
    gone.await.expect("gone in time");
    ben.shutdown().await;
    near.close().await;
    far.close().await;
}
