#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// What happens to one try of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Done,
    Again,
    Never,
    /// The process is gone before the step had its effect.
    KilledBefore,
    /// The process is gone after it.
    KilledAfter,
    /// Somebody asks to undo while it is under way; then it succeeds.
    UndoWanted,
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        5 => Just(Fate::Done),
        2 => Just(Fate::Again),
        1 => Just(Fate::Never),
        2 => Just(Fate::KilledBefore),
        2 => Just(Fate::KilledAfter),
        1 => Just(Fate::UndoWanted),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    (
        prop::collection::vec(1_u32..4, 0..6),
        any::<bool>(),
        any::<bool>(),
        prop::option::of(0_usize..6),
    )
        .prop_map(|(attempts, wait, undo_when_done, forward_from)| Plan {
            forward_from,
            steps: attempts
                .iter()
                .enumerate()
                .map(|(n, attempts)| {
                    Step::new(format!("step {n}"))
                        .retried(Retry::times(*attempts, Duration::from_millis(100)))
                })
                .collect(),
            on_failure: if wait {
                OnFailure::Wait
            } else {
                OnFailure::Undo
            },
            undo_when_done,
        })
}

/// A world in which steps have effects, and a journal that survives the process.
struct World {
    plan: Plan,
    journal: Progress,
    effects: BTreeSet<usize>,
    now: Millis,
    moves: usize,
}

impl World {
    fn new(plan: Plan) -> World {
        World {
            plan,
            journal: Progress::default(),
            effects: BTreeSet::new(),
            now: 0,
            moves: 0,
        }
    }

    /// Goes on until it rests, as the engine does; every loss of the process begins again from the journal.
    fn run(&mut self, fates: &mut dyn Iterator<Item = Fate>) {
        loop {
            self.moves += 1;
            assert!(self.moves < 10_000, "it never ends: {:?}", self.journal);
            let mut progress = self.journal.clone();
            progress.settle(&self.plan);
            self.journal = progress.clone();
            let step = match progress.next(self.now) {
                Move::Rest => return,
                Move::Wait(until) => {
                    assert!(until > self.now);
                    self.now = until;
                    continue;
                }
                Move::Run(step) => {
                    assert_eq!(progress.state, State::Running);
                    assert!(
                        (0..step).all(|done| self.effects.contains(&done)),
                        "in order"
                    );
                    step
                }
                Move::Undo(step) => {
                    assert_eq!(progress.state, State::Undoing);
                    assert!(
                        self.effects.iter().all(|done| *done <= step),
                        "the last one first"
                    );
                    step
                }
            };
            progress.begin();
            self.journal = progress.clone();
            let fate = fates.next().unwrap_or(Fate::Done);
            if fate == Fate::KilledBefore {
                continue;
            }
            let works = matches!(fate, Fate::Done | Fate::KilledAfter | Fate::UndoWanted);
            if progress.state == State::Undoing {
                if works {
                    self.effects.remove(&step);
                }
            } else if works || step % 2 == 0 {
                // Every other step leaves something behind though it fails.
                self.effects.insert(step);
            }
            let outcome = match fate {
                Fate::KilledAfter => continue,
                Fate::Done => Outcome::Done,
                Fate::UndoWanted => {
                    let _ = progress.undo(&self.plan, true);
                    Outcome::Done
                }
                Fate::Again => Outcome::Again("not yet".into()),
                _ => Outcome::Never("no".into()),
            };
            progress.end(&self.plan, outcome, self.now, 0.5);
            self.journal = progress;
        }
    }

    fn check(&self) {
        let all = self.plan.steps.len();
        match self.journal.state {
            State::Done => assert_eq!(self.effects.len(), all, "done is all of it"),
            State::Undone => assert!(
                self.effects.is_empty(),
                "undone is nothing of it: {:?}",
                self.effects
            ),
            State::Failed | State::Stuck => {
                assert!(
                    self.journal
                        .reason
                        .as_ref()
                        .is_some_and(|reason| !reason.is_empty()),
                    "it says why"
                );
            }
            other => panic!("it rests while {other:?}"),
        }
    }
}

proptest! {
    #[test]
    fn every_schedule_ends_done_or_undone_or_with_a_reason(plan in plan(), fates in prop::collection::vec(fate(), 0..60)) {
        let mut world = World::new(plan);
        world.run(&mut fates.into_iter());
        world.check();
    }

    #[test]
    fn what_failed_or_is_stuck_ends_clean_when_somebody_asks(
        plan in plan(),
        fates in prop::collection::vec(fate(), 0..60),
        undo in any::<bool>(),
    ) {
        let mut world = World::new(plan);
        world.run(&mut fates.into_iter());
        let before = world.journal.state;
        let asked = if undo {
            let plan = world.plan.clone();
            world.journal.undo(&plan, false)
        } else {
            world.journal.retry()
        };
        world.run(&mut std::iter::empty());
        world.check();
        if asked.is_ok() {
            prop_assert!(world.journal.state.is_over());
            prop_assert!(!undo || world.journal.state == State::Undone);
        } else {
            prop_assert_eq!(before, world.journal.state);
            prop_assert!(before.is_over() || (undo && world.plan.forward_from.is_some()));
        }
    }

    #[test]
    fn a_pause_grows_and_never_passes_its_limit(attempt in 1_u32..200, jitter in 0.0_f64..1.0) {
        let retry = Retry::times(5, Duration::from_millis(200));
        let pause = retry.pause(attempt, jitter);
        prop_assert!(pause >= Duration::from_millis(100) && pause <= Duration::from_secs(60));
        prop_assert!(retry.pause(attempt + 1, jitter) >= pause);
    }
}

#[test]
fn a_step_that_ends_the_process_each_time_is_given_up() {
    let plan = Plan {
        steps: vec![Step::new("kills")],
        ..Plan::default()
    };
    let mut world = World::new(plan);
    // The process survives the undoing.
    let kills = (0..3 + MAX_INTERRUPTED).map(|_| Fate::KilledAfter);
    world.run(&mut kills.collect::<Vec<_>>().into_iter());
    assert_eq!(world.journal.state, State::Undone);
    assert!(
        world
            .journal
            .reason
            .clone()
            .unwrap()
            .contains("ended 23 times")
    );
    world.check();
}

#[test]
fn being_called_off_costs_no_try() {
    let plan = Plan {
        steps: vec![Step::new("long").retried(Retry::NEVER)],
        ..Plan::default()
    };
    let mut progress = Progress::default();
    for _ in 0..100 {
        progress.settle(&plan);
        assert_eq!(progress.next(0), Move::Run(0));
        progress.begin();
        progress.call_off();
    }
    progress.begin();
    progress.end(&plan, Outcome::Done, 0, 0.0);
    assert_eq!(progress.state, State::Done);
}
