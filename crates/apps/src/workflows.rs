//! Workflows: sagas over the services of several apps, as an app's manifest declares them.
use std::{
    sync::{Arc, Weak, mpsc},
    time::Duration,
};

use http::StatusCode;
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use webx_backends::{InstallId, body};
use webx_sagas::{Context, Definition, NewSaga, OnFailure, Plan, Retry, Sagas, Step, StepError};
use webx_wxa::{AppId, AppRef};

use crate::{Apps, Begun, Error, Result, apps::Inner, registry::Entry};

const KIND: &str = "workflow";
/// Largest answer of a service in bytes.
const MAX_ANSWER: usize = 60 * 1024;
/// Largest input of a workflow in bytes of JSON.
const MAX_INPUT: usize = 64 * 1024;

/// What a workflow saga begins with: everything it needs of the manifest, so that an update changes nothing under way.
#[derive(Debug, Serialize, Deserialize)]
struct Input {
    install: InstallId,
    steps: Vec<Call>,
    input: Value,
}

/// One call of a service.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Call {
    name: String,
    /// As the permission names it; none for the app's own.
    app: Option<String>,
    service: String,
    with: Vec<(String, String)>,
    undo: Option<String>,
    timeout: u64,
    attempts: u32,
    idempotent: bool,
}

impl Apps {
    /// Starts a workflow that an app declares. Every step calls a service of an app's backend with an `Idempotency-Key`
    /// header; services of other apps need the permission `services`. When a step fails for good, those before it are
    /// undone. Two starts with one `key` are one workflow.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a workflow that the app does not declare, or a service that is not there;
    /// [`Error::Denied`] without the permission; [`Error::TooLarge`]; [`Error::NotInstalled`].
    pub fn start_workflow(
        &self,
        install: InstallId,
        name: &str,
        input: Value,
        key: Option<&str>,
    ) -> Result<Begun> {
        let inner = &self.0;
        let entry = inner.registry().get(install)?;
        let manifest = &entry.package.manifest;
        let workflow = manifest
            .workflows
            .iter()
            .find(|workflow| workflow.name == name)
            .ok_or_else(|| Error::NotFound(format!("workflow {name:?} in this app")))?;
        if input.to_string().len() > MAX_INPUT {
            return Err(Error::TooLarge {
                what: "the input of a workflow",
                max: MAX_INPUT as u64,
            });
        }
        let mut steps = Vec::new();
        for step in &workflow.steps {
            let app = step.app.as_ref().map(|app| app.as_str().to_owned());
            let (service, _) = inner.service(&entry, app.as_deref(), &step.service)?;
            if let Some(undo) = &step.undo {
                inner.service(&entry, app.as_deref(), undo)?;
            }
            steps.push(Call {
                name: step.name.clone(),
                app,
                service: step.service.clone(),
                with: step.with.clone(),
                undo: step.undo.clone(),
                timeout: step.timeout_seconds,
                attempts: u32::try_from(step.attempts).unwrap_or(1),
                idempotent: service.idempotent,
            });
        }
        let input = serde_json::to_value(Input {
            install,
            steps,
            input,
        })
        .unwrap_or_default();
        let saga = self.sagas().start(NewSaga {
            key: key.map(|key| {
                format!(
                    "{install}/{name}/{}",
                    key.chars().take(128).collect::<String>()
                )
            }),
            ..NewSaga::new(
                KIND,
                &format!("{}: {}", manifest.name, workflow.title),
                input,
            )
        })?;
        Ok(Begun { saga, install })
    }
}

impl Inner {
    /// A service that an app may call, and the installation it belongs to.
    fn service(
        &self,
        entry: &Entry,
        app: Option<&str>,
        name: &str,
    ) -> Result<(webx_wxa::manifest::Service, InstallId)> {
        let target = match app {
            None => self.registry().get(entry.install)?,
            Some(app) => {
                if !entry.has(&format!("services:{app}")) {
                    let why = format!("the app does not have the permission services:{app}");
                    return Err(crate::Denied::new(why).into());
                }
                let named: AppRef = app
                    .parse()
                    .map_err(|why| Error::BadValue(format!("{app:?} {why}")))?;
                let id: AppId = named.resolve(entry.app.publisher().as_ref());
                self.registry()
                    .by_app(&id)
                    .ok_or_else(|| Error::NotFound(format!("installed app {id}")))?
            }
        };
        let service = target
            .package
            .manifest
            .services
            .iter()
            .find(|service| service.name == name)
            .ok_or_else(|| {
                Error::NotFound(format!(
                    "service {name:?} in {}",
                    target.package.manifest.name
                ))
            })?;
        Ok((service.clone(), target.install))
    }

    /// Calls a service and waits for its answer.
    fn ask(
        &self,
        input: &Input,
        call: &Call,
        service: &str,
        sent: &Value,
        context: &Context<'_>,
    ) -> Result<Value, StepError> {
        let never = |error: Error| StepError::never(error.to_string());
        let entry = self.registry().get(input.install).map_err(never)?;
        let (service, target) = self
            .service(&entry, call.app.as_deref(), service)
            .map_err(never)?;
        let apps = Apps(
            self.me
                .upgrade()
                .ok_or_else(|| StepError::again("the vault is locked"))?,
        );
        let request = http::Request::builder()
            .method(service.method.name())
            .uri(&service.path)
            .header(http::header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", context.key())
            .body(body(sent.to_string()))
            .map_err(|error| StepError::never(error.to_string()))?;
        let (told, heard) = mpsc::channel();
        let id = context.key();
        self.runtime.spawn(async move {
            // Fails only when nobody waits any more.
            let _ = told.send(answer(&apps, target, &id, request).await);
        });
        loop {
            match heard.recv_timeout(Duration::from_millis(50)) {
                Ok(answer) => return answer,
                Err(mpsc::RecvTimeoutError::Timeout) if !context.is_stopped() => {}
                Err(_) => return Err(StepError::again("the service did not answer in time")),
            }
        }
    }
}

/// Sends a request to a service: what answers in the two hundreds is done, what may pass is tried again.
async fn answer(
    apps: &Apps,
    target: InstallId,
    id: &str,
    request: http::Request<webx_backends::Body>,
) -> Result<Value, StepError> {
    let response = match apps.call(target, id, request).await {
        Ok(response) => response,
        Err(error @ (Error::NoBackend | Error::NotInstalled(_) | Error::Denied(_))) => {
            return Err(StepError::never(error.to_string()));
        }
        Err(error) => return Err(StepError::again(error.to_string())),
    };
    let status = response.status();
    let read = http_body_util::Limited::new(response.into_body(), MAX_ANSWER)
        .collect()
        .await;
    let bytes = read
        .map_err(|error| StepError::again(format!("the service's answer broke off: {error}")))?
        .to_bytes();
    if status.is_success() {
        return Ok(serde_json::from_slice(&bytes).unwrap_or(Value::Null));
    }
    let why = format!("the service answered {}", status.as_u16());
    let passes = matches!(
        status,
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
    );
    if passes || status.is_server_error() {
        Err(StepError::again(why))
    } else {
        Err(StepError::never(why))
    }
}

struct Workflow(Weak<Inner>);

impl Workflow {
    fn parts(
        &self,
        context: &Context<'_>,
        step: &str,
    ) -> Result<(Arc<Inner>, Input, Call), StepError> {
        let inner = self
            .0
            .upgrade()
            .ok_or_else(|| StepError::again("the vault is locked"))?;
        let input: Input = serde_json::from_value(context.input().clone())
            .map_err(|error| StepError::never(error.to_string()))?;
        let call = input.steps.iter().find(|call| call.name == step).cloned();
        let call = call.ok_or_else(|| StepError::never("there is no such step"))?;
        Ok((inner, input, call))
    }
}

/// What is sent to a service: pieces of the input and of earlier answers, as the manifest says.
fn sent(input: &Input, call: &Call, context: &Context<'_>) -> Value {
    if call.with.is_empty() {
        return input.input.clone();
    }
    let answers: Map<String, Value> = input
        .steps
        .iter()
        .filter_map(|step| {
            Some((
                step.name.clone(),
                context.result(&step.name)?.get("answer")?.clone(),
            ))
        })
        .collect();
    let all = json!({ "input": input.input, "steps": answers });
    let piece = |(name, pointer): &(String, String)| {
        (
            name.clone(),
            all.pointer(pointer).cloned().unwrap_or(Value::Null),
        )
    };
    Value::Object(call.with.iter().map(piece).collect())
}

impl Definition for Workflow {
    fn plan(&self, input: &Value) -> Plan {
        let Ok(input) = serde_json::from_value::<Input>(input.clone()) else {
            return Plan::default();
        };
        let steps = input.steps.iter().map(|call| Step {
            name: call.name.clone(),
            retry: if call.idempotent {
                Retry::times(call.attempts.max(1), Duration::from_secs(1))
            } else {
                Retry::NEVER
            },
            timeout: Duration::from_secs(call.timeout.max(1)),
        });
        Plan {
            steps: steps.collect(),
            on_failure: OnFailure::Undo,
            undo_when_done: input.steps.iter().all(|call| call.undo.is_some()),
            forward_from: None,
        }
    }

    fn run(&self, step: &str, context: &Context<'_>) -> Result<Value, StepError> {
        let (inner, input, call) = self.parts(context, step)?;
        if !call.idempotent && context.attempt() > 1 {
            return Err(StepError::never(
                "it was interrupted, and its service cannot be asked twice; it may or may not have been done",
            ));
        }
        let sent = sent(&input, &call, context);
        let answer = inner.ask(&input, &call, &call.service, &sent, context)?;
        Ok(json!({ "sent": sent, "answer": answer }))
    }

    fn undo(&self, step: &str, context: &Context<'_>) -> Result<(), StepError> {
        let (inner, input, call) = self.parts(context, step)?;
        let Some(undo) = &call.undo else {
            return Ok(());
        };
        let done = context.result(step).cloned();
        // Begun, and its end is not known: the service is told what it was sent.
        let done =
            done.unwrap_or_else(|| json!({ "sent": sent(&input, &call, context), "answer": null }));
        inner.ask(&input, &call, undo, &done, context).map(drop)
    }
}

/// Makes workflows known to the engine.
pub(crate) fn register(sagas: &Sagas, inner: &Weak<Inner>) {
    sagas.register(KIND, Arc::new(Workflow(inner.clone())));
}
