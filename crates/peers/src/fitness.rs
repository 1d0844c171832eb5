//! Fitness: how good a node is at what it does for others, as far as that can be known without trusting it.
//!
//! A vector of [`Dimension`]s, never one number to be gamed. Each score is the lower 5 % quantile of a Beta posterior: what
//! the node is at least, with 95 % certainty, so that little evidence means a low score. Evidence comes, in this order:
//! 1. own observations, weight 1 ([`History`]);
//! 2. receipts signed by both sides ([`Receipt`]), weighed by how much the issuer is trusted ([`Trust`]): one unit for each
//!    pair of parties however many receipts they write. Strangers are heard only where contacts have nothing to say, and
//!    count all together less than one contact;
//! 3. hearsay: what own contacts publish without receipts, at most a tenth of the rest.
//!
//! From this follow three promises, each a property test: nobody is rated below a newcomer, so a new name gains nothing
//! (whitewashing); the word of others never lowers a score below what the own evidence shows (slander); a ring of
//! identities that praise each other raises none of them above a newcomer with one honest receipt (collusion).

mod beta;
mod evidence;
mod receipt;
mod score;
#[cfg(test)]
mod tests;
mod trust;

pub use evidence::{Dimension, Evidence, History, Observation};
pub use receipt::{MAX_AGE, MAX_PER_EPOCH, MAX_RECEIPT, Receipt, Served, Service, Testimony};
pub use score::{Effect, Hearsay, Measured, Rating, Reason, Score, View, newcomer, rate, score};
pub use trust::{Party, Trust};
