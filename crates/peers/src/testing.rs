//! People and connections for tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use time::{Duration, OffsetDateTime, macros::datetime};
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex},
    sync::{Mutex, mpsc},
};
use webx_identity::{Identity, RecoveryWords};
use webx_overlay::{
    NodeId,
    transport::{
        Connection, Incoming, LinkError, Outgoing, PathInfo, Pending, RecvStream, Route, SendStream,
    },
};

use crate::proof::{self, News, Own, Proven};

pub(crate) const NOW: OffsetDateTime = datetime!(2026-10-01 12:00 UTC);

#[derive(Clone)]
pub(crate) struct Person {
    entropy: u8,
    rotations: i64,
    first: u32,
    pub(crate) identity: Identity,
}

pub(crate) fn person(entropy: u8) -> Person {
    let seed = RecoveryWords::generate(&[entropy; 32]).unwrap().seed();
    Person {
        entropy,
        rotations: 0,
        first: 0,
        identity: Identity::create(&seed, NOW).unwrap(),
    }
}

impl Person {
    fn seed(&self) -> webx_identity::Seed {
        RecoveryWords::generate(&[self.entropy; 32]).unwrap().seed()
    }

    pub(crate) fn key(&self, n: u32) -> Arc<SigningKey> {
        Arc::new(self.seed().device_key(n))
    }

    pub(crate) fn node(&self, n: u32) -> NodeId {
        NodeId(self.key(n).verifying_key().to_bytes())
    }

    /// The first device of the newest version.
    pub(crate) fn own(&self) -> Own {
        let (did, log) = (self.identity.did.clone(), self.identity.log.clone());
        Own::new(did, log, self.key(self.first), NOW).unwrap()
    }

    /// This person after ending the DID.
    pub(crate) fn ended(&self) -> Self {
        use affinidi_data_integrity::{DataIntegrityProof, SignOptions};
        use didwebvh_rs::log_entry::{LogEntryMethods as _, spec_1_0::LogEntry1_0};
        let last = self.identity.log.entries().pop().unwrap();
        let number = u32::try_from(self.identity.log.entries().len()).unwrap();
        let key = self.seed().update_key(number);
        let draft = serde_json::json!({
            "versionId": last["versionId"],
            "versionTime": "2026-09-30T00:00:00Z",
            "parameters": {
                "updateKeys": [webx_identity::multikey(&key.verifying_key())],
                "nextKeyHashes": [],
                "deactivated": true,
            },
            "state": last["state"],
        });
        let mut entry: LogEntry1_0 = serde_json::from_value(draft).unwrap();
        let hash = entry.generate_log_entry_hash().unwrap();
        entry.set_version_id(&format!("{}-{hash}", number + 1));
        let name = webx_identity::multikey(&key.verifying_key());
        let signer = crate::credential::KeySigner::new(&key, format!("did:key:{name}#{name}"));
        let options = SignOptions::new()
            .with_created(chrono::DateTime::from_timestamp(1_790_726_400, 0).unwrap());
        let proof = crate::credential::ready(DataIntegrityProof::sign(&entry, &signer, options))
            .unwrap()
            .unwrap();
        entry.add_proof(proof);
        let text = format!(
            "{}{}",
            self.identity.log.as_str(),
            serde_json::to_string(&entry).unwrap()
        );
        let mut ended = self.clone();
        ended.identity.log = webx_identity::DidLog::parse(&text).unwrap();
        ended
    }

    pub(crate) fn rotate(&mut self, devices: &[u32]) {
        self.rotations += 1;
        self.first = devices.first().copied().unwrap();
        let keys: Vec<_> = devices
            .iter()
            .map(|n| self.key(*n).verifying_key())
            .collect();
        let at = NOW - Duration::days(100) + Duration::days(self.rotations);
        let seed = self.seed();
        self.identity.rotate(&seed, &keys, at).unwrap();
    }
}

/// What a proof of the first device shows.
pub(crate) fn proven(person: &Person) -> Proven {
    let own = person.own();
    Proven {
        did: own.did().clone(),
        device: own.node(),
        log: own.log().cloned(),
        version: person.identity.log.entries().last().unwrap()["versionId"]
            .as_str()
            .unwrap()
            .to_owned(),
        news: News::First,
        devices: proof::devices(own.did(), own.log(), NOW).unwrap(),
    }
}

#[derive(Debug)]
pub(crate) struct TestConnection {
    peer: NodeId,
    alpn: Vec<u8>,
    dialled: bool,
    open: mpsc::Sender<(DuplexStream, DuplexStream)>,
    opened: Mutex<mpsc::Receiver<(DuplexStream, DuplexStream)>>,
}

/// Two ends of a connection: the dialler's and the acceptor's.
pub(crate) fn pair(
    dialler: NodeId,
    acceptor: NodeId,
    alpn: &[u8],
) -> (TestConnection, TestConnection) {
    let (to_acceptor, from_dialler) = mpsc::channel(8);
    let (to_dialler, from_acceptor) = mpsc::channel(8);
    let end = |peer, dialled, open, opened| TestConnection {
        peer,
        alpn: alpn.to_vec(),
        dialled,
        open,
        opened: Mutex::new(opened),
    };
    (
        end(acceptor, true, to_acceptor, from_acceptor),
        end(dialler, false, to_dialler, from_dialler),
    )
}

struct Half(Option<DuplexStream>);

impl AsyncWrite for Half {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(self.0.as_mut().unwrap()).poll_write(cx, data)
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0 = None;
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Half {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(self.0.as_mut().unwrap()).poll_read(cx, data)
    }
}

impl Outgoing for Half {
    fn finish(&mut self) -> Result<(), LinkError> {
        self.0 = None;
        Ok(())
    }
    fn reset(&mut self, _: u32) {
        self.0 = None;
    }
    fn set_priority(&self, _: i32) {}
}

impl Incoming for Half {
    fn stop(&mut self, _: u32) {
        self.0 = None;
    }
}

impl Connection for TestConnection {
    fn peer(&self) -> NodeId {
        self.peer
    }
    fn alpn(&self) -> &[u8] {
        &self.alpn
    }
    fn dialled(&self) -> bool {
        self.dialled
    }
    fn open_bi(&self) -> Pending<'_, Result<(SendStream, RecvStream), LinkError>> {
        Box::pin(async {
            let (near_out, far_in) = duplex(4096);
            let (far_out, near_in) = duplex(4096);
            self.open
                .send((far_out, far_in))
                .await
                .map_err(|_| LinkError::Ended)?;
            Ok((
                Box::new(Half(Some(near_out))) as _,
                Box::new(Half(Some(near_in))) as _,
            ))
        })
    }
    fn accept_bi(&self) -> Pending<'_, Result<(SendStream, RecvStream), LinkError>> {
        Box::pin(async {
            let (out, inward) = self
                .opened
                .lock()
                .await
                .recv()
                .await
                .ok_or(LinkError::Ended)?;
            Ok((
                Box::new(Half(Some(out))) as _,
                Box::new(Half(Some(inward))) as _,
            ))
        })
    }
    fn open_uni(&self) -> Pending<'_, Result<SendStream, LinkError>> {
        Box::pin(async { Err(LinkError::Ended) })
    }
    fn accept_uni(&self) -> Pending<'_, Result<RecvStream, LinkError>> {
        Box::pin(async { Err(LinkError::Ended) })
    }
    fn send_datagram(&self, _: Bytes) -> Result<(), LinkError> {
        Err(LinkError::Ended)
    }
    fn read_datagram(&self) -> Pending<'_, Result<Bytes, LinkError>> {
        Box::pin(async { Err(LinkError::Ended) })
    }
    fn max_datagram(&self) -> Option<usize> {
        None
    }
    fn channel_binding(&self, label: &[u8]) -> Result<[u8; 32], LinkError> {
        Ok(*blake3::hash(label).as_bytes())
    }
    fn paths(&self) -> Vec<PathInfo> {
        vec![PathInfo {
            route: Route::Direct(SocketAddr::from(([127, 0, 0, 1], 1))),
            selected: true,
            rtt: std::time::Duration::ZERO,
        }]
    }
    fn traffic(&self) -> (u64, u64) {
        (0, 0)
    }
    fn close(&self, _: u32, _: &str) {}
    fn closed(&self) -> Pending<'_, LinkError> {
        Box::pin(std::future::pending())
    }
}

/// An open vault in a folder of its own.
pub(crate) fn vault() -> (tempfile::TempDir, webx_vault::Vault) {
    use webx_vault::{DataDir, KdfCost, NewVault, Passphrase, Secret32};
    let folder = tempfile::tempdir().unwrap();
    let (passphrase, recovery_key) = (
        Passphrase::new("correct horse battery").unwrap(),
        Secret32::random().unwrap(),
    );
    let new = NewVault {
        passphrase: &passphrase,
        recovery_key: &recovery_key,
        kdf: KdfCost::insecure_for_tests(),
    };
    let vault = DataDir::open(folder.path()).unwrap().create(new).unwrap();
    (folder, vault)
}
