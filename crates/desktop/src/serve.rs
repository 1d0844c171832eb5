//! The listener: bounded connections, bounded heads, no patience for clients that stand still.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, extract::Request, middleware, routing::any};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{Instant, Sleep, sleep_until},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt as _;

use crate::{
    api, assets,
    auth::gate,
    dav,
    desktop::Desktop,
    door::{Config, Error, Limits},
    http::linger::Lingering,
    objects,
};

/// Most header lines of a request.
const MAX_HEADERS: usize = 64;
/// How long requests under way may take to end when the node stops.
const GRACE: Duration = Duration::from_secs(3);

/// Serves the desktop on `listener` until `shutdown` fires; then ends every connection and job, locks the home and returns.
///
/// # Errors
/// [`Error`] when the listener is not on this machine's own address, the control token is too short, or the vault of
/// [`Config::opened`] refuses the desktop's tables.
pub async fn serve(
    listener: TcpListener,
    mut config: Config,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let address = listener.local_addr().map_err(Error::Listen)?;
    if !address.ip().is_loopback() {
        return Err(Error::NotLoopback(address));
    }
    let control = std::mem::take(&mut config.control);
    let desktop = tokio::task::spawn_blocking(move || Desktop::new(config, address.port()))
        .await
        .map_err(|e| Error::Listen(io::Error::other(e)))??;
    let router = router(&desktop, control);
    let watch = tokio::spawn(desktop.clone().watch_idle(shutdown.clone()));
    accept(&listener, &router, desktop.limits(), &shutdown).await;
    desktop.lock("the node stops").await;
    let _ = watch.await;
    Ok(())
}

/// Serves `router` alone, on another port of this machine, until `shutdown` fires: with the bounds and the patience of
/// [`serve`], and nothing of the desktop.
///
/// # Errors
/// [`Error`] when the listener is not on this machine's own address.
pub async fn serve_beside(
    listener: TcpListener,
    router: Router,
    limits: &Limits,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let address = listener.local_addr().map_err(Error::Listen)?;
    if !address.ip().is_loopback() {
        return Err(Error::NotLoopback(address));
    }
    accept(&listener, &router, limits, &shutdown).await;
    Ok(())
}

fn router(desktop: &Desktop, control: Router) -> Router {
    Router::new()
        .merge(api::router(desktop, control))
        .route("/dav", any(dav::serve))
        .route("/dav/", any(dav::serve))
        .route("/dav/{*path}", any(dav::serve))
        .route("/_os/{name}", any(assets::os::serve))
        .route("/_object/{token}", any(objects::serve))
        .fallback(assets::serve)
        .layer(middleware::from_fn_with_state(desktop.clone(), gate::admit))
        .with_state(desktop.clone())
}

async fn accept(
    listener: &TcpListener,
    router: &Router,
    limits: &Limits,
    shutdown: &CancellationToken,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = async {
                let place = places.clone().acquire_owned().await;
                (listener.accept().await, place)
            } => accepted,
        };
        let (stream, place) = match accepted {
            (Ok((stream, peer)), Ok(place)) if peer.ip().is_loopback() => (stream, place),
            (Ok(_), _) => continue,
            (Err(error), _) => {
                // Out of file descriptors, most likely: others may end meanwhile.
                tracing::warn!("a connection was not accepted: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (router, limits, shutdown) = (router.clone(), limits.clone(), shutdown.clone());
        connections.spawn(async move {
            connection(stream, router, &limits, &shutdown).await;
            drop(place);
        });
    }
    connections.close();
    connections.wait().await;
}

async fn connection(
    stream: TcpStream,
    router: Router,
    limits: &Limits,
    shutdown: &CancellationToken,
) {
    let _ = stream.set_nodelay(true);
    let service = router.map_request(|request: Request<Incoming>| {
        let (parts, body) = request.into_parts();
        let body = Lingering::new(body, &parts.headers);
        Request::from_parts(parts, axum::body::Body::new(body))
    });
    let stream = TokioIo::new(Impatient::new(stream, limits.stall_timeout));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_headers(MAX_HEADERS)
        .max_buf_size(limits.head.max(8192))
        .serve_connection(stream, TowerToHyperService::new(service))
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            // Downloads that are longer than this break off; uploads too, and nothing of them stays.
            tokio::time::timeout(GRACE, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended: {error}");
    }
}

/// A stream that fails when the other side takes no byte for a while. Reading is timed where it matters, by the body.
struct Impatient {
    stream: TcpStream,
    patience: Duration,
    stuck: Option<Pin<Box<Sleep>>>,
}

impl Impatient {
    fn new(stream: TcpStream, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            stuck: None,
        }
    }

    fn timed<T>(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.stuck = None;
            return result;
        }
        let patience = self.patience;
        let stuck = self
            .stuck
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + patience)));
        match stuck.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Impatient {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Impatient {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.timed(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.timed(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
