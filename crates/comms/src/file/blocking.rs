//! Files whose reading and writing blocks, for those who must not.

use std::{
    io::{self, Read, Seek, SeekFrom, Write},
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf},
    task::JoinHandle,
};

/// Bytes that one thread reads or writes at a time.
const PIECE: usize = 256 * 1024;

/// A blocking reader, writer or both, worked by threads that may block. One piece is read ahead or written behind; what goes
/// wrong with a piece written behind is told by the next call, [`flush`](tokio::io::AsyncWriteExt::flush) at the latest.
/// Between reading and writing one must seek.
#[derive(Debug)]
pub struct Blocking<T> {
    state: State<T>,
    /// Something was written after the last flush.
    dirty: bool,
}

#[derive(Debug)]
enum State<T> {
    /// Nothing runs; nothing is there any more after a thread panicked.
    Idle(Option<Held<T>>),
    Busy(JoinHandle<(Held<T>, Done)>),
}

#[derive(Debug)]
struct Held<T> {
    inner: T,
    /// What was read ahead, or is written.
    bytes: Vec<u8>,
    /// How much of it the reader has.
    at: usize,
}

#[derive(Debug)]
enum Done {
    Read(io::Result<usize>),
    Written(io::Result<()>),
    Flushed(io::Result<()>),
    Sought(io::Result<u64>),
}

impl<T: Send + 'static> Blocking<T> {
    /// Takes `inner` as it stands.
    pub fn new(inner: T) -> Self {
        let held = Held {
            inner,
            bytes: Vec::new(),
            at: 0,
        };
        Self {
            state: State::Idle(Some(held)),
            dirty: false,
        }
    }

    /// Waits for what runs and gives `inner` back; `None` after a thread panicked.
    pub async fn into_inner(self) -> Option<T> {
        let held = match self.state {
            State::Idle(held) => held,
            State::Busy(task) => task.await.ok().map(|(held, _)| held),
        };
        held.map(|held| held.inner)
    }

    /// What ended just now, if something ran.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Done>>> {
        let State::Busy(task) = &mut self.state else {
            return Poll::Ready(Ok(None));
        };
        let ended = ready!(Pin::new(task).poll(cx));
        let (held, done) = match ended {
            Ok((held, done)) => (Some(held), Ok(Some(done))),
            Err(error) => (None, Err(io::Error::other(error))),
        };
        self.state = State::Idle(held);
        Poll::Ready(done)
    }

    fn held(&mut self) -> io::Result<&mut Held<T>> {
        match &mut self.state {
            State::Idle(Some(held)) => Ok(held),
            _ => Err(io::Error::other("the file is lost")),
        }
    }

    /// Begins work on a thread. Nothing may run.
    fn begin(
        &mut self,
        work: impl FnOnce(&mut Held<T>) -> Done + Send + 'static,
    ) -> io::Result<()> {
        let State::Idle(slot) = &mut self.state else {
            return Err(io::Error::other("the file is in use"));
        };
        let mut held = slot
            .take()
            .ok_or_else(|| io::Error::other("the file is lost"))?;
        self.state = State::Busy(tokio::task::spawn_blocking(move || {
            let done = work(&mut held);
            (held, done)
        }));
        Ok(())
    }
}

impl<T: Read + Send + Unpin + 'static> AsyncRead for Blocking<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            match ready!(this.poll_idle(cx))? {
                Some(Done::Read(read)) => {
                    if read? == 0 {
                        return Poll::Ready(Ok(()));
                    }
                }
                Some(Done::Written(result) | Done::Flushed(result)) => result?,
                Some(Done::Sought(_)) | None => {}
            }
            let held = this.held()?;
            let ahead = held.bytes.get(held.at..).unwrap_or_default();
            if !ahead.is_empty() {
                let count = ahead.len().min(into.remaining());
                into.put_slice(ahead.get(..count).unwrap_or_default());
                held.at += count;
                return Poll::Ready(Ok(()));
            }
            this.begin(|held| {
                held.bytes.resize(PIECE, 0);
                held.at = 0;
                let read = loop {
                    match held.inner.read(&mut held.bytes) {
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        read => break read,
                    }
                };
                held.bytes.truncate(*read.as_ref().unwrap_or(&0));
                Done::Read(read)
            })?;
        }
    }
}

impl<T: Write + Send + Unpin + 'static> AsyncWrite for Blocking<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Some(Done::Written(result) | Done::Flushed(result)) = ready!(this.poll_idle(cx))? {
            result?;
        }
        let piece = data.get(..data.len().min(PIECE)).unwrap_or_default();
        let held = this.held()?;
        held.bytes.clear();
        held.at = 0;
        held.bytes.extend_from_slice(piece);
        this.dirty = true;
        this.begin(|held| {
            let written = held.inner.write_all(&held.bytes);
            held.bytes.clear();
            Done::Written(written)
        })?;
        Poll::Ready(Ok(piece.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            match ready!(this.poll_idle(cx))? {
                Some(Done::Flushed(result)) => {
                    this.dirty = false;
                    return Poll::Ready(result);
                }
                Some(Done::Written(result)) => result?,
                Some(Done::Read(_) | Done::Sought(_)) | None => {}
            }
            if !this.dirty {
                return Poll::Ready(Ok(()));
            }
            this.begin(|held| Done::Flushed(held.inner.flush()))?;
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl<T: Seek + Send + Unpin + 'static> AsyncSeek for Blocking<T> {
    fn start_seek(self: Pin<&mut Self>, to: SeekFrom) -> io::Result<()> {
        let this = self.get_mut();
        let held = this.held()?;
        let ahead = held.bytes.len().saturating_sub(held.at);
        let to = match to {
            // The reader stands before what was read ahead.
            SeekFrom::Current(by) => {
                SeekFrom::Current(by.saturating_sub(i64::try_from(ahead).unwrap_or(i64::MAX)))
            }
            other => other,
        };
        held.bytes.clear();
        held.at = 0;
        this.begin(move |held| Done::Sought(held.inner.seek(to)))
    }

    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(match ready!(self.get_mut().poll_idle(cx))? {
            Some(Done::Sought(place)) => place,
            Some(Done::Written(result) | Done::Flushed(result)) => result.map(|()| 0),
            Some(Done::Read(_)) | None => Ok(0),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Cursor;
    use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

    /// Takes 300,000 bytes and no more.
    struct Small(usize);

    impl Write for Small {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            if self.0 > 300_000 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn what_is_written_is_read_again_from_any_place() {
        let bytes: Vec<u8> = (0..1_000_003_u32).map(|n| (n % 251) as u8).collect();
        let mut file = Blocking::new(Cursor::new(Vec::new()));
        file.write_all(&bytes).await.unwrap();
        file.flush().await.unwrap();
        for place in [0, 700_001, 1_000_003] {
            file.seek(SeekFrom::Start(place)).await.unwrap();
            let mut read = Vec::new();
            file.read_to_end(&mut read).await.unwrap();
            assert!(read == bytes[place as usize..]);
        }
        file.seek(SeekFrom::Start(10)).await.unwrap();
        file.read_u8().await.unwrap();
        assert_eq!(file.seek(SeekFrom::Current(5)).await.unwrap(), 16);
        assert!(file.into_inner().await.unwrap().into_inner() == bytes);
    }

    #[tokio::test]
    async fn what_goes_wrong_behind_the_writer_is_told_at_the_latest_when_he_flushes() {
        let mut file = Blocking::new(Small(0));
        let written = async {
            file.write_all(&[7; 400_000]).await?;
            file.flush().await
        };
        let error = written.await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
