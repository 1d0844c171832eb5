//! What this node does for the shape of the network: better neighbours, detours, and a look at how well the whole holds.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use super::{Node, NodeId, Out, Protocol, Time, Topic};
use crate::control::{Message, Own};
use crate::score::Offence;
use crate::topology::{Candidate, Detours, Health, Neighbour, Reached, Swap, Tuner, Way};

/// How long a candidate may take to answer its first ping.
const TRIAL: u64 = 30_000_000;
/// Fewer neighbours than this are all needed.
const FEW: usize = 4;
/// Pings by way of others that are under way, this node's own and those it passes on; and how long they are remembered.
const MOST_TRIPS: usize = 16;
const MOST_PASSED: usize = 64;
const REMEMBERED: u64 = 60_000_000;
/// A gossip connection on which nothing was said for so long is closed; the neighbour stays one.
const RESTING: u64 = 30_000_000;

/// What a node knows of the shape.
#[derive(Debug, Default)]
pub(super) struct Shape {
    tuner: Option<Tuner>,
    trial: Option<(Swap, Time)>,
    detours: Detours,
    trips: BTreeMap<u64, Trip>,
    passed: VecDeque<Passed>,
    pub(super) health: Health,
    pub(super) reached: Reached,
}

/// A ping of this node's by way of another.
#[derive(Debug)]
struct Trip {
    to: NodeId,
    via: NodeId,
    at: Time,
}

/// A ping that this node passed on.
#[derive(Debug)]
struct Passed {
    from: NodeId,
    to: NodeId,
    number: u64,
    at: Time,
}

impl Node {
    /// What is said of this node in answer to pings.
    pub(super) fn own(&self, now: Time) -> Own {
        let sample = self.shape.reached.sample(now, self.control.up());
        Own {
            coordinate: *self.coordinates.coordinate(),
            sample: self.config.exchange.then_some(sample),
        }
    }

    /// The way to a peer, if a detour over another is faster.
    pub(super) fn detour_to(&self, now: Time, peer: &NodeId) -> Option<(NodeId, Duration)> {
        match self.shape.detours.way(now, peer) {
            Way::Via(via, round_trip) => Some((via, round_trip)),
            Way::Straight => None,
        }
    }

    /// Whether a peer is being tried as a neighbour.
    pub(super) fn on_trial(&self) -> bool {
        self.shape.trial.is_some()
    }

    /// Looks for a better neighbour in place of one that gossip uses: gossip's neighbours are the ones that stay.
    pub(super) fn tune(&mut self, now: Time) {
        self.shape.trial.take_if(|(_, until)| *until <= now);
        let (Some(gossip), None) = (&self.gossip, &self.shape.trial) else {
            return;
        };
        let neighbours: Vec<Neighbour> = gossip
            .neighbours()
            .into_iter()
            .map(|(id, since)| Neighbour {
                id,
                round_trip: self.control.rtt(&id),
                since,
                ip: self.links.get(&id).and_then(|link| link.ip),
            })
            .collect();
        if neighbours.len() < FEW {
            return;
        }
        let tuner = self
            .shape
            .tuner
            .get_or_insert_with(|| Tuner::new(&self.seed, now));
        if tuner.next_wake() > now {
            return;
        }
        let candidates: Vec<Candidate> = self
            .known
            .placed(now)
            .filter(|(record, _)| self.scores.good(now, &record.id))
            .map(|(record, told)| Candidate {
                id: record.id,
                coordinate: self.control.coordinate(&record.id).or(told.copied()),
                ip: record.direct.first().map(core::net::SocketAddr::ip),
            })
            .collect();
        let own = self.coordinates.coordinate();
        let Some(swap) = tuner.propose(now, own, &neighbours, &candidates) else {
            return;
        };
        self.shape.trial = Some((swap, Time(now.0.saturating_add(TRIAL))));
        match (self.control.rtt(&swap.add), self.known.get(&swap.add)) {
            (Some(round_trip), _) => self.judge(now, &swap.add, round_trip),
            (None, Some(record)) => {
                let record = record.clone();
                self.dial(now, &record);
            }
            (None, None) => self.shape.trial = None,
        }
    }

    /// A round trip was measured: if it is the candidate's, the swap is made or left.
    pub(super) fn judge(&mut self, now: Time, peer: &NodeId, round_trip: Duration) {
        let Some((swap, _)) = self.shape.trial.take_if(|(swap, _)| swap.add == *peer) else {
            return;
        };
        let record = self.control.record(peer).cloned();
        if let (Some(gossip), Some(record)) = (&mut self.gossip, record)
            && Tuner::confirms(&swap, self.control.rtt(&swap.drop), round_trip)
        {
            gossip.introduce(now, Topic::QNET, vec![record]);
            gossip.swap(now, swap.drop, swap.add);
        }
        self.drain_gossip(now);
    }

    /// A neighbour is gone, so are the ways over it.
    pub(super) fn lost_way(&mut self, now: Time, peer: &NodeId) {
        self.shape.detours.lost(now, peer);
        self.shape.trial.take_if(|(swap, _)| swap.add == *peer);
    }

    /// Pings one neighbour by way of another, if the coordinates promise that it is faster so.
    pub(super) fn seek_detour(&mut self, now: Time) {
        let old = |at: Time| now.0.saturating_sub(at.0) >= REMEMBERED;
        self.shape.trips.retain(|_, trip| !old(trip.at));
        self.shape.passed.retain(|one| !old(one.at));
        let peers: Vec<NodeId> = self.control.peers().map(|(id, _)| *id).collect();
        let Some(to) = self.random.pick(&peers).copied() else {
            return;
        };
        let (Some(straight), Some(place)) = (self.control.rtt(&to), self.control.coordinate(&to))
        else {
            return;
        };
        if self.shape.trips.len() >= MOST_TRIPS {
            return;
        }
        let relays: Vec<_> = peers
            .into_iter()
            .filter(|peer| self.control.serves(peer))
            .filter_map(|peer| Some((peer, self.control.coordinate(&peer)?)))
            .collect();
        let relays = relays.iter().map(|(peer, place)| (*peer, place));
        let own = *self.coordinates.coordinate();
        let via = self
            .shape
            .detours
            .consider(now, &own, (to, &place), straight, relays);
        if let Some(via) = via {
            let number = self.random.next();
            let trip = Trip { to, via, at: now };
            self.shape.trips.insert(number, trip);
            self.tell(now, via, &Message::pass(to, number));
        }
    }

    /// A peer wants another pinged by way of this node, which does it if it serves and the other is a neighbour too.
    pub(super) fn pass(&mut self, now: Time, from: NodeId, to: NodeId, number: u64) {
        let room = self.shape.passed.len() < MOST_PASSED;
        if !(self.config.table_serving && room && from != to && self.control.met(&to)) {
            return;
        }
        self.shape.passed.push_back(Passed {
            from,
            to,
            number,
            at: now,
        });
        self.tell(now, to, &Message::passed(from, number));
    }

    /// The other has answered.
    pub(super) fn pass_back(&mut self, now: Time, to: NodeId, from: NodeId, number: u64) {
        let known = self
            .shape
            .passed
            .iter()
            .position(|one| (one.from, one.to, one.number) == (from, to, number));
        match known.and_then(|at| self.shape.passed.remove(at)) {
            Some(_) => self.tell(now, from, &Message::back(to, number)),
            None => self.blame(now, to, Offence::Unasked),
        }
    }

    /// A ping by way of a neighbour has come back.
    pub(super) fn came_back(&mut self, now: Time, via: NodeId, to: NodeId, number: u64) {
        let ours = |trip: &Trip| trip.via == via && trip.to == to;
        if !self.shape.trips.get(&number).is_some_and(ours) {
            self.blame(now, via, Offence::Unasked);
            return;
        }
        let trip = self.shape.trips.remove(&number);
        if let (Some(trip), Some(straight)) = (trip, self.control.rtt(&to)) {
            let took = Duration::from_micros(now.0.saturating_sub(trip.at.0));
            self.shape
                .detours
                .measured(now, to, via, Some(took), straight);
        }
    }

    /// Closes gossip connections on which nothing is said: each costs a keep-alive every few seconds, and that the neighbour
    /// is there is known from control. The next word opens it again.
    pub(super) fn rest(&mut self, now: Time) {
        let Some(gossip) = &self.gossip else { return };
        let resting: Vec<NodeId> = self
            .links
            .iter()
            .filter(|(peer, link)| {
                link.protocols.contains(&Protocol::Gossip)
                    && now.0.saturating_sub(link.gossiped.0) >= RESTING
                    && self.control.met(peer)
                    && gossip.wanted(peer)
            })
            .map(|(peer, _)| *peer)
            .collect();
        let mut out = Out::default();
        for peer in resting {
            out.close(peer, Protocol::Gossip);
        }
        self.carry_out(now, out);
    }

    /// Whether gossip counts on a peer although no connection for it stands.
    pub(super) fn rests(&self, peer: &NodeId) -> bool {
        let open = |link: &super::Link| link.protocols.contains(&Protocol::Gossip);
        let gossip = self.gossip.as_ref();
        gossip.is_some_and(|gossip| gossip.wanted(peer)) && !self.links.get(peer).is_some_and(open)
    }

    fn tell(&mut self, now: Time, to: NodeId, message: &Message) {
        self.send(now, to, Protocol::Control, message.encode().into());
    }
}
