//! The one way to other machines: asked of [`Network`], resolved here, refused where it leads back to this machine or
//! its neighbours, and counted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use rustls::pki_types::ServerName;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{Authority, Body, BodyError, InstallId, Limits, Log, Network, Storage, body, internal};

/// The longest wait for an address and a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// The budgets' window.
const WINDOW: Duration = Duration::from_secs(60);

/// Why a request did not go out or brought nothing back.
#[derive(Debug, Error)]
pub(crate) enum Refused {
    #[error("{0}")]
    Denied(String),
    #[error("{0} leads to this machine or a private network")]
    Private(String),
    #[error("too many requests or bytes in a minute")]
    Budget,
    #[error("not an address: {0}")]
    Address(String),
    #[error("{0} has no address")]
    Name(String),
    #[error("no connection: {0}")]
    Connect(std::io::Error),
    #[error("no connection in time")]
    Slow,
    #[error("no trust: {0}")]
    Tls(String),
    #[error("{0}")]
    Http(#[from] hyper::Error),
    #[error("the request is larger than {0} bytes")]
    TooLarge(u64),
    #[error("{0}")]
    Failed(String),
}

/// The way out of one backend.
pub(crate) struct Outgoing {
    install: InstallId,
    network: Arc<dyn Network>,
    storage: Arc<dyn Storage>,
    log: Log,
    limits: Limits,
    reachable: fn(IpAddr) -> bool,
    spent: Arc<Mutex<Spent>>,
    at_once: Arc<Semaphore>,
}

struct Spent {
    since: Instant,
    requests: u32,
    bytes: u64,
    bytes_limit: u64,
}

impl Spent {
    fn turn(&mut self) {
        if self.since.elapsed() >= WINDOW {
            *self = Self {
                since: Instant::now(),
                requests: 0,
                bytes: 0,
                bytes_limit: self.bytes_limit,
            };
        }
    }

    fn request(&mut self, most: u32) -> bool {
        self.turn();
        self.requests = self.requests.saturating_add(1);
        self.requests <= most && self.bytes <= self.bytes_limit
    }

    fn bytes(&mut self, count: usize) -> bool {
        self.turn();
        self.bytes = self.bytes.saturating_add(count as u64);
        self.bytes <= self.bytes_limit
    }
}

impl Outgoing {
    pub(crate) fn new(
        install: InstallId,
        network: Arc<dyn Network>,
        storage: Arc<dyn Storage>,
        log: Log,
        limits: &Limits,
        reachable: fn(IpAddr) -> bool,
    ) -> Self {
        let spent = Spent {
            since: Instant::now(),
            requests: 0,
            bytes: 0,
            bytes_limit: limits.outgoing_bytes,
        };
        Self {
            install,
            network,
            storage,
            log,
            limits: limits.clone(),
            reachable,
            spent: Arc::new(Mutex::new(spent)),
            at_once: Arc::new(Semaphore::new(limits.outgoing_at_once)),
        }
    }

    /// Sends a request of the guest, whose address is absolute.
    pub(crate) async fn send(
        self: Arc<Self>,
        request: Request<Body>,
    ) -> Result<Response<Body>, Refused> {
        let to =
            Authority::of(request.uri()).map_err(|error| Refused::Address(error.to_string()))?;
        if to.host() == internal::HOST {
            return self.keep(request).await;
        }
        let sent = self.out(&to, request).await;
        if let Err(refused) = &sent {
            self.log
                .note(&format!("a request to {to} failed: {refused}"));
        }
        sent
    }

    /// A request to the app's own storage.
    async fn keep(&self, request: Request<Body>) -> Result<Response<Body>, Refused> {
        let limit = self.limits.request_body;
        let (parts, incoming) = request.into_parts();
        let whole =
            http_body_util::Limited::new(incoming, usize::try_from(limit).unwrap_or(usize::MAX));
        let bytes = whole
            .collect()
            .await
            .map_err(|_| Refused::TooLarge(limit))?
            .to_bytes();
        let (storage, install) = (Arc::clone(&self.storage), self.install);
        let request = Request::from_parts(parts, bytes);
        tokio::task::spawn_blocking(move || internal::serve(&*storage, install, request))
            .await
            .map(|response| response.map(body))
            .map_err(|error| Refused::Failed(error.to_string()))
    }

    async fn out(
        &self,
        to: &Authority,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, Refused> {
        let permit = Arc::clone(&self.at_once)
            .acquire_owned()
            .await
            .map_err(|_| Refused::Budget)?;
        if !self.spent.lock().request(self.limits.outgoing_requests) {
            return Err(Refused::Budget);
        }
        let (network, install, asked) = (Arc::clone(&self.network), self.install, to.clone());
        tokio::task::spawn_blocking(move || network.allow(install, &asked))
            .await
            .map_err(|error| Refused::Failed(error.to_string()))?
            .map_err(|denied| Refused::Denied(denied.to_string()))?;
        let stream = tokio::time::timeout(CONNECT, self.connect(to))
            .await
            .map_err(|_| Refused::Slow)??;
        origin_form(&mut request, to)?;
        let (parts, outgoing) = request.into_parts();
        let counted = Counted {
            inner: outgoing,
            spent: Arc::clone(&self.spent),
            _permit: None,
        };
        let handshake = hyper::client::conn::http1::Builder::new()
            .max_buf_size(self.limits.headers.max(8 << 10))
            .handshake(TokioIo::new(stream));
        let (mut sender, connection) = tokio::time::timeout(CONNECT, handshake)
            .await
            .map_err(|_| Refused::Slow)??;
        let connection = Task(tokio::spawn(async move {
            // Its error reaches the guest through the answer's body.
            let _ = connection.await;
        }));
        let response = sender
            .send_request(Request::from_parts(parts, counted))
            .await?;
        let (spent, stall) = (Arc::clone(&self.spent), self.limits.stall);
        Ok(response.map(|incoming| {
            let incoming = incoming
                .map_err(|error| BodyError::Broken(error.to_string()))
                .boxed_unsync();
            let counted = Counted {
                inner: incoming,
                spent,
                _permit: Some((permit, connection)),
            };
            crate::stall::Stalling::new(counted, stall).boxed_unsync()
        }))
    }

    /// Connects to an address that the name has now, and to no other: what was checked is what is used.
    async fn connect(&self, to: &Authority) -> Result<Box<dyn Stream>, Refused> {
        let host = to.host().trim_start_matches('[').trim_end_matches(']');
        let found: Vec<SocketAddr> = match host.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, to.port())],
            Err(_) => tokio::net::lookup_host((host, to.port()))
                .await
                .map_err(|_| Refused::Name(host.to_owned()))?
                .collect(),
        };
        if found.is_empty() {
            return Err(Refused::Name(host.to_owned()));
        }
        let mut failure = Refused::Private(host.to_owned());
        for address in found
            .iter()
            .filter(|address| (self.reachable)(address.ip()))
        {
            match TcpStream::connect(address).await {
                Ok(stream) if to.https() => return secure(host, stream).await,
                Ok(stream) => return Ok(Box::new(stream)),
                Err(error) => failure = Refused::Connect(error),
            }
        }
        Err(failure)
    }
}

/// Any address of the public internet: not this machine, not a private or local network, nothing special.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_public_v4(mapped),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || a >= 224
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Global unicast without the ranges that hold other networks' addresses or no network at all.
    (first & 0xe000) == 0x2000
        && !(first == 0x2001 && second < 0x0200)
        && !(first == 0x2001 && second == 0x0db8)
        && first != 0x2002
        && !(first == 0x3fff && second < 0x1000)
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

async fn secure(host: &str, stream: TcpStream) -> Result<Box<dyn Stream>, Refused> {
    static TLS: OnceLock<Result<tokio_rustls::TlsConnector, String>> = OnceLock::new();
    let connector = TLS
        .get_or_init(connector)
        .as_ref()
        .map_err(|error| Refused::Tls(error.clone()))?;
    let name =
        ServerName::try_from(host.to_owned()).map_err(|error| Refused::Tls(error.to_string()))?;
    let stream = connector
        .connect(name, stream)
        .await
        .map_err(|error| Refused::Tls(error.to_string()))?;
    Ok(Box::new(stream))
}

/// TLS 1.2 and 1.3 with the certificates that this machine trusts.
fn connector() -> Result<tokio_rustls::TlsConnector, String> {
    let mut roots = rustls::RootCertStore::empty();
    let (good, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if good == 0 {
        return Err("this machine has no list of trusted certificates".into());
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config).into())
}

/// What goes over the wire names the path only; the host stands in its header.
fn origin_form(request: &mut Request<Body>, to: &Authority) -> Result<(), Refused> {
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", http::uri::PathAndQuery::as_str);
    let path = path
        .parse()
        .map_err(|_| Refused::Address(path.to_owned()))?;
    let default = if to.https() { 443 } else { 80 };
    let host = if to.port() == default {
        to.host().to_owned()
    } else {
        format!("{}:{}", to.host(), to.port())
    };
    let host = header::HeaderValue::from_str(&host).map_err(|_| Refused::Address(host))?;
    *request.uri_mut() = path;
    request.headers_mut().insert(header::HOST, host);
    Ok(())
}

/// A task that ends with its owner.
struct Task(tokio::task::JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A body whose bytes are counted against the budget.
struct Counted {
    inner: Body,
    spent: Arc<Mutex<Spent>>,
    _permit: Option<(OwnedSemaphorePermit, Task)>,
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            let mut spent = self.spent.lock();
            if !spent.bytes(data.len()) {
                return Poll::Ready(Some(Err(BodyError::TooLarge {
                    limit: spent.bytes_limit,
                })));
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn no_address_of_this_machine_or_its_neighbours_is_public() {
        for address in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "192.88.99.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "203.0.113.5",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "100::1",
            "3fff:1::",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "93.184.215.14",
            "172.32.0.1",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:1.1.1.1",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }
}
