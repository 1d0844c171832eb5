//! How well the network holds together, as far as one node can tell: peers that take part tell how many neighbours they
//! have and which share of those they tried they reached. The λ₂ of the whole graph needs the whole graph; only the
//! simulator has it.

use core::time::Duration;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::NodeId;
use crate::machine::Time;

const KEPT: usize = 128;
const FRESH: Duration = Duration::from_secs(3600);
const DEGREE_MAX: u16 = 1024;

/// What a peer tells of itself. On the wire a list of three small numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "(u16, u16, u16)", from = "(u16, u16, u16)")]
pub struct Sample {
    /// Its neighbours.
    pub degree: u16,
    /// Nodes it tried to reach in the last hour.
    pub tried: u16,
    /// Of these, those that it reached.
    pub reached: u16,
}

impl From<Sample> for (u16, u16, u16) {
    fn from(sample: Sample) -> Self {
        (sample.degree, sample.tried, sample.reached)
    }
}

impl From<(u16, u16, u16)> for Sample {
    /// What cannot be is brought down to what can.
    fn from((degree, tried, reached): (u16, u16, u16)) -> Self {
        Self {
            degree: degree.min(DEGREE_MAX),
            tried,
            reached: reached.min(tried),
        }
    }
}

/// The state of the network by the samples at hand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// How many told.
    pub samples: usize,
    /// The median degree: a few liars do not move it.
    pub degree: f64,
    /// The median share of nodes that are reached; none if nobody tried any.
    pub reached: Option<f64>,
}

/// The samples of the last hour, at most 128.
#[derive(Debug, Clone, Default)]
pub struct Health(BTreeMap<NodeId, (Time, Sample)>);

impl Health {
    /// Notes what a peer told. One voice for each peer.
    pub fn note(&mut self, now: Time, peer: NodeId, sample: Sample) {
        if self.0.len() >= KEPT && !self.0.contains_key(&peer) {
            let oldest = self.0.iter().min_by_key(|(_, (at, _))| *at);
            if let Some(oldest) = oldest.map(|(id, _)| *id) {
                self.0.remove(&oldest);
            }
        }
        self.0.insert(peer, (now, sample));
    }

    /// What it looks like now; none without samples.
    #[must_use]
    pub fn estimate(&self, now: Time) -> Option<Estimate> {
        let fresh = |at: &Time| Duration::from_micros(now.0.saturating_sub(at.0)) < FRESH;
        let samples: Vec<_> = self
            .0
            .values()
            .filter(|(at, _)| fresh(at))
            .map(|(_, sample)| sample)
            .collect();
        let degree = median(samples.iter().map(|one| f64::from(one.degree)).collect())?;
        let tried = samples.iter().filter(|one| one.tried > 0);
        let reached = median(
            tried
                .map(|one| f64::from(one.reached) / f64::from(one.tried))
                .collect(),
        );
        Some(Estimate {
            samples: samples.len(),
            degree,
            reached,
        })
    }
}

const SLOT: u64 = 600 * 1_000_000;
const SLOTS: u64 = 6;

/// How many nodes were dialled in the last hour, and how many answered.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reached([(u64, u16, u16); SLOTS as usize]);

impl Reached {
    pub(crate) fn note(&mut self, now: Time, reached: bool) {
        let number = now.0 / SLOT;
        let at = usize::try_from(number % SLOTS).unwrap_or(0);
        if let Some(slot) = self.0.get_mut(at) {
            if slot.0 != number {
                *slot = (number, 0, 0);
            }
            slot.1 = slot.1.saturating_add(1);
            slot.2 = slot.2.saturating_add(u16::from(reached));
        }
    }

    /// With so many neighbours, what to tell others.
    pub(crate) fn sample(&self, now: Time, degree: usize) -> Sample {
        let number = now.0 / SLOT;
        let fresh = self.0.iter().filter(|slot| slot.0 + SLOTS > number);
        let (tried, reached) = fresh.fold((0_u16, 0_u16), |sum, slot| {
            (sum.0.saturating_add(slot.1), sum.1.saturating_add(slot.2))
        });
        let degree = u16::try_from(degree).unwrap_or(u16::MAX);
        Sample::from((degree, tried, reached))
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u16) -> NodeId {
        let mut id = [0; 32];
        for (to, from) in id.iter_mut().zip(number.to_be_bytes()) {
            *to = from;
        }
        NodeId(id)
    }

    #[test]
    fn what_was_dialled_an_hour_ago_is_forgotten() {
        let mut reached = Reached::default();
        for minute in 0..60 {
            reached.note(Time(minute * 60_000_000), minute % 10 != 0);
        }
        let told = |minute: u64| reached.sample(Time(minute * 60_000_000), 7);
        assert_eq!(told(59), Sample::from((7, 60, 54)));
        assert_eq!(told(70), Sample::from((7, 40, 36)));
        assert_eq!(told(500), Sample::from((7, 0, 0)));
    }

    #[test]
    fn a_few_liars_do_not_move_the_estimate() {
        let mut health = Health::default();
        for peer in 0..10 {
            health.note(Time(1), id(peer), Sample::from((5, 20, 19)));
        }
        for peer in 10..14 {
            health.note(Time(1), id(peer), Sample::from((u16::MAX, 1, u16::MAX)));
        }
        let estimate = health.estimate(Time(2));
        assert_eq!(
            estimate,
            Some(Estimate {
                samples: 14,
                degree: 5.0,
                reached: Some(0.95)
            })
        );
    }

    #[test]
    fn each_peer_has_one_voice_old_ones_fade_and_memory_is_bounded() {
        let mut health = Health::default();
        assert_eq!(health.estimate(Time(0)), None);
        for round in 0..50 {
            health.note(Time(round), id(1), Sample::from((9, 0, 0)));
        }
        let estimate = health.estimate(Time(60));
        assert_eq!(
            estimate.map(|one| (one.samples, one.reached)),
            Some((1, None))
        );
        assert_eq!(health.estimate(Time(3_700_000_000)), None);
        for peer in 0..1000 {
            health.note(Time(u64::from(peer)), id(peer), Sample::from((5, 1, 1)));
        }
        assert!(health.0.len() <= KEPT);
    }
}
