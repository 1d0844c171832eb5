//! The way out: tunnels to hosts that were granted, through the node.
//!
//! The jailed process cannot make a socket. It asks at the door and gets a stream on which it says
//! `CONNECT host:port`; the host is asked of [`Network`], looked up here, and refused when its address is private.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::Semaphore;

use crate::{Authority, Denied, InstallId, Limits, Log, Network, Storage, internal};

/// The longest request for a tunnel in bytes.
const HEAD: usize = 1024;
/// Until the request for a tunnel has come, and until the other machine has answered.
const PATIENCE: Duration = Duration::from_secs(15);
const MINUTE: Duration = Duration::from_secs(60);

/// The proxy of one backend.
pub(super) struct Proxy {
    install: InstallId,
    network: Arc<dyn Network>,
    storage: Arc<dyn Storage>,
    limits: Limits,
    log: Log,
    places: Arc<Semaphore>,
    budget: Mutex<Budget>,
    bytes: AtomicU64,
    /// Addresses that may be reached.
    reach: Reach,
}

/// Which addresses a granted name may lead to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reach {
    /// The open Internet.
    #[default]
    Public,
    /// This machine too, for tests.
    Anywhere,
}

/// The other end of a tunnel.
enum To {
    /// The app's own storage, in this process.
    Storage,
    /// A host, and whether TLS is spoken with it.
    Host(TcpStream, bool),
}

struct Budget {
    since: Instant,
    requests: u32,
}

impl Proxy {
    pub(super) fn new(
        install: InstallId,
        (network, storage): (Arc<dyn Network>, Arc<dyn Storage>),
        limits: &Limits,
        log: Log,
        reach: Reach,
    ) -> Self {
        Self {
            install,
            network,
            storage,
            places: Arc::new(Semaphore::new(limits.outgoing_at_once)),
            limits: limits.clone(),
            log,
            budget: Mutex::new(Budget {
                since: Instant::now(),
                requests: 0,
            }),
            bytes: AtomicU64::new(0),
            reach,
        }
    }

    /// Whether one more connection may be made now.
    pub(super) fn admit(&self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Serves one connection until either side ends it.
    pub(super) async fn serve(&self, mut inner: UnixStream) {
        let result = tokio::time::timeout(PATIENCE, self.open(&mut inner)).await;
        let result = result.unwrap_or_else(|_| Err("the other machine does not answer".into()));
        match result {
            Ok(To::Storage) => {
                if inner.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.is_ok() {
                    self.store(inner).await;
                }
            }
            Ok(To::Host(outer, https)) => {
                if inner.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.is_ok()
                    && let Err(reason) = self.tunnel(inner, outer, https).await
                {
                    self.log.note(&format!("a connection was ended: {reason}"));
                }
            }
            Err(reason) => {
                self.log
                    .note(&format!("a connection was refused: {reason}"));
                let reason: String = reason
                    .chars()
                    .map(|c| if c.is_control() { ' ' } else { c })
                    .collect();
                let _ = inner
                    .write_all(format!("HTTP/1.1 403 {reason}\r\n\r\n").as_bytes())
                    .await;
            }
        }
    }

    /// Serves the app's own storage.
    async fn store(&self, inner: UnixStream) {
        let service =
            hyper::service::service_fn(|request: http::Request<hyper::body::Incoming>| async {
                let (head, body) = request.into_parts();
                let limit = usize::try_from(self.limits.request_body).unwrap_or(usize::MAX);
                let body = Limited::new(body, limit)
                    .collect()
                    .await
                    .map_err(std::io::Error::other)?
                    .to_bytes();
                let (storage, install) = (Arc::clone(&self.storage), self.install);
                let request = http::Request::from_parts(head, body);
                let answer = tokio::task::spawn_blocking(move || {
                    internal::serve(&*storage, install, request)
                })
                .await;
                Ok::<_, std::io::Error>(answer.map_err(std::io::Error::other)?.map(Full::new))
            });
        let connection = hyper::server::conn::http1::Builder::new()
            .max_buf_size(self.limits.headers.max(8192))
            .serve_connection(TokioIo::new(inner), service);
        let _ = connection.await;
    }

    async fn open(&self, inner: &mut UnixStream) -> Result<To, String> {
        let to = read_target(inner).await?;
        if to.host() == internal::HOST {
            return match to.https() {
                true => Err(format!("{} is reached by http alone", internal::HOST)),
                false => Ok(To::Storage),
            };
        }
        {
            let mut budget = self.budget.lock();
            if budget.since.elapsed() >= MINUTE {
                *budget = Budget {
                    since: Instant::now(),
                    requests: 0,
                };
                self.bytes.store(0, Ordering::Relaxed);
            }
            budget.requests = budget.requests.saturating_add(1);
            if budget.requests > self.limits.outgoing_requests {
                return Err(format!(
                    "more than {} connections in a minute",
                    self.limits.outgoing_requests
                ));
            }
        }
        let (network, install, asked) = (Arc::clone(&self.network), self.install, to.clone());
        let granted = tokio::task::spawn_blocking(move || network.allow(install, &asked)).await;
        granted
            .unwrap_or_else(|_| Err(Denied::new("the grant could not be checked")))
            .map_err(|denied| denied.to_string())?;
        let host = to.host().trim_start_matches('[').trim_end_matches(']');
        let found = tokio::net::lookup_host((host, to.port())).await;
        let found: Vec<SocketAddr> = found
            .map_err(|_| format!("{host} has no address"))?
            .collect();
        if self.reach == Reach::Public
            && let Some(address) = found.iter().find(|address| !is_public(address.ip()))
        {
            return Err(format!(
                "{host} leads to {}, which is this machine or a private network",
                address.ip()
            ));
        }
        let stream = TcpStream::connect(found.as_slice())
            .await
            .map_err(|error| format!("{to}: {error}"))?;
        let _ = stream.set_nodelay(true);
        Ok(To::Host(stream, to.https()))
    }

    /// Carries bytes both ways. What goes to an https host must begin as TLS does.
    async fn tunnel(&self, inner: UnixStream, outer: TcpStream, https: bool) -> Result<(), String> {
        let (mut inner_read, mut inner_write) = inner.into_split();
        let (mut outer_read, mut outer_write) = outer.into_split();
        let out = async {
            let result = self.carry(&mut inner_read, &mut outer_write, https).await;
            let _ = outer_write.shutdown().await;
            result
        };
        let back = async {
            let result = self.carry(&mut outer_read, &mut inner_write, false).await;
            let _ = inner_write.shutdown().await;
            result
        };
        tokio::try_join!(out, back).map(|_| ())
    }

    async fn carry(
        &self,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
        tls: bool,
    ) -> Result<(), String> {
        let mut buffer = vec![0; 16 << 10];
        let mut first = tls;
        loop {
            let read = tokio::time::timeout(self.limits.request_time, from.read(&mut buffer)).await;
            let count = match read {
                Err(_) => return Err("nothing came for too long".into()),
                Ok(Err(_)) | Ok(Ok(0)) => return Ok(()),
                Ok(Ok(count)) => count,
            };
            let bytes = buffer.get(..count).unwrap_or_default();
            if std::mem::take(&mut first) && bytes.first() != Some(&0x16) {
                return Err("only TLS goes to an https host".into());
            }
            let carried = self
                .bytes
                .fetch_add(count as u64, Ordering::Relaxed)
                .saturating_add(count as u64);
            if carried > self.limits.outgoing_bytes {
                return Err(format!(
                    "more than {} bytes in a minute",
                    self.limits.outgoing_bytes
                ));
            }
            if to.write_all(bytes).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// `CONNECT host:port HTTP/1.1` and an empty line. Port 80 stands for http, every other for https.
async fn read_target(inner: &mut UnixStream) -> Result<Authority, String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = inner.read_u8().await.map_err(|_| "it was broken off")?;
        head.push(byte);
        if head.len() > HEAD {
            return Err("it does not say where to".into());
        }
    }
    let head = String::from_utf8(head).map_err(|_| "it does not say where to")?;
    let target = head
        .strip_prefix("CONNECT ")
        .and_then(|rest| rest.split_once(' '))
        .map(|(target, _)| target);
    let target = target.ok_or("it does not say where to")?;
    let scheme = if target.ends_with(":80") {
        "http"
    } else {
        "https"
    };
    let address = format!("{scheme}://{target}/")
        .parse()
        .map_err(|_| format!("{target:?} is no address"))?;
    Authority::of(&address).map_err(|error| error.to_string())
}

/// An address of the open Internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_documentation()
                || v4.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 198 && (b & 0xfe) == 18)
                || (a, b, c) == (192, 0, 0)
                || (a, b, c) == (192, 88, 99))
        }
        IpAddr::V6(v6) => {
            let words = v6.segments();
            let inside = v6.to_ipv4_mapped().or_else(|| match words {
                // Addresses that stand for IPv4 ones: NAT64 and 6to4.
                [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
                    Some(((u32::from(high) << 16) | u32::from(low)).into())
                }
                [0x2002, high, low, ..] => Some(((u32::from(high) << 16) | u32::from(low)).into()),
                _ => None,
            });
            match inside {
                Some(v4) => is_public(v4.into()),
                // Only global unicast, without documentation, Teredo and other protocols' addresses.
                None => {
                    (words[0] & 0xe000) == 0x2000
                        && !(words[0] == 0x2001 && (words[1] < 0x200 || words[1] == 0xdb8))
                        && !(words[0] == 0x3fff && words[1] < 0x1000)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn only_addresses_of_the_open_internet_are_public() {
        for public in [
            "8.8.8.8",
            "192.0.1.1",
            "2606:4700::1111",
            "2a00:1450:4001::1",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.20.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }
}
