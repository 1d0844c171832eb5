//! Notices that a project changed.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use notify::{EventKind, RecursiveMode, Watcher as _};

use super::Event;
use crate::failure::{Failure, Result};

/// An editor writes a file in several steps; what comes within this time after a change belongs to it.
const SETTLE: Duration = Duration::from_millis(15);

/// Folders whose changes mean nothing: what tools write, and packages that nobody edits.
const QUIET: [&str; 8] = [
    "node_modules",
    ".webx",
    ".git",
    "target",
    "__pycache__",
    ".venv",
    "venv",
    "dist",
];

/// Watches the project at `root`; stops when the watcher is dropped.
pub(super) fn start(root: &Path, events: Sender<Event>) -> Result<notify::RecommendedWatcher> {
    let refused = |error: notify::Error| {
        Failure::refused("watch", format!("the project cannot be watched: {error}"))
    };
    let base = root.to_owned();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        let changes = matches!(
            event.kind,
            EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_)
        );
        if changes && event.paths.iter().any(|path| matters(&base, path)) {
            let _ = events.send(Event::Changed);
        }
    })
    .map_err(refused)?;
    watcher
        .watch(root, RecursiveMode::NonRecursive)
        .map_err(refused)?;
    let folders = std::fs::read_dir(root).map_err(|error| Failure::io("read", root, &error))?;
    for entry in folders.flatten() {
        let path = entry.path();
        if path.is_dir() && matters(root, &path) {
            watcher
                .watch(&path, RecursiveMode::Recursive)
                .map_err(refused)?;
        }
    }
    Ok(watcher)
}

/// Waits until a burst of changes is over.
pub(super) fn settle(changes: &Receiver<Event>) {
    while changes.recv_timeout(SETTLE).is_ok() {}
}

fn matters(root: &Path, path: &Path) -> bool {
    let Ok(path) = path.strip_prefix(root) else {
        return false;
    };
    let quiet = path
        .components()
        .filter_map(|part| part.as_os_str().to_str())
        .any(|part| QUIET.contains(&part));
    let package = path.extension().is_some_and(|ending| ending == "wxa");
    !quiet && !package && !path.as_os_str().is_empty()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_change_of_a_source_is_noticed_and_one_of_a_tool_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in ["src", "node_modules"] {
            std::fs::create_dir(root.join(name)).unwrap();
        }
        let (events, changes) = std::sync::mpsc::channel();
        let _watcher = start(&root, events).unwrap();
        std::fs::write(root.join("node_modules/x.js"), "1").unwrap();
        std::fs::write(root.join("app-1.0.0.wxa"), "1").unwrap();
        std::fs::write(root.join("src/index.tsx"), "1").unwrap();
        assert!(matches!(
            changes.recv_timeout(Duration::from_secs(10)).unwrap(),
            Event::Changed
        ));
        settle(&changes);
        std::fs::write(root.join("node_modules/y.js"), "1").unwrap();
        assert!(changes.recv_timeout(Duration::from_millis(300)).is_err());
    }
}
