//! A running node, reached through its data folder.

use std::io::Read as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::failure::{Failure, Result};

/// The control file is a few hundred bytes; anything longer is not one.
const CONTROL_LIMIT: u64 = 4096;
/// The most of an answer that is read.
const ANSWER_LIMIT: u64 = 8 << 20;
/// An install compiles backends in steps of its own; a single call is quick.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A node and the way in.
pub(crate) struct Node {
    agent: ureq::Agent,
    url: String,
    bearer: Zeroizing<String>,
}

#[derive(Deserialize)]
struct Control {
    addr: SocketAddr,
    token: Zeroizing<String>,
}

impl Node {
    /// The node that runs on `data`, or on the default folder.
    pub(crate) fn find(data: Option<&Path>) -> Result<Self> {
        let data = match data {
            Some(data) => data.to_owned(),
            None => default_data()?,
        };
        let path = data.join("run").join("control.json");
        let absent = || {
            Failure::refused("not-running", format!("no node runs on {}", data.display()))
                .todo("start it with webx up")
        };
        let mut text = Zeroizing::new(String::new());
        std::fs::File::open(&path)
            .and_then(|file| file.take(CONTROL_LIMIT).read_to_string(&mut text))
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => absent(),
                _ => Failure::io("read", &path, &error),
            })?;
        let control: Control = serde_json::from_str(&text).map_err(|_| absent())?;
        if !control.addr.ip().is_loopback() {
            return Err(Failure::refused(
                "damaged",
                format!("{} names an address outside this machine", path.display()),
            )
            .todo("delete it and start the node again with webx up"));
        }
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .proxy(None)
            .build();
        Ok(Self {
            agent: ureq::Agent::new_with_config(config),
            url: format!("http://{}", control.addr),
            bearer: Zeroizing::new(format!("Bearer {}", *control.token)),
        })
    }

    /// `GET path`.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let answer = self
            .agent
            .get(format!("{}{path}", self.url))
            .header("Authorization", self.bearer.as_str())
            .call();
        read(answer)
    }

    /// `POST path` with a JSON body.
    pub(crate) fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T> {
        let answer = self
            .agent
            .post(format!("{}{path}", self.url))
            .header("Authorization", self.bearer.as_str())
            .send_json(body);
        read(answer)
    }

    /// `POST path` with bytes.
    pub(crate) fn upload<T: DeserializeOwned>(&self, path: &str, body: &[u8]) -> Result<T> {
        let answer = self
            .agent
            .post(format!("{}{path}", self.url))
            .header("Authorization", self.bearer.as_str())
            .header("Content-Type", "application/vnd.webx.app")
            .send(body);
        read(answer)
    }
}

fn read<T: DeserializeOwned>(
    answer: std::result::Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<T> {
    let mut answer = answer.map_err(|error| {
        Failure::refused("unreachable", format!("the node does not answer: {error}"))
            .todo("look with webx status, or start it with webx up")
    })?;
    let status = answer.status();
    let text = answer
        .body_mut()
        .with_config()
        .limit(ANSWER_LIMIT)
        .read_to_string()
        .map_err(|error| Failure::refused("unreachable", format!("the node broke off: {error}")))?;
    if !status.is_success() {
        return Err(problem(status.as_u16(), &text));
    }
    let text = if text.is_empty() { "null" } else { &text };
    serde_json::from_str(text).map_err(|error| {
        Failure::refused(
            "protocol",
            format!("the node's answer is not understood: {error}"),
        )
        .todo("use a webx and a wxa of the same version")
    })
}

/// A problem document (RFC 9457) as a failure.
fn problem(status: u16, text: &str) -> Failure {
    let document: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    let field = |name: &str| document.get(name).and_then(Value::as_str);
    let code = field("code").unwrap_or("refused");
    let what = field("detail")
        .or(field("title"))
        .map_or_else(|| format!("the node answered {status}"), str::to_owned);
    let failure = Failure::refused(code, what);
    match code {
        "locked" => failure.todo("unlock it: webx unlock, or in the browser"),
        "welcome" => failure.todo("set the node up first: webx init, or in the browser"),
        _ => failure,
    }
}

fn default_data() -> Result<PathBuf> {
    directories::ProjectDirs::from("", "", "webx")
        .map(|dirs| dirs.data_dir().to_owned())
        .ok_or_else(|| {
            Failure::refused("no-home", "this user has no home folder").todo("give --data DIR")
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_folder_on_which_nothing_runs_is_said_so() {
        let data = tempfile::tempdir().unwrap();
        let failure = Node::find(Some(data.path())).err().unwrap();
        assert_eq!(failure.code(), "not-running");
    }

    #[test]
    fn an_address_outside_this_machine_is_refused() {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir(data.path().join("run")).unwrap();
        std::fs::write(
            data.path().join("run/control.json"),
            r#"{"addr":"192.0.2.1:7700","pid":1,"token":"x"}"#,
        )
        .unwrap();
        let failure = Node::find(Some(data.path())).err().unwrap();
        assert_eq!(failure.code(), "damaged");
    }

    #[test]
    fn a_problem_document_becomes_a_sentence_with_what_to_do() {
        let failure = problem(
            423,
            r#"{"code":"locked","title":"Locked","detail":"the node is locked"}"#,
        );
        assert_eq!(
            failure.to_string(),
            "the node is locked; unlock it: webx unlock, or in the browser"
        );
        assert_eq!(problem(500, "oops").to_string(), "the node answered 500");
    }
}
