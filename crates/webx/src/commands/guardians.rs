//! `webx id guardians`: who can bring the person back, and whom the person can.

use std::time::Duration;

use serde_json::{Value, json};

use super::Context;
use super::contacts::find;
use super::lifecycle::wipe;
use super::net::picture;
use crate::args::{GuardiansCommand, SetArgs};
use crate::client::{Client, encode};
use crate::failure::Failure;
use crate::output::{field, number, printable};
use crate::secret;

/// How often the node is asked whether a device has come.
const LOOK: Duration = Duration::from_millis(500);

pub(super) fn run(context: &Context, command: &GuardiansCommand) -> anyhow::Result<()> {
    match command {
        // Needs no node: the words are enough.
        GuardiansCommand::Split(args) => super::recovery::split(context, args),
        GuardiansCommand::Set(args) => set(context, args),
        GuardiansCommand::List => show(context, &context.client()?.get("/api/guardians")?),
        GuardiansCommand::Check => {
            let view = context.client()?.post("/api/guardians/check", &json!({}))?;
            show(context, &view)
        }
        GuardiansCommand::Remove { who } => {
            let client = context.client()?;
            let did = did_of(&client, who)?;
            context.output.confirm(&format!(
                "{} need not keep a share for you any more?",
                printable(who)
            ))?;
            client.delete(&format!("/api/guardians/{}", encode(&did)))?;
            said(context, &did)
        }
        GuardiansCommand::Resign { who } => {
            let client = context.client()?;
            let did = did_of(&client, who)?;
            context
                .output
                .confirm(&format!("Throw away what you keep for {}?", printable(who)))?;
            client.delete(&format!("/api/guardians/wards/{}", encode(&did)))?;
            said(context, &did)
        }
        GuardiansCommand::Approve { who } => approve(context, who),
    }
}

fn set(context: &Context, args: &SetArgs) -> anyhow::Result<()> {
    let client = context.client()?;
    let people = args.who.iter().map(|who| did_of(&client, who));
    let people: Vec<String> = people.collect::<anyhow::Result<_>>()?;
    let words = secret::recovery_words(args.words.words_file.as_deref())?;
    context.output.remark("Giving each of them a share …");
    let mut body = json!({ "words": *words, "threshold": args.threshold, "guardians": people });
    let set = client.put("/api/guardians", &body);
    wipe(&mut body);
    show(context, &set?)
}

fn show(context: &Context, view: &Value) -> anyhow::Result<()> {
    context.output.show(view, |out| {
        let guardians = list(view, "guardians");
        if guardians.is_empty() {
            writeln!(out, "No guardians. Choose some with webx id guardians set")?;
        } else {
            let needed = number(view, "threshold");
            writeln!(out, "{needed} of {} guardians are needed:", guardians.len())?;
        }
        for one in guardians {
            let proved = match field(one, "proved") {
                "" => "never".to_owned(),
                when => when.to_owned(),
            };
            writeln!(
                out,
                "  {:<5} proved {proved:<20}  {}",
                field(one, "state"),
                called(one)
            )?;
        }
        for one in list(view, "wards") {
            let since = field(one, "since");
            writeln!(out, "You are a guardian of {} since {since}", called(one))?;
        }
        Ok(())
    })
}

/// Shows a code, waits for the new device, gives the share. With `--json`, the code and the end are two lines.
fn approve(context: &Context, who: &str) -> anyhow::Result<()> {
    let client = context.client()?;
    let did = did_of(&client, who)?;
    let address = format!("/api/guardians/wards/{}/help", encode(&did));
    let offer = client.post(&address, &json!({}))?;
    context.output.show(&offer, |out| {
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
        writeln!(out, "On the new device: webx id recover --guardian CODE")
    })?;
    let given = asked(&client).and_then(|asked| {
        let digits = field(&asked, "digits");
        context.output.confirm(&format!(
            "{} asks for the share of {}. Have you spoken to each other, and does the device show {digits}, too?",
            printable(field(&asked, "name")),
            printable(who)
        ))?;
        client.post("/api/guardians/help/confirm", &json!({ "digits": digits }))
    });
    if given.is_err() {
        // Whoever waits is told.
        let _ = client.delete("/api/guardians/help");
    }
    given?;
    context.output.show(&json!({ "returned": did }), |out| {
        writeln!(out, "given back")
    })
}

/// Waits for a device that knows the code.
fn asked(client: &Client) -> anyhow::Result<Value> {
    loop {
        let help = client.get("/api/guardians/help")?;
        match field(&help, "state") {
            "open" => std::thread::sleep(LOOK),
            "asked" => return Ok(help),
            _ => {
                let why = match field(&help, "ended") {
                    "expired" => "the time is over and no device came",
                    "flooded" => "too many came who did not know the code",
                    "gone" => "the new device went away",
                    _ => "it was ended elsewhere",
                };
                return Err(Failure::refused("not-returned", why)
                    .todo("run webx id guardians approve again")
                    .into());
            }
        }
    }
}

/// A DID as it is, or that of a contact.
fn did_of(client: &Client, who: &str) -> anyhow::Result<String> {
    match who.starts_with("did:") {
        true => Ok(who.to_owned()),
        false => Ok(field(&find(client, who)?, "did").to_owned()),
    }
}

fn list<'a>(view: &'a Value, name: &str) -> &'a [Value] {
    let list = view.get(name).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

fn called(one: &Value) -> String {
    match field(one, "name") {
        "" => field(one, "did").to_owned(),
        name => printable(name),
    }
}

fn said(context: &Context, did: &str) -> anyhow::Result<()> {
    context
        .output
        .show(&json!({ "removed": did }), |out| writeln!(out, "removed"))
}
