//! Network coordinates: where a node stands in a space whose distances are round-trip times.
//!
//! Vivaldi (Dabek et al., SIGCOMM 2004) with what Serf added in practice: a height for the access link, an adjustment for
//! what no space can hold, a median of three against spikes, and gravity against drift. A coordinate only ranks candidates:
//! what a node does in the end rests on round trips that it measured itself, so a liar gains a closer look and nothing more.

mod wire;

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use crate::id::NodeId;
use crate::machine::Time;
use crate::random::Random;

const DIMENSIONS: usize = 8;
/// How much one observation may change the error and the position (both from the paper).
const ERROR_GAIN: f64 = 0.25;
const FORCE_GAIN: f64 = 0.25;
const ERROR_MAX: f64 = 1.5;
/// Above this error a coordinate says nothing to a node that has settled.
const ERROR_SETTLED: f64 = 0.5;
/// A settled coordinate does not move faster than this share of its distance in a second.
const SPEED_MAX: f64 = 0.1;
/// Below this distance, seconds, speed is not looked at: jitter moves near nodes around.
const SPEED_FLOOR: f64 = 0.02;
const HEIGHT_MIN: f64 = 10e-6;
/// Seconds that one observation may move a node, however far the other side claims to be.
const STEP_MAX: f64 = 0.02;
/// Longer round trips are not a distance but an outage.
const RTT_MAX: f64 = 10.0;
const ADJUSTMENT_WINDOW: usize = 20;
/// Seconds from the origin at which gravity pulls with full weight.
const GRAVITY_RHO: f64 = 150.0;
/// Peers whose last round trips are remembered.
const REMEMBERED: usize = 128;

/// A place in the space, all lengths in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coordinate {
    place: [f64; DIMENSIONS],
    height: f64,
    adjustment: f64,
    error: f64,
}

impl Coordinate {
    /// The origin, where everybody starts, with the largest error.
    #[must_use]
    pub const fn origin() -> Self {
        Self {
            place: [0.0; DIMENSIONS],
            height: HEIGHT_MIN,
            adjustment: 0.0,
            error: ERROR_MAX,
        }
    }

    /// The round trip one may expect between the two.
    #[must_use]
    pub fn distance(&self, other: &Self) -> Duration {
        let raw = self.raw_distance(other);
        let adjusted = raw + self.adjustment + other.adjustment;
        Duration::from_secs_f64(if adjusted > 0.0 { adjusted } else { raw }.clamp(0.0, 60.0))
    }

    /// How far off its predictions are, as a share: 0 is perfect, 1.5 knows nothing.
    #[must_use]
    pub const fn error(&self) -> f64 {
        self.error
    }

    /// The first two dimensions in milliseconds, for maps.
    #[must_use]
    pub fn on_map(&self) -> (f64, f64) {
        (self.place[0] * 1000.0, self.place[1] * 1000.0)
    }

    fn raw_distance(&self, other: &Self) -> f64 {
        let square: f64 = self
            .place
            .iter()
            .zip(&other.place)
            .map(|(a, b)| (a - b) * (a - b))
            .sum();
        square.sqrt() + self.height + other.height
    }

    /// Moves by `force` seconds away from `other` (towards it, if negative).
    fn push(&mut self, force: f64, other: &Self, random: &mut Random) {
        let mut direction = [0.0; DIMENSIONS];
        for (to, (a, b)) in direction
            .iter_mut()
            .zip(self.place.iter().zip(&other.place))
        {
            *to = a - b;
        }
        let mut length = norm(&direction);
        let apart = length > 1e-6;
        if !apart {
            // Two nodes at the same spot part in any direction.
            for to in &mut direction {
                *to = random.unit() - 0.5;
            }
            length = norm(&direction).max(1e-6);
        }
        for (place, part) in self.place.iter_mut().zip(&direction) {
            *place = (*place + part / length * force).clamp(-RTT_MAX, RTT_MAX);
        }
        if apart {
            let raised = (self.height + other.height) * force / length + self.height;
            self.height = raised.clamp(HEIGHT_MIN, RTT_MAX);
        }
    }
}

fn norm(vector: &[f64; DIMENSIONS]) -> f64 {
    vector.iter().map(|part| part * part).sum::<f64>().sqrt()
}

/// Why an observation did not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ignored {
    /// No round trip, or one of more than ten seconds.
    #[error("the round trip is not a distance")]
    NotADistance,
    /// The peer does not know yet where it stands.
    #[error("the peer's coordinate is too uncertain")]
    Uncertain,
    /// The peer's coordinate jumps about.
    #[error("the peer's coordinate moves too fast")]
    Restless,
}

#[derive(Debug, Clone)]
struct Seen {
    at: Time,
    coordinate: Coordinate,
    round_trips: [f64; 3],
    counted: usize,
}

/// A node's own coordinate and how it learns it.
#[derive(Debug, Clone)]
pub struct Vivaldi {
    own: Coordinate,
    random: Random,
    residuals: VecDeque<f64>,
    seen: BTreeMap<NodeId, Seen>,
}

impl Vivaldi {
    /// Starts at the origin.
    #[must_use]
    pub fn new(seed: &[u8; 32]) -> Self {
        Self {
            own: Coordinate::origin(),
            random: Random::new(seed, "coordinates"),
            residuals: VecDeque::new(),
            seen: BTreeMap::new(),
        }
    }

    /// Where this node stands.
    #[must_use]
    pub const fn coordinate(&self) -> &Coordinate {
        &self.own
    }

    /// The last coordinate a peer gave, if it is remembered.
    #[must_use]
    pub fn of(&self, peer: &NodeId) -> Option<&Coordinate> {
        self.seen.get(peer).map(|seen| &seen.coordinate)
    }

    /// Takes in a measured round trip with the coordinate that the peer says it has.
    ///
    /// # Errors
    /// When the observation does not count; the own coordinate is then unchanged.
    pub fn observe(
        &mut self,
        now: Time,
        peer: NodeId,
        theirs: &Coordinate,
        round_trip: Duration,
    ) -> Result<(), Ignored> {
        let round_trip = round_trip.as_secs_f64();
        if !(1e-6..=RTT_MAX).contains(&round_trip) {
            return Err(Ignored::NotADistance);
        }
        let (before, round_trip) = self.remember(now, peer, theirs, round_trip);
        // While a node is lost itself, every hint helps, or a young network would never settle.
        if self.own.error <= ERROR_SETTLED {
            if theirs.error > ERROR_SETTLED {
                return Err(Ignored::Uncertain);
            }
            if before.is_some_and(|(at, old)| self.restless(now, at, &old, theirs)) {
                return Err(Ignored::Restless);
            }
        }
        self.settle(theirs, round_trip);
        Ok(())
    }

    /// Forgets a peer that is gone.
    pub fn forget(&mut self, peer: &NodeId) {
        self.seen.remove(peer);
    }

    /// Notes the sample; gives what was known before and the median of the last three round trips.
    fn remember(
        &mut self,
        now: Time,
        peer: NodeId,
        theirs: &Coordinate,
        round_trip: f64,
    ) -> (Option<(Time, Coordinate)>, f64) {
        if self.seen.len() >= REMEMBERED && !self.seen.contains_key(&peer) {
            let oldest = self.seen.iter().min_by_key(|(_, seen)| seen.at);
            if let Some(oldest) = oldest.map(|(id, _)| *id) {
                self.seen.remove(&oldest);
            }
        }
        let mut before = None;
        let seen = self.seen.entry(peer).or_insert_with(|| Seen {
            at: now,
            coordinate: *theirs,
            round_trips: [round_trip; 3],
            counted: 0,
        });
        if seen.counted > 0 {
            before = Some((seen.at, seen.coordinate));
        }
        if let Some(slot) = seen.round_trips.get_mut(seen.counted % 3) {
            *slot = round_trip;
        }
        seen.counted = seen.counted.wrapping_add(1);
        seen.at = now;
        seen.coordinate = *theirs;
        let [a, b, c] = seen.round_trips;
        (before, a.max(b).min(a.min(b).max(c)))
    }

    fn restless(&self, now: Time, then: Time, old: &Coordinate, new: &Coordinate) -> bool {
        if old.error > ERROR_SETTLED {
            return false;
        }
        let mut moved = [0.0; DIMENSIONS];
        for (to, (a, b)) in moved.iter_mut().zip(new.place.iter().zip(&old.place)) {
            *to = a - b;
        }
        let moved = norm(&moved) + (new.height - old.height).abs();
        let seconds = (now.0.saturating_sub(then.0) as f64 / 1e6).max(1.0);
        let reach = self.own.raw_distance(old).max(SPEED_FLOOR);
        moved / seconds > reach * SPEED_MAX
    }

    fn settle(&mut self, theirs: &Coordinate, round_trip: f64) {
        let distance = self.own.raw_distance(theirs);
        let wrong = (distance - round_trip).abs() / round_trip;
        let weight = self.own.error / (self.own.error + theirs.error).max(1e-6);
        let gain = ERROR_GAIN * weight;
        self.own.error = (wrong * gain + self.own.error * (1.0 - gain)).clamp(0.001, ERROR_MAX);
        let force = FORCE_GAIN * weight * (round_trip - distance);
        self.own
            .push(force.clamp(-STEP_MAX, STEP_MAX), theirs, &mut self.random);

        self.residuals
            .push_back(round_trip - self.own.raw_distance(theirs));
        if self.residuals.len() > ADJUSTMENT_WINDOW {
            self.residuals.pop_front();
        }
        let sum: f64 = self.residuals.iter().sum();
        self.own.adjustment =
            (sum / (2.0 * self.residuals.len().max(1) as f64)).clamp(-RTT_MAX, RTT_MAX);

        let origin = Coordinate::origin();
        let pull = self.own.raw_distance(&origin) / GRAVITY_RHO;
        self.own.push(-pull * pull, &origin, &mut self.random);
        // What was sent and what is computed with are the same numbers.
        self.own = self.own.rounded();
    }
}

#[cfg(test)]
mod tests;
