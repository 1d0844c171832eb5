//! `webx saga`: durable work, and waiting for it.

use std::time::Duration;

use serde_json::{Value, json};

use super::Context;
use super::app::{self, list_of};
use super::drive::items;
use crate::args::SagaCommand;
use crate::client::{Client, Progress, encode};
use crate::failure::Failure;
use crate::output::{Output, field, printable};

/// How often the node is asked how far it is.
const STEP: Duration = Duration::from_millis(50);

pub(super) fn run(context: &Context, command: &SagaCommand) -> anyhow::Result<()> {
    let client = context.client()?;
    match command {
        SagaCommand::Ls { state } => {
            let query = state
                .map(|s| format!("?state={}", s.wire()))
                .unwrap_or_default();
            let sagas = items(client.get(&format!("/api/sagas{query}"))?);
            context.output.show(&sagas, |out| {
                for saga in &sagas {
                    writeln!(out, "{}", line(saga))?;
                }
                Ok(())
            })
        }
        SagaCommand::Retry { id } => go_on(context, &client, id, "retry"),
        SagaCommand::Undo { id } => go_on(context, &client, id, "undo"),
        SagaCommand::Start {
            app,
            workflow,
            input,
        } => {
            let input: Value = serde_json::from_str(input)
                .map_err(|error| Failure::usage(format!("--input is not JSON: {error}")))?;
            let install = app::install_of(&app::find(&client, app)?);
            let path = format!("/api/apps/{install}/workflows/{}", encode(workflow));
            let begun = client.post(&path, &json!({ "input": input }))?;
            let saga = wait(context.output, &client, &begun)?;
            context
                .output
                .show(&saga, |out| writeln!(out, "{}", line(&saga)))
        }
    }
}

fn go_on(context: &Context, client: &Client, id: &str, verb: &str) -> anyhow::Result<()> {
    client.post(&format!("/api/sagas/{}/{verb}", encode(id)), &json!({}))?;
    let saga = ended(context.output, client, id)?;
    if verb == "retry" {
        done(&saga)?;
    }
    context
        .output
        .show(&saga, |out| writeln!(out, "{}", line(&saga)))
}

fn line(saga: &Value) -> String {
    let reason = match field(saga, "reason") {
        "" => String::new(),
        reason => format!(": {}", printable(reason)),
    };
    format!(
        "{}  {:<8} {:<12} {}{reason}",
        field(saga, "id"),
        field(saga, "state"),
        field(saga, "kind"),
        printable(field(saga, "subject")),
    )
}

/// Waits for the work in `begun` (`{"saga": id}`); an error when it did not end well.
pub(super) fn wait(output: Output, client: &Client, begun: &Value) -> anyhow::Result<Value> {
    let saga = ended(output, client, field(begun, "saga"))?;
    done(&saga)?;
    Ok(saga)
}

fn done(saga: &Value) -> anyhow::Result<()> {
    if field(saga, "state") == "done" {
        return Ok(());
    }
    let why = match field(saga, "reason") {
        "" => "the work did not end well",
        reason => reason,
    };
    let failure = Failure::refused("failed", why);
    let id = field(saga, "id");
    Err(match field(saga, "state") {
        "undone" => failure.todo("everything is as it was before"),
        _ => failure.todo(format!("try webx saga retry {id}, or webx saga undo {id}")),
    }
    .into())
}

/// Waits until nothing more happens by itself. Short work is gone through in a few milliseconds; installing an app with a
/// server side compiles it, which takes seconds.
fn ended(output: Output, client: &Client, id: &str) -> anyhow::Result<Value> {
    let progress = Progress::steps(output, "");
    loop {
        let saga = client.get(&format!("/api/sagas/{}", encode(id)))?;
        match field(&saga, "state") {
            "running" | "undoing" => {
                let step = list_of(&saga, "steps")
                    .iter()
                    .find(|s| field(s, "state") == "current");
                let share = saga.get("progress").and_then(Value::as_f64);
                progress.step(step.map_or("", |s| field(s, "name")), share);
                std::thread::sleep(STEP);
            }
            _ => {
                progress.finish();
                return Ok(saga);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_did_not_end_well_says_why_and_what_to_do() {
        assert!(done(&json!({ "state": "done" })).is_ok());
        let failed = json!({ "id": "7", "state": "failed", "reason": "the disk is full" });
        let text = done(&failed).map_err(|e| e.to_string());
        assert_eq!(
            text,
            Err("the disk is full; try webx saga retry 7, or webx saga undo 7".to_owned())
        );
        let undone = json!({ "id": "7", "state": "undone", "reason": "the code is not valid" });
        assert!(
            done(&undone).is_err_and(|e| e.to_string().ends_with("everything is as it was before"))
        );
    }
}
