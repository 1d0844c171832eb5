//! `webx events`: what the node did.

use std::io::{BufRead as _, BufReader, Read as _};

use serde_json::Value;

use super::Context;
use crate::args::EventsCommand;
use crate::client::{Client, encode};
use crate::output::{field, printable};

/// One event is one line of JSON and never longer than this, in bytes.
const LINE_LIMIT: u64 = 1024 * 1024;

pub(super) fn run(context: &Context, command: &EventsCommand) -> anyhow::Result<()> {
    let EventsCommand::Tail {
        lines,
        follow,
        kind,
    } = command;
    let client = context.client()?;
    // Follow first, then read the past: nothing falls between the two, and what comes twice is told by its id.
    let live = follow
        .then(|| client.open("/api/control/events"))
        .transpose()?;
    let past = latest(&client, *lines, kind.as_deref())?;
    if live.is_none() {
        return context.output.show(&past, |out| {
            for event in &past {
                writeln!(out, "{}", line(event))?;
            }
            Ok(())
        });
    }
    let mut newest = None;
    for event in &past {
        context.output.row(event, &line(event))?;
        newest = event.get("id").cloned();
    }
    let Some((stream, _)) = live else {
        return Ok(());
    };
    let mut stream = BufReader::new(stream);
    loop {
        let mut text = String::new();
        if (&mut stream).take(LINE_LIMIT).read_line(&mut text)? == 0 {
            return Ok(());
        }
        let Ok(event) = serde_json::from_str::<Value>(&text) else {
            continue;
        };
        let wanted = kind
            .as_deref()
            .is_none_or(|kind| field(&event, "kind") == kind);
        if wanted && is_newer(event.get("id"), newest.as_ref()) {
            context.output.row(&event, &line(&event))?;
        }
    }
}

/// The latest events, oldest first.
fn latest(client: &Client, lines: u32, kind: Option<&str>) -> anyhow::Result<Vec<Value>> {
    if lines == 0 {
        return Ok(Vec::new());
    }
    let mut path = format!("/api/activity?limit={lines}");
    if let Some(kind) = kind {
        path.push_str("&kind=");
        path.push_str(&encode(kind));
    }
    let mut page = client.get(&path)?;
    let mut events = match page.get_mut("items").map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    events.reverse();
    Ok(events)
}

/// Ids grow; an event without a comparable id is printed.
fn is_newer(id: Option<&Value>, newest: Option<&Value>) -> bool {
    match (id, newest) {
        (Some(Value::Number(id)), Some(Value::Number(newest))) => id.as_u64() > newest.as_u64(),
        (Some(Value::String(id)), Some(Value::String(newest))) => id > newest,
        _ => true,
    }
}

fn line(event: &Value) -> String {
    let detail = match event.get("detail") {
        None | Some(Value::Null) => String::new(),
        Some(detail) => detail.to_string(),
    };
    printable(
        format!(
            "{} {:7} {:22} {} {detail}",
            field(event, "at"),
            field(event, "level"),
            field(event, "kind"),
            field(event, "subject"),
        )
        .trim_end(),
    )
}
