//! The last resort: nodes that the person has named, called one after the other when nobody has been a neighbour for a while.

use core::time::Duration;

use super::{Event, Node, NodeId, Time};
use crate::random::Random;

/// Nodes that may be named.
const MOST: usize = 8;
/// How long a node has no neighbour before it calls anybody, in microseconds.
const ALONE: u64 = 120_000_000;
/// Between two calls of a round. Longer than a dial takes.
const NEXT: u64 = 20_000_000;
/// After the first round; twice as long after each, up to the second.
const PAUSE: Duration = Duration::from_secs(120);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// What came of calling a node of the last resort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was not needed.
    Unused,
    /// It is being called.
    Calling,
    /// It did not answer, or somebody else did.
    Silent,
    /// It answered.
    Met,
}

/// A node of the last resort, as a screen shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastResort {
    /// Which.
    pub node: NodeId,
    /// What came of the last call.
    pub outcome: Outcome,
    /// How long ago that was; none if it was never called.
    pub ago: Option<Duration>,
}

#[derive(Debug)]
struct Entry {
    node: NodeId,
    outcome: Outcome,
    at: Option<Time>,
}

/// Whom to call, and when.
#[derive(Debug, Default)]
pub(super) struct LastResorts {
    entries: Vec<Entry>,
    /// Since when there is no neighbour.
    alone: Option<Time>,
    /// Whom this round has still to call.
    left: Vec<NodeId>,
    rounds: u32,
    due: Time,
}

impl LastResorts {
    /// The person named these. Who stays keeps what is known of it.
    pub(super) fn set(&mut self, nodes: &[NodeId]) {
        let mut entries: Vec<Entry> = Vec::new();
        for node in nodes {
            if entries.len() >= MOST || entries.iter().any(|entry| entry.node == *node) {
                continue;
            }
            let before = self.entries.iter().position(|entry| entry.node == *node);
            entries.push(match before {
                Some(at) => self.entries.swap_remove(at),
                None => Entry {
                    node: *node,
                    outcome: Outcome::Unused,
                    at: None,
                },
            });
        }
        self.entries = entries;
        self.left
            .retain(|node| nodes.iter().take(MOST).any(|one| one == node));
    }

    /// Whom to call now, if anybody. Asked about once a second while there is no neighbour.
    pub(super) fn look(&mut self, now: Time, alone: bool, random: &mut Random) -> Option<NodeId> {
        for entry in &mut self.entries {
            let old = entry.at.is_none_or(|at| now.0.saturating_sub(at.0) >= NEXT);
            if entry.outcome == Outcome::Calling && old {
                entry.outcome = Outcome::Silent;
            }
        }
        if !alone {
            (self.alone, self.rounds, self.due) = (None, 0, Time(0));
            self.left.clear();
            return None;
        }
        let since = *self.alone.get_or_insert(now);
        if now.0.saturating_sub(since.0) < ALONE || now < self.due {
            return None;
        }
        if self.left.is_empty() {
            self.left = self.entries.iter().map(|entry| entry.node).collect();
            random.shuffle(&mut self.left);
        }
        let node = self.left.pop()?;
        let wait = if self.left.is_empty() {
            let pause = PAUSE.saturating_mul(1 << self.rounds.min(16));
            self.rounds = self.rounds.saturating_add(1);
            random.about(pause.min(LONGEST_PAUSE))
        } else {
            NEXT
        };
        self.due = Time(now.0.saturating_add(wait));
        let entry = self.entries.iter_mut().find(|entry| entry.node == node)?;
        (entry.outcome, entry.at) = (Outcome::Calling, Some(now));
        Some(node)
    }

    /// A call has ended.
    pub(super) fn ended(&mut self, now: Time, node: &NodeId, met: bool) {
        let called = |entry: &&mut Entry| entry.node == *node && entry.outcome == Outcome::Calling;
        if let Some(entry) = self.entries.iter_mut().find(called) {
            entry.outcome = match met {
                true => Outcome::Met,
                false => Outcome::Silent,
            };
            entry.at = Some(now);
        }
    }

    pub(super) fn view(&self, now: Time) -> Vec<LastResort> {
        let ago = |at: Time| Duration::from_micros(now.0.saturating_sub(at.0));
        self.entries
            .iter()
            .map(|entry| LastResort {
                node: entry.node,
                outcome: entry.outcome,
                ago: entry.at.map(ago),
            })
            .collect()
    }
}

impl Node {
    /// Looks whether the last resort is needed.
    pub(super) fn resort(&mut self, now: Time, alone: bool) {
        if let Some(node) = self.resorts.look(now, alone, &mut self.random) {
            self.event(Event::LastResort(node));
        }
    }

    /// Meets a node of which no record is known, as the answer to [`Event::LastResort`]. The driver has to know where it is;
    /// the transport proves that it is that node, and it shows its record like every other.
    pub fn meet(&mut self, now: Time, node: NodeId) {
        if node == self.id || !self.scores.good(now, &node) {
            return;
        }
        self.with_control(now, |control, context, out| {
            control.call(context, node, out);
        });
        self.wake(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    fn node(number: u8) -> NodeId {
        NodeId([number; 32])
    }

    fn resorts(count: u8) -> (LastResorts, Random) {
        let mut resorts = LastResorts::default();
        let nodes: Vec<_> = (0..count).map(node).collect();
        resorts.set(&nodes);
        (resorts, Random::new(&[3; 32], "last resort"))
    }

    /// The seconds at which somebody is called, of a node that is alone all the time.
    fn calls(count: u8, seconds: u64) -> Vec<(u64, NodeId)> {
        let (mut resorts, mut random) = resorts(count);
        let looks = (0..seconds).map(|at| (at, resorts.look(Time(at * SECOND), true, &mut random)));
        looks.filter_map(|(at, call)| Some((at, call?))).collect()
    }

    #[test]
    fn nobody_is_called_in_the_first_two_minutes_or_while_there_is_a_neighbour() {
        assert_eq!(calls(1, 3600).first(), Some(&(120, node(0))));
        let (mut resorts, mut random) = resorts(1);
        for at in 0..10_000 {
            // A neighbour comes back every 119 seconds.
            let alone = at % 119 != 0;
            assert_eq!(resorts.look(Time(at * SECOND), alone, &mut random), None);
        }
        assert!(calls(0, 10_000).is_empty(), "an empty list calls nobody");
    }

    #[test]
    fn each_is_called_once_in_a_round_and_never_two_at_the_same_time() {
        let calls = calls(8, 280);
        let mut called: Vec<_> = calls.iter().map(|(_, node)| *node).collect();
        called.sort();
        assert_eq!(called, (0..8).map(node).collect::<Vec<_>>());
        assert!(calls.windows(2).all(|two| two[1].0 - two[0].0 >= 20));
    }

    #[test]
    fn who_never_answers_is_called_ever_less_often() {
        let day = calls(1, 86_400).len();
        assert!((24..=40).contains(&day), "{day} calls in a day");
        let all = calls(8, 86_400).len();
        assert!(all <= 8 * 40, "{all} calls in a day");
    }

    #[test]
    fn after_a_neighbour_it_begins_anew() {
        let (mut resorts, mut random) = resorts(1);
        let mut look = |at: u64, alone| {
            resorts
                .look(Time(at * SECOND), alone, &mut random)
                .is_some()
        };
        assert!((0..7200).filter(|at| look(*at, true)).count() > 3);
        assert!(!look(7200, false));
        let next = (7201..20_000).find(|at| look(*at, true));
        assert_eq!(next, Some(7201 + 120));
    }

    #[test]
    fn what_came_of_a_call_is_shown() {
        let (mut resorts, mut random) = resorts(1);
        let mut outcome = |at: u64, ended: Option<bool>| {
            let at = Time(at * SECOND);
            let _called = resorts.look(at, true, &mut random);
            if let Some(met) = ended {
                resorts.ended(at, &node(0), met);
            }
            resorts
                .view(at)
                .first()
                .map(|shown| (shown.outcome, shown.ago))
        };
        let second = Duration::from_secs;
        assert_eq!(outcome(0, None), Some((Outcome::Unused, None)));
        assert_eq!(
            outcome(0, Some(true)),
            Some((Outcome::Unused, None)),
            "nobody called it"
        );
        assert_eq!(
            outcome(120, None),
            Some((Outcome::Calling, Some(second(0))))
        );
        assert_eq!(
            outcome(125, None),
            Some((Outcome::Calling, Some(second(5))))
        );
        assert_eq!(
            outcome(141, None),
            Some((Outcome::Silent, Some(second(21))))
        );
        let again =
            (142..1000).find(|at| outcome(*at, None) == Some((Outcome::Calling, Some(second(0)))));
        let again = again.unwrap_or_default();
        assert_eq!(
            outcome(again + 1, Some(true)),
            Some((Outcome::Met, Some(second(0))))
        );
    }

    #[test]
    fn at_most_eight_are_kept_each_once_and_who_stays_keeps_what_is_known() {
        let (mut resorts, mut random) = resorts(1);
        let _looked = resorts.look(Time(0), true, &mut random);
        let _called = resorts.look(Time(ALONE), true, &mut random);
        let many: Vec<_> = (0..100).map(|number| node(number % 20)).collect();
        resorts.set(&many);
        let view = resorts.view(Time(ALONE));
        assert_eq!(view.len(), MOST);
        assert_eq!(
            view.iter()
                .filter(|one| one.outcome == Outcome::Calling)
                .count(),
            1
        );
        resorts.set(&[]);
        assert!(resorts.view(Time(ALONE)).is_empty());
        assert_eq!(resorts.look(Time(86_400 * SECOND), true, &mut random), None);
    }
}
