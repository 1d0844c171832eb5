//! `webx net last-resort`: whom the node calls when nobody else answers.

use serde_json::{Value, json};

use super::super::Context;
use super::super::app::list_of;
use crate::args::LastResortCommand;
use crate::client::Client;
use crate::failure::Failure;
use crate::output::{field, number, printable};

const SETTINGS: &str = "/api/net/settings";

pub(super) fn run(
    context: &Context,
    client: &Client,
    command: &LastResortCommand,
) -> anyhow::Result<()> {
    let output = context.output;
    let mut settings = client.get(SETTINGS)?;
    let mut entries: Vec<String> = list_of(&settings, "lastResort")
        .iter()
        .filter_map(|entry| entry.as_str().map(str::to_owned))
        .collect();
    let changed = match command {
        LastResortCommand::Ls => {
            let seen = client.get("/api/net")?;
            let node = seen.get("node").unwrap_or(&Value::Null);
            let shown = match list_of(node, "lastResort") {
                // A node that is not on QNet knows what is written down, and no more.
                [] => written(&entries),
                known => known.to_vec(),
            };
            return output.show(&shown, |out| {
                if shown.is_empty() {
                    writeln!(out, "Nobody. When nobody is a neighbour, nobody is called.")?;
                }
                for resort in &shown {
                    writeln!(out, "{}", line(resort))?;
                }
                Ok(())
            });
        }
        LastResortCommand::Add { entry } => {
            let new = !entries.contains(entry);
            if new {
                entries.push(entry.clone());
            }
            new
        }
        LastResortCommand::Rm { entry } => {
            let before = entries.len();
            entries.retain(|one| one != entry);
            if entries.len() == before {
                return Err(
                    Failure::refused("not-found", "this entry is not written down")
                        .todo("webx net last-resort ls shows them")
                        .into(),
                );
            }
            true
        }
    };
    if changed && let Some(settings) = settings.as_object_mut() {
        settings.insert("lastResort".to_owned(), entries.into());
        client.put(SETTINGS, &json!(settings))?;
    }
    let said = match command {
        LastResortCommand::Rm { .. } => "Struck out.",
        _ => "Written down. It is called when there was no neighbour for two minutes.",
    };
    output.show(&json!({ "changed": changed }), |out| {
        writeln!(out, "{said}")
    })
}

fn written(entries: &[String]) -> Vec<Value> {
    let entries = entries.iter();
    entries
        .map(|entry| json!({ "entry": entry, "outcome": "unused" }))
        .collect()
}

/// An entry and what came of it.
pub(super) fn line(resort: &Value) -> String {
    let ago = || match number(resort, "seconds") {
        seconds @ 0..=119 => format!("{seconds} s ago"),
        seconds @ 120..=7199 => format!("{} min ago", seconds / 60),
        seconds => format!("{} h ago", seconds / 3600),
    };
    let mut outcome = match field(resort, "outcome") {
        "calling" => "is being called".to_owned(),
        "silent" => format!("did not answer, {}", ago()),
        "met" => format!("answered {}", ago()),
        _ => "not needed so far".to_owned(),
    };
    if !field(resort, "trouble").is_empty() {
        outcome = format!("{outcome}: {}", field(resort, "trouble"));
    }
    format!(
        "{}  {}",
        printable(field(resort, "entry")),
        printable(&outcome)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_a_call_is_told_in_a_line() {
        let told = |outcome: &str, seconds: u64| {
            line(&json!({ "entry": "a@b:1", "outcome": outcome, "seconds": seconds }))
        };
        assert_eq!(told("unused", 0), "a@b:1  not needed so far");
        assert_eq!(told("calling", 3), "a@b:1  is being called");
        assert_eq!(told("silent", 300), "a@b:1  did not answer, 5 min ago");
        assert_eq!(told("met", 7200), "a@b:1  answered 2 h ago");
        let trouble =
            json!({ "entry": "a@b:1", "outcome": "silent", "seconds": 1, "trouble": "no b" });
        assert_eq!(line(&trouble), "a@b:1  did not answer, 1 s ago: no b");
    }
}
