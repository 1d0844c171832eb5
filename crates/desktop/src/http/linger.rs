//! What is left of a request's body when it has been answered.
//!
//! A request that is refused is answered before its body was read. A server that closes the connection then takes the
//! answer away from whoever is still sending: he sees a broken pipe and not the reason. So the rest is read and thrown
//! away, as far as that costs little.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::{runtime::Handle, time::timeout};

/// How much of a body nobody wants is read, in bytes. What is longer costs the sender the connection.
const MOST: usize = 16 << 20;

/// How long a body nobody wants is read.
const LONGEST: Duration = Duration::from_secs(5);

/// A request's body whose rest is read and thrown away when it is dropped.
pub(crate) struct Lingering {
    /// There until it ended or failed.
    body: Option<Incoming>,
    /// Whether the rest comes by itself: not so where the sender waits to be told to go on.
    comes: bool,
}

impl Lingering {
    pub(crate) fn new(body: Incoming, headers: &HeaderMap) -> Self {
        Self {
            body: Some(body),
            comes: !headers.contains_key(header::EXPECT),
        }
    }
}

impl Body for Lingering {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(body).poll_frame(context));
        if !matches!(frame, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let rest = self.body.take().filter(|rest| !rest.is_end_stream());
        if let (Some(rest), Ok(runtime), true) = (rest, Handle::try_current(), self.comes) {
            runtime.spawn(timeout(LONGEST, discard(rest)));
        }
    }
}

async fn discard(mut body: Incoming) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > MOST {
            return;
        }
    }
}
