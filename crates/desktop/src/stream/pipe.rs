//! Pipes for work that keeps a thread of its own: an import reads from one, an archive writes into one.

use std::{
    io::{self, Read, Write},
    time::Duration,
};

use axum::body::{Body, Bytes};
use bytes::Buf as _;
use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc;

use super::CHUNK;

/// Frames that wait between the two sides.
const WAITING: usize = 8;

enum Frame {
    Data(Bytes),
    End,
}

/// The blocking end of a body. A body that breaks off, or stands still for too long, is an error and never an end.
pub(crate) struct BodyReader {
    frames: mpsc::Receiver<Frame>,
    current: Bytes,
    ended: bool,
}

/// The two ends of a body: a future that feeds the pipe, to be awaited beside the work, and the reader for the worker.
pub(crate) fn body_reader(
    body: Body,
    stall: Duration,
) -> (impl Future<Output = ()> + Send, BodyReader) {
    let (sender, frames) = mpsc::channel(WAITING);
    let feed = async move {
        let mut data = body.into_data_stream();
        loop {
            let frame = match tokio::time::timeout(stall, data.next()).await {
                Ok(Some(Ok(bytes))) => Frame::Data(bytes),
                Ok(None) => Frame::End,
                Ok(Some(Err(_))) | Err(_) => return,
            };
            let last = matches!(frame, Frame::End);
            if sender.send(frame).await.is_err() || last {
                return;
            }
        }
    };
    (
        feed,
        BodyReader {
            frames,
            current: Bytes::new(),
            ended: false,
        },
    )
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !self.ended {
            match self.frames.blocking_recv() {
                Some(Frame::Data(bytes)) => self.current = bytes,
                Some(Frame::End) => self.ended = true,
                None => {
                    return Err(io::Error::new(
                        io::ErrorKind::ConnectionAborted,
                        "the body broke off",
                    ));
                }
            }
        }
        let count = self.current.len().min(buffer.len());
        self.current.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

/// The blocking end of an answer's body. [`ChunkWriter::finish`] ends it well; dropped before, the body breaks off.
pub(crate) struct ChunkWriter {
    chunks: mpsc::Sender<io::Result<Bytes>>,
    filling: Vec<u8>,
    finished: bool,
}

/// The two ends: the body for the answer and the writer for the worker. Writing fails as soon as the client is gone.
pub(crate) fn chunk_writer() -> (Body, ChunkWriter) {
    let (sender, chunks) = mpsc::channel(WAITING);
    let body = Body::from_stream(stream::unfold(chunks, |mut chunks| async move {
        chunks.recv().await.map(|c| (c, chunks))
    }));
    (
        body,
        ChunkWriter {
            chunks: sender,
            filling: Vec::new(),
            finished: false,
        },
    )
}

impl ChunkWriter {
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        self.finished = true;
        Ok(())
    }
}

impl Write for ChunkWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.filling.extend_from_slice(bytes);
        if self.filling.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.filling.is_empty() {
            return Ok(());
        }
        let full = std::mem::replace(&mut self.filling, Vec::with_capacity(CHUNK));
        self.chunks
            .blocking_send(Ok(full.into()))
            .map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "the client is gone"))
    }
}

impl Drop for ChunkWriter {
    fn drop(&mut self) {
        if !self.finished {
            let _ = self
                .chunks
                .blocking_send(Err(io::Error::other("the answer broke off")));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use http_body_util::BodyExt as _;

    use super::*;

    const PATIENT: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_worker_reads_a_whole_body() {
        let frames: Vec<io::Result<Bytes>> =
            (0..40u8).map(|i| Ok(Bytes::from(vec![i; 999]))).collect();
        let (feed, mut reader) = body_reader(Body::from_stream(stream::iter(frames)), PATIENT);
        let worker = tokio::task::spawn_blocking(move || {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).map(|_| all)
        });
        feed.await;
        assert_eq!(worker.await.unwrap().unwrap().len(), 40 * 999);
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_an_error_for_the_worker() {
        let frames = vec![
            Ok(Bytes::from_static(b"abc")),
            Err(io::Error::other("gone")),
        ];
        let (feed, mut reader) = body_reader(Body::from_stream(stream::iter(frames)), PATIENT);
        let worker = tokio::task::spawn_blocking(move || io::copy(&mut reader, &mut io::sink()));
        feed.await;
        assert_eq!(
            worker.await.unwrap().unwrap_err().kind(),
            io::ErrorKind::ConnectionAborted
        );
    }

    #[tokio::test]
    async fn a_client_that_leaves_stops_the_worker() {
        let (body, mut writer) = chunk_writer();
        drop(body);
        let worker = tokio::task::spawn_blocking(move || io::copy(&mut io::repeat(1), &mut writer));
        assert_eq!(
            worker.await.unwrap().unwrap_err().kind(),
            io::ErrorKind::BrokenPipe
        );
    }

    #[tokio::test]
    async fn a_worker_that_fails_breaks_the_answer_off() {
        let (body, mut writer) = chunk_writer();
        let worker =
            tokio::task::spawn_blocking(move || writer.write_all(b"half").map(|()| drop(writer)));
        assert!(body.collect().await.is_err());
        worker.await.unwrap().unwrap();
        let (body, mut writer) = chunk_writer();
        let worker = tokio::task::spawn_blocking(move || {
            writer.write_all(b"whole").and_then(|()| writer.finish())
        });
        assert_eq!(body.collect().await.unwrap().to_bytes(), "whole");
        worker.await.unwrap().unwrap();
    }
}
