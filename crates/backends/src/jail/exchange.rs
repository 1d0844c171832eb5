//! One request and its answer, over a socket that the gateway serves.

use bytes::Bytes;
use futures_util::StreamExt;
use http::header::{self, HeaderValue};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use crate::{Body, BodyError, CallContext, CallError, Limits, headers};

/// The request with its body whole, its head as the guest may see it.
pub(super) async fn prepare(
    context: &CallContext,
    request: http::Request<Body>,
    limits: &Limits,
) -> Result<http::Request<Full<Bytes>>, CallError> {
    let (mut head, body) = request.into_parts();
    head.headers = headers::for_guest(context, &head.headers, limits.headers)?;
    // The whole body is here when it is sent, so its length is counted anew.
    for name in [header::CONTENT_LENGTH, header::EXPECT] {
        head.headers.remove(name);
    }
    let body = collect(body, limits).await?;
    // The gateway reads origin form only.
    let path = head
        .uri
        .path_and_query()
        .map_or("/", |path| path.as_str())
        .to_owned();
    head.uri = path
        .parse()
        .map_err(|_| CallError::Failed("the request's path is no path".into()))?;
    head.version = http::Version::HTTP_11;
    head.headers
        .entry(header::HOST)
        .or_insert(HeaderValue::from_static("webx.localhost"));
    Ok(http::Request::from_parts(head, Full::new(body)))
}

async fn collect(body: Body, limits: &Limits) -> Result<Bytes, CallError> {
    let (mut whole, mut frames) = (Vec::new(), std::pin::pin!(body.into_data_stream()));
    loop {
        let frame = tokio::time::timeout(limits.stall, frames.next()).await;
        match frame.map_err(|_| CallError::BadBody(BodyError::Stalled.to_string()))? {
            None => return Ok(whole.into()),
            Some(Err(BodyError::TooLarge { limit })) => return Err(CallError::TooLarge { limit }),
            Some(Err(error)) => return Err(CallError::BadBody(error.to_string())),
            Some(Ok(bytes)) if (whole.len() + bytes.len()) as u64 > limits.request_body => {
                return Err(CallError::TooLarge {
                    limit: limits.request_body,
                });
            }
            Some(Ok(bytes)) => whole.extend_from_slice(&bytes),
        }
    }
}

/// Sends the request; comes back with the head of the answer.
pub(super) async fn send(
    socket: UnixStream,
    request: http::Request<Full<Bytes>>,
    limits: &Limits,
) -> Result<http::Response<Incoming>, CallError> {
    let broken =
        |error: hyper::Error| CallError::Failed(format!("its answer is no HTTP ({error})"));
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(limits.headers.max(8192))
        .handshake(TokioIo::new(socket))
        .await
        .map_err(broken)?;
    tokio::spawn(connection);
    let mut response = sender.send_request(request).await.map_err(broken)?;
    if response.status().is_informational() {
        return Err(CallError::Failed("its answer has no final status".into()));
    }
    let said = std::mem::take(response.headers_mut());
    *response.headers_mut() = headers::for_client(said, limits.headers)?;
    Ok(response)
}

/// Hands the answer's body on, bounded. `end` runs when all of it has come, before the reader learns that it ended.
pub(super) fn hand_on<F>(
    body: Incoming,
    limits: &Limits,
    end: impl FnOnce(Result<(), BodyError>) -> F + Send + 'static,
) -> Body
where
    F: Future<Output = Result<(), BodyError>> + Send,
{
    let (give, take) = tokio::sync::mpsc::channel::<Result<Bytes, BodyError>>(4);
    let (stall, limit, within) = (limits.stall, limits.response_body, limits.request_time);
    tokio::spawn(async move {
        let deadline = tokio::time::Instant::now() + within;
        let (mut frames, mut left) = (body.into_data_stream(), limit);
        let result = loop {
            match tokio::time::timeout_at(
                deadline.min(tokio::time::Instant::now() + stall),
                frames.next(),
            )
            .await
            {
                Err(_) => break Err(BodyError::Stalled),
                Ok(None) => break Ok(()),
                Ok(Some(Err(error))) => break Err(BodyError::Broken(error.to_string())),
                Ok(Some(Ok(bytes))) => {
                    let Some(rest) = left.checked_sub(bytes.len() as u64) else {
                        break Err(BodyError::TooLarge { limit });
                    };
                    left = rest;
                    match tokio::time::timeout(stall, give.send(Ok(bytes))).await {
                        Ok(Ok(())) => (),
                        // Nobody reads any more; what the guest wrote until now is still kept.
                        Ok(Err(_)) | Err(_) => break Ok(()),
                    }
                }
            }
        };
        if let Err(error) = end(result).await {
            let _ = give.send(Err(error)).await;
        }
    });
    let frames =
        futures_util::stream::unfold(
            take,
            |mut take| async move { Some((take.recv().await?, take)) },
        );
    StreamBody::new(frames.map(|frame| frame.map(http_body::Frame::data))).boxed_unsync()
}
