//! The two bodies of a request: what the guest reads, and what the client reads.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::oneshot;
use wasmtime_wasi_http::WasiBody;

use crate::{Body, BodyError, CallError};

/// A request's body on its way in: counted. What went wrong with it is told to the caller instead of what the guest
/// made of it.
pub(super) struct Inward {
    inner: Body,
    left: u64,
    limit: u64,
    fault: Arc<OnceLock<CallError>>,
}

impl Inward {
    pub(super) fn new(inner: Body, limit: u64, fault: Arc<OnceLock<CallError>>) -> Self {
        Self {
            inner,
            left: limit,
            limit,
            fault,
        }
    }
}

/// Notes what went wrong with the body of a request.
pub(super) struct Noted<B> {
    pub(super) inner: B,
    pub(super) fault: Arc<OnceLock<CallError>>,
}

impl<B: HttpBody<Data = Bytes, Error = BodyError> + Unpin> HttpBody for Noted<B> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(Err(error)) = &polled {
            // The first fault is the cause of the others.
            let _ = self.fault.set(CallError::BadBody(error.to_string()));
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl HttpBody for Inward {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(Ok(frame)) = &polled
            && let Some(data) = frame.data_ref()
        {
            match self.left.checked_sub(data.len() as u64) {
                Some(left) => self.left = left,
                None => {
                    let limit = self.limit;
                    let _ = self.fault.set(CallError::TooLarge { limit });
                    return Poll::Ready(Some(Err(BodyError::TooLarge { limit })));
                }
            }
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// An answer's body on its way out: counted, and ended only when the guest is done and what it wrote is kept.
pub(super) struct Outward {
    inner: WasiBody,
    left: u64,
    limit: u64,
    done: Option<oneshot::Receiver<Result<(), BodyError>>>,
}

impl Outward {
    pub(super) fn new(
        inner: WasiBody,
        limit: u64,
        done: oneshot::Receiver<Result<(), BodyError>>,
    ) -> Self {
        Self {
            inner,
            left: limit,
            limit,
            done: Some(done),
        }
    }
}

impl HttpBody for Outward {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        if this.done.is_none() {
            return Poll::Ready(None);
        }
        match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
            Some(Ok(frame)) => {
                // A guest's trailers go no further.
                let Ok(data) = frame.into_data() else {
                    return Poll::Ready(Some(Ok(Frame::data(Bytes::new()))));
                };
                match this.left.checked_sub(data.len() as u64) {
                    Some(left) => this.left = left,
                    None => {
                        this.done = None;
                        return Poll::Ready(Some(Err(BodyError::TooLarge { limit: this.limit })));
                    }
                }
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Some(Err(error)) => {
                this.done = None;
                Poll::Ready(Some(Err(BodyError::Broken(error.to_string()))))
            }
            None => {
                let Some(done) = &mut this.done else {
                    return Poll::Ready(None);
                };
                let done = ready!(Pin::new(done).poll(cx));
                this.done = None;
                Poll::Ready(match done {
                    Ok(Ok(())) => None,
                    Ok(Err(error)) => Some(Err(error)),
                    Err(_) => Some(Err(BodyError::Broken(
                        "the app's backend was stopped".into(),
                    ))),
                })
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
