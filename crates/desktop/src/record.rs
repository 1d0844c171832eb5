//! What the desktop tells the event log.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use webx_drive::{DriveEvent, NodeId, Op};
use webx_services::{Event, Level};

use crate::door::Home;

/// Changes are told together for at most so long.
const TOGETHER: Duration = Duration::from_secs(3);

/// Writes one entry. A log that cannot be written is no reason to fail what was done; it is said on stderr.
pub(crate) fn note(home: &Home, kind: &'static str, subject: &str, detail: Value) {
    let level = if kind == "drive.damaged" {
        Level::Error
    } else {
        Level::Info
    };
    if let Err(error) = home.events.append(Event {
        kind,
        level,
        subject: subject.to_owned(),
        detail,
    }) {
        tracing::warn!("an event was not recorded: {error}");
    }
}

/// Changes of the tree that are told in one entry for each kind: ten thousand imported files are one event.
#[derive(Default)]
pub(crate) struct Tally {
    begun: Option<Instant>,
    kinds: Vec<Counted>,
}

struct Counted {
    op: Op,
    count: u64,
    node: NodeId,
    parent: Option<NodeId>,
}

impl Tally {
    pub(crate) fn add(&mut self, event: DriveEvent, now: Instant) {
        self.begun.get_or_insert(now);
        match self.kinds.iter_mut().find(|k| k.op == event.op) {
            Some(kind) => {
                kind.count += 1;
                kind.parent = kind.parent.filter(|p| event.parent == Some(*p));
            }
            None => self.kinds.push(Counted {
                op: event.op,
                count: 1,
                node: event.node,
                parent: event.parent,
            }),
        }
    }

    /// Whether it is time to tell, though more may come.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.begun
            .is_some_and(|begun| now.saturating_duration_since(begun) >= TOGETHER)
    }

    /// Writes what was counted and begins anew.
    pub(crate) fn tell(&mut self, home: &Home) {
        self.begun = None;
        for kind in self.kinds.drain(..) {
            let Some(word) = word(kind.op) else { continue };
            // One change is told with its own path, several with that of the folder they lie in.
            let shown = if kind.count == 1 {
                Some(kind.node)
            } else {
                kind.parent
            };
            let path = shown.and_then(|id| home.drive.path_of(id).ok());
            let detail = json!({
                "count": kind.count,
                "node": (kind.count == 1).then(|| kind.node.to_string()),
                "parent": kind.parent.map(|p| p.to_string()),
            });
            note(home, word, path.as_deref().unwrap_or("/"), detail);
        }
    }
}

fn word(op: Op) -> Option<&'static str> {
    Some(match op {
        Op::Created => "drive.created",
        Op::Changed => "drive.changed",
        Op::Moved => "drive.moved",
        Op::Renamed => "drive.renamed",
        Op::Trashed => "drive.trashed",
        Op::Restored => "drive.restored",
        Op::Purged => "drive.purged",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn many_changes_of_one_kind_are_one_entry() {
        let start = Instant::now();
        let (one, two) = (NodeId::from_bytes([1; 16]), NodeId::from_bytes([2; 16]));
        let mut tally = Tally::default();
        assert!(!tally.is_due(start + TOGETHER));
        for (node, parent) in [(one, NodeId::ROOT), (two, NodeId::ROOT), (one, two)] {
            tally.add(
                DriveEvent {
                    op: Op::Created,
                    node,
                    parent: Some(parent),
                },
                start,
            );
        }
        tally.add(
            DriveEvent {
                op: Op::Purged,
                node: one,
                parent: None,
            },
            start,
        );
        assert_eq!(tally.kinds.len(), 2);
        assert_eq!(tally.kinds[0].count, 3);
        assert_eq!(tally.kinds[0].parent, None, "they lie in different folders");
        assert!(tally.is_due(start + TOGETHER));
    }
}
