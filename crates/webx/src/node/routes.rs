//! Routes for the holder of the control token alone (`/api/control/…`): what only the command line on
//! this machine may ask.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::{Stream, StreamExt as _, stream};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use webx_desktop::{Home, HomeHandle};
use webx_vault::DataDir;

use crate::{backup, doctor};

/// Pieces of a backup that wait for the network.
const QUEUE: usize = 4;

#[derive(Clone)]
struct Node {
    data: DataDir,
    home: HomeHandle,
    stop: CancellationToken,
}

/// The routes, to be served below `/api/control`.
pub(super) fn routes(data: DataDir, home: HomeHandle, stop: CancellationToken) -> Router {
    Router::new()
        .route("/stop", post(stop_node))
        .route("/events", get(events))
        .route("/backup", get(write_backup))
        .route("/doctor", get(examine))
        .with_state(Node { data, home, stop })
}

async fn stop_node(State(node): State<Node>) -> Response {
    node.stop.cancel();
    (StatusCode::ACCEPTED, Json(json!({ "stopping": true }))).into_response()
}

/// Every event from now on, one JSON object a line, until the node stops or the home is locked.
async fn events(State(node): State<Node>) -> Response {
    let Some(home) = node.home.current() else {
        return locked();
    };
    let receiver = home.events.subscribe();
    drop(home);
    let lines = stream::unfold(receiver, |mut receiver| async move {
        loop {
            match receiver.recv().await {
                Ok(entry) => {
                    let mut line = serde_json::to_vec(&entry).ok()?;
                    line.push(b'\n');
                    return Some((Ok::<_, Infallible>(Bytes::from(line)), receiver));
                }
                // A slow reader misses lines rather than hold the node up.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    });
    let lines = lines.take_until(node.stop.cancelled_owned());
    streamed("application/x-ndjson", lines)
}

/// The whole vault as one sealed stream.
async fn write_backup(State(node): State<Node>) -> Response {
    let Some(home) = node.home.current() else {
        return locked();
    };
    let (send, receive) = mpsc::channel(QUEUE);
    tokio::task::spawn_blocking(move || send_backup(&home, &send));
    let pieces = stream::unfold(receive, |mut receive| async move {
        receive.recv().await.map(|piece| (piece, receive))
    });
    let pieces = pieces.take_until(node.stop.cancelled_owned());
    streamed("application/octet-stream", pieces)
}

fn send_backup(home: &Home, send: &mpsc::Sender<Result<Bytes, std::io::Error>>) {
    let written = backup::write(&home.vault, Pieces::new(send.clone()));
    let outcome = written.and_then(|(pieces, _)| Ok(pieces.finish()?));
    if let Err(error) = outcome {
        // The stream breaks off, so the reader never takes half a backup for a whole one.
        tracing::warn!("a backup ended early: {error:#}");
        let _ = send.blocking_send(Err(std::io::Error::other("the backup ended early")));
    }
}

/// Hands what is written on in pieces of a useful size.
struct Pieces {
    send: mpsc::Sender<Result<Bytes, std::io::Error>>,
    piece: Vec<u8>,
}

impl Pieces {
    const SIZE: usize = 256 * 1024;

    fn new(send: mpsc::Sender<Result<Bytes, std::io::Error>>) -> Self {
        Self {
            send,
            piece: Vec::with_capacity(Self::SIZE),
        }
    }

    fn hand_on(&mut self) -> std::io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(Self::SIZE));
        self.send
            .blocking_send(Ok(piece.into()))
            .map_err(|_| std::io::Error::from(std::io::ErrorKind::BrokenPipe))
    }

    fn finish(mut self) -> std::io::Result<()> {
        self.hand_on()
    }
}

impl std::io::Write for Pieces {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        let count = buffer.len().min(Self::SIZE - self.piece.len());
        self.piece.extend_from_slice(&buffer[..count]);
        if self.piece.len() == Self::SIZE {
            self.hand_on()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[derive(Deserialize)]
struct Examination {
    #[serde(default)]
    deep: bool,
}

/// The doctor's report, from inside the process that holds the folder.
async fn examine(State(node): State<Node>, Query(how): Query<Examination>) -> Response {
    let home = node.home.current();
    let examined =
        tokio::task::spawn_blocking(move || doctor::examine(&node.data, home.as_ref(), how.deep));
    match examined.await {
        Ok(report) => Json(report).into_response(),
        Err(_) => problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "failed",
            "the examination ended unexpectedly",
        ),
    }
}

fn streamed<E>(
    kind: &'static str,
    body: impl Stream<Item = Result<Bytes, E>> + Send + 'static,
) -> Response
where
    E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
{
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, Body::from_stream(body)).into_response()
}

pub(super) fn locked() -> Response {
    problem(StatusCode::LOCKED, "locked", "the node is locked")
}

pub(super) fn problem(status: StatusCode, code: &str, detail: &str) -> Response {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or_default(),
        "status": status.as_u16(),
        "code": code,
        "detail": detail,
    });
    let headers = [(header::CONTENT_TYPE, "application/problem+json")];
    (status, headers, body.to_string()).into_response()
}
