//! `wasi:http/outgoing-handler`: every request of a guest goes through [`Outgoing`].

use std::sync::Arc;

use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::BodyError;
use crate::outgoing::{Outgoing, Refused};

/// One guest's way out.
pub(crate) struct Hooks(pub(super) Arc<Outgoing>);

type Worker = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Worker,
    ) -> Box<dyn Future<Output = Result<(http::Response<WasiBody>, Worker), Error>> + Send> {
        let outgoing = Arc::clone(&self.0);
        Box::new(async move {
            let request = request.map(|body| {
                body.map_err(|error| BodyError::Broken(error.to_string()))
                    .boxed_unsync()
            });
            let sent = outgoing.send(request);
            let response = match options.and_then(|options| options.first_byte_timeout) {
                Some(limit) => tokio::time::timeout(limit, sent)
                    .await
                    .map_err(|_| Error::ConnectionReadTimeout)?,
                None => sent.await,
            };
            let response = response.map_err(error)?;
            Ok((
                response.map(wasi_body),
                Box::new(async { Ok(()) }) as Worker,
            ))
        })
    }
}

/// A body as `wasmtime-wasi-http` takes it.
pub(super) fn wasi_body(body: crate::Body) -> UnsyncBoxBody<bytes::Bytes, Error> {
    body.map_err(|error| match error {
        BodyError::TooLarge { limit } => Error::HttpRequestBodySize(Some(limit)),
        BodyError::Stalled => Error::ConnectionReadTimeout,
        BodyError::Broken(_) => Error::ConnectionTerminated,
    })
    .boxed_unsync()
}

fn error(refused: Refused) -> Error {
    match refused {
        Refused::Denied(_) => Error::HttpRequestDenied,
        Refused::Private(_) => Error::DestinationIpProhibited,
        Refused::Budget => Error::ConnectionLimitReached,
        Refused::Address(_) => Error::HttpRequestUriInvalid,
        Refused::Name(_) => Error::DnsError {
            rcode: None,
            info_code: None,
        },
        Refused::Connect(_) => Error::ConnectionRefused,
        Refused::Slow => Error::ConnectionTimeout,
        Refused::Tls(_) => Error::TlsCertificateError,
        Refused::Http(error) => Error::Hyper(error),
        Refused::TooLarge(limit) => Error::HttpRequestBodySize(Some(limit)),
        Refused::Failed(why) => Error::InternalError(Some(why)),
    }
}
