//! What the roof itself writes into the event log: starts, unlocks, locks, refusals.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use serde_json::{Value, json};
use webx_desktop::{Home, OpenError, Secret as Proof};
use webx_services::{Event, Level};

/// What happened while the log was locked away, until it can be written.
#[derive(Debug, Default)]
pub(super) struct Journal {
    refused: AtomicU32,
    started: AtomicBool,
}

impl Journal {
    /// A secret was refused. The log is locked at this moment; it is written at the next unlock.
    pub(super) fn refused(&self, error: &OpenError) {
        if matches!(error, OpenError::Wrong { .. }) {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn created(&self, home: &Home) {
        self.start(home);
        let did = home.person.card().map(|card| card.did).unwrap_or_default();
        write(home, "identity.created", Level::Info, &did, Value::Null);
    }

    /// A person came back with the words.
    pub(super) fn recovered(&self, home: &Home) {
        self.start(home);
        let did = home.person.card().map(|card| card.did).unwrap_or_default();
        write(
            home,
            "identity.recovered",
            Level::Warning,
            &did,
            Value::Null,
        );
    }

    pub(super) fn unlocked(&self, home: &Home, with: &Proof) {
        self.start(home);
        let refused = self.refused.swap(0, Ordering::Relaxed);
        if refused > 0 {
            let detail = json!({ "tries": refused });
            write(home, "vault.refused", Level::Warning, "", detail);
        }
        let with = match with {
            Proof::Passphrase(_) => "passphrase",
            Proof::Words(_) => "words",
        };
        let detail = json!({ "with": with });
        write(home, "vault.unlocked", Level::Info, "", detail);
    }

    pub(super) fn locked(&self, home: &Home) {
        write(home, "vault.locked", Level::Info, "", Value::Null);
    }

    fn start(&self, home: &Home) {
        if !self.started.swap(true, Ordering::Relaxed) {
            let detail = json!({ "version": env!("CARGO_PKG_VERSION") });
            write(home, "node.started", Level::Info, "", detail);
        }
    }
}

/// A log that cannot be written keeps nobody out of his home.
fn write(home: &Home, kind: &'static str, level: Level, subject: &str, detail: Value) {
    let event = Event {
        kind,
        level,
        subject: subject.to_owned(),
        detail,
    };
    if let Err(error) = home.events.append(event) {
        tracing::warn!("an event was not recorded: {error}");
    }
}
