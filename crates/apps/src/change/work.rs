//! What the engine of the sagas calls: which steps there are, what each does and how it is taken back.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use serde_json::{Value, json};
use webx_sagas::{Context, Definition, Plan, Retry, Step, StepError};
use webx_services::{Event, Level, NewNotification, NotificationLevel};

use super::{Input, Kind, steps::digest};
use crate::{Error, apps::Inner, packages::drop_package};

/// How long compiling a backend may take.
const COMPILE: Duration = Duration::from_secs(15 * 60);

/// The work of one kind, run by the engine.
struct Work {
    inner: Weak<Inner>,
    kind: Kind,
}

impl Definition for Work {
    fn plan(&self, _: &Value) -> Plan {
        let names = self.kind.steps();
        let step = |name: &&str| {
            let step = Step::new(*name)
                .within(Duration::from_secs(300))
                .retried(Retry::times(4, Duration::from_millis(250)));
            if *name == "compile" {
                step.within(COMPILE).retried(Retry::NEVER)
            } else {
                step
            }
        };
        Plan {
            steps: names.iter().map(step).collect(),
            // From here on the change is told and what it replaced is given up.
            forward_from: match self.kind {
                Kind::Purge => Some(0),
                _ => Some(names.len() - 1),
            },
            ..Plan::default()
        }
    }

    fn run(&self, step: &str, context: &Context<'_>) -> Result<Value, StepError> {
        let inner = self
            .inner
            .upgrade()
            .ok_or_else(|| StepError::again("the vault is locked"))?;
        let input: Input = serde_json::from_value(context.input().clone())
            .map_err(|error| StepError::never(error.to_string()))?;
        inner.watch(step);
        let done = match (self.kind, step) {
            (_, "verify") => inner.verify(&input),
            (_, "stage") => inner.unpack(&input, context),
            (_, "compile") => inner.compile(context),
            (_, "finish") => inner.finish(self.kind, &input, context),
            (Kind::Purge, _) => inner.purge(&input),
            _ => inner.apply(self.kind, &input, context),
        };
        done.map_err(|error| failure(&error))
    }

    fn undo(&self, step: &str, context: &Context<'_>) -> Result<(), StepError> {
        let inner = self
            .inner
            .upgrade()
            .ok_or_else(|| StepError::again("the vault is locked"))?;
        let input: Input = serde_json::from_value(context.input().clone())
            .map_err(|error| StepError::never(error.to_string()))?;
        inner.watch(step);
        let done = match step {
            "verify" => input
                .upload
                .map_or(Ok(()), |upload| inner.forget_upload(upload)),
            "stage" => match digest(context) {
                Some(digest) => inner.db().write(|tx| drop_package(tx, &digest)),
                None => Ok(()),
            },
            "register" | "bury" | "unbury" | "swap" => inner.take_back(&input, context),
            _ => Ok(()),
        };
        done.map_err(|error| failure(&error))
    }

    fn rested(&self, saga: &webx_sagas::Saga) {
        let Some(inner) = self.inner.upgrade() else {
            return;
        };
        if saga.state == webx_sagas::State::Done {
            return;
        }
        let event = Event {
            kind: "app.failed",
            level: Level::Warning,
            subject: saga.subject.clone(),
            detail: json!({ "work": saga.kind, "reason": saga.reason }),
        };
        let told = inner.events.append(event).and_then(|_| {
            inner.notifications.add(NewNotification {
                title: saga.subject.clone(),
                body: saga.reason.clone(),
                level: NotificationLevel::Error,
                open: None,
            })
        });
        if let Err(error) = told {
            tracing::warn!(%error, "the person could not be told of work that failed");
        }
    }
}

/// Whether trying again helps.
fn failure(error: &Error) -> StepError {
    match error {
        Error::Refused(_)
        | Error::NoUpload
        | Error::MissingPermission(_)
        | Error::NotAsked(_)
        | Error::NotInstalled(_)
        | Error::NotFound(_)
        | Error::Conflict(_)
        | Error::System(_)
        | Error::TooLarge { .. }
        | Error::Backend(_)
        | Error::BadValue(_) => StepError::never(error.to_string()),
        error => StepError::again(error.to_string()),
    }
}

/// Makes the work known to the engine.
pub(crate) fn register_work(sagas: &webx_sagas::Sagas, inner: &Weak<Inner>) {
    for kind in Kind::ALL {
        sagas.register(
            kind.name(),
            Arc::new(Work {
                inner: inner.clone(),
                kind,
            }),
        );
    }
}
