//! The three stacks: two nodes each, in this process, on loopback.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use ed25519_dalek::SigningKey;
use futures::{AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use webx_links::{Config, IrohTransport, ProtocolLimits};
use webx_overlay::transport::{Connection, Exposure, Transport};

pub const ALPN: &[u8] = b"bench/1";
const PIECE: usize = 64 << 10;
const QUESTION: [u8; 64] = [7; 64];
/// The first byte of a stream: what is asked.
const REQUEST: u8 = 0;

type Boxed<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

pub trait Stack {
    /// Sends so many bytes on one stream, until the other side says that it has all.
    fn bulk(&self, bytes: usize) -> Boxed<'_>;
    /// A new stream, 64 bytes there, 64 bytes back.
    fn request(&self) -> Boxed<'_>;
}

/// Reads all, counts, and answers: a request with itself, a bulk with one byte.
async fn drain(recv: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>> {
    let mut buffer = vec![0; PIECE];
    let mut first = None;
    let mut answer = Vec::new();
    loop {
        let read = recv.read(&mut buffer).await?;
        let Some(got) = buffer.get(..read).filter(|got| !got.is_empty()) else {
            break;
        };
        if *first.get_or_insert(got[0]) == REQUEST {
            answer.extend_from_slice(got);
        }
    }
    if answer.is_empty() {
        answer.push(1);
    }
    Ok(answer)
}

fn question() -> [u8; 64] {
    let mut question = QUESTION;
    question[0] = REQUEST;
    question
}

pub struct Links {
    out: Arc<dyn Connection>,
    _ends: (Arc<IrohTransport>, Arc<IrohTransport>),
}

impl Links {
    pub async fn start() -> Result<Self> {
        let config = Config::loopback().with(ProtocolLimits::streams(ALPN));
        let a = IrohTransport::bind(config.clone(), &SigningKey::from_bytes(&[1; 32])).await?;
        let b = IrohTransport::bind(config, &SigningKey::from_bytes(&[2; 32])).await?;
        let hints = b.hints();
        let (out, come) = tokio::join!(a.dial(b.id(), &hints, Exposure::Direct, ALPN), b.accept());
        let come = come.ok_or_else(|| anyhow!("closed"))?;
        tokio::spawn(async move {
            while let Ok((mut send, mut recv)) = come.accept_bi().await {
                tokio::spawn(async move {
                    let answer = drain(&mut recv).await?;
                    send.write_all(&answer).await?;
                    send.finish()?;
                    anyhow::Ok(())
                });
            }
        });
        Ok(Self {
            out: out?,
            _ends: (a, b),
        })
    }
}

impl Stack for Links {
    fn bulk(&self, bytes: usize) -> Boxed<'_> {
        Box::pin(async move {
            let (mut send, mut recv) = self.out.open_bi().await?;
            let piece = vec![1; PIECE];
            for _ in 0..bytes / PIECE {
                send.write_all(&piece).await?;
            }
            send.finish()?;
            recv.read_to_end(&mut Vec::new()).await?;
            Ok(())
        })
    }

    fn request(&self) -> Boxed<'_> {
        Box::pin(async move {
            let (mut send, mut recv) = self.out.open_bi().await?;
            send.write_all(&question()).await?;
            send.finish()?;
            recv.read_to_end(&mut Vec::with_capacity(64)).await?;
            Ok(())
        })
    }
}

pub struct Bare {
    out: iroh::endpoint::Connection,
    _ends: (iroh::Endpoint, iroh::Endpoint),
}

impl Bare {
    pub async fn start() -> Result<Self> {
        let bind = || async {
            let builder = iroh::Endpoint::builder(iroh::endpoint::presets::Minimal)
                .alpns(vec![ALPN.to_vec()])
                .clear_ip_transports()
                .bind_addr("127.0.0.1:0")?;
            anyhow::Ok(builder.bind().await?)
        };
        let (a, b) = (bind().await?, bind().await?);
        let there = b.bound_sockets().into_iter().map(iroh::TransportAddr::Ip);
        let address = iroh::EndpointAddr::from_parts(b.id(), there);
        let accept =
            async { anyhow::Ok(b.accept().await.ok_or_else(|| anyhow!("closed"))?.await?) };
        let (out, come) = tokio::join!(a.connect(address, ALPN), accept);
        let come = come?;
        tokio::spawn(async move {
            while let Ok((mut send, mut recv)) = come.accept_bi().await {
                tokio::spawn(async move {
                    let answer = drain(&mut recv).await?;
                    send.write_all(&answer).await?;
                    send.finish()?;
                    anyhow::Ok(())
                });
            }
        });
        Ok(Self {
            out: out?,
            _ends: (a, b),
        })
    }
}

impl Stack for Bare {
    fn bulk(&self, bytes: usize) -> Boxed<'_> {
        Box::pin(async move {
            let (mut send, mut recv) = self.out.open_bi().await?;
            let piece = vec![1; PIECE];
            for _ in 0..bytes / PIECE {
                send.write_all(&piece).await?;
            }
            send.finish()?;
            recv.read_to_end(64).await?;
            Ok(())
        })
    }

    fn request(&self) -> Boxed<'_> {
        Box::pin(async move {
            let (mut send, mut recv) = self.out.open_bi().await?;
            send.write_all(&question()).await?;
            send.finish()?;
            recv.read_to_end(64).await?;
            Ok(())
        })
    }
}

const PROTOCOL: libp2p::StreamProtocol = libp2p::StreamProtocol::new("/bench/1");

pub struct Libp2p {
    control: libp2p_stream::Control,
    peer: libp2p::PeerId,
}

impl Libp2p {
    pub async fn start() -> Result<Self> {
        let swarm = || -> Result<_> {
            Ok(libp2p::SwarmBuilder::with_new_identity()
                .with_tokio()
                .with_quic()
                .with_behaviour(|_| libp2p_stream::Behaviour::new())?
                .with_swarm_config(|config| {
                    config.with_idle_connection_timeout(std::time::Duration::from_secs(3600))
                })
                .build())
        };
        let (mut a, mut b) = (swarm()?, swarm()?);
        let mut incoming = b.behaviour().new_control().accept(PROTOCOL)?;
        b.listen_on("/ip4/127.0.0.1/udp/0/quic-v1".parse()?)?;
        let address = loop {
            if let Some(libp2p::swarm::SwarmEvent::NewListenAddr { address, .. }) = b.next().await {
                break address;
            }
        };
        let (control, peer) = (a.behaviour().new_control(), *b.local_peer_id());
        tokio::spawn(async move { while b.next().await.is_some() {} });
        a.dial(
            address
                .with_p2p(peer)
                .map_err(|address| anyhow!("{address}"))?,
        )?;
        while !a.is_connected(&peer) {
            a.next().await;
        }
        tokio::spawn(async move { while a.next().await.is_some() {} });
        tokio::spawn(async move {
            while let Some((_, mut stream)) = incoming.next().await {
                tokio::spawn(async move {
                    let mut buffer = vec![0; PIECE];
                    let mut answer = Vec::new();
                    let mut first = None;
                    loop {
                        let read = stream.read(&mut buffer).await?;
                        let Some(got) = buffer.get(..read).filter(|got| !got.is_empty()) else {
                            break;
                        };
                        if *first.get_or_insert(got[0]) == REQUEST {
                            answer.extend_from_slice(got);
                        }
                    }
                    if answer.is_empty() {
                        answer.push(1);
                    }
                    stream.write_all(&answer).await?;
                    stream.close().await?;
                    anyhow::Ok(())
                });
            }
        });
        Ok(Self { control, peer })
    }

    async fn ask(&self, pieces: usize, piece: &[u8]) -> Result<()> {
        let mut stream = self
            .control
            .clone()
            .open_stream(self.peer, PROTOCOL)
            .await?;
        for _ in 0..pieces {
            stream.write_all(piece).await?;
        }
        stream.close().await?;
        stream.read_to_end(&mut Vec::with_capacity(64)).await?;
        Ok(())
    }
}

impl Stack for Libp2p {
    fn bulk(&self, bytes: usize) -> Boxed<'_> {
        Box::pin(async move { self.ask(bytes / PIECE, &vec![1; PIECE]).await })
    }

    fn request(&self) -> Boxed<'_> {
        Box::pin(async move { self.ask(1, &question()).await })
    }
}
