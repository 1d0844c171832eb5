//! What a node was seen to do: counts that fade, and the last measured values.

use std::{collections::VecDeque, time::Duration};

use serde::{Deserialize, Serialize};

/// Round trips that are kept for the quantiles.
const SAMPLES: usize = 64;
/// A round trip up to this is good enough for a conversation.
const GOOD_RTT: Duration = Duration::from_millis(150);
/// A transfer at this rate is good enough: 10 Mbit/s.
const GOOD_RATE: f64 = 1_250_000.0;
/// Shorter transfers say nothing about the rate.
const LEAST_TRANSFER: u64 = 64 * 1024;
/// Most packets that one observation counts for.
const MOST_PACKETS: u32 = 1000;

/// What is rated, each for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Dimension {
    /// Answered probes, of about the last hour.
    AvailabilityHour,
    /// Of about the last day.
    AvailabilityDay,
    /// Of about the last month.
    AvailabilityMonth,
    /// Answers within 150 ms.
    Latency,
    /// Packets that arrived.
    Loss,
    /// Transfers of at least 10 Mbit/s.
    Goodput,
    /// Relayed connections that worked.
    Relay,
    /// Storage proofs that held.
    StorageProof,
    /// Compute jobs whose result was right and in time.
    Compute,
}

impl Dimension {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::AvailabilityHour,
        Self::AvailabilityDay,
        Self::AvailabilityMonth,
        Self::Latency,
        Self::Loss,
        Self::Goodput,
        Self::Relay,
        Self::StorageProof,
        Self::Compute,
    ];

    /// After this time an observation counts half.
    #[must_use]
    pub const fn half_life(self) -> Duration {
        const HOUR: u64 = 3600;
        const DAY: u64 = 24 * HOUR;
        Duration::from_secs(match self {
            Self::AvailabilityHour => HOUR,
            Self::AvailabilityDay | Self::Latency | Self::Loss => DAY,
            Self::Goodput | Self::Relay => 7 * DAY,
            Self::AvailabilityMonth | Self::StorageProof | Self::Compute => 30 * DAY,
        })
    }
}

/// Something this node saw another one do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Observation {
    /// It answered a probe after this time, or not at all.
    Probe(Option<Duration>),
    /// Of so many packets so many were lost.
    Packets {
        /// Sent.
        sent: u32,
        /// Of these, lost.
        lost: u32,
    },
    /// It took or gave so many bytes in that time.
    Transfer {
        /// Bytes.
        bytes: u64,
        /// From the first to the last.
        time: Duration,
    },
    /// A connection over its relay worked, or did not.
    Relay(bool),
    /// It proved to have what it stores, or did not.
    StorageProof(bool),
    /// Its result of a job was right and in time, or was not.
    Compute(bool),
}

/// For and against, as weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What speaks for it.
    pub good: f64,
    /// What speaks against it.
    pub bad: f64,
}

impl Evidence {
    /// All of it.
    #[must_use]
    pub fn weight(self) -> f64 {
        self.good + self.bad
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            good: self.good + other.good,
            bad: self.bad + other.bad,
        }
    }

    pub(crate) fn times(self, factor: f64) -> Self {
        Self {
            good: self.good * factor,
            bad: self.bad * factor,
        }
    }

    /// The same, scaled down to weigh at most `most`.
    pub(crate) fn at_most(self, most: f64) -> Self {
        let weight = self.weight();
        if weight > most && weight > 0.0 {
            self.times(most.max(0.0) / weight)
        } else {
            self
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Tally {
    evidence: Evidence,
    /// Seconds since 1970.
    at: u64,
}

impl Tally {
    fn at(self, now: u64, half_life: Duration) -> Evidence {
        let age = now.saturating_sub(self.at) as f64;
        self.evidence.times((-age / half_life.as_secs_f64()).exp2())
    }
}

/// All that this node saw another one do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    tallies: [Tally; 9],
    /// The last round trips in microseconds, oldest first.
    rtts: VecDeque<u32>,
    /// Smoothed bytes a second.
    goodput: Option<f64>,
}

impl History {
    /// Takes in an observation made at `now`, in seconds since 1970. A clock that went back counts as standing still.
    pub fn observe(&mut self, now: u64, observation: Observation) {
        match observation {
            Observation::Probe(rtt) => {
                for dimension in [
                    Dimension::AvailabilityHour,
                    Dimension::AvailabilityDay,
                    Dimension::AvailabilityMonth,
                    Dimension::Loss,
                ] {
                    self.count(now, dimension, rtt.is_some());
                }
                if let Some(rtt) = rtt {
                    self.count(now, Dimension::Latency, rtt <= GOOD_RTT);
                    if self.rtts.len() >= SAMPLES {
                        self.rtts.pop_front();
                    }
                    self.rtts
                        .push_back(u32::try_from(rtt.as_micros()).unwrap_or(u32::MAX));
                }
            }
            Observation::Packets { sent, lost } if sent > 0 => {
                let scale = f64::from(sent.min(MOST_PACKETS)) / f64::from(sent);
                let lost = f64::from(lost.min(sent)) * scale;
                let good = f64::from(sent.min(MOST_PACKETS)) - lost;
                self.add(now, Dimension::Loss, Evidence { good, bad: lost });
            }
            Observation::Transfer { bytes, time } if bytes >= LEAST_TRANSFER => {
                let rate = bytes as f64 / time.as_secs_f64().max(1e-6);
                self.count(now, Dimension::Goodput, rate >= GOOD_RATE);
                let before = self.goodput.unwrap_or(rate);
                self.goodput = Some(before + 0.2 * (rate - before));
            }
            Observation::Packets { .. } | Observation::Transfer { .. } => {}
            Observation::Relay(kept) => self.count(now, Dimension::Relay, kept),
            Observation::StorageProof(kept) => self.count(now, Dimension::StorageProof, kept),
            Observation::Compute(kept) => self.count(now, Dimension::Compute, kept),
        }
    }

    /// What stands of a dimension at `now`.
    #[must_use]
    pub fn evidence(&self, now: u64, dimension: Dimension) -> Evidence {
        self.tallies
            .get(dimension as usize)
            .copied()
            .unwrap_or_default()
            .at(now, dimension.half_life())
    }

    /// The round trip below which the share `p` of the last probes lies.
    #[must_use]
    pub fn rtt(&self, p: f64) -> Option<Duration> {
        let mut sorted: Vec<u32> = self.rtts.iter().copied().collect();
        sorted.sort_unstable();
        let last = sorted.len().checked_sub(1)?;
        let place = (p.clamp(0.0, 1.0) * last as f64).round() as usize;
        sorted
            .get(place)
            .map(|micros| Duration::from_micros(u64::from(*micros)))
    }

    /// Smoothed bytes a second of the last transfers.
    #[must_use]
    pub fn goodput(&self) -> Option<f64> {
        self.goodput
    }

    fn count(&mut self, now: u64, dimension: Dimension, kept: bool) {
        let one = if kept {
            Evidence {
                good: 1.0,
                bad: 0.0,
            }
        } else {
            Evidence {
                good: 0.0,
                bad: 1.0,
            }
        };
        self.add(now, dimension, one);
    }

    fn add(&mut self, now: u64, dimension: Dimension, more: Evidence) {
        if let Some(tally) = self.tallies.get_mut(dimension as usize) {
            let evidence = tally.at(now, dimension.half_life()).plus(more);
            *tally = Tally {
                evidence,
                at: now.max(tally.at),
            };
        }
    }
}
