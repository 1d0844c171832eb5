//! How the swarms of a node share its connections.

use super::broadcast::Broadcast;
use super::bucket::Bucket;
use super::membership::{Membership, later, micros};
use super::wire::{self, Body};
use super::{Effect, Event, Gossip, IDLE, Line, Swarm};
use crate::id::NodeId;
use crate::machine::{Output, Time};
use crate::protocol::Protocol;
use crate::score::Offence;
use crate::topic::Topic;

impl Gossip {
    pub(super) fn open(&mut self, now: Time, topic: Topic) {
        let random = self.random.child();
        let swarm = Swarm {
            membership: Membership::new(self.config, self.own.clone(), random, now),
            broadcast: Broadcast::new(topic),
        };
        self.swarms.insert(topic, swarm);
    }

    pub(super) fn wake(&mut self, now: Time) {
        let due: Vec<_> = self
            .swarms
            .iter()
            .filter(|(_, swarm)| {
                let wake = swarm.membership.next_wake();
                swarm.broadcast.next_wake().map_or(wake, |at| at.min(wake)) <= now
            })
            .map(|(topic, _)| *topic)
            .collect();
        for topic in due {
            let mut effects = Vec::new();
            if let Some(swarm) = self.swarms.get_mut(&topic) {
                swarm.membership.wake(now, &mut effects);
                swarm.broadcast.wake(now, &mut effects);
            }
            self.carry_out(now, topic, effects);
        }
        let idle: Vec<_> = self
            .lines
            .iter()
            .filter(|(peer, line)| line.until <= now && !self.wanted(peer))
            .map(|(peer, line)| (*peer, line.connected))
            .collect();
        for (peer, connected) in idle {
            self.lines.remove(&peer);
            if connected {
                self.outputs.push_back(Output::Close {
                    peer,
                    protocol: Protocol::Gossip,
                });
            }
        }
    }

    pub(super) fn on_bytes(&mut self, now: Time, from: NodeId, bytes: &[u8]) {
        if !self.line(now, from).frames.take(now, 1.0) {
            self.misbehaved(from, Offence::Flood);
            return;
        }
        let Ok((topic, body)) = wire::decode(bytes) else {
            self.misbehaved(from, Offence::Malformed);
            return;
        };
        if matches!(body, Body::Forward(..)) && !self.is_near(topic, &from) {
            return;
        }
        if !self.swarms.contains_key(&topic) {
            self.on_foreign(now, from, topic, body);
            return;
        }
        let mut effects = Vec::new();
        if let Some(swarm) = self.swarms.get_mut(&topic) {
            match body {
                Body::Push(..) | Body::Have(_) | Body::Graft(_) | Body::Prune => {
                    swarm.broadcast.on_message(now, from, body, &mut effects);
                }
                body => swarm.membership.on_message(now, from, body, &mut effects),
            }
        }
        self.carry_out(now, topic, effects);
    }

    /// A topic this node does not follow: a join walks on, anything else is answered with a no.
    fn on_foreign(&mut self, now: Time, from: NodeId, topic: Topic, body: Body) {
        let (hops, record) = match body {
            Body::Join(record) if record.id == from => {
                self.send(now, from, topic, Body::Answer(false));
                (wire::WALK, record)
            }
            Body::Forward(hops @ 1..=wire::WALK, record) => (hops - 1, record),
            Body::Neighbour(..) => {
                self.send(now, from, topic, Body::Answer(false));
                return;
            }
            _ => return,
        };
        let others: Vec<_> = self
            .neighbours()
            .into_iter()
            .map(|(peer, _)| peer)
            .filter(|peer| *peer != from && *peer != record.id)
            .collect();
        if let Some(next) = self.random.pick(&others).copied() {
            self.send(now, next, topic, Body::Forward(hops, record));
        }
    }

    pub(super) fn lose(&mut self, now: Time, peer: NodeId) {
        self.lines.remove(&peer);
        let topics: Vec<_> = self.swarms.keys().copied().collect();
        for topic in topics {
            let mut effects = Vec::new();
            if let Some(swarm) = self.swarms.get_mut(&topic) {
                swarm.membership.gone(now, &peer, &mut effects);
            }
            self.carry_out(now, topic, effects);
        }
    }

    pub(super) fn carry_out(&mut self, now: Time, topic: Topic, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Send(to, body) => self.send(now, to, topic, body),
                Effect::Known(record) => self.outputs.push_back(Output::Known(record)),
                Effect::Release(peer) => {
                    if !self.wanted(&peer) && self.lines.remove(&peer).is_some() {
                        self.outputs.push_back(Output::Close {
                            peer,
                            protocol: Protocol::Gossip,
                        });
                    }
                }
                Effect::Retire(peer) => {
                    if let Some(line) = self.lines.get_mut(&peer) {
                        line.until = later(now, micros(IDLE) / 4);
                    }
                }
                Effect::Up(peer) => {
                    if let Some(swarm) = self.swarms.get_mut(&topic) {
                        swarm.broadcast.up(now, peer);
                    }
                    self.event(Event::Up { topic, peer });
                }
                Effect::Down(peer) => {
                    if let Some(swarm) = self.swarms.get_mut(&topic) {
                        swarm.broadcast.down(&peer);
                    }
                    self.event(Event::Down { topic, peer });
                }
                Effect::Learned(record) => self.event(Event::Learned(record)),
                Effect::Message(id, from, bytes) => self.event(Event::Message {
                    id,
                    topic,
                    from,
                    bytes,
                }),
                Effect::First(peer) => self.event(Event::First { peer, topic }),
                Effect::Offence(peer, what) => self.misbehaved(peer, what),
                Effect::Alone => self.event(Event::Alone(topic)),
            }
        }
    }

    fn send(&mut self, now: Time, to: NodeId, topic: Topic, body: Body) {
        self.line(now, to);
        self.outputs.push_back(Output::Send {
            to,
            protocol: Protocol::Gossip,
            bytes: wire::encode(topic, body),
        });
    }

    pub(super) fn line(&mut self, now: Time, peer: NodeId) -> &mut Line {
        self.lines.entry(peer).or_insert_with(|| Line {
            frames: Bucket::new(400.0, 100.0),
            until: later(now, micros(IDLE)),
            connected: false,
        })
    }

    /// Whether a connection with a peer is wanted, by whichever swarm.
    pub(crate) fn wanted(&self, peer: &NodeId) -> bool {
        self.swarms
            .values()
            .any(|swarm| swarm.membership.wants(peer))
    }

    /// Whether a peer is a neighbour in this swarm or in that of the whole overlay.
    fn is_near(&self, topic: Topic, peer: &NodeId) -> bool {
        [topic, Topic::QNET].iter().any(|topic| {
            let swarm = self.swarms.get(topic);
            swarm.is_some_and(|swarm| swarm.membership.is_neighbour(peer))
        })
    }

    fn misbehaved(&mut self, peer: NodeId, what: Offence) {
        self.event(Event::Misbehaved { peer, what });
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }
}
