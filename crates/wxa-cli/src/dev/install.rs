//! Development builds on their way into the node, over the same HTTP interface as every install.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use webx_wxa::Manifest;

use crate::failure::{Failure, Result};
use crate::key::Publisher;
use crate::node::Node;

/// Names end in this, so that nobody takes a development build for the app itself.
const MARK: &str = " (dev)";
/// The most characters a name may have.
const NAME: usize = 64;
/// Compiling a backend takes its time; longer than this means that it hangs.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often a running install is asked.
const POLL: Duration = Duration::from_millis(15);

/// Installs and updates one app on one node.
pub(super) struct Installer {
    node: Node,
    publisher: Publisher,
    installed: bool,
}

/// A build that has arrived.
pub(super) struct Done {
    pub(super) install: String,
    pub(super) version: String,
    /// Whether the app was not there before this session.
    pub(super) first: bool,
}

#[derive(Deserialize)]
struct Inspection {
    upload: String,
    manifest: Value,
    #[serde(default)]
    update: Option<Value>,
}

#[derive(Deserialize)]
struct Started {
    saga: String,
    install: String,
}

#[derive(Deserialize)]
struct Saga {
    state: String,
    #[serde(default)]
    reason: Option<String>,
}

impl Installer {
    pub(super) fn new(node: Node, publisher: Publisher) -> Self {
        Self {
            node,
            publisher,
            installed: false,
        }
    }

    /// Who signs what is installed.
    pub(super) fn publisher(&self) -> &Publisher {
        &self.publisher
    }

    /// Whether there is a window in which something could be shown.
    pub(super) fn has_installed(&self) -> bool {
        self.installed
    }

    /// Installs a package, or updates the app to it, with everything it asks for: the developer is who grants and who is asked.
    pub(super) fn install(&mut self, package: &[u8]) -> Result<Done> {
        let inspection: Inspection = self.node.upload("/api/apps/inspect", package)?;
        let asked = webx_wxa::Package::open(package, crate::clock::now())?;
        let keys: Vec<String> = asked
            .manifest()
            .permissions
            .asks()
            .iter()
            .map(|ask| ask.key.as_str().to_owned())
            .collect();
        let started: Started = self.node.post(
            "/api/apps",
            &json!({ "upload": inspection.upload, "grant": keys }),
        )?;
        self.wait(&started.saga)?;
        self.installed = true;
        Ok(Done {
            install: started.install,
            version: inspection
                .manifest
                .get("version")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            first: inspection.update.is_none(),
        })
    }

    fn wait(&self, saga: &str) -> Result<()> {
        let began = Instant::now();
        loop {
            let saga: Saga = self.node.get(&format!("/api/sagas/{saga}"))?;
            match saga.state.as_str() {
                "done" => return Ok(()),
                "running" if began.elapsed() < PATIENCE => std::thread::sleep(POLL),
                "running" => {
                    return Err(
                        Failure::refused("slow", "the node does not finish the install")
                            .todo("look at the running work in Settings"),
                    );
                }
                _ => {
                    let why = saga.reason.unwrap_or_else(|| saga.state.clone());
                    return Err(Failure::refused(
                        "install",
                        format!("the node could not install it: {why}"),
                    ));
                }
            }
        }
    }
}

/// The manifest of a development build: marked in its name, and of a version that is newer than every earlier build.
pub(super) fn dev_manifest(manifest: &Manifest, millis: u128) -> Manifest {
    let mut dev = manifest.clone();
    let room = NAME - MARK.len();
    dev.name = dev
        .name
        .chars()
        .take(room)
        .collect::<String>()
        .trim_end()
        .to_owned()
        + MARK;
    let release = (dev.version.major, dev.version.minor, dev.version.patch);
    let text = format!("{}.{}.{}-dev.{millis}", release.0, release.1, release.2);
    if let Ok(version) = text.parse() {
        dev.version = version;
    }
    dev
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_development_build_is_marked_and_newer_than_the_one_before() {
        let manifest = Manifest::parse(
            br#"{"format":1,"api":"1","id":"hello","name":"Hello","version":"1.2.3","category":"other","description":"Says hello.",
                "icon":"icon.svg","entry":{"builtin":{"module":"app.js"}},"permissions":{}}"#,
        )
        .unwrap();
        let first = dev_manifest(&manifest, 1_795_000_000_000);
        let second = dev_manifest(&manifest, 1_795_000_000_001);
        assert_eq!(first.name, "Hello (dev)");
        assert_eq!(first.version.to_string(), "1.2.3-dev.1795000000000");
        assert!(second.version > first.version);
        assert!(Manifest::parse(&first.to_bytes()).is_ok());
    }
}
