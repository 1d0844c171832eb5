//! iroh's settings: what is ours about the endpoint stands here.

use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use core::time::Duration;
use std::sync::Arc;

use iroh::dns::DnsResolver;
use iroh::endpoint::{
    BindOpts, Builder, IdleTimeout, NetReportConfig, PortmapperConfig, QuicTransportConfig, VarInt,
    presets,
};
use iroh::{Endpoint, RelayMap, RelayMode, SecretKey};
use iroh_relay::tls::CaTlsConfig;
use webx_overlay::transport::{Exposure, KEEP_ALIVE};

use crate::config::{Bind, Config, ProtocolLimits};
use crate::tls::{self, PinnedRelay, Pins};
use crate::transport::BindError;

/// Opens the endpoint: nobody's discovery, nobody's relays, no name server, no port mapping.
pub(crate) async fn endpoint(
    config: &Config,
    key: &ed25519_dalek::SigningKey,
    pins: &Pins,
) -> Result<Endpoint, BindError> {
    let provider = tls::provider();
    let verifier = Arc::new(PinnedRelay {
        pins: pins.clone(),
        provider: provider.clone(),
    });
    let mut report = NetReportConfig::minimal();
    // The only way to find the nearest relay where UDP is blocked. They go to the relays this node listens on.
    report.https_probes = true;
    let mut builder = Endpoint::builder(presets::Empty)
        .crypto_provider(provider)
        .secret_key(SecretKey::from_bytes(&zeroize::Zeroizing::new(
            key.to_bytes(),
        )))
        .alpns(
            config
                .protocols
                .iter()
                .map(|limits| limits.alpn.clone())
                .collect(),
        )
        .transport_config(accepted(&config.protocols))
        .relay_mode(RelayMode::Custom(RelayMap::empty()))
        // Relays are numbers. A resolver without servers asks nobody.
        .dns_resolver(DnsResolver::builder().disable_fallback().build())
        .ca_tls_config(CaTlsConfig::custom_server_cert_verifier(Arc::new(
            move |_provider| Ok(verifier.clone()),
        )))
        .net_report_config(report)
        .portmapper_config(PortmapperConfig::Disabled)
        .max_tls_tickets(64)
        // iroh opens all networks by itself; only what is asked for below is opened.
        .clear_ip_transports();
    if config.exposure == Exposure::Direct {
        builder = open(builder, &config.bind)?;
        for address in &config.external {
            builder = builder.external_addr(*address);
        }
    }
    builder
        .bind()
        .await
        .map_err(|error| BindError::Endpoint(error.to_string()))
}

fn open(builder: Builder, bind: &Bind) -> Result<Builder, BindError> {
    let wrong = |error: iroh::endpoint::InvalidSocketAddr| BindError::Endpoint(error.to_string());
    match bind {
        Bind::Loopback => builder
            .bind_addr(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .map_err(wrong),
        Bind::Any(port) => {
            // A machine without IPv6 is no error.
            let six = BindOpts::default().set_is_required(false);
            builder
                .bind_addr(SocketAddr::from((Ipv4Addr::UNSPECIFIED, *port)))
                .and_then(|builder| {
                    builder
                        .bind_addr_with_opts(SocketAddr::from((Ipv6Addr::UNSPECIFIED, *port)), six)
                })
                .map_err(wrong)
        }
        Bind::Exactly(addresses) => {
            let four = addresses.iter().filter(|address| address.is_ipv4()).count();
            if addresses.is_empty() || four > 1 || addresses.len() - four > 1 {
                return Err(BindError::Config(
                    "one address for each address family, at least one",
                ));
            }
            addresses.iter().try_fold(builder, |builder, address| {
                builder.bind_addr(*address).map_err(wrong)
            })
        }
        Bind::Nothing => Ok(builder),
    }
}

/// Which end of a connection.
#[derive(Clone, Copy)]
enum End {
    Dialled,
    Accepted,
}

/// How much sooner than the other the end that dialled says a keep-alive.
const HEAD_START: Duration = Duration::from_millis(500);

/// How long an end is silent before it says a keep-alive. At the same pace both ends would come to it at the same moment, for
/// each packet of the one sets the clock of the other: every keep-alive would cross another, and cost two acknowledgements.
fn keep_alive(idle: Duration, end: End) -> Duration {
    let pace = (idle / 3).min(KEEP_ALIVE);
    match end {
        End::Dialled => pace.saturating_sub(HEAD_START).max(pace / 2),
        End::Accepted => pace,
    }
}

fn common(idle: Duration, end: End) -> iroh::endpoint::QuicTransportConfigBuilder {
    QuicTransportConfig::builder()
        .max_idle_timeout(Some(milliseconds(idle)))
        .keep_alive_interval(keep_alive(idle, end))
        .default_path_keep_alive_interval(keep_alive(idle, end))
        // Nobody on the way needs to see how long our round trips are.
        .allow_spin(false)
}

/// For a connection this side opens.
pub(crate) fn dialled(limits: &ProtocolLimits) -> QuicTransportConfig {
    common(limits.idle, End::Dialled)
        .max_concurrent_bidi_streams(limits.bi_streams.into())
        .max_concurrent_uni_streams(limits.uni_streams.into())
        .stream_receive_window(limits.stream_window.into())
        .receive_window(limits.window.into())
        .send_window(u64::from(limits.window))
        .datagram_receive_buffer_size(datagrams(limits.datagrams))
        .build()
}

/// For a connection that comes in, until its ALPN is known: the least of everything; [`widen`] then gives what the protocol
/// may have.
pub(crate) fn accepted(protocols: &[ProtocolLimits]) -> QuicTransportConfig {
    let least = |of: fn(&ProtocolLimits) -> u32| protocols.iter().map(of).min().unwrap_or(0);
    let most = |of: fn(&ProtocolLimits) -> u32| protocols.iter().map(of).max().unwrap_or(0);
    let idle = protocols
        .iter()
        .map(|limits| limits.idle)
        .max()
        .unwrap_or(Duration::from_secs(30));
    common(idle, End::Accepted)
        .max_concurrent_bidi_streams(least(|l| l.bi_streams).into())
        .max_concurrent_uni_streams(least(|l| l.uni_streams).into())
        // One stream's window cannot be changed later; the window of the connection bounds it.
        .stream_receive_window(most(|l| l.stream_window).into())
        .receive_window(least(|l| l.window).into())
        .send_window(u64::from(most(|l| l.window)))
        .datagram_receive_buffer_size(datagrams(most(|l| l.datagrams)))
        .build()
}

/// Gives an incoming connection what its protocol may have.
pub(crate) fn widen(connection: &iroh::endpoint::Connection, limits: &ProtocolLimits) {
    connection.set_receive_window(limits.window.into());
    connection.set_max_concurrent_bi_streams(limits.bi_streams.into());
    connection.set_max_concurrent_uni_streams(limits.uni_streams.into());
}

fn datagrams(bytes: u32) -> Option<usize> {
    (bytes > 0).then_some(usize::try_from(bytes).unwrap_or(usize::MAX))
}

fn milliseconds(time: Duration) -> IdleTimeout {
    VarInt::from_u32(u32::try_from(time.as_millis()).unwrap_or(u32::MAX)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_end_of_a_silent_connection_speaks_first_and_no_path_dies_meanwhile() {
        for idle in [1, 6, 30, 600].map(Duration::from_secs) {
            let (one, other) = (
                keep_alive(idle, End::Dialled),
                keep_alive(idle, End::Accepted),
            );
            assert!(Duration::ZERO < one && one < other, "{idle:?}");
            assert!(other * 3 <= idle && other <= KEEP_ALIVE, "{idle:?}");
        }
    }
}
