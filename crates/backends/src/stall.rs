//! A body that fails when nothing comes for too long.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use crate::BodyError;

/// Ends `inner` with [`BodyError::Stalled`] when a frame takes longer than the limit.
pub(crate) struct Stalling<B> {
    inner: B,
    limit: Duration,
    timer: Pin<Box<Sleep>>,
    waiting: bool,
}

impl<B> Stalling<B> {
    /// Must be called where tokio's clock runs.
    pub(crate) fn new(inner: B, limit: Duration) -> Self {
        Self {
            inner,
            limit,
            timer: Box::pin(sleep(limit)),
            waiting: false,
        }
    }
}

impl<B: Body<Data = Bytes, Error = BodyError> + Unpin> Body for Stalling<B> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Ready(frame) => {
                this.waiting = false;
                Poll::Ready(frame)
            }
            Poll::Pending => {
                if !this.waiting {
                    this.waiting = true;
                    this.timer.as_mut().reset(Instant::now() + this.limit);
                }
                this.timer
                    .as_mut()
                    .poll(cx)
                    .map(|()| Some(Err(BodyError::Stalled)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
