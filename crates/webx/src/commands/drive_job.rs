//! Waiting for a long job of the node.

use std::time::Duration;

use serde_json::Value;

use super::drive::items;
use crate::client::{Client, Progress};
use crate::failure::Failure;
use crate::output::{Output, field, number};

/// How often the node is asked how far it is.
const STEP: Duration = Duration::from_millis(100);

/// Waits until the job in `started` (`{"job": id}`) has ended and gives its result.
pub(super) fn wait(
    output: Output,
    client: &Client,
    started: &Value,
    what: &str,
) -> anyhow::Result<Value> {
    let id = id(started.get("job"));
    let progress = Progress::bytes(output, what, 1);
    loop {
        let jobs = items(client.get("/api/jobs")?);
        let Some(job) = jobs.into_iter().find(|job| self::id(job.get("id")) == id) else {
            return Err(Failure::refused("cancelled", "the job is gone").into());
        };
        progress.set(number(&job, "done"), number(&job, "total"));
        match field(&job, "state") {
            "running" | "queued" => std::thread::sleep(STEP),
            "done" => {
                progress.finish();
                return Ok(job.get("result").cloned().unwrap_or(job));
            }
            "cancelled" => {
                return Err(Failure::refused("cancelled", "the job was cancelled").into());
            }
            _ => {
                let why = job
                    .get("detail")
                    .and_then(Value::as_str)
                    .unwrap_or("the job failed")
                    .to_owned();
                return Err(Failure::refused("failed", why).into());
            }
        }
    }
}

fn id(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(id)) => id.clone(),
        Some(id) => id.to_string(),
        None => String::new(),
    }
}
