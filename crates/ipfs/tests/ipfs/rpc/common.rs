//! A client without a socket.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use webx_ipfs::rpc::{self, Authorization, Host, Rpc};

use crate::common::{House, NOW};

pub(crate) const TOKEN: &str = "a token of some length";

/// What stands around the RPC, in memory.
#[derive(Default)]
pub(crate) struct Around {
    config: Mutex<Value>,
    pub(crate) stopped: Mutex<bool>,
}

impl Host for Around {
    fn version(&self) -> String {
        "1.2.3".into()
    }

    fn repo_path(&self) -> String {
        "/somewhere".into()
    }

    fn config(&self) -> Result<Value, String> {
        Ok(self.config.lock().clone())
    }

    fn set_config(&self, config: Value) -> Result<(), String> {
        *self.config.lock() = config;
        Ok(())
    }

    fn shutdown(&self) -> Result<(), String> {
        *self.stopped.lock() = true;
        Ok(())
    }
}

pub(crate) struct Client {
    pub(crate) house: House,
    pub(crate) around: Arc<Around>,
    router: Router,
}

/// Files of a request: path and content, or no content for a folder.
pub(crate) type Files<'a> = &'a [(&'a str, Option<&'a [u8]>)];

impl Client {
    pub(crate) fn new() -> Self {
        let house = House::new();
        let around = Arc::new(Around::default());
        *around.config.lock() = json!({ "Addresses": { "API": "/ip4/127.0.0.1/tcp/0" } });
        let allowed = vec![Authorization::bearer(TOKEN.into())];
        let rpc = Rpc::new(house.store.clone(), allowed, around.clone()).with_clock(|| NOW);
        Self {
            house,
            around,
            router: rpc::router(rpc),
        }
    }

    /// A request that nobody has anything against.
    pub(crate) fn request(command: &str) -> axum::http::request::Builder {
        Request::post(format!("/api/v0/{command}"))
            .header("host", "127.0.0.1:5001")
            .header("authorization", format!("Bearer {TOKEN}"))
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> (StatusCode, Vec<u8>) {
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status();
        // A body that breaks off is an answer too.
        match answer.into_body().collect().await {
            Ok(body) => (status, body.to_bytes().to_vec()),
            Err(_) => (StatusCode::IM_A_TEAPOT, Vec::new()),
        }
    }

    pub(crate) async fn call(&self, command: &str) -> (StatusCode, Vec<u8>) {
        let request = Self::request(command).body(Body::empty()).unwrap();
        self.send(request).await
    }

    pub(crate) async fn upload(&self, command: &str, files: Files<'_>) -> (StatusCode, Vec<u8>) {
        let mut body = Vec::new();
        for (path, content) in files {
            let kind = match content {
                Some(_) => "application/octet-stream",
                None => "application/x-directory",
            };
            let head = format!(
                "--mark\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{path}\"\r\nContent-Type: {kind}\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(content.unwrap_or_default());
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--mark--\r\n");
        let request = Self::request(command)
            .header("content-type", "multipart/form-data; boundary=mark")
            .body(Body::from(body))
            .unwrap();
        self.send(request).await
    }

    /// The lines of an answer that went well.
    pub(crate) async fn lines(&self, command: &str) -> Vec<Value> {
        lines(self.call(command).await)
    }

    pub(crate) async fn one(&self, command: &str) -> Value {
        self.lines(command).await.remove(0)
    }

    /// What a command is refused with.
    pub(crate) async fn refused(&self, command: &str) -> String {
        message(self.call(command).await)
    }

    /// Adds one file; its CID.
    pub(crate) async fn add(&self, options: &str, content: &[u8]) -> String {
        let files: Files<'_> = &[("", Some(content))];
        let added = lines(self.upload(&format!("add?{options}"), files).await);
        added.last().unwrap()["Hash"].as_str().unwrap().to_owned()
    }

    /// Writes a file of the tree.
    pub(crate) async fn write(&self, options: &str, content: &[u8]) -> (StatusCode, Vec<u8>) {
        let files: Files<'_> = &[("data", Some(content))];
        self.upload(&format!("files/write?{options}"), files).await
    }

    pub(crate) async fn bytes(&self, command: &str) -> Vec<u8> {
        let (status, body) = self.call(command).await;
        assert_eq!(status, 200, "{command}: {}", String::from_utf8_lossy(&body));
        body
    }
}

pub(crate) fn lines((status, body): (StatusCode, Vec<u8>)) -> Vec<Value> {
    let text = String::from_utf8(body).unwrap();
    assert_eq!(status, 200, "{text}");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub(crate) fn message((status, body): (StatusCode, Vec<u8>)) -> String {
    let text = String::from_utf8(body).unwrap();
    assert_ne!(status, 200, "{text}");
    match serde_json::from_str::<Value>(&text) {
        Ok(said) => {
            assert_eq!((&said["Code"], &said["Type"]), (&json!(0), &json!("error")));
            said["Message"].as_str().unwrap().to_owned()
        }
        Err(_) => text,
    }
}
