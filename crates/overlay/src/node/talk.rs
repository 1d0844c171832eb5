//! What neighbours said.

use super::{Event, Gossip, Node, Output, Protocol, Time, Topic, gossip};
use crate::control::{MOST_PEERS, Message, News, Peer};
use crate::score::Offence;

impl Node {
    pub(super) fn drain_control(&mut self, now: Time) {
        for news in self.control.news() {
            match news {
                News::Hello {
                    record,
                    serving,
                    first,
                } => self.greeted(now, &record, serving, first),
                News::Probe(peer, rtt, coordinate) => {
                    if let (Some(rtt), Some(theirs)) = (rtt, coordinate) {
                        // What does not count is not held against anybody: coordinates are only hints.
                        let _ = self.coordinates.observe(now, peer, &theirs, rtt);
                        self.table.measured(&peer, rtt);
                        self.judge(now, &peer, rtt);
                    }
                    self.event(Event::Probe { peer, rtt });
                }
                News::Health(peer, sample) => self.shape.health.note(now, peer, sample),
                News::Asked(peer, count) => {
                    if self.config.exchange {
                        let most = usize::from(count).min(MOST_PEERS);
                        let mut some = self.some_peers(most);
                        some.retain(|(record, _)| record.id != peer);
                        let bytes = Message::peers(some).encode();
                        self.send(now, peer, Protocol::Control, bytes.into());
                    }
                }
                News::Peers(from, records) => {
                    for (record, place) in records {
                        if record.id == self.id {
                            continue;
                        }
                        if self.known.get(&record.id) != Some(&record) {
                            if record.verify().is_err() {
                                self.blame(now, from, Offence::Forged);
                                break;
                            }
                            self.learn(&record);
                        }
                        if let Some(place) = place {
                            self.known.place(&record.id, place);
                        }
                    }
                    self.keep_at = self.keep_at.min(now);
                }
                News::Way(from, to) => {
                    if let Some(rtt) = self.control.rtt(&to) {
                        let micros = u32::try_from(rtt.as_micros()).unwrap_or(u32::MAX);
                        let bytes = Message::detour(to, micros).encode();
                        self.send(now, from, Protocol::Control, bytes.into());
                    }
                }
                News::Detour(via, to, rtt) => self.event(Event::Detour { via, to, rtt }),
                News::Pass(from, to, number) => self.pass(now, from, to, number),
                News::Passed(via, asker, number) => {
                    let bytes = Message::pass_back(asker, number).encode();
                    self.send(now, via, Protocol::Control, bytes.into());
                }
                News::PassBack(to, asker, number) => self.pass_back(now, to, asker, number),
                News::Back(via, to, number) => self.came_back(now, via, to, number),
            }
        }
    }
    /// Neighbours, with where they say they stand, and others whom this node has heard of.
    fn some_peers(&mut self, most: usize) -> Vec<Peer> {
        let near = self.control.peers();
        let mut some: Vec<Peer> = near
            .map(|(id, record)| (record.clone(), self.control.coordinate(id)))
            .collect();
        self.random.shuffle(&mut some);
        some.truncate(most / 2);
        for record in self.known.sample(&mut self.random, most) {
            if some.len() < most && some.iter().all(|(one, _)| one.id != record.id) {
                some.push((record, None));
            }
        }
        some
    }

    pub(super) fn drain_gossip(&mut self, now: Time) {
        while let Some(output) = self.gossip.as_mut().and_then(Gossip::poll) {
            match output {
                Output::Send {
                    to,
                    protocol,
                    bytes,
                } => self.send(now, to, protocol, bytes),
                Output::Known(record) => self.outputs.push_back(Output::Known(record)),
                Output::Close { peer, protocol } => {
                    self.outputs.push_back(Output::Close { peer, protocol });
                }
                Output::Event(event) => self.gossip_says(now, event),
            }
        }
    }

    fn gossip_says(&mut self, now: Time, event: gossip::Event) {
        match event {
            gossip::Event::Up { topic, .. } => {
                if let Some(one) = self.topics.get_mut(&topic) {
                    one.alone = None;
                }
                self.keep_at = self.keep_at.min(now);
            }
            gossip::Event::Message {
                id,
                topic,
                from,
                bytes,
            } => self.event(Event::Message {
                id,
                topic,
                from,
                bytes,
            }),
            gossip::Event::Learned(record) => self.learn(&record),
            gossip::Event::Misbehaved { peer, what } => self.blame(now, peer, what),
            gossip::Event::Alone(topic) => {
                if let Some(one) = self.topics.get_mut(&topic) {
                    one.alone = Some(0);
                }
                if topic == Topic::QNET {
                    self.introduce(now);
                }
                self.keep_at = self.keep_at.min(now);
            }
            _ => {}
        }
    }
}
