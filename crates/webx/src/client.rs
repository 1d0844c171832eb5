//! The command line's side of the HTTP API: blocking requests to the node on this machine.

mod path;
mod progress;

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use ureq::http::{self, Method, StatusCode};
use ureq::{Agent, AsSendBody as _, Body, SendBody};
use zeroize::Zeroizing;

use crate::control::{self, Control};
use crate::failure::Failure;

pub(crate) use path::{RemotePath, encode};
pub(crate) use progress::Progress;

/// No JSON answer of the node is longer than this, in bytes.
const JSON_LIMIT: u64 = 64 * 1024 * 1024;
/// A problem document is small.
const PROBLEM_LIMIT: u64 = 64 * 1024;

/// A connection pool to the running node. Cheap to clone, usable from many threads.
#[derive(Clone)]
pub(crate) struct Client {
    agent: Agent,
    base: String,
    desktop: String,
    bearer: http::HeaderValue,
}

impl Client {
    /// Connects to the node that runs on `data`.
    pub(crate) fn find(data: &Path) -> anyhow::Result<Self> {
        let client = Self::new(&control::require(data)?)?;
        match client.try_get("/api/status") {
            Err(error) if is_unreachable(&error) => Err(control::not_running(data).into()),
            Err(error) => Err(error),
            Ok(_) => Ok(client),
        }
    }

    /// The node that runs on `data`, or `None` when none answers.
    pub(crate) fn running(data: &Path) -> anyhow::Result<Option<Self>> {
        match Self::find(data) {
            Ok(client) => Ok(Some(client)),
            Err(error) if is_not_running(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Speaks to the node described by `control`, without asking it anything yet.
    pub(crate) fn new(control: &Control) -> anyhow::Result<Self> {
        let agent = Agent::config_builder()
            .proxy(None)
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(5)))
            .input_buffer_size(256 * 1024)
            .output_buffer_size(256 * 1024)
            .user_agent(concat!("webx/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        let mut bearer = http::HeaderValue::try_from(format!("Bearer {}", *control.token))
            .map_err(|_| Failure::refused("damaged", "the control token is damaged"))?;
        bearer.set_sensitive(true);
        Ok(Self {
            agent,
            base: control.url(),
            desktop: crate::node::url(control.addr.port()),
            bearer,
        })
    }

    /// The address of the desktop in a browser.
    pub(crate) fn desktop(&self) -> &str {
        &self.desktop
    }

    pub(crate) fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.try_get(path)
    }

    pub(crate) fn delete(&self, path: &str) -> anyhow::Result<Value> {
        self.json(Method::DELETE, path, None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.json(Method::POST, path, Some(body))
    }

    pub(crate) fn patch(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.json(Method::PATCH, path, Some(body))
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.json(Method::PUT, path, Some(body))
    }

    /// Sends a body of unknown length as a stream; the answer is JSON.
    pub(crate) fn send(
        &self,
        method: Method,
        path: &str,
        body: &mut dyn Read,
    ) -> anyhow::Result<Value> {
        let request = self
            .request(method, path)
            .header("content-type", "application/octet-stream")
            .body(SendBody::from_reader(body))?;
        json_of(self.run(request)?)
    }

    /// Opens a stream that the node sends; with its length in bytes when the node says it.
    pub(crate) fn open(&self, path: &str) -> anyhow::Result<(impl Read + use<>, Option<u64>)> {
        let request = self.request(Method::GET, path).body(SendBody::none())?;
        let response = good(self.run(request)?)?;
        let length = response.body().content_length();
        Ok((response.into_body().into_reader(), length))
    }

    fn try_get(&self, path: &str) -> anyhow::Result<Value> {
        self.json(Method::GET, path, None)
    }

    fn json(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let request = self.request(method, path);
        let Some(body) = body else {
            return json_of(self.run(request.body(SendBody::none())?)?);
        };
        let text = Zeroizing::new(serde_json::to_vec(body)?);
        let mut text = text.as_slice();
        let request = request
            .header("content-type", "application/json")
            .body(text.as_body())?;
        json_of(self.run(request)?)
    }

    fn request(&self, method: Method, path: &str) -> http::request::Builder {
        http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(http::header::AUTHORIZATION, self.bearer.clone())
    }

    fn run(&self, request: http::Request<SendBody<'_>>) -> anyhow::Result<http::Response<Body>> {
        Ok(self.agent.run(request)?)
    }
}

fn is_not_running(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<Failure>()
        .is_some_and(|failure| failure.code() == control::NOT_RUNNING)
}

/// Whether nothing listens at the address any more.
pub(crate) fn is_unreachable(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref::<ureq::Error>(),
        Some(ureq::Error::Io(_) | ureq::Error::ConnectionFailed | ureq::Error::Timeout(_))
    )
}

fn json_of(response: http::Response<Body>) -> anyhow::Result<Value> {
    let mut response = good(response)?;
    if response.status() == StatusCode::NO_CONTENT {
        return Ok(Value::Null);
    }
    let text = response
        .body_mut()
        .with_config()
        .limit(JSON_LIMIT)
        .read_to_vec()?;
    if text.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&text).map_err(|_| {
        Failure::refused("bad-answer", "the node gave an answer that is not JSON").into()
    })
}

/// Turns a problem document (RFC 9457) into a failure with what to do.
fn good(mut response: http::Response<Body>) -> anyhow::Result<http::Response<Body>> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let text = response
        .body_mut()
        .with_config()
        .limit(PROBLEM_LIMIT)
        .read_to_vec()
        .unwrap_or_default();
    let problem: Value = serde_json::from_slice(&text).unwrap_or_default();
    Err(failure_of(status, &problem).into())
}

fn failure_of(status: StatusCode, problem: &Value) -> Failure {
    let text = |name: &str| {
        problem
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let code = text("code").unwrap_or("failed");
    let what = text("detail")
        .or(text("title"))
        .map_or_else(|| format!("the node answered {status}"), str::to_owned);
    let wait = problem.get("retryAfterSeconds").and_then(Value::as_u64);
    let failure = Failure::refused(code, what);
    match (code, wait) {
        ("locked", _) => failure.todo("unlock it with webx unlock"),
        ("welcome", _) => failure.todo("create your identity with webx init"),
        ("wrong-passphrase" | "too-soon", Some(seconds)) => {
            failure.todo(format!("try again in {} s", seconds.max(1)))
        }
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_what_to_do() {
        let problem = serde_json::json!({
            "title": "Locked", "detail": "the node is locked", "code": "locked"
        });
        assert_eq!(
            failure_of(StatusCode::LOCKED, &problem).to_string(),
            "the node is locked; unlock it with webx unlock"
        );
    }

    #[test]
    fn a_wrong_passphrase_names_the_wait() {
        let problem = serde_json::json!({
            "title": "Wrong passphrase", "code": "wrong-passphrase", "retryAfterSeconds": 4
        });
        assert!(
            failure_of(StatusCode::UNAUTHORIZED, &problem)
                .to_string()
                .ends_with("try again in 4 s")
        );
    }

    #[test]
    fn an_answer_without_a_problem_document_still_makes_sense() {
        let line = failure_of(StatusCode::BAD_GATEWAY, &Value::Null).to_string();
        assert!(line.contains("502"), "{line}");
    }
}
