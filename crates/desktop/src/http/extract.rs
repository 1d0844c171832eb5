//! Extractors whose refusals are problem documents.

use std::{future::Future, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts, Request},
    http::{StatusCode, header, request::Parts},
};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::desktop::Desktop;

/// A JSON body within the node's limits of size and time.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Desktop> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, desktop: &Desktop) -> Result<Self, Problem> {
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .is_some_and(|v| {
                v.split(';')
                    .next()
                    .is_some_and(|t| t.trim().eq_ignore_ascii_case("application/json"))
            });
        if !is_json {
            let detail = "the body must be application/json";
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                detail,
            ));
        }
        let bytes = collect(
            request.into_body(),
            desktop.limits().json_body,
            desktop.limits().json_timeout,
        )
        .await?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|e| Problem::bad_request(format!("the JSON body is not understood: {e}")))
    }
}

/// Reads a whole body of at most `limit` bytes.
pub(crate) async fn collect(
    body: Body,
    limit: usize,
    patience: Duration,
) -> Result<Bytes, Problem> {
    let read = async {
        let mut all = bytes::BytesMut::new();
        let mut frames = body.into_data_stream();
        while let Some(frame) = frames.next().await {
            let frame = frame.map_err(|_| Problem::bad_request("the body broke off"))?;
            if all.len() + frame.len() > limit {
                return Err(too_large(limit as u64));
            }
            all.extend_from_slice(&frame);
        }
        Ok(all.freeze())
    };
    within(patience, read).await?
}

/// Answers 408 when `work` takes longer than `patience`.
pub(crate) async fn within<T>(
    patience: Duration,
    work: impl Future<Output = T>,
) -> Result<T, Problem> {
    tokio::time::timeout(patience, work).await.map_err(|_| {
        Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "timeout",
            "the body came too slowly",
        )
    })
}

pub(crate) fn too_large(limit: u64) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too-large",
        format!("the body is larger than the {limit} bytes that are taken here"),
    )
}

/// Query parameters.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|e| Problem::bad_request(format!("the query is not understood: {e}")))
    }
}

/// Path parameters, percent-decoded.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|e| Problem::bad_request(format!("the path is not understood: {e}")))
    }
}
