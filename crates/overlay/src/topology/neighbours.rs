//! Neighbours by latency and diversity.
//!
//! A network of near links only falls into islands; one of random links only is slow. So of the slots most are *near*,
//! filled with the lowest round trips, and the rest *long*: for these a candidate is drawn with a chance that falls as one
//! over its distance (Kleinberg, STOC 2000), whatever its latency. One change at a time, only for a clear gain, and with a
//! pause, or neighbours would be swapped for ever.

use core::net::IpAddr;
use core::time::Duration;
use std::collections::BTreeSet;

use crate::coordinates::Coordinate;
use crate::id::NodeId;
use crate::machine::Time;
use crate::random::Random;

/// Slots that stay as chance, joins and the Kleinberg draw have it.
const LONG: usize = 2;
/// A newcomer is at least so much faster.
const GAIN: f64 = 0.7;
/// And when it was measured, at least so much.
const CONFIRMED: f64 = 0.85;
/// A neighbour is not judged before this age.
const SETTLED: Duration = Duration::from_secs(120);
const PAUSE_NEAR: Duration = Duration::from_secs(600);
const PAUSE_LONG: Duration = Duration::from_secs(3 * 3600);
/// Differences below this are not worth a connection.
const NOISE: Duration = Duration::from_millis(3);

/// A neighbour as it is now.
#[derive(Debug, Clone, Copy)]
pub struct Neighbour {
    /// Who.
    pub id: NodeId,
    /// Measured.
    pub round_trip: Option<Duration>,
    /// Since when.
    pub since: Time,
    /// Its address, if known.
    pub ip: Option<IpAddr>,
}

/// A node that could become one.
#[derive(Debug, Clone, Copy)]
pub struct Candidate {
    /// Who.
    pub id: NodeId,
    /// Where it says it is.
    pub coordinate: Option<Coordinate>,
    /// An address it says it has.
    pub ip: Option<IpAddr>,
}

/// One neighbour for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swap {
    /// Goes.
    pub drop: NodeId,
    /// Comes.
    pub add: NodeId,
    /// For its nearness, which a measured round trip must confirm; otherwise wherever it stands.
    pub near: bool,
}

/// Decides on swaps.
#[derive(Debug, Clone)]
pub struct Tuner {
    random: Random,
    near_at: Time,
    long_at: Time,
    long: BTreeSet<NodeId>,
}

impl Tuner {
    /// Waits a while before its first proposal.
    #[must_use]
    pub fn new(seed: &[u8; 32], now: Time) -> Self {
        let mut random = Random::new(seed, "topology");
        Self {
            near_at: Time(now.0 + random.about(PAUSE_NEAR)),
            long_at: Time(now.0 + random.about(PAUSE_LONG)),
            long: BTreeSet::new(),
            random,
        }
    }

    /// When to ask again.
    #[must_use]
    pub fn next_wake(&self) -> Time {
        self.near_at.min(self.long_at)
    }

    /// Whether a candidate that was measured is worth the change.
    #[must_use]
    pub fn confirms(swap: &Swap, drops: Option<Duration>, adds: Duration) -> bool {
        !swap.near || drops.is_some_and(|old| adds < old.mul_f64(CONFIRMED))
    }

    /// At most one change for the better.
    pub fn propose(
        &mut self,
        now: Time,
        own: &Coordinate,
        neighbours: &[Neighbour],
        candidates: &[Candidate],
    ) -> Option<Swap> {
        self.long
            .retain(|id| neighbours.iter().any(|one| one.id == *id));
        // The longest-standing fill the places of long links that are free.
        let mut by_age: Vec<_> = neighbours.iter().map(|one| (one.since, one.id)).collect();
        by_age.sort_unstable();
        for (_, id) in by_age {
            if self.long.len() < LONG {
                self.long.insert(id);
            }
        }
        let free: Vec<_> = candidates
            .iter()
            .filter(|one| neighbours.iter().all(|near| near.id != one.id))
            .collect();
        if self.long_at <= now {
            self.long_at = Time(now.0 + self.random.about(PAUSE_LONG));
            if let Some(swap) = self.redraw(now, own, neighbours, &free) {
                return Some(swap);
            }
        }
        if self.near_at <= now {
            self.near_at = Time(now.0 + self.random.about(PAUSE_NEAR));
            return self.nearer(now, own, neighbours, &free);
        }
        None
    }

    /// The slowest of the near links for a clearly faster candidate from another network.
    fn nearer(
        &self,
        now: Time,
        own: &Coordinate,
        neighbours: &[Neighbour],
        free: &[&Candidate],
    ) -> Option<Swap> {
        let slowest = neighbours
            .iter()
            .filter(|one| !self.long.contains(&one.id) && is_settled(one, now))
            .filter_map(|one| Some((one.round_trip?, one)))
            .max_by_key(|(round_trip, one)| (*round_trip, one.id))?;
        let limit = slowest.0.mul_f64(GAIN).min(slowest.0.saturating_sub(NOISE));
        let best = free
            .iter()
            .filter_map(|one| {
                let coordinate = one
                    .coordinate
                    .as_ref()
                    .filter(|their| their.error() <= 0.5)?;
                Some((own.distance(coordinate), *one))
            })
            .filter(|(expected, one)| *expected < limit && is_elsewhere(one, slowest.1, neighbours))
            .min_by_key(|(expected, one)| (*expected, one.id))?;
        Some(Swap {
            drop: slowest.1.id,
            add: best.1.id,
            near: true,
        })
    }

    /// The oldest long link for one drawn anew, so that islands which formed apart find each other.
    fn redraw(
        &mut self,
        now: Time,
        own: &Coordinate,
        neighbours: &[Neighbour],
        free: &[&Candidate],
    ) -> Option<Swap> {
        let oldest = neighbours
            .iter()
            .filter(|one| self.long.contains(&one.id) && is_settled(one, now))
            .min_by_key(|one| (one.since, one.id))?;
        let weighed: Vec<_> = free
            .iter()
            .filter(|one| is_elsewhere(one, oldest, neighbours))
            .map(|one| {
                let far = one.coordinate.as_ref().map(|their| own.distance(their));
                let millis = far.map_or(100.0, |far| far.as_secs_f64() * 1000.0);
                (1.0 / millis.max(5.0), one.id)
            })
            .collect();
        let whole: f64 = weighed.iter().map(|(weight, _)| weight).sum();
        let mut draw = self.random.unit() * whole;
        for (weight, add) in weighed {
            draw -= weight;
            if draw < 0.0 {
                self.long.remove(&oldest.id);
                self.long.insert(add);
                return Some(Swap {
                    drop: oldest.id,
                    add,
                    near: false,
                });
            }
        }
        None
    }
}

fn is_settled(neighbour: &Neighbour, now: Time) -> bool {
    let age = now.0.saturating_sub(neighbour.since.0);
    Duration::from_micros(age) >= SETTLED
}

/// Whether no neighbour but the one that goes stands in the candidate's network (/24, /48).
fn is_elsewhere(candidate: &Candidate, goes: &Neighbour, neighbours: &[Neighbour]) -> bool {
    let Some(network) = candidate.ip.and_then(network) else {
        return true;
    };
    neighbours
        .iter()
        .filter(|one| one.id != goes.id)
        .filter_map(|one| one.ip.and_then(self::network))
        .all(|other| other != network)
}

/// The network of a public address.
fn network(ip: IpAddr) -> Option<[u8; 6]> {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            (!v4.is_loopback() && !v4.is_private() && !v4.is_link_local())
                .then_some([0, 0, 0, a, b, c])
        }
        IpAddr::V6(v6) => {
            let [a, b, c, d, e, f, ..] = v6.octets();
            (!v6.is_loopback() && !v6.is_unique_local()).then_some([a, b, c, d, e, f])
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const LATER: Time = Time(6 * 3_600_000_000);

    fn id(number: u8) -> NodeId {
        NodeId([number; 32])
    }

    fn near(number: u8, millis: u64) -> Neighbour {
        Neighbour {
            id: id(number),
            round_trip: Some(Duration::from_millis(millis)),
            since: Time(u64::from(number)),
            ip: Some(IpAddr::from([20, 0, number, 1])),
        }
    }

    fn at(number: u8, millis: i32, error: u16) -> Candidate {
        let fields = ([millis * 1000, 0, 0, 0, 0, 0, 0, 0], 10, 0, error);
        let bytes = serde_ipld_dagcbor::to_vec(&fields).unwrap();
        Candidate {
            id: id(number),
            coordinate: Some(serde_ipld_dagcbor::from_slice(&bytes).unwrap()),
            ip: Some(IpAddr::from([20, 0, number, 1])),
        }
    }

    fn tuner() -> Tuner {
        let mut tuner = Tuner::new(&[1; 32], Time(0));
        tuner.long_at = Time(u64::MAX);
        tuner
    }

    const OWN: Coordinate = Coordinate::origin();

    #[test]
    fn the_slowest_near_link_goes_for_a_clearly_faster_node() {
        let neighbours = [
            near(1, 300),
            near(2, 200),
            near(3, 90),
            near(4, 120),
            near(5, 40),
        ];
        let swap = tuner().propose(LATER, &OWN, &neighbours, &[at(9, 30, 100), at(8, 60, 100)]);
        // 1 and 2 have stood longest: they hold the long links.
        assert_eq!(
            swap,
            Some(Swap {
                drop: id(4),
                add: id(9),
                near: true,
            })
        );
    }

    #[test]
    fn a_small_gain_an_uncertain_place_or_a_young_neighbour_change_nothing() {
        let neighbours = [near(1, 300), near(2, 200), near(4, 100)];
        let keep = |candidate| tuner().propose(LATER, &OWN, &neighbours, &[candidate]);
        assert_eq!(keep(at(9, 80, 100)), None);
        assert_eq!(keep(at(9, 20, 600)), None);
        let mut young = neighbours;
        young[2].since = Time(LATER.0 - 10_000_000);
        assert_eq!(
            tuner().propose(LATER, &OWN, &young, &[at(9, 20, 100)]),
            None
        );
    }

    #[test]
    fn two_neighbours_do_not_stand_in_one_network() {
        let neighbours = [near(1, 300), near(2, 200), near(3, 100), near(4, 110)];
        let mut twin = at(9, 10, 100);
        twin.ip = Some(IpAddr::from([20, 0, 3, 77]));
        assert_eq!(tuner().propose(LATER, &OWN, &neighbours, &[twin]), None);
        twin.ip = Some(IpAddr::from([20, 0, 4, 77]));
        let swap = tuner().propose(LATER, &OWN, &neighbours, &[twin]);
        assert_eq!(
            swap,
            Some(Swap {
                drop: id(4),
                add: id(9),
                near: true,
            }),
            "in place of its own network"
        );
    }

    #[test]
    fn a_promise_of_nearness_must_be_measured() {
        let millis = Duration::from_millis;
        let mut swap = Swap {
            drop: id(1),
            add: id(2),
            near: true,
        };
        assert!(Tuner::confirms(&swap, Some(millis(100)), millis(80)));
        assert!(!Tuner::confirms(&swap, Some(millis(100)), millis(90)));
        assert!(!Tuner::confirms(&swap, None, millis(90)));
        swap.near = false;
        assert!(Tuner::confirms(&swap, Some(millis(100)), millis(200)));
    }

    #[test]
    fn after_a_proposal_there_is_a_pause() {
        let neighbours = [near(1, 300), near(2, 200), near(4, 100)];
        let mut tuner = tuner();
        let candidates = [at(9, 20, 100)];
        assert!(
            tuner
                .propose(LATER, &OWN, &neighbours, &candidates)
                .is_some()
        );
        let soon = Time(LATER.0 + 30_000_000);
        assert!(
            tuner
                .propose(soon, &OWN, &neighbours, &candidates)
                .is_none()
        );
        assert!(tuner.next_wake() > soon);
    }

    #[test]
    fn long_links_are_drawn_with_a_chance_that_falls_with_distance() {
        let neighbours = [near(1, 300), near(2, 200), near(4, 100)];
        let candidates = [at(8, 20, 100), at(9, 200, 100)];
        let mut drawn = [0; 2];
        for seed in 0..200 {
            let mut tuner = Tuner::new(&[seed; 32], Time(0));
            tuner.near_at = Time(u64::MAX);
            let swap = tuner
                .propose(LATER, &OWN, &neighbours, &candidates)
                .unwrap();
            assert_eq!(swap.drop, id(1), "the oldest long link");
            drawn[usize::from(swap.add == id(9))] += 1;
        }
        assert!(drawn[0] > 3 * drawn[1] && drawn[1] > 3, "{drawn:?}");
    }
}
