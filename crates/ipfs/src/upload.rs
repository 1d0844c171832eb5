//! The body of a request, for a thread that reads.

use std::io::{self, Read};

use axum::body::Body;
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::sync::mpsc;

/// Pieces of an upload that wait for the disk.
const QUEUE: usize = 8;

/// A body that is read on a thread of its own.
pub(crate) struct Upload {
    receive: mpsc::Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

/// A body as something to read, and the work that brings it there. The work ends when nobody reads any more.
pub(crate) fn of(body: Body) -> (Upload, impl Future<Output = ()> + Send + 'static) {
    let (send, receive) = mpsc::channel(QUEUE);
    let upload = Upload {
        receive,
        piece: Bytes::new(),
    };
    let feed = async move {
        let mut pieces = body.into_data_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(io::Error::other);
            let broken = piece.is_err();
            if send.send(piece).await.is_err() || broken {
                break;
            }
        }
    };
    (upload, feed)
}

impl Read for Upload {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.receive.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let count = out.len().min(self.piece.len());
        let now = self.piece.split_to(count);
        if let Some(to) = out.get_mut(..count) {
            to.copy_from_slice(&now);
        }
        Ok(count)
    }
}
