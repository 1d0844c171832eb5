//! Packages made on the spot, and a server side that answers what it was asked.

use std::sync::Arc;

use ed25519_dalek::SigningKey;
use futures_util::future::BoxFuture;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use webx_backends::{
    Backend, Backends, Body, CallContext, CallError, CompileError, Launch, Line, Progress,
    StartError, State, Status, body,
};
use webx_wxa::{Draft, KeySigner, Manifest};

use super::{Browser, Node};

/// Answers every request with what it saw of it.
pub struct Echo;

impl Backends for Echo {
    fn engine(&self) -> String {
        "echo".into()
    }

    fn compile(
        &self,
        component: &[u8],
        _: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Vec<u8>, CompileError> {
        Ok(component.to_vec())
    }

    fn start(&self, _: Launch) -> Result<Arc<dyn Backend>, StartError> {
        Ok(Arc::new(Running))
    }
}

struct Running;

impl Backend for Running {
    fn call(
        &self,
        context: CallContext,
        request: axum::http::Request<Body>,
    ) -> BoxFuture<'static, Result<axum::http::Response<Body>, CallError>> {
        Box::pin(async move {
            let (head, sent) = request.into_parts();
            let sent = sent
                .collect()
                .await
                .map_err(|e| CallError::BadBody(e.to_string()))?;
            let headers: serde_json::Map<String, Value> = head
                .headers
                .iter()
                .map(|(n, v)| (n.to_string(), json!(v.to_str().unwrap())))
                .collect();
            let seen = json!({
                "method": head.method.as_str(),
                "target": head.uri.to_string(),
                "headers": headers,
                "body": String::from_utf8_lossy(&sent.to_bytes()),
                "caller": &*context.caller_did,
                "install": context.install.to_string(),
                "request": &*context.request_id,
            });
            let mut answer = axum::http::Response::builder();
            if head.uri.path() == "/page" {
                answer = answer
                    .header("content-type", "text/html")
                    .header("set-cookie", "a=b")
                    .header("link", "<http://evil.example>; rel=preconnect");
                return Ok(answer
                    .body(body("<!doctype html><iframe src=x></iframe>"))
                    .unwrap());
            }
            if head.uri.path() == "/away" {
                return Ok(answer
                    .status(302)
                    .header("location", "http://evil.example/")
                    .body(body(""))
                    .unwrap());
            }
            answer = answer.header("content-type", "application/json");
            Ok(answer.body(body(seen.to_string())).unwrap())
        })
    }

    fn stop(&self) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }

    fn restart(&self) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }

    fn status(&self) -> Status {
        Status {
            state: State::Running,
            restarts: 0,
            next_start_at: None,
            problem: None,
            in_flight: 0,
            served: 1,
        }
    }

    fn log(&self) -> Vec<Line> {
        Vec::new()
    }
}

/// The manifest of a builtin app without any permission.
pub fn manifest(id: &str) -> Value {
    json!({
        "format": 1, "api": "1", "id": id, "name": "Notes", "version": "1.0.0", "category": "productivity",
        "description": "Keeps notes.", "icon": "icon.svg", "entry": {"builtin": {"module": "app.js"}},
        "permissions": {}
    })
}

/// A signed package of this manifest and these files beside the usual ones.
pub fn package(manifest: &Value, files: &[(&str, &[u8])]) -> Vec<u8> {
    let parsed = Manifest::parse(manifest.to_string().as_bytes()).unwrap();
    let mut all = vec![(
        "icon.svg".to_owned(),
        b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec(),
    )];
    if manifest["entry"].get("builtin").is_some() {
        all.push(("app.js".to_owned(), b"export default () => null".to_vec()));
    }
    all.extend(
        files
            .iter()
            .map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())),
    );
    let signer = KeySigner::new(SigningKey::from_bytes(&[7; 32]));
    Draft::new(parsed, all)
        .unwrap()
        .sign(&signer, time::OffsetDateTime::now_utc())
        .unwrap()
}

/// Installs a package with all it asks for, or nothing optional when `grant` is false; answers the app.
pub fn install(node: &Node, browser: &Browser, bytes: &[u8], grant: bool) -> Value {
    let seen = browser
        .ask("POST", "/api/apps/inspect")
        .bytes(bytes)
        .expect(200)
        .value();
    let keys: Vec<&Value> = seen["added"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|p| grant || p["required"] == true)
        .map(|p| &p["key"])
        .collect();
    let begun = browser
        .json(
            "POST",
            "/api/apps",
            json!({"upload": seen["upload"], "grant": keys}),
        )
        .expect(200)
        .value();
    done(browser, &begun["saga"]);
    let _ = node;
    browser.get(&format!("/api/apps/{}", begun["install"].as_str().unwrap()))
}

/// Waits until a saga is over.
pub fn done(browser: &Browser, saga: &Value) {
    let path = format!("/api/sagas/{}", saga.as_str().unwrap());
    Node::eventually("the saga is over", || {
        let state = browser.get(&path)["state"].clone();
        assert!(
            !["failed", "undone", "stuck"].contains(&state.as_str().unwrap()),
            "{}",
            browser.get(&path)
        );
        state == "done"
    });
}

/// The manifest of a web app with a server side that answers below `mount`.
pub fn web_app(id: &str, mount: &str) -> Value {
    let mut manifest = manifest(id);
    manifest["entry"] = json!({"iframe": {"start": "/"}});
    manifest["backend"] = json!({"wasm": {"component": "backend.wasm", "mount": mount}});
    manifest
}
