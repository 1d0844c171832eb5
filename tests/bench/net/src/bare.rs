//! iroh alone, with the cipher suites, windows and timers that links gives a protocol of long streams.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use iroh::{
    Endpoint, EndpointAddr, RelayMode, SecretKey, TransportAddr,
    dns::DnsResolver,
    endpoint::{
        Connection, NetReportConfig, PortmapperConfig, QuicTransportConfig, RecvStream, SendStream,
        VarInt, presets,
    },
};
use tokio::runtime::Handle;
use webx_links::ProtocolLimits;

use crate::stack::{DONE, PIECE, Pending, QUESTION, Stack};

const ALPN: &[u8] = b"bench/1";
/// The first byte of a stream says what it is for.
const BULK: u8 = 1;

fn settings() -> QuicTransportConfig {
    let limits = ProtocolLimits::streams(ALPN);
    let idle = VarInt::from_u32(30_000);
    QuicTransportConfig::builder()
        .max_idle_timeout(Some(idle.into()))
        .keep_alive_interval(Duration::from_secs(10))
        .allow_spin(false)
        .max_concurrent_bidi_streams(limits.bi_streams.into())
        .max_concurrent_uni_streams(limits.uni_streams.into())
        .stream_receive_window(limits.stream_window.into())
        .receive_window(limits.window.into())
        .send_window(u64::from(limits.window))
        .build()
}

async fn bind(seed: u8) -> Result<Endpoint> {
    let mut provider = rustls::crypto::aws_lc_rs::default_provider();
    provider.kx_groups = vec![rustls::crypto::aws_lc_rs::kx_group::X25519MLKEM768];
    let endpoint = Endpoint::builder(presets::Empty)
        .crypto_provider(Arc::new(provider))
        .secret_key(SecretKey::from_bytes(&[seed; 32]))
        .alpns(vec![ALPN.to_vec()])
        .transport_config(settings())
        .relay_mode(RelayMode::Disabled)
        .dns_resolver(DnsResolver::builder().disable_fallback().build())
        .net_report_config(NetReportConfig::minimal())
        .portmapper_config(PortmapperConfig::Disabled)
        .clear_ip_transports()
        .bind_addr(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?
        .bind()
        .await?;
    Ok(endpoint)
}

pub struct Pair {
    out: Connection,
    _ends: (Endpoint, Endpoint),
}

impl Pair {
    pub async fn start(there: &Handle) -> Result<Self> {
        let (near, far) = (bind(1).await?, there.spawn(bind(2)).await??);
        let address = far.bound_sockets().into_iter().map(TransportAddr::Ip);
        let address = EndpointAddr::from_parts(far.id(), address);
        let accepting = far.clone();
        there.spawn(async move {
            let come = accepting.accept().await.context("closed")?.await?;
            while let Ok((sender, receiver)) = come.accept_bi().await {
                tokio::spawn(answer(sender, receiver));
            }
            anyhow::Ok(())
        });
        Ok(Self {
            out: near.connect(address, ALPN).await?,
            _ends: (near, far),
        })
    }
}

async fn answer(mut sender: SendStream, mut receiver: RecvStream) -> Result<()> {
    let mut kind = [0];
    receiver.read_exact(&mut kind).await?;
    if kind == [BULK] {
        let mut buffer = vec![0; PIECE];
        while receiver.read(&mut buffer).await?.is_some() {}
        sender.write_all(&DONE).await?;
    } else {
        let question = receiver.read_to_end(1024).await?;
        sender.write_all(&question).await?;
    }
    sender.finish()?;
    Ok(())
}

impl Stack for Pair {
    fn bulk(&self, bytes: usize) -> Pending<'_> {
        Box::pin(async move {
            let (mut sender, mut receiver) = self.out.open_bi().await?;
            let piece = vec![BULK; PIECE];
            for _ in 0..bytes / PIECE {
                sender.write_all(&piece).await?;
            }
            sender.finish()?;
            ensure!(receiver.read_to_end(64).await? == DONE);
            Ok(())
        })
    }

    fn request(&self) -> Pending<'_> {
        Box::pin(async move {
            let (mut sender, mut receiver) = self.out.open_bi().await?;
            let mut question = vec![0];
            question.extend_from_slice(&QUESTION);
            sender.write_all(&question).await?;
            sender.finish()?;
            ensure!(receiver.read_to_end(1024).await? == QUESTION);
            Ok(())
        })
    }
}
