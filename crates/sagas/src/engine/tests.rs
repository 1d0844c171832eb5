#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::sync::atomic::{AtomicI64, AtomicU32};

use serde_json::json;
use tempfile::TempDir;
use webx_vault::{DataDir, KdfCost, NewVault, Passphrase, Secret32, Vault};

use super::*;
use crate::{Context, OnFailure, Retry, Step, StepError};

fn vault() -> (TempDir, Vault) {
    let folder = tempfile::tempdir().unwrap();
    let passphrase = Passphrase::new("correct horse battery").unwrap();
    let new = NewVault {
        passphrase: &passphrase,
        recovery_key: &Secret32::new([7; 32]),
        kdf: KdfCost::insecure_for_tests(),
    };
    let vault = DataDir::open(folder.path()).unwrap().create(new).unwrap();
    (folder, vault)
}

/// A clock that stands until it is moved.
#[derive(Clone, Default)]
struct Hand(Arc<AtomicI64>);

impl Hand {
    fn options(&self) -> Options {
        let hand = self.0.clone();
        Options {
            clock: Arc::new(move || journal::time_of(hand.load(Ordering::Relaxed))),
            jitter: Box::new(|| 1.0),
            keep: 5,
            background: false,
            watch: None,
        }
    }

    fn forward(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

type Script = Box<dyn Fn(&str, bool, &Context<'_>) -> Result<Value, StepError> + Send + Sync>;

/// A kind of saga whose steps are written in a test.
struct Scripted {
    plan: Plan,
    script: Script,
}

impl Definition for Scripted {
    fn plan(&self, _: &Value) -> Plan {
        self.plan.clone()
    }

    fn run(&self, step: &str, context: &Context<'_>) -> Result<Value, StepError> {
        (self.script)(step, false, context)
    }

    fn undo(&self, step: &str, context: &Context<'_>) -> Result<(), StepError> {
        (self.script)(step, true, context).map(drop)
    }
}

fn register(
    sagas: &Sagas,
    plan: Plan,
    script: impl Fn(&str, bool, &Context<'_>) -> Result<Value, StepError> + Send + Sync + 'static,
) {
    sagas.register(
        "test",
        Arc::new(Scripted {
            plan,
            script: Box::new(script),
        }),
    );
}

fn two() -> Plan {
    Plan {
        steps: vec![Step::new("one"), Step::new("two")],
        ..Plan::default()
    }
}

fn new() -> NewSaga {
    NewSaga::new("test", "a test", json!({ "n": 1 }))
}

#[test]
fn steps_run_in_order_and_see_the_results_of_those_before() {
    let (_folder, vault) = vault();
    let sagas = Sagas::open(vault.db().clone(), Hand::default().options()).unwrap();
    register(&sagas, two(), |step, _, context| {
        assert!(context.key().ends_with(&format!("/{step}")));
        match step {
            "one" => Ok(json!({ "made": context.input()["n"] })),
            _ => {
                assert_eq!(context.result("one").unwrap()["made"], 1);
                Ok(Value::Null)
            }
        }
    });
    let id = sagas.start(new()).unwrap();
    let saga = sagas.wait(id).unwrap();
    assert_eq!(saga.state, State::Done);
    let told: Vec<_> = sagas
        .history(id)
        .unwrap()
        .into_iter()
        .map(|note| note.what)
        .collect();
    assert_eq!(told, ["started", "begun", "done", "begun", "done", "done"]);
}

#[test]
fn a_step_that_fails_for_a_while_is_tried_again_after_growing_pauses() {
    let (_folder, vault) = vault();
    let hand = Hand::default();
    let sagas = Sagas::open(vault.db().clone(), hand.options()).unwrap();
    let tries = Arc::new(AtomicU32::new(0));
    let counted = tries.clone();
    let plan = Plan {
        steps: vec![Step::new("one").retried(Retry::times(4, Duration::from_secs(1)))],
        ..Plan::default()
    };
    register(&sagas, plan, move |_, _, context| {
        counted.fetch_add(1, Ordering::Relaxed);
        if context.attempt() < 4 {
            Err(StepError::again("not yet"))
        } else {
            Ok(Value::Null)
        }
    });
    let id = sagas.start(new()).unwrap();
    for (pause, done) in [(1000, 1), (2000, 2), (4000, 3)] {
        let next = sagas.settle().unwrap().unwrap();
        assert_eq!(tries.load(Ordering::Relaxed), done);
        assert_eq!(millis(next) - hand.0.load(Ordering::Relaxed), pause);
        assert_eq!(sagas.get(id).unwrap().reason.as_deref(), Some("not yet"));
        hand.forward(pause);
    }
    assert_eq!(sagas.settle().unwrap(), None);
    assert_eq!(sagas.get(id).unwrap().state, State::Done);
}

#[test]
fn what_was_done_is_undone_when_a_later_step_fails_for_good() {
    let (_folder, vault) = vault();
    let sagas = Sagas::open(vault.db().clone(), Hand::default().options()).unwrap();
    let undone = Arc::new(Mutex::new(Vec::new()));
    let list = undone.clone();
    register(&sagas, two(), move |step, undo, _| {
        if undo {
            list.lock().push(step.to_owned());
        } else if step == "two" {
            return Err(StepError::never("there is no room"));
        }
        Ok(Value::Null)
    });
    let id = sagas.start(new()).unwrap();
    let saga = sagas.wait(id).unwrap();
    assert_eq!(
        (saga.state, saga.reason.as_deref()),
        (State::Undone, Some("there is no room"))
    );
    assert_eq!(*undone.lock(), ["two", "one"]);
    assert!(!saga.can_retry && !saga.can_undo);
}

#[test]
fn a_saga_that_waits_for_somebody_goes_on_or_back_as_he_says() {
    let (_folder, vault) = vault();
    let sagas = Sagas::open(vault.db().clone(), Hand::default().options()).unwrap();
    let broken = Arc::new(AtomicBool::new(true));
    let is_broken = broken.clone();
    let plan = Plan {
        on_failure: OnFailure::Wait,
        undo_when_done: true,
        ..two()
    };
    register(&sagas, plan, move |step, undo, _| {
        if step == "two" && !undo && is_broken.load(Ordering::Relaxed) {
            return Err(StepError::never("the service is away"));
        }
        Ok(Value::Null)
    });
    let id = sagas.start(new()).unwrap();
    assert_eq!(sagas.wait(id).unwrap().state, State::Failed);
    broken.store(false, Ordering::Relaxed);
    assert!(sagas.retry(id).is_ok());
    let saga = sagas.wait(id).unwrap();
    assert_eq!(saga.state, State::Done);
    assert!(saga.can_undo);
    sagas.undo(id).unwrap();
    assert_eq!(sagas.wait(id).unwrap().state, State::Undone);
    assert!(matches!(
        sagas.undo(id),
        Err(Error::NotNow {
            state: State::Undone,
            ..
        })
    ));
}

#[test]
fn a_second_saga_in_a_lane_is_refused_and_the_same_key_is_the_same_saga() {
    let (_folder, vault) = vault();
    let sagas = Sagas::open(vault.db().clone(), Hand::default().options()).unwrap();
    register(&sagas, two(), |_, _, _| Ok(Value::Null));
    let keyed = |key: &str| NewSaga {
        key: Some(key.into()),
        lane: Some("the app".into()),
        ..new()
    };
    let id = sagas.start(keyed("a")).unwrap();
    assert_eq!(sagas.start(keyed("a")).unwrap(), id);
    assert!(matches!(sagas.start(keyed("b")), Err(Error::Busy { saga, .. }) if saga == id));
    sagas.wait(id).unwrap();
    assert_ne!(sagas.start(keyed("b")).unwrap(), id);
}

#[test]
fn a_new_engine_goes_on_where_the_last_one_ended() {
    let (_folder, vault) = vault();
    let hand = Hand::default();
    for moment in 0..6 {
        let sagas = Sagas::open(
            vault.db().clone(),
            Options {
                watch: Some(Arc::new({
                    let left = AtomicI64::new(moment);
                    move |_| {
                        if left.fetch_sub(1, Ordering::Relaxed) == 0 {
                            // Stands for the end of the process: nothing after this moment is written.
                            std::panic::resume_unwind(Box::new("the process is gone"));
                        }
                    }
                })),
                ..hand.options()
            },
        )
        .unwrap();
        register(&sagas, two(), |step, _, _| Ok(json!(step)));
        let key = format!("moment {moment}");
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let id = sagas.start(NewSaga {
                key: Some(key.clone()),
                ..new()
            })?;
            sagas.wait(id)
        }));
        drop(sagas);
        let sagas = Sagas::open(vault.db().clone(), hand.options()).unwrap();
        register(&sagas, two(), |step, _, _| Ok(json!(step)));
        sagas.resume().unwrap();
        let id = sagas
            .start(NewSaga {
                key: Some(key),
                ..new()
            })
            .unwrap();
        let saga = sagas.wait(id).unwrap();
        assert_eq!(saga.state, State::Done, "moment {moment}");
        assert_eq!(saga.results["two"], "two");
    }
}

#[test]
fn a_step_that_panics_is_a_failure_and_no_end_of_the_engine() {
    let (_folder, vault) = vault();
    let sagas = Sagas::open(vault.db().clone(), Options::default()).unwrap();
    register(&sagas, two(), |step, undo, _| {
        assert!(undo || step != "two", "a mistake");
        Ok(Value::Null)
    });
    sagas.resume().unwrap();
    let id = sagas.start(new()).unwrap();
    let saga = sagas.wait(id).unwrap();
    assert_eq!(saga.state, State::Undone);
    assert!(saga.reason.unwrap().contains("mistake"));
    sagas.close();
}

#[test]
fn an_undo_stops_the_step_under_way_and_closing_loses_nothing() {
    let (_folder, vault) = vault();
    let script = |step: &str, undo: bool, context: &Context<'_>| {
        if step == "two" && !undo {
            context.progress(0.5);
            while !context.is_stopped() {
                std::thread::yield_now();
            }
            return Err(StepError::again("stopped"));
        }
        Ok(Value::Null)
    };
    let sagas = Sagas::open(vault.db().clone(), Options::default()).unwrap();
    register(&sagas, two(), script);
    sagas.resume().unwrap();
    let mut live = sagas.subscribe();
    let id = sagas.start(new()).unwrap();
    let told = |live: &mut broadcast::Receiver<Saga>| {
        while live.blocking_recv().unwrap().progress.is_none() {}
    };
    told(&mut live);
    sagas.close();
    assert!(matches!(sagas.start(new()), Err(Error::Closed)));

    let sagas = Sagas::open(vault.db().clone(), Options::default()).unwrap();
    register(&sagas, two(), script);
    let mut live = sagas.subscribe();
    sagas.resume().unwrap();
    told(&mut live);
    assert_eq!(sagas.get(id).unwrap().attempt, 1, "closing was no try");
    sagas.undo(id).unwrap();
    let saga = sagas.wait(id).unwrap();
    assert_eq!(saga.state, State::Undone);
    assert!(saga.reason.unwrap().contains("request"));
    sagas.close();
}

#[test]
fn a_step_that_takes_too_long_is_told_to_stop() {
    let (_folder, vault) = vault();
    let sagas = Sagas::open(vault.db().clone(), Hand::default().options()).unwrap();
    let plan = Plan {
        steps: vec![
            Step::new("slow")
                .within(Duration::from_millis(20))
                .retried(Retry::NEVER),
        ],
        ..Plan::default()
    };
    register(&sagas, plan, |_, undo, context| {
        while !undo && !context.is_stopped() {
            std::thread::yield_now();
        }
        if undo {
            Ok(Value::Null)
        } else {
            Err(StepError::again("stopped"))
        }
    });
    let saga = sagas.wait(sagas.start(new()).unwrap()).unwrap();
    assert_eq!(saga.state, State::Undone);
    assert!(saga.reason.unwrap().contains("longer than 0.02 s"));
}

#[test]
fn the_history_is_bounded_and_large_inputs_are_refused() {
    let (_folder, vault) = vault();
    let sagas = Sagas::open(vault.db().clone(), Hand::default().options()).unwrap();
    register(&sagas, two(), |_, _, _| Ok(Value::Null));
    for _ in 0..12 {
        sagas.wait(sagas.start(new()).unwrap()).unwrap();
    }
    assert!(sagas.list(None).unwrap().len() <= 6);
    assert!(sagas.list(Some(State::Failed)).unwrap().is_empty());
    let large = NewSaga::new("test", "large", json!("x".repeat(MAX_INPUT)));
    assert!(matches!(sagas.start(large), Err(Error::TooLarge { .. })));
    assert!(matches!(
        sagas.start(NewSaga::new("else", "", json!(1))),
        Err(Error::UnknownKind(_))
    ));
}

#[test]
fn steps_of_another_version_of_the_program_are_not_run() {
    let (_folder, vault) = vault();
    let hand = Hand::default();
    let sagas = Sagas::open(vault.db().clone(), hand.options()).unwrap();
    register(&sagas, two(), |_, _, _| Ok(Value::Null));
    let id = sagas.start(new()).unwrap();
    drop(sagas);
    let sagas = Sagas::open(vault.db().clone(), hand.options()).unwrap();
    let other = Plan {
        steps: vec![Step::new("one")],
        ..Plan::default()
    };
    register(&sagas, other, |_, _, _| panic!("nothing runs"));
    sagas.resume().unwrap();
    let saga = sagas.wait(id).unwrap();
    assert_eq!(saga.state, State::Failed);
    assert!(saga.reason.unwrap().contains("another version"));
}
