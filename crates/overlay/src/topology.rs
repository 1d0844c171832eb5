//! The shape of the network: which neighbours are worth a change, when a detour beats the straight way, and how well the
//! whole holds together.

mod detours;
mod health;
mod neighbours;

pub use detours::{Detours, Way};
pub(crate) use health::Reached;
pub use health::{Estimate, Health, Sample};
pub use neighbours::{Candidate, Neighbour, Swap, Tuner};
