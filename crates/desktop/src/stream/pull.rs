//! Downloads: a reader that blocks becomes a body that does not. No thread waits for a slow client.

use std::io::{self, Read};

use axum::body::{Body, Bytes};
use futures_util::stream;
use tokio::task::JoinHandle;

use super::CHUNK;

type Ahead<R> = JoinHandle<(R, io::Result<Bytes>)>;

/// A body of exactly `length` bytes from `reader`. One chunk is read ahead while another is sent; `hold` is dropped when the
/// body ends or the client leaves.
pub(crate) fn pull<R, H>(reader: R, length: u64, hold: H) -> Body
where
    R: Read + Send + 'static,
    H: Send + 'static,
{
    let first = (length > 0).then(|| read(reader, length));
    Body::from_stream(stream::unfold(
        (first, length, hold),
        |(ahead, left, hold)| async move {
            let ahead: Ahead<R> = ahead?;
            match ahead.await {
                Ok((reader, Ok(chunk))) => {
                    let left = left - chunk.len() as u64;
                    Some((
                        Ok(chunk),
                        ((left > 0).then(|| read(reader, left)), left, hold),
                    ))
                }
                Ok((_, Err(error))) => Some((Err(error), (None, 0, hold))),
                Err(error) => Some((Err(io::Error::other(error)), (None, 0, hold))),
            }
        },
    ))
}

fn read<R: Read + Send + 'static>(mut reader: R, left: u64) -> Ahead<R> {
    tokio::task::spawn_blocking(move || {
        let size = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let mut chunk = vec![0; size];
        let result = reader.read_exact(&mut chunk).map(|()| Bytes::from(chunk));
        if let Err(error) = &result {
            tracing::warn!("a download broke off: {error}");
        }
        (reader, result)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn a_body_holds_exactly_what_was_asked_for() {
        for length in [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let bytes: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
            let mut longer = bytes.clone();
            longer.extend_from_slice(b"more");
            let body = pull(io::Cursor::new(longer), length as u64, ());
            assert!(
                body.collect().await.unwrap().to_bytes() == bytes,
                "{length}"
            );
        }
    }

    #[tokio::test]
    async fn a_reader_that_ends_too_early_breaks_the_body_off() {
        let body = pull(io::Cursor::new(vec![0; CHUNK]), CHUNK as u64 + 1, ());
        assert!(body.collect().await.is_err());
    }

    #[tokio::test]
    async fn what_is_held_is_given_back_when_the_client_leaves() {
        let (held, mut back) = tokio::sync::oneshot::channel::<()>();
        let body = pull(io::repeat(7), u64::MAX, held);
        assert!(back.try_recv().is_err());
        drop(body);
        assert!(back.await.is_err(), "the sender is dropped");
    }
}
