//! libp2p over QUIC, with its own settings: streams by `libp2p-stream`, negotiated by multistream-select.

use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use futures::{AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _};
use libp2p::{Multiaddr, PeerId, Stream, StreamProtocol, Swarm, SwarmBuilder, swarm::SwarmEvent};
use libp2p_stream::{Behaviour, Control};
use tokio::runtime::Handle;

use crate::stack::{DONE, PIECE, Pending, QUESTION, Stack};

const BULK: StreamProtocol = StreamProtocol::new("/bench/bulk/1");
const REQUEST: StreamProtocol = StreamProtocol::new("/bench/request/1");

fn swarm() -> Result<Swarm<Behaviour>> {
    Ok(SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_quic()
        .with_behaviour(|_| Behaviour::new())?
        .with_swarm_config(|config| {
            config.with_idle_connection_timeout(Duration::from_secs(24 * 3600))
        })
        .build())
}

pub struct Pair {
    control: Control,
    far: PeerId,
}

impl Pair {
    pub async fn start(there: &Handle) -> Result<Self> {
        let (address, id) = there.spawn(far()).await??;
        let mut near = swarm()?;
        let control = near.behaviour().new_control();
        let address = address.with_p2p(id).map_err(|other| anyhow!("{other}"))?;
        near.dial(address)?;
        while !near.is_connected(&id) {
            near.select_next_some().await;
        }
        tokio::spawn(async move { while near.next().await.is_some() {} });
        Ok(Self { control, far: id })
    }

    async fn open(&self, protocol: StreamProtocol) -> Result<Stream> {
        let mut control = self.control.clone();
        let opened = control.open_stream(self.far, protocol).await;
        opened.map_err(|error| anyhow!("{error}"))
    }
}

/// Starts the far side; gives where it is.
async fn far() -> Result<(Multiaddr, PeerId)> {
    let mut far = swarm()?;
    let mut bulks = far.behaviour().new_control().accept(BULK)?;
    let mut requests = far.behaviour().new_control().accept(REQUEST)?;
    far.listen_on("/ip4/127.0.0.1/udp/0/quic-v1".parse()?)?;
    let address = loop {
        if let SwarmEvent::NewListenAddr { address, .. } = far.select_next_some().await {
            break address;
        }
    };
    let id = *far.local_peer_id();
    tokio::spawn(async move { while far.next().await.is_some() {} });
    tokio::spawn(async move {
        while let Some((_, stream)) = bulks.next().await {
            tokio::spawn(take(stream));
        }
    });
    tokio::spawn(async move {
        while let Some((_, stream)) = requests.next().await {
            tokio::spawn(echo(stream));
        }
    });
    Ok((address, id))
}

async fn take(mut stream: Stream) -> Result<()> {
    let mut buffer = vec![0; PIECE];
    while stream.read(&mut buffer).await? > 0 {}
    stream.write_all(&DONE).await?;
    stream.close().await?;
    Ok(())
}

async fn echo(mut stream: Stream) -> Result<()> {
    let mut question = Vec::new();
    stream.read_to_end(&mut question).await?;
    stream.write_all(&question).await?;
    stream.close().await?;
    Ok(())
}

impl Stack for Pair {
    fn bulk(&self, bytes: usize) -> Pending<'_> {
        Box::pin(async move {
            let mut stream = self.open(BULK).await?;
            let piece = vec![1; PIECE];
            for _ in 0..bytes / PIECE {
                stream.write_all(&piece).await?;
            }
            stream.close().await?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await?;
            ensure!(answer == DONE);
            Ok(())
        })
    }

    fn request(&self) -> Pending<'_> {
        Box::pin(async move {
            let mut stream = self.open(REQUEST).await?;
            stream.write_all(&QUESTION).await?;
            stream.close().await?;
            let mut answer = Vec::with_capacity(QUESTION.len());
            stream.read_to_end(&mut answer).await?;
            ensure!(answer == QUESTION);
            Ok(())
        })
    }
}
