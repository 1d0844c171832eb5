//! `webx id devices`: the devices of the person.

use std::time::Duration;

use serde_json::{Value, json};

use super::Context;
use super::drive::items;
use super::lifecycle::wipe;
use super::net::picture;
use crate::args::DevicesCommand;
use crate::client::{Client, encode};
use crate::failure::Failure;
use crate::output::{field, printable};
use crate::secret;

/// How often the node is asked whether a device has come.
const LOOK: Duration = Duration::from_millis(500);

pub(super) fn run(context: &Context, command: &DevicesCommand) -> anyhow::Result<()> {
    let client = context.client()?;
    match command {
        DevicesCommand::List => {
            let devices = items(client.get("/api/devices")?);
            context.output.show(&devices, |out| {
                for device in &devices {
                    writeln!(out, "{}", line(device))?;
                }
                Ok(())
            })
        }
        DevicesCommand::Add(args) => add(context, &client, args.words_file.as_deref()),
        DevicesCommand::Remove { node, words } => {
            context.output.confirm(&format!(
                "Remove the device {}? What it has stays on it; your contacts refuse it once they have met you again.",
                printable(node)
            ))?;
            let words = secret::recovery_words(words.words_file.as_deref())?;
            let mut body = json!({ "words": *words });
            let removed = client.post(&format!("/api/devices/{}/remove", encode(node)), &body);
            wipe(&mut body);
            removed?;
            context
                .output
                .show(&json!({ "removed": node }), |out| writeln!(out, "removed"))
        }
    }
}

/// Shows a code, waits for a device, lets it in. With `--json`, the code and the new device are two lines.
fn add(
    context: &Context,
    client: &Client,
    words_file: Option<&std::path::Path>,
) -> anyhow::Result<()> {
    let offer = client.post("/api/devices/pairing", &json!({}))?;
    let output = context.output;
    output.show(&offer, |out| {
        let code = field(&offer, "code");
        if let Some(picture) = picture(code) {
            writeln!(out, "{picture}")?;
        }
        writeln!(out, "{code}")?;
        writeln!(out, "Good once, until {}.", field(&offer, "expires"))?;
        if field(&offer, "reach") == "loopback" {
            writeln!(
                out,
                "This node is found from this machine alone; for another machine start it with webx up --qnet any."
            )?;
        }
        writeln!(
            out,
            "On the new device: choose \"I have an identity on another device\", or run webx pair CODE."
        )
    })?;
    let let_in = asked(client).and_then(|asked| admit(context, client, &asked, words_file));
    if let_in.is_err() {
        // Whoever waits is told.
        let _ = client.delete("/api/devices/pairing");
    }
    let device = let_in?;
    output.show(&device, |out| {
        writeln!(out, "{} is one of your devices now.", name(&device))?;
        writeln!(
            out,
            "Files, messages and settings are not carried between devices yet; contacts were copied once."
        )
    })
}

/// Waits for a device that knows the code.
fn asked(client: &Client) -> anyhow::Result<Value> {
    loop {
        let pairing = client.get("/api/devices/pairing")?;
        match field(&pairing, "state") {
            "open" => std::thread::sleep(LOOK),
            "asked" => return Ok(pairing),
            _ => {
                let why = match field(&pairing, "ended") {
                    "expired" => "the time is over and no device came",
                    "flooded" => "too many came who did not know the code",
                    "gone" => "the new device went away",
                    _ => "the pairing was ended elsewhere",
                };
                return Err(Failure::refused("not-paired", why)
                    .todo("run webx id devices add again")
                    .into());
            }
        }
    }
}

fn admit(
    context: &Context,
    client: &Client,
    asked: &Value,
    words_file: Option<&std::path::Path>,
) -> anyhow::Result<Value> {
    let digits = field(asked, "digits");
    context.output.confirm(&format!(
        "{} wants to become your device. Does it show {digits}, too?",
        name(asked)
    ))?;
    let words = secret::recovery_words(words_file)?;
    context.output.remark("Adding it …");
    let mut body = json!({ "words": *words, "digits": digits });
    let added = client.post("/api/devices/pairing/confirm", &body);
    wipe(&mut body);
    added
}

fn name(device: &Value) -> String {
    match field(device, "name") {
        "" => "A device without a name".to_owned(),
        name => printable(name),
    }
}

fn line(device: &Value) -> String {
    let here = match device.get("thisDevice").and_then(Value::as_bool) {
        Some(true) => "this one",
        _ if field(device, "state") == "unfinished" => "unfinished",
        _ if device.get("connected").and_then(Value::as_bool) == Some(true) => "connected",
        _ => "",
    };
    format!(
        "{}  {}  {here:<10}  {}",
        field(device, "node"),
        field(device, "added"),
        name(device)
    )
}
