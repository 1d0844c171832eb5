//! What a node is worth, and why.

use serde::Serialize;
use utoipa::ToSchema;

/// A rating in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
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

/// What a node is at least worth, with the reasons.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fitness {
    /// In one word.
    pub rating: Rating,
    /// 0 to 1.
    pub value: f64,
    /// The worst first, what is missing last.
    pub reasons: Vec<FitnessReason>,
}

/// Why a rating is what it is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FitnessReason {
    /// About what.
    pub dimension: FitnessDimension,
    /// What it does to the rating.
    pub effect: FitnessEffect,
    /// What the node is at least, with 95 % certainty: 0 to 1.
    pub value: f64,
    /// Weight of what this node saw itself.
    pub own: f64,
    /// Weight of receipts.
    pub receipts: f64,
    /// Weight of hearsay.
    pub hearsay: f64,
    /// The figure behind it.
    pub measured: FitnessMeasure,
}

/// What a node is rated by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum FitnessDimension {
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

/// What a reason does to the rating.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum FitnessEffect {
    /// It is better than the rating as a whole.
    Raises,
    /// It is worse.
    Lowers,
    /// Too little is known of it.
    Missing,
}

/// The figure behind a reason.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FitnessMeasure {
    /// In what.
    pub unit: FitnessUnit,
    /// A share from 0 to 1, the median of round trips, or a rate.
    pub value: f64,
    /// What all but a twentieth of the round trips stay below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95: Option<f64>,
}

/// Units of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum FitnessUnit {
    /// 0 to 1.
    Share,
    /// Round trips.
    Milliseconds,
    /// A rate of transfer.
    BytesPerSecond,
}
