//! Streams inside one process: a pipe with an end, a reset and a stop.

use core::pin::Pin;
use core::sync::atomic::{AtomicU64, Ordering};
use core::task::{Context, Poll};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::transport::{Incoming, LinkError, Outgoing};

const WINDOW: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Finished,
    Reset(u32),
    Stopped(u32),
}

type Ending = Arc<Mutex<End>>;

fn end(ending: &Ending) -> End {
    *ending.lock().unwrap_or_else(PoisonError::into_inner)
}

fn set(ending: &Ending, to: End) {
    let mut end = ending.lock().unwrap_or_else(PoisonError::into_inner);
    if *end == End::Open {
        *end = to;
    }
}

fn broken(error: LinkError) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, error)
}

/// A pipe that breaks when the connection ends.
pub(super) fn pipe(
    closed: &CancellationToken,
    counter: &Arc<AtomicU64>,
) -> (MemorySend, MemoryRecv) {
    let (near, far) = tokio::io::duplex(WINDOW);
    let ending: Ending = Arc::new(Mutex::new(End::Open));
    let send = MemorySend {
        pipe: Some(near),
        ending: ending.clone(),
        closed: Box::pin(closed.clone().cancelled_owned()),
        counter: counter.clone(),
    };
    let recv = MemoryRecv {
        pipe: Some(far),
        ending,
        closed: Box::pin(closed.clone().cancelled_owned()),
    };
    (send, recv)
}

#[derive(Debug)]
pub(super) struct MemorySend {
    pipe: Option<DuplexStream>,
    ending: Ending,
    closed: Pin<Box<WaitForCancellationFutureOwned>>,
    counter: Arc<AtomicU64>,
}

impl AsyncWrite for MemorySend {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.closed.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(broken(LinkError::Ended)));
        }
        if let End::Stopped(code) = end(&self.ending) {
            return Poll::Ready(Err(broken(LinkError::Reset(code))));
        }
        let Some(pipe) = &mut self.pipe else {
            return Poll::Ready(Err(broken(LinkError::Ended)));
        };
        let written = Pin::new(pipe).poll_write(context, data);
        if let Poll::Ready(Ok(length)) = written {
            self.counter.fetch_add(length as u64, Ordering::Relaxed);
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.finish().map_err(broken))
    }
}

impl Outgoing for MemorySend {
    fn finish(&mut self) -> Result<(), LinkError> {
        match end(&self.ending) {
            End::Reset(code) | End::Stopped(code) => Err(LinkError::Reset(code)),
            End::Open | End::Finished => {
                set(&self.ending, End::Finished);
                self.pipe = None;
                Ok(())
            }
        }
    }

    fn reset(&mut self, code: u32) {
        set(&self.ending, End::Reset(code));
        self.pipe = None;
    }

    fn set_priority(&self, _: i32) {}
}

impl Drop for MemorySend {
    fn drop(&mut self) {
        set(&self.ending, End::Reset(0));
    }
}

#[derive(Debug)]
pub(super) struct MemoryRecv {
    pipe: Option<DuplexStream>,
    ending: Ending,
    closed: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl AsyncRead for MemoryRecv {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let Some(pipe) = &mut self.pipe else {
            return Poll::Ready(Err(broken(LinkError::Ended)));
        };
        match Pin::new(pipe).poll_read(context, buffer) {
            Poll::Ready(Ok(())) if buffer.filled().len() == before && buffer.remaining() > 0 => {
                match end(&self.ending) {
                    End::Reset(code) => Poll::Ready(Err(broken(LinkError::Reset(code)))),
                    _ => Poll::Ready(Ok(())),
                }
            }
            Poll::Pending if self.closed.as_mut().poll(context).is_ready() => {
                Poll::Ready(Err(broken(LinkError::Ended)))
            }
            other => other,
        }
    }
}

impl Incoming for MemoryRecv {
    fn stop(&mut self, code: u32) {
        set(&self.ending, End::Stopped(code));
        self.pipe = None;
    }
}
