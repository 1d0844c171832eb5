//! Ours: comms over links, both ends proved.

use std::sync::Arc;

use anyhow::{Result, ensure};
use ed25519_dalek::SigningKey;
use time::OffsetDateTime;
use tokio::runtime::Handle;
use webx_comms::{
    ALPN, Comms, Directory, Limits, OnRequest, OnStream, People, Priority, Receiver, Sender, Stance,
};
use webx_identity::Did;
use webx_links::{Config, IrohTransport, ProtocolLimits};
use webx_overlay::{
    NodeId, Offence,
    transport::{Hints, Pending as Later, Transport as _},
};
use webx_peers::proof::{Memory, NoMemory, Own, Proven, Refusal};

use crate::stack::{DONE, PIECE, Pending, QUESTION, Stack};

const BULK: &str = "bench/bulk/1";
const REQUEST: &str = "bench/request/1";

/// Knows where one node is: the hub, or the far side.
struct Known(Hints);

impl Directory for Known {
    fn devices<'a>(&'a self, _: &'a Did) -> Later<'a, Vec<NodeId>> {
        Box::pin(async { Vec::new() })
    }
    fn hints(&self, _: NodeId) -> Later<'_, Hints> {
        Box::pin(async { self.0.clone() })
    }
    fn blame(&self, node: NodeId, what: Offence) {
        eprintln!("{node:?} is blamed: {what:?}");
    }
}

/// Anybody is welcome and nobody is remembered.
struct Anybody(Own);

impl People for Anybody {
    fn own(&self) -> Own {
        self.0.clone()
    }
    fn memory(&self) -> &(dyn Memory + Sync) {
        &NoMemory
    }
    fn met(&self, _: &Proven) {}
    fn refused(&self, refusal: &Refusal) {
        eprintln!("a proof was refused: {refusal}");
    }
    fn stance(&self, _: &Did) -> Stance {
        Stance::Open
    }
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}

/// One node.
pub struct Node {
    pub comms: Comms,
    pub transport: Arc<IrohTransport>,
}

impl Node {
    pub async fn start(
        seed: [u8; 32],
        known: Hints,
        config: Config,
        above: webx_comms::Config,
    ) -> Result<Self> {
        let key = SigningKey::from_bytes(&seed);
        let config = config.with(ProtocolLimits::streams(ALPN));
        let transport = IrohTransport::bind(config, &key).await?;
        let people = Anybody(Own::anonymous(Arc::new(key))?);
        let (directory, people) = (Arc::new(Known(known)), Arc::new(people));
        let comms = Comms::open(transport.clone(), directory, people, above);
        let (door, accepting) = (comms.clone(), transport.clone());
        tokio::spawn(async move {
            while let Some(connection) = accepting.accept().await {
                let _ = door.accept(connection);
            }
        });
        Ok(Self { comms, transport })
    }
}

/// No limit is reached here: they are measured at rest.
fn limits() -> Limits {
    Limits {
        bytes: u64::MAX,
        rate: 1_000_000,
        ..Limits::default()
    }
}

pub struct Pair {
    near: Node,
    far: NodeId,
    _far: Node,
}

async fn far() -> Result<Node> {
    let above = webx_comms::Config::default();
    let far = Node::start([2; 32], Hints::default(), Config::loopback(), above).await?;
    let echo: OnRequest = Arc::new(|_, question| Box::pin(async move { Ok(question) }));
    far.comms.on_request(REQUEST, limits(), echo)?;
    let take: OnStream = Arc::new(|_, mut sender: Sender, mut receiver: Receiver| {
        Box::pin(async move {
            let mut buffer = vec![0; PIECE];
            while receiver.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
            if sender.write_all(&DONE).await.is_ok() {
                let _ = sender.finish().await;
            }
        })
    });
    far.comms.on_stream(BULK, limits(), take)?;
    Ok(far)
}

impl Pair {
    pub async fn start(there: &Handle) -> Result<Self> {
        let above = webx_comms::Config::default();
        let far = there.spawn(far()).await??;
        let near = Node::start([1; 32], far.transport.hints(), Config::loopback(), above).await?;
        let id = far.transport.id();
        near.comms.connect(id).await?;
        Ok(Self {
            near,
            far: id,
            _far: far,
        })
    }
}

impl Stack for Pair {
    fn bulk(&self, bytes: usize) -> Pending<'_> {
        Box::pin(async move {
            let opened = self.near.comms.open_stream(self.far, BULK, Priority::Bulk);
            let (mut sender, mut receiver) = opened.await?;
            let piece = vec![1; PIECE];
            for _ in 0..bytes / PIECE {
                sender.write_all(&piece).await?;
            }
            sender.finish().await?;
            ensure!(receiver.read_to_end(64).await? == DONE[..]);
            Ok(())
        })
    }

    fn request(&self) -> Pending<'_> {
        Box::pin(async move {
            let answer = self
                .near
                .comms
                .request(self.far, REQUEST, &QUESTION)
                .await?;
            ensure!(answer == QUESTION[..]);
            Ok(())
        })
    }
}
