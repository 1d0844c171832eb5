//! The WebDAV door against `litmus`, the suite every WebDAV server is measured by.

use std::process::Command;

use crate::common::Node;
use serde_json::json;

#[test]
fn litmus_passes_whole() {
    if Command::new("litmus").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "litmus is not installed");
        eprintln!("litmus is not installed (Debian package litmus); the suite was not run");
        return;
    }
    let (node, browser) = Node::open();
    let door = browser
        .json("PUT", "/api/doors/webdav", json!({"enabled": true}))
        .expect(200)
        .value();
    let scratch = tempfile::tempdir().unwrap();
    let url = format!("http://127.0.0.1:{}/dav/", node.port);
    let (user, token) = (
        door["username"].as_str().unwrap(),
        door["token"].as_str().unwrap(),
    );
    let run = Command::new("litmus")
        .args(["-k", &url, user, token])
        .current_dir(scratch.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    eprintln!("{said}");
    let debug = std::fs::read_to_string(scratch.path().join("debug.log")).unwrap_or_default();
    let passed = |suite: &str| {
        let summary = said
            .lines()
            .find(|l| l.contains(&format!("summary for `{suite}'")))
            .unwrap_or("no summary");
        assert!(
            summary.contains(" 0 failed"),
            "{suite}: {summary}\n{said}\n{}",
            tail(&debug)
        );
    };
    for suite in ["basic", "copymove", "props", "locks", "http"] {
        passed(suite);
    }
    assert!(run.status.success());
}

fn tail(text: &str) -> &str {
    let start = text.len().saturating_sub(8000);
    text.get(start..).unwrap_or(text)
}
