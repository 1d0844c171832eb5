//! What changed, told to whoever listens.
use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex};

use crate::NodeId;

/// Events a subscriber may be behind before it is told to look anew.
const MAX_BEHIND: usize = 1024;

/// What happened to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Op {
    /// It is new.
    Created,
    /// A file has another content; of a folder, several things in it changed (an import, a restore).
    Changed,
    /// It lies in another folder.
    Moved,
    /// It has another name.
    Renamed,
    /// It went to the trash.
    Trashed,
    /// It came out of the trash.
    Restored,
    /// It is gone for good.
    Purged,
    /// The subscriber was too slow and missed events: look at everything anew. The node is the root.
    Missed,
}

/// A change of the drive, sent after it is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DriveEvent {
    /// What happened.
    pub op: Op,
    /// To which node.
    pub node: NodeId,
    /// The folder it lies in, where it has one; of a moved node the new one.
    pub parent: Option<NodeId>,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    ready: Condvar,
}

#[derive(Default)]
struct State {
    events: VecDeque<DriveEvent>,
    closed: bool,
}

/// Receives the events of a drive from the moment of [`crate::Drive::subscribe`].
pub struct Subscription(Arc<Queue>);

impl Subscription {
    /// Waits for the next event; `None` once the drive is closed.
    pub fn recv(&self) -> Option<DriveEvent> {
        let mut state = self.0.state.lock();
        loop {
            if let Some(event) = state.events.pop_front() {
                return Some(event);
            }
            if state.closed {
                return None;
            }
            self.0.ready.wait(&mut state);
        }
    }

    /// As [`Subscription::recv`], and `None` after `timeout` too.
    pub fn recv_timeout(&self, timeout: Duration) -> Option<DriveEvent> {
        let until = Instant::now() + timeout;
        let mut state = self.0.state.lock();
        loop {
            if let Some(event) = state.events.pop_front() {
                return Some(event);
            }
            if state.closed || self.0.ready.wait_until(&mut state, until).timed_out() {
                return state.events.pop_front();
            }
        }
    }

    /// The next event, if there is one now.
    pub fn try_recv(&self) -> Option<DriveEvent> {
        self.0.state.lock().events.pop_front()
    }

    /// Whether the drive is closed and everything was received.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let state = self.0.state.lock();
        state.closed && state.events.is_empty()
    }
}

/// The sending side.
#[derive(Default)]
pub(crate) struct Events(Mutex<Vec<Weak<Queue>>>);

impl Events {
    pub(crate) fn subscribe(&self) -> Subscription {
        let queue = Arc::new(Queue::default());
        self.0.lock().push(Arc::downgrade(&queue));
        Subscription(queue)
    }

    pub(crate) fn publish(&self, events: &[DriveEvent]) {
        if events.is_empty() {
            return;
        }
        self.0.lock().retain(|queue| {
            let Some(queue) = queue.upgrade() else {
                return false;
            };
            let mut state = queue.state.lock();
            if state.events.len() + events.len() > MAX_BEHIND {
                state.events.clear();
                state.events.push_back(DriveEvent {
                    op: Op::Missed,
                    node: NodeId::ROOT,
                    parent: None,
                });
            } else {
                state.events.extend(events);
            }
            queue.ready.notify_all();
            true
        });
    }

    pub(crate) fn close(&self) {
        for queue in self.0.lock().drain(..).filter_map(|queue| queue.upgrade()) {
            queue.state.lock().closed = true;
            queue.ready.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(n: u8) -> DriveEvent {
        DriveEvent {
            op: Op::Created,
            node: NodeId::from_bytes([n; 16]),
            parent: None,
        }
    }

    #[test]
    fn every_subscriber_gets_every_event_and_learns_of_the_end() {
        let events = Events::default();
        let (a, b) = (events.subscribe(), events.subscribe());
        events.publish(&[event(1), event(2)]);
        drop(b);
        events.publish(&[event(3)]);
        assert_eq!(
            [a.recv(), a.recv(), a.recv()],
            [Some(event(1)), Some(event(2)), Some(event(3))]
        );
        assert_eq!(a.try_recv(), None);
        events.close();
        assert_eq!(a.recv(), None);
        assert!(a.is_closed());
    }

    #[test]
    fn a_slow_subscriber_is_told_to_look_anew_and_takes_no_memory() {
        let events = Events::default();
        let slow = events.subscribe();
        for _ in 0..MAX_BEHIND {
            events.publish(&[event(1)]);
        }
        events.publish(&[event(2)]);
        assert_eq!(slow.recv().map(|event| event.op), Some(Op::Missed));
        assert_eq!(slow.try_recv(), None);
    }
}
