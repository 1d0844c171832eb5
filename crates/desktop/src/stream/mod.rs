//! Bytes between the network, which is asynchronous, and the drive, which blocks. Every way is bounded, so that a 20 GiB
//! file needs no more memory than a small one and the slower side sets the pace.

mod pipe;
mod pull;
mod push;
mod send;

pub(crate) use pipe::{ChunkWriter, body_reader, chunk_writer};
pub(crate) use pull::pull;
pub(crate) use push::pump;
pub(crate) use send::{Representation, send};

use std::{io, time::Duration};

use axum::body::Body;
use futures_util::StreamExt as _;

use crate::http::problem::Problem;

/// Bytes that go over at once.
const CHUNK: usize = 256 * 1024;

/// A body that breaks off when it stands still for `stall`.
pub(crate) fn patient(body: Body, stall: Duration) -> Body {
    let frames =
        futures_util::stream::unfold(Some(body.into_data_stream()), move |frames| async move {
            let mut frames = frames?;
            match tokio::time::timeout(stall, frames.next()).await {
                Ok(Some(Ok(bytes))) => Some((Ok(bytes), Some(frames))),
                Ok(Some(Err(error))) => Some((Err(io::Error::other(error)), None)),
                Ok(None) => None,
                Err(_) => Some((Err(io::Error::from(io::ErrorKind::TimedOut)), None)),
            }
        });
    Body::from_stream(frames)
}

/// The problem behind an I/O error of the drive's readers and writers.
pub(crate) fn problem(error: io::Error) -> Problem {
    match error.downcast::<webx_drive::Error>() {
        Ok(error) => error.into(),
        Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {
            Problem::bad_request("the body broke off")
        }
        Err(error) => Problem::internal(error),
    }
}
