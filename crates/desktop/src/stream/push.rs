//! Uploads: a body goes into a writer that blocks. No thread waits for a slow client.

use std::{io::Write, time::Duration};

use axum::body::Body;
use futures_util::StreamExt as _;
use tokio::task::JoinHandle;

use super::{CHUNK, problem};
use crate::http::{
    extract::{too_large, within},
    problem::Problem,
};

/// Writes a whole body of at most `limit` bytes and gives the writer back with the number of bytes. One buffer is written
/// while the next one fills. When the client leaves, the body breaks off or stands still for `stall`, the writer is dropped.
pub(crate) async fn pump<W: Write + Send + 'static>(
    body: Body,
    writer: W,
    limit: u64,
    stall: Duration,
) -> Result<(W, u64), Problem> {
    let mut frames = body.into_data_stream();
    let mut hand = Hand::Holds(writer, Vec::new());
    let mut filling = Vec::with_capacity(CHUNK);
    let mut total = 0u64;
    while let Some(frame) = within(stall, frames.next()).await? {
        let frame = frame.map_err(|_| Problem::bad_request("the body broke off"))?;
        total = total.saturating_add(frame.len() as u64);
        if total > limit {
            return Err(too_large(limit));
        }
        filling.extend_from_slice(&frame);
        if filling.len() >= CHUNK {
            let (writer, empty) = hand.back().await?;
            hand = Hand::writes(writer, std::mem::replace(&mut filling, empty));
        }
    }
    let (writer, _) = hand.back().await?;
    let (writer, _) = Hand::writes(writer, filling).back().await?;
    Ok((writer, total))
}

/// Where the writer is.
enum Hand<W> {
    Holds(W, Vec<u8>),
    Writes(JoinHandle<Result<(W, Vec<u8>), Problem>>),
}

impl<W: Write + Send + 'static> Hand<W> {
    fn writes(mut writer: W, mut full: Vec<u8>) -> Self {
        Self::Writes(tokio::task::spawn_blocking(move || {
            writer.write_all(&full).map_err(problem)?;
            full.clear();
            Ok((writer, full))
        }))
    }

    async fn back(self) -> Result<(W, Vec<u8>), Problem> {
        match self {
            Self::Holds(writer, empty) => Ok((writer, empty)),
            Self::Writes(task) => task
                .await
                .map_err(|e| Problem::internal(format_args!("a writer failed: {e}")))?,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::io;

    use axum::body::Bytes;
    use futures_util::stream;

    use super::*;

    const PATIENT: Duration = Duration::from_secs(60);

    fn body(frames: Vec<io::Result<Bytes>>) -> Body {
        Body::from_stream(stream::iter(frames))
    }

    #[tokio::test]
    async fn every_byte_arrives_in_order() {
        let frames: Vec<Bytes> = (0..50u8).map(|i| Bytes::from(vec![i; 17_001])).collect();
        let whole = frames.concat();
        let (written, total) = pump(
            body(frames.into_iter().map(Ok).collect()),
            Vec::new(),
            u64::MAX,
            PATIENT,
        )
        .await
        .unwrap();
        assert!(written == whole);
        assert_eq!(total, whole.len() as u64);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_or_is_too_long_never_gives_the_writer_back() {
        let broken = vec![Ok(Bytes::from_static(b"a")), Err(io::Error::other("gone"))];
        assert_eq!(
            pump(body(broken), Vec::new(), 10, PATIENT)
                .await
                .unwrap_err()
                .status,
            400
        );
        let long = vec![Ok(Bytes::from_static(b"12345678901"))];
        assert_eq!(
            pump(body(long), Vec::new(), 10, PATIENT)
                .await
                .unwrap_err()
                .status,
            413
        );
    }

    #[tokio::test]
    async fn a_body_that_stands_still_is_given_up() {
        let still = Body::from_stream(stream::pending::<io::Result<Bytes>>());
        assert_eq!(
            pump(still, Vec::new(), 10, Duration::from_millis(1))
                .await
                .unwrap_err()
                .status,
            408
        );
    }
}
