//! `webx contacts`: the people one knows.

use serde_json::{Value, json};

use super::Context;
use super::app::list_of;
use super::drive::items;
use super::net::picture;
use super::transfers;
use crate::args::ContactsCommand;
use crate::client::{Client, encode};
use crate::failure::Failure;
use crate::output::{field, printable};

/// Contacts in one answer.
const PAGE: usize = 1000;

pub(super) fn run(context: &Context, command: &ContactsCommand) -> anyhow::Result<()> {
    let client = context.client()?;
    match command {
        ContactsCommand::List => {
            let all = all(&client)?;
            context.output.show(&all, |out| {
                if all.is_empty() {
                    writeln!(
                        out,
                        "No contacts yet. Show your card with webx contacts card, add one with webx contacts add"
                    )?;
                }
                for contact in &all {
                    writeln!(out, "{}", line(contact))?;
                }
                Ok(())
            })
        }
        ContactsCommand::Add {
            text,
            name,
            in_person,
        } => {
            let new = json!({ "text": text.trim(), "name": name, "inPerson": in_person });
            let added = client.post("/api/contacts", &new)?;
            said(context, &added)
        }
        ContactsCommand::Show { who } => {
            let detail = client.get(&address(&find(&client, who)?))?;
            show(context, &detail)
        }
        ContactsCommand::Verify { who, number } => {
            let question = "Did you compare it, and is it the same on both sides?";
            decide(context, &client, who, number.as_deref(), "verify", question)
        }
        ContactsCommand::Accept { who, number } => {
            let question = "Go on with this number without comparing it?";
            decide(context, &client, who, number.as_deref(), "accept", question)
        }
        ContactsCommand::Block { who } => {
            change(context, &client, who, &json!({ "blocked": true }))
        }
        ContactsCommand::Unblock { who } => {
            change(context, &client, who, &json!({ "blocked": false }))
        }
        ContactsCommand::Rename { who, name } => {
            change(context, &client, who, &json!({ "name": name }))
        }
        ContactsCommand::Note { who, text } => {
            change(context, &client, who, &json!({ "note": text }))
        }
        ContactsCommand::Remove { who } => {
            let contact = find(&client, who)?;
            let name = printable(field(&contact, "name"));
            context
                .output
                .confirm(&format!("Remove {name} with the notes about him?"))?;
            client.delete(&address(&contact))?;
            let did = field(&contact, "did");
            context.output.show(&json!({ "removed": did }), |out| {
                writeln!(out, "{name} is removed")
            })
        }
        ContactsCommand::Send { who, path } => {
            let contact = address(&find(&client, who)?);
            transfers::send(context, client, &contact, path)
        }
        ContactsCommand::Inbox => transfers::inbox(context, &client),
        ContactsCommand::Fetch { id } => transfers::fetch(context, &client, *id),
        ContactsCommand::Refuse { id } => transfers::refuse(context, &client, *id),
        ContactsCommand::Card => {
            let card = client.get("/api/contacts/card")?;
            context.output.show(&card, |out| {
                let text = field(&card, "card");
                // Upper case takes less space in a QR code.
                if let Some(picture) = picture(&text.to_ascii_uppercase()) {
                    writeln!(out, "{picture}")?;
                }
                writeln!(out, "{text}")?;
                writeln!(out, "Good until {}.", field(&card, "expires"))
            })
        }
    }
}

fn all(client: &Client) -> anyhow::Result<Vec<Value>> {
    let mut all = Vec::new();
    loop {
        let page = items(client.get(&format!("/api/contacts?offset={}", all.len()))?);
        let read = page.len();
        all.extend(page);
        if read < PAGE {
            return Ok(all);
        }
    }
}

/// The contact with that DID, or the only one of that name.
pub(super) fn find(client: &Client, who: &str) -> anyhow::Result<Value> {
    let who = who.trim();
    if who.starts_with("did:") {
        let detail = client.get(&format!("/api/contacts/{}", encode(who)))?;
        return Ok(detail.get("contact").cloned().unwrap_or_default());
    }
    let mut found = all(client)?;
    found.retain(|contact| field(contact, "name").to_lowercase() == who.to_lowercase());
    match (found.pop(), found.len()) {
        (Some(contact), 0) => Ok(contact),
        (None, _) => Err(
            Failure::refused("not-found", format!("no contact is called {who}"))
                .todo("see webx contacts list")
                .into(),
        ),
        (Some(_), others) => Err(Failure::refused(
            "ambiguous",
            format!("{} contacts are called {who}", others + 1),
        )
        .todo("name the DID instead")
        .into()),
    }
}

fn address(contact: &Value) -> String {
    format!("/api/contacts/{}", encode(field(contact, "did")))
}

fn change(context: &Context, client: &Client, who: &str, change: &Value) -> anyhow::Result<()> {
    let contact = find(client, who)?;
    let changed = client.patch(&address(&contact), change)?;
    said(context, &changed)
}

fn decide(
    context: &Context,
    client: &Client,
    who: &str,
    number: Option<&str>,
    verb: &str,
    question: &str,
) -> anyhow::Result<()> {
    let contact = find(client, who)?;
    let number = match number {
        Some(number) => number.to_owned(),
        None => {
            let detail = client.get(&address(&contact))?;
            let number = field(&detail, "safetyNumber").to_owned();
            if number.is_empty() {
                let name = printable(field(&contact, "name"));
                return Err(
                    Failure::refused("never-met", format!("{name} was never met"))
                        .todo("connect once: webx net ping NODE")
                        .into(),
                );
            }
            context.output.remark(&format!("Safety number: {number}"));
            context.output.confirm(question)?;
            number
        }
    };
    let path = format!("{}/{verb}", address(&contact));
    let decided = client.post(&path, &json!({ "safetyNumber": number }))?;
    said(context, &decided)
}

fn said(context: &Context, contact: &Value) -> anyhow::Result<()> {
    context
        .output
        .show(contact, |out| writeln!(out, "{}", line(contact)))
}

fn line(contact: &Value) -> String {
    format!(
        "{:<8}  {}  {}",
        field(contact, "trust"),
        printable(field(contact, "name")),
        field(contact, "did"),
    )
}

fn show(context: &Context, detail: &Value) -> anyhow::Result<()> {
    let nothing = Value::Null;
    let contact = detail.get("contact").unwrap_or(&nothing);
    context.output.show(detail, |out| {
        writeln!(out, "{}", printable(field(contact, "name")))?;
        writeln!(out, "  {}", field(contact, "did"))?;
        writeln!(out, "  {}", trust(field(contact, "trust")))?;
        if !field(contact, "note").is_empty() {
            writeln!(out, "  note: {}", printable(field(contact, "note")))?;
        }
        for device in list_of(contact, "devices") {
            let connected = match device.get("connected").and_then(Value::as_bool) {
                Some(true) => ", connected",
                _ => "",
            };
            writeln!(out, "  device {}{connected}", field(device, "node"))?;
        }
        match field(detail, "safetyNumber") {
            "" => writeln!(out, "  never met: no safety number yet")?,
            number => writeln!(out, "  safety number {number}")?,
        }
        for change in list_of(detail, "changes") {
            let what = match field(change, "what") {
                "number" => "the safety number changed",
                "otherThanCard" => "the keys are not those of the card",
                _ => "another history of the identity was shown, and refused",
            };
            writeln!(out, "  {}  {what}", field(change, "at"))?;
        }
        Ok(())
    })
}

fn trust(word: &str) -> &'static str {
    match word {
        "verified" => "verified: you compared the safety number",
        "changed" => "CHANGED: nothing is sent until you accept the new safety number",
        "blocked" => "blocked",
        _ => "always the same person so far; compare the safety number to be sure",
    }
}
