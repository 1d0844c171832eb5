//! Streams: QUIC's, counted by the meter of their peer.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io;

use iroh::endpoint::VarInt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};
use webx_overlay::transport::{Incoming, LinkError, Outgoing};

use crate::bandwidth::{Meter, STEP, Way};

/// Waits until the meter lets bytes move.
#[derive(Debug)]
struct Brake {
    meter: Meter,
    way: Way,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Brake {
    fn poll_free(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if let Some(sleep) = &mut self.sleep {
                ready!(sleep.as_mut().poll(cx));
                self.sleep = None;
            }
            if !self.meter.limited(self.way) {
                return Poll::Ready(());
            }
            match self.meter.wait(self.way, Instant::now()) {
                None => return Poll::Ready(()),
                Some(later) => self.sleep = Some(Box::pin(tokio::time::sleep_until(later))),
            }
        }
    }

    /// As many bytes as may move at once.
    fn step(&self, wanted: usize) -> usize {
        if self.meter.limited(self.way) {
            wanted.min(STEP)
        } else {
            wanted
        }
    }
}

/// A stream to the peer.
#[derive(Debug)]
pub(crate) struct Sending {
    inner: iroh::endpoint::SendStream,
    brake: Brake,
    finished: bool,
}

impl Sending {
    pub(crate) fn new(inner: iroh::endpoint::SendStream, meter: Meter) -> Self {
        Self {
            inner,
            brake: Brake {
                meter,
                way: Way::Up,
                sleep: None,
            },
            finished: false,
        }
    }
}

impl AsyncWrite for Sending {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        ready!(this.brake.poll_free(cx));
        let step = bytes.get(..this.brake.step(bytes.len())).unwrap_or(bytes);
        let written = ready!(AsyncWrite::poll_write(Pin::new(&mut this.inner), cx, step))?;
        this.brake.meter.took(Way::Up, written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_flush(Pin::new(&mut self.inner), cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.finished = true;
        AsyncWrite::poll_shutdown(Pin::new(&mut self.inner), cx)
    }
}

impl Outgoing for Sending {
    fn finish(&mut self) -> Result<(), LinkError> {
        self.inner.finish().map_err(|_| LinkError::Ended)?;
        self.finished = true;
        Ok(())
    }

    fn reset(&mut self, code: u32) {
        // A stream that is closed already cannot be reset, and need not be.
        let _closed = self.inner.reset(VarInt::from_u32(code));
        self.finished = true;
    }

    fn set_priority(&self, priority: i32) {
        let _closed = self.inner.set_priority(priority);
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        // QUIC's own streams end as if all were said; ours end as cut off, so that no half message looks whole.
        if !self.finished {
            let _closed = self.inner.reset(VarInt::from_u32(0));
        }
    }
}

/// A stream from the peer. Dropped before its end, it tells the peer to stop.
#[derive(Debug)]
pub(crate) struct Receiving {
    inner: iroh::endpoint::RecvStream,
    brake: Brake,
}

impl Receiving {
    pub(crate) fn new(inner: iroh::endpoint::RecvStream, meter: Meter) -> Self {
        Self {
            inner,
            brake: Brake {
                meter,
                way: Way::Down,
                sleep: None,
            },
        }
    }
}

impl AsyncRead for Receiving {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(this.brake.poll_free(cx));
        let step = this.brake.step(buf.remaining());
        if step == buf.remaining() {
            let before = buf.filled().len();
            ready!(AsyncRead::poll_read(Pin::new(&mut this.inner), cx, buf))?;
            this.brake
                .meter
                .took(Way::Down, buf.filled().len().saturating_sub(before));
        } else {
            let mut part = ReadBuf::new(buf.initialize_unfilled_to(step));
            ready!(AsyncRead::poll_read(
                Pin::new(&mut this.inner),
                cx,
                &mut part
            ))?;
            let read = part.filled().len();
            buf.advance(read);
            this.brake.meter.took(Way::Down, read);
        }
        Poll::Ready(Ok(()))
    }
}

impl Incoming for Receiving {
    fn stop(&mut self, code: u32) {
        let _closed = self.inner.stop(VarInt::from_u32(code));
    }
}
