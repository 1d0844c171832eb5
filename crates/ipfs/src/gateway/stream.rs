//! Bodies that are made block by block on a thread of their own, as fast as the client takes them.

use std::io::{self, Write};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::mpsc;

/// Pieces that wait for the client.
const QUEUE: usize = 4;
/// Bytes that are gathered before they are handed on.
const PIECE: usize = 128 * 1024;

/// Where a body's bytes go. Ends in an error once the client is gone.
pub(crate) struct Pipe {
    send: mpsc::Sender<io::Result<Bytes>>,
    piece: Vec<u8>,
}

impl Pipe {
    /// Hands a piece on as it is, behind what was gathered.
    pub(crate) fn send(&mut self, piece: Bytes) -> io::Result<()> {
        self.flush()?;
        self.hand_on(Ok(piece))
    }

    /// Ends the body as a broken one.
    pub(crate) fn break_off(self, error: io::Error) {
        let _ = self.hand_on(Err(error));
    }

    fn hand_on(&self, piece: io::Result<Bytes>) -> io::Result<()> {
        self.send
            .blocking_send(piece)
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::take(&mut self.piece);
        self.hand_on(Ok(piece.into()))
    }
}

/// The two ends of a body: where its bytes go, and what is sent.
pub(crate) fn pipe() -> (Pipe, Body) {
    let (send, receive) = mpsc::channel(QUEUE);
    let pipe = Pipe {
        send,
        piece: Vec::new(),
    };
    let body = Body::from_stream(stream::unfold(receive, |mut receive| async move {
        receive.recv().await.map(|piece| (piece, receive))
    }));
    (pipe, body)
}

/// A body that `make` writes. When `make` fails, the body breaks off, so nobody takes half of it for all.
pub(crate) fn body<E: Into<io::Error>>(
    make: impl FnOnce(&mut Pipe) -> Result<(), E> + Send + 'static,
) -> Body {
    let (mut pipe, body) = pipe();
    tokio::task::spawn_blocking(move || {
        let made = make(&mut pipe).map_err(Into::into);
        if let Err(error) = made.and_then(|()| pipe.flush()) {
            pipe.break_off(error);
        }
    });
    body
}
