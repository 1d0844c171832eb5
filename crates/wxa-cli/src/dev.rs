//! `wxa dev`: the app in the running desktop, new at each change.
//!
//! A development build is a package like any other and takes the same way into the node. It is signed with a key that is made for
//! development on this machine, so the node sees another app than the published one: its data and its icon are apart, its name ends in
//! “(dev)” and its version grows with each build. When a build fails, the app's window shows why.

use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::bundle::Mode;
use crate::clock;
use crate::failure::{Failure, Result, Severity};
use crate::key::Publisher;
use crate::node::Node;
use crate::output::{Output, bytes};
use crate::pack::{self, Contents};
use crate::project::Project;
use crate::{typecheck, types};

mod broken;
mod install;
mod watch;

use install::Installer;

/// The key that signs development builds.
const KEY: &str = "dev.key";

/// Builds, installs, and does so again at each change, until it is stopped.
pub(crate) fn run(folder: &Path, data: Option<&Path>, output: Output) -> Result<()> {
    let first = Project::open(folder)?;
    let node = Node::find(data)?;
    let publisher = Publisher::own(KEY, &|_, _| {})?;
    let (events, changes) = mpsc::channel();
    let mut session = Session {
        installer: Installer::new(node, publisher),
        last: first.clone(),
        output,
        events: events.clone(),
        rounds: 0,
    };
    let _watcher = watch::start(first.root(), events)?;
    session.round();
    let mut check = session.check();
    for event in &changes {
        match event {
            Event::Changed => {
                if let Some(check) = check.take() {
                    check.stop();
                }
                watch::settle(&changes);
                session.round();
                check = session.check();
            }
            Event::Checked(round) if round == session.rounds => {
                if let Some(check) = check.take() {
                    session.types(check.finish());
                }
            }
            Event::Checked(_) => {}
        }
    }
    Ok(())
}

/// What wakes the loop.
pub(crate) enum Event {
    /// A file of the project changed.
    Changed,
    /// The type check of that build has ended.
    Checked(u64),
}

struct Session {
    installer: Installer,
    /// The project when its manifest could be read last.
    last: Project,
    output: Output,
    events: mpsc::Sender<Event>,
    /// How many builds there were.
    rounds: u64,
}

impl Session {
    /// One build and its installation; what goes wrong is told and shown, never the end.
    fn round(&mut self) {
        self.rounds += 1;
        let began = Instant::now();
        let built = Project::open(self.last.root()).and_then(|project| {
            self.last = project;
            let say = |text: &str| self.output.remark(text);
            pack::contents(&self.last, Mode::Development, &say)
        });
        let told = match built {
            Ok(contents) => {
                self.output.warnings(&contents.warnings);
                self.deliver(contents, began)
            }
            Err(failure) => {
                self.fail(&failure);
                self.show_failure(&failure)
            }
        };
        if let Err(failure) = told {
            self.fail(&failure);
        }
    }

    fn deliver(&mut self, contents: Contents, began: Instant) -> Result<()> {
        let manifest = install::dev_manifest(self.last.manifest(), clock::millis());
        let built = began.elapsed();
        let size = contents.files.values().map(Vec::len).sum::<usize>() as u64;
        let package = pack::sign(
            &self.last,
            manifest,
            contents.files,
            self.installer.publisher(),
        )?;
        let done = self.installer.install(&package)?;
        let all = began.elapsed();
        let verb = if done.first { "installed" } else { "updated" };
        self.output.event(
            &json!({
                "event": verb, "install": done.install, "version": done.version,
                "buildMillis": millis(built), "millis": millis(all), "size": size,
            }),
            &format!(
                "{verb} {} {} ({}, built in {} ms, in the desktop after {} ms)",
                self.last.manifest().name,
                done.version,
                bytes(size),
                millis(built),
                millis(all),
            ),
        )
    }

    /// Puts the reason into the app's window.
    fn show_failure(&mut self, failure: &Failure) -> Result<()> {
        if !self.installer.has_installed() {
            return Ok(());
        }
        let mut manifest = install::dev_manifest(self.last.manifest(), clock::millis());
        let files = broken::files(&self.last, &mut manifest, failure);
        let package = pack::sign(&self.last, manifest, files, self.installer.publisher())?;
        self.installer.install(&package).map(|_| ())
    }

    fn fail(&self, failure: &Failure) {
        let event = json!({
            "event": "failed", "code": failure.code(), "error": failure.to_string(), "findings": failure.findings(),
        });
        if self.output.json {
            let _ = self.output.event(&event, "");
        } else {
            self.output.remark(&failure.text());
        }
    }

    /// Begins a type check beside the running app.
    fn check(&self) -> Option<typecheck::Check> {
        let root = self.last.root();
        if root.join("tsconfig.json").is_file()
            && let Err(failure) = types::install(root)
        {
            self.fail(&failure);
        }
        let (events, round) = (self.events.clone(), self.rounds);
        let ended = move || {
            let _ = events.send(Event::Checked(round));
        };
        match typecheck::start(root, ended) {
            Ok(check) => check,
            Err(failure) => {
                self.output
                    .remark(&format!("types are not checked: {failure}"));
                None
            }
        }
    }

    fn types(&self, found: Result<Vec<crate::failure::Finding>>) {
        match found {
            Ok(findings) if findings.iter().any(|f| f.severity == Severity::Error) => {
                self.fail(&Failure::found("types", findings));
            }
            Ok(_) => {
                let _ = self
                    .output
                    .event(&json!({ "event": "types-right" }), "types are right");
            }
            Err(failure) => self.fail(&failure),
        }
    }
}

fn millis(time: Duration) -> u128 {
    time.as_millis()
}
