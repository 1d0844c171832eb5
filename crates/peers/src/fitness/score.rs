//! From evidence to scores, and from scores to a plain rating with its reasons.

use serde::Serialize;

use super::{
    Dimension, Evidence, History, beta,
    receipt::Testimony,
    trust::{Party, Trust},
};

/// The quantile of the posterior that counts.
const QUANTILE: f64 = 0.05;
/// Before any evidence every rate is equally likely.
const PRIOR: Evidence = Evidence {
    good: 1.0,
    bad: 1.0,
};
/// Hearsay weighs at most a tenth of all evidence.
const HEARSAY: f64 = 1.0 / 9.0;
/// Below this much evidence nothing is said about a dimension.
const LEAST: f64 = 1.0;
/// Below this much evidence in all, nothing is said about a node.
const LEAST_IN_ALL: f64 = 5.0;

/// What an own contact says of a node without receipts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hearsay {
    /// The contact; the word of anybody else is not heard.
    pub from: Party,
    /// About what.
    pub dimension: Dimension,
    /// The rate he gives, 0 to 1.
    pub rate: f64,
}

/// One element of the fitness vector.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Score {
    /// Of what.
    pub dimension: Dimension,
    /// What the node is at least, with 95 % certainty: 0 to 1.
    pub value: f64,
    /// What it most likely is.
    pub mean: f64,
    /// Weight of the own observations behind it.
    pub own: f64,
    /// Weight of the receipts.
    pub receipts: f64,
    /// Weight of hearsay.
    pub hearsay: f64,
}

impl Score {
    fn evidence(&self) -> f64 {
        self.own + self.receipts + self.hearsay
    }
}

/// The score of somebody nobody knows. Nobody is rated lower: he could come back under a new name.
#[must_use]
pub fn newcomer() -> f64 {
    lower(Evidence::default())
}

fn lower(evidence: Evidence) -> f64 {
    let posterior = PRIOR.plus(evidence);
    beta::quantile(QUANTILE, posterior.good, posterior.bad)
}

/// The score of `subject` in one dimension. `said` is merged ([`Testimony::merged`]) and may be about anybody.
#[must_use]
pub fn score(
    dimension: Dimension,
    own: Evidence,
    subject: &Party,
    said: &[Testimony],
    heard: &[Hearsay],
    trust: &Trust,
) -> Score {
    let (mut contacts, mut strangers) = (Evidence::default(), Evidence::default());
    let about = |one: &&Testimony| {
        one.subject == *subject && one.issuer != *subject && one.dimension == dimension
    };
    for one in said.iter().filter(about) {
        let rate = one.rate();
        let word = Evidence {
            good: rate,
            bad: 1.0 - rate,
        };
        let word = word.times(trust.weight(&one.issuer));
        if trust.is_contact(&one.issuer) {
            contacts = contacts.plus(word);
        } else {
            strangers = strangers.plus(word);
        }
    }
    let strangers = strangers.at_most(trust.most_of_strangers());
    let mut hearsay = Evidence::default();
    for one in heard.iter().filter(|one| one.dimension == dimension) {
        if trust.is_contact(&one.from) && one.from != *subject && one.rate.is_finite() {
            let rate = one.rate.clamp(0.0, 1.0);
            let word = Evidence {
                good: rate,
                bad: 1.0 - rate,
            };
            hearsay = hearsay.plus(word.times(trust.weight(&one.from)));
        }
    }
    let known = own.plus(contacts);
    let hearsay = hearsay.at_most(known.weight() * HEARSAY);
    // The best that can be said: the word of others is heard where it helps to know, and cannot take away what was seen.
    let choices = [
        (own, 0.0, 0.0),
        (known.plus(hearsay), contacts.weight(), hearsay.weight()),
        (own.plus(strangers), strangers.weight(), 0.0),
    ];
    let (best, receipts, hearsay, value) = choices
        .into_iter()
        .map(|(evidence, receipts, hearsay)| (evidence, receipts, hearsay, lower(evidence)))
        .reduce(|best, next| if next.3 > best.3 { next } else { best })
        .unwrap_or((own, 0.0, 0.0, 0.0));
    let posterior = PRIOR.plus(best);
    Score {
        dimension,
        value: value.max(newcomer()),
        mean: posterior.good / posterior.weight(),
        own: own.weight(),
        receipts,
        hearsay,
    }
}

/// A rating in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Rating {
    /// Too little is known.
    Unknown,
    /// Not to be relied upon.
    Poor,
    /// With gaps.
    Fair,
    /// To be relied upon.
    Good,
    /// Hardly ever failed.
    Excellent,
}

/// What a reason does to the rating.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Effect {
    /// It is better than the rating as a whole.
    Raises,
    /// It is worse.
    Lowers,
    /// Too little is known of it.
    Missing,
}

/// The figure behind a reason.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", tag = "unit")]
pub enum Measured {
    /// The share that was as it should be, 0 to 1.
    Share {
        /// The most likely one.
        value: f64,
    },
    /// Round trips of the last probes.
    #[serde(rename_all = "camelCase")]
    Milliseconds {
        /// Half of them are below this.
        p50: f64,
        /// All but a twentieth are below this.
        p95: f64,
    },
    /// A rate of transfer.
    BytesPerSecond {
        /// Smoothed over the last transfers.
        value: f64,
    },
}

/// Why a rating is what it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// About what.
    pub score: Score,
    /// What it does to the rating.
    pub effect: Effect,
    /// The figure behind it.
    pub measured: Measured,
}

/// The fitness of a node as screens show it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// In one word.
    pub rating: Rating,
    /// The mean of what is known, 0 to 1.
    pub value: f64,
    /// What it comes from, the worst first, what is missing last.
    pub reasons: Vec<Reason>,
}

/// Rates `subject`.
#[must_use]
pub fn rate(
    now: u64,
    history: &History,
    subject: &Party,
    said: &[Testimony],
    heard: &[Hearsay],
    trust: &Trust,
) -> View {
    let scores = Dimension::ALL.map(|dimension| {
        let own = history.evidence(now, dimension);
        score(dimension, own, subject, said, heard, trust)
    });
    let known = || scores.iter().filter(|score| score.evidence() >= LEAST);
    let weights: f64 = known().map(|score| weight(score.dimension)).sum();
    let evidence: f64 = known().map(Score::evidence).sum();
    let value = if weights > 0.0 {
        known()
            .map(|score| score.value * weight(score.dimension))
            .sum::<f64>()
            / weights
    } else {
        newcomer()
    };
    let rating = match value {
        _ if evidence < LEAST_IN_ALL => Rating::Unknown,
        value if value >= 0.9 => Rating::Excellent,
        value if value >= 0.7 => Rating::Good,
        value if value >= 0.4 => Rating::Fair,
        _ => Rating::Poor,
    };
    let mut reasons: Vec<Reason> = scores
        .iter()
        .map(|score| Reason {
            score: *score,
            effect: match score.value {
                _ if score.evidence() < LEAST => Effect::Missing,
                own if own >= value => Effect::Raises,
                _ => Effect::Lowers,
            },
            measured: measured(score, history),
        })
        .collect();
    reasons.sort_by(|one, other| {
        let missing = |reason: &Reason| reason.effect == Effect::Missing;
        missing(one)
            .cmp(&missing(other))
            .then(one.score.value.total_cmp(&other.score.value))
    });
    View {
        rating,
        value,
        reasons,
    }
}

fn measured(score: &Score, history: &History) -> Measured {
    let share = Measured::Share { value: score.mean };
    match score.dimension {
        Dimension::Latency => match (history.rtt(0.5), history.rtt(0.95)) {
            (Some(p50), Some(p95)) => Measured::Milliseconds {
                p50: p50.as_secs_f64() * 1e3,
                p95: p95.as_secs_f64() * 1e3,
            },
            _ => share,
        },
        Dimension::Goodput => match history.goodput() {
            Some(value) => Measured::BytesPerSecond { value },
            None => share,
        },
        _ => share,
    }
}

/// How much a dimension counts in the one word: being there over the long run, and keeping what one stores, count double.
fn weight(dimension: Dimension) -> f64 {
    match dimension {
        Dimension::AvailabilityDay | Dimension::AvailabilityMonth | Dimension::StorageProof => 2.0,
        _ => 1.0,
    }
}
