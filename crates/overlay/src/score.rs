//! How peers behave: offences lower a score that heals with time; who falls too low is not heard for a while.

use std::collections::HashMap;

use crate::id::NodeId;
use crate::machine::Time;

/// What a peer did wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Offence {
    /// Bytes that are no message of the protocol.
    Malformed,
    /// A record whose signature is wrong.
    Forged,
    /// More messages or bytes than allowed.
    Flood,
    /// An answer that nobody asked for.
    Unasked,
    /// An answer that cannot be right: nodes that are no closer, records of another key, more than was asked for.
    Lie,
    /// A broadcast message that the floor above rejected.
    Rejected,
    /// Takes questions and does not answer.
    Silent,
    /// A record that is too old or too long-lived.
    Expired,
    /// Broke the rules of broadcast.
    Gossip,
}

impl Offence {
    /// What it costs.
    const fn weight(self) -> f64 {
        match self {
            Self::Forged | Self::Malformed => 20.0,
            Self::Lie | Self::Rejected | Self::Gossip => 10.0,
            Self::Flood => 4.0,
            Self::Unasked | Self::Expired => 2.0,
            Self::Silent => 1.0,
        }
    }
}

/// Below this a peer is not chosen, dialled or recommended.
const GRAY: f64 = -20.0;
/// Below this it is not heard at all for a while.
const BANNED: f64 = -50.0;
/// A score halves in this time.
const HALF_LIFE: f64 = 1800.0 * 1e6;
const FIRST_BAN: u64 = 600 * 1_000_000;
const LONGEST_BAN: u64 = 24 * 3600 * 1_000_000;
const MOST: usize = 4096;

#[derive(Debug, Clone, Copy)]
struct Standing {
    score: f64,
    at: Time,
    banned_until: Time,
    bans: u32,
}

/// The scores of all peers that ever did wrong, at most 4096.
#[derive(Debug, Default)]
pub(crate) struct Scores(HashMap<NodeId, Standing>);

impl Scores {
    /// Lowers a score. Says whether the peer is banned by it.
    pub(crate) fn offend(&mut self, now: Time, peer: NodeId, what: Offence) -> bool {
        if self.0.len() >= MOST && !self.0.contains_key(&peer) {
            self.forget_the_best(now);
        }
        let standing = self.0.entry(peer).or_insert(Standing {
            score: 0.0,
            at: now,
            banned_until: Time(0),
            bans: 0,
        });
        standing.score = healed(standing, now) - what.weight();
        standing.at = now;
        if standing.score > BANNED || standing.banned_until > now {
            return false;
        }
        let length = FIRST_BAN << standing.bans.min(8);
        standing.banned_until = Time(now.0.saturating_add(length.min(LONGEST_BAN)));
        standing.bans += 1;
        true
    }

    /// 0 is neutral, below it bad.
    pub(crate) fn score(&self, now: Time, peer: &NodeId) -> f64 {
        self.0
            .get(peer)
            .map_or(0.0, |standing| healed(standing, now))
    }

    /// Whether the peer may be chosen.
    pub(crate) fn good(&self, now: Time, peer: &NodeId) -> bool {
        self.score(now, peer) > GRAY && !self.banned(now, peer)
    }

    /// Whether nothing of the peer is heard.
    pub(crate) fn banned(&self, now: Time, peer: &NodeId) -> bool {
        self.0
            .get(peer)
            .is_some_and(|standing| standing.banned_until > now)
    }

    /// Drops what no longer matters, and if that is not enough the half that matters least.
    fn forget_the_best(&mut self, now: Time) {
        self.0
            .retain(|_, standing| standing.banned_until > now || healed(standing, now) < -1.0);
        if self.0.len() < MOST {
            return;
        }
        let mut scores: Vec<f64> = self.0.values().map(|one| healed(one, now)).collect();
        scores.sort_by(f64::total_cmp);
        let middle = scores.get(MOST / 2).copied().unwrap_or_default();
        self.0.retain(|_, standing| healed(standing, now) < middle);
        if self.0.len() >= MOST {
            self.0.clear();
        }
    }
}

fn healed(standing: &Standing, now: Time) -> f64 {
    let passed = now.0.saturating_sub(standing.at.0) as f64;
    standing.score * (-passed / HALF_LIFE).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: NodeId = NodeId([7; 32]);

    #[test]
    fn a_forger_is_banned_and_comes_back_later() {
        let mut scores = Scores::default();
        let mut now = Time(1);
        assert!(scores.good(now, &PEER));
        assert!(!scores.offend(now, PEER, Offence::Forged));
        assert!(!scores.good(now, &PEER));
        assert!(!scores.offend(now, PEER, Offence::Forged));
        assert!(scores.offend(now, PEER, Offence::Forged));
        assert!(scores.banned(now, &PEER));
        now = Time(FIRST_BAN + 2);
        assert!(!scores.banned(now, &PEER));
        now = Time(5 * 3600 * 1_000_000);
        assert!(scores.good(now, &PEER));
    }

    #[test]
    fn a_second_ban_lasts_longer() {
        let mut scores = Scores::default();
        while !scores.offend(Time(1), PEER, Offence::Malformed) {}
        let again = Time(FIRST_BAN + 2);
        while !scores.offend(again, PEER, Offence::Malformed) {}
        assert!(scores.banned(Time(again.0 + FIRST_BAN + 1), &PEER));
    }

    #[test]
    fn memory_for_scores_is_bounded() {
        let mut scores = Scores::default();
        for number in 0..3 * MOST as u64 {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&number.to_be_bytes());
            scores.offend(Time(number), NodeId(id), Offence::Forged);
        }
        assert!(scores.0.len() <= MOST);
    }
}
