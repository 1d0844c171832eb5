//! Files to and from contacts: `webx contacts send`, `inbox`, `fetch`, `refuse`.

use serde_json::{Value, json};

use super::Context;
use super::drive::{Tree, items};
use crate::client::{Client, RemotePath};
use crate::output::{bytes, field, number, printable};

/// Offers a file of the drive to the contact at `contact`, an address of the API.
pub(super) fn send(
    context: &Context,
    client: Client,
    contact: &str,
    path: &str,
) -> anyhow::Result<()> {
    let tree = Tree::new(client);
    let file = tree.node(&RemotePath::parse(path)?)?;
    let new = json!({ "node": file.id() });
    let sent = tree.client().post(&format!("{contact}/files"), &new)?;
    context
        .output
        .show(&sent, |out| writeln!(out, "{}", line(&sent)))
}

pub(super) fn inbox(context: &Context, client: &Client) -> anyhow::Result<()> {
    let all = items(client.get("/api/transfers")?);
    context.output.show(&all, |out| {
        if all.is_empty() {
            writeln!(out, "No files are on their way.")?;
        }
        for one in &all {
            writeln!(out, "{}", line(one))?;
        }
        Ok(())
    })
}

pub(super) fn fetch(context: &Context, client: &Client, id: i64) -> anyhow::Result<()> {
    client.post(&format!("/api/transfers/{id}/accept"), &json!({}))?;
    context.output.show(&json!({ "accepted": id }), |out| {
        writeln!(out, "It comes into the folder Received.")
    })
}

pub(super) fn refuse(context: &Context, client: &Client, id: i64) -> anyhow::Result<()> {
    client.delete(&format!("/api/transfers/{id}"))?;
    context.output.show(&json!({ "ended": id }), |out| {
        writeln!(out, "It has ended.")
    })
}

fn line(one: &Value) -> String {
    let incoming = one.get("incoming").and_then(Value::as_bool) == Some(true);
    let way = if incoming { "from" } else { "to" };
    let who = match field(one, "contact") {
        "" => field(one, "did"),
        name => name,
    };
    let trust = match field(one, "trust") {
        "verified" => " (verified)",
        _ if incoming => " (not verified)",
        _ => "",
    };
    let state = match (field(one, "state"), incoming) {
        ("offered", true) => "asks you".to_owned(),
        ("offered", false) => "not decided yet".to_owned(),
        ("waiting", _) => "waits for the other side".to_owned(),
        ("accepted", _) => format!("{} here", bytes(number(one, "moved"))),
        ("failed", _) => format!("failed: {}", why(field(one, "why"))),
        (state, _) => state.to_owned(),
    };
    format!(
        "{:>5}  {}  {}  {way} {}{trust}: {state}",
        number(one, "id"),
        printable(field(one, "name")),
        bytes(number(one, "size")),
        printable(who),
    )
}

fn why(word: &str) -> &'static str {
    match word {
        "stranger" => "you are not among that person's contacts",
        "name" => "the other side takes no file of that name",
        "lost" => "the file, or this version of it, is gone",
        "other" => "what came is not what was offered",
        "corrupt" => "it was damaged under way",
        "somebodyElse" => "the device belongs to somebody else now",
        "space" => "no space is left",
        "expired" => "nobody decided for 30 days",
        _ => "the drive could not take it",
    }
}
