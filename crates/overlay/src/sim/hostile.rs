//! Nodes that work against the others.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use bytes::Bytes;

use super::network::Strategy;
use crate::machine::{Input, Output};
use crate::node::Event;
use crate::protocol::Protocol;
use crate::record::{Key, PeerRecord};
use crate::table::message::{Body, Message};

const NAMED: usize = 20;
const REMEMBERED: usize = 64;

/// Those who work together, by their places in the table.
#[derive(Debug, Default)]
pub(super) struct Ring(Vec<(Key, PeerRecord)>);

impl Ring {
    fn closest(&self, key: &Key) -> Vec<PeerRecord> {
        let mut members: Vec<_> = self
            .0
            .iter()
            .map(|(place, record)| (place.distance(key), record))
            .collect();
        let count = NAMED.min(members.len());
        if count < members.len() {
            members.select_nth_unstable_by_key(count, |(distance, _)| *distance);
            members.truncate(count);
        }
        members.sort_by_key(|(distance, _)| *distance);
        members
            .into_iter()
            .map(|(_, record)| record.clone())
            .collect()
    }
}

/// What stands between a hostile node and the network.
#[derive(Debug)]
pub(super) struct Hostility {
    strategy: Strategy,
    ring: Rc<RefCell<Ring>>,
    says: VecDeque<Output<Event>>,
    /// Records seen, to replay and to forge.
    overheard: VecDeque<PeerRecord>,
}

impl Hostility {
    pub(super) fn new(
        strategy: Strategy,
        ring: Rc<RefCell<Ring>>,
        own: Option<PeerRecord>,
    ) -> Self {
        if let (Some(own), Strategy::Collude | Strategy::Poison(_)) = (own, strategy) {
            ring.borrow_mut().0.push((Key::of_node(&own.id), own));
        }
        Self {
            strategy,
            ring,
            says: VecDeque::new(),
            overheard: VecDeque::new(),
        }
    }

    pub(super) fn say(&mut self) -> Option<Output<Event>> {
        self.says.pop_front()
    }

    /// Answers questions of the table in its own way; what it gives back goes to the honest machine inside.
    pub(super) fn hear(&mut self, input: Input) -> Option<Input> {
        let Input::Message {
            from,
            protocol: Protocol::Table,
            bytes,
        } = &input
        else {
            return Some(input);
        };
        let Ok(message) = Message::decode(bytes) else {
            return Some(input);
        };
        let (number, body) = (message.1, message.2);
        let answer = match body {
            Body::Me(record, _) => {
                self.overhear(record);
                return Some(input);
            }
            Body::Nodes(nodes, _) | Body::Values(_, nodes, _) => {
                nodes.into_iter().for_each(|record| self.overhear(record));
                return Some(input);
            }
            Body::Find(key, _) => self.lie(&key).map(|nodes| Body::Nodes(nodes, [7; 8])),
            Body::Get(key, _) => self
                .lie(&key)
                .map(|nodes| Body::Values(Vec::new(), nodes, [7; 8])),
            // Kept, it says.
            Body::Store(..) => Some(Body::Stored(0)),
            Body::Ping if self.strategy != Strategy::Drop => Some(Body::Pong),
            Body::Ping => None,
            Body::Pong | Body::Stored(_) => return Some(input),
        };
        if let Some(body) = answer.filter(|_| self.strategy != Strategy::Drop) {
            let bytes = Bytes::from(Message::new(number, body).encode());
            self.says.push_back(Output::Send {
                to: *from,
                protocol: Protocol::Table,
                bytes,
            });
        }
        None
    }

    fn overhear(&mut self, record: PeerRecord) {
        if self.overheard.len() >= REMEMBERED {
            self.overheard.pop_front();
        }
        self.overheard.push_back(record);
    }

    fn lie(&self, key: &Key) -> Option<Vec<PeerRecord>> {
        match self.strategy {
            Strategy::Drop => None,
            Strategy::Collude | Strategy::Poison(_) => Some(self.ring.borrow().closest(key)),
            Strategy::Forge => {
                // Half with changed addresses under an old signature, half old ones that lead elsewhere.
                let mut told: Vec<_> = self.overheard.iter().rev().take(NAMED).cloned().collect();
                for record in told.iter_mut().step_by(2) {
                    record.sequence += 1;
                    record.direct.clear();
                }
                Some(told)
            }
        }
    }
}
