//! One hop around a slow path (RON, SOSP 2001; ShorTor): worth a try when the coordinates promise a fifth less than the
//! straight way was measured, taken only when a live round trip confirms it.

use core::time::Duration;
use std::collections::BTreeMap;

use crate::coordinates::Coordinate;
use crate::id::NodeId;
use crate::machine::Time;

const PROMISE: f64 = 0.8;
/// What a confirmed detour must save.
const CONFIRMED: f64 = 0.9;
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_secs(1800);
/// A detour is measured again after this, or lost.
const FRESH: Duration = Duration::from_secs(120);
const DESTINATIONS: usize = 256;
/// Straight ways faster than this are left alone.
const FAST: Duration = Duration::from_millis(20);

/// The way to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As the internet has it.
    Straight,
    /// By way of this node, with the round trip that was measured.
    Via(NodeId, Duration),
}

#[derive(Debug, Clone, Copy)]
enum State {
    Trying {
        via: NodeId,
        until: Time,
    },
    Taken {
        via: NodeId,
        round_trip: Duration,
        until: Time,
    },
    Paused {
        until: Time,
    },
}

impl State {
    const fn until(&self) -> Time {
        match self {
            Self::Trying { until, .. } | Self::Taken { until, .. } | Self::Paused { until } => {
                *until
            }
        }
    }
}

/// The detours of a node, for at most 256 destinations.
#[derive(Debug, Clone, Default)]
pub struct Detours(BTreeMap<NodeId, State>);

impl Detours {
    /// Whom to try as a way to `to`, whose straight round trip was measured as `straight`. The answer is to be measured and
    /// told to [`Detours::measured`].
    pub fn consider<'a>(
        &mut self,
        now: Time,
        own: &Coordinate,
        to: (NodeId, &Coordinate),
        straight: Duration,
        relays: impl IntoIterator<Item = (NodeId, &'a Coordinate)>,
    ) -> Option<NodeId> {
        self.sweep(now);
        if straight < FAST || self.0.contains_key(&to.0) || self.0.len() >= DESTINATIONS {
            return None;
        }
        let limit = straight.mul_f64(PROMISE);
        let (_, via) = relays
            .into_iter()
            .filter(|(id, coordinate)| *id != to.0 && coordinate.error() <= 0.5)
            .map(|(id, coordinate)| (own.distance(coordinate) + coordinate.distance(to.1), id))
            .filter(|(promised, _)| *promised < limit)
            .min()?;
        let until = after(now, PATIENCE);
        self.0.insert(to.0, State::Trying { via, until });
        Some(via)
    }

    /// What was tried and never answered is left alone for a while; what has run out is forgotten.
    fn sweep(&mut self, now: Time) {
        for state in self.0.values_mut() {
            if matches!(state, State::Trying { until, .. } if *until <= now) {
                *state = State::Paused {
                    until: after(now, PAUSE),
                };
            }
        }
        self.0.retain(|_, state| state.until() > now);
    }

    /// The live round trip by way of `via`; `None` if it failed. Says whether the detour is taken.
    pub fn measured(
        &mut self,
        now: Time,
        to: NodeId,
        via: NodeId,
        round_trip: Option<Duration>,
        straight: Duration,
    ) -> bool {
        let ours = match self.0.get(&to) {
            Some(
                State::Trying { via: tried, until }
                | State::Taken {
                    via: tried, until, ..
                },
            ) => *tried == via && *until > now,
            _ => false,
        };
        if !ours {
            return false;
        }
        let better = round_trip.filter(|trip| *trip < straight.mul_f64(CONFIRMED));
        let state = match better {
            Some(round_trip) => State::Taken {
                via,
                round_trip,
                until: after(now, FRESH),
            },
            None => State::Paused {
                until: after(now, PAUSE),
            },
        };
        self.0.insert(to, state);
        better.is_some()
    }

    /// The way to a node now.
    #[must_use]
    pub fn way(&self, now: Time, to: &NodeId) -> Way {
        match self.0.get(to) {
            Some(State::Taken {
                via,
                round_trip,
                until,
            }) if *until > now => Way::Via(*via, *round_trip),
            _ => Way::Straight,
        }
    }

    /// A node is gone, so are the detours over it.
    pub fn lost(&mut self, now: Time, via: &NodeId) {
        for state in self.0.values_mut() {
            if matches!(state, State::Trying { via: one, .. } | State::Taken { via: one, .. } if one == via)
            {
                *state = State::Paused {
                    until: after(now, PATIENCE),
                };
            }
        }
    }
}

fn after(now: Time, span: Duration) -> Time {
    Time(
        now.0
            .saturating_add(u64::try_from(span.as_micros()).unwrap_or(u64::MAX / 4)),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    const TO: NodeId = NodeId([1; 32]);
    const RELAY: NodeId = NodeId([2; 32]);
    const OTHER: NodeId = NodeId([3; 32]);

    fn at(millis: i32, error: u16) -> Coordinate {
        let bytes =
            serde_ipld_dagcbor::to_vec(&([millis * 1000, 0, 0, 0, 0, 0, 0, 0], 10, 0, error))
                .unwrap();
        serde_ipld_dagcbor::from_slice(&bytes).unwrap()
    }

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn consider(
        detours: &mut Detours,
        now: u64,
        straight: u64,
        relay: &Coordinate,
    ) -> Option<NodeId> {
        let far = at(100, 100);
        detours.consider(
            Time(now),
            &at(0, 100),
            (TO, &far),
            ms(straight),
            [(RELAY, relay), (OTHER, &at(900, 10))],
        )
    }

    #[test]
    fn a_detour_that_promises_a_fifth_is_tried_and_taken_once_confirmed() {
        let mut detours = Detours::default();
        assert_eq!(consider(&mut detours, 0, 200, &at(40, 100)), Some(RELAY));
        assert_eq!(
            detours.way(Time(1), &TO),
            Way::Straight,
            "not before it is measured"
        );
        assert!(detours.measured(Time(1), TO, RELAY, Some(ms(120)), ms(200)));
        assert_eq!(detours.way(Time(2), &TO), Way::Via(RELAY, ms(120)));
        assert_eq!(
            detours.way(Time(121_000_002), &TO),
            Way::Straight,
            "not for ever"
        );
    }

    #[test]
    fn small_promises_fast_paths_and_uncertain_relays_are_not_tried() {
        let mut detours = Detours::default();
        assert_eq!(consider(&mut detours, 0, 110, &at(40, 100)), None);
        assert_eq!(consider(&mut detours, 0, 15, &at(40, 100)), None);
        assert_eq!(consider(&mut detours, 0, 200, &at(40, 700)), None);
    }

    #[test]
    fn a_promise_that_was_a_lie_is_not_tried_again_soon() {
        let mut detours = Detours::default();
        assert!(consider(&mut detours, 0, 200, &at(40, 100)).is_some());
        assert!(!detours.measured(Time(1), TO, RELAY, Some(ms(195)), ms(200)));
        assert_eq!(consider(&mut detours, 100_000_000, 200, &at(40, 100)), None);
        assert!(consider(&mut detours, 1_801_000_000, 200, &at(40, 100)).is_some());
        assert!(
            !detours.measured(Time(1_801_000_001), TO, OTHER, Some(ms(1)), ms(200)),
            "nobody asked it"
        );
    }

    #[test]
    fn a_relay_that_never_answers_is_not_asked_again_soon() {
        let mut detours = Detours::default();
        assert!(consider(&mut detours, 0, 200, &at(40, 100)).is_some());
        assert_eq!(consider(&mut detours, 11_000_000, 200, &at(40, 100)), None);
        assert!(!detours.measured(Time(12_000_000), TO, RELAY, Some(ms(120)), ms(200)));
        assert_eq!(detours.way(Time(12_000_001), &TO), Way::Straight);
        assert!(consider(&mut detours, 1_900_000_000, 200, &at(40, 100)).is_some());
    }

    #[test]
    fn a_lost_relay_takes_its_detours_along() {
        let mut detours = Detours::default();
        consider(&mut detours, 0, 200, &at(40, 100));
        detours.measured(Time(1), TO, RELAY, Some(ms(120)), ms(200));
        detours.lost(Time(2), &RELAY);
        assert_eq!(detours.way(Time(3), &TO), Way::Straight);
    }

    #[test]
    fn memory_is_bounded() {
        let mut detours = Detours::default();
        let relay = at(40, 100);
        for number in 0..1000_u32 {
            let mut id = [9; 32];
            id[..4].copy_from_slice(&number.to_be_bytes());
            detours.consider(
                Time(0),
                &at(0, 100),
                (NodeId(id), &at(100, 100)),
                ms(200),
                [(RELAY, &relay)],
            );
        }
        assert!(detours.0.len() <= DESTINATIONS);
    }
}
